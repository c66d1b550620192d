"""Nothing unverified is shown: each sentence is checked against the stored text it cites before it appears. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.documents import Document
from corpus.text import Span, plain, read_blocks, row_in_words
from rag.answers import Citation, Draft, Quoted, Removed, Sentence, Written


@dataclass(frozen=True)
class Verified:
    """What stands, with its citations, and what was taken out."""

    pieces: tuple[tuple[Quoted, Sentence], ...]
    citations: tuple[Citation, ...]
    removed: tuple[Removed, ...]
    prose: tuple[Sentence, ...] = ()


def verify(draft: Draft, live: Mapping[str, Document], written: Sequence[Written] = ()) -> Verified:
    """Keep what rests on words that are verbatim in a live document; number the citations in reading order, prose first
    (sides, where there are any, are put before them)."""
    citations: dict[tuple[str, int, int], Citation] = {}
    removed: list[Removed] = []
    prose: list[Sentence] = []
    for sentence in written:
        if fault := next((fault for piece in sentence.rests_on if (fault := _fault(piece, live))), ""):
            removed.append(Removed(sentence.text, fault))
        else:
            numbered = [n for piece in sentence.rests_on for n in _numbered(piece, citations)]
            prose.append(Sentence(sentence.text, tuple(dict.fromkeys(numbered)), sentence.support, verbatim=False))
    kept: list[tuple[Quoted, Sentence]] = []
    for piece in draft.pieces:
        if fault := _fault(piece, live):
            removed.append(Removed(piece.text, fault))
        else:
            kept.append((piece, Sentence(piece.text, tuple(_numbered(piece, citations)), 1.0, near=piece.near)))
    return Verified(tuple(kept), tuple(citations.values()), tuple(removed), tuple(prose))


def _fault(piece: Quoted, live: Mapping[str, Document]) -> str:
    """Why a quotation can't be shown; empty when it can."""
    document = live.get(piece.document.id)
    if document is None or document.text != piece.document.text:
        return "the cited document is not in this snapshot"
    if not piece.note and not is_verbatim(piece, document):
        return "the words do not stand in the cited passage"
    return ""


def _numbered(piece: Quoted, citations: dict[tuple[str, int, int], Citation]) -> list[int]:
    numbers = []
    for span in piece.spans:
        key = (piece.document.id, span.start, span.end)
        if key not in citations:
            heading = " › ".join(piece.headings)
            citations[key] = citation_of(len(citations) + 1, piece.document, span, heading)
        numbers.append(citations[key].n)
    return numbers


def citation_of(n: int, document: Document, span: Span, heading: str = "") -> Citation:
    """A span of stored text with all that is told about its source."""
    return Citation(
        n=n,
        document=document.id,
        title=document.title,
        source=document.source,
        author=document.author,
        url=document.url,
        published=document.published,
        voice=document.voice,
        heading=heading,
        quote=span.of(document.text),
        start=span.start,
        end=span.end,
        sells_this=document.sells_something,
    )


def is_verbatim(piece: Quoted, document: Document) -> bool:
    """Do the piece's words stand in its spans, as a reader sees them?"""
    shown = [plain(span.of(document.text)) for span in piece.spans]
    rows = {
        block.span: row_in_words(block, document.text) for block in read_blocks(document.text) if block.kind == "row"
    }
    return piece.text in shown or piece.text in [rows.get(span) for span in piece.spans]
