"""Sources that give different answers are found by their sentences, and those that speak of different things are not."""

from __future__ import annotations

import pytest

from corpus.text import Span
from rag.differing import figures_in, sides_among
from rag.evidence import Unit
from tests.library import document


def said(speaker: str, words: str, reader: float = 4.0, about: float = 1.0, voice: str = "practitioner") -> Unit:
    one = document(speaker.lower().replace(" ", "-"), words, author=speaker, voice=voice)
    features = {"reader": reader, "words": about}
    return Unit(one, 0, 0, Span(0, len(words)), words, (), "paragraph", 1.0, features)


def views(question: str, *units: Unit) -> list[str]:
    return [side.view for side in sides_among(question, units)]


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        ("How long should a pilot take?", "A pilot should take two weeks.", "Plan three to four months for a pilot.", ["two weeks", "three to four months"]),
        ("What does it cost per month?", "It costs $5,000 a month.", "Expect $12k–15k per month.", ["$5,000 a month", "$12k–15k per month"]),
        ("What share of pilots fail?", "95% of pilots fail.", "About 40 percent of pilots fail.", ["95%", "40 percent"]),
        ("How many test cases do we need?", "Fifty test cases are enough.", "Start with 200 cases, then grow.", []),
        ("How many cases do we need?", "50 cases are enough.", "Start with 200 cases, then grow.", ["50 cases", "200 cases"]),
        ("Do we need an owner?", "Yes, one person must own it.", "No: a group can own it, too.", ["Yes", "No"]),
        ("Who leads the audit of suppliers?", "The audit of suppliers is always led by Example Author.", "The audit of suppliers is always led by Second Author.", ["Example Author", "Second Author"]),
        ("When was the example standard released?", "The example standard was first released in March 2019.", "The example standard was first released in June 2021.", ["March 2019", "June 2021"]),
        ("Is the retainer of an adviser refunded?", "The retainer of an adviser is refunded after a month.", "The retainer of an adviser is not refunded after a month.", ["“The retainer of an adviser is refunded after a month.”", "“The retainer of an adviser is not refunded after a month.”"]),
    ],
)  # fmt: skip
def test_sources_that_differ_stand_side_by_side(question: str, one: str, other: str, expected: list[str]) -> None:
    assert views(question, said("First", one), said("Second", other)) == expected


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        # ranges that meet, and nearly equal ones
        ("How long should a pilot take?", "Two to six weeks for a pilot.", "A pilot takes a minimum of 5 weeks."),
        ("How long should a pilot take?", "A pilot takes two weeks.", "A pilot takes 15 days."),
        # a day's price and a month's; another currency
        ("What does it cost?", "It costs $1,500 a day.", "It costs $9,000 a month."),
        ("What does it cost?", "It costs $9,000 a month.", "It costs €3,000 a month."),
        # two figures of the kind in one sentence: nobody knows which is meant
        ("How long should a pilot take?", "A pilot takes two weeks, of which 1 day is set-up.", "A pilot takes 9 months."),
        # not what was asked for
        ("Who runs a pilot?", "A pilot takes two weeks.", "A pilot takes nine months."),
        # two things are different, so two things are spoken of
        ("Who leads the audit of suppliers?", "In March the audit of suppliers is led by Example Author.", "In April the audit of suppliers is led by Second Author."),
        # the question names one of them
        ("Who leads the audit at Example Company?", "The leader of the audit at Example Company is always chosen.", "The leader of the audit at Other Company is always chosen."),
        ("Do we need an owner?", "Yes, one person must own it.", "No person is an island."),
    ],
)  # fmt: skip
def test_sources_that_speak_of_different_things_do_not_differ(question: str, one: str, other: str) -> None:
    assert views(question, said("First", one), said("Second", other)) == []


def test_one_source_does_not_differ_from_itself_and_house_text_is_no_witness() -> None:
    question, words = "How long should a pilot take?", ("A pilot takes two weeks.", "A pilot takes nine months.")
    assert views(question, said("First", words[0]), said("First", words[1])) == []
    assert views(question, said("First", words[0]), said("Second", words[1], voice="house")) == []


def test_a_sentence_that_does_not_answer_is_no_side() -> None:
    """It speaks of the thing, but the reader does not take it for an answer, or it is about something else."""
    question, first = "How long should a pilot take?", said("First", "A pilot takes two weeks.")
    assert views(question, first, said("Second", "Nine months went by.", reader=-3.0)) == []
    assert views(question, first, said("Second", "Nine months went by.", about=0.2)) == []


def test_whoever_says_the_same_stands_on_the_same_side() -> None:
    sides = sides_among(
        "How long should a pilot take?",
        [
            said("First", "A pilot takes two weeks."),
            said("Second", "A pilot takes nine months."),
            said("Third", "Give a pilot 14 days."),
        ],
    )
    assert [[unit.document.author for unit in side.units] for side in sides] == [["First", "Third"], ["Second"]]


def test_figures_are_read_as_ranges_of_one_kind() -> None:
    found = {
        figure.kind: (figure.low, figure.high) for figure in figures_in("$5–15k a month, 20% of it for 2 to 3 weeks.")
    }
    assert found == {"money $/month": (5_000, 15_000), "percent": (20, 20), "days": (14, 21)}
