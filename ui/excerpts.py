"""Quotes inside their surroundings: which stretch of a stored text to show, and which of it is quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Enough to judge a quote by: about two sentences on either side.
SURROUNDINGS = 200
HEADING_LINE = re.compile(r"^#{1,6}[ \t][^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """Part of quotes or of their surroundings: the citations that quote it, and those whose quotes begin with it."""

    text: str
    quoted_by: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """One stretch of a stored text with the quotes in it."""

    pieces: tuple[Piece, ...]
    cut_before: bool
    cut_after: bool


@dataclass(frozen=True)
class Stretch:
    start: int
    end: int
    cut_before: bool
    cut_after: bool


def excerpts(text: str, quotes: Sequence[tuple[int, int, int]]) -> list[Excerpt]:
    """The quotes (number, start, end) inside their surroundings; neighbours share one stretch of text."""
    found: list[Excerpt] = []
    group: list[tuple[int, int, int]] = []
    stretch: Stretch | None = None
    for quote in sorted(quotes, key=lambda q: (q[1], q[2], q[0])):
        around = surroundings(text, quote[1], quote[2])
        if stretch is not None and around.start <= stretch.end:
            last = stretch if stretch.end >= around.end else around
            stretch = Stretch(min(stretch.start, around.start), last.end, stretch.cut_before, last.cut_after)
            group.append(quote)
            continue
        if stretch is not None:
            found.append(_excerpt(text, stretch, group))
        stretch, group = around, [quote]
    return [*found, _excerpt(text, stretch, group)] if stretch is not None else found


def surroundings(text: str, start: int, end: int) -> Stretch:
    """Some 200 characters on either side of a span, within its section and at the borders of words."""
    line = text.rfind("\n", 0, max(0, start - SURROUNDINGS)) + 1
    headings = list(HEADING_LINE.finditer(text, line, start))
    first, cut_before = max(0, start - SURROUNDINGS), True
    if headings and headings[-1].end() >= first:
        first, cut_before = min(headings[-1].end(), start), False
    elif first == 0:
        cut_before = False
    elif not text[first - 1].isspace() and (space := re.search(r"\s", text[first:start])):
        first += space.end()
    last, cut_after = min(len(text), end + SURROUNDINGS), True
    if heading := HEADING_LINE.search(text, end, last):
        last, cut_after = heading.start(), False
    elif last == len(text):
        cut_after = False
    elif not text[last].isspace() and (spaces := list(re.finditer(r"\s", text[end:last]))):
        last = end + spaces[-1].start()
    first += len(text[first:start]) - len(text[first:start].lstrip())
    last -= len(text[end:last]) - len(text[end:last].rstrip())
    return Stretch(first, last, cut_before, cut_after)


def _excerpt(text: str, stretch: Stretch, quotes: Sequence[tuple[int, int, int]]) -> Excerpt:
    borders = sorted({stretch.start, stretch.end, *(border for _, start, end in quotes for border in (start, end))})
    pieces = []
    for start, end in pairwise(borders):
        begins = tuple(n for n, first, last in quotes if first == start and last > first)
        quoted_by = tuple(n for n, first, last in quotes if first <= start and end <= last)
        pieces.append(Piece(text[start:end], quoted_by, begins))
    return Excerpt(tuple(pieces), stretch.cut_before, stretch.cut_after)
