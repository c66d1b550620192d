"""Stand-ins that keep their contracts (`contracts/` holds them to it): an embedder that hashes words, a vector store in memory, a writer
that says what it was told to; and a reader that needs no model."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.embedder import InContext
from corpus.vectors import Neighbour
from rag.words import stems
from rag.writers.port import Failed, Prompt, Usage

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


class WordReader:
    """The reader's log-odds from shared words alone."""

    def speaks(self, question: str, positions: Sequence[str]) -> list[float]:
        return self.read(question, positions)

    def read(self, question: str, texts: Sequence[str]) -> list[float]:
        asked = stems(question)
        return [4.0 * len(asked & stems(text)) / max(1, len(asked)) - 2.0 for text in texts]


class ScriptedWriter:
    """Writes what it was told to: words, a `Failed` to be raised, or an event to be waited for. Keeps every prompt it was given.

    Without a script it copies the first passage and cites it, as a model does that keeps to its sources.
    """

    def __init__(
        self,
        *script: str | Failed | threading.Event,
        name: str = "scripted",
        model: str = "scripted 1",
        price: float = 0.0,
        unready: str = "",
        seconds: float = 20.0,
        capable: bool = False,
    ) -> None:
        self.name, self.model, self.seconds, self.capable = name, model, seconds, capable
        self.passage_tokens = 400
        self.script: tuple[str | Failed | threading.Event, ...] = script
        self.unready = unready
        self.prompts: list[Prompt] = []
        self.ended = threading.Event()  # it stopped writing, for whatever reason
        self._price = price

    @property
    def asked(self) -> int:
        return len(self.prompts)

    def not_ready(self) -> str:
        return self.unready

    def warm(self, system: str) -> None:
        self.warmed = system

    def price(self, usage: Usage) -> float:
        return (usage.read + usage.written) * self._price

    def words(self, prompt: Prompt, usage: Usage, stop: threading.Event) -> Iterator[str]:
        self.prompts.append(prompt)
        self.ended.clear()
        try:
            for step in self.script or (_first_passage(prompt),):
                if isinstance(step, Failed):
                    raise step
                if isinstance(step, str):
                    yield step
                else:
                    while not (stop.is_set() or step.wait(0.01)):
                        pass
                if stop.is_set():
                    return
            usage.read, usage.written = 100, 10
        finally:
            self.ended.set()


def _first_passage(prompt: Prompt) -> str:
    line = next(line for line in prompt.user.splitlines() if line.startswith("[1] "))
    return f"{line.split(': ', 1)[1]} [1]"
