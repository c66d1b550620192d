"""The chain behind the page: one question at a time, pages never wait for it, and what goes wrong is kept for them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from corpus.errors import HomeError
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from rag.answer import Chain
from rag.answers import Answer
from tests.library import document, write
from tests.ui.chat_library import warmed
from ui.warm_chain import WarmChain

PATIENCE_SECONDS = 10


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warming without a model."""
    monkeypatch.setattr("rag.answer.search", lambda *_: [])


def opened(settings: Settings, publisher: Publisher) -> WarmChain:
    """A chain that has warmed up, over whatever the corpus folder holds."""
    from corpus.index import Index

    publisher.publish()
    chain = WarmChain(settings, lambda _: Chain(Index(settings, publisher.embedder)))
    return warmed(chain.start(), PATIENCE_SECONDS)


@pytest.mark.usefixtures("no_search")
class TestWarmChain:
    def test_questions_are_answered_one_at_a_time(
        self, settings: Settings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two threads in one SQLite connection saw each other's transactions."""
        inside, most = [0], [0]

        def slowly(_chain: Any, question: str, *_: str) -> Answer:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.02)
            inside[0] -= 1
            return Answer(question, question, "abstained", "")

        monkeypatch.setattr("rag.answer.answer", slowly)
        chain = opened(settings, publisher)
        asking = [threading.Thread(target=chain.ask, args=(f"{n}?", "", "auto")) for n in range(5)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert most == [1]

    def test_pages_are_drawn_while_somebody_is_answered(
        self, settings: Settings, publisher: Publisher, record: Record, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(settings, document("one"))
        begun, finish = threading.Event(), threading.Event()

        def until_told(_chain: Any, question: str, *_: str) -> Answer:
            begun.set()
            finish.wait(PATIENCE_SECONDS)
            return Answer(question, question, "abstained", "")

        monkeypatch.setattr("rag.answer.answer", until_told)
        chain = opened(settings, publisher)
        record.keep_answer(id="a", conversation="board", content=Answer("Who?", "Who?", "abstained", "").as_json())
        asking = threading.Thread(target=chain.ask, args=("Why?", "", "auto"))
        asking.start()
        assert begun.wait(PATIENCE_SECONDS)
        assert [turn["question"] for turn in chain.conversation("board")] == ["Who?"]
        assert list(chain.documents(["one", "none"])) == ["one"]
        assert chain.suggestions() == ["One"]
        finish.set()
        asking.join()

    def test_a_new_snapshot_is_seen(self, settings: Settings, publisher: Publisher) -> None:
        write(settings, document("one"))
        chain = opened(settings, publisher)
        assert (list(chain.documents(["one", "two"])), chain.suggestions()) == (["one"], ["One"])
        publisher.publish({"one": None, "two": document("two")})
        assert (list(chain.documents(["one", "two"])), chain.suggestions()) == (["two"], ["Two"])

    def test_what_kept_it_from_opening_is_said_to_whoever_asks(self, settings: Settings) -> None:
        def refuse(_settings: Settings) -> Chain:
            raise HomeError("The disk is full.")

        chain = warmed(WarmChain(settings, refuse).start(), PATIENCE_SECONDS)
        assert str(chain.trouble) == "The disk is full."
        with pytest.raises(HomeError, match="full"):
            chain.ask("Why?", "", "auto")
        assert chain.conversation("any") == [] and chain.suggestions() == [] and chain.documents(["any"]) == {}
