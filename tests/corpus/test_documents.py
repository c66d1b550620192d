"""One document: what is written is read back, and every way to get it wrong has a line that says where and what to do."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.documents import (
    KINDS,
    LARGEST_FRONT_MATTER,
    LARGEST_TEXT,
    VOICES,
    Asked,
    Document,
    Holder,
    View,
    format_document,
    overdue,
    parse_document,
    slug,
    split_front_matter,
)
from corpus.errors import DocumentError
from tests.library import document

GOOD = """---
id: a-good-one
kind: article
voice: practitioner
title: A good one
published: 2025-12-01
tags: [cost, hiring]
---

A fractional CTO works part-time.
"""


def good_but(line: str, replacing: str = "") -> str:
    """The good document with one more line of front matter, or one in place of another."""
    if replacing:
        assert replacing in GOOD
        return GOOD.replace(replacing, line)
    return GOOD.replace("tags: [cost, hiring]", f"tags: [cost, hiring]\n{line}")


# Words as people write them, with what YAML reads as something else, and characters beyond ASCII.
WORD = st.text(string.ascii_letters + string.digits + "äßé€’“”—≈:#-'\"{}[]&*!|>%@`,?.~=<日😀", min_size=1, max_size=12)
AWKWARD = [
    "yes",
    "no",
    "null",
    "~",
    "2025-12-01",
    "1e3",
    "- item",
    "---",
    "...",
    "a: b",
    "# no comment",
    "<<",
    "=",
    "!!str",
    "*a",
    "&a",
    "{}",
    "[]",
]
WORDS = st.lists(WORD | st.sampled_from(AWKWARD), min_size=1, max_size=6).map(" ".join)
MAYBE = st.just("") | WORDS
SOME = st.lists(WORDS, max_size=3).map(tuple)
ID = st.lists(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6), min_size=1, max_size=5).map(
    "-".join
)
DATE = st.just("") | st.dates(min_value=date(1000, 1, 1)).map(date.isoformat) | st.sampled_from(["2025", "2025-12"])
TEXT = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=40), min_size=1).map(
    "\n".join
)
VIEWS = st.lists(
    st.builds(View, WORDS, st.lists(st.builds(Holder, ID, WORDS), max_size=2).map(tuple)), min_size=2, max_size=3
).map(tuple)

ASKED = st.lists(st.builds(Asked, WORDS, st.lists(WORDS, max_size=2).map(tuple)), max_size=2).map(tuple)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    kind = draw(st.sampled_from(KINDS))
    text = draw(TEXT.filter(lambda words: words.strip()))
    return Document(
        id=draw(ID),
        kind=kind,
        voice=draw(st.sampled_from(VOICES)),
        title=draw(WORDS),
        text=text.strip("\n") + "\n",
        source=draw(MAYBE),
        author=draw(MAYBE),
        url=draw(st.sampled_from(["", "https://example.com/a?b=c#d"])),
        published=draw(DATE),
        added=draw(DATE),
        review_by=draw(DATE),
        owner=draw(MAYBE),
        tags=draw(SOME),
        aliases=draw(SOME),
        sells=draw(MAYBE),
        quotes=draw(st.lists(WORDS, max_size=3).map(tuple)),
        rests_on=draw(SOME),
        question=draw(WORDS) if kind == "position" else draw(MAYBE),
        views=draw(VIEWS) if kind == "position" else (),
        asked=draw(ASKED),
    )


@pytest.mark.slow
@given(documents())
def test_a_document_is_read_back_as_it_was_written(one: Document) -> None:
    """A title such as `no` or `2025-12-01`, a `---` in a value or an emoji in the text used to be where such formats break."""
    raw = format_document(one)
    assert parse_document(raw, "x.md") == one
    assert format_document(parse_document(raw, "x.md")) == raw


@pytest.mark.slow
@given(documents(), documents())
def test_two_documents_have_one_version_only_when_they_are_the_same(one: Document, other: Document) -> None:
    """With a hash over less than everything, a changed author or url would not be published."""
    assert (one.version == other.version) == (one == other)
    assert replace(one, sells=one.sells + "x").version != one.version


def test_the_good_one_is_good() -> None:
    """Everything below changes one thing in it; were it refused itself, they would all pass for nothing."""
    one = parse_document(GOOD, "articles/a-good-one.md")
    assert (one.id, one.title, one.published, one.tags) == (
        "a-good-one",
        "A good one",
        "2025-12-01",
        ("cost", "hiring"),
    )
    assert one.text == "A fractional CTO works part-time.\n"
    assert one.path == "articles/a-good-one.md"


DEEP = "[" * 1500
CLOSED = "[" * 15_000 + "]" * 15_000  # composed in C, this would end the process
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\ntags: [*b, *b]"

BAD = {
    "a field is missing": (good_but("", "title: A good one\n"), 1, "`title` is missing", "Add `title:`"),
    "a field is empty": (good_but("title:", "title: A good one"), 5, "`title` is missing or empty", "Add `title:`"),
    "a field nobody knows": (good_but("autor: Jane"), 8, "`autor` is no field", "Use one of: id, kind"),
    "a day that does not exist": (good_but("published: 2025-02-30", "published: 2025-12-01"), 6, "which is no date", "YYYY-MM-DD"),
    "a date in words": (good_but("published: last May", "published: 2025-12-01"), 6, "which is no date", "YYYY-MM-DD"),
    "a review date": (good_but("review_by: soon"), 8, "`review_by` is `soon`", "YYYY-MM-DD"),
    "an id with capitals": (good_but("id: A-Good-One", "id: a-good-one"), 2, "`id` is `A-Good-One`", "lower-case words"),
    "an id that is a path": (good_but("id: ../../etc/passwd", "id: a-good-one"), 2, "`id` is `../../etc/passwd`", "lower-case"),
    "an id without end": (good_but(f"id: {'a' * 101}", "id: a-good-one"), 2, "`id` is `aaa", "at most 100 characters"),
    "a kind nobody knows": (good_but("kind: rumour", "kind: article"), 3, "`kind` is `rumour`", "Use one of: article"),
    "a voice nobody has": (good_but("voice: loud", "voice: practitioner"), 4, "`voice` is `loud`", "Use one of: practitioner"),
    "an address of another sort": (good_but("url: javascript:alert(1)"), 8, "`url` is not a web address", "https://"),
    "an address with a space": (good_but("url: https://a b"), 8, "`url` is not a web address", "https://"),
    "words for a list": (good_but("aliases: {a: b}"), 8, "`aliases` is not a list", "[one, two]"),
    "a list in a list": (good_but("aliases: [[a]]"), 8, "`aliases` is not a list of words", "[one, two]"),
    "a list for words": (good_but("author: [Jane]"), 8, "`author` is not plain text", "on one line"),
    "a control character": (good_but('author: "Jane\\u0007"'), 8, "control or invisible", "plain text"),
    "a word turned round": (good_but('author: "\\u202Eenaj"'), 8, "control or invisible", "plain text"),
    "a bare control character": (good_but("author: Jane\x07"), 1, "can't be read", "Write `field: value`"),
    "a key twice": (good_but("title: Another"), 8, "the key 'title' stands twice", "Write `field: value`"),
    "a key that is a list": (good_but("[a]: b"), 8, "is not a word", "Write `field: value`"),
    "a bomb of aliases": (good_but(BOMB, "tags: [cost, hiring]"), 8, "aliases (*name) are not allowed", "Write `field: value`"),
    "nested without end": (good_but(f"tags: {DEEP}", "tags: [cost, hiring]"), 1, "nested too deeply", "plain fields"),
    "nested and closed": (good_but(f"tags: {CLOSED}", "tags: [cost, hiring]"), 1, "nested too deeply", "plain fields"),
    "an object of Python's": (good_but("author: !!python/object/apply:os.getcwd []"), 8, "could not determine", "Write `field: value`"),
    "a date by its tag": (good_but("author: !!timestamp x"), 8, "could not determine", "Write `field: value`"),
    "a number by its tag": (good_but('author: !!int ""'), 8, "could not determine", "Write `field: value`"),
    "no YAML": (good_but("author: 'Jane"), 8, "can't be read", "Write `field: value`"),
    "a list at the top": ("---\n- one\n- two\n---\n\nText.\n", 2, "not a list of fields", "Write `field: value`"),
    "never closed": (GOOD.replace("---\n\nA", "\nA"), 1, "never closed", "Add a line `---`"),
    "no front matter": ("Only a text.\n", 1, "no front matter", "fractional add"),
    "nothing in it": ("---\n---\n\nText.\n", 1, "`id` is missing", "Add `id:`"),
    "no text": (GOOD.replace("A fractional CTO works part-time.\n", ""), 9, "no text below", "Write the document's text"),
    "front matter of a book": (good_but(f"owner: {'x' * LARGEST_FRONT_MATTER}"), 1, "the front matter has 32,", "Keep it to the fields"),
    "too many quotations": (good_but(f"quotes: [{', '.join('abcdefg')}]"), 8, "holds 7 quotations", "at most 6"),
    "a quotation too long": (good_but(f"quotes: ['{'word ' * 13}']"), 8, "holds one of 13 words", "12 words"),
    "read in another way": (good_but("read: twice"), 8, "`read` is `twice`", "whole or part"),
    "a position without views": (good_but("kind: position", "kind: article"), 1, "`views` needs a question", "Positions"),
    "views that are words": (good_but("views: two of them"), 8, "`views` is not a list of views", "Positions"),
    "asked that is words": (good_but("asked: this and that"), 8, "`asked` is not a list of sentences", "Questions"),
    "asked without questions": (good_but("asked: [{says: this}]"), 8, "`asked` is not a list of sentences", "Questions"),
    "a view without holders": (good_but("views: [{view: yes}]"), 8, "`views` is not a list of views", "Positions"),
    "a view that is a list": (good_but("views: [{view: [a], holders: []}]"), 8, "`views` is not a list of views", "Positions"),
    "a view with a control character": (good_but('views: [{view: "a\\u0007", holders: []}]'), 8, "`views` is not a list", "Positions"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_front_matter_gives_file_line_and_remedy(what: str) -> None:
    """Each of these must be one line to act on: never a traceback, never a document published with a hole in it."""
    raw, line, problem, remedy = BAD[what]
    with pytest.raises(DocumentError) as caught:
        parse_document(raw, "articles/a-good-one.md")
    message = str(caught.value)
    assert message.startswith(f"articles/a-good-one.md:{line}: "), message
    assert problem in message
    assert remedy in message
    assert "\n" not in message


def test_a_text_too_large_for_a_document_is_refused_before_it_is_read() -> None:
    """Reading a data dump as one article would stall everybody's publishing."""
    with pytest.raises(DocumentError, match=r"more than 5,000,000. Split it"):
        parse_document(GOOD + "x" * LARGEST_TEXT, "x.md")


def test_dates_and_numbers_stay_the_words_that_were_written() -> None:
    """YAML would make a date of 2025-12-01, an octal of 010 and a boolean of `no`, and they would be written back otherwise."""
    one = parse_document(good_but("title: 010\nauthor: no\nsource: 1_000", "title: A good one"), "x.md")
    assert (one.title, one.author, one.source) == ("010", "no", "1_000")


def test_text_begins_after_the_front_matter_and_a_later_ruler_stays_in_it() -> None:
    """A `---` between two sections is not the end of the front matter."""
    front, body, line = split_front_matter("\ufeff---\nid: a\n---\nOne.\n\n---\n\nTwo.\n", "x.md")
    assert (front, body, line) == ("id: a", "One.\n\n---\n\nTwo.\n", 4)
    assert split_front_matter("One.\n\n---\n\nTwo.\n", "x.md") == (None, "One.\n\n---\n\nTwo.\n", 1)


@given(st.text(max_size=200))
def test_whatever_the_title_there_is_an_id_in_it(title: str) -> None:
    """An id made from a title of emoji or of nothing must still be a file name and an id."""
    made = slug(title)
    assert parse_document(GOOD.replace("a-good-one", made, 1), "x.md").id == made


def test_an_apostrophe_does_not_split_a_word_in_an_id() -> None:
    """`can-t-lead` reads as three words."""
    assert slug("Why CTOs can’t lead; don't they?") == "why-ctos-cant-lead-dont-they"


def test_overdue_is_the_day_after_not_the_day_itself() -> None:
    """A document to be reviewed by today is in time today, and one without a date is never late."""
    one = document("a", review_by="2026-03-01")
    assert not overdue(one, date(2026, 3, 1))
    assert overdue(one, date(2026, 3, 2))
    assert not overdue(document("a"), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("author", "source", "speaker"),
    [
        ("Example Author", "Roe Ltd", "Example Author (Roe Ltd)"),
        ("Example Author", "The blog of Example Author", "Example Author"),
        ("", "Roe Ltd", "Roe Ltd"),
        ("", "", "The title"),
    ],
)
def test_an_answer_names_who_speaks_without_saying_it_twice(author: str, source: str, speaker: str) -> None:
    """`Example Author (Example Author)` reads as a mistake, an empty name as worse."""
    assert document("a", title="The title", author=author, source=source).speaker == speaker


def test_every_field_has_its_line_and_an_unknown_byline_is_seen() -> None:
    """A document without tags was written as `{id: a, kind: ...}` in one line: unfit for git, and `add` took it for a stranger's.

    Empty bylines stay visible, so that an editor fills them."""
    written = format_document(document("a"))
    front = "id: a\nkind: article\nvoice: practitioner\ntitle: A\nsource: ''\nauthor: ''\nurl: ''\npublished: ''\nsells: ''\n"
    assert written == f"---\n{front}---\n\nSome words that stand for a text.\n"
    assert "\ntags: [cost, hiring]\n" in format_document(document("a", tags=("cost", "hiring")))
