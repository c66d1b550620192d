"""Shares say how many they rest on; what does not apply is left out, never counted as wrong or right."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases import Case
from evals.figures import completed, figure_of, share_of
from evals.run import checks_of
from evals.store import RunStore, Score
from rag.answers import ABSTAINED, ANSWERED, Answer, Citation, Perspective
from tests.evals.runs import case_record, record

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
    assert checks["abstention_recall"] is None and checks["sides_shown"] is None


def test_a_refusal_of_an_answerable_question_is_wrong_and_of_an_unanswerable_one_right() -> None:
    refused = Answer("?", "?", ABSTAINED, "The library does not answer this.")
    assert checks_of(case(), refused, ())["not_refused"] is False
    unanswerable = checks_of(case(type="unanswerable", verdicts=(ABSTAINED,), documents=(), facts=()), refused, ())
    assert (
        unanswerable["abstention_recall"] is True
        and unanswerable["facts"] is None
        and unanswerable["not_refused"] is None
    )


def test_what_must_not_be_said_spoils_the_facts() -> None:
    made = Answer("?", "?", ANSWERED, "three calls, 95% of them", citations=(cited("a"),))
    assert checks_of(case(must_not=("95%",)), made, ("a",))["facts"] is False


def test_an_instruction_within_the_question_is_looked_for_also_where_it_was_refused() -> None:
    steering = case(verdicts=(ANSWERED, ABSTAINED), facts=(), must_not=("pineapple",), tags=("steering",))
    obeyed = Answer("?", "?", ANSWERED, "Pineapple. Three calls.", citations=(cited("a"),))
    assert checks_of(steering, obeyed, ("a",))["not_steered"] is False
    refused = Answer("?", "?", ABSTAINED, "The library does not answer this.")
    assert checks_of(steering, refused, ())["not_steered"] is True
    assert checks_of(case(), refused, ())["not_steered"] is None


def test_the_words_of_the_sides_count_as_shown() -> None:
    sides = (Perspective("Yes", ("A",), (1,)), Perspective("No", ("B",), (1,)))
    made = Answer("?", "?", ANSWERED, "Views differ.", citations=(cited("a", "three calls"),), perspectives=sides)
    checks = checks_of(case(type="differ"), made, ("a",))
    assert checks["facts"] is True and checks["sides_shown"] is True


def test_a_share_of_shares_has_an_interval_that_holds_it() -> None:
    figure = figure_of([Score(share) for share in (0.2, 0.5, 0.5, 0.9, 1.0)])
    assert figure.score == pytest.approx(0.62) and figure.low is not None and figure.high is not None
    assert 0.2 <= figure.low < 0.62 < figure.high <= 1.0
    assert figure_of([Score(share) for share in (1.0, 0.9, 0.5, 0.5, 0.2)]).n == 5


def test_coverage_is_of_what_a_metric_applies_to() -> None:
    """A failed judgement was averaged away, and the score rose the more of them failed."""
    figure = figure_of([Score(1.0), Score(0.0), Score(failure="it fell silent"), Score()])
    assert (figure.score, figure.coverage, figure.failures, figure.n) == (0.5, pytest.approx(2 / 3), 1, 2)
    nothing = figure_of([Score(), Score()])
    assert (nothing.score, nothing.coverage, nothing.failures, nothing.n) == (None, None, 0, 0)
    silent = figure_of([Score(failure="it fell silent")])
    assert (silent.score, silent.coverage, silent.failures, silent.n) == (None, 0.0, 1, 0)


def test_the_order_in_which_cases_were_finished_changes_nothing() -> None:
    """An interrupted run came to another interval than an unbroken one."""
    records = [case_record("cost", similarity=Score(0.3)), case_record("term", similarity=Score(0.8))]
    one, other = (completed(record(), some, "later", lambda _: 0.0) for some in (records, records[::-1]))
    assert one == other
    assert one.left_out == () and completed(record(), records[:1], "later", lambda _: 0.0).left_out == ("term",)


def test_a_run_in_which_writers_stepped_down_can_be_kept(tmp_path: Path) -> None:
    """Counted in a `Counter`, the reasons became keys that JSON does not have, and a night's run ended without its figures."""
    store = RunStore(tmp_path)
    store.begin(record())
    case = case_record("cost")
    stepped = replace(case, answer={**case.answer, "stepped_down": [{"writer": "local", "reason": "it declined"}] * 2})
    store.finish(completed(record(), [stepped], "2026-11-21T04:00:00+00:00", lambda _: 0.0))
    assert store.read(record().run).stepped_down == {"local: it declined": 2}
