"""What each `eval` command does: options in, plain data out, like `ui.commands`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.settings import Settings, read_settings
from ui.commands import Outcome, open_chain, open_publisher, show_progress

if TYPE_CHECKING:
    from corpus.documents import Document
    from evals.cases import Case
    from rag.answer import Chain


def run(options: argparse.Namespace) -> Outcome:
    import random

    from corpus.errors import CasesError
    from evals.figures import summary_of
    from evals.run import run_cases

    cases = _cases(options)
    chosen = [c for c in cases if c.held == options.held and (not options.type or c.type in options.type)]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    if not chosen:
        raise CasesError("No case is left to ask. Name other --type or --cases.")
    chain = open_chain(read_settings())
    outcomes = run_cases(chain, chosen, options.writer, show_progress())
    return Outcome({"writer": options.writer, "held": options.held, "n": len(chosen), **summary_of(outcomes)})


def calibrate(options: argparse.Namespace) -> Outcome:
    from evals.calibrate import Observed, fit, is_clear, keep, signs_of
    from evals.cases import OF_REAL_ARTICLES, read_cases
    from ingest.add import Given
    from ingest.take_in import take_in
    from rag.judge import CALIBRATION

    def observe(library: str, chain: Chain, cases: list[Case]) -> Observed:
        chosen = [case for case in cases if not case.held and is_clear(case)]
        return Observed(library, signs_of(chain, chosen, show_progress()), [case.answerable for case in chosen])

    observed = [observe("library", open_chain(read_settings()), _cases(options))]
    if options.articles:
        with _apart() as settings:
            take_in(open_publisher(settings), [options.articles], Given(), datetime.now(UTC).date())
            observed.append(observe("real articles", open_chain(settings), read_cases(OF_REAL_ARTICLES)))
    calibrated = fit(observed)
    if options.keep:
        keep(calibrated, CALIBRATION)
    return Outcome({**calibrated, "kept": options.keep})


def conversations(options: argparse.Namespace) -> Outcome:
    from evals.conversations import measure, read_benchmark

    benchmark = read_benchmark(options.tasks, options.qrels, options.corpus)
    with _chain_over(benchmark.documents) as chain:
        return Outcome(measure(chain, benchmark.tasks, show_progress()))


def retrieval(options: argparse.Namespace) -> Outcome:
    from evals.retrieval import measure, read_beir

    beir = read_beir(options.beir, options.split)
    with _chain_over(beir.documents) as chain:
        return Outcome(measure(chain, beir.queries, show_progress()))


def judge(options: argparse.Namespace) -> Outcome:
    from evals.support.measure import judge_files

    return Outcome(judge_files(options.files, show_progress()))


@contextmanager
def _apart() -> Iterator[Settings]:
    """A library of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fractional-") as folder:
        yield replace(read_settings(), home=Path(folder) / "home", corpus=Path(folder) / "corpus")


@contextmanager
def _chain_over(documents: Mapping[str, Document]) -> Iterator[Chain]:
    """The chain over these documents alone."""
    with _apart() as settings:
        open_publisher(settings).publish(documents)
        chain = open_chain(settings)
        yield chain
        chain.index.record.close()


def _cases(options: argparse.Namespace) -> list[Case]:
    from evals.cases import CASES, read_cases

    return read_cases([Path(file) for file in options.cases] or sorted(CASES.glob("*.yaml")))
