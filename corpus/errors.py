"""Every error of our own, each with one line a person can act on.

FractionalError                 the root; its text is shown to the user as it is
├── UsageError                  the command was called wrongly                                     (exit 2)
├── SettingsError               a setting or an environment variable can't be used                 (exit 1)
├── HomeError                   the home can't be read or written: missing, read-only, disk full   (exit 1)
├── RecordError                 the record (SQLite) is damaged or of another version               (exit 1)
├── VectorsBroken               the vectors are damaged; who holds the record makes them again     (exit 1)
├── Busy                        another process is publishing                                      (exit 1)
├── ModelError                  a model's weights are missing, don't load or can't be fetched      (exit 1)
├── NotFound                    no such document, snapshot or conversation                         (exit 1)
├── WriterError                 a writer asked for by name can't write                             (exit 1)
│   └── NoSuchWriter            there is none of that name                                          (exit 1)
├── BackupError                 a backup can't be made, read or brought back                         (exit 1)
├── CasesError                  the golden cases can't be read or don't fit the library             (exit 1)
├── Locked                      the operator's desk is locked: no passphrase, or not the right one   (exit 1)
├── CheckFailed                 the library breaks its own rules                                   (exit 4)
└── InputRejected               one input can't enter the library; the others go on                (exit 3)
    └── DocumentError           a document's front matter or text is wrong; knows file and line    (exit 3)
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class FractionalError(Exception):
    """Something a person should read; the message says what happened, to what, and what to do."""

    exit_code = 1


class UsageError(FractionalError):
    exit_code = 2


class SettingsError(FractionalError):
    pass


class HomeError(FractionalError):
    pass


class RecordError(FractionalError):
    pass


class VectorsBroken(FractionalError):
    pass


class Busy(FractionalError):
    pass


class ModelError(FractionalError):
    pass


class NotFound(FractionalError):
    pass


class WriterError(FractionalError):
    pass


class NoSuchWriter(WriterError):
    pass


class BackupError(FractionalError):
    pass


class CasesError(FractionalError):
    pass


class Locked(FractionalError):
    pass


class CheckFailed(FractionalError):
    exit_code = 4


class InputRejected(FractionalError):
    exit_code = 3


class DocumentError(InputRejected):
    """A document that can't be taken as it is: where, what, and the remedy."""

    def __init__(self, place: str | Path, problem: str, remedy: str, line: int | None = None) -> None:
        self.place, self.problem, self.remedy, self.line = str(place), problem, remedy, line
        where = f"{place}:{line}" if line else str(place)
        super().__init__(f"{where}: {problem}. {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """From one process to another it goes as what it was made of."""
        return type(self), (self.place, self.problem, self.remedy, self.line)


@contextmanager
def home_errors(home: Path) -> Iterator[None]:
    """Translate what the file system and SQLite say about the home into words that help."""
    try:
        yield
    except FractionalError:
        raise
    except sqlite3.DatabaseError as exc:
        text = str(exc).lower()
        if "full" in text:
            raise HomeError(
                f"The disk that holds {home} is full. Free some space and run it again; nothing is lost."
            ) from exc
        if "readonly" in text or "unable to open" in text:
            raise HomeError(
                f"{home} can't be written. Give this user write access or set FRACTIONAL_HOME elsewhere."
            ) from exc
        if "disk i/o" in text:
            raise HomeError(
                f"The disk that holds {home} failed to read or write. Check the disk and its quota, and run it again; nothing is lost."
            ) from exc
        if "locked" in text or "busy" in text:
            raise Busy(f"Another process is writing to {home}. Wait for it to finish and run it again.") from exc
        if isinstance(exc, sqlite3.IntegrityError):
            raise
        raise RecordError(
            f"The record {home / 'record.sqlite3'} can't be read ({exc}). Move it aside and `fractional restore` a backup, or run "
            "`fractional publish`: the library is indexed again from its documents; history and conversations are in the file moved aside."
        ) from exc
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise HomeError(
                f"The disk that holds {home} is full. Free some space and run it again; nothing is lost."
            ) from exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            place = exc.filename or home
            raise HomeError(
                f"{place} can't be written. Give this user access or set FRACTIONAL_HOME elsewhere."
            ) from exc
        if exc.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOENT):
            raise HomeError(
                f"{exc.filename or home} can't be used: {exc.strerror}. Set FRACTIONAL_HOME to a folder."
            ) from exc
        raise
