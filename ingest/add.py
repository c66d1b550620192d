"""From what an operator hands over to documents ready to publish: read, clean, describe, compare. Publishes nothing itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import corpus.documents
import corpus.text
import ingest.clean
from corpus.documents import (
    LARGEST_TEXT,
    Document,
    build_document,
    load_front_matter,
    parse_document,
    slug,
    split_front_matter,
)
from corpus.errors import InputRejected
from corpus.record import KnownInput
from corpus.text import DUPLICATE_SHARE, shingles, split_sentences
from ingest.clean import Removal, clean, looks_like_markdown, read_date

SUFFIXES = (".md", ".markdown", ".txt", ".text")
REVIEW_AFTER = timedelta(days=365)


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
class Duplicate:
    document: str
    similarity: float


@dataclass(frozen=True)
class Prepared:
    """One input: a document to publish, or the reason why not."""

    input: str
    document: Document | None = None
    reason: str = ""
    removed: tuple[Removal, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    key: str = ""  # to be remembered under once it is published; empty where it need not be

    @property
    def accepted(self) -> bool:
        return self.document is not None


Remembered = Callable[[str], KnownInput | None]


def nothing_remembered(_key: str) -> None:
    """Every input is new."""


def prepare(
    inputs: Iterable[str],
    given: Given,
    library: Mapping[str, Document],
    today: date,
    remembered: Remembered = nothing_remembered,
) -> list[Prepared]:
    """Every input as a document or a clear reason; one bad input never stops the others. What is remembered of an input is used
    as long as the library holds the document just as it came of it."""
    prepared: list[Prepared] = []
    taken: dict[str, str] = {}
    shingled: dict[str, frozenset[str]] = {}
    for name, path, id in _files(inputs):
        try:
            if path is None:
                raise InputRejected(id)
            data = read_input(path, name)
            key = _key(id, path, given, data)
            one = _as_before(name, remembered(key), library) or replace(
                _prepare_file(name, path, id, data, given, library, today), key=key
            )
            document = one.document
            assert document is not None
            if document.id in taken:
                raise InputRejected(
                    f"{name}: its id `{document.id}` is also that of {taken[document.id]}. Rename one of the files."
                )
            taken[document.id] = name
            before = library.get(document.id)
            if before is None or before.text != document.text:  # a text that is there already was compared when it came
                shingled = shingled or {id: shingles(document.text) for id, document in library.items()}
                own = shingles(document.text)
                one = replace(one, duplicates=_duplicates(document.id, own, shingled))
                shingled[document.id] = own
            prepared.append(one)
        except InputRejected as rejected:
            prepared.append(Prepared(name, reason=str(rejected)))
    return prepared


def _files(inputs: Iterable[str]) -> Iterator[tuple[str, Path | None, str]]:
    """(as given, the file, its id); a folder gives every text in it, and what can't be read gives the reason in place of the id."""
    for name in inputs:
        if re.match(r"^[a-z][a-z0-9+.-]*://", name):
            yield (
                name,
                None,
                f"{name}: addresses can't be fetched yet. Save the page as text or Markdown and add the file.",
            )
            continue
        path = Path(os.path.expanduser(name))  # noqa: PTH111 - leaves `~nobody` as it is, where pathlib raises
        if os.path.isdir(path):  # noqa: PTH112 - says no where a folder above can't be looked into
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not found:
                yield name, None, f"{name}: the folder holds no text ({', '.join(SUFFIXES)})."
            for file in found:
                yield str(file), file, slug(" ".join(file.relative_to(path).with_suffix("").parts), longest=90)
        else:
            yield name, path, slug(path.stem, longest=90)


def _key(id: str, path: Path, given: Given, data: bytes) -> str:
    """Everything that decides what an input becomes, beside the document it would replace."""
    said = json.dumps([_revision(), id, path.suffix.lower(), *astuple(given)])
    return hashlib.sha256(said.encode() + data).hexdigest()


@cache
def _revision() -> str:
    """The code that makes a document of an input: when it changes, every input is new, and nobody has to think of it."""
    code = (Path(str(module.__file__)).read_bytes() for module in (corpus.documents, corpus.text, ingest.clean))
    return hashlib.sha256(b"".join((*code, Path(__file__).read_bytes()))).hexdigest()


def _as_before(name: str, known: KnownInput | None, library: Mapping[str, Document]) -> Prepared | None:
    """What the input became before. Made again over the same document, it would become the same."""
    document = library.get(known.document) if known else None
    if known is None or document is None or document.version != known.version:
        return None
    told = json.loads(known.told)
    return Prepared(
        name, document, removed=tuple(Removal(**one) for one in told["removed"]), warnings=tuple(told["warnings"])
    )


def to_remember(prepared: Iterable[Prepared]) -> dict[str, KnownInput]:
    """What to keep of inputs once they are published."""
    return {
        one.key: KnownInput(
            one.document.id,
            one.document.version,
            json.dumps({"removed": [asdict(removal) for removal in one.removed], "warnings": one.warnings}),
        )
        for one in prepared
        if one.document and one.key
    }


def _prepare_file(
    name: str, path: Path, id: str, data: bytes, given: Given, library: Mapping[str, Document], today: date
) -> Prepared:
    raw = as_text(data, name)
    front, body, _ = split_front_matter(raw, name)
    if (
        front is not None
        and re.search(r"^(?:id|kind):", front, re.MULTILINE)
        and re.search(r"^voice:", front, re.MULTILINE)
    ):
        document = parse_document(raw, name)
        return Prepared(name, document, warnings=_warnings(document, ()))
    said = _foreign_front_matter(front, name)
    markdown = path.suffix.lower() in (".md", ".markdown") or looks_like_markdown(body)
    cleaned = clean(body, markdown)
    if not re.search(r"\w", cleaned.text):
        raise InputRejected(
            f"{name}: no text is left after taking out what is not the document. Check that the file holds the article itself."
        )
    before = library.get(id)
    values = {
        "id": id,
        "kind": "article",
        "voice": given.voice or (before.voice if before else "practitioner"),
        "title": given.title
        or said.get("title")
        or cleaned.title
        or (before.title if before else "")
        or _title_from(id),
        "source": given.source or said.get("source") or cleaned.source or (before.source if before else ""),
        "author": given.author or said.get("author") or cleaned.author or (before.author if before else ""),
        "url": given.url or said.get("url") or (before.url if before else ""),
        "published": given.published
        or said.get("published")
        or cleaned.published
        or (before.published if before else ""),
        "added": before.added if before else today.isoformat(),
        "review_by": before.review_by if before else (today + REVIEW_AFTER).isoformat(),
        "owner": before.owner if before else "library editor",
        "sells": before.sells if before else "",
    }
    document = build_document(values, cleaned.text, name)
    return Prepared(name, document, removed=cleaned.removed, warnings=_warnings(document, cleaned.removed))


def read_input(path: Path, name: str) -> bytes:
    """What the file holds, or one clear line on why it can't be read."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputRejected(f"{name}: this is not a file. Give a text or Markdown file, or a folder of them.")
        if size == 0:
            raise InputRejected(f"{name}: the file is empty.")
        if size > LARGEST_TEXT:
            raise InputRejected(
                f"{name}: the file has {size / 1e6:.0f} MB, more than {LARGEST_TEXT / 1e6:.0f} MB. Split it into articles."
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
            f"{name}: this is a binary file, not text. Save the article as text or Markdown and add that."
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


def _foreign_front_matter(front: str | None, name: str) -> dict[str, str]:
    """What another tool's front matter says, as far as it is plain; the rest is left behind."""
    if front is None:
        return {}
    values = load_front_matter(front, name)

    def first(*keys: str) -> str:
        return next((" ".join(values[key].split()) for key in keys if isinstance(values.get(key), str)), "")

    published = first("published", "date", "date_published")
    url = first("url", "canonical_url", "link")
    return {
        "title": first("title"),
        "author": first("author", "byline"),
        "source": first("source", "publisher", "site"),
        "url": url if url.startswith("http") else "",
        "published": read_date(published[:10]) or read_date(published),
    }


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


def _duplicates(document: str, own: frozenset[str], shingled: Mapping[str, frozenset[str]]) -> tuple[Duplicate, ...]:
    found = []
    for id, others in shingled.items():
        if id == document:
            continue
        share = len(own & others) / max(1, min(len(own), len(others)))
        if share >= DUPLICATE_SHARE:
            found.append(Duplicate(id, round(share, 3)))
    return tuple(sorted(found, key=lambda duplicate: -duplicate.similarity))
