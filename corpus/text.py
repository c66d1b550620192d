"""The shape of a text: Markdown read into blocks and sentences, each an exact span of the stored text.

Pure: text in, spans out. Both sides build on it: ingesting chunks along these blocks, answering quotes these sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

# The possessive `++` and `*+` here and below keep hostile lines (a heading of spaces, a page of dots) at linear cost.
HEADING = re.compile(r"^(#{1,6})(?=[ \t]|$)[ \t]*+((?:[ \t]*+(?!#+[ \t]*$)[^ \t\n]++)*+)[ \t]*+#*+[ \t]*+$")
ITEM = re.compile(r"^([ \t]*)(?:[-*+•▪◦–]|\(?\d{1,2}[.)])[ \t]+(?=\S)")
ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$")
RULER = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
FENCE = re.compile(r"^[ \t]*(```|~~~)")
THEMATIC = re.compile(r"^[ \t]*([-*_])([ \t]*\1){2,}[ \t]*$")
# A run-in heading: bold words, at most eight of them, that open a paragraph or an item.
LEAD = re.compile(r"^(?:\*\*|__)(.{2,80}?)(?:\*\*|__)")

SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*+(?=\s+[\"'“‘(\[*_#]*[A-Z0-9≈$€£~<>]|\s*$)")
NOT_AN_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|etc|cf|approx|incl|dr|mr|mrs|ms|prof|inc|ltd|co|corp|st|no|fig|sr|jr|dept|est|al|u\.s|u\.k|e\.u|a\.m|p\.m)|\b[A-Z])\.[\"'”’)\]]*$",
    re.IGNORECASE,
)
# No abbreviation with its quotes and brackets is longer, so no more is looked at.
LONGEST_ABBREVIATION = 24
# A quotation that does not close so soon is taken to be no quotation, and no sentence is made longer than this for its sake.
REST_OF_A_QUOTATION = 240
LONGEST_WITH_A_QUOTATION = 600
OPENS_QUOTATION = re.compile(r"(?<![^\s(\[—–-])\"(?=\S)|“")
CLOSES_QUOTATION = re.compile(r"(?<=\S)\"|”")


@dataclass(frozen=True)
class Span:
    """A piece of a text by code points; `text[start:end]` is what it says."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, list item, table row or piece of code, and where it stands."""

    kind: str  # heading | paragraph | item | row | code
    span: Span
    headings: tuple[str, ...] = ()  # the headings above it, outermost first
    level: int = 0  # of a heading 1-6; of an item its depth from 0
    sentences: tuple[Span, ...] = ()
    lead: Span | None = None  # the bold run-in heading that opens it
    columns: tuple[str, ...] = ()  # of a row: the table's header cells
    group: int = -1  # items of one list and rows of one table share a number


@dataclass
class _Reader:
    text: str
    blocks: list[Block] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    group: int = 0

    def path(self) -> tuple[str, ...]:
        return tuple(words for _, words in self.headings)


@lru_cache(maxsize=512)
def read_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text, in order."""
    reader = _Reader(text)
    lines = _lines(text)
    index = 0
    while index < len(lines):
        index = _read_one(reader, lines, index)
    return tuple(reader.blocks)


def _lines(text: str) -> list[Span]:
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    return spans


def _read_one(reader: _Reader, lines: list[Span], index: int) -> int:
    text, line = reader.text, lines[index].of(reader.text)
    if not line.strip() or THEMATIC.match(line):
        return index + 1
    if FENCE.match(line):
        return _read_code(reader, lines, index)
    if line.lstrip().startswith("<!--"):
        close = text.find("-->", lines[index].start)
        end = len(text) if close < 0 else close + 3
        while index < len(lines) and lines[index].start < end:
            index += 1
        return index
    if heading := HEADING.match(line):
        _read_heading(reader, lines[index], heading)
        return index + 1
    if ROW.match(line) and index + 1 < len(lines) and RULER.match(lines[index + 1].of(text)):
        return _read_table(reader, lines, index)
    if ITEM.match(line):
        return _read_items(reader, lines, index)
    return _read_paragraph(reader, lines, index)


def _read_heading(reader: _Reader, line: Span, match: re.Match[str]) -> None:
    level, words = len(match.group(1)), plain(match.group(2))
    while reader.headings and reader.headings[-1][0] >= level:
        reader.headings.pop()
    span = Span(line.start + match.start(2), line.start + match.end(2))
    reader.blocks.append(Block("heading", span, reader.path(), level))
    if words:
        reader.headings.append((level, words))


def _read_code(reader: _Reader, lines: list[Span], index: int) -> int:
    first = index
    index += 1
    while index < len(lines) and not FENCE.match(lines[index].of(reader.text)):
        index += 1
    last = min(index, len(lines) - 1)
    reader.blocks.append(Block("code", Span(lines[first].start, lines[last].end), reader.path()))
    return index + 1


def _read_table(reader: _Reader, lines: list[Span], index: int) -> int:
    columns = tuple(cells(lines[index].of(reader.text)))
    reader.group += 1
    index += 2
    while index < len(lines) and ROW.match(lines[index].of(reader.text)):
        span = _stripped(reader.text, lines[index])
        reader.blocks.append(Block("row", span, reader.path(), sentences=(span,), columns=columns, group=reader.group))
        index += 1
    return index


def _read_items(reader: _Reader, lines: list[Span], index: int) -> int:
    text = reader.text
    reader.group += 1
    while index < len(lines):
        match = ITEM.match(lines[index].of(text))
        if not match:
            break
        start, last = lines[index].start + match.end(), index
        while last + 1 < len(lines) and _continues(lines[last + 1].of(text)):
            last += 1
        span = _stripped(text, Span(start, lines[last].end))
        reader.blocks.append(
            Block(
                "item",
                span,
                reader.path(),
                len(match.group(1).expandtabs(4)) // 2,
                _sentences(text, span),
                _lead(text, span),
                group=reader.group,
            )
        )
        index = last + 1
        blank = index
        while blank < len(lines) and not lines[blank].of(text).strip():
            blank += 1
        if blank < len(lines) and ITEM.match(lines[blank].of(text)):
            index = blank  # a blank line between items does not end the list
    return index


def _continues(line: str) -> bool:
    """An indented or lazily wrapped line that still belongs to the item above."""
    return bool(line.strip()) and not (ITEM.match(line) or HEADING.match(line) or ROW.match(line) or FENCE.match(line))


def _read_paragraph(reader: _Reader, lines: list[Span], index: int) -> int:
    text, first = reader.text, index
    index += 1
    while index < len(lines) and _continues(lines[index].of(text)):
        index += 1
    span = _stripped(text, Span(lines[first].start, lines[index - 1].end))
    while text[span.start : span.start + 1] == ">":
        span = _stripped(text, Span(span.start + 1, span.end))
    if span.end > span.start:
        reader.blocks.append(Block("paragraph", span, reader.path(), 0, _sentences(text, span), _lead(text, span)))
    return index


def _stripped(text: str, span: Span) -> Span:
    piece = span.of(text)
    return (
        Span(span.start + len(piece) - len(piece.lstrip()), span.end - (len(piece) - len(piece.rstrip())))
        if piece.strip()
        else Span(span.start, span.start)
    )


def _lead(text: str, span: Span) -> Span | None:
    match = LEAD.match(span.of(text))
    if not match or len(match.group(1).split()) > 8:
        return None
    return Span(span.start + match.start(1), span.start + match.end(1))


def _sentences(text: str, span: Span) -> tuple[Span, ...]:
    """The sentences within a span; a bold lead counts as part of the sentence that follows it."""
    piece, found, start = span.of(text), [], 0
    lead = LEAD.match(piece)
    lead_end = lead.end() if lead and len(lead.group(1).split()) <= 8 and lead.end() < len(piece) else 0
    for match in SENTENCE_END.finditer(piece):
        if (
            match.end() <= lead_end
            or NOT_AN_END.search(piece, max(start, match.end() - LONGEST_ABBREVIATION), match.end())
            or _within_a_quotation(piece, start, match.end())
        ):
            continue
        found.append(_stripped(text, Span(span.start + start, span.start + match.end())))
        start = match.end()
    if piece[start:].strip():
        found.append(_stripped(text, Span(span.start + start, span.end)))
    return tuple(found)


def _within_a_quotation(piece: str, start: int, end: int) -> bool:
    """Whether a quotation that begins in this sentence goes on, and soon ends: half of one is nobody's words."""
    if end - start > LONGEST_WITH_A_QUOTATION:
        return False
    said, to_come = piece[start:end], piece[end : end + REST_OF_A_QUOTATION]
    opened = max((match.start() for match in OPENS_QUOTATION.finditer(said)), default=-1)
    closed = max((match.end() for match in CLOSES_QUOTATION.finditer(said)), default=0)
    return closed <= opened and CLOSES_QUOTATION.search(to_come) is not None


def split_sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text without structure, such as a question or an answer."""
    return _sentences(text, Span(0, len(text)))


def cells(line: str) -> list[str]:
    """The cells of a Markdown table row."""
    return [plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def plain(markdown: str) -> str:
    """The words as a reader sees them: without emphasis marks, link targets and images."""
    words = re.sub(r"!\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*+\)", r"\1", markdown)
    words = re.sub(r"\[([^\[\]]+)\]\((?:[^()\s]|\([^()\s]*\))*+(?:\s+\"[^\"]*\")?\)", r"\1", words)
    words = re.sub(r"(\*\*|__)(?=\S)((?:(?!\1).)++)(?<=\S)\1", r"\2", words)
    words = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"\1", words)
    words = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"\1", words)
    return " ".join(words.replace("\\|", "|").split())


def row_in_words(block: Block, text: str) -> str:
    """A table row with its header: "Finding: …; Figure: …"."""
    values = cells(block.span.of(text))
    named = [
        f"{column}: {value}" if column else value for column, value in zip(block.columns, values, strict=False) if value
    ]
    return "; ".join(named)


def words_of(block: Block, span: Span, text: str) -> str:
    """A sentence, item or row as a reader sees it."""
    return row_in_words(block, text) if block.kind == "row" else plain(span.of(text))


def sentences_of(text: str) -> Iterator[str]:
    """Everything below the headings in plain words: sentences, list items, table rows."""
    for block in read_blocks(text):
        if block.kind not in ("heading", "code"):
            for span in (block.span,) if block.kind == "row" else block.sentences:
                yield words_of(block, span, text)


def opens_with(words: str, opening: str) -> bool:
    """Whether these words begin so, whatever the case, marks and spacing."""
    return bool(opening) and f"{bare(words)} ".startswith(f"{bare(opening)} ")


def bare(words: str) -> str:
    """The words alone, in lower case."""
    return " ".join(re.findall(r"\w+", words.lower()))
