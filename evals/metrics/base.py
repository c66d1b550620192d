"""A metric of ours in Ragas' shape, and how its result becomes a score: tried twice, and what is no number in its range is a failure."""

from __future__ import annotations

import math
from typing import Any

from ragas.metrics.collections.base import BaseMetric
from ragas.metrics.result import MetricResult

from evals.metrics.asked import Asked
from evals.metrics.judge import Unjudged
from evals.store import Score

TRIES = 2


class Metric(BaseMetric):
    """One figure of an answered case, from 0 to 1; no value where it does not apply."""

    version = "1"
    judge: str | None = None

    def __init__(self, name: str) -> None:
        super().__init__(name=name)

    async def ascore(self, asked: Asked, **_: Any) -> MetricResult:
        return MetricResult(self.measure(asked))

    def measure(self, asked: Asked) -> float | None:
        raise NotImplementedError


async def score_of(metric: Metric, asked: Asked) -> Score:
    failure = ""
    for _ in range(TRIES):
        try:
            result = await metric.ascore(asked)
            if result.value is None:
                return Score()
            value = float(result.value)
            if not math.isfinite(value) or metric.validate_result_value(value):
                raise Unjudged(f"it came to {value}, which is no score from 0 to 1")
            return Score(value, judge=result.reason or metric.judge)
        except Unjudged as exc:
            failure = str(exc)
        except Exception as exc:  # its words may hold a key, and a run of hours must not end with one judgement
            failure = f"it failed ({type(exc).__name__})"
    return Score(failure=failure, judge=metric.judge)
