"""The chat as Streamlit runs it, over a small library and the real embedder: what a reader sees, and never sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from corpus.documents import Document
from corpus.feedback import feedback
from corpus.ledger import Ledger
from corpus.record import Record
from corpus.settings import CHECKOUT, Settings
from rag.answer import Chain
from rag.writers.ladder import Ladder
from rag.writers.port import Failed
from rag.writers.settings import QUOTE
from tests.fakes import ScriptedWriter
from tests.ui import chat_library
from ui import answer_view
from ui.commands import open_chain
from ui.readings import LONGEST_QUESTION
from ui.warm_chain import WarmChain

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.usefixtures("pages_anew", "each_script_waits_for_its_chain", "nobody_writes"),
]

START = WarmChain.start
COST_MARK = f'<mark data-quoted-by="1">{chat_library.COST_QUOTE}</mark>'


@pytest.fixture
def nobody_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever models this machine holds."""
    monkeypatch.setattr("ui.commands.open_ladder", lambda _: Ladder())
    monkeypatch.delenv("FRACTIONAL_WRITER", raising=False)


@pytest.fixture
def written_by(library: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on, the page's writers are these."""

    def use(*writers: ScriptedWriter) -> None:
        order = (*(writer.name for writer in writers), QUOTE)
        monkeypatch.setattr("ui.commands.open_ladder", lambda told: Ladder(writers, order, Ledger(told.record_path)))

    return use


def visit(conversation: str = "", question: str = "") -> AppTest:
    app = AppTest.from_file(str(CHECKOUT / "ui" / "front.py"), default_timeout=chat_library.PATIENCE_SECONDS)
    if conversation:
        app.query_params["conversation"] = conversation
    if question:
        app.query_params["question"] = question
    return app.run()


def trace_of(app: AppTest) -> str:
    """The newest answer's."""
    return str(next(button.key for button in app.button if button.label == "Try again")).removeprefix("again-")


def ask(app: AppTest, question: str) -> AppTest:
    app.chat_input(key="question").set_value(question)
    return app.run()


def shown(app: AppTest) -> str:
    """All HTML on the page but our stylesheet."""
    assert not app.exception
    bodies = [element.proto.body for element in app.get("html")]
    return "\n".join(body for body in bodies if not body.startswith("<style>/* The chat."))


def conversation_of(app: AppTest) -> str:
    named: Any = app.query_params.get("conversation", "")
    return str(named[0] if isinstance(named, list) else named)


@pytest.mark.usefixtures("library")
class TestFirstVisit:
    def test_it_says_what_it_is_and_what_to_ask(self) -> None:
        app = visit()
        assert "<h1>Fractional</h1>" in shown(app) and "every sentence with its source" in shown(app)
        assert len(app.button) == 4
        assert app.button[0].label == chat_library.TEAM_QUESTION.replace("?", "\\?")
        assert conversation_of(app) == ""

    def test_a_suggested_question_is_asked_and_its_sides_stand_next_to_each_other(self) -> None:
        app = visit()
        app.button[0].click().run()
        page = shown(app)
        assert f'<h2 class="fr-question">{chat_library.TEAM_QUESTION}</h2>' in page
        assert "Practitioners differ" in page
        _, *sides = page.split('<div class="fr-side">')
        assert len(sides) == 2
        assert "One central team gathers the skill" in sides[0] and "Second Author" in sides[0]
        assert "A central team becomes a queue" in sides[1] and "Third Author" in sides[1]
        assert [button.label for button in app.button] == ["Conversations", "New conversation", "Try again"]

    def test_the_page_stands_before_the_library_is_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything heavy happened before the first paint, and the reader looked at an empty window."""
        may_open = threading.Event()

        def once_it_may(settings: Settings) -> Chain:
            may_open.wait(chat_library.PATIENCE_SECONDS)
            return open_chain(settings)

        monkeypatch.setattr(WarmChain, "start", START)
        monkeypatch.setattr("ui.commands.open_chain", once_it_may)
        app = visit()
        assert "<h1>Fractional</h1>" in shown(app) and "Warming up …" in shown(app)
        assert not app.chat_input(key="question").disabled
        may_open.set()
        ask(app, chat_library.COST_QUESTION)
        assert COST_MARK in shown(app)
        until = time.monotonic() + chat_library.PATIENCE_SECONDS  # an open library answers before it is warm
        while "Warming up …" in shown(app.run()):
            assert time.monotonic() < until, "it says so for ever"


@pytest.mark.usefixtures("library")
class TestConversation:
    def test_an_answer_carries_its_sources(self) -> None:
        page = shown(ask(visit(), chat_library.COST_QUESTION))
        assert "Answered from" in page
        assert COST_MARK in page
        assert "Example Author · Example Publisher · 2025-03-01" in page and "sells what it describes" in page
        assert "library snapshot 1" in page

    def test_a_follow_up_says_how_it_was_understood(self) -> None:
        app = ask(ask(visit(), chat_library.COST_QUESTION), "And for how long?")
        assert "Understood as “And for how long?”" in shown(app)

    def test_what_the_library_does_not_hold_is_said_calmly(self) -> None:
        page = shown(ask(visit(), chat_library.UNANSWERED_QUESTION))
        assert "Not in the library" in page and "<h3>Sources</h3>" not in page

    def test_a_reload_keeps_the_conversation(self) -> None:
        app = ask(ask(visit(), chat_library.COST_QUESTION), chat_library.UNANSWERED_QUESTION)
        assert conversation_of(app)
        again = shown(visit(conversation_of(app)))
        assert again.index(chat_library.COST_QUESTION) < again.index(chat_library.UNANSWERED_QUESTION)
        assert COST_MARK in again

    def test_a_new_conversation_begins_with_nothing(self) -> None:
        app = ask(visit(), chat_library.COST_QUESTION)
        app.button(key="new-conversation").click().run()
        assert conversation_of(app) == "" and app.session_state["conversation"] == ""
        assert "fr-question" not in shown(app)
        assert [button.label for button in app.button][4:] == ["Earlier conversations"]

    def test_a_hostile_document_is_shown_as_text(self) -> None:
        app = ask(visit(), chat_library.AUDIT_QUESTION)
        page = shown(app)
        assert "&lt;script&gt;document.title=&#x27;owned&#x27;&lt;/script&gt;" in page
        for piece in (
            "<script",
            "<img",
            "<style",
            "<i>",
            "<b>",
            'javascript:alert(1)"',
            '<a href="https://evil.example"',
        ):
            assert piece not in page, piece

    def test_what_the_checks_took_out_is_there_to_be_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from rag.answers import Answer, Removed

        made = Answer("Why?", "Why?", "abstained", "No.", removed=(Removed("<b>Because.</b>", "nobody says so"),))
        monkeypatch.setattr("rag.answer.answering", lambda *_: (one for one in [made]))
        page = shown(ask(visit(), "Why?"))
        assert "Taken out by the checks (1)" in page
        assert "&lt;b&gt;Because.&lt;/b&gt;" in page and "nobody says so" in page


PROSE = "A fractional AI CTO costs between 6,000 and 12,000 dollars each month [1]."
PROSE_SHOWN = "A fractional AI CTO costs between 6,000 and 12,000 dollars each month."


class TestProse:
    def test_the_quotations_are_drawn_at_once_and_then_the_prose_above_them(
        self, written_by: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A reader has something to read while a model thinks."""
        drawn: list[tuple[str, bool, bool]] = []
        draw = answer_view.answer_html

        def note(answer: Mapping[str, Any]) -> str:
            drawn.append(
                (answer["writing"], chat_library.COST_QUOTE in answer["answer"], PROSE_SHOWN in answer["answer"])
            )
            return draw(answer)

        monkeypatch.setattr(answer_view, "answer_html", note)
        written_by(ScriptedWriter(PROSE, name="scripted"))
        both = f"{chat_library.COST_QUESTION} How long does an engagement of a fractional AI CTO last?"
        page = shown(ask(visit(), both))
        assert drawn[0] == ("scripted", True, False)
        assert drawn[-1] == ("", False, True)
        assert page.index(PROSE_SHOWN) < page.index("In the sources’ own words")
        assert COST_MARK in page
        assert "Writer: scripted" in page and "is writing" not in page

    def test_it_says_who_stepped_aside_and_why(self, written_by: Callable[..., None]) -> None:
        written_by(ScriptedWriter(Failed("it can’t be reached"), name="far"), ScriptedWriter(PROSE, name="near"))
        app = ask(visit(), chat_library.COST_QUESTION)
        assert "Writer: near" in shown(app) and "far stepped aside: it can’t be reached" in shown(app)
        again = shown(visit(conversation_of(app)))
        assert "Writer: near" in again and "far stepped aside: it can’t be reached" in again

    def test_a_lie_is_not_shown_but_can_be_looked_at(self, written_by: Callable[..., None]) -> None:
        lie = "A fractional AI CTO costs 90,000 dollars a month <b>at least</b> [1]."
        written_by(ScriptedWriter(f"{PROSE} {lie}"))
        answer, removed = shown(ask(visit(), chat_library.COST_QUESTION)).split('<details class="fr-removed">')
        assert "90,000" in removed and "&lt;b&gt;" in removed
        assert "90,000" not in answer

    def test_asked_again_it_says_that_it_was_answered_before(self, written_by: Callable[..., None]) -> None:
        writer = ScriptedWriter(PROSE)
        written_by(writer)
        ask(visit(), chat_library.COST_QUESTION)
        assert "as answered before" in shown(ask(visit(), chat_library.COST_QUESTION))
        assert writer.asked == 1

    def test_one_that_was_named_and_fails_is_said_in_calm_words(
        self, library: Settings, written_by: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FRACTIONAL_WRITER", "far")
        written_by(ScriptedWriter(Failed("it can’t be reached"), name="far"))
        page = shown(ask(visit(), chat_library.COST_QUESTION))
        assert "The writer `far` could not write: it can’t be reached." in page
        assert str(library.home) not in page


@pytest.mark.usefixtures("library")
class TestAgain:
    def test_trying_again_asks_the_writer_again_and_replaces_the_answer(self, written_by: Callable[..., None]) -> None:
        """The answer that was kept came back, however often it was asked for."""
        writer = ScriptedWriter(PROSE)
        written_by(writer)
        app = ask(visit(), chat_library.COST_QUESTION)
        app.button(key=f"again-{trace_of(app)}").click().run()
        page = shown(app)
        assert writer.asked == 2
        assert page.count('class="fr-question"') == 1 and "as answered before" not in page
        assert shown(visit(conversation_of(app))).count('class="fr-question"') == 1

    def test_where_nothing_new_came_the_old_answer_stays(
        self, written_by: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written_by(ScriptedWriter(PROSE))
        app = ask(visit(), chat_library.COST_QUESTION)

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("rag.answer.answering", fail)
        app.button(key=f"again-{trace_of(app)}").click().run()
        assert "Something went wrong" in shown(app)
        assert PROSE_SHOWN in shown(visit(conversation_of(app)))

    def test_only_the_newest_answer_can_be_asked_again(self) -> None:
        app = ask(ask(visit(), chat_library.COST_QUESTION), chat_library.UNANSWERED_QUESTION)
        assert [button.label for button in app.button].count("Try again") == 1


class TestFeedback:
    def test_a_thumb_and_a_reason_land_in_the_record(self, library: Settings) -> None:
        app = ask(visit(), chat_library.COST_QUESTION)
        trace = trace_of(app)
        app.feedback(key=f"good-{trace}").set_value(0).run()
        app.text_input(key=f"reason-{trace}").set_value("The price is old.").run()
        (one,) = feedback(Record(library.record_path))
        assert (one.trace, one.good, one.reason, one.question) == (
            trace,
            False,
            "The price is old.",
            chat_library.COST_QUESTION,
        )
        again = visit(conversation_of(app))
        assert again.text_input(key=f"reason-{trace}").value == "The price is old."

    def test_it_can_be_taken_back(self, library: Settings) -> None:
        app = ask(visit(), chat_library.COST_QUESTION)
        thumbs = app.feedback(key=f"good-{trace_of(app)}")
        thumbs.set_value(1).run()
        assert feedback(Record(library.record_path))[0].good
        app.feedback(key=f"good-{trace_of(app)}").set_value(None).run()
        assert feedback(Record(library.record_path)) == []


@pytest.mark.usefixtures("library")
class TestLinks:
    def test_a_linked_question_is_laid_ready_and_not_asked(self) -> None:
        app = visit(question=chat_library.COST_QUESTION)
        assert app.chat_input(key="question").proto.value == chat_library.COST_QUESTION
        assert "fr-question" not in shown(app)
        assert "question" not in app.query_params

    def test_a_linked_question_has_an_end(self) -> None:
        assert len(visit(question="x" * 9_000).chat_input(key="question").proto.value) == LONGEST_QUESTION


class TestTrouble:
    def test_an_empty_library_says_so(self, environment: Settings) -> None:
        app = visit()
        assert "The library is empty so far" in shown(app) and len(app.button) == 0
        assert "Not in the library" in shown(ask(app, chat_library.COST_QUESTION))

    def test_a_home_that_cannot_be_used_is_said_without_its_place(self, environment: Settings) -> None:
        environment.home.write_text("a file where a folder should be")
        app = visit()
        assert "Set FRACTIONAL_HOME to a folder." in shown(app)
        assert str(environment.home.parent) not in shown(app)
        environment.home.unlink()
        app.button[0].click().run()
        assert "The library is empty so far" in shown(app)

    def test_any_other_error_is_noted_in_the_log_alone(
        self, library: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: object) -> Document:
            raise ZeroDivisionError("secret")

        monkeypatch.setattr("rag.answer.answering", fail)
        page = shown(ask(visit(), chat_library.COST_QUESTION))
        assert "Something went wrong; it has been noted." in page
        assert "secret" not in page and "ZeroDivisionError" not in page
        assert "ZeroDivisionError: secret" in caplog.text
