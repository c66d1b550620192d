"""The command line: words in, one answer out, as text for people or as one JSON document for programs."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from corpus.errors import FractionalError
from ui import commands, eval_commands, home_commands, kept_run_commands, kept_run_rendering, models_command, render

EXAMPLES = """examples:
  fractional ask "What happens in week one?"
  fractional ask "And what does it cost?" --conversation board-prep
  fractional add notes/article.md --source "Example Ltd" --dry-run
  fractional search "build or buy" --top 5
  fractional history
  fractional rollback 3

Everything takes --json. Where things are kept: FRACTIONAL_HOME, FRACTIONAL_CORPUS, FRACTIONAL_MODELS."""

Command = Callable[[argparse.Namespace], commands.Outcome]
Rendering = Callable[[Any], str]


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help and an example."""
    parser = argparse.ArgumentParser(
        prog="fractional",
        description="Ask what practitioners say about fractional AI CTO work, and check every sentence; keep the library it is asked of.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    verb = partial(_verb, verbs)

    ask = verb(
        "ask",
        "answer a question from the library, each sentence with its source",
        'ask "Do we need a Chief AI Officer?"',
        commands.ask,
        render.answer,
    )
    ask.add_argument("question")
    ask.add_argument(
        "--writer",
        default="auto",
        help="auto (the best that is ready), quote (the sources' own sentences), local, or one named in writers.toml",
    )
    ask.add_argument(
        "--conversation", default="", metavar="ID", help="go on with a conversation; an unknown ID begins one"
    )

    search = verb(
        "search",
        "show the passages nearest to a question, without an answer",
        'search "go/no-go criteria" --top 5',
        commands.search,
        render.passages,
    )
    search.add_argument("question")
    search.add_argument("--top", type=_positive, default=10, metavar="K", help="how many passages (10)")

    add = verb(
        "add",
        "add or update documents from files, folders and web addresses, and publish them",
        'add article.html report.pdf https://example.com/post --source "Example Ltd" --dry-run',
        commands.add,
        render.added,
    )
    add.add_argument(
        "inputs",
        nargs="+",
        metavar="PATH|URL",
        help="a web page (.html), PDF, Word (.docx), Markdown or text file, a folder of them, a pattern such as 'docs/*.pdf', "
        "or the address of one on the public web",
    )
    add.add_argument("--dry-run", action="store_true", help="show what would enter the library, and publish nothing")
    add.add_argument("--yes", action="store_true", help="publish though golden questions would be answered worse")
    add.add_argument("--no-golden", action="store_true", help="don't try the golden questions before publishing")
    add.add_argument("--report", default="", metavar="FILE", help="what became of each input, as JSON lines")
    for name, what in (
        ("title", "the title"),
        ("source", "the publisher"),
        ("author", "who wrote it"),
        ("url", "where it stands"),
        ("published", "its date, YYYY-MM-DD"),
    ):
        add.add_argument(f"--{name}", default="", help=f"{what}; goes before what the document says")
    add.add_argument(
        "--voice", default="", choices=("", "practitioner", "digest", "house"), help="who is speaking (practitioner)"
    )

    publish = verb(
        "publish",
        "bring the index in line with the documents in the corpus folder",
        "publish",
        commands.publish,
        render.published,
    )
    publish.add_argument("--quiet", action="store_true", help="no progress")
    remove = verb(
        "remove",
        "withdraw documents from the library, or drop them from quarantine",
        "remove old-article",
        commands.remove,
        render.published,
    )
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT")
    release = verb(
        "release",
        "publish a document from quarantine, with what was found in it",
        "release pasted-article",
        commands.release,
        render.released,
    )
    release.add_argument("document", metavar="DOCUMENT")
    verb(
        "quarantine",
        "list the documents that wait for a look, and what was found in each",
        "quarantine",
        commands.quarantine,
        render.quarantine,
    )
    rollback = verb(
        "rollback",
        "restore the library as it was in an earlier snapshot, as a new one",
        "rollback 12",
        commands.rollback,
        render.published,
    )
    rollback.add_argument("snapshot", type=_positive)

    backup = verb(
        "backup",
        "put everything of the home that can't be made again into one file, while it is in use",
        "backup ~/backups",
        home_commands.backup,
        render.backed_up,
    )
    backup.add_argument(
        "file", nargs="?", type=Path, metavar="FILE|FOLDER", help="where to (a name with the date, here)"
    )
    restore = verb(
        "restore",
        "bring the home back to a backup; what is there before goes into a backup of its own",
        "restore fractional-backup-20261122T093000.tar.gz --dry-run",
        home_commands.restore,
        render.restored,
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--dry-run", action="store_true", help="read and check the backup, and change nothing")

    listing = verb(
        "list", "list the documents of the library", "list --kind glossary", commands.list_documents, render.documents
    )
    listing.add_argument("--kind", choices=("article", "glossary", "position"))
    show = verb(
        "show",
        "show a document with all that is known about it",
        "show what-a-fractional-ai-cto-actually-does",
        commands.show,
        render.document,
    )
    show.add_argument("document")
    verb("history", "list the snapshots: who published what, and when", "history", commands.history, render.history)
    answers = verb(
        "answers",
        "list the past answers that cite a document",
        "answers --citing old-article",
        commands.answers,
        render.answers,
    )
    answers.add_argument("--citing", required=True, metavar="DOCUMENT")
    verb("gaps", "list the questions the library could not answer", "gaps", commands.gaps, render.gaps)
    verb(
        "feedback",
        "list what readers thought of answers, and why",
        "feedback",
        commands.feedback,
        render.feedback,
    )
    verb(
        "status",
        "tell what is published, where things are kept, and what is ready",
        "status",
        commands.status,
        render.status,
    )
    verb(
        "doctor",
        "look for what may be wrong with this installation and its home, and tell what to do about it",
        "doctor",
        home_commands.doctor,
        render.doctor,
    )
    review = verb(
        "review",
        "list the documents that are due for review, and those whose page on the web has changed",
        "review --days 30 --fetch",
        commands.review,
        render.review,
    )
    review.add_argument("--days", type=_positive, default=0, metavar="N", help="those due within N days, too")
    review.add_argument(
        "--fetch",
        action="store_true",
        help="fetch every document's address, and tell which say something else than before",
    )
    verb("check", "check the library against its own rules", "check", commands.check, render.checked)
    _add_evaluations(verbs)
    _add_models(verbs)
    verb(
        "passphrase",
        "set the passphrase of the operator's desk: asked for twice, or read from the first line piped in",
        "passphrase",
        commands.passphrase,
        render.passphrase_set,
    )
    serve = verb(
        "serve",
        "serve the chat and the operator's desk on this machine and print the address",
        "serve --port 8501",
        commands.serve,
        render.nothing,
    )
    serve.add_argument("--port", type=_port, default=8501)
    api = verb(
        "api",
        "answer other programs over HTTP on this machine; FRACTIONAL_API_TOKEN, where it is set, is asked of them",
        "api --port 8502",
        commands.api,
        render.nothing,
    )
    api.add_argument("--port", type=_port, default=8502)
    verb(
        "mcp",
        "answer an assistant over the Model Context Protocol, on standard input and output",
        "mcp",
        commands.mcp,
        render.nothing,
    )
    return parser


def _verb(
    verbs: Any, name: str, help: str, example: str, command: Command, rendering: Rendering
) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n  fractional {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else")
    added.set_defaults(run=command, rendering=rendering)
    return added


def _add_evaluations(verbs: Any) -> None:
    evaluations = verbs.add_parser("eval", help="measure the answers", description="Measure the answers.")
    verb = partial(_verb, evaluations.add_subparsers(dest="evaluation", metavar="WHAT", required=True))
    run = verb(
        "run",
        "ask the golden cases and tell how often the answers were right",
        "eval run --tag unanswerable --sample 30",
        eval_commands.run,
        render.figures,
    )
    run.add_argument("--tag", "--type", nargs="+", default=[], metavar="TAG", help="only cases of these types or tags")
    run.add_argument("--held", action="store_true", help="the held third, which is for the gate and not for tuning")
    run.add_argument("--sample", type=_positive, default=0, metavar="N", help="only so many, drawn at random")
    run.add_argument("--seed", type=int, default=0, help="draws another sample")
    run.add_argument("--writer", default="quote", help="which writer answers (quote)")
    run.add_argument(
        "--judge",
        default=os.environ.get("FRACTIONAL_JUDGE", ""),
        metavar="NAME",
        help="a hosted model of writers.toml that grades the answers as well, in columns of its own (FRACTIONAL_JUDGE)",
    )
    run.add_argument(
        "--resume", default="", metavar="RUN", help="go on with a run that was stopped; asks what is missing"
    )
    calibrate = verb(
        "calibrate",
        "fit how sure the judge must be to answer, what is worth quoting, and which sides speak to a question, on open cases and labelled questions",
        "eval calibrate",
        eval_commands.calibrate,
        render.calibrated,
    )
    calibrate.add_argument(
        "--articles", default="", metavar="FOLDER", help="the five real articles: fit on their cases as well"
    )
    calibrate.add_argument(
        "--tasks",
        type=Path,
        metavar="FILE",
        help="public tasks as for `eval refusal`: fit on half of their conversations",
    )
    calibrate.add_argument("--corpus", type=Path, metavar="FILE", help="the passages of those tasks")
    calibrate.add_argument(
        "--keep", action="store_true", help="write the weights to rag/judge.json, rag/worth.json and rag/speaking.json"
    )
    conversations = verb(
        "conversations",
        "tell whether follow-ups are understood: look them up bare, with all said before, and rewritten",
        "eval conversations --tasks tasks.jsonl --qrels qrels.tsv --corpus passages.jsonl",
        eval_commands.conversations,
        render.conversations,
    )
    for name, what in (
        ("tasks", "the conversations, one a line"),
        ("qrels", "which passages answer which, with tabs"),
        ("corpus", "the passages, one a line"),
    ):
        conversations.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help=what)
    retrieval = verb(
        "retrieval",
        "measure what is found on a public set in the layout of BEIR: by words, by meaning, by both, and as an answer would",
        "eval retrieval --beir scifact --split test",
        eval_commands.retrieval,
        render.retrieval,
    )
    retrieval.add_argument(
        "--beir", required=True, type=Path, metavar="DIR", help="corpus.jsonl, queries.jsonl, qrels/"
    )
    retrieval.add_argument("--split", default="test", metavar="NAME", help="which judgements: qrels/NAME.tsv (test)")
    refusal = verb(
        "refusal",
        "tell whether questions are refused that the library does not answer, and no others",
        "eval refusal --corpus passages.jsonl --tasks tasks.jsonl",
        eval_commands.refusal,
        render.refusals,
    )
    refusal.add_argument(
        "--tasks",
        required=True,
        type=Path,
        metavar="FILE",
        help="questions with `answerability`, one a line, or with right, false and irrelevant passages as in RGB",
    )
    refusal.add_argument(
        "--corpus",
        type=Path,
        metavar="FILE",
        help="the passages, one a line, for the tasks that bring none of their own",
    )
    judge = verb(
        "judge",
        "tell how well the check of written sentences agrees with people, on answers that they have judged",
        "eval judge ragtruth_qa.jsonl wice_claim_dev.jsonl begin_dev.tsv",
        eval_commands.judge,
        render.judged,
    )
    judge.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="RAGTruth's or WiCE's JSON lines, or BEGIN's .tsv"
    )
    _add_kept_runs(verb)
    for one in (run, calibrate):
        one.add_argument("--cases", nargs="+", default=[], metavar="FILE", help="other files of cases")


def _add_kept_runs(verb: Callable[..., argparse.ArgumentParser]) -> None:
    gate = verb(
        "gate",
        "tell whether a run is worse than the approved one, and exit with 4 if it is or can't be told",
        "eval gate --allowed-loss 0.02",
        kept_run_commands.gate,
        kept_run_rendering.gate,
    )
    gate.add_argument(
        "--allowed-loss", type=_share, default=0.01, metavar="X", help="how much of a metric may be lost, 0 to 1 (0.01)"
    )
    gate.add_argument("--metrics", nargs="+", default=[], metavar="NAME", help="look at these metrics only")
    baseline = verb(
        "baseline",
        "show the approved run that others are held to, or approve another one",
        'eval baseline --approve "YOUR NAME"',
        kept_run_commands.baseline,
        kept_run_rendering.baseline,
    )
    baseline.add_argument(
        "--approve", metavar="NAME", help="make a run the baseline, with the name of the person who says so"
    )
    report = verb(
        "report",
        "write the report of a run: a page that needs nothing else, JUnit's XML, and a summary in Markdown",
        "eval report --out report",
        kept_run_commands.report,
        kept_run_rendering.report,
    )
    report.add_argument("--out", type=Path, metavar="DIR", help="where to (beside the run)")
    drafts = verb(
        "drafts",
        "list what may become golden cases: answers found bad, questions not answered, what an article says; approve or discard them",
        "eval drafts --approve life-0a1b2c3d --into evals/cases/from_life.yaml",
        kept_run_commands.drafts,
        kept_run_rendering.drafts,
    )
    what = drafts.add_mutually_exclusive_group()
    what.add_argument("--approve", default="", metavar="ID", help="write it into a file of cases")
    what.add_argument("--discard", default="", metavar="ID", help="off the list for good")
    what.add_argument("--from-article", default="", metavar="DOCUMENT", help="draft questions that a document answers")
    drafts.add_argument(
        "--judge",
        default=os.environ.get("FRACTIONAL_JUDGE", ""),
        metavar="NAME",
        help="a hosted model of writers.toml that asks the questions, instead of rules (FRACTIONAL_JUDGE)",
    )
    drafts.add_argument("--into", type=Path, metavar="FILE", help="which file of cases (evals/cases/from_life.yaml)")
    nightly = verb(
        "nightly",
        "run all cases within a budget, hold them to the baseline, report, and tell; goes on with a run that was stopped",
        "eval nightly --minutes 60 --cost 2.00 --webhook https://example.com/hook",
        eval_commands.nightly,
        kept_run_rendering.nightly,
    )
    nightly.add_argument("--minutes", type=_above_zero, metavar="N", help="begin no case after so long")
    nightly.add_argument("--cost", type=_above_zero, metavar="X", help="begin no case once the writer has cost so much")
    nightly.add_argument("--webhook", default="", metavar="URL", help="an address that is told how it went, as JSON")
    nightly.add_argument("--keep", type=_positive, default=60, metavar="N", help="how many runs stay (60)")
    nightly.add_argument("--writer", default="quote", help="which writer answers (quote)")
    nightly.add_argument(
        "--judge",
        default=os.environ.get("FRACTIONAL_JUDGE", ""),
        metavar="NAME",
        help="a hosted model of writers.toml that grades the answers as well (FRACTIONAL_JUDGE)",
    )
    nightly.add_argument("--cases", nargs="+", default=[], metavar="FILE", help="other files of cases")
    for one in (gate, baseline, nightly):
        one.add_argument("--baseline", type=Path, metavar="FILE", help="another file (evals/baseline.json)")
    for one in (gate, baseline, report):
        one.add_argument(
            "--run", dest="kept_run", default="", metavar="RUN", help="which run (the newest complete one)"
        )


def _add_models(verbs: Any) -> None:
    models = verbs.add_parser("models", help="bring local models here and choose one", description="Local models.")
    verb = partial(_verb, models.add_subparsers(dest="models", metavar="WHAT", required=True))
    verb(
        "list",
        "list the models for the local writer: what is here, what is in use",
        "models list",
        models_command.list_models,
        render.models,
    )
    pull = verb(
        "pull",
        "fetch a model, or go on fetching it, and check it",
        "models pull qwen2.5-1.5b",
        models_command.pull,
        render.model_pulled,
    )
    pull.add_argument("name", metavar="NAME")
    use = verb(
        "use",
        "choose the model the local writer uses: one that is here, or a GGUF file of your own",
        "models use ~/models/my-model.gguf",
        models_command.use,
        render.model_used,
    )
    use.add_argument("model", metavar="NAME|PATH")


def _above_zero(words: str) -> float:
    value = float(words)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{words} is not a number above 0")
    return value


def _share(words: str) -> float:
    value = float(words)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{words} is not a share from 0 to 1")
    return value


def _positive(words: str) -> int:
    value = int(words)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{words} is not a number from 1 on")
    return value


def _port(words: str) -> int:
    number = _positive(words)
    if number > 65_535:
        raise argparse.ArgumentTypeError(f"a port is at most 65535, not {words}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says how it went."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = build_parser().parse_args(given)
    except SystemExit as leaving:  # argparse has said why
        return int(leaving.code or 0)
    try:
        outcome: commands.Outcome = options.run(options)
    except FractionalError as error:
        return _failed(str(error), error.exit_code, options.json)
    except KeyboardInterrupt:
        return _failed("Stopped. What was published before is as it was; run it again to go on.", 130, options.json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    words = json.dumps(outcome.data, ensure_ascii=False, indent=2) if options.json else options.rendering(outcome.data)
    if words:
        try:
            print(words, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome.exit_code


def _failed(message: str, exit_code: int, as_json: bool) -> int:
    print(f"fractional: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": message}, ensure_ascii=False))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
