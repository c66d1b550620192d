"""From a pasted text or Markdown to a clean document: what belongs to it as Markdown, what does not with the reason.

Pure. Knows nothing about files or the library. Cleaning a clean text changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime

from corpus.text import FENCE, HEADING, ITEM, ROW, plain, split_sentences

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
MONTHS_SHORT = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
DATE = rf"(?:{MONTHS}|{MONTHS_SHORT})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{1,2}} (?:{MONTHS}|{MONTHS_SHORT})\.? \d{{4}}|\d{{4}}-\d{{2}}-\d{{2}}"
NAME = r"[A-Z][\w.’'-]+(?: (?:[A-Z][\w.’'-]*|de|van|von|der|la|di)){1,3}"
BYLINE = re.compile(
    rf"^(?i:(?:written |posted |published )?by\s+)?(?P<author>{NAME})\s*(?:[·|,–—-]\s*)?(?i:(?:on|updated|published)\s+)?"
    rf"(?P<date>(?i:{DATE}))(?:\s*[·|,–—-].{{0,40}})?$"
)
BY = re.compile(
    rf"^(?:(?i:written |posted |published )?[Bb]y)\s+(?P<author>{NAME})(?:\s*[·|,–—-]\s*(?P<rest>.{{1,60}}))?$"
)
DATED = re.compile(
    rf"^(?:(?:published|posted|updated|last updated)(?: on)?:?\s*)?(?P<date>{DATE})(?:\s*[·|–—-]\s*.{{0,40}})?$",
    re.IGNORECASE,
)
# Two hyphenated tags at least: where one ends and the next begins is a part of two letters or more, and which one is not asked,
# for trying each takes time without end.
TAG_SOUP = re.compile(r"^(?=.*-[a-z0-9]{2,}-)[a-z0-9]++(?:-[a-z0-9]++){2,}+$|^(?:#[\w-]++\s*+){2,}+$")
BREADCRUMB = re.compile(r"^(?://\s*[\w -]{1,40}|(?:home|blog)\s*[/>›»].{0,80})$", re.IGNORECASE)
CHROME = re.compile(
    r"^(?:[←«‹<]?\s*back to (?:the )?\w+|skip to (?:main )?(?:content|navigation)|menu|search|home|sign in|log in|sign up|create account|share(?: this)?(?: (?:post|article))?"
    r"|copy link|posted on|posted by|follow(?: us)?|subscribe(?: now)?|top comments? \(\d+\)|\d+ comments?|leave a comment|add comment|comments?"
    r"|read more|related work|related posts|related articles|you might also like|table of contents|on this page|all rights reserved.*|©.*|cookie (?:policy|settings)"
    r"|privacy policy|terms of (?:service|use)|\d+ min(?:ute)?s? read|dev community|medium|linkedin|twitter|facebook|x|table of contents|collapse|expand|reply|report abuse|dropdown menu)\.?$",
    re.IGNORECASE,
)
# The asking for a call, as a line of its own; a call mentioned inside an answer stays.
CALL_TO_ACTION = re.compile(
    r"^(?:(?:ready|want|need|got|looking)\b.{0,80}[?.]\s+)?(?:book|schedule|request|grab|claim)\s+(?:a|an|your|my)\s+(?:free\s+)?(?:\d+[- ]minute\s+)?[\w ]{0,30}"
    r"(?:call|consultation|demo|session|meeting|assessment)\b.{0,140}$",
    re.IGNORECASE,
)
CALL_WORDS = re.compile(
    r"\b(?:book|schedule)\s+(?:a|an|your)\s+(?:[\w-]+\s+){0,3}(?:call|consultation|demo|session)\b", re.IGNORECASE
)
PITCH = re.compile(
    r"\b(?:no pitch|no commitment|free,? no|discovery call|let[’']s talk|get in touch|contact us)\b", re.IGNORECASE
)
VERBISH = re.compile(
    r"\b(?:is|are|was|were|isn[’']t|aren[’']t|it[’']s|that[’']s|do|does|don[’']t|doesn[’']t|did|has|have|had|can|can[’']t|will|won[’']t|should|would|could|not|never|"
    r"we|you|they|it|i|he|she|this|that|these|those|there|get|got|makes?|means?|live|lives|need|needs|want)\b",
    re.IGNORECASE,
)
NOT_A_LEAD = re.compile(r"^(?:the|a|an|some|most|many|none|neither|both|all|so|but|and)\b", re.IGNORECASE)
# A form feed between two pages and its like: without it their words would run together.
LINE_BREAKS = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad]")
LIQUID = re.compile(r"^\s*(?:\{%.*%\}|\{:.*\}|\{\{.*\}\})\s*$")


# Real pages are clean after one pass, made-up ones after a handful; a hostile one must not keep us.
MOST_PASSES = 20


@dataclass(frozen=True)
class Removal:
    text: str
    why: str


@dataclass(frozen=True)
class Cleaned:
    """The document's own text as Markdown, what the text says about itself, and what was taken out."""

    text: str
    title: str = ""
    author: str = ""
    source: str = ""
    published: str = ""
    removed: tuple[Removal, ...] = ()


@dataclass
class _Piece:
    """A paragraph, heading, list, table or code block on its way to Markdown."""

    kind: str  # paragraph | heading | list | table | code
    text: str
    level: int = 0


@dataclass
class _Cleaner:
    removed: list[Removal] = field(default_factory=list)
    title: str = ""
    author: str = ""
    source: str = ""
    published: str = ""

    def take_out(self, text: str, why: str) -> None:
        self.removed.append(Removal(text.strip(), why))


def clean(raw: str, markdown: bool | None = None) -> Cleaned:
    """The clean document in `raw`; whether it is Markdown is told by its headings unless said."""
    cleaner = _Cleaner()
    text = _plain_characters(raw, cleaner)
    if markdown is None:
        markdown = looks_like_markdown(text)
    body = _clean_once(text, markdown, cleaner)
    # What is taken out can make a heading empty, or a lone heading the title: go on until nothing changes.
    for _ in range(MOST_PASSES):
        before, body = body, _clean_once(body, True, cleaner)
        if body == before:
            break
    return Cleaned(
        body + "\n" if body else "",
        cleaner.title,
        cleaner.author,
        cleaner.source,
        cleaner.published,
        tuple(cleaner.removed),
    )


def _clean_once(text: str, markdown: bool, cleaner: _Cleaner) -> str:
    pieces = _markdown_pieces(text, cleaner) if markdown else _plain_pieces(text, cleaner)
    pieces = _drop_chrome(pieces, cleaner)
    pieces = _take_title_and_byline(pieces, cleaner, markdown)
    if not markdown:
        pieces = _answered_questions(_run_in_headings(_inline_questions(pieces)), cleaner)
    pieces = _drop_trailing_pitch(pieces, cleaner)
    pieces = _drop_empty_headings(pieces, cleaner)
    return "\n\n".join(piece.text for piece in pieces)


def looks_like_markdown(text: str) -> bool:
    return any(HEADING.match(line) for line in text.split("\n"))


def _plain_characters(raw: str, cleaner: _Cleaner) -> str:
    text = unicodedata.normalize("NFC", raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    text = LINE_BREAKS.sub("\n", text)
    invisible = INVISIBLE.findall(text)
    if invisible:
        cleaner.take_out(
            " ".join(f"U+{ord(character):04X}" for character in invisible[:20]),
            f"{len(invisible)} invisible characters",
        )
        text = INVISIBLE.sub("", text)
    text = "".join(character for character in text if character in "\n\t" or unicodedata.category(character) != "Cc")
    return re.sub(r"[\u00a0\u2007\u202f]", " ", text).replace("\t", "    ")


# Markdown: the structure is there already


def _markdown_pieces(text: str, cleaner: _Cleaner) -> list[_Piece]:

    def take_out_comment(match: re.Match[str]) -> str:
        cleaner.take_out(match.group(0), "comment no reader sees")
        return ""

    # Up to the last comment's end, so that openings without an end don't each look for one to the end of the text.
    commented, close, rest = text.rpartition("-->")
    text = re.sub(r"<!--.*?-->", take_out_comment, commented + close, flags=re.DOTALL) + rest
    pieces: list[_Piece] = []
    held: list[str] = []
    in_code = False

    def flush() -> None:
        body = "\n".join(held).strip("\n")
        if body.strip():
            kind = (
                "code"
                if FENCE.match(body)
                else "list"
                if ITEM.match(body)
                else "table"
                if ROW.match(body.split("\n")[0])
                else "paragraph"
            )
            pieces.append(_Piece(kind, body))
        held.clear()

    for line in (whole.rstrip() for whole in text.split("\n")):
        if FENCE.match(line):
            in_code = not in_code
            held.append(line)
            if not in_code:
                flush()
        elif in_code:
            held.append(line)
        elif LIQUID.match(line):
            cleaner.take_out(line, "template code")
        elif heading := HEADING.match(line):
            flush()
            level = len(heading.group(1))
            if heading.group(2):
                pieces.append(_Piece("heading", f"{'#' * level} {heading.group(2)}", level))
        elif not line.strip():
            flush()
        else:
            held.append(line)
    flush()
    return pieces


# Plain text: the structure has to be told from the lines


def _plain_pieces(text: str, cleaner: _Cleaner) -> list[_Piece]:
    lines = [line.strip() for line in text.split("\n")]
    spaced = _paragraphs_are_spaced(lines)
    wrapped = spaced and _hard_wrapped(lines)
    pieces: list[_Piece] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line:
            index += 1
        elif ROW.match(line):
            end = _run(lines, index, lambda candidate: bool(ROW.match(candidate)))
            pieces.append(_Piece("table", _with_ruler(lines[index:end])))
            index = end
        elif ITEM.match(line) and not _numbered_heading(lines, index, spaced):
            end = _run(lines, index, lambda candidate: bool(ITEM.match(candidate)))
            pieces.append(_Piece("list", "\n".join(_as_item(item) for item in lines[index:end])))
            index = end
        elif _heading_like(lines, index, spaced):
            pieces.append(_Piece("heading", line, 3 if ITEM.match(line) else 2))
            index += 1
        else:
            end = _run(lines, index, bool) if wrapped else index + 1
            pieces.append(_Piece("paragraph", " ".join(lines[index:end])))
            index = max(end, index + 1)
    _set_levels(pieces)
    return pieces


def _paragraphs_are_spaced(lines: list[str]) -> bool:
    """Do blank lines separate the paragraphs? Then a heading has one on each side."""
    long = [index for index, line in enumerate(lines) if len(line) > 120]
    if not long:
        return any(not line for line in lines)
    return sum(1 for index in long if index + 1 < len(lines) and not lines[index + 1]) > len(long) / 2


def _hard_wrapped(lines: list[str]) -> bool:
    longest = max((len(line) for line in lines), default=0)
    return longest <= 100 and sum(1 for line in lines if len(line) > 50) > 3


def _run(lines: list[str], start: int, belongs: object) -> int:
    end = start
    while end < len(lines) and belongs(lines[end]):  # type: ignore[operator]
        end += 1
    return end


def _as_item(line: str) -> str:
    return re.sub(r"^[*+•▪◦–]\s+", "- ", line)


def _with_ruler(rows: list[str]) -> str:
    if len(rows) > 1 and not re.match(r"^\|[\s:|-]+\|$", rows[1]):
        rows = [rows[0], "|" + "---|" * (rows[0].strip("|").count("|") + 1), *rows[1:]]
    return "\n".join(rows)


def _numbered_heading(lines: list[str], index: int, spaced: bool) -> bool:
    line = lines[index]
    if not re.match(r"^\d{1,2}[.)]\s", line) or len(line.split()) > 12 or line.endswith((".", ";", ",", ":")):
        return False
    following = _next_line(lines, index)
    return len(following) > 120 and (not spaced or (not _at(lines, index + 1) and not _at(lines, index - 1)))


def _heading_like(lines: list[str], index: int, spaced: bool) -> bool:
    line = lines[index]
    if _numbered_heading(lines, index, spaced):
        return True
    words = line.split()
    if len(words) > 16 or len(line) > 110 or not re.match(r"^[A-Z0-9“\"'(‘¿]", line):
        return False
    if line.endswith((".", ",", ";", ":", "!", "→", "…")) or CHROME.match(line) or CALL_TO_ACTION.match(line):
        return False
    if spaced and (_at(lines, index + 1) or (_at(lines, index - 1) and index > 0)):
        return False
    if len(split_sentences(line)) > 1:
        return False
    # A last line heads nothing, unless it is a question: then it is one without an answer.
    return bool(_next_line(lines, index)) or line.endswith("?")


def _at(lines: list[str], index: int) -> str:
    return lines[index] if 0 <= index < len(lines) else ""


def _next_line(lines: list[str], index: int) -> str:
    return next((lines[at] for at in range(index + 1, len(lines)) if lines[at]), "")


def _set_levels(pieces: list[_Piece]) -> None:
    """Questions that follow a heading without text between stand one level below it; numbered headings below the others."""
    below = False
    for index, piece in enumerate(pieces):
        if piece.kind != "heading":
            continue
        question = piece.text.endswith("?")
        if index and pieces[index - 1].kind == "heading" and question and not pieces[index - 1].text.endswith("?"):
            below = True
        elif not question:
            below = False
        if question and below:
            piece.level = 3
        piece.text = f"{'#' * piece.level} {piece.text}"


def _inline_questions(pieces: list[_Piece]) -> list[_Piece]:
    """ "What does it cost? We do not publish rates." becomes a heading and its answer, where two or more stand together."""

    def opens_with_question(piece: _Piece) -> bool:
        sentences = split_sentences(piece.text) if piece.kind == "paragraph" else ()
        return (
            len(sentences) > 1
            and sentences[0].of(piece.text).endswith("?")
            and len(sentences[0].of(piece.text).split()) <= 20
        )

    made: list[_Piece] = []
    for index, piece in enumerate(pieces):
        beside = [pieces[other] for other in (index - 1, index + 1) if 0 <= other < len(pieces)]
        if opens_with_question(piece) and any(opens_with_question(neighbour) for neighbour in beside):
            question = split_sentences(piece.text)[0]
            made.append(_Piece("heading", f"### {question.of(piece.text)}", 3))
            made.append(_Piece("paragraph", piece.text[question.end :].strip()))
        else:
            made.append(piece)
    return made


def _run_in_headings(pieces: list[_Piece]) -> list[_Piece]:
    """Three or more paragraphs of one section that open with a few words and a full stop are a list: mark those words."""

    def lead(piece: _Piece) -> str:
        if piece.kind != "paragraph" or piece.text.startswith("**"):
            return ""
        sentences = split_sentences(piece.text)
        first = sentences[0].of(piece.text) if len(sentences) > 1 else ""
        short = first.endswith(".") and len(first.split()) <= 7
        return first if short and not VERBISH.search(first) and not NOT_A_LEAD.match(first) else ""

    made: list[_Piece] = []
    section: list[_Piece] = []

    def close() -> None:
        leads = [lead(piece) for piece in section]
        if sum(1 for words in leads if words) >= 3:
            made.extend(
                replace(p, text=f"**{words}**{p.text[len(words) :]}") if words else p
                for p, words in zip(section, leads, strict=True)
            )
        else:
            made.extend(section)
        section.clear()

    for piece in pieces:
        if piece.kind == "heading":
            close()
            made.append(piece)
        else:
            section.append(piece)
    close()
    return made


def _answered_questions(pieces: list[_Piece], cleaner: _Cleaner) -> list[_Piece]:
    kept: list[_Piece] = []
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        empty = following is None or (following.kind == "heading" and following.level <= piece.level)
        if piece.kind == "heading" and piece.text.endswith("?") and empty:
            cleaner.take_out(piece.text.lstrip("# "), "question with no answer beneath it")
        else:
            kept.append(piece)
    return kept


# Both


def _drop_chrome(pieces: list[_Piece], cleaner: _Cleaner) -> list[_Piece]:
    kept: list[_Piece] = []
    for piece in pieces:
        words = plain(piece.text.lstrip("# "))
        if piece.kind in ("list", "table", "code"):
            kept.append(piece)
        elif CHROME.match(words):
            if words.lower() == "dev community":
                cleaner.source = "DEV Community"
            cleaner.take_out(words, "page furniture (navigation, sharing, comments)")
        elif BREADCRUMB.match(words):
            cleaner.take_out(words, "breadcrumb")
        elif TAG_SOUP.match(words):
            cleaner.take_out(words, "tags run together")
        elif CALL_TO_ACTION.match(words.removesuffix("→").strip()) and len(words.split()) <= 40:
            cleaner.take_out(words, "invitation to book a call")
        elif re.fullmatch(r".{2,60}\s*→", words):
            cleaner.take_out(words, "button")
        elif kept and len(kept) <= 8 and len(words) < 60 and words == plain(kept[-1].text.lstrip("# ")):
            cleaner.take_out(words, "said twice at the top of the page")
            kept[-1] = piece
        else:
            kept.append(piece)
    return kept


def _take_title_and_byline(pieces: list[_Piece], cleaner: _Cleaner, markdown: bool) -> list[_Piece]:
    """The first line that can be a title is the title; lines that name author or date near the top are the byline."""
    kept = list(pieces)
    if markdown:
        first = next((piece for piece in kept if piece.kind == "heading" and piece.level == 1), None)
        if (
            first
            and sum(1 for piece in kept if piece.kind == "heading" and piece.level == 1) == 1
            and kept.index(first) <= 2
        ):
            cleaner.title = plain(first.text.lstrip("# "))
            kept.remove(first)
    else:
        kept = _drop_account_names(kept, cleaner)
        first = kept[0] if kept else None
        if (
            first
            and first.kind in ("heading", "paragraph")
            and len(first.text.lstrip("# ").split()) <= 24
            and len(kept) > 1
        ):
            cleaner.title = first.text.lstrip("# ").strip()
            kept.pop(0)
    for piece in kept[:4]:
        words = plain(piece.text.lstrip("# "))
        if match := BYLINE.match(words) or BY.match(words):
            cleaner.author = cleaner.author or match.group("author").strip()
            if "date" in match.groupdict():
                cleaner.published = cleaner.published or read_date(match.group("date"))
            elif match.group("rest") and not cleaner.source:
                cleaner.source = match.group("rest").strip()
            cleaner.take_out(words, "byline, kept as author and date")
            kept.remove(piece)
        elif match := DATED.match(words):
            cleaner.published = cleaner.published or read_date(match.group("date"))
            cleaner.take_out(words, "date line, kept as date")
            kept.remove(piece)
    if cleaner.title:
        for piece in kept[:3]:
            if plain(piece.text.lstrip("# ")) == cleaner.title:
                cleaner.take_out(cleaner.title, "title repeated")
                kept.remove(piece)
    return kept


def _drop_account_names(pieces: list[_Piece], cleaner: _Cleaner) -> list[_Piece]:
    """A short name at the top that was said twice is the account that posted it, not the title."""
    said_twice = {removal.text for removal in cleaner.removed if removal.why.startswith("said twice")}
    while len(pieces) > 2 and pieces[0].text.lstrip("# ") in said_twice and len(pieces[0].text.split()) <= 5:
        name = pieces.pop(0).text.lstrip("# ")
        cleaner.take_out(name, "name of the account that posted it")
    return pieces


def _drop_trailing_pitch(pieces: list[_Piece], cleaner: _Cleaner) -> list[_Piece]:
    """A last short section that only asks for a call."""
    last = next((index for index in range(len(pieces) - 1, -1, -1) if pieces[index].kind == "heading"), None)
    if last is None:
        return pieces
    section = pieces[last:]
    words = " ".join(piece.text for piece in section)
    heading = section[0].text.lstrip("# ")
    asked = any(removal.why in ("invitation to book a call", "button") for removal in cleaner.removed)
    if (
        asked
        and heading.endswith("?")
        and len(words.split()) <= 70
        and (PITCH.search(words) or CALL_WORDS.search(words))
    ):
        cleaner.take_out(words, "invitation to book a call")
        return pieces[:last]
    return pieces


def _drop_empty_headings(pieces: list[_Piece], cleaner: _Cleaner) -> list[_Piece]:
    kept: list[_Piece] = []
    for piece in reversed(pieces):
        following = kept[-1] if kept else None
        if piece.kind == "heading" and (
            following is None or (following.kind == "heading" and following.level <= piece.level)
        ):
            cleaner.take_out(piece.text.lstrip("# "), "heading with no text beneath it")
        else:
            kept.append(piece)
    return kept[::-1]


def read_date(words: str) -> str:
    """A date as the front matter wants it, or nothing."""
    words = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", words.replace(".", "")).replace(",", "").strip()
    words = re.sub(r"\bSept\b", "Sep", words)
    for form in ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(words, form).date().isoformat()
        except ValueError:
            continue
    return ""
