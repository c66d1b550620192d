"""What the page makes of an answer: foreign words stay text, quotes are marked exactly, numbers lead somewhere."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.documents import Document
from rag.answers import ABSTAINED, PARTIAL, Answer, Citation, Perspective, Removed, Sentence, SteppedDown
from rag.compose import NEAR
from rag.write import STOPPED
from tests.library import document
from tests.ui import chat_library
from ui import answer_view as view
from ui.excerpts import SURROUNDINGS, excerpts
from ui.plain_text import as_label, as_text, web_address, without_paths
from ui.suggestions import LONGEST_SUGGESTION, suggested_questions

COSTS, SPREAD, HOSTILE = chat_library.COSTS, chat_library.SPREAD, chat_library.HOSTILE
QUOTE = chat_library.COST_QUOTE
# Everything our own HTML is made of; an element or attribute beyond these came from somebody's words.
ELEMENTS = "h2 h3 p div span article section details summary blockquote mark ul li sup a".split()
ATTRIBUTES = {"class", "id", "href", "title", "role", "target", "data-of", "data-quoted-by"} | {
    "aria-label",
    "aria-haspopup",
}


def cite(n: int, source: Document, quote: str, heading: str = "") -> Citation:
    start = source.text.index(quote)
    return Citation(
        n=n,
        document=source.id,
        title=source.title,
        source=source.source,
        author=source.author,
        url=source.url,
        published=source.published,
        voice=source.voice,
        heading=heading,
        quote=quote,
        start=start,
        end=start + len(quote),
        sells_this=bool(source.sells),
    )


def answered(**changes: Any) -> dict[str, Any]:
    made = Answer(
        question="What does it cost?",
        standalone_question="What does it cost?",
        verdict="answered",
        answer=f"{QUOTE} [1]",
        sentences=(Sentence(QUOTE, (1,), 1.0),),
        citations=(cite(1, COSTS, QUOTE, "What it costs"),),
        snapshot=3,
        timings_ms={"total": 1234.0},
        trace="0123abcd",
    )
    return replace(made, **changes).as_json()


def hostile() -> dict[str, Any]:
    """The words of a document that attacks its readers, in every place an answer has for words."""
    words = chat_library.HOSTILE_QUOTE
    cited = replace(cite(1, HOSTILE, words), heading="Vendor audits </mark>")
    return answered(
        question=f"{words}?",
        standalone_question=f"{words}? (about: {words})",
        answer=f"**{HOSTILE.author}:** {words} [1]\n\n_{words}_",
        sentences=(Sentence(words, (1,), 1.0),),
        citations=(cited,),
        perspectives=(Perspective(words, (words,), (1,)), Perspective(words, (words,), (1,))),
        removed=(Removed(words, words),),
        nearest=(words,),
        writer=words,
        stepped_down=(SteppedDown(words, words),),
        notes=(words,),
    )


def whole(answer: dict[str, Any], *documents: Document) -> str:
    """All of an answer's HTML."""
    return view.question_html(answer["question"]) + view.turn_html(answer, {one.id: one for one in documents})


class Reading(HTMLParser):
    """What a browser would take from the HTML: elements, attributes, text, and the text of the marked parts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.marked: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.open.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked[-1] += data


class TestEscaping:
    def test_hostile_words_add_no_element_no_attribute_and_no_address(self) -> None:
        page = Reading(whole(hostile(), HOSTILE))
        assert page.open == []
        assert set(page.elements) <= set(ELEMENTS)
        assert {name for name, _ in page.attributes} <= ATTRIBUTES
        addresses = {value for name, value in page.attributes if name == "href"}
        cited = hostile()["citations"][0]
        assert addresses == {"#fr-0123abcd-1", HOSTILE.url, view.whole_document(cited)}

    def test_hostile_words_are_shown_as_they_are_written(self) -> None:
        page = Reading(view.answer_html(hostile()))
        assert chat_library.HOSTILE_QUOTE in page.text
        assert "strong" not in page.elements and "em" not in page.elements

    @given(st.text())
    def test_any_words_come_back_as_the_same_text(self, words: str) -> None:
        assert Reading(f"<p>{as_text(words)}</p>").text.replace("\x00", "") == words.replace("\r", "").replace(
            "\x00", ""
        )

    def test_line_ends_survive_what_strips_and_dedents(self) -> None:
        """Streamlit dedents HTML before it is sent, which emptied the blank lines of a quote."""
        assert "\n" not in as_text("one\n   \ntwo")

    @given(st.text())
    def test_a_label_has_no_bare_markdown_sign(self, words: str) -> None:
        label = as_label(words)
        assert not re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]^-`{-~]", label)
        assert not re.search(r"[-<>=]\\[-<>=]", label)

    def test_a_label_reads_as_the_words_do(self) -> None:
        words = "Fractional CAIO vs. CTO: full-time -- or (not)?"
        assert re.sub(r"\\(.)", r"\1", as_label(words)).replace("\u2060", "") == words

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", "file:///x", "", "https://[x"]
    )
    def test_only_web_addresses_become_links(self, url: str) -> None:
        assert web_address(url) == ""
        page = Reading(
            view.sources_html(answered(citations=(replace(cite(1, COSTS, QUOTE), url=url),)), {COSTS.id: COSTS})
        )
        assert [value for name, value in page.attributes if name == "href" and not value.startswith("/library?")] == []

    def test_the_link_names_the_host_that_it_leads_to(self) -> None:
        address = "https://publisher.example@evil.example/costs"
        page = Reading(
            view.sources_html(answered(citations=(replace(cite(1, COSTS, QUOTE), url=address),)), {COSTS.id: COSTS})
        )
        assert "Read it at evil.example" in page.text


class TestAnswer:
    def test_each_number_leads_to_its_quote(self) -> None:
        page = Reading(whole(answered(), COSTS))
        places = {value for name, value in page.attributes if name == "id"}
        assert {value for name, value in page.attributes if name == "href" and value.startswith("#")} == {
            f"#{place}" for place in places
        }

    def test_a_number_in_a_document_is_no_citation(self) -> None:
        """`[1]` in the words of a document looked like a citation of ours."""
        words = "See [1] and [99]."
        answer = answered(answer=f"{words} [1]", sentences=(Sentence(words, (1,), 1.0),))
        page = view.answer_html(answer)
        assert page.count("<sup") == 1
        assert html.escape(words) in page

    def test_a_citation_that_is_not_there_is_not_shown(self) -> None:
        assert "<sup" not in view.answer_html(answered(sentences=(Sentence(QUOTE, (7,), 1.0),), answer=f"{QUOTE} [7]"))

    def test_the_layout_of_an_answer_is_kept(self) -> None:
        sentences = tuple(
            Sentence(words, (1,), 1.0) for words in ("First.", "Second.", "Of two:", "- one", "two", "After.")
        )
        layout = "First. [1] Second. [1]\n\n**Third Author:** Of two: [1]\n- - one [1]\n- two [1]\n\nAfter. [1]\n\n_Mind this._"
        page = view.answer_html(answered(answer=layout, sentences=sentences, notes=("Mind this.",)))
        plain = re.sub(r"<sup.*?</sup>|</?span>", "", page)
        assert plain == (
            '<div class="fr-answer"><p>First. Second.</p><p><span class="fr-speaker">Third Author Of two:</p>'
            '<ul><li>- one</li><li>two</li></ul><p>After.</p><p class="fr-note">Mind this.</p></div>'
        )

    def test_what_is_only_near_stands_below_and_steps_back(self) -> None:
        sentences = tuple(Sentence(words, (1,), 1.0) for words in ("An answer.", "Near it.", "one", "And so on."))
        layout = (
            f"An answer. [1]\n\n**{NEAR}**\n\n**Third Author:** Near it. [1]\n- one [1]\n\n**Another:** And so on. [1]"
        )
        page = view.answer_html(answered(answer=layout, sentences=sentences))
        plain = re.sub(r"<sup.*?</sup>|</?span[^>]*>", "", page)
        assert plain == (
            f'<div class="fr-answer"><p>An answer.</p><h3 class="fr-below">{NEAR}</h3><p class="fr-near">Third Author Near it.</p>'
            '<ul class="fr-near"><li>one</li></ul><p class="fr-near">Another And so on.</p></div>'
        )

    def test_a_layout_that_is_not_known_loses_no_sentence(self) -> None:
        page = Reading(
            view.answer_html(
                answered(
                    answer="Quite different words.",
                    sentences=(Sentence("One.", (1,), 1.0), Sentence("Two.", (1,), 1.0)),
                )
            )
        )
        assert page.text == "One.1Two.1"
        assert page.elements.count("p") == 2

    def test_words_after_the_last_sentence_are_shown_as_text(self) -> None:
        assert "<p>And **so** on.</p>" in view.answer_html(answered(answer=f"{QUOTE} [1]\n\nAnd **so** on."))

    def test_the_sides_name_who_holds_them_in_which_words_and_what_they_sell(self) -> None:
        side = Perspective("A queue", ("Third Author (Spread Ltd)", "Another"), (1,))
        page = Reading(view.perspectives_html(answered(perspectives=(side, side))))
        held = f"“{QUOTE}”1 sells what it describes"
        assert page.text.startswith(f"Practitioners differ: 2 viewsA queueThird Author (Spread Ltd) · Another{held}")

    def test_that_practitioners_differ_is_seen_before_any_single_answer(self) -> None:
        """One read five paragraphs of quotations before the sides came into sight."""
        side = Perspective("A queue", ("Another",), (1,))
        turn = view.turn_html(answered(perspectives=(side, side)), {})
        assert turn.index("Practitioners differ: 2 views") < turn.index("fr-sides") < turn.index(view.BELOW_SIDES)
        assert turn.index(view.BELOW_SIDES) < turn.index('class="fr-answer"')
        assert view.BELOW_SIDES not in view.turn_html(answered(), {})
        assert Reading(view.badge_html(answered())).text == "Answered from 1 source"


class TestAround:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({}, "Answered from 1 source"),
            (
                {"citations": (cite(1, COSTS, QUOTE), cite(2, COSTS, "Some end"), cite(3, SPREAD, "queue"))},
                "Answered from 2 sources",
            ),
            (
                {
                    "answer": f"{QUOTE} [1]\n\n**{NEAR}**\n\n**Another:** queue [2]",
                    "sentences": (Sentence(QUOTE, (1,), 1.0), Sentence("queue", (2,), 1.0)),
                    "citations": (cite(1, COSTS, QUOTE), cite(2, SPREAD, "queue")),
                },
                "Answered from 1 source",
            ),
            ({"verdict": PARTIAL}, "In part, from 1 source"),
            ({"verdict": ABSTAINED, "citations": ()}, "Not in the library"),
        ],
    )
    def test_the_badge_says_how_far_in_plain_words(self, changes: dict[str, Any], words: str) -> None:
        assert Reading(view.badge_html(answered(**changes))).text == words

    def test_a_follow_up_says_how_it_was_understood(self) -> None:
        asked = answered(
            question="And for  how long?", standalone_question="And for how long? (about: What does it cost?)"
        )
        assert (
            Reading(view.understood_html(asked)).text == "Understood as “And for how long?”, about “What does it cost?”"
        )
        assert view.understood_html(answered(question=" What does it  cost? ")) == ""

    def test_an_abstention_lists_what_lies_nearby(self) -> None:
        nearest = ("What it costs.", "Who decides?")
        words = "The library does not say. Nearby, it does cover: “What it costs”; “Who decides?”. It has been noted."
        page = view.answer_html(answered(verdict=ABSTAINED, answer=words, sentences=(), citations=(), nearest=nearest))
        assert "<p>The library does not say. It has been noted.</p>" in page
        assert "<li>What it costs</li><li>Who decides?</li>" in page

    def test_the_foot_names_writer_snapshot_and_time(self) -> None:
        assert Reading(view.foot_html(answered())).text.split(" · ") == [
            "Writer: quote, in the sources’ own sentences",
            "library snapshot 3",
            "1.2 s",
        ]

    @pytest.mark.parametrize(
        ("writer", "instead"),
        [
            ("quote", "The answer is in the sources’ own sentences instead."),
            ("near", "near wrote this answer instead."),
        ],
    )
    def test_a_writer_that_stepped_down_is_named_with_the_reason(self, writer: str, instead: str) -> None:
        answer = answered(writer=writer, stepped_down=(SteppedDown("local", "it is not here"),))
        assert Reading(view.stepped_down_html(answer)).text == f"local stepped aside: it is not here. {instead}"
        assert view.stepped_down_html({**answer, "writing": "near"}) == ""
        assert view.stepped_down_html(answered()) == ""

    def test_an_answer_that_was_stopped_says_so(self) -> None:
        answer = answered(stepped_down=(SteppedDown("local", STOPPED),))
        assert Reading(view.stepped_down_html(answer)).text.startswith("Stopped before it was whole")

    def test_what_the_checks_took_out_is_there_to_be_opened(self) -> None:
        page = Reading(view.removed_html(answered(removed=(Removed("Because.", "nobody says so"),))))
        assert page.elements[0] == "details" and ("open", "") not in page.attributes
        assert page.text == "Taken out by the checks (1)Because. (nobody says so)"
        assert view.removed_html(answered()) == ""

    def test_no_place_of_this_machine_is_named(self) -> None:
        known = {"/srv/home": "the library’s home", "/srv/models": "the models’ folder"}
        assert without_paths("/srv/home can't be written.", known) == "The library’s home can't be written."
        assert (
            without_paths("The record /srv/home/record.sqlite3 can't be read.", known)
            == "The record a file in the library’s home can't be read."
        )
        assert without_paths("/srv/home2 or ~/x/y.md, and/or https://x.example/a/b.", known) == (
            "A place on the server or a place on the server, and/or https://x.example/a/b."
        )


class TestSources:
    def test_a_card_tells_who_says_it_and_what_they_sell(self) -> None:
        page = Reading(view.sources_html(answered(), {COSTS.id: COSTS})).text
        for words in (
            "What a fractional AI CTO costs",
            "Example Author · Example Publisher · 2025-03-01",
            "sells what it describes",
            "Read it at publisher.example",
        ):
            assert words in page
        assert "our digest" not in page

    @pytest.mark.parametrize(("voice", "label"), [("digest", "our digest"), ("house", "our own text")])
    def test_our_own_words_are_labelled(self, voice: str, label: str) -> None:
        answer = answered(citations=(replace(cite(1, SPREAD, "queue"), voice=voice),))
        page = Reading(view.sources_html(answer, {SPREAD.id: SPREAD})).text
        assert label in page and "sells" not in page

    def test_cards_come_in_the_order_of_the_citations(self) -> None:
        answer = answered(
            citations=(cite(1, SPREAD, "queue"), cite(2, COSTS, QUOTE), cite(3, SPREAD, "No central team"))
        )
        page = view.sources_html(answer, {COSTS.id: COSTS, SPREAD.id: SPREAD})
        assert page.count("<details") == 2
        assert page.index(SPREAD.title) < page.index(COSTS.title)

    def test_the_quote_and_nothing_else_is_marked(self) -> None:
        page = Reading(view.sources_html(answered(), {COSTS.id: COSTS}))
        assert page.marked == [QUOTE]
        assert "The price is set before the work begins. 1" in page.text
        assert "The retainer covers two days a week." in page.text
        assert "How long it lasts" not in page.text

    def test_each_mark_says_whose_quote_it_is(self) -> None:
        """The panel shows one quote of a source at a time; it told them apart by nothing."""
        cited = (cite(1, COSTS, QUOTE), cite(2, COSTS, "The retainer covers two days a week."))
        page = Reading(view.sources_html(answered(citations=cited), {COSTS.id: COSTS}))
        assert page.marked == [QUOTE, "The retainer covers two days a week."]
        assert [value for name, value in page.attributes if name == "data-quoted-by"] == ["1", "2"]

    def test_the_whole_document_opens_at_the_quote(self) -> None:
        page = Reading(view.sources_html(answered(), {COSTS.id: COSTS}))
        start = COSTS.text.index(QUOTE)
        address = f"/library?document={COSTS.id}&start={start}&end={start + len(QUOTE)}"
        assert ("href", address) in page.attributes and "Open the whole document" in page.text

    def test_a_source_that_is_gone_leads_to_no_document(self) -> None:
        assert "/library?" not in view.sources_html(answered(), {})

    def test_a_hostile_quote_is_marked_to_the_letter(self) -> None:
        page = Reading(view.sources_html(hostile(), {HOSTILE.id: HOSTILE}))
        assert page.marked == [chat_library.HOSTILE_QUOTE]

    def test_a_quote_over_lines_keeps_its_lines(self) -> None:
        text = "Before\nthis:\n\n- one\n- two\n\nAfter.\n"
        one = document("lines", text)
        page = view.sources_html(answered(citations=(cite(1, one, "- one\n- two"),)), {one.id: one})
        assert Reading(page).marked == ["- one\n- two"]
        assert page.count('<span class="fr-line">') == 5
        assert "Before&#10;this:" in page

    @pytest.mark.parametrize(
        ("stored", "words"),
        [
            (
                {COSTS.id: replace(COSTS, text="Rewritten since.\n")},
                "This source has changed since this answer; the quote is as it was.",
            ),
            ({}, "This source is no longer in the library; the quote is as it was."),
        ],
    )
    def test_a_quote_that_is_gone_is_said_to_be(self, stored: dict[str, Document], words: str) -> None:
        page = Reading(view.sources_html(answered(), stored))
        assert page.marked == [QUOTE]
        assert words in page.text and "Rewritten" not in page.text


class TestExcerpts:
    LONG = f"# Title\n\n{'word ' * 200}HERE {'more ' * 200}THERE {'last ' * 200}\n"

    def test_some_two_hundred_characters_stand_on_either_side(self) -> None:
        at = self.LONG.index("HERE")
        (excerpt,) = excerpts(self.LONG, [(1, at, at + 4)])
        before, quote, after = (piece.text for piece in excerpt.pieces)
        assert quote == "HERE" and excerpt.cut_before and excerpt.cut_after
        assert SURROUNDINGS - 10 < len(before) <= SURROUNDINGS and before.startswith("word")
        assert SURROUNDINGS - 10 < len(after) <= SURROUNDINGS and after.endswith("more")

    def test_neighbours_share_a_stretch_and_strangers_do_not(self) -> None:
        here, there = self.LONG.index("HERE"), self.LONG.index("THERE")
        assert len(excerpts(self.LONG, [(1, here, here + 4), (2, here + 20, here + 24)])) == 1
        assert len(excerpts(self.LONG, [(1, here, here + 4), (2, there, there + 5)])) == 2

    def test_a_quote_inside_another_is_marked_once(self) -> None:
        (excerpt,) = excerpts("One two three four.", [(1, 0, 19), (2, 4, 7)])
        assert [(piece.text, piece.quoted_by, piece.begins) for piece in excerpt.pieces] == [
            ("One ", (1,), (1,)),
            ("two", (1, 2), (2,)),
            (" three four.", (1,), ()),
        ]

    @given(st.data())
    def test_excerpts_hold_the_stored_text_and_mark_each_quote_whole(self, data: st.DataObject) -> None:
        text = data.draw(st.text(alphabet="ab #\n.", min_size=1, max_size=900))
        spans = data.draw(
            st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 40)), min_size=1, max_size=5)
        )
        quotes = [(n, start, min(len(text), start + length)) for n, (start, length) in enumerate(spans, start=1)]
        found = excerpts(text, quotes)
        assert sorted(n for excerpt in found for piece in excerpt.pieces for n in piece.begins) == [
            n for n, _, _ in quotes
        ]
        for excerpt in found:
            words = "".join(piece.text for piece in excerpt.pieces)
            assert words in text
            for n, start, end in quotes:
                if any(n in piece.begins for piece in excerpt.pieces):
                    assert "".join(piece.text for piece in excerpt.pieces if n in piece.quoted_by) == text[start:end]


class TestSuggestions:
    def test_the_questions_of_positions_come_first(self) -> None:
        found = suggested_questions({one.id: one for one in chat_library.LIBRARY})
        assert found[0] == chat_library.TEAM_QUESTION
        assert found[1] == chat_library.HOSTILE_TITLE  # of the titles, the one that asks
        assert len(found) == len(set(found)) == 4

    def test_guides_stand_in_where_there_are_no_positions(self) -> None:
        guides = [document(f"guide-{n:02}", title=f"How does {n} work?", voice="house") for n in range(9)]
        others = [document("other", title="Would an article ask?"), document("plain", title="A plain title")]
        shuffled = {one.id: one for one in [*others, *reversed(guides)]}
        assert suggested_questions(shuffled) == [f"How does {n} work?" for n in (0, 2, 4, 6)]
        assert suggested_questions({one.id: one for one in others}) == ["Would an article ask?", "A plain title"]

    def test_a_title_too_long_to_read_at_a_glance_is_left_out(self) -> None:
        assert suggested_questions({"long": document("long", title="x" * (LONGEST_SUGGESTION + 1))}) == []

    def test_an_empty_library_suggests_nothing(self) -> None:
        assert suggested_questions({}) == []
