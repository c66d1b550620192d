"""Sentences of our own library put wrong on purpose, and put otherwise without harm: what must the check take out, and what leave?

Each sentence goes with the sentences around it as evidence. The same library gives the same pairs. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.documents import Document
from corpus.text import read_blocks, words_of
from rag.answers import Quoted
from rag.support_signs import HEDGE, NUMBER
from rag.words import names, stems

# Shorter ones say too little to be put wrong; longer ones are lists.
WORDS = (8, 45)
# The sentence with those to either side of it, as a passage brings them.
AROUND = 2
AS_IT_STANDS = "as it stands"
AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|should|will|would|must|may|does|do|did|has|have|had)\b(?! not\b|n[’']t)"
)
NOT = re.compile(r"\b(?:(?:do|does|did) not|not|never|cannot)\s+", re.IGNORECASE)
CONTRASTS = re.compile(
    r"\b((?:\w+[ -]){0,2}\w+)( rather than | instead of | more than | less than | faster than | cheaper than | before | after | without | versus | vs\. )((?:\w+[ -]){0,1}\w+)\b"
)
CAVEAT = re.compile(
    r"\s*\b(?:about|around|roughly|approximately|often|sometimes|usually|typically|up to|at least|at most|perhaps|mostly|likely)\b|(?:,\s*|\s+)(?:if|unless|provided|as long as|except)\b[^,.;:]{8,}(?=[.,;](?!\d))",
    re.IGNORECASE,
)
MODAL = re.compile(r"\b(?:may|might|could)\b")
PAIR = re.compile(r"\b([A-Za-z-]{4,}) and ([A-Za-z-]{4,})\b")
FRONTED = re.compile(
    r"^((?:In|At|For|By|With|After|Before|During|From|On|When|If|Without|Once)\b[^,.;:()]{6,70}), ([^.;:()]+)\.$"
)
PARENTHESIS = re.compile(r"\s*\([^()]*\)")
ADJUNCT = re.compile(r",\s(?:such as|including|which|for example|for instance|like)\b[^,.;:]{6,}(?=[.,;](?!\d))")
PASSIVE = re.compile(
    r"^([A-Z][\w’' -]{2,40}) (owns|runs|sets|writes|reviews|approves|leads|decides|signs) ([\w’' -]{3,50})\.$"
)
PASSIVE_OF = {"owns": "owned", "runs": "run", "sets": "set", "writes": "written", "reviews": "reviewed", "approves": "approved", "leads": "led", "decides": "decided", "signs": "signed"}  # fmt: skip
LIGHTER = (
    (re.compile(r"\bdoes not\b"), "doesn’t"),
    (re.compile(r"\bdo not\b"), "don’t"),
    (re.compile(r"\bis not\b"), "isn’t"),
    (re.compile(r"\bcannot\b"), "can’t"),
    (re.compile(r"\bhowever,? ", re.IGNORECASE), ""),
    (re.compile(r"\bin order to\b"), "to"),
    (re.compile(r"\bfor example\b"), "for instance"),
)


@dataclass(frozen=True)
class Pair:
    """A sentence beside its evidence; what was done to it, and whether it may still stand."""

    kind: str
    sentence: str
    pieces: tuple[Quoted, ...]
    stands: bool


@dataclass(frozen=True)
class Place:
    """A sentence of the library with those around it."""

    words: str
    pieces: tuple[Quoted, ...]
    next_words: str = ""


def pairs_of(documents: Mapping[str, Document]) -> list[Pair]:
    """Every way of every sentence that allows it, in the order of the documents' names."""
    places = [place for id in sorted(documents) for place in _places(documents[id])]
    everybody = sorted({document.speaker for document in documents.values() if document.speaker})
    known = sorted({name for place in places for name in names(place.words)})
    elsewhere = [place.words for place in places]
    found: list[Pair] = []
    for place in places:
        wrongs: tuple[tuple[str, str | None], ...] = (
            ("changed number", changed_number(place.words)),
            ("changed name", changed_name(place, known)),
            ("negation", negated(place.words)),
            ("swapped subject", swapped(place.words)),
            ("dropped caveat", without_caveat(place.words)),
            ("from elsewhere", from_elsewhere(place, elsewhere)),
            ("wrong speaker", by_somebody_else(place, everybody)),
        )
        rights: tuple[tuple[str, str | None], ...] = (
            (AS_IT_STANDS, place.words),
            ("clauses in another order", reordered(place.words)),
            ("without an adjunct", without_adjunct(place.words)),
            ("in the passive", in_the_passive(place.words)),
            ("in lighter words", in_lighter_words(place.words)),
            ("a pair turned round", turned_round(place.words)),
            ("joined with the next", joined(place)),
            ("with its speaker", by_its_speaker(place)),
        )
        for kinds, stands in ((wrongs, False), (rights, True)):
            for kind, words in kinds:
                if words and (words != place.words or kind == AS_IT_STANDS):
                    found.append(Pair(kind, words, place.pieces, stands))
    return found


def _places(document: Document) -> Iterator[Place]:
    for block in read_blocks(document.text):
        if block.kind != "paragraph":
            continue
        said = [words_of(block, span, document.text) for span in block.sentences]
        for at, words in enumerate(said):
            if not (WORDS[0] <= len(words.split()) <= WORDS[1] and words[:1].isupper() and words.endswith(".")):
                continue
            near = range(max(0, at - AROUND), min(len(said), at + AROUND + 1))
            pieces = tuple(Quoted(said[n], document, (block.sentences[n],), block.headings) for n in near)
            yield Place(words, pieces, said[at + 1] if at + 1 < len(said) else "")


def _draw(words: str, among: int) -> int:
    """Some number below `among` that is always the same for the same words."""
    return int(hashlib.sha256(words.encode()).hexdigest()[:8], 16) % among


def changed_number(words: str) -> str | None:
    found = [match for match in NUMBER.finditer(words) if not words[: match.start()].endswith(("-", "/"))]
    if not found:
        return None
    match = found[_draw(words, len(found))]
    digits = match.group()
    value = float(digits.replace(",", "").rstrip("."))
    other = value * (2, 3, 0.5)[_draw(words[::-1], 3)] + 1
    return words[: match.start()] + f"{int(other):,}" + digits[len(digits.rstrip(".,")) :] + words[match.end() :]


def changed_name(place: Place, known: Sequence[str]) -> str | None:
    own = names(place.words)
    if not own:
        return None
    name = own[_draw(place.words, len(own))]
    told = " ".join(_told(piece) for piece in place.pieces).lower()
    other = _first_that(known, place.words, lambda one: not any(part.lower() in told for part in one.split()))
    return re.sub(rf"\b{re.escape(name)}\b", other, place.words) if other else None


def negated(words: str) -> str | None:
    if found := NOT.search(words):
        return words[: found.start()] + words[found.end() :]
    return AUXILIARY.sub(r"\1 not", words, count=1) if AUXILIARY.search(words) else None


def swapped(words: str) -> str | None:
    """The two sides of a comparison, or the first two names, in each other's place."""
    if found := CONTRASTS.search(words):
        left, between, right = found.groups()
        return words[: found.start()] + right + between + left + words[found.end() :] if left != right else None
    own = names(words)
    if len(own) < 2 or own[0] in own[1] or own[1] in own[0] or re.search(rf"{re.escape(own[0])}(?:,| and| or) ", words):
        return None  # in a list, order says nothing
    held = "\0"
    return words.replace(own[0], held).replace(own[1], own[0]).replace(held, own[1])


def without_caveat(words: str) -> str | None:
    if not (CAVEAT.search(words) or MODAL.search(words)):
        return None
    bare = MODAL.sub("will", CAVEAT.sub("", words, count=1)).strip()
    bare = bare[:1].upper() + bare[1:]
    return None if HEDGE.search(bare) and len(stems(bare)) == len(stems(words)) else bare


def from_elsewhere(place: Place, elsewhere: Sequence[str]) -> str | None:
    told = stems(" ".join(_told(piece) for piece in place.pieces))
    return _first_that(elsewhere, place.words, lambda one: len(stems(one) & told) <= len(stems(one)) / 2)


def by_somebody_else(place: Place, everybody: Sequence[str]) -> str | None:
    told = " ".join(_told(piece) for piece in place.pieces).lower()
    other = _first_that(everybody, place.words, lambda one: not any(p.lower() in told for p in re.findall(r"\w+", one)))
    return f"According to {other}, {_lower_first(place.words)}" if other else None


def by_its_speaker(place: Place) -> str | None:
    speaker = place.pieces[0].document.speaker
    return f"According to {speaker}, {_lower_first(place.words)}" if speaker else None


def reordered(words: str) -> str | None:
    found = FRONTED.match(words)
    if not found:
        return None
    first, rest = found.groups()
    return f"{rest[:1].upper()}{rest[1:]} {_lower_first(first)}."


def without_adjunct(words: str) -> str | None:
    bare = ADJUNCT.sub("", PARENTHESIS.sub("", words))
    return bare if bare != words and len(bare.split()) >= WORDS[0] and _keeps_caveats(words, bare) else None


def in_the_passive(words: str) -> str | None:
    found = PASSIVE.match(words)
    if not found:
        return None
    who, verb, what = found.groups()
    plural = " and " in what or what.endswith("s")
    return f"{what[:1].upper()}{what[1:]} {'are' if plural else 'is'} {PASSIVE_OF[verb]} by {_lower_first(who)}."


def in_lighter_words(words: str) -> str | None:
    for pattern, instead in LIGHTER:
        words = pattern.sub(instead, words)
    return words[:1].upper() + words[1:]


def turned_round(words: str) -> str | None:
    return PAIR.sub(r"\2 and \1", words, count=1) if PAIR.search(words[1:]) else None


def joined(place: Place) -> str | None:
    if not place.next_words or len(f"{place.words} {place.next_words}".split()) > WORDS[1]:
        return None
    return (
        f"{place.words.rstrip('.')}, and {_lower_first(place.next_words)}" if place.next_words.endswith(".") else None
    )


def _keeps_caveats(words: str, bare: str) -> bool:
    return len(HEDGE.findall(bare)) == len(HEDGE.findall(words))


def _lower_first(words: str) -> str:
    first = words.split(maxsplit=1)[0] if words.split() else ""
    keeps = (
        first == "I" or sum(letter.isupper() for letter in first) > 1 or first.rstrip("’'s") in names(f"so {words}")[:1]
    )
    return words if keeps else words[:1].lower() + words[1:]


def _told(piece: Quoted) -> str:
    return " ".join((piece.document.speaker, piece.document.title, *piece.headings, piece.text))


def _first_that(candidates: Sequence[str], seed: str, holds: Callable[[str], bool]) -> str | None:
    start = _draw(seed, len(candidates)) if candidates else 0
    return next((one for one in _from(candidates, start) if holds(one)), None)


def _from(candidates: Sequence[str], start: int) -> Iterable[str]:
    yield from candidates[start:]
    yield from candidates[:start]
