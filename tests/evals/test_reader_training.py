"""The reader's training: what is graded is found again, a shipped file can be gone on with, and better sentences come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus.library import read_library
from corpus.settings import CHECKOUT
from evals.public_sets import json_lines
from evals.reader.graded import NOT_ANSWERED, OF_CASES, TO_TRAIN, UNSEEN, Graded, figures, opening_of, read_graded
from rag.evidence import as_asked, as_read, units_of
from rag.reader import MODEL, OnnxReader
from tests.library import document

ASKED = "Who answers for the system at night?"


def graded(text: str, *grades: int) -> Graded:
    nights = document("nights", text)
    return Graded(ASKED, units_of(nights), grades)


@pytest.mark.parametrize("file", [*TO_TRAIN, OF_CASES, UNSEEN])
def test_what_was_graded_still_stands_in_the_library(file: Path) -> None:
    library = read_library(CHECKOUT / "corpus").documents
    lines = file.read_text(encoding="utf-8").splitlines()
    found = read_graded(file, library)
    assert len(found) >= 0.95 * len(lines), (
        "much of the library was written anew: its sentences have to be graded again"
    )
    assert all({0, 1, 2, 3} >= set(one.grades) and len(one.units) == len(one.grades) for one in found)


def test_no_question_is_trained_on_and_measured_with() -> None:
    def asked(file: Path) -> set[str]:
        return {one.question for one in read_graded(file, read_library(CHECKOUT / "corpus").documents)}

    learned = set().union(*map(asked, TO_TRAIN))
    assert not learned & asked(OF_CASES)
    measured = asked(UNSEEN) | {line["question"] for line in json_lines(NOT_ANSWERED)}
    assert not measured & (learned | asked(OF_CASES))


def test_near_misses_are_learned_beside_what_is_answered() -> None:
    """From answers alone it would learn that there is always one."""
    library = read_library(CHECKOUT / "corpus").documents
    answered = [one.answered for file in TO_TRAIN for one in read_graded(file, library)]
    assert 0.5 < sum(answered) / len(answered) < 0.8


def test_a_sentence_is_known_by_its_opening_words_whatever_its_marks() -> None:
    assert opening_of("**The owner** answers.") == opening_of("the owner answers")


def test_the_order_is_judged_by_what_comes_first() -> None:
    told = figures([[3, 0, 0], [1, 3, 0], [2, 1, 0], [0, 0, 0]])
    assert told["first is direct"] == 0.25
    assert told["first is direct or partly"] == 0.5
    assert told["a direct one among the first two"] == 0.5
    assert figures([[3, 2, 1, 0]])["nDCG at 5"] == 1.0 > figures([[0, 1, 2, 3]])["nDCG at 5"]


@pytest.mark.slow
def test_a_shipped_reader_can_be_trained_further(tmp_path: Path) -> None:
    from evals.reader.train import average, export, network_of, open_tokenizer

    said = graded("The rota is long. The named owner answers at night. Tea is served.", 0, 3, 0)
    before = _read(MODEL, said)
    again = tmp_path / "again.onnx"
    export(network_of(MODEL).eval(), open_tokenizer(), again)
    assert _read(again, said) == pytest.approx(before, abs=0.1)

    nothing = graded("Bread is sold here. Nights are long.", 0, 1)
    network = _taught([replace(said, grades=(3, 0, 0)), nothing] * 5, again)
    after = _read(again, said)
    assert before[1] > before[0] and after[0] - after[1] > before[0] - before[1] + 0.5

    learned, known = network.head.bias.item(), network_of(MODEL).head.bias.item()
    average(network, network_of(MODEL))
    assert network.head.bias.item() == pytest.approx((learned + known) / 2)


@pytest.mark.slow
def test_it_learns_which_question_none_of_the_sentences_answers(tmp_path: Path) -> None:
    said = graded("The rota is long. The named owner answers at night. Tea is served.", 0, 1, 0)
    elsewhere = graded("Whoever has the key answers. Bread is sold here. Nights are long.", 3, 0, 0)

    def ahead(model: Path) -> float:
        return max(_read(model, said)) - max(_read(model, elsewhere))

    _taught([said, elsewhere] * 5, tmp_path / "taught.onnx")
    assert ahead(tmp_path / "taught.onnx") < ahead(MODEL) - 0.5


def _taught(known: Sequence[Graded], target: Path) -> Any:
    from evals.reader.examples import Example
    from evals.reader.train import export, network_of, open_tokenizer, train_on_grades

    examples = [
        Example(f"Question {n} on {thing}?", f"{thing} {n}", n % 2 == 0, f"d{n}")
        for n, thing in enumerate(("rates", "hours") * 20)
    ]
    network, tokenizer = network_of(MODEL), open_tokenizer()
    train_on_grades(network, tokenizer, _in_documents(known), examples, steps=16)
    export(network, tokenizer, target)
    return network


def _in_documents(asked: Sequence[Graded]) -> list[Graded]:
    """Each in a document of its own: what a question alone gives away is told by what was asked of others."""
    return [
        replace(one, units=tuple(replace(unit, document=replace(unit.document, id=f"d{n}")) for unit in one.units))
        for n, one in enumerate(asked)
    ]


def _read(model: Path, asked: Graded) -> list[float]:
    return OnnxReader(model).read(as_asked(ASKED), [as_read(unit) for unit in asked.units])
