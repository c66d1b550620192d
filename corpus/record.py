"""The record: one SQLite file that is the only commit point. Snapshots, chunks, the lexical index, and what happened.

A snapshot names a version of each document; the chunks belong to versions. The lexical index (FTS5) holds exactly the chunks
of the newest snapshot, changed in the same transaction that makes the snapshot, so one read transaction sees one library.
Knows nothing about vectors, models or files; `pending_files` says which files still have to be brought in line.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus.documents import Document, parse_document, stored_document
from corpus.errors import NotFound, RecordError, home_errors
from corpus.schema import SCHEMA_VERSION, SCHEMAS

# Snapshots that can be rolled back to and whose vectors are kept.
SNAPSHOTS_KEPT = 10


@dataclass(frozen=True)
class StoredChunk:
    """A chunk of the newest snapshot, and the document it belongs to."""

    number: int
    document: str
    version: str
    headings: tuple[str, ...]
    start: int
    end: int
    text: str
    vector: str


@dataclass(frozen=True)
class StoredQuestion:
    """A question that the sentence at `start:end` of a document answers, and the key of its embedding."""

    start: int
    end: int
    question: str
    vector: str


@dataclass(frozen=True)
class NewChunk:
    """A chunk to be recorded; `vector` is the key of its embedding."""

    ordinal: int
    headings: tuple[str, ...]
    start: int
    end: int
    text: str
    vector: str
    questions: tuple[StoredQuestion, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    number: int
    made: str
    who: str
    action: str
    fingerprint: str
    chunker: str
    changes: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class KnownInput:
    """What an input became when it was published, and what was told about it then; the record does not look into that."""

    document: str
    version: str
    told: str


@dataclass(frozen=True)
class PastAnswer:
    """An answer that was given, without its text."""

    id: str
    asked: str
    question: str
    verdict: str
    snapshot: int
    conversation: str


@dataclass(frozen=True)
class Look:
    """When a document's address was first looked at for this version of it, and the digest of the text there."""

    version: str
    digest: str
    looked: str


class Record:
    """The SQLite file of one home, opened by one process; safe to use from several threads one at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: dict[str, Document] = {}  # by version, so never out of date
        with home_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self.connection.row_factory = sqlite3.Row
            self._prepare()

    def _prepare(self) -> None:
        connection = self.connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise RecordError(
                f"{self.path} was written by a newer version of this program. Update the program or use another FRACTIONAL_HOME."
            )
        with self.writing():
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for statement in (one for schema in SCHEMAS[version:] for one in schema.strip().split(";\n")):
                connection.execute(statement.rstrip(";"))
            if version:  # a new table of words is empty
                self._bring_lexical_in_line(connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with home_errors(self.path.parent):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view: what is published meanwhile is not seen."""
        with home_errors(self.path.parent):
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    # What is published

    def newest(self) -> Snapshot | None:
        row = self._one("SELECT * FROM snapshots ORDER BY number DESC LIMIT 1")
        return _snapshot(row) if row else None

    def newest_number(self) -> int:
        row = self._one("SELECT max(number) AS number FROM snapshots")
        return int(row["number"] or 0) if row else 0

    def data_version(self) -> int:
        """Another number than before when somebody else has written since."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def number_after(self, number: int) -> None:
        """The next snapshot comes after this one, too."""
        with self.writing() as connection:
            connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'snapshots'", (number,))

    def is_kept(self, number: int) -> bool:
        """Can this snapshot still be rolled back to?"""
        return number in {snapshot.number for snapshot in self.snapshots(SNAPSHOTS_KEPT)}

    def snapshots(self, most: int = 50) -> list[Snapshot]:
        return [_snapshot(row) for row in self.rows("SELECT * FROM snapshots ORDER BY number DESC LIMIT ?", most)]

    def snapshot(self, number: int) -> Snapshot:
        row = self._one("SELECT * FROM snapshots WHERE number = ?", number)
        if not row:
            raise NotFound(f"There is no snapshot {number}. `fractional history` lists them.")
        return _snapshot(row)

    def versions_in(self, snapshot: int) -> dict[str, str]:
        """Document to version."""
        rows = self.rows("SELECT document, version FROM snapshot_documents WHERE snapshot = ?", snapshot)
        return {row["document"]: row["version"] for row in rows}

    def contents_in(self, snapshot: int) -> dict[str, str]:
        """Document to the content of its file."""
        rows = self.rows(
            "SELECT s.document, v.content FROM snapshot_documents s JOIN versions v USING (version) WHERE s.snapshot = ? ORDER BY 1",
            snapshot,
        )
        return {row["document"]: row["content"] for row in rows}

    def documents(self, ids: Iterable[str] | None = None) -> dict[str, Document]:
        """The published documents, all or those named."""
        among, wanted = _among("s.document", ids)
        rows = self.rows(
            "SELECT s.document, s.version, v.content FROM snapshot_documents s JOIN versions v USING (version) "
            f"WHERE s.snapshot = ? {among} ORDER BY 1",
            self.newest_number(),
            *wanted,
        )
        found = {
            id: self._read.get(version) or stored_document(content, version, f"{id}.md")
            for id, version, content in rows
        }
        kept = {} if ids is None else self._read  # what is published no more is forgotten when all is read
        self._read = kept | {document.version: document for document in found.values()}
        return found

    def document(self, id: str) -> Document:
        found = self.documents([id])
        if id not in found:
            raise NotFound(f"There is no document `{id}` in the library. `fractional list` shows what there is.")
        return found[id]

    def titles(self, ids: Iterable[str]) -> dict[str, str]:
        """The titles of documents, published now or in a snapshot that is kept; of those in none, nothing."""
        wanted = set(ids)
        found = {id: document.title for id, document in self.documents(wanted).items()}
        among, missing = _among("document", wanted - found.keys())
        for id, content in self.rows(
            f"SELECT document, content FROM versions WHERE true {among} ORDER BY rowid", *missing
        ):
            found[id] = parse_document(content, f"{id}.md").title
        return found

    # Chunks of the newest snapshot

    COLUMNS = 'SELECT c.number, s.document, c.version, c.headings, c.start, c."end", c.text, c.vector '
    CURRENT = (
        f"{COLUMNS} FROM snapshot_documents s "
        "JOIN snapshots n ON n.number = s.snapshot JOIN chunks c ON c.version = s.version AND c.chunker = n.chunker "
        "WHERE s.snapshot = (SELECT max(number) FROM snapshots)"
    )
    # The same for a few: from the chunks to the snapshot. The other way round, as SQLite would go, it reads all chunks of the
    # snapshot: fifty of 2,644 by their vectors took 1.4 ms so, and take 0.2.
    A_FEW = (
        f"{COLUMNS} FROM chunks c CROSS JOIN versions v ON v.version = c.version "
        "CROSS JOIN snapshot_documents s ON s.document = v.document AND s.version = c.version "
        "JOIN snapshots n ON n.number = s.snapshot AND n.chunker = c.chunker "
        "WHERE s.snapshot = (SELECT max(number) FROM snapshots)"
    )

    def chunks(self, documents: Iterable[str] | None = None) -> list[StoredChunk]:
        """The chunks of all documents, or of those named, in order."""
        among, wanted = _among("s.document", documents)
        return [_chunk(row) for row in self.rows(f"{self.CURRENT} {among} ORDER BY s.document, c.ordinal", *wanted)]

    def chunks_of_vectors(self, vectors: Sequence[str]) -> dict[str, list[StoredChunk]]:
        """The published chunks that these vectors stand for, their own or that of a question they answer; vectors of other
        snapshots find none."""
        among, wanted = _among("c.vector", vectors)
        found: dict[str, list[StoredChunk]] = {}
        for row in self.rows(f"{self.A_FEW} {among} ORDER BY s.document, c.ordinal", *wanted):
            found.setdefault(row["vector"], []).append(_chunk(row))
        among, wanted = _among("vector", vectors)
        asked = self.rows(f"SELECT DISTINCT vector, chunk FROM questions WHERE true {among} ORDER BY rowid", *wanted)
        chunks = self.chunks_numbered([row["chunk"] for row in asked]) if asked else {}
        for row in asked:
            if row["chunk"] in chunks:
                found.setdefault(row["vector"], []).append(chunks[row["chunk"]])
        return found

    def questions_of(self, chunks: Iterable[int]) -> dict[int, list[StoredQuestion]]:
        """The questions that these chunks are known to answer."""
        among, wanted = _among("chunk", chunks)
        found: dict[int, list[StoredQuestion]] = {}
        for row in self.rows(f"SELECT * FROM questions WHERE true {among} ORDER BY rowid", *wanted):
            found.setdefault(row["chunk"], []).append(
                StoredQuestion(row["start"], row["end"], row["question"], row["vector"])
            )
        return found

    def chunks_numbered(self, numbers: Sequence[int]) -> dict[int, StoredChunk]:
        among, wanted = _among("c.number", numbers)
        return {row["number"]: _chunk(row) for row in self.rows(f"{self.A_FEW} {among}", *wanted)}

    def lexical(self, expression: str, most: int) -> list[tuple[int, float]]:
        """Chunk numbers by BM25, best first; a heading's word counts more than a body's."""
        rows = self.rows(
            "SELECT rowid AS number, -bm25(lexical, 2.0, 1.5, 1.0, 1.0) AS score FROM lexical WHERE lexical MATCH ? ORDER BY score DESC LIMIT ?",
            expression,
            most,
        )
        return [(row["number"], row["score"]) for row in rows]

    def passages_with(self, word: str) -> int:
        """How many published passages hold a word in any of its forms."""
        row = self._one("SELECT count(*) AS n FROM lexical WHERE lexical MATCH ?", f'"{word}"')
        return int(row["n"]) if row else 0

    def vectors_named(self, last: int = SNAPSHOTS_KEPT) -> set[str]:
        """The vectors that the last snapshots need."""
        rows = self.rows(
            "WITH kept AS (SELECT number, vector FROM chunks JOIN "
            "(SELECT DISTINCT s.version, n.chunker FROM snapshots n JOIN snapshot_documents s ON s.snapshot = n.number "
            "WHERE n.number IN (SELECT number FROM snapshots ORDER BY number DESC LIMIT ?)) USING (version, chunker)) "
            "SELECT vector FROM kept UNION SELECT q.vector FROM kept JOIN questions q ON q.chunk = kept.number",
            last,
        )
        return {row["vector"] for row in rows}

    def vectors_known(self, keys: Iterable[str]) -> set[str]:
        known: set[str] = set()
        for some in _batches(list(keys), 500):
            known.update(
                row["vector"]
                for row in self.rows(f"SELECT vector FROM vectors WHERE vector IN ({','.join('?' * len(some))})", *some)
            )
        return known

    def vector_values(self, keys: Sequence[str]) -> dict[str, bytes]:
        values: dict[str, bytes] = {}
        for some in _batches(list(keys), 500):
            rows = self.rows(f"SELECT vector, value FROM vectors WHERE vector IN ({','.join('?' * len(some))})", *some)
            values.update((row["vector"], row["value"]) for row in rows)
        return values

    def keep_vectors(self, values: Mapping[str, bytes]) -> None:
        """Embeddings are kept by content as they are made, so that an interrupted run does not make them again."""
        with self.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", list(values.items()))

    # Publishing

    def publish(
        self,
        *,
        who: str,
        action: str,
        fingerprint: str,
        chunker: str,
        versions: Mapping[str, str],
        new_documents: Mapping[str, tuple[str, Document, Sequence[NewChunk]]],
        changes: Sequence[Mapping[str, str]],
        files: Mapping[str, str | None],
    ) -> int:
        """Make the next snapshot. `versions` is all of it; `new_documents` brings content and chunks of versions not yet chunked so."""
        with self.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO snapshots (made, who, action, fingerprint, chunker, changes) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    now(),
                    who,
                    action,
                    fingerprint,
                    chunker,
                    json.dumps([dict(change) for change in changes], ensure_ascii=False),
                ),
            )
            number = int(cursor.lastrowid or 0)
            for version, (content, document, chunks) in new_documents.items():
                connection.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?)", (version, document.id, content))
                connection.execute("DELETE FROM chunks WHERE version = ? AND chunker = ?", (version, chunker))
                for c in chunks:
                    headings = json.dumps(c.headings, ensure_ascii=False)
                    kept = connection.execute(
                        'INSERT INTO chunks (version, chunker, ordinal, headings, start, "end", text, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
                        (version, chunker, c.ordinal, headings, c.start, c.end, c.text, c.vector),
                    ).lastrowid
                    connection.executemany(
                        "INSERT INTO questions VALUES (?, ?, ?, ?, ?)",
                        [(kept, q.start, q.end, q.question, q.vector) for q in c.questions],
                    )
            connection.executemany(
                "INSERT INTO snapshot_documents VALUES (?, ?, ?)", [(number, d, v) for d, v in versions.items()]
            )
            self._bring_lexical_in_line(connection)
            connection.executemany("INSERT OR REPLACE INTO pending_files VALUES (?, ?)", list(files.items()))
        return number

    def _bring_lexical_in_line(self, connection: sqlite3.Connection) -> None:
        wanted = {chunk.number: chunk for chunk in self.chunks()}
        present = {row["rowid"] for row in connection.execute("SELECT rowid FROM lexical")}
        connection.executemany("DELETE FROM lexical WHERE rowid = ?", [(number,) for number in present - wanted.keys()])
        titles = {
            id: document.title
            for id, document in self.documents({wanted[n].document for n in wanted.keys() - present}).items()
        }
        asked: dict[int, list[str]] = {}
        for row in connection.execute("SELECT chunk, question FROM questions ORDER BY rowid"):
            asked.setdefault(row["chunk"], []).append(row["question"])
        connection.executemany(
            "INSERT INTO lexical (rowid, title, headings, body, asked) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    number,
                    titles[wanted[number].document],
                    " ".join(wanted[number].headings),
                    wanted[number].text,
                    " ".join(asked.get(number, ())),
                )
                for number in sorted(wanted.keys() - present)
            ],
        )

    def forget_old(self) -> None:
        """Drop what no kept snapshot names; what happened (snapshots, answers, gaps) stays."""
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM snapshot_documents WHERE snapshot NOT IN (SELECT number FROM snapshots ORDER BY number DESC LIMIT ?)",
                (SNAPSHOTS_KEPT,),
            )
            connection.execute("DELETE FROM chunks WHERE version NOT IN (SELECT version FROM snapshot_documents)")
            connection.execute(
                "DELETE FROM chunks WHERE (version, chunker) NOT IN (SELECT s.version, n.chunker FROM snapshot_documents s "
                "JOIN snapshots n ON n.number = s.snapshot)"
            )
            connection.execute("DELETE FROM versions WHERE version NOT IN (SELECT version FROM snapshot_documents)")
            connection.execute(
                "DELETE FROM vectors WHERE vector NOT IN (SELECT vector FROM chunks UNION ALL SELECT vector FROM questions)"
            )
            connection.execute("DELETE FROM inputs WHERE version NOT IN (SELECT version FROM versions)")

    def pending_files(self) -> dict[str, str | None]:
        return {
            row["path"]: row["content"] for row in self.rows("SELECT path, content FROM pending_files ORDER BY path")
        }

    def file_done(self, path: str) -> None:
        with self.writing() as connection:
            connection.execute("DELETE FROM pending_files WHERE path = ?", (path,))

    def has_chunks(self, versions: Iterable[str], chunker: str) -> set[str]:
        """Those of the versions that are chunked already."""
        wanted = set(versions)
        rows = self.rows("SELECT DISTINCT version FROM chunks WHERE chunker = ?", chunker)
        return wanted & {row["version"] for row in rows}

    def vectors_of(self, versions: Iterable[str], chunker: str) -> set[str]:
        wanted = set(versions)
        rows = self.rows(
            "SELECT version, vector FROM chunks WHERE chunker = ?1 UNION "
            "SELECT c.version, q.vector FROM chunks c JOIN questions q ON q.chunk = c.number WHERE c.chunker = ?1",
            chunker,
        )
        return {row["vector"] for row in rows if row["version"] in wanted}

    def known_input(self, key: str) -> KnownInput | None:
        row = self._one("SELECT document, version, told FROM inputs WHERE key = ?", key)
        return KnownInput(*row) if row else None

    def keep_inputs(self, inputs: Mapping[str, KnownInput]) -> None:
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?)",
                [(key, known.document, known.version, known.told) for key, known in inputs.items()],
            )

    def looks(self) -> dict[str, Look]:
        """By document, what its address said when it was looked at."""
        return {
            row["document"]: Look(row["version"], row["digest"], row["looked"])
            for row in self.rows("SELECT * FROM looks")
        }

    def keep_look(self, document: str, look: Look) -> None:
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?)", (document, look.version, look.digest, look.looked)
            )

    # What happened

    def keep_answer(self, *, id: str, conversation: str, content: Mapping[str, Any], key: str = "") -> None:
        """An answer that was given; with a key, it will do for whoever asks the same again."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO answers (id, asked, conversation, question, standalone, verdict, snapshot, writer, content, key) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    id,
                    now(),
                    conversation,
                    content["question"],
                    content["standalone_question"],
                    content["verdict"],
                    content["snapshot"],
                    content["writer"],
                    json.dumps(content, ensure_ascii=False),
                    key,
                ),
            )

    def answer_with(self, key: str) -> dict[str, Any] | None:
        """The newest answer that was kept under this key."""
        row = self._one("SELECT content FROM answers WHERE key = ? AND key != '' ORDER BY rowid DESC LIMIT 1", key)
        return json.loads(row["content"]) if row else None

    def forget_key(self, key: str) -> None:
        """Whoever asks this again is answered anew."""
        with self.writing() as connection:
            connection.execute("UPDATE answers SET key = '' WHERE key = ?", (key,))

    def conversation(self, id: str) -> list[dict[str, Any]]:
        """The answers of a conversation, oldest first, without those that another stands for."""
        rows = self.rows("SELECT content FROM answers WHERE conversation = ? AND NOT aside ORDER BY asked, rowid", id)
        return [json.loads(row["content"]) for row in rows]

    def answers_citing(self, document: str) -> list[PastAnswer]:
        """The answers that name this document among their citations, newest first; those to a document that is gone, too."""
        rows = self.rows(
            "SELECT id, asked, question, verdict, snapshot, conversation FROM answers "
            # Most answers are passed over for half the price of reading them.
            "WHERE instr(content, json_quote(?1)) AND EXISTS "
            "(SELECT 1 FROM json_each(content, '$.citations') WHERE json_extract(value, '$.document') = ?1) "
            "ORDER BY asked DESC, rowid DESC",
            document,
        )
        return [PastAnswer(*row) for row in rows]

    def count(self, table: str) -> int:
        if table not in (
            "answers",
            "gaps",
            "snapshots",
            "chunks",
            "vectors",
            "pending_files",
            "lexical",
            "inputs",
            "quarantine",
        ):
            raise ValueError(table)
        row = self._one(f"SELECT count(*) AS n FROM {table}")
        return int(row["n"]) if row else 0

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with home_errors(self.path.parent):
            return self.connection.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: Any) -> sqlite3.Row | None:
        rows = self.rows(statement, *values)
        return rows[0] if rows else None


def damage_in(connection: sqlite3.Connection) -> str:
    """The first thing that is wrong with a record's pages; nothing where they are whole."""
    return next((row[0] for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"), "")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _snapshot(row: sqlite3.Row) -> Snapshot:
    return Snapshot(
        row["number"],
        row["made"],
        row["who"],
        row["action"],
        row["fingerprint"],
        row["chunker"],
        tuple(json.loads(row["changes"])),
    )


def _chunk(row: sqlite3.Row) -> StoredChunk:
    return StoredChunk(
        row["number"],
        row["document"],
        row["version"],
        tuple(json.loads(row["headings"])),
        row["start"],
        row["end"],
        row["text"],
        row["vector"],
    )


def _among(column: str, values: Iterable[str | int] | None) -> tuple[str, list[str | int]]:
    """A condition that the column holds one of the values, and the values; none at all where all will do."""
    wanted = list(values or ())
    return ("" if values is None else f"AND {column} IN ({','.join('?' * len(wanted))})"), wanted


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
