"""How well is found what should be found? Public sets in the layout of BEIR, by words, by meaning, by both, and as an answer would.

Knows nothing about how the passages are published: who calls brings a chain over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.documents import Document
from corpus.errors import CasesError
from evals.public_sets import as_document, json_lines, ndcg, rows
from evals.run import Progress
from rag.answer import Chain, evidence_for
from rag.retrieve import lexical_expression, retrieve

NDCG_DEPTH = 10
RECALL_DEPTH = 100
# A long document is cut into several chunks, and one that is found again counts once.
CHUNKS_READ = 3 * RECALL_DEPTH


@dataclass(frozen=True)
class Query:
    """What is asked, and how much each right document is worth."""

    id: str
    words: str
    worth: Mapping[str, int]


@dataclass(frozen=True)
class Beir:
    queries: tuple[Query, ...]
    documents: Mapping[str, Document]


def read_beir(folder: Path, split: str) -> Beir:
    """`corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`; only queries that have a judgement."""
    passages = json_lines(folder / "corpus.jsonl")
    ids = {passage["_id"]: f"passage-{number}" for number, passage in enumerate(passages, start=1)}
    worth: dict[str, dict[str, int]] = {}
    for row in rows(folder / "qrels" / f"{split}.tsv"):
        if int(row["score"]) > 0 and row["corpus-id"] in ids:
            worth.setdefault(row["query-id"], {})[ids[row["corpus-id"]]] = int(row["score"])
    queries = tuple(
        Query(one["_id"], one["text"], worth[one["_id"]])
        for one in json_lines(folder / "queries.jsonl")
        if one["_id"] in worth
    )
    if not queries:
        raise CasesError(f"{folder}: its judgements of `{split}` name none of its queries and passages.")
    documents = {ids[one["_id"]]: as_document(ids[one["_id"]], one.get("title", ""), one["text"]) for one in passages}
    return Beir(queries, documents)


def measure(chain: Chain, queries: Sequence[Query], progress: Progress) -> dict[str, dict[str, float]]:
    """Each way of finding with its means over the queries."""
    figures: dict[str, list[dict[str, float]]] = {}
    for done, query in enumerate(queries, start=1):
        for way, found in ways_of_finding(chain, query.words).items():
            figures.setdefault(way, []).append(figures_of(found, query.worth))
        progress("looked up", done, len(queries))
    return {
        way: {name: float(np.mean([one[name] for one in each])) for name in each[0]} for way, each in figures.items()
    }


def ways_of_finding(chain: Chain, question: str) -> dict[str, list[str]]:
    """The documents in the order of each: words alone, meaning alone, both, and as an answer would take them."""
    index = chain.index
    with chain.lock, index.record.reading():
        _, _, aliases = chain.library()
        by_words = index.record.lexical(lexical_expression(question, aliases), CHUNKS_READ)
        chunks = index.record.chunks_numbered([number for number, _ in by_words])
        near = index.nearest(index.embed([question])[0], CHUNKS_READ)
        fused = retrieve(index, question, CHUNKS_READ, aliases, candidates=CHUNKS_READ)
        evidence = evidence_for(chain, question)
    read = [unit.document.id for unit in evidence.units]
    return {
        "lexical": once(chunks[number].document for number, _ in by_words),
        "dense": once(neighbour.chunk.document for neighbour in near),
        "fused": once(passage.chunk.document for passage in fused),
        # The sentences are weighed of the first passages alone; what was found beyond them keeps its place behind.
        "full": once([*read, *(passage.chunk.document for passage in fused)]),
    }


def once(documents: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(documents))


def figures_of(found: Sequence[str], worth: Mapping[str, int]) -> dict[str, float]:
    """The usual four, of one query."""
    first = next((place for place, id in enumerate(found[:NDCG_DEPTH], start=1) if id in worth), 0)
    return {
        f"ndcg@{NDCG_DEPTH}": ndcg(found, worth, NDCG_DEPTH),
        f"recall@{NDCG_DEPTH}": len(worth.keys() & set(found[:NDCG_DEPTH])) / len(worth),
        f"recall@{RECALL_DEPTH}": len(worth.keys() & set(found[:RECALL_DEPTH])) / len(worth),
        f"mrr@{NDCG_DEPTH}": 1 / first if first else 0.0,
    }
