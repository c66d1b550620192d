"""Disagreement is content: where the library holds a position on the question, or sources answer it differently, the sides stand next to
each other. A side that only those hold who sell the service says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from corpus.documents import Document
from corpus.text import Span, read_blocks
from rag.answers import Citation, Perspective
from rag.differing import sides_among
from rag.evidence import Evidence
from rag.verify import Verified, citation_of

SOLD = " (held only by those who sell this)"

# A view, and where each of its holders says so.
Held = tuple[str, list[tuple[Document, Span]]]


def perspectives_on(
    evidence: Evidence, position: Document | None, documents: Mapping[str, Document], verified: Verified
) -> tuple[tuple[Perspective, ...], Verified]:
    """The sides of the position that speaks to the question, or of the sentences found, each holder cited at the sentence that carries the words.
    They are read first, so their numbers come first."""
    if not verified.pieces:
        return (), verified
    citations = list(verified.citations)
    held = _kept(position, documents)
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


def _kept(position: Document | None, documents: Mapping[str, Document]) -> list[Held]:
    """What an editor has set down about this question, as far as it still stands in the documents."""
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
