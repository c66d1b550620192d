"""How near a sentence comes to its evidence by an embedder's vectors: as a whole, word by word, pair by pair, in order and back again.

None of it asks whether a word of the sentence stands in the evidence, which is what the check that filters answers asks. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from evals.second_opinion.amounts import amounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

# "t" is what the tokenizer leaves of "don't".
NEGATIONS = frozenset("not no never none nothing neither nor without cannot t nobody".split())
RESERVATIONS = frozenset(
    "may might could can often usually typically sometimes about around roughly approximately most mostly likely perhaps probably "
    "some if unless except provided least almost nearly generally possibly up only".split()
)
CERTAINTIES = frozenset("will must always all every never only guaranteed ensures cannot any".split())
CAPITAL = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w]+")
SAME = 0.9
ALIKE = 0.6
# A word rarer than this tells something.
TELLING = 0.35


@dataclass(frozen=True)
class Seen:
    """A sentence as the embedder sees it: each word in its context and by itself, and the whole."""

    text: str
    words: tuple[str, ...]
    in_context: NDArray[np.float32]
    alone: NDArray[np.float32]
    whole: NDArray[np.float32]


@dataclass(frozen=True)
class Told:
    """The sentences of the evidence, at least one, with what is asked of all of them together."""

    sentences: tuple[Seen, ...]

    @cached_property
    def in_context(self) -> NDArray[np.float32]:
        return np.concatenate([one.in_context for one in self.sentences])

    @cached_property
    def alone(self) -> NDArray[np.float32]:
        return np.concatenate([one.alone for one in self.sentences])

    @cached_property
    def whole(self) -> NDArray[np.float32]:
        return np.stack([one.whole for one in self.sentences])

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each sentence's words begin, and where the last one's end."""
        return np.cumsum([0, *(len(one.words) for one in self.sentences)])

    @cached_property
    def amounts(self) -> tuple[frozenset[float], ...]:
        return tuple(amounts(one.text) for one in self.sentences)

    @cached_property
    def denials(self) -> int:
        return sum(any(word in NEGATIONS for word in one.words) for one in self.sentences)


def signals(sentence: Seen, evidence: Told, question: Seen | None, rarity: Callable[[str], float]) -> dict[str, float]:
    """What speaks for and against the sentence."""
    weights = np.array([rarity(word) for word in sentence.words]) + 0.05
    telling = weights > TELLING
    context = sentence.in_context @ evidence.in_context.T
    alone = sentence.alone @ evidence.alone.T
    joint = np.float32(0.5) * (context + alone)
    whole = evidence.whole @ sentence.whole
    starts = evidence.starts
    matched = weights @ np.maximum.reduceat(joint, starts[:-1], axis=1) / weights.sum()
    by_match = np.argsort(-matched, kind="stable")
    best = evidence.sentences[by_match[0]]
    here = slice(starts[by_match[0]], starts[by_match[0] + 1])
    near = np.concatenate([np.arange(starts[one], starts[one + 1]) for one in by_match[:2]])
    ranked = np.sort(whole)[::-1]
    nearest = joint.max(axis=1)
    found = {
        "whole_best": float(ranked[0]),
        "whole_second": float(ranked[min(1, len(ranked) - 1)]),
        "whole_margin": float(ranked[0] - ranked[min(1, len(ranked) - 1)]),
        "match_best": float(matched[by_match[0]]),
        "match_gained": float(np.average(nearest, weights=weights) - matched[by_match[0]]),
        "length": float(np.log1p(len(sentence.words))),
        "evidence": float(np.log1p(len(evidence.sentences))),
        "evidence_words": float(np.log1p(len(best.words))),
    }
    for name, values in (
        ("context", context.max(axis=1)),
        ("alone", alone.max(axis=1)),
        ("joint", nearest),
        ("context_best", context[:, here].max(axis=1)),
        ("alone_near", alone[:, near].max(axis=1)),
    ):
        found |= _spread(name, values, weights)
    # The same word in another role: by itself it is there, in its context it is not.
    at = joint.argmax(axis=1)
    rows = np.arange(len(at))
    same = alone[rows, at] > SAME
    found["role_lowest"] = float(context[rows, at][same & telling].min(initial=1.0))
    found["role_mean"] = float(context[rows, at][same].mean()) if same.any() else 0.0
    found |= _pairs("pairs", alone)
    found |= _pairs("pairs_best", alone[:, here])
    found |= _order(joint[:, here], telling)
    found |= _names(sentence, alone.max(axis=1), context.max(axis=1))
    found |= _left_out(joint[:, here], best, rarity)
    found |= _turns(sentence, best, evidence.denials, context)
    own = amounts(sentence.text)
    found["numbers"] = float(min(len(own), 4))
    found["numbers_unmet"] = float(len(own.difference(*evidence.amounts)))
    found["numbers_not_in_best"] = float(len(own - evidence.amounts[by_match[0]]))
    if question is None:
        return found | {"asked": 0.0, "asked_not_told": 0.0}
    asked = (sentence.alone @ question.alone.T).max(axis=1)
    return found | {
        "asked": float(sentence.whole @ question.whole),
        "asked_not_told": float(np.average((asked > SAME) & (alone.max(axis=1) < ALIKE), weights=weights)),
    }


def _spread(name: str, values: NDArray[np.float32], weights: NDArray[np.float64]) -> dict[str, float]:
    """The mean by rarity, the low end, the share that nothing is like, and the worst three words in a row."""
    run = np.convolve(values, np.ones(3) / 3, mode="valid") if len(values) >= 3 else values
    return {
        f"{name}_mean": float(np.average(values, weights=weights)),
        f"{name}_lowest": float(values.min()),
        f"{name}_low": float(np.quantile(values, 0.1)),
        f"{name}_quarter": float(np.quantile(values, 0.25)),
        f"{name}_unlike": float(np.average(values < ALIKE, weights=weights)),
        f"{name}_missing": float(weights[values < ALIKE].sum()),
        f"{name}_run": float(run.min()),
    }


def _pairs(name: str, alone: NDArray[np.float32]) -> dict[str, float]:
    """How well each two words in a row are met by two in a row."""
    if min(alone.shape) < 2:
        return {f"{name}_mean": 1.0, f"{name}_lowest": 1.0, f"{name}_broken": 0.0, f"{name}_share": 0.0}
    met = ((alone[:-1, :-1] + alone[1:, 1:]) / 2).max(axis=1)
    return {
        f"{name}_mean": float(met.mean()),
        f"{name}_lowest": float(met.min()),
        f"{name}_broken": float((met < SAME).sum()),
        f"{name}_share": float((met < SAME).mean()),
    }


def _order(joint: NDArray[np.float32], telling: NDArray[np.bool_]) -> dict[str, float]:
    """How often the words' counterparts in the nearest sentence go backwards."""
    at = joint.argmax(axis=1)[telling & (joint.max(axis=1) > SAME - 0.2)]
    back = np.diff(at)[np.diff(at) < 0] if len(at) > 1 else np.array([])
    return {
        "backwards": float(len(back)),
        "backwards_share": len(back) / max(1, len(at)),
        "backwards_furthest": float(-back.min(initial=0)) / max(1, joint.shape[1]),
    }


def _names(sentence: Seen, alone: NDArray[np.float32], context: NDArray[np.float32]) -> dict[str, float]:
    named = {name.lower() for name in CAPITAL.findall(sentence.text)}
    at = np.array([word in named for word in sentence.words])
    return {
        "names": float(np.log1p(at.sum())),
        "names_alone": float(alone[at].min(initial=1.0)),
        "names_context": float(context[at].min(initial=1.0)),
        "names_unmet": float((alone[at] < SAME).sum()),
    }


def _left_out(joint: NDArray[np.float32], best: Seen, rarity: Callable[[str], float]) -> dict[str, float]:
    """What the nearest sentence says and this one does not."""
    kept = joint.max(axis=0)
    weights = np.array([rarity(word) for word in best.words]) + 0.05
    unkept = kept < ALIKE + 0.1
    reserved = np.array([word in RESERVATIONS for word in best.words])
    return {
        "kept_mean": float(np.average(kept, weights=weights)),
        "kept_lowest": float(kept.min()),
        "left_out": float(unkept.sum()),
        "left_out_share": float(np.average(unkept, weights=weights)),
        "reservations_left_out": float((reserved & unkept).sum()),
        "reservation_lowest": float(kept[reserved].min(initial=1.0)),
    }


def _turns(sentence: Seen, best: Seen, denials: int, context: NDArray[np.float32]) -> dict[str, float]:
    """Denials, reservations and certainties against those of the nearest sentence, by how many."""
    found: dict[str, float] = {}
    for name, those in (("denials", NEGATIONS), ("reservations", RESERVATIONS), ("certainties", CERTAINTIES)):
        own = sum(word in those for word in sentence.words)
        there = sum(word in those for word in best.words)
        found |= {f"{name}_more": float(max(0, own - there)), f"{name}_fewer": float(max(0, there - own))}
    denied = np.array([word in NEGATIONS for word in sentence.words])
    found["denials_anywhere"] = float(denials)
    found["denial_context"] = float(context[denied].max(axis=1).min(initial=1.0)) if denied.any() else 1.0
    return found
