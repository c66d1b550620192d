"""Sentences graded against a question: 3 answers it and could come first, 2 in part, 1 is on its subject and decides nothing, 0 is beside it.

`graded/library*.jsonl` are what the reader is trained on; those in `library_near.jsonl` were written to be near misses, and a fifth of them is answered after all.
So are `graded/asked.jsonl` and `asked_further.jsonl`, whose questions were asked as executives ask, most of them by who had not seen the library: half of them it does not answer.
`graded/cases.jsonl` grades what was found for the open cases, and `asked_more.jsonl` for 2,510 more that were asked freely: what is worth quoting is fitted on both, which the reader
has not learned (the second taught one of its size nothing further: docs/experiments.md).
Nothing is trained on or fitted to `graded/asked_unseen.jsonl`, `asked_unseen_further.jsonl`, `unseen.jsonl` and, of questions that the library only seems to answer,
`graded/not_answered.jsonl`: they measure (`python -m benchmarks.order`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.documents import Document
from corpus.text import bare
from evals.public_sets import json_lines, ndcg
from rag.evidence import Unit, units_of

GRADED = Path(__file__).parent / "graded"
NEAR_MISSES = GRADED / "library_near.jsonl"
TO_TRAIN = (
    GRADED / "library.jsonl",
    GRADED / "library_further.jsonl",
    NEAR_MISSES,
    GRADED / "asked.jsonl",
    GRADED / "asked_further.jsonl",
)
OF_CASES = GRADED / "cases.jsonl"
TO_WEIGH = (OF_CASES, GRADED / "asked_more.jsonl")
# Asked by others afterwards; nothing was trained on these or fitted to them.
UNSEEN = GRADED / "unseen.jsonl"
ASKED_UNSEEN = GRADED / "asked_unseen.jsonl"
ASKED_UNSEEN_FURTHER = GRADED / "asked_unseen_further.jsonl"
NOT_ANSWERED = GRADED / "not_answered.jsonl"
DIRECT, PARTLY = 3, 2
DEPTH = 5


@dataclass(frozen=True)
class Graded:
    """A question as it was understood, with sentences of the library and what each is worth to it."""

    question: str
    units: tuple[Unit, ...]
    grades: tuple[int, ...]

    @property
    def answered(self) -> bool:
        return max(self.grades) >= PARTLY

    @property
    def by_sentence(self) -> dict[tuple[str, int, int], int]:
        return {unit.key: grade for unit, grade in zip(self.units, self.grades, strict=True)}


def read_graded(file: Path, library: Mapping[str, Document]) -> list[Graded]:
    """What is still to be found in the library; a sentence is known by its opening words."""
    return [found for kept in json_lines(file) if (found := _graded(kept, library)).units]


def _graded(kept: Mapping[str, Any], library: Mapping[str, Document]) -> Graded:
    units: list[Unit] = []
    grades: list[int] = []
    for id, by_opening in kept["grades"].items():
        known = {opening_of(unit.words): unit for unit in units_of(library[id])} if id in library else {}
        for opening, grade in by_opening.items():
            if unit := known.get(opening):
                units.append(unit)
                grades.append(grade)
    return Graded(kept["question"], tuple(units), tuple(grades))


def opening_of(words: str) -> str:
    return bare(words)[:64]


def figures(ordered: Iterable[Sequence[int]]) -> dict[str, float]:
    """How good the order is, from the grades of each question's sentences, best first."""
    each = [
        {
            "first is direct": float(grades[0] == DIRECT),
            "first is direct or partly": float(grades[0] >= PARTLY),
            "a direct one among the first two": float(DIRECT in grades[:2]),
            f"nDCG at {DEPTH}": _ndcg(grades),
        }
        for grades in ordered
        if grades
    ]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def _ndcg(grades: Sequence[int]) -> float:
    worth = {str(place): 2**grade - 1 for place, grade in enumerate(grades)}
    return ndcg(list(worth), worth, DEPTH) if any(grades) else 0.0
