"""The second opinion sees what a sentence adds, drops and turns round, by vectors alone; the shipped one agrees with people where it did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from corpus.documents import Document
from corpus.embedder import InContext
from evals.second_opinion import SecondOpinion, told_by
from evals.second_opinion.amounts import amounts
from evals.second_opinion.opinion import Eye, Trees, signals_of
from evals.second_opinion.sample import balanced_accuracy_on, read_sample
from evals.second_opinion.train import is_only_measured, kappa, phi
from rag.answers import Quoted
from tests.fakes import FakeEmbedder

EVIDENCE = "The board signs the contract. A retainer may cost 5,000 dollars a month."


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.looked_at: list[str] = []

    def embed_tokens(self, texts: Sequence[str]) -> list[InContext]:
        self.looked_at += texts
        return super().embed_tokens(texts)


def found_in(sentence: str, evidence: Sequence[str] = (EVIDENCE,), question: str = "") -> dict[str, float]:
    found = signals_of(Eye(FakeEmbedder()), lambda _: 1.0, sentence, evidence, question)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("$1.2 million", {1_200_000}),
        ("1,200,000 dollars", {1_200_000}),
        ("5k a month", {5_000}),
        ("twenty-five days", {25}),
        ("Twelve people, 3.5 hours", {12, 3.5}),
        ("one of them", set()),
        ("GPT4 and v2.1", set()),
    ],
)
def test_numbers_are_read_by_value(words: str, values: set[float]) -> None:
    assert amounts(words) == values


def test_a_sentence_as_it_stands_is_met_word_by_word() -> None:
    found = found_in("The board signs the contract.")
    assert found["joint_lowest"] == pytest.approx(1.0, abs=0.01)
    assert found["pairs_best_broken"] == found["left_out"] == found["numbers_unmet"] == 0


def test_a_word_that_nothing_is_like_is_missed() -> None:
    assert (
        found_in("The lawyer signs the contract.")["alone_lowest"]
        < found_in("The board signs the contract.")["alone_lowest"]
    )


def test_two_sides_in_each_others_place_go_backwards() -> None:
    assert (
        found_in("The contract signs the board.")["backwards"] > found_in("The board signs the contract.")["backwards"]
    )


def test_another_amount_is_unmet_and_the_same_in_words_is_not() -> None:
    assert found_in("A retainer may cost 6,000 dollars a month.")["numbers_unmet"] == 1
    assert found_in("A retainer may cost 5 thousand dollars a month.")["numbers_unmet"] == 0


def test_a_denial_that_came_and_a_reservation_that_went() -> None:
    assert found_in("The board never signs the contract.")["denials_more"] == 1
    went = found_in("A retainer cost 5,000 dollars a month.")
    assert (went["reservations_fewer"], went["reservations_left_out"]) == (1, 1)


def test_what_was_only_asked_is_not_told() -> None:
    sentence, question = "The lawyer signs the contract.", "Is it the lawyer?"
    assert found_in(sentence, question=question)["asked_not_told"] > found_in(sentence)["asked_not_told"]


def test_nothing_to_rest_on_or_nothing_said_has_no_signals() -> None:
    eye = Eye(FakeEmbedder())
    assert signals_of(eye, lambda _: 1.0, "The board signs.", (), "") is None
    assert signals_of(eye, lambda _: 1.0, "…", (EVIDENCE,), "") is None


def test_evidence_is_looked_at_once() -> None:
    embedder = CountingEmbedder()
    eye = Eye(embedder)
    for sentence in ("The board signs.", "The board reads."):
        signals_of(eye, lambda _: 1.0, sentence, (EVIDENCE, "Another one."), "")
    sentences = [text for text in embedder.looked_at if text.endswith(".")]
    assert len(sentences) == len(set(sentences)) == 5


def test_who_speaks_and_where_it_stands_is_evidence_too() -> None:
    document = Document("a-guide", "article", "practitioner", "A guide", "It costs little.", source="Example Author")
    told = told_by(
        [Quoted("It costs little.", document, (), ("Costs",)), Quoted("It is slow.", document, (), ("Costs",))]
    )
    assert told[:2] == ("It costs little.", "It is slow.")
    assert set(told[2:]) == {document.speaker, "A guide", "Costs"}


def test_trees_are_walked_from_the_root_to_a_leaf() -> None:
    trees = Trees({"base": 0.5, "features": [[0, 1, 1]], "thresholds": [[0.0, 1.0, 2.0]], "leaves": [[1, 2, 3, 4]]})
    values = {(-1, 0): 1.5, (-1, 2): 2.5, (1, 2): 3.5, (1, 3): 4.5}
    assert {key: trees.log_odds(np.array(key, dtype=np.float32)) for key in values} == values


def test_what_taught_the_filter_is_never_learned_from() -> None:
    """Two judges taught on the same answers err on the same answers."""
    assert is_only_measured("ragtruth_qa")
    assert not is_only_measured("wice_oracle_dev")


def test_agreement_is_beyond_chance() -> None:
    yes = np.array([True, True, False, False])
    assert kappa(yes, yes) == phi(yes, yes) == 1
    assert kappa(yes, np.array([True, False, True, False])) == phi(yes, np.array([True, False, True, False])) == 0
    assert kappa(yes, np.ones(4, dtype=bool)) == 0


@pytest.mark.model
def test_the_shipped_one_tells_what_is_supported() -> None:
    judge = SecondOpinion.load()
    evidence = (
        "A fractional CTO usually works two days a week.",
        "The company keeps the rights to its code.",
        "In the first month, the work is an audit of what runs in production.",
    )
    question = "How much does a fractional CTO work?"

    def stands(sentence: str) -> bool:
        return judge.support(sentence, evidence, question) >= judge.threshold

    assert stands("A fractional CTO usually works two days a week.")
    assert not stands("A fractional CTO usually works four days a week.")
    assert not stands("The company does not keep the rights to its code.")
    assert not stands("Auditors charge extra fees for penetration tests of hospital networks.")
    assert judge.support("…", evidence, question) == judge.support("It works.", (), question) == 0


@pytest.mark.model
@pytest.mark.slow
def test_the_fixed_sample_gives_the_figure_that_is_kept() -> None:
    """A judge that drifts would move the trend of what it grades."""
    judge = SecondOpinion.load()
    sample = read_sample()
    kept = judge.expected["corruptions"]
    assert kept["n"] == len(sample)
    assert balanced_accuracy_on(judge, sample) == pytest.approx(kept["balanced_accuracy"], abs=0.01)
