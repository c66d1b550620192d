"""Runs outlive the process that made them: what is finished stays, what is half is none, and complete is what says so."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.errors import Busy, NotFound, RecordError
from evals.store import CASES, COMPLETE, Figure, RunStore, Score, new_run
from tests.evals.runs import case_record, record


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def test_what_is_kept_is_read_as_it_was(store: RunStore) -> None:
    begun = record(tags=("multi",), sample=2)
    store.begin(begun)
    case = case_record(
        "cost", facts=Score(0.5, judge="second opinion 1"), faithfulness=Score(failure="it failed (OSError)")
    )
    store.append(begun.run, case)
    assert store.read(begun.run) == begun
    [read] = store.case_records(begun.run)
    assert read.scores == case.scores
    assert json.dumps(read.answer) == json.dumps(case.answer)
    whole = record(
        ended="later", metrics={"facts": Figure(0.5, 1.0, 0, 1, 0.1, 0.9)}, by_type={"single": {}}, left_out=("term",)
    )
    store.finish(whole)
    assert store.read(begun.run) == whole


def test_its_file_of_the_whole_is_what_makes_a_run_complete(store: RunStore) -> None:
    """A killed run must never stand in a trend, however many cases it finished."""
    store.begin(record())
    store.append(record().run, case_record("cost"))
    assert [one.run for one in store.unfinished()] == [record().run]
    assert store.completed() == []
    store.finish(record(ended="later"))
    assert [one.run for one in store.completed()] == [record().run]
    assert store.unfinished() == []


@pytest.mark.parametrize("half", ['{"case": "te', '{"case": "term"}', "\x00\x00"])
def test_what_a_killed_run_left_of_a_line_is_no_case(store: RunStore, half: str) -> None:
    """The next case was appended to it, and both were lost."""
    store.begin(record())
    store.append(record().run, case_record("cost"))
    with (store.place(record().run) / CASES).open("a") as file:
        file.write(half)
    assert [one.case for one in store.case_records(record().run)] == ["cost"]
    with store.resume(record().run) as finished:
        assert [one.case for one in finished] == ["cost"]
        store.append(record().run, case_record("team"))
    assert [one.case for one in store.case_records(record().run)] == ["cost", "team"]


def test_a_damaged_line_is_told_with_its_place(store: RunStore) -> None:
    store.begin(record())
    (store.place(record().run) / CASES).write_text("not JSON\n")
    with pytest.raises(RecordError, match=f"{CASES}:1: can't be read"):
        store.case_records(record().run)


def test_two_can_not_go_on_with_one_run(store: RunStore) -> None:
    store.begin(record())
    with store.resume(record().run), pytest.raises(Busy), RunStore(store.folder.parent.parent).resume(record().run):
        pass
    with store.resume(record().run):
        pass


def test_what_a_later_version_wrote_besides_is_passed_over(store: RunStore) -> None:
    store.begin(record())
    store.finish(record(ended="later"))
    path = store.place(record().run) / COMPLETE
    path.write_text(json.dumps({**json.loads(path.read_text()), "weather": "fine"}))
    assert store.read(record().run).ended == "later"


def test_the_oldest_go_first(store: RunStore) -> None:
    now = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
    runs = [new_run(now + timedelta(seconds=n)) for n in range(4)]
    for run in reversed(runs):
        store.begin(record(run))
    assert [one.run for one in store.list()] == runs
    assert list(store.rotate(keep=2)) == runs[:2]
    assert [one.run for one in store.list()] == runs[2:]


def test_a_run_is_named_by_its_time() -> None:
    noon_in_tokyo = datetime.fromisoformat("2026-11-21T12:12:00+09:00")
    assert re.fullmatch(r"20261121T031200Z-[0-9a-f]{4}", new_run(noon_in_tokyo))


@pytest.mark.parametrize("run", ["none", "../../outside", ""])
def test_a_run_that_is_not_there_is_told(store: RunStore, run: str) -> None:
    with pytest.raises(NotFound):
        store.read(run)
