"""Does a written sentence stand on the evidence it cites? Plain signs, each with a reason a reader understands. Pure but for the weights.

Checked in order of cost: numbers, names, negation, what is turned round, reservations, the question said again; last a logistic
regression over all signs (`rag/support_signs.py`), fitted on answers that people have judged and kept with its figures in
`support.json` (`python -m evals.support.train`, docs/support-model.md). `Stands` carries the first that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from rag.answers import Quoted
from rag.logistic import chance, read_fit
from rag.support_signs import (
    ABSOLUTE,
    HEDGE,
    Evidence,
    Read,
    denies_otherwise,
    lost_caveat,
    nearest_first,
    numbers,
    out_of_order,
    read,
    sentences_in,
    signs,
    turned_round,
    unknown_names,
)
from rag.words import content_words, names, stem, stems

__all__ = ["Stands", "coverage", "numbers", "stands_on"]

FITTED = Path(__file__).with_name("support.json")
# The rules for what a "not" or a reservation speaks of look at so many of the nearest sentences.
RULED_BY = 2
# The share of a sentence's telling words that may stand in the question alone. Beyond it, a small model has made the question into a claim;
# of what people found right in answers to questions this takes out nothing more (docs/support-model.md).
ONLY_ASKED = 0.2
# Of what a 1.5B model wrote, two readers found 65 % of the sentences right that all other checks let pass; 20 of 21 with at most this share of
# words out of their source's order (docs/support-model.md).
STRAYS = 0.15
# Who says it may be told in other words.
REPORTING = frozenset(
    map(
        stem,
        "says said holds states puts writes finds notes argues recommends thinks calls advises according view author page".split(),
    )
)
# It says no more than who speaks; it may be left out, but not put in.
MAY_BE_LEFT_OUT = frozenset((stem("site"),))
# Without this a claim reads as what is known.
UNPROVEN = re.compile(r"\b(?:no|without(?: an?)?) (?:study|studies|sources?|evidence|figures)\b", re.IGNORECASE)
# A digest's remark on its source, "by our arithmetic", and the name of the house are taken for what the source says.
OURS = re.compile(r"\b(?:our|ours|we|us)\b|\bFractional editors?\b", re.IGNORECASE)
# "It is a plan", told of a roadmap, is read of whatever was asked about.
SAYS_NOT_OF_WHAT = re.compile(r"^(?:it|its|they|their|this|that|these|those|he|she|such)\b", re.IGNORECASE)
# "A size 8 15 engineers".
TWO_NUMBERS = re.compile(r"\d\s+\d")
HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b")
# A sentence with less than this share of its source's telling words tells something else: "the firm advises against it".
LEAST_TOLD = 0.4
QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")


@dataclass(frozen=True)
class Stands:
    """How far a sentence is supported, from 0 to 1, and why it is not; `reason` is empty when it stands."""

    support: float
    reason: str = ""


def stands_on(sentence: str, pieces: Sequence[Quoted], question: str, closely: bool = False) -> Stands:
    """Whether the sentence says no more than these quotations, put into other words; `closely`, in nearly the same ones."""
    own = read(sentence)
    evidence = evidence_from(own, pieces)
    if not evidence.sentences:
        return Stands(0.0, "it cites nothing")
    if any(own.words == one.words for one in evidence.sentences):
        return Stands(1.0)
    if reason := rule_broken(own, evidence, question):
        return Stands(0.0, reason)
    asked = stems(question)
    if own.own <= asked:
        return Stands(0.0, "it only says the question again")
    if len((own.own & asked) - evidence.stems) > ONLY_ASKED * len(own.own):
        return Stands(0.0, "it takes what was asked for a fact")
    if closely and (reason := strays(own, evidence)):
        return Stands(0.0, reason)
    support = support_of(own, evidence, question)
    return Stands(support, "" if support >= read_fit(FITTED)["threshold"] else "it says more than what it cites")


def evidence_from(sentence: Read, pieces: Sequence[Quoted]) -> Evidence:
    """The sentences of the quotations, nearest first; who speaks and where it stands may be named, too."""
    cited = (one for piece in pieces for one in sentences_in(piece.text))
    around = {
        words: None for piece in pieces for words in (piece.document.speaker, piece.document.title, *piece.headings)
    }
    return Evidence(nearest_first(sentence, dict.fromkeys(cited), rarity), " ".join(around))


def strays(sentence: Read, evidence: Evidence) -> str:
    """How a sentence leaves its source's words, for a writer that is not to be trusted with its own; empty when it keeps to them."""
    near = evidence.sentences[:RULED_BY]
    if out_of_order(sentence, near) > STRAYS:
        return "it strays from its source’s words"
    if OURS.search(QUOTED.sub("", sentence.text)):
        return "it makes our own words somebody’s"
    named = stems(evidence.around)
    # The nearest alone: of two sources put together, one's subject did what the other's does.
    if sentence.own - (near[0].own | named | REPORTING):
        return "it brings words that its source does not use"
    if _before(sentence, near[0], named) - sentence.own - named - REPORTING - MAY_BE_LEFT_OUT:
        return "it leaves out how its source begins"
    if near[0].numbers - sentence.numbers:
        return "it leaves out a figure or a date of its source"
    if any(stems(name) - sentence.own for name in (*names(near[0].text), *HOST.findall(near[0].text))):
        return "it leaves out whom or what its source names"
    if len(sentence.own) < LEAST_TOLD * len(near[0].own):
        return "it leaves out most of what its source says"
    if SAYS_NOT_OF_WHAT.match(sentence.text) and not SAYS_NOT_OF_WHAT.match(near[0].text):
        return "it does not say of what"
    if TWO_NUMBERS.search(sentence.text) and not TWO_NUMBERS.search(near[0].text):
        return "it garbles its source’s figures"
    if UNPROVEN.search(near[0].text) and not UNPROVEN.search(sentence.text):
        return "it leaves out that nothing is shown for it"
    return ""


def _before(sentence: Read, source: Read, named: frozenset[str]) -> frozenset[str]:
    """What the source tells before the sentence sets in: "finds observability in" 89 % of the teams, "for a company of fifty people" it is enough."""
    told = [one for one in sentence.told if one in source.own and one not in named | REPORTING]
    if not told:
        return frozenset()
    # A word may stand in the source twice; the sentence begins where the next ones follow it, too.
    places = [place for place, one in enumerate(source.told) if one == told[0]]
    begins = max(places, key=lambda place: (_alike(source.told[place:], told), -place))
    return frozenset(source.told[:begins])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def rule_broken(sentence: Read, evidence: Evidence, question: str) -> str:
    """Which rule of evidence the sentence breaks, in words; empty when none."""
    if missing := sentence.numbers - evidence.numbers:
        return f"{_listed(missing)} does not stand in what it cites"
    if unknown := unknown_names(sentence.text, evidence, question, _is_common):
        return f"{_listed(unknown)} is not named in what it cites"
    near = evidence.sentences[:RULED_BY]
    if denies_otherwise(sentence, near):
        return "it says yes where its source says no, or the reverse"
    if turned_round(sentence.text, near):
        return "it turns round what its source says"
    if lost_caveat(sentence, near) or _is_surer(sentence, evidence):
        return "it is more certain than its source"
    return ""


def _is_surer(sentence: Read, evidence: Evidence) -> bool:
    told = [one.text for one in evidence.sentences] + [evidence.around]
    return bool(
        ABSOLUTE.search(sentence.text)
        and not any(ABSOLUTE.search(text) for text in told)
        and any(HEDGE.search(one.text) for one in evidence.sentences)
    )


def support_of(sentence: Read, evidence: Evidence, question: str) -> float:
    """How likely people would find the sentence supported, from 0 to 1; the rules apart."""
    return 1 - chance(read_fit(FITTED), signs(sentence, evidence, question, rarity))


def rarity(one: str) -> float:
    """How telling a stem is, from 0 to 1: 1 for what few documents say."""
    return float(read_fit(FITTED)["rarity"].get(one, 1.0))


def _is_common(word: str) -> bool:
    return stem(word) in read_fit(FITTED)["rarity"]


def coverage(sentence: str, told: str) -> float:
    """The share of the sentence's telling words that stand in what is told."""
    there, own = stems(told), content_words(sentence)
    return sum(1 for word in own if stem(word) in there) / len(own) if own else 0.0


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"“{word}”" for word in sorted(words))
