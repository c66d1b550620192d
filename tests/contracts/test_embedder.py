"""What every embedder does, the fake and the real ones alike: evidence is judged by these numbers."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from corpus.embedder import Embedder, SentenceTransformersEmbedder, bundled_weights, exported_model, open_embedder
from corpus.errors import ModelError
from corpus.settings import Settings
from ingest.embed import has_amx, open_bulk_embedder
from tests.fakes import FakeEmbedder

TEXTS = [
    "What does a fractional AI CTO cost per month?",
    "A retainer runs from 5.000 € to 15.000 €, by scope.",
    "",
    "日本語 and émigré and 😀 in one line",
    "# Heading › with › marks | and | bars",
    "word " * 180,
    "Go.",
    *(
        f"Sentence number {number} speaks about vendors, evaluation and retrieval {'again ' * (number % 7)}"
        for number in range(12)
    ),
]
REAL = [
    pytest.param("onnx", marks=pytest.mark.model),
    pytest.param("torch", marks=[pytest.mark.model, pytest.mark.slow]),
]


@pytest.fixture(scope="session")
def torch_embedder() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(str(bundled_weights()))


@pytest.fixture(params=["fake", *REAL])
def one(request: pytest.FixtureRequest) -> Embedder:
    named = {"onnx": "real_embedder", "torch": "torch_embedder"}
    embedder: Embedder = FakeEmbedder() if request.param == "fake" else request.getfixturevalue(named[request.param])
    return embedder


def test_vectors_have_length_one(one: Embedder) -> None:
    """Similarity is a bare product: with other lengths, long texts would win."""
    vectors = one.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_the_same_text_gives_the_same_vector(one: Embedder) -> None:
    """Embeddings are kept by content: one made today must be the one made tomorrow."""
    assert np.array_equal(one.embed(TEXTS[:5]), one.embed(TEXTS[:5]))


def test_the_order_of_the_texts_is_the_order_of_the_vectors(one: Embedder) -> None:
    """Sorting by length inside gave each text another's vector once the order was not put back."""
    order = list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    straight, shuffled = one.embed(TEXTS), one.embed([TEXTS[index] for index in order])
    assert (straight[order] * shuffled).sum(axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_neighbours_in_a_batch_change_nothing(one: Embedder) -> None:
    """Padding that is not masked would make a text's vector depend on what it is embedded with."""
    together = one.embed(TEXTS)
    for index in (0, 2, 6, 18):
        assert float(one.embed([TEXTS[index]])[0] @ together[index]) == pytest.approx(1.0, abs=1e-4)


def test_no_texts_give_no_vectors(one: Embedder) -> None:
    """An unchanged library embeds nothing."""
    assert len(one.embed([])) == 0
    assert one.count_tokens([]) == []
    assert one.embed_tokens([]) == []


def test_the_window_is_where_reading_ends(one: Embedder) -> None:
    """A chunk over the window is cut silently: what lies beyond changes nothing, what lies within does."""
    words = [f"w{number % 89}" for number in range(600)]
    fits = max(count for count in range(1, 256) if one.count_tokens([" ".join(words[:count])])[0] <= one.window)
    within, beyond = " ".join(words[:fits]), " ".join(words)
    assert one.window == 256
    vectors = one.embed([within, beyond, f"vendors {within}"])
    assert float(vectors[0] @ vectors[1]) > 0.999
    assert float(vectors[0] @ vectors[2]) < 0.99999
    assert len(one.embed_tokens([beyond])[0].tokens) <= one.window - 2


def test_tokens_are_counted_with_those_at_both_ends(one: Embedder) -> None:
    """The chunker takes two off; counted otherwise, chunks are over the window or waste it."""
    assert one.count_tokens(["", "hello", "hello world"]) == [2, 3, 4]
    both = " ".join(TEXTS[:2])
    assert one.count_tokens([both])[0] - 2 == sum(one.count_tokens(TEXTS[:2])) - 4
    assert one.count_tokens(["word " * 1000]) == [1002]


def test_tokens_in_context_are_those_of_the_text_at_length_one(one: Embedder) -> None:
    """Evidence is matched token by token; a token too many at the ends matches everything."""
    some = TEXTS[:2] + TEXTS[7:]
    for text, count, context in zip(some, one.count_tokens(some), one.embed_tokens(some), strict=True):
        assert len(context.tokens) == len(context.vectors) == count - 2, text
        assert np.linalg.norm(context.vectors, axis=1) == pytest.approx(np.ones(count - 2), abs=1e-3)
    assert one.embed_tokens(["what does it cost"])[0].tokens == ("what", "does", "it", "cost")


def test_texts_about_one_thing_lie_nearer_than_texts_about_two(one: Embedder) -> None:
    """The least that retrieval needs."""
    vectors = one.embed(
        ["the price of a fractional CTO", "a fractional CTO has a price", "rain fell on the old harbour town"]
    )
    assert float(vectors[0] @ vectors[1]) > float(vectors[0] @ vectors[2]) + 0.2


@pytest.mark.model
@pytest.mark.slow
def test_the_export_is_the_original_to_three_decimals(
    real_embedder: Embedder, torch_embedder: SentenceTransformersEmbedder
) -> None:
    """What was ingested with one is asked for with the other: cosine 0.999 or more, text by text and token by token."""
    cosines = (real_embedder.embed(TEXTS) * torch_embedder.embed(TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.999
    assert real_embedder.count_tokens(TEXTS) == torch_embedder.count_tokens(TEXTS)
    for ours, theirs in zip(real_embedder.embed_tokens(TEXTS[:4]), torch_embedder.embed_tokens(TEXTS[:4]), strict=True):
        assert ours.tokens == theirs.tokens
        assert (ours.vectors * theirs.vectors).sum(axis=1).min(initial=1.0) >= 0.999


@pytest.mark.model
@pytest.mark.slow
def test_bulk_embedding_stays_near_enough_to_the_questions_embedder(
    settings: Settings, real_embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bf16 is three times as fast where the processor has it, and only allowed because of this. Elsewhere nothing else is used."""
    monkeypatch.setattr("ingest.embed.has_amx", lambda: False)
    assert open_bulk_embedder(settings).name == open_embedder(settings).name == "all-MiniLM-L6-v2/onnx-fp32"
    monkeypatch.setattr("ingest.embed.has_amx", lambda: True)
    bulk = open_bulk_embedder(settings)
    assert bulk.name == "all-MiniLM-L6-v2/torch-bfloat16"
    assert bulk.window == real_embedder.window
    assert "_loaded" not in vars(bulk)  # to know that nothing is new, nobody waits for torch
    vectors = bulk.embed(TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)
    assert (vectors * real_embedder.embed(TEXTS)).sum(axis=1).min() >= 0.999


def test_a_processor_is_asked_for_amx_once_it_can_be_asked(tmp_path: Path) -> None:
    """On another system there is no such file, and that means no."""
    processors = tmp_path / "cpuinfo"
    assert not has_amx(processors)
    processors.write_text("flags\t\t: fpu avx512f amx_bf16 amx_tile\n")
    assert has_amx(processors)
    processors.write_text("flags\t\t: fpu avx512f\n")
    assert not has_amx(processors)


@pytest.mark.model
@pytest.mark.parametrize("part", ["model.onnx", "tokenizer.json"])
def test_a_damaged_export_says_which_folder_to_remove(
    models: Path, real_embedder: Embedder, tmp_path: Path, part: str
) -> None:
    """A download or a copy cut short is the most frequent damage; `InvalidProtobuf` tells nobody what to do."""
    made = exported_model(models)
    folder = tmp_path / made.name
    folder.mkdir()
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes()[: 1000 if path.name == part else None])
    broken = type(real_embedder)(exported_model(tmp_path))  # type: ignore[call-arg]
    with pytest.raises(ModelError, match=r"can't be loaded.*Remove that folder; it is made again\.") as caught:
        broken.embed(["x"])
    assert str(folder) in str(caught.value)


@pytest.mark.model
@pytest.mark.slow
def test_an_embedder_nobody_has_says_which_setting_to_change(settings: Settings, tmp_path: Path) -> None:
    """FRACTIONAL_EMBEDDER takes any name or folder; a wrong one must not end in a page of another library's errors."""
    (tmp_path / "empty").mkdir()
    wrong = Settings(settings.home, settings.models, settings.corpus, str(tmp_path / "empty"))
    with pytest.raises(ModelError, match=r"/empty` can't be loaded.*FRACTIONAL_EMBEDDER"):
        open_embedder(wrong).embed(["x"])


def test_models_that_cant_be_kept_say_which_setting_to_change(tmp_path: Path) -> None:
    """A file in place of the folder, or a folder without the right to write."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"can't be kept in .*file.*Set FRACTIONAL_MODELS"):
        exported_model(tmp_path / "file")
