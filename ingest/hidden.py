"""What of a text no reader sees: invisible characters, comments, elements made invisible, the words behind pictures.

Pure: Markdown or HTML in, the same without it out, each piece beside the reason. Nothing is rendered, so what a linked style
sheet hides stays; a page's own styles are read as far as they are plain.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape

from ingest.clean import Removal

TAGS = re.compile("[\U000e0000-\U000e007f]+")
# A flag of England, Scotland or Wales: a black flag, up to six letters, the end.
FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{2,6}\U000e007f")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
LONE_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e"
# A letter takes at least seven of them; text as people type it has one or two in a row.
MESSAGE = re.compile(f"[{ZERO_WIDTH}\u200e\u200f]{{8,}}")
# How each opens and closes; the closing is looked for once, so that openings without one don't each look to the end of the text.
COMMENTS = (
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"\{%-?\s*comment\b"), re.compile(r"\{%-?\s*endcomment\s*-?%\}")),
    (re.compile(r"\{#"), re.compile(r"#\}")),
    (re.compile(r"\{/\*"), re.compile(r"\*/\}")),
)
# Markdown's way: a name for an address that nothing uses.
LINE_COMMENT = re.compile(
    r"^[ ]{0,3}\[(?://|comment|\^_\^|#|-|)\]:\s*(?:#|<>)\s*(?:\([^\n]*\)|\"[^\n]*\"|'[^\n]*')[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
CODE = re.compile(
    r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)|(?<!`)(`+)(?!`)[^\n]{0,1000}?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE
)

# Read with bounds of our own: the standard library's parser takes the square of the time for tags that are never closed.
TAG = re.compile(r"""<(/?)([A-Za-z][\w:-]*)((?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}'|["'])*+)>""")
ATTRIBUTE = re.compile(r"""([\w:@.-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
# Pages hide long texts to unfold them by a script, and class names of real pages hide what their scripts show.
MOST_HIDDEN_WORDS = 100
COMMENT = "comment no reader sees"
# Fewer are a label.
FEWEST_WORDS = 4
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
CLOSES_ITSELF = frozenset("p li td th tr dt dd option".split())
TOLD_ALOUD = (
    "alt",
    "title",
    "aria-label",
    "aria-description",
    "content",
    "placeholder",
    "value",
    "summary",
    "srcdoc",
    "label",
)
HIDING_CLASS = re.compile(
    r"(?:^|\s)(?:hidden|d-none|display-none|invisible|is-hidden|sr-only|visually-?hidden|screen-reader-text|offscreen|hide|text-hide|opacity-0)(?:\s|$)",
    re.IGNORECASE,
)
HIDING_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*(?:0|1px|0?\.\d+)(?![\d.]*[2-9])|opacity\s*:\s*0(?:\.0\d*)?(?![.\d])|mso-hide\s*:\s*all"
    r"|(?:left|top|right|bottom|text-indent|margin-left|margin-top)\s*:\s*-\s*\d{3,}|clip\s*:\s*rect\(\s*[01](?:px)?[ ,]|clip-path\s*:\s*(?:inset\(\s*(?:50|100)%|circle\(\s*0|polygon\(0)"
    r"|transform\s*:\s*scale\(\s*0|(?:max-)?(?:height|width)\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
PALE = r"(?:#f{3,8}\b|#fefefe\b|white\b|transparent\b|rgba?\(\s*25[0-5]\s*,\s*25[0-5]\s*,\s*25[0-5]|rgba\([^)]{0,60},\s*0(?:\.0\d*)?\s*\)|hsl\([^)]{0,60}100%\s*\))"
PALE_TEXT = re.compile(rf"(?<![\w-])color\s*:\s*{PALE}", re.IGNORECASE)
DARK_GROUND = re.compile(rf"background(?:-color|-image)?\s*:\s*(?!{PALE}|none|inherit|initial)[^;]+", re.IGNORECASE)
STYLE_SHEET = re.compile(r"<style\b[^<>]*>(.*?)</style", re.DOTALL | re.IGNORECASE)
# What a medium or a width hides, another shows.
AT_RULE = re.compile(r"@[^{}@;]*+\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}")
STYLE_RULE = re.compile(r"(?<![^{}])([^{}]++)\{([^{}]*+)\}")


@dataclass(frozen=True)
class Hidden:
    """Words no reader sees, and how they are hidden."""

    text: str
    why: str
    a_message: bool = False  # can't be there by chance
    taken_out: bool = True  # it is no longer in the text
    furniture: bool = False  # as every page has: menus, labels, the words behind pictures


@dataclass(frozen=True)
class Shown:
    """A text as a reader sees it, and what was taken out or can't be seen as words."""

    text: str
    hidden: tuple[Hidden, ...]


def is_a_sentence(words: str) -> bool:
    """Said to somebody, where a page number, a printer's mark or a label is not."""
    return len(words.split()) >= FEWEST_WORDS and re.search(r"\w{2}[.!?:]", words) is not None


def taken_out(hidden: Iterable[Hidden]) -> tuple[Removal, ...]:
    """What an operator is told of it."""
    return tuple(Removal(one.text[:300], one.why) for one in hidden if one.taken_out)


def shown(text: str, page: bool = False) -> Shown:
    """What a reader sees of Markdown or, if it is a page, of HTML."""
    hidden: list[Hidden] = []
    text = _without_characters(text, hidden)
    text = _without_comments(text, page, hidden)
    if "<" in text:
        text = _without_elements(text, page, hidden)
    return Shown(text, tuple(hidden))


def _without_characters(text: str, hidden: list[Hidden]) -> str:
    text = FLAG.sub("\U0001f3f4", text)
    for match in TAGS.finditer(text):
        said = "".join(chr(ord(one) - 0xE0000) for one in match.group(0) if 0x20 <= ord(one) - 0xE0000 < 0x7F)
        if said.strip():
            hidden.append(Hidden(said, "written in invisible tag characters", a_message=len(said) > 3))
    for match in SELECTORS.finditer(text):
        said = bytes(_selected(one) for one in match.group(0)).decode("utf-8", "replace")
        hidden.append(Hidden(said, "written in variation selectors", a_message=True))
    for match in MESSAGE.finditer(text):
        said = _from_bits(match.group(0)) or f"{len(match.group(0))} invisible characters in a row"
        hidden.append(Hidden(said, "written in characters without width", a_message=True))
    return LONE_SELECTOR.sub("", TAGS.sub("", text))


def _selected(character: str) -> int:
    number = ord(character)
    return number - 0xFE00 if number < 0xFE10 else number - 0xE0100 + 16


def _from_bits(characters: str) -> str:
    """Two kinds of characters for nought and one, eight to a letter; which is which is tried."""
    kinds = sorted(set(characters))
    for nought in kinds[:2] if len(kinds) == 2 else ():
        bits = "".join("0" if one == nought else "1" for one in characters)
        said = "".join(chr(int(bits[at : at + 8], 2)) for at in range(0, len(bits) - 7, 8))
        if said.isprintable() and said.isascii():
            return said
    return ""


def _without_comments(text: str, page: bool, hidden: list[Hidden]) -> str:
    for opening, closing in COMMENTS:
        text = _without_spans(text, _between(text, opening, closing), page, hidden)
    return _without_spans(text, (match.span() for match in LINE_COMMENT.finditer(text)), page, hidden)


def _between(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    opened = opening.search(text)
    while opened and (closed := closing.search(text, opened.end())):
        yield opened.start(), closed.end()
        opened = opening.search(text, closed.end())


def _without_spans(text: str, spans: Iterable[tuple[int, int]], page: bool, hidden: list[Hidden]) -> str:
    """Without these comments, those within code aside."""
    found = list(spans)
    if not found:
        return text
    code = [] if page else [match.span() for match in CODE.finditer(text)]
    begins = [start for start, _ in code]
    kept, at = [], 0
    for start, end in found:
        before = bisect_right(begins, start) - 1
        if before >= 0 and start < code[before][1]:
            continue
        hidden.append(Hidden(text[start:end], COMMENT, taken_out=not page, furniture=page))
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _without_elements(text: str, page: bool, hidden: list[Hidden]) -> str:
    source = text if page else CODE.sub(lambda code: re.sub(r"[^\n]", " ", code.group(0)), text)
    reader = _Elements(source, page)
    reader.read()
    hidden.extend(reader.hidden)
    kept, at = [], 0
    for start, end in reader.spans:
        kept.append(text[at:start])
        at = max(at, end)
    return "".join([*kept, text[at:]])


@dataclass
class _Open:
    """An element made invisible that is not closed yet."""

    tag: str
    start: int
    why: str
    for_certain: bool
    depth: int = 0
    words: list[str] = field(default_factory=list)


class _Elements:
    """Finds elements that are not shown, each from its opening to its end, and words in attributes."""

    def __init__(self, source: str, page: bool) -> None:
        self.source, self.page = source, page
        self.spans: list[tuple[int, int]] = []
        self.hidden: list[Hidden] = []
        self.open: _Open | None = None
        self.hiding = _hiding_selectors(source)

    def read(self) -> None:
        at, silent = 0, ""
        for match in TAG.finditer(self.source):
            closes, tag = bool(match.group(1)), match.group(2).lower()
            if self.open and not silent:
                self.open.words.append(unescape(self.source[at : match.start()]))
            at = match.end()
            if silent:
                silent = "" if closes and tag == silent else silent
            elif closes:
                self._ends(tag, match.end())
            else:
                silent = tag if tag in ("script", "style") else ""
                self._begins(tag, match)
        if self.open:  # never closed: it hides the rest
            self.open.words.append(unescape(self.source[at:]))
            self._close(len(self.source))

    def _begins(self, tag: str, match: re.Match[str]) -> None:
        attributes = {name.lower(): unescape(value.strip("\"'")) for name, value in ATTRIBUTE.findall(match.group(3))}
        for name in TOLD_ALOUD:
            if len(attributes.get(name, "").split()) > 2:
                self.hidden.append(
                    Hidden(attributes[name], f"the {name} of a <{tag}>", taken_out=False, furniture=True)
                )
        if self.open:
            if tag != self.open.tag:
                return
            if tag not in CLOSES_ITSELF or self.open.depth:
                self.open.depth += 1
                return
            self._close(match.start())
        if tag in VOID or match.group(3).rstrip().endswith("/"):
            return
        why, for_certain = _why_hidden(tag, attributes, self.hiding, self.page)
        if why:
            self.open = _Open(tag, match.start(), why, for_certain)

    def _ends(self, tag: str, end: int) -> None:
        if self.open and tag == self.open.tag:
            if self.open.depth:
                self.open.depth -= 1
            else:
                self._close(end)

    def _close(self, end: int) -> None:
        assert self.open is not None
        words = "\n".join(line for line in (" ".join(w.split()) for w in self.open.words) if line)
        taken_out = self.open.for_certain and not (self.page and len(words.split()) > MOST_HIDDEN_WORDS)
        if words:
            self.hidden.append(Hidden(words, self.open.why, taken_out=taken_out, furniture=self.page))
        if taken_out:
            self.spans.append((self.open.start, end))
        self.open = None


def _why_hidden(tag: str, attributes: dict[str, str], hiding: frozenset[str], page: bool) -> tuple[str, bool]:
    """How an element is hidden, and whether that is certain: pale text may stand on a dark ground."""
    style, names = attributes.get("style", ""), attributes.get("class", "")
    if "hidden" in attributes or tag == "template":
        return f"a <{tag}> that is hidden", True
    if HIDING_STYLE.search(style):
        return f"a <{tag}> that its style hides", True
    selectors = {f".{name}" for name in names.split()} | {f"#{attributes.get('id', '')}", tag}
    if HIDING_CLASS.search(names) or selectors & hiding:
        return f"a <{tag}> that its class hides", not page
    pale = PALE_TEXT.search(style) or (tag == "font" and re.fullmatch(PALE, attributes.get("color", ""), re.IGNORECASE))
    if (pale and not DARK_GROUND.search(style)) or (tag == "font" and attributes.get("size") == "0"):
        return f"a <{tag}> in the colour of the paper", False
    if attributes.get("aria-hidden", "").lower() == "true":
        return f"a <{tag}> kept from those who listen", False
    return "", False


def _hiding_selectors(source: str) -> frozenset[str]:
    """The plain selectors that the page's own styles hide."""
    found: set[str] = set()
    for sheet in STYLE_SHEET.findall(source[: source.lower().rfind("</style") + 7]):
        for selectors, rules in STYLE_RULE.findall(AT_RULE.sub("", sheet)):
            if HIDING_STYLE.search(rules[:1000]):
                found.update(one.strip() for one in selectors.split(",") if re.fullmatch(r"\s*[.#][\w-]+\s*", one))
    return frozenset(found)
