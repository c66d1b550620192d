"""Whole runs for tests, kept through the store as a real one is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from evals.store import CaseRecord, CasesAsked, Figure, Judge, RunRecord, RunStore, Score

QUESTION = "What does a retainer cost"
TYPES = ("single", "multi", "unanswerable")
JUDGED = ("faithfulness", "citation_recall")
Column = Sequence[float | str | None]  # a score, why there is none, or that it does not apply


def keep_run(
    store: RunStore,
    *,
    began: datetime | None = None,
    answers: Sequence[str] = (),
    held: Sequence[int] = (),
    complete: bool = True,
    judge_check: Mapping[str, Any] | None = None,
    name: str = "",
    fields: Mapping[str, Any] | None = None,
    **columns: Column,
) -> RunRecord:
    """A run with a case for each row of these columns; later ones begin later unless told otherwise."""
    n = len(next(iter(columns.values())))
    began = began or datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=len(store.list()))
    told: dict[str, Any] = {
        "run": name or f"{began:%Y%m%dT%H%M%SZ}-abcd",
        "began": began.isoformat(),
        "commit": "abc1234",
        "dirty": False,
        "snapshot": 3,
        "index": "index-1",
        "writer": "quote",
        "model": "",
        "judge": Judge("second opinion", "3"),
        "scorers": dict.fromkeys(columns, "1"),
        "cases": CasesAsked("c" * 64, n, tuple(f"case-{number:03}" for number in range(n))),
    }
    record = RunRecord(**{**told, **(fields or {})})
    store.begin(record)
    cases = [case_record(number, columns, answers, number in held) for number in range(n)]
    for case in cases:
        store.append(record.run, case)
    if not complete:
        return record
    done = completed(record, cases, columns, judge_check)
    store.finish(done)
    return done


CHECKED = {
    "sets": {
        "people": {"n": 200, "base_rate": 0.3, "balanced_accuracy": 0.74, "f1": 0.67, "auroc": 0.78, "kappa": 0.45}
    },
    "drifted": False,
    "why": "",
}


def completed(
    record: RunRecord,
    cases: Sequence[CaseRecord],
    columns: Mapping[str, Column],
    judge_check: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The run with its figures, as it is when it ends."""
    by_type = {type: [case for case in cases if case.type == type] for type in TYPES}
    finished = {case.case for case in cases}
    return replace(
        record,
        ended=(datetime.fromisoformat(record.began) + timedelta(minutes=5)).isoformat(),
        metrics=_figures(cases, columns),
        by_type={type: _figures(some, columns) for type, some in by_type.items() if some},
        seconds={"whole": {"median": 0.7, "p95": 1.4, "n": len(cases)}},
        judge_check=CHECKED if judge_check is None else judge_check,
        left_out=tuple(id for id in record.cases.ids if id not in finished),
    )


def case_record(number: int, columns: Mapping[str, Column], answers: Sequence[str], held: bool) -> CaseRecord:
    words = answers[number] if number < len(answers) else "A retainer costs a fee. [1]"
    question = f"{QUESTION}, {number}?"
    return CaseRecord(
        case=f"case-{number:03}",
        type=TYPES[number % len(TYPES)],
        question=question,
        history=(),
        held=held,
        answer={
            "question": question,
            "standalone_question": question,
            "verdict": "answered",
            "answer": words,
            "sentences": [{"text": words, "citations": [1], "support": 1.0, "verbatim": True}],
            "removed": [],
            "citations": [
                {
                    "n": 1, "document": "example", "title": "What it costs", "source": "Example Ltd", "author": "Example Author",
                    "url": "", "published": "", "voice": "practitioner", "heading": "Costs", "quote": "A retainer costs a fee.",
                    "start": 0, "end": 23, "sells_this": False,
                }
            ],
            "perspectives": [],
            "nearest": [],
            "snapshot": 3,
            "writer": "quote",
            "stepped_down": [],
            "timings_ms": {"total": 700.0},
            "tokens": {},
            "notes": [],
        },
        passages=("example",),
        draft={"sentences": [{"text": words, "shown": True, "reason": ""}]},
        scores={metric: _score(metric, column[number]) for metric, column in columns.items()},
        seconds=0.7,
        tokens={},
    )  # fmt: skip


def _score(metric: str, told: float | str | None) -> Score:
    judge = "second opinion 3" if metric in JUDGED and told is not None else None
    return Score(failure=told, judge=judge) if isinstance(told, str) else Score(told, judge=judge)


def _figures(cases: Sequence[CaseRecord], columns: Mapping[str, Column]) -> dict[str, Figure]:
    figures = {}
    for metric in columns:
        scores = [case.scores[metric] for case in cases if case.scores[metric].applies]
        known = [one.score for one in scores if one.score is not None]
        mean = sum(known) / len(known) if known else None
        half = 1.96 * math.sqrt(max(mean * (1 - mean), 0.01) / len(known)) if mean is not None else 0
        figures[metric] = Figure(
            score=mean,
            coverage=len(known) / len(scores) if scores else None,
            failures=len(scores) - len(known),
            n=len(known),
            low=None if mean is None else max(0.0, mean - half),
            high=None if mean is None else min(1.0, mean + half),
        )
    return figures
