"""What the evaluations page shows, as HTML in which every word from a document, a model or a reader stands as text. Pure.

The parts are those of the report; here they are put in the order of a page that is looked at every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.plots import chart_image
from evals.report import (
    Report,
    about_html,
    case_html,
    change_html,
    changes_html,
    gate_html,
    judge_html,
    label,
    moment_of,
    percent,
    tiles_html,
    trends_html,
    types_html,
    verdict_html,
)
from evals.store import CaseRecord, RunRecord
from ui.plain_text import as_text

VERDICTS = {True: "passed", False: "not passed", None: "not compared"}
# What tells most in a line of a list.
IN_SHORT = ("verdict", "facts", "faithfulness")


def lead_html(words: str) -> str:
    return f'<p class="fr-lead">{as_text(words)}</p>'


def run_in_words(run: RunRecord) -> str:
    return f"{moment_of(run.began)} · {run.writer} · {run.cases.n}{' held' if run.held else ''} cases"


def figures_html(report: Report) -> str:
    """First what counts: the gate's word and the figures."""
    return _part("", about_html(report.run) + verdict_html(report.verdict) + tiles_html(report.run, report.previous))


def over_time_html(report: Report) -> str:
    return (
        # Streamlit takes SVG out of what it shows.
        _part("Over time", trends_html(report, chart_image))
        + _part("By type of question", types_html(report.run))
        + _part("How well the judge judges", judge_html(report.run))
        + _part("The gate, metric by metric", gate_html(report.verdict))
    )


def changed_html(report: Report) -> str:
    return _part("Changed since the run before", changes_html(report))


def open_cases(report: Report) -> dict[str, CaseRecord]:
    """The cases that may be looked at, by their ids."""
    return {case.case: case for case in report.cases if not case.held}


def one_case_html(report: Report, id: str) -> str:
    """A case with its scores and evidence; with the answer before, where it was another."""
    changed = {change.after.case: change for change in report.changes.cases} if report.changes else {}
    before = change_html(changed[id]) if id in changed and changed[id].answer_changed else ""
    return f'<div class="ev">{case_html(open_cases(report)[id], opened=True)}{before}</div>'


def runs_html(runs: Sequence[RunRecord], verdicts: Mapping[str, Mapping[str, Any] | None], unfinished: int) -> str:
    """All runs, the newest first."""
    heads = ("Begun", "Writer", "Cases", *(label(name) for name in IN_SHORT), "Gate")
    rows = "".join(_row(run, verdicts.get(run.run)) for run in runs)
    head = "".join(f"<th>{as_text(one)}</th>" for one in heads)
    table = f'<div class="wide" role="region" aria-label="Table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    count = "One run is" if unfinished == 1 else f"{unfinished} runs are"
    note = f'<p class="soft">{count} not finished; the next night goes on with what it can.</p>' if unfinished else ""
    return _part("Runs", table + note)


def _row(run: RunRecord, verdict: Mapping[str, Any] | None) -> str:
    figures = (run.metrics.get(name) for name in IN_SHORT)
    left_out = f" ({len(run.left_out)} left out)" if run.left_out else ""
    cells = (
        run.writer,
        f"{run.cases.n}{left_out}",
        *(percent(one.score) if one else "–" for one in figures),
        VERDICTS[verdict["passed"] if verdict else None],
    )
    others = "".join(f"<td>{as_text(cell)}</td>" for cell in cells)
    return f"<tr><td>{as_text(moment_of(run.began))}</td>{others}</tr>"


def _part(heading: str, words: str) -> str:
    above = f"<h2>{as_text(heading)}</h2>" if heading else ""
    return f'<section class="ev">{above}{words}</section>' if words else ""
