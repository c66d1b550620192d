"""`python -m benchmarks.cookbook`: how well the right passages of a product's documentation are found, as its cookbook measures.

Of the first three passages precision and recall, the F1 of both averages, and how far up the first right one stands. Published:
basic recall 0.66, reciprocal rank 0.74; with a language model that reranks, 0.69 and 0.87.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.intervals import with_interval
from corpus.settings import CHECKOUT
from evals.public_sets import as_document
from evals.retrieval import Beir, Query, ways_of_finding
from ui.commands import show_progress
from ui.eval_commands import libraries

FOLDER = CHECKOUT.parent / "shared" / "bench" / "retrieval" / "cookbook_docs"
PASSAGES, QUESTIONS = "anthropic_docs.json", "docs_evaluation_dataset.json"
DEPTH = 3


@dataclass(frozen=True)
class Scores:
    """Of one question. The cookbook ends its list at the third passage, so the reciprocal rank is given there and over all ranks."""

    recall: float
    precision: float
    rank: float
    rank_among_first: float


def read_set(folder: Path) -> Beir:
    passages = json.loads((folder / PASSAGES).read_text(encoding="utf-8"))
    ids = {passage["chunk_link"]: f"passage-{number}" for number, passage in enumerate(passages, start=1)}
    asked = json.loads((folder / QUESTIONS).read_text(encoding="utf-8"))
    return Beir(
        tuple(Query(one["id"], one["question"], {ids[link]: 1 for link in one["correct_chunks"]}) for one in asked),
        {
            ids[one["chunk_link"]]: as_document(ids[one["chunk_link"]], one["chunk_heading"], one["text"])
            for one in passages
        },
    )


def scores_of(found: Sequence[str], right: Collection[str]) -> Scores:
    first = next((place for place, id in enumerate(found, start=1) if id in right), 0)
    hits = len(set(found[:DEPTH]) & set(right))
    rank = 1 / first if first else 0.0
    return Scores(hits / len(right), hits / DEPTH, rank, rank if first <= DEPTH else 0.0)


def as_table(ways: Mapping[str, Sequence[Scores]]) -> Iterator[str]:
    yield f"| | recall@{DEPTH} | precision@{DEPTH} | F1@{DEPTH} | MRR, all ranks | MRR@{DEPTH} |"
    yield "|---|---:|---:|---:|---:|---:|"
    for way, each in ways.items():
        recall, precision = fmean(one.recall for one in each), fmean(one.precision for one in each)
        cells = (
            with_interval([one.recall for one in each]),
            with_interval([one.precision for one in each]),
            f"{2 * recall * precision / ((recall + precision) or 1.0):.2f}",
            with_interval([one.rank for one in each]),
            with_interval([one.rank_among_first for one in each]),
        )
        yield f"| {way} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cookbook", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the passages and questions")
    folder = parser.parse_args().folder
    if not (folder / PASSAGES).is_file():
        print(f"There is no {PASSAGES} in {folder}. Name the folder that holds it.", file=sys.stderr)
        return 1
    given, progress = read_set(folder), show_progress()
    ways: dict[str, list[Scores]] = {}
    with libraries() as over:
        chain = over(given.documents)
        for done, query in enumerate(given.queries, start=1):
            for way, found in ways_of_finding(chain, query.words).items():
                ways.setdefault(way, []).append(scores_of(found, query.worth))
            progress("looked up", done, len(given.queries))
    print(f"{len(given.documents)} passages, {len(given.queries)} questions\n")
    print("\n".join(as_table(ways)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
