"""Where a model's file stands, how far it has come, and the seal that says it was checked.

The seal keeps size, time and sha256 of the file that was checked, so that a gigabyte is not read again at each start.
It is written last: a file without it is not in use. Knows nothing about where files come from.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from corpus.settings import Settings
from rag.models.catalogue import Model

BLOCK = 1 << 20


class State(StrEnum):
    HERE = "here"
    PARTLY = "partly fetched"
    # Brought by hand, or touched since: pulling it checks it, and fetches it only where it is wrong.
    UNCHECKED = "not checked"
    ABSENT = "not here"


def writers_folder(settings: Settings) -> Path:
    return settings.models / "writers"


@dataclass(frozen=True)
class Place:
    """The files of one model in the folder of writers."""

    folder: Path
    model: Model

    @property
    def file(self) -> Path:
        return self.folder / f"{self.model.name}.gguf"

    @property
    def part(self) -> Path:
        return self.folder / f"{self.model.name}.gguf.part"

    @property
    def seal(self) -> Path:
        return self.folder / f"{self.model.name}.gguf.json"

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.model.name}.lock"

    @property
    def work(self) -> Path:
        """For what is needed only while fetching."""
        return self.folder / f"{self.model.name}.fetching"

    def state(self) -> State:
        if self.is_sealed():
            return State.HERE
        if self.file.is_file():
            return State.UNCHECKED
        return State.PARTLY if self.fetched() else State.ABSENT

    def fetched(self) -> int:
        """How many bytes are here of a file that is not whole."""
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def is_sealed(self) -> bool:
        """Whether the whole file is here and is the one that was checked."""
        try:
            return bool(json.loads(self.seal.read_text(encoding="utf-8")) == self._sealed_as())
        except (OSError, ValueError):
            return False

    def put_in_use(self) -> None:
        """The checked part becomes the file: at no moment is there a half file under its name."""
        with self.part.open("rb") as file:
            os.fsync(file.fileno())
        self.seal.unlink(missing_ok=True)
        self.part.replace(self.file)
        self.write_seal()

    def write_seal(self) -> None:
        write_whole(self.seal, json.dumps(self._sealed_as()))

    def _sealed_as(self) -> dict[str, object]:
        found = self.file.stat()
        return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "sha256": self.model.sha256}


def write_whole(path: Path, words: str) -> None:
    """A small file, whole or as it was."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def nothing(_bytes: int) -> None:
    pass


def sha256_of(path: Path, at: Callable[[int], None] = nothing) -> str:
    with path.open("rb") as file:
        return sha256_of_next(file, path.stat().st_size, at)


def sha256_of_next(file: BinaryIO, size: int, at: Callable[[int], None] = nothing) -> str:
    """Of the next `size` bytes, or of as many as there are."""
    digest, done = hashlib.sha256(), 0
    while block := file.read(min(BLOCK, size - done)):
        digest.update(block)
        done += len(block)
        at(done)
    return digest.hexdigest()
