"""Runs made up for tests: in short for the gate, and whole through the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.baseline import Approval, Baseline, CaseScores, Measured

Scores = Mapping[str, NDArray[np.float64]]


def measured(
    scores: Scores, *, run: str = "now", failed: Mapping[str, Sequence[int]] | None = None, **changes: Any
) -> Measured:
    """A run with so many cases; NaN where a metric does not apply."""
    failed = failed or {}
    n = len(next(iter(scores.values())))
    cases = {
        f"case-{number:03}": CaseScores(
            asked=f"{number:08x}",
            scores={
                name: float(values[number])
                for name, values in scores.items()
                if number not in failed.get(name, ()) and not np.isnan(values[number])
            },
            failed=frozenset(name for name, numbers in failed.items() if number in numbers),
        )
        for number in range(n)
    }
    fields: dict[str, Any] = {
        "run": run, "commit": "abc1234", "writer": "quote", "model": "", "index": "index-1", "cases_sha256": "c" * 64,
        "scorers": dict.fromkeys(scores, "1"), "judges": {}, "cases": cases,
    }  # fmt: skip
    return Measured(**{**fields, **changes})


def approved(scores: Scores, **changes: Any) -> Baseline:
    return Baseline(
        Approval("Example Operator", datetime(2026, 1, 2, tzinfo=UTC).isoformat()),
        measured(scores, run="approved", **changes),
    )


def with_losses(scores: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The first so many that had the point lose it."""
    lost = scores.copy()
    lost[np.flatnonzero(scores == 1)[:count]] = 0
    return lost
