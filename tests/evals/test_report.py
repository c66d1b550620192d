"""The report: it needs nothing else, shows every foreign word as text, and reads the same to machines."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals.baseline import approve, measured
from evals.gate import judge_run
from evals.report import Report, case_html, gather, page_html
from evals.report_files import junit_xml, markdown, write_report
from evals.store import RunStore
from tests.evals.kept_runs import keep_run

N = 60
HOSTILE = '<script>alert("1")</script> | [x](javascript:alert(1)) \x00\x0b'


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr("evals.store.os.fsync", lambda _: None)
    return RunStore(tmp_path)


def report(store: RunStore, lost: int = 0, **changes: Any) -> Report:
    """The second of two runs, in which so many cases lost their facts, with the gate's word on it."""
    before = keep_run(store, facts=[1] * N, verdict=[1] * N, answers=["Six to twelve months. [1]"] * N)
    columns = {"facts": [0] * lost + [1] * (N - lost), "verdict": [1] * N, **changes.pop("columns", {})}
    now = keep_run(
        store, answers=["It depends. [1]"] * lost + ["Six to twelve months. [1]"] * (N - lost), **columns, **changes
    )
    baseline = approve(
        measured(before, store.case_records(before.run)), "Example Operator", datetime(2026, 1, 1, tzinfo=UTC)
    )
    verdict = judge_run(measured(now, store.case_records(now.run)), baseline)
    (store.place(now.run) / "gate.json").write_text(json.dumps(asdict(verdict)))
    return gather(store, now)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag


def test_a_passed_gate_claims_no_more_than_it_knows(store: RunStore) -> None:
    page = page_html(report(store))
    assert "The gate passed: no loss is shown" in page and "All key facts" in page and "95 % interval" in page


def test_a_failed_gate_says_what_got_worse_and_shows_both_answers(store: RunStore) -> None:
    page = page_html(report(store, lost=12))
    assert "The gate did not pass: answers got worse" in page and "All key facts: worse" in page
    assert "12 worse, 0 better" in page
    assert page.index("Before</h3>") < page.index("Six to twelve months") and "It depends." in page


def test_the_page_is_whole_and_asks_nobody_for_anything(store: RunStore) -> None:
    tags = Tags(page_html(report(store, lost=3)))
    assert tags.open == []
    assert not [tag for tag, _ in tags.seen if tag in ("script", "link", "img", "iframe", "a")]
    assert not [name for _, attributes in tags.seen for name in attributes if name in ("src", "href", "onclick")]


def test_hostile_words_from_anywhere_stay_text(store: RunStore) -> None:
    """Answers quote documents that anybody may have written."""
    made = report(store, lost=1, columns={"faithfulness": [HOSTILE] * N}, fields={"model": HOSTILE, "commit": HOSTILE})
    cases = [replace(case, question=HOSTILE, case=HOSTILE, type=HOSTILE, answer={**case.answer, "answer": HOSTILE, "citations": [{"n": 1, "title": HOSTILE, "quote": HOSTILE}], "removed": [{"text": HOSTILE, "reason": HOSTILE}]}) for case in made.cases]  # fmt: skip
    changes = (
        replace(made.changes, cases=tuple(replace(one, after=cases[0]) for one in made.changes.cases))
        if made.changes
        else None
    )
    check = {"drifted": True, "why": HOSTILE, "sets": {HOSTILE: {"n": 1}}}
    run = replace(
        made.run, judge_check=check, stepped_down={HOSTILE: 2}, left_out=(HOSTILE,), by_type={HOSTILE: made.run.metrics}
    )
    hostile = replace(made, cases=cases, changes=changes, run=run)
    page = page_html(hostile)
    assert page.count("alert(&quot;1&quot;)") >= 9 and "<script" not in page
    ElementTree.fromstring(junit_xml(hostile))
    assert not re.search(r"(?<!\\)<script|(?<!\\)\]\(", markdown(hostile))


def test_figures_of_what_could_not_be_judged_stand_apart(store: RunStore) -> None:
    page = page_html(report(store, columns={"faithfulness": ["the judge broke down", None] + [1] * (N - 2)}))
    assert "1 could not be judged, 98% covered" in page and "58 cases" in page


def test_an_answer_is_laid_out_without_signs_of_markdown(store: RunStore) -> None:
    made = report(store)
    answer = {**made.cases[0].answer, "answer": "**Example Ltd:** Six months. [1]\n\n2 ** 3 <b>"}
    words = case_html(replace(made.cases[0], answer=answer))
    assert "<b>Example Ltd:</b> Six months." in words and "2 ** 3 &lt;b&gt;" in words


def test_held_cases_are_not_shown(store: RunStore) -> None:
    page = page_html(report(store, lost=5, held=range(3)))
    assert "case-000" not in page and "case-004" in page and "3 held cases changed" in page


def test_machines_read_failures_where_the_gate_failed_only(store: RunStore, tmp_path: Path) -> None:
    """A night in which scores wavered, as they do, showed eighteen failed tests beside a passed gate."""
    for lost, failures in ((1, 0), (12, 12)):
        made = report(RunStore(tmp_path / str(lost)), lost=lost)
        gate, cases = ElementTree.fromstring(junit_xml(made)).findall("testsuite")
        assert (cases.get("tests"), cases.get("failures")) == (str(N), str(failures))
        assert gate.get("failures") == str(int(failures > 0)) and len(cases.findall("*/system-out")) == lost


def test_what_could_not_be_judged_is_an_error_and_no_failure(store: RunStore) -> None:
    made = report(store, columns={"verdict": ["the judge broke down"] * 20 + [1] * (N - 20)})
    gate, cases = ElementTree.fromstring(junit_xml(made)).findall("testsuite")
    assert (gate.get("errors"), gate.get("failures"), cases.get("errors")) == ("1", "0", "20")


def test_the_summary_has_a_row_for_each_metric(store: RunStore) -> None:
    words = markdown(report(store, lost=12))
    assert words.startswith("## Evaluation of 2 January 2026: **not passed**")
    assert "| All key facts | 80.0% |" in words and "worse -20.0%" in words
    assert "case-000" in words


def test_a_first_run_without_baseline_is_a_report_too(store: RunStore, tmp_path: Path) -> None:
    run = keep_run(store, facts=[1], judge_check={})
    files = write_report(gather(store, run), tmp_path / "out")
    page = Path(files["report.html"]).read_text()
    assert "Not compared with a baseline" in page and Tags(page).open == []
    assert "not compared" in Path(files["summary.md"]).read_text()
    ElementTree.fromstring(Path(files["junit.xml"]).read_text().split("?>", 1)[1])
