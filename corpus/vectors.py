"""Vectors in Chroma: which chunks lie near a question. Holds only keys and numbers, and can be rebuilt at any time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from corpus.errors import VectorsBroken, home_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chroma takes at most a few thousand rows in one call; well below that, a batch costs nothing.
BATCH = 1000
# How densely Chroma knits its graph and how widely it searches it. With its own 16, 100 and 100, over 2,636 vectors, 1 question in
# 100 lost its very nearest one, another one in each process; so, every one found its nearest fifty, for half a millisecond more.
GRAPH = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 400}
# How long a reader waits for a writer to finish a batch, which takes a quarter of a second.
PATIENCE_SECONDS = 2.0
# More than Chroma writes at a time.
PROBE_BYTES = 8_000_000
# The keys of a collection, where Chroma itself keeps them.
KEYS_IN_DATABASE = (
    "SELECT e.embedding_id FROM embeddings e JOIN segments s ON s.id = e.segment_id "
    "JOIN collections c ON c.id = s.collection WHERE c.name = ?"
)


@dataclass(frozen=True)
class Neighbour:
    vector: str
    similarity: float


class VectorStore(Protocol):
    """Keys with vectors of length one, and the nearest of them by cosine."""

    def put(self, values: Mapping[str, NDArray[np.float32]]) -> None: ...
    def drop(self, keys: Sequence[str]) -> None: ...
    def keys(self) -> set[str]: ...
    def holds_exactly(self, keys: set[str]) -> bool: ...
    def count(self) -> int: ...
    def nearest(self, query: NDArray[np.float32], most: int) -> list[Neighbour]: ...
    def reopen(self) -> None: ...
    def wipe(self) -> None: ...


class ChromaVectors:
    """An embedded Chroma collection, one for each index fingerprint.

    From a thousand vectors on, Chroma keeps its graph in files, and a damaged one ends the whole process (SIGSEGV): cut short
    by a full disk, half written by a process that was killed, or read while another one writes. So the files are sealed with
    their hashes when a change is complete, and opened only while the seal holds.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.name, self.seal = path, f"chunks-{fingerprint}", path / "seal.json"
        self._client: Any = None
        self._collection: Any = None

    def _open(self) -> Any:
        if self._collection is None:
            os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
            import chromadb
            from chromadb.config import Settings as ChromaSettings

            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._wait_until_whole()
                self._client = chromadb.PersistentClient(
                    str(self.path), settings=ChromaSettings(anonymized_telemetry=False)
                )
                self._collection = self._client.get_or_create_collection(
                    self.name,
                    embedding_function=None,
                    configuration={"hnsw": GRAPH},
                )
                if self._collection.configuration["hnsw"]["ef_search"] != GRAPH["ef_search"]:  # an older one
                    self._collection.modify(configuration={"hnsw": {"ef_search": GRAPH["ef_search"]}})
            except FileExistsError as exc:  # a file in place of the folder
                self._fail(exc)
            except (OSError, VectorsBroken):
                raise
            except BaseException as exc:  # Chroma's Rust core panics with a BaseException of its own on damaged files
                self._fail(exc)
        return self._collection

    def _wait_until_whole(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._is_whole():
            if time.monotonic() > until:
                raise VectorsBroken(f"The vectors in {self.path} are not whole.")
            time.sleep(0.02)

    def _is_whole(self) -> bool:
        try:
            return self._sealed() == self._graph()
        except FileNotFoundError:  # somebody is replacing them
            return False

    def _sealed(self) -> dict[str, str]:
        try:
            sealed: dict[str, str] = json.loads(self.seal.read_text())
        except (OSError, ValueError):
            return {}
        return sealed

    def _graph(self) -> dict[str, str]:
        """The files of the graph by their hashes. Before there is a list of what they hold, nobody reads them, and each opening makes
        them anew; Chroma's database looks after itself."""
        hashes = {}
        for path in (file for held in self.path.glob("*/index_metadata.pickle") for file in held.parent.iterdir()):
            with path.open("rb") as file:
                hashes[str(path.relative_to(self.path))] = hashlib.file_digest(file, "blake2b").hexdigest()
        return hashes

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._open()
        self.seal.unlink(missing_ok=True)
        yield
        unfinished = self.seal.with_suffix(".writing")
        unfinished.write_text(json.dumps(self._graph()))
        unfinished.replace(self.seal)

    def _fail(self, exc: BaseException) -> None:
        if isinstance(exc, (KeyboardInterrupt, SystemExit)):
            raise exc
        self._collection = self._client = None
        # Chroma does not say when it is the disk, and making the vectors anew on a full one would lose those that are there.
        with home_errors(self.path.parent), tempfile.TemporaryFile(dir=self.path.parent) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
        raise VectorsBroken(f"The vectors in {self.path} can't be read ({type(exc).__name__}).") from exc

    def put(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        keys = list(values)
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            with self._changing():
                self._call("upsert", ids=some, embeddings=np.stack([values[key] for key in some]))

    def drop(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), BATCH):
            with self._changing():
                self._call("delete", ids=list(keys[start : start + BATCH]))

    def keys(self) -> set[str]:
        return set(self._call("get", include=[])["ids"])

    def holds_exactly(self, keys: set[str]) -> bool:
        """Whether these keys are there, whole, and no others. Looked up without Chroma, which takes a second to import and open;
        where its database can't be read so, or reads otherwise, the answer is no, and who asks will open it."""
        try:
            database = sqlite3.connect(f"{(self.path / 'chroma.sqlite3').as_uri()}?mode=ro", uri=True)
            with closing(database):
                found = [key for (key,) in database.execute(KEYS_IN_DATABASE, (self.name,))]
            return self._is_whole() and sorted(found) == sorted(keys)
        except (OSError, sqlite3.Error):
            return False

    def count(self) -> int:
        return int(self._call("count"))

    def nearest(self, query: NDArray[np.float32], most: int) -> list[Neighbour]:
        # More than there are is no error. Counted first, what another process adds meanwhile would push the last ones out.
        found = self._call("query", query_embeddings=query.reshape(1, -1), n_results=most, include=["distances"])
        return [
            Neighbour(key, 1.0 - float(distance))
            for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def _call(self, verb: str, **values: Any) -> Any:
        collection = self._open()
        try:
            return getattr(collection, verb)(**values)
        except OSError:
            raise
        except BaseException as exc:  # see _open
            self._fail(exc)

    def reopen(self) -> None:
        """See what another process wrote: a second client on the same path would reuse the first one's stale system."""
        if self._client is None:
            return
        from chromadb.api.shared_system_client import SharedSystemClient

        self._client.close()
        SharedSystemClient.clear_system_cache()
        self._client = self._collection = None

    def wipe(self) -> None:
        """Remove everything, damaged files too."""
        if self._client is not None:
            self.reopen()
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient.clear_system_cache()
        self._client = self._collection = None
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)
