"""Asks the golden cases and says how each went. Keeps nothing in the record of what readers asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evals.cases import Case
from rag.answer import Chain, respond, search, turn_of
from rag.answers import ABSTAINED, Answer
from rag.question import Turn
from rag.writers.settings import QUOTE

TOP_PASSAGES = 5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """One case, its answer, and the plain yes-or-no questions about it; None where a question does not apply."""

    case: Case
    answer: Answer
    passages: tuple[str, ...]  # the documents of the first passages, in order
    checks: dict[str, bool | None] = field(default_factory=dict)


def run_cases(chain: Chain, cases: Sequence[Case], writer: str, progress: Progress) -> list[Outcome]:
    outcomes = []
    for done, case in enumerate(cases, start=1):
        earlier: list[Turn] = []
        for question in case.history:
            before = respond(chain, question, earlier, writer)
            earlier.append(turn_of(before.standalone_question, before.answer))
        made = respond(chain, case.question, earlier, writer)
        found = tuple(p.chunk.document for p in search(chain, made.standalone_question, TOP_PASSAGES))
        outcomes.append(Outcome(case, made, found, checks_of(case, made, found)))
        progress("asked", done, len(cases))
    return outcomes


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
            and not any(re.search(wrong, words, re.IGNORECASE) for wrong in case.must_not)
            if answerable and (case.facts or case.must_not)
            else None
        ),
        "not_refused": made.verdict != ABSTAINED if answerable else None,
        "abstained": made.verdict == ABSTAINED if case.verdicts == (ABSTAINED,) else None,
        "all_cited": all(sentence.citations for sentence in made.sentences) if made.sentences else None,
        # Of the answers that a writer was asked for.
        "prose": made.writer != QUOTE if written_or_tried(made) else None,
        "facts_in_prose": (
            all(re.search(fact, prose_of(made), re.IGNORECASE) for fact in case.facts)
            if answerable and case.facts and written_or_tried(made)
            else None
        ),
        "sides_shown": len(made.perspectives) >= 2 if case.type == "differ" and answerable else None,
    }


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
