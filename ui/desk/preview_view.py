"""What the desk shows of a text: as it was given, as it is read, what was found in it and taken out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Protocol

from ui.desk.actions import Entry, Upload
from ui.plain_text import as_text

# Enough of a text to look at; a page with megabytes in it would not scroll.
MOST_SHOWN = 60_000


class HasPlace(Protocol):
    """A passage."""

    @property
    def headings(self) -> tuple[str, ...]: ...
    @property
    def text(self) -> str: ...


def given_html(upload: Upload | None, name: str, removed: Iterable[str]) -> str:
    """The source as given, what was left out of it struck through."""
    words = readable(upload) if upload else None
    if words is None:
        size = f" ({len(upload.data) / 1000:,.0f} kB)" if upload else ""
        return f'<div class="fr-sheet"><p class="fr-none">{as_text(name)}{size} can’t be shown here. Open it beside this page to compare.</p></div>'
    return f'<div class="fr-sheet" tabindex="0">{_struck(_cut(words), removed)}</div>'


def readable(upload: Upload) -> str | None:
    """The words in a file as a reader would see them; None where it has to be opened."""
    ending = upload.name.rpartition(".")[2].lower()
    if ending in ("pdf", "docx"):
        return None
    text = upload.data.decode("utf-8-sig", "replace")
    return _Words(text).text if ending in ("html", "htm", "xhtml") else text


def sheet_html(text: str) -> str:
    return f'<div class="fr-sheet" tabindex="0">{as_text(_cut(text))}</div>'


def _cut(text: str) -> str:
    return (
        text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}\n\n… and {len(text) - MOST_SHOWN:,} characters more"
    )


def _struck(words: str, removed: Iterable[str]) -> str:
    """The places are looked for in order, as they were left out; what can't be found again is in the list below anyway."""
    places: list[tuple[int, int]] = []
    for piece in sorted({piece for piece in removed if piece.strip()}, key=len, reverse=True):
        at = words.find(piece)
        while at >= 0 and any(start < at + len(piece) and at < end for start, end in places):
            at = words.find(piece, at + 1)
        if at >= 0:
            places.append((at, at + len(piece)))
    parts, done = [], 0
    for start, end in sorted(places):
        parts += [as_text(words[done:start]), f'<del class="fr-out">{as_text(words[start:end])}</del>']
        done = end
    return "".join([*parts, as_text(words[done:])])


class _Words(HTMLParser):
    """The visible words of a web page, a line for each block of it."""

    UNSEEN = ("script", "style", "template", "noscript", "head", "svg")
    INLINE = (
        "a",
        "abbr",
        "b",
        "cite",
        "code",
        "em",
        "i",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
    )

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self._unseen: list[str] = []
        self._parts: list[str] = []
        self.feed(page)
        self.close()
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        self.text = "\n\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._unseen.clear()  # a head need not be closed
        if tag in self.UNSEEN:
            self._unseen.append(tag)
        elif tag not in self.INLINE:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag not in self.INLINE:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data.replace("\n", " "))


def standing_html(entry: Entry) -> str:
    """What this entry is to the library: new, a replacement, or nothing that can enter."""
    if entry.prepared.document is None:
        return f'<p class="fr-badge fr-partial">Can’t enter the library</p><p class="fr-reason">{as_text(entry.reason)}</p>'
    if entry.prepared.quarantined:
        return '<p class="fr-badge fr-partial">Needs a look first</p>'
    if entry.before is None:
        return '<p class="fr-badge">New document</p>'
    if entry.before == entry.prepared.document:
        return '<p class="fr-badge fr-abstained">In the library already, unchanged</p>'
    return f'<p class="fr-badge">Replaces “{as_text(entry.before.title)}”</p>'


def remarks_html(entry: Entry) -> str:
    """Duplicates and warnings."""
    remarks = [f"{share:.0%} of it also stands in “{title}”." for title, share in entry.duplicates]
    remarks += [f"{warning[:1].upper()}{warning[1:]}." for warning in entry.warnings]
    return f'<ul class="fr-remarks">{"".join(f"<li>{as_text(one)}</li>" for one in remarks)}</ul>' if remarks else ""


def contradicts_html(entry: Entry) -> str:
    """What the library says otherwise, beside the new words."""
    items = (
        f"<li><q>{as_text(one.theirs)}</q><br>“{as_text(title)}” says: <q>{as_text(one.ours)}</q> <span>{as_text(one.why)}</span></li>"
        for title, one in entry.contradicts
    )
    return f'<ul class="fr-found">{"".join(items)}</ul>'


def found_html(found: Sequence[Pair]) -> str:
    """Passages in quarantine."""
    return _pairs(found, "fr-found")


def removed_html(removed: Sequence[Pair]) -> str:
    return _pairs(removed, "fr-left-out")


class Pair(Protocol):
    """A piece of text and why it is shown."""

    @property
    def text(self) -> str: ...
    @property
    def why(self) -> str: ...


def _pairs(pairs: Iterable[Pair], name: str) -> str:
    items = (f"<li><q>{as_text(one.text)}</q> <span>{as_text(one.why)}</span></li>" for one in pairs)
    return f'<ul class="{name}">{"".join(items)}</ul>'


def passages_html(passages: Iterable[HasPlace]) -> str:
    items = (
        f'<li><p class="fr-heading">{as_text(" › ".join(one.headings))}</p><p>{as_text(one.text)}</p></li>'
        for one in passages
    )
    return f'<ol class="fr-passages">{"".join(items)}</ol>'
