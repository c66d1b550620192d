"""A small library with writers to ask: published once, opened for a test in a blink, and the laws that every answer keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from corpus.documents import Document
from corpus.index import Index
from corpus.ledger import Ledger
from corpus.record import Record
from corpus.settings import Settings
from rag.answer import Chain, answering
from rag.answers import Answer
from rag.writers.ladder import AUTO, Ladder
from rag.writers.port import Writer
from rag.writers.settings import QUOTE, Budget
from tests.fakes import FakeEmbedder, WordReader
from tests.library import document

COST_QUESTION = "What does a fractional AI CTO cost per month?"
TERM_QUESTION = "How long does an engagement of a fractional AI CTO last?"
COST_QUOTE = "A fractional AI CTO costs between 6,000 and 12,000 dollars a month."
RETAINER_QUOTE = "The retainer of a fractional AI CTO covers two days a week."
# True, cited, and not in the source's own words.
COST_PROSE = "A fractional AI CTO costs between 6,000 and 12,000 dollars each month [1]."
TERM_PROSE = "Most engagements of a fractional AI CTO last six to twelve months [3]."
RETAINER_PROSE = "The retainer of a fractional AI CTO covers two days every week [2]."
COSTS = document(
    "field-notes-costs",
    f"""## What it costs

The price is set before the work begins. {COST_QUOTE} {RETAINER_QUOTE}

## How long it lasts

Most engagements of a fractional AI CTO last six to twelve months. Some engagements end after ninety days.
""",
    title="What a fractional AI CTO costs",
    author="Example Author",
    source="Example Publisher",
)
TEAM = document(
    "central-team",
    "## One team\n\nA company should build one central AI team, because skill gathers where people sit together.\n",
    title="Build one central AI team",
    author="Second Author",
)
LIBRARY: tuple[Document, ...] = (COSTS, TEAM)


class Time:
    """A clock that goes when it is told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def open_asking(
    settings: Settings,
    *writers: Writer,
    auto: Sequence[str] | None = None,
    clock: Callable[[], float] | None = None,
    budgets: Mapping[str, Budget] | None = None,
) -> Chain:
    """The chain over the library of these settings; `auto` tries the writers as they stand here."""
    ledger = Ledger(settings.record_path, clock or Time())
    order = auto if auto is not None else (*(writer.name for writer in writers), QUOTE)
    chain = Chain(Index(settings, FakeEmbedder()), Ladder(writers, order, ledger, budgets))
    chain.weigher.reader = WordReader()
    return chain


def grown(chain: Chain, question: str = COST_QUESTION, conversation: str = "board", writer: str = AUTO) -> list[Answer]:
    """The answer as it grew, each state once."""
    states: list[Answer] = []
    for made in answering(chain, question, conversation, writer):
        if not states or made is not states[-1]:
            states.append(made)
    return states


def asked(chain: Chain, question: str = COST_QUESTION, conversation: str = "board", writer: str = AUTO) -> Answer:
    return grown(chain, question, conversation, writer)[-1]


def steps(made: Answer) -> list[tuple[str, str]]:
    return [(step.writer, step.reason) for step in made.stepped_down]


def prose(made: Answer) -> list[str]:
    return [sentence.text for sentence in made.sentences if not sentence.verbatim]


def kept(settings: Settings, conversation: str = "board") -> list[dict[str, Any]]:
    """What the record holds of a conversation, read as somebody else would."""
    record = Record(settings.record_path)
    found = record.conversation(conversation)
    record.close()
    return found


def as_kept(made: Answer) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(made.as_json()))
    return data


def broken_laws(made: Answer, documents: Iterable[Document] = LIBRARY) -> list[str]:
    """Every law of an answer that this one breaks, in words; none for a good one."""
    wrong: list[str] = []
    texts = {one.id: one.text for one in documents}
    known = {citation.n for citation in made.citations}
    if made.writing:
        wrong.append(f"{made.writing} is still writing")
    if not made.answer.strip():
        wrong.append("it says nothing")
    if made.verdict != "abstained" and not made.sentences:
        wrong.append("it has no sentences")
    wrong += [f"no citation: {one.text}" for one in made.sentences if not one.citations]
    cited = {n for one in made.sentences for n in one.citations}
    cited |= {int(n) for n in re.findall(r"\[(\d+)\]", made.answer)}
    if cited != known:
        wrong.append(f"it cites {sorted(cited)} and lists {sorted(known)}")
    for one in made.citations:
        if texts.get(one.document, "")[one.start : one.end] != one.quote or not one.quote:
            wrong.append(f"[{one.n}] is not what {one.document} says")
    wrong += [f"not in the answer: {one.text}" for one in made.sentences if one.text not in made.answer]
    shown = {one.text for one in made.sentences}  # what was only said twice is taken out once
    wrong += [
        f"taken out and shown: {one.text}" for one in made.removed if one.text in made.answer and one.text not in shown
    ]
    return wrong
