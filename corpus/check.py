"""The library held to its own rules: what `docs/writing-for-the-library.md` asks, one function a rule. Pure but for reading the folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from corpus.documents import LONGEST_QUOTE_WORDS, Document, overdue
from corpus.library import read_library
from corpus.near_duplicates import NearDuplicates
from corpus.text import opens_with, read_blocks, sentences_of

# (fewest, most) words of the text, by what it is.
LENGTHS = {"digest": (250, 700), "guide": (500, 1200), "glossary": (60, 200), "position": (60, 250)}
# A figure in house text: money, a percentage, or a number of two digits and more that is no year, version or list number.
FIGURE = re.compile(
    r"[$€£]\s?\d[\d,.]*\s?[kKmM]?|\d[\d,.]*\s?(?:%|percent|per cent)|(?<![\w.-])\d{2,}(?:[,.]\d+)*(?![\w-])"
)
YEAR = re.compile(r"^(?:19|20)\d{2}$")
STANDARDS = re.compile(r"\b(?:ISO(?:/IEC)?|SOC|SR|NIST|Article|Annex|OWASP|DFARS|Section|CFR|Title)\s*[\d.-]+\b")
# Reading level above which a chief executive reads a sentence twice (Flesch-Kincaid grade).
HARD_TO_READ = 18.0


@dataclass(frozen=True)
class Report:
    """What breaks a rule, what deserves a look, and what the library measures."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    report: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check_library(folder: Path, today: date) -> Report:
    """Every rule over every document."""
    library = read_library(folder)
    documents = library.documents
    faults = [str(fault) for fault in library.faults]
    for rule in (
        links,
        aliases,
        position_quotes,
        quotes_stand,
        asked_stand,
        lengths,
        provenance,
        house_figures,
        near_duplicates,
    ):
        faults.extend(rule(documents))
    faults.extend(reviews(documents, today))
    warnings = tuple(hard_reading(documents))
    return Report(tuple(faults), warnings, _measured(documents))


def _measured(documents: Mapping[str, Document]) -> dict[str, str]:
    def count(**wanted: str) -> str:
        return str(
            sum(1 for d in documents.values() if all(getattr(d, name) == value for name, value in wanted.items()))
        )

    grades = [reading_grade(d.text) for d in documents.values()] or [0.0]
    return {
        "digests": count(voice="digest"),
        "sources digested": str(len({d.source or d.author for d in documents.values() if d.voice == "digest"})),
        "house guides": count(kind="article", voice="house"),
        "glossary entries": count(kind="glossary"),
        "positions": count(kind="position"),
        "words": str(sum(len(d.text.split()) for d in documents.values())),
        "reading grade, mean": f"{sum(grades) / len(grades):.1f}",
    }


def links(documents: Mapping[str, Document]) -> Iterator[str]:
    """Every named document exists."""
    for document in documents.values():
        named = [("related", id) for id in document.related] + [("rests_on", id) for id in document.rests_on]
        named += [("supersedes", document.supersedes)] if document.supersedes else []
        named += [("views", holder.document) for view in document.views for holder in view.holders]
        for field, id in named:
            if id not in documents:
                yield f"{document.path}: `{field}` names `{id}`, which is not in the library. Correct the id or remove it."


def aliases(documents: Mapping[str, Document]) -> Iterator[str]:
    """A name means one glossary entry."""
    owners: dict[str, str] = {}
    entries = [document for document in documents.values() if document.kind == "glossary"]
    for document in entries:
        for name in (document.title, *document.aliases):
            other = owners.setdefault(name.lower(), document.id)
            if other != document.id:
                yield f"{document.path}: the name `{name}` also belongs to `{other}`. Keep it in one of them."


def position_quotes(documents: Mapping[str, Document]) -> Iterator[str]:
    """A view is shown by words that its holder's digest carries as a quotation."""
    for document in documents.values():
        for view in document.views:
            for holder in view.holders:
                held = documents.get(holder.document)
                if held is not None and holder.quote not in held.quotes:
                    yield f"{document.path}: “{holder.quote}” is not among the `quotes` of {holder.document}. Use one that is, or add it there."
                if len(holder.quote.split()) > LONGEST_QUOTE_WORDS:
                    yield f"{document.path}: “{holder.quote[:40]}…” has more than {LONGEST_QUOTE_WORDS} words. Shorten it."


def quotes_stand(documents: Mapping[str, Document]) -> Iterator[str]:
    """What a position quotes stands in the digest's own text, so that a citation can open at it."""
    for document in documents.values():
        for view in document.views:
            for holder in view.holders:
                held = documents.get(holder.document)
                if held is not None and _even(holder.quote) not in _even(held.text):
                    yield f"{document.path}: “{holder.quote}” does not stand in the text of {holder.document}. Quote it there."


def asked_stand(documents: Mapping[str, Document]) -> Iterator[str]:
    """A question belongs to a sentence that is in the text, and to one only; it is written once."""
    for document in documents.values():
        if not document.asked:
            continue
        sentences = list(sentences_of(document.text))
        for one in document.asked:
            standing = sum(opens_with(sentence, one.says) for sentence in sentences)
            if standing != 1:
                found = "no sentence opens" if not standing else f"{standing} sentences open"
                yield f"{document.path}: `asked` names “{one.says}”, and {found} so. Give the opening words of one sentence of the text."
            if not one.asks:
                yield f"{document.path}: `asked` gives no question for “{one.says}”. Write one or remove the entry."
        seen: set[str] = set()
        for question in (question for one in document.asked for question in one.asks):
            if question.lower() in seen:
                yield f"{document.path}: the question “{question}” is asked twice. Keep it with the sentence that answers it best."
            seen.add(question.lower())


def lengths(documents: Mapping[str, Document]) -> Iterator[str]:
    for document in documents.values():
        what = kind_of(document)
        if what in LENGTHS:
            fewest, most = LENGTHS[what]
            words = len(document.text.split())
            if not fewest <= words <= most:
                yield f"{document.path}: the text has {words} words; a {what} has {fewest} to {most}. Shorten or complete it."


def kind_of(document: Document) -> str:
    if document.kind == "article":
        return {"digest": "digest", "house": "guide"}.get(document.voice, "")
    return document.kind


def provenance(documents: Mapping[str, Document]) -> Iterator[str]:
    """Each document says whose it is and when it is looked at again."""
    for document in documents.values():
        for field in ("owner", "added", "review_by", "licence"):
            if document.voice != "practitioner" and not getattr(document, field):
                yield f"{document.path}: `{field}` is empty. Fill it in."
        if document.voice == "digest" and document.read not in ("whole", "part"):
            yield f"{document.path}: `read` does not say whether the whole page was read. Write whole or part."
        if document.voice == "digest" and not (document.source or document.author):
            yield f"{document.path}: neither `source` nor `author` is given. Say whose text is digested."
        if kind_of(document) == "guide" and not document.rests_on:
            yield f"{document.path}: a guide names no digests in `rests_on`. Name them."


def house_figures(documents: Mapping[str, Document]) -> Iterator[str]:
    """A figure in our own text stands in a document it rests on."""
    for document in documents.values():
        if document.voice != "house":
            continue
        below = {*document.rests_on, *(holder.document for view in document.views for holder in view.holders)}
        carried = {
            figure
            for id in below
            if id in documents
            for figure in _numbers(documents[id].text + " " + " ".join(documents[id].quotes))
        }
        text = STANDARDS.sub(" ", re.sub(r"^\s*\d{1,2}[.)] ", "", document.text, flags=re.MULTILINE))
        for match in FIGURE.finditer(text):
            number = _numbers(match.group(0))
            if number and not YEAR.match(number[0]) and number[0] not in carried:
                yield f"{document.path}: the figure “{match.group(0).strip().rstrip('.,')}” stands in none of the documents it rests on. Name its source or remove it."


def _numbers(text: str) -> list[str]:
    return [number.rstrip(".,").replace(",", "") for number in re.findall(r"\d[\d,.]*", text)]


def near_duplicates(documents: Mapping[str, Document]) -> Iterator[str]:
    """No two documents share most of their words in the same order."""
    others = NearDuplicates()
    for document in documents.values():
        for found in others.add(document.id, document.text):
            yield f"{document.path}: {found.similarity:.0%} of its text also stands in {found.document}. Keep one of them."


def reviews(documents: Mapping[str, Document], today: date) -> Iterator[str]:
    for document in documents.values():
        if overdue(document, today):
            yield f"{document.path}: due for review since {document.review_by}. Read it again, mend it, and set a new date."


def hard_reading(documents: Mapping[str, Document]) -> Iterator[str]:
    for document in documents.values():
        grade = reading_grade(document.text)
        if grade > HARD_TO_READ:
            yield f"{document.path}: hard to read (grade {grade:.0f}). Shorter sentences help."


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade, with syllables told from vowels."""
    said = [
        span.of(text) for block in read_blocks(text) if block.kind in ("paragraph", "item") for span in block.sentences
    ]
    words = re.findall(r"[A-Za-z]+", " ".join(said))
    sentences = max(1, len(said))
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower().removesuffix("e")))) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / max(1, len(words)) - 15.59


def _even(words: str) -> str:
    """Words without differences of quotation marks, case and spacing."""
    return " ".join(re.sub(r"[“”\"‘’']", "'", words).lower().split()).rstrip(".")
