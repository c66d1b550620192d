"""What may be wrong with this installation and its home, each with what to do about it. Mends no more than any question would.

Each check is a function of the settings that says in a line what it saw, and returns more where that is not well.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from corpus.errors import FractionalError, home_errors
from corpus.record import Record, damage_in
from corpus.settings import Settings
from ui.render import first_of

OK, WARNING, FAILED = "ok", "warning", "failed"
OLDEST_PYTHON = (3, 11)
# A library of a few hundred documents takes 130 MB, a local writer 1.1 GB.
TOO_LITTLE_DISK, LITTLE_DISK = 200_000_000, 2_000_000_000
LITTLE_MEMORY = 2_000_000_000
SLOW_SECONDS = 3.0
NIGHTS_MAY_BE_OLD = timedelta(days=2)


@dataclass(frozen=True)
class Finding:
    """One check: how it came out, what was seen, and what to do where it is not well."""

    name: str
    state: str
    told: str
    do: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which one rests on another."""
    return [_found(name, check, settings) for name, check in CHECKS.items()]


def _found(name: str, check: Callable[[Settings], Finding | str], settings: Settings) -> Finding:
    try:
        found = check(settings)
    except FractionalError as error:
        return Finding(name, FAILED, str(error))
    except Exception as error:  # whatever it is, the other checks go on
        return Finding(name, FAILED, f"{type(error).__name__}: {error}")
    return Finding(name, OK, found) if isinstance(found, str) else replace(found, name=name)


def _warning(told: str, do: str) -> Finding:
    return Finding("", WARNING, told, do)


def _failed(told: str, do: str) -> Finding:
    return Finding("", FAILED, told, do)


def _installation(settings: Settings) -> Finding | str:
    from corpus.embedder import bundled_weights, usable_cores
    from rag.reader import MODEL

    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return _failed(f"this is Python {version}", "Set up again with Python 3.11 or newer (`make run`).")
    bundled_weights()
    if not MODEL.is_file():
        return _failed(f"{MODEL} is missing", "Bring the checkout back to what was released (`git checkout rag`).")
    memory = _memory()
    told = f"Python {version}, {usable_cores()} cores, {memory / 1e9:.0f} GB of memory; the weights are there"
    if memory < LITTLE_MEMORY:
        return _warning(told, "Below 2 GB the pages may be slow or be stopped by the system.")
    return told


def _memory() -> int:
    """Of the machine, or what its container gives us."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else LITTLE_MEMORY
    with suppress(OSError, ValueError):
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return whole


def _home(settings: Settings) -> Finding | str:
    place = settings.home
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return _failed(
            f"{place} is no folder that can be written", "Give this user access, or set FRACTIONAL_HOME elsewhere."
        )
    free = shutil.disk_usage(place).free
    told = f"{settings.home}, {free / 1e9:.1f} GB free"
    if free < TOO_LITTLE_DISK:
        return _failed(told, "Free some space: publishing needs about 200 MB.")
    return _warning(told, "A local writer needs 1.1 GB, a backup about 60 MB.") if free < LITTLE_DISK else told


def _record(settings: Settings) -> Finding | str:
    if not settings.record_path.is_file():
        return _failed("nothing is published yet", "`fractional publish` publishes the library.")
    with _opened(settings) as record, home_errors(settings.home):
        if damage := damage_in(record.connection):
            return _failed(
                f"{settings.record_path} is damaged: {damage}",
                "Move it aside and `fractional restore` the newest backup, or `fractional publish` to index the documents again.",
            )
        newest = record.newest()
        if newest is None:
            return _failed("nothing is published yet", "`fractional publish` publishes the library.")
        return (
            f"snapshot {newest.number} of {newest.made}, {len(record.versions_in(newest.number))} documents, "
            f"{record.count('lexical')} passages, {record.count('answers')} answers"
        )


def _vectors(settings: Settings) -> Finding | str:
    from corpus.index import open_vectors

    with _opened(settings) as record:
        newest = record.newest()
        named = record.vectors_named()
        if newest is None or open_vectors(settings, newest.fingerprint).holds_exactly(named):
            return f"{len(named)} vectors, as the snapshots name them"
    return _warning(
        f"{settings.vectors_path} is not what the snapshots name",
        "Nothing is lost: the next question puts back what is missing, `fractional publish` all of it.",
    )


def _documents(settings: Settings) -> Finding | str:
    from corpus.library import read_library

    with _opened(settings) as record:
        published = record.documents()
        library = read_library(settings.corpus, published.values())
        waiting = record.count("pending_files")
    if library.faults:
        return _failed(
            f"{len(library.faults)} files can't be read as documents; the first: {library.faults[0]}",
            "`fractional check` tells all.",
        )
    if waiting:
        return _warning(f"{waiting} files are still to be brought in line", "`fractional publish` finishes it.")
    here = library.documents
    missing = sorted(published.keys() - here.keys())
    if missing:
        return _failed(
            f"{len(missing)} published documents are not in {settings.corpus}: {first_of(missing)}",
            "See that FRACTIONAL_CORPUS is right; `fractional publish` would withdraw them, `fractional rollback` with the newest snapshot puts their files back.",
        )
    differ = sorted(id for id in published.keys() | here.keys() if published.get(id) != here.get(id))
    if differ:
        return _warning(
            f"{len(differ)} documents in {settings.corpus} are not as published: {first_of(differ)}",
            "`fractional publish` publishes them; one in quarantine waits for `release` or `remove`.",
        )
    return f"{len(here)} in {settings.corpus}, all as published"


def _answering(settings: Settings) -> Finding | str:
    from corpus.index import Index
    from rag.answer import Chain, respond, warm
    from rag.clock import Clock
    from rag.writers.settings import QUOTE

    with _opened(settings) as record:
        titles = [document.title for document in record.documents().values()]
    if not titles:
        return _failed("there is nothing to ask", "`fractional publish` publishes the library.")
    chain = Chain(Index(settings))
    warm(chain)
    clock = Clock()
    with clock.time("answer"):
        made = respond(chain, f"What is {titles[0]}?", writer=QUOTE)
    seconds = clock.timings()["answer"] / 1000
    told = f"a question was {made.verdict} in {seconds:.2f} s, with {len(made.citations)} citations"
    if not made.citations:
        return _warning(told, "`fractional ask` tells more; a library of a few documents may not answer this one.")
    return _warning(told, "Something else may be using this machine.") if seconds > SLOW_SECONDS else told


def _writers(settings: Settings) -> Finding | str:
    from ui.commands import open_ladder

    if not settings.record_path.is_file():
        return "quote is always there; the others are looked at once the library is published"
    states = open_ladder(settings).states()
    ready = ", ".join(state.writer for state in states if state.ready)
    # The local writer is there for who fetches it; one that is configured should work.
    wanting = [state for state in states if not state.ready and state.writer != "local"]
    if wanting:
        return _warning(f"ready: {ready}; {wanting[0].writer} is not", wanting[0].reason)
    return f"ready: {ready}"


def _desk(settings: Settings) -> Finding | str:
    from ui.passphrase import Door

    if not Door(settings.home).is_set():
        return _warning("the operator's desk has no passphrase and stays locked", "`fractional passphrase` sets one.")
    return "the operator's desk has a passphrase"


def _nightly(settings: Settings) -> Finding | str:
    from evals.nightly import LATEST

    latest = settings.home / "evals" / LATEST
    if not latest.is_file():
        return _warning("no night was measured here", "docs/nightly.md tells how to have it done every night.")
    night = json.loads(latest.read_text(encoding="utf-8"))
    told = f"{night['verdict']}, {night['at']}"
    if night["verdict"] == "failed":
        return _warning(f"the last one failed: {night['error']}", "`fractional eval nightly` runs it again.")
    if night["verdict"] == "not passed":
        return _warning(f"answers got worse: {told}", "The page Evaluations or `fractional eval gate` tells which.")
    if datetime.now(UTC) - datetime.fromisoformat(night["at"]) > NIGHTS_MAY_BE_OLD:
        return _warning(f"the last one is old: {told}", "See whether its timer runs (docs/nightly.md).")
    return told


@contextmanager
def _opened(settings: Settings) -> Iterator[Record]:
    """The record, where there is one: a look makes none."""
    if not settings.record_path.is_file():
        raise FractionalError("There is no record to look into yet.")
    with closing(Record(settings.record_path)) as record:
        yield record


CHECKS: dict[str, Callable[[Settings], Finding | str]] = {
    "installation": _installation,
    "home": _home,
    "record": _record,
    "vectors": _vectors,
    "documents": _documents,
    "answering": _answering,
    "writers": _writers,
    "desk": _desk,
    "nightly": _nightly,
}
