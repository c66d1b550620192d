"""Shares with their intervals, from the outcomes of cases. Pure arithmetic."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.run import Outcome
from rag.answers import ABSTAINED

# 95 % two-sided.
DEVIATIONS = 1.96


@dataclass(frozen=True)
class Share:
    """How often a check held, of those it applies to, with Wilson's 95 % interval."""

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


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    """Each check over all cases it applies to."""
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.checks)
    return {name: share_of(outcome.checks[name] for outcome in outcomes) for name in names}


def figures_by_type(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Share]]:
    types = dict.fromkeys(outcome.case.type for outcome in outcomes)
    return {
        type: {
            name: share for name, share in figures_of([o for o in outcomes if o.case.type == type]).items() if share.n
        }
        for type in types
    }


# What a reader waits for: the evidence, the first sentence of prose, the whole answer.
WAITS = {"evidence": "shown", "first_sentence": "first_sentence", "whole": "total"}


def waits_of(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile in seconds, of the answers that were not refused and have the moment in question."""
    waits = {}
    for name, moment in WAITS.items():
        seconds = sorted(
            o.answer.timings_ms[moment] / 1000
            for o in outcomes
            if o.answer.verdict != ABSTAINED and moment in o.answer.timings_ms
        )
        if seconds:
            waits[name] = {
                "median": round(statistics.median(seconds), 2),
                "p95": round(seconds[math.ceil(0.95 * len(seconds)) - 1], 2),
                "n": len(seconds),
            }
    return waits


def sentences_of(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """What became of the sentences that writers wrote."""
    return {
        "written": sum(1 for o in outcomes for sentence in o.answer.sentences if not sentence.verbatim),
        "taken_out": sum(len(o.answer.removed) for o in outcomes),
    }


def summary_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures as plain data: overall, by type, and what went wrong."""
    return {
        "metrics": {name: asdict(share) for name, share in figures_of(outcomes).items()},
        "by_type": {
            type: {name: asdict(share) for name, share in shares.items()}
            for type, shares in figures_by_type(outcomes).items()
        },
        "seconds": waits_of(outcomes),
        "prose": sentences_of(outcomes),
        "stepped_down": Counter(f"{step.writer}: {step.reason}" for o in outcomes for step in o.answer.stepped_down),
        "cases": [
            {
                "id": o.case.id,
                "type": o.case.type,
                "question": o.case.question,
                "understood_as": o.answer.standalone_question,
                "verdict": o.answer.verdict,
                "answer": o.answer.answer,
                "removed": [asdict(removed) for removed in o.answer.removed],
                "timings_ms": o.answer.timings_ms,
                "tokens": o.answer.tokens,
                "passages": list(o.passages),
                "checks": o.checks,
            }
            for o in outcomes
        ],
    }
