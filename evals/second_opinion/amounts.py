"""Numbers by their value: "$1.2 million" is "1,200,000", "twenty" is "20". Knows nothing about evidence. Pure."""

from __future__ import annotations

import re

FIGURE = re.compile(
    r"(?<![\w.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s?(k|m|bn|b|thousand|million|billion)\b)?",
    re.IGNORECASE,
)
TIMES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SPELT = {word: float(value) for value, word in enumerate(UNITS)} | {
    word: 10.0 * value for value, word in enumerate(TENS, start=2)
}
# "One" and "zero" are seldom amounts.
COUNTED = re.compile(
    rf"\b(?:({'|'.join(TENS)})(?:[- ]({'|'.join(UNITS[1:10])}))?|({'|'.join(UNITS[2:])}))\b", re.IGNORECASE
)


def amounts(text: str) -> frozenset[float]:
    """Every number of the text, by value."""
    found = {
        round(float(figure.replace(",", "")) * TIMES.get(times.lower(), 1.0), 6)
        for figure, times in FIGURE.findall(text)
    }
    for tens, unit, small in COUNTED.findall(text.lower()):
        found.add(SPELT[tens] + SPELT.get(unit, 0.0) if tens else SPELT[small])
    return frozenset(found)
