"""How likely a sentence answers, fitted on what was graded: which signs tell what to quote from what is beside the point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.reader.graded import PARTLY, Graded
from evals.run import Progress
from rag.answer import Chain, evidence_for
from rag.judge import judge
from rag.worth import signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 10
# Weak: there are thousands of sentences for seven signs.
STRENGTH = 0.3


@dataclass(frozen=True)
class Seen:
    """The signs of one question's graded sentences, and whether each answers at least in part."""

    signs: Sequence[Mapping[str, float]]
    answers: Sequence[bool]


def observe(chain: Chain, graded: Sequence[Graded], progress: Progress) -> list[Seen]:
    """As the questions would be answered now; one that would be refused has nothing to quote."""
    seen = []
    for done, one in enumerate(graded, start=1):
        units = judge(evidence_for(chain, one.question)).units
        known = {unit.key: grade >= PARTLY for unit, grade in zip(one.units, one.grades, strict=True)}
        told = [(found, known[unit.key]) for unit, found in zip(units, signs(units), strict=True) if unit.key in known]
        if told:
            found, answers = zip(*told, strict=True)
            seen.append(Seen(found, answers))
        progress("graded", done, len(graded))
    return seen


def fit(seen: Sequence[Seen]) -> dict[str, Any]:
    """Weights, and how well they tell the sentences of questions that they were not fitted on."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    names = list(seen[0].signs[0])
    values = np.array([[found[name] for name in names] for one in seen for found in one.signs])
    answers = np.array([answer for one in seen for answer in one.answers])
    question = np.repeat(np.arange(len(seen)), [len(one.answers) for one in seen])
    unseen = np.zeros(len(answers))
    for known, left_out in GroupKFold(min(FOLDS, len(seen))).split(values, answers, question):
        slopes, bias = _fitted(values[known], answers[known])
        unseen[left_out] = values[left_out] @ slopes + bias
    slopes, bias = _fitted(values, answers)
    return {
        "weights": {name: round(float(slope), 4) for name, slope in zip(names, slopes, strict=True)},
        "bias": round(bias, 4),
        "figures": {
            "how": f"{FOLDS}-fold cross-validation by question over graded open cases",
            "questions": len(seen),
            "sentences": len(answers),
            "answer_at_least_in_part": round(float(answers.mean()), 3),
            "auroc": round(float(roc_auc_score(answers, unseen)), 3),
            "auroc_of_the_order_alone": round(float(roc_auc_score(answers, -values[:, names.index("behind")])), 3),
        },
    }


def _fitted(values: NDArray[np.float64], answers: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit((values - mean) / spread, answers)
    slopes = model.coef_[0] / spread
    return slopes, float(model.intercept_[0] - (slopes * mean).sum())
