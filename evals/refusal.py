"""Does the chain abstain where the library does not hold the answer? Public tasks, over one library or each over passages of its own.

Knows nothing about how passages are published: who calls brings what opens a chain over documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.documents import Document
from corpus.errors import CasesError
from evals.conversations import Task as LastTurn
from evals.conversations import exchanges, rewritten
from evals.public_sets import as_document, json_lines
from evals.run import Progress
from rag.answer import Chain, respond
from rag.answers import ABSTAINED, ANSWERED, PARTIAL, Answer
from rag.writers.settings import QUOTE

ANSWERABLE, UNANSWERABLE = "ANSWERABLE", "UNANSWERABLE"
# A curve of so many points can be read and drawn.
POINTS = 20

ChainOver = Callable[[Mapping[str, Document]], Chain]


@dataclass(frozen=True)
class Task:
    """A question as it means without its conversation, whether it can be answered, and its own passages if it brings any."""

    question: str
    answerability: str
    passages: Mapping[str, Document] | None = None
    conversation: str = ""


@dataclass(frozen=True)
class Asked:
    """What a task's question was met with."""

    answerability: str
    verdict: str
    sureness: float


def read_tasks(file: Path) -> list[Task]:
    tasks = [
        _task(row, f"{file}: task {number} (`{row.get('_id', row.get('id', ''))}`)")
        for number, row in enumerate(json_lines(file), start=1)
    ]
    if not any(task.answerability in (ANSWERABLE, UNANSWERABLE) for task in tasks):
        raise CasesError(f"{file}: holds no task whose `answerability` is {ANSWERABLE} or {UNANSWERABLE}.")
    return tasks


def read_corpus(file: Path) -> dict[str, Document]:
    """A file of passages as one library."""
    return as_library(json_lines(file), str(file))


def as_library(passages: Sequence[Any], where: str) -> dict[str, Document]:
    """Passages, bare words or with a title, as documents; one without words holds nothing."""
    documents = {}
    for number, passage in enumerate(passages, start=1):
        title, text = ("", passage) if isinstance(passage, str) else _parts(passage, where)
        if text.strip():
            documents[f"passage-{number}"] = as_document(f"passage-{number}", title, text)
    return documents


def _parts(passage: Any, where: str) -> tuple[str, str]:
    if not isinstance(passage, Mapping) or not isinstance(passage.get("text"), str):
        raise CasesError(f"{where}: a passage is neither words nor an object with `text`: {str(passage)[:80]}")
    return str(passage.get("title") or ""), passage["text"]


def _task(row: Any, where: str) -> Task:
    question = _first(row, "text", "question", "query")
    answerability = _first(row, "answerability", "Answerability")
    if isinstance(answerability, list) and len(answerability) == 1:
        answerability = answerability[0]
    if not isinstance(question, str) or not question.strip():
        raise CasesError(f"{where}: has no question; it stands in `text`.")
    if not isinstance(answerability, str) or not answerability.strip():
        raise CasesError(f"{where}: does not say its `answerability`, such as {ANSWERABLE} or {UNANSWERABLE}.")
    passages = row.get("passages")
    if passages is not None and not isinstance(passages, list):
        raise CasesError(f"{where}: its `passages` are no list.")
    try:
        earlier = exchanges(row.get("history") or ())
    except (KeyError, TypeError) as exc:
        raise CasesError(f"{where}: its `history` is no list of objects with `speaker` and `text`.") from exc
    return Task(
        rewritten(LastTurn("", question, earlier, frozenset())),
        answerability.strip().upper(),
        None if passages is None else as_library(passages, where),
        # A public set numbers the turns of a conversation behind its name.
        str(row.get("_id") or (earlier[0].question if earlier else question)).partition("<::>")[0],
    )


def _first(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if name in row), None)


def measure(
    tasks: Sequence[Task], corpus: Mapping[str, Document] | None, over: ChainOver, progress: Progress
) -> dict[str, Any]:
    """What each task is met with, counted."""
    asked: list[Asked] = []
    for task, chain in with_chains(tasks, corpus, over):
        asked.append(as_asked(task.answerability, respond(chain, task.question, (), QUOTE)))
        progress("asked", len(asked), len(tasks))
    return figures_of(asked)


def with_chains(
    tasks: Sequence[Task], corpus: Mapping[str, Document] | None, over: ChainOver
) -> Iterator[tuple[Task, Chain]]:
    """Each task with the chain over its library: those of the common one first, so that it is opened once."""
    common = [task for task in tasks if task.passages is None]
    if common and corpus is None:
        raise CasesError(f"{len(common)} of {len(tasks)} tasks bring no passages of their own: name the --corpus.")
    if common and corpus is not None:
        chain = over(corpus)
        yield from ((task, chain) for task in common)
    yield from ((task, over(task.passages)) for task in tasks if task.passages is not None)


def as_asked(answerability: str, made: Answer) -> Asked:
    # What a rule refuses was never weighed.
    return Asked(answerability, made.verdict, made.sureness)


def figures_of(asked: Sequence[Asked]) -> dict[str, Any]:
    """Refusing is the positive class. What is answerable in part or not well asked has no one right verdict and is told apart."""
    clear = [one for one in asked if one.answerability in (ANSWERABLE, UNANSWERABLE)]
    refused = Counter(one.answerability for one in clear if one.verdict == ABSTAINED)
    there = Counter(one.answerability for one in clear)
    return {
        "precision": _share(refused[UNANSWERABLE], refused.total()),
        "recall": _share(refused[UNANSWERABLE], there[UNANSWERABLE]),
        "false_refusals": _share(refused[ANSWERABLE], there[ANSWERABLE]),
        "n": len(clear),
        "curve": curve_of(clear),
        "verdicts": {
            kind: {
                "n": len(of_kind),
                **{verdict: of_kind.count(verdict) for verdict in (ANSWERED, PARTIAL, ABSTAINED)},
            }
            for kind in sorted({one.answerability for one in asked})
            for of_kind in [[one.verdict for one in asked if one.answerability == kind]]
        },
    }


def _share(some: int, of: int) -> float | None:
    return some / of if of else None


def curve_of(asked: Sequence[Asked]) -> list[dict[str, float]]:
    """Were only the surest answered: how many that is, and which share of these has no answer. Equally sure ones come together."""
    ordered = sorted(asked, key=lambda one: -one.sureness)
    points: list[dict[str, float]] = []
    wrong = 0
    for number, one in enumerate(ordered, start=1):
        wrong += one.answerability == UNANSWERABLE
        last_of_equals = number == len(ordered) or ordered[number].sureness < one.sureness
        if last_of_equals and number / len(ordered) >= (len(points) + 1) / POINTS:
            points.append({"coverage": number / len(ordered), "risk": wrong / number})
    return points
