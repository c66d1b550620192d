"""The published index as a reader sees it: whatever happens to the vectors, the next question is answered and they are made again."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import FractionalError
from corpus.index import Index, open_vectors
from corpus.record import Record
from corpus.settings import Settings
from corpus.vectors import ChromaVectors
from ingest.publish import Publisher
from tests.children import exit_code, start
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, sections

WORDS = ("apples", "pears", "plums")
LIBRARY = {"a": document("a", sections(*WORDS)), "b": document("b", sections("quinces"))}


@pytest.fixture
def published(settings: Settings) -> Settings:
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    publisher.publish(LIBRARY)
    close(settings)
    return settings


def close(settings: Settings) -> None:
    """Let go of Chroma's files in this process, as if it had ended."""
    vectors = open_vectors(settings, FakeEmbedder.name)
    vectors.count()
    vectors.reopen()


def assert_answers_without_embedding_again(settings: Settings) -> None:
    embedder = FakeEmbedder()
    index = Index(settings, embedder)
    for word in WORDS:
        query = embedder.embed([word])[0]
        assert word in index.nearest(query, 1)[0].chunk.text
    assert embedder.seen == list(WORDS)  # nothing but the questions
    close(settings)
    assert disagreements(settings, embedder) == []


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def empty_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def file_in_place_of_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def truncate_database(folder: Path) -> None:
    path = folder / "chroma.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def empty_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"")


def garbage_in_database(folder: Path) -> None:
    path = folder / "chroma.sqlite3"
    path.write_bytes(b"\xa5" * path.stat().st_size)


def torn_database(folder: Path) -> None:
    path = folder / "chroma.sqlite3"
    raw = path.read_bytes()
    path.write_bytes(raw[:8192] + b"\xa5" * (len(raw) - 8192))


def no_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").unlink()


def no_segments(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def no_collection(folder: Path) -> None:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    client.close()
    SharedSystemClient.clear_system_cache()


def half_of_the_vectors(folder: Path) -> None:
    from corpus.index import collection_of

    vectors = ChromaVectors(folder, collection_of(FakeEmbedder.name))
    vectors.drop(sorted(vectors.keys())[::2])
    vectors.reopen()


DAMAGES: list[Callable[[Path], None]] = [
    remove_folder,
    empty_folder,
    file_in_place_of_folder,
    truncate_database,
    empty_database,
    garbage_in_database,
    torn_database,
    no_database,
    no_segments,
    no_collection,
    half_of_the_vectors,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_vectors_are_made_again_by_the_next_question(
    published: Settings, damage: Callable[[Path], None]
) -> None:
    """Vectors are the only part that can be rebuilt: a question must do it, from the record, without the model."""
    damage(published.vectors_path)
    assert_answers_without_embedding_again(published)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_vectors_are_made_again_by_the_next_publish(
    published: Settings, damage: Callable[[Path], None]
) -> None:
    """An operator who publishes first must not be stopped by it either."""
    damage(published.vectors_path)
    embedder = FakeEmbedder()
    done = Publisher(published, Record(published.record_path), embedder).publish(
        {"c": document("c", sections("cherries"))}
    )
    assert (done.snapshot, done.embedded) == (2, 1)
    assert disagreements(published, embedder) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_vectors_are_made_again_where_nothing_new_is_published(
    published: Settings, damage: Callable[[Path], None]
) -> None:
    """Such a run looks at the vectors without opening them, and must not take damaged ones for whole."""
    damage(published.vectors_path)
    embedder = FakeEmbedder()
    assert not Publisher(published, Record(published.record_path), embedder).publish().anything
    assert disagreements(published, embedder) == []
    assert_answers_without_embedding_again(published)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [remove_folder, truncate_database, garbage_in_database, no_collection, half_of_the_vectors]
)
def test_damage_to_an_open_index_is_survived(published: Settings, damage: Callable[[Path], None]) -> None:
    """The chat runs for weeks; somebody clears the folder under it. Another process does the damage, as it would be."""
    embedder = FakeEmbedder()
    index = Index(published, embedder)
    assert "apples" in index.nearest(embedder.embed(["apples"])[0], 1)[0].chunk.text
    child = start(damage, published.vectors_path)
    assert exit_code(child) == 0
    assert "pears" in index.nearest(embedder.embed(["pears"])[0], 1)[0].chunk.text
    Publisher(published, Record(published.record_path), FakeEmbedder()).publish(
        {"c": document("c", sections("cherries"))}
    )
    assert "cherries" in index.nearest(embedder.embed(["cherries"])[0], 1)[0].chunk.text
    assert len(index.nearest(embedder.embed(["word"])[0], 50)) == 5


@pytest.fixture(scope="module")
def large_home(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """A home with so many vectors that Chroma keeps its graph in files; to be copied."""
    place = tmp_path_factory.mktemp("large")
    (place / "corpus").mkdir()
    assert exit_code(start(publish_a_large_library, Settings(place / "home", models, place / "corpus", "fake"))) == 0
    assert list(place.rglob("index_metadata.pickle"))
    return place / "home"


GRAPH = ["data_level0.bin", "header.bin", "length.bin", "link_lists.bin", "index_metadata.pickle", "seal.json"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncate", "garbage", "remove", "empty"])
@pytest.mark.parametrize("part", GRAPH)
def test_damaged_files_of_a_large_index_are_survived(
    settings: Settings, large_home: Path, part: str, damage: str
) -> None:
    """A graph half written by a process that was killed, or cut short by a full disk, ended the reader with a SIGSEGV."""
    shutil.copytree(large_home, settings.home)
    vectors, named = open_vectors(settings, FakeEmbedder.name), Record(settings.record_path).vectors_named()
    assert vectors.holds_exactly(named)
    for path in settings.vectors_path.rglob(part):
        raw = path.read_bytes()
        if damage == "remove":
            path.unlink()
        else:
            path.write_bytes({"truncate": raw[: len(raw) // 2], "garbage": b"\xa5" * len(raw), "empty": b""}[damage])
    assert not vectors.holds_exactly(named)
    assert exit_code(start(ask_a_large_library, settings)) == 0


def publish_a_large_library(settings: Settings) -> None:
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    words = [[f"w{number}x{part}" for part in range(60)] for number in range(20)]
    publisher.publish({f"d{number}": document(f"d{number}", sections(*some)) for number, some in enumerate(words)})


def ask_a_large_library(settings: Settings) -> None:
    import corpus.vectors

    corpus.vectors.PATIENCE_SECONDS = 0.1  # nobody is writing
    embedder = FakeEmbedder()
    index = Index(settings, embedder)
    for word in ("w3x7", "w19x59"):
        found = index.nearest(embedder.embed([f"the word {word}"])[0], 20)
        assert len(found) == 20
    assert len(embedder.seen) == 2


@pytest.mark.slow
def test_a_reader_waits_for_a_writer_to_finish_a_batch(settings: Settings, large_home: Path) -> None:
    """Read while it is written, the graph is as good as damaged; and made anew for that, it would be every time."""
    shutil.copytree(large_home, settings.home)
    seal = settings.vectors_path / "seal.json"
    sealed = seal.read_bytes()
    seal.unlink()  # a writer has begun
    later = threading.Timer(0.5, lambda: seal.write_bytes(sealed))
    later.start()
    began = time.monotonic()
    vectors = open_vectors(settings, FakeEmbedder.name)
    assert vectors.count() == 1200
    assert 0.4 < time.monotonic() - began < 2.0
    vectors.reopen()


def test_readers_get_as_many_as_they_ask_for_though_old_vectors_lie_nearer(settings: Settings) -> None:
    """Chroma still holds the vectors of older snapshots: asked for ten, it may return ten of those, and nothing would be left."""
    embedder = FakeEmbedder()
    publisher = Publisher(settings, Record(settings.record_path), embedder)
    publisher.publish({f"old{number}": document(f"old{number}", f"Apples {number}.") for number in range(60)})
    publisher.publish(
        {f"old{number}": None for number in range(60)}
        | {f"new{n}": document(f"new{n}", f"Pears {n}.") for n in range(12)}
    )
    index = Index(settings, embedder)
    found = index.nearest(embedder.embed(["Apples"])[0], 10)
    assert len(found) == 10
    assert {chunk.chunk.document[:3] for chunk in found} == {"new"}
    assert [f.similarity for f in found] == sorted((f.similarity for f in found), reverse=True)
    assert len(index.nearest(embedder.embed(["Apples"])[0], 50)) == 12


def test_the_nearest_of_all_come_first(published: Settings, embedder: FakeEmbedder) -> None:
    """Similarities are cosines of the very vectors the record keeps."""
    index = Index(published, embedder)
    query = embedder.embed(["quinces"])[0]
    found = index.nearest(query, 10)
    values = index.record.vector_values([chunk.chunk.vector for chunk in found])
    cosines = [float(np.frombuffer(values[chunk.chunk.vector], dtype=np.float32) @ query) for chunk in found]
    assert [chunk.similarity for chunk in found] == pytest.approx(cosines, abs=1e-5)
    assert found[0].chunk.document == "b"


def test_questions_to_another_embedder_are_refused_with_the_remedy(published: Settings) -> None:
    """Vectors of two models in one space find nonsense, without an error."""
    index = Index(published, FakeEmbedder("another-model/fake"))
    with pytest.raises(
        FractionalError, match=r"indexed with bag-of-words/fake.*`fractional publish`.*FRACTIONAL_EMBEDDER"
    ):
        index.nearest(np.zeros(128, dtype=np.float32), 5)


def test_the_same_model_in_another_precision_is_the_same(published: Settings) -> None:
    """Ingested in bf16, asked in fp32: cosine 0.999, and one collection."""
    embedder = FakeEmbedder("bag-of-words/another-precision")
    found = Index(published, embedder).nearest(embedder.embed(["plums"])[0], 1)
    assert "plums" in found[0].chunk.text
