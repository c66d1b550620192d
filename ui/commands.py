"""What each command does: options in, plain data out. The command line renders it; nothing here prints to stdout.

Heavy parts are imported where they are used, so that `--help` costs nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import NotFound, UsageError
from corpus.settings import Settings, read_settings
from ui import readings

if TYPE_CHECKING:
    from corpus.documents import Document
    from evals.preview import GoldenChange
    from ingest.publish import Progress, Published, Publisher
    from rag.answer import Chain
    from rag.writers.ladder import Ladder

# Progress is shown once a step has taken this long.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    data: Any
    exit_code: int = 0


def ask(options: argparse.Namespace) -> Outcome:
    from rag.answer import answering

    shown = 0
    for made in answering(open_chain(read_settings()), options.question, options.conversation, options.writer):
        prose = [sentence.text for sentence in made.sentences if not sentence.verbatim]
        if made.writing and sys.stderr.isatty() and not options.json:  # as it comes; the whole is printed at the end
            print("".join(f"{sentence}\n" for sentence in prose[shown:]), end="", file=sys.stderr, flush=True)
            shown = len(prose)
    return Outcome(made.as_json())


def search(options: argparse.Namespace) -> Outcome:
    return Outcome(readings.passages(open_chain(read_settings()), options.question, options.top))


def add(options: argparse.Namespace) -> Outcome:
    from ingest.add import Given
    from ingest.preview import Preview
    from ingest.take_in import take_in

    settings = read_settings()
    given = Given(options.title, options.source, options.author, options.url, options.published, options.voice)
    today = datetime.now(UTC).date()
    publisher = open_publisher(settings)
    golden: list[GoldenChange] = []

    def agreed(new: Mapping[str, Document]) -> bool:
        golden.extend(golden_changes_of(settings, publisher, new, trying=options.dry_run))
        worse = [change.question for change in golden if change.worse]
        return options.dry_run or options.yes or not worse or _confirmed(worse)

    if options.report:
        _write_report(options.report, ())  # said now where it can't be
    done = take_in(
        publisher,
        options.inputs,
        given,
        today,
        dry_run=options.dry_run,
        agreed=None if options.no_golden else agreed,
    )
    if options.report:
        _write_report(
            options.report,
            [
                {
                    "input": one.input,
                    "became": done.became(one),
                    "document": one.document.id if one.document else "",
                    "reason": one.reason,
                }
                for one in done.prepared
            ],
        )
    previews = {one.input: done.previews.get(one.document.id, Preview()) for one in done.prepared if one.document}
    inputs = [
        {
            "input": one.input,
            "accepted": one.accepted,
            "became": done.became(one),
            "reason": one.reason,
            "document": one.document.id if one.document else "",
            "title": one.document.title if one.document else "",
            "text": one.document.text if one.document else "",
            "removed": [asdict(removal) for removal in one.removed],
            "quarantined": [asdict(finding) for finding in one.quarantined],
            "chunks": [
                {"heading": " › ".join(passage.headings), "text": passage.text}
                for passage in (done.passages[one.document.id] if one.document and one.accepted else ())
            ],
            "duplicates": [asdict(duplicate) for duplicate in one.duplicates],
            "terms": list(previews.get(one.input, Preview()).terms),
            "contradicts": [asdict(difference) for difference in previews.get(one.input, Preview()).contradicts],
            "warnings": list(one.warnings),
        }
        for one in done.prepared
    ]
    rejected = any(not one.accepted for one in done.prepared)
    return Outcome(
        {
            "inputs": inputs,
            "golden": [asdict(change) for change in golden],
            "summary": done.summary(),
            "snapshot": done.snapshot,
            "dry_run": options.dry_run,
            "published": done.agreed and not options.dry_run,
        },
        exit_code=4 if not done.agreed else 3 if rejected else 0,
    )


def golden_changes_of(
    settings: Settings, publisher: Publisher, new: Mapping[str, Document], *, trying: bool
) -> list[GoldenChange]:
    """What the new documents would change for the golden questions; what is embedded for that is not embedded again."""
    from evals.cases import CASES, read_cases
    from evals.preview import golden_changes
    from ingest.embed import Keeping
    from ingest.publish import Publisher

    embedder = publisher.embedder if trying else Keeping(publisher.embedder, publisher.record)

    def publish_there(copy: Settings) -> None:
        from corpus.record import Record

        record = Record(copy.record_path)
        Publisher(copy, record, embedder, publisher.progress).publish(dict(new), "try")
        record.close()

    cases = read_cases(sorted(CASES.glob("*.yaml")))
    return golden_changes(settings, cases, new.keys(), publish_there, publisher.progress)


def _confirmed(worse: Sequence[str]) -> bool:
    """Whether a person at a terminal wants it all the same."""
    lost = "\n".join(f"  - {question}" for question in worse)
    print(f"{len(worse)} golden questions would be answered worse:\n{lost}", file=sys.stderr)
    if not sys.stdin.isatty():
        print(
            "fractional: Nothing was published: nobody can be asked here. Look at it with --dry-run; --yes publishes it all the same.",
            file=sys.stderr,
        )
        return False
    print("Publish all the same? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _write_report(file: str, lines: Iterable[Mapping[str, str]]) -> None:
    try:
        Path(file).write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise UsageError(
            f"{file}: the report can't be written there ({exc.strerror}). Give --report another file."
        ) from exc


def publish(options: argparse.Namespace) -> Outcome:
    settings = read_settings()
    publisher = open_publisher(settings, progress=None if options.quiet else show_progress())
    return _published(publisher.publish())


def remove(options: argparse.Namespace) -> Outcome:
    from corpus.quarantine import quarantined

    publisher = open_publisher(read_settings())
    known, held = publisher.library(), quarantined(publisher.record)
    for document in options.documents:
        if document not in known and document not in held:
            raise NotFound(f"There is no document `{document}` in the library. `fractional list` shows what there is.")
    dropped = sorted(held.keys() & set(options.documents))
    for document in dropped:  # what is published under the same name stays, unless it is removed once more
        publisher.discard(document)
    withdrawn = dict.fromkeys(id for id in options.documents if id not in held)
    if not withdrawn:
        return Outcome({"snapshot": publisher.record.newest_number(), "dropped": dropped})
    outcome = _published(publisher.publish(withdrawn, f"remove {', '.join(sorted(withdrawn))[:200]}"))
    return Outcome({**outcome.data, "dropped": dropped}, outcome.exit_code)


def release(options: argparse.Namespace) -> Outcome:
    from corpus.quarantine import quarantined

    publisher = open_publisher(read_settings())
    found = {id: [*one.findings] for id, one in quarantined(publisher.record).items()}
    outcome = _published(publisher.release(options.document))
    return Outcome(
        {"document": options.document, "quarantined": found[options.document], **outcome.data}, outcome.exit_code
    )


def quarantine(options: argparse.Namespace) -> Outcome:
    from corpus.quarantine import quarantined

    held = quarantined(_open_record()).values()
    return Outcome(
        {
            "quarantined": [
                {
                    "document": one.document,
                    "input": one.input,
                    "kept": one.kept,
                    "who": one.who,
                    "found": [*one.findings],
                }
                for one in held
            ]
        }
    )


def rollback(options: argparse.Namespace) -> Outcome:
    return _published(open_publisher(read_settings()).rollback(options.snapshot))


def list_documents(options: argparse.Namespace) -> Outcome:
    return Outcome(readings.documents(open_chain(read_settings()), options.kind))


def show(options: argparse.Namespace) -> Outcome:
    return Outcome(readings.document(open_chain(read_settings()), options.document))


def history(options: argparse.Namespace) -> Outcome:
    record = _open_record()
    return Outcome({"snapshots": [asdict(snapshot) for snapshot in record.snapshots()]})


def answers(options: argparse.Namespace) -> Outcome:
    found = _open_record().answers_citing(options.citing)
    return Outcome({"document": options.citing, "answers": [asdict(answer) for answer in found]})


def passphrase(options: argparse.Namespace) -> Outcome:
    from ui.passphrase import Door

    Door(read_settings().home).set(_new_passphrase())
    return Outcome({"set": True})


def _new_passphrase() -> str:
    """Typed twice and not shown; or the first line of what is piped in."""
    import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline()
    words = getpass.getpass("New passphrase: ")
    if getpass.getpass("Once more: ") != words:
        raise UsageError("The two are not the same. Nothing was changed; run it again.")
    return words


def gaps(options: argparse.Namespace) -> Outcome:
    from corpus.gaps import gaps_of

    return Outcome({"gaps": [asdict(gap) for gap in gaps_of(_open_record())]})


def feedback(options: argparse.Namespace) -> Outcome:
    from corpus.feedback import feedback

    return Outcome({"feedback": [asdict(one) for one in feedback(_open_record())]})


def review(options: argparse.Namespace) -> Outcome:
    """What is due, and with --fetch what stands elsewhere on the web by now."""
    from ingest.review import CHANGED, FIRST, UNREACHED, Seen, due, look

    record = _open_record()
    documents = record.documents()
    today = date.today()
    waiting = {one.id for one in due(documents.values(), today, options.days)}
    seen = look(record, documents.values(), today, progress=show_progress()) if options.fetch else {}
    shown = [one for one in documents.values() if one.id in waiting or seen.get(one.id, Seen("")).page == CHANGED]
    pages = [one.page for one in seen.values()]
    return Outcome(
        {
            "documents": [
                {
                    **{name: getattr(one, name) for name in ("id", "title", "url", "review_by", "owner")},
                    "due": one.id in waiting,
                    **asdict(seen.get(one.id, Seen(""))),
                }
                for one in sorted(shown, key=lambda one: (one.review_by, one.id))
            ],
            "days": options.days,
            "looked_at": len(pages),
            "first_looks": pages.count(FIRST),
            "not_reached": {id: one.reason for id, one in seen.items() if one.page == UNREACHED},
        }
    )


def status(options: argparse.Namespace) -> Outcome:
    from corpus.documents import overdue
    from rag.verifiers import open_verifier

    settings = read_settings()
    ladder = open_ladder(settings)
    verifier = open_verifier(settings, ladder)
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
            "quarantined": record.count("quarantine"),
            "overdue_for_review": sorted(id for id, d in documents.items() if overdue(d, today)),
            "unfinished_file_changes": record.count("pending_files"),
            "writers": [asdict(state) for state in ladder.states()],
            "verifier": verifier.name if verifier else "",
            "home": str(settings.home),
            "corpus": str(settings.corpus),
            "models": str(settings.models),
        }
    )


def check(options: argparse.Namespace) -> Outcome:
    from corpus.check import check_library

    report = check_library(read_settings().corpus, date.today())
    return Outcome(report.as_json(), exit_code=4 if report.faults else 0)


def serve(options: argparse.Namespace) -> Outcome:
    from ui.serve import serve_chat

    open_chain(read_settings())  # publish first where nothing is published yet
    return Outcome({}, exit_code=serve_chat(options.port))


def api(options: argparse.Namespace) -> Outcome:
    from ui.api import serve_api

    told = sys.stderr if options.json else sys.stdout
    serve_api(lambda: open_chain(read_settings()), options.port, told)
    return Outcome({})


def mcp(options: argparse.Namespace) -> Outcome:
    from ui.assistants import serve_assistant

    serve_assistant(lambda: open_chain(read_settings()))
    return Outcome({})


def open_chain(settings: Settings) -> Chain:
    """The chain over the published library; where nothing was published yet, the documents are published first."""
    from corpus.index import Index
    from rag.answer import Chain
    from rag.verifiers import open_verifier

    index = Index(settings)
    if index.record.newest_number() == 0:
        open_publisher(settings, index.record).publish(action="first publish")
    ladder = open_ladder(settings)
    return Chain(index, ladder, open_verifier(settings, ladder))


def open_ladder(settings: Settings) -> Ladder:
    """The writers as the settings name them; none is started before it is asked."""
    from corpus.ledger import Ledger
    from rag.models import chosen_model
    from rag.writers.hosted import HostedWriter
    from rag.writers.ladder import Ladder
    from rag.writers.local import LocalWriter
    from rag.writers.settings import read_writer_settings

    told = read_writer_settings(settings.home)
    local = LocalWriter(lambda: chosen_model(settings), told.threads)
    hosted = [HostedWriter(one) for one in told.hosted]
    return Ladder([local, *hosted], told.auto, Ledger(settings.record_path), told.budgets)


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
    first: dict[str, tuple[float, int]] = {}
    before: dict[str, int] = {}

    def show(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done <= before.get(stage, 0):  # begun anew, for another batch
            first.pop(stage, None)
        before[stage] = done
        since, from_ = first.setdefault(stage, (now, done))
        if now - began < PATIENCE_SECONDS or (now - state["said"] < PATIENCE_SECONDS and done < total):
            return
        state["said"] = now
        left = (now - since) * (total - done) / (done - from_) if done > from_ else 0.0
        print(f"{stage} {done}/{total}{_time_left(left)}", file=sys.stderr, flush=True)

    return show


def _time_left(seconds: float) -> str:
    """Said where it is worth waiting for."""
    if seconds < 10:
        return ""
    return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


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
