"""The shape of a text. Citations are spans found here: a span that is off by one is a false quotation."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text import Block, cells, plain, read_blocks, row_in_words, split_sentences

# Lines of every sort a Markdown text has, and some that only look like it, in any order.
LINES = [
        "", "", "# One", "## Two", "### C# and F#", "####### seven", "#hash", "A plain sentence. And another one!", "Costs approx. 5.5 k. Why?",
        "**Roadmap.** It comes first. Then the rest.", "- an item", "- **Lead:** an item. With two sentences.", "  - below it", "1. first", "2) second",
        "• a bullet", "   goes on here", "> quoted. Twice.", ">", "```", "```python", "~~~", "x = 1. Y = 2.", "---", "***",
        "***bold*** and *soft* _too_", "[a link](https://a.b/c_(d)) ends.", "…", "?!", "e.g. Acme Inc. is one.",
        "A “quoted sentence.” Next one.", "\u2028odd\u00a0spaces\x0b", "日本語。Text.",
]  # fmt: skip
TABLES_AND_COMMENTS = [
    "| A | B |",
    "|---|:--:|",
    "| 1 | a \\| b |",
    "|   |  |",
    "<!-- nobody sees this. -->",
    "<!-- open",
    "-->",
]
ANY_LINE = st.text(max_size=30)
TEXT = st.lists(st.sampled_from(LINES + TABLES_AND_COMMENTS) | ANY_LINE, max_size=25).map("\n".join)
SEEN_TEXT = st.lists(st.sampled_from(LINES), max_size=25).map("\n".join)


@given(TEXT)
def test_every_span_is_exact_and_in_order(text: str) -> None:
    """Blocks follow each other, sentences follow each other within their block, and neither begins or ends with a space."""
    end_of_last = 0
    for block in read_blocks(text):
        assert end_of_last <= block.span.start <= block.span.end <= len(text)
        end_of_last = block.span.end
        if block.kind not in ("heading", "code"):
            assert block.span.of(text) == block.span.of(text).strip() != ""
        end_of_sentence = block.span.start
        for sentence in block.sentences:
            assert end_of_sentence <= sentence.start < sentence.end <= block.span.end
            assert sentence.of(text) == sentence.of(text).strip() != ""
            end_of_sentence = sentence.end


@given(TEXT)
def test_the_sentences_of_a_block_leave_nothing_of_it_out(text: str) -> None:
    """Words between two sentences could be neither retrieved nor cited."""
    for block in read_blocks(text):
        if block.kind in ("paragraph", "item", "row"):
            between = block.span.of(text)
            for sentence in reversed(block.sentences):
                between = between[: sentence.start - block.span.start] + between[sentence.end - block.span.start :]
            assert between.strip() == ""


@given(SEEN_TEXT)
def test_no_words_get_lost_between_the_blocks(text: str) -> None:
    """What stands in no block does not exist for the library; only marks may, and comments and a table's header."""
    inside: set[int] = set()
    for block in read_blocks(text):
        inside |= set(range(block.span.start, block.span.end))
        inside |= set(range(text.rfind("\n", 0, block.span.start) + 1, block.span.start))
    outside = "".join(character for index, character in enumerate(text) if index not in inside)
    assert not any(character.isalnum() for character in outside), outside


@given(st.text(max_size=200))
def test_splitting_a_question_or_an_answer_never_fails(text: str) -> None:
    """Whatever somebody types must be taken apart without an error."""
    assert all(span.of(text).strip() for span in split_sentences(text))


def blocks(text: str) -> list[Block]:
    return list(read_blocks(text))


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("It costs $5.5k, i.e. a lot. Really.", ["It costs $5.5k, i.e. a lot.", "Really."]),
        ("Dr. J. Roe of Acme Inc. Berlin leads it. She stays.", ["Dr. J. Roe of Acme Inc. Berlin leads it.", "She stays."]),
        ('She said “stop.” Then “go!” They did. "Why?" Well.', ["She said “stop.”", "Then “go!”", "They did.", '"Why?"', "Well."]),
        ("Use e.g. RAG vs. Fine-tuning. No.", ["Use e.g. RAG vs. Fine-tuning.", "No."]),
        ("Version 2.0. 95% fail. ≈40 k€ is usual. [Source](x) says so.", ["Version 2.0.", "95% fail.", "≈40 k€ is usual.", "[Source](x) says so."]),
        ("**Bold ends here.** Next one. *Soft.* Last", ["**Bold ends here.** Next one.", "*Soft.*", "Last"]),
        ('He says: "It ships. Or it does not." We agree.', ['He says: "It ships. Or it does not."', "We agree."]),
        ("He says “It ships. Or not.” We agree.", ["He says “It ships. Or not.”", "We agree."]),
        ('A screen of 24" is small. He called it "tiny." So it is.', ['A screen of 24" is small.', 'He called it "tiny."', "So it is."]),
        ('It went on. We won." That is his view. She said "stop." The end.', ["It went on.", 'We won."', "That is his view.", 'She said "stop."', "The end."]),
        ("we met. and went on. Then left", ["we met. and went on.", "Then left"]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    """A sentence cut at `Inc.` is quoted by half; two run together bring a claim nobody asked for."""
    assert sentences(text) == expected


def test_headings_make_the_path_to_what_stands_below_them() -> None:
    """A passage without its headings loses what it is about; one with a stranger's is put into the wrong context."""
    text = "Before.\n\n# A\n\nIn a.\n\n## B #\n\nIn b.\n\n#### D\n\nIn d.\n\n## C\n\nIn c.\n\n# E\n\nIn e.\n"
    found = {b.span.of(text): b.headings for b in blocks(text) if b.kind == "paragraph"}
    assert found == {
        "Before.": (),
        "In a.": ("A",),
        "In b.": ("A", "B"),
        "In d.": ("A", "B", "D"),
        "In c.": ("A", "C"),
        "In e.": ("E",),
    }


def test_a_heading_is_what_markdown_calls_one() -> None:
    """`C#` lost its last letter to the closing marks that some write behind a heading; a hashtag is no heading at all."""
    text = "## C#\n\n### F# and C# ##\n\n#hashtag\n\n####### seven\n\n## **Bold** [link](x)\n"
    headings = [b for b in blocks(text) if b.kind == "heading"]
    assert [(b.level, b.span.of(text)) for b in headings] == [(2, "C#"), (3, "F# and C#"), (2, "**Bold** [link](x)")]
    assert blocks(f"{text}\nWords.")[-1].headings == ("Bold link",)


def test_a_table_row_knows_its_columns() -> None:
    """A row without its header is a list of numbers that mean nothing."""
    text = "Intro:\n\n| Finding | Figure | Source |\n|---|:---:|---|\n| Pilots fail | 95% | *MIT* (2025) |\n| a \\| b |  | x |\n\nAfter.\n"
    rows = [b for b in blocks(text) if b.kind == "row"]
    assert [row.columns for row in rows] == [("Finding", "Figure", "Source")] * 2
    assert [row_in_words(row, text) for row in rows] == [
        "Finding: Pilots fail; Figure: 95%; Source: MIT (2025)",
        "Finding: a | b; Source: x",
    ]
    assert rows[0].span.of(text) == "| Pilots fail | 95% | *MIT* (2025) |"
    assert rows[0].sentences == (rows[0].span,)
    assert rows[0].group == rows[1].group
    assert blocks(text)[-1].span.of(text) == "After."


def test_bars_without_a_ruler_are_words() -> None:
    """A sentence with bars in it is no table, and must not vanish as the header of one."""
    text = "| not a table |\n\nWords."
    assert [(b.kind, b.span.of(text)) for b in blocks(text)] == [
        ("paragraph", "| not a table |"),
        ("paragraph", "Words."),
    ]
    assert cells("| a | b \\| c ||") == ["a", "b | c"]


def test_lists_keep_together_and_know_their_depth() -> None:
    """An answer that quotes a list needs all of it and nothing of the next one."""
    text = "Do this:\n\n- One. Right away.\n  goes on\n\n- Two\n    - Below two\n1. Three\n\nBetween.\n\n• Other\n(2) Another\n"
    items = [b for b in blocks(text) if b.kind == "item"]
    assert [b.span.of(text) for b in items] == [
        "One. Right away.\n  goes on",
        "Two",
        "Below two",
        "Three",
        "Other",
        "Another",
    ]
    assert [b.level for b in items] == [0, 0, 2, 0, 0, 0]
    assert len({b.group for b in items[:4]}) == 1
    assert items[3].group != items[4].group == items[5].group
    assert [s.of(text) for s in items[0].sentences] == ["One.", "Right away.\n  goes on"]


def test_a_number_at_the_head_of_a_sentence_is_no_item() -> None:
    """`2025 was` or `-5 %` begins a sentence; taken for a list's mark, the figure would be lost."""
    assert [b.kind for b in blocks("2025 was hard.\n\n-5 % a year.\n\n95. percentile\n\n123. no\n")] == [
        "paragraph",
        "paragraph",
        "item",
        "paragraph",
    ]


def test_a_bold_lead_is_told_from_bold_words() -> None:
    """A lead says what its paragraph is about; a whole bold sentence or bold in the middle says nothing of the kind."""
    text = (
        "**Vendor choice.** It matters. Much.\n\n- __Cost__ comes next.\n\nSome **bold** words.\n\n**"
        + "long " * 9
        + "lead** here.\n"
    )
    found = [(b.lead.of(text) if b.lead else None) for b in blocks(text)]
    assert found == ["Vendor choice.", "Cost", None, None]
    assert [s.of(text) for s in blocks(text)[0].sentences] == ["**Vendor choice.** It matters.", "Much."]


def test_code_is_one_block_and_its_comments_are_no_headings() -> None:
    """`# comment` in a script used to look like a heading to naive splitters and to become the context of what follows."""
    text = "Before.\n\n```sh\n# not a heading\n- no item\n\nrm -r x\n```\n\nAfter.\n\n~~~\nnever closed\n"
    assert [(b.kind, b.headings) for b in blocks(text)] == [
        ("paragraph", ()),
        ("code", ()),
        ("paragraph", ()),
        ("code", ()),
    ]
    assert blocks(text)[1].span.of(text) == "```sh\n# not a heading\n- no item\n\nrm -r x\n```"


def test_what_no_reader_sees_is_no_evidence() -> None:
    """Words hidden in a comment could otherwise be quoted as the article's own."""
    text = "Seen.\n\n<!-- Ignore all\n\nsources. --> \n\n---\n\nAlso seen.\n"
    assert [b.span.of(text) for b in blocks(text)] == ["Seen.", "Also seen."]


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**bold** and *soft* and `code` and __strong__", "bold and soft and code and strong"),
        ("2 * 3 * 4 and a*b*c and snake_case_name", "2 * 3 * 4 and a*b*c and snake_case_name"),
        ("[words](https://a.b/c) and ![picture](x.png) end", "words and picture end"),
        ("[MIT](https://a.b/x_(y)) said [this](z \"a title\").", "MIT said this."),
        ("[not a link] (and not this)", "[not a link] (and not this)"),
        ("one\ntwo   three", "one two three"),
        ("[![logo](a.png)](b)", "logo"),
        ("a \\| b", "a | b"),
    ],
)  # fmt: skip
def test_plain_is_what_a_reader_sees(markdown: str, words: str) -> None:
    """Marks in a quotation look like mistakes; taken out too eagerly, they change a formula or a name."""
    assert plain(markdown) == words


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*_`[]()\\")))
def test_plain_of_plain_text_keeps_its_words(text: str) -> None:
    """Marks may go, words never."""
    assert plain(text) == " ".join(text.split())


HOSTILE = {
    "a heading of spaces": "# a" + " " * 100_000 + "b",
    "a heading of marks": "# " + "a # " * 30_000 + "b",
    "a page of dots": "Word " + "." * 100_000 + "a end.",
    "dots and quotes": ".'" * 50_000 + "a",
    "brackets that open": "![" * 50_000,
    "links that open": "[a](" * 30_000,
    "stars that open": " **a" * 30_001,
    "quotes that open": '[a](b "' * 30_000,
    "quotations that never end": "A. “B. " * 30_000,
    "quotations without a pause": 'A. "B. C" ' * 20_000,
    "abbreviations": "e.g. A" * 30_000,
    "a ruler that is none": "| a |\n|" + "--|" * 30_000 + "x",
    "marks of a list": "- " * 50_000 + "x",
    "comments that open": "<!--" * 50_000,
    "quotation marks": ">" * 50_000 + "a",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_text_is_so_odd_that_reading_it_takes_long(what: str) -> None:
    """A heading with three thousand spaces took hours: one such file stopped everybody's publishing."""
    text = HOSTILE[what]
    began = time.perf_counter()
    for block in read_blocks(text):
        plain(block.span.of(text))
    assert time.perf_counter() - began < 2.0
