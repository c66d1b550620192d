"""What documents about to be published would change: the terms they use, and what the library says otherwise. Publishes nothing.

A sentence of the library is shown beside a new one when both speak of the same thing, which is when they are near in meaning with
their figures left out and share rare words, and give another figure of the same kind, or one says what the other denies. Whether
that is a contradiction, an update or neither is for the operator to say, so little is shown and most of it deserves a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from corpus.documents import Document
from corpus.embedder import Embedder
from corpus.record import Record, StoredChunk
from corpus.text import sentences_of

# Passages looked at for each sentence, nearest by words.
PASSAGES = 8
# A word that more passages have says little about what a sentence is about; in a small library so many passages are few.
RARE = 0.02
SMALL = 8
# Two rare words must be shared, and not both be names: else all that one author says is about the same.
SHARED_RARE_WORDS = 2
FEWEST_WORDS = 4
# Cosine of the two sentences with their figures left out. In our library, 135 of 215 pairs that say the same figure of the same
# thing in other words reach it with the rare words, and 4 of 100 that say different figures, all of different things
# (docs/experiments.md).
SAME_SUBJECT = 0.7
# With and without its "not", a sentence must be the same one in other respects: with six words of ten shared, 43 pairs of our
# library would be shown, most or all of them for a clause that one has more; with eight, none is.
SAME_WORDS = 0.8

WORD = re.compile(r"[^\W\d_]{2,}(?:[’'][^\W\d_]+)?")
NUMBER = r"\d+(?:[.,]\d+)*"
SPELLED = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
} | {"twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
MONTHS = "January February March April May June July August September October November December".split()
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
FIGURE = re.compile(
    rf"""
    (?P<money>(?P<currency>[$€£]|USD|EUR|GBP)\s?(?P<amount>{NUMBER})\s?(?P<scale>(?:k|m|mn|b|bn|thousand|million|billion)\b)?)
  | (?P<percent>{NUMBER})\s?(?:%|percent\b|per\ cent\b)
  | (?P<date>(?:\d{{1,2}}\.?\s)?(?:{"|".join(MONTHS)})\s(?:\d{{1,2}},?\s)?\d{{4}} | \d{{4}}-\d{{2}}-\d{{2}})
  | (?P<number>{NUMBER}|\b(?:{"|".join(SPELLED)})\b)(?:[\s-](?P<unit>[^\W\d_]{{3,}}))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
UNCOUNTED = frozenset("and are but for from has have one per that the then this was were which who with".split())
YEAR = re.compile(r"(?:19|20)\d\d")
NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|cannot)\b|n[’']t\b", re.IGNORECASE)


@dataclass(frozen=True)
class Difference:
    """A sentence of the library and a new one that does not agree with it."""

    document: str
    passage: str
    ours: str
    theirs: str
    why: str


@dataclass(frozen=True)
class Preview:
    """What one document would bring."""

    terms: tuple[str, ...] = ()
    contradicts: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A figure with what it counts; figures of one kind can differ."""

    kind: str
    value: str
    shown: str


@dataclass(frozen=True)
class Claim:
    """A sentence that says a figure or denies something, and what it says beside that."""

    text: str

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(figures_in(self.text))

    @cached_property
    def subject(self) -> str:
        """The sentence without its figures and its "not": what it is about."""
        return " ".join(NEGATION.sub(" ", FIGURE.sub(_unit_of, self.text)).split())

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(_stem(word) for word in WORD.findall(self.subject.lower()))

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """Those in lower case: no names."""
        return frozenset(_stem(word) for word in WORD.findall(self.subject) if word.islower())

    @property
    def denies(self) -> bool:
        return NEGATION.search(self.text) is not None


def _unit_of(match: re.Match[str]) -> str:
    return f" {match['unit'] or ''} "


def figures_in(text: str) -> Iterator[Figure]:
    """Money by its currency, percentages, dates, and numbers by the thing they count."""
    for match in FIGURE.finditer(text):
        shown = " ".join(match.group(0).split())
        if match["money"]:
            amount = float(match["amount"].replace(",", "")) * SCALES.get((match["scale"] or "").lower(), 1)
            yield Figure(f"money {match['currency']}", f"{amount:g}", shown)
        elif match["percent"]:
            yield Figure("percent", match["percent"].replace(",", "."), shown)
        elif match["date"]:
            yield Figure("date", " ".join(match["date"].lower().replace(",", "").split()), shown)
        elif match["unit"] and match["unit"].lower() not in UNCOUNTED and not YEAR.fullmatch(match["number"]):
            number = match["number"].lower()
            yield Figure(
                f"number of {_stem(match['unit'].lower())}", SPELLED.get(number, number.replace(",", "")), shown
            )


def _stem(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    return word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word


def preview(documents: Iterable[Document], record: Record, embedder: Embedder) -> dict[str, Preview]:
    """By document, what it would bring to the published library."""
    wanted = list(documents)
    terms = _terms(record.documents().values())
    differing = _differences(wanted, _Library(record), embedder)
    return {
        one.id: Preview(
            tuple(title for title, names in terms.items() if names.search(one.text) and title != one.title),
            tuple(differing.get(one.id, ())),
        )
        for one in wanted
    }


def _terms(library: Iterable[Document]) -> dict[str, re.Pattern[str]]:
    """Each glossary entry by its title, with every name it has; an abbreviation counts as it is written."""
    return {
        entry.title: re.compile(
            "|".join(
                rf"(?<!\w){re.escape(name) if name.isupper() else f'(?i:{re.escape(name)}s?)'}(?!\w)"
                for name in (entry.title, *entry.aliases)
            )
        )
        for entry in library
        if entry.kind == "glossary"
    }


@dataclass(frozen=True)
class _Pair:
    new: str
    chunk: StoredChunk
    ours: Claim
    theirs: Claim
    why: str


@dataclass
class _Library:
    """The published passages, asked by the rare words of a sentence."""

    record: Record
    _passages_with: dict[str, int] = field(default_factory=dict)

    @cached_property
    def most(self) -> float:
        """In so many passages a rare word stands at most; in a small library, any that is not in most of them."""
        return max(SMALL, RARE * self.record.count("lexical"))

    def rare(self, words: Iterable[str]) -> list[str]:
        for word in words:
            if word not in self._passages_with:
                self._passages_with[word] = self.record.passages_with(word)
        return sorted(word for word in words if 0 < self._passages_with[word] <= self.most)

    def near(self, words: Iterable[str]) -> list[StoredChunk]:
        expression = " OR ".join(f'"{word}"' for word in words)
        numbers = [number for number, _ in self.record.lexical(expression, PASSAGES)]
        return list(self.record.chunks_numbered(numbers).values())


@lru_cache(maxsize=4_000)
def _claims(text: str) -> tuple[Claim, ...]:
    return tuple(claim for claim in map(Claim, sentences_of(text)) if len(claim.words) >= FEWEST_WORDS)


def _differences(
    documents: Iterable[Document], library: _Library, embedder: Embedder
) -> Mapping[str, list[Difference]]:
    pairs = [pair for document in documents for pair in _pairs(document, library)]
    subjects = list(dict.fromkeys(claim.subject for pair in pairs for claim in (pair.ours, pair.theirs)))
    vectors = dict(zip(subjects, embedder.embed(subjects), strict=True)) if subjects else {}
    found: dict[str, list[Difference]] = {}
    for pair in pairs:
        nearness = float(np.dot(vectors[pair.ours.subject], vectors[pair.theirs.subject]))
        if nearness >= SAME_SUBJECT:
            where = " › ".join(pair.chunk.headings)
            found.setdefault(pair.new, []).append(
                Difference(pair.chunk.document, where, pair.ours.text, pair.theirs.text, pair.why)
            )
    return found


def _pairs(document: Document, library: _Library) -> Iterator[_Pair]:
    for theirs in _claims(document.text):
        rare = library.rare(theirs.words)
        if len(rare) < SHARED_RARE_WORDS:
            continue
        for chunk in library.near(rare):
            for ours in _claims(chunk.text) if chunk.document != document.id else ():
                shared = [word for word in rare if word in ours.words]
                if len(shared) < SHARED_RARE_WORDS or not ours.plain_words.intersection(shared, theirs.plain_words):
                    continue
                about = f"both speak of {', '.join(shared)}"
                if figures := _differing(ours, theirs):
                    yield _Pair(document.id, chunk, ours, theirs, f"{figures}; {about}")
                elif ours.denies != theirs.denies and _alike(ours, theirs):
                    yield _Pair(document.id, chunk, ours, theirs, f"one denies what the other says; {about}")


def _differing(ours: Claim, theirs: Claim) -> str:
    """The first kind of figure that both have and no figure of which they share."""
    for kind in dict.fromkeys(figure.kind for figure in ours.figures):
        here, there = ([f for f in claim.figures if f.kind == kind] for claim in (ours, theirs))
        if there and not {f.value for f in here} & {f.value for f in there}:
            return f"the library says {', '.join(f.shown for f in here)}, this says {', '.join(f.shown for f in there)}"
    return ""


def _alike(ours: Claim, theirs: Claim) -> bool:
    return len(ours.words & theirs.words) >= SAME_WORDS * len(ours.words | theirs.words)
