"""The fixed sample of corruptions that the drift check asks the second opinion about again: the same sentences, so the same figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evals.support.measure import balanced_accuracy

if TYPE_CHECKING:
    from evals.second_opinion.opinion import SecondOpinion

SAMPLE = Path(__file__).with_name("sample.json")


@dataclass(frozen=True)
class Sampled:
    """A sentence beside its evidence, and whether it was put wrong."""

    sentence: str
    evidence: tuple[str, ...]
    unsupported: bool


def read_sample() -> list[Sampled]:
    rows = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return [Sampled(row["sentence"], tuple(row["evidence"]), row["unsupported"]) for row in rows]


def balanced_accuracy_on(judge: SecondOpinion, sample: Sequence[Sampled]) -> float:
    unsupported = np.array([one.unsupported for one in sample])
    supports = np.array([judge.support(one.sentence, one.evidence, "") for one in sample])
    return balanced_accuracy(unsupported, supports < judge.threshold)
