"""Where practitioners differ, the sides stand next to each other, each with the words that its holder really wrote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from corpus.documents import Document, Holder, View
from corpus.library import read_library
from corpus.record import StoredChunk
from corpus.settings import CHECKOUT
from corpus.text import read_blocks
from rag.answers import Draft, Perspective, Quoted, Written
from rag.evidence import Evidence, Unit, together
from rag.logistic import chance, read_fit
from rag.perspectives import SOLD, perspectives_on
from rag.reader import OnnxReader
from rag.retrieve import IN_THESE_WORDS, Passage
from rag.speaking import (
    AMONG_FIRST,
    AMONG_FIRST_IF_SAID_TO_DIFFER,
    FAR,
    FITTED,
    NEAR,
    NEAR_IF_ANOTHER_KIND,
    SPEAKS_FROM,
    Wordings,
    position_as_read,
    position_on,
    signs,
    speaks_to,
)
from rag.verify import Verified, verify
from tests.library import document

BUILDER = document("builder", "It helps to ship. We write code every week, and say so.\n", author="Example Builder")
ADVISER = document("adviser", "Some ask for code.\n\nWe only advise. Others build.\n", author="Example Adviser")
POSITION = document(
    "does-the-role-write-code",
    "It comes down to what is missing.\n",
    kind="position",
    voice="house",
    question="Does the role write code?",
    views=(
        View("Yes", (Holder("builder", "We write code every week"),)),
        View("No", (Holder("adviser", "We only advise."), Holder("withdrawn", "We never build"))),
    ),
)
DOCUMENTS = {one.id: one for one in (BUILDER, ADVISER, POSITION)}


def found(*ids: str, units: tuple[Unit, ...] = (), question: str = "Should the role write code?") -> Evidence:
    passages = [
        Passage(StoredChunk(number, id, "v", (), 0, 1, id, "k"), 1.0, 0.7, 1, 1) for number, id in enumerate(ids)
    ]
    return Evidence(question, units, tuple(passages), (), (), {})


def saying(one: Document) -> Unit:
    span = read_blocks(one.text)[0].sentences[0]
    words = span.of(one.text)
    return Unit(one, 0, 0, span, words, (), "paragraph", 1.0, {"reader": 4.0, "words": 1.0})


def answered() -> Draft:
    span = read_blocks(BUILDER.text)[0].sentences[0]
    return Draft((Quoted(span.of(BUILDER.text), BUILDER, (span,), ()),), "quote")


def sides_on(
    evidence: Evidence, documents: dict[str, Document], verified: Verified, refused: str = ""
) -> tuple[tuple[Perspective, ...], Verified]:
    """With every position likely but the one refused, the sooner it was found the likelier."""
    position = position_on(
        evidence.question, evidence.passages, documents, lambda one, rank: 0.0 if one.id == refused else 1 / (1 + rank)
    )
    return perspectives_on(evidence, position, documents, verified)


def test_the_sides_of_a_position_found_first_are_shown_with_their_holders_words() -> None:
    sides, verified = sides_on(found("builder", POSITION.id), DOCUMENTS, verify(answered(), DOCUMENTS))
    assert [(side.view, side.sources) for side in sides] == [
        ("Yes", ("Example Builder",)),
        ("No", ("Example Adviser",)),
    ]
    cited = {citation.n: citation for citation in verified.citations}
    for side, words in zip(sides, ("We write code every week, and say so.", "We only advise."), strict=True):
        [citation] = [cited[n] for n in side.citations]
        assert citation.quote == words == DOCUMENTS[citation.document].text[citation.start : citation.end]


def test_a_position_far_down_does_not_speak_to_the_question() -> None:
    """It is found for every question nearby; shown there, it would say that sources differ where they do not."""
    before = ["builder"] * AMONG_FIRST
    sides, _ = sides_on(found(*before, POSITION.id), DOCUMENTS, verify(answered(), DOCUMENTS))
    assert sides == ()


def test_one_side_alone_is_no_disagreement() -> None:
    """The other side's document was withdrawn."""
    left = {id: one for id, one in DOCUMENTS.items() if id != "adviser"}
    sides, _ = sides_on(found(POSITION.id), left, verify(answered(), left))
    assert sides == ()


def test_where_nothing_is_answered_no_sides_are_shown() -> None:
    sides, _ = sides_on(found(POSITION.id), DOCUMENTS, verify(Draft((), "quote"), DOCUMENTS))
    assert sides == ()


def test_sources_that_answer_differently_are_two_sides_though_nobody_keeps_a_position() -> None:
    fast = document("fast", "A pilot takes two weeks.\n", author="Example Builder")
    slow = document("slow", "A pilot takes four months.\n", author="Example Adviser")
    live = {"fast": fast, "slow": slow, "builder": BUILDER}
    sides, verified = sides_on(
        found("fast", "slow", units=(saying(fast), saying(slow)), question="How long does a pilot take?"),
        live,
        verify(answered(), live, [Written("So they say.", answered().pieces, 1.0)]),
    )
    quotes = {citation.n: citation.quote for citation in verified.citations}
    assert [(side.view, side.sources, [quotes[n] for n in side.citations]) for side in sides] == [
        ("two weeks", ("Example Builder",), ["A pilot takes two weeks."]),
        ("four months", ("Example Adviser",), ["A pilot takes four months."]),
    ]
    [(piece, said)] = verified.pieces
    assert [side.citations for side in sides] == [(1,), (2,)], "the sides are read first"
    assert said.citations == verified.prose[0].citations == (3,) and quotes[3] == piece.text
    assert [citation.n for citation in verified.citations] == [1, 2, 3]


def test_a_view_that_only_sellers_hold_says_so() -> None:
    sellers = {id: replace(one, sells="the role") for id, one in DOCUMENTS.items() if id == "builder"}
    sides, _ = sides_on(found(POSITION.id), DOCUMENTS | sellers, verify(answered(), DOCUMENTS))
    assert [side.view for side in sides] == [f"Yes{SOLD}", "No"]


@pytest.mark.parametrize(
    ("question", "position"),
    [
        ("Cash is tight. Could we pay in shares?", "Should we offer equity instead of cash?"),
        ("They want a check before anything else. Money well spent?", "Should we pay for an audit before we start?"),
        ("Two years? How long are we supposed to keep one?", "How long should an engagement with one last?"),
        ("By when must we meet the rules?", "From what date do the rules apply to us?"),
        ("how many cases is enough? im hearing 12 and 200", "How many test cases do we need?"),
    ],
)
def test_a_position_speaks_to_a_question_of_its_kind(question: str, position: str) -> None:
    assert speaks_to(position, question, 1, 0.7)


@pytest.mark.parametrize(
    ("question", "position"),
    [
        ("How many people does a small central team take?", "Should we build a central team?"),
        ("Who are the authors of the report?", "Is it true that 95% of pilots fail?"),
        ("Can somebody who is here two days a week be accountable?", "How many days a week do we need a leader?"),
        ("When is our assistant due?", "Should we have something live after 90 days?"),
    ],
)
def test_a_position_on_a_decision_does_not_speak_to_a_question_of_fact(question: str, position: str) -> None:
    """Found among the first three, it was shown for one question in five on which sources agree."""
    assert not speaks_to(position, question, 1, 0.7)


def test_what_asks_the_same_is_spoken_to_wherever_it_was_found() -> None:
    """What one costs a month found three articles first, and showed no sides."""
    position, question = "What does a fractional AI leader cost?", "What does a fractional AI CTO cost per month?"
    assert speaks_to(position, question, 9, 0.87)
    assert not speaks_to(position, question, 9, 0.83)
    assert not speaks_to(position, "Should a fractional AI leader write code?", 9, 0.95)


def test_what_comes_first_only_because_nothing_is_near_is_not_spoken_to() -> None:
    """The letters of a redundancy came to whether to hire a head of AI."""
    position, question = "Head of AI or a fractional one first?", "Can we let AI write the letters?"
    assert speaks_to(position, question, 0, NEAR) and not speaks_to(position, question, 0, NEAR - 0.01)
    other_kind = "What do we do about letters that AI wrote?"
    assert speaks_to(position, other_kind, 0, NEAR_IF_ANOTHER_KIND)
    assert not speaks_to(position, other_kind, 0, NEAR_IF_ANOTHER_KIND - 0.01)


def test_what_was_found_by_other_words_is_not_spoken_to() -> None:
    """Every price was looked for in the words of one price, to which the position on that one is near."""
    evidence = found("builder", POSITION.id)
    by_other_words = replace(evidence.passages[1], similarity=0.9, dense_rank=None, lexical_rank=None)
    sides, _ = sides_on(
        replace(evidence, passages=(evidence.passages[0], by_other_words)), DOCUMENTS, verify(answered(), DOCUMENTS)
    )
    assert sides == ()


def test_of_a_question_made_of_two_the_nearer_finding_counts() -> None:
    one, other = found(POSITION.id), found(POSITION.id)
    near = replace(one, passages=(replace(one.passages[0], similarity=0.9),))
    for parts in ((near, other), (other, near)):
        assert [passage.similarity for passage in together("Both?", parts).passages] == [0.9]


def test_a_share_is_a_number() -> None:
    assert speaks_to("How many AI pilots fail?", "What share of AI pilots fail?", 1, 0.7)


def test_what_is_asked_in_another_way_speaks_to_a_position_only_where_nothing_comes_before_it() -> None:
    question, position = "What do we do about tools nobody approved?", "Should we ban tools that nobody approved?"
    assert speaks_to(position, question, 0, 0.7) and not speaks_to(position, question, 1, 0.7)


def test_where_the_question_says_that_people_differ_a_position_is_looked_for_further_down() -> None:
    position, last = "Is it true that most pilots fail?", AMONG_FIRST_IF_SAID_TO_DIFFER - 1
    assert speaks_to(
        position, "One speaker told me nearly all pilots flop, another said half work. Which is it?", last, 0.7
    )
    assert not speaks_to(position, "Do most pilots fail?", last, 0.7)
    assert speaks_to(position, "What do experts say about pilots?", 15, IN_THESE_WORDS)


def test_a_position_that_is_not_likely_gives_way_to_the_next() -> None:
    earlier = replace(POSITION, id="earlier", views=POSITION.views[::-1])
    evidence, documents = found("earlier", POSITION.id), {**DOCUMENTS, "earlier": earlier}
    sides, _ = sides_on(evidence, documents, verify(answered(), documents), refused="earlier")
    assert [side.view for side in sides] == ["Yes", "No"]
    sides, _ = sides_on(found(POSITION.id), DOCUMENTS, verify(answered(), DOCUMENTS), refused=POSITION.id)
    assert sides == ()


def test_a_position_lies_behind_where_the_nearest_wordings_are_anothers() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    wordings = Wordings(np.array(["price", "price", "price", "hours"]), vectors)
    asked = np.array([1, 0], dtype=np.float32)
    assert wordings.ahead(asked, "price") == pytest.approx(0.8)
    assert wordings.ahead(asked, "hours") == pytest.approx(-0.8)


def test_the_only_position_of_a_library_is_neither_ahead_nor_behind() -> None:
    alone = Wordings(np.array(["price"]), np.array([[0, 1]], dtype=np.float32))
    assert alone.ahead(np.array([1, 0], dtype=np.float32), "price") == 0.0


@pytest.mark.slow
def test_the_reader_tells_which_position_speaks_to_a_question() -> None:
    library = read_library(CHECKOUT / "corpus").documents
    equity, build = (position_as_read(library[id]) for id in ("equity-or-cash", "build-or-buy-by-default"))
    wants_shares = "Our part-time tech chief wants a slice of the company rather than money. Fair?"
    for_shares, for_building = OnnxReader().speaks(wants_shares, [equity, build])
    fit = read_fit(FITTED)
    assert chance(fit, signs(for_shares, 0.1, 0)) >= SPEAKS_FROM > chance(fit, signs(for_building, -0.1, 1))
    letters = max(OnnxReader().speaks("Can an AI write the dismissal letters for us?", [equity, build]))
    assert chance(fit, signs(letters, 0.0, 0)) < SPEAKS_FROM


def test_the_likeliest_position_is_shown_and_none_that_is_not_likely_enough() -> None:
    earlier = replace(POSITION, id="earlier")
    documents = {**DOCUMENTS, "earlier": earlier}
    evidence = found("earlier", POSITION.id)

    def shown(**likely: float) -> str | None:
        chances = {"earlier": likely["earlier"], POSITION.id: likely["later"]}
        one = position_on(evidence.question, evidence.passages, documents, lambda one, _: chances[one.id])
        return one.id if one else None

    assert shown(earlier=0.3, later=0.9) == POSITION.id
    assert shown(earlier=0.9, later=0.3) == "earlier"
    assert shown(earlier=SPEAKS_FROM - 0.01, later=0.0) is None


def test_what_the_reader_says_what_is_nearer_and_what_was_found_first_speak_for_a_position() -> None:
    fit = read_fit(FITTED)
    asked = chance(fit, signs(0.0, 0.0, 3))
    assert asked < chance(fit, signs(1.0, 0.0, 3)) and asked < chance(fit, signs(0.0, 0.1, 3))
    assert chance(fit, signs(0.0, 0.0, FAR)) < asked < chance(fit, signs(0.0, 0.0, 0))
    assert signs(0.0, 0.0, FAR) == signs(0.0, 0.0, 3 * FAR)
