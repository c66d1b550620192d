"""What a run scored case by case, as runs are compared by it; and the run that a person has approved as the baseline, kept in git.

Knows nothing about how two of them are compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from corpus.errors import CasesError, NotFound, home_errors
from evals.metrics.judge import BY_CONSTRUCTION
from evals.store import CaseRecord, RunRecord
from evals.whole_files import write_whole

BASELINE = Path(__file__).parent / "baseline.json"
# Scores are shares of a few sentences; more digits would only make the file longer.
DIGITS = 4


@dataclass(frozen=True)
class CaseScores:
    """A case in short: what was asked, so that a reworded one is known for another, and what it scored."""

    asked: str
    scores: Mapping[str, float]
    failed: frozenset[str] = frozenset()
    held: bool = False


@dataclass(frozen=True)
class Measured:
    """A run as the gate sees it."""

    run: str
    commit: str
    writer: str
    model: str
    index: str
    cases_sha256: str
    scorers: Mapping[str, str]
    judges: Mapping[str, str]  # of the metrics that a judge scores
    cases: Mapping[str, CaseScores]
    drifted: str = ""  # what is wrong with the judge


@dataclass(frozen=True)
class Approval:
    """Who took a run for the baseline, and when."""

    by: str
    at: str


@dataclass(frozen=True)
class Baseline:
    approval: Approval
    measured: Measured
    metrics: Mapping[str, float] = field(default_factory=dict)


def measured(record: RunRecord, cases: Iterable[CaseRecord]) -> Measured:
    """A run in short."""
    kept = list(cases)
    judges: dict[str, set[str]] = {}
    for case in kept:
        for name, score in case.scores.items():
            if score.judge and score.judge != BY_CONSTRUCTION:
                judges.setdefault(name, set()).add(score.judge)
    check = record.judge_check
    return Measured(
        run=record.run,
        commit=record.commit,
        writer=record.writer,
        model=record.model,
        index=record.index,
        cases_sha256=record.cases.sha256,
        scorers=dict(record.scorers),
        judges={name: ", ".join(sorted(used)) for name, used in judges.items()},
        cases={
            case.case: CaseScores(
                asked=_asked(case.question, case.history),
                scores={name: one.score for name, one in case.scores.items() if one.score is not None},
                failed=frozenset(name for name, one in case.scores.items() if one.failure),
                held=case.held,
            )
            for case in kept
        },
        drifted=str(check.get("why") or "its judge has drifted") if check.get("drifted") else "",
    )


def _asked(question: str, history: Sequence[str]) -> str:
    return hashlib.sha256("\n".join((*history, question)).encode()).hexdigest()[:8]


def approve(run: Measured, who: str, at: datetime) -> Baseline:
    """A person's word that these scores are what others are held to."""
    names = dict.fromkeys(name for case in run.cases.values() for name in case.scores)
    means = {name: _mean(case.scores[name] for case in run.cases.values() if name in case.scores) for name in names}
    return Baseline(Approval(who, at.isoformat(timespec="seconds")), run, means)


def _mean(scores: Iterable[float]) -> float:
    known = list(scores)
    return round(sum(known) / len(known), DIGITS)


def write_baseline(baseline: Baseline, path: Path) -> None:
    """A line for each case, so that a diff shows which ones moved. No question and no answer stands in it."""
    run = baseline.measured
    head = {
        "approved": {"by": baseline.approval.by, "at": baseline.approval.at},
        "run": run.run,
        "commit": run.commit,
        "writer": run.writer,
        "model": run.model,
        "index": run.index,
        "cases_sha256": run.cases_sha256,
        "scorers": run.scorers,
        "judges": run.judges,
        "metrics": baseline.metrics,
    }
    rows = [
        f" {json.dumps(id)}: {json.dumps({'asked': case.asked, **{name: round(score, DIGITS) for name, score in sorted(case.scores.items())}})}"
        for id, case in sorted(run.cases.items())
    ]
    words = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "cases": {\n'
    with home_errors(path.parent):
        write_whole(path, words + ",\n".join(rows) + "\n }\n}\n")


def read_baseline(path: Path) -> Baseline:
    """The approved scores; a file that is not one is named."""
    if not path.is_file():
        raise NotFound(
            f'There is no baseline at {path}. Look at a run and approve it: fractional eval baseline --approve "YOUR NAME".'
        )
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        cases = {
            id: CaseScores(row["asked"], {name: float(score) for name, score in row.items() if name != "asked"})
            for id, row in told["cases"].items()
        }
        run = Measured(
            run=told["run"],
            commit=told["commit"],
            writer=told["writer"],
            model=told["model"],
            index=told["index"],
            cases_sha256=told["cases_sha256"],
            scorers=told["scorers"],
            judges=told["judges"],
            cases=cases,
        )
        return Baseline(Approval(**told["approved"]), run, told["metrics"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CasesError(
            f"{path} is no baseline ({type(exc).__name__}: {exc}). Take it from git again, or approve a run anew."
        ) from exc
