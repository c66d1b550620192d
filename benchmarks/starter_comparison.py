"""`make bench`: this project beside the plain LlamaIndex and Chroma starter, on the same files in one run.

The systems take turns within each repetition, so that what else the machine does meets all of them. Results go to
benchmarks/results under the commit's name, as a table and as JSON with every single run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from benchmarks.files import Collection, collect, questions_from
from benchmarks.launch import ChildFailed
from benchmarks.machine import this_commit, this_machine
from benchmarks.report import as_markdown
from benchmarks.rows import Measured, rows
from benchmarks.systems import Fractional, Place, Starter, System, UpsertingSystem

RESULTS = Path(__file__).parent / "results"
REPETITIONS = 3
QUESTIONS = 200
COLD_ASKS = 5
# LlamaIndex's default, of which the model reads a quarter, and chunks the model reads whole.
STARTER_SIZES = (1024, 256)

Result = TypeVar("Result")


def compare(
    own: System, starters: Sequence[UpsertingSystem], questions: Sequence[str], repetitions: int, cold_asks: int
) -> list[Measured]:
    """Measure everything of every system; this project comes first."""
    systems = [own, *starters]
    counts = {system.name: system.count() for system in systems}
    first = _in_turn("ingest", systems, repetitions, lambda system, turn: system.ingest(f"run-{turn}"))
    # Asked before anything is ingested again: the starter's index then holds everything twice.
    warm = _in_turn("warm retrieval", systems, repetitions, lambda system, _: system.warm("run-0"))
    cold = _in_turn(
        "cold ask", systems, cold_asks, lambda system, turn: system.cold("run-0", questions[turn % len(questions)])
    )
    again = _in_turn("ingest again, unchanged", systems, repetitions, lambda system, turn: system.ingest(f"run-{turn}"))
    _in_turn("ingest with upserts, not counted", starters, 1, lambda starter, _: starter.upsert("upserted"))
    upserted = _in_turn("again with upserts", starters, repetitions, lambda starter, _: starter.upsert("upserted"))
    return [
        Measured(
            name,
            counts[name],
            tuple(first[name]),
            tuple(again[name]),
            tuple(upserted.get(name, ())),
            tuple(warm[name]),
            tuple(cold[name]),
        )
        for name in counts
    ]


Measurable = TypeVar("Measurable", bound=System)


def _in_turn(
    what: str, systems: Sequence[Measurable], turns: int, measure: Callable[[Measurable, int], Result]
) -> dict[str, list[Result]]:
    """Each system once a turn, another one first each time."""
    results: dict[str, list[Result]] = {system.name: [] for system in systems}
    for turn in range(turns):
        for place in range(len(systems)):
            system = systems[(turn + place) % len(systems)]
            began = time.perf_counter()
            results[system.name].append(measure(system, turn))
            print(
                f"{what} {turn + 1}/{turns}: {system.name}, {time.perf_counter() - began:.1f} s",
                file=sys.stderr,
                flush=True,
            )
    return results


def write_results(folder: Path, measured: Sequence[Measured], collection: Collection) -> Path:
    """The table and every figure behind it; the commit names the files."""
    machine, commit, when = this_machine(), this_commit(), datetime.now(UTC).isoformat(timespec="minutes")
    table = rows(measured, machine.amx)
    told = {
        "when": when,
        "commit": asdict(commit),
        "machine": asdict(machine),
        "files": {"what": collection.what, "number": len(collection.texts), "content": collection.digest},
        "rows": [
            {
                "part": row.part,
                "measure": row.measure,
                "values": row.values,
                "ratios": row.ratios,
                "aim": row.aim.words if row.aim else "",
                "met": row.met,
            }
            for row in table
        ],
        "measured": [without_output(asdict(one)) for one in measured],
    }
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{commit.short}.md"
    target.with_suffix(".json").write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
    target.write_text(as_markdown(table, measured, machine, commit, collection, when), encoding="utf-8")
    return target


def without_output(told: object) -> object:
    """What the processes printed stays out: it may name places on this machine."""
    if isinstance(told, dict):
        return {name: without_output(value) for name, value in told.items() if name != "output"}
    if isinstance(told, (list, tuple)):
        return [without_output(value) for value in told]
    return round(told, 4) if isinstance(told, float) else told


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the results, print the table. A missed aim is told there and fails nothing."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.starter_comparison", description="Measure this project beside the plain starter."
    )
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help=f"of each measurement ({REPETITIONS})")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the table goes (benchmarks/results)"
    )
    options = parser.parse_args(arguments)
    collection = collect(os.environ)
    questions = questions_from(collection.texts, QUESTIONS)
    print(
        f"{len(collection.texts)} files, {len(questions)} questions; this takes a quarter of an hour on two cores",
        file=sys.stderr,
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="fractional-bench-") as work:
        place = Place(Path(work) / "files", Path(work) / "questions.json", Path(work) / "states", os.environ)
        collection.write(place.files)
        place.questions.write_text(json.dumps(questions), encoding="utf-8")
        own, starters = Fractional(place), [Starter(place, size) for size in STARTER_SIZES]
        try:
            own.make_ready()
            measured = compare(own, starters, questions, max(1, options.repetitions), COLD_ASKS)
        except ChildFailed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            return 1
    target = write_results(options.results, measured, collection)
    print(target.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
