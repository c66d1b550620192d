"""Disagreement is content: where the library holds a position on the question, its sides stand next to each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from corpus.documents import Document
from corpus.text import Span, read_blocks
from rag.answers import Citation, Perspective
from rag.evidence import Weigher
from rag.verify import Verified, citation_of
from rag.words import GENERIC_NAMES, stems

# Nearness of a question to a position's question from which they ask the same (docs/experiments.md).
SAME_QUESTION = 0.56
# What it adds when the position uses all of the question's own words.
SHARED_WORDS = 0.15


def perspectives_on(
    question: str, documents: Mapping[str, Document], weigher: Weigher, verified: Verified
) -> tuple[tuple[Perspective, ...], Verified]:
    """The sides of the nearest position, each holder cited at the sentence that carries the quoted words."""
    positions = [document for document in documents.values() if document.kind == "position"]
    if not positions or not verified.pieces:
        return (), verified
    asks = weigher.embedded([position.question for position in positions]) @ weigher.index.embed([question])[0]
    asked = {word for word in stems(question) if word not in GENERIC_NAMES}
    shared = [
        len(asked & stems(" ".join((p.question, *(v.view for v in p.views))))) / max(1, len(asked)) for p in positions
    ]
    nearness = asks + SHARED_WORDS * np.asarray(shared)
    if float(nearness.max()) < SAME_QUESTION:
        return (), verified
    position = positions[int(nearness.argmax())]
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
    return tuple(sides), Verified(verified.pieces, tuple(citations), verified.removed)


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
