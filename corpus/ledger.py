"""What writers have cost today, and which of them rest after a failure. Kept in the record, over a connection of its own.

An answer is written outside the transaction that found its evidence, maybe in a thread of its own; so this does not share
the connection of whoever asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from corpus.record import Record

# A writer that failed is left alone for so long, twice as long after each further failure, at most so long.
FIRST_REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 15 * 60.0


@dataclass(frozen=True)
class Spent:
    """What a writer read and wrote, in tokens, and its price."""

    answers: int = 0
    read: int = 0
    written: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class Rest:
    """Why a writer is not asked for now, and for how many seconds more."""

    reason: str
    seconds: float


class Ledger:
    """Spending by writer and day (UTC), and the breaker of each writer."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: Record | None = None

    def spent_today(self, writer: str) -> Spent:
        with self._lock:
            row = self._record.connection.execute(
                "SELECT answers, read, written, money FROM spent WHERE day = ? AND writer = ?", (self._today(), writer)
            ).fetchone()
        return Spent(*row) if row else Spent()

    def spend(self, writer: str, spent: Spent) -> None:
        with self._lock, self._record.writing() as connection:
            connection.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (day, writer) DO UPDATE SET answers = answers + excluded.answers, "
                "read = read + excluded.read, written = written + excluded.written, money = money + excluded.money",
                (self._today(), writer, spent.answers, spent.read, spent.written, spent.money),
            )

    def rest_of(self, writer: str) -> Rest | None:
        with self._lock:
            row = self._record.connection.execute(
                "SELECT until, reason FROM resting WHERE writer = ?", (writer,)
            ).fetchone()
        if row is None or row["until"] <= self._clock():
            return None
        return Rest(row["reason"], row["until"] - self._clock())

    def failed(self, writer: str, reason: str, at_least: float = 0.0, first_is_free: bool = False) -> None:
        """Let it rest: longer each time in a row, and never shorter than it asked for itself; not at all where the first is free."""
        with self._lock, self._record.writing() as connection:
            row = connection.execute("SELECT failures FROM resting WHERE writer = ?", (writer,)).fetchone()
            failures = (row["failures"] if row else 0) + 1
            in_a_row = failures - 1 if first_is_free else failures
            pause = min(FIRST_REST_SECONDS * 2 ** (in_a_row - 1), LONGEST_REST_SECONDS) if in_a_row else 0.0
            seconds = max(at_least, pause)
            connection.execute(
                "INSERT OR REPLACE INTO resting VALUES (?, ?, ?, ?)",
                (writer, failures, self._clock() + seconds, reason),
            )

    def worked(self, writer: str) -> None:
        with self._lock:
            known = self._record.connection.execute("SELECT 1 FROM resting WHERE writer = ?", (writer,)).fetchone()
            if known:
                with self._record.writing() as connection:
                    connection.execute("DELETE FROM resting WHERE writer = ?", (writer,))

    @property
    def _record(self) -> Record:
        if self._opened is None:
            self._opened = Record(self._path)
        return self._opened

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
