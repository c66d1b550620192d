"""Retrieving: the passages of the newest snapshot nearest to a question, by meaning and by words, fused by rank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from corpus.documents import Document
from corpus.index import Index
from corpus.record import StoredChunk
from rag.words import content_words, stems

# Reciprocal rank fusion's usual constant: large enough that the first rank does not decide alone.
FUSION_CONSTANT = 60
CANDIDATES = 50
# A document's second passage must be this much better than another document's first, its third again, and so on.
SPREAD = 0.93
# Passages that share this much of their words say the same.
SAME_WORDS = 0.85


@dataclass(frozen=True)
class Passage:
    """A published chunk and how it was found."""

    chunk: StoredChunk
    score: float
    similarity: float
    dense_rank: int | None
    lexical_rank: int | None


def retrieve(index: Index, question: str, top: int, aliases: Mapping[str, Sequence[str]]) -> list[Passage]:
    """Dense and lexical, fused, without repetitions, several sources before several passages of one."""
    query = index.embed([question])[0]
    with index.record.reading():
        near = index.nearest(query, CANDIDATES)
        by_words = (
            index.record.lexical(lexical_expression(question, aliases), CANDIDATES) if content_words(question) else []
        )
        chunks = index.record.chunks_numbered([number for number, _ in by_words])
    found = {n.chunk.number: Passage(n.chunk, 0.0, n.similarity, rank, None) for rank, n in enumerate(near, start=1)}
    for rank, (number, _) in enumerate(by_words, start=1):
        known = found.get(number) or Passage(chunks[number], 0.0, 0.0, None, None)
        found[number] = replace(known, lexical_rank=rank)
    fused = [
        replace(passage, score=fused_score((passage.dense_rank, passage.lexical_rank))) for passage in found.values()
    ]
    return spread(without_repetitions(sorted(fused, key=lambda p: (-p.score, p.chunk.number))))[:top]


def fused_score(ranks: Iterable[int | None]) -> float:
    return sum(1.0 / (FUSION_CONSTANT + rank) for rank in ranks if rank is not None)


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


def without_repetitions(passages: Sequence[Passage]) -> list[Passage]:
    """Keep the best of passages that say the same in the same words."""
    kept: list[tuple[Passage, frozenset[str]]] = []
    for passage in passages:
        own = stems(passage.chunk.text)
        if not any(_same(own, other) for _, other in kept):
            kept.append((passage, own))
    return [passage for passage, _ in kept]


def _same(left: frozenset[str], right: frozenset[str]) -> bool:
    if min(len(left), len(right)) < SAME_WORDS * max(len(left), len(right)):
        return False  # then the share can't be reached, and most pairs are told apart by this alone
    shared = len(left & right)
    return shared >= SAME_WORDS * max(1, len(left) + len(right) - shared)


def spread(passages: Sequence[Passage]) -> list[Passage]:
    """Order by score, each further passage of the same document worth a little less."""
    seen: dict[str, int] = {}
    weighed = []
    for passage in passages:
        before = seen.get(passage.chunk.document, 0)
        seen[passage.chunk.document] = before + 1
        weighed.append((passage.score * SPREAD**before, passage))
    return [passage for _, passage in sorted(weighed, key=lambda pair: (-pair[0], pair[1].chunk.number))]
