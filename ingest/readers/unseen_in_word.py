"""What of a Word file nobody sees: runs marked as hidden, in the colour of the paper, or too small to read; and the file without them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import lxml.etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
# The parts whose text is read; heads and feet are left out anyway.
PARTS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
# In half points: type of two points or less is a grey line to whoever looks at the page.
UNREADABLE = 4
PALE = re.compile(r"[eEfF][0-9a-fA-F]" * 3)
OFF = ("0", "false", "off", "none")
LONGEST_CHAIN = 20  # of styles that build on others; in a ring there is no end

MARKED = "marked as hidden text in Word"
PAPER = "in the colour of the paper in Word"
SMALL = "too small to be read in Word"


@dataclass(frozen=True)
class _Look:
    """How type looks, as far as it is said."""

    marked: bool = False
    pale: bool = False
    size: int = 24
    on_ground: bool = False  # behind it is a colour of its own

    @property
    def why_unseen(self) -> str:
        if self.marked:
            return MARKED
        if self.size <= UNREADABLE:
            return SMALL
        return PAPER if self.pale and not self.on_ground else ""


def without_unseen(data: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The file without the runs that nobody sees, and their words with the reason, those side by side together."""
    found: list[tuple[str, str]] = []
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = set(parts.namelist())
        styles = _Styles(_parsed(parts.read("word/styles.xml")) if "word/styles.xml" in names else None)
        for name in PARTS:
            if name in names:
                tree = _parsed(parts.read(name))
                unseen = _take_out(tree, styles)
                if unseen:
                    found += unseen
                    changed[name] = lxml.etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
        if not changed:
            return data, found
        mended = io.BytesIO()
        with zipfile.ZipFile(mended, "w", zipfile.ZIP_DEFLATED) as copy:
            for part in parts.infolist():
                copy.writestr(part.filename, changed.get(part.filename) or parts.read(part))
    return mended.getvalue(), found


def _parsed(xml: bytes) -> Any:
    # One name for both kinds of the format, of which the strict one is rare.
    return lxml.etree.fromstring(
        xml.replace(STRICT[1:-1].encode(), W[1:-1].encode()),
        lxml.etree.XMLParser(resolve_entities=False, no_network=True),
    )


def _take_out(tree: Any, styles: _Styles) -> list[tuple[str, str]]:
    background = tree.find(f"{W}background")
    dark_paper = background is not None and not PALE.fullmatch(background.get(f"{W}color", "FFFFFF"))
    unseen: list[tuple[str, str]] = []
    together: Any = None
    for paragraph in list(tree.iter(f"{W}p")):
        ground = dark_paper or _stands_on_ground(paragraph)
        above = styles.of_paragraph(paragraph)
        for run in list(_runs(paragraph)):
            words = "".join(text.text or "" for text in run.iter(f"{W}t"))
            why = styles.of_run(run, above, ground).why_unseen if words else ""
            if not why:
                together = None if words.strip() else together
                continue
            if together is not None and unseen[-1][1] == why:
                gap = "" if together is paragraph else " "
                unseen[-1] = (f"{unseen[-1][0]}{gap}{words}", why)
            else:
                unseen.append((words, why))
            together = paragraph
            run.getparent().remove(run)
    return [(" ".join(words.split()), why) for words, why in unseen if words.strip()]


def _runs(paragraph: Any) -> Iterator[Any]:
    """Those of the paragraph itself, and not of a text box within it, whose paragraphs have their own turn."""
    return (run for run in paragraph.iter(f"{W}r") if next(run.iterancestors(f"{W}p")) is paragraph)


def _stands_on_ground(paragraph: Any) -> bool:
    """In a box or a table whose colours its own style may give, the letters may be light with reason."""
    for above in paragraph.iterancestors():
        if above.tag == f"{W}txbxContent":
            return True
        if above.tag == f"{W}tc" and _is_shaded(above.find(f"{W}tcPr")):
            return True
        if above.tag == f"{W}tbl":
            said = above.find(f"{W}tblPr")
            if _is_shaded(said) or (said is not None and said.find(f"{W}tblStyle") is not None):
                return True
    return False


def _is_shaded(said: Any) -> bool:
    if said is None:
        return False
    shade, marker = said.find(f"{W}shd"), said.find(f"{W}highlight")
    if marker is not None and marker.get(f"{W}val", "none") not in ("none", "white"):
        return True
    if shade is None:
        return False
    fill = shade.get(f"{W}fill", "auto")
    return shade.get(f"{W}val") == "solid" or not (fill == "auto" or PALE.fullmatch(fill))


class _Styles:
    """What the styles of a file say of the type set in them."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self._chains: dict[str, list[Any]] = {}

    @cached_property
    def _by_id(self) -> dict[str, Any]:
        styles = self.tree.iter(f"{W}style") if self.tree is not None else ()
        return {style.get(f"{W}styleId", ""): style for style in styles}

    @cached_property
    def _plain(self) -> _Look:
        """What a paragraph looks like that names no style."""
        if self.tree is None:
            return _Look()
        look = _as_said(self.tree.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"), _Look())
        for id, style in self._by_id.items():
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true"):
                return self._with_style(id, look)
        return look

    def of_paragraph(self, paragraph: Any) -> _Look:
        said = paragraph.find(f"{W}pPr")
        look = self._plain
        if said is not None:
            look = self._with_style(_value(said.find(f"{W}pStyle")), look)
            look = replace(look, on_ground=look.on_ground or _is_shaded(said))
        return look

    def of_run(self, run: Any, above: _Look, ground: bool) -> _Look:
        said = run.find(f"{W}rPr")
        if said is not None:
            above = _as_said(said, self._with_style(_value(said.find(f"{W}rStyle")), above))
        return replace(above, on_ground=above.on_ground or ground)

    def _with_style(self, id: str, look: _Look) -> _Look:
        for style in reversed(self._chain(id)):
            look = _as_said(style.find(f"{W}rPr"), look)
            look = replace(look, on_ground=look.on_ground or _is_shaded(style.find(f"{W}pPr")))
        return look

    def _chain(self, id: str) -> list[Any]:
        if id not in self._chains:
            chain: list[Any] = []
            at = id
            while at in self._by_id and len(chain) < LONGEST_CHAIN:
                chain.append(self._by_id[at])
                at = _value(chain[-1].find(f"{W}basedOn"))
            self._chains[id] = chain
        return self._chains[id]


def _as_said(said: Any, look: _Look) -> _Look:
    if said is None:
        return look
    marked, colour, size = (said.find(f"{W}{name}") for name in ("vanish", "color", "sz"))
    if marked is not None:
        look = replace(look, marked=marked.get(f"{W}val", "true") not in OFF)
    if colour is not None:
        look = replace(look, pale=bool(PALE.fullmatch(_value(colour))))
    if size is not None and re.fullmatch(r"\d{1,4}", _value(size)):
        look = replace(look, size=int(_value(size)))
    return replace(look, on_ground=look.on_ground or _is_shaded(said))


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(f"{W}val", ""))
