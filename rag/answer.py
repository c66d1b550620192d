"""The chain: question, evidence, judgement, draft, verified answer. Everything it needs arrives as arguments."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Event, RLock
from typing import Any

from corpus.documents import Document
from corpus.errors import UsageError
from corpus.gaps import keep_gap
from corpus.index import Index
from rag import speaking
from rag.answers import ABSTAINED, ANSWERED, Answer, Removed, Written, answer_from
from rag.clock import Clock
from rag.compose import NEAR, compose
from rag.evidence import Evidence, Found, Weigher, together
from rag.glossary import asked_for, spelled_out, terms_of
from rag.judge import judge
from rag.logistic import chance, read_fit
from rag.perspectives import perspectives_on
from rag.prose import still_to_say
from rag.question import Turn, asks_for, parts_of, topic_of
from rag.quote_writer import write_quotes
from rag.retrieve import Passage, alias_table, passages_of, retrieve
from rag.rewrite import understood
from rag.speaking import Wordings, wordings_of
from rag.verifiers import Verifier
from rag.verify import verify
from rag.write import stopped, write_down
from rag.writers.ladder import AUTO, Ladder
from rag.writers.settings import QUOTE

PASSAGES = 12
PRICE_IN_OTHER_WORDS = "How much does a fractional AI CTO cost? Price, rates, monthly retainer, fees."


@dataclass
class Chain:
    """What stays open between questions: the index, the writers, and what is remembered of a snapshot.

    Looking things up is for one question at a time; while an answer is being written, others may look.
    """

    index: Index
    ladder: Ladder = field(default_factory=Ladder)
    verifier: Verifier | None = None
    lock: RLock = field(default_factory=RLock)
    _snapshot: int = -1
    _documents: dict[str, Document] = field(default_factory=dict)
    _aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _terms: dict[str, Document] = field(default_factory=dict)
    _wordings: Wordings | None = None

    def __post_init__(self) -> None:
        self.weigher = Weigher(self.index)

    def library(self) -> tuple[int, Mapping[str, Document], Mapping[str, Sequence[str]]]:
        """The published documents and aliases, read again only when a new snapshot was made."""
        number = self.index.record.newest_number()
        if number != self._snapshot:
            self._documents = self.index.record.documents()
            self._aliases = alias_table(d for d in self._documents.values() if d.kind == "glossary")
            self._terms = terms_of(self._documents.values())
            positions = [d.id for d in self._documents.values() if d.kind == "position"]
            self._wordings = wordings_of(self.index.record, positions)
            self._snapshot = number
        return self._snapshot, self._documents, self._aliases

    @property
    def terms(self) -> Mapping[str, Document]:
        """The glossary's entries by every name they have."""
        self.library()
        return self._terms

    def position_on(self, evidence: Evidence, documents: Mapping[str, Document]) -> Document | None:
        """The position that speaks to the question, if one does."""

        def likely(position: Document, rank: int) -> float:
            return chance(read_fit(speaking.FITTED), self.signs_of(evidence.question, position, rank))

        return speaking.position_on(evidence.question, evidence.passages, documents, likely)

    def signs_of(self, question: str, position: Document, rank: int) -> dict[str, float]:
        """What tells whether this position speaks to the question."""
        assert self._wordings is not None  # read with the documents
        ahead = self._wordings.ahead(self.index.embed([topic_of(question)[0]])[0], position.id)
        speaks = self.weigher.speaks(question, speaking.position_as_read(position))
        return speaking.signs(speaks, ahead, rank)

    def key_of(self, standalone: str, writer: str) -> str:
        """What an answer depends on: the question, the snapshot, who writes it, who reads it once more, and our own rules."""
        first = self.ladder.first(writer)
        with self.lock:
            snapshot = self.index.record.newest_number()
        verifier = f"{self.verifier.name} {self.verifier.threshold}" if self.verifier else ""
        parts = (standalone, snapshot, first.model if first else QUOTE, verifier, _rules())
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def cached(self, key: str, question: str) -> Answer | None:
        """An answer given before under this key, to this question in its own words."""
        clock = Clock()
        with self.lock:
            kept = self.index.record.answer_with(key)
        if kept is None:
            return None
        return replace(answer_from(kept), question=question, cached=True, tokens={}, timings_ms=clock.timings())


@cache
def _rules() -> str:
    """Changes with every change of how answers are made, so that none made by older rules is given again."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".json", ".onnx"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def search(chain: Chain, question: str, top: int = 10) -> list[Passage]:
    """The passages for a question, without an answer."""
    with chain.lock, chain.index.record.reading():
        _, _, aliases = chain.library()
        return retrieve(chain.index, question, top, aliases)


def answer(chain: Chain, question: str, conversation: str = "", writer: str = AUTO) -> Answer:
    """Ask the library, and keep question and answer in the record."""
    return _last(answering(chain, question, conversation, writer))


def answering(
    chain: Chain, question: str, conversation: str = "", writer: str = AUTO, stop: Event | None = None
) -> Generator[Answer]:
    """The same as it grows: each could stand as it is, the last is kept. Nothing is written twice for one question."""
    if not question.strip():
        raise UsageError("Nothing was asked. Give a question.")
    stop = stop or Event()
    chain.ladder.rungs(writer)  # one that can't be asked is told before anything is looked for
    with chain.lock:
        earlier = chain.index.record.conversation(conversation) if conversation else []
    turns = [_turn(kept) for kept in earlier]
    standalone = understood(chain.ladder, writer, question, turns, stop)
    key = chain.key_of(standalone, writer)
    trace = uuid.uuid4().hex
    made = chain.cached(key, question)
    if made is None:
        try:
            for made in stream(chain, question, standalone, writer, stop):
                if made.writing:
                    yield made
        except GeneratorExit:  # whoever asked went away: what was checked so far is kept, for when they come back
            if made is not None:
                _keep(chain, replace(stopped(made), trace=trace, conversation=conversation), key="")
            raise
    assert made is not None
    made = replace(made, trace=trace, conversation=conversation)
    _keep(chain, made, "" if stop.is_set() or made.stepped_down or made.cached else key)
    yield made


def respond(chain: Chain, question: str, earlier: Sequence[Turn] = (), writer: str = AUTO) -> Answer:
    """The whole answer at once. Keeps nothing."""
    stop = Event()
    return _last(stream(chain, question, understood(chain.ladder, writer, question, earlier, stop), writer, stop))


def stream(chain: Chain, question: str, standalone: str, writer: str, stop: Event) -> Iterator[Answer]:
    """Retrieve, judge the evidence, set out the quotations, write, verify. The last one is whole, the others say who writes."""
    clock = Clock()
    with clock.time("evidence"):
        snapshot, documents, found = look_up(chain, standalone)
        evidence = weighed(chain, standalone, found)
    with clock.time("judge"):
        judgement = judge(evidence)
        position = chain.position_on(evidence, documents) if judgement.units else None
    with clock.time("write"):
        draft = write_quotes(judgement, evidence.questions)

    def made_of(written: Sequence[Written] = (), removed: Sequence[Removed] = ()) -> Answer:
        pieces = still_to_say(draft.pieces, written) if written else draft.pieces
        verified = verify(replace(draft, pieces=tuple(pieces)), documents, written)
        sides, verified = perspectives_on(evidence, position, documents, verified)
        made = compose(question, standalone, judgement, evidence, verified, documents)
        return replace(
            made,
            removed=(*made.removed, *removed),
            perspectives=sides,
            snapshot=snapshot,
            notes=(*made.notes, *draft.notes),
            timings_ms=clock.timings(),
        )

    with clock.time("verify"):
        quoted = made_of()
    if quoted.verdict != ANSWERED:  # what is missing or only near is not put into smoother words
        yield replace(quoted, timings_ms=clock.timings())
        return
    clock.mark("shown")
    yield from write_down(chain.ladder, writer, standalone, draft.pieces, quoted, made_of, clock, stop, chain.verifier)


def warm(chain: Chain) -> None:
    """Load what a first question would otherwise wait for."""
    evidence_for(chain, "What does a fractional AI CTO do?")


def evidence_for(chain: Chain, standalone: str) -> Evidence:
    """What is found for a question, and weighed."""
    _, _, found = look_up(chain, standalone)
    return weighed(chain, standalone, found)


def look_up(chain: Chain, standalone: str) -> tuple[int, Mapping[str, Document], list[Found]]:
    """The snapshot, its documents, and what it holds for each question within this one; no other is seen from here to the last check."""
    with chain.lock, chain.index.record.reading():
        snapshot, documents, aliases = chain.library()
        return (
            snapshot,
            documents,
            [_look_up(chain, part, documents, aliases) for part in parts_of(standalone)],
        )


def _look_up(
    chain: Chain, question: str, documents: Mapping[str, Document], aliases: Mapping[str, Sequence[str]]
) -> Found:
    """One question, in the library's own terms."""
    terms = chain.terms
    asked = asked_for(question, terms)
    in_full = spelled_out(question, terms, chain.index.record.passages_with, asked)
    passages = passages_for(chain, in_full, aliases)
    if asked:
        known = {passage.chunk.number for passage in passages}
        told = passages_of(chain.index, in_full, asked.entry.id)
        passages += [passage for passage in told if passage.chunk.number not in known]
    return chain.weigher.look_up(in_full, passages, documents, asked)


def weighed(chain: Chain, standalone: str, found: Sequence[Found]) -> Evidence:
    """The best for each question within it comes first. Takes most of the time, and keeps nobody from looking things up."""
    return replace(together(standalone, [chain.weigher.weigh(one) for one in found]), question=standalone)


def passages_for(chain: Chain, standalone: str, aliases: Mapping[str, Sequence[str]]) -> list[Passage]:
    """What is read to answer a question."""
    passages = retrieve(chain.index, standalone, PASSAGES, aliases, and_in_these_words=True)
    if asks_for(standalone) == "price":  # the words of a price differ from text to text
        known = {passage.chunk.number for passage in passages}
        further = retrieve(chain.index, PRICE_IN_OTHER_WORDS, PASSAGES // 2, aliases)
        passages += [
            replace(passage, dense_rank=None, lexical_rank=None)
            for passage in further
            if passage.chunk.number not in known
        ]
    return passages


def _turn(kept: Mapping[str, Any]) -> Turn:
    return turn_of(kept["standalone_question"], kept["answer"])


def turn_of(standalone: str, words: str) -> Turn:
    """An answer as the next question needs it."""
    answering = words.partition(f"**{NEAR}**")[0]
    return Turn(standalone, tuple(re.findall(r"^- (.+?)(?: \[\d+\])*$", answering, re.MULTILINE)))


def _last(answers: Iterable[Answer]) -> Answer:
    *_, last = answers
    return last


def _keep(chain: Chain, made: Answer, key: str) -> None:
    with chain.lock:
        chain.index.record.keep_answer(id=made.trace, conversation=made.conversation, content=made.as_json(), key=key)
        if made.verdict == ABSTAINED:
            keep_gap(chain.index.record, topic_of(made.standalone_question)[0], made.nearest, made.snapshot)
