"""The rows as a Markdown table, with what they depend on above it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.files import Collection
from benchmarks.machine import Commit, Machine
from benchmarks.rows import Measured, Row


def as_markdown(
    table: Sequence[Row],
    measured: Sequence[Measured],
    machine: Machine,
    commit: Commit,
    collection: Collection,
    when: str,
) -> str:
    own, *starters = (one.name for one in measured)
    heads = ["", own, *starters, *(f"times better than {name}" for name in starters), "aim", "met"]
    parts = [
        f"# This project beside the plain starter, {commit.short}",
        _about(measured, machine, commit, collection, when),
    ]
    for part in dict.fromkeys(row.part for row in table):
        shares = any(row.share for row in table if row.part == part)
        named = [head.replace("times better than", "% of") if shares else head for head in heads]
        lines = [f"## {part}\n", _line(named), _line(["---", *["---:"] * (len(named) - 3), "---", "---"])]
        lines += [_line(_cells(row, len(starters))) for row in table if row.part == part]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _about(measured: Sequence[Measured], machine: Machine, commit: Commit, collection: Collection, when: str) -> str:
    own = measured[0]
    others = [
        run.run.others
        for one in measured
        for runs in (one.first, one.again, one.upserted, one.warm, one.cold)
        for run in runs
    ]
    verdicts = [run.said for run in own.cold]
    said = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
    size = sum(len(text.encode()) for text in collection.texts.values())
    uncommitted = ", with changes not yet committed" if commit.changed else ""
    lines = [
        f"When and what: {when}, commit {commit.short}{uncommitted}.",
        f"Machine: {machine.processor}, {machine.cores} cores, {'AMX' if machine.amx else 'no AMX'}, {machine.system}. "
        f"Others kept {100 * median(others):.0f} % of the processors busy meanwhile "
        f"(median over the runs; at most {100 * max(others):.0f} %).",
        f"Versions: {', '.join(f'{name} {version}' for name, version in machine.versions.items())}.",
        f"Files: {len(collection.texts)} Markdown files, {size / 1e6:.2f} MB, {collection.what} "
        f"(content {collection.digest}).",
        f"Runs: medians over {len(own.first)} of each ingest, {len(own.warm)} × {len(own.warm[0].retrieve_ms)} warm "
        f"questions and {len(verdicts)} cold asks, the systems turn about. This project's verdicts when cold: {said}.",
        "Every run is a process of its own. Loading the same all-MiniLM-L6-v2 weights is within every time. "
        "This project's one-time export of them is not counted.",
        "The model reads 256 tokens of a chunk and drops the rest unseen; only what it reads counts as embedded. "
        "The starter's smaller chunks overlap by the share of its default (50 of 256).",
        "A cold ask of this project ends with a checked answer and its citations, the starter's with five passages.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _cells(row: Row, starters: int) -> list[str]:
    ratios = [f"{100 * ratio:.0f} %" if row.share else f"{figure(ratio)} ×" for ratio in row.ratios] or [""] * starters
    met = ", ".join("yes" if met else "no" for met in row.met)
    return [row.measure, *map(figure, row.values), *ratios, row.aim.words if row.aim else "", met]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def figure(value: float) -> str:
    """As many digits as mean something."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
