"""How sure must we be to answer? Fits the judge's weights on the open golden cases and keeps them with their figures.

The held third is never read here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.cases import Case
from evals.run import Progress
from rag.answer import Chain, evidence_for
from rag.answers import ABSTAINED
from rag.judge import signs
from rag.logistic import logistic
from rag.question import Turn, standalone_question

if TYPE_CHECKING:
    from numpy.typing import NDArray

# So many of the answerable questions may be refused, and so many refused or answered in part.
REFUSED_AT_MOST = 0.03
PARTIAL_AT_MOST = 0.08
FOLDS = 10
# Strong enough that no sign is trusted much on a few hundred cases.
REGULARISATION = 0.003
OTHERS_WEIGH = 2.0
KEPT = "questions_kept"
SPEAK_AGAINST = {"unknown_words", "lacks_what_is_asked", KEPT}


def signs_of(chain: Chain, cases: Sequence[Case], progress: Progress) -> list[dict[str, float]]:
    """The signs of each case; empty where nothing at all was found."""
    found = []
    for done, case in enumerate(cases, start=1):
        earlier: list[Turn] = []
        for question in case.history:
            earlier.append(Turn(standalone_question(question, earlier)))
        asked = standalone_question(case.question, earlier)
        found.append(signs(evidence_for(chain, asked)))
        progress("read", done, len(cases))
    return found


@dataclass(frozen=True)
class Observed:
    """The signs of one library's cases, and whether each can be answered."""

    library: str
    signs: Sequence[Mapping[str, float]]
    answerable: Sequence[bool]


def fit(observed: Sequence[Observed]) -> dict[str, Any]:
    """Weights, thresholds, and what cross-validation says of them. The first library is ours; others weigh more for their size,
    so that the judge fits a library of five articles as well as one of three hundred."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rows = [
        (one.library, signs, label)
        for one in observed
        for signs, label in zip(one.signs, one.answerable, strict=True)
        if signs
    ]
    names = list(rows[0][1])
    values = np.array([[signs[name] for name in names] for _, signs, _ in rows])
    labels = np.array([label for _, _, label in rows])
    libraries = np.array([library for library, _, _ in rows])
    weights = np.where(libraries == observed[0].library, 1.0, OTHERS_WEIGH)
    for label in (True, False):  # both sides count alike
        weights[labels == label] *= 0.5 / weights[labels == label].sum()
    unseen = np.zeros(len(rows))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1)
    for known, left_out in folds.split(values, [f"{library} {label}" for library, _, label in rows]):
        slopes, bias = _fitted(values[known], labels[known], weights[known], names)
        unseen[left_out] = values[left_out] @ slopes + bias
    slopes, bias = _fitted(values, labels, weights, names)
    # Libraries with questions kept and those without give up the same share of what they could answer.
    kept = values[:, names.index(KEPT)] > 0 if KEPT in names else np.zeros(len(rows), dtype=bool)
    if (labels & kept).any() and (labels & ~kept).any():
        here, there = (float(np.quantile(unseen[labels & some], REFUSED_AT_MOST)) for some in (kept, ~kept))
        slopes[names.index(KEPT)] -= here - there
        unseen[kept] -= here - there
    abstain, partial = (float(np.quantile(unseen[labels], share)) for share in (REFUSED_AT_MOST, PARTIAL_AT_MOST))

    def shares(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        yes, no = unseen[chosen & labels], unseen[chosen & ~labels]
        return {
            "answerable": len(yes),
            "unanswerable": len(no),
            "auroc": round(float(roc_auc_score(labels[chosen], unseen[chosen])), 3),
            "answerable_refused": round(float((yes < abstain).mean()), 3),
            "unanswerable_refused": round(float((no < abstain).mean()), 3),
            "answerable_partial": round(float(((yes >= abstain) & (yes < partial)).mean()), 3),
            "unanswerable_partial": round(float(((no >= abstain) & (no < partial)).mean()), 3),
        }

    return {
        "weights": {name: round(float(slope), 4) for name, slope in zip(names, slopes, strict=True)},
        "bias": round(bias, 4),
        "abstain_below": round(logistic(abstain), 4),
        "partial_below": round(logistic(partial), 4),
        "figures": {
            "how": f"{FOLDS}-fold cross-validation over the open cases",
            "all": shares(np.ones(len(rows), dtype=bool)),
            **{one.library: shares(libraries == one.library) for one in observed},
            "curve": [
                {
                    "answerable_refused": share,
                    "unanswerable_refused": round(
                        float((unseen[~labels] < np.quantile(unseen[labels], share)).mean()), 3
                    ),
                }
                for share in (0.02, 0.04, 0.06, 0.08, 0.1, 0.15)
            ],
        },
    }


def _fitted(
    values: NDArray[np.float64], labels: NDArray[np.bool_], weights: NDArray[np.float64], names: Sequence[str]
) -> tuple[NDArray[np.float64], float]:
    """Logistic regression whose slopes may only point the way their sign speaks, so that none makes up for another's noise."""
    from scipy.optimize import minimize

    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    scaled = (values - mean) / spread
    side = np.where(labels, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_odds = scaled @ parameters[:-1] + parameters[-1]
        error = weights * (1 / (1 + np.exp(-log_odds)) - labels)
        value = (weights * np.logaddexp(0, -side * log_odds)).sum() + REGULARISATION * (parameters[:-1] ** 2).sum()
        slope = np.append(scaled.T @ error + 2 * REGULARISATION * parameters[:-1], error.sum())
        return float(value), slope

    bounds = [(None, 0) if name in SPEAK_AGAINST else (0, None) for name in names]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B").x
    slopes = found[:-1] / spread
    return slopes, float(found[-1] - (slopes * mean).sum())


def is_clear(case: Case) -> bool:
    """Cases whose right verdict is one: answerable, or not."""
    return case.answerable or case.verdicts == (ABSTAINED,)


def keep(calibrated: dict[str, Any], target: Path) -> None:
    target.write_text(json.dumps(calibrated, indent=2) + "\n", encoding="utf-8")
