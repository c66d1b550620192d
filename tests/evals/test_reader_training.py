"""The reader's training: what is graded is found again, a shipped file can be gone on with, and better sentences come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.library import read_library
from corpus.settings import CHECKOUT
from evals.public_sets import json_lines
from evals.reader.examples import examples
from evals.reader.graded import (
    ASKED_UNSEEN,
    ASKED_UNSEEN_FURTHER,
    NEAR_MISSES,
    NOT_ANSWERED,
    PARTLY,
    TO_TRAIN,
    TO_WEIGH,
    UNSEEN,
    Graded,
    figures,
    opening_of,
    read_graded,
)
from rag.evidence import as_asked, as_read, units_of
from rag.reader import MODEL, OnnxReader
from tests.fakes import FakeEmbedder
from tests.library import document

ASKED = "Who answers for the system at night?"


def graded(text: str, *grades: int) -> Graded:
    nights = document("nights", text)
    return Graded(ASKED, units_of(nights), grades)


@pytest.mark.parametrize("file", [*TO_TRAIN, *TO_WEIGH, UNSEEN, ASKED_UNSEEN, ASKED_UNSEEN_FURTHER])
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
    weighed = set().union(*map(asked, TO_WEIGH))
    assert not learned & weighed
    measured = (
        asked(UNSEEN)
        | asked(ASKED_UNSEEN)
        | asked(ASKED_UNSEEN_FURTHER)
        | {line["question"] for line in json_lines(NOT_ANSWERED)}
    )
    assert not measured & (learned | weighed)


def test_near_misses_are_learned_beside_what_is_answered() -> None:
    """From answers alone it would learn that there is always one."""
    library = read_library(CHECKOUT / "corpus").documents
    answered = [one.answered for file in TO_TRAIN for one in read_graded(file, library)]
    assert 0.5 < sum(answered) / len(answered) < 0.8


def test_near_misses_that_their_own_text_answers_after_all_are_no_near_misses() -> None:
    library = read_library(CHECKOUT / "corpus").documents
    called_open = [one for one in examples(library, FakeEmbedder()) if not one.answers]
    answered = {
        (one.question, unit.document.id): unit.words
        for one in read_graded(NEAR_MISSES, library)
        for unit, grade in zip(one.units, one.grades, strict=True)
        if grade >= PARTLY
    }
    assert len(answered) > 200
    assert not [one for one in called_open if answered.get((one.question, one.document), "nothing such") in one.text]


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
    export(network_of(MODEL).eval(), open_tokenizer(), tmp_path / "again.onnx")
    assert _read(tmp_path / "again.onnx", said) == pytest.approx(before, abs=0.1)

    nothing = graded("Bread is sold here. Nights are long.", 0, 1)
    _taught([replace(said, grades=(3, 0, 0)), nothing] * 5, tmp_path / "taught.onnx")
    after = _read(tmp_path / "taught.onnx", said)
    assert before[1] > before[0] and after[0] - after[1] > before[0] - before[1] + 0.25

    taught, known = network_of(tmp_path / "taught.onnx"), network_of(MODEL)
    middle = (taught.head.bias.item() + known.head.bias.item()) / 2
    average(taught, known)
    assert taught.head.bias.item() == pytest.approx(middle)


@pytest.mark.slow
def test_it_learns_which_question_none_of_the_sentences_answers(tmp_path: Path) -> None:
    # Nothing to put in order, so that only what is known of the whole question can teach anything.
    said = graded("The rota is long. The named owner answers at night. Tea is served.", 0, 0, 0)
    elsewhere = graded("Whoever has the key answers.", 3)

    def ahead(model: Path) -> float:
        return max(_read(model, said)) - max(_read(model, elsewhere))

    _taught([said, elsewhere] * 5, tmp_path / "taught.onnx")
    assert ahead(tmp_path / "taught.onnx") < ahead(MODEL) - 0.3


@pytest.mark.slow
def test_what_the_wording_alone_tells_is_learned_from_other_documents() -> None:
    from evals.reader.examples import Example
    from evals.reader.train import told_by_question

    made = [
        Example(f"{'Why did' if n % 2 else 'How long does'} it take, {n}?", "", n % 2 == 0, f"d{n}") for n in range(20)
    ]
    told = told_by_question(made)
    assert min(told[0::2]) > 0 > max(told[1::2])


@pytest.mark.slow
def test_a_question_is_as_sure_as_its_best_sentence_and_its_best_three() -> None:
    """As the judge looks at them: one that alone seems to answer counts for less than three that do."""
    import torch

    from evals.reader.train import _sureness

    assert float(_sureness(torch.tensor([3.0, 0.0, 0.0, -9.0]))) == 2.0
    assert float(_sureness(torch.tensor([3.0]))) == 3.0


@pytest.mark.slow
def test_what_is_learned_of_positions_changes_nothing_else(tmp_path: Path) -> None:
    from evals.reader.examples import Example
    from evals.reader.train import export, learn_sides, network_of, open_tokenizer

    said = graded("The named owner answers at night. Tea is served.", 3, 0)
    texts = [
        "Where practitioners differ, Nights. Who answers at night?",
        "Where practitioners differ, Tea. Is tea served?",
    ]
    network, tokenizer = network_of(MODEL), open_tokenizer()
    learn_sides(network, tokenizer, [Example(ASKED, text, n == 1, "d") for n, text in enumerate(texts)] * 20)
    export(network, tokenizer, tmp_path / "taught.onnx")
    assert _read(tmp_path / "taught.onnx", said) == pytest.approx(_read(MODEL, said), abs=1e-4)
    nights, tea = OnnxReader(tmp_path / "taught.onnx").speaks(ASKED, texts)
    assert tea > 0 > nights


def _taught(known: Sequence[Graded], target: Path) -> None:
    from evals.reader.examples import Example
    from evals.reader.train import export, network_of, open_tokenizer, train_on_grades

    examples = [
        Example(f"Question {n} on {thing}?", f"{thing} {n}", n % 2 == 0, f"d{n}")
        for n, thing in enumerate(("rates", "hours") * 20)
    ]
    network, tokenizer = network_of(MODEL), open_tokenizer()
    train_on_grades(network, tokenizer, _in_documents(known), examples, steps=16)
    export(network, tokenizer, target)


def _in_documents(asked: Sequence[Graded]) -> list[Graded]:
    """Each in a document of its own: what a question alone gives away is told by what was asked of others."""
    return [
        replace(one, units=tuple(replace(unit, document=replace(unit.document, id=f"d{n}")) for unit in one.units))
        for n, one in enumerate(asked)
    ]


def _read(model: Path, asked: Graded) -> list[float]:
    return OnnxReader(model).read(as_asked(ASKED), [as_read(unit) for unit in asked.units])
