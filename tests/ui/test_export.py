"""Answers taken along: all that a board needs stands in them, and nothing a document says does anything there."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from rag.answers import ABSTAINED, Perspective, Sentence, SteppedDown
from tests.ui import chat_library
from tests.ui.test_answer_view import COSTS, HOSTILE, QUOTE, SPREAD, answered, cite, hostile
from ui import answer_view as view
from ui import render
from ui.export import as_markdown, as_page, file_name

DAY = "2027-03-01"
TWO_SIDES = answered(
    citations=(cite(1, COSTS, QUOTE), replace(cite(2, SPREAD, "a central AI team becomes a queue"), voice="digest")),
    perspectives=(
        Perspective("One central team", ("Second Author (Centre Ltd)",), (1,)),
        Perspective("A queue", ("Third Author (Spread Ltd)",), (2,)),
    ),
    stepped_down=(SteppedDown("far", "it can’t be reached"),),
)


class Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


class TestBoth:
    @pytest.mark.parametrize("words_of", [as_markdown, lambda answers, day: Page(as_page(answers, day)).text])
    def test_a_board_finds_question_answer_sides_and_sources(self, words_of: Any) -> None:
        said = words_of([TWO_SIDES], DAY)
        for words in (
            "What does it cost?",
            QUOTE,
            "Practitioners differ",
            "One central team",
            "Third Author (Spread Ltd)",
            "Example Author · Example Publisher · 2025-03-01 · sells what it describes",
            "our digest",
            "https://publisher.example/costs",
            "library snapshot 3",
            DAY,
            "far stepped aside: it can’t be reached.",
        ):
            assert words in said, words
        assert said.index("Practitioners differ") < said.index("One central team") < said.index(view.BELOW_SIDES)

    def test_the_sides_come_before_any_single_answer(self) -> None:
        """In a file, on paper and in a terminal as on the page."""
        in_terminal = render.answer(TWO_SIDES)
        for said, opening in ((as_markdown([TWO_SIDES], DAY), "## Sources"), (in_terminal, "Sources\n")):
            below = said[said.index(view.BELOW_SIDES) : said.index(opening)]
            assert "A queue" not in below and QUOTE in below
        page = as_page([TWO_SIDES], DAY)
        assert page.index("fr-sides") < page.index(view.BELOW_SIDES) < page.index('class="fr-answer')

    @pytest.mark.parametrize("words_of", [as_markdown, as_page])
    def test_a_conversation_keeps_its_order(self, words_of: Any) -> None:
        said = words_of([answered(question="One?"), answered(question="Two?", trace="ef")], DAY)
        assert 0 < said.index("One?") < said.rindex("Two?")

    @pytest.mark.parametrize("words_of", [as_markdown, as_page])
    def test_an_abstention_is_said(self, words_of: Any) -> None:
        words = "The library does not say."
        said = words_of([answered(verdict=ABSTAINED, answer=words, sentences=(), citations=())], DAY)
        assert words in said and "Not in the library" in said and "Sources" not in said


class TestMarkdown:
    def test_sentences_carry_their_numbers_and_lists_stay_lists(self) -> None:
        sentences = tuple(Sentence(words, (1,), 1.0) for words in ("First.", "Of two:", "one", "two"))
        layout = "First. [1]\n\n**Third Author:** Of two: [1]\n- one [1]\n- two [1]"
        said = as_markdown([answered(answer=layout, sentences=sentences)], DAY)
        assert "First. [1]\n\n**Third Author**  \nOf two: [1]\n\n- one [1]\n- two [1]\n\n## Sources" in said

    def test_the_signs_of_a_document_are_no_markdown(self) -> None:
        said = as_markdown([hostile()], DAY)
        bare = re.sub(r"\\.", "", said)
        for sign in ("<script", "<img", "<a", "&lt", "![", "[here", "[99"):
            assert sign not in bare, sign

    @pytest.mark.parametrize(
        ("words", "shown"), [("# Not a heading", "\\# Not"), ("- no item", "\\- no"), ("1. no", "1\u2060. no")]
    )
    def test_a_question_begins_no_layout(self, words: str, shown: str) -> None:
        assert as_markdown([answered(question=words, standalone_question=words)], DAY).startswith(f"# {shown}")


class TestPage:
    def test_it_asks_nobody_and_runs_nothing(self) -> None:
        page = Page(as_page([hostile()], DAY))
        assert set(page.elements).isdisjoint({"script", "img", "iframe", "form", "link", "svg", "i"})
        assert {name for name, _ in page.attributes}.isdisjoint({"src", "style", "onclick", "onerror"})
        leading = {value for name, value in page.attributes if name == "href" and not value.startswith("#")}
        assert leading == {HOSTILE.url}
        assert chat_library.HOSTILE_QUOTE in page.text

    def test_each_number_leads_to_its_source_of_its_answer(self) -> None:
        page = Page(as_page([answered(), answered(trace="ef")], DAY))
        places = [value for name, value in page.attributes if name == "id"]
        assert len(places) == len(set(places)) == 2
        assert {f"#{place}" for place in places} == {value for name, value in page.attributes if value.startswith("#")}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What does it cost?", "what-does-it-cost.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("¿?", "answer.md"),
        ("x" * 200, f"{'x' * 60}.md"),
    ],
)
def test_a_file_is_named_after_the_question(question: str, name: str) -> None:
    assert file_name(question, "md") == name
