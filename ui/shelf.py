"""The record behind a page: opened once for all sessions and read by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.record import Record


class Shelf:
    """The record of one home."""

    def __init__(self, path: Path) -> None:
        self._record = Record(path)
        self._reading = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[Record]:
        with self._reading:
            yield self._record
