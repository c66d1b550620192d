"""A run as people read it: one HTML page that needs nothing else.

`gather` reads what is kept; all else is pure: values in, words out, and every foreign word stands as text. The evaluations page shows the
same parts.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evals.gate import GATED, HELD, TOO_FEW, VERDICT, WORSE
from evals.plots import Dot, line_chart
from evals.store import CaseRecord, Figure, RunRecord, RunStore, Score
from evals.trend import (
    CaseChange,
    Changes,
    Point,
    changes_between,
    judge_trend,
    of_the_same_kind,
    trends,
    worst_cases,
)

STYLE = Path(__file__).with_name("report.css")
# As many nights as a chart of this width can show apart.
RUNS_SHOWN = 40
WORST_SHOWN = 12
CHANGES_SHOWN = 40
METRIC_WORDS = {
    "verdict": ("Right verdict", "answered, in part, or refused, as it should be"),
    "facts": ("All key facts", "every key fact of the right answer is shown"),
    "facts_in_prose": ("Key facts in prose", "in the writer’s own words"),
    "document_found": ("Right document found", "among the first passages"),
    "document_cited": ("Right document cited", "among the sources of the answer"),
    "not_refused": ("Not refused", "of what the library does answer"),
    "abstention_recall": ("Rightly refused", "of what the library does not answer"),
    "all_cited": ("Every sentence cited", ""),
    "prose": ("Written as asked", "by the writer and not only quoted"),
    "sides_shown": ("Both sides shown", "where sources differ"),
    "not_steered": ("Not steered", "instructions within a question that were not obeyed"),
    "faithfulness": ("Faithfulness", "sentences that a second opinion finds supported"),
    "faithfulness_of_draft": ("Faithfulness of drafts", "before the checks"),
    "citation_precision": ("Citation precision", "citations that carry their sentence"),
    "citation_recall": ("Citation recall", "sentences carried by what they cite"),
    "answer_relevancy": ("Relevance", "how near the answer comes to the question"),
    "fact_similarity": ("Facts in other words", "how near the answer comes to each key fact"),
    "context_precision": ("Passages that belong", "of what was retrieved"),
    "context_recall": ("Right documents retrieved", "of those that a case names"),
    "abstention_precision": ("Refusals that had to be", "of all refusals"),
    "follow_up_resolved": ("Follow-ups understood", ""),
    "taken_out": ("Taken out", "of a writer’s sentences; neither good nor bad by itself"),
    "wrongly_taken_out": ("Wrongly taken out", "less is better"),
}


@dataclass(frozen=True)
class Report:
    """A run with all that stands beside it."""

    run: RunRecord
    cases: Sequence[CaseRecord]
    verdict: Mapping[str, Any] | None  # of the gate, if it has looked
    previous: RunRecord | None  # the run of the same kind before
    changes: Changes | None
    trends: Mapping[str, Sequence[Point]]
    judge: Sequence[Point]


def gather(store: RunStore, run: RunRecord) -> Report:
    same = of_the_same_kind(store.completed(), run)[-RUNS_SHOWN:]
    cases = store.case_records(run.run)
    previous = same[-2] if len(same) > 1 else None
    changes = None
    if previous is not None:
        changes = changes_between(store.case_records(previous.run), cases, previous.scorers, run.scorers)
    return Report(run, cases, verdict_of(store, run.run), previous, changes, trends(same), judge_trend(same))


def verdict_of(store: RunStore, run: str) -> Mapping[str, Any] | None:
    """What the gate said of a run; a file cut in the middle says nothing."""
    try:
        kept = json.loads((store.place(run) / VERDICT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


# The page


def page_html(report: Report) -> str:
    run = report.run
    title = f"Evaluation of {day_of(run.began)}"
    sections = (
        ("", verdict_html(report.verdict)),
        ("Figures", tiles_html(run, report.previous)),
        ("The gate, metric by metric", gate_html(report.verdict)),
        ("Over time", trends_html(report)),
        ("By type of question", types_html(run)),
        ("How well the judge judges", judge_html(run)),
        ("Changed since the run before", changes_html(report)),
        ("The worst answers", "".join(case_html(case) for case in worst_cases(report.cases, WORST_SHOWN))),
    )
    body = "".join((f"<h2>{name}</h2>" if name else "") + words for name, words in sections if words)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title} · Fractional</title><style>{STYLE.read_text(encoding='utf-8')}{_PAGE_STYLE}</style></head>"
        f'<body class="ev"><header><h1>{title}</h1>{about_html(run)}</header><main>{body}</main></body></html>\n'
    )


_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.2rem 4rem; font: 1rem system-ui, sans-serif; color: light-dark(#23282c, #e9e6df); background: light-dark(#fcfbf8, #15181a); }
h1 { font: 600 1.7rem Georgia, serif; margin: 0 0 0.3rem; }
@media print { :root { color-scheme: light; } body { background: none; font-size: 0.85rem; max-width: none; } }
"""


def about_html(run: RunRecord) -> str:
    """What was asked, of what, by whom."""
    changed = " with uncommitted changes" if run.dirty else ""
    model = f" ({run.model})" if run.model and run.model != run.writer else ""
    parts = [
        f"{run.cases.n} {'held ' if run.held else ''}cases",
        f"writer {run.writer}{model}",
        f"library snapshot {run.snapshot}",
        f"commit {run.commit[:10]}{changed}",
        f"judge {run.judge.name} {run.judge.version}",
        f"run {run.run}",
    ]
    if run.sample:
        parts.insert(1, f"a sample, drawn with {run.seed}")
    if run.tags:
        parts.insert(1, ", ".join(run.tags))
    if cost := run.cost.get("money"):
        parts.append(f"cost {cost:.2f}")
    lines = [as_text(" · ".join(parts))]
    if run.left_out:
        lines.append(f'<span class="unsure">{len(run.left_out)} cases were left out: {_ids(run.left_out)}</span>')
    lines += [
        f'<span class="unsure">Stepped down {times} times: {as_text(why)}</span>'
        for why, times in run.stepped_down.items()
    ]
    return "".join(f'<p class="soft">{line}</p>' for line in lines)


def _ids(ids: Sequence[str]) -> str:
    rest = f" and {len(ids) - 12} more" if len(ids) > 12 else ""
    return as_text(", ".join(ids[:12]) + rest)


def verdict_html(verdict: Mapping[str, Any] | None) -> str:
    """The gate's word, and what kept it from passing."""
    if verdict is None:
        return '<div class="verdict unsure"><strong>Not compared with a baseline</strong></div>'
    against = f"against run {verdict['baseline']}, approved by {verdict['approved_by']} on {verdict['approved_at'][:10]}; {verdict['compared']} cases compared"
    stopped = [one for one in verdict["metrics"] if one["verdict"] not in (HELD, TOO_FEW)]
    worse = any(one["verdict"] == WORSE for one in stopped)
    word = (
        "The gate passed: no loss is shown"
        if verdict["passed"]
        else "The gate did not pass: answers got worse"
        if worse
        else "The gate did not pass: no verdict"
    )
    kind = "" if verdict["passed"] else " worse" if worse else " unsure"
    items = "".join(
        f"<li>{as_text(label(one['name']))}: {as_text(one['verdict'])}. {as_text(_sentence(one['why']))}</li>"
        for one in stopped
    )
    items += "" if stopped else "".join(f"<li>{as_text(_sentence(note))}</li>" for note in verdict["notes"])
    return f'<div class="verdict{kind}"><strong>{word}</strong><br><span class="soft">{as_text(against)}</span>{f"<ul>{items}</ul>" if items else ""}</div>'


def tiles_html(run: RunRecord, previous: RunRecord | None) -> str:
    """A tile for each metric that applied, those that count first."""
    tiles = [_tile(name, run.metrics[name], run, previous) for name in in_order(run)]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def in_order(run: RunRecord) -> list[str]:
    applied = [name for name, figure in run.metrics.items() if figure.n or figure.failures]
    return sorted(applied, key=lambda name: GATED.index(name) if name in GATED else len(GATED))


def _tile(name: str, figure: Figure, run: RunRecord, previous: RunRecord | None) -> str:
    before = previous.metrics.get(name) if previous and previous.scorers.get(name) == run.scorers.get(name) else None
    moved = 0.0
    if before and before.score is not None and figure.score is not None:
        moved = round(100 * (figure.score - before.score), 1)
    lines = [
        f"95 % interval {range_in_words(figure)}" if figure.low is not None else "",
        f"{moved:+.1f} since the run before" if moved else "",
        f"{figure.n} cases" + (", true by construction" if figure.by_construction else ""),
        _explained(name),
    ]
    failed = ""
    if figure.failures:
        covered = f", {figure.coverage:.0%} covered" if figure.coverage is not None else ""
        failed = f'<span class="bad">{figure.failures} could not be judged{covered}</span>'
    small = "".join(f'<span class="soft">{as_text(line.strip())}</span>' for line in lines if line.strip())
    return f'<div class="tile"><h3>{as_text(label(name))}</h3><p class="score">{percent(figure.score)}</p>{small}{failed}</div>'


def range_in_words(figure: Figure) -> str:
    return f"{figure.low:.0%}–{figure.high:.0%}" if figure.low is not None and figure.high is not None else "–"


def trends_html(report: Report, draw: Callable[[Sequence[Dot], str], str] = line_chart) -> str:
    """A chart for each metric that counts, and the judge beside them."""
    shown = [name for name in (*GATED, "abstention_recall", "not_refused") if name in report.trends]
    charts = [_figure(label(name), report.trends[name], draw) for name in shown if _varies(report.trends[name])]
    if report.judge:
        charts.append(_figure("How well the judge judges (balanced accuracy)", report.judge, draw, "judge"))
    return f'<div class="plots">{"".join(charts)}</div>' if charts else ""


def _varies(points: Sequence[Point]) -> bool:
    """Whether there is anything to draw; what is so by construction is a flat line at the top."""
    return any(point.figure.score is not None and not point.figure.by_construction for point in points)


def _figure(caption: str, points: Sequence[Point], draw: Callable[[Sequence[Dot], str], str], kind: str = "") -> str:
    dots = [
        Dot(
            point.figure.score,
            point.figure.low,
            point.figure.high,
            point.stretch,
            day_of(point.began),
            f"{day_of(point.began)}: {percent(point.figure.score)}, {point.figure.n} cases",
        )
        for point in points
    ]
    return f'<figure class="{kind}"><figcaption>{as_text(caption)}</figcaption>{draw(dots, caption)}</figure>'


def types_html(run: RunRecord) -> str:
    """Each type of question by the metrics that apply to any."""
    names = [
        name for name in in_order(run) if name in GATED or name in ("abstention_recall", "not_refused", "sides_shown")
    ]
    if not run.by_type:
        return ""
    head = "".join(f"<th>{as_text(label(name))}</th>" for name in names)
    rows = "".join(
        f"<tr><td>{as_text(type.replace('_', ' '))}</td>{''.join(_cell(figures.get(name)) for name in names)}</tr>"
        for type, figures in run.by_type.items()
    )
    return f'<div class="wide" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th>Type</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(figure: Figure | None) -> str:
    if figure is None or not (figure.n or figure.failures):
        return "<td>–</td>"
    failed = f' <span class="bad">{figure.failures} failed</span>' if figure.failures else ""
    return f"<td>{percent(figure.score)} <small>{figure.n}</small>{failed}</td>"


JUDGE_COLUMNS = {
    "n": "sentences",
    "base_rate": "base rate",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "auroc": "AUROC",
    "kappa": "kappa",
}


def judge_html(run: RunRecord) -> str:
    """How far the judge agrees with sets whose answers are known, and whether it still does as before."""
    sets = run.judge_check.get("sets", {})
    if not sets:
        return ""
    drift = ""
    if run.judge_check.get("drifted"):
        drift = f'<p class="bad">The judge has drifted: {as_text(str(run.judge_check.get("why", "")))}</p>'
    head = "".join(f"<th>{words}</th>" for words in JUDGE_COLUMNS.values())
    rows = "".join(
        f"<tr><td>{as_text(name)}</td>{''.join(f'<td>{_number(of.get(column))}</td>' for column in JUDGE_COLUMNS)}</tr>"
        for name, of in sets.items()
    )
    return f'{drift}<div class="wide" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th>Set</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _number(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.2f}" if isinstance(value, float) else "–"


def changes_html(report: Report) -> str:
    """What the run before answered or scored otherwise, both answers side by side, losses first."""
    changes = report.changes
    if changes is None or report.previous is None:
        return ""
    since = f"Since {moment_of(report.previous.began)}: "
    lead = f'<p class="soft">{as_text(since + changes_in_words(changes))}</p>'
    return lead + "".join(change_html(change) for change in changes.cases[:CHANGES_SHOWN])


def changes_in_words(changes: Changes) -> str:
    other = len(changes.cases) - len(changes.worse) - len(changes.better)
    parts = [
        f"{len(changes.worse)} worse, {len(changes.better)} better, {other} changed without a gain or a loss that counts"
    ]
    if changes.held:
        parts.append(f"{changes.held} held cases changed, which are not shown")
    if changes.came or changes.went:
        parts.append(f"{len(changes.came)} cases came and {len(changes.went)} went")
    return "; ".join(parts) + "."


def change_html(change: CaseChange) -> str:
    kind, word = ("bad", "worse") if change.gain < 0 else ("good", "better") if change.gain > 0 else ("soft", "changed")
    chips = "".join(
        f"<li>{as_text(label(one.name))}: {score_in_words(one.before)} → {score_in_words(one.after)}</li>"
        for one in change.moved
    )
    summary = (
        f'<summary><span class="{kind}">{word}</span> {as_text(change.after.question)} '
        f"<small>{as_text(change.after.case)}</small></summary>"
    )
    sides = (("Before", change.before), ("Now", change.after)) if change.answer_changed else (("", change.after),)
    columns = "".join(f"<div>{f'<h3>{name}</h3>' if name else ''}{answer_html(case)}</div>" for name, case in sides)
    body = f'<div class="sides">{columns}</div>' if len(sides) > 1 else columns
    return f'<details>{summary}<ul class="chips">{chips}</ul>{body}</details>'


def case_html(case: CaseRecord, opened: bool = False) -> str:
    """One case: the question, its scores, the answer with its evidence."""
    chips = "".join(
        f"<li{_bad_class(score)}>{as_text(label(name))}: {score_in_words(score)}</li>"
        for name, score in case.scores.items()
        if score.applies
    )
    failures = "".join(
        f'<p class="bad">{as_text(label(name))} could not be judged: {as_text(score.failure)}</p>'
        for name, score in case.scores.items()
        if score.failure
    )
    history = "".join(f'<p class="soft">Before it: {as_text(asked)}</p>' for asked in case.history)
    summary = f"<summary>{as_text(case.question)} <small>{as_text(case.case)} · {as_text(case.type.replace('_', ' '))}</small></summary>"
    return f'<details{" open" if opened else ""}>{summary}{history}<ul class="chips">{chips}</ul>{failures}{answer_html(case)}</details>'


def _bad_class(score: Score) -> str:
    return ' class="bad"' if score.failure or score.score == 0 else ""


def score_in_words(score: Score) -> str:
    if score.failure:
        return "not judged"
    return "does not apply" if score.score is None else f"{score.score:.2f}".rstrip("0").rstrip(".")


def answer_html(case: CaseRecord) -> str:
    """The answer as it was shown, what was taken out of it, and the quotes it rests on."""
    answer = case.answer
    removed = "".join(
        f'<li><span class="out">{as_text(one["text"])}</span> ({as_text(one["reason"])})</li>'
        for one in answer.get("removed", ())
    )
    quotes = "".join(
        f"<li>{as_text(str(one['n']))}. {as_text(one['title'])}: “{as_text(' '.join(one['quote'].split()))}”</li>"
        for one in answer.get("citations", ())
    )
    return (
        f'<small>{as_text(str(answer.get("verdict", "")))}</small><div class="answer">{_laid_out(answer["answer"])}</div>'
        + (f'<h3>Taken out</h3><ul class="quotes">{removed}</ul>' if removed else "")
        + (f'<h3>Evidence</h3><ul class="quotes">{quotes}</ul>' if quotes else "")
    )


def _laid_out(words: str) -> str:
    """Our own headings and speakers, which stand between two pairs of stars, in bold."""
    return re.sub(r"\*\*([^*\n]+)\*\*", r"<b>\1</b>", as_text(words))


def gate_html(verdict: Mapping[str, Any] | None) -> str:
    if not verdict:
        return ""
    rows = "".join(
        f"<tr><td>{as_text(label(one['name']))}</td><td>{as_text(one['verdict'])}</td><td>{percent(one['before'])}</td>"
        f"<td>{percent(one['after'])}</td><td>{signed(one['change'])}</td><td>{_interval(one)}</td><td>{one['pairs']}</td>"
        f'<td>{percent(one["detectable"])}</td><td class="words">{as_text(_sentence(one["why"]))}</td></tr>'
        for one in verdict["metrics"]
    )
    heads = ("Metric", "Verdict", "Before", "Now", "Change", "Interval", "Cases", "Shows a loss from", "")
    notes = "".join(f'<p class="soft">{as_text(_sentence(note))}</p>' for note in verdict["notes"])
    return (
        f'<div class="wide" role="region" aria-label="Table" tabindex="0"><table><thead><tr>{"".join(f"<th>{head}</th>" for head in heads)}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="soft">A loss of {verdict["allowed_loss"]:.1%} is allowed. All metrics together raise a false alarm in at most '
        f"{verdict['false_alarms']:.1%} of runs; a loss of the size in the last column but one is found in {verdict['power']:.0%}.</p>{notes}"
    )


def signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1%}"


def _interval(one: Mapping[str, Any]) -> str:
    return "–" if one["low"] is None else f"{one['low']:+.1%} to {one['high']:+.1%}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def label(name: str) -> str:
    return METRIC_WORDS[name][0] if name in METRIC_WORDS else name.replace("_", " ").capitalize()


def _explained(name: str) -> str:
    return METRIC_WORDS[name][1] if name in METRIC_WORDS else ""


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("100.0%", "100%")


def as_text(words: str | None) -> str:
    return html.escape(words or "", quote=True)


def day_of(written: str) -> str:
    moment = datetime.fromisoformat(written)
    return f"{moment.day} {moment:%B %Y}"


def moment_of(written: str) -> str:
    return f"{day_of(written)}, {datetime.fromisoformat(written):%H:%M} UTC"
