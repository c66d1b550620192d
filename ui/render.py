"""Data as text for a terminal. Pure: what a command returned in, words out."""

from __future__ import annotations

import re
import textwrap
from typing import Any

WIDTH = 100
# Of more inputs than this, only those are shown that somebody has to look at.
MANY = 20


def nothing(_data: Any) -> str:
    return ""


def answer(data: dict[str, Any]) -> str:
    lines = []
    if data["standalone_question"] != " ".join(data["question"].split()):
        lines.append(f"Understood as: {data['standalone_question']}\n")
    if data["verdict"] == "partial":
        lines.append("In part:\n")
    lines.append(_wrapped(data["answer"]))
    if data["perspectives"]:
        lines.append("\nPractitioners differ:")
        lines += [
            _wrapped(f"- {side['view']}: {', '.join(side['sources'])}{_marks(side['citations'])}")
            for side in data["perspectives"]
        ]
    if data["citations"]:
        lines.append("\nSources")
        lines += [_source(citation) for citation in data["citations"]]
    if data["removed"]:
        lines.append(f"\nTaken out by the checks: {len(data['removed'])}")
        lines += [_wrapped(f"- {removed['text']} ({removed['reason']})") for removed in data["removed"]]
    lines.append(
        f"\n{data['verdict']} · writer {data['writer']} · snapshot {data['snapshot']} · {data['timings_ms'].get('total', 0):.0f} ms"
    )
    return "\n".join(lines)


def _marks(numbers: list[int]) -> str:
    return "".join(f" [{n}]" for n in numbers)


def _source(citation: dict[str, Any]) -> str:
    who = ", ".join(part for part in (citation["author"], citation["source"], citation["published"]) if part)
    voice = {"digest": " (our digest)", "house": " (our own text)"}.get(citation["voice"], "")
    sells = " · sells what it describes" if citation["sells_this"] else ""
    quote = textwrap.shorten(" ".join(citation["quote"].split()), 160, placeholder=" …")
    return f" [{citation['n']}] {citation['title']}{f' – {who}' if who else ''}{voice}{sells}\n     “{quote}”\n     {citation['document']} {citation['start']}–{citation['end']}"


def _wrapped(words: str) -> str:
    paragraphs = []
    for line in words.split("\n"):
        indent = "  " if line.startswith("- ") else ""
        paragraphs.append(
            textwrap.fill(re.sub(r"\*\*(.+?)\*\*", r"\1", line), WIDTH, subsequent_indent=indent) if line else ""
        )
    return "\n".join(paragraphs)


def passages(data: dict[str, Any]) -> str:
    if not data["passages"]:
        return "Nothing found."
    parts = []
    for number, passage in enumerate(data["passages"], start=1):
        ranks = f"meaning {passage['dense_rank'] or '–'}, words {passage['lexical_rank'] or '–'}"
        parts.append(
            f"{number}. {passage['document']} › {passage['heading']} ({ranks})\n{textwrap.indent(_wrapped(passage['text']), '   ')}"
        )
    return "\n\n".join(parts)


def added(data: dict[str, Any]) -> str:
    """Each input with what became of it; of many, those that somebody has to look at."""
    parts = []
    many = len(data["inputs"]) > MANY
    for one in data["inputs"]:
        if many and one["accepted"] and not (one["duplicates"] or one["contradicts"]):
            continue
        if not one["accepted"]:
            parts.append(f"✗ {one['reason']}")
            parts += [_found(finding) for finding in one["quarantined"]]
            continue
        parts.append(f"✓ {one['document']}: {one['title']} ({len(one['chunks'])} passages)")
        parts += [
            f"    left out: {textwrap.shorten(removal['text'], 70, placeholder=' …')} ({removal['why']})"
            for removal in ([] if many else one["removed"])
        ]
        parts += [
            f"    near-duplicate of {duplicate['document']} ({duplicate['similarity']:.0%} in common)"
            for duplicate in one["duplicates"]
        ]
        parts += [_difference(difference) for difference in one["contradicts"]]
        if many:
            continue
        parts += [f"    speaks of: {', '.join(one['terms'])}"] if one["terms"] else []
        parts += [f"    note: {warning}" for warning in one["warnings"]]
        if data["dry_run"]:
            parts.append(textwrap.indent(one["text"], "    | "))
    parts += [_golden(change) for change in data["golden"]]
    if many:
        parts += _summary(data["summary"])
    accepted = sum(1 for one in data["inputs"] if one["accepted"])
    closing = f"Snapshot {data['snapshot']} is published." if data["published"] else "Nothing was published."
    if data["dry_run"]:
        closing = "Nothing was published (dry run)."
    return "\n".join([*parts, f"{accepted} of {len(data['inputs'])} accepted. {closing}"])


def _difference(difference: dict[str, str]) -> str:
    where = " › ".join(part for part in (difference["document"], difference["passage"]) if part)
    return "\n".join(
        [
            f"    contradicts or updates {where} ({difference['why']})",
            f"      there: {textwrap.shorten(difference['ours'], 240, placeholder=' …')}",
            f"      here:  {textwrap.shorten(difference['theirs'], 240, placeholder=' …')}",
        ]
    )


def _golden(change: dict[str, Any]) -> str:
    before, after = (
        f"{one['verdict']}{', ' + one['source'] if one['source'] else ''}"
        for one in (change["before"], change["after"])
    )
    lost = [check.replace("_", " ") for check in change["before"]["held"] if check not in change["after"]["held"]]
    worse = f"; no longer holds: {', '.join(lost)}" if lost else ""
    return f"{'!' if change['worse'] else '~'} golden question: {change['question']}\n    {before} → {after}{worse}"


def _summary(summary: dict[str, Any]) -> list[str]:
    lines = [", ".join(f"{summary[what]} {what}" for what in ("added", "changed", "unchanged"))]
    return lines + [f"{count} refused: {reason}" for reason, count in summary["refused"].items()]


def quarantine(data: dict[str, Any]) -> str:
    parts = []
    for held in data["quarantined"]:
        parts.append(f"{held['document']}  ({held['input']}, kept {held['kept']} by {held['who']})")
        parts += [_found(finding) for finding in held["found"]]
    return "\n".join([*parts, f"{len(data['quarantined'])} documents in quarantine."])


def released(data: dict[str, Any]) -> str:
    found = [_found(finding) for finding in data["quarantined"]]
    return "\n".join([f"{data['document']} is published with", *found, published(data)])


def _found(finding: dict[str, str]) -> str:
    return f"    found: {textwrap.shorten(finding['text'], 160, placeholder=' …')} ({textwrap.shorten(finding['why'], 160, placeholder=' …')})"


def published(data: dict[str, Any]) -> str:
    dropped = [f"- {document} (dropped from quarantine)" for document in data.get("dropped", ())]
    if "faults" not in data:
        return "\n".join(dropped)
    lines = [*dropped, *(f"✗ {fault}" for fault in data["faults"])]
    for word, sign in (("added", "+"), ("changed", "~"), ("removed", "-")):
        lines += [f"{sign} {document}" for document in data[word][:20]]
        if len(data[word]) > 20:
            lines.append(f"{sign} … and {len(data[word]) - 20} more")
    changes = sum(len(data[word]) for word in ("added", "changed", "removed"))
    lines.append(
        f"Snapshot {data['snapshot']}: {changes} changes, {data['embedded']} texts embedded."
        if changes
        else f"Nothing to do: snapshot {data['snapshot']} is up to date."
    )
    return "\n".join(lines)


def documents(data: dict[str, Any]) -> str:
    rows = [f"{d['id']:<60.60}  {d['kind']:<8}  {d['voice']:<12}  {d['title']}" for d in data["documents"]]
    return "\n".join([*rows, f"{len(rows)} documents."])


def document(data: dict[str, Any]) -> str:
    known = [
        f"{name}: {', '.join(value) if isinstance(value, list) else value}"
        for name, value in data.items()
        if value and name not in ("text", "title", "document", "views")
    ]
    return f"{data['title']}\n{data['document']}\n\n" + "\n".join(known) + f"\n\n{data['text']}"


def history(data: dict[str, Any]) -> str:
    lines = []
    for snapshot in data["snapshots"]:
        counts = {
            word: sum(1 for change in snapshot["changes"] if change["change"] == word)
            for word in ("added", "changed", "removed")
        }
        what = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing changed"
        lines.append(
            f"{snapshot['number']:>4}  {snapshot['made']}  {snapshot['who']}: {textwrap.shorten(snapshot['action'], 60, placeholder=' …')} ({what})"
        )
    return "\n".join(lines) or "Nothing was published yet."


def answers(data: dict[str, Any]) -> str:
    rows = [f"{answer['asked']}  {answer['verdict']:<9}  {answer['question']}" for answer in data["answers"]]
    return "\n".join([*rows, f"{len(rows)} answers cite {data['document']}."])


def passphrase_set(data: dict[str, Any]) -> str:
    return "The passphrase is set. Whoever has the operator's desk open will be asked for it."


def review(data: dict[str, Any]) -> str:
    lines = []
    for one in data["documents"]:
        why = [f"due {one['review_by']}"] if one["due"] else []
        why += [f"{one['url']} says something else than on {one['since']}"] if one["page"] == "changed" else []
        lines.append(f"{one['id']}: {'; '.join(why)}")
    lines += [f"✗ {id}: {reason}" for id, reason in data["not_reached"].items()]
    if data["first_looks"]:
        lines.append(f"{data['first_looks']} of {data['looked_at']} addresses were looked at for the first time.")
    within = f" or will be within {data['days']} days" if data["days"] else ""
    due = sum(one["due"] for one in data["documents"])
    return "\n".join([*lines, f"{due} documents are due for review{within}."])


def gaps(data: dict[str, Any]) -> str:
    return (
        "\n".join(
            f"{gap['times']:>3}×  {gap['question']}  (nearest: {'; '.join(gap['nearest']) or 'nothing'})"
            for gap in data["gaps"]
        )
        or "No open questions."
    )


def status(data: dict[str, Any]) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in data["documents"].items())
    lines = [
        f"snapshot   {data['snapshot']} ({data['made'] or 'nothing published yet'})",
        f"documents  {kinds}",
        f"passages   {data['passages']}",
        f"embedder   {data['embedder']}",
        f"answers    {data['answers']}, gaps {data['gaps']}",
        f"quarantine {data['quarantined']}",
        f"overdue    {', '.join(data['overdue_for_review']) or 'none'}",
        *(
            f"writer     {w['writer']}: {'ready' if w['ready'] else 'not ready'} ({w['reason']})"
            for w in data["writers"]
        ),
        f"home       {data['home']}",
        f"corpus     {data['corpus']}",
        f"models     {data['models']}",
    ]
    return "\n".join(lines)


def checked(data: dict[str, Any]) -> str:
    lines = [f"✗ {fault}" for fault in data["faults"]] + [f"! {warning}" for warning in data["warnings"]]
    lines += [f"{name}: {value}" for name, value in data["report"].items()]
    return "\n".join([*lines, f"{len(data['faults'])} faults."])


def figures(data: dict[str, Any]) -> str:
    """A table of shares with their intervals, and the cases that failed."""
    lines = [f"{data['n']} cases, writer {data['writer']}{', the held third' if data['held'] else ''}", ""]
    for part, shares in {"all": data["metrics"], **data["by_type"]}.items():
        lines.append(part)
        lines += [
            f"  {name:<15} {share['held']:>4} of {share['n']:<4} {share['score']:6.1%}  ({share['low']:.0%}–{share['high']:.0%})"
            for name, share in shares.items()
            if share["n"]
        ]
    if not data["held"]:  # looking at the held ones would spend them
        failed = [case for case in data["cases"] if False in case["checks"].values()]
        lines += ["", f"{len(failed)} cases with something wrong:"]
        lines += [
            f"  {c['id']} {c['question']} ({c['verdict']}; {', '.join(k for k, v in c['checks'].items() if v is False)})"
            for c in failed
        ]
    return "\n".join(lines)


def calibrated(data: dict[str, Any]) -> str:
    """What cross-validation says of the judge, and the weights."""
    figures = data["figures"]
    lines = [
        figures["how"],
        *(
            f"{library}: {f['answerable']} answerable, {f['answerable_refused']:.1%} refused and {f['answerable_partial']:.1%} in part;"
            f" {f['unanswerable']} unanswerable, {f['unanswerable_refused']:.1%} refused and {f['unanswerable_partial']:.1%} in part; AUROC {f['auroc']}"
            for library, f in figures.items()
            if isinstance(f, dict)
        ),
        "",
        "answerable refused   unanswerable refused",
        *(f"{p['answerable_refused']:>18.0%} {p['unanswerable_refused']:>22.0%}" for p in figures["curve"]),
        "",
        *(f"{weight:>9.3f}  {name}" for name, weight in data["weights"].items()),
        "",
        "Kept in rag/judge.json." if data["kept"] else "Not kept; --keep writes it to rag/judge.json.",
    ]
    return "\n".join(lines)
