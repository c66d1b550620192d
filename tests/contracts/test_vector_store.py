"""What every vector store does, the fake and Chroma alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.vectors import BATCH, ChromaVectors, VectorStore
from tests.fakes import MemoryVectors


@pytest.fixture(params=["memory", "chroma"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    if request.param == "memory":
        yield MemoryVectors()
    else:
        chroma = ChromaVectors(tmp_path / "vectors", "test")
        yield chroma
        chroma.reopen()


def directions(count: int, dimensions: int = 16) -> dict[str, NDArray[np.float32]]:
    """Vectors of length one, each of its own direction."""
    values = np.random.default_rng(7).normal(size=(count, dimensions)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return {f"key-{number:04}": value for number, value in enumerate(values)}


def test_an_empty_store_answers(store: VectorStore) -> None:
    """The first question may come before the first document."""
    assert store.count() == 0
    assert store.keys() == set()
    assert store.nearest(directions(1)["key-0000"], 5) == []


def test_the_nearest_come_first_with_their_cosine(store: VectorStore) -> None:
    """Scores are read as cosines by what judges evidence; a distance in their place turns the order round."""
    values = directions(50)
    store.put(values)
    query = values["key-0003"]
    expected = sorted(((float(value @ query), key) for key, value in values.items()), reverse=True)
    found = store.nearest(query, 10)
    assert [neighbour.vector for neighbour in found] == [key for _, key in expected[:10]]
    assert [neighbour.similarity for neighbour in found] == pytest.approx(
        [similarity for similarity, _ in expected[:10]], abs=1e-5
    )
    assert found[0].similarity == pytest.approx(1.0, abs=1e-5)


def test_the_nearest_of_many_are_all_found(store: VectorStore) -> None:
    """Chroma searches a graph, and lost the very nearest of a hundredth of the questions, not the same ones in each process."""
    keys, matrix = (list(part) for part in zip(*directions(2230, 24).items(), strict=True))
    store.put(dict(zip(keys[30:], matrix[30:], strict=True)))
    for query in matrix[:30]:
        order = np.argsort(-(np.stack(matrix[30:]) @ query))
        assert {neighbour.vector for neighbour in store.nearest(query, 50)} == {keys[30 + row] for row in order[:50]}


def test_asking_for_more_than_there_is_gives_all(store: VectorStore) -> None:
    """Readers ask for more than they need; in a small library that is more than there is."""
    store.put(directions(3))
    assert {neighbour.vector for neighbour in store.nearest(directions(1)["key-0000"], 100)} == {
        "key-0000",
        "key-0001",
        "key-0002",
    }


def test_putting_a_key_again_replaces_its_vector(store: VectorStore) -> None:
    """A run that was killed puts the same keys again; Chroma's `add` would keep the old value without a word."""
    values = directions(2)
    store.put(values)
    store.put({"key-0000": values["key-0001"]})
    assert store.count() == 2
    assert [n.similarity for n in store.nearest(values["key-0001"], 2)] == pytest.approx([1.0, 1.0], abs=1e-5)


def test_what_is_dropped_is_gone_and_may_be_dropped_again(store: VectorStore) -> None:
    """A run killed while dropping drops the same again."""
    store.put(directions(5))
    store.drop(["key-0001", "key-0003"])
    store.drop(["key-0001", "nobody"])
    store.drop([])
    assert store.keys() == {"key-0000", "key-0002", "key-0004"}
    assert "key-0001" not in {n.vector for n in store.nearest(directions(5)["key-0001"], 5)}


def test_more_than_a_batch_goes_in_and_out(store: VectorStore) -> None:
    """Chroma refuses calls beyond a few thousand rows: the library grows past that one day."""
    values = directions(BATCH + 200, 8)
    store.put(values)
    assert store.count() == BATCH + 200
    assert store.keys() == set(values)
    store.drop(sorted(values)[: BATCH + 100])
    assert store.keys() == set(sorted(values)[BATCH + 100 :])


def test_nothing_to_put_is_nothing(store: VectorStore) -> None:
    """A withdrawal brings no vectors."""
    store.put({})
    assert store.count() == 0


def test_reopening_loses_nothing(store: VectorStore) -> None:
    """Readers reopen after each publish."""
    store.reopen()
    store.put(directions(4))
    store.reopen()
    store.reopen()
    assert store.count() == 4


def test_a_store_says_whether_it_holds_exactly_these(store: VectorStore) -> None:
    """Publishing what is published already asks only this. A yes with one vector missing would leave it so."""
    values = directions(1100, 8)  # more than Chroma keeps in its database alone
    assert not store.holds_exactly(set(values))
    store.put(values)
    store.reopen()
    store.count()  # Chroma brings its database in line when it is read
    assert store.holds_exactly(set(values))
    assert not store.holds_exactly(set(values) - {"key-0001"})
    assert not store.holds_exactly(set(values) | {"another"})
    store.drop(["key-0001"])
    store.count()
    assert not store.holds_exactly(set(values))
    store.wipe()
    assert not store.holds_exactly(set(values))


def test_wiping_leaves_an_empty_store_that_works(store: VectorStore) -> None:
    """Damaged vectors are wiped and put back from the record."""
    store.put(directions(4))
    store.wipe()
    assert store.count() == 0
    store.put(directions(2))
    assert store.keys() == {"key-0000", "key-0001"}
