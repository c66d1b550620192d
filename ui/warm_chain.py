"""The chain behind a running page: opened once and warmed in the background, then asked by one reader at a time.

Knows nothing about Streamlit. Pages read what was answered over a connection of their own, so that drawing one never
waits for an answer that is being written for somebody else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from corpus.documents import Document
from corpus.settings import Settings
from ui.suggestions import suggested_questions

if TYPE_CHECKING:
    from corpus.record import Record
    from rag.answer import Chain

log = logging.getLogger(__name__)


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
        self._asking, self._reading = threading.Lock(), threading.Lock()
        self._chain: Chain | None = None
        self._reader: Record | None = None
        self._read = _Read()

    def start(self) -> WarmChain:
        threading.Thread(target=self._open_and_warm, name="warming-up", daemon=True).start()
        return self

    def _open_and_warm(self) -> None:
        """Everything a first question would otherwise wait for: the imports, the index, the embedder."""
        try:
            from corpus.record import Record
            from rag.answer import search

            self._chain = self._open_chain(self.settings)
            self._reader = Record(self.settings.record_path)
            self.suggestions()
            self._opened.set()
            with self._asking:
                search(self._chain, "What does a fractional AI CTO do?", 1)
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

    def ask(self, question: str, conversation: str, writer: str) -> dict[str, Any]:
        """The answer as JSON; waits for the chain, and for whoever asked before."""
        from rag.answer import answer

        self._opened.wait()
        with self._asking:
            if self._chain is None:
                raise self.trouble or RuntimeError("the chain was not opened")
            return answer(self._chain, question, conversation, writer).as_json()

    def conversation(self, id: str) -> list[dict[str, Any]]:
        """What was asked and answered in a conversation, oldest first."""
        if not id or self._reader is None:
            return []
        with self._reading:
            return self._reader.conversation(id)

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
