"""Retrieving: the passages of the newest snapshot nearest to a question, by meaning and by words, fused by rank."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
        similarity = {n.chunk.number: n.similarity for n in near}
        chunks = index.record.chunks_numbered([number for number, _ in by_words if number not in similarity])
    dense_ranks = {n.chunk.number: rank for rank, n in enumerate(near, start=1)}
    lexical_ranks = {number: rank for rank, (number, _) in enumerate(by_words, start=1)}
    chunks |= {n.chunk.number: n.chunk for n in near}
    fused = [
        Passage(
            chunk,
            fused_score((dense_ranks.get(number), lexical_ranks.get(number))),
            similarity.get(number, 0.0),
            dense_ranks.get(number),
            lexical_ranks.get(number),
        )
        for number, chunk in chunks.items()
    ]
    return choose(sorted(fused, key=lambda p: (-p.score, p.chunk.number)), top)


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


def choose(passages: Iterable[Passage], top: int) -> list[Passage]:
    """The top of passages that come best first: of those that say the same in the same words only the first, and each further
    one of a document worth a little less. They are read only until none can come in any more: none is worth more than its score."""
    kept: list[tuple[float, Passage]] = []
    said: list[frozenset[str]] = []
    of_document: Counter[str] = Counter()
    for passage in passages:
        if len(kept) >= top and kept[top - 1][0] > passage.score:
            break
        own = stems(passage.chunk.text)
        if any(_same(own, other) for other in said):
            continue
        said.append(own)
        kept.append((passage.score * SPREAD ** of_document[passage.chunk.document], passage))
        kept.sort(key=lambda pair: (-pair[0], pair[1].chunk.number))
        of_document[passage.chunk.document] += 1
    return [passage for _, passage in kept[:top]]


def _same(left: frozenset[str], right: frozenset[str]) -> bool:
    if min(len(left), len(right)) < SAME_WORDS * max(len(left), len(right)):
        return False  # then the share can't be reached, and most pairs are told apart by this alone
    shared = len(left & right)
    return shared >= SAME_WORDS * max(1, len(left) + len(right) - shared)
