"""Runs of the golden cases as they are kept in the home: what was asked, what came, what was scored. Knows nothing about asking or scoring.

`runs/RUN/` holds `begun.json`, written first; `cases.jsonl`, a line as each case is finished; `run.json`, written last, so that its
existence means that the run completed. Files of others (a gate's verdict, a report) may stand beside them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from corpus.errors import Busy, NotFound, RecordError, home_errors
from evals.whole_files import write_json

BEGUN, CASES, COMPLETE, LOCK = "begun.json", "cases.jsonl", "run.json", "lock"

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Score:
    """What a metric says of a case. Neither score nor failure: it does not apply."""

    score: float | None = None
    failure: str | None = None
    judge: str | None = None

    @property
    def applies(self) -> bool:
        return self.score is not None or self.failure is not None


@dataclass(frozen=True)
class Figure:
    """A metric over the cases it applies to: `score` rests on `n` of them, `failures` could not be judged; low and high hold 95 %."""

    score: float | None
    coverage: float | None
    failures: int
    n: int
    low: float | None
    high: float | None
    by_construction: bool = False  # true of every such writer, so that it is no merit of this run


@dataclass(frozen=True)
class CaseRecord:
    """One finished case."""

    case: str
    type: str
    question: str
    history: tuple[str, ...]
    held: bool
    answer: Mapping[str, Any]  # as `Answer.as_json` gives it; `rag.answers.answer_from` reads it
    passages: tuple[str, ...]  # the documents of the first passages, in order
    draft: Mapping[str, Any]  # sentences: text, quotes, shown, reason
    scores: Mapping[str, Score]
    seconds: float
    tokens: Mapping[str, int]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class CasesAsked:
    """Which cases a run is about, and the hash of all they say."""

    sha256: str
    n: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Judge:
    name: str
    version: str


@dataclass(frozen=True)
class RunRecord:
    """A run: what it was begun with, and what came of it once it is complete."""

    run: str
    began: str
    commit: str
    dirty: bool
    snapshot: int
    index: str  # the fingerprint of the index that was asked
    writer: str
    model: str
    judge: Judge
    scorers: Mapping[str, str]  # the version of each metric
    cases: CasesAsked
    code: str = ""  # the hash of all that answers and scores, since a working tree may differ from its commit
    held: bool = False
    tags: tuple[str, ...] = ()  # types or tags that were asked for; none is all
    sample: int = 0
    seed: int = 0
    ended: str = ""
    metrics: Mapping[str, Figure] = field(default_factory=dict)
    by_type: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    judge_check: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()  # cases that could not be asked
    stepped_down: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return bool(self.ended)


def new_run(now: datetime) -> str:
    """A name that sorts by time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


class RunStore:
    """The runs of one home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "evals" / "runs"

    def begin(self, record: RunRecord) -> None:
        with home_errors(self.folder):
            self.place(record.run).mkdir(parents=True)
            self._put(record, BEGUN)

    def append(self, run: str, case: CaseRecord) -> None:
        """On disk before it returns, so that what is finished is never asked again."""
        with home_errors(self.folder), (self.place(run) / CASES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(case), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def finish(self, record: RunRecord) -> None:
        with home_errors(self.folder):
            self._put(record, COMPLETE)

    def read(self, run: str) -> RunRecord:
        """The run, complete or only begun."""
        place = self.place(run)
        path = next((place / name for name in (COMPLETE, BEGUN) if (place / name).is_file()), None)
        if path is None:
            raise NotFound(
                f"There is no run `{run}` in {self.folder}. `fractional eval report` lists the runs there are."
            )
        return _read(path)

    def case_records(self, run: str) -> Sequence[CaseRecord]:
        """The finished cases, in the order they were finished; what a killed run left of a line is none."""
        path = self.place(run) / CASES
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        return [_case(path, number, line) for number, line in enumerate(lines, start=1) if line.endswith(b"\n")]

    def list(self) -> Sequence[RunRecord]:
        """All runs, the oldest first."""
        return [self.read(run) for run in self._names()]

    def completed(self) -> Sequence[RunRecord]:
        return [record for record in self.list() if record.complete]

    def unfinished(self) -> Sequence[RunRecord]:
        return [record for record in self.list() if not record.complete]

    @contextmanager
    def resume(self, run: str) -> Iterator[Sequence[CaseRecord]]:
        """What is finished of a run, for whoever goes on with it; nobody else can meanwhile."""
        self.read(run)
        lock = FileLock(self.place(run) / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as exc:
            raise Busy(f"Another process is at work on run {run}. Wait for it to finish.") from exc
        try:
            with home_errors(self.folder):
                self._drop_half_a_line(run)
            yield self.case_records(run)
        finally:
            lock.release()

    def rotate(self, keep: int) -> Sequence[str]:
        """Remove all but the newest runs; which ones went."""
        gone = self._names()[:-keep] if keep else []
        for run in gone:
            shutil.rmtree(self.place(run))
        return gone

    def place(self, run: str) -> Path:
        return self.folder / Path(run).name

    def _names(self) -> Sequence[str]:
        return sorted(path.parent.name for path in self.folder.glob(f"*/{BEGUN}"))

    def _drop_half_a_line(self, run: str) -> None:
        path = self.place(run) / CASES
        if path.is_file() and not (written := path.read_bytes()).endswith(b"\n"):
            os.truncate(path, written.rfind(b"\n") + 1)

    def _put(self, record: RunRecord, name: str) -> None:
        write_json(self.place(record.run) / name, asdict(record))


def _read(path: Path) -> RunRecord:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        record = _known(RunRecord, told)
        return replace(
            record,
            judge=_known(Judge, told["judge"]),
            cases=replace(_known(CasesAsked, told["cases"]), ids=tuple(told["cases"]["ids"])),
            tags=tuple(record.tags),
            left_out=tuple(record.left_out),
            metrics=_figures(record.metrics),
            by_type={type: _figures(figures) for type, figures in record.by_type.items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RecordError(f"{path} can't be read ({type(exc).__name__}: {exc}). Move its folder aside.") from exc


def _case(path: Path, number: int, line: bytes) -> CaseRecord:
    try:
        record = _known(CaseRecord, json.loads(line))
        return replace(
            record,
            history=tuple(record.history),
            passages=tuple(record.passages),
            tags=tuple(record.tags),
            scores={name: _known(Score, score) for name, score in record.scores.items()},  # type: ignore[arg-type]
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise RecordError(
            f"{path}:{number}: can't be read ({type(exc).__name__}: {exc}). Move its folder aside."
        ) from exc


def _figures(told: Mapping[str, Any]) -> dict[str, Figure]:
    return {name: _known(Figure, figure) for name, figure in told.items()}


def _known(kind: type[Kept], told: Mapping[str, Any]) -> Kept:
    """What this version knows of; a later one may have written more."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in told.items() if name in known})
