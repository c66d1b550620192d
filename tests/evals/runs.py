"""Kept runs for tests: a record, its cases, and a scoring that needs neither Ragas nor a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evals.cases import Case
from evals.metrics.asked import Asked
from evals.store import CaseRecord, CasesAsked, Judge, RunRecord, Score
from rag.answers import ABSTAINED, ANSWERED, Answer
from tests import asking
from tests.evals.judges import SupportJudge

CASES = (
    Case("cost", "single", asking.COST_QUESTION, (), (ANSWERED,), ("field-notes-costs",), ("6,000 and 12,000",), (), False),
    Case("term", "single", asking.TERM_QUESTION, (), (ANSWERED,), ("field-notes-costs",), ("six to twelve",), (), False),
    Case("team", "multi", "Should a company build one central AI team?", (), (ANSWERED,), ("central-team",), (), (), False),
    Case("then", "follow_up", "And how long does it last?", (asking.COST_QUESTION,), (ANSWERED,), ("field-notes-costs",), (), (), False),
    Case("nobody", "unanswerable", "Who wins the football cup?", (), (ABSTAINED,), (), (), (), False),
)  # fmt: skip


class PlainScoring:
    """Scores the checks alone."""

    metrics: Sequence[Any] = ()
    judge = SupportJudge()

    def __init__(self, version: str = "1") -> None:
        self.versions = {"checks": version}

    def scores_of(self, asked: Asked) -> Mapping[str, Score]:
        return {name: Score(None if held is None else float(held)) for name, held in asked.checks.items()}


def record(run: str = "20261121T031200Z-abcd", **changes: Any) -> RunRecord:
    ids = ("cost", "term")
    made = RunRecord(
        run, "2026-11-21T03:12:00+00:00", "c0ffee", False, 7, "bag-of-words", "quote", "quote", Judge("support", "1"),
        {"facts": "1"}, CasesAsked("0" * 64, len(ids), ids),
    )  # fmt: skip
    return replace(made, **changes)


def case_record(id: str, **scores: Score) -> CaseRecord:
    answer = Answer("?", "?", ANSWERED, "So it is.", timings_ms={"total": 40.0}).as_json()
    return CaseRecord(id, "single", "?", (), False, answer, ("a",), {"sentences": []}, scores, 0.04, {})
