"""The chain behind the page: one looks things up at a time, nobody waits for a writer, and what goes wrong is kept for the page."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest

from corpus.errors import HomeError
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from rag.answer import Chain
from rag.answers import Answer
from rag.retrieve import Passage
from rag.writers.settings import QUOTE
from tests import asking
from tests.fakes import ScriptedWriter
from tests.library import document, write
from tests.ui.chat_library import warmed
from ui.warm_chain import WarmChain

PATIENCE_SECONDS = 10


@pytest.fixture
def no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model."""
    monkeypatch.setattr("rag.answer.warm", lambda _: None)


def opened(settings: Settings, publisher: Publisher) -> WarmChain:
    """A chain that has warmed up, over whatever the corpus folder holds."""
    from corpus.index import Index

    publisher.publish()
    chain = WarmChain(settings, lambda _: Chain(Index(settings, publisher.embedder)))
    return warmed(chain.start(), PATIENCE_SECONDS)


def asked(chain: WarmChain, question: str, conversation: str = "") -> list[dict[str, Any]]:
    return [*chain.asking(question, conversation, "auto")]


@pytest.mark.usefixtures("no_warming")
class TestAsking:
    def test_looking_up_is_for_one_at_a_time(self, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two threads in one SQLite connection saw each other's transactions."""
        from rag import answer

        inside, most = [0], [0]
        found = answer.passages_for

        def slowly(*arguments: Any) -> list[Passage]:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.02)
            inside[0] -= 1
            return found(*arguments)

        monkeypatch.setattr(answer, "passages_for", slowly)
        chain = warmed(WarmChain(library_to_ask, asking.open_asking).start(), PATIENCE_SECONDS)
        told: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=lambda n=n: told.extend(asked(chain, f"{asking.COST_QUESTION} {n}?")))
            for n in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == [1] and len(told) == 5

    def test_writing_holds_nobody(self, library_to_ask: Settings) -> None:
        """One reader's slow model made all others wait for their quotations."""
        go_on = threading.Event()
        slow = ScriptedWriter(go_on, asking.COST_PROSE)
        chain = warmed(WarmChain(library_to_ask, lambda s: asking.open_asking(s, slow)).start(), PATIENCE_SECONDS)
        with (
            closing(chain.asking(asking.COST_QUESTION, "one", "auto")) as first,
            closing(chain.asking(asking.TERM_QUESTION, "two", "auto")) as second,
        ):
            for growing in (first, second):
                assert next(growing)["writing"] == "scripted"
                next(growing)
            assert slow.asked == 2
            go_on.set()
            assert [[*growing][-1]["writing"] for growing in (first, second)] == ["", ""]

    def test_the_same_answer_is_the_same_object_until_there_is_more(self, library_to_ask: Settings) -> None:
        """The page draws an answer again only when it grew."""
        go_on = threading.Event()
        writer = ScriptedWriter(go_on, asking.COST_PROSE)
        chain = warmed(WarmChain(library_to_ask, lambda s: asking.open_asking(s, writer)).start(), PATIENCE_SECONDS)
        with closing(chain.asking(asking.COST_QUESTION, "", "auto")) as growing:
            first = next(growing)
            assert next(growing) is first and next(growing) is first
            go_on.set()
            assert [*growing][-1] is not first

    def test_whoever_leaves_stops_the_writer_and_finds_what_was_written(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter(f"{asking.COST_PROSE} Some ", threading.Event())
        chain = warmed(WarmChain(library_to_ask, lambda s: asking.open_asking(s, writer)).start(), PATIENCE_SECONDS)
        with closing(chain.asking(asking.COST_QUESTION, "board", "auto")) as growing:
            shown = next(state for state in growing if state["writer"] == "scripted")
        assert writer.ended.wait(1.0)
        (kept,) = chain.conversation("board")
        assert kept["answer"] == shown["answer"]
        assert kept["stepped_down"] == [{"writer": "scripted", "reason": "it was stopped"}]

    def test_asked_again_it_is_written_again_in_place_of_the_answer(self, library_to_ask: Settings) -> None:
        """What was kept came back, so a poor answer stayed until the library changed."""
        writer = ScriptedWriter(asking.COST_PROSE)
        chain = warmed(WarmChain(library_to_ask, lambda s: asking.open_asking(s, writer)).start(), PATIENCE_SECONDS)
        asked(chain, asking.TERM_QUESTION, "board")
        asked(chain, asking.COST_QUESTION, "board")
        before = writer.asked
        *_, new = chain.asking_again(chain.conversation("board")[-1], "board", "auto")
        assert writer.asked == before + 1 and not new["cached"]
        assert [turn["question"] for turn in chain.conversation("board")] == [
            asking.TERM_QUESTION,
            asking.COST_QUESTION,
        ]
        assert chain.conversation("board")[-1]["trace"] == new["trace"]

    def test_an_answer_stays_where_asking_again_fails(
        self, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chain = warmed(WarmChain(library_to_ask, asking.open_asking).start(), PATIENCE_SECONDS)
        asked(chain, asking.COST_QUESTION, "board")
        (kept,) = chain.conversation("board")

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("rag.answer.answering", fail)
        with pytest.raises(ZeroDivisionError):
            next(chain.asking_again(kept, "board", "auto"))
        assert chain.conversation("board") == [kept]

    def test_the_writers_are_those_of_the_chain(self, library_to_ask: Settings) -> None:
        absent = ScriptedWriter(name="absent", unready="its file is away")
        warm = WarmChain(library_to_ask, lambda s: asking.open_asking(s, ScriptedWriter(), absent))
        assert warm.writers() == []
        states = {state.writer: state for state in warmed(warm.start(), PATIENCE_SECONDS).writers()}
        assert [name for name, state in states.items() if state.ready] == [QUOTE, "scripted"]
        assert states["absent"].reason == "its file is away"


@pytest.mark.usefixtures("no_warming")
class TestWarmChain:
    def test_pages_are_drawn_while_somebody_is_answered(
        self, settings: Settings, publisher: Publisher, record: Record, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(settings, document("one"))
        begun, finish = threading.Event(), threading.Event()

        def until_told(_chain: Any, question: str, *_: str) -> Generator[Answer]:
            begun.set()
            finish.wait(PATIENCE_SECONDS)
            yield Answer(question, question, "abstained", "")

        monkeypatch.setattr("rag.answer.answering", until_told)
        chain = opened(settings, publisher)
        record.keep_answer(id="a", conversation="board", content=Answer("Who?", "Who?", "abstained", "").as_json())
        answered = threading.Thread(target=asked, args=(chain, "Why?"))
        answered.start()
        assert begun.wait(PATIENCE_SECONDS)
        assert [turn["question"] for turn in chain.conversation("board")] == ["Who?"]
        assert list(chain.documents(["one", "none"])) == ["one"]
        assert chain.suggestions() == ["One"]
        finish.set()
        answered.join()

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
            asked(chain, "Why?")
        assert chain.conversation("any") == [] and chain.suggestions() == [] and chain.documents(["any"]) == {}
