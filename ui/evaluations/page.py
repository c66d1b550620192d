"""The evaluations: the newest run, how it came there, and any case of it. A page of `front`, run by Streamlit; reads files and no model."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from corpus.settings import read_settings
from evals.report import STYLE, Report, gather, verdict_of
from evals.store import RunRecord, RunStore
from ui.evaluations import view
from ui.frame import TITLE, draw_page

HEADING = "Evaluations"
WHAT_THIS_IS = "How often the answers are right, and whether a change made them worse."
NOTHING_YET = "Nothing was measured yet. On the machine that serves this page, in the project’s folder, run:"
COMMAND = ".venv/bin/fractional eval nightly"
HERE = Path(__file__).parent
RUNS_LISTED = 60


def page() -> None:
    st.html(f'<header class="fr-head fr-small"><h1>{HEADING}</h1><p>{WHAT_THIS_IS}</p></header>')
    store = RunStore(read_settings().home)
    runs = list(reversed(store.completed()))[:RUNS_LISTED]
    if not runs:
        st.html(view.lead_html(NOTHING_YET))
        st.code(COMMAND, language=None)
        st.html(view.lead_html("It asks all cases, which takes some minutes, and can be stopped and gone on with."))
        return
    report = gather(store, _chosen(runs))
    for part in (view.figures_html(report), view.over_time_html(report), view.changed_html(report)):
        if part:
            st.html(part)
    _draw_case(report)
    verdicts = {run.run: verdict_of(store, run.run) for run in runs}
    st.html(view.runs_html(runs, verdicts, len(store.unfinished())))


def _chosen(runs: list[RunRecord]) -> RunRecord:
    """The newest, unless the address or the reader names another."""
    names = {run.run: view.run_in_words(run) for run in runs}
    named = st.selectbox(
        "Run", list(names), key="run", bind="query-params", format_func=lambda run: names.get(run, run)
    )
    return next((run for run in runs if run.run == named), runs[0])


def _draw_case(report: Report) -> None:
    cases = view.open_cases(report)
    if not cases:
        return
    named = st.selectbox(
        "Look at a case",
        list(cases),
        index=None,
        key="case",
        bind="query-params",
        placeholder="Type some words of its question",
        format_func=lambda id: f"{cases[id].question} ({id})" if id in cases else id,
    )
    if named in cases:
        st.html(view.one_case_html(report, named))


def main() -> None:
    draw_page(page, f"{HEADING} · {TITLE}", HERE.with_name("chat.css"), STYLE, HERE / "evaluations.css")


if __name__ == "__main__":  # Streamlit runs it so
    main()
