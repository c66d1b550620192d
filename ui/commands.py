"""What each command does: options in, plain data out. The command line renders it; nothing here prints to stdout.

Heavy parts are imported where they are used, so that `--help` costs nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import NotFound
from corpus.settings import Settings, read_settings

if TYPE_CHECKING:
    from evals.cases import Case
    from ingest.publish import Progress, Published, Publisher
    from rag.answer import Chain

# Progress is shown once a step has taken this long.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    data: Any
    exit_code: int = 0


def ask(options: argparse.Namespace) -> Outcome:
    from rag.answer import answer

    return Outcome(
        answer(open_chain(read_settings()), options.question, options.conversation, options.writer).as_json()
    )


def search(options: argparse.Namespace) -> Outcome:
    from rag.answer import search as find

    passages = find(open_chain(read_settings()), options.question, options.top)
    return Outcome(
        {
            "passages": [
                {
                    "document": p.chunk.document,
                    "heading": " › ".join(p.chunk.headings),
                    "text": p.chunk.text,
                    "start": p.chunk.start,
                    "end": p.chunk.end,
                    "score": round(p.score, 6),
                    "dense_rank": p.dense_rank,
                    "lexical_rank": p.lexical_rank,
                }
                for p in passages
            ]
        }
    )


def add(options: argparse.Namespace) -> Outcome:
    from ingest.add import Given
    from ingest.take_in import take_in

    given = Given(options.title, options.source, options.author, options.url, options.published, options.voice)
    today = datetime.now(UTC).date()
    done = take_in(open_publisher(read_settings()), options.inputs, given, today, dry_run=options.dry_run)
    inputs = [
        {
            "input": one.input,
            "accepted": one.accepted,
            "reason": one.reason,
            "document": one.document.id if one.document else "",
            "title": one.document.title if one.document else "",
            "text": one.document.text if one.document else "",
            "removed": [asdict(removal) for removal in one.removed],
            "quarantined": [],
            "chunks": [
                {"heading": " › ".join(passage.headings), "text": passage.text}
                for passage in (done.passages[one.document.id] if one.document else ())
            ],
            "duplicates": [asdict(duplicate) for duplicate in one.duplicates],
            "warnings": list(one.warnings),
        }
        for one in done.prepared
    ]
    rejected = any(not one.accepted for one in done.prepared)
    return Outcome(
        {"inputs": inputs, "snapshot": done.snapshot, "dry_run": options.dry_run}, exit_code=3 if rejected else 0
    )


def publish(options: argparse.Namespace) -> Outcome:
    settings = read_settings()
    publisher = open_publisher(settings, progress=None if options.quiet else show_progress())
    return _published(publisher.publish())


def remove(options: argparse.Namespace) -> Outcome:
    publisher = open_publisher(read_settings())
    known = publisher.library()
    for document in options.documents:
        if document not in known:
            raise NotFound(f"There is no document `{document}` in the library. `fractional list` shows what there is.")
    withdrawn = dict.fromkeys(options.documents)
    return _published(publisher.publish(withdrawn, f"remove {', '.join(sorted(withdrawn))[:200]}"))


def rollback(options: argparse.Namespace) -> Outcome:
    return _published(open_publisher(read_settings()).rollback(options.snapshot))


def list_documents(options: argparse.Namespace) -> Outcome:
    documents = open_chain(read_settings()).index.record.documents().values()
    fields = ("id", "kind", "voice", "title", "source", "author", "url", "published", "review_by", "tags")
    return Outcome(
        {
            "documents": [
                {f: getattr(d, f) for f in fields} for d in documents if not options.kind or d.kind == options.kind
            ]
        }
    )


def show(options: argparse.Namespace) -> Outcome:
    document = open_chain(read_settings()).index.record.document(options.document)
    data = asdict(document)
    return Outcome({"document": data.pop("id"), "title": data.pop("title"), "text": data.pop("text"), **data})


def history(options: argparse.Namespace) -> Outcome:
    record = _open_record()
    return Outcome({"snapshots": [asdict(snapshot) for snapshot in record.snapshots()]})


def gaps(options: argparse.Namespace) -> Outcome:
    return Outcome({"gaps": [asdict(gap) for gap in _open_record().gaps()]})


def status(options: argparse.Namespace) -> Outcome:
    from corpus.documents import overdue

    settings = read_settings()
    record = _open_record()
    newest = record.newest()
    documents = record.documents()
    today = date.today()
    return Outcome(
        {
            "snapshot": newest.number if newest else 0,
            "made": newest.made if newest else "",
            "by": newest.who if newest else "",
            "documents": {
                kind: sum(1 for d in documents.values() if d.kind == kind)
                for kind in ("article", "glossary", "position")
            },
            "passages": record.count("lexical"),
            "embedder": newest.fingerprint if newest else settings.embedder,
            "answers": record.count("answers"),
            "gaps": record.count("gaps"),
            "overdue_for_review": sorted(id for id, d in documents.items() if overdue(d, today)),
            "unfinished_file_changes": record.count("pending_files"),
            "writers": [{"writer": "quote", "ready": True, "reason": "needs no model"}],
            "home": str(settings.home),
            "corpus": str(settings.corpus),
            "models": str(settings.models),
        }
    )


def check(options: argparse.Namespace) -> Outcome:
    from corpus.check import check_library

    report = check_library(read_settings().corpus, date.today())
    return Outcome(report.as_json(), exit_code=4 if report.faults else 0)


def eval_run(options: argparse.Namespace) -> Outcome:
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


def eval_calibrate(options: argparse.Namespace) -> Outcome:
    import tempfile

    from evals.calibrate import Observed, fit, is_clear, keep, signs_of
    from evals.cases import OF_REAL_ARTICLES, read_cases
    from ingest.add import Given
    from ingest.take_in import take_in
    from rag.judge import CALIBRATION

    def observe(library: str, chain: Chain, cases: list[Case]) -> Observed:
        chosen = [case for case in cases if not case.held and is_clear(case)]
        return Observed(library, signs_of(chain, chosen, show_progress()), [case.answerable for case in chosen])

    settings = read_settings()
    observed = [observe("library", open_chain(settings), _cases(options))]
    if options.articles:
        with tempfile.TemporaryDirectory() as folder:
            other = replace(settings, home=Path(folder) / "home", corpus=Path(folder) / "corpus")
            take_in(open_publisher(other), [options.articles], Given(), datetime.now(UTC).date())
            observed.append(observe("real articles", open_chain(other), read_cases(OF_REAL_ARTICLES)))
    calibrated = fit(observed)
    if options.keep:
        keep(calibrated, CALIBRATION)
    return Outcome({**calibrated, "kept": options.keep})


def _cases(options: argparse.Namespace) -> list[Case]:
    from evals.cases import CASES, read_cases

    return read_cases([Path(file) for file in options.cases] or sorted(CASES.glob("*.yaml")))


def serve(options: argparse.Namespace) -> Outcome:
    from ui.serve import serve_chat

    open_chain(read_settings())  # publish first where nothing is published yet
    return Outcome({}, exit_code=serve_chat(options.port))


def open_chain(settings: Settings) -> Chain:
    """The chain over the published library; where nothing was published yet, the documents are published first."""
    from corpus.index import Index
    from rag.answer import Chain

    index = Index(settings)
    if index.record.newest_number() == 0:
        open_publisher(settings, index.record).publish(action="first publish")
    return Chain(index)


def open_publisher(settings: Settings, record: Any = None, progress: Progress | None = None) -> Publisher:
    from corpus.record import Record
    from ingest.embed import open_bulk_embedder
    from ingest.publish import Publisher

    return Publisher(
        settings, record or Record(settings.record_path), open_bulk_embedder(settings), progress or show_progress()
    )


def show_progress() -> Progress:
    """Progress on stderr for what takes over a second."""
    began = time.monotonic()
    state = {"said": 0.0}

    def show(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - began < PATIENCE_SECONDS or (now - state["said"] < PATIENCE_SECONDS and done < total):
            return
        state["said"] = now
        print(f"{stage} {done}/{total}", file=sys.stderr, flush=True)

    return show


def _open_record() -> Any:
    from corpus.record import Record

    return Record(read_settings().record_path)


def _published(done: Published) -> Outcome:
    data = {
        "snapshot": done.snapshot,
        "added": list(done.added),
        "changed": list(done.changed),
        "removed": list(done.removed),
        "chunks": done.chunks,
        "embedded": done.embedded,
        "faults": [str(fault) for fault in done.faults],
    }
    return Outcome(data, exit_code=3 if done.faults else 0)
