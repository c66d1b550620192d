"""Questions out of documents: few, each with the words of a sentence that stands there."""

from __future__ import annotations

import pytest

from corpus.documents import Asked, Document
from corpus.library import read_library
from corpus.settings import CHECKOUT
from corpus.text import plain
from evals.cases import by_words
from evals.document_questions import MOST, Proposed, questions_of, terms_of
from tests.library import document


def asked(text: str, *terms: str, known: tuple[str, ...] = (), **fields: object) -> list[Proposed]:
    fields = {"source": "Example Ltd", "title": "A guide"} | fields
    return questions_of(document("guide", text, **fields), terms, set(map(by_words, known)))


def short(found: list[Proposed]) -> list[tuple[str, str]]:
    return [(one.question, one.fact) for one in found]


@pytest.mark.parametrize(
    ("sentence", "called", "fact"),
    [
        ("The price of an audit is $4,000 to $6,000 a month.", "sum", "$4,000 to $6,000"),
        ("An audit costs between 6,000 and 12,000 dollars.", "sum", "6,000 and 12,000 dollars"),
        ("The audit fee is €1.5 million.", "sum", "€1.5 million"),
        ("An audit saves 10-30% of it.", "percentage", "10-30%"),
        ("An audit fails in 40 to 60 percent of firms.", "percentage", "40 to 60 percent"),
        ("An audit lasts six to twelve weeks.", "length of time", "six to twelve weeks"),
    ],
)
def test_a_figure_is_asked_for_by_its_kind(sentence: str, called: str, fact: str) -> None:
    question = f"What {called} does Example Ltd name when it comes to “The audit”?"
    assert short(asked(f"## The audit\n\nIt is a look at *contracts*. {sentence}\n")) == [(question, fact)]


@pytest.mark.parametrize(
    "text",
    [
        "## The audit\n\nAn audit costs $4,000. A second audit costs $3,000.\n",  # which one?
        "## The audit\n\nAnything else lasts three weeks.\n",  # not about the heading
        "## Summary\n\nThe summary lasts three weeks.\n",
        "## The audit\n\nAn audit of 2025 has 3 parts and a 45-minute call.\n",
        "## The audit\n\n| audit | price |\n|---|---|\n| audit | $4,000 |\n",
        "## The audit\n\nAn audit is a look at contracts.\n",
    ],
)
def test_what_would_make_no_good_question_makes_none(text: str) -> None:
    assert asked(text) == []


def test_a_heading_that_asks_is_the_question_and_a_figure_of_its_kind_the_answer() -> None:
    text = "## How long does an audit take?\n\nFirms differ; 40% hurry. Most of them need three weeks.\n"
    assert short(asked(text))[0] == ("How long does an audit take?", "three weeks")
    text = "## Who signs the contract?\n\nThe chief executive signs it, after counsel has read all of it.\n"
    assert short(asked(text)) == [("Who signs the contract?", "The chief executive signs it")]
    assert asked("## Who signs the contract?\n\nThese people may sign it, each alone:\n\n- One\n- Two\n") == []


def test_a_term_of_the_glossary_is_asked_for_where_it_is_defined() -> None:
    text = "A guardrail is a check placed around a model. Another guardrail is a fence that nobody needs.\n"
    question = "How does Example Ltd define “guardrail”?"
    assert short(asked(text, "guardrail", "rail")) == [(question, "check placed around a model")]
    assert asked(text, "rail") == []
    assert asked("A guardrail is usually paid for by somebody else entirely.\n", "guardrail") == []
    entry = asked(text, kind="glossary", title="Guardrail", voice="house")
    assert short(entry) == [("What does “Guardrail” mean?", "check placed around a model")]


def test_what_is_asked_already_is_passed_over() -> None:
    text = "## The audit\n\nAn audit lasts three weeks.\n"
    question = "What length of time does Example Ltd name when it comes to “The audit”?"
    assert asked(text, known=(question.upper(),)) == []
    looked_up_by = (Asked("An audit lasts", (question,)),)
    assert asked(text, asked=looked_up_by) == [], "the library is looked up by it, so it would be found too easily"


def test_no_document_makes_more_than_five() -> None:
    parts = "".join(
        f"## Audit of {one}\n\nAn audit of {one} lasts three weeks.\n\n"
        for one in "models data tools people money time".split()
    )
    assert len(asked(parts)) == MOST == 5


@pytest.mark.slow
def test_every_fact_stands_in_a_sentence_of_its_document() -> None:
    library: dict[str, Document] = dict(read_library(CHECKOUT / "corpus").documents)
    terms = terms_of(library)
    proposed = [(one, made) for one in library.values() for made in questions_of(one, terms, ())]
    assert len(proposed) > 50
    for one, made in proposed:
        assert made.fact in made.sentence and made.sentence in plain(one.text), (one.id, made)
