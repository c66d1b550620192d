"""The chain behind a running page: opened once and warmed in the background, then asked by all readers.

Knows nothing about Streamlit. Pages read what was answered over a connection of their own, so that drawing one never
waits for an answer that is being written for somebody else.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from corpus.documents import Document
from corpus.settings import Settings
from ui.suggestions import suggested_questions

if TYPE_CHECKING:
    from corpus.record import Record
    from rag.answer import Chain
    from rag.answers import Answer
    from rag.writers.ladder import State

log = logging.getLogger(__name__)

# How long a thread may keep Python to itself while others want it. Looking things up lets go of it a hundred times, for the database and
# the models, and with the five milliseconds that are usual waited each time for pages that were being drawn.
SWITCH_SECONDS = 0.0005
# A writer that is told to stop does so within this.
ENDING_SECONDS = 1.5


@dataclass
class _Read:
    """What was read of one snapshot."""

    snapshot: int = -1
    documents: dict[str, Document] = field(default_factory=dict)
    suggestions: list[str] = field(default_factory=list)


class WarmChain:
    """Opens the chain in a thread of its own; `opened`, `ready` and `trouble` say how far that is."""

    def __init__(self, settings: Settings, open_chain: Callable[[Settings], Chain]) -> None:
        self.settings = settings
        self.trouble: Exception | None = None
        self._open_chain = open_chain
        self._opened, self._ready = threading.Event(), threading.Event()
        self._reading = threading.Lock()
        self._chain: Chain | None = None
        self._reader: Record | None = None
        self._read = _Read()
        self._warmed: set[str] = set()
        self._being_answered: dict[str, threading.Event] = {}  # by conversation

    def start(self) -> WarmChain:
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=self._open_and_warm, name="warming-up", daemon=True).start()
        return self

    def _open_and_warm(self) -> None:
        """Everything a first question would otherwise wait for: the imports, the index, the models."""
        try:
            from corpus.record import Record
            from rag.answer import warm

            self._chain = self._open_chain(self.settings)
            self._reader = Record(self.settings.record_path)
            self.suggestions()
            self._opened.set()
            warm(self._chain)
        except Exception as error:
            log.exception("The library could not be opened.")
            self.trouble = error
        finally:
            self._opened.set()
            self._ready.set()

    @property
    def opened(self) -> bool:
        return self._opened.is_set()

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    def asking_again(self, answer: Mapping[str, Any], conversation: str, writer: str) -> Generator[dict[str, Any]]:
        """The same question made anew, whatever was answered before; the new answer stands for this one, if there is one."""
        from corpus.conversations import set_aside

        self._opened.wait()
        if self._chain is None:
            raise self.trouble or RuntimeError("the chain was not opened")
        key = self._chain.key_of(answer["standalone_question"], writer)
        with self.record() as record:
            record.forget_key(key)
            set_aside(record, answer["trace"])
        try:
            yield from self.asking(answer["question"], conversation, writer)
        except Exception:
            with self.record() as record:
                set_aside(record, answer["trace"], False)
            raise

    def asking(self, question: str, conversation: str, writer: str) -> Generator[dict[str, Any]]:
        """The answer as JSON, as it grows; the same one again while nothing new came. Waits for the chain.

        Whoever goes away meanwhile closes this, and the writer stops.
        """
        from rag.answer import answering

        self._opened.wait()
        if self._chain is None:
            raise self.trouble or RuntimeError("the chain was not opened")
        before: Answer | None = None
        drawn: dict[str, Any] = {}
        self._being_answered[conversation] = over = threading.Event()
        try:
            with closing(answering(self._chain, question, conversation, writer)) as growing:
                for made in growing:
                    if made is not before:
                        before, drawn = made, made.as_json()
                    yield drawn
        finally:
            over.set()
            if self._being_answered.get(conversation) is over:
                del self._being_answered[conversation]

    def warm(self, writer: str) -> None:
        """Get a writer ready in the background, once: a local model takes seconds to load."""
        if self._chain is None or writer in self._warmed:
            return
        self._warmed.add(writer)
        from rag.prose import SYSTEM

        threading.Thread(
            target=self._chain.ladder.warm, args=(writer, SYSTEM), name="warming-writer", daemon=True
        ).start()

    def writers(self) -> list[State]:
        """Every writer, ready or why not; none before the chain is open."""
        return self._chain.ladder.states() if self._chain else []

    def conversation(self, id: str) -> list[dict[str, Any]]:
        """What was asked and answered in a conversation, oldest first."""
        if not id or self._reader is None:
            return []
        if over := self._being_answered.get(id):
            # Streamlit begins to draw the page again before what it was drawing has ended; the last answer is kept at that end.
            over.wait(ENDING_SECONDS)
        with self._reading:
            return self._reader.conversation(id)

    @contextmanager
    def record(self) -> Iterator[Record]:
        """The record, for one reader at a time."""
        if self._reader is None:
            raise self.trouble or RuntimeError("the chain was not opened")
        with self._reading:
            yield self._reader

    def documents(self, ids: Iterable[str]) -> Mapping[str, Document]:
        """The published documents among these."""
        wanted = set(ids)
        if self._reader is None:
            return {}
        with self._reading:
            read = self._of_newest(self._reader)
            if missing := wanted - set(read.documents):
                read.documents |= self._reader.documents(missing)
            return {id: read.documents[id] for id in wanted if id in read.documents}

    def suggestions(self) -> list[str]:
        """Questions to begin with; none where the library is empty."""
        if self._reader is None:
            return []
        with self._reading:
            read = self._of_newest(self._reader)
            if not read.suggestions:
                read.documents = self._reader.documents()
                read.suggestions = suggested_questions(read.documents)
            return read.suggestions

    def _of_newest(self, reader: Record) -> _Read:
        number = reader.newest_number()
        if self._read.snapshot != number:
            self._read = _Read(number)
        return self._read
