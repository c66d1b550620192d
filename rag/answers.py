"""What an answer is: sentences with citations, exact quotes, what was taken out, and how it came about. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from corpus.documents import Document
from corpus.text import Span

ANSWERED, PARTIAL, ABSTAINED = "answered", "partial", "abstained"


@dataclass(frozen=True)
class Quoted:
    """A piece of an answer on its way to the reader: words, and the spans of stored text they rest on."""

    text: str
    document: Document
    spans: tuple[Span, ...]
    headings: tuple[str, ...]
    is_item: bool = False
    note: bool = False  # our own remark about the source, not the source's words
    near: bool = False  # more likely near the question than an answer to it


@dataclass(frozen=True)
class Draft:
    """What a writer wrote, before the checks: the direct answer, then what else matters, by source; last what is only near the question."""

    pieces: tuple[Quoted, ...]
    writer: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A sentence of a writer's own that stands, and the quotations it rests on."""

    text: str
    rests_on: tuple[Quoted, ...]
    support: float


@dataclass(frozen=True)
class Citation:
    n: int
    document: str
    title: str
    source: str
    author: str
    url: str
    published: str
    voice: str
    heading: str
    quote: str
    start: int
    end: int
    sells_this: bool


@dataclass(frozen=True)
class Sentence:
    text: str
    citations: tuple[int, ...]
    support: float
    verbatim: bool = True
    near: bool = False  # more likely near the question than an answer to it


@dataclass(frozen=True)
class Removed:
    text: str
    reason: str


@dataclass(frozen=True)
class Perspective:
    """One side of a question on which practitioners differ."""

    view: str
    sources: tuple[str, ...]
    citations: tuple[int, ...]


@dataclass(frozen=True)
class SteppedDown:
    writer: str
    reason: str


@dataclass(frozen=True)
class Answer:
    question: str
    standalone_question: str
    verdict: str
    answer: str
    sentences: tuple[Sentence, ...] = ()
    removed: tuple[Removed, ...] = ()
    citations: tuple[Citation, ...] = ()
    perspectives: tuple[Perspective, ...] = ()
    nearest: tuple[str, ...] = ()
    snapshot: int = 0
    writer: str = "quote"
    stepped_down: tuple[SteppedDown, ...] = ()
    writing: str = ""  # who is still at it; empty when the answer is whole
    cached: bool = False
    timings_ms: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    trace: str = ""
    conversation: str = ""
    notes: tuple[str, ...] = ()
    sureness: float = 0.0  # that the library answers, from 0 to 1, before a word is written

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def answer_from(kept: Mapping[str, Any]) -> Answer:
    """An answer out of its JSON."""
    told = {field.name: kept[field.name] for field in fields(Answer) if field.name in kept}

    def many(kind: type[Any], name: str) -> tuple[Any, ...]:
        return tuple(
            kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()})
            for one in told[name]
        )

    return Answer(
        **{
            **told,
            "sentences": many(Sentence, "sentences"),
            "removed": many(Removed, "removed"),
            "citations": many(Citation, "citations"),
            "perspectives": many(Perspective, "perspectives"),
            "stepped_down": many(SteppedDown, "stepped_down"),
            "nearest": tuple(told["nearest"]),
            "notes": tuple(told["notes"]),
        }
    )
