"""Disagreement is content: where the library holds a position on the question, its sides stand next to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from corpus.documents import Document
from corpus.text import Span, read_blocks
from rag.answers import Citation, Perspective
from rag.retrieve import Passage
from rag.verify import Verified, citation_of

# A position found among so many passages speaks to the question. Its rank tells better than its nearness: what asks for
# something else nearby has other passages before it (docs/experiments.md).
AMONG_FIRST = 3


def perspectives_on(
    passages: Sequence[Passage], documents: Mapping[str, Document], verified: Verified
) -> tuple[tuple[Perspective, ...], Verified]:
    """The sides of the position found first, each holder cited at the sentence that carries the quoted words."""
    found = (documents[passage.chunk.document] for passage in passages[:AMONG_FIRST])
    position = next((document for document in found if document.kind == "position"), None)
    if position is None or not verified.pieces:
        return (), verified
    citations = list(verified.citations)
    sides = []
    for view in position.views:
        speakers, numbered = [], []
        for holder in view.holders:
            document = documents.get(holder.document)
            span = _where(document, holder.quote) if document else None
            if document is None or span is None:
                continue
            speakers.append(document.speaker)
            numbered.append(_cite(citations, document, span))
        if numbered:
            sides.append(Perspective(view.view, tuple(dict.fromkeys(speakers)), tuple(dict.fromkeys(numbered))))
    if len(sides) < 2:
        return (), verified
    return tuple(sides), replace(verified, citations=tuple(citations))


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
