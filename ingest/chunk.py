"""Chunks that follow the document: sections, lists, table rows with their header; never over the embedder's window.

Pure but for counting tokens, which the embedder does. A chunk is an exact span of the stored text; what is embedded is that
span in plain words under the title and headings it stands below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from corpus.documents import Asked, Document
from corpus.text import Block, Span, opens_with, plain, read_blocks, words_of

# Raised when the same text would be chunked otherwise than before: every document is then chunked again.
CHUNKER_REVISION = 3
# Sections up to this many tokens stay whole; measured in docs/experiments.md.
TARGET_TOKENS = 160
# Title and headings may take this much of the window.
MOST_CONTEXT_TOKENS = 64
# The embedder adds a token at each end.
SPECIAL_TOKENS = 2

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True)
class Question:
    """A question that the sentence at this span answers."""

    span: Span
    words: str


@dataclass(frozen=True)
class Chunk:
    headings: tuple[str, ...]
    start: int
    end: int
    text: str
    embedded: str
    tokens: int
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class _Piece:
    span: Span
    words: str
    headings: tuple[str, ...]
    tokens: int
    announces: bool


def chunker_name(window: int) -> str:
    return f"structure-{CHUNKER_REVISION}-{TARGET_TOKENS}-{window}"


def chunk_document(document: Document, count_tokens: CountTokens, window: int) -> list[Chunk]:
    """The chunks of a document, in order, covering every sentence that can be evidence."""
    budget = window - SPECIAL_TOKENS - MOST_CONTEXT_TOKENS
    pieces = _pieces(document.text, count_tokens, budget)
    contexts = _contexts(document.title, pieces, count_tokens)
    chunks = []
    for group in _packed(pieces, budget):
        if all(piece.words.rstrip("\"'”’)*_ ").endswith("?") for piece in group):
            continue  # a question without an answer is no evidence
        start, end = group[0].span.start, group[-1].span.end
        context, context_tokens = contexts[group[0].headings]
        body = "\n".join(piece.words for piece in group)
        chunks.append(
            Chunk(
                group[0].headings,
                start,
                end,
                document.text[start:end],
                f"{context}\n{body}",
                context_tokens + sum(piece.tokens for piece in group) + SPECIAL_TOKENS,
                tuple(question for piece in group for question in _answered_by(piece, document.asked)),
            )
        )
    if document.kind == "position" and chunks:  # the whole of it answers its question, however that is put
        first = Span(chunks[0].start, chunks[0].end)
        whole = tuple(Question(first, words) for words in (document.question, *document.aliases))
        chunks[0] = replace(chunks[0], questions=(*whole, *chunks[0].questions))
    return chunks


def _answered_by(piece: _Piece, asked: Sequence[Asked]) -> list[Question]:
    return [Question(piece.span, words) for one in asked if opens_with(piece.words, one.says) for words in one.asks]


def _pieces(text: str, count_tokens: CountTokens, budget: int) -> list[_Piece]:
    """Sentences, and what is too long for a chunk cut into runs of words."""
    drafts: list[tuple[Span, str, Block]] = []
    for block in read_blocks(text):
        if block.kind == "heading":
            continue
        spans = (block.span,) if block.kind in ("row", "code") else block.sentences
        for span in spans:
            words = words_of(block, span, text)
            if words:
                drafts.append((span, words, block))
    counts = count_tokens([words for _, words, _ in drafts]) if drafts else []
    pieces = []
    for (span, words, block), count in zip(drafts, counts, strict=True):
        tokens = count - SPECIAL_TOKENS
        announces = words.endswith(":")
        if tokens <= budget:
            pieces.append(_Piece(span, words, block.headings, tokens, announces))
        else:
            pieces.extend(_cut(text, span, block, count_tokens, budget))
    return pieces


def _cut(text: str, span: Span, block: Block, count_tokens: CountTokens, budget: int) -> list[_Piece]:
    """Halve until it fits, at a space where there is one."""
    words = plain(span.of(text))
    tokens = count_tokens([words])[0] - SPECIAL_TOKENS if words else 0
    if tokens <= budget:
        return [_Piece(span, words, block.headings, tokens, False)] if words else []
    middle = (span.start + span.end) // 2
    space = max(text.rfind(" ", span.start, middle), text.rfind("\n", span.start, middle))
    cut = space if space > span.start else middle
    left, right = Span(span.start, cut), Span(cut + (text[cut].isspace()), span.end)
    return _cut(text, left, block, count_tokens, budget) + _cut(text, right, block, count_tokens, budget)


def _contexts(title: str, pieces: list[_Piece], count_tokens: CountTokens) -> dict[tuple[str, ...], tuple[str, int]]:
    """What stands above a chunk when it is embedded: the title and its headings, the nearest ones kept when it is long."""
    contexts: dict[tuple[str, ...], tuple[str, int]] = {}
    for headings in {piece.headings for piece in pieces}:
        parts = [title, *headings]
        while True:
            context = " › ".join(parts)
            tokens = count_tokens([context])[0] - SPECIAL_TOKENS
            if tokens <= MOST_CONTEXT_TOKENS:
                break
            if len(parts) > 1:
                parts.pop(0)
            else:
                parts = (
                    [" ".join(parts[0].split()[: max(1, len(parts[0].split()) // 2)])]
                    if " " in parts[0]
                    else [parts[0][: len(parts[0]) // 2]]
                )
        contexts[headings] = (context, tokens)
    return contexts


def _packed(pieces: list[_Piece], budget: int) -> list[list[_Piece]]:
    """Pieces of one section together up to the target; a sentence that announces a list stays with what it announces, if the window holds both."""
    groups: list[list[_Piece]] = []
    size = 0
    for piece in pieces:
        last = groups[-1] if groups else []
        together = bool(last) and last[0].headings == piece.headings
        room = size + piece.tokens <= TARGET_TOKENS
        announced = bool(last) and last[-1].announces and last[-1].tokens + piece.tokens <= budget
        if together and not room and announced and len(last) > 1:
            groups[-1] = last[:-1]
            groups.append([last[-1], piece])
            size = last[-1].tokens + piece.tokens
        elif together and (room or announced):
            last.append(piece)
            size += piece.tokens
        else:
            groups.append([piece])
            size = piece.tokens
    return groups
