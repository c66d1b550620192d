"""Do sources give different answers to what is asked? Told by comparing the sentences found, precision before recall. Pure.

Three ways in which they can: figures of the kind asked for that exclude each other; two sentences that say the same but for one name,
figure or denial; "yes" from one and "no" from another. Whoever says something else about something else does not differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from rag.evidence import Unit
from rag.question import asks_for, topic_of
from rag.words import STOP_WORDS, stem, stems

# A sentence that gives a figure answers the question only where the reader is this sure that it does, and where it and what surrounds it
# speak of this share of what is asked (docs/experiments.md).
READER_SURE = 2.0
SPEAKS_OF = 0.75
# Ranges exclude each other when there is this much room between them, as a factor: "two weeks" and "15 days" do not.
APART = 1.25
# Two sentences say the same but for one thing when so much of the longer one stands in the other, in its order, and so many telling words.
SAME_BUT_FOR = 0.75
SHARED_TELLING = 4
LONGEST_SLOT = 5
LONGEST_VIEW = 160

SPELLED = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100}
NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(SPELLED)})\b)"
SCALE = r"(?:k|thousand|m|million|bn|billion)\b"
FIGURE = re.compile(
    rf"""(?<![\w.])(?P<currency>[$€£])?\s?(?P<low>{NUMBER})\s?(?P<low_scale>{SCALE})?
    (?:\s?(?:–|-|to|and|or)\s?[$€£]?\s?(?P<high>{NUMBER})\s?(?P<high_scale>{SCALE})?)?
    (?:[\s-]?(?P<unit>%|percent\b|per\ cent\b|dollars\b|euros\b|pounds\b|USD\b|EUR\b|GBP\b|(?!per\b|each\b|every\b)[^\W\d_]{{3,}}\b))?
    (?:\s?(?:a|an|per|each|every|/)\s?(?P<period>hour|day|week|month|quarter|year)\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
CURRENCIES = {"dollars": "$", "usd": "$", "euros": "€", "eur": "€", "pounds": "£", "gbp": "£"}
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
DAYS = {"day": 1.0, "week": 7.0, "month": 30.0, "quarter": 91.0, "year": 365.0}
DURATION = re.compile(r"\bhow long\b", re.IGNORECASE)
OPENING = re.compile(r"(yes|no)\b(?=[,.:;–—-]|$)", re.IGNORECASE)
YES_OR_NO = re.compile(r"^(?:is|are|was|were|do|does|did|can|could|should|must|will|would|has|have)\b", re.IGNORECASE)
DENIAL = frozenset(("not", "never", "no", "cannot", "without", "don't", "doesn't", "isn't", "aren't", "won't", "can't"))
WORD = re.compile(r"[$€£]?\w+(?:[.,'’&-]\w+)*%?")
MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
ASKS_FOR_A_NAME = re.compile(
    r"\b(?:who|whom|whose|which|where|name)\b|^(?:what|in what) (?!is the date)", re.IGNORECASE
)
ASKS_WHEN = re.compile(r"\b(?:when|date|year|day)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Figure:
    """What a sentence gives, as a range of one kind of thing, and as it writes it."""

    kind: str
    low: float
    high: float
    shown: str


@dataclass(frozen=True)
class Side:
    """One answer, in a few words, and the sentences that give it."""

    view: str
    units: tuple[Unit, ...]


def sides_among(question: str, units: Sequence[Unit]) -> tuple[Side, ...]:
    """The different answers that these sentences of different sources give, the best one's first; none where they do not differ."""
    asked = topic_of(question)[0]
    read = [unit for unit in units if "reader" in (unit.features or {}) and unit.document.voice != "house"]
    return _by_figures(asked, read) or _by_yes_and_no(asked, read) or _by_one_thing(asked, read)


def _by_figures(question: str, units: Sequence[Unit]) -> tuple[Side, ...]:
    kind = asks_for(question)
    if kind not in ("price", "number", "share"):
        return ()
    given: dict[str, list[tuple[Unit, Figure]]] = {}
    for unit in units:
        figures = [figure for figure in figures_in(unit.words) if _is_asked_for(figure, kind, question)]
        if len(figures) == 1 and _answers(unit):  # of several, nobody knows which is meant
            given.setdefault(figures[0].kind, []).append((unit, figures[0]))
    for pairs in given.values():
        groups: list[list[tuple[Unit, Figure]]] = []
        for unit, figure in pairs:
            meets = [group for group in groups if any(not _exclude(figure, other) for _, other in group)]
            if meets:
                meets[0] += [pair for group in meets[1:] for pair in group] + [(unit, figure)]
                groups = [group for group in groups if group not in meets[1:]]
            else:
                groups.append([(unit, figure)])
        sides = tuple(Side(group[0][1].shown, tuple(unit for unit, _ in group)) for group in groups)
        if _of_different_sources(sides):
            return sides
    return ()


def _answers(unit: Unit) -> bool:
    features = unit.features or {}
    return features.get("reader", 0.0) >= READER_SURE and features.get("words", 0.0) >= SPEAKS_OF


def _is_asked_for(figure: Figure, kind: str, question: str) -> bool:
    if kind == "price":
        return figure.kind.startswith("money")
    if kind == "share":
        return figure.kind == "percent"
    if DURATION.search(question):
        return figure.kind == "days"
    return figure.kind.split("/")[0] in stems(question)


def figures_in(text: str) -> Iterator[Figure]:
    """Money with what it is paid for, shares, lengths of time in days, and how many of something."""
    for match in FIGURE.finditer(text):
        unit = (match["unit"] or "").lower()
        currency = match["currency"] or CURRENCIES.get(unit, "")
        high_scale = SCALES.get((match["high_scale"] or "").lower(), 1.0)
        low_scale = SCALES.get((match["low_scale"] or "").lower(), high_scale)
        low = _value(match["low"]) * low_scale
        high = _value(match["high"]) * high_scale if match["high"] else low
        per = f"/{match['period'].lower()}" if match["period"] else ""
        if currency:
            kind = f"money {currency}{per}"
        elif unit in ("%", "percent", "per cent"):
            kind = "percent"
        elif unit.removesuffix("s") in DAYS and not per:
            kind, days = "days", DAYS[unit.removesuffix("s")]
            low, high = low * days, high * days
        elif unit and unit not in STOP_WORDS:
            kind = stem(unit) + per
        else:
            continue
        if low <= high:
            yield Figure(kind, low, high, " ".join(match.group().split()))


def _value(written: str) -> float:
    return float(SPELLED.get(written.lower(), 0) or written.replace(",", "")) if written.lower() != "zero" else 0.0


def _exclude(one: Figure, other: Figure) -> bool:
    return one.low > other.high * APART or other.low > one.high * APART


def _by_yes_and_no(question: str, units: Sequence[Unit]) -> tuple[Side, ...]:
    if not YES_OR_NO.match(question):
        return ()
    said: dict[str, list[Unit]] = {}
    for unit in units:
        if (opening := OPENING.match(unit.words)) and _answers(unit):
            said.setdefault(opening.group(1).capitalize(), []).append(unit)
    sides = tuple(Side(word, tuple(saying)) for word, saying in said.items())
    return sides if _of_different_sources(sides) else ()


def _by_one_thing(question: str, units: Sequence[Unit]) -> tuple[Side, ...]:
    """Sentences that say the same but for one name, figure or denial. Each further one goes to the side whose words it has."""
    for one, other in combinations(units, 2):
        if one.document.speaker == other.document.speaker:
            continue
        if difference := _only_difference(question, one.words, other.words):
            view, against = difference
            sides = (
                Side(view, (one, *_with_these_words(view, against, units, one))),
                Side(against, (other, *_with_these_words(against, view, units, other))),
            )
            if _of_different_sources(sides):
                return sides
    return ()


def _with_these_words(view: str, against: str, units: Sequence[Unit], known: Unit) -> list[Unit]:
    if view.startswith("“"):
        return []
    return [
        unit
        for unit in units
        if unit is not known
        and re.search(rf"(?<!\w){re.escape(view)}(?!\w)", unit.words)
        and not re.search(rf"(?<!\w){re.escape(against)}(?!\w)", unit.words)
    ]


def _only_difference(question: str, one: str, other: str) -> tuple[str, str] | None:
    """What the first has in place of what the second has; None where they differ in more, or in what is not asked for."""
    left, right = list(WORD.finditer(one)), list(WORD.finditer(other))
    here, there = ([match.group().lower().replace("’", "'") for match in side] for side in (left, right))
    matcher = SequenceMatcher(None, here, there, autojunk=False)
    replaced: set[tuple[str, str]] = set()
    slots: list[tuple[str, str]] = []
    added: set[str] = set()
    same = 0
    telling: set[str] = set()
    for kind, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if kind == "equal":
            same += left_to - left_from
            telling |= {word for word in here[left_from:left_to] if word not in STOP_WORDS}
        elif kind == "replace":
            replaced.add((" ".join(here[left_from:left_to]), " ".join(there[right_from:right_to])))
            slots.append((_shown(one, left, left_from, left_to), _shown(other, right, right_from, right_to)))
            if max(left_to - left_from, right_to - right_from) > LONGEST_SLOT:
                return None
        else:
            added |= {*here[left_from:left_to], *there[right_from:right_to]}
    if same < SAME_BUT_FOR * max(len(here), len(there)) or len(telling) < SHARED_TELLING:
        return None
    if not replaced and len(added & DENIAL) == 1 and added <= DENIAL | STOP_WORDS:
        return _quoted(one), _quoted(other)
    if len(replaced) != 1 or added - STOP_WORDS or added & DENIAL:
        return None
    (view, against), known = slots[0], stems(question)
    if any(stems(words) <= known or not _names_what_is_asked(question, words) for words in (view, against)):
        return None
    return view, against


def _shown(text: str, found: Sequence[re.Match[str]], start: int, end: int) -> str:
    """These words with those beside them that belong to the same name or date."""

    def goes_on(word: re.Match[str], between: str) -> bool:
        return between in (" ", ", ") and (word.group()[0].isupper() or word.group().isdigit())

    while start > 0 and goes_on(found[start - 1], text[found[start - 1].end() : found[start].start()]):
        start -= 1
    while end < len(found) and goes_on(found[end], text[found[end - 1].end() : found[end].start()]):
        end += 1
    return text[found[start].start() : found[end - 1].end()]


def _names_what_is_asked(question: str, words: str) -> bool:
    has_number = any(c.isdigit() for c in words) or bool(set(words.lower().split()) & {*SPELLED, *MONTHS})
    if ASKS_WHEN.search(question) or asks_for(question) in ("price", "number", "share", "date"):
        return has_number
    has_name = any(c.isupper() for c in words)
    return has_name and not has_number if ASKS_FOR_A_NAME.search(question) else has_name or has_number


def _quoted(words: str) -> str:
    return f"“{words if len(words) <= LONGEST_VIEW else words[:LONGEST_VIEW].rsplit(' ', 1)[0] + ' …'}”"


def _of_different_sources(sides: Sequence[Side]) -> bool:
    """At least two, and nobody on more than one of them."""
    speakers = [{unit.document.speaker for unit in side.units} for side in sides]
    return len(sides) >= 2 and all(not one & other for one, other in combinations(speakers, 2))
