"""Shares with their intervals, from the outcomes of cases. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.run import Outcome

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


def summary_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures as plain data: overall, by type, and what went wrong."""
    return {
        "metrics": {name: asdict(share) for name, share in figures_of(outcomes).items()},
        "by_type": {
            type: {name: asdict(share) for name, share in shares.items()}
            for type, shares in figures_by_type(outcomes).items()
        },
        "cases": [
            {
                "id": o.case.id,
                "type": o.case.type,
                "question": o.case.question,
                "understood_as": o.answer.standalone_question,
                "verdict": o.answer.verdict,
                "answer": o.answer.answer,
                "passages": list(o.passages),
                "checks": o.checks,
            }
            for o in outcomes
        ],
    }
