"""Runs beside each other: only what can be compared is drawn as one line, and each change is told by case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.store import CasesAsked, Judge, RunStore
from evals.trend import changes_between, judge_trend, of_the_same_kind, trends, worst_cases
from tests.evals.kept_runs import keep_run


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def test_each_metric_is_a_line_over_the_runs(store: RunStore) -> None:
    for facts in ([1, 1], [1, 0]):
        keep_run(store, facts=facts)
    points = trends(store.completed())["facts"]
    assert [one.figure.score for one in points] == [1.0, 0.5] and {one.stretch for one in points} == {0}


@pytest.mark.parametrize(
    "anew",
    [{"scorers": {"facts": "2"}}, {"judge": Judge("other", "1")}, {"cases": CasesAsked("d" * 64, 2, ("a", "b"))}],
)
def test_a_line_ends_where_what_it_measures_was_made_anew(store: RunStore, anew: dict[str, object]) -> None:
    """A new version of a scorer looked like a night in which everything got better."""
    keep_run(store, facts=[1, 1])
    keep_run(store, facts=[1, 0], fields=anew)
    assert [one.stretch for one in trends(store.completed())["facts"]] == [0, 1]


def test_only_runs_of_the_same_kind_are_laid_beside_each_other(store: RunStore) -> None:
    first = keep_run(store, facts=[1])
    keep_run(store, facts=[1], fields={"writer": "local"})
    keep_run(store, facts=[1, 1, 1])
    keep_run(store, facts=[1], fields={"tags": ("follow_up",)})
    keep_run(store, facts=[1], complete=False)
    last = keep_run(store, facts=[1])
    assert [one.run for one in of_the_same_kind(store.list(), last)] == [first.run, last.run]
    assert [one.run for one in of_the_same_kind(store.list(), first)] == [first.run]


def test_the_judge_has_a_line_of_its_own(store: RunStore) -> None:
    for accuracy, n in ((0.8, 100), (None, 0)):
        sets = {"a": {"n": n, "balanced_accuracy": accuracy}, "b": {"n": 300, "balanced_accuracy": 0.6}}
        keep_run(store, facts=[1], judge_check={"sets": sets, "drifted": False, "why": ""})
    keep_run(store, facts=[1], judge_check={})
    assert [one.figure.score for one in judge_trend(store.completed())] == pytest.approx([0.65, 0.6])


def changes(store: RunStore, **columns: object):  # type: ignore[no-untyped-def]
    """From the last but one run to the last."""
    before, after = store.completed()[-2:]
    return changes_between(store.case_records(before.run), store.case_records(after.run), before.scorers, after.scorers)


def test_what_changed_is_told_by_case_the_greatest_loss_first(store: RunStore) -> None:
    keep_run(store, facts=[1, 1, 1, 0], verdict=[1, 1, 1, 1], answers=["a", "b", "c", "d"])
    keep_run(store, facts=[1, 1, 0, 1], verdict=[1, 0, 0, 1], answers=["a", "b", "new", "d"])
    told = changes(store)
    assert [one.after.case for one in told.cases] == ["case-002", "case-001", "case-003"]
    assert [one.gain for one in told.cases] == [-2, -1, 1]
    assert [one.answer_changed for one in told.cases] == [True, False, False]
    assert ([len(told.worse), len(told.better)]) == [2, 1]


def test_an_answer_in_other_words_is_a_change_though_no_score_moved(store: RunStore) -> None:
    keep_run(store, facts=[1, 1], answers=["a", "b"])
    keep_run(store, facts=[1, 1], answers=["a", "c"])
    told = changes(store)
    assert [one.after.case for one in told.cases] == ["case-001"] and not told.worse and not told.better


def test_what_could_not_be_judged_is_a_change_and_no_loss(store: RunStore) -> None:
    keep_run(store, faithfulness=[1, None])
    keep_run(store, faithfulness=["the judge broke down", 1])
    told = changes(store)
    assert [one.gain for one in told.cases] == [0, 0] and not told.worse


def test_scores_of_another_version_are_not_laid_beside_each_other(store: RunStore) -> None:
    keep_run(store, facts=[1])
    keep_run(store, facts=[0], fields={"scorers": {"facts": "2"}})
    assert changes(store).cases == ()


def test_held_cases_are_counted_and_not_told_of(store: RunStore) -> None:
    """The held third is for the gate; showing its answers would spend it."""
    keep_run(store, facts=[1, 1], held=[1])
    keep_run(store, facts=[0, 0], held=[1])
    told = changes(store)
    assert [one.after.case for one in told.cases] == ["case-000"] and told.held == 1
    assert [case.case for case in worst_cases(store.case_records(store.completed()[-1].run), 5)] == ["case-000"]


def test_cases_that_came_and_went_and_reworded_ones_are_no_changes(store: RunStore) -> None:
    keep_run(store, facts=[1, 1, 1])
    last = keep_run(store, facts=[0, 0])
    cases = [replace(case, question="Another?") for case in store.case_records(last.run)]
    before = store.completed()[0]
    told = changes_between(
        store.case_records(before.run), [replace(cases[0], case="new"), cases[1]], before.scorers, last.scorers
    )
    assert (told.cases, told.came, told.went) == ((), ("new",), ("case-000", "case-002"))


def test_the_worst_cases_come_first_and_good_ones_not_at_all(store: RunStore) -> None:
    last = keep_run(store, facts=[1, 0, 0, 1, 0.5], verdict=[1, 1, 0, 1, 1], all_cited=[1, 1, 1, 0, 1])
    worst = worst_cases(store.case_records(last.run), 3)
    assert [case.case for case in worst] == ["case-002", "case-001", "case-004"]
