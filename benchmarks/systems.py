"""The measured systems, each driven through child processes of its own. Knows nothing about tables or aims."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.launch import Run, run

# Nothing is fetched from anywhere; the libraries of both systems are told so.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}


@dataclass(frozen=True)
class Ingest:
    """One run over all files: seconds without start and imports (`run` has them with), and what is then indexed."""

    seconds: float
    documents: int
    refused: int
    rows: int
    run: Run


@dataclass(frozen=True)
class Count:
    chunks: int
    tokens: int
    read: int


@dataclass(frozen=True)
class Warm:
    retrieve_ms: tuple[float, ...]
    embed_ms: tuple[float, ...]
    run: Run


@dataclass(frozen=True)
class Cold:
    said: str
    run: Run


class System(Protocol):
    """What is measured; `state` names an index of its own, empty at first."""

    @property
    def name(self) -> str: ...
    def ingest(self, state: str) -> Ingest: ...
    def count(self) -> Count: ...
    def warm(self, state: str) -> Warm: ...
    def cold(self, state: str, question: str) -> Cold: ...


class UpsertingSystem(System, Protocol):
    """A starter: it has a second way to ingest, which skips what it has seen."""

    def upsert(self, state: str) -> Ingest: ...


@dataclass(frozen=True)
class Place:
    """Where the files and questions lie, and where states may be made."""

    files: Path
    questions: Path
    states: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Fractional:
    place: Place
    name: str = "this project"

    def make_ready(self) -> None:
        self._run("none", "make-ready")

    def ingest(self, state: str) -> Ingest:
        return _ingest(self._run(state, "ingest", str(self.place.files)))

    def count(self) -> Count:
        return Count(**_said(self._run("none", "count", str(self.place.files))))

    def warm(self, state: str) -> Warm:
        return _warm(self._run(state, "retrieve", str(self.place.questions)))

    def cold(self, state: str, question: str) -> Cold:
        """The command as a person calls it; the verdict is kept, so that a run of abstentions would show."""
        command = [str(Path(sys.executable).with_name("fractional")), "ask", question, "--writer", "quote", "--json"]
        done = run(command, self._environment(state))
        return Cold(str(json.loads(done.output)["verdict"]), done)

    def _run(self, state: str, *task: str) -> Run:
        return run([sys.executable, "-m", "benchmarks.fractional_side", *task], self._environment(state))

    def _environment(self, state: str) -> dict[str, str]:
        """Its own home and documents; the models stay where the set-up made them."""
        home = self.place.states / "fractional" / state
        documents = home / "corpus"
        documents.mkdir(parents=True, exist_ok=True)
        without = {
            name: value
            for name, value in self.place.environment.items()
            if name not in ("FRACTIONAL_EMBEDDER", "FRACTIONAL_WRITER")
        }
        return {**without, **OFFLINE, "FRACTIONAL_HOME": str(home / "home"), "FRACTIONAL_CORPUS": str(documents)}


@dataclass(frozen=True)
class Starter:
    place: Place
    size: int

    @property
    def name(self) -> str:
        return f"starter, chunks of {self.size:,}"

    def ingest(self, state: str) -> Ingest:
        return _ingest(self._run("ingest", self._state(state), str(self.place.files), str(self.size)))

    def upsert(self, state: str) -> Ingest:
        return _ingest(self._run("upsert", self._state(state), str(self.place.files), str(self.size)))

    def count(self) -> Count:
        return Count(**_said(self._run("count", str(self.place.files), str(self.size))))

    def warm(self, state: str) -> Warm:
        return _warm(self._run("retrieve", self._state(state), str(self.place.questions)))

    def cold(self, state: str, question: str) -> Cold:
        done = self._run("ask", self._state(state), question)
        return Cold("passages" if done.output.strip() else "nothing", done)

    def _run(self, *task: str) -> Run:
        return run([sys.executable, "-m", "benchmarks.starter_side", *task], {**self.place.environment, **OFFLINE})

    def _state(self, state: str) -> str:
        folder = self.place.states / f"starter-{self.size}" / state
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


def _said(done: Run) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return said


def _ingest(done: Run) -> Ingest:
    said = _said(done)
    return Ingest(said["seconds"], said["documents"], said["refused"], said["rows"], done)


def _warm(done: Run) -> Warm:
    said = _said(done)
    return Warm(tuple(said["retrieve_ms"]), tuple(said["embed_ms"]), done)
