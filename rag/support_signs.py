"""What can be seen of a sentence beside the evidence it cites: plain signs, by name. Knows nothing about what follows from them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

from corpus.text import split_sentences
from rag.words import STOP_WORDS, WORD, names, stem

NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|(?:ca|wo|do|does|did|is|are|was|were|has|have|had|should|would|could|must)n[’']t|"
    r"hardly|rarely|refuses?|avoids?|unless|except)\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:some|may|might|could|often|sometimes|usually|typically|about|around|roughly|approximately|up to|at least|at most|likely|"
    r"tends?|can|perhaps|possibly|mostly|estimated|reported(?:ly)?|according)\b|~",
    re.IGNORECASE,
)
ABSOLUTE = re.compile(
    r"\b(?:all|always|every|never|must|only|none|certainly|guarantees?|guaranteed|proven|no one)\b", re.IGNORECASE
)
CONDITION = re.compile(
    r"\b(?:if|unless|provided|as long as|except)\b([^,.;:]{6,})|\bonly (?:if|when|where)\b([^,.;:]{6,})", re.IGNORECASE
)
# What stands to one side of these can't change places with what stands on the other.
CONTRAST = re.compile(
    r"\b((?:[\w’'-]+\s+){1,3})(rather than|instead of|(?:more|less|faster|cheaper|better|worse|higher|lower) than|before|after|without|versus|vs\.?)((?:\s+[\w’'-]+){1,3})",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORDS_OF_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "dozen": "12", "hundred": "100"}
# "One" is mostly no number.
SPELLED = {word: value for word, value in WORDS_OF_NUMBERS.items() if word not in {"one", "zero"}}
WEB_NAME = re.compile(r"\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:[a-z]{2,4}|consulting|solutions|agency)\b")
# Who is said to say it, however the name is written; "the article" names nobody.
SAID_BY = re.compile(
    r"\baccording to (?!(?:the|this|these|that|those|an?|our|its|their|his|her|some|one|many|most)\b)([^,.;:()]{2,60})(?=,)",
    re.IGNORECASE,
)
# A "not" speaks of what follows it, up to the end of its clause and no further than so many words.
REACH = 6
CLAUSE_END = re.compile(r"[,.;:!?()–—]|\b(?:but|which|because|although|while)\b", re.IGNORECASE)
# So many of the nearest sentences are the evidence proper.
NEAREST = 5
# The words to either side of a number that tell what it is the number of.
BESIDE = 5
# The rules on a "not", a reservation and an order go by words; so they speak only of a sentence that keeps so many of its source's.
RESTATES = 0.7
# A reservation is only missed in a sentence that has so much of the source's: what says a part of it may leave the rest aside.
HELD = 0.5
# "Dell explains", "Dell's plan": a name that opens a sentence, by what follows it.
OPENING_NAME = re.compile(r"^[“\"(]*([A-Z][\w-]+)(?:[’']s| [a-z]+(?<!s)s)\b")
FIELD = re.compile(r"^[^.!?]{1,60}: |^(?:no|not known) ")
# How telling a stem is, from 0 to 1.
Rarity = Callable[[str], float]
Run = TypeVar("Run", bound=tuple[str, ...])


@dataclass(frozen=True)
class Read:
    """A text's words in order: in lower case, their stems, whether they tell something, and whether a "not" covers them."""

    text: str
    words: tuple[str, ...]
    stems: tuple[str, ...]
    telling: tuple[bool, ...]
    denied: tuple[bool, ...]
    denials: frozenset[str]  # the first telling stem after each "not"

    @cached_property
    def own(self) -> frozenset[str]:
        return frozenset(self.told)

    @cached_property
    def told(self) -> tuple[str, ...]:
        return tuple(s for s, telling in zip(self.stems, self.telling, strict=True) if telling)

    @cached_property
    def covered_by_not(self) -> frozenset[str]:
        return frozenset(s for s, denied in zip(self.stems, self.denied, strict=True) if denied)

    @cached_property
    def affirmed(self) -> frozenset[str]:
        return frozenset(s for s, denied in zip(self.stems, self.denied, strict=True) if not denied)

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(pairwise(self.stems))

    @cached_property
    def telling_pairs(self) -> frozenset[tuple[str, str]]:
        """Telling stems that follow each other, or nearly so, in either order."""
        near = {*pairwise(self.told), *zip(self.told, self.told[2:], strict=False)}
        return frozenset(near | {(right, left) for left, right in near})

    @cached_property
    def triples(self) -> frozenset[tuple[str, str, str]]:
        return frozenset(zip(self.words, self.words[1:], self.words[2:], strict=False))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(numbers(self.text))


@lru_cache(maxsize=20_000)
def read(text: str) -> Read:
    words: list[str] = []
    denied: list[bool] = []
    denials: set[str] = set()
    reach, end, waiting = 0, 0, False
    for match in WORD.finditer(text):
        if CLAUSE_END.search(text, end, match.start()) or CLAUSE_END.fullmatch(match.group()):
            reach, waiting = 0, False
        for part in re.split(r"[-/]", match.group()):
            word = part.strip(".'’").lower().replace("’", "'")
            if word:
                words.append(SPELLED.get(word, word))
                denied.append(reach > 0)
                if waiting and _tells(words[-1]):
                    denials.add(stem(words[-1]))
                    waiting = False
                reach = max(0, reach - 1)
        if NEGATION.fullmatch(match.group()):
            reach, waiting = REACH, True
        end = match.end()
    return Read(
        text, tuple(words), tuple(map(stem, words)), tuple(map(_tells, words)), tuple(denied), frozenset(denials)
    )


def _tells(word: str) -> bool:
    return word not in STOP_WORDS and (len(word) > 1 or word.isdigit())


def numbers(text: str) -> set[str]:
    """The numbers in a text as plain digits, those written as words, too."""
    digits = {_plain(found.group()) for found in NUMBER.finditer(text)}
    return digits | {SPELLED[word] for word in re.findall(r"[a-z]+", text.lower()) if word in SPELLED}


def _plain(digits: str) -> str:
    """ "1,800" as "1800", "4.0" as "4"."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


@lru_cache(maxsize=5_000)
def sentences_in(text: str) -> tuple[Read, ...]:
    return tuple(
        read(span.of(line).strip())
        for line in text.split("\n")
        for span in split_sentences(line)
        if span.of(line).strip()
    )


@dataclass(frozen=True)
class Evidence:
    """The sentences that a sentence rests on, nearest first, and everything said around them in lower case."""

    sentences: tuple[Read, ...]
    around: str = ""  # who speaks, where it stands

    @cached_property
    def words(self) -> frozenset[str]:
        """As written and without hyphens, so that "WiFi" is "Wi-Fi"."""
        text = f"{' '.join(one.text for one in self.sentences)} {self.around}".lower()
        return frozenset(re.findall(r"\w+", text)) | frozenset(
            joined.replace("-", "") for joined in re.findall(r"\w+(?:-\w+)+", text)
        )

    @cached_property
    def initials(self) -> frozenset[str]:
        """What stands short for its names, and what its short names stand for begins with."""
        text = f"{' '.join(one.text for one in self.sentences)} {self.around}"
        return frozenset(re.findall(r"\b[A-Z]{2,6}\b", text))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset().union(*(one.numbers for one in self.sentences), numbers(self.around))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset().union(*(one.own for one in self.sentences), read(self.around).own)


def nearest_first(sentence: Read, evidence: Iterable[Read], rarity: Rarity) -> tuple[Read, ...]:
    """The evidence by how much of the sentence, by weight, each of its sentences holds."""
    own = {one: rarity(one) for one in sentence.own}
    return tuple(sorted(evidence, key=lambda one: -sum(weight for s, weight in own.items() if s in one.own)))


def unknown_names(sentence: str, evidence: Evidence, question: str, is_common: Callable[[str], bool]) -> list[str]:
    """What the sentence names and the evidence does not; its first word, too, where that is no common word."""
    known = evidence.words | frozenset(re.findall(r"\w+", question.lower()))
    named = [*names(sentence), *WEB_NAME.findall(sentence), *SAID_BY.findall(sentence)]
    opening = OPENING_NAME.match(sentence)
    if opening and stem(opening.group(1)) not in evidence.stems and not is_common(opening.group(1)):
        named.append(opening.group(1))
    return [name for name in dict.fromkeys(named) if not _is_known(name, known, evidence.initials)]


def _is_known(name: str, known: frozenset[str], short: frozenset[str]) -> bool:
    joined = {part.lower().replace("-", "") for part in name.split()}
    parts = [part for part in re.findall(r"\w+", name.lower()) if part != "s"]
    if joined <= known or all(_begins(part, known) for part in parts):
        return True
    capitals = "".join(part[0] for part in name.split() if part[0].isupper())
    return capitals in short or (name[:2].upper() in short and len(name.split()) == 1)  # "California" for "CA"


def _begins(part: str, known: frozenset[str]) -> bool:
    """Another form of a known word counts: "Europe" is told by "European"."""
    return part in known or (len(part) > 3 and any(word.startswith(part[:-1]) for word in known))


def denies_otherwise(sentence: Read, near: Sequence[Read]) -> bool:
    """A "not" that speaks of what the evidence affirms, or one that is gone."""
    if not restates(sentence, near[:1]):
        return False
    affirmed = frozenset().union(*(one.affirmed for one in near))
    denied = frozenset().union(*(one.covered_by_not for one in near))
    added = {one for one in sentence.denials if one in affirmed and one not in denied}
    gone = {
        one
        for one in near[0].denials
        if one in sentence.affirmed and one not in sentence.covered_by_not and one not in near[0].affirmed
    }
    return bool(added or gone)


def turned_round(sentence: str, near: Sequence[Read]) -> bool:
    """What its source sets on one side of a comparison stands on the other; or two names have changed places."""
    if not restates(read(sentence), near[:1]):
        return False
    there = [_contrast(found) for one in near for found in CONTRAST.finditer(one.text)]
    for found in CONTRAST.finditer(sentence):
        left, between, right = _contrast(found)
        same = [one for one in there if one.between == between]
        if any(left[-1] in one.right and right[0] in one.left for one in same) and not any(
            left[-1] in one.left or right[0] in one.right for one in same
        ):
            return True
    named = names(sentence)
    here = {name: _neighbours(name, sentence) for name in named}
    told = {name: _neighbours(name, near[0].text) for name in named}
    return any(
        here[one] and told[one] and told[other] and here[one] & told[other] and not here[one] & told[one]
        for one in named
        for other in named
        if one != other and not re.search(rf"{re.escape(one)}(?:,|,? and|,? or) {re.escape(other)}", sentence)
    )


class _Contrast(NamedTuple):
    left: tuple[str, ...]
    between: str
    right: tuple[str, ...]


def _contrast(found: re.Match[str]) -> _Contrast:
    left, between, right = found.groups()
    return _Contrast(tuple(map(stem, left.split())), between.lower(), tuple(map(stem, right.split())))


def _neighbours(name: str, text: str) -> set[tuple[str, str]]:
    """The word before and the word after each mention; an end of the text is none."""
    found = set()
    for match in re.finditer(rf"(?:(\w+)\W+)?(?<!\w){re.escape(name)}(?!\w)(?:[’']s)?(?:\W+(\w+))?", text):
        before, after = match.groups()
        found |= {(side, word.lower()) for side, word in (("before", before), ("after", after)) if word}
    return found


def lost_caveat(sentence: Read, near: Sequence[Read]) -> bool:
    """The sentence restates one that has a reservation on the same words, and leaves the reservation out."""
    source = near[0]
    if not (restates(sentence, near[:1]) and len(sentence.own & source.own) >= HELD * len(source.own)):
        return False
    for hedge in HEDGE.finditer(source.text):
        following = list(read(source.text[hedge.end() :]).told[:1])
        if following and following[0] in sentence.own and not _hedged(sentence.text, following[0]):
            return True
    for condition in CONDITION.finditer(source.text):
        on = read(condition.group(1) or condition.group(2)).own
        main = source.own - on
        if on and not on & sentence.own and len(main & sentence.own) >= 0.7 * len(main):
            return True
    return False


def restates(sentence: Read, near: Sequence[Read]) -> bool:
    known: frozenset[str] = frozenset().union(*(one.own for one in near))
    return len(sentence.own & known) >= RESTATES * max(1, len(sentence.own))


def _hedged(text: str, before: str) -> bool:
    """Whether a reservation stands before one of the mentions of this stem."""
    return any(before in read(text[hedge.end() :]).own for hedge in HEDGE.finditer(text))


def signs(sentence: Read, evidence: Evidence, question: str, rarity: Rarity) -> dict[str, float]:
    """What speaks against the sentence standing on this evidence, whose sentences come nearest first."""
    near = evidence.sentences[:NEAREST]
    best = near[0]
    asked = read(question).own
    weights = {one: rarity(one) for one in sentence.own}
    total = sum(weights.values()) or 1.0

    def unseen(known: frozenset[str]) -> float:
        return sum(weight for one, weight in weights.items() if one not in known) / total

    near_stems = frozenset().union(*(one.own for one in near))
    new = [one for one in sentence.own if one not in asked and one not in evidence.stems]
    new_here = [one for one in sentence.own if one not in asked and one not in near_stems]
    pairs = frozenset().union(*(one.pairs for one in near))
    telling_pairs = frozenset().union(*(one.telling_pairs for one in evidence.sentences))
    triples = frozenset().union(*(one.triples for one in evidence.sentences))
    own_pairs = set(pairwise(sentence.told))
    fields = sum(1 for one in evidence.sentences if FIELD.search(one.text)) / len(evidence.sentences)
    known = unseen(near_stems | asked)
    found = {
        "unseen": unseen(evidence.stems | asked),
        "unseen_near": known,
        "unseen_best": unseen(best.own),
        "new_words": math.log1p(len(new)),
        "new_words_near": math.log1p(len(new_here)),
        "pairs_unseen": _share_missing(sentence.pairs, pairs),
        "telling_pairs_unseen": _share_missing(own_pairs, telling_pairs),
        "triples_unseen": _share_missing(sentence.triples, triples),
        "out_of_order": out_of_order(sentence, near),
        "numbers_unseen": float(len(sentence.numbers - evidence.numbers)),
        "numbers": float(len(sentence.numbers)),
        "number_elsewhere": _number_elsewhere(sentence, evidence.sentences, asked),
        "names_unseen": float(len(unknown_names(sentence.text, evidence, question, lambda _: True))),
        "denied_there": sum(
            weights.get(one, 0.0)
            for one in sentence.affirmed & _only_denied(near)
            if one not in sentence.covered_by_not
        ),
        "denied_here": sum(
            weights.get(one, 0.0)
            for one in sentence.covered_by_not & _only_affirmed(near)
            if one not in sentence.affirmed
        ),
        "absolute": float(bool(ABSOLUTE.search(sentence.text)) and not any(ABSOLUTE.search(one.text) for one in near)),
        "reserved": float(bool(HEDGE.search(sentence.text))),
        "length": math.log1p(len(sentence.words)),
        "asked": 1 - sum(weight for one, weight in weights.items() if one not in asked) / total,
        "fields": fields,
    }
    # A record of fields is told in words of its own, so that new words mean less there, and a denial more.
    return found | {
        f"{name}_of_fields": found[name] * fields
        for name in ("unseen_near", "pairs_unseen", "out_of_order", "numbers", "length", "denied_there", "unseen_best")
    }


def out_of_order(sentence: Read, near: Sequence[Read]) -> float:
    """The share of its words that no sentence of the evidence holds in the same order."""
    return 1 - max(_in_order(sentence.stems, one.stems) for one in near) / max(1, len(sentence.stems))


def _share_missing(some: Iterable[Run], there: frozenset[Run]) -> float:
    all_of = list(some)
    return sum(1 for one in all_of if one not in there) / len(all_of) if all_of else 0.5


def _in_order(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest run of words, gaps allowed, that both have in the same order."""
    other = other[: 4 * len(one)]
    before = [0] * (len(other) + 1)
    for word in one:
        row = [0]
        for at, its in enumerate(other):
            row.append(before[at] + 1 if word == its else max(row[at], before[at + 1]))
        before = row
    return before[-1]


def _only_denied(near: Sequence[Read]) -> frozenset[str]:
    return frozenset().union(*(one.covered_by_not for one in near)) - frozenset().union(*(one.affirmed for one in near))


def _only_affirmed(near: Sequence[Read]) -> frozenset[str]:
    return frozenset().union(*(one.affirmed for one in near)) - frozenset().union(*(one.covered_by_not for one in near))


def _number_elsewhere(sentence: Read, evidence: Sequence[Read], asked: frozenset[str]) -> float:
    """How much of what stands beside a number stands beside it nowhere in the evidence; the worst of its numbers."""
    worst = 0.0
    for at, number in _numbers_at(sentence):
        beside = _beside(sentence, at) - asked
        if beside:
            met = max(
                (
                    len(beside & _beside(one, place))
                    for one in evidence
                    for place, its in _numbers_at(one)
                    if its == number
                ),
                default=0,
            )
            worst = max(worst, 1 - met / len(beside))
    return worst


def _numbers_at(text: Read) -> Iterator[tuple[int, str]]:
    for at, word in enumerate(text.words):
        if found := NUMBER.match(word):
            yield at, _plain(found.group())


def _beside(text: Read, at: int) -> set[str]:
    places = range(max(0, at - BESIDE), min(len(text.words), at + BESIDE + 1))
    return {text.stems[place] for place in places if place != at and text.telling[place]}
