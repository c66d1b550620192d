"""What the library makes of documents: their layout, exactly the passage marked, and text that stays text."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.documents import Document
from corpus.record import PastAnswer
from corpus.text import Span
from tests.library import document
from tests.ui import chat_library
from ui.library import view

HOSTILE = chat_library.HOSTILE
ELEMENTS = {
    *"h1 h2 h3 h4 h5 h6 p div span ul ol li q dl dt dd a mark strong pre code table thead tbody tr th td nav section header".split()
}
ATTRIBUTES = {*"class id href target rel role tabindex value scope aria-label".split()}
TEXT = """## Prices

**Fees.** A retainer costs money. It is agreed
before the work begins.

- One thing
  1. First
  2. Second
- Another thing

| Stage | Fee | Note |
|---|---|---|
| Early | 6,000 | a \\| b |
| Late | 12,000 |

```
if fee < 1: refuse
```

### Below

> Quoted words.
"""


class Reading(HTMLParser):
    """Elements, attributes, addresses, the text, what of it is marked, and the way down to each mark."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text, self.marked, self.ways = "", [], []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._open.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]
        if tag == "mark":
            self.marked.append("")
            self.ways.append(self._open[1:-1])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marked[-1] += data


def passage(words: str, text: str = TEXT) -> Span:
    at = text.index(words)
    return Span(at, at + len(words))


def test_a_text_has_the_layout_that_its_blocks_have() -> None:
    drawn = view.text_html(TEXT)
    assert "<h2>Prices</h2>" in drawn
    assert "<h3>Below</h3>" in drawn
    assert "<p><strong>Fees.</strong> A retainer" in drawn
    assert (
        '<ul><li>One thing<ol><li value="1">First</li><li value="2">Second</li></ol></li><li>Another thing</li></ul>'
        in drawn
    )
    assert '<th scope="col">Stage</th>' in drawn
    assert "<td>Early</td><td>6,000</td><td>a \\| b</td>" in drawn
    assert "<td>Late</td><td>12,000</td><td></td>" in drawn
    assert "<code>if fee &lt; 1: refuse</code>" in drawn
    assert "<p>Quoted words.</p>" in drawn
    assert "<mark" not in drawn


def test_the_highest_headings_of_a_text_come_below_the_pages_own() -> None:
    """A text that begins with `###` gave a page on which a screen reader missed a level; one with `#` gave it two titles."""
    assert "<h2>One</h2><h3>Two</h3>" in view.text_html("### One\n\n#### Two\n")
    assert "<h2>One</h2><h3>Two</h3>" in view.text_html("# One\n\n## Two\n")


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("retainer costs", ["p"]),
        ("Prices", ["h2"]),
        ("Fees", ["p", "strong"]),
        ("Second", ["ul", "li", "ol", "li"]),
        ("6,000", ["div", "table", "tbody", "tr", "td"]),
        ("fee < 1", ["pre", "code"]),
        ("agreed\nbefore", ["p"]),
    ],
)
def test_exactly_the_passage_is_marked(words: str, way: list[str]) -> None:
    reading = Reading(view.text_html(TEXT, passage(words)))
    assert reading.marked == [words]
    assert reading.ways == [way]


def test_a_passage_over_several_blocks_is_marked_in_each_and_led_to_at_its_beginning() -> None:
    span = Span(TEXT.index("begins."), TEXT.index("1. First") + len("1. First"))
    drawn = view.text_html(TEXT, span)
    assert Reading(drawn).marked == ["begins.", "One thing", "First"]
    assert drawn.count('id="fr-passage"') == 1
    assert '<mark id="fr-passage" tabindex="-1">begins.</mark>' in drawn


def test_a_passage_that_is_not_drawn_is_said_not_to_be_there() -> None:
    assert "is marked below" in view.passage_note_html(view.text_html(TEXT, passage("retainer")))
    for nowhere in (None, passage("|---|")):
        assert "not in this text" in view.passage_note_html(view.text_html(TEXT, nowhere))


@given(st.text(alphabet="ab .|-*#`>\n\t12<&", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_whatever_is_marked_is_part_of_the_passage(text: str, start: int, end: int) -> None:
    reading = Reading(view.text_html(text, Span(start, end)))
    assert set(reading.elements) <= ELEMENTS
    assert all(marked in text[start:end] for marked in reading.marked)


@given(st.text(alphabet="ab .-*#`>\n\t12<&", max_size=80))
def test_marking_all_marks_every_word_that_is_drawn(text: str) -> None:
    reading = Reading(view.text_html(text, Span(0, len(text))))
    assert "".join("".join(reading.marked).split()) == "".join(reading.text.split())


def pages_of(document: Document) -> list[str]:
    library = {document.id: document, chat_library.POSITION.id: chat_library.POSITION}
    answer = PastAnswer("a", "2026-01-01", document.title, "answered", 1, '"><script>')
    words = "audit <script> signature"
    return [
        view.text_html(document.text, Span(0, len(document.text))),
        view.head_html(document) + view.back_html(document),
        view.articles_html([document], words),
        view.glossary_html([document], words, library),
        view.positions_html(
            [chat_library.POSITION], {one.id: document for one in (chat_library.CENTRAL, chat_library.SPREAD)}
        ),
        view.views_html(
            chat_library.POSITION, {one.id: document for one in (chat_library.CENTRAL, chat_library.SPREAD)}
        ),
        view.around_html(document, library),
        view.questions_html([answer]),
        view.missing_html(document.title),
        view.elsewhere_html('"><script>', {"Glossary": 1}),
    ]


def test_hostile_words_add_no_element_and_no_address() -> None:
    """Every trick of a document that was let stand is shown to whoever reads it, and does nothing."""
    attacking = document(
        "hostile",
        HOSTILE.text,
        title=HOSTILE.title,
        author=HOSTILE.author,
        source=HOSTILE.source,
        url=HOSTILE.url,
        sells=HOSTILE.title,
        tags=(HOSTILE.title, '" onclick="alert(1)'),
        aliases=(HOSTILE.title,),
        related=("hostile",),
    )
    for page in pages_of(attacking):
        reading = Reading(page)
        assert set(reading.elements) <= ELEMENTS, set(reading.elements) - ELEMENTS
        assert reading.attributes <= ATTRIBUTES
        for address in reading.addresses:
            assert address.startswith(("/library", "/?question=", "#fr-")) or address == HOSTILE.url
    assert chat_library.HOSTILE_QUOTE in Reading(pages_of(attacking)[0]).text


def test_a_source_leads_to_the_web_and_nowhere_else() -> None:
    """`javascript:` can't stand in a document today; were it let in, the page would still not lead there."""
    assert "href" not in view.head_html(document("one", url="javascript:alert(1)"))
    assert 'href="https://publisher.example/costs" target="_blank"' in view.head_html(chat_library.COSTS)


def test_a_document_says_who_speaks_and_what_they_sell() -> None:
    words = Reading(view.head_html(chat_library.COSTS)).text
    assert "Example Author · Example Publisher · 2025-03-01" in words
    assert "sells what it describes" in words
    assert "fractional AI CTO retainers" in words
    digest = view.head_html(document("one", voice="digest", read="part"))
    assert "our digest" in digest
    assert "on the part of the page that we could read" in digest


def test_a_view_leads_to_the_words_that_show_it() -> None:
    central = chat_library.CENTRAL
    drawn = view.views_html(chat_library.POSITION, {central.id: central})
    (to,) = Reading(drawn).addresses
    start = central.text.index("skill gathers")
    assert (
        to
        == f"/library?document=central-team&start={start}&end={start + len('skill gathers where people sit together')}"
    )


def test_questions_are_laid_ready_to_be_asked_each_once_and_the_newest_first() -> None:
    asked = [
        PastAnswer("c", "2026-01-03", "What does it  cost?", "answered", 1, "third"),
        PastAnswer("b", "2026-01-02", "How long?", "partial", 1, ""),
        PastAnswer("a", "2026-01-01", "what does it cost?", "answered", 1, "first"),
    ]
    reading = Reading(view.questions_html(asked))
    assert reading.addresses == ["/?question=What+does+it+cost%3F", "/?question=How+long%3F"]
    assert view.questions_html([]) == ""


def test_words_that_were_looked_for_are_marked_in_the_summary() -> None:
    reading = Reading(view.articles_html([chat_library.COSTS], "RETAINER two"))
    assert reading.marked == ["retainer", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{'  ' * depth}- item\n" for depth in range(900)),
        "| a " * 3_000 + "|\n|---|\n" + "| b " * 3_000 + "|\n",
        "1. one\n" * 3_000,
        "<mark>" * 3_000,
    ],
)
def test_a_long_and_strange_text_is_drawn_in_no_time(text: str) -> None:
    """A list that goes deeper with each item is as deep as a page shows; recursion would end the drawing."""
    began = time.perf_counter()
    drawn = view.text_html(text, Span(0, 10))
    assert drawn.count("<ul>") <= view.DEEPEST_LIST + 1
    assert time.perf_counter() - began < 2
