"""What the library shows, as HTML in which every word of a document stands as text. Pure.

The layout of a document is that of `corpus.text.read_blocks`; within a heading, a paragraph, an item or a cell nothing is recognised,
so nothing that a document says can become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode, urlsplit

from corpus.documents import Document, Holder
from corpus.record import PastAnswer
from corpus.text import FENCE, Block, Span, read_blocks
from ui.answer_view import SELLS, VOICE_LABELS
from ui.library import catalogue
from ui.plain_text import as_text, web_address

ADDRESS = "/library"
PASSAGE = "fr-passage"
MOST_QUESTIONS = 8
# Deeper lists are read no better, and hostile ones are endlessly deep.
DEEPEST_LIST = 4
LONGEST_SUMMARY = 260
VOICES = {
    "practitioner": "The practitioner’s own text",
    "digest": "Our digest of a practitioner’s page",
    "house": "Our own text",
}
DIGEST_WORDS = {
    "part": "In our words, on the part of the page that we could read",
    "whole": "In our words, on the whole page",
}
MARK = "<mark>"


def address(document: str, passage: Span | None = None) -> str:
    """Where a document is read, or a passage of it."""
    named = {"document": document} | ({"start": str(passage.start), "end": str(passage.end)} if passage else {})
    return f"{ADDRESS}?{urlencode(named)}"


def address_of_list(part: str, **wanted: str) -> str:
    named = {name: value for name, value in wanted.items() if value}
    if part != catalogue.ARTICLES:
        named = {"part": part, **named}
    return f"{ADDRESS}?{urlencode(named)}" if named else ADDRESS


def _link(to: str, words: str) -> str:
    """A link within these pages, opened in this window."""
    return f'<a href="{as_text(to)}" target="_self">{as_text(words)}</a>'


# The list


def count_html(found: int, total: int, what: str) -> str:
    words = f"{found} of {total} {what}" if found < total else f"{total} {what}"
    return f'<p class="fr-lead" role="status">{words}</p>'


def elsewhere_html(words: str, counts: Mapping[str, int]) -> str:
    """Where else these words stand."""
    links = [
        _link(address_of_list(part, find=words), f"{part} ({count})")
        for part, count in counts.items()
        if words and count
    ]
    return f'<p class="fr-lead">Also in {" and ".join(links)}</p>' if links else ""


def nothing_html(words: str) -> str:
    return f'<p class="fr-nothing">{as_text(words)}</p>'


def articles_html(documents: Iterable[Document], words: str) -> str:
    return _rows(
        f'<p class="fr-name">{_link(address(one.id), one.title)}</p>{_who(one)}{_summary(one, words)}'
        for one in documents
    )


def positions_html(documents: Iterable[Document], library: Mapping[str, Document]) -> str:
    """Each question with its views and who holds them."""
    rows = []
    for one in documents:
        views = "".join(
            f"<li>{as_text(view.view)} <span>{as_text(_holders(view.holders, library))}</span></li>"
            for view in one.views
        )
        rows.append(f'<p class="fr-name">{_link(address(one.id), one.question)}</p><ul class="fr-views">{views}</ul>')
    return _rows(rows)


def _holders(holders: Iterable[Holder], library: Mapping[str, Document]) -> str:
    speakers = (library[holder.document].speaker for holder in holders if holder.document in library)
    return ", ".join(dict.fromkeys(speakers))


def glossary_html(documents: Sequence[Document], words: str, library: Mapping[str, Document]) -> str:
    """The terms under their letters, each with what it means and the terms next to it."""
    letters = catalogue.by_initial(documents)
    ways = "".join(f'<a href="#{_letter(one)}" aria-label="Terms with {one}">{one}</a>' for one in letters)
    parts = [f'<nav class="fr-letters" aria-label="Letters">{ways}</nav>']
    for letter, terms in letters.items():
        entries = (
            f'<p class="fr-name">{_link(address(one.id), one.title)}</p>{_summary(one, words)}{_see_also(one, library)}'
            for one in terms
        )
        parts.append(f'<h2 class="fr-letter" id="{_letter(letter)}">{as_text(letter)}</h2>{_rows(entries)}')
    return "".join(parts)


def _letter(letter: str) -> str:
    return f"fr-letter-{ord(letter[0])}"


def _see_also(document: Document, library: Mapping[str, Document]) -> str:
    related = _links_to(document.related, library)
    return f'<p class="fr-see">See also {", ".join(related)}</p>' if related else ""


def _rows(rows: Iterable[str]) -> str:
    return f'<ul class="fr-rows">{"".join(f"<li>{row}</li>" for row in rows)}</ul>'


def _who(document: Document) -> str:
    who = [part for part in (document.author, document.source, document.published) if part]
    speaker = f"<span>{as_text(' · '.join(dict.fromkeys(who)))}</span>" if who else ""
    return f'<p class="fr-who">{speaker}{_pills(document)}</p>'


def _pills(document: Document) -> str:
    labels = [VOICE_LABELS.get(document.voice, ""), SELLS if document.sells_something else ""]
    return "".join(f'<span class="fr-label">{label}</span>' for label in labels if label)


def _summary(document: Document, words: str) -> str:
    summary = catalogue.summary(document, words)
    if len(summary) > LONGEST_SUMMARY:
        summary = f"{summary[:LONGEST_SUMMARY].rsplit(' ', 1)[0]} …"
    return f'<p class="fr-summary">{_with_words_marked(summary, words)}</p>'


def _with_words_marked(text: str, words: str) -> str:
    wanted = sorted(words.split(), key=len, reverse=True)
    if not wanted:
        return as_text(text)
    parts = re.split(f"({'|'.join(map(re.escape, wanted))})", text, flags=re.IGNORECASE)
    return "".join(f"{MARK}{as_text(part)}</mark>" if at % 2 else as_text(part) for at, part in enumerate(parts))


# A document


def back_html(document: Document) -> str:
    part = catalogue.PART_OF_KIND[document.kind]
    return f'<nav class="fr-back" aria-label="Back">{_link(address_of_list(part), f"← {part}")}</nav>'


def head_html(document: Document) -> str:
    """Who says it, when, in what voice, and what they sell."""
    title = as_text(catalogue.name_of(document))
    return f'<header class="fr-about-document"><h1>{title}</h1>{_who(document)}{_facts(document)}</header>'


def _facts(document: Document) -> str:
    facts = {"Sells": as_text(document.sells)}
    if document.voice == "digest":
        facts["Digest"] = DIGEST_WORDS.get(document.read, "In our words")
    if document.kind == "glossary":
        facts["Also called"] = as_text(", ".join(document.aliases))
    if document.kind == "article":
        ways = (
            _link(address_of_list(catalogue.ARTICLES, topic=topic), topic) for topic in catalogue.topics([document])
        )
        facts["Topics"] = ", ".join(ways)
    facts["Original"] = _original(document)
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts.items() if value)
    return f'<dl class="fr-facts">{rows}</dl>' if rows else ""


def _original(document: Document) -> str:
    web = web_address(document.url)
    if not web:
        return ""
    host = (urlsplit(web).hostname or "").removeprefix("www.")
    return f'<a href="{as_text(web)}" target="_blank" rel="noopener noreferrer">Read it at {as_text(host)}</a>'


def passage_note_html(drawn: str) -> str:
    """What a link to a passage found in the text as it is drawn."""
    if f'id="{PASSAGE}"' in drawn:
        return f'<p class="fr-lead" role="status">The quoted passage is marked below. <a href="#{PASSAGE}">Go to it</a></p>'
    words = "The passage that the link names is not in this text as it stands now; here is all of it."
    return f'<p class="fr-trouble" role="status">{words}</p>'


def missing_html(title: str) -> str:
    """For a document that is not there, or not any more; its title where it is still known."""
    words = (
        f"“{as_text(title)}” is no longer in the library: it was withdrawn."
        if title
        else "There is no such document in the library. It may have been renamed."
    )
    return f'<p class="fr-trouble" role="alert">{words} {_link(ADDRESS, "Look through the library")}</p>'


def views_html(position: Document, library: Mapping[str, Document]) -> str:
    """The views on a position's question, each with who holds it and the words that show it."""
    sides = []
    for view in position.views:
        holders = "".join(
            _holder(holder.quote, library[holder.document]) for holder in view.holders if holder.document in library
        )
        sides.append(f'<li><p class="fr-view">{as_text(view.view)}</p><ul class="fr-holders">{holders}</ul></li>')
    return f'<h2 class="fr-part">The views</h2><ul class="fr-sides">{"".join(sides)}</ul>'


def _holder(quote: str, document: Document) -> str:
    to = address(document.id, catalogue.place_of(quote, document))
    return f"<li>{_link(to, document.speaker)}: <q>{as_text(quote)}</q> {_pills(document)}</li>"


def around_html(document: Document, library: Mapping[str, Document]) -> str:
    """What else of the library belongs to a document."""
    positions = [_link(address(one.id), one.question) for one in catalogue.positions_naming(document, library)]
    related = "Related terms" if document.kind == "glossary" else "Related"
    lists = {
        related: _links_to(document.related, library),
        "It rests on": _links_to(document.rests_on, library),
        "Where it stands beside other views": positions,
    }
    return "".join(_section(name, links) for name, links in lists.items() if links)


def _links_to(ids: Iterable[str], library: Mapping[str, Document]) -> list[str]:
    return [_link(address(id), library[id].title) for id in ids if id in library]


def _section(name: str, items: Iterable[str]) -> str:
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f'<section class="fr-around"><h2 class="fr-part">{name}</h2><ul>{rows}</ul></section>'


def questions_html(answers: Sequence[PastAnswer]) -> str:
    """The questions that it helped to answer lately, each laid ready to be asked: the conversations are their readers' own."""
    newest: dict[str, str] = {}
    for one in answers:
        question = " ".join(one.question.split())
        newest.setdefault(question.casefold(), question)
    items = [_link(f"/?{urlencode({'question': one})}", one) for one in list(newest.values())[:MOST_QUESTIONS]]
    return _section("Questions it answered lately", items) if items else ""


# Its text


def text_html(text: str, passage: Span | None = None) -> str:
    """The text in its layout, with exactly the passage marked."""
    shown = _Text(text, passage or Span(0, 0))
    # What has no layout at all, such as a comment, is text, too.
    drawn = "".join(_drawn(shown, read_blocks(text))) or f"<p>{shown.shown(Span(0, len(text)))}</p>"
    first = f'<mark id="{PASSAGE}" tabindex="-1">'  # what a link leads to; a `<` of the text can't be taken for it
    return f'<div class="fr-text">{drawn.replace(MARK, first, 1)}</div>'


@dataclass(frozen=True)
class _Text:
    text: str
    passage: Span

    def shown(self, span: Span) -> str:
        """A stretch of the text, what of it is in the passage marked."""
        start = min(max(self.passage.start, span.start), span.end)
        end = max(min(self.passage.end, span.end), start)
        before, within, after = (
            as_text(self.text[a:b]) for a, b in ((span.start, start), (start, end), (end, span.end))
        )
        return f"{before}{MARK}{within}</mark>{after}" if within.strip() else f"{before}{within}{after}"


def _drawn(text: _Text, blocks: Sequence[Block]) -> Iterator[str]:
    highest = min((block.level for block in blocks if block.kind == "heading"), default=1)
    for (kind, _, _), some in groupby(enumerate(blocks), lambda one: _kept_together(*one)):
        group = [block for _, block in some]
        first = group[0]
        if kind == "heading":
            level = min(first.level - highest + 2, 6)  # the page's first heading is the title
            yield f"<h{level}>{text.shown(first.span)}</h{level}>" if first.span.of(text.text).strip() else ""
        elif kind == "item":
            yield _list(text, group)
        elif kind == "row":
            yield _table(text, group)
        elif kind == "code":
            yield f'<pre tabindex="0"><code>{text.shown(_within_fences(text.text, first.span))}</code></pre>'
        else:
            yield f"<p>{_with_lead(text, first)}</p>"


def _kept_together(number: int, block: Block) -> tuple[str, int, int]:
    return (block.kind, block.group, number if block.group < 0 else 0)


def _with_lead(text: _Text, block: Block) -> str:
    """A block with its run-in heading bold and without the signs that made it so."""
    if block.lead is None:
        return text.shown(block.span)
    rest = Span(block.lead.end + 2, block.span.end)
    return f"<strong>{text.shown(block.lead)}</strong>{text.shown(rest)}"


def _list(text: _Text, items: Sequence[Block]) -> str:
    """The items of one depth, each with the deeper ones below it."""
    depth, parts, at = min(items[0].level, DEEPEST_LIST), [], 0
    numbered = _number(text.text, items[0])
    while at < len(items):
        below = at + 1
        while below < len(items) and min(items[below].level, DEEPEST_LIST) > depth:
            below += 1
        inner = _list(text, items[at + 1 : below]) if below > at + 1 else ""
        number = _number(text.text, items[at]) if numbered else ""
        value = f' value="{number}"' if number else ""
        parts.append(f"<li{value}>{_with_lead(text, items[at])}{inner}</li>")
        at = below
    element = "ol" if numbered else "ul"
    return f"<{element}>{''.join(parts)}</{element}>"


def _number(text: str, item: Block) -> str:
    """The number that an item begins with; none where it has a bullet."""
    sign = re.search(r"([0-9]{1,2})[.)][ \t]+$", text[max(0, item.span.start - 12) : item.span.start])
    return sign.group(1) if sign else ""


def _table(text: _Text, rows: Sequence[Block]) -> str:
    columns = rows[0].columns
    heads = "".join(f'<th scope="col">{as_text(words)}</th>' if words else "<td></td>" for words in columns)
    lines = []
    for row in rows:
        cells = [f"<td>{text.shown(cell)}</td>" for cell in _cells(text.text, row.span)]
        lines.append(f"<tr>{''.join(cells)}{'<td></td>' * (len(columns) - len(cells))}</tr>")
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="fr-table" role="region" aria-label="Table" tabindex="0">{table}</div>'


def _cells(text: str, row: Span) -> list[Span]:
    """The cells of a row, as `corpus.text.cells` reads them, where they stand."""
    line = row.of(text)
    start = row.start + len(line) - len(line.lstrip("|"))
    end = max(start, row.end - (len(line) - len(line.rstrip("|"))))
    found, at = [], start
    for sign in (*re.finditer(r"(?<!\\)\|", text[start:end]), None):
        until = start + sign.start() if sign else end
        cell = text[at:until]
        found.append(Span(at + len(cell) - len(cell.lstrip()), max(at, until - (len(cell) - len(cell.rstrip())))))
        at = until + 1
    return [span if span.start < span.end else Span(span.start, span.start) for span in found]


def _within_fences(text: str, code: Span) -> Span:
    """What stands between the signs that make it code."""
    lines = code.of(text).split("\n")
    last = len(lines[-1]) + 1 if len(lines) > 1 and FENCE.match(lines[-1]) else 0
    start = min(code.start + len(lines[0]) + 1, code.end)
    return Span(start, max(start, code.end - last))
