"""Asks the golden cases, scores each as it is answered, and keeps it, so that a run that is killed goes on where it was. Keeps nothing
in the record of what readers asked."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from corpus.errors import CasesError, WriterError
from corpus.settings import CHECKOUT
from evals.cases import Case
from evals.store import CaseRecord, CasesAsked, Judge, RunRecord, RunStore, new_run
from rag.answer import Chain, respond, search, turn_of
from rag.answers import ABSTAINED, Answer
from rag.question import Turn
from rag.writers.port import Usage
from rag.writers.settings import QUOTE

if TYPE_CHECKING:
    from evals.metrics.asked import Asked
    from evals.metrics.scoring import Scoring

log = logging.getLogger(__name__)

TOP_PASSAGES = 5
# A writer that failed so often in a row will not write the rest of a run either.
FAILURES_IN_A_ROW = 5
# Marks the cases whose question brings an instruction of its own, as somebody might who wants to steer the answer.
STEERING = "steering"
# What answers and scores: its content tells whether two halves of a run may be put together.
ROOMS = ("corpus", "rag", "evals")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """One case, its answer, and the plain yes-or-no questions about it; None where a question does not apply."""

    case: Case
    answer: Answer
    passages: tuple[str, ...]  # the documents of the first passages, in order
    checks: dict[str, bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """Cases to be asked, and how they were chosen."""

    cases: tuple[Case, ...]
    held: bool = False
    tags: tuple[str, ...] = ()
    sample: int = 0
    seed: int = 0


def run_cases(chain: Chain, cases: Sequence[Case], writer: str, progress: Progress) -> list[Outcome]:
    outcomes = []
    for done, case in enumerate(cases, start=1):
        outcomes.append(ask_case(chain, case, writer))
        progress("asked", done, len(cases))
    return outcomes


def ask_case(chain: Chain, case: Case, writer: str) -> Outcome:
    earlier: list[Turn] = []
    for question in case.history:
        before = respond(chain, question, earlier, writer)
        earlier.append(turn_of(before.standalone_question, before.answer))
    made = respond(chain, case.question, earlier, writer)
    found = tuple(p.chunk.document for p in search(chain, made.standalone_question, TOP_PASSAGES))
    return Outcome(case, made, found, checks_of(case, made, found))


def begin(
    chain: Chain, store: RunStore, drawn: Drawn, writer: str, scoring: Scoring, judge_check: Mapping[str, Any]
) -> RunRecord:
    """A new run, kept before its first question."""
    chain.ladder.rungs(writer)  # one that can't write is told before anything is begun
    record = RunRecord(
        run=new_run(datetime.now(UTC)),
        began=_now(),
        cases=_asked(drawn.cases),
        held=drawn.held,
        tags=drawn.tags,
        sample=drawn.sample,
        seed=drawn.seed,
        judge_check=judge_check,
        **_conditions(chain, writer, scoring),
    )
    store.begin(record)
    return record


def go_on(
    chain: Chain,
    store: RunStore,
    run: str,
    cases: Sequence[Case],
    scoring: Scoring,
    progress: Progress,
    enough: Callable[[float], bool] = lambda money: False,
) -> RunRecord:
    """Ask what is missing of a run, and complete it: with fewer cases, where what it has cost is found enough. One that is complete stays
    as it is."""
    from evals.figures import completed

    record = store.read(run)
    if record.complete:
        return record
    drawn = {case.id: case for case in cases if case.id in record.cases.ids}
    chosen = tuple(drawn[id] for id in record.cases.ids if id in drawn)
    _require_the_same(record, chosen, _conditions(chain, record.writer, scoring))
    with store.resume(run) as finished:
        known = {one.case for one in finished}
        failures = 0
        money = sum(_price(chain, record.writer, _usage(one)) for one in finished)
        for done, case in enumerate(chosen, start=1):
            if case.id not in known:
                if enough(money):
                    break
                try:
                    outcome = ask_case(chain, case, record.writer)
                except WriterError as exc:
                    failures += 1
                    log.warning("%s was left out: %s", case.id, exc)
                    if failures == FAILURES_IN_A_ROW:
                        raise
                    continue
                failures = 0
                if outcome.answer.snapshot != record.snapshot:
                    raise CasesError(
                        f"The library was published anew while run {run} was under way (snapshot {record.snapshot}, now "
                        f"{outcome.answer.snapshot}), so its figures would be of two libraries. Begin a new run."
                    )
                scored = _scored(outcome, scoring, prose_asked_for=record.model != QUOTE)
                store.append(run, scored)
                money += _price(chain, record.writer, _usage(scored))
            progress("asked and scored", done, len(chosen))
        whole = completed(record, store.case_records(run), _now(), lambda usage: _price(chain, record.writer, usage))
        store.finish(whole)
    return whole


def _scored(outcome: Outcome, scoring: Scoring, prose_asked_for: bool) -> CaseRecord:
    from evals.metrics.asked import Asked

    case, made = outcome.case, outcome.answer
    asked = Asked(case, made, outcome.passages, outcome.checks, prose_asked_for)
    return CaseRecord(
        case=case.id,
        type=case.type,
        question=case.question,
        history=case.history,
        held=case.held,
        answer=made.as_json(),
        passages=outcome.passages,
        draft={"sentences": _draft(asked)},
        scores=scoring.scores_of(asked),
        seconds=made.timings_ms.get("total", 0.0) / 1000,
        tokens=made.tokens,
        tags=case.tags,
    )


def _draft(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "text": claim.text,
            "citations": [citation.n for citation in claim.citations],
            "quotes": [citation.quote for citation in claim.citations],
            "shown": claim.shown,
            "reason": claim.reason,
        }
        for claim in asked.claims
    ]


def _conditions(chain: Chain, writer: str, scoring: Scoring) -> dict[str, Any]:
    """What figures depend on besides the cases."""
    newest = chain.index.record.newest()
    first = chain.ladder.first(writer)
    return {
        "commit": git("rev-parse", "HEAD"),
        "dirty": bool(git("status", "--porcelain")),
        "code": code_hash(),
        "snapshot": newest.number if newest else 0,
        "index": newest.fingerprint if newest else "",
        "writer": writer,
        "model": first.model if first else QUOTE,
        "judge": Judge(scoring.judge.name, scoring.judge.version),
        "scorers": scoring.versions,
    }


def _require_the_same(record: RunRecord, cases: Sequence[Case], now: Mapping[str, Any]) -> None:
    """Half a run under other conditions is no half of this one."""
    named = {
        "code": "the code",
        "snapshot": "the library",
        "index": "the index",
        "model": "the writer's model",
        "judge": "the judge",
        "scorers": "the scorers",
    }
    changed = [words for name, words in named.items() if getattr(record, name) != now[name]]
    changed += ["the cases"] if record.cases != _asked(cases) else []
    if changed:
        raise CasesError(
            f"Run {record.run} can't go on: {', '.join(changed)} changed since it was begun. Begin a new run."
        )


def _asked(cases: Sequence[Case]) -> CasesAsked:
    told = json.dumps([asdict(case) for case in cases], ensure_ascii=False, sort_keys=True)
    return CasesAsked(hashlib.sha256(told.encode()).hexdigest(), len(cases), tuple(case.id for case in cases))


def _usage(case: CaseRecord) -> Usage:
    return Usage(case.tokens.get("read", 0), case.tokens.get("written", 0))


def _price(chain: Chain, writer: str, usage: Usage) -> float:
    first = chain.ladder.first(writer)
    return first.price(usage) if first else 0.0


@cache
def code_hash() -> str:
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((CHECKOUT / room).rglob("*")):
            if path.suffix in (".py", ".json", ".onnx"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def git(*words: str) -> str:
    """What git says of the checkout; nothing where there is none."""
    try:
        done = subprocess.run(["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# The plain yes-or-no questions, in the order they are told.
CHECKS = (
    "verdict", "document_found", "document_cited", "facts", "not_refused", "abstention_recall", "all_cited", "prose",
    "facts_in_prose", "sides_shown", "not_steered",
)  # fmt: skip


def checks_of(case: Case, made: Answer, found: Iterable[str]) -> dict[str, bool | None]:
    """What can be said of an answer without a judge."""
    words = shown_words(made)
    wanted = set(case.documents)
    answerable = case.answerable
    cited = {citation.document for citation in made.citations}
    return {
        "verdict": made.verdict in case.verdicts,
        "document_found": bool(wanted & set(found)) if answerable and wanted else None,
        "document_cited": bool(wanted & cited) if answerable and wanted else None,
        "facts": (
            all(re.search(fact, words, re.IGNORECASE) for fact in case.facts)
            and not _says_what_it_must_not(case, words)
            if answerable and (case.facts or case.must_not)
            else None
        ),
        "not_refused": made.verdict != ABSTAINED if answerable else None,
        "abstention_recall": made.verdict == ABSTAINED if case.verdicts == (ABSTAINED,) else None,
        "all_cited": all(sentence.citations for sentence in made.sentences) if made.sentences else None,
        # Of the answers that a writer was asked for.
        "prose": made.writer != QUOTE if written_or_tried(made) else None,
        "facts_in_prose": (
            all(re.search(fact, prose_of(made), re.IGNORECASE) for fact in case.facts)
            if answerable and case.facts and written_or_tried(made)
            else None
        ),
        "sides_shown": len(made.perspectives) >= 2 if case.type == "differ" and answerable else None,
        # An instruction that stands in the question was not obeyed, whether it was answered or refused.
        "not_steered": not _says_what_it_must_not(case, words) if STEERING in case.tags else None,
    }


def _says_what_it_must_not(case: Case, words: str) -> bool:
    return any(re.search(wrong, words, re.IGNORECASE) for wrong in case.must_not)


def written_or_tried(made: Answer) -> bool:
    return "prose" in made.timings_ms or bool(made.stepped_down)


def prose_of(made: Answer) -> str:
    return " ".join(sentence.text for sentence in made.sentences if not sentence.verbatim)


def shown_words(made: Answer) -> str:
    """All that the reader sees of the sources: the answer, and the views with the words they rest on."""
    of_sides = {n for side in made.perspectives for n in side.citations}
    quotes = [citation.quote for citation in made.citations if citation.n in of_sides]
    words = "\n".join((made.answer, *(side.view for side in made.perspectives), *quotes))
    return re.sub(r"\*\*|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", "", words)
