"""A web page as Markdown: the article without what surrounds it, as three ways of looking for it see it together."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import lxml.html
import readability
import trafilatura
import trafilatura.metadata
import trafilatura.utils

from corpus.errors import InputRejected
from ingest.clean import Removal
from ingest.hidden import shown
from ingest.readers import Read
from ingest.readers.markdown import to_markdown

# trafilatura's names for what it keeps, and HTML's.
NAMES = {"item": "li", "quote": "blockquote", "lb": "br", "row": "tr", "code": "pre", "cell": "td", "hi": "span", "ref": "span", "del": "span"}  # fmt: skip
# From the public article-extraction pages (docs/decisions/006): twice as much text that holds nearly all of the other is the
# whole article of which the other has a part; at 1.5 it begins to be the comments below.
WHOLE = 2.0
NEARLY_ALL = 0.9
LONGEST_REMOVAL = 300
DECLARED = re.compile(rb"""<(?:meta[^>]{0,200}?charset\s*=\s*["']?|\?xml[^>]{0,80}?encoding\s*=\s*["'])\s*([\w.:-]{2,30})""", re.IGNORECASE)  # fmt: skip


def read_page(data: bytes, charset: str = "") -> Read:
    """The article in a page; `charset` is what the server said, if one did."""
    seen = shown(_decoded(data, charset), page=True)
    html = seen.text
    tree = trafilatura.load_html(html)
    if tree is None:
        raise InputRejected("this is no web page. Save the page again as HTML, or its text as a text file.")
    text = _article(tree, html)
    said = trafilatura.metadata.extract_metadata(tree, extensive=False)
    source = " ".join((said.sitename or "").split())
    title = re.sub(rf"\s+[-|–—·:]\s+{re.escape(source)}$", "", " ".join((said.title or "").split()))
    blocks = text.split("\n\n")
    for block in [block for block in blocks[:3] if _words(block) == _words(title)]:
        blocks.remove(block)
    text = "\n\n".join(blocks)
    if not re.search(r"\w{2}", text):
        raise InputRejected(
            "no article was found in the page; perhaps a script puts it there. Open it, and save its text as a text file."
        )
    return Read(
        text,
        title=title,
        author=", ".join(part.strip() for part in (said.author or "").split(";") if part.strip()),
        source=source,
        published=said.date or "",
        url=said.url if said.url and re.fullmatch(r"https?://[^\s<>]+", said.url) else "",
        removed=_around(tree, f"{title}\n{text}"),
        hidden=seen.hidden,
    )


def _decoded(data: bytes, charset: str) -> str:
    """By the byte order mark, what the server said, UTF-8 where it fits, what the page says, and then by guessing."""
    declared = DECLARED.search(data[:4096])
    mark = next(
        (name for start, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")) if data.startswith(start)), ""
    )
    for name in (mark, charset, "utf-8-sig", declared.group(1).decode("ascii") if declared else ""):
        try:
            if name:
                return data.decode(name)
        except (LookupError, ValueError):
            continue
    return trafilatura.utils.decode_file(data)


def _article(tree: Any, html: str) -> str:
    """The reading the others agree with most: each of them misses parts of some pages and takes in too much of others."""
    generous, strict = _by_trafilatura(tree, generous=True), _by_trafilatura(tree, generous=False)
    readings = [generous, strict, _by_readability(html)]
    counts = [Counter(_words(text)) for text in readings]
    whole, part = counts[2], counts[0]
    if whole.total() > WHOLE * part.total() and (whole & part).total() >= NEARLY_ALL * part.total():
        return readings[2]
    agreement = [sum(_alike(one, other) for other in counts if other is not one) for one in counts]
    return readings[agreement.index(max(agreement))]


def _by_trafilatura(tree: Any, generous: bool) -> str:
    found: Any = trafilatura.bare_extraction(
        tree,
        fast=True,  # without falling back on other ways: they have a voice of their own here
        favor_recall=generous,
        favor_precision=not generous,
        include_comments=False,
        include_formatting=True,
    )
    if found is None or found.body is None:
        return ""
    for element in found.body.iter():
        if element.tag == "head":
            element.tag = element.get("rend", "h2")
        elif element.tag == "list":
            element.tag = "ol" if element.get("rend") == "ol" else "ul"
        elif element.tag == "hi" and element.get("rend") == "#b":
            element.tag = "strong"
        else:
            element.tag = NAMES.get(element.tag, element.tag)
    return to_markdown(found.body)


def _by_readability(html: str) -> str:
    try:
        return to_markdown(lxml.html.fromstring(readability.Document(html).summary(html_partial=True)))
    except (readability.readability.Unparseable, lxml.etree.LxmlError, ValueError, TypeError):
        return ""


def _around(tree: Any, kept: str) -> tuple[Removal, ...]:
    """What stands on the page beside the article, in stretches, each told by its beginning."""
    ours = _runs(kept)
    stretches: list[list[str]] = []
    last_was_kept = True
    for block in to_markdown(tree).split("\n\n"):
        runs = _runs(block)
        is_kept = runs <= ours or 2 * len(runs & ours) > len(runs)
        if not is_kept and last_was_kept:
            stretches.append([])
        if not is_kept:
            stretches[-1].append(block)
        last_was_kept = is_kept
    return tuple(
        Removal(
            text[:LONGEST_REMOVAL] + (" …" if len(text) > LONGEST_REMOVAL else ""), "outside the article on its page"
        )
        for text in (" ".join(" ".join(stretch).split()) for stretch in stretches)
    )


def _runs(text: str) -> set[tuple[str, ...]]:
    """Every three words that follow each other in a line; fewer words are one run."""
    lines = [words for words in map(_words, text.split("\n")) if words]
    return {tuple(words[at : at + 3]) for words in lines for at in range(max(1, len(words) - 2))}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _alike(one: Counter[str], other: Counter[str]) -> float:
    return 2 * (one & other).total() / max(1, one.total() + other.total())
