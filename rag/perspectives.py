"""Disagreement is content: where the library holds a position on the question, or sources answer it differently, the sides stand next to
each other. A side that only those hold who sell the service says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from corpus.documents import Document
from corpus.text import Span, read_blocks
from rag.answers import Citation, Perspective
from rag.differing import sides_among
from rag.evidence import Evidence
from rag.question import asks_for, topic_of
from rag.retrieve import IN_THESE_WORDS, Passage
from rag.verify import Verified, citation_of

# A position speaks to a question that asks for the same kind of thing and found it among so many passages: its rank tells better than its
# nearness, since what asks for something else nearby has other passages before it. What is to be decided is asked in many ways,
# so it is looked for further down than a figure or a name, and furthest where the question itself says that people differ. What asks in
# another way is spoken to only where nothing comes before the position (docs/experiments.md).
AMONG_FIRST, AMONG_FIRST_OF_A_KIND, AMONG_FIRST_IF_SAID_TO_DIFFER = 3, 2, 6
# What asks for the same kind of thing in nearly these words asks the same, wherever it was found, and before what was found earlier.
# What comes first among passages none of which is near has come first by chance; what asks in another way has to be nearer.
NEAR, NEAR_IF_ANOTHER_KIND = 0.45, 0.5
SAYS_THEY_DIFFER = re.compile(
    r"\b(?:one|some|half)\b[^?]{0,40}\b(?:says?|said|tells?|told|quotes?|claims?|thinks?|wants?)\b[^?]{0,80}\b(?:another|others?|the rest)\b|\bwho(?:'s|’s| is) right\b|\bwhich is it\b|\btwo different\b|\bwho backs\b|"
    r"\b(?:only one|different|other|opposing) (?:view|opinion|answer)s?\b|\b(?:what|where) do (?:people|experts|sources|others)\b|\bpeople (?:really )?(?:say|think|give)\b|"
    r"\b(?:disagree|differ|divided|opinions?|views?)\b|\b(?:who|anyone|anybody) (?:says no|disagrees|quoted)\b",
    re.IGNORECASE,
)
ASKING_WORD = re.compile(
    r"^(?:(?:and|but|so|or|ok|now|then),? )?(?:(?:in|by|for|at|on|to|of|about|with|until|from|under|into) )?(who(?:se|m)?|which|what|where|why|how)\b",
    re.IGNORECASE,
)
YES_OR_NO = re.compile(
    r"\?$|^(?:is|are|was|were|do|does|did|can|could|should|shall|must|may|will|would|has|have|am)\b", re.IGNORECASE
)
WHEN = re.compile(r"^(?:and |but |so )?(?:(?:by|from|until|since) )?(?:when|what date)\b", re.IGNORECASE)
DECISION = "decision"
SOLD = " (held only by those who sell this)"

# A view, and where each of its holders says so.
Held = tuple[str, list[tuple[Document, Span]]]


def perspectives_on(
    evidence: Evidence, documents: Mapping[str, Document], verified: Verified
) -> tuple[tuple[Perspective, ...], Verified]:
    """The sides of the position that speaks to the question, or of the sentences found, each holder cited at the sentence that carries the words.
    They are read first, so their numbers come first."""
    if not verified.pieces:
        return (), verified
    citations = list(verified.citations)
    held = _kept(evidence.question, evidence.passages, documents)
    if len(held) < 2:  # of a position whose other holders were withdrawn, nothing is left to differ
        held = _found(evidence)
    sides = tuple(
        Perspective(
            view + (SOLD if all(document.sells_something for document, _ in where) else ""),
            tuple(dict.fromkeys(document.speaker for document, _ in where)),
            tuple(dict.fromkeys(_cite(citations, document, span) for document, span in where)),
        )
        for view, where in held
    )
    return _renumbered(sides, replace(verified, citations=tuple(citations)))


def _renumbered(sides: Sequence[Perspective], verified: Verified) -> tuple[tuple[Perspective, ...], Verified]:
    read = dict.fromkeys([*(n for side in sides for n in side.citations), *(one.n for one in verified.citations)])
    place = {n: number for number, n in enumerate(read, start=1)}

    def told(citations: Sequence[int]) -> tuple[int, ...]:
        return tuple(place[n] for n in citations)

    return tuple(replace(side, citations=told(side.citations)) for side in sides), replace(
        verified,
        pieces=tuple((piece, replace(said, citations=told(said.citations))) for piece, said in verified.pieces),
        prose=tuple(replace(said, citations=told(said.citations)) for said in verified.prose),
        citations=tuple(sorted((replace(one, n=place[one.n]) for one in verified.citations), key=lambda one: one.n)),
    )


def _kept(question: str, passages: Sequence[Passage], documents: Mapping[str, Document]) -> list[Held]:
    """What an editor has set down about this question, as far as it still stands in the documents."""
    speaking = [
        (one, passage.similarity)
        for rank, passage in enumerate(passages)
        if (one := documents[passage.chunk.document]).kind == "position"
        and (passage.dense_rank or passage.lexical_rank)
        and speaks_to(one.question, question, rank, passage.similarity)
    ]
    position, _ = min(
        speaking, key=lambda pair: -pair[1] if pair[1] >= IN_THESE_WORDS else 0.0, default=(None, 0.0)
    )  # in these words, the nearest; otherwise the first
    sides: list[Held] = []
    for view in position.views if position else ():
        where = [
            (document, span)
            for holder in view.holders
            if (document := documents.get(holder.document)) and (span := _where(document, holder.quote))
        ]
        if where:
            sides.append((view.view, where))
    return sides


def speaks_to(position: str, question: str, rank: int, nearness: float) -> bool:
    """Whether what is asked is what the position is on, by how far down it was found and how near it lies."""
    asked = topic_of(question)[0]
    if nearness < NEAR:
        return False
    if SAYS_THEY_DIFFER.search(asked):
        return rank < AMONG_FIRST_IF_SAID_TO_DIFFER or nearness >= IN_THESE_WORDS
    kind = asked_with(asked)
    if kind != asked_with(position):
        return rank == 0 and nearness >= NEAR_IF_ANOTHER_KIND
    if nearness >= IN_THESE_WORDS:
        return True
    return rank < (AMONG_FIRST if kind == DECISION else AMONG_FIRST_OF_A_KIND)


def asked_with(question: str) -> str:
    """The kind of thing, or the word, that a question asks for; a decision where it can be answered by yes, no or one of two."""
    sentences = re.split(r"(?<=[.?!]) +", question.strip())
    asked = next((one for one in reversed(sentences) if one.endswith("?")), sentences[-1])
    if WHEN.search(asked):
        return "when"
    if (kind := asks_for(asked)) not in ("text", "person"):
        return "number" if kind == "share" else kind
    if word := ASKING_WORD.match(asked):
        return word.group(1).lower()
    return DECISION if YES_OR_NO.search(asked) else "text"


def _found(evidence: Evidence) -> list[Held]:
    """What the sentences themselves say."""
    return [
        (side.view, [(unit.document, unit.span) for unit in side.units])
        for side in sides_among(evidence.question, evidence.units)
    ]


def _where(document: Document, quote: str) -> Span | None:
    """The sentences of the stored text that carry the quoted words."""
    at = document.text.lower().find(quote.lower().rstrip("."))
    if at < 0:
        return None
    end = at + len(quote.rstrip("."))
    carrying = [
        span
        for block in read_blocks(document.text)
        if block.span.start <= at < block.span.end
        for span in block.sentences
        if span.start < end and at < span.end
    ]
    return Span(carrying[0].start, carrying[-1].end) if carrying else Span(at, end)


def _cite(citations: list[Citation], document: Document, span: Span) -> int:
    for known in citations:
        if (known.document, known.start, known.end) == (document.id, span.start, span.end):
            return known.n
    citations.append(citation_of(len(citations) + 1, document, span))
    return citations[-1].n
