"""Milliseconds by step, and until what a reader waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._steps: dict[str, float] = {}

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._steps[step] = round((time.perf_counter() - before) * 1000, 1)

    def mark(self, moment: str) -> None:
        """How long it took to get here, the first time only."""
        self._steps.setdefault(moment, self._since_start())

    def timings(self) -> dict[str, float]:
        return {**self._steps, "total": self._since_start()}

    def _since_start(self) -> float:
        return round((time.perf_counter() - self._start) * 1000, 1)
