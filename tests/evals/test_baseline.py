"""The baseline: what is kept of an approved run comes back as it was, and no words of questions or answers are in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.errors import CasesError, NotFound
from evals.baseline import approve, measured, read_baseline, write_baseline
from evals.metrics.judge import BY_CONSTRUCTION
from evals.store import RunStore, Score
from tests.evals.kept_runs import QUESTION, keep_run

WHEN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def test_it_comes_back_as_it_was_approved(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = keep_run(store, facts=[1, 0, None, 1], faithfulness=[0.66666, None, 1, "the judge broke down"])
    approved = approve(measured(run, store.case_records(run.run)), "Example Operator", WHEN)
    write_baseline(approved, tmp_path / "baseline.json")
    kept = read_baseline(tmp_path / "baseline.json")
    assert (kept.approval.by, kept.approval.at) == ("Example Operator", "2026-03-04T05:06:00+00:00")
    assert kept.metrics == {"facts": 0.6667, "faithfulness": 0.8333}
    assert {id: dict(case.scores) for id, case in kept.measured.cases.items()} == {
        "case-000": {"facts": 1, "faithfulness": 0.6667},
        "case-001": {"facts": 0},
        "case-002": {"faithfulness": 1},
        "case-003": {"facts": 1},
    }
    assert kept.measured.judges == {"faithfulness": "second opinion 3"} and kept.measured.commit == run.commit
    assert {id: case.asked for id, case in kept.measured.cases.items()} == {
        id: case.asked for id, case in approved.measured.cases.items()
    }


def test_a_diff_shows_which_cases_moved_and_no_words_of_theirs(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    files = []
    for number, facts in enumerate(([1, 0, 1], [1, 1, 1])):
        run = keep_run(store, facts=facts)
        files.append(tmp_path / f"{number}.json")
        write_baseline(approve(measured(run, store.case_records(run.run)), "Example Operator", WHEN), files[-1])
    before, after = (file.read_text().splitlines() for file in files)
    moved = [one for one, other in zip(before, after, strict=True) if one != other and '"case-' in one]
    assert len(moved) == 1 and '"case-001"' in moved[0]
    assert QUESTION not in files[0].read_text()


def test_a_reworded_question_is_another_case(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = keep_run(store, facts=[1])
    (case,) = store.case_records(run.run)
    asked = [
        measured(run, [one]).cases["case-000"].asked
        for one in (case, replace(case, question="Another?"), replace(case, history=("Before?",)))
    ]
    assert len(set(asked)) == 3


def test_what_is_so_by_construction_has_no_judge(tmp_path: Path) -> None:
    """A drifted judge would otherwise block what nobody judged, and one prose sentence would make two runs incomparable."""
    store = RunStore(tmp_path)
    run = keep_run(store, faithfulness=[1])
    (case,) = store.case_records(run.run)
    verbatim = replace(case, scores={"faithfulness": Score(1.0, judge=BY_CONSTRUCTION)})
    assert measured(run, [verbatim]).judges == {}
    assert measured(run, [verbatim, replace(case, case="other")]).judges == {"faithfulness": "second opinion 3"}


def test_a_drifted_judge_is_known_with_its_reason(tmp_path: Path) -> None:
    run = keep_run(RunStore(tmp_path), facts=[1], judge_check={"sets": {}, "drifted": True, "why": "0.61 after 0.74"})
    assert measured(run, []).drifted == "0.61 after 0.74"


def test_without_a_baseline_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--approve"):
        read_baseline(tmp_path / "baseline.json")


@pytest.mark.parametrize("words", ["", "[]", "{}", '{"cases": 3}', '{"approved": {}, "cases": {"a": {}}}'])
def test_a_damaged_file_is_named(words: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(words)
    with pytest.raises(CasesError, match=r"baseline\.json is no baseline"):
        read_baseline(path)
