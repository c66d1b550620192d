"""What is done at the desk to the library, in a process of its own.

So no model is loaded where the pages are served, and Chroma is never opened twice in one process: readers go on being answered
from the snapshot before, and see the new one as they would one that was published from the command line.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from corpus.documents import Document
from corpus.errors import FractionalError, InputRejected
from corpus.record import KnownInput
from corpus.settings import CHECKOUT, read_settings
from ingest.add import Given

if TYPE_CHECKING:
    from ingest.fetch import Original
    from ingest.publish import Published, Publisher
    from ingest.take_in import TakenIn

# On a page nobody waits two minutes for somebody else.
PATIENCE_SECONDS = 5.0
CHANGED_MEANWHILE = "Somebody else has changed “{}” since it was opened here. Open it again to see how it is now."

Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """Something to be done to the library in somebody's name."""

    @property
    def who(self) -> str: ...
    def done_by(self, publisher: Publisher) -> Result_co: ...


@dataclass(frozen=True)
class Previewed:
    """What each input would become, and what the addresses among them held."""

    taken: TakenIn
    fetched: Mapping[str, Original]


@dataclass(frozen=True)
class Preview:
    """What `fractional add --dry-run` does."""

    inputs: tuple[str, ...]
    given: Given
    today: date
    who: str = ""

    def done_by(self, publisher: Publisher) -> Previewed:
        from ingest.fetch import fetch
        from ingest.take_in import take_in

        fetched: dict[str, Original] = {}

        def keeping(address: str) -> Original:
            return fetched.setdefault(address, fetch(address))

        taken = take_in(publisher, self.inputs, self.given, self.today, dry_run=True, fetch=keeping)
        return Previewed(taken, fetched)


@dataclass(frozen=True)
class Publish:
    """Documents to publish as they are here, None to withdraw one; `over` are the versions that whoever decided it had seen."""

    changes: Mapping[str, Document | None]
    over: Mapping[str, str]
    action: str
    who: str
    inputs: Mapping[str, KnownInput] = field(default_factory=dict)
    # Passages of documents that were looked at and may stand.
    released: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def done_by(self, publisher: Publisher) -> Published:
        library = publisher.library()
        for id in self.changes:
            there = library.get(id)
            if (there.version if there else "") != self.over.get(id, ""):
                raise InputRejected(CHANGED_MEANWHILE.format(there.title if there else id))
        done = publisher.publish(self.changes, self.action)
        for id, passages in self.released.items():
            publisher.record.release(id, passages, self.who)
        publisher.record.drop_from_quarantine(self.changes)
        if self.inputs:
            publisher.record.keep_inputs(self.inputs)
        return done


@dataclass(frozen=True)
class RollBack:
    """The library as it was in an earlier snapshot, its files too."""

    number: int
    who: str

    def done_by(self, publisher: Publisher) -> Published:
        return publisher.rollback(self.number)


def do(task: Task[Result_co]) -> Result_co:
    """The task's result, or the error that it raised in the other process."""
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        input=pickle.dumps(task),
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{type(task).__name__} ended with {done.returncode}; what it said stands above")
    result = pickle.loads(done.stdout)
    if isinstance(result, FractionalError):
        raise result
    return cast(Result_co, result)


def _do_here(task: Task[Any]) -> Any:
    from corpus.record import Record
    from ingest.embed import open_bulk_embedder
    from ingest.publish import Publisher

    settings = read_settings()
    record = Record(settings.record_path)
    publisher = Publisher(settings, record, open_bulk_embedder(settings), who=task.who, patience=PATIENCE_SECONDS)
    return task.done_by(publisher)


def main() -> None:
    """One task from stdin, its result to stdout; whatever a library prints goes where the log goes."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        result = _do_here(pickle.load(sys.stdin.buffer))
    except FractionalError as error:
        result = error
    with out:
        pickle.dump(result, out)
