"""How likely a sentence answers, fitted on what was graded: which signs tell what to quote from what is beside the point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.reader.graded import PARTLY, Graded
from evals.run import Progress
from evals.support.train import fitted_to
from rag.answer import Chain, evidence_for
from rag.judge import judge
from rag.worth import signs

FOLDS = 10
# The larger, the less the weights are held back; there are thousands of sentences for seven signs.
FREEDOM = 0.3


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
        grades = one.by_sentence
        told = [
            (found, grades[unit.key] >= PARTLY)
            for unit, found in zip(units, signs(units), strict=True)
            if unit.key in grades
        ]
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
        learned = fitted_to(values[known], answers[known], FREEDOM)
        unseen[left_out] = learned.log_odds(values[left_out])
    learned = fitted_to(values, answers, FREEDOM)
    return {
        "weights": {name: round(float(slope), 4) for name, slope in zip(names, learned.weights, strict=True)},
        "bias": round(learned.bias, 4),
        "figures": {
            "how": f"{FOLDS}-fold cross-validation by question over graded sentences of open cases and of questions asked freely",
            "questions": len(seen),
            "sentences": len(answers),
            "answer_at_least_in_part": round(float(answers.mean()), 3),
            "auroc": round(float(roc_auc_score(answers, unseen)), 3),
            "auroc_of_the_order_alone": round(float(roc_auc_score(answers, -values[:, names.index("behind")])), 3),
        },
    }
