"""How well does the check that filters answers agree with people? Each response of the public judge sets, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.documents import Document
from corpus.text import Span
from evals.support.corruptions import Pair
from evals.support.judge_sets import Judged, read_judged
from rag.answers import Quoted
from rag.logistic import chance, read_fit
from rag.prose import LAYOUT
from rag.support import FITTED, evidence_from, rule_broken, stands_on, support_of
from rag.support_signs import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10
RESAMPLES = 1000
# Chances are kept this far from certainty, so that one sentence does not decide alone.
SURE = 1e-4
NOBODY = Document("evidence", "article", "practitioner", "", "")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Figures:
    """Of responses; the unsupported ones are what is looked for. `intervals` hold 95 % of resampled sets."""

    f1: float
    auroc: float | None  # none where all are of one kind
    balanced_accuracy: float
    calibration_error: float
    n: int
    intervals: Mapping[str, tuple[float, float]]


def judge_files(files: Sequence[Path], progress: Progress) -> dict[str, Any]:
    """The figures of all files together and of each, by its name."""
    parts = {file.stem: read_judged(file) for file in files}
    responses = [(part, judged) for part, some in parts.items() for judged in some]
    chances = []
    for done, (_, judged) in enumerate(responses, start=1):
        chances.append(chance_unsupported(judged))
        progress("judged", done, len(responses))
    unsupported = np.array([judged.unsupported for _, judged in responses])
    names = np.array([part for part, _ in responses])
    return figures_of(unsupported, np.array(chances), read_fit(FITTED)["response"]["threshold"], names)


def chance_unsupported(judged: Judged) -> float:
    """How likely people find something unsupported in a response, by what the check says of each of its sentences."""
    pieces = pieces_of(judged)
    said = [words for _, words in sentences_of(judged)]
    broken = 0
    chances = []
    for words in said:
        own = read(words)
        evidence = evidence_from(own, pieces)
        if not evidence.sentences:
            chances.append(1.0)
            continue
        broken += bool(rule_broken(own, evidence, judged.question))
        chances.append(1 - support_of(own, evidence, judged.question))
    return chance(read_fit(FITTED)["response"], of_response(np.array(chances or [0.0]), broken))


def pieces_of(judged: Judged) -> list[Quoted]:
    return [Quoted(words, NOBODY, (), ()) for words in judged.evidence]


def sentences_of(judged: Judged) -> list[tuple[Span, str]]:
    """Where each sentence stands, and its words without marks of layout, as a writer's are checked."""
    return [(span, LAYOUT.sub("", span.of(judged.response)).strip()) for span in judged.sentences]


def of_response(chances: NDArray[np.float64], broken: int) -> dict[str, float]:
    """What the chances that each sentence is unsupported say of the whole response, and how many break a rule."""
    certain = np.clip(np.sort(chances)[::-1], SURE, 1 - SURE)
    log_odds = np.log(certain / (1 - certain))
    none_wrong = float(np.prod(1 - certain))
    any_wrong = min(max(1 - none_wrong, SURE), 1 - SURE)
    return {
        "worst": float(log_odds[0]),
        "second_worst": float(log_odds[min(1, len(log_odds) - 1)]),
        "worst_three": float(log_odds[:3].mean()),
        "mean": float(log_odds.mean()),
        "any": float(np.log(any_wrong / (1 - any_wrong))),
        "sentences": float(np.log1p(len(certain))),
        "alone": float(len(certain) == 1),  # a claim that somebody picked is doubted more often than a sentence of many
        "rules_broken": float(np.log1p(broken)),
    }


def figures_of(
    unsupported: NDArray[np.bool_], chances: NDArray[np.float64], threshold: float, parts: NDArray[np.str_]
) -> dict[str, Any]:
    def of(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        return asdict(figures(unsupported[chosen], chances[chosen], threshold))

    return {
        "overall": of(np.ones(len(unsupported), dtype=bool)),
        "parts": {str(part): of(parts == part) for part in dict.fromkeys(parts)},
    }


def figures(unsupported: NDArray[np.bool_], chances: NDArray[np.float64], threshold: float) -> Figures:
    flagged = chances >= threshold
    drawn = np.random.default_rng(0).integers(len(unsupported), size=(RESAMPLES, len(unsupported)))
    measures: dict[str, Callable[[NDArray[np.int64]], float | None]] = {
        "f1": lambda some: f1(unsupported[some], flagged[some]),
        "auroc": lambda some: auroc(unsupported[some], chances[some]),
    }
    intervals = {}
    for name, measure in measures.items():
        seen = [one for one in (measure(some) for some in drawn) if one is not None]
        if seen:
            low, high = np.quantile(seen, (0.025, 0.975))
            intervals[name] = (float(low), float(high))
    return Figures(
        f1(unsupported, flagged),
        auroc(unsupported, chances),
        balanced_accuracy(unsupported, flagged),
        calibration_error(unsupported, chances),
        len(unsupported),
        intervals,
    )


def f1(unsupported: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> float:
    caught = int((unsupported & flagged).sum())
    return 2 * caught / max(1, int(unsupported.sum()) + int(flagged.sum()))


def auroc(unsupported: NDArray[np.bool_], chances: NDArray[np.float64]) -> float | None:
    """How often an unsupported one has the higher chance of the two; ties count half."""
    from scipy.stats import rankdata

    yes = int(unsupported.sum())
    no = len(unsupported) - yes
    if not yes or not no:
        return None
    ranks = rankdata(chances)
    return float((ranks[unsupported].sum() - yes * (yes + 1) / 2) / (yes * no))


def balanced_accuracy(unsupported: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> float:
    sides = [flagged[unsupported], ~flagged[~unsupported]]
    return float(np.mean([side.mean() for side in sides if len(side)]))


def calibration_error(unsupported: NDArray[np.bool_], chances: NDArray[np.float64]) -> float:
    """How far chance and share lie apart, over ten bins of chance, each by its size."""
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    apart = [
        abs(chances[bins == one].mean() - unsupported[bins == one].mean()) * (bins == one).mean() for one in set(bins)
    ]
    return float(sum(apart))


def taken_out(pairs: Iterable[Pair]) -> dict[str, dict[str, float]]:
    """The share that the check takes out, by what was done to the sentences: of wrong ones it should be all, of right ones none."""
    outcomes: dict[tuple[bool, str], list[bool]] = {}
    for pair in pairs:
        stands = not stands_on(pair.sentence, pair.pieces, "").reason
        outcomes.setdefault((pair.stands, pair.kind), []).append(not stands)
    found: dict[str, dict[str, float]] = {}
    for side, name in ((False, "wrong"), (True, "right")):
        kinds = {kind: some for (stands, kind), some in outcomes.items() if stands is side}
        every = [one for some in kinds.values() for one in some]
        found[name] = {
            "all": float(np.mean(every)),
            "mean_of_kinds": float(np.mean([np.mean(some) for some in kinds.values()])),
            **{kind: float(np.mean(some)) for kind, some in kinds.items()},
        }
    return found


def in_short(measured: Mapping[str, Any], digits: int = 3) -> dict[str, Any]:
    """Rounded, for keeping."""

    def short(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: short(one) for name, one in value.items()}
        if isinstance(value, (tuple, list)):
            return [short(one) for one in value]
        return round(value, digits) if isinstance(value, float) else value

    return {name: short(value) for name, value in measured.items()}
