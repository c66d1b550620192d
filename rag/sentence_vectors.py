"""Vectors of the library's sentences, each computed once and kept beside the record; they can be made again at any time.

A question is weighed against some fifty sentences, and embedding those took two thirds of the time to an answer
(docs/experiments.md). Knows nothing about questions or documents.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.embedder import Embedder

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

FILE = "sentences.sqlite3"
SENTENCE, TOKENS = "sentence", "tokens"
# So many are computed before they are kept, so that a background run that ends loses little.
AT_ONCE = 64
# SQLite takes some hundreds of values in one statement.
ASKED_AT_ONCE = 400
# A token's vector in eight bits a number: a quarter of the room, and the nearness of two moves by less than 0.01.
STEPS = 127
BUSY_MILLISECONDS = 2_000


class SentenceVectors:
    """By text: the sentence's vector, or one vector for each of its tokens. Every vector has length one."""

    def __init__(self, home: Path, embedder: Callable[[], Embedder]) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._kept = _open(home / FILE)

    def sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        values = self._values(SENTENCE, texts)
        return np.stack([np.frombuffer(values[text], np.float32) for text in texts])

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Always as they come out of eight bits, so that an answer does not depend on what was kept before."""
        values = self._values(TOKENS, texts)
        return [_from_eight_bits(values[text]) for text in texts]

    def bring_in_line(self, sentences: Iterable[str], tokens: Iterable[str]) -> None:
        """Compute ahead what these lack, and let go of all others."""
        wanted = {SENTENCE: dict.fromkeys(sentences), TOKENS: dict.fromkeys(tokens)}
        keys = {self._key(kind, text): (kind, text) for kind, texts in wanted.items() for text in texts}
        with self._lock:
            known = {row[0] for row in self._kept.execute("SELECT key FROM kept")}
        for kind in wanted:
            missing = [text for key, (of, text) in keys.items() if of == kind and key not in known]
            for start in range(0, len(missing), AT_ONCE):
                self._values(kind, missing[start : start + AT_ONCE])
        with self._lock, self._kept:
            self._kept.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in known - keys.keys()])

    def _values(self, kind: str, texts: Sequence[str]) -> Mapping[str, bytes]:
        keys = {self._key(kind, text): text for text in texts}
        found = {keys[key]: value for key, value in self._read(list(keys)).items()}
        if missing := [text for text in dict.fromkeys(texts) if text not in found]:
            made = self._made(kind, missing)
            self._keep({self._key(kind, text): value for text, value in made.items()})
            found |= made
        return found

    def _made(self, kind: str, texts: Sequence[str]) -> dict[str, bytes]:
        if kind == SENTENCE:
            return {text: vector.tobytes() for text, vector in zip(texts, self._embedder().embed(texts), strict=True)}
        return {
            text: _in_eight_bits(context.vectors)
            for text, context in zip(texts, self._embedder().embed_tokens(texts), strict=True)
        }

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        try:
            with self._lock:
                for start in range(0, len(keys), ASKED_AT_ONCE):
                    some = keys[start : start + ASKED_AT_ONCE]
                    marks = ",".join("?" * len(some))
                    found.update(self._kept.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", some))
        except sqlite3.Error as error:
            log.warning("Kept vectors of sentences can't be read (%s); they are computed again.", error)
        return found

    def _keep(self, values: Mapping[bytes, bytes]) -> None:
        try:
            with self._lock, self._kept:
                self._kept.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?)", values.items())
        except (
            sqlite3.Error
        ) as error:  # a full disk, or another process that writes for long: the question is answered all the same
            log.warning("Vectors of sentences could not be kept: %s", error)

    def _key(self, kind: str, text: str) -> bytes:
        return hashlib.blake2b(f"{self._embedder().name}\n{kind}\n{text}".encode(), digest_size=16).digest()


def _open(path: Path) -> sqlite3.Connection:
    """The file, or memory where it can't be had."""
    for place in (str(path), ":memory:"):
        try:
            kept = sqlite3.connect(place, check_same_thread=False, timeout=BUSY_MILLISECONDS / 1000)
            kept.execute("PRAGMA journal_mode = WAL")
            kept.execute("PRAGMA synchronous = OFF")  # what is lost with the power is made again
            kept.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
            return kept
        except sqlite3.Error as error:
            log.warning("%s can't be opened: %s", place, error)
    raise AssertionError("SQLite always has memory")


def _in_eight_bits(vectors: NDArray[np.float32]) -> bytes:
    """How wide a vector is, in two bytes, and then the vectors."""
    largest = np.maximum(np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0), 1e-9)
    steps: bytes = np.rint(vectors * (STEPS / largest)).astype(np.int8).tobytes()
    return int(vectors.shape[1]).to_bytes(2, "little") + steps


def _from_eight_bits(value: bytes) -> NDArray[np.float32]:
    vectors = (
        np.frombuffer(value, np.int8, offset=2).reshape(-1, int.from_bytes(value[:2], "little")).astype(np.float32)
    )
    scaled: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled
