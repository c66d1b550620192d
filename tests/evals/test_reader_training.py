"""The reader's training: what is graded is found again, a shipped file can be gone on with, and better sentences come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.library import read_library
from corpus.settings import CHECKOUT
from evals.reader.graded import GRADED, OF_CASES, TO_TRAIN, UNSEEN, Graded, figures, opening_of, read_graded
from rag.evidence import as_asked, as_read, units_of
from rag.reader import MODEL, OnnxReader
from tests.library import document

ASKED = "Who answers for the system at night?"


def graded(text: str, *grades: int) -> Graded:
    nights = document("nights", text)
    return Graded(ASKED, units_of(nights), grades)


@pytest.mark.parametrize("file", [TO_TRAIN, OF_CASES, UNSEEN])
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

    assert not asked(TO_TRAIN) & asked(OF_CASES)
    for learned_from in (TO_TRAIN, OF_CASES, GRADED / "library_further.jsonl"):
        assert not asked(UNSEEN) & asked(learned_from)


def test_a_sentence_is_known_by_its_opening_words_whatever_its_marks() -> None:
    assert opening_of("**The owner** answers.") == opening_of("the owner answers")


def test_the_order_is_judged_by_what_comes_first() -> None:
    told = figures([[3, 0, 0], [1, 3, 0], [2, 1, 0], [0, 0, 0]])
    assert told["first is direct"] == 0.25
    assert told["first is direct or partly"] == 0.5
    assert told["a direct one among the first two"] == 0.5
    assert figures([[3, 2, 1, 0]])["nDCG at 5"] == 1.0 > figures([[0, 1, 2, 3]])["nDCG at 5"]


@pytest.mark.slow
def test_a_shipped_reader_can_be_trained_further_and_puts_the_better_sentence_first(tmp_path: Path) -> None:
    from evals.reader.examples import Example
    from evals.reader.train import average, export, network_of, open_tokenizer, train_on_grades

    said = graded("The rota is long. The named owner answers at night. Tea is served.", 0, 3, 0)
    backwards = Graded(ASKED, said.units, (3, 0, 0))
    texts = [as_read(unit) for unit in said.units]
    before = OnnxReader().read(as_asked(ASKED), texts)

    tokenizer = open_tokenizer()
    network = network_of(MODEL)
    again = tmp_path / "again.onnx"
    export(network.eval(), tokenizer, again)
    assert _read(again, texts) == pytest.approx(before, abs=0.1)

    examples = [
        Example(f"Question {n} on {thing}?", f"{thing} {n}", n % 2 == 0, f"d{n}")
        for n, thing in enumerate(("rates", "hours") * 20)
    ]
    train_on_grades(network, tokenizer, [backwards] * 2, examples, steps=12)
    taught = tmp_path / "taught.onnx"
    export(network, tokenizer, taught)
    assert before[1] > before[0]
    first, second, _ = _read(taught, texts)
    assert first - second > before[0] - before[1] + 0.5

    learned, known = network.head.bias.item(), network_of(MODEL).head.bias.item()
    average(network, network_of(MODEL))
    assert network.head.bias.item() == pytest.approx((learned + known) / 2)


def _read(model: Path, texts: list[str]) -> list[float]:
    return OnnxReader(model).read(as_asked(ASKED), texts)
