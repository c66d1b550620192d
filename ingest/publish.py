"""Publishing: from documents to the next snapshot in one atomic step.

The order is the guarantee: vectors are written first, then one transaction commits snapshot, chunks, lexical index and the
list of files to bring in line, then the files follow, then what nothing names any more is removed. Killed anywhere before
the commit, the old snapshot answers; killed anywhere after it, the next run finishes the rest.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import numpy as np

from corpus.documents import Document, format_document, parse_document
from corpus.embedder import Embedder
from corpus.errors import DocumentError, NotFound, SettingsError, VectorsBroken, home_errors
from corpus.index import LOCK_PATIENCE_SECONDS, bring_vectors_in_line, open_vectors, publishing_lock, vector_key
from corpus.library import Library, inside, read_library, remove_file, remove_half_files, write_file
from corpus.quarantine import (
    Quarantined,
    drop_from_quarantine,
    keep_in_quarantine,
    passages_let_stand,
    quarantined,
    release_passages,
)
from corpus.record import SNAPSHOTS_KEPT, NewChunk, Record, StoredChunk, StoredQuestion
from corpus.settings import Settings
from corpus.vectors import VectorStore
from ingest.chunk import Chunk, chunk_document, chunker_name
from ingest.hostile import Finding, find_hostile, in_few_words, unreleased

# Embeddings are kept this many at a time, so that an interrupted run goes on where it was.
KEEP_EVERY = 256

Progress = Callable[[str, int, int], None]


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Say nothing."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@dataclass(frozen=True)
class Published:
    """What a run of publishing did."""

    snapshot: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    chunks: int = 0
    embedded: int = 0
    faults: tuple[DocumentError, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass
class Publisher:
    """Everything publishing needs, given by whoever built it."""

    settings: Settings
    record: Record
    embedder: Embedder
    progress: Progress = no_progress
    vectors: VectorStore | None = None
    # Named in the history; where nobody says, the user this process runs as.
    who: str = field(default_factory=_user)
    # How long to wait for another publisher.
    patience: float = LOCK_PATIENCE_SECONDS
    _faults: list[DocumentError] = field(default_factory=list)
    # Documents whose published version stands in for a file that can't be read.
    _standing_in: set[str] = field(default_factory=set)

    def publish(
        self, changes: Mapping[str, Document | None] | None = None, action: str = "publish", *, settle: bool = True
    ) -> Published:
        """Bring the index in line with the folder and these changes (a document, or None to withdraw it). Who publishes more at once
        leaves it to the last run to settle: what is embedded already for the next ones is named by no snapshot yet."""
        with self._alone():
            target = self._documents_on_disk()
            files: dict[str, str | None] = {}
            for id, document in (changes or {}).items():
                before = target.pop(id, None)
                if before and (document is None or before.path != document.path):
                    files[before.path] = None
                if document is not None:
                    target[id] = document
                    if before != document or id in self._standing_in:
                        files[document.path] = format_document(document)
            return self._commit(target, files, action, settle)

    def library(self) -> dict[str, Document]:
        """The documents in the newest snapshot and on disk: what is there may not be published yet."""
        return {**self.record.documents(), **self._read_library().documents}

    def passages_of(self, documents: Iterable[Document]) -> dict[str, Sequence[Chunk | StoredChunk]]:
        """The passages of each document, as they are published or would be."""
        wanted = {document.version: document for document in documents}
        newest = self.record.newest()
        stored: dict[str, list[StoredChunk]] = {}
        if newest and newest.chunker == self._chunker:
            for chunk in self.record.chunks(document.id for document in wanted.values()):
                stored.setdefault(chunk.version, []).append(chunk)
        return {document.id: stored.get(version) or self._chunks_of(document) for version, document in wanted.items()}

    def rollback(self, number: int) -> Published:
        """A new snapshot that restores an earlier one, its files too."""
        with self._alone():
            self.record.snapshot(number)  # says so where there is none
            if not self.record.is_kept(number):
                raise NotFound(
                    f"Snapshot {number} is no longer kept; the last {SNAPSHOTS_KEPT} are. `fractional history` lists them."
                )
            contents = self.record.contents_in(number)
            target = {id: parse_document(content, f"{id}.md") for id, content in contents.items()}
            on_disk = self._read_library().documents
            files: dict[str, str | None] = {document.path: None for id, document in on_disk.items() if id not in target}
            files |= {document.path: contents[id] for id, document in target.items() if on_disk.get(id) != document}
            return self._commit(target, files, f"rollback to {number}")

    def release(self, id: str) -> Published:
        """Publish a document from quarantine as it is; the passages found in it are known from then on."""
        held = self._held(id)
        document = parse_document(held.content, f"{id}.md")
        passages = {one["text"]: one["why"] for one in held.findings}
        passages |= {one.text: one.why for one in find_hostile(held.content)}
        release_passages(self.record, id, passages, self.who)
        reasons = "; ".join(dict.fromkeys(passages.values()))
        done = self.publish(
            {id: document}, f"release {id} from quarantine, with {len(passages)} passages found: {reasons}"
        )
        drop_from_quarantine(self.record, [id])
        return done

    def discard(self, id: str) -> None:
        """Drop a document from quarantine; a file that brought it into the folder is as it was published, or gone."""
        held = self._held(id)
        with self._alone():
            document = parse_document(held.content, f"{id}.md")
            on_disk = self._read_library().documents.get(id)
            if held.in_folder and on_disk == document:
                published = self.record.documents([id]).get(id)
                if published:
                    write_file(self.settings.corpus, published.path, format_document(published))
                else:
                    remove_file(self.settings.corpus, document.path)
            drop_from_quarantine(self.record, [id])

    def keep_in_quarantine(
        self, held: Mapping[str, tuple[Document, Sequence[Finding]]], in_folder: bool = False
    ) -> None:
        """By input: the document it would be and what was found in it."""
        if not held:
            return
        keep_in_quarantine(
            self.record,
            (
                Quarantined(
                    document.id, format_document(document), tuple(map(asdict, findings)), input, in_folder, self.who
                )
                for input, (document, findings) in held.items()
            ),
        )

    def _held(self, id: str) -> Quarantined:
        held = quarantined(self.record).get(id)
        if held is None:
            raise NotFound(f"There is no document `{id}` in quarantine. `fractional quarantine` shows what there is.")
        return held

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the publishing lock, and first finish what a killed run left."""
        lock = publishing_lock(self.settings, self.patience)
        try:
            with home_errors(self.settings.home):
                remove_half_files(self.settings.corpus)
                self._write_files()
                yield
        finally:
            lock.release()

    def _documents_on_disk(self) -> dict[str, Document]:
        """The folder's documents; a file that can't be read keeps its published version."""
        newest = self.record.newest()
        if not self.settings.corpus.is_dir() and newest and self.record.versions_in(newest.number):
            raise SettingsError(
                f"The corpus folder {self.settings.corpus} is gone, and the index holds documents from it. "
                "Set FRACTIONAL_CORPUS to where it is now, or make an empty folder there to withdraw everything."
            )
        library = self._read_library()
        self._faults, self._standing_in = list(library.faults), set()
        documents = dict(library.documents)
        self._faults += self._hold_back(documents, self.record.versions_in(newest.number) if newest else {})
        published = self.record.documents() if self._faults else {}
        for fault in self._faults:
            id = fault.place.rsplit("/", 1)[-1].removesuffix(".md")
            if id in published and id not in documents:
                documents[id] = published[id]
                self._standing_in.add(id)
        return documents

    def _hold_back(self, documents: dict[str, Document], published: Mapping[str, str]) -> list[DocumentError]:
        """Take out what was put into the folder and must be looked at first; what is published already was."""
        before = quarantined(self.record)
        held: dict[str, tuple[Document, Sequence[Finding]]] = {}
        for document in [one for id, one in documents.items() if published.get(id) != one.version]:
            found = unreleased(find_hostile(format_document(document)), passages_let_stand(self.record, document.id))
            if found:
                held[document.id] = documents.pop(document.id), found
        mended = [id for id, one in before.items() if one.in_folder and id not in held]
        if mended:
            drop_from_quarantine(self.record, mended)
        known = {
            id for id, (document, _) in held.items() if id in before and before[id].content == format_document(document)
        }
        self.keep_in_quarantine({one[0].path: one for id, one in held.items() if id not in known}, in_folder=True)
        return [
            DocumentError(
                document.path,
                in_few_words(found),
                f"`fractional release {id}` publishes it, `fractional remove {id}` drops it.",
            )
            for id, (document, found) in held.items()
        ]

    def _read_library(self) -> Library:
        try:
            known = self.record.documents().values()
        except DocumentError:  # published under laxer rules; the folder may hold it mended
            return read_library(self.settings.corpus)
        return read_library(self.settings.corpus, known)

    def _commit(
        self, target: Mapping[str, Document], files: Mapping[str, str | None], action: str, settle: bool = True
    ) -> Published:
        for path in files:
            inside(self.settings.corpus, path)  # refused here, not after the commit
        newest = self.record.newest()
        before = self.record.versions_in(newest.number) if newest else {}
        versions = {id: document.version for id, document in target.items()}
        added, removed = tuple(sorted(versions.keys() - before.keys())), tuple(sorted(before.keys() - versions.keys()))
        changed = tuple(sorted(id for id in versions.keys() & before.keys() if versions[id] != before[id]))
        chunker, fingerprint = self._chunker, self.embedder.name
        same_way = newest is not None and newest.chunker == chunker and newest.fingerprint == fingerprint
        vectors = self.vectors or open_vectors(self.settings, fingerprint)
        if newest and same_way and not (added or changed or removed or files):
            if settle:
                self._settle(vectors)  # a killed run may have left something
            return Published(newest.number, faults=tuple(self._faults))

        new = {id: document for id, document in target.items() if not same_way or before.get(id) != versions[id]}
        chunked = self._chunk(new)
        embedded = self._embed(chunked)
        self._write_vectors(vectors, versions, chunked, chunker)
        number = self._write_snapshot(action, versions, new, chunked, (added, changed, removed), files)
        self._write_files()
        if settle:
            self._settle(vectors)
        return Published(
            number, added, changed, removed, sum(map(len, chunked.values())), embedded, tuple(self._faults)
        )

    # The steps, each of which a process may be killed before, in or after

    def _chunk(self, documents: Mapping[str, Document]) -> dict[str, list[Chunk]]:
        chunked = {}
        for done, (id, document) in enumerate(documents.items(), start=1):
            chunked[id] = self._chunks_of(document)
            self.progress("chunking", done, len(documents))
        return chunked

    def _chunks_of(self, document: Document) -> list[Chunk]:
        return chunk_document(document, self.embedder.count_tokens, self.embedder.window)

    def _key(self, text: str) -> str:
        return vector_key(self.embedder.name, text)

    @property
    def _chunker(self) -> str:
        return chunker_name(self.embedder.window)

    def _embed(self, chunked: Mapping[str, Sequence[Chunk]]) -> int:
        """Embed what is not known yet, shortest first so that a batch wastes nothing on padding."""
        wanted = {self._key(text): text for text in _embedded_texts(chunked)}
        known = self.record.vectors_known(wanted)
        missing = sorted((key for key in wanted if key not in known), key=lambda key: len(wanted[key]))
        for start in range(0, len(missing), KEEP_EVERY):
            keys = missing[start : start + KEEP_EVERY]
            values = self.embedder.embed([wanted[key] for key in keys])
            self.record.keep_vectors(
                {key: np.asarray(value, dtype=np.float32).tobytes() for key, value in zip(keys, values, strict=True)}
            )
            self.progress("embedding", min(start + KEEP_EVERY, len(missing)), len(missing))
        return len(missing)

    def _write_vectors(
        self, vectors: VectorStore, versions: Mapping[str, str], chunked: Mapping[str, Sequence[Chunk]], chunker: str
    ) -> None:
        needed = {self._key(text) for text in _embedded_texts(chunked)}
        needed |= self.record.vectors_of([version for id, version in versions.items() if id not in chunked], chunker)
        put = bring_vectors_in_line(self.record, vectors, needed)
        self.progress("writing vectors", put, put)

    def _write_snapshot(
        self,
        action: str,
        versions: Mapping[str, str],
        new: Mapping[str, Document],
        chunked: Mapping[str, Sequence[Chunk]],
        changes: tuple[Sequence[str], Sequence[str], Sequence[str]],
        files: Mapping[str, str | None],
    ) -> int:
        new_documents = {
            versions[id]: (
                format_document(document),
                document,
                [
                    NewChunk(
                        ordinal,
                        chunk.headings,
                        chunk.start,
                        chunk.end,
                        chunk.text,
                        self._key(chunk.embedded),
                        tuple(
                            StoredQuestion(q.span.start, q.span.end, q.words, self._key(q.words))
                            for q in chunk.questions
                        ),
                    )
                    for ordinal, chunk in enumerate(chunked[id])
                ],
            )
            for id, document in new.items()
        }
        return self.record.publish(
            who=self.who,
            action=action,
            fingerprint=self.embedder.name,
            chunker=self._chunker,
            versions=versions,
            new_documents=new_documents,
            changes=[
                {"document": id, "change": word}
                for word, ids in zip(("added", "changed", "removed"), changes, strict=True)
                for id in ids
            ],
            files=files,
        )

    def _write_files(self) -> None:
        """Bring the folder in line with the snapshot; what a killed run left is done by the next."""
        with home_errors(self.settings.corpus):
            for path, content in self.record.pending_files().items():
                if content is None:
                    remove_file(self.settings.corpus, path)
                else:
                    write_file(self.settings.corpus, path, content)
                self.record.file_done(path)

    def _settle(self, vectors: VectorStore) -> None:
        """Leave what the kept snapshots name, and nothing else."""
        self.record.forget_old()
        named = self.record.vectors_named()
        if vectors.holds_exactly(named):
            return
        bring_vectors_in_line(self.record, vectors, named)
        try:
            vectors.drop(sorted(vectors.keys() - named))
        except VectorsBroken:  # the snapshot is published: mend what it needs, the rest is for the next run
            bring_vectors_in_line(self.record, vectors, named)


def _embedded_texts(chunked: Mapping[str, Sequence[Chunk]]) -> Iterator[str]:
    """Every chunk, and every question it is known to answer: a question in a reader's words lies nearer to one than to prose."""
    for chunk in (chunk for chunks in chunked.values() for chunk in chunks):
        yield chunk.embedded
        yield from (question.words for question in chunk.questions)
