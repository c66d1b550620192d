"""What the `eval` commands do that rest on kept runs: compare, approve, report, run by night. Options in, plain data out, like `ui.commands`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import CheckFailed, NotFound, UsageError
from corpus.settings import read_settings
from ui.commands import Outcome

if TYPE_CHECKING:
    from evals.drafts import Proposing
    from evals.store import RunRecord, RunStore

GATE_NOT_PASSED = 4


def gate(options: argparse.Namespace) -> Outcome:
    from evals.nightly import held_to

    store = _store()
    record = _complete_run(store, options.kept_run)
    verdict = held_to(store, record, _baseline_file(options), options.allowed_loss, options.metrics)
    return Outcome(asdict(verdict), 0 if verdict.passed else GATE_NOT_PASSED)


def baseline(options: argparse.Namespace) -> Outcome:
    from evals.baseline import approve, measured, read_baseline, write_baseline

    path = _baseline_file(options)
    if options.approve is not None:
        who = " ".join(options.approve.split())
        if not who:
            raise UsageError('A baseline is approved by somebody: --approve "YOUR NAME".')
        store = _store()
        record = _complete_run(store, options.kept_run)
        run = measured(record, store.case_records(record.run))
        if run.drifted:
            raise CheckFailed(
                f"Run {record.run} can't be what others are held to: {run.drifted}. Mend the judge, and run again."
            )
        write_baseline(approve(run, who, datetime.now(UTC)), path)
    elif options.kept_run:
        raise UsageError(f'To make {options.kept_run} the baseline, say who approves it: --approve "YOUR NAME".')
    kept = read_baseline(path)
    return Outcome(
        {
            "baseline": str(path),
            "approved_by": kept.approval.by,
            "approved_at": kept.approval.at,
            "run": kept.measured.run,
            "commit": kept.measured.commit,
            "writer": kept.measured.writer,
            "model": kept.measured.model,
            "cases": len(kept.measured.cases),
            "metrics": dict(kept.metrics),
        }
    )


def report(options: argparse.Namespace) -> Outcome:
    from evals.nightly import REPORT
    from evals.report import gather, verdict_of
    from evals.report_files import write_report

    store = _store()
    record = _complete_run(store, options.kept_run)
    files = write_report(gather(store, record), options.out or store.place(record.run) / REPORT)
    verdict = verdict_of(store, record.run)
    return Outcome(
        {
            "run": record.run,
            "passed": verdict["passed"] if verdict else None,
            "files": files,
            "runs": [one.run for one in store.completed()],
        }
    )


def drafts(options: argparse.Namespace) -> Outcome:
    from corpus.record import Record
    from evals import cases
    from evals.document_questions import questions_of
    from evals.drafts import FROM_LIFE, Drafts, drafts_from_document, drafts_from_record, entry_of

    if options.into and not options.approve:
        raise UsageError("A file is written into when a draft is approved: --approve ID --into FILE.")
    settings = read_settings()
    record = Record(settings.record_path)
    kept = Drafts(settings.home)
    done: dict[str, Any] = {"added": [], "approved": None, "discarded": None}
    if options.approve:
        file = options.into or cases.CASES / FROM_LIFE
        case = kept.approve(options.approve, file, record.documents())
        done["approved"] = {"id": case.id, "file": str(file), "held": case.held}
    elif options.discard:
        done["discarded"] = kept.discard(options.discard).case.id
    else:
        name = options.from_article
        proposing = _asked_by(options.judge) if name and options.judge else questions_of
        found = (
            drafts_from_document(record.document(name), record.documents(), proposing)
            if name
            else drafts_from_record(record)
        )
        done["added"] = [draft.case.id for draft in kept.add(found)]
    waiting = [{**entry_of(draft), "missing": list(draft.missing)} for draft in kept.waiting()]
    return Outcome({**done, "drafts": waiting, "file": str(kept.path)})


def _asked_by(name: str) -> Proposing:
    """A hosted model that asks, in place of the rules."""
    from corpus.embedder import open_embedder
    from evals.metrics.embedded import Embeddings
    from evals.metrics.hosted import HostedJudge
    from evals.written_questions import SYSTEM, written_questions
    from ui.commands import open_ladder

    settings = read_settings()
    judge = HostedJudge(open_ladder(settings), name, SYSTEM)
    embeddings = Embeddings(open_embedder(settings))
    return lambda document, terms, known: written_questions(document, judge, embeddings, terms, known)


def _store() -> RunStore:
    from evals.store import RunStore

    return RunStore(read_settings().home)


def _complete_run(store: RunStore, name: str) -> RunRecord:
    """The run of this name, or the newest that is complete."""
    if name:
        record = store.read(name)
        if not record.complete:
            raise NotFound(f"Run {name} is not complete. `fractional eval nightly` goes on with it.")
        return record
    complete = store.completed()
    if not complete:
        raise NotFound(f"There is no complete run in {store.folder} yet. `fractional eval run` makes one.")
    return complete[-1]


def _baseline_file(options: argparse.Namespace) -> Path:
    from evals.baseline import BASELINE

    return options.baseline or BASELINE
