"""The published index as a reader sees it: always the newest snapshot, whole, and mended when its vectors are damaged.

Knows nothing about how a snapshot is made (`ingest.publish`) or what is asked of it (`rag`).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from corpus.embedder import Embedder, open_embedder
from corpus.errors import Busy, FractionalError, VectorsBroken, home_errors
from corpus.record import Record, StoredChunk
from corpus.settings import Settings
from corpus.vectors import ChromaVectors, VectorStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)
# Publishing a few hundred documents from nothing takes about a minute on two cores.
LOCK_PATIENCE_SECONDS = 120
VECTORS_AT_ONCE = 1000


@dataclass(frozen=True)
class NearChunk:
    chunk: StoredChunk
    similarity: float


def vector_key(embedder: str, embedded_text: str) -> str:
    """The key of an embedding: who embedded it, and what."""
    return hashlib.sha256(f"{embedder}\n{embedded_text}".encode()).hexdigest()[:32]


def collection_of(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()[:12]


def open_vectors(settings: Settings, fingerprint: str) -> ChromaVectors:
    return ChromaVectors(settings.vectors_path, collection_of(fingerprint))


def publishing_lock(settings: Settings, patience: float = LOCK_PATIENCE_SECONDS) -> FileLock:
    """One writer at a time; the operating system lets go of it when the process dies."""
    with home_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.lock_path, timeout=patience)
        try:
            lock.acquire()
        except Timeout as exc:
            raise Busy(
                f"Another process has been publishing to {settings.home} for {patience:.0f} s. Wait for it, then run this again."
            ) from exc
        return lock


def bring_vectors_in_line(record: Record, vectors: VectorStore, needed: set[str]) -> int:
    """Put every vector that is needed and missing, from the record; a damaged store is made anew. How many were put."""
    try:
        return _put_missing(record, vectors, needed)
    except VectorsBroken:
        vectors.wipe()
        return _put_missing(record, vectors, needed)


def _put_missing(record: Record, vectors: VectorStore, needed: set[str]) -> int:
    missing = sorted(needed - vectors.keys())
    for start in range(0, len(missing), VECTORS_AT_ONCE):
        values = record.vector_values(missing[start : start + VECTORS_AT_ONCE])
        vectors.put({key: np.frombuffer(value, dtype=np.float32) for key, value in values.items()})
    return len(missing)


class Index:
    """What a question is asked of. Opened once by a process; follows what others publish."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self.settings = settings
        self.record = Record(settings.record_path)
        self._embedder = embedder
        self._vectors: VectorStore | None = None
        self._embedded: dict[tuple[str, ...], NDArray[np.float32]] = {}  # the last
        self._snapshot_seen = 0
        self._fingerprint = ""

    @cached_property
    def embedder(self) -> Embedder:
        return self._embedder or open_embedder(self.settings)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A question that is looked up by itself and then sentence by sentence is mostly one sentence, and embedded once."""
        known = self._embedded.get(tuple(texts))
        if known is None:
            known = self.embedder.embed(texts)
            self._embedded = {tuple(texts): known}
        return known

    def nearest(self, query: NDArray[np.float32], most: int) -> list[NearChunk]:
        """The published chunks nearest to a query, best first."""
        vectors = self._fresh_vectors()
        try:
            return self._published(query, most, vectors)
        except VectorsBroken as broken:
            log.warning("%s Making them again from the record.", broken)
            self._mend(vectors, wipe=True)
            return self._published(query, most, vectors)

    def _published(self, query: NDArray[np.float32], most: int, vectors: VectorStore) -> list[NearChunk]:
        """Ask for more than is wanted, and keep what this snapshot names."""
        asked = most * 2
        while True:
            neighbours = vectors.nearest(query, asked)
            found: dict[int, NearChunk] = {}  # each by its nearest vector, which comes first
            for start in range(0, len(neighbours), most):  # mostly, the first are enough
                some = neighbours[start : start + most]
                chunks = self.record.chunks_of_vectors([neighbour.vector for neighbour in some])
                for neighbour in some:
                    for chunk in chunks.get(neighbour.vector, []):
                        found.setdefault(chunk.number, NearChunk(chunk, neighbour.similarity))
                if len(found) >= most:
                    return list(found.values())[:most]
            if len(neighbours) < asked:
                return list(found.values())
            asked *= 4

    def _fresh_vectors(self) -> VectorStore:
        number = self.record.newest_number()
        if self._vectors is not None and number == self._snapshot_seen:
            return self._vectors
        snapshot = self.record.newest()
        fingerprint = snapshot.fingerprint if snapshot else self.embedder.name
        if snapshot and fingerprint.split("/")[0] != self.embedder.name.split("/")[0]:
            raise FractionalError(
                f"The library was indexed with {fingerprint}, and questions are set to {self.embedder.name}. "
                "Run `fractional publish` to index it again, or set FRACTIONAL_EMBEDDER back."
            )
        if self._vectors is not None and fingerprint == self._fingerprint:
            self._vectors.reopen()
        else:
            self._vectors = open_vectors(self.settings, fingerprint)
        with home_errors(self.settings.home):
            try:
                whole = self._vectors.count() >= len(self.record.vectors_named(1))
            except VectorsBroken:
                whole = False
            if not whole:
                self._mend(self._vectors)
        self._snapshot_seen, self._fingerprint = number, fingerprint
        return self._vectors

    def _mend(self, vectors: VectorStore, wipe: bool = False) -> None:
        """Put back what is missing, once nobody publishes; who was first may have done it."""
        lock = publishing_lock(self.settings)
        try:
            if wipe:
                vectors.wipe()
            put = bring_vectors_in_line(self.record, vectors, self.record.vectors_named(1))
            if put:
                log.warning("%d vectors were missing or damaged, and were put back from the record.", put)
        finally:
            lock.release()
