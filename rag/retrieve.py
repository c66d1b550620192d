"""Retrieving: the passages of the newest snapshot nearest to a question, by meaning and by words, their scores added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corpus.documents import Document
from corpus.index import Index
from corpus.record import StoredChunk
from rag.words import STOP_WORDS, content_words, stems

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What the best passage by words adds to its nearness by meaning, others in proportion. Adding scores beat adding ranks, with
# which a passage far ahead in one list looks like any first one (docs/experiments.md).
WORTH_OF_WORDS = 0.4
CANDIDATES = 50
# Of two questions this near to each other, each asks what the other does. At 0.8 "how long should we keep one" came to how many days a week (0.83).
IN_THESE_WORDS = 0.85
# A document's second passage must be this much better than another document's first, its third again, and so on.
SPREAD = 0.93
# Passages that share this much of their words say the same.
SAME_WORDS = 0.85
NAME_OR_NUMBER = re.compile(r"\b[A-Z]\w+|\d+")


@dataclass(frozen=True)
class Passage:
    """A published chunk and how it was found."""

    chunk: StoredChunk
    score: float
    similarity: float
    dense_rank: int | None  # neither: not found by the question itself
    lexical_rank: int | None


def retrieve(
    index: Index,
    question: str,
    top: int,
    aliases: Mapping[str, Sequence[str]],
    candidates: int = CANDIDATES,
    *,
    and_in_these_words: bool = False,
) -> list[Passage]:
    """Dense and lexical, added up, without repetitions, several sources before several passages of one; behind them, if that is wished, those
    among the nearest that say nearly this, or are known to answer it. What is asked in many ways is long, and counts for less by words: the
    position on what one costs stood in none of the passages for "What does a fractional AI CTO cost?"."""
    query = index.embed([question])[0]
    with index.record.reading():
        near = index.nearest(query, candidates)
        by_words = (
            index.record.lexical(lexical_expression(question, aliases), candidates) if content_words(question) else []
        )
        similarity = {n.chunk.number: n.similarity for n in near}
        chunks = index.record.chunks_numbered([number for number, _ in by_words if number not in similarity])
        similarity |= _similarities(index, query, chunks)
    dense_ranks = {n.chunk.number: rank for rank, n in enumerate(near, start=1)}
    lexical_ranks = {number: rank for rank, (number, _) in enumerate(by_words, start=1)}
    worth = dict(by_words)
    best = max(worth.values(), default=0.0)
    chunks |= {n.chunk.number: n.chunk for n in near}
    fused = [
        Passage(
            chunk,
            fused_score(similarity[number], worth.get(number, 0.0), best),
            similarity[number],
            dense_ranks.get(number),
            lexical_ranks.get(number),
        )
        for number, chunk in chunks.items()
    ]
    chosen = choose(sorted(fused, key=lambda p: (-p.score, p.chunk.number)), top)
    if and_in_these_words:
        nearest = sorted((p for p in fused if p.dense_rank), key=lambda p: p.dense_rank or 0)[:top]
        chosen += [p for p in nearest if p.similarity >= IN_THESE_WORDS and p not in chosen]
    return chosen


def passages_of(index: Index, question: str, document: str) -> list[Passage]:
    """All of one document, whatever the question's words."""
    with index.record.reading():
        chunks = {chunk.number: chunk for chunk in index.record.chunks([document])}
        similarity = _similarities(index, index.embed([question])[0], chunks)
    return [Passage(chunk, similarity[number], similarity[number], None, None) for number, chunk in chunks.items()]


def fused_score(similarity: float, by_words: float, best_by_words: float) -> float:
    return similarity + (WORTH_OF_WORDS * by_words / best_by_words if best_by_words else 0.0)


def _similarities(index: Index, query: NDArray[np.float32], chunks: Mapping[int, StoredChunk]) -> dict[int, float]:
    """How near passages are that were found by words alone: by their own vector, or that of a question they answer."""
    asked = index.record.questions_of(chunks)
    keys = {number: [chunk.vector, *(q.vector for q in asked.get(number, ()))] for number, chunk in chunks.items()}
    values = index.record.vector_values([key for some in keys.values() for key in some])
    return {
        number: max(float(np.frombuffer(values[key], np.float32) @ query) for key in some if key in values)
        for number, some in keys.items()
    }


def lexical_expression(question: str, aliases: Mapping[str, Sequence[str]]) -> str:
    """An FTS5 expression: any of the question's words, or another name of a thing it names."""
    terms = [f'"{word}"' for word in (w.replace('"', "") for w in content_words(question)) if re.search(r"\w", word)]
    for name, others in aliases.items():
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE):
            terms += ['"' + other.replace('"', "") + '"' for other in others]
    return " OR ".join(dict.fromkeys(terms))


def alias_table(documents: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """Every name of a glossary entry to its other names."""
    table: dict[str, tuple[str, ...]] = {}
    for document in documents:
        known_as = (document.title, *document.aliases)
        for name in known_as if document.aliases else ():
            table[name.lower()] = tuple(other for other in known_as if other != name)
    return table


def choose(passages: Iterable[Passage], top: int) -> list[Passage]:
    """The top of passages that come best first: of those that say the same in the same words only the first, and each further
    one of a document worth a little less. They are read only until none can come in any more: none is worth more than its score."""
    kept: list[tuple[float, Passage]] = []
    said: list[tuple[frozenset[str], str]] = []
    of_document: Counter[str] = Counter()
    for passage in passages:
        if len(kept) >= top and kept[top - 1][0] > passage.score:
            break
        own, text = stems(passage.chunk.text), passage.chunk.text
        if any(_same(own, other) and not _names_another(text, words) for other, words in said):
            continue
        said.append((own, text))
        kept.append((passage.score * SPREAD ** of_document[passage.chunk.document], passage))
        kept.sort(key=lambda pair: (-pair[0], pair[1].chunk.number))
        of_document[passage.chunk.document] += 1
    return [passage for _, passage in kept[:top]]


def _names_another(left: str, right: str) -> bool:
    """Whether each has a name or a number that the other lacks: then they are near-copies that say different things."""
    here, there = (
        {word for word in NAME_OR_NUMBER.findall(text) if word.lower() not in STOP_WORDS} for text in (left, right)
    )
    return bool(here - there) and bool(there - here)


def _same(left: frozenset[str], right: frozenset[str]) -> bool:
    if min(len(left), len(right)) < SAME_WORDS * max(len(left), len(right)):
        return False  # then the share can't be reached, and most pairs are told apart by this alone
    shared = len(left & right)
    return shared >= SAME_WORDS * max(1, len(left) + len(right) - shared)
