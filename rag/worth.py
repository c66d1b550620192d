"""How likely does each of the sentences found answer the question, beside the others? What is beside the point is not quoted. Pure.

A logistic regression over plain signs, fitted by `fractional eval calibrate` on sentences that were graded one by one, of open
cases and of questions asked freely (`evals/reader/graded`), and kept with its figures in `worth.json` beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.evidence import Unit
from rag.logistic import chance, read_fit

FITTED = Path(__file__).with_name("worth.json")


def worths(units: Sequence[Unit]) -> list[float]:
    """For each of the units, best first, how likely it answers at least in part."""
    fit = read_fit(FITTED)
    return [chance(fit, found) for found in signs(units)]


def signs(units: Sequence[Unit]) -> list[dict[str, float]]:
    """What speaks for and against each unit, by name."""
    if not units:
        return []
    first = units[0]
    # What was not read together with the question is taken for as little as the least of what was.
    least = min((unit.features["reader"] for unit in units if unit.features and "reader" in unit.features), default=0.0)
    return [
        {
            "behind": first.score - unit.score,
            "beside_the_first": float((unit.document.id, unit.block) == (first.document.id, first.block)),
            "house": float(unit.document.voice == "house"),
            "reader": known.get("reader", least),
            "passage": known.get("passage", 0.0),
            "tokens": known.get("tokens", 0.0),
            "asked": known.get("asked", 0.0),
        }
        for unit in units
        for known in [unit.features or {}]
    ]
