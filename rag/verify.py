"""Nothing unverified is shown: each sentence is checked against the stored text it cites before it appears. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corpus.documents import Document
from corpus.text import Span, plain, read_blocks, row_in_words
from rag.answers import Citation, Draft, Quoted, Removed, Sentence


@dataclass(frozen=True)
class Verified:
    """What stands, with its citations, and what was taken out."""

    pieces: tuple[tuple[Quoted, Sentence], ...]
    citations: tuple[Citation, ...]
    removed: tuple[Removed, ...]


def verify(draft: Draft, live: Mapping[str, Document]) -> Verified:
    """Keep the pieces whose words are verbatim in a live document; number their citations in reading order."""
    kept: list[tuple[Quoted, Sentence]] = []
    citations: dict[tuple[str, int, int], Citation] = {}
    removed: list[Removed] = []
    for piece in draft.pieces:
        document = live.get(piece.document.id)
        if document is None or document.text != piece.document.text:
            removed.append(Removed(piece.text, "the cited document is not in this snapshot"))
            continue
        if not piece.note and not is_verbatim(piece, document):
            removed.append(Removed(piece.text, "the words do not stand in the cited passage"))
            continue
        numbered = []
        for span in piece.spans:
            key = (document.id, span.start, span.end)
            if key not in citations:
                heading = " › ".join(piece.headings)
                citations[key] = citation_of(len(citations) + 1, document, span, heading)
            numbered.append(citations[key].n)
        kept.append((piece, Sentence(piece.text, tuple(numbered), 1.0)))
    return Verified(tuple(kept), tuple(citations.values()), tuple(removed))


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
