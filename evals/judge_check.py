"""Is the judge of tonight still the one that was measured? Before each run it judges what is already known, each set by itself.

Sentences labelled by reading (`sheets/`), the corruptions that it was measured on when it was fitted, sentences of the library as it
is published now put wrong on purpose, and the public sets, where FRACTIONAL_JUDGE_SETS names a folder of them.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from corpus.documents import Document
from corpus.errors import CasesError, SettingsError
from corpus.text import Span
from evals.metrics.judge import Judge, Unjudged, checked_support
from evals.run import Progress
from evals.second_opinion import told_by
from evals.second_opinion.sample import read_sample
from evals.support.corruptions import Pair, pairs_of
from evals.support.judge_sets import Judged, read_judged
from evals.support.measure import auroc, balanced_accuracy, f1, sentences_of

SHEETS = Path(__file__).with_name("sheets")
SETS = "FRACTIONAL_JUDGE_SETS"
SEED = 0
# The second opinion reads some twenty sentences with their evidence a second; a run should not wait a minute for it.
DOCUMENTS_CORRUPTED = 60
PAIRS_OF_A_KIND = 12
SENTENCES_OF_A_SET = 40
# What a coin reaches.
CHANCE = 0.5


Some = TypeVar("Some")


@dataclass(frozen=True)
class Labelled:
    """A sentence, or several that were judged together, and whether all that they say is supported."""

    sentences: tuple[str, ...]
    evidence: tuple[str, ...]
    question: str
    supported: bool


@dataclass(frozen=True)
class Agreement:
    """How well the judge agrees with the labels; the unsupported are what is looked for, and `base_rate` is their share."""

    n: int
    failures: int
    base_rate: float
    balanced_accuracy: float
    f1: float
    auroc: float | None
    kappa: float


def check_judge(judge: Judge, documents: Mapping[str, Document], progress: Progress) -> dict[str, Any]:
    """What is kept with a run: the agreement on each set, and whether the judge has drifted."""
    ours, public = our_sets(documents), public_sets(os.environ.get(SETS, ""))
    found = {}
    for done, (name, labelled) in enumerate((ours | public).items(), start=1):
        found[name] = agreement(judge, labelled)
        progress("judge checked", done, len(ours | public))
    told = drift(found, dict.fromkeys(ours, CHANCE) | {name: one["low"] for name, one in judge.expected.items()})
    return {
        "sets": {name: asdict(one) for name, one in found.items()},
        "drifted": bool(told),
        "why": "; ".join(told),
    }


def our_sets(documents: Mapping[str, Document]) -> dict[str, list[Labelled]]:
    sets = {path.stem: read_sheet(path) for path in sorted(SHEETS.glob("*.jsonl"))}
    sets["corruptions"] = [Labelled((one.sentence,), one.evidence, "", not one.unsupported) for one in read_sample()]
    if corrupted := corrupted_sentences(documents):
        sets["published_library"] = corrupted
    return sets


def public_sets(told: str) -> dict[str, list[Labelled]]:
    """Those of the folder that is configured, in the layouts that `eval judge` reads."""
    if not told:
        return {}
    folder = Path(told).expanduser()
    if not folder.is_dir():
        raise SettingsError(f"{SETS} is {folder}, and there is no such folder. Correct it, or unset it to do without.")
    return {path.stem: judged_sentences(path) for path in sorted(folder.iterdir()) if path.suffix in (".jsonl", ".tsv")}


def read_sheet(path: Path) -> list[Labelled]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [
            Labelled((row["sentence"],), tuple(row["evidence"]), row["question"], bool(row["supported"]))
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CasesError(f"{path}: can't be read as labelled sentences ({type(exc).__name__}: {exc}).") from exc


def corrupted_sentences(documents: Mapping[str, Document]) -> list[Labelled]:
    """The same of the same library; as many of each kind, so that no kind decides alone."""
    drawn = random.Random(SEED).sample(sorted(documents), min(DOCUMENTS_CORRUPTED, len(documents)))
    kinds: dict[tuple[bool, str], list[Pair]] = {}
    for pair in pairs_of({id: documents[id] for id in drawn}):
        kinds.setdefault((pair.stands, pair.kind), []).append(pair)
    return [
        Labelled((pair.sentence,), told_by(pair.pieces), "", pair.stands)
        for pairs in kinds.values()
        for pair in _sample(pairs, PAIRS_OF_A_KIND)
    ]


def judged_sentences(path: Path) -> list[Labelled]:
    """By the spans that people marked; where they judged a whole response, all of its sentences together."""
    drawn = random.Random(SEED)
    responses = read_judged(path)
    drawn.shuffle(responses)
    found = (labelled for one in responses if one.evidence for labelled in _labelled(one))
    return list(islice(found, SENTENCES_OF_A_SET))


def _labelled(judged: Judged) -> list[Labelled]:
    sentences = sentences_of(judged)
    if judged.unsupported and not judged.wrong:
        whole = tuple(words for _, words in sentences)
        return [Labelled(whole, judged.evidence, judged.question, False)] if whole else []
    return [
        Labelled((words,), judged.evidence, judged.question, not any(overlap(span, wrong) for wrong in judged.wrong))
        for span, words in sentences
    ]


def overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _sample(some: Sequence[Some], most: int) -> list[Some]:
    return random.Random(SEED).sample(list(some), min(most, len(some)))


def agreement(judge: Judge, labelled: Sequence[Labelled]) -> Agreement:
    """What could not be judged is left out and counted."""
    doubts: list[float] = []
    unsupported: list[bool] = []
    for one in labelled:
        try:
            weakest = min(checked_support(judge, words, one.evidence, one.question) for words in one.sentences)
        except Unjudged:
            continue
        doubts.append(1 - weakest)
        unsupported.append(not one.supported)
    failures = len(labelled) - len(doubts)
    if not doubts:
        return Agreement(0, failures, 0.0, 0.0, 0.0, None, 0.0)
    truth, doubted = np.array(unsupported), np.array(doubts)
    flagged = doubted > 1 - judge.threshold
    return Agreement(
        n=len(truth),
        failures=failures,
        base_rate=float(truth.mean()),
        balanced_accuracy=balanced_accuracy(truth, flagged),
        f1=f1(truth, flagged),
        auroc=auroc(truth, doubted),
        kappa=kappa(truth, flagged),
    )


def kappa(truth: Any, flagged: Any) -> float:
    """Cohen's: how far the agreement goes beyond that of two who know only how often each says yes."""
    agreed = float((truth == flagged).mean())
    by_chance = float(truth.mean() * flagged.mean() + (1 - truth.mean()) * (1 - flagged.mean()))
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def drift(found: Mapping[str, Agreement], floors: Mapping[str, float]) -> list[str]:
    """In words, each set on which the judge is below its floor, or knows no more than a coin. A set without one is only told of."""
    told = []
    for name, one in found.items():
        if one.failures > one.n:
            told.append(f"{name}: {one.failures} of {one.n + one.failures} could not be judged")
        elif name in floors and (one.balanced_accuracy < floors[name] or one.balanced_accuracy <= CHANCE):
            told.append(
                f"{name}: balanced accuracy {one.balanced_accuracy:.2f}, at least {floors[name]:.2f} was expected"
            )
    return told
