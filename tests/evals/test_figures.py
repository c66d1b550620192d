"""Shares say how many they rest on; what does not apply is left out, never counted as wrong or right."""

from hypothesis import given
from hypothesis import strategies as st

from evals.cases import Case
from evals.figures import share_of
from evals.run import checks_of
from rag.answers import ABSTAINED, ANSWERED, Answer, Citation, Perspective

outcomes = st.lists(st.sampled_from([True, False, None]), max_size=60)


@given(outcomes)
def test_a_share_lies_in_its_interval_and_counts_only_what_applies(given_outcomes: list[bool | None]) -> None:
    share = share_of(given_outcomes)
    known = [outcome for outcome in given_outcomes if outcome is not None]
    assert share.n == len(known)
    if known:
        assert share.score is not None and share.low is not None and share.high is not None
        assert 0 <= share.low <= share.score + 1e-9 and share.score <= share.high + 1e-9 <= 1 + 1e-8
    else:
        assert share.score is None


@given(st.integers(1, 200))
def test_all_right_is_not_certainty(n: int) -> None:
    share = share_of([True] * n)
    assert share.score == 1 and share.low is not None and share.low < 1


def test_wilson_as_in_the_textbook() -> None:
    share = share_of([True] * 8 + [False] * 2)
    assert share.low is not None and share.high is not None
    assert (round(share.low, 3), round(share.high, 3)) == (0.490, 0.943)


def case(**changes: object) -> Case:
    fields = {
        "id": "x", "type": "single", "question": "?", "history": (), "verdicts": (ANSWERED,), "documents": ("a",),
        "facts": ("three calls",), "must_not": (), "held": False,
    }  # fmt: skip
    return Case(**{**fields, **changes})  # type: ignore[arg-type]


def cited(document: str, quote: str = "") -> Citation:
    return Citation(1, document, "", "", "", "", "", "digest", "", quote, 0, 1, False)


def test_a_right_answer_passes_every_check_that_applies() -> None:
    made = Answer("?", "?", ANSWERED, "There are **three** calls. [1]", citations=(cited("a"),))
    checks = checks_of(case(), made, ("b", "a"))
    assert {name for name, held in checks.items() if held} == {
        "verdict", "document_found", "document_cited", "facts", "not_refused",
    }  # fmt: skip
    assert checks["abstained"] is None and checks["sides_shown"] is None


def test_a_refusal_of_an_answerable_question_is_wrong_and_of_an_unanswerable_one_right() -> None:
    refused = Answer("?", "?", ABSTAINED, "The library does not answer this.")
    assert checks_of(case(), refused, ())["not_refused"] is False
    unanswerable = checks_of(case(type="unanswerable", verdicts=(ABSTAINED,), documents=(), facts=()), refused, ())
    assert unanswerable["abstained"] is True and unanswerable["facts"] is None and unanswerable["not_refused"] is None


def test_what_must_not_be_said_spoils_the_facts() -> None:
    made = Answer("?", "?", ANSWERED, "three calls, 95% of them", citations=(cited("a"),))
    assert checks_of(case(must_not=("95%",)), made, ("a",))["facts"] is False


def test_the_words_of_the_sides_count_as_shown() -> None:
    sides = (Perspective("Yes", ("A",), (1,)), Perspective("No", ("B",), (1,)))
    made = Answer("?", "?", ANSWERED, "Views differ.", citations=(cited("a", "three calls"),), perspectives=sides)
    checks = checks_of(case(type="differ"), made, ("a",))
    assert checks["facts"] is True and checks["sides_shown"] is True
