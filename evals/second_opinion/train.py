"""Fits the second opinion on claims and replies that people have judged and on sentences put wrong on purpose; keeps it with its figures.

    python -m evals.second_opinion.train FILE… [--keep]

Files of RAGTruth are measured on and never learned from: the check that is graded learned from them. So is Topical-Chat's part of
BEGIN. Of our own library, documents are learned from or measured on by a hash of their names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.documents import Document
from corpus.embedder import OnnxEmbedder, exported_model
from corpus.library import read_library
from corpus.settings import read_settings
from evals.second_opinion.opinion import FITTED, Eye, Trees, in_sentences, rarity_by, signals_of, told_by
from evals.second_opinion.sample import SAMPLE
from evals.support.corruptions import pairs_of
from evals.support.judge_sets import Judged, read_judged
from evals.support.measure import NOBODY, auroc, balanced_accuracy, calibration_error, f1, in_short, sentences_of
from evals.support.train import folds_by, is_wrong
from rag.answers import Quoted
from rag.logistic import logistic
from rag.support import stands_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORRUPTIONS = "corruptions"
# Of each way to put a sentence wrong or otherwise: from half of our documents to learn from, from each twelfth to be measured on.
LEARNED_OF_EACH_KIND = 120
MEASURED_OF_EACH_KIND = 40
MEASURED_DOCUMENTS = 12
# Claims of one file, drawn by a hash; each brings twenty sentences of evidence.
CLAIMS_AT_MOST = 350
# Of each five of RAGTruth's sources, so many are measured on, drawn by a hash.
SOURCES_OF_FIVE = 2
# Of each kind, in the sample that the drift check asks about again.
SAMPLED = 12
FOLDS = 5
# Shallow and slow, since the examples are few; no other settings were compared.
TREES = {"n_estimators": 200, "max_depth": 3, "learning_rate": 0.06, "subsample": 0.5, "min_samples_leaf": 20, "max_features": 0.3}  # fmt: skip
# A word said in fewer sentences is as rare as one never said.
SENTENCES_AT_LEAST = 15
# The share of harmless rewrites that it may find unsupported.
RIGHT_TAKEN_OUT = 0.1
# It learns from as many unsupported sentences as supported ones; of those that a writer writes, so many are expected to be supported.
EXPECTED = 0.8
RESAMPLES = 500
WORD = re.compile(r"\w+")
LONG = ("trees", "rarity")


@dataclass(frozen=True)
class Example:
    """A sentence beside its evidence, and whether it is unsupported; `group` is never on both sides of a split."""

    part: str
    group: str
    kind: str
    sentence: str
    evidence: tuple[str, ...]
    question: str
    unsupported: bool
    response: int = 0  # the answer that it is a sentence of


@dataclass(frozen=True)
class Measured:
    """Examples with their signals, in one order."""

    examples: list[Example]
    names: list[str]
    values: NDArray[np.float32]

    @property
    def unsupported(self) -> NDArray[np.bool_]:
        return np.array([example.unsupported for example in self.examples])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WiCE's oracle set, BEGIN, RAGTruth")
    parser.add_argument("--keep", action="store_true", help="write model.json and sample.json")
    options = parser.parse_args()
    settings = read_settings()
    documents = read_library(settings.corpus).documents
    learned = of_library(documents, lambda drawn: drawn % 2 == 1, LEARNED_OF_EACH_KIND)
    measured = of_library(documents, lambda drawn: drawn % MEASURED_DOCUMENTS == 0, MEASURED_OF_EACH_KIND)
    sample = [one for kind in kinds_of(measured).values() for one in kind[:SAMPLED]]
    for file in options.files:
        if is_only_measured(file.stem):
            measured += of_answers(file.stem, read_judged(file))
        else:
            learned += of_claims(file.stem, read_judged(file))
    told = sorted({text for one in learned for text in one.evidence})
    rarity = rarity_of([*(document.text for document in documents.values()), *told])
    eye = Eye(OnnxEmbedder(exported_model(settings.models)))
    made = fit(look_at(eye, learned, rarity))
    unseen = look_at(eye, measured, rarity)
    made["rarity"] = rarity
    made["figures"] |= figures_by_part(unseen, supports(Trees(made["trees"]), unseen), made["threshold"])
    made["beside the filter"] = beside_the_filter(unseen, supports(Trees(made["trees"]), unseen), made["threshold"])
    at = look_at(eye, sample, rarity)
    expected = figures_of(at.unsupported, supports(Trees(made["trees"]), at), made["threshold"])
    low, high = expected["intervals"]["balanced_accuracy"]
    made["expected"] = {
        CORRUPTIONS: {"balanced_accuracy": expected["balanced_accuracy"], "low": low, "high": high, "n": len(sample)}
    }
    made["version"] = version_of(made)
    if options.keep:
        FITTED.write_text(written(made), encoding="utf-8")
        rows = [{name: getattr(one, name) for name in ("sentence", "evidence", "unsupported")} for one in sample]
        SAMPLE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        json.dumps({name: made[name] for name in ("threshold", "expected", "figures", "beside the filter")}, indent=1)
    )


def is_only_measured(part: str) -> bool:
    """RAGTruth taught the check that is graded; Topical-Chat's texts have terms of their own."""
    return part.startswith("ragtruth") or "topicalchat" in part


def of_library(documents: Mapping[str, Document], is_chosen: Callable[[int], bool], of_each: int) -> list[Example]:
    """So many of each kind, of the documents chosen by the hash of their names."""
    pairs = pairs_of({id: document for id, document in documents.items() if is_chosen(_drawn(id))})
    every = [
        Example(
            CORRUPTIONS, pair.pieces[0].document.id, pair.kind, pair.sentence, told_by(pair.pieces), "", not pair.stands
        )
        for pair in sorted(pairs, key=lambda pair: _drawn(pair.pieces[0].text))  # so that kinds share their evidence
    ]
    chosen = {id(one) for kind in kinds_of(every).values() for one in kind[:of_each]}
    return [one for one in every if id(one) in chosen]


def kinds_of(examples: Iterable[Example]) -> dict[str, list[Example]]:
    kinds: dict[str, list[Example]] = {}
    for one in examples:
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def of_claims(part: str, judged: Iterable[Judged]) -> list[Example]:
    some = sorted(judged, key=lambda one: _drawn(one.response + one.evidence[0]))[:CLAIMS_AT_MOST]
    return [Example(part, one.source, part, one.response, one.evidence, one.question, one.unsupported) for one in some]


def of_answers(part: str, judged: Iterable[Judged]) -> list[Example]:
    """Sentence by sentence; where people judged the whole, what they said of it."""
    return [
        Example(part, one.source, part, words, one.evidence, one.question, is_wrong(one, span), number)
        for number, one in enumerate(judged)
        if _drawn(one.source) % 5 < SOURCES_OF_FIVE or not part.startswith("ragtruth")
        for span, words in sentences_of(one)
    ]


def _drawn(words: str) -> int:
    return int(hashlib.sha256(words.encode()).hexdigest()[:12], 16)


def rarity_of(texts: Iterable[str]) -> dict[str, float]:
    """How few sentences say each word, from 0 to 1."""
    said: Counter[str] = Counter()
    count = 0
    for text in texts:
        for sentence in in_sentences(text):
            count += 1
            said.update(set(WORD.findall(sentence.lower())))
    most = math.log(count / SENTENCES_AT_LEAST)
    return {
        word: round(math.log(count / often) / most, 2)
        for word, often in sorted(said.items())
        if often >= SENTENCES_AT_LEAST
    }


def look_at(eye: Eye, examples: Iterable[Example], rarity: Mapping[str, float]) -> Measured:
    kept, rows, names = [], [], []
    for one in examples:
        found = signals_of(eye, rarity_by(rarity), one.sentence, one.evidence, one.question)
        if found is not None:
            kept.append(one)
            rows.append(list(found.values()))
            names = list(found)
    return Measured(kept, names, np.array(rows, dtype=np.float32))


def fit(known: Measured) -> dict[str, Any]:
    """The trees, the threshold, and the cross-validated figures."""
    unseen = np.zeros(len(known.examples))
    folds = folds_by([f"{one.part} {one.group}" for one in known.examples])
    weights = weights_of(known.examples)
    for fold in range(FOLDS):
        inside = folds != fold
        trees = Trees(grown(known.values[inside], known.unsupported[inside], weights[inside]))
        unseen[~inside] = supports(trees, Measured([], [], known.values[~inside]))
    threshold = best_threshold(known, unseen)
    return {
        "signals": known.names,
        "threshold": threshold,
        "trees": grown(known.values, known.unsupported, weights),
        "figures": {f"{part}, cross-validated": its for part, its in figures_by_part(known, unseen, threshold).items()},
    }


def best_threshold(known: Measured, support: NDArray[np.float64]) -> float:
    """The best mean of the sets' balanced accuracies, among those that leave harmless rewrites alone."""
    sets = np.array([set_of(one.part) for one in known.examples])
    right = support[(sets == CORRUPTIONS) & ~known.unsupported]
    tried = [one for one in np.arange(0.3, 0.99, 0.01) if (right < one).mean() <= RIGHT_TAKEN_OUT]

    def agreement(threshold: float) -> float:
        each = [sets == one for one in sorted(set(sets))]
        return float(np.mean([balanced_accuracy(known.unsupported[at], support[at] < threshold) for at in each]))

    return round(float(max(tried, key=agreement)), 2)


def set_of(part: str) -> str:
    """ "begin_wow_begin_dev_wow" belongs to "begin"."""
    return part.split("_", maxsplit=1)[0]


def weights_of(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Each set counts alike, and in each the supported as much as the others."""
    sides = [(set_of(one.part), one.unsupported) for one in examples]
    often = Counter(sides)
    return np.array([len(examples) / len(often) / often[side] for side in sides])


def grown(values: NDArray[np.float32], unsupported: NDArray[np.bool_], weights: NDArray[np.float64]) -> dict[str, Any]:
    """Boosted trees as full binary trees of one depth; `log_odds` are for supported."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(random_state=0, **TREES).fit(values, ~unsupported, sample_weight=weights)
    even = float(model.init_.class_prior_[1])
    base = math.log(even / (1 - even)) + math.log(EXPECTED / (1 - EXPECTED))
    kept: dict[str, Any] = {"base": round(base, 6), "features": [], "thresholds": [], "leaves": []}
    for tree in model.estimators_[:, 0]:
        features, thresholds, leaves = _filled(tree.tree_)
        kept["features"].append(features)
        kept["thresholds"].append(thresholds)
        kept["leaves"].append(leaves)
    return kept


def _filled(tree: Any) -> tuple[list[int], list[float], list[float]]:
    """A leaf above the last row stands for all below it."""
    row, features, thresholds = [0], [], []
    for _ in range(TREES["max_depth"]):  # type: ignore[call-overload]
        below = []
        for node in row:
            is_leaf = tree.children_left[node] < 0
            features.append(0 if is_leaf else int(tree.feature[node]))
            thresholds.append(0.0 if is_leaf else round(float(tree.threshold[node]), 5))
            below += [node, node] if is_leaf else [tree.children_left[node], tree.children_right[node]]
        row = below
    return features, thresholds, [round(TREES["learning_rate"] * float(tree.value[node][0, 0]), 5) for node in row]


def supports(trees: Trees, measured: Measured) -> NDArray[np.float64]:
    return np.array([logistic(trees.log_odds(row)) for row in measured.values])


def figures_by_part(measured: Measured, support: NDArray[np.float64], threshold: float) -> dict[str, dict[str, Any]]:
    """Of each set; of RAGTruth of its answers, too, the worst sentence of which counts."""
    parts = np.array([one.part for one in measured.examples])
    found = {}
    for part in dict.fromkeys(parts):
        at = parts == part
        found[str(part)] = figures_of(measured.unsupported[at], support[at], threshold)
    answers = np.array([one.part.startswith("ragtruth") for one in measured.examples])
    if answers.any():
        found["ragtruth, sentences"] = figures_of(measured.unsupported[answers], support[answers], threshold)
        worst: dict[tuple[str, int], float] = {}
        wrong: dict[tuple[str, int], bool] = {}
        for one, its in zip(measured.examples, support, strict=True):
            if one.part.startswith("ragtruth"):
                key = one.part, one.response
                worst[key] = min(worst.get(key, 1.0), its)
                wrong[key] = wrong.get(key, False) or one.unsupported
        found["ragtruth, answers"] = figures_of(
            np.array(list(wrong.values())), np.array(list(worst.values())), threshold
        )
    found |= {
        f"{CORRUPTIONS} taken out": {
            kind: round(
                float(
                    np.mean(
                        [
                            its < threshold
                            for one, its in zip(measured.examples, support, strict=True)
                            if one.kind == kind
                        ]
                    )
                ),
                3,
            )
            for kind in kinds_of(one for one in measured.examples if one.part == CORRUPTIONS)
        }
    }
    return found


def figures_of(unsupported: NDArray[np.bool_], support: NDArray[np.float64], threshold: float) -> dict[str, Any]:
    """The unsupported ones are looked for; 95 % by bootstrap."""
    flagged, chances = support < threshold, 1 - support
    drawn = np.random.default_rng(0).integers(len(unsupported), size=(RESAMPLES, len(unsupported)))
    measures: dict[str, Callable[[NDArray[np.int64]], float | None]] = {
        "balanced_accuracy": lambda some: balanced_accuracy(unsupported[some], flagged[some]),
        "f1": lambda some: f1(unsupported[some], flagged[some]),
        "auroc": lambda some: auroc(unsupported[some], chances[some]),
        "kappa": lambda some: kappa(unsupported[some], flagged[some]),
    }
    everything = np.arange(len(unsupported))
    intervals = {}
    for name, measure in measures.items():
        seen = [one for one in (measure(some) for some in drawn) if one is not None]
        intervals[name] = [float(edge) for edge in np.quantile(seen, (0.025, 0.975))] if seen else []
    return in_short(
        {
            "n": len(unsupported),
            "unsupported": float(unsupported.mean()),
            **{name: measure(everything) for name, measure in measures.items()},
            "calibration_error": calibration_error(unsupported, chances),
            "intervals": intervals,
        }
    )


def kappa(unsupported: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> float:
    """Agreement beyond what chance would give at these shares."""
    agreed = float((unsupported == flagged).mean())
    by_chance = float(unsupported.mean() * flagged.mean() + (1 - unsupported.mean()) * (1 - flagged.mean()))
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def beside_the_filter(measured: Measured, support: NDArray[np.float64], threshold: float) -> dict[str, Any]:
    """On RAGTruth's sentences: do both err on the same ones, and does this one tell apart what the filter lets through?"""
    at = [number for number, one in enumerate(measured.examples) if one.part.startswith("ragtruth")]
    if not at:
        return {}
    examples, own = [measured.examples[number] for number in at], support[at]
    verdicts = [
        stands_on(one.sentence, [Quoted(words, NOBODY, (), ()) for words in one.evidence], one.question)
        for one in examples
    ]
    unsupported = np.array([one.unsupported for one in examples])
    passed = np.array([not verdict.reason for verdict in verdicts])
    theirs, ours = passed == unsupported, (own >= threshold) == unsupported
    return in_short(
        {
            "sentences": len(at),
            "errs": float(ours.mean()),
            "filter_errs": float(theirs.mean()),
            "errors_phi": phi(ours, theirs),
            "errors_phi_of_unsupported": phi(ours[unsupported], theirs[unsupported]),
            "errors_phi_of_supported": phi(ours[~unsupported], theirs[~unsupported]),
            "passed": float(passed.mean()),
            "auroc_of_passed": auroc(unsupported[passed], 1 - own[passed]),
            "caught_of_what_the_filter_missed": float((own < threshold)[passed & unsupported].mean()),
            "flagged_of_what_it_rightly_passed": float((own < threshold)[passed & ~unsupported].mean()),
        }
    )


def phi(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else 0.0


def written(made: Mapping[str, Any]) -> str:
    """As JSON; trees and counted words on a line each."""
    lines = [
        f'  "{name}": {json.dumps(value, ensure_ascii=False, separators=(",", ":") if name in LONG else None)}'
        for name, value in made.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def version_of(made: Mapping[str, Any]) -> str:
    """Another one whenever a verdict could be another."""
    decides = [made[name] for name in ("signals", "threshold", "trees", "rarity")]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:8]


if __name__ == "__main__":
    main()
