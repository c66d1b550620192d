"""Below the input: in whose words the answer comes, and the local writer brought here by one click. As Streamlit draws it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.errors import ModelError
from corpus.ledger import Ledger
from corpus.settings import CHECKOUT, Settings
from rag.writers.ladder import AUTO, Ladder
from rag.writers.settings import LOCAL, QUOTE
from tests.fakes import ScriptedWriter
from tests.ui import chat_library
from ui.writer_choice import Fetching, fetching

PATIENCE_SECONDS = 10


@pytest.fixture
def absent_local() -> ScriptedWriter:
    return ScriptedWriter(name=LOCAL, unready="No local model is here.")


class TestFetching:
    def test_it_tells_how_far_it_is(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        from rag.models import Progress

        told, go_on = threading.Event(), threading.Event()

        def pull(_model: object, folder: Path, say: Callable[[Progress], None]) -> None:
            assert folder == settings.models / "writers"
            say(Progress(model="m", step="fetching", done=250_000_000, size=1_000_000_000))
            told.set()
            go_on.wait(PATIENCE_SECONDS)

        monkeypatch.setattr("rag.models.pull_model", pull)
        one = Fetching(settings)
        one.start()
        assert told.wait(PATIENCE_SECONDS)
        thread = one._thread
        one.start()
        assert one._thread is thread, "two clicks fetch it once"
        assert one.running and one.done == 0.25
        assert "fetching, 250 of 1,000 MB" in one.words
        go_on.set()
        assert thread is not None
        thread.join(PATIENCE_SECONDS)
        assert not one.running and one.trouble is None

    @pytest.mark.parametrize("error", [ModelError("The disk is full."), ZeroDivisionError("a fault of ours")])
    def test_what_went_wrong_is_kept_and_it_can_be_tried_again(
        self, error: Exception, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A fault of ours ended the thread without a word, and the offer stood there as if nobody had clicked."""

        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr("rag.models.pull_model", fail)
        one = Fetching(settings)
        one.start()
        assert one._thread is not None
        one._thread.join(PATIENCE_SECONDS)
        assert one.trouble is error and str(error) in caplog.text
        monkeypatch.setattr("rag.models.pull_model", lambda *_: None)
        one.start()
        one._thread.join(PATIENCE_SECONDS)
        assert one.trouble is None


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.usefixtures("pages_anew", "each_script_waits_for_its_chain")
class TestOnThePage:
    @pytest.fixture
    def visit(self, library: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
        """The page with these writers."""

        def open_it(*writers: ScriptedWriter) -> AppTest:
            order = (*(writer.name for writer in writers), QUOTE)
            monkeypatch.setattr(
                "ui.commands.open_ladder", lambda told: Ladder(writers, order, Ledger(told.record_path))
            )
            monkeypatch.delenv("FRACTIONAL_WRITER", raising=False)
            page = AppTest.from_file(str(CHECKOUT / "ui" / "front.py"), default_timeout=chat_library.PATIENCE_SECONDS)
            return page.run()

        return open_it

    def test_where_the_local_writer_is_not_here_it_is_offered(
        self, visit: Callable[..., AppTest], absent_local: ScriptedWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched = threading.Event()
        monkeypatch.setattr("rag.models.pull_model", lambda *_: fetched.set())
        page = visit(absent_local)
        assert not page.exception and len(page.selectbox) == 0
        offer = page.button(key="get-writer")
        assert "get the local writer (1.1 GB)" in offer.label
        offer.click().run()
        assert fetched.wait(PATIENCE_SECONDS)

    def test_what_keeps_it_from_coming_is_said_without_its_place(
        self,
        visit: Callable[..., AppTest],
        absent_local: ScriptedWriter,
        library: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail(*_: object) -> None:
            raise ModelError(f"{library.models} has 0.10 GB of disk left. Free some.")

        monkeypatch.setattr("rag.models.pull_model", fail)
        page = visit(absent_local)
        page.button(key="get-writer").click().run()
        thread = fetching()._thread
        assert thread is not None
        thread.join(PATIENCE_SECONDS)
        page.run()
        words = "\n".join(element.proto.body for element in page.get("html")) + str(page.caption)
        assert "0.10 GB of disk left" in words and str(library.models) not in words
        assert page.button(key="get-writer")

    def test_with_it_there_is_a_choice_and_it_is_kept(self, visit: Callable[..., AppTest]) -> None:
        local = ScriptedWriter(name=LOCAL)
        page = visit(local)
        assert [button.key for button in page.button if button.key == "get-writer"] == []
        (choice,) = page.selectbox
        assert choice.value == AUTO
        assert choice.options == [
            "The best that is ready",
            "The sources’ own words",
            "Prose, written on this machine",
        ]
        choice.set_value(QUOTE).run()
        page.chat_input(key="question").set_value(chat_library.COST_QUESTION)
        page.run()
        assert local.asked == 0 and page.selectbox[0].value == QUOTE

    def test_one_that_only_rests_is_not_offered_again(self, visit: Callable[..., AppTest], library: Settings) -> None:
        """After a crash the page offered to fetch a gigabyte that was there."""
        Ledger(library.record_path).failed(LOCAL, "it crashed")
        page = visit(ScriptedWriter(name=LOCAL))
        assert not page.exception
        assert [button.key for button in page.button if button.key == "get-writer"] == []

    def test_one_that_was_chosen_and_rests_now_is_given_up(
        self, visit: Callable[..., AppTest], library: Settings
    ) -> None:
        page = visit(ScriptedWriter(name="far"), ScriptedWriter(name=LOCAL))
        page.selectbox[0].set_value("far").run()
        Ledger(library.record_path).failed("far", "it is away")
        page.run()
        assert not page.exception
        assert page.selectbox[0].value in (AUTO, QUOTE, LOCAL)
