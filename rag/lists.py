"""Lists that a text announces: "three calls", "four areas", "works best when:" and the items, rows or headings that follow. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.text import Block, Span, read_blocks

COUNT_WORDS = r"two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|several|few|following|some|these"
# "Two days a week" announces nothing, however many headings follow.
MEASURES = r"(?:minute|hour|day|week|month|quarter|year|dollar|euro|pound|time|employee)s\b"
COUNTED = re.compile(
    rf"\b(?:{COUNT_WORDS})\b(?:\W+(?!{MEASURES})[\w-]+){{0,3}}?\W+(?!{MEASURES})[a-z-]{{3,}}s\b", re.IGNORECASE
)
MOST_ITEMS = 12


@dataclass(frozen=True)
class Announced:
    """What an announcement brings: its items, or nothing where the text does not hold them."""

    items: tuple[tuple[int, Span], ...]  # (block, span)

    @property
    def missing(self) -> bool:
        return not self.items


def announced_by(text: str, block: int, sentence: int) -> Announced | None:
    """The list that this sentence announces; None where it announces none."""
    blocks = read_blocks(text)
    here = blocks[block]
    words = here.sentences[sentence].of(text)
    last = sentence == len(here.sentences) - 1
    if words.rstrip("*_ ").endswith(":") and last:
        return Announced(_items_after(blocks, block, text, promised=True))
    if here.kind == "paragraph" and COUNTED.search(words):
        items = _items_after(blocks, block, text, promised=False)
        return Announced(items) if len(items) > 1 else None
    return None


def headings_under(text: str, block: int) -> Announced | None:
    """The parts of a section whose heading counts them ("Three calls …") when this block stands at its beginning."""
    blocks = read_blocks(text)
    above = next((b for b in range(block - 1, -1, -1) if blocks[b].kind == "heading"), None)
    if above is None or not COUNTED.search(blocks[above].span.of(text)):
        return None
    items = _subheadings(blocks, block)
    return Announced(items) if len(items) > 1 else None


def _items_after(blocks: Sequence[Block], block: int, text: str, promised: bool) -> tuple[tuple[int, Span], ...]:
    if block + 1 >= len(blocks):
        return ()
    here, following = blocks[block], blocks[block + 1]
    if following.kind in ("item", "row"):
        inner = [
            b
            for b in range(block + 1, len(blocks))
            if blocks[b].group == following.group and blocks[b].kind == following.kind
        ]
        top = min(blocks[b].level for b in inner)
        return tuple((b, blocks[b].span) for b in inner if blocks[b].level == top)[:MOST_ITEMS]
    section = []
    for number in range(block + 1, len(blocks)):
        if blocks[number].kind == "heading":
            break
        section.append(number)
    leads = tuple((b, blocks[b].sentences[0]) for b in section if blocks[b].lead and blocks[b].sentences)
    if len(leads) > 1:
        return leads[:MOST_ITEMS]
    if not section or (len(section) < 2 and not promised):
        under = _subheadings(blocks, block)
        if under:
            return under
    if (
        not promised
        and here.kind == "paragraph"
        and 2 <= len(section) <= 5
        and re.search(r"\b(?:few|following|several)\b", here.span.of(text), re.IGNORECASE)
    ):
        return tuple((b, blocks[b].sentences[0]) for b in section if blocks[b].sentences)
    return ()


def _subheadings(blocks: Sequence[Block], block: int) -> tuple[tuple[int, Span], ...]:
    """The headings one level below the section this block stands in, as far as the section goes."""
    above = next((blocks[b] for b in range(block, -1, -1) if blocks[b].kind == "heading"), None)
    level = above.level if above else 0
    found: list[tuple[int, Span]] = []
    for number in range(block + 1, len(blocks)):
        if blocks[number].kind != "heading":
            continue
        if blocks[number].level <= level:
            break
        if not found or blocks[number].level == blocks[found[0][0]].level:
            found.append((number, blocks[number].span))
    return tuple(found[:MOST_ITEMS]) if len(found) > 1 else ()
