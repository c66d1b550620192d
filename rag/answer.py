"""The chain: question, evidence, judgement, draft, verified answer. Everything it needs arrives as arguments."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from corpus.documents import Document
from corpus.errors import WriterError
from corpus.index import Index
from rag.answers import ABSTAINED, PARTIAL, Answer
from rag.evidence import Evidence, Weigher, together
from rag.judge import Judgement, judge
from rag.perspectives import perspectives_on
from rag.question import Turn, asks_for, parts_of, standalone_question, topic_of
from rag.quote_writer import write_quotes
from rag.retrieve import Passage, alias_table, retrieve
from rag.verify import Verified, verify

PASSAGES = 12
NEAREST_TITLES = 3
PRICE_IN_OTHER_WORDS = "How much does a fractional AI CTO cost? Price, rates, monthly retainer, fees."
WRITERS = ("auto", "quote")


@dataclass
class Chain:
    """What stays open between questions: the index, and what is remembered of a snapshot."""

    index: Index
    _snapshot: int = -1
    _documents: dict[str, Document] = field(default_factory=dict)
    _aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weigher = Weigher(self.index)

    def library(self) -> tuple[int, Mapping[str, Document], Mapping[str, Sequence[str]]]:
        """The published documents and aliases, read again only when a new snapshot was made."""
        number = self.index.record.newest_number()
        if number != self._snapshot:
            self._documents = self.index.record.documents()
            self._aliases = alias_table(d for d in self._documents.values() if d.kind == "glossary")
            self._snapshot = number
        return self._snapshot, self._documents, self._aliases


def search(chain: Chain, question: str, top: int = 10) -> list[Passage]:
    """The passages for a question, without an answer."""
    with chain.index.record.reading():
        _, _, aliases = chain.library()
        return retrieve(chain.index, question, top, aliases)


def answer(chain: Chain, question: str, conversation: str = "", writer: str = "auto") -> Answer:
    """Ask the library, and keep question and answer in the record."""
    earlier = chain.index.record.conversation(conversation) if conversation else []
    made = replace(
        respond(chain, question, [_turn(kept) for kept in earlier], writer),
        trace=uuid.uuid4().hex,
        conversation=conversation,
    )
    _keep(chain, made)
    return made


def respond(chain: Chain, question: str, earlier: Sequence[Turn] = (), writer: str = "auto") -> Answer:
    """Retrieve, judge the evidence, write, verify. Keeps nothing."""
    if writer not in WRITERS:
        raise WriterError(f"There is no writer `{writer}`. Use one of: {', '.join(WRITERS)}.")
    clock = _Clock()
    standalone = standalone_question(question, earlier)
    with chain.index.record.reading():  # one snapshot from here to the last check
        snapshot, documents, _ = chain.library()
        with clock.time("evidence"):
            evidence = evidence_for(chain, standalone)
        with clock.time("judge"):
            judgement = judge(evidence)
        with clock.time("write"):
            draft = write_quotes(judgement, evidence.questions)
        with clock.time("verify"):
            verified = verify(draft, documents)
            sides, verified = perspectives_on(evidence.passages, documents, verified)
    made = _compose(question, standalone, judgement, evidence, verified, documents)
    return replace(
        made,
        perspectives=sides,
        snapshot=snapshot,
        notes=(*made.notes, *draft.notes),
        timings_ms=clock.timings(),
    )


def evidence_for(chain: Chain, standalone: str) -> Evidence:
    """What is found for a question, and weighed; each question within it is looked up by itself."""
    _, documents, aliases = chain.library()
    return together(
        standalone,
        [chain.weigher.weigh(part, passages_for(chain, part, aliases), documents) for part in parts_of(standalone)],
    )


def passages_for(chain: Chain, standalone: str, aliases: Mapping[str, Sequence[str]]) -> list[Passage]:
    """What is read to answer a question."""
    passages = retrieve(chain.index, standalone, PASSAGES, aliases)
    if asks_for(standalone) == "price":  # the words of a price differ from text to text
        known = {passage.chunk.number for passage in passages}
        further = retrieve(chain.index, PRICE_IN_OTHER_WORDS, PASSAGES // 2, aliases)
        passages += [passage for passage in further if passage.chunk.number not in known]
    return passages


def _turn(kept: Mapping[str, Any]) -> Turn:
    return turn_of(kept["standalone_question"], kept["answer"])


def turn_of(standalone: str, words: str) -> Turn:
    """An answer as the next question needs it."""
    return Turn(standalone, tuple(re.findall(r"^- (.+?)(?: \[\d+\])*$", words, re.MULTILINE)))


def _compose(
    question: str,
    standalone: str,
    judgement: Judgement,
    evidence: Evidence,
    verified: Verified,
    documents: Mapping[str, Document],
) -> Answer:
    nearest = tuple(dict.fromkeys(documents[p.chunk.document].title for p in evidence.passages))[:NEAREST_TITLES]
    verdict = judgement.verdict
    if verdict == ABSTAINED or not verified.pieces:
        return Answer(
            question, standalone, ABSTAINED, _abstention(judgement, nearest), removed=verified.removed, nearest=nearest
        )
    if any(piece.note for piece, _ in verified.pieces[:3]):
        verdict = PARTIAL
    notes: tuple[str, ...] = (judgement.note,) if judgement.note else ()
    if all(piece.document.voice == "house" for piece, _ in verified.pieces):
        notes += (
            "This rests on our own guides and glossary alone; no practitioner in the library speaks to it directly.",
        )
    return Answer(
        question,
        standalone,
        verdict,
        _in_markdown(verified, notes),
        tuple(sentence for _, sentence in verified.pieces),
        verified.removed,
        verified.citations,
        nearest=nearest,
        notes=notes,
    )


def _in_markdown(verified: Verified, notes: Sequence[str]) -> str:
    """The direct answer first, then the others under who says it; list items as a list."""
    first = verified.pieces[0][0].document.id
    groups: dict[str, list[str]] = {}
    speakers: dict[str, str] = {}
    for piece, sentence in verified.pieces:
        marks = "".join(f" [{n}]" for n in sentence.citations)
        lines = groups.setdefault(piece.document.id, [])
        speakers[piece.document.id] = speaker_of(piece.document)
        if piece.is_item:
            lines.append(f"\n- {piece.text}{marks}")
        else:
            lines.append(
                ("\n\n" if lines and lines[-1].startswith("\n-") else " " if lines else "") + f"{piece.text}{marks}"
            )
    parts = []
    for id, lines in groups.items():
        words = "".join(lines).strip()
        parts.append(words if id == first else f"**{speakers[id]}:** {words}")
    return "\n\n".join([*parts, *(f"_{note}_" for note in notes)])


def speaker_of(document: Document) -> str:
    """Who speaks, as the reader is told; our words on someone's text are called so."""
    if document.kind == "position":
        return f"Where practitioners differ, “{document.title}”"
    if document.voice == "house":
        return f"Our own {'glossary' if document.kind == 'glossary' else 'guide'}, “{document.title}”"
    if document.voice == "digest":
        return f"{document.speaker}, as digested by us"
    return document.speaker if document.author or document.source else f"“{document.title.rstrip('.')}”"


def _abstention(judgement: Judgement, nearest: Sequence[str]) -> str:
    words = f"The library does not answer this: {judgement.reason}."
    if nearest:
        words += " Nearby, it does cover: " + "; ".join(f"“{title.rstrip('.')}”" for title in nearest) + "."
    return words + " The question has been noted for whoever keeps the library."


def _keep(chain: Chain, made: Answer) -> None:
    chain.index.record.keep_answer(id=made.trace, conversation=made.conversation, content=made.as_json())
    if made.verdict == ABSTAINED:
        chain.index.record.keep_gap(topic_of(made.standalone_question)[0], made.nearest, made.snapshot)


class _Clock:
    """Milliseconds by step."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._steps: dict[str, float] = {}

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._steps[step] = round((time.perf_counter() - before) * 1000, 1)

    def timings(self) -> dict[str, float]:
        return {**self._steps, "total": round((time.perf_counter() - self._start) * 1000, 1)}
