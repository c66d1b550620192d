"""Is the evidence enough? Answered, partly, or an honest abstention, decided before a word is written. Pure.

How sure we are is a logistic regression over plain signs, fitted and cross-validated on the open cases by
`fractional eval calibrate`, which keeps the weights and their figures in `judge.json` beside this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.answers import ABSTAINED, ANSWERED, PARTIAL
from rag.evidence import READ_TOGETHER, Evidence, Unit
from rag.logistic import chance, read_fit
from rag.question import asks_for, tries_to_trick
from rag.words import stem

CALIBRATION = Path(__file__).with_name("judge.json")
# A number, date or share answers only when its sentence comes this near to the best one.
HOLDER_NEAR = 0.72
# What a sentence that holds it gains over one that only speaks of it.
HOLDING_RAISES = 0.2
# So many of the best units are looked at: those that were read together with the question, since only they have that sign.
LOOKED_AT = READ_TOGETHER
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


# A source's word that it names no price answers only what is about its service: of five open questions it was found for, two asked for a share
# price and a salary (0.02 and 0.01), three for its rates (0.11 and more).
SPEAKS_OF_IT = 0.05

MEANING_ONLY = "The library says what it is; whether it answers the rest of the question is not certain."
NEAREST_ONLY = "It is not certain that this answers the question; it is the nearest the library holds."


@dataclass(frozen=True)
class Judgement:
    """The verdict before writing, why, how sure we are that the library answers, and the units that carry it."""

    verdict: str
    reason: str
    units: tuple[Unit, ...] = ()
    sureness: float = 0.0
    note: str = ""  # for the reader


def judge(evidence: Evidence) -> Judgement:
    """Whether these units answer the question; who asks what a term means is told by the glossary, whatever else there is."""
    entry = tuple(unit for unit in evidence.units if unit.document.id == evidence.defines)
    if not entry:
        return _judged(evidence)
    judged = _judged(evidence) if evidence.asks_more else Judgement(ANSWERED, "", evidence.units, sure(signs(evidence)))
    if judged.sureness < read_fit(CALIBRATION)["abstain_below"]:  # what else was found is strange to the question
        judged = replace(judged, units=entry)
    if judged.verdict == ABSTAINED:
        judged = replace(judged, verdict=PARTIAL, units=entry, note=MEANING_ONLY)
    return replace(judged, reason="the glossary says what it is", units=_opening_first(entry, judged.units))


def _opening_first(entry: Sequence[Unit], units: Sequence[Unit]) -> tuple[Unit, ...]:
    """The paragraph that says what it is, whole, and then the others."""
    says = min(entry, key=lambda unit: unit.span.start)
    above = max(unit.score for unit in (*entry, *units)) + 0.01
    opening = sorted((unit for unit in entry if unit.block == says.block), key=lambda unit: unit.span.start)
    keys = {unit.key for unit in opening}
    return (*(replace(unit, score=above) for unit in opening), *(unit for unit in units if unit.key not in keys))


def _judged(evidence: Evidence) -> Judgement:
    question = evidence.question
    if tries_to_trick(question):
        return Judgement(ABSTAINED, "the question asks for something other than what the library says")
    if not evidence.units:
        return Judgement(ABSTAINED, "nothing in the library is near the question")
    if evidence.missing_names:
        return Judgement(ABSTAINED, f"the library does not mention {_listed(evidence.missing_names)}")
    kind = asks_for(question)
    sureness = sure(signs(evidence))
    if kind == "price" and sureness >= SPEAKS_OF_IT and (withheld := _price_withheld(evidence)):
        return Judgement(PARTIAL, "the source says that it does not give figures", withheld, sureness)
    if sureness < read_fit(CALIBRATION)["abstain_below"]:
        return Judgement(ABSTAINED, _what_is_missing(evidence), sureness=sureness)
    near = evidence.units[:LOOKED_AT]
    if kind == "price" and not any(MONEY.search(unit.words) for unit in near):
        return Judgement(ABSTAINED, "no source in the library gives a price for it")
    if kind == "person" and not any(
        ROLE.search(unit.words) and PERSON_NAME.search(ROLE.sub("", unit.words)) for unit in near[:4]
    ):
        return Judgement(ABSTAINED, "no source names that person")
    units = _holders_first(evidence.units, HOLDS[kind]) if kind in HOLDS else evidence.units
    if sureness < read_fit(CALIBRATION)["partial_below"]:
        return Judgement(PARTIAL, "only what is near was found", units, sureness, NEAREST_ONLY)
    return Judgement(ANSWERED, "the evidence speaks to the question", units, sureness)


HOLDS = {"price": MONEY, "date": HAS_DATE, "number": HAS_NUMBER, "share": HAS_SHARE}


def signs(evidence: Evidence) -> dict[str, float]:
    """What speaks for and against an answer, by name."""
    near = evidence.units[:LOOKED_AT]
    if not near:
        return {}

    def told(unit: Unit, name: str) -> float:
        return (unit.features or {}).get(name, 0.0)

    def best(name: str) -> float:
        return max(told(unit, name) for unit in near)

    read = sorted((told(unit, "reader") for unit in near), reverse=True)
    best_read = max(near, key=lambda unit: told(unit, "reader"))
    total = max(sum(evidence.rarity.values()), 1e-9)
    holder = HOLDS.get(asks_for(evidence.question))
    return {
        "score": near[0].score,
        "tokens": best("tokens"),
        "sentence": best("sentence"),
        "passage": max((passage.similarity for passage in evidence.passages), default=0.0),
        # Where questions are kept with its sentences, a document lies nearer to every question.
        "questions_kept": float(
            any(told(unit, "asked") > 0 for unit in evidence.units if unit.document.id == best_read.document.id)
        ),
        # How near the question lies to one that the best read sentence is known to answer.
        "asked": told(best_read, "asked"),
        "reader": read[0],
        "reader_of_three": sum(read[:3]) / len(read[:3]),
        "unknown_words": sum(evidence.rarity.get(stem(word), 0.0) for word in evidence.unknown_words) / total,
        "lacks_what_is_asked": float(
            holder is not None
            and not any(holder.search(unit.words) for unit in near if unit.score >= HOLDER_NEAR * near[0].score)
        ),
    }


def sure(found: Mapping[str, float]) -> float:
    """How likely the library answers, from 0 to 1."""
    return chance(read_fit(CALIBRATION), found)


def _what_is_missing(evidence: Evidence) -> str:
    if evidence.unknown_words:
        return f"the passages nearest to the question do not speak of {_listed(evidence.unknown_words)}"
    return "what the library holds is near the question but does not answer it"


def _holders_first(units: tuple[Unit, ...], holds: re.Pattern[str]) -> tuple[Unit, ...]:
    """What holds the number, date or price that was asked for comes before what only speaks of it."""
    raised = [replace(u, score=u.score + HOLDING_RAISES) if holds.search(u.words) else u for u in units]
    return tuple(sorted(raised, key=lambda unit: -unit.score))


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _price_withheld(evidence: Evidence) -> tuple[Unit, ...]:
    """Where no price is near, the source's own word that it gives none is the answer."""
    if any(MONEY.search(unit.words) for unit in evidence.units[:LOOKED_AT]):
        return ()
    withheld = next((unit for unit in evidence.units if WITHHELD.search(unit.words)), None)
    if withheld is None:
        return ()
    rest = sorted(
        (
            u
            for u in evidence.units
            if u.document.id == withheld.document.id and u.block == withheld.block and u is not withheld
        ),
        key=lambda u: u.span.start,
    )
    return (withheld, *(replace(u, score=withheld.score) for u in rest))
