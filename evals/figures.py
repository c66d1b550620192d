"""Figures with their intervals, from the kept cases of a run. What could not be judged is counted apart, never scored. Pure arithmetic."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from evals.metrics.judge import BY_CONSTRUCTION
from evals.run import CHECKS
from evals.store import CaseRecord, Figure, RunRecord, Score
from rag.answers import ABSTAINED
from rag.writers.port import Usage

# 95 % two-sided.
DEVIATIONS = 1.96
RESAMPLES = 2000


@dataclass(frozen=True)
class Share:
    """How often something held, of the times it applies, with Wilson's 95 % interval."""

    held: int
    n: int
    score: float | None
    low: float | None
    high: float | None


def share_of(outcomes: Iterable[bool | None]) -> Share:
    known = [outcome for outcome in outcomes if outcome is not None]
    n, held = len(known), sum(known)
    if not n:
        return Share(0, 0, None, None, None)
    p, z = held / n, DEVIATIONS
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(held, n, p, max(0.0, middle - half), min(1.0, middle + half))


def figure_of(scores: Sequence[Score]) -> Figure:
    """The mean of what was scored, and how much of what it applies to could not be."""
    known = [one.score for one in scores if one.score is not None]
    failures = sum(one.score is None and one.failure is not None for one in scores)
    coverage = len(known) / (len(known) + failures) if known or failures else None
    if not known:
        return Figure(None, coverage, failures, 0, None, None)
    low, high = _interval(known)
    built = all(one.judge == BY_CONSTRUCTION for one in scores if one.score is not None)
    return Figure(sum(known) / len(known), coverage, failures, len(known), low, high, built)


def _interval(known: Sequence[float]) -> tuple[float, float]:
    if set(known) <= {0.0, 1.0}:
        share = share_of([bool(one) for one in known])
        assert share.low is not None and share.high is not None
        return share.low, share.high
    values = np.array(known)
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def figures_of(records: Sequence[CaseRecord]) -> dict[str, Figure]:
    """Each metric over all cases it applies to."""
    names = dict.fromkeys(name for record in records for name in record.scores)
    return {name: figure_of([record.scores.get(name, Score()) for record in records]) for name in names}


def figures_by_type(records: Sequence[CaseRecord]) -> dict[str, dict[str, Figure]]:
    return {
        type: {
            name: figure
            for name, figure in figures_of([one for one in records if one.type == type]).items()
            if figure.coverage is not None
        }
        for type in dict.fromkeys(record.type for record in records)
    }


# What a reader waits for: the evidence, the first sentence of prose, the whole answer.
WAITS = {"evidence": "shown", "first_sentence": "first_sentence", "whole": "total"}


def waits_of(records: Sequence[CaseRecord]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile in seconds, of the answers that were not refused and have the moment in question."""
    waits = {}
    answers = [record.answer for record in records if record.answer["verdict"] != ABSTAINED]
    for name, moment in WAITS.items():
        seconds = sorted(one["timings_ms"][moment] / 1000 for one in answers if moment in one["timings_ms"])
        if seconds:
            waits[name] = {
                "median": round(statistics.median(seconds), 2),
                "p95": round(seconds[math.ceil(0.95 * len(seconds)) - 1], 2),
                "n": len(seconds),
            }
    return waits


def sentences_of(records: Sequence[CaseRecord]) -> dict[str, int]:
    """What became of the sentences that writers wrote."""
    return {
        "written": sum(not sentence["verbatim"] for one in records for sentence in one.answer["sentences"]),
        "taken_out": sum(len(one.answer["removed"]) for one in records),
    }


def completed(
    record: RunRecord, records: Sequence[CaseRecord], ended: str, price: Callable[[Usage], float]
) -> RunRecord:
    """The run with all that came of it; in the order it was drawn in, however often it was interrupted."""
    finished = {one.case: one for one in records}
    records = [finished[id] for id in record.cases.ids if id in finished]
    usage = Usage(*(sum(one.tokens.get(name, 0) for one in records) for name in ("read", "written")))
    return replace(
        record,
        ended=ended,
        metrics=figures_of(records),
        by_type=figures_by_type(records),
        seconds=waits_of(records),
        cost={"tokens_read": usage.read, "tokens_written": usage.written, "money": price(usage)},
        left_out=tuple(id for id in record.cases.ids if id not in finished),
        stepped_down=dict(
            Counter(f"{step['writer']}: {step['reason']}" for one in records for step in one.answer["stepped_down"])
        ),
    )


def summary_of(record: RunRecord, records: Sequence[CaseRecord]) -> dict[str, Any]:
    """A run as plain data: overall, by type, and each case."""
    told = asdict(record)
    return {
        **{name: told[name] for name in told if name != "cases"},
        "n": record.cases.n,
        "prose": sentences_of(records),
        "cases": [
            {
                "id": one.case,
                "type": one.type,
                "question": one.question,
                "understood_as": one.answer["standalone_question"],
                "verdict": one.answer["verdict"],
                "answer": one.answer["answer"],
                "removed": one.answer["removed"],
                "timings_ms": one.answer["timings_ms"],
                "tokens": one.tokens,
                "passages": list(one.passages),
                "checks": {name: _as_check(one.scores[name]) for name in CHECKS if name in one.scores},
                "scores": {name: asdict(score) for name, score in one.scores.items() if score.applies},
            }
            for one in records
        ],
    }


def _as_check(score: Score) -> bool | None:
    return None if score.score is None else bool(score.score)
