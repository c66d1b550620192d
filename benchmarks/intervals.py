"""A mean with the interval that holds 95 % of resampled sets, as a table shows it."""

from __future__ import annotations

from collections.abc import Iterable

from evals.figures import figure_of
from evals.store import Score


def with_interval(values: Iterable[float], digits: int = 2, between: str = "–") -> str:
    figure = figure_of([Score(value) for value in values])
    return f"{figure.score:.{digits}f} ({figure.low:.{digits}f}{between}{figure.high:.{digits}f})"
