"""An answer as it grows, is stopped, is kept, and is given again without being written twice."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from corpus.errors import UsageError
from corpus.gaps import gaps_of
from corpus.ledger import Ledger
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from rag.answer import Chain, answering, evidence_for, search
from rag.answers import ABSTAINED
from rag.writers.port import Failed
from rag.writers.settings import QUOTE
from tests import asking
from tests.fakes import FakeEmbedder, MemoryVectors, ScriptedWriter
from tests.library import document

PATIENCE_SECONDS = 10


class TestGrowing:
    def test_sentences_are_shown_as_they_are_checked(self, library_to_ask: Settings) -> None:
        go_on = threading.Event()
        writer = ScriptedWriter(f"{asking.COST_PROSE} The ", go_on, asking.RETAINER_PROSE.removeprefix("The "))
        chain = asking.open_asking(library_to_ask, writer)
        with closing(answering(chain, asking.COST_QUESTION, "board")) as growing:
            first = next(state for state in growing if asking.prose(state))
            assert (len(asking.prose(first)), first.writing) == (1, "scripted")
            assert asking.kept(library_to_ask) == []
            go_on.set()
            *_, last = growing
        assert (len(asking.prose(last)), last.writing) == (2, "")
        assert asking.kept(library_to_ask) == [asking.as_kept(last)]

    def test_the_quotations_below_say_nothing_twice(self, library_to_ask: Settings) -> None:
        made = asking.asked(asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE)))
        assert asking.COST_QUOTE not in [sentence.text for sentence in made.sentences]
        assert asking.COST_QUOTE in [citation.quote for citation in made.citations]

    def test_others_look_things_up_while_one_is_written(self, library_to_ask: Settings) -> None:
        """One slow model would hold every reader of the page."""
        slow = ScriptedWriter(threading.Event())
        chain = asking.open_asking(library_to_ask, slow)
        with closing(answering(chain, asking.COST_QUESTION)) as growing:
            next(growing)
            next(growing)
            found: list[object] = []
            other = threading.Thread(
                target=lambda: found.extend(
                    [*search(chain, asking.TERM_QUESTION), asking.asked(chain, asking.TERM_QUESTION, writer=QUOTE)]
                )
            )
            other.start()
            other.join(PATIENCE_SECONDS)
            assert not other.is_alive() and found


class TestStopping:
    def test_what_was_checked_so_far_is_kept(self, library_to_ask: Settings) -> None:
        endless = threading.Event()
        writer = ScriptedWriter(f"{asking.COST_PROSE} Some ", endless)
        chain = asking.open_asking(library_to_ask, writer)
        with closing(answering(chain, asking.COST_QUESTION, "board")) as growing:
            shown = next(state for state in growing if asking.prose(state))
        assert writer.ended.wait(1.0)
        (kept,) = asking.kept(library_to_ask)
        assert kept["answer"] == shown.answer and kept["writing"] == ""
        assert kept["stepped_down"] == [{"writer": "scripted", "reason": "it was stopped"}]
        assert kept["trace"] and kept["conversation"] == "board"

    def test_told_to_stop_it_gives_what_it_has(self, library_to_ask: Settings) -> None:
        """Also after another one had failed: that is told, too."""
        stop = threading.Event()
        failing = ScriptedWriter(Failed("it is away"), name="failing")
        writer = ScriptedWriter(f"{asking.COST_PROSE} Some ", threading.Event())
        states = []
        for state in answering(asking.open_asking(library_to_ask, failing, writer), asking.COST_QUESTION, stop=stop):
            states.append(state)
            if asking.prose(state):
                stop.set()
        assert asking.steps(states[-1]) == [("failing", "it is away"), ("scripted", "it was stopped")]
        assert len(asking.prose(states[-1])) == 1 and asking.broken_laws(states[-1]) == []
        assert writer.ended.wait(1.0)

    def test_stopped_before_the_first_word_the_quotations_remain(self, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, ScriptedWriter(threading.Event()))
        with closing(answering(chain, asking.COST_QUESTION, "board")) as growing:
            next(growing)
        (kept,) = asking.kept(library_to_ask)
        assert kept["writer"] == QUOTE and asking.COST_QUOTE in kept["answer"]
        assert kept["stepped_down"] == [{"writer": "scripted", "reason": "it was stopped"}]


class TestTheCache:
    def test_the_same_question_is_not_written_twice(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter(asking.COST_PROSE)
        chain = asking.open_asking(library_to_ask, writer)
        first = asking.asked(chain, conversation="one")
        spaced = asking.COST_QUESTION.replace(" ", "  ")
        (again,) = asking.grown(chain, spaced, conversation="two")
        assert writer.asked == 1
        assert (again.cached, again.answer, again.citations) == (True, first.answer, first.citations)
        assert (again.question, again.conversation) == (spaced, "two")
        assert again.trace and again.trace != first.trace
        assert again.tokens == {}, "nothing was spent on it"
        assert asking.kept(library_to_ask, "two") == [asking.as_kept(again)]
        assert asking.asked(chain).answer == first.answer and writer.asked == 1, "a copy keeps nothing from being found"

    def test_another_process_finds_it(self, library_to_ask: Settings) -> None:
        asking.asked(asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE)))
        other = ScriptedWriter(asking.COST_PROSE)
        assert asking.asked(asking.open_asking(library_to_ask, other)).cached and other.asked == 0

    def test_another_snapshot_is_asked_anew(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter(asking.COST_PROSE)
        chain = asking.open_asking(library_to_ask, writer)
        asking.asked(chain)
        record = Record(library_to_ask.record_path)
        further = document("further", "Nobody asked about bees.\n")
        Publisher(library_to_ask, record, FakeEmbedder(), vectors=MemoryVectors()).publish({"further": further})
        made = asking.asked(chain)
        assert (made.cached, made.snapshot, writer.asked) == (False, 2, 2)

    def test_another_model_or_writer_or_none_is_asked_anew(self, library_to_ask: Settings) -> None:
        asking.asked(asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE)))
        for other in (ScriptedWriter(model="scripted 2"), ScriptedWriter(name="other", model="other 1")):
            made = asking.asked(asking.open_asking(library_to_ask, other))
            assert (made.cached, other.asked) == (False, 1)
        chain = asking.open_asking(library_to_ask, ScriptedWriter())
        made = asking.asked(chain, writer=QUOTE)
        assert (made.cached, made.writer) == (False, QUOTE)
        assert asking.asked(chain, writer=QUOTE).cached

    def test_other_rules_ask_anew(self, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer checked by older, weaker rules was given again after they had been mended."""
        writer = ScriptedWriter(asking.COST_PROSE)
        chain = asking.open_asking(library_to_ask, writer)
        asking.asked(chain)
        monkeypatch.setattr("rag.answer._rules", lambda: "other rules")
        assert not asking.asked(chain).cached and writer.asked == 2

    def test_by_name_or_by_auto_it_is_the_same_writer(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter(asking.COST_PROSE)
        chain = asking.open_asking(library_to_ask, writer)
        asking.asked(chain)
        assert asking.asked(chain, writer="scripted").cached and writer.asked == 1

    def test_an_answer_of_the_next_rung_is_not_kept_for_the_first(self, library_to_ask: Settings) -> None:
        """The quotations of a bad minute would be given for the rest of the snapshot's life."""
        time = asking.Time()
        first = ScriptedWriter(Failed("it is away"), name="first", model="first 1")
        chain = asking.open_asking(library_to_ask, first, ScriptedWriter(asking.COST_PROSE, name="second"), clock=time)
        assert asking.asked(chain).writer == "second"
        first.script = ()
        time.passes(60)
        made = asking.asked(chain)
        assert (made.cached, made.writer) == (False, "first")

    def test_an_answer_that_nothing_stood_up_in_is_asked_anew(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter("Quarterly audits lower insurance premiums considerably [1].")
        chain = asking.open_asking(library_to_ask, writer)
        asking.asked(chain)
        assert not asking.asked(chain).cached and writer.asked == 2

    @pytest.mark.parametrize("how", ["closed", "told"])
    def test_half_an_answer_is_not_given_again(self, how: str, library_to_ask: Settings) -> None:
        writer = ScriptedWriter(f"{asking.COST_PROSE} Some ", threading.Event())
        chain = asking.open_asking(library_to_ask, writer)
        stop = threading.Event()
        with closing(answering(chain, asking.COST_QUESTION, stop=stop)) as growing:
            next(state for state in growing if asking.prose(state))
            if how == "told":
                stop.set()
                assert [*growing][-1].writing == ""
        writer.script = (asking.COST_PROSE,)
        assert not asking.asked(chain).cached

    def test_what_costs_nothing_to_find_again_is_found_though_the_writer_rests(self, library_to_ask: Settings) -> None:
        """A resting writer's answers are those of the rung below, under that one's own key."""
        time = asking.Time()
        one = ScriptedWriter(asking.COST_PROSE, name="one")
        chain = asking.open_asking(library_to_ask, one, clock=time)
        asking.asked(chain)
        Ledger(library_to_ask.record_path, time).failed("one", "it is away")
        made = asking.asked(chain)
        assert (made.cached, made.writer) == (False, QUOTE)
        time.passes(60)
        assert asking.asked(chain).cached


def test_an_answer_survives_the_record(library_to_ask: Settings) -> None:
    """A cached answer is the one that was given, not nearly."""
    from rag.answers import answer_from

    chain: Chain = asking.open_asking(library_to_ask, ScriptedWriter(f"{asking.COST_PROSE} Zanzibar pays [1]."))
    made = asking.asked(chain)
    assert made.removed and made.citations and made.sentences
    assert answer_from(asking.kept(library_to_ask)[0]) == made
    assert replace(made, cached=True) != made


def test_a_place_that_only_sets_the_scene_is_not_asked_for(library_to_ask: Settings) -> None:
    """Whoever said where they sit was refused, since the library knows nothing of the place."""
    chain = asking.open_asking(library_to_ask, ScriptedWriter())
    with chain.index.record.reading():
        found = evidence_for(chain, f"We sit in hectic Leeds. {asking.COST_QUESTION}")
        assert found.missing_names == found.unknown_words == ()
    asked = asking.asked(chain, "What does a fractional AI CTO cost in Leeds?", writer=QUOTE)
    assert asked.verdict == ABSTAINED and "“Leeds”" in asked.answer


@pytest.mark.parametrize("nothing", ["", " \n "])
def test_where_nothing_is_asked_nothing_is_looked_up_or_kept(library_to_ask: Settings, nothing: str) -> None:
    chain = asking.open_asking(library_to_ask)
    with pytest.raises(UsageError, match="Give a question"):
        asking.asked(chain, nothing)
    assert not asking.kept(library_to_ask) and not gaps_of(chain.index.record)
