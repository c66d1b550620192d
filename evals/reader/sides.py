"""What the reader learns of positions: which of them speaks to a question. `sides/labelled.jsonl` are questions that were written for sentences, each with
two positions near it: the reader's second head is trained on these. `sides/asked.jsonl` are asked as executives ask, with the positions found for them: on these is fitted
what the head and other signs say together. `sides/asked_unseen.jsonl` are more of these and `sides/cases.jsonl` the open cases: both only measure (`python -m benchmarks.sides`)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.documents import Document
from corpus.embedder import Embedder
from evals.public_sets import json_lines
from evals.reader.examples import Example
from evals.run import Progress
from evals.support.train import fitted_to
from rag.answer import Chain, passages_for
from rag.speaking import FAR, SPEAKS_FROM, position_as_read, positions_among

SIDES = Path(__file__).parent / "sides"
LABELLED = SIDES / "labelled.jsonl"
ASKED = SIDES / "asked.jsonl"
ASKED_UNSEEN = SIDES / "asked_unseen.jsonl"
OF_CASES = SIDES / "cases.jsonl"
# Each wording of a position is also shown with the nearest other one, and with one of the next few.
NEXT_FEW = 5
# The smaller, the more the weights are held back; there are 384 for some thousands of pairs.
FREEDOM = 0.01
# Three signs for thousands of positions need no holding back.
FREEDOM_OF_SIGNS = 100.0
FOLDS = 10


def pairs_of_positions(library: Mapping[str, Document], embedder: Embedder, seed: int = 2) -> list[Example]:
    """Questions with positions that speak to them, and with others nearby that do not."""
    draw = random.Random(seed)
    positions = {document.id: document for document in library.values() if document.kind == "position"}
    asked = [(words, one.id) for one in positions.values() for words in (one.question, *one.aliases)]
    vectors = embedder.embed([words for words, _ in asked])
    whose = np.array([id for _, id in asked])
    made = []
    for (words, id), nearness in zip(asked, vectors @ vectors.T, strict=True):
        others = sorted((one for one in positions if one != id), key=lambda one: -nearness[whose == one].max())
        if words != positions[id].question:  # the text holds that
            made.append(Example(words, position_as_read(positions[id]), True, id))
        made += [
            Example(words, position_as_read(positions[one]), False, one)
            for one in (others[0], draw.choice(others[1 : NEXT_FEW + 1]))
        ]
    return made + [
        Example(line["question"], position_as_read(positions[id]), bool(speaks), id)
        for line in json_lines(LABELLED)
        for id, speaks in line["speaks"].items()
        if id in positions
    ]


def observe(chain: Chain, progress: Progress) -> list[tuple[str, dict[str, float], bool]]:
    """The signs of each labelled position of questions asked as executives ask, as it would be found now, and whether it speaks to the question."""
    _, library, aliases = chain.library()
    seen = []
    lines = list(json_lines(ASKED))
    for done, line in enumerate(lines, start=1):
        question = line["question"]
        found = positions_among(passages_for(chain, question, aliases), library)
        rank = {position.id: rank for rank, position, _ in reversed(found)}
        seen += [
            (question, chain.signs_of(question, library[id], rank.get(id, FAR)), bool(speaks))
            for id, speaks in line["speaks"].items()
            if id in library
        ]
        progress("positions", done, len(lines))
    return seen


def fit(seen: Sequence[tuple[str, Mapping[str, float], bool]]) -> dict[str, Any]:
    """Weights, and how well they tell the positions of questions that they were not fitted on."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    names = list(seen[0][1])
    values = np.array([[signs[name] for name in names] for _, signs, _ in seen])
    speaks = np.array([label for *_, label in seen])
    unseen = np.zeros(len(seen))
    for known, left_out in GroupKFold(FOLDS).split(values, speaks, [question for question, *_ in seen]):
        unseen[left_out] = fitted_to(values[known], speaks[known], FREEDOM_OF_SIGNS).log_odds(values[left_out])
    learned = fitted_to(values, speaks, FREEDOM_OF_SIGNS)
    shown = 1 / (1 + np.exp(-unseen)) >= SPEAKS_FROM
    return {
        "weights": {name: round(float(slope), 4) for name, slope in zip(names, learned.weights, strict=True)},
        "bias": round(learned.bias, 4),
        "figures": {
            "how": f"{FOLDS}-fold cross-validation by question over labelled positions",
            "questions": len({question for question, *_ in seen}),
            "positions": len(seen),
            "speak_to_it": round(float(speaks.mean()), 3),
            "auroc": round(float(roc_auc_score(speaks, unseen)), 3),
            "auroc_of_the_reader_alone": round(float(roc_auc_score(speaks, values[:, names.index("reader")])), 3),
            "likely_enough": round(float(shown.mean()), 3),
            "of_these_speak_to_it": round(float(speaks[shown].mean()), 3),
        },
    }


def fit_sides(network: Any, pooled: Any, made: Sequence[Example]) -> None:
    """A head of its own on what the network makes of question and position; nothing else of it is touched."""
    import torch

    learned = fitted_to(pooled, np.array([one.answers for one in made]), FREEDOM)
    network.sides.weight.data = torch.tensor(learned.weights[None], dtype=torch.float32)
    network.sides.bias.data = torch.tensor([learned.bias], dtype=torch.float32)
