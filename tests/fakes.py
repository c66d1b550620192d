"""Stand-ins that keep their contracts: an embedder that hashes words and a vector store in memory (`contracts/` holds them to it)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.embedder import InContext
from corpus.vectors import Neighbour

DIMENSIONS = 128


class FakeEmbedder:
    """A bag of words hashed to a vector: texts that share words lie near each other. `seen` is every text it was asked to embed."""

    name = "bag-of-words/fake"
    window = 256

    def __init__(self, name: str = name) -> None:
        self.name = name
        self.seen: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_tokens(text)) + 2 for text in texts]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, context in enumerate(self.embed_tokens(texts)):
            vectors[row] = context.vectors.sum(axis=0)
            vectors[row, 0] += 1e-3  # a text without words has a direction, too
            vectors[row] /= np.linalg.norm(vectors[row])
        return vectors

    def embed_tokens(self, texts: Sequence[str]) -> list[InContext]:
        found = []
        for text in texts:
            tokens = _tokens(text)[: self.window - 2]
            vectors = np.zeros((len(tokens), DIMENSIONS), dtype=np.float32)
            for row, token in enumerate(tokens):
                vectors[row, zlib.crc32(token.encode()) % (DIMENSIONS - 1) + 1] = 1.0
            found.append(InContext(tuple(tokens), vectors))
        return found


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())


class MemoryVectors:
    """Vectors in a dictionary, compared one by one."""

    def __init__(self) -> None:
        self.values: dict[str, NDArray[np.float32]] = {}

    def put(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        self.values.update(values)

    def drop(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.values.pop(key, None)

    def keys(self) -> set[str]:
        return set(self.values)

    def holds_exactly(self, keys: set[str]) -> bool:
        return self.keys() == keys

    def count(self) -> int:
        return len(self.values)

    def nearest(self, query: NDArray[np.float32], most: int) -> list[Neighbour]:
        found = [Neighbour(key, float(value @ query)) for key, value in self.values.items()]
        return sorted(found, key=lambda neighbour: -neighbour.similarity)[:most]

    def reopen(self) -> None:
        """Nothing is stale here."""

    def wipe(self) -> None:
        self.values.clear()
