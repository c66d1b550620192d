"""The check is measured as people would: on whole responses, by the function that filters answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evals.support.judge_sets import Judged
from evals.support.measure import (
    auroc,
    balanced_accuracy,
    calibration_error,
    chance_unsupported,
    f1,
    figures_of,
    judge_files,
    of_response,
    pieces_of,
)
from evals.support.train import folds_by
from rag.logistic import read_fit
from rag.support import FITTED, evidence_from, rarity
from rag.support_signs import read, signs
from ui.command_line import main

SOURCE = (
    "The pier at Southwold was opened in 1900. It was 247 metres long. Storms took its end in 1934. "
    "A new landing stage was built in 1936, and the pier reopened to the public in 1948 after repairs."
)
TRUE = "The Southwold pier was opened in 1900 and was 247 metres long."
FALSE = "Visitors can enjoy a funfair and an aquarium, and tickets are sold at a kiosk beside the beach for 12 pounds."


def _judged(response: str, unsupported: bool) -> Judged:
    return Judged("pier", (SOURCE,), "", response, unsupported)


def test_what_the_source_does_not_say_is_more_likely_unsupported() -> None:
    assert chance_unsupported(_judged(FALSE, True)) > chance_unsupported(_judged(TRUE, False))


def test_a_false_sentence_among_true_ones_raises_the_chance() -> None:
    assert chance_unsupported(_judged(f"{TRUE} {FALSE}", True)) > chance_unsupported(_judged(f"{TRUE} {TRUE}", False))


def test_the_order_of_sentences_does_not_matter() -> None:
    chances = np.array([0.1, 0.7, 0.3])
    assert of_response(chances, 1) == pytest.approx(of_response(chances[::-1], 1))


def test_measures_on_cases_known_by_hand() -> None:
    unsupported = np.array([True, True, False, False])
    chances = np.array([0.9, 0.2, 0.2, 0.1])
    flagged = chances >= 0.2
    assert f1(unsupported, flagged) == pytest.approx(2 * 2 / (2 + 3))
    assert auroc(unsupported, chances) == pytest.approx(3.5 / 4)
    assert balanced_accuracy(unsupported, flagged) == pytest.approx(0.75)
    assert auroc(np.array([True]), np.array([0.5])) is None


def test_calibration_error_is_none_where_chance_is_share() -> None:
    chances = np.full(10, 0.3)
    assert calibration_error(np.array([True] * 3 + [False] * 7), chances) == pytest.approx(0)
    assert calibration_error(np.array([True] * 10), chances) == pytest.approx(0.7)


def test_parts_are_told_apart() -> None:
    measured = figures_of(np.array([True, False]), np.array([0.9, 0.8]), 0.5, np.array(["one", "other"]))
    assert measured["overall"]["n"] == 2
    assert measured["parts"]["one"]["f1"] == 1
    assert measured["parts"]["other"]["f1"] == 0


def test_a_source_is_never_on_both_sides() -> None:
    groups = [f"source {n % 30}" for n in range(180)]
    folds = folds_by(groups)
    assert all(len(set(folds[[g == group for g in groups]])) == 1 for group in set(groups))
    assert len(set(folds)) == 5


def test_the_command_gives_what_the_contract_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    responses = [
        {"response": TRUE, "labels": []},
        {"response": FALSE, "labels": [{"start": 0, "end": 20}]},
    ]
    file = tmp_path / "piers.jsonl"
    file.write_text(json.dumps({"source_id": 1, "source": SOURCE, "responses": responses}), encoding="utf-8")
    assert main(["eval", "judge", str(file), "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert set(measured) == {"overall", "parts"}
    assert set(measured["parts"]) == {"piers"}
    assert {"f1", "auroc", "balanced_accuracy", "calibration_error", "n"} <= set(measured["overall"])
    assert measured["overall"]["n"] == 2
    assert measured["overall"]["auroc"] == 1


def test_the_weights_that_ship_are_those_of_the_signs() -> None:
    own = read(TRUE)
    assert set(read_fit(FITTED)["weights"]) == set(
        signs(own, evidence_from(own, pieces_of(_judged(TRUE, False))), "", rarity)
    )
    assert set(read_fit(FITTED)["response"]["weights"]) == set(of_response(np.array([0.5]), 0))


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "judge", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl" in capsys.readouterr().err


def test_files_judged_together_are_all_counted(tmp_path: Path) -> None:
    row = {"source_id": 1, "source": SOURCE, "responses": [{"response": TRUE, "labels": []}]}
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        file.write_text(json.dumps(row), encoding="utf-8")
    steps: list[int] = []
    measured = judge_files(files, lambda _what, done, _of: steps.append(done))
    assert measured["overall"]["n"] == 2
    assert steps == [1, 2]
