"""Who is asked, and who next: the order, the budgets, the rests, and what is told of all that."""

from __future__ import annotations

import json
import threading
from contextlib import closing

import pytest

from corpus.errors import WriterError
from corpus.ledger import Ledger
from corpus.settings import Settings
from rag.answer import answering
from rag.writers.ladder import MOST_CHARACTERS, Ladder
from rag.writers.port import Failed, Prompt, Usage
from rag.writers.settings import FILE, LOCAL, QUOTE, Budget
from tests import asking
from tests.fakes import ScriptedWriter
from ui.command_line import main

DAY = 24 * 3600.0


@pytest.fixture
def time() -> asking.Time:
    return asking.Time()


class TestOrder:
    def test_auto_asks_in_the_given_order_and_ends_with_quote(self) -> None:
        one, two, three = (ScriptedWriter(name=name) for name in ("one", "two", "three"))
        ladder = Ladder([one, two, three], auto=("three", "one", QUOTE, "two"))
        assert ladder.rungs("auto") == [three, one]
        assert ladder.rungs(QUOTE) == []
        assert ladder.rungs("two") == [two]
        assert ladder.first("auto") is three and ladder.first(QUOTE) is None

    def test_one_that_is_not_there_is_no_rung_and_no_failure(self, library_to_ask: Settings) -> None:
        """Nobody who never fetched a model is told at every answer that there is none."""
        absent = ScriptedWriter(name="absent", unready="its file is away.")
        chain = asking.open_asking(library_to_ask, absent, ScriptedWriter(name="there"))
        made = asking.asked(chain)
        assert (made.writer, made.stepped_down, absent.asked) == ("there", (), 0)
        with pytest.raises(WriterError, match=r"can't write now: its file is away\.$"):
            chain.ladder.rungs("absent")

    def test_a_writer_that_fails_in_a_way_nobody_foresaw_is_passed_over(
        self, library_to_ask: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log has all of it, the reader its kind alone."""

        class Broken(ScriptedWriter):
            def price(self, usage: Usage) -> float:
                return 0.0

            def words(self, *_: object) -> object:  # type: ignore[override]
                raise ZeroDivisionError("in /srv/secret")

        made = asking.asked(asking.open_asking(library_to_ask, Broken(name="broken"), ScriptedWriter(name="next")))
        assert (made.writer, asking.steps(made)) == ("next", [("broken", "it failed (ZeroDivisionError)")])
        assert "/srv/secret" in caplog.text and "/srv/secret" not in json.dumps(made.as_json())

    def test_one_that_writes_without_an_end_is_cut_off(self, library_to_ask: Settings) -> None:
        endless = ScriptedWriter(*["words and no end to them "] * MOST_CHARACTERS, name="endless")
        made = asking.asked(asking.open_asking(library_to_ask, endless, ScriptedWriter(name="next")))
        assert (made.writer, asking.steps(made)) == ("next", [("endless", "it wrote on without an end")])
        assert endless.ended.wait(1.0)

    def test_one_that_says_nothing_is_cut_off_in_its_time(self, library_to_ask: Settings) -> None:
        silent = ScriptedWriter(threading.Event(), name="silent", seconds=0.2)
        made = asking.asked(asking.open_asking(library_to_ask, silent, ScriptedWriter(name="next")))
        assert made.writer == "next" and [name for name, _ in asking.steps(made)] == ["silent"]
        assert silent.ended.wait(1.0)

    def test_what_one_wrote_before_it_failed_is_not_mixed_with_the_next(self, library_to_ask: Settings) -> None:
        half = ScriptedWriter(f"{asking.COST_PROSE} And ", Failed("it broke off"), name="half")
        whole = ScriptedWriter(asking.RETAINER_PROSE, name="whole")
        states = asking.grown(asking.open_asking(library_to_ask, half, whole))
        assert any(state.writer == "half" and asking.prose(state) for state in states)
        assert (states[-1].writer, asking.prose(states[-1])) == (
            "whole",
            ["The retainer of a fractional AI CTO covers two days every week."],
        )
        assert asking.broken_laws(states[-1]) == []


class TestRests:
    def test_one_that_failed_is_left_alone_then_asked_again(self, library_to_ask: Settings, time: asking.Time) -> None:
        failing = ScriptedWriter(Failed("it is away"), name="failing")
        chain = asking.open_asking(library_to_ask, failing, clock=time)
        assert asking.steps(asking.asked(chain)) == [("failing", "it is away")]
        again = asking.asked(chain)
        assert asking.steps(again) == [("failing", "it is away; it is asked again in 30 seconds")]
        assert (again.writer, failing.asked) == (QUOTE, 1)
        (state,) = [one for one in chain.ladder.states() if one.writer == "failing"]
        assert (state.ready, state.reason) == (False, "it is away; it is asked again in 30 seconds")
        time.passes(31)
        failing.script = ()
        assert (asking.asked(chain).writer, failing.asked) == ("failing", 2)

    def test_asked_by_name_it_is_asked_at_once(self, library_to_ask: Settings, time: asking.Time) -> None:
        """Whoever names it knows what they want."""
        failing = ScriptedWriter(Failed("it is away"), name="failing")
        chain = asking.open_asking(library_to_ask, failing, clock=time)
        asking.asked(chain)
        failing.script = ()
        assert asking.asked(chain, writer="failing").writer == "failing"

    def test_one_that_begins_afresh_is_asked_at_the_next_question(self, library_to_ask: Settings) -> None:
        """A crash of the local model silenced it for half a minute, though a new process was a second away."""
        crashed = ScriptedWriter(Failed("it crashed", begins_afresh=True), name="crashed")
        chain = asking.open_asking(library_to_ask, crashed)
        assert asking.steps(asking.asked(chain)) == [("crashed", "it crashed")]
        crashed.script = ()
        assert asking.asked(chain).writer == "crashed"

    def test_one_whose_reader_left_has_not_failed(self, library_to_ask: Settings) -> None:
        patient = ScriptedWriter(threading.Event(), name="patient")
        chain = asking.open_asking(library_to_ask, patient)
        with closing(answering(chain, asking.COST_QUESTION)) as growing:
            next(growing)
            next(growing)
        assert patient.ended.wait(1.0)
        assert chain.ladder.closed(patient) == ""


class TestBudgets:
    @pytest.mark.parametrize(
        ("budget", "reason"),
        [
            (Budget(tokens=150), "its budget of 150 tokens for today is spent"),
            (Budget(money=1.5), "its budget of 1.50 for today is spent"),
        ],
    )
    def test_when_it_is_spent_another_one_takes_over_until_tomorrow(
        self, budget: Budget, reason: str, library_to_ask: Settings, time: asking.Time
    ) -> None:
        dear = ScriptedWriter(name="dear", price=0.01)  # each answer costs 110 tokens
        chain = asking.open_asking(
            library_to_ask, dear, ScriptedWriter(name="cheap"), clock=time, budgets={"dear": budget}
        )
        questions = (asking.COST_QUESTION, asking.TERM_QUESTION, "How many days does the retainer cover?")
        first, second, third = (asking.asked(chain, question, conversation="") for question in questions)
        assert [one.writer for one in (first, second, third)] == ["dear", "dear", "cheap"]
        assert asking.steps(third) == [("dear", reason)]
        assert dear.asked == 2
        with pytest.raises(WriterError, match=f"can't write now: {reason}"):
            asking.asked(chain, questions[2], conversation="", writer="dear")
        time.passes(DAY)
        assert asking.asked(chain, questions[2], conversation="").writer == "dear"

    def test_without_a_budget_there_is_no_end(self, library_to_ask: Settings) -> None:
        dear = ScriptedWriter(name="dear", price=1_000.0)
        chain = asking.open_asking(library_to_ask, dear)
        asking.asked(chain)
        assert chain.ladder.closed(dear) == ""

    def test_a_writer_that_was_stopped_is_paid_for(self, library_to_ask: Settings) -> None:
        """Whoever asks and leaves would otherwise write for nothing all day."""
        slow = ScriptedWriter(asking.COST_PROSE, threading.Event(), name="slow")
        chain = asking.open_asking(library_to_ask, slow)
        with closing(answering(chain, asking.COST_QUESTION)) as growing:
            while not slow.asked:
                next(growing)
            next(growing)
            next(growing)
        (today,) = [state.today for state in chain.ladder.states() if state.writer == "slow"]
        assert today.answers == 1
        assert today.read == pytest.approx(len(slow.prompts[0].system + slow.prompts[0].user) / 4.2, rel=0.01)
        assert today.written > 0

    def test_one_that_could_not_be_reached_is_not(self, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, ScriptedWriter(Failed("it can’t be reached"), name="away"))
        asking.asked(chain)
        (today,) = [state.today for state in chain.ladder.states() if state.writer == "away"]
        assert (today.read, today.written) == (0, 0)

    def test_status_shows_what_was_spent_and_what_may_be(
        self, library_to_ask: Settings, environment: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (environment.home / FILE).write_text(
            '[far]\nkind = "openai"\nmodel = "m"\naddress = "http://127.0.0.1:1/v1"\nmoney_a_day = 2.5\ntokens_a_day = 1000\n'
        )
        import time as wall

        from corpus.ledger import Spent

        Ledger(environment.record_path, wall.time).spend("far", Spent(3, 900, 99, 1.25))
        assert main(["status", "--json"]) == 0
        writers = {one["writer"]: one for one in json.loads(capsys.readouterr().out)["writers"]}
        assert list(writers) == [QUOTE, LOCAL, "far"]
        assert writers["far"]["today"] == {"answers": 3, "read": 900, "written": 99, "money": 1.25}
        assert writers["far"]["budget"] == {"tokens": 1000, "money": 2.5}
        assert writers["far"]["ready"]
        Ledger(environment.record_path, wall.time).spend("far", Spent(1, 1, 0, 0.0))
        assert main(["status", "--json"]) == 0
        spent = next(one for one in json.loads(capsys.readouterr().out)["writers"] if one["writer"] == "far")
        assert (spent["ready"], spent["reason"]) == (False, "its budget of 1,000 tokens for today is spent")


def test_words_come_as_they_are_written_and_waiting_can_be_interrupted() -> None:
    """An empty string is said while nothing comes, so that whoever draws the page gets a turn."""
    go_on, stop = threading.Event(), threading.Event()
    writer = ScriptedWriter("One. ", go_on, "Two.")
    with Ladder([writer]).writing(writer, Prompt("", "", 0), stop, Usage()) as words:
        assert next(words) == "One. "
        assert next(words) == ""
        go_on.set()
        assert "".join(words) == "Two."
