"""One night: a run of the cases within a budget, the gate, the report, and word of it; whatever was left unfinished is gone on with first.

Knows nothing about asking and scoring, which come as functions. The publishing of articles is nobody's business here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from corpus.errors import Busy, CasesError, FractionalError, UsageError, home_errors
from evals.baseline import measured, read_baseline
from evals.gate import ALLOWED_LOSS, VERDICT, Verdict, judge_run
from evals.report import gather
from evals.report_files import write_report
from evals.store import RunRecord, RunStore
from evals.whole_files import write_json

log = logging.getLogger(__name__)

LOCK, LATEST, REPORT = "nightly.lock", "latest.json", "report"
WEBHOOK_SECONDS = 10.0
PASSED, FAILED, NOT_PASSED = 0, 1, 4

Enough = Callable[[float], bool]
Post = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Wanted:
    """What a night asks."""

    writer: str
    ids: tuple[str, ...]

    def is_what(self, record: RunRecord) -> bool:
        return (record.writer, record.cases.ids, record.tags, record.held) == (self.writer, self.ids, (), False)


@dataclass(frozen=True)
class Running:
    """How a run is made; both come from whoever can ask and score."""

    begin: Callable[[], RunRecord]
    go_on: Callable[[str, Enough], RunRecord]


@dataclass(frozen=True)
class Budget:
    """No case is begun after so many minutes, or once so much money is spent; none is no limit."""

    minutes: float | None = None
    money: float | None = None

    def watch(self, clock: Callable[[], float] = time.monotonic) -> Enough:
        began, asking = clock(), False

        def enough(money: float) -> bool:
            nonlocal asking
            late = self.minutes is not None and clock() - began >= 60 * self.minutes
            if late and not asking:  # a run without a case would be complete, and say nothing
                raise FractionalError(
                    f"The {self.minutes:g} minutes were over before the first case: opening the library and checking the judge took as "
                    "long. Give it more; the next call goes on from here."
                )
            asking = True
            return late or (self.money is not None and money >= self.money)

        return enough


@dataclass(frozen=True)
class Night:
    """What became of it; also what is kept as `latest.json` and what the webhook is told."""

    exit_code: int
    verdict: str  # passed, not passed, no baseline, failed
    run: str
    resumed: bool
    left_out: tuple[str, ...]
    metrics: dict[str, Any]
    gate: dict[str, Any] | None
    report: dict[str, str]
    notes: tuple[str, ...]
    error: str
    at: str


def nightly(
    home: Path,
    wanted: Wanted,
    running: Running,
    budget: Budget,
    baseline: Path,
    *,
    keep: int,
    webhook: str = "",
    post: Post | None = None,
) -> Night:
    """A whole night. What fails is kept and told as well, before it is raised."""
    if webhook and not _is_web_address(webhook):
        raise UsageError("The webhook is no address on the web. Give one that begins with https:// or http://.")
    with alone(home):
        try:
            night = _run_and_judge(home, wanted, running, budget, baseline, keep)
        except FractionalError as error:
            _tell(home, _failed(str(error)), webhook, post)
            raise
        except Exception as error:
            _tell(home, _failed(f"{type(error).__name__}; the log has all of it"), webhook, post)
            raise
        return _tell(home, night, webhook, post)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One night at a time; the lock goes with its process, however that ends."""
    path = home / "evals" / LOCK
    with home_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        try:
            lock.acquire()
        except Timeout as exc:
            raise Busy("Another nightly run is at work on this home. Wait for it to finish.") from exc
    try:
        yield
    finally:
        lock.release()


def _run_and_judge(home: Path, wanted: Wanted, running: Running, budget: Budget, baseline: Path, keep: int) -> Night:
    store, enough = RunStore(home), budget.watch()
    record, why_anew = _resumed(store, wanted, running, enough)
    resumed, notes = record is not None, list(why_anew)
    if record is None:
        record = running.go_on(running.begin().run, enough)
    if record.left_out:
        notes.append(f"{len(record.left_out)} of {record.cases.n} cases were left out")
    gate, verdict, exit_code = None, "no baseline", PASSED
    if baseline.is_file():
        judged = held_to(store, record, baseline)
        gate = asdict(judged)
        verdict, exit_code = ("passed", PASSED) if judged.passed else ("not passed", NOT_PASSED)
    else:
        notes.append('there is no baseline to compare with; fractional eval baseline --approve "YOUR NAME" makes one')
    files = write_report(gather(store, record), store.place(record.run) / REPORT)
    store.rotate(keep)
    return Night(
        exit_code=exit_code,
        verdict=verdict,
        run=record.run,
        resumed=resumed,
        left_out=record.left_out,
        metrics={name: asdict(figure) for name, figure in record.metrics.items()},
        gate=gate,
        report=files,
        notes=tuple(notes),
        error="",
        at=_now(),
    )


def held_to(
    store: RunStore,
    record: RunRecord,
    baseline: Path,
    allowed_loss: float = ALLOWED_LOSS,
    metrics: Sequence[str] = (),
) -> Verdict:
    """What the gate says of a run; kept beside it for its report, and the page."""
    verdict = judge_run(
        measured(record, store.case_records(record.run)), read_baseline(baseline), allowed_loss, metrics
    )
    path = store.place(record.run) / VERDICT
    with home_errors(path.parent):
        write_json(path, asdict(verdict))
    return verdict


def _resumed(
    store: RunStore, wanted: Wanted, running: Running, enough: Enough
) -> tuple[RunRecord | None, Sequence[str]]:
    """The newest unfinished run that asks the same, completed; or why it can't be gone on with."""
    unfinished = [one for one in store.unfinished() if wanted.is_what(one)]
    if not unfinished:
        return None, ()
    try:
        return running.go_on(unfinished[-1].run, enough), ()
    except CasesError as changed:
        log.warning("%s", changed)
        return None, (f"begun anew: {changed}",)


def _failed(error: str) -> Night:
    return Night(FAILED, "failed", "", False, (), {}, None, {}, (), error, _now())


def _tell(home: Path, night: Night, webhook: str, post: Post | None) -> Night:
    """By file and by webhook. A webhook that fails is said and changes nothing about the night."""
    if webhook:
        try:
            (post or post_json)(webhook, asdict(night))
        except Exception as error:  # its words may hold the address, and that may hold a key
            log.warning("The webhook could not be told (%s).", type(error).__name__)
            told = f"the webhook could not be told ({type(error).__name__})"
            night = replace(night, notes=(*night.notes, told))
    latest = home / "evals" / LATEST
    with home_errors(latest.parent):
        write_json(latest, asdict(night))
    return night


def post_json(address: str, told: dict[str, Any]) -> None:
    import httpx

    httpx.post(address, json=told, timeout=WEBHOOK_SECONDS).raise_for_status()


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
