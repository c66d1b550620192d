"""What the commands on kept runs returned, as text for a terminal. Pure."""

from __future__ import annotations

from typing import Any

OTHERS_NAMED = 10
LONGEST_ANSWER = 200


def gate(data: dict[str, Any]) -> str:
    """The verdict first, then each metric, then what was left out."""
    word = "PASSED" if data["passed"] else "NOT PASSED"
    lines = [
        f"{word}: run {data['run']} against {data['baseline']}, approved by {data['approved_by']} on {data['approved_at'][:10]}",
        f"{data['compared']} cases compared; a loss of {data['allowed_loss']:.1%} is allowed.",
        "",
    ]
    for one in data["metrics"]:
        lines.append(f"{one['name']:<20} {one['verdict']:<14} {_figures(one)}".rstrip())
        lines += [f"    {words}" for words in (one["why"], _unpaired(one), _lost(one)) if words]
    left_out = [
        f"{count} cases {why}"
        for count, why in (
            (data["only_in_run"], "are only in the run"),
            (data["only_in_baseline"], "are only in the baseline"),
            (data["reworded"], "ask something else than before"),
        )
        if count
    ]
    lines += ["", *(f"Not compared: {words}." for words in left_out), *(f"Note: {note}." for note in data["notes"])]
    lines.append(
        f"All metrics together raise a false alarm in at most {data['false_alarms']:.1%} of runs; a loss of the size that each shows is "
        f"found in {data['power']:.0%} or more."
    )
    return "\n".join(lines)


def _figures(one: dict[str, Any]) -> str:
    if one["change"] is None:
        return ""
    return (
        f"{one['before']:.1%} → {one['after']:.1%}  {one['change']:+.1%} ({one['low']:+.1%} to {one['high']:+.1%})"
        f"  {one['pairs']} cases, shows a loss from {one['detectable']:.1%}"
    )


def _unpaired(one: dict[str, Any]) -> str:
    parts = [
        f"{one[count]} {words}"
        for count, words in (("failed", "could not be judged this time"), ("gone", "it does not apply to any more"))
        if one[count]
    ]
    return "of its cases " + ", ".join(parts) if parts and not one["why"] else ""


def _lost(one: dict[str, Any]) -> str:
    if one["verdict"] != "worse":
        return ""
    held = f"{' and ' if one['lost'] else ''}{one['lost_held']} held cases" if one["lost_held"] else ""
    return f"lost most: {', '.join(one['lost'])}{held}"


def baseline(data: dict[str, Any]) -> str:
    model = f" ({data['model']})" if data["model"] not in ("", data["writer"]) else ""
    return "\n".join(
        [
            f"{data['baseline']}",
            f"run {data['run']}, commit {data['commit'][:10]}, writer {data['writer']}{model}",
            f"approved by {data['approved_by']} on {data['approved_at'][:10]}, {data['cases']} cases",
            *(f"  {name:<22} {score:6.1%}" for name, score in data["metrics"].items()),
            "It takes effect for others once it is committed.",
        ]
    )


def report(data: dict[str, Any]) -> str:
    others = [run for run in data["runs"] if run != data["run"]][-OTHERS_NAMED:]
    verdict = {None: "not compared with a baseline", True: "the gate passed", False: "the gate did not pass"}
    lines = [f"run {data['run']}, {verdict[data['passed']]}", *data["files"].values()]
    return "\n".join([*lines, f"Other runs: {', '.join(others)}"] if others else lines)


def nightly(data: dict[str, Any]) -> str:
    """The verdict, what matters, and what was left out."""
    resumed = ", gone on with" if data["resumed"] else ""
    lines = [f"{data['verdict'].upper()}: run {data['run']}{resumed}"]
    lines += [
        f"  {name:<22} {figure['score']:6.1%}  ({figure['low']:.0%}–{figure['high']:.0%})  {figure['n']} cases"
        + (f", {figure['failures']} not judged" if figure["failures"] else "")
        for name, figure in data["metrics"].items()
        if figure["score"] is not None
    ]
    if data["gate"]:
        lines += [
            f"{one['name']}: {one['verdict']}. {one['why']}"
            for one in data["gate"]["metrics"]
            if one["verdict"] not in ("held", "too few cases")
        ]
    return "\n".join([*lines, *(f"Note: {note}." for note in data["notes"]), *data["report"].values()])


def drafts(data: dict[str, Any]) -> str:
    """What was done, then each draft with what is expected and what is still missing."""
    lines = []
    if done := data["approved"]:
        lines.append(f"{done['id']} is a golden case now, in {done['file']}.")
    if data["discarded"]:
        lines.append(f"{data['discarded']} is discarded.")
    if data["added"]:
        lines.append(f"{len(data['added'])} new.")
    for one in data["drafts"]:
        lines += ["", *_draft(one, new=one["id"] in data["added"])]
    if data["drafts"]:
        waiting = "One draft waits" if len(data["drafts"]) == 1 else f"{len(data['drafts'])} drafts wait"
        to_fill_in = f" Fill in what is missing in {data['file']} or on the operator's desk."
        lines += ["", f"{waiting}.{to_fill_in if any(one['missing'] for one in data['drafts']) else ''}"]
    return "\n".join(lines).lstrip("\n") or "No drafts wait."


def _draft(one: dict[str, Any], new: bool) -> list[str]:
    why = f": {one['why']}" if one.get("why") else ""
    lines = [f"{one['id']}  from {one['from']}{', new' if new else ''}{why}"]
    lines += [f"    before  {question}" for question in one.get("history", ())]
    lines.append(f"    {one['question']}")
    if answer := " ".join(one.get("answer", "").split()):
        lines.append(
            f"    was     {one['was']}: {answer[:LONGEST_ANSWER]}{' …' if len(answer) > LONGEST_ANSWER else ''}"
        )
    expected = [f"{name} {', '.join(one[name])}" for name in ("verdict", "documents", "facts") if one[name]]
    lines.append(f"    expects {'; '.join(expected) or 'nothing yet'}")
    return [*lines, f"    missing {', '.join(one['missing'])}"] if one["missing"] else lines
