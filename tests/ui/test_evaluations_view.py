"""The parts of the evaluations page: held cases stay unseen, and a list tells what each run was."""

from __future__ import annotations

from pathlib import Path

from evals.report import gather
from evals.store import RunStore
from tests.evals.kept_runs import keep_run
from ui.evaluations import view


def test_a_changed_case_shows_both_answers(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    keep_run(store, facts=[1, 1], answers=["Six months. [1]"] * 2)
    run = keep_run(store, facts=[0, 1], answers=["It depends. [1]", "Six months. [1]"])
    report = gather(store, run)
    assert "Six months." in view.one_case_html(report, "case-000")
    assert view.one_case_html(report, "case-001").count("Six months.") == 1


def test_the_list_tells_verdicts_and_what_is_not_finished(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    runs = [keep_run(store, facts=[1]) for _ in range(3)]
    words = view.runs_html(runs, {runs[0].run: {"passed": True}, runs[1].run: {"passed": False}}, unfinished=1)
    assert [words.count(f"<td>{one}</td>") for one in ("passed", "not passed", "not compared")] == [1, 1, 1]
    assert "One run is not finished" in words
