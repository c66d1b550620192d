"""What each `eval` command does: options in, plain data out, like `ui.commands`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.settings import Settings, read_settings
from ui.commands import Outcome, open_chain, open_publisher, show_progress

if TYPE_CHECKING:
    from corpus.documents import Document
    from evals.cases import Case
    from evals.metrics.scoring import Scoring
    from evals.run import Drawn
    from rag.answer import Chain


def run(options: argparse.Namespace) -> Outcome:
    from evals.figures import summary_of
    from evals.judge_check import check_judge
    from evals.run import begin, go_on
    from evals.store import RunStore

    settings = read_settings()
    chain, store = open_chain(settings), RunStore(settings.home)
    scoring = scoring_for(settings, chain, options.judge)
    run, progress = options.resume, show_progress()
    if not run:
        drawn = _drawn(options)
        chain.ladder.rungs(options.writer)  # one that can't write is told before anything is judged
        checked = check_judge(scoring.judge, chain.index.record.documents(), progress)
        run = begin(chain, store, drawn, options.writer, scoring, checked).run
        print(f"run {run}; if it is stopped: fractional eval run --resume {run}", file=sys.stderr)
    record = go_on(chain, store, run, _cases(options), scoring, progress)
    return Outcome(summary_of(record, store.case_records(run)))


def nightly(options: argparse.Namespace) -> Outcome:
    """All cases, the held ones too, since nobody looks at theirs."""
    import random

    from evals.baseline import BASELINE
    from evals.judge_check import check_judge
    from evals.nightly import Budget, Enough, Running, Wanted
    from evals.nightly import nightly as one_night
    from evals.run import Drawn, begin, go_on
    from evals.store import RunRecord, RunStore

    settings = read_settings()
    # In an order of no meaning, but the same every night: what a budget cuts off is then a fair share of all.
    cases = random.Random(0).sample(asked := _cases(options), len(asked))
    ids = tuple(case.id for case in cases)

    @cache
    def opened() -> tuple[Chain, Scoring]:
        chain = open_chain(settings)
        chain.ladder.rungs(options.writer)
        return chain, scoring_for(settings, chain, options.judge)

    def begun() -> RunRecord:
        chain, scoring = opened()
        checked = check_judge(scoring.judge, chain.index.record.documents(), show_progress())
        return begin(chain, RunStore(settings.home), Drawn(tuple(cases)), options.writer, scoring, checked)

    def gone_on(run: str, enough: Enough) -> RunRecord:
        chain, scoring = opened()
        return go_on(chain, RunStore(settings.home), run, cases, scoring, show_progress(), enough)

    night = one_night(
        settings.home,
        Wanted(options.writer, ids),
        Running(begun, gone_on),
        Budget(options.minutes, options.cost),
        options.baseline or BASELINE,
        keep=options.keep,
        webhook=options.webhook,
    )
    return Outcome(asdict(night), night.exit_code)


def scoring_for(settings: Settings, chain: Chain, judge: str) -> Scoring:
    """The metrics with the judge that ships; with the name of a hosted model, those that Ragas asks it for, too."""
    from evals.metrics.scoring import open_judge, open_scoring

    return open_scoring(settings.home, chain.index.embedder, open_judge(), chain.ladder, judge)


def _drawn(options: argparse.Namespace) -> Drawn:
    """The cases that these options choose."""
    import random

    from corpus.errors import CasesError
    from evals.run import Drawn

    wanted = set(options.tag)
    chosen = [c for c in _cases(options) if c.held == options.held and (not wanted or wanted & {c.type, *c.tags})]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    if not chosen:
        raise CasesError("No case is left to ask. Name other --tag or --cases.")
    return Drawn(tuple(chosen), options.held, tuple(options.tag), options.sample, options.seed)


def calibrate(options: argparse.Namespace) -> Outcome:
    from evals.calibrate import Observed, fit, is_clear, keep, observe_tasks, signs_of
    from evals.cases import FURTHER, OF_REAL_ARTICLES, read_cases
    from evals.reader import sides, worth
    from evals.reader.graded import TO_WEIGH, read_graded
    from evals.refusal import read_corpus, read_tasks
    from ingest.add import Given
    from ingest.take_in import take_in
    from rag import speaking
    from rag import worth as quoting
    from rag.judge import CALIBRATION

    def observe(library: str, chain: Chain, cases: list[Case]) -> Observed:
        chosen = [case for case in cases if not case.held and is_clear(case)]
        return Observed(library, signs_of(chain, chosen, show_progress()), [case.answerable for case in chosen])

    cases = _cases(options) + ([] if options.cases else read_cases(FURTHER))
    chain = open_chain(read_settings())
    observed = [observe("library", chain, cases)]
    graded = [] if options.cases else [one for file in TO_WEIGH for one in read_graded(file, chain.library()[1])]
    if options.articles:
        with _apart() as settings:
            take_in(open_publisher(settings), [options.articles], Given(), datetime.now(UTC).date())
            observed.append(observe("real articles", open_chain(settings), read_cases(OF_REAL_ARTICLES)))
    if options.tasks:
        corpus = read_corpus(options.corpus) if options.corpus else None
        with libraries() as over:
            observed += observe_tasks(read_tasks(options.tasks), corpus, over, show_progress())
    calibrated = fit(observed)
    sentences = worth.fit(worth.observe(chain, graded, show_progress())) if graded else None
    positions = sides.fit(sides.observe(chain, show_progress())) if graded else None
    if options.keep:
        keep(calibrated, CALIBRATION)
        if sentences and positions:
            keep(sentences, quoting.FITTED)
            keep(positions, speaking.FITTED)
    return Outcome({**calibrated, "sentences": sentences, "positions": positions, "kept": options.keep})


def conversations(options: argparse.Namespace) -> Outcome:
    from evals.conversations import measure, read_benchmark

    benchmark = read_benchmark(options.tasks, options.qrels, options.corpus)
    with libraries() as over:
        return Outcome(measure(over(benchmark.documents), benchmark.tasks, show_progress()))


def retrieval(options: argparse.Namespace) -> Outcome:
    from evals.retrieval import measure, read_beir

    beir = read_beir(options.beir, options.split)
    with libraries() as over:
        return Outcome(measure(over(beir.documents), beir.queries, show_progress()))


def refusal(options: argparse.Namespace) -> Outcome:
    from evals import false_passages
    from evals import refusal as tasks

    with libraries() as over:
        if false_passages.is_of_this_kind(options.tasks):
            queries = false_passages.read_queries(options.tasks)
            return Outcome(false_passages.measure(queries, over, show_progress()))
        corpus = tasks.read_corpus(options.corpus) if options.corpus else None
        return Outcome(tasks.measure(tasks.read_tasks(options.tasks), corpus, over, show_progress()))


def judge(options: argparse.Namespace) -> Outcome:
    from evals.support.measure import judge_files

    return Outcome(judge_files(options.files, show_progress()))


@contextmanager
def _apart() -> Iterator[Settings]:
    """A library of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fractional-") as folder:
        yield replace(read_settings(), home=Path(folder) / "home", corpus=Path(folder) / "corpus")


@contextmanager
def libraries() -> Iterator[Callable[[Mapping[str, Document]], Chain]]:
    """What opens the chain over some documents alone, one library after the other in the same place: a small one takes a moment."""
    from ingest.publish import no_progress

    with _apart() as settings:
        publisher = open_publisher(settings)
        chain: Chain | None = None

        def over(documents: Mapping[str, Document]) -> Chain:
            nonlocal chain
            publisher.publish({**dict.fromkeys(publisher.record.documents()), **documents})
            publisher.progress = no_progress  # the first may be long; after that, who measures tells how far it is
            chain = chain or open_chain(settings)
            return chain

        yield over
        if chain is not None:
            chain.index.record.close()


def _cases(options: argparse.Namespace) -> list[Case]:
    from evals.cases import CASES, read_cases

    return read_cases([Path(file) for file in options.cases] or sorted(CASES.glob("*.yaml")))
