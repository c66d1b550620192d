"""What is fitted of positions: labels that still fit the library, nothing measured that was learned, and weights that say what they mean."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from corpus.library import read_library
from corpus.settings import CHECKOUT
from evals.public_sets import json_lines
from evals.reader.graded import ASKED_UNSEEN as GRADED_UNSEEN
from evals.reader.graded import ASKED_UNSEEN_FURTHER
from evals.reader.sides import ASKED, ASKED_UNSEEN, LABELLED, OF_CASES, fit
from rag.logistic import chance, read_fit
from rag.speaking import FITTED, SPEAKS_FROM, signs


def asked(file: Path) -> set[str]:
    return {line["question"] for line in json_lines(file)}


@pytest.mark.parametrize("file", [LABELLED, ASKED, ASKED_UNSEEN, OF_CASES])
def test_labelled_positions_still_stand_in_the_library(file: Path) -> None:
    positions = {d.id for d in read_library(CHECKOUT / "corpus").documents.values() if d.kind == "position"}
    labelled = [id for line in json_lines(file) for id in line["speaks"]]
    assert len(labelled) > 500 and sum(id in positions for id in labelled) >= 0.95 * len(labelled)


def test_nothing_is_measured_with_that_was_learned() -> None:
    learned = asked(LABELLED) | asked(ASKED)
    assert not learned & (asked(ASKED_UNSEEN) | asked(OF_CASES) | asked(GRADED_UNSEEN) | asked(ASKED_UNSEEN_FURTHER))


def test_what_tells_gets_the_weight() -> None:
    draw = random.Random(1)
    seen = []
    for n in range(400):
        speaks = n % 4 == 0
        told = draw.gauss(1.0 if speaks else -1.0, 0.6)
        seen.append((f"question {n // 2}", signs(told, draw.gauss(0, 0.1), draw.randrange(10)), speaks))
    fitted = fit(seen)
    assert chance(fitted, signs(1.5, 0.0, 4)) > 0.8 and chance(fitted, signs(-1.5, 0.0, 4)) < 0.05
    figures = fitted["figures"]
    assert figures["auroc"] > 0.95 and figures["questions"] == 200 and figures["positions"] == 400
    assert figures["of_these_speak_to_it"] > 0.7 > figures["speak_to_it"]


def test_what_ships_was_fitted_on_these_labels_and_tells_more_than_the_reader_alone() -> None:
    figures = read_fit(FITTED)["figures"]
    assert figures["questions"] == len(asked(ASKED))
    assert figures["auroc"] > figures["auroc_of_the_reader_alone"] + 0.02
    assert figures["of_these_speak_to_it"] > 2 * figures["speak_to_it"] > SPEAKS_FROM
