"""From what an operator hands over to documents ready to publish: read, clean, describe, compare. Publishes nothing itself."""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import corpus.documents
import corpus.text
import ingest.addressing
import ingest.clean
import ingest.encoded
import ingest.hidden
import ingest.hostile
import ingest.other_languages
import ingest.readers
import ingest.wordings
from corpus.documents import (
    LARGEST_TEXT,
    Document,
    build_document,
    load_front_matter,
    parse_document,
    slug,
    split_front_matter,
)
from corpus.errors import FractionalError, InputRejected
from corpus.near_duplicates import Duplicate, NearDuplicates
from corpus.record import KnownInput
from corpus.text import split_sentences
from ingest.clean import Removal, clean, looks_like_markdown, read_date
from ingest.fetch import Original, fetch
from ingest.hidden import shown, taken_out
from ingest.hostile import Finding, each_once, find_hostile, in_few_words, unreleased
from ingest.publish import Progress, no_progress
from ingest.readers import WEB_PAGES, Read
from ingest.readers.child import Child

SUFFIXES = (".md", ".markdown", ".txt", ".text", *ingest.readers.SUFFIXES)
# A report of a hundred pages with its pictures has some ten megabytes; what has more than this is rarely read for its text.
LARGEST_FILE = 30_000_000
REVIEW_AFTER = timedelta(days=365)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """What the operator says about the inputs; empty is not said."""

    title: str = ""
    source: str = ""
    author: str = ""
    url: str = ""
    published: str = ""
    voice: str = ""


@dataclass(frozen=True)
class Prepared:
    """One input: a document to publish, or the reason why not."""

    input: str
    document: Document | None = None
    reason: str = ""
    removed: tuple[Removal, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    quarantined: tuple[Finding, ...] = ()  # what the operator has to look at before it is published
    key: str = ""  # to be remembered under once it is published; empty where it need not be

    @property
    def accepted(self) -> bool:
        return self.document is not None and not self.quarantined


@dataclass(frozen=True)
class Found:
    """One thing to read: a file, or an address, or the reason why it is neither; and the id of the document it would be."""

    name: str
    id: str = ""
    path: Path | None = None
    address: str = ""
    reason: str = ""


Remembered = Callable[[str], KnownInput | None]
Fetch = Callable[[str], Original]


Released = Callable[[str], Container[str]]


def nothing_released(_document: str) -> Container[str]:
    """No passage of any document was looked at yet."""
    return ()


def nothing_remembered(_key: str) -> None:
    """Every input is new."""


def prepare(
    inputs: Iterable[str],
    given: Given,
    library: Mapping[str, Document],
    today: date,
    remembered: Remembered = nothing_remembered,
    fetch: Fetch = fetch,
    released: Released = nothing_released,
) -> list[Prepared]:
    """Every input as a document or a clear reason."""
    return list(preparing(list(find(inputs)), given, library, today, remembered, fetch, released))


def preparing(
    inputs: Sequence[Found],
    given: Given,
    library: Mapping[str, Document],
    today: date,
    remembered: Remembered,
    fetch: Fetch,
    released: Released,
    progress: Progress = no_progress,
) -> Iterator[Prepared]:
    """One after the other, so that some may be published before the last is read; one bad input never stops the others. What is
    remembered of an input is used as long as the library holds the document just as it came of it."""
    taken: dict[str, str] = {}
    others: NearDuplicates | None = None
    with Child() as child:
        for done, found in enumerate(inputs, start=1):
            name = found.name
            try:
                original = _original(found, fetch)
                key = _key(found.id, original, given)
                one = _as_before(name, remembered(key), library) or replace(
                    _prepare_one(name, found.id, original, given, library, today, child), key=key
                )
                document = one.document
                assert document is not None
                if document.id in taken:
                    raise InputRejected(
                        f"{name}: its id `{document.id}` is also that of {taken[document.id]}. Rename one of the files."
                    )
                taken[document.id] = name
                one = _held_back(one, document.id, released)
                before = library.get(document.id)
                if (
                    before is None or before.text != document.text
                ):  # a text that is there already was compared when it came
                    others = others or NearDuplicates({id: document.text for id, document in library.items()})
                    one = replace(one, duplicates=others.add(document.id, document.text))
            except InputRejected as rejected:
                one = Prepared(name, reason=str(rejected))
            except FractionalError:  # the record or the disk, and not this input
                raise
            except Exception as fault:  # ours, and no reason to lose the other thousand
                log.warning("%s", name, exc_info=True)
                what = " ".join(f"{type(fault).__name__} {fault}".split())[:200]
                one = Prepared(name, reason=f"{name}: reading it failed ({what}). Save it as plain text and add that.")
            progress("inputs", done, len(inputs))
            yield one


def find(inputs: Iterable[str]) -> Iterator[Found]:
    """A folder gives every document in it, a pattern such as `*.pdf` every one it matches."""
    for name in inputs:
        if re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]*://", name):
            yield Found(name, _id_of_address(name), address=name)
            continue
        path = Path(os.path.expanduser(name))  # noqa: PTH111 - leaves `~nobody` as it is, where pathlib raises
        if os.path.isdir(path):  # noqa: PTH112 - says no where a folder above can't be looked into
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not files:
                yield Found(name, reason=f"{name}: the folder holds no document ({', '.join(SUFFIXES)}).")
            for file in files:
                yield Found(str(file), slug(" ".join(file.relative_to(path).with_suffix("").parts), longest=90), file)
        elif glob.has_magic(name) and not os.path.lexists(path):
            matching = (Path(file) for file in sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207 - absolute, too
            files = [file for file in matching if file.suffix.lower() in SUFFIXES and file.is_file()]
            if not files:
                yield Found(name, reason=f"{name}: no document ({', '.join(SUFFIXES)}) matches. Check the pattern.")
            for file in files:
                yield Found(str(file), slug(file.stem, longest=90), file)
        else:
            yield Found(name, slug(path.stem, longest=90), path)


def _id_of_address(address: str) -> str:
    """Host and path: two sites have a page `about`, and one must not replace the other."""
    try:
        parts = urlsplit(address)
    except ValueError:  # said in full when it is fetched
        return slug(address, longest=90)
    host = parts.netloc.rpartition("@")[2].removeprefix("www.")
    return slug(
        f"{host} {re.sub(r'[.](?:html?|php|aspx?|pdf|docx|md|txt)$', '', parts.path)} {parts.query}", longest=90
    )


def _original(found: Found, fetch: Fetch) -> Original:
    if found.path:
        return Original(found.path.suffix.lower(), read_input(found.path, found.name))
    if found.reason:
        raise InputRejected(found.reason)
    return fetch(found.address)


def _key(id: str, original: Original, given: Given) -> str:
    """Everything that decides what an input becomes, beside the document it would replace."""
    said = json.dumps([_revision(), id, original.suffix, original.url, original.charset, *astuple(given)])
    return hashlib.sha256(said.encode() + original.data).hexdigest()


@cache
def _revision() -> str:
    """The code that makes a document of an input: when it changes, every input is new, and nobody has to think of it."""
    hostile = (
        ingest.addressing,
        ingest.encoded,
        ingest.hidden,
        ingest.hostile,
        ingest.other_languages,
        ingest.wordings,
    )
    modules = (corpus.documents, corpus.text, ingest.clean, *hostile)
    readers = sorted(Path(str(ingest.readers.__file__)).parent.glob("*.py"))
    code = [
        file.read_bytes() for file in (*(Path(str(module.__file__)) for module in modules), *readers, Path(__file__))
    ]
    libraries = [version(name) for name in ("trafilatura", "readability-lxml", "lxml", "pypdfium2", "mammoth")]
    return hashlib.sha256(b"".join(code) + json.dumps(libraries).encode()).hexdigest()


def _as_before(name: str, known: KnownInput | None, library: Mapping[str, Document]) -> Prepared | None:
    """What the input became before. Made again over the same document, it would become the same."""
    document = library.get(known.document) if known else None
    if known is None or document is None or document.version != known.version:
        return None
    told = json.loads(known.told)
    return Prepared(
        name, document, removed=tuple(Removal(**one) for one in told["removed"]), warnings=tuple(told["warnings"])
    )


def _held_back(one: Prepared, id: str, released: Released) -> Prepared:
    """With what is left to look at of what was found in it, and how that is done."""
    left = unreleased(one.quarantined, released(id)) if one.quarantined else ()
    remedy = f"Look at it: `fractional release {id}` publishes it, `fractional remove {id}` drops it."
    return replace(one, quarantined=left, reason=f"{one.input}: {in_few_words(left)}. {remedy}" if left else "")


def to_remember(prepared: Iterable[Prepared]) -> dict[str, KnownInput]:
    """What to keep of inputs once they are published."""
    return {
        one.key: KnownInput(
            one.document.id,
            one.document.version,
            json.dumps({"removed": [asdict(removal) for removal in one.removed], "warnings": one.warnings}),
        )
        for one in prepared
        if one.document and one.accepted and one.key
    }


def _prepare_one(
    name: str, id: str, original: Original, given: Given, library: Mapping[str, Document], today: date, child: Child
) -> Prepared:
    if original.suffix in ingest.readers.SUFFIXES:
        said = child.read(name, original.suffix, original.data, original.charset)
        raw, markdown = said.text, True
    else:
        raw = as_text(original.data, name)
        front, body, _ = split_front_matter(raw, name)
        if (
            front is not None
            and not original.url  # what comes from the web is never one of our own, whatever it says
            and re.search(r"^(?:id|kind):", front, re.MULTILINE)
            and re.search(r"^voice:", front, re.MULTILINE)
        ):
            document = parse_document(raw, name)
            return Prepared(name, document, warnings=_warnings(document, ()), quarantined=find_hostile(raw))
        said = _foreign_front_matter(front, body, name)
        markdown = original.suffix in (".md", ".markdown") or looks_like_markdown(body)
    seen = shown(said.text)
    cleaned = clean(seen.text, markdown)
    if not re.search(r"\w", cleaned.text):
        raise InputRejected(
            f"{name}: no text is left after taking out what is not the document. Check that the file holds the article itself."
        )
    # The day a file was made is the last thing to go by.
    published = given.published or ("" if said.made else said.published) or cleaned.published or said.published
    before = library.get(id)
    values = {
        "id": id,
        "kind": "article",
        "voice": given.voice or (before.voice if before else "practitioner"),
        "title": given.title or said.title or cleaned.title or (before.title if before else "") or _title_from(id),
        "source": given.source or said.source or cleaned.source or (before.source if before else ""),
        "author": given.author or said.author or cleaned.author or (before.author if before else ""),
        "url": given.url or original.url or said.url or (before.url if before else ""),
        "published": published or (before.published if before else ""),
        "added": before.added if before else today.isoformat(),
        "review_by": before.review_by if before else (today + REVIEW_AFTER).isoformat(),
        "owner": before.owner if before else "library editor",
        "sells": before.sells if before else "",
    }
    document = build_document(values, cleaned.text, name)
    warnings = [*_warnings(document, cleaned.removed), *said.warnings]
    if said.made and not (given.published or cleaned.published):
        warnings.append(f"published is {said.made}: give it with --published if that is another day")
    removed = (*taken_out(seen.hidden), *said.removed, *cleaned.removed)
    # What surrounds a page's article asks its readers for things, too; it is not what would be published.
    visible = find_hostile(cleaned.text) if original.suffix in WEB_PAGES else find_hostile(raw, cleaned.text)
    found = each_once((*said.found, *visible))
    return Prepared(name, document, removed=removed, warnings=tuple(warnings), quarantined=found)


def read_input(path: Path, name: str) -> bytes:
    """What the file holds, or one clear line on why it can't be read."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputRejected(f"{name}: this is not a file. Give a document, or a folder of them.")
        if size == 0:
            raise InputRejected(f"{name}: the file is empty.")
        largest = LARGEST_FILE if path.suffix.lower() in ingest.readers.SUFFIXES else LARGEST_TEXT
        if size > largest:
            raise InputRejected(
                f"{name}: the file has {size / 1e6:.0f} MB, more than {largest / 1e6:.0f} MB. Split it into articles."
            )
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise InputRejected(f"{name}: there is no such file. Check the path.") from exc
    except OSError as exc:
        raise InputRejected(f"{name}: the file can't be read ({exc.strerror}). Check its permissions.") from exc


def as_text(data: bytes, name: str) -> str:
    """The text in it, or one clear line on why it is none."""
    if (
        data.startswith(
            (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\x7fELF")
        )
        or b"\x00" in data
    ):
        raise InputRejected(
            f"{name}: this is a binary file, not text. Give a PDF or Word file its right ending, or save the article as text and add that."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise InputRejected(f"{name}:{line}: the file is not valid UTF-8. Save it as UTF-8 and add it again.") from exc
    printable = sum(1 for character in text[:20_000] if character.isprintable() or character in "\n\r\t")
    if printable < 0.95 * len(text[:20_000]):
        raise InputRejected(f"{name}: this is a binary file posing as text.")
    if not re.search(r"\w{2}", text):
        raise InputRejected(f"{name}: the file holds no words.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _foreign_front_matter(front: str | None, body: str, name: str) -> Read:
    """The text and what another tool's front matter says of it, as far as it is plain; the rest is left behind."""
    if front is None:
        return Read(body)
    values = load_front_matter(front, name)

    def first(*keys: str) -> str:
        return next((" ".join(values[key].split()) for key in keys if isinstance(values.get(key), str)), "")

    published = first("published", "date", "date_published")
    url = first("url", "canonical_url", "link")
    return Read(
        body,
        title=first("title"),
        author=first("author", "byline"),
        source=first("source", "publisher", "site"),
        url=url if url.startswith("http") else "",
        published=read_date(published[:10]) or read_date(published),
    )


def _title_from(id: str) -> str:
    words = id.replace("-", " ")
    return words[:1].upper() + words[1:]


def _warnings(document: Document, removed: Iterable[Removal]) -> tuple[str, ...]:
    warnings = [
        f"no {name} was found: give it with --{name}"
        for name in ("source", "author", "url", "published")
        if not getattr(document, name)
    ]
    unanswered = sum(1 for removal in removed if removal.why == "question with no answer beneath it")
    if unanswered:
        warnings.append(f"{unanswered} question(s) stand in the text without an answer and were left out")
    if len(split_sentences(document.text)) < 3:
        warnings.append("the text is very short")
    return tuple(warnings) if document.voice != "house" else ()
