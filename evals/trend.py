"""Runs beside each other: each metric over time with the judge's accuracy beside it, and what changed from one run to the next, case by case.

Pure. Only runs of one kind are laid beside each other, and a line ends where what it measures was made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evals.gate import GATED
from evals.metrics import LOWER_IS_BETTER
from evals.store import CaseRecord, Figure, RunRecord, Score

# A figure moves by rounding alone.
HARDLY = 1e-6
# All cases and the open ones alone share two thirds.
MOST = 0.8


@dataclass(frozen=True)
class Point:
    """A metric in one run; points of another stretch are not comparable to it."""

    run: str
    began: str
    figure: Figure
    stretch: int


def same_kind(one: RunRecord, other: RunRecord) -> bool:
    """Whether they asked much the same of the same writer; cases are added and mended all the time."""
    asked, others = set(one.cases.ids), set(other.cases.ids)
    shared = len(asked & others) >= MOST * max(len(asked), len(others))
    return shared and (one.writer, one.held, one.tags) == (other.writer, other.held, other.tags)


def of_the_same_kind(records: Iterable[RunRecord], like: RunRecord) -> list[RunRecord]:
    """The complete runs up to this one that asked the same of the same writer, the oldest first."""
    return [one for one in records if one.complete and same_kind(one, like) and one.run <= like.run]


def trends(records: Sequence[RunRecord]) -> dict[str, list[Point]]:
    """Each metric over these runs; a stretch ends where the scorer, the judge or the cases changed."""
    lines: dict[str, list[Point]] = {}
    measured_by: dict[str, tuple[object, ...]] = {}
    for record in records:
        for name, figure in record.metrics.items():
            points = lines.setdefault(name, [])
            now = (record.scorers.get(name), record.judge, record.cases.sha256)
            stretch = points[-1].stretch + (measured_by[name] != now) if points else 0
            measured_by[name] = now
            points.append(Point(record.run, record.began, figure, stretch))
    return lines


def judge_accuracy(record: RunRecord) -> Figure | None:
    """Balanced accuracy over all the sets that the judge was checked on; None where it was not checked."""
    sets = [one for one in record.judge_check.get("sets", {}).values() if one.get("balanced_accuracy") is not None]
    n = sum(one["n"] for one in sets)
    if not n:
        return None
    accuracy = sum(one["balanced_accuracy"] * one["n"] for one in sets) / n
    return Figure(accuracy, None, 0, n, None, None)


def judge_trend(records: Sequence[RunRecord]) -> list[Point]:
    points: list[Point] = []
    judge = None
    for record in records:
        if (figure := judge_accuracy(record)) is not None:
            stretch = points[-1].stretch + (judge != record.judge) if points else 0
            judge = record.judge
            points.append(Point(record.run, record.began, figure, stretch))
    return points


@dataclass(frozen=True)
class Moved:
    """A metric of one case that came out otherwise."""

    name: str
    before: Score
    after: Score

    @property
    def gain(self) -> float:
        """Above zero for the better; zero where one of both is no score."""
        if self.before.score is None or self.after.score is None:
            return 0.0
        gain = self.after.score - self.before.score
        return -gain if self.name in LOWER_IS_BETTER else gain


@dataclass(frozen=True)
class CaseChange:
    """A case that was answered or scored otherwise than in the run before."""

    before: CaseRecord
    after: CaseRecord
    moved: tuple[Moved, ...]

    @property
    def answer_changed(self) -> bool:
        return bool(self.before.answer["answer"] != self.after.answer["answer"])

    @property
    def gain(self) -> float:
        """What the metrics that count say of it together."""
        return sum(one.gain for one in self.moved if one.name in GATED)


@dataclass(frozen=True)
class Changes:
    """From one run to the next: what was lost most comes first. Held cases are counted and not told of."""

    cases: tuple[CaseChange, ...]
    held: int
    came: tuple[str, ...]
    went: tuple[str, ...]

    @property
    def worse(self) -> tuple[CaseChange, ...]:
        return tuple(one for one in self.cases if one.gain < -HARDLY)

    @property
    def better(self) -> tuple[CaseChange, ...]:
        return tuple(one for one in self.cases if one.gain > HARDLY)


def changes_between(
    before: Sequence[CaseRecord],
    after: Sequence[CaseRecord],
    scorers_before: Mapping[str, str],
    scorers: Mapping[str, str],
) -> Changes:
    """Only scores of the same version of a scorer are laid beside each other."""
    earlier = {case.case: case for case in before}
    later = {case.case: case for case in after}
    both = [(earlier[id], later[id]) for id in later if id in earlier]
    same = {name for name, version in scorers.items() if scorers_before.get(name) == version}
    changed = [CaseChange(one, other, _moved(one, other, same)) for one, other in both if _asks_the_same(one, other)]
    changed = [one for one in changed if one.moved or one.answer_changed]
    told = [one for one in changed if not one.after.held]
    return Changes(
        cases=tuple(sorted(told, key=lambda one: (one.gain, one.after.case))),
        held=len(changed) - len(told),
        came=tuple(id for id in later if id not in earlier),
        went=tuple(id for id in earlier if id not in later),
    )


def _asks_the_same(one: CaseRecord, other: CaseRecord) -> bool:
    return (one.question, one.history) == (other.question, other.history)


def _moved(before: CaseRecord, after: CaseRecord, names: Iterable[str]) -> tuple[Moved, ...]:
    moved = (Moved(name, before.scores.get(name, Score()), after.scores.get(name, Score())) for name in sorted(names))
    return tuple(
        one
        for one in moved
        if (one.before.score is None) != (one.after.score is None)
        or bool(one.before.failure) != bool(one.after.failure)
        or abs(one.gain) > HARDLY
    )


def worst_cases(cases: Iterable[CaseRecord], most: int) -> list[CaseRecord]:
    """The open cases that lost most of what counts, those that could not be judged among equals first."""

    def missing(case: CaseRecord) -> tuple[float, int]:
        counted = [case.scores[name] for name in GATED if name in case.scores]
        lost = sum(1 - one.score for one in counted if one.score is not None)
        return -lost, -sum(one.failure is not None for one in counted)

    open_cases = [case for case in cases if not case.held]
    worst = sorted((case for case in open_cases if missing(case) < (-HARDLY, 0)), key=missing)
    return worst[:most]
