"""What the reader learns of positions: which of them speaks to a question. `sides/labelled.jsonl` are questions that were written for sentences, each with
two positions near it; `sides/cases.jsonl` are the open cases with the positions found for them, which only measure (`python -m benchmarks.sides`)."""

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
from evals.support.train import fitted_to
from rag.speaking import position_as_read

SIDES = Path(__file__).parent / "sides"
LABELLED = SIDES / "labelled.jsonl"
OF_CASES = SIDES / "cases.jsonl"
# Each wording of a position is also shown with the nearest other one, and with one of the next few.
NEXT_FEW = 5
# The smaller, the more the weights are held back; there are 384 for some thousands of pairs.
FREEDOM = 0.01


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


def fit_sides(network: Any, pooled: Any, made: Sequence[Example]) -> None:
    """A head of its own on what the network makes of question and position; nothing else of it is touched."""
    import torch

    learned = fitted_to(pooled, np.array([one.answers for one in made]), FREEDOM)
    network.sides.weight.data = torch.tensor(learned.weights[None], dtype=torch.float32)
    network.sides.bias.data = torch.tensor([learned.bias], dtype=torch.float32)
