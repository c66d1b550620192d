"""Each sentence is embedded once, also over processes; what is kept changes nothing but the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.settings import Settings
from rag.sentence_vectors import FILE, SentenceVectors
from tests import asking
from tests.fakes import FakeEmbedder

SENTENCES = ["They work two days a week.", "A retainer is paid monthly.", "They work two days a week."]


def opened(home: Path, embedder: FakeEmbedder) -> SentenceVectors:
    return SentenceVectors(home, lambda: embedder)


def test_sentences_come_as_the_embedder_makes_them(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    found = opened(tmp_path, embedder).sentences(SENTENCES)
    assert np.array_equal(found, FakeEmbedder().embed(SENTENCES))
    assert embedder.seen == SENTENCES[:2], "the same sentence twice is embedded once"


def test_tokens_come_near_to_what_the_embedder_makes(tmp_path: Path) -> None:
    found = opened(tmp_path, FakeEmbedder()).tokens(SENTENCES)
    for tokens, context in zip(found, FakeEmbedder().embed_tokens(SENTENCES), strict=True):
        assert tokens.shape == context.vectors.shape
        assert (tokens * context.vectors).sum(axis=1).min() > 0.999


def test_what_was_embedded_before_is_not_embedded_again_and_comes_out_the_same(tmp_path: Path) -> None:
    first = opened(tmp_path, FakeEmbedder())
    before = first.sentences(SENTENCES), first.tokens(SENTENCES)
    embedder = FakeEmbedder()
    later = opened(tmp_path, embedder)
    assert np.array_equal(later.sentences(SENTENCES), before[0])
    assert all(np.array_equal(one, other) for one, other in zip(later.tokens(SENTENCES), before[1], strict=True))
    assert embedder.seen == []


def test_another_embedder_finds_nothing_of_the_first(tmp_path: Path) -> None:
    opened(tmp_path, FakeEmbedder()).sentences(SENTENCES)
    other = FakeEmbedder("another")
    opened(tmp_path, other).sentences(SENTENCES)
    assert other.seen == SENTENCES[:2]


def test_in_line_is_what_the_library_says_now(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    vectors = opened(tmp_path, embedder)
    vectors.sentences(["Withdrawn since."])
    vectors.bring_in_line(SENTENCES, SENTENCES)
    embedder.seen.clear()
    vectors.sentences(SENTENCES)
    assert embedder.seen == []
    vectors.sentences(["Withdrawn since."])
    assert embedder.seen == ["Withdrawn since."]


def test_without_a_place_to_keep_them_sentences_are_still_embedded(tmp_path: Path) -> None:
    found = opened(tmp_path / "not" / "there", FakeEmbedder()).sentences(SENTENCES)
    assert np.array_equal(found, FakeEmbedder().embed(SENTENCES))


def test_a_damaged_file_costs_time_and_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 500)
    found = opened(tmp_path, FakeEmbedder()).sentences(SENTENCES)
    assert np.array_equal(found, FakeEmbedder().embed(SENTENCES))
    assert "can't be opened" in caplog.text


def test_prepared_sentences_are_not_embedded_at_a_question(library_to_ask: Settings) -> None:
    """Embedding what it was weighed against took two thirds of a second of every new question."""
    chain = asking.open_asking(library_to_ask)
    _, documents, _ = chain.library()
    chain.weigher.prepare(documents.values())
    embedder = chain.index.embedder
    assert isinstance(embedder, FakeEmbedder)
    embedder.seen.clear()
    asking.asked(chain, asking.TERM_QUESTION)
    assert set(embedder.seen) == {asking.TERM_QUESTION}
