"""How far a pull has come, told to whoever listens: a terminal, a web page, a test. Knows nothing about how it is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

# A listener is told no more often.
EVERY_SECONDS = 0.2


class SourceFailed(Exception):
    """Nothing more can be had from this source; says why, and the next one is tried."""


@dataclass(frozen=True)
class FailedSource:
    """A place the file could not be had from, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """Where a pull stands. `step` is what is done now; rate and seconds left are known once bytes have come."""

    model: str
    step: str
    done: int
    size: int
    rate: float = 0.0
    failed: tuple[FailedSource, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        return (self.size - self.done) / self.rate if self.rate > 0 else None


# What it raises ends the pull; what was fetched is kept.
Listener = Callable[[Progress], None]


class Reporter:
    """Counts for one pull, and tells the listener now and then."""

    def __init__(self, model: str, size: int, listener: Listener) -> None:
        self.now = Progress(model, "", 0, size)
        self.listener = listener
        self.began = self.told = 0.0
        self.from_ = 0

    def begin(self, step: str, done: int = 0) -> None:
        """A new step, whose rate is counted from here."""
        self.now = replace(self.now, step=step, done=done, rate=0.0)
        self.began, self.from_ = time.monotonic(), done
        self._tell()

    def at(self, done: int) -> None:
        now = time.monotonic()
        if now - self.told < EVERY_SECONDS and done < self.now.size:
            return
        self.from_ = min(self.from_, done)  # a server may have made us begin anew
        self.now = replace(self.now, done=done, rate=(done - self.from_) / max(now - self.began, 1e-3))
        self._tell()

    def failed(self, failure: FailedSource) -> None:
        self.now = replace(self.now, failed=(*self.now.failed, failure))
        self._tell()

    def _tell(self) -> None:
        self.told = time.monotonic()
        self.listener(self.now)
