"""How sure must we be to answer? Fits the judge's weights on open cases and keeps them with their figures.

The held third of the golden and of the further cases is never read here. Of public conversations one half is fitted on; the other half checks whether the
judge carries over to what it has not seen.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.documents import Document
from evals.cases import Case
from evals.refusal import ANSWERABLE, UNANSWERABLE, ChainOver, Task, with_chains
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
PARTIAL_AT_MOST = 0.065
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
    """The signs of one library's cases, and whether each can be answered; those that check are not fitted on."""

    library: str
    signs: Sequence[Mapping[str, float]]
    answerable: Sequence[bool]
    checks: bool = False


def observe_tasks(
    tasks: Sequence[Task], corpus: Mapping[str, Document] | None, over: ChainOver, progress: Progress
) -> list[Observed]:
    """Those with one right verdict, in two halves by conversation, the same each time."""
    clear = [task for task in tasks if task.answerability in (ANSWERABLE, UNANSWERABLE)]
    halves: tuple[list[tuple[dict[str, float], bool]], ...] = ([], [])
    for done, (task, chain) in enumerate(with_chains(clear, corpus, over), start=1):
        half = halves[zlib.crc32(task.conversation.encode()) % 2]
        half.append((signs(evidence_for(chain, task.question)), task.answerability == ANSWERABLE))
        progress("read", done, len(clear))
    return [
        Observed(name, [found for found, _ in half], [answerable for _, answerable in half], checks)
        for name, half, checks in zip(
            ("conversations", "conversations not fitted on"), halves, (False, True), strict=True
        )
    ]


def fit(observed: Sequence[Observed]) -> dict[str, Any]:
    """Weights, thresholds, and what cross-validation says of them. The first library is ours; others weigh more for their size,
    so that the judge fits a library of five articles as well as one of three hundred."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    names = next(list(signs) for one in observed for signs in one.signs if signs)
    values, labels, libraries = _columns([one for one in observed if not one.checks], names)
    weights = np.where(libraries == observed[0].library, 1.0, OTHERS_WEIGH)
    for label in (True, False):  # both sides count alike
        weights[labels == label] *= 0.5 / weights[labels == label].sum()
    unseen = np.zeros(len(labels))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1)
    for known, left_out in folds.split(
        values, [f"{library} {label}" for library, label in zip(libraries, labels, strict=True)]
    ):
        slopes, bias = _fitted(values[known], labels[known], weights[known], names)
        unseen[left_out] = values[left_out] @ slopes + bias
    slopes, bias = _fitted(values, labels, weights, names)
    # Libraries with questions kept and those without give up the same share of what they could answer.
    kept = values[:, names.index(KEPT)] > 0 if KEPT in names else np.zeros(len(labels), dtype=bool)
    if (labels & kept).any() and (labels & ~kept).any():
        here, there = (float(np.quantile(unseen[labels & some], REFUSED_AT_MOST)) for some in (kept, ~kept))
        slopes[names.index(KEPT)] -= here - there
        unseen[kept] -= here - there
    abstain, partial = (float(np.quantile(unseen[labels], share)) for share in (REFUSED_AT_MOST, PARTIAL_AT_MOST))

    def shares(log_odds: NDArray[np.float64], answerable: NDArray[np.bool_]) -> dict[str, Any]:
        yes, no = log_odds[answerable], log_odds[~answerable]
        return {
            "answerable": len(yes),
            "unanswerable": len(no),
            "auroc": round(float(roc_auc_score(answerable, log_odds)), 3),
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
            "all": shares(unseen, labels),
            **{name: shares(unseen[libraries == name], labels[libraries == name]) for name in dict.fromkeys(libraries)},
            **{
                one.library: shares(signs @ slopes + bias, answerable)
                for one in observed
                if one.checks
                for signs, answerable, _ in [_columns([one], names)]
            },
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


def _columns(
    observed: Sequence[Observed], names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    """Signs, answers and libraries, a row for each case for which anything was found."""
    rows = [
        ([signs[name] for name in names], label, one.library)
        for one in observed
        for signs, label in zip(one.signs, one.answerable, strict=True)
        if signs
    ]
    values, labels, libraries = zip(*rows, strict=True)
    return np.array(values), np.array(labels), np.array(libraries)


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
