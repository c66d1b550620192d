"""Which of the library's positions speaks to a question: one that was found high enough, weighed by what the reader says of it, by whether the
question is asked in its words sooner than in those of another, and by what was found before it. Pure.

The weights are fitted by `fractional eval calibrate` on positions that were labelled one by one (`evals/reader/sides`) and kept with their
figures in `speaking.json` beside this file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.documents import Document
from corpus.record import Record
from rag.question import asks_for, topic_of
from rag.retrieve import IN_THESE_WORDS, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A position speaks to a question that asks for the same kind of thing and found it among so many passages: its rank tells better than its
# nearness, since what asks for something else nearby has other passages before it. What is to be decided is asked in many ways,
# so it is looked for further down than a figure or a name, and furthest where the question itself says that people differ. What asks in
# another way is spoken to only where nothing comes before the position (docs/experiments.md).
AMONG_FIRST, AMONG_FIRST_OF_A_KIND, AMONG_FIRST_IF_SAID_TO_DIFFER = 3, 2, 6
# What asks for the same kind of thing in nearly these words asks the same, wherever it was found, and before what was found earlier.
# What comes first among passages none of which is near has come first by chance; what asks in another way has to be nearer.
NEAR, NEAR_IF_ANOTHER_KIND = 0.45, 0.5
SAYS_THEY_DIFFER = re.compile(
    r"\b(?:one|some|half)\b[^?]{0,40}\b(?:says?|said|tells?|told|quotes?|claims?|thinks?|wants?)\b[^?]{0,80}\b(?:another|others?|the rest)\b|\bwho(?:'s|’s| is) right\b|\bwhich is it\b|\btwo different\b|\bwho backs\b|"
    r"\b(?:only one|different|other|opposing) (?:view|opinion|answer)s?\b|\b(?:what|where) do (?:people|experts|sources|others)\b|\bpeople (?:really )?(?:say|think|give)\b|"
    r"\b(?:disagree|differ|divided|opinions?|views?)\b|\b(?:who|anyone|anybody) (?:says no|disagrees|quoted)\b",
    re.IGNORECASE,
)
ASKING_WORD = re.compile(
    r"^(?:(?:and|but|so|or|ok|now|then),? )?(?:(?:in|by|for|at|on|to|of|about|with|until|from|under|into) )?(who(?:se|m)?|which|what|where|why|how)\b",
    re.IGNORECASE,
)
YES_OR_NO = re.compile(
    r"\?$|^(?:is|are|was|were|do|does|did|can|could|should|shall|must|may|will|would|has|have|am)\b", re.IGNORECASE
)
WHEN = re.compile(r"^(?:and |but |so )?(?:(?:by|from|until|since) )?(?:when|what date)\b", re.IGNORECASE)
DECISION = "decision"
# So likely a position has to speak to the question. Of what the places alone would show, this leaves out two thirds of what is wrong and a tenth of
# what is right (docs/experiments.md).
SPEAKS_FROM = 0.22
FITTED = Path(__file__).with_name("speaking.json")
WORDINGS = 3
# What was not found, or later than so many passages, was found nowhere near.
FAR = 20


@dataclass(frozen=True)
class Wordings:
    """Every way in which the positions of a snapshot are asked for: whose it is, and its vector."""

    positions: NDArray[np.str_]
    vectors: NDArray[np.float32]

    def ahead(self, asked: NDArray[np.float32], position: str) -> float:
        """How much nearer the nearest of this position lie than the nearest of all others; alone, it is neither ahead nor behind."""
        own = self.positions == position
        if not own.any() or own.all():
            return 0.0
        near = self.vectors @ asked
        return _nearest(near[own]) - _nearest(near[~own])


def _nearest(near: NDArray[np.float32]) -> float:
    return float(np.sort(near)[-WORDINGS:].mean())


def wordings_of(record: Record, positions: Sequence[str]) -> Wordings:
    document = {chunk.number: chunk.document for chunk in record.chunks(positions)} if positions else {}
    asked = [(document[n], one.vector) for n, some in record.questions_of(document).items() for one in some]
    values = record.vector_values([vector for _, vector in asked])
    return Wordings(
        np.array([position for position, _ in asked], dtype=str),
        np.array([np.frombuffer(values[vector], np.float32) for _, vector in asked], dtype=np.float32),
    )


def position_as_read(position: Document) -> str:
    """A position as the reader reads it."""
    views = "; ".join(view.view for view in position.views)
    return f"Where practitioners differ, {position.title}. {position.question} {views}"


def position_on(
    question: str,
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
    likely: Callable[[Document, int], float],
) -> Document | None:
    """The one that most likely speaks to the question, if that is likely enough; `likely` is told how many passages were found before it."""
    found = {
        one.id: (likely(one, rank), one)
        for rank, one, nearness in reversed(positions_among(passages, documents))
        if speaks_to(one.question, question, rank, nearness)
    }
    chance, best = max(found.values(), key=lambda pair: pair[0], default=(0.0, None))
    return best if chance >= SPEAKS_FROM else None


def positions_among(
    passages: Sequence[Passage], documents: Mapping[str, Document]
) -> list[tuple[int, Document, float]]:
    """The positions found, each with its rank and nearness."""
    return [
        (rank, one, passage.similarity)
        for rank, passage in enumerate(passages)
        if (one := documents[passage.chunk.document]).kind == "position"
        and (passage.dense_rank or passage.lexical_rank)
    ]


def signs(speaks: float, ahead: float, rank: int) -> dict[str, float]:
    """What speaks for and against a position, by name."""
    return {"reader": speaks, "ahead_of_others": ahead, "found_before": math.log1p(min(rank, FAR))}


def speaks_to(position: str, question: str, rank: int, nearness: float) -> bool:
    """Whether what is asked is what the position is on, by how far down it was found and how near it lies."""
    asked = topic_of(question)[0]
    if nearness < NEAR:
        return False
    if SAYS_THEY_DIFFER.search(asked):
        return rank < AMONG_FIRST_IF_SAID_TO_DIFFER or nearness >= IN_THESE_WORDS
    kind = asked_with(asked)
    if kind != asked_with(position):
        return rank == 0 and nearness >= NEAR_IF_ANOTHER_KIND
    if nearness >= IN_THESE_WORDS:
        return True
    return rank < (AMONG_FIRST if kind == DECISION else AMONG_FIRST_OF_A_KIND)


def asked_with(question: str) -> str:
    """The kind of thing, or the word, that a question asks for; a decision where it can be answered by yes, no or one of two."""
    sentences = re.split(r"(?<=[.?!]) +", question.strip())
    asked = next((one for one in reversed(sentences) if one.endswith("?")), sentences[-1])
    if WHEN.search(asked):
        return "when"
    if (kind := asks_for(asked)) not in ("text", "person"):
        return "number" if kind == "share" else kind
    if word := ASKING_WORD.match(asked):
        return word.group(1).lower()
    return DECISION if YES_OR_NO.search(asked) else "text"
