"""Is a follow-up understood? Last turns of real conversations, looked up as asked, with all that was said before, and rewritten.

Knows nothing about how the passages are published: who calls brings a chain over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.documents import Document
from corpus.errors import CasesError
from evals.public_sets import as_document, json_lines, ndcg, rows
from evals.run import Progress
from rag.answer import Chain, search, turn_of
from rag.question import Turn, standalone_question

DEPTH = 5
# A long passage is cut into several chunks, and one that is found again counts once.
CHUNKS_READ = 4 * DEPTH
RESAMPLES = 2000
REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Exchange:
    """What was asked before, and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True)
class Task:
    """The last question of a conversation, and the documents that answer it."""

    id: str
    question: str
    earlier: tuple[Exchange, ...]
    wanted: frozenset[str]


@dataclass(frozen=True)
class Benchmark:
    """Conversations, and the passages they are looked up in, as documents."""

    tasks: tuple[Task, ...]
    documents: Mapping[str, Document]


def bare(task: Task) -> str:
    """The last turn as it was typed."""
    return task.question


def earlier_questions_pasted(task: Task) -> str:
    return " ".join((*(exchange.question for exchange in task.earlier), task.question))


def whole_history_pasted(task: Task) -> str:
    """The last turn first: an embedder cuts off what is too long."""
    said = " ".join(f"{exchange.question} {exchange.answer}" for exchange in reversed(task.earlier))
    return f"{task.question} {said}"


def rewritten(task: Task) -> str:
    """As `answer` understands it, each earlier question in its turn."""
    turns: list[Turn] = []
    for exchange in task.earlier:
        turns.append(turn_of(standalone_question(exchange.question, turns), exchange.answer))
    return standalone_question(task.question, turns)


FORMS: Mapping[str, Callable[[Task], str]] = {
    "bare last turn": bare,
    "earlier questions pasted": earlier_questions_pasted,
    "whole history pasted": whole_history_pasted,
    REWRITTEN: rewritten,
}


def read_benchmark(tasks: Path, qrels: Path, corpus: Path) -> Benchmark:
    """The follow-ups among these tasks for which passages are known; first questions have nothing to be understood by."""
    passages = json_lines(corpus)
    ids = {passage["_id"]: f"passage-{number}" for number, passage in enumerate(passages, start=1)}
    wanted: dict[str, set[str]] = {}
    for row in rows(qrels):
        if int(row["score"]) > 0 and row["corpus-id"] in ids:
            wanted.setdefault(row["query-id"], set()).add(ids[row["corpus-id"]])
    documents = {ids[one["_id"]]: as_document(ids[one["_id"]], one["title"], one["text"]) for one in passages}
    found = tuple(
        Task(task["_id"], task["text"], exchanges(task["history"]), frozenset(wanted[task["_id"]]))
        for task in json_lines(tasks)
        if task["history"] and task["_id"] in wanted
    )
    if not found:
        raise CasesError(
            f"{qrels}: names no passage of {corpus} for any follow-up in {tasks}. Give files that belong together."
        )
    return Benchmark(found, documents)


def exchanges(history: Sequence[Mapping[str, str]]) -> tuple[Exchange, ...]:
    """Each question with all that was answered to it."""
    found: list[Exchange] = []
    for said in history:
        if said["speaker"] == "user" or not found:
            found.append(Exchange(said["text"], ""))
        else:
            before = found.pop()
            found.append(Exchange(before.question, f"{before.answer} {said['text']}".strip()))
    return tuple(found)


def measure(chain: Chain, tasks: Sequence[Task], progress: Progress) -> dict[str, Any]:
    """Recall and nDCG of each form, and how far the rewritten question is ahead of the others."""
    recall: dict[str, list[float]] = {name: [] for name in FORMS}
    ndcg: dict[str, list[float]] = {name: [] for name in FORMS}
    for done, task in enumerate(tasks, start=1):
        for name, form in FORMS.items():
            passages = search(chain, form(task), CHUNKS_READ)
            found = list(dict.fromkeys(passage.chunk.document for passage in passages))[:DEPTH]
            recall[name].append(recall_of(found, task.wanted))
            ndcg[name].append(ndcg_of(found, task.wanted))
        progress("looked up", done, len(tasks))
    return {
        "n": len(tasks),
        "forms": {
            name: {f"recall@{DEPTH}": float(np.mean(recall[name])), f"ndcg@{DEPTH}": float(np.mean(ndcg[name]))}
            for name in FORMS
        },
        "ahead_of": {
            name: {
                f"recall@{DEPTH}": asdict(difference(recall[REWRITTEN], recall[name])),
                f"ndcg@{DEPTH}": asdict(difference(ndcg[REWRITTEN], ndcg[name])),
            }
            for name in FORMS
            if name != REWRITTEN
        },
    }


def recall_of(found: Sequence[str], wanted: frozenset[str]) -> float:
    return len(wanted & set(found)) / len(wanted)


def ndcg_of(found: Sequence[str], wanted: frozenset[str]) -> float:
    return ndcg(found, dict.fromkeys(wanted, 1), DEPTH)


@dataclass(frozen=True)
class Difference:
    """The mean by which one is ahead of the other, with the interval that holds 95 % of resampled sets."""

    mean: float
    low: float
    high: float


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """By a paired bootstrap, drawn the same way each time."""
    ahead = np.array(one) - np.array(other)
    drawn = np.random.default_rng(0).integers(len(ahead), size=(RESAMPLES, len(ahead)))
    low, high = np.quantile(ahead[drawn].mean(axis=1), (0.025, 0.975))
    return Difference(float(ahead.mean()), float(low), float(high))
