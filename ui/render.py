"""Data as text for a terminal. Pure: what a command returned in, words out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.models import Progress

WIDTH = 100
# Of more inputs than this, only those are shown that somebody has to look at.
MANY = 20


def nothing(_data: Any) -> str:
    return ""


def answer(data: dict[str, Any]) -> str:
    lines = []
    if data["standalone_question"] != " ".join(data["question"].split()):
        lines.append(f"Understood as: {data['standalone_question']}\n")
    if data["perspectives"]:
        lines.append("Practitioners differ:")
        lines += [
            _wrapped(f"- {side['view']}: {', '.join(side['sources'])}{_marks(side['citations'])}")
            for side in data["perspectives"]
        ]
        lines.append("\nWhat the sources say:\n")
    if data["verdict"] == "partial":
        lines.append("In part:\n")
    lines.append(_wrapped(data["answer"]))
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
        what = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        action = textwrap.shorten(snapshot["action"], 60, placeholder=" …")
        lines.append(
            f"{snapshot['number']:>4}  {snapshot['made']}  {snapshot['who']}: {action}{f' ({what})' if what else ''}"
        )
    return "\n".join(lines) or "Nothing was published yet."


def answers(data: dict[str, Any]) -> str:
    rows = [f"{answer['asked']}  {answer['verdict']:<9}  {answer['question']}" for answer in data["answers"]]
    return "\n".join(
        [*rows, f"{_counted(len(rows), 'answer')} cite{'s' if len(rows) == 1 else ''} {data['document']}."]
    )


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


def feedback(data: dict[str, Any]) -> str:
    rows = [
        f"{one['given']}  {'good' if one['good'] else 'bad '}  {one['question']}"
        + (f"\n    {one['reason']}" if one["reason"] else "")
        + f"\n    answer {one['trace']}"
        for one in data["feedback"]
    ]
    return "\n".join(rows) or "No feedback yet."


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
        *(_writer(writer) for writer in data["writers"]),
        *([f"verifier   {data['verifier']}"] if data["verifier"] else []),
        f"home       {data['home']}",
        f"corpus     {data['corpus']}",
        f"models     {data['models']}",
    ]
    return "\n".join(lines)


def doctor(data: dict[str, Any]) -> str:
    marks = {"ok": "✓", "warning": "!", "failed": "✗"}
    lines = []
    for one in data["findings"]:
        lines.append(f"{marks[one['state']]} {one['name']:<13} {one['told']}")
        lines += [f"{'':<16}{one['do']}"] if one["do"] else []
    return "\n".join([*lines, "", "All is well." if data["well"] else "Something is wrong: see what is marked ✗."])


def backed_up(data: dict[str, Any]) -> str:
    return f"{_backup_words(data)}\n`fractional restore {data['file']}` brings it back. Keep it private: it holds what was asked."


def restored(data: dict[str, Any]) -> str:
    backup, before = data["backup"], data["before"]
    if not data["restored"]:
        return f"{_backup_words(backup)}\nIt is whole. Nothing was changed; without --dry-run it is brought back."
    lines = [f"Snapshot {data['snapshot']} is the library as it was: {_backup_words(backup)}"]
    if some := backup["unpublished"]:
        lines.append(f"{len(some)} files in it were not published then and stay in it: {first_of(some)}")
    if before:
        lines.append(
            f"What was here before is in {before['file']}; `fractional restore {before['file']}` takes this back."
        )
    lines += [f"Not taken in: {fault}" for fault in data["faults"]]
    return "\n".join(lines)


def first_of(names: Sequence[str], most: int = 3) -> str:
    """Enough of them to know which are meant."""
    return ", ".join(names[:most]) + (" …" if names[most:] else "")


def _backup_words(data: dict[str, Any]) -> str:
    what = f"snapshot {data['snapshot']} with {_counted(data['documents'], 'document')} and {_counted(data['answers'], 'answer')}"
    return f"{data['file']} ({_megabytes(data['bytes'])}): {what}, made {data['made']}."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _writer(state: dict[str, Any]) -> str:
    """A writer: ready or why not, and what it has cost today of what it may."""
    words = f"writer     {state['writer']}: {'ready' if state['ready'] else 'not ready'}"
    about = state["reason"] if not state["ready"] else state["model"] or state["reason"]
    today, budget = state["today"], state["budget"]
    spent = []
    if today["answers"]:
        spent.append(f"today {today['answers']} answers, {today['read'] + today['written']:,} tokens")
        spent[0] += f" of {budget['tokens']:,}" if budget["tokens"] else ""
        if today["money"] or budget["money"]:
            spent.append(f"{today['money']:.2f}" + (f" of {budget['money']:.2f}" if budget["money"] else ""))
    return f"{words} ({about})" + (f"; {', '.join(spent)}" if spent else "")


def models(data: dict[str, Any]) -> str:
    lines = []
    for model in data["models"]:
        share = f" ({model['fetched'] / model['size']:.0%})" if model["state"] == "partly fetched" else ""
        state = f"{model['state']}{share}{', in use' if model['in_use'] else ''}"
        lines += [
            f"{model['name']:<14} {state:<22} {_megabytes(model['size']):>9}  {model['licence']}  {model['title']}",
            f"    for {model['good_for']}",
            f"    from {', else '.join(model['sources'])}; {model['context']:,} tokens of context",
        ]
    return "\n".join([*lines, _writes_with(data)])


def _writes_with(data: dict[str, Any]) -> str:
    used = data["in_use"]
    if not used:
        return str(data["reason"])
    gone = ""
    if data["asked_for"] not in {"", used["name"], used["path"]}:
        gone = f" {data['asked_for']} was chosen and is not there any more."
    return f"The local writer uses {used['name']} ({used['path']}).{gone}"


def model_pulled(data: dict[str, Any]) -> str:
    how = "was here already" if data["already_here"] else f"came from {data['source']} in {data['seconds']:.0f} s"
    used = data["in_use"]["name"] if data["in_use"] else "no model"
    choose = "" if used == data["name"] else f" `fractional models use {data['name']}` chooses it."
    return f"{data['name']} {how} and is checked: {data['path']}\nThe local writer uses {used}.{choose}"


def model_used(data: dict[str, Any]) -> str:
    used = data["in_use"]
    return f"The local writer uses {used['name']} from now on ({used['path']}, {used['context']:,} tokens of context)."


def pull_progress(now: Progress) -> str:
    """One line of a pull under way."""
    words = f"{now.model}: {now.step}, {_megabytes(now.done)} of {_megabytes(now.size)}"
    if now.seconds_left is None:
        return words
    left = f"{now.seconds_left:.0f} s" if now.seconds_left < 90 else f"{now.seconds_left / 60:.0f} min"
    return f"{words}, {now.rate / 1e6:.1f} MB/s, about {left} left"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def checked(data: dict[str, Any]) -> str:
    lines = [f"✗ {fault}" for fault in data["faults"]] + [f"! {warning}" for warning in data["warnings"]]
    lines += [f"{name}: {value}" for name, value in data["report"].items()]
    return "\n".join([*lines, f"{len(data['faults'])} faults."])


def figures(data: dict[str, Any]) -> str:
    """A table of metrics with their intervals, what could not be judged, and the cases that failed."""
    lines = [
        f"run {data['run']}, {data['n']} cases, writer {data['writer']}{', the held third' if data['held'] else ''}"
    ]
    for part, metrics in {"all": data["metrics"], **data["by_type"]}.items():
        lines += ["", part]
        lines += [_figure(name, figure) for name, figure in metrics.items() if figure["n"] or figure["failures"]]
    lines += [""] + [
        f"{name.replace('_', ' '):<17} median {wait['median']:6.2f} s, 95 % within {wait['p95']:6.2f} s ({wait['n']})"
        for name, wait in data["seconds"].items()
    ]
    if data["prose"]["written"] or data["prose"]["taken_out"]:
        lines.append(f"prose: {data['prose']['written']} sentences shown, {data['prose']['taken_out']} taken out")
    lines += [f"stepped down {count} times, {reason}" for reason, count in data["stepped_down"].items()]
    if data["left_out"]:
        lines.append(f"left out, since the writer failed: {', '.join(data['left_out'])}")
    check = data["judge_check"]
    lines.append(f"the judge has drifted: {check['why']}" if check["drifted"] else "the judge is as it was measured")
    if not data["held"]:  # looking at the held ones would spend them
        failed = [case for case in data["cases"] if False in case["checks"].values()]
        lines += ["", f"{len(failed)} cases with something wrong:"]
        lines += [
            f"  {c['id']} {c['question']} ({c['verdict']}; {', '.join(k for k, v in c['checks'].items() if v is False)})"
            for c in failed
        ]
    return "\n".join(lines)


def _figure(name: str, figure: dict[str, Any]) -> str:
    failures = f"  {figure['failures']} could not be judged" if figure["failures"] else ""
    if figure["score"] is None:
        return f"  {name:<24}      –{failures}"
    why = "  by construction" if figure["by_construction"] else ""
    return f"  {name:<24} {figure['score']:6.1%}  ({figure['low']:.0%}–{figure['high']:.0%}) of {figure['n']}{why}{failures}"


def conversations(data: dict[str, Any]) -> str:
    """Each form of the question with its figures, and how far the rewritten one is ahead of it, with 95 % intervals."""
    measures = list(next(iter(data["forms"].values())))
    lines = [
        f"{data['n']} follow-ups",
        "",
        f"{'':<25}" + "".join(f"{name:>10}   {'rewritten ahead by':<26}" for name in measures),
    ]
    for form, values in data["forms"].items():
        ahead = data["ahead_of"].get(form, {})
        cells = [
            f"{values[name]:>10.3f}   "
            + (f"{a['mean']:+.3f} ({a['low']:+.3f} to {a['high']:+.3f})" if (a := ahead.get(name)) else "").ljust(26)
            for name in measures
        ]
        lines.append(f"{form:<25}{''.join(cells)}".rstrip())
    return "\n".join(line.rstrip() for line in lines)


def retrieval(data: dict[str, Any]) -> str:
    """Each way of finding with its figures."""
    measures = list(next(iter(data.values())))
    lines = [f"{'':<9}" + "".join(f"{name:>13}" for name in measures)]
    lines += [f"{way:<9}" + "".join(f"{values[name]:>13.3f}" for name in measures) for way, values in data.items()]
    return "\n".join(lines)


def refusals(data: dict[str, Any]) -> str:
    """What was refused rightly and wrongly, each kind of task by itself, and what answering only the surest would cost."""
    lines = [
        f"{_percent(data['recall'])} of what can't be answered was refused; of what was refused, {_percent(data['precision'])} rightly; "
        f"{_percent(data['false_refusals'])} of what can be answered was refused ({data['n']} tasks).",
        "",
        f"{'':<16}      n  answered  in part  refused",
        *(
            f"{kind.lower():<16}  {of['n']:>5}  {of['answered']:>8}  {of['partial']:>7}  {of['abstained']:>7}"
            for kind, of in data["verdicts"].items()
        ),
        "",
        "answered, the surest first   of these without an answer",
        *(f"{point['coverage']:>26.0%} {point['risk']:>27.0%}" for point in data["curve"]),
    ]
    if "false_beside_right" in data:
        both = data["false_beside_right"]
        lines += [
            "",
            f"Over right passages, {_percent(data['right_passages']['answer_shown'])} show the right answer.",
            f"Over right and false ones, {_percent(both['sides_shown'])} show both as sides, {_percent(both['both_seen'])} show both in any way, "
            f"{_percent(both['only_right_seen'])} the right answer alone, {_percent(both['only_false_seen'])} the false one alone; "
            f"{_percent(both['abstained'])} are refused.",
        ]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def judged(data: dict[str, Any]) -> str:
    """How far the check agrees with people, for all files together and for each."""
    rows = {"all": data["overall"], **data["parts"]}
    width = max(len(name) for name in rows)
    lines = [f"{'':<{width}}  responses     F1  AUROC  balanced accuracy  calibration error"]
    for name, f in rows.items():
        auroc = "    –" if f["auroc"] is None else f"{f['auroc']:>5.3f}"
        lines.append(
            f"{name:<{width}}  {f['n']:>9}  {f['f1']:>5.3f}  {auroc}  {f['balanced_accuracy']:>17.3f}  {f['calibration_error']:>17.3f}"
        )
    return "\n".join(lines)


def calibrated(data: dict[str, Any]) -> str:
    """What cross-validation says of the judge, and the weights."""
    figures = data["figures"]
    kept_in = "rag/judge.json, rag/worth.json and rag/speaking.json" if data["sentences"] else "rag/judge.json"
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
        *_sentences_calibrated(data["sentences"]),
        *_positions_calibrated(data["positions"]),
        "",
        f"Kept in {kept_in}." if data["kept"] else f"Not kept; --keep writes it to {kept_in}.",
    ]
    return "\n".join(lines)


def _sentences_calibrated(data: dict[str, Any] | None) -> list[str]:
    """What tells the sentences that answer from those beside the point."""
    if data is None:
        return []
    figures = data["figures"]
    return [
        "",
        f"{figures['sentences']} graded sentences of {figures['questions']} questions, {figures['answer_at_least_in_part']:.0%} answer at least in part;"
        f" AUROC {figures['auroc']} (their order alone {figures['auroc_of_the_order_alone']})",
        *(f"{weight:>9.3f}  {name}" for name, weight in data["weights"].items()),
    ]


def _positions_calibrated(data: dict[str, Any] | None) -> list[str]:
    """What tells the positions that speak to a question from those found nearby."""
    if data is None:
        return []
    figures = data["figures"]
    return [
        "",
        f"{figures['positions']} labelled positions of {figures['questions']} questions, {figures['speak_to_it']:.0%} speak to the question;"
        f" AUROC {figures['auroc']} (the reader alone {figures['auroc_of_the_reader_alone']})",
        *(f"{weight:>9.3f}  {name}" for name, weight in data["weights"].items()),
    ]
