"""Errors: each is one line for a person, and what SQLite and the file system say is translated at the seam."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from pathlib import Path

import pytest

import corpus.errors
import corpus.index
from corpus.errors import Busy, DocumentError, FractionalError, HomeError, RecordError, home_errors

HOME = Path("/some/home")


def every_error() -> list[type[FractionalError]]:
    found, todo = [], [FractionalError]
    while todo:
        found.append(todo.pop())
        todo += [kind for kind in found[-1].__subclasses__() if kind.__module__.startswith("corpus.")]
    return found


def test_the_whole_tree_is_drawn_with_its_exit_codes() -> None:
    """Scripts act on exit codes; an error missing from the drawing is one nobody knows to expect."""
    drawn = dict(re.findall(r"(\w+) {2,}.*?(?:\(exit (\d)\))?$", corpus.errors.__doc__ or "", re.MULTILINE))
    kinds = {kind.__name__: kind for kind in every_error()}
    assert set(drawn) == set(kinds)
    assert {name: int(code) for name, code in drawn.items() if code} == {
        name: kind.exit_code for name, kind in kinds.items() if name != "FractionalError"
    }


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), HomeError, "The disk that holds /some/home is full"),
        (sqlite3.OperationalError("disk I/O error"), HomeError, "failed to read or write"),
        (sqlite3.OperationalError("attempt to write a readonly database"), HomeError, "can't be written"),
        (sqlite3.OperationalError("unable to open database file"), HomeError, "can't be written"),
        (sqlite3.OperationalError("database is locked"), Busy, "Another process is writing to /some/home"),
        (sqlite3.DatabaseError("database disk image is malformed"), RecordError, "Move it aside"),
        (sqlite3.DatabaseError("file is not a database"), RecordError, "/some/home/record.sqlite3"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), HomeError, "is full. Free some space"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), HomeError, "is full. Free some space"),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), HomeError, "is full. Free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "/some/home/x"), HomeError, "/some/home/x can't be written"),
        (OSError(errno.EROFS, "Read-only file system"), HomeError, "/some/home can't be written"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/some"), HomeError, "/some can't be used"),
    ],
)  # fmt: skip
def test_foreign_errors_are_translated_with_what_to_do(raised: Exception, kind: type[Exception], words: str) -> None:
    """A full disk is no damaged record: told to move the record aside, somebody would lose their history for nothing."""
    with pytest.raises(kind) as caught, home_errors(HOME):
        raise raised
    message = str(caught.value)
    assert words in message
    assert caught.value.__cause__ is raised
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    "raised", [ValueError("a mistake of ours"), sqlite3.IntegrityError("NOT NULL"), OSError(errno.EINTR, "interrupted")]
)
def test_what_is_not_about_the_home_passes_through(raised: Exception) -> None:
    """A mistake of ours dressed as a full disk would never be found."""
    with pytest.raises(type(raised)) as caught, home_errors(HOME):
        raise raised
    assert caught.value is raised


def test_our_own_errors_are_not_translated_again() -> None:
    """The inner message is the exact one."""
    ours = Busy("Another process has been publishing.")
    with pytest.raises(Busy) as caught, home_errors(HOME):
        raise ours
    assert caught.value is ours


def test_a_document_error_says_where_what_and_what_to_do() -> None:
    """`file:line: problem. Remedy` is what editors and terminals make a link of."""
    error = DocumentError("articles/a.md", "the `id` is missing", "Add it.", 3)
    assert str(error) == "articles/a.md:3: the `id` is missing. Add it."
    assert str(DocumentError("articles/a.md", "it is gone", "Look.")) == "articles/a.md: it is gone. Look."
    assert error.exit_code == 3
