"""All that an operator can do. Each action asks for the key anew, so nothing is done for a session that is locked.

Knows nothing about Streamlit; what changes the library is done by `hand`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from corpus.documents import (
    Document,
    build_document,
    format_document,
    load_front_matter,
    parse_document,
    split_front_matter,
)
from corpus.errors import DocumentError, InputRejected, Locked, NotFound, UsageError
from corpus.feedback import Feedback, feedback
from corpus.gaps import Gap, drop_gap, gaps_of
from corpus.quarantine import Quarantined, quarantined
from corpus.record import SNAPSHOTS_KEPT, PastAnswer, Record, Snapshot, StoredChunk
from evals import cases
from evals.cases import Case
from evals.drafts import FROM_LIFE, Draft, Drafts, draft_from_feedback, filled
from ingest.add import SUFFIXES, Given, Prepared, to_remember
from ingest.hostile import Finding
from ingest.review import due
from ui.desk import hand
from ui.passphrase import Door, Key
from ui.plain_text import web_address
from ui.shelf import Shelf

if TYPE_CHECKING:
    from evals.preview import GoldenChange
    from ingest.chunk import Chunk
    from ingest.preview import Difference
    from ingest.publish import Published
    from ingest.review import Seen

REVIEW_SOON_DAYS = 30
SNAPSHOTS_SHOWN = 200
LONGEST_NAME = 80
# Longer ones are refused by some file systems; the id is cut to 90 characters anyway.
LONGEST_STEM = 120


@dataclass(frozen=True)
class Upload:
    """A file as it was handed over."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Entry:
    """One thing that was handed over, as given and as it would enter the library."""

    name: str
    prepared: Prepared
    given: Upload | None = None
    reason: str = ""  # why it can't enter, in words for a page
    warnings: tuple[str, ...] = ()
    chunks: tuple[Chunk | StoredChunk, ...] = ()
    before: Document | None = None  # the document it would replace
    duplicates: tuple[tuple[str, float], ...] = ()  # titles, and how much is common
    contradicts: tuple[tuple[str, Difference], ...] = ()  # titles, and what they say otherwise


@dataclass(frozen=True)
class Decided:
    """An entry to publish, with what the operator wrote about it."""

    entry: Entry
    metadata: Mapping[str, str]
    looked_at: bool = False  # what was found in it may stand


@dataclass(frozen=True)
class Golden:
    """What publishing would change for the golden questions, and the titles of the sources named there."""

    changes: tuple[GoldenChange, ...]
    titles: Mapping[str, str]

    @property
    def worse(self) -> int:
        """How many would be answered worse."""
        return sum(change.worse for change in self.changes)


@dataclass(frozen=True)
class Held:
    """A document in quarantine, its title, and that of the published document whose place it would take."""

    kept: Quarantined
    title: str
    replaces: str

    @property
    def found(self) -> tuple[Finding, ...]:
        return tuple(Finding(one["text"], one["why"]) for one in self.kept.findings)


@dataclass(frozen=True)
class Looked:
    """What stood at the addresses of documents, by their ids, and which versions of them it was compared with."""

    seen: Mapping[str, Seen]
    versions: Mapping[str, str]

    def at(self, document: Document) -> Seen | None:
        """None where nobody has looked since the document was changed."""
        return self.seen.get(document.id) if self.versions.get(document.id) == document.version else None


@dataclass(frozen=True)
class History:
    """The snapshots, newest first; those one can go back to; and the titles of what changed in them, where they are known."""

    snapshots: tuple[Snapshot, ...]
    kept: frozenset[int]
    titles: Mapping[str, str]


@dataclass(frozen=True)
class WayBack:
    """What going back would do, as titles."""

    returning: tuple[str, ...]
    changing: tuple[str, ...]
    leaving: tuple[str, ...]


@dataclass(frozen=True)
class Desk:
    """The desk of one session; without a key that is good, each action raises `Locked`."""

    door: Door
    key: Key | None
    shelf: Shelf
    do: Callable[..., Any] = field(default=hand.do)

    @contextmanager
    def _reading(self) -> Iterator[Record]:
        self._must_be_open()
        with self.shelf.open() as record:
            yield record

    def _must_be_open(self) -> None:
        if not self.door.admits(self.key):
            raise Locked("The desk is locked. Give the passphrase.")

    # Adding

    def preview(self, uploads: Sequence[Upload], address: str, given: Given) -> list[Entry]:
        """What `fractional add --dry-run` says of each, and the thing itself beside it. Nothing of it stays on this machine."""
        self._must_be_open()
        if address and not web_address(address):
            raise UsageError("This is no web address. Give the whole of it, beginning with https://.")
        if not (uploads or address):
            raise UsageError("There is nothing to look at yet. Choose a file, paste a text or give an address.")
        with TemporaryDirectory() as folder:
            places = {str(place): upload for place, upload in _put_down(Path(folder), uploads)}
            task = hand.Preview((*places, *([address] if address else ())), given, datetime.now(UTC).date())
            found: hand.Previewed = self.do(task)
        with self._reading() as record:
            library = record.documents()
        entries = []
        for one in found.taken.prepared:
            document, upload = one.document, places.get(one.input)
            name = upload.name if upload else one.input
            if original := found.fetched.get(one.input):
                upload = Upload(f"page{original.suffix}", original.data)
            reason = one.reason
            for place, other in places.items():
                reason = reason.replace(place, other.name)
            entries.append(
                Entry(
                    name,
                    one,
                    upload,
                    reason,
                    tuple(map(_for_a_page, one.warnings)),
                    tuple(found.taken.passages.get(document.id, ())) if document else (),
                    library.get(document.id) if document else None,
                    tuple((_title(library, d.document), d.similarity) for d in one.duplicates),
                    tuple((_title(library, d.document), d) for d in _contradicted(found, document)),
                )
            )
        return entries

    def ask_golden(self, decided: Sequence[Decided], progress: hand.Progress) -> Golden:
        """The golden questions that would get another answer or source if these were published."""
        self._must_be_open()
        documents = _to_publish(decided)
        changes: list[GoldenChange] = self.do(hand.AskGolden(documents), progress)
        with self._reading() as record:
            titles = record.titles(one.source for change in changes for one in (change.before, change.after))
        return Golden(tuple(changes), titles | {id: one.title for id, one in documents.items()})

    def publish(self, decided: Sequence[Decided], who: str) -> Published:
        """Exactly what was previewed, with the metadata that the operator gave."""
        self._must_be_open()
        documents, released, as_prepared = _to_publish(decided), {}, []
        for one in decided:
            prepared = one.entry.prepared
            assert prepared.document is not None
            if found := prepared.quarantined:
                released[prepared.document.id] = tuple(finding.text for finding in found)
            elif documents[prepared.document.id] == prepared.document:  # handing in the same again makes the same
                as_prepared.append(prepared)
        over = {
            one.entry.prepared.document.id: _version(one.entry.before) for one in decided if one.entry.prepared.document
        }
        action = f"add {', '.join(sorted(documents))[:200]}"
        return self._publish(hand.Publish(documents, over, action, _name(who), to_remember(as_prepared), released))

    def _publish(self, task: hand.Task[Published]) -> Published:
        self._must_be_open()
        done: Published = self.do(task)
        return done

    # Quarantine

    def quarantined(self) -> list[Held]:
        """The documents that wait for a look, the newest first."""
        with self._reading() as record:
            held = quarantined(record)
            library = record.documents(held)
        newest_first = sorted(held.values(), key=lambda one: one.kept, reverse=True)
        return [
            Held(one, _title_of(one), library[one.document].title if one.document in library else "")
            for one in newest_first
        ]

    def release(self, held: Held, who: str) -> Published:
        """Published as it is; the passages found in it may stand from then on."""
        return self._publish(hand.Release(held.kept.document, held.kept.content, _name(who)))

    def discard(self, held: Held, who: str) -> str:
        """Dropped from quarantine; the title of what was."""
        self._must_be_open()
        self.do(hand.Discard(held.kept.document, held.kept.content, _name(who)))
        return held.title

    # The library

    def documents(self) -> dict[str, Document]:
        with self._reading() as record:
            return record.documents()

    def citing(self, document: str) -> list[PastAnswer]:
        """The past answers that rest on a document."""
        with self._reading() as record:
            return record.answers_citing(document)

    def edit(self, before: Document, metadata: Mapping[str, str], more: str, text: str, who: str) -> Published:
        """A document written anew; `more` is the rest of its front matter, as it stands in the file."""
        self._must_be_open()
        document = edited(before, metadata, more, text)
        if document == before:
            raise UsageError("Nothing was changed, so there is nothing to publish.")
        over = {before.id: before.version}
        return self._publish(hand.Publish({before.id: document}, over, f"edit {before.id}", _name(who)))

    def withdraw(self, document: Document, who: str) -> Published:
        over = {document.id: document.version}
        return self._publish(hand.Publish({document.id: None}, over, f"remove {document.id}", _name(who)))

    # History

    def history(self) -> History:
        with self._reading() as record:
            snapshots = record.snapshots(SNAPSHOTS_SHOWN)
            titles = record.titles(change["document"] for snapshot in snapshots for change in snapshot.changes)
        return History(tuple(snapshots), frozenset(one.number for one in snapshots[1:SNAPSHOTS_KEPT]), titles)

    def way_back(self, number: int) -> WayBack:
        """What going back to a snapshot would do to the library as it is."""
        with self._reading() as record:
            newest, then = record.versions_in(record.newest_number()), record.versions_in(number)
            titles = record.titles(newest.keys() | then.keys())
        changing = [id for id in then.keys() & newest.keys() if then[id] != newest[id]]

        def named(ids: Iterable[str]) -> tuple[str, ...]:
            return tuple(sorted((titles.get(id) or in_words(id) for id in ids), key=str.casefold))

        return WayBack(named(then.keys() - newest.keys()), named(changing), named(newest.keys() - then.keys()))

    def roll_back(self, number: int, who: str) -> Published:
        return self._publish(hand.RollBack(number, _name(who)))

    # What waits

    def gaps(self) -> list[Gap]:
        """The questions that could not be answered, most asked first."""
        with self._reading() as record:
            return gaps_of(record)

    def dismiss(self, gap: Gap) -> Gap:
        """Off the list, until somebody asks it again and is not answered."""
        with self._reading() as record:
            drop_gap(record, gap.question)
        return gap

    def ask_again(self, question: str, document: str, who: str) -> bool:
        """Whether a question is answered now that this document was written about it; if so, it is off the list."""
        self._must_be_open()
        answered: bool = self.do(hand.AskAgain(question, document, _name(who)))
        return answered

    def due_for_review(self, today: date) -> list[Document]:
        """Documents whose day of review has passed or is near, the longest due first."""
        return due(self.documents().values(), today, REVIEW_SOON_DAYS)

    def look_at_pages(self, today: date, progress: hand.Progress) -> Looked:
        """What stands at the documents' addresses by now."""
        versions = {id: document.version for id, document in self.documents().items()}
        return Looked(self.do(hand.LookAtPages(today), progress), versions)

    # What readers said

    def feedback(self) -> list[Feedback]:
        with self._reading() as record:
            return feedback(record)

    def drafts(self) -> list[Draft]:
        """The golden cases that wait for a yes, the newest first."""
        self._must_be_open()
        return self._drafts().waiting()[::-1]

    def make_draft(self, said: Feedback) -> Draft:
        """A golden case to be, out of an answer that a reader found bad."""
        with self._reading() as record:
            draft = draft_from_feedback(record, said)
        if draft is None:
            raise NotFound("This answer is gone: its conversation was deleted meanwhile.")
        if not self._drafts().add([draft], anew=True):
            raise UsageError("This question is asked by a golden case already, or by one that waits below.")
        return draft

    def fill_draft(
        self, draft: Draft, question: str, verdicts: Sequence[str], documents: Sequence[str], facts: str
    ) -> Draft:
        """What is right, as the operator says; the facts are a line each."""
        self._must_be_open()
        return self._drafts().put(filled(draft, question, verdicts, documents, facts.splitlines()))

    def discard_draft(self, draft: Draft) -> Draft:
        self._must_be_open()
        return self._drafts().discard(draft.case.id)

    def approve_draft(self, draft: Draft) -> Case:
        """Into the golden set of the checkout."""
        library = self.documents()
        return self._drafts().approve(draft.case.id, cases.CASES / FROM_LIFE, library)

    def _drafts(self) -> Drafts:
        return Drafts(self.door.home)


def _to_publish(decided: Sequence[Decided]) -> dict[str, Document]:
    """The documents as they would be published; what must not be is refused."""
    documents = {}
    for one in decided:
        prepared = one.entry.prepared
        if prepared.document is None:
            raise InputRejected(prepared.reason)
        if prepared.quarantined and not one.looked_at:
            raise InputRejected(f"“{prepared.document.title}” holds passages that need a look first.")
        documents[prepared.document.id] = with_metadata(prepared.document, one.metadata)
    return documents


def _title_of(held: Quarantined) -> str:
    try:
        return parse_document(held.content, "the document").title
    except DocumentError:  # kept under laxer rules
        return in_words(held.document)


def _put_down(folder: Path, uploads: Sequence[Upload]) -> Iterator[tuple[Path, Upload]]:
    """Each file in a folder of its own under its own name, from which its id is made."""
    for number, upload in enumerate(uploads):
        name = PurePath(upload.name.replace("\\", "/")).name
        suffix = PurePath(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise UsageError(f"“{name}” can’t be read. What can be: {', '.join(SUFFIXES)}.")
        stem = re.sub(r"[^\w .()+-]", "-", PurePath(name).stem)[:LONGEST_STEM]
        place = folder / str(number) / f"{stem}{suffix}"
        place.parent.mkdir()
        place.write_bytes(upload.data)
        yield place, upload


def _contradicted(found: hand.Previewed, document: Document | None) -> tuple[Difference, ...]:
    preview = found.taken.previews.get(document.id) if document else None
    return preview.contradicts if preview else ()


def _for_a_page(warning: str) -> str:
    """Not as the command line says it: here, the fields stand below."""
    words = re.sub(r"give it with --\w+", "give it below", warning.rstrip("."))
    return words.replace("no url was", "no address was").replace("no published was", "no date of publication was")


def _title(library: Mapping[str, Document], id: str) -> str:
    return library[id].title if id in library else in_words(id)


def _version(document: Document | None) -> str:
    return document.version if document else ""


def in_words(id: str) -> str:
    """An id as it reads where the title is not known any more."""
    return id.replace("-", " ").capitalize()


def _name(who: str) -> str:
    name = " ".join(who.split())[:LONGEST_NAME]
    if not name or not name.isprintable():
        raise UsageError("Give your name first; the history names who did what.")
    return name


def front_matter_of(document: Document) -> tuple[dict[str, Any], str]:
    """The fields as values, and as they stand in the file."""
    front, _, _ = split_front_matter(format_document(document), "the document")
    return load_front_matter(front or "", "the document"), front or ""


def with_metadata(document: Document, metadata: Mapping[str, str]) -> Document:
    """The document with these fields, checked as any other."""
    values, _ = front_matter_of(document)
    return _built({**values, **metadata}, document.text)


def edited(before: Document, metadata: Mapping[str, str], more: str, text: str) -> Document:
    """The document as it was written anew, checked as any other; its id and kind stay."""
    try:
        rest = load_front_matter(more, "the document")
    except DocumentError as fault:
        raise _plainly(fault) from fault
    clash = sorted((metadata.keys() | {"id", "kind", "text"}) & rest.keys())
    if clash:
        raise UsageError(f"`{clash[0]}` does not belong among the further fields.")
    values = {**rest, **metadata, "id": before.id, "kind": before.kind}
    words = text.replace("\r\n", "\n").strip("\n")
    return _built(values, f"{words}\n" if words.strip() else "")


def _built(values: dict[str, Any], text: str) -> Document:
    try:
        # Read back, so that what is published is what its file will say.
        return parse_document(format_document(build_document(values, text, "the document")), "the document")
    except DocumentError as fault:
        raise _plainly(fault) from fault


def _plainly(fault: DocumentError) -> UsageError:
    """On a page nobody looks for a line of a file."""
    words = f"{fault.problem}. {fault.remedy}"
    return UsageError(words[:1].upper() + words[1:])
