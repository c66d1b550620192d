"""One document: Markdown with front matter, read, written and checked by itself. Knows nothing about the folder it lives in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from corpus.errors import DocumentError

try:  # libyaml reads front matter eight times as fast; where PyYAML was built without it, Python reads it
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

KINDS = ("article", "glossary", "position")
VOICES = ("practitioner", "digest", "house")
FOLDER_OF_KIND = {"article": "articles", "glossary": "glossary", "position": "positions"}

# A document is read by people: the longest of the public guides we measured on has 60 kB. Ten times that is still text;
# beyond it is a data dump, and front matter beyond 32 kB is not front matter.
LARGEST_TEXT = 5_000_000
LARGEST_FRONT_MATTER = 32_000
# The views of a position with their holders are five deep. libyaml composes by recursion in C, where too deep ends the process.
DEEPEST_FRONT_MATTER = 20
ID_PATTERN = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
DATE_PATTERN = re.compile(r"^\d{4}(?:-\d{2}(?:-\d{2})?)?$")
LONGEST_ID = 100
LONGEST_QUOTE_WORDS = 12
MOST_QUOTES = 6


@dataclass(frozen=True)
class Holder:
    """Who holds a view, and the words that show it."""

    document: str
    quote: str


@dataclass(frozen=True)
class View:
    view: str
    holders: tuple[Holder, ...]


@dataclass(frozen=True)
class Asked:
    """Questions that one sentence of the text answers, the sentence named by the words it opens with."""

    says: str
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """What we know about one text, and the text itself."""

    id: str
    kind: str
    voice: str
    title: str
    text: str
    source: str = ""
    author: str = ""
    url: str = ""
    published: str = ""
    added: str = ""
    review_by: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    supersedes: str = ""
    sells: str = ""
    licence: str = ""
    read: str = ""
    quotes: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    question: str = ""
    views: tuple[View, ...] = field(default=())
    asked: tuple[Asked, ...] = field(default=())

    @property
    def path(self) -> str:
        """Where it stands below the corpus folder."""
        return f"{FOLDER_OF_KIND[self.kind]}/{self.id}.md"

    @cached_property
    def version(self) -> str:
        """The hash of everything in the document, which is that of its file: two documents with one version are the same."""
        return version_of_file(format_document(self).encode())

    @property
    def sells_something(self) -> bool:
        """Whether the source is known to sell what it speaks of; "not stated in the part read" is not known."""
        return bool(self.sells) and not re.match(r"(?:not|none|nothing|unknown)\b", self.sells, re.IGNORECASE)

    @property
    def speaker(self) -> str:
        """Who is speaking, in the words an answer uses."""
        if self.author and self.source and self.author.lower() not in self.source.lower():
            return f"{self.author} ({self.source})"
        return self.author or self.source or self.title


FRONT_MATTER_FIELDS = tuple(f.name for f in fields(Document) if f.name != "text")
LIST_FIELDS = ("tags", "aliases", "quotes", "rests_on", "related")
REQUIRED_FIELDS = ("id", "kind", "voice", "title")


class _PlainLoader(_SafeLoader):
    """YAML without surprises: no duplicate keys, dates stay text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is not a word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# Dates, yes/no and numbers stay the words that were written: a title "2025" or a date 2025-12 is text to us. Asking for one by
# its tag (`!!timestamp x`) is refused: the constructors of PyYAML fail on some values with errors that are not YAMLErrors.
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.yaml_constructors = {
    tag: yaml.SafeLoader.yaml_constructors[tag]
    for tag in (*(f"tag:yaml.org,2002:{name}" for name in ("null", "str", "seq", "map")), None)
}


class _PlainDumper(yaml.SafeDumper):
    """One field a line, as people write them and git compares them; a list of words stays on its line."""


_PlainDumper.add_representer(
    dict, lambda dumper, values: dumper.represent_mapping("tag:yaml.org,2002:map", values, flow_style=False)
)


def parse_document(raw: str, place: str | Path) -> Document:
    """The document written in `raw`, or a `DocumentError` that names file, line and remedy."""
    if len(raw) > LARGEST_TEXT:
        raise DocumentError(
            place, f"the text has {len(raw):,} characters, more than {LARGEST_TEXT:,}", "Split it into articles."
        )
    front, body, body_line = split_front_matter(raw, place)
    if front is None:
        raise DocumentError(
            place,
            "there is no front matter",
            "Begin the file with `---`, the fields, and `---`; or bring it in with `fractional add`.",
            1,
        )
    values = load_front_matter(front, place)
    return build_document(values, body.strip("\n") + "\n" if body.strip() else "", place, front, body_line)


def stored_document(content: str, version: str, place: str | Path) -> Document:
    """A document from what `format_document` wrote, whose version is known and need not be computed again."""
    document = parse_document(content, place)
    document.__dict__["version"] = version
    return document


def split_front_matter(raw: str, place: str | Path) -> tuple[str | None, str, int]:
    """Front matter (None where there is none), the text after it, and the line that text begins on."""
    raw = raw.removeprefix("\ufeff")
    lines = raw.split("\n")
    if not lines or lines[0].rstrip() != "---":
        return None, raw, 1
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            front = "\n".join(lines[1:number])
            if len(front) > LARGEST_FRONT_MATTER:
                raise DocumentError(
                    place,
                    f"the front matter has {len(front):,} characters",
                    "Keep it to the fields in docs/writing-for-the-library.md.",
                    1,
                )
            return front, "\n".join(lines[number + 1 :]), number + 2
    raise DocumentError(place, "the front matter is never closed", "Add a line `---` after the last field.", 1)


def _refuse_bombs(front: str) -> None:
    """No aliases (a bomb needs them) and no depths, seen event by event before anything is composed."""
    depth = 0
    for event in yaml.parse(front, Loader=_SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not allowed", event.start_mark)  # type: ignore[arg-type]  # libyaml has a mark of its own
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_FRONT_MATTER:
            raise RecursionError


def load_front_matter(front: str, place: str | Path) -> dict[str, Any]:
    """The fields, each value as the words that were written."""
    try:
        _refuse_bombs(front)
        values = yaml.load(front, Loader=_PlainLoader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or "it is not valid YAML"
        line = mark.line + 2 if mark else 1
        raise DocumentError(
            place,
            f"the front matter can't be read: {problem}",
            "Write `field: value`, quoting values that hold `:` or `#`.",
            line,
        ) from exc
    except (RecursionError, ValueError) as exc:
        raise DocumentError(
            place, "the front matter is nested too deeply or holds a value that can't be read", "Use plain fields.", 1
        ) from exc
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise DocumentError(place, "the front matter is not a list of fields", "Write `field: value` lines.", 2)
    return values


def build_document(
    values: dict[str, Any], text: str, place: str | Path, front: str = "", body_line: int = 1
) -> Document:
    """A checked document from front matter values and a text."""

    def fail(name: str, problem: str, remedy: str) -> DocumentError:
        return DocumentError(place, f"`{name}` {problem}", remedy, _line_of(name, front))

    unknown = sorted(set(values) - set(FRONT_MATTER_FIELDS))
    if unknown:
        raise fail(unknown[0], "is no field of a document", f"Use one of: {', '.join(FRONT_MATTER_FIELDS)}.")
    for name in REQUIRED_FIELDS:
        if not str(values.get(name) or "").strip():
            raise fail(name, "is missing or empty", f"Add `{name}:` to the front matter.")

    known: dict[str, Any] = {}
    for name in FRONT_MATTER_FIELDS:
        value = values.get(name)
        if name == "views":
            known[name] = _read_views(value, fail)
        elif name == "asked":
            known[name] = _read_asked(value, fail)
        elif name in LIST_FIELDS:
            if value in (None, ""):
                value = []
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise fail(name, "is not a list of words", f"Write `{name}: [one, two]`.")
            known[name] = tuple(" ".join(item.split()) for item in value)
        else:
            if value is None:
                value = ""
            if not isinstance(value, str):
                raise fail(name, "is not plain text", f'Write `{name}: "…"` on one line.')
            known[name] = " ".join(value.split())
        if name not in ("views", "asked") and _unprintable(
            known[name] if isinstance(known[name], str) else " ".join(known[name])
        ):
            raise fail(name, "holds control or invisible characters", "Write it again as plain text.")

    if known["kind"] not in KINDS:
        raise fail("kind", f"is `{known['kind']}`", f"Use one of: {', '.join(KINDS)}.")
    if known["voice"] not in VOICES:
        raise fail("voice", f"is `{known['voice']}`", f"Use one of: {', '.join(VOICES)}.")
    if not ID_PATTERN.match(known["id"]) or len(known["id"]) > LONGEST_ID:
        raise fail(
            "id",
            f"is `{known['id'][:60]}`",
            f"Use lower-case words joined by hyphens, at most {LONGEST_ID} characters.",
        )
    for name in ("published", "added", "review_by"):
        if known[name] and not _is_date(known[name]):
            raise fail(
                name, f"is `{known[name]}`, which is no date", "Write YYYY-MM-DD (or YYYY-MM, YYYY), or leave it empty."
            )
    if known["url"] and not re.match(r"^https?://[^\s<>\"]+$", known["url"]):
        raise fail("url", "is not a web address", "Give the whole address, beginning with https://, or leave it empty.")
    if known["read"] not in ("", "whole", "part"):
        raise fail("read", f"is `{known['read']}`", "Use whole or part.")
    if len(known["quotes"]) > MOST_QUOTES:
        raise fail("quotes", f"holds {len(known['quotes'])} quotations", f"Keep at most {MOST_QUOTES}.")
    for quote in known["quotes"]:
        if len(quote.split()) > LONGEST_QUOTE_WORDS:
            raise fail(
                "quotes",
                f"holds one of {len(quote.split())} words ({quote[:40]}…)",
                f"Keep each to {LONGEST_QUOTE_WORDS} words.",
            )
    if known["kind"] == "position" and (not known["question"] or len(known["views"]) < 2):
        raise fail(
            "views", "needs a question and at least two views", "See docs/writing-for-the-library.md, Positions."
        )
    if not text.strip():
        raise DocumentError(place, "there is no text below the front matter", "Write the document's text.", body_line)
    return Document(text=text, **known)


def _read_views(value: Any, fail: Any) -> tuple[View, ...]:
    if value in (None, ""):
        return ()
    try:
        return tuple(
            View(
                view=_words(entry["view"]),
                holders=tuple(Holder(_words(h["document"]), _words(h["quote"])) for h in entry["holders"]),
            )
            for entry in value
        )
    except (TypeError, KeyError) as exc:
        raise fail(
            "views", "is not a list of views with holders", "See docs/writing-for-the-library.md, Positions."
        ) from exc


def _read_asked(value: Any, fail: Any) -> tuple[Asked, ...]:
    if value in (None, ""):
        return ()
    try:
        return tuple(Asked(_words(entry["says"]), tuple(map(_words, entry["asks"]))) for entry in value)
    except (TypeError, KeyError) as exc:
        raise fail(
            "asked", "is not a list of sentences with questions", "See docs/writing-for-the-library.md, Questions."
        ) from exc


def _words(value: Any) -> str:
    if not isinstance(value, str) or _unprintable(value):
        raise TypeError(value)
    return " ".join(value.split())


def _line_of(name: str, front: str) -> int:
    for number, line in enumerate(front.split("\n"), start=2):
        if line.startswith(f"{name}:"):
            return number
    return 1


def _is_date(value: str) -> bool:
    if not DATE_PATTERN.match(value):
        return False
    try:
        datetime.strptime(value, "%Y-%m-%d"[: {4: 2, 7: 5, 10: 8}[len(value)]])
    except ValueError:
        return False
    return True


def _unprintable(value: str) -> bool:
    return any(not character.isprintable() and character not in "\n\t " for character in value)


def format_document(document: Document) -> str:
    """The file that `parse_document` reads back to the same document."""
    values: dict[str, Any] = {}
    for name in FRONT_MATTER_FIELDS:
        value = getattr(document, name)
        if name == "views":
            if value:
                values[name] = [
                    {"view": v.view, "holders": [{"document": h.document, "quote": h.quote} for h in v.holders]}
                    for v in value
                ]
        elif name == "asked":
            if value:
                values[name] = [{"says": a.says, "asks": list(a.asks)} for a in value]
        elif name in LIST_FIELDS:
            if value:
                values[name] = list(value)
        elif value or name in ("source", "author", "url", "published", "sells"):
            values[name] = value
    front = yaml.dump(
        values, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=10_000, default_flow_style=None
    )
    return f"---\n{front}---\n\n{document.text.strip(chr(10))}\n"


def version_of_file(content: bytes) -> str:
    """The version of the document whose file, as `format_document` writes it, this is; of any other file, no document's."""
    return hashlib.sha256(content).hexdigest()[:32]


def slug(words: str, longest: int = 60) -> str:
    """An id made from a title."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower().replace("'", "").replace("’", "")).strip("-")
    return plain[:longest].rstrip("-") or "document"


def overdue(document: Document, today: date) -> bool:
    return bool(document.review_by) and document.review_by < today.isoformat()
