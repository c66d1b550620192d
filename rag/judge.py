"""Is the evidence enough? Answered, partly, or an honest abstention, decided before a word is written. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rag.answers import ABSTAINED, ANSWERED, PARTIAL
from rag.evidence import Evidence, Unit
from rag.question import FEW_WORDS, GENERAL, asks_for, counted_thing, focus_of, owned_thing, topic_of, tries_to_trick
from rag.words import GENERIC_NAMES, content_words, names, stem, stems

# Chosen on the open two thirds of the questions (docs/experiments.md): below the first nothing is said; the second
# is the least after what unknown words cost.
LEAST_SCORE = 0.55
LEAST_SCORE_KNOWN = 0.42
# How much a question made of words the library does not know must be nearer to its passages than another.
UNKNOWN_COSTS = 0.7
# Above this score the passages speak to the question even when the word it turns on is not theirs.
SURE_SCORE = 1.25
# A number, date or share answers only when its sentence comes this near to the best one.
HOLDER_NEAR = 0.72
# What a sentence that holds it gains over one that only speaks of it.
HOLDING_RAISES = 0.2
# How many of the best units are looked at for a number, a date or a price.
LOOKED_AT = 12
# Words beside a name that make it the name asked for.
ROLE = re.compile(
    r"\b(?:CEO|CTO|CFO|founder|founded|president|chair\w*|owner|director|chief executive)\b", re.IGNORECASE
)

MONEY = re.compile(r"(?:[$€£]\s?\d|\d[\d,.]*\s?(?:k\b|dollars|euros|pounds|USD|EUR|GBP))", re.IGNORECASE)
HAS_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|half|third|quarter|dozen|hundred|one|single|few|several|afternoon|hours?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
HAS_SHARE = re.compile(
    r"\d\s?%|\d+ (?:percent|per cent|in \d+|out of)|\b(?:half|third|thirds|quarter|most|majority)\b", re.IGNORECASE
)
HAS_DATE = re.compile(
    r"\b(?:19|20)\d{2}\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
PERSON_NAME = re.compile(r"\b[A-Z][a-z’'-]+ (?:[A-Z]\.? )?[A-Z][a-z’'-]+\b")
WITHHELD = re.compile(
    r"\b(?:do(?:es)? not|don[’']t|doesn[’']t|never|no longer|not)\b[^.]{0,30}\b(?:publish|disclose|share|list|advertise|post|reveal|quote|state)\w*\b[^.]{0,30}\b(?:rates?|pric\w+|fees?|costs?|figures?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Judgement:
    """The verdict before writing, why, and the units that carry it."""

    verdict: str
    reason: str
    units: tuple[Unit, ...] = ()


def judge(evidence: Evidence) -> Judgement:
    """Whether these units answer the question."""
    question = evidence.question
    if tries_to_trick(question):
        return Judgement(ABSTAINED, "the question asks for something other than what the library says")
    if not evidence.units:
        return Judgement(ABSTAINED, "nothing in the library is near the question")
    if evidence.missing_names:
        return Judgement(ABSTAINED, f"the library does not mention {_listed(evidence.missing_names)}")
    kind = asks_for(question)
    best = evidence.units[0]
    if best.score < LEAST_SCORE:
        return Judgement(ABSTAINED, "what the library holds is not close enough to the question")
    if kind == "price":
        return _price(evidence)
    near = evidence.units[:LOOKED_AT]
    unknown_share = _weight_of(evidence, evidence.unknown_words) / max(sum(evidence.rarity.values()), 1e-9)
    if best.score - UNKNOWN_COSTS * unknown_share < LEAST_SCORE_KNOWN:
        return Judgement(
            ABSTAINED, f"the passages nearest to the question do not speak of {_listed(evidence.unknown_words) or 'it'}"
        )
    if (
        names(question)
        and 0 < len(aspect := _aspect(evidence)) <= FEW_WORDS
        and not any(aspect & stems(" ".join((*unit.headings, unit.words))) for unit in near)
    ):
        return Judgement(ABSTAINED, f"what the library holds about {_listed(names(question))} does not speak of that")
    if kind == "person" and not any(
        ROLE.search(unit.words) and PERSON_NAME.search(ROLE.sub("", unit.words)) for unit in near[:4]
    ):
        return Judgement(ABSTAINED, "no source names that person")
    if (
        kind == "number"
        and (counted := counted_thing(question))
        and not any(
            HAS_NUMBER.search(unit.words) and counted & stems(" ".join((*unit.headings, unit.words))) for unit in near
        )
    ):
        return Judgement(ABSTAINED, "no source in the library gives that number")
    if (focus := focus_of(question)) and focus in evidence.unknown_words and best.score < SURE_SCORE:
        return Judgement(ABSTAINED, f"the library does not speak of “{focus}”")
    if (owned := owned_thing(question)) and not any(
        stem(owned) in stems(" ".join((*unit.headings, unit.words))) for unit in near
    ):
        return Judgement(ABSTAINED, f"the library does not speak of “{owned}”")
    holds = {"date": HAS_DATE, "number": HAS_NUMBER, "share": HAS_SHARE}.get(kind)
    if holds and not any(holds.search(unit.words) for unit in near if unit.score >= HOLDER_NEAR * best.score):
        return Judgement(ABSTAINED, f"the passages nearest to the question hold no {kind}")
    units = _holders_first(evidence.units, holds) if holds else evidence.units
    return Judgement(ANSWERED, "the evidence speaks to the question", units)


def _holders_first(units: tuple[Unit, ...], holds: re.Pattern[str]) -> tuple[Unit, ...]:
    """What holds the number, date or price that was asked for comes before what only speaks of it."""
    raised = [replace(u, score=u.score + HOLDING_RAISES) if holds.search(u.words) else u for u in units]
    return tuple(sorted(raised, key=lambda unit: -unit.score))


def _weight_of(evidence: Evidence, words: tuple[str, ...]) -> float:
    return sum(evidence.rarity.get(stem(word), 0.0) for word in words)


def _aspect(evidence: Evidence) -> frozenset[str]:
    """What is asked about the one who is named: the question's words without the name."""
    asked, _ = topic_of(evidence.question)
    named = {stem(word) for name in names(evidence.question) for word in content_words(name)}
    return frozenset(
        word for word in stems(asked) if word not in named and word not in GENERIC_NAMES and word not in GENERAL
    )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _price(evidence: Evidence) -> Judgement:
    """A price is answered by figures, or by the source's own word that it gives none; never by anything else."""
    near = evidence.units[:LOOKED_AT]
    if any(MONEY.search(unit.words) for unit in near):
        return Judgement(ANSWERED, "the sources give figures", _holders_first(evidence.units, MONEY))
    withheld = next((unit for unit in evidence.units if WITHHELD.search(unit.words)), None)
    if withheld is None:
        return Judgement(ABSTAINED, "no source in the library gives a price for it")
    rest = sorted(
        (
            u
            for u in evidence.units
            if u.document.id == withheld.document.id and u.block == withheld.block and u is not withheld
        ),
        key=lambda u: u.span.start,
    )
    return Judgement(
        PARTIAL,
        "the source says that it does not give figures",
        (withheld, *(replace(u, score=withheld.score) for u in rest)),
    )
