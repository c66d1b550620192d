"""Fits the check of a written sentence on answers that people have judged, and keeps it with its figures in `rag/support.json`.

    python -m evals.support.train FILE… [--keep]

The signs of each sentence go into a logistic regression; what it says of a response's sentences goes into a second, small one. All
figures are cross-validated: no source is on both sides.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.documents import Document
from corpus.library import read_library
from corpus.settings import read_settings
from corpus.text import Span
from evals.support.corruptions import pairs_of
from evals.support.judge_sets import Judged, read_judged
from evals.support.measure import figures_of, in_short, of_response, pieces_of, sentences_of, taken_out
from rag.logistic import read_fit
from rag.support import FITTED, evidence_from, rarity, rule_broken
from rag.support_signs import read, signs
from rag.words import STOP_WORDS, WORD, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
# Chosen among 0.01, 0.05 and 0.3: no difference beyond the third digit.
REGULARISATION = 0.05
# Below this support a sentence is taken out of an answer. With 0.9 a quarter to two fifths of what people found right in RAGTruth would go,
# with 0.8 half of what they found wrong would stay; none of our own sentences put otherwise falls below 0.85 (docs/support-model.md).
THRESHOLD = 0.85
# A stem that fewer documents say is as rare as one that none does; names and misspellings stay out.
DOCUMENTS_AT_LEAST = 5


@dataclass(frozen=True)
class Fit:
    """A logistic regression, its scaling folded into the weights."""

    weights: NDArray[np.float64]
    bias: float

    def log_odds(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = values @ self.weights + self.bias
        return found

    def chance(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = 1 / (1 + np.exp(-self.log_odds(values)))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="RAGTruth's parts and WiCE's claims")
    parser.add_argument("--keep", action="store_true", help="write rag/support.json")
    options = parser.parse_args()
    documents = read_library(read_settings().corpus).documents
    table = rarity_of(documents.values())
    if options.keep:  # the signs rest on the table of stems
        before = json.loads(FITTED.read_text(encoding="utf-8")) if FITTED.is_file() else {}
        FITTED.write_text(written({**before, "rarity": table}), encoding="utf-8")
        read_fit.cache_clear()
    made = fit({file.stem: read_judged(file) for file in options.files})
    if options.keep:
        FITTED.write_text(written({**made, "rarity": table}), encoding="utf-8")
        read_fit.cache_clear()
        made["figures"]["taken out"] = in_short(taken_out(pairs_of(documents)))
        FITTED.write_text(written({**made, "rarity": table}), encoding="utf-8")
    print(json.dumps(made["figures"], indent=2))


def rarity_of(documents: Iterable[Document]) -> dict[str, float]:
    """How few of our documents say each stem, from 0 to 1, of stems that are written in lower case."""
    said: Counter[str] = Counter()
    count = 0
    for document in documents:
        count += 1
        lower = {part for match in WORD.finditer(document.text) for part in match.group().split("-") if part.islower()}
        said.update({stem(word) for word in lower if word not in STOP_WORDS and word.isalpha()})
    most = math.log(count + 1)
    return {
        one: round(math.log((count + 1) / (often + 1)) / most, 2)
        for one, often in sorted(said.items())
        if often >= DOCUMENTS_AT_LEAST
    }


def fit(parts: Mapping[str, Sequence[Judged]]) -> dict[str, Any]:
    """Weights, threshold and the cross-validated figures."""
    responses = [(part, judged) for part, some in parts.items() for judged in some]
    rows: list[dict[str, float]] = []
    wrong: list[bool] = []
    of: list[int] = []
    broken = [0] * len(responses)
    for number, (_, judged) in enumerate(responses):
        pieces = pieces_of(judged)
        for span, words in sentences_of(judged):
            own = read(words)
            evidence = evidence_from(own, pieces)
            rows.append(signs(own, evidence, judged.question, rarity))
            wrong.append(is_wrong(judged, span))
            of.append(number)
            broken[number] += bool(rule_broken(own, evidence, judged.question))
    names = list(rows[0])
    values = np.array([[row[name] for name in names] for row in rows])
    labels, belongs = np.array(wrong), np.array(of)
    unsupported = np.array([judged.unsupported for _, judged in responses])
    folds = folds_by([f"{part} {judged.source}" for part, judged in responses])
    unseen = np.zeros(len(labels))
    for fold in range(FOLDS):
        known = folds[belongs] != fold
        unseen[~known] = fitted_to(values[known], labels[known]).chance(values[~known])
    of_responses = [of_response(unseen[belongs == n], broken[n]) for n in range(len(responses))]
    told = np.array([list(one.values()) for one in of_responses])
    chances = np.zeros(len(responses))
    for fold in range(FOLDS):
        known = folds != fold
        chances[~known] = fitted_to(told[known], unsupported[known]).chance(told[~known])
    threshold = best_for_f1(chances, unsupported)
    sentence, response = fitted_to(values, labels), fitted_to(told, unsupported)
    parts_of = np.array([part for part, _ in responses])
    return {
        "weights": _named(names, sentence.weights),
        "bias": round(sentence.bias, 4),
        "threshold": THRESHOLD,
        "response": {
            "weights": _named(list(of_responses[0]), response.weights),
            "bias": round(response.bias, 4),
            "threshold": round(threshold, 3),
        },
        "figures": {
            "how": f"{FOLDS}-fold cross-validation by source",
            **in_short(figures_of(unsupported, chances, threshold, parts_of)),
        },
    }


def is_wrong(judged: Judged, sentence: Span) -> bool:
    """Whether people marked something in the sentence; where they judged the whole response, what they said of it."""
    if not judged.wrong:
        return judged.unsupported
    return any(sentence.start < marked.end and marked.start < sentence.end for marked in judged.wrong)


def fitted_to(values: NDArray[np.float64], labels: NDArray[np.bool_], freedom: float = REGULARISATION) -> Fit:
    from sklearn.linear_model import LogisticRegression

    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=freedom, max_iter=2000).fit((values - mean) / spread, labels)
    weights = model.coef_[0] / spread
    return Fit(weights, float(model.intercept_[0] - (weights * mean).sum()))


def folds_by(groups: Sequence[str], seed: int = 0) -> NDArray[np.int64]:
    """A fold for each, the same for all of a group."""
    different = sorted(set(groups))
    drawn = np.random.default_rng(seed).permutation(len(different)) % FOLDS
    fold_of = dict(zip(different, drawn, strict=True))
    return np.array([fold_of[group] for group in groups])


def best_for_f1(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    from sklearn.metrics import f1_score

    tried = np.quantile(scores, np.linspace(0.05, 0.95, 91))
    return float(max(tried, key=lambda one: f1_score(labels, scores >= one)))


def _named(names: Sequence[str], weights: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


def written(kept: Mapping[str, Any]) -> str:
    """As JSON, the table of stems on one line."""
    rest = json.dumps({name: value for name, value in kept.items() if name != "rarity"}, indent=2)
    table = json.dumps(kept["rarity"], ensure_ascii=False, separators=(",", ":"))
    opened = rest.rstrip("}").rstrip()
    return f'{opened}{"," if len(kept) > 1 else ""}\n  "rarity": {table}\n}}\n'


if __name__ == "__main__":
    main()
