"""Conversations as they are listed, searched, named and deleted, and what readers thought of the answers in them."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.conversations import (
    LONGEST_NAME,
    Conversation,
    answer_in_conversation,
    conversations,
    delete_conversation,
    name_conversation,
    set_aside,
)
from corpus.feedback import feedback, feedback_on, keep_feedback, withdraw_feedback
from corpus.record import Record


def say(
    record: Record, trace: str, conversation: str, question: str, answer: str = "It depends.", key: str = ""
) -> None:
    content: dict[str, Any] = {"question": question, "standalone_question": question, "verdict": "answered"}
    content |= {"snapshot": 3, "writer": "quote", "answer": answer, "trace": trace}
    record.keep_answer(id=trace, conversation=conversation, content=content, key=key)


@pytest.fixture
def held(record: Record) -> Record:
    """Two conversations and a question that belongs to none."""
    say(record, "a1", "board", "What does it cost?", "Six thousand dollars a month.")
    say(record, "a2", "board", "And for how long?", "Twelve months.")
    say(record, "b1", "audit", "What is a vendor audit?", "A look at 100% of contracts.")
    say(record, "c1", "", "Asked by a script")
    return record


def names(record: Record, holding: str = "") -> list[str]:
    return [one.name for one in conversations(record, holding)]


class TestListing:
    def test_the_newest_stands_first_and_bears_its_first_question(self, held: Record) -> None:
        found = conversations(held)
        assert [(one.id, one.name, one.questions) for one in found] == [
            ("audit", "What is a vendor audit?", 1),
            ("board", "What does it cost?", 2),
        ]
        say(held, "a3", "board", "Who signs?")
        assert names(held)[0] == "What does it cost?"

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("twelve", ["What does it cost?"]),
            ("COST dollars", ["What does it cost?"]),
            ("cost audit", []),
            ("100%", ["What is a vendor audit?"]),
            ("a_d", []),
            ("", ["What is a vendor audit?", "What does it cost?"]),
        ],
    )
    def test_all_words_must_stand_in_it_as_they_are(self, held: Record, words: str, found: list[str]) -> None:
        assert names(held, words) == found

    def test_no_more_than_were_asked_for(self, held: Record) -> None:
        assert [one.id for one in conversations(held, most=1)] == ["audit"]


class TestNaming:
    def test_a_name_stands_for_the_question_and_is_found(self, held: Record) -> None:
        name_conversation(held, "board", "  Board \n pack ")
        assert names(held) == ["What is a vendor audit?", "Board pack"]
        assert names(held, "pack") == ["Board pack"]

    def test_an_empty_name_gives_the_question_back(self, held: Record) -> None:
        name_conversation(held, "board", "Board pack")
        name_conversation(held, "board", " ")
        assert "What does it cost?" in names(held)

    def test_a_name_has_an_end(self, held: Record) -> None:
        name_conversation(held, "board", "x" * 1000)
        assert len(names(held)[1]) == LONGEST_NAME


class TestDeleting:
    def test_its_answers_and_what_was_said_about_them_are_gone(self, held: Record) -> None:
        keep_feedback(held, "a1", False, "Too vague")
        name_conversation(held, "board", "Board pack")
        delete_conversation(held, "board")
        assert names(held) == ["What is a vendor audit?"]
        assert held.conversation("board") == [] and feedback(held) == []
        assert held.count("answers") == 2
        say(held, "a9", "board", "Begun anew?")
        assert "Begun anew?" in names(held)

    def test_what_it_held_is_not_given_again(self, held: Record) -> None:
        """The answer of a deleted conversation would otherwise come back to the next one who asks."""
        say(held, "a4", "board", "Secret?", key="k")
        delete_conversation(held, "board")
        assert held.answer_with("k") is None


class TestSettingAside:
    def test_an_answer_set_aside_is_no_part_of_its_conversation(self, held: Record) -> None:
        set_aside(held, "a2")
        assert [turn["trace"] for turn in held.conversation("board")] == ["a1"]
        assert conversations(held)[1] == Conversation(
            "board", "What does it cost?", conversations(held)[1].asked, questions=1
        )
        set_aside(held, "a2", False)
        assert [turn["trace"] for turn in held.conversation("board")] == ["a1", "a2"]

    def test_what_was_said_about_it_stays(self, held: Record) -> None:
        keep_feedback(held, "a2", False, "Wrong")
        set_aside(held, "a2")
        assert [one.trace for one in feedback(held)] == ["a2"]

    def test_it_goes_with_its_conversation(self, held: Record) -> None:
        set_aside(held, "a2")
        delete_conversation(held, "board")
        assert held.count("answers") == 2


class TestFeedback:
    def test_it_carries_what_the_operator_needs(self, held: Record) -> None:
        keep_feedback(held, "a1", False, " The price is old. ")
        (one,) = feedback(held)
        assert (one.trace, one.good, one.reason) == ("a1", False, "The price is old.")
        assert (one.question, one.verdict, one.writer, one.snapshot, one.conversation) == (
            "What does it cost?",
            "answered",
            "quote",
            3,
            "board",
        )
        assert one.given

    def test_the_last_word_counts(self, held: Record) -> None:
        keep_feedback(held, "a1", False, "Hm")
        keep_feedback(held, "a1", True)
        assert [(one.good, one.reason) for one in feedback(held)] == [(True, "")]

    def test_it_can_be_taken_back(self, held: Record) -> None:
        keep_feedback(held, "a1", True)
        withdraw_feedback(held, "a1")
        assert feedback(held) == []

    def test_the_newest_stands_first_and_some_can_be_asked_for(self, held: Record) -> None:
        keep_feedback(held, "a1", True)
        keep_feedback(held, "b1", False)
        assert [one.trace for one in feedback(held)] == ["b1", "a1"]
        assert feedback_on(held, ["a1", "a2"]).keys() == {"a1"}
        assert feedback_on(held, []) == {}

    def test_nothing_is_said_about_an_answer_that_is_gone(self, held: Record) -> None:
        keep_feedback(held, "nobody", True)
        assert feedback(held) == []


def test_an_answer_whose_key_is_forgotten_is_not_given_again(record: Record) -> None:
    say(record, "a1", "", "What?", key="k")
    record.forget_key("k")
    assert record.answer_with("k") is None and record.count("answers") == 1


class TestOneAnswer:
    def test_it_comes_with_what_was_asked_before_it(self, held: Record) -> None:
        say(held, "a3", "board", "Who signs?")
        found = answer_in_conversation(held, "a2")
        assert found and found.answer["question"] == "And for how long?" and found.before == ("What does it cost?",)
        set_aside(held, "a2")
        found = answer_in_conversation(held, "a3")
        assert found and found.before == ("What does it cost?",)

    def test_of_no_conversation_nothing_was_asked_before(self, held: Record) -> None:
        say(held, "c2", "", "Asked by a script, too")
        found = answer_in_conversation(held, "c2")
        assert found and found.before == ()

    def test_one_that_is_gone_is_none(self, held: Record) -> None:
        delete_conversation(held, "board")
        assert answer_in_conversation(held, "a2") is None
