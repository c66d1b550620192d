"""What is done at the desk to the library, in a process of its own.

So no model is loaded where the pages are served, and Chroma is never opened twice in one process: readers go on being answered
from the snapshot before, and see the new one as they would one that was published from the command line.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar, cast

from corpus.documents import Document
from corpus.errors import FractionalError, InputRejected
from corpus.gaps import drop_gap, mark_gap
from corpus.quarantine import drop_from_quarantine, quarantined, release_passages
from corpus.record import KnownInput
from corpus.settings import CHECKOUT, read_settings
from ingest.add import Given

if TYPE_CHECKING:
    from evals.preview import GoldenChange
    from ingest.fetch import Original
    from ingest.publish import Published, Publisher
    from ingest.review import Seen
    from ingest.take_in import TakenIn

# On a page nobody waits two minutes for somebody else.
PATIENCE_SECONDS = 5.0
CHANGED_MEANWHILE = "Somebody else has changed “{}” since it was opened here. Open it again to see how it is now."

# So much nicer than a reader's question, which is asked on the same processors.
NICENESS = 10

Result_co = TypeVar("Result_co", covariant=True)
Progress = Callable[[str, int, int], None]


def say_nothing(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


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
            release_passages(publisher.record, id, passages, self.who)
        drop_from_quarantine(publisher.record, self.changes)
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


@dataclass(frozen=True)
class AskGolden:
    """What publishing these documents would change for the golden questions."""

    documents: Mapping[str, Document]
    who: str = ""

    def done_by(self, publisher: Publisher) -> list[GoldenChange]:
        from ui.commands import golden_changes_of

        os.nice(NICENESS)
        return golden_changes_of(publisher.settings, publisher, self.documents, trying=False)


@dataclass(frozen=True)
class Release:
    """A document from quarantine published as it is; `content` is what whoever decided it had seen."""

    document: str
    content: str
    who: str

    def done_by(self, publisher: Publisher) -> Published:
        _must_be_as_seen(publisher, self.document, self.content)
        return publisher.release(self.document)


@dataclass(frozen=True)
class Discard:
    """A document dropped from quarantine."""

    document: str
    content: str
    who: str

    def done_by(self, publisher: Publisher) -> None:
        _must_be_as_seen(publisher, self.document, self.content)
        publisher.discard(self.document)


def _must_be_as_seen(publisher: Publisher, document: str, content: str) -> None:
    held = quarantined(publisher.record).get(document)
    if held is not None and held.content != content:  # where there is none any more, the publisher says so
        raise InputRejected(CHANGED_MEANWHILE.format(document))


@dataclass(frozen=True)
class AskAgain:
    """A question that was on the list of those without an answer, after this document was written about it: off the list if it is
    answered now, and marked if not."""

    question: str
    document: str
    who: str

    def done_by(self, publisher: Publisher) -> bool:
        from corpus.index import Index
        from rag.answer import Chain, respond
        from rag.answers import ABSTAINED

        answered = respond(Chain(Index(publisher.settings)), self.question, writer="quote").verdict != ABSTAINED
        if answered:
            drop_gap(publisher.record, self.question)
        else:
            mark_gap(publisher.record, self.question, self.document)
        return answered


@dataclass(frozen=True)
class LookAtPages:
    """What stands at the documents' addresses by now."""

    today: date
    who: str = ""

    def done_by(self, publisher: Publisher) -> dict[str, Seen]:
        from ingest.review import look

        record = publisher.record
        return look(record, record.documents().values(), self.today, progress=publisher.progress)


@dataclass(frozen=True)
class _Step:
    """How far the other process is."""

    stage: str
    done: int
    total: int


def do(task: Task[Result_co], progress: Progress = say_nothing) -> Result_co:
    """The task's result, or the error that it raised in the other process. Where `progress` raises, nobody waits any more, and the
    process is ended; so only what changes nothing is watched."""
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT) as process:
        assert process.stdin and process.stdout
        try:
            with process.stdin as to:
                pickle.dump(task, to)
            while isinstance(said := _next(process.stdout), _Step):
                progress(said.stage, said.done, said.total)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise RuntimeError(f"{type(task).__name__} ended with {process.returncode}; what it said stands above")
    if isinstance(said, FractionalError):
        raise said
    return cast(Result_co, said)


def _next(said: IO[bytes]) -> Any:
    try:
        return pickle.load(said)
    except EOFError:  # the process ended without a result
        return None


def _do_here(task: Task[Any], progress: Progress) -> Any:
    from corpus.record import Record
    from ingest.embed import open_bulk_embedder
    from ingest.publish import Publisher

    settings = read_settings()
    record = Record(settings.record_path)
    publisher = Publisher(
        settings, record, open_bulk_embedder(settings), progress, who=task.who, patience=PATIENCE_SECONDS
    )
    return task.done_by(publisher)


def main() -> None:
    """One task from stdin; its steps and then its result to stdout; whatever a library prints goes where the log goes."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def tell(stage: str, done: int, total: int) -> None:
        pickle.dump(_Step(stage, done, total), out)
        out.flush()

    with out:
        try:
            result = _do_here(pickle.load(sys.stdin.buffer), tell)
        except FractionalError as error:
            result = error
        pickle.dump(result, out)
