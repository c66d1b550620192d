"""Looking things up among the published documents: by words, topic, voice, interest and date. Pure; knows nothing about pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.documents import Document
from corpus.text import Span, plain, sentences_of

ARTICLES, GLOSSARY, POSITIONS = PARTS = ("Articles", "Glossary", "Positions")
PART_OF_KIND = {"article": ARTICLES, "glossary": GLOSSARY, "position": POSITIONS}
SELLS, SELLS_NOT = "Sells what it describes", "Not known to sell it"
UNDATED = "Undated"
OTHER_SIGNS = "0–9"


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for; what is empty does not matter."""

    words: str = ""
    topic: str = ""
    voice: str = ""
    interest: str = ""
    year: str = ""


def in_part(library: Mapping[str, Document], part: str) -> list[Document]:
    """The documents of one part, by name."""
    return sorted((one for one in library.values() if PART_OF_KIND[one.kind] == part), key=_order)


def name_of(document: Document) -> str:
    """What it is called in a list: a position by its question."""
    return document.question if document.kind == "position" else document.title


def _order(document: Document) -> tuple[str, str]:
    return (name_of(document).casefold(), document.id)


def find(documents: Iterable[Document], wanted: Wanted) -> list[Document]:
    """Those that hold all words somewhere and fit the rest; the words in a title first, then the texts that hold them most often."""
    words = wanted.words.casefold().split()
    ranked = []
    for document in documents:
        if not _fits(document, wanted):
            continue
        title, text = _about(document), document.text.casefold()
        if all(word in title or word in text for word in words):
            in_title = sum(word in title for word in words)
            ranked.append((-in_title, -sum(text.count(word) for word in words), _order(document), document))
    return [document for *_, document in sorted(ranked, key=lambda one: one[:3])]


def _fits(document: Document, wanted: Wanted) -> bool:
    return (
        (not wanted.topic or topic_key(wanted.topic) in map(topic_key, document.tags))
        and wanted.voice in ("", document.voice)
        and (not wanted.interest or (wanted.interest == SELLS) == document.sells_something)
        and wanted.year in ("", year_of(document))
    )


def _about(document: Document) -> str:
    fields = (document.title, document.question, document.source, document.author, *document.tags, *document.aliases)
    return " ".join(fields).casefold()


def year_of(document: Document) -> str:
    return document.published[:4] or UNDATED


def years(documents: Iterable[Document]) -> list[str]:
    """The years in which they were published, the newest first."""
    found = {year_of(one) for one in documents}
    return sorted(found - {UNDATED}, reverse=True) + ([UNDATED] if UNDATED in found else [])


def topic_key(tag: str) -> str:
    """Tags that people write in different ways are one topic."""
    return " ".join(re.split(r"[\s_-]+", tag.casefold())).strip()


def topics(documents: Iterable[Document]) -> list[str]:
    """The topics, those of most documents first, in the spelling with the most capitals: "EU AI Act", not "eu-ai-act"."""
    count: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for document in documents:
        for key, tag in {topic_key(tag): tag for tag in document.tags}.items():
            count[key] += 1
            spelling[key] = max(spelling.get(key, ""), tag, key=lambda one: sum(map(str.isupper, one)))
    # A tag without capitals reads best in words: "due diligence", not "due-diligence".
    named = {key: spelling[key] if any(map(str.isupper, spelling[key])) else key for key in count}
    return [named[key] for key in sorted(count, key=lambda key: (-count[key], key)) if key]


def by_initial(documents: Sequence[Document]) -> dict[str, list[Document]]:
    """Terms under their first letters, in order."""
    found: dict[str, list[Document]] = {}
    for document in sorted(documents, key=_order):
        letter = document.title[:1].upper()
        found.setdefault(letter if letter.isalpha() else OTHER_SIGNS, []).append(document)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] != OTHER_SIGNS, pair[0])))


def summary(document: Document, words: str = "") -> str:
    """The sentence that holds most of these words; without words, the first one."""
    wanted = words.casefold().split()
    best, most = "", -1
    for sentence in sentences_of(document.text):
        held = sum(word in sentence.casefold() for word in wanted)
        if held > most:
            best, most = sentence, held
        if most == len(wanted):
            break
    return best or plain(document.text.strip())


def passage_in(document: Document, start: str, end: str) -> Span | None:
    """The passage that an address names, where the text has one there."""
    if not all(re.fullmatch(r"[0-9]{1,9}", number) for number in (start, end)):
        return None
    span = Span(int(start), int(end))
    return span if span.start < span.end <= len(document.text) and span.of(document.text).strip() else None


def place_of(quote: str, document: Document) -> Span | None:
    """Where the words that show a holder's view stand in the holder's text."""
    words = quote.rstrip(".")
    found = re.search(re.escape(words), document.text, re.IGNORECASE) if words else None
    return Span(found.start(), found.end()) if found else None


def positions_naming(document: Document, library: Mapping[str, Document]) -> list[Document]:
    """The positions in which this document holds a view."""
    return [
        one
        for one in in_part(library, POSITIONS)
        if any(holder.document == document.id for view in one.views for holder in view.holders)
    ]
