"""What becomes of right, irrelevant and false passages? Public questions, each asked over three libraries made of its own passages.

The answer should hold what the right passages say, there should be none over irrelevant ones, and where false passages stand beside right
ones the reader should see both. Knows nothing about how passages are published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.documents import Document
from corpus.errors import CasesError
from evals.public_sets import json_lines
from evals.refusal import ANSWERABLE, UNANSWERABLE, ChainOver, as_asked, as_library, figures_of
from evals.run import Progress, shown_words
from rag.answer import respond
from rag.answers import ABSTAINED, Answer
from rag.writers.settings import QUOTE

FIELDS = ("query", "answer", "fakeanswer", "positive", "positive_wrong", "negative")


@dataclass(frozen=True)
class Query:
    """A question, each wording of its right and its false answer, and passages of three kinds."""

    words: str
    right: tuple[str, ...]
    false: tuple[str, ...]
    right_passages: tuple[str, ...]
    false_passages: tuple[str, ...]
    irrelevant_passages: tuple[str, ...]


def is_of_this_kind(file: Path) -> bool:
    first = next(iter(json_lines(file)), {})
    return isinstance(first, Mapping) and set(FIELDS) <= set(first)


def read_queries(file: Path) -> list[Query]:
    queries = []
    for number, row in enumerate(json_lines(file), start=1):
        if missing := [name for name in FIELDS if not row.get(name)]:
            raise CasesError(f"{file}: line {number} lacks {', '.join(f'`{name}`' for name in missing)}.")
        queries.append(
            Query(
                row["query"],
                _wordings(row["answer"]),
                _wordings(row["fakeanswer"]),
                tuple(row["positive"]),
                tuple(row["positive_wrong"]),
                tuple(row["negative"]),
            )
        )
    return queries


def _wordings(answer: Any) -> tuple[str, ...]:
    """A word, or lists of them within lists."""
    return (answer,) if isinstance(answer, str) else tuple(word for one in answer for word in _wordings(one))


def measure(queries: Sequence[Query], over: ChainOver, progress: Progress) -> dict[str, Any]:
    """Refusals as for other tasks, right passages being answerable and irrelevant ones not; and what is seen of true and false."""
    asked = []
    right = abstained_with_false = both_seen = sides_shown = only_right = only_false = 0
    for done, query in enumerate(queries, start=1):

        def made_over(*passages: str, query: Query = query) -> Answer:
            library: dict[str, Document] = as_library(passages, query.words)
            return respond(over(library), query.words, (), QUOTE)

        made = made_over(*query.right_passages)
        asked.append(as_asked(ANSWERABLE, made))
        right += holds(_told(made), query.right)
        asked.append(as_asked(UNANSWERABLE, made_over(*query.irrelevant_passages)))
        both = made_over(*query.right_passages, *query.false_passages)
        says_right, says_false = holds(_told(both), query.right), holds(_told(both), query.false)
        abstained_with_false += both.verdict == ABSTAINED
        both_seen += says_right and says_false
        only_right += says_right and not says_false
        only_false += says_false and not says_right
        sides_shown += stand_apart(both, query)
        progress("asked", done, len(queries))
    n = len(queries)
    return {
        **figures_of(asked),
        "right_passages": {"n": n, "answer_shown": right / n},
        "false_beside_right": {
            "n": n,
            "sides_shown": sides_shown / n,
            "both_seen": both_seen / n,
            "only_right_seen": only_right / n,
            "only_false_seen": only_false / n,
            "abstained": abstained_with_false / n,
        },
    }


def _told(made: Answer) -> str:
    """What the reader is told; an abstention names the nearest titles, and tells nothing."""
    return "" if made.verdict == ABSTAINED else shown_words(made)


def stand_apart(made: Answer, query: Query) -> bool:
    """Whether the right answer is one side and the false one another."""
    quotes = {citation.n: citation.quote for citation in made.citations}
    sides = [" ".join((side.view, *(quotes[n] for n in side.citations))) for side in made.perspectives]
    return any(
        holds(one, query.right) and holds(other, query.false)
        for one in sides
        for other in sides
        if one is not other and not holds(one, query.false)
    )


def holds(words: str, wordings: Sequence[str]) -> bool:
    told = _plain(words)
    return any(_plain(wording) in told for wording in wordings)


def _plain(words: str) -> str:
    return " ".join(words.replace("’", "'").lower().split())
