"""Where practitioners differ, the sides stand next to each other, each with the words that its holder really wrote."""

from __future__ import annotations

from corpus.documents import Holder, View
from corpus.record import StoredChunk
from corpus.text import read_blocks
from rag.answers import Draft, Quoted
from rag.perspectives import AMONG_FIRST, perspectives_on
from rag.retrieve import Passage
from rag.verify import verify
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


def found(*ids: str) -> list[Passage]:
    return [Passage(StoredChunk(number, id, "v", (), 0, 1, id, "k"), 1.0, 1.0, 1, 1) for number, id in enumerate(ids)]


def answered() -> Draft:
    span = read_blocks(BUILDER.text)[0].sentences[0]
    return Draft((Quoted(span.of(BUILDER.text), BUILDER, (span,), ()),), "quote")


def test_the_sides_of_a_position_found_first_are_shown_with_their_holders_words() -> None:
    sides, verified = perspectives_on(found("builder", POSITION.id), DOCUMENTS, verify(answered(), DOCUMENTS))
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
    sides, _ = perspectives_on(found(*before, POSITION.id), DOCUMENTS, verify(answered(), DOCUMENTS))
    assert sides == ()


def test_one_side_alone_is_no_disagreement() -> None:
    """The other side's document was withdrawn."""
    left = {id: one for id, one in DOCUMENTS.items() if id != "adviser"}
    sides, _ = perspectives_on(found(POSITION.id), left, verify(answered(), left))
    assert sides == ()


def test_where_nothing_is_answered_no_sides_are_shown() -> None:
    sides, _ = perspectives_on(found(POSITION.id), DOCUMENTS, verify(Draft((), "quote"), DOCUMENTS))
    assert sides == ()
