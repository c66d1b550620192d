"""A night: it goes on where one was killed, keeps to its budget, holds to the baseline, and tells how it went, whatever happened."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import Busy, CasesError, FractionalError, UsageError, WriterError
from corpus.settings import CHECKOUT
from evals.baseline import approve, measured, write_baseline
from evals.nightly import Budget, Enough, Night, Running, Wanted, alone, nightly
from evals.store import RunRecord, RunStore
from tests.evals.kept_runs import Column, case_record, completed, keep_run

N = 60
RIGHT: dict[str, Column] = {"facts": [1] * N, "verdict": [1] * N}


@dataclass
class Nights:
    """One home, and runs made of columns of scores instead of by asking."""

    home: Path
    columns: dict[str, Column] = field(default_factory=lambda: dict(RIGHT))
    asked: list[str] = field(default_factory=list)
    before_each: Callable[[int], None] = lambda number: None
    price: float = 0.0

    @property
    def store(self) -> RunStore:
        return RunStore(self.home)

    @property
    def baseline(self) -> Path:
        return self.home / "baseline.json"

    @property
    def latest(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.home / "evals" / "latest.json").read_text())
        return told

    def wanted(self) -> Wanted:
        return Wanted("quote", tuple(f"case-{number:03}" for number in range(N)))

    def begin(self) -> RunRecord:
        return keep_run(self.store, complete=False, **{name: [None] * N for name in self.columns})

    def go_on(self, run: str, enough: Enough) -> RunRecord:
        with self.store.resume(run) as finished:
            cases = list(finished)
            for number in range(len(cases), N):
                if enough(self.price * len(cases)):
                    break
                self.before_each(number)
                cases.append(case_record(number, self.columns, (), False))
                self.asked.append(cases[-1].case)
                self.store.append(run, cases[-1])
            done = completed(self.store.read(run), cases, self.columns)
            self.store.finish(done)
        return done

    def approve(self) -> None:
        run = keep_run(self.store, **RIGHT)
        who = "Example Operator"
        write_baseline(approve(measured(run, self.store.case_records(run.run)), who, datetime.now(UTC)), self.baseline)

    def night(self, budget: Budget | None = None, keep: int = 60, **how: Any) -> Night:
        running = Running(self.begin, self.go_on)
        return nightly(self.home, self.wanted(), running, budget or Budget(), self.baseline, keep=keep, **how)


class Empty(Nights):
    """The run begun holds no case yet."""

    def begin(self) -> RunRecord:
        record = super().begin()
        (self.store.place(record.run) / "cases.jsonl").unlink()
        return record


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setattr("evals.store.os.fsync", lambda _: None)
    return Empty(tmp_path)


def test_a_night_leaves_a_run_a_report_and_word_of_it(nights: Nights) -> None:
    nights.approve()
    night = nights.night()
    assert (night.exit_code, night.verdict, night.left_out) == (0, "passed", ())
    assert nights.latest["run"] == night.run and nights.latest["gate"]["passed"]
    assert {Path(file).name for file in night.report.values()} == {"report.html", "junit.xml", "summary.md"}
    assert "The gate passed" in Path(night.report["report.html"]).read_text()
    assert nights.store.read(night.run).complete


def test_worse_answers_end_the_night_with_four(nights: Nights) -> None:
    nights.approve()
    nights.columns["facts"] = [0] * 12 + [1] * (N - 12)
    night = nights.night()
    assert (night.exit_code, night.verdict) == (4, "not passed") and nights.latest["exit_code"] == 4


def test_without_a_baseline_the_night_passes_and_says_what_is_missing(nights: Nights) -> None:
    night = nights.night()
    assert (night.exit_code, night.verdict) == (0, "no baseline") and "--approve" in night.notes[0]


def test_an_unfinished_run_is_gone_on_with(nights: Nights) -> None:
    """A night killed after an hour asked everything again, and never got to the end of a long set."""
    nights.before_each = lambda number: _stop_at(number, 20)
    with pytest.raises(KeyboardInterrupt):
        nights.night()
    assert len(nights.asked) == 20
    nights.before_each = lambda number: None
    night = nights.night()
    assert night.resumed and nights.asked == list(nights.wanted().ids)
    assert len(nights.store.list()) == 1 and not nights.night().resumed


def _stop_at(number: int, last: int) -> None:
    if number == last:
        raise KeyboardInterrupt


def test_a_run_that_asks_something_else_is_left_alone(nights: Nights) -> None:
    keep_run(nights.store, complete=False, facts=[1] * N, fields={"writer": "local"})
    keep_run(nights.store, complete=False, facts=[1] * N, fields={"held": True})
    assert not nights.night().resumed


def test_where_conditions_changed_the_night_begins_anew_and_says_so(nights: Nights) -> None:
    """Half a run of yesterday's code and half of today's is a figure of neither."""
    old = nights.begin().run
    go_on = nights.go_on

    def refusing(run: str, enough: Enough) -> RunRecord:
        if run == old:
            raise CasesError(f"Run {run} can't go on: the code changed since it was begun.")
        return go_on(run, enough)

    nights.go_on = refusing  # type: ignore[method-assign]
    night = nights.night()
    assert night.run != old and not night.resumed and "the code changed" in night.notes[0]


def test_a_spent_budget_leaves_cases_out_and_says_so(nights: Nights) -> None:
    nights.approve()
    nights.price = 0.01
    night = nights.night(Budget(money=0.45))
    assert len(night.left_out) == N - 45 and f"{N - 45} of {N} cases were left out" in night.notes
    assert night.gate and night.gate["only_in_baseline"] == N - 45 and night.verdict == "passed"


def test_time_is_a_budget_too() -> None:
    now = 0.0
    enough = Budget(minutes=2).watch(lambda: now)
    assert not enough(99)
    now = 119
    assert not enough(0)
    now = 120
    assert enough(0)
    assert not Budget().watch()(10**9)


def test_a_night_too_short_for_one_case_fails_and_the_next_goes_on(nights: Nights) -> None:
    """Checking the judge took the whole budget; a complete run without a single case was left, and the night passed."""
    with pytest.raises(FractionalError, match="before the first case"):
        nights.night(Budget(minutes=1e-9))
    assert nights.latest["exit_code"] == 1 and not nights.store.completed()
    assert nights.night().resumed


def test_a_second_night_at_the_same_time_is_refused(nights: Nights) -> None:
    with alone(nights.home), pytest.raises(Busy, match="at work"):
        nights.night()
    assert nights.night().exit_code == 0


def test_old_runs_go(nights: Nights) -> None:
    for _ in range(4):
        nights.night(keep=3)
    assert len(nights.store.list()) == 3 and nights.latest["run"] == nights.store.list()[-1].run


def test_what_fails_is_told_before_it_is_raised(nights: Nights) -> None:
    """A night that failed left the word of the night before in place, and everybody slept well."""
    nights.night()
    told: list[dict[str, Any]] = []
    for error, words in (
        (WriterError("The writer rests."), "The writer rests."),
        (ZeroDivisionError("secret"), "ZeroDivisionError"),
    ):

        def fails(number: int, error: Exception = error) -> None:
            raise error

        nights.before_each = fails
        with pytest.raises(type(error)):
            nights.night(
                webhook="https://example.com/hook", post=lambda _, one: told.append(json.loads(json.dumps(one)))
            )
        assert (nights.latest["exit_code"], nights.latest["verdict"]) == (1, "failed")
        assert words in nights.latest["error"] and "secret" not in nights.latest["error"]
        assert told[-1] == nights.latest


@pytest.fixture
def hook() -> Iterator[tuple[str, list[Any]]]:
    """A server that takes what it is told, and refuses at `/no`."""
    told: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/no" else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_webhook_is_told_all_of_it_as_json(nights: Nights, hook: tuple[str, list[Any]]) -> None:
    address, told = hook
    nights.night(webhook=address)
    assert told == [nights.latest]


def test_a_webhook_that_fails_changes_nothing_but_a_note(nights: Nights, hook: tuple[str, list[Any]]) -> None:
    """Its address holds a key in some services, so neither note nor log may hold it."""
    address, _ = hook
    nights.approve()
    night = nights.night(webhook=f"{address}/no")
    assert (night.exit_code, night.verdict) == (0, "passed")
    assert any("webhook could not be told" in note for note in night.notes) and "/no" not in str(nights.latest)


@pytest.mark.parametrize("address", ["ftp://example.com", "file:///etc/passwd", "nonsense"])
def test_a_webhook_is_on_the_web(nights: Nights, address: str) -> None:
    with pytest.raises(UsageError, match="webhook"):
        nights.night(webhook=address)
    assert nights.store.list() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.evals.test_nightly import Empty
nights = Empty(Path(sys.argv[1]))
nights.before_each = lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == 7 else None
nights.night()
"""


@pytest.mark.slow
def test_a_killed_night_leaves_no_lock_and_is_gone_on_with(tmp_path: Path) -> None:
    """A lock that is a file and nothing more would have kept every later night away."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.returncode == -signal.SIGKILL
    nights = Empty(tmp_path)
    night = nights.night()
    assert night.resumed and len(nights.asked) == N - 7 and len(nights.store.list()) == 1
