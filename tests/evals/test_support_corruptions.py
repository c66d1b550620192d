"""Sentences put wrong on purpose are taken out, and those put otherwise without harm stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.documents import Document
from corpus.library import read_library
from evals.support.corruptions import (
    changed_number,
    in_the_passive,
    negated,
    pairs_of,
    reordered,
    swapped,
    without_adjunct,
    without_caveat,
)
from evals.support.measure import taken_out

LIBRARY = Path(__file__).parents[2] / "corpus"
DOCUMENT = Document(
    "a-guide",
    "article",
    "practitioner",
    "A guide to retainers",
    "A retainer usually costs between $5,000 and $9,000 a month, unless the board asks for more than two days. "
    "In the first week, Acme Partners reads the contracts with Miller Advisors. "
    "The company should not sign before its lawyers agree, and it keeps the rights to its code.",
    source="Acme Partners",
)


def test_a_number_is_changed_into_another() -> None:
    changed = changed_number("It costs $5,000 a month.")
    assert changed is not None
    assert changed != "It costs $5,000 a month."
    assert changed.startswith("It costs $")


@pytest.mark.parametrize(
    ("words", "turned"),
    [("It does not work.", "It work."), ("It is ready.", "It is not ready."), ("Ready or late.", None)],
)
def test_negation_is_put_in_or_taken_out(words: str, turned: str | None) -> None:
    assert negated(words) == turned


def test_the_sides_of_a_comparison_change_places() -> None:
    assert swapped("Evaluation comes before training.") == "training before Evaluation comes."


def test_a_reservation_is_dropped() -> None:
    assert without_caveat("It usually costs little.") == "It costs little."
    assert without_caveat("It costs little.") is None


def test_harmless_rewrites() -> None:
    assert reordered("In the first week, the team reads contracts.") == "The team reads contracts in the first week."
    assert in_the_passive("The board approves the budget.") == "The budget is approved by the board."
    words = "The team reads all of its contracts, including the one with the agency, in week one."
    assert without_adjunct(words) == "The team reads all of its contracts, in week one."


def test_the_same_library_gives_the_same_pairs() -> None:
    documents = {DOCUMENT.id: DOCUMENT}
    assert pairs_of(documents) == pairs_of(documents)
    assert all(
        pair.stands == (pair.kind == "as it stands") for pair in pairs_of(documents) if pair.sentence in DOCUMENT.text
    )


@pytest.mark.slow
def test_what_is_put_wrong_is_taken_out_and_what_is_put_otherwise_stays() -> None:
    """Each sixth document of our own library; the figures of all are in docs/support-model.md."""
    documents = read_library(LIBRARY).documents
    some = {id: documents[id] for id in sorted(documents)[::6]}
    found = taken_out(pairs_of(some))
    assert found["wrong"]["all"] >= 0.9
    assert found["wrong"]["changed number"] >= 0.97
    assert found["right"]["all"] <= 0.05
