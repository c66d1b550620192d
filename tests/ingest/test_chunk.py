"""Chunking: every sentence is in one chunk, no chunk is over the window, and what belongs together stays together."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.documents import Asked, Document
from corpus.embedder import Embedder
from corpus.library import read_library
from corpus.settings import CHECKOUT
from corpus.text import plain, read_blocks
from ingest.chunk import MOST_CONTEXT_TOKENS, TARGET_TOKENS, Chunk, chunk_document
from ingest.clean import clean
from tests.fakes import FakeEmbedder
from tests.ingest.test_clean import REAL
from tests.library import document

FAKE = FakeEmbedder()
WINDOW = FAKE.window

SENTENCE = st.integers(1, 260).map(lambda words: " ".join(f"w{number}" for number in range(words)).capitalize())
LINES = st.one_of(
    SENTENCE.map(lambda words: f"{words}."),
    SENTENCE.map(lambda words: f"{words}:"),
    SENTENCE.map(lambda words: f"- {words}."),
    SENTENCE.map(lambda words: f"- {words}:"),
    st.sampled_from(["", "", "## Section", "### Below", "# " + "long " * 80, "Why?", "- Why?", "| A | B |\n|---|---|\n| 1 | 2 |\n|  |  |", "```\ncode\n```"]),
    st.integers(200, 900).map(lambda length: "x" * length + "."),
)  # fmt: skip
TEXT = st.lists(LINES, min_size=1, max_size=15).map("\n".join)


def chunked(text: str, title: str = "The title", embedder: Embedder = FAKE) -> list[Chunk]:
    return chunk_document(document("a", text, title=title), embedder.count_tokens, embedder.window)


def check(one: Document, chunks: Sequence[Chunk], embedder: Embedder) -> None:
    """What holds for the chunks of every document."""
    for chunk, tokens in zip(chunks, embedder.count_tokens([chunk.embedded for chunk in chunks]), strict=True):
        assert tokens <= embedder.window, (tokens, chunk.embedded)
        assert chunk.text == one.text[chunk.start : chunk.end] == chunk.text.strip() != ""
        assert re.search(r"\w", chunk.embedded)
    assert all(before.end <= after.start for before, after in itertools.pairwise(chunks))
    covered = {index for chunk in chunks for index in range(chunk.start, chunk.end)}
    for block in read_blocks(one.text):
        for sentence in block.sentences:
            words = plain(sentence.of(one.text))
            evidence = (
                bool(re.search(r"\w", words)) and block.kind != "row" and not words.rstrip("\"'”’)*_ ").endswith("?")
            )
            # A cut leaves out nothing but the space it is made at.
            outside = [one.text[index] for index in range(sentence.start, sentence.end) if index not in covered]
            assert not evidence or all(character.isspace() for character in outside), sentence.of(one.text)


@given(TEXT, st.sampled_from(["T", "A title of some words", "word " * 100, "x" * 700]))
def test_whatever_the_text_no_chunk_is_over_the_window_and_no_sentence_is_lost(text: str, title: str) -> None:
    """A long sentence behind one that announces it made a chunk of twice the window, whose second half was never embedded."""
    one = document("a", text, title=title)
    check(one, chunk_document(one, FAKE.count_tokens, WINDOW), FAKE)


@pytest.mark.model
@pytest.mark.parametrize("name", REAL)
def test_real_articles_fit_the_real_window(
    real_article: Callable[[str], str], real_embedder: Embedder, name: str
) -> None:
    """Counted by the model's own tokenizer: `RAG-based` or `≈95%` are more tokens than words."""
    cleaned = clean(real_article(name))
    one = document("a", cleaned.text, title=cleaned.title)
    check(one, chunk_document(one, real_embedder.count_tokens, real_embedder.window), real_embedder)


@pytest.mark.model
def test_the_whole_library_fits_the_real_window(real_embedder: Embedder) -> None:
    """Every document that ships, to the last sentence."""
    documents = read_library(CHECKOUT / "corpus").documents
    assert documents
    for one in documents.values():
        check(one, chunk_document(one, real_embedder.count_tokens, real_embedder.window), real_embedder)


def words(count: int, last: str = "end") -> str:
    """A sentence of that many tokens."""
    return " ".join(["Word", *["word"] * (count - 3)]) + f" {last}."


def test_a_small_section_is_one_chunk_under_its_headings() -> None:
    """Two sentences on one matter answer together; the headings say what matter, and stand in what is embedded only."""
    [one] = chunked("# Hiring\n\n## Costs\n\nIt costs much. It is *worth* it.\n\n- One.\n- Two.\n")
    assert one.headings == ("Hiring", "Costs")
    assert one.text == "It costs much. It is *worth* it.\n\n- One.\n- Two."
    assert one.embedded == "The title › Hiring › Costs\nIt costs much.\nIt is worth it.\nOne.\nTwo."
    assert one.tokens == FAKE.count_tokens([one.embedded])[0]


def test_sections_are_never_mixed() -> None:
    """A chunk across two headings is found for one and quoted for the other."""
    chunks = chunked("Before.\n\n## One\n\nIn one.\n\n## Two\n\nIn two.\n")
    assert [(chunk.headings, chunk.text) for chunk in chunks] == [
        ((), "Before."),
        (("One",), "In one."),
        (("Two",), "In two."),
    ]


def test_a_long_section_is_cut_between_sentences() -> None:
    """Half a sentence can't be cited."""
    sentences = [words(50, last) for last in ("first", "second", "third", "fourth", "fifth")]
    chunks = chunked("## One\n\n" + " ".join(sentences))
    assert [chunk.text for chunk in chunks] == [" ".join(sentences[:3]), " ".join(sentences[3:])]
    assert {chunk.headings for chunk in chunks} == {("One",)}


def test_a_sentence_over_the_window_is_cut_at_words() -> None:
    """Four hundred words without a stop happen in transcripts; all of them must be found."""
    text = " ".join(f"w{number}" for number in range(400))
    chunks = chunked(text)
    assert " ".join(chunk.text for chunk in chunks) == text
    assert len(chunks) == 3


@pytest.mark.parametrize("before", [10, 90, 130, 150, 159])
def test_a_list_stays_with_what_announces_it(before: int) -> None:
    """Over five real articles, the facts missed were lists: the sentence that announced them stood in one chunk, they in the next."""
    text = f"{words(before)} These are the criteria:\n\n- {words(40, 'item')}\n- Second.\n"
    chunks = chunked(text)
    [with_items] = [chunk for chunk in chunks if "item." in chunk.text]
    assert "These are the criteria:\n\n- Word" in with_items.text
    check(document("a", text), chunks, FAKE)


def test_an_announcement_too_long_for_its_list_stands_alone() -> None:
    """Both together are over the window: then the words come before the company."""
    announcement, item = words(150, "these").replace("these.", "these:"), words(120, "item")
    chunks = chunked(f"{announcement}\n\n- {item}\n")
    assert [chunk.text for chunk in chunks] == [announcement, item]


def test_a_row_is_embedded_with_its_columns_and_cited_as_it_stands() -> None:
    """`≈95%` alone is found for nothing."""
    [one] = chunked("Pilots fail:\n\n| Finding | Figure |\n|---|---|\n| No return | ≈95% |\n")
    assert one.embedded == "The title\nPilots fail:\nFinding: No return; Figure: ≈95%"
    assert one.text.endswith("| No return | ≈95% |")


def test_a_question_is_no_evidence_but_its_answer_is() -> None:
    """Citing a question as the answer to itself is the silliest answer there is."""
    assert chunked("What does it cost?\n\n## And then?\n\n“Why (really)?”\n") == []
    [one] = chunked("What does it cost? We do not say.\n")
    assert one.text == "What does it cost? We do not say."


@pytest.mark.parametrize("text", ["## Only\n\n### Headings\n", "---\n", "| A | B |\n|---|---|\n", "<!-- hidden -->"])
def test_nothing_to_cite_makes_no_chunk(text: str) -> None:
    """A chunk of headings would be found for every question about its topic and answer none."""
    assert chunked(text) == []


def test_context_too_long_keeps_the_nearest_headings() -> None:
    """The title may go, the section's own heading says what the passage is about."""
    [one] = chunked(f"# {'chapter ' * 30}\n\n## The section\n\nWords.\n", title="title " * 40)
    assert one.embedded == "The section\nWords." or one.embedded.endswith("› The section\nWords.")
    assert one.tokens <= MOST_CONTEXT_TOKENS + 5
    assert one.headings == (("chapter " * 30).strip(), "The section")
    [other] = chunked("Words.\n", title="title " * 100)
    assert other.embedded.startswith("title title")


def test_chunks_fill_their_target() -> None:
    """One sentence a chunk would be precise and know nothing of its neighbours; the target was measured."""
    chunks = chunked(" ".join(words(20) for _ in range(40)))
    sizes = [FAKE.count_tokens([chunk.text])[0] for chunk in chunks[:-1]]
    assert all(TARGET_TOKENS - 25 <= size <= TARGET_TOKENS + 2 for size in sizes)


def test_code_stays_in_one_piece() -> None:
    """A command and the option on its next line belong together."""
    [one] = chunked("Run this:\n\n```sh\nmake run\nmake test\n```\n")
    assert one.text == "Run this:\n\n```sh\nmake run\nmake test\n```"


def test_a_question_stays_with_the_sentence_that_answers_it() -> None:
    """Wherever the sentence goes when the text is edited, its questions go with it; one that went finds nothing."""
    text = "Fees differ. **Most** ask for a retainer.\n\n| Role | Hours |\n|---|---|\n| CTO | 12 |\n"
    asked = (
        Asked("most ask for", ("How is it paid?",)),
        Asked("Role: CTO", ("How many hours?",)),
        Asked("Nobody wrote this", ("Who?",)),
    )
    one = document("a", text, asked=asked)
    found = [q for chunk in chunk_document(one, FAKE.count_tokens, WINDOW) for q in chunk.questions]
    assert [(q.span.of(text), q.words) for q in found] == [
        ("**Most** ask for a retainer.", "How is it paid?"),
        ("| CTO | 12 |", "How many hours?"),
    ]


def test_a_position_as_a_whole_answers_its_question_however_it_is_put() -> None:
    position = document(
        "a",
        "It depends.\n",
        kind="position",
        question="Agency or leader?",
        aliases=("Who first, then?",),
        asked=(Asked("It depends", ("On what?",)),),
    )
    [one] = chunk_document(position, FAKE.count_tokens, WINDOW)
    assert [question.words for question in one.questions] == ["Agency or leader?", "Who first, then?", "On what?"]
