"""Fusing and spreading, as laws."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.index import NearChunk
from corpus.record import StoredChunk
from corpus.settings import Settings
from rag.answer import passages_for
from rag.retrieve import (
    IN_THESE_WORDS,
    WORTH_OF_WORDS,
    Passage,
    alias_table,
    choose,
    fused_score,
    lexical_expression,
    retrieve,
)
from tests import asking
from tests.library import document

nearness = st.floats(-1, 1)
worth = st.floats(0, 40)


@given(nearness, worth, worth, st.floats(0, 40))
def test_what_more_words_speak_for_never_scores_less(near: float, some: float, more: float, best: float) -> None:
    some, more = sorted((some, more))
    best = max(best, more)
    assert fused_score(near, some, best) <= fused_score(near, more, best) <= near + WORTH_OF_WORDS + 1e-9


@given(nearness, nearness, worth)
def test_what_is_nearer_never_scores_less(near: float, nearer: float, words: float) -> None:
    near, nearer = sorted((near, nearer))
    assert fused_score(near, words, 40) <= fused_score(nearer, words, 40)


def test_where_no_word_is_found_nearness_alone_decides() -> None:
    assert fused_score(0.5, 0.0, 0.0) == 0.5


def passage(number: int, source: str, score: float, text: str = "") -> Passage:
    return Passage(StoredChunk(number, source, "v", (), 0, 1, text or f"text {number}", "k"), score, score, 1, 1)


def test_a_second_source_comes_before_the_third_passage_of_the_first() -> None:
    best_first = [passage(1, "a", 1.0), passage(2, "a", 0.99), passage(3, "a", 0.98), passage(4, "b", 0.95)]
    ordered = choose(best_first, 4)
    assert [p.chunk.document for p in ordered].index("b") == 1


PASSAGES = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 0.04), st.integers(0, 9)), max_size=30).map(
    lambda drawn: [
        passage(number, source, score, f"Vendor {words} signs contract {words} now")
        for number, (source, score, words) in enumerate(sorted(drawn, key=lambda one: -one[1]))
    ]
)


@given(PASSAGES, st.integers(1, 12))
def test_reading_no_further_than_needed_changes_nothing(best_first: list[Passage], top: int) -> None:
    """Comparing the words of all candidates was half of the time of a search."""
    assert choose(best_first, top) == choose(best_first, len(best_first) + 1)[:top]


def test_passages_that_cannot_come_in_are_not_read() -> None:
    best_first = iter([passage(1, "a", 1.0), passage(2, "b", 0.9), passage(3, "c", 0.5), passage(4, "d", 0.4)])
    assert len(choose(best_first, 2)) == 2
    assert [left.chunk.number for left in best_first] == [4]


def test_what_says_the_same_is_said_once() -> None:
    """The better one stays, whoever wrote it."""
    words = "A retainer is a monthly fee for a fixed number of days."
    best_first = [
        passage(1, "a", 1.0, words),
        passage(2, "b", 0.9, f"{words} Really."),
        passage(3, "c", 0.8, "Others."),
    ]
    assert [p.chunk.number for p in choose(best_first, 3)] == [1, 3]


def test_a_copy_that_names_another_is_not_the_same() -> None:
    """A false copy of a passage hid the true one, or was hidden by it, and nobody saw that they differ."""
    words = "The audit of suppliers was led by {} and found that most contracts lack an exit clause of any kind."
    both = [passage(1, "a", 1.0, words.format("Alpha")), passage(2, "b", 0.9, words.format("Beta"))]
    assert [p.chunk.number for p in choose(both, 2)] == [1, 2]
    more = [passage(1, "a", 1.0, words.format("Alpha")), passage(2, "b", 0.9, words.format("Alpha") + " So says Beta.")]
    assert [p.chunk.number for p in choose(more, 2)] == [1]


def test_an_alias_widens_the_words_searched_for() -> None:
    """Asked for the CAIO, texts that only write Chief AI Officer must be found."""
    entry = document(
        "chief-ai-officer", "A Chief AI Officer leads.", kind="glossary", title="Chief AI Officer", aliases=("CAIO",)
    )
    expression = lexical_expression("Do we need a CAIO?", alias_table([entry]))
    assert '"Chief AI Officer"' in expression and '"CAIO"' in expression


def test_what_is_known_to_answer_nearly_these_words_is_found_however_long_it_is() -> None:
    """The position on what one costs was in none of twelve passages for "What does a fractional AI CTO cost?"."""
    near = {"long": IN_THESE_WORDS + 0.1, "as near": IN_THESE_WORDS, "near": IN_THESE_WORDS - 0.01}
    far = passage(9, "by words", 0.1, "Words that tell of something else altogether").chunk
    index: Any = SimpleNamespace(
        embed=lambda _: np.ones((1, 1), np.float32),
        record=SimpleNamespace(
            reading=nullcontext,
            lexical=lambda *_: [(far.number, 1.0)],
            chunks_numbered=lambda numbers: {far.number: far},
            questions_of=lambda _: {},
            vector_values=lambda _: {far.vector: np.array([0.84], np.float32).tobytes()},
        ),
        nearest=lambda _, most: [
            NearChunk(passage(number, id, 0.1, f"{id} stands {number}").chunk, similarity)
            for number, (id, similarity) in enumerate(near.items())
        ][:most],
    )

    def found(top: int, **named: bool) -> list[str]:
        return [one.chunk.document for one in retrieve(index, "What does one cost?", top, {}, **named)]

    assert found(1) == ["by words"]
    assert found(1, and_in_these_words=True) == ["by words", "long"]
    assert found(2, and_in_these_words=True) == ["by words", "long", "as near"]
    assert found(3, and_in_these_words=True) == ["by words", "long", "as near"], "the last is not near enough"


def test_it_is_read_to_answer_a_question_after_what_was_found_by_words(
    library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = asking.open_asking(library_to_ask)
    monkeypatch.setattr("rag.answer.PASSAGES", 2)
    with chain.index.record.reading():
        before = passages_for(chain, asking.TERM_QUESTION, {})
        assert len(before) == 2
        monkeypatch.setattr("rag.retrieve.choose", lambda passages, top: choose(passages, top)[: top - 1])
        monkeypatch.setattr("rag.retrieve.IN_THESE_WORDS", -1.0)
        read = passages_for(chain, asking.TERM_QUESTION, {})
    assert read[0] == before[0] and len({one.chunk.number for one in read}) == len(read) > 1
