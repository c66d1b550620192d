"""From a tree of HTML elements to Markdown: headings, lists, tables, quotes and code; of emphasis only what opens a paragraph.

Pure. Nothing is escaped: answers quote this text to the letter, and people read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

LISTS = ("ul", "ol")
ITEM = re.compile(r"^(?:-|\d+\.) ")
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = {
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
    "header", "hr", "html", "li", "main", "nav", "p", "section", "summary", "td", "tfoot", "th", "thead", "tbody", "title", "tr",
}  # fmt: skip
SILENT = {
    "audio", "button", "canvas", "embed", "head", "iframe", "input", "noscript", "object", "option", "script", "select", "style", "svg",
    "template", "textarea", "video",
}  # fmt: skip
# A cell with more than this is a page laid out as a table, as it was done in the nineties.
LONGEST_CELL = 600


def to_markdown(tree: Any) -> str:
    """The Markdown of an lxml element and everything in it."""
    return "\n\n".join(_blocks(tree))


def _blocks(element: Any) -> list[str]:
    writer = _Writer()
    writer.inside(element)
    writer.end_paragraph()
    return writer.blocks


@dataclass
class _Writer:
    """Collects words until a paragraph ends."""

    blocks: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def end_paragraph(self, prefix: str = "") -> None:
        text = "".join(self.words)
        self.words.clear()
        # One line break is a space, two are a new paragraph: so pages are written that don't know paragraphs.
        for paragraph in re.split(r"\x00\s*\x00", text):
            if words := " ".join(paragraph.replace("\x00", " ").split()):
                self.blocks.append(prefix + words)

    def inside(self, element: Any) -> None:
        self.words.append(_inline(element.text))
        for child in element:
            if isinstance(child.tag, str):  # neither a comment nor an instruction
                self.element(child)
            self.words.append(_inline(child.tail))

    def element(self, element: Any) -> None:
        tag = element.tag.lower()
        if tag in SILENT:
            return
        if tag == "br":
            self.words.append("\x00")
        elif tag in HEADINGS:
            self.end_paragraph()
            self.blocks += _heading(element, HEADINGS[tag])
        elif tag in LISTS:
            self.end_paragraph()
            self.blocks += _list(element)
        elif tag == "table":
            self.end_paragraph()
            self.blocks += _table(element)
        elif tag == "pre":
            self.end_paragraph()
            if code := "".join(element.itertext()).strip("\n"):
                self.blocks.append(f"```\n{code.replace('```', '')}\n```")
        elif tag == "blockquote":
            self.end_paragraph()
            self.blocks += [re.sub("^", "> ", block, flags=re.MULTILINE) for block in _blocks(element)]
        elif tag in BLOCKS:
            self.end_paragraph()
            self.inside(element)
            self.end_paragraph()
        elif tag in ("b", "strong") and _opens_paragraph(element, self.words):
            self.words.append(f"**{_own_words(element)}**")
        else:
            self.inside(element)


def _inline(text: str | None) -> str:
    return (text or "").replace("\x00", "")


def _line(element: Any) -> str:
    return " ".join(" ".join(_blocks(element)).split())


def _opens_paragraph(element: Any, words_before: list[str]) -> bool:
    """A run-in heading such as **Costs.** and not the large first letter of a story."""
    return not (
        any(words.strip() for words in words_before)
        or re.match(r"\w", element.tail or "")
        or not re.search(r"\w{2}", _own_words(element))
        or "*" in _own_words(element)
    )


def _own_words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _heading(element: Any, level: int) -> list[str]:
    words = _line(element).replace("**", "").lstrip("#> ").strip()
    return [f"{'#' * level} {words}"] if words else []


def _list(element: Any) -> list[str]:
    lines: list[str] = []
    number = 0
    for item in element:
        if not isinstance(item.tag, str) or item.tag.lower() in SILENT:
            continue
        # A list straight within a list is wrong and frequent; it is read as if it stood in an item.
        blocks = _list(item) if item.tag.lower() in LISTS else _blocks(item)
        words = " ".join(" ".join(block for block in blocks if not ITEM.match(block)).split())
        if words:
            number += 1
            lines.append(f"{number}. {words}" if element.tag.lower() == "ol" else f"- {words}")
        lines += [f"  {line}" for block in blocks if ITEM.match(block) for line in block.split("\n")]
    return ["\n".join(lines)] if lines else []


def _table(table: Any) -> list[str]:
    """Rows of cells; a table that only lays out the page is what stands in it."""
    rows = [
        [cell for cell in row if cell.tag in ("td", "th")]
        for row in table.iter("tr")
        if next(row.iterancestors("table"), table) is table
    ]
    blocks = [[_blocks(cell) for cell in row] for row in rows]  # once for each: tables stand in tables
    words = [[" ".join(" ".join(cell).split()).replace("|", "\\|") for cell in row] for row in blocks]
    filled = [row for row in words if any(row)]
    widest = max(map(len, filled), default=0)
    if len(filled) < 2 or widest < 2 or any(len(cell) > LONGEST_CELL for row in filled for cell in row):
        return [block for row in blocks for cell in row for block in cell]
    lines = [f"| {' | '.join(row + [''] * (widest - len(row)))} |" for row in filled]
    return ["\n".join([lines[0], "|" + "---|" * widest, *lines[1:]])]
