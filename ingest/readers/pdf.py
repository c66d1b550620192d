"""A PDF as Markdown: lines become paragraphs, larger type becomes headings, and what repeats on every page is left out.

Tables come as their lines: a PDF does not say what is a table. Pictures of text are not read.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from corpus.errors import InputRejected
from ingest.clean import Removal, read_date
from ingest.hidden import Hidden, is_a_sentence
from ingest.readers import Read
from ingest.readers.unseen_in_pdf import Eyes

# What stands among the first or last two lines of this share of the pages, and of three at least, is a running head or foot.
REPEATED_SHARE = 0.5
REPEATED_PAGES = 3
EDGE_LINES = 2
# Type this much larger than that of most of the text is a heading's; so is bold type of the same size, on a short line alone.
LARGER = 1.15
BOLD = 600
HEADING_WORDS = 16
DEEPEST = 6
TOP_BLOCKS = 4
# A gap half as wide again as between most lines, for their size, parts paragraphs.
PARAGRAPH_GAP = 1.5

PAGE_NUMBER = re.compile(
    r"^(?:page|p\.|seite)?\s*[-–—]?\s*\d{1,4}\s*[-–—]?(?:\s*(?:of|/|von)\s*\d{1,4})?$", re.IGNORECASE
)
CONTENTS = re.compile(r"(?:\.\s?){5,}\s*(?:\d{1,4}|[ivxl]+)$")
BULLET = re.compile(r"^(?:[•▪◦●○■□‣⁃∙·]|[-–—](?=\s))\s*(?=\S)")
NUMBERED = re.compile(r"^\d{1,2}[.)]\s+\S")
# What programs write as a title of their own accord.
NO_TITLE = re.compile(
    r"^(?:untitled|microsoft \w+ - .*|.*\.(?:docx?|indd|tex|pdf|qxd|pptx?|xlsx?)|slide \d+|title)$", re.IGNORECASE
)
# PDFium's marks for a hyphen that only breaks the line.
BROKEN_WORD = re.compile("(?:\ufffe|\x02)\\s*")


@dataclass(frozen=True)
class _Letter:
    """Where a letter stands, as high as its type is, and how heavy it is."""

    left: float
    right: float
    top: float
    bottom: float
    weight: int


@dataclass(frozen=True)
class _Line:
    """A line of type: what it says, how large, how heavy, and where it stands on its page."""

    text: str
    size: float
    bold: bool
    left: float
    right: float
    top: float
    page: int


def read_pdf(data: bytes) -> Read:
    if b"%PDF" not in data[:1024]:
        raise InputRejected(
            "this is no PDF, whatever its name says. Give the file its right ending, or save it as a PDF again."
        )
    try:
        document = pdfium.PdfDocument(data)  # an empty password is tried
    except pdfium.PdfiumError as exc:
        if "password" in str(exc).lower():
            raise InputRejected("the PDF is protected by a password. Save a copy without one, and add that.") from exc
        raise InputRejected(
            "the PDF is damaged and can't be opened. Open it in a viewer, print it to a new PDF, and add that."
        ) from exc
    pages, unreadable, pictures, recognised = [], [], 0, 0
    hidden: list[Hidden] = []
    for number in range(len(document)):
        try:
            page = document[number]
            text_page = page.get_textpage()
            eyes = Eyes(page, text_page)
            unseen: dict[str, list[str]] = {}
            lines = list(_lines(text_page, number, eyes, unseen))
            recognised += eyes.recognised
            hidden += [Hidden(words, why, a_message=is_a_sentence(words)) for why, words in _together(unseen)]
            text_page.close()
            pictures += not lines and any(True for _ in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
            page.close()
        except pdfium.PdfiumError:
            unreadable.append(number + 1)
            continue
        pages.append(lines)
    if not any(pages):
        raise InputRejected(_why_empty(len(document), unreadable, pictures, hidden))
    body = _body_size(line for lines in pages for line in lines)
    kept, removed = _without_heads_and_feet(pages, body)
    blocks = _blocks(kept, body)
    said = document.get_metadata_dict()
    title = " ".join(said.get("Title", "").split())
    if not title or NO_TITLE.match(title):  # then it is what stands in the largest type near the top
        title = next((block[2:] for block in blocks[:TOP_BLOCKS] if block.startswith("# ")), "")
    top = [block for block in blocks[:TOP_BLOCKS] if block.lstrip("# ") != title]
    made = read_date(re.sub(r"^D:(\d{4})(\d{2})(\d{2}).*", r"\1-\2-\3", said.get("CreationDate", "")))
    warnings = [f"page {number} is damaged and was left out" for number in unreadable[:10]]
    if recognised:
        warnings.append(
            f"the text of {recognised} page(s) lies unseen over pictures of them, as text recognition puts it: compare the two"
        )
    if pictures:
        warnings.append(f"{pictures} page(s) hold only pictures, and what they say was left out")
    return Read(
        "\n\n".join([*top, *blocks[TOP_BLOCKS:]]),
        title=title,
        author=" ".join(said.get("Author", "").split()),
        published=made,
        made="the day the PDF was made" if made else "",
        removed=removed,
        warnings=tuple(warnings),
        hidden=tuple(hidden),
    )


def _together(unseen: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((why, " ".join(words)) for why, words in unseen.items())


def _why_empty(pages: int, unreadable: list[int], pictures: int, hidden: list[Hidden]) -> str:
    if unreadable and len(unreadable) == pages:
        return (
            "the PDF is damaged, no page of it can be read. Open it in a viewer, print it to a new PDF, and add that."
        )
    if pictures:
        return "the PDF holds pictures of pages (a scan) and no text. Run text recognition (OCR) over it, and add what comes of that."
    if hidden:
        return f"nobody sees any of the PDF's text: it is {hidden[0].why}. Save what its pages show as a text file."
    return "the PDF holds no text, perhaps only drawings. Save what it says as a text file."


def _lines(text_page: Any, number: int, eyes: Eyes, unseen: dict[str, list[str]]) -> Iterator[_Line]:
    """The lines that are seen; words that are not go to `unseen`, by the reason."""
    start = 0
    for line in text_page.get_text_range(errors="replace").split("\n"):
        words = []
        for word in re.finditer(r"\S+", line):
            why = eyes.why_unseen(start + word.start(), start + word.end() - 1)
            if why:
                unseen.setdefault(why, []).append(BROKEN_WORD.sub("", word.group(0)))
            else:
                words.append(word)
        all_seen = len(words) == len(line.split())
        text = line.strip() if all_seen else " ".join(word.group(0) for word in words)
        if re.search(r"\w|[^\s\x00]", text):
            # Three characters stand for the line: one alone may be a large initial or a word in another type.
            first, end = words[0].start(), words[-1].end()
            letters = [_letter(text_page, start + at) for at in (first, (first + end) // 2, end - 1)]
            yield _Line(
                text,
                size=median(letter.top - letter.bottom for letter in letters),
                bold=all(letter.weight >= BOLD for letter in letters),
                left=letters[0].left,
                right=letters[-1].right,
                top=letters[0].top,
                page=number,
            )
        start += len(line) + 1


def _letter(text_page: Any, at: int) -> _Letter:
    box = raw.FS_RECTF()
    index = raw.FPDFText_GetCharIndexFromTextIndex(text_page, at)
    raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
    return _Letter(box.left, box.right, box.top, box.bottom, raw.FPDFText_GetFontWeight(text_page, index))


def _without_heads_and_feet(pages: list[list[_Line]], body: float) -> tuple[list[_Line], tuple[Removal, ...]]:
    edges = [
        [line for line in (*lines[:EDGE_LINES], *lines[-EDGE_LINES:]) if not _is_larger(line, body)] for lines in pages
    ]
    stands_on = Counter(shape for lines in edges for shape in {_shape(line.text) for line in lines})
    # A number that counts on with the pages is the page's, whatever stands beside it.
    offsets = Counter(offset for lines in edges for offset in {_offset(line) for line in lines} - {None})
    counting = {
        offset for offset, count in offsets.items() if count >= max(REPEATED_PAGES, REPEATED_SHARE * len(pages))
    }
    often = {shape for shape, count in stands_on.items() if count >= max(REPEATED_PAGES, REPEATED_SHARE * len(pages))}
    kept: list[_Line] = []
    told: dict[str, Removal] = {}
    for lines, edge in zip(pages, edges, strict=True):
        for line in lines:
            shape = _shape(line.text)
            if line in edge and (PAGE_NUMBER.match(line.text) or _offset(line) in counting):
                told.setdefault("number", Removal(line.text, "page number, and what stands beside it"))
            elif CONTENTS.search(line.text):
                told.setdefault("contents", Removal(line.text, "table of contents"))
            elif line in edge and shape in often:
                told.setdefault(shape, Removal(line.text, f"running head or foot, on {stands_on[shape]} pages"))
            else:
                kept.append(line)
    return kept, tuple(told.values())


def _shape(text: str) -> str:
    """What stays the same of a running head while the page number in it counts on."""
    return re.sub(r"\d+", "0", text.lower())


def _offset(line: _Line) -> int | None:
    """How far the number that opens or closes a line is ahead of the count of pages."""
    number = re.match(r"(\d{1,4})\b", line.text) or re.search(r"\b(\d{1,4})$", line.text)
    return int(number.group(1)) - line.page if number and len(line.text) < 120 else None


def _body_size(lines: Iterable[_Line]) -> float:
    """The size of most of the type."""
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0]


def _blocks(lines: list[_Line], body: float) -> list[str]:
    larger = sorted({_half(line.size) for line in lines if _is_larger(line, body)}, reverse=True)
    blocks: list[str] = []
    for paragraph in _paragraphs(lines):
        first = paragraph[0]
        text = " ".join(BROKEN_WORD.sub("", _joined(paragraph)).split())
        words = text.split()
        short = len(words) <= HEADING_WORDS and re.search(r"[^\W\d_]{2}", text) and not BULLET.match(text)
        if short and _is_larger(first, body):
            blocks.append(f"{'#' * min(DEEPEST, larger.index(_half(first.size)) + 1)} {text}")
        elif (
            short
            and all(line.bold for line in paragraph)
            and not all(line.bold for line in lines)
            and not text.endswith((".", ",", ";"))
        ):
            blocks.append(f"{'#' * min(DEEPEST, len(larger) + 1)} {text}")
        elif BULLET.match(text):
            _append_item(blocks, "- " + BULLET.sub("", text))
        elif NUMBERED.match(text):
            _append_item(blocks, text)
        else:
            blocks.append(text)
    return blocks


def _append_item(blocks: list[str], item: str) -> None:
    if blocks and (blocks[-1].startswith("- ") if item.startswith("- ") else NUMBERED.match(blocks[-1])):
        blocks[-1] += "\n" + item
    else:
        blocks.append(item)


def _joined(paragraph: list[_Line]) -> str:
    return "\n".join(line.text for line in paragraph)


def _half(size: float) -> float:
    return round(size * 2) / 2


def _is_larger(line: _Line, body: float) -> bool:
    return line.size > body * LARGER


def _paragraphs(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Lines that belong together: of one size, one under the other, without a gap and with no bullet between."""
    widest = max((line.right for line in lines), default=0.0)
    pairs = (
        (a, b) for a, b in pairwise(lines) if a.page == b.page and a.top > b.top and _half(a.size) == _half(b.size)
    )
    pitches = sorted((a.top - b.top) / max(a.size, 0.1) for a, b in pairs)
    usual = pitches[len(pitches) // 4] if pitches else 0.0  # the lower quarter: gaps between paragraphs are among them
    held: list[_Line] = []
    for line in lines:
        if held and not _goes_on(held[-1], line, usual, widest):
            yield held
            held = []
        held.append(line)
    if held:
        yield held


def _goes_on(before: _Line, line: _Line, usual: float, widest: float) -> bool:
    if BULLET.match(line.text) or NUMBERED.match(line.text):
        return False
    open_end = not re.search(r"[.!?:;][\"”’)\]]*$", before.text)
    below = before.page == line.page and line.top <= before.top
    if open_end and below and re.match(r"[a-zà-ÿ]", line.text) and line.size <= before.size * LARGER:
        return True
    if abs(before.size - line.size) > 0.08 * max(before.size, line.size) or before.bold != line.bold:
        return False
    if not below:  # the next page or column: only a sentence cut in two goes on
        return open_end and bool(re.match(r"[a-zà-ÿ(]", line.text))
    if usual and before.top - line.top > PARAGRAPH_GAP * usual * line.size:
        return False
    ends_early = before.right < before.left + 0.7 * (widest - before.left)
    return open_end or not ends_early
