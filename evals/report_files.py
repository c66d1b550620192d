"""A run in files: the page for people, JUnit's XML and a summary in Markdown for machines."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from corpus.errors import home_errors
from evals.gate import HELD, TOO_FEW, WORSE
from evals.report import (
    Report,
    changes_in_words,
    day_of,
    in_order,
    label,
    page_html,
    percent,
    range_in_words,
    score_in_words,
    signed,
)

PAGE, JUNIT, SUMMARY = "report.html", "junit.xml", "summary.md"
CHANGES_IN_SUMMARY = 8


def write_report(report: Report, folder: Path) -> dict[str, str]:
    """The three forms of it in this folder; where each is."""
    forms = {PAGE: page_html(report), JUNIT: junit_xml(report), SUMMARY: markdown(report)}
    with home_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, words in forms.items():
            (folder / name).write_text(words, encoding="utf-8")
    return {name: str(folder / name) for name in forms}


def junit_xml(report: Report) -> str:
    """The gate's metrics and the cases as tests: a failure is what the gate found worse, an error what could not be judged."""
    root = ElementTree.Element("testsuites", name="fractional evaluations")
    gate = ElementTree.SubElement(root, "testsuite", name="gate")
    lost: dict[str, list[str]] = {}
    for one in report.verdict["metrics"] if report.verdict else ():
        test = ElementTree.SubElement(gate, "testcase", classname="gate", name=_xml_text(one["name"]))
        if one["verdict"] != HELD:
            kind = {WORSE: "failure", TOO_FEW: "skipped"}.get(one["verdict"], "error")
            ElementTree.SubElement(test, kind, message=_xml_text(f"{one['verdict']}: {one['why']}"))
        for case_id in one["lost"] if one["verdict"] == WORSE else ():
            lost.setdefault(case_id, []).append(one["name"])
    moved = {change.after.case: change.moved for change in report.changes.cases} if report.changes else {}
    cases = ElementTree.SubElement(root, "testsuite", name="cases")
    for case in report.cases:
        test = ElementTree.SubElement(
            cases,
            "testcase",
            classname=_xml_text(f"cases.{case.type}"),
            name=_xml_text(case.case),
            time=f"{case.seconds:.3f}",
        )
        if case.case in lost:
            failure = ElementTree.SubElement(
                test, "failure", message=_xml_text(f"worse than approved: {', '.join(lost[case.case])}")
            )
            failure.text = _xml_text(f"{case.question}\n\n{case.answer['answer']}")
        elif failed := [f"{name}: {score.failure}" for name, score in case.scores.items() if score.failure]:
            ElementTree.SubElement(test, "error", message=_xml_text("; ".join(failed)))
        if case.case in moved:
            said = [
                f"{one.name} {score_in_words(one.before)} → {score_in_words(one.after)}" for one in moved[case.case]
            ]
            told = _xml_text("since the run before: " + ("; ".join(said) or "another answer, the same scores"))
            ElementTree.SubElement(test, "system-out").text = told
    for suite in root:
        for attribute, kind in (
            ("tests", "testcase"),
            ("failures", "*/failure"),
            ("errors", "*/error"),
            ("skipped", "*/skipped"),
        ):
            suite.set(attribute, str(len(suite.findall(kind))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml_text(words: str) -> str:
    """Without the signs that no XML may hold."""
    return "".join(
        sign
        for sign in words
        if sign in "\t\n" or 0x20 <= ord(sign) < 0xD800 or 0xDFFF < ord(sign) < 0xFFFE or ord(sign) > 0xFFFF
    )


def markdown(report: Report) -> str:
    """What a reviewer needs in the summary of a job."""
    run, verdict = report.run, report.verdict
    word = "not compared with a baseline" if verdict is None else "passed" if verdict["passed"] else "**not passed**"
    lines = [f"## Evaluation of {day_of(run.began)}: {word}", ""]
    lines += [
        f"{run.cases.n} cases, writer {_marked(run.writer)}, commit {_marked(run.commit[:10])}, run {_marked(run.run)}.",
        "",
    ]
    if run.left_out:
        lines += [f"{len(run.left_out)} cases were left out.", ""]
    if run.judge_check.get("drifted"):
        lines += [f"**The judge has drifted:** {_marked(str(run.judge_check.get('why', '')))}", ""]
    by_name = {one["name"]: one for one in verdict["metrics"]} if verdict else {}
    lines += ["| metric | score | 95 % interval | cases | not judged | gate |", "|---|--:|--:|--:|--:|---|"]
    for name in in_order(run):
        figure = run.metrics[name]
        gate = by_name.get(name)
        said = " ".join((gate["verdict"], "" if gate["change"] is None else signed(gate["change"]))) if gate else ""
        lines.append(
            f"| {_marked(label(name))} | {percent(figure.score)} | {range_in_words(figure)} | {figure.n} | {figure.failures or ''} | {_marked(said)} |"
        )
    if report.changes:
        lines += ["", f"Since the run before: {changes_in_words(report.changes)}"]
        lines += [
            f"- {_marked(change.after.question)} ({_marked(change.after.case)}): {_marked(', '.join(label(one.name) for one in change.moved if one.gain < 0))}"
            for change in report.changes.worse[:CHANGES_IN_SUMMARY]
        ]
    return "\n".join(lines) + "\n"


def _marked(words: str) -> str:
    """Foreign words as Markdown shows them unchanged, on one line."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>!|~&$@" else sign for sign in " ".join(words.split()))
