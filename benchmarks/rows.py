"""From measurements to rows: medians, ratios, and the aims beside them. Pure; knows nothing about tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.systems import Cold, Count, Ingest, Warm


@dataclass(frozen=True)
class Measured:
    """All that was measured of one system."""

    name: str
    count: Count
    first: tuple[Ingest, ...]
    again: tuple[Ingest, ...]
    upserted: tuple[Ingest, ...]  # the starter's second way to run again; this project has one way
    warm: tuple[Warm, ...]
    cold: tuple[Cold, ...]


@dataclass(frozen=True)
class Aim:
    """What a ratio, or this project's own value, should be."""

    words: str
    met_by: Callable[[float], bool]
    of_value: bool = False


@dataclass(frozen=True)
class Row:
    """One measure: this project's value, each starter's, and each ratio between them."""

    part: str
    measure: str
    values: tuple[float, ...]
    ratios: tuple[float, ...] = ()
    aim: Aim | None = None
    share: bool = False  # the ratio is read as "this project needs … % of the starter's"

    @property
    def met(self) -> tuple[bool, ...]:
        """Whether the aim is met: against each starter, or once where it is about this project's own value."""
        if self.aim is None:
            return ()
        return tuple(self.aim.met_by(value) for value in (self.values[:1] if self.aim.of_value else self.ratios))


def ingest_aim(amx: bool) -> Aim:
    least = 2.5 if amx else 1.2  # in bf16 the processor's matrix unit does three times the work of fp32
    return Aim(f"≥ {least} times the starter's", lambda ratio: ratio >= least)


REINGEST = Aim("≥ 50 times faster", lambda ratio: ratio >= 50)
RETRIEVAL = Aim("≤ 10 ms", lambda milliseconds: milliseconds <= 10, of_value=True)
COLD_ASK = Aim("≤ 40 % of the starter's", lambda ratio: ratio <= 0.4)


def rows(measured: Sequence[Measured], amx: bool) -> list[Row]:
    """The whole table; the first of those measured is this project."""
    return [*_ingest_rows(measured, amx), *_again_rows(measured), *_warm_rows(measured), *_cold_rows(measured)]


def _ingest_rows(measured: Sequence[Measured], amx: bool) -> list[Row]:
    part = "Ingest"

    def each(value: Callable[[Measured, Ingest], float]) -> tuple[float, ...]:
        return tuple(median(value(one, run) for run in one.first) for one in measured)

    # The run that others disturbed least; the starter's second time is the same work as its first, so it counts too.
    undisturbed = tuple(
        one.count.read / min(run.seconds for run in (*one.first, *(one.again if one is not measured[0] else ())))
        for one in measured
    )
    return [
        _more_is_better(
            part,
            "embedded tokens per second, without imports",
            each(lambda one, run: one.count.read / run.seconds),
            ingest_aim(amx),
        ),
        _more_is_better(part, "the same, of the fastest run", undisturbed, ingest_aim(amx)),
        _more_is_better(
            part, "embedded tokens per second, with imports", each(lambda one, run: one.count.read / run.run.seconds)
        ),
        _more_is_better(
            part, "documents per second, without imports", each(lambda _, run: run.documents / run.seconds)
        ),
        _more_is_better(
            part, "documents per second, with imports", each(lambda _, run: run.documents / run.run.seconds)
        ),
        _more_is_better(
            part,
            "embedded tokens per processor second, with imports",
            each(lambda one, run: one.count.read / run.run.processor_seconds),
        ),
        Row(part, "seconds, without imports", each(lambda _, run: run.seconds)),
        Row(part, "seconds, with imports", each(lambda _, run: run.run.seconds)),
        Row(part, "documents taken", each(lambda _, run: run.documents)),
        Row(part, "documents refused, with a reason", each(lambda _, run: run.refused)),
        Row(part, "chunks", tuple(float(one.count.chunks) for one in measured)),
        Row(part, "tokens in the chunks", tuple(float(one.count.tokens) for one in measured)),
        Row(part, "tokens the model reads", tuple(float(one.count.read) for one in measured)),
        Row(
            part,
            "share of its chunks' tokens that the model reads, %",
            tuple(100 * one.count.read / one.count.tokens for one in measured),
        ),
        _less_is_better(part, "peak memory, MB", each(lambda _, run: run.run.megabytes)),
    ]


def _again_rows(measured: Sequence[Measured]) -> list[Row]:
    own, *starters = measured
    rows = []
    for way, runs_of, aim in (
        ("from_documents", lambda one: one.again, REINGEST),
        ("pipeline with UPSERTS", lambda one: one.upserted, None),
    ):
        part = f"Unchanged, again (starter: {way})"

        def each(
            value: Callable[[Ingest], float], runs_of: Callable[[Measured], Sequence[Ingest]] = runs_of
        ) -> tuple[float, ...]:
            return tuple(median(value(run) for run in runs) for runs in (own.again, *map(runs_of, starters)))

        rows += [
            _less_is_better(part, "seconds, without imports", each(lambda run: run.seconds), aim),
            _less_is_better(part, "seconds, with imports", each(lambda run: run.run.seconds)),
            _less_is_better(part, "processor seconds, with imports", each(lambda run: run.run.processor_seconds)),
            Row(part, "chunks in the index afterwards", each(lambda run: run.rows)),
            _less_is_better(part, "peak memory, MB", each(lambda run: run.run.megabytes)),
        ]
    return rows


def _warm_rows(measured: Sequence[Measured]) -> list[Row]:
    part = "Warm retrieval, top 5"

    def each(share: float, of: Callable[[Warm], Iterable[float]]) -> tuple[float, ...]:
        return tuple(percentile([value for run in one.warm for value in of(run)], share) for one in measured)

    def beyond(run: Warm) -> list[float]:
        return [retrieve - embed for retrieve, embed in zip(run.retrieve_ms, run.embed_ms, strict=True)]

    retrieve, embed = each(0.5, lambda run: run.retrieve_ms), each(0.5, lambda run: run.embed_ms)
    return [
        _less_is_better(part, "p50, ms", retrieve),
        _less_is_better(part, "p99, ms", each(0.99, lambda run: run.retrieve_ms)),
        Row(part, "embedding the question alone, p50, ms", embed),
        Row(part, "embedding the question alone, p99, ms", each(0.99, lambda run: run.embed_ms)),
        Row(
            part,
            "p50 less p50 of embedding alone, ms",
            tuple(whole - alone for whole, alone in zip(retrieve, embed, strict=True)),
            aim=RETRIEVAL,
        ),
        Row(part, "retrieval less embedding, question by question, p50, ms", each(0.5, beyond)),
        _less_is_better(
            part, "peak memory, MB", tuple(median(run.run.megabytes for run in one.warm) for one in measured)
        ),
    ]


def _cold_rows(measured: Sequence[Measured]) -> list[Row]:
    part = "Cold ask, from process start to answer"

    def each(value: Callable[[Cold], float]) -> tuple[float, ...]:
        return tuple(median(value(run) for run in one.cold) for one in measured)

    def share(measure: str, values: tuple[float, ...], aim: Aim | None = None) -> Row:
        return Row(part, measure, values, tuple(values[0] / value for value in values[1:]), aim, share=True)

    return [
        share("seconds", each(lambda run: run.run.seconds), COLD_ASK),
        share("processor seconds", each(lambda run: run.run.processor_seconds)),
        share("peak memory, MB", each(lambda run: run.run.megabytes)),
    ]


def _more_is_better(part: str, measure: str, values: tuple[float, ...], aim: Aim | None = None) -> Row:
    return Row(part, measure, values, tuple(values[0] / value for value in values[1:]), aim)


def _less_is_better(part: str, measure: str, values: tuple[float, ...], aim: Aim | None = None) -> Row:
    return Row(part, measure, values, tuple(value / values[0] for value in values[1:]), aim)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
