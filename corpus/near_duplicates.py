"""Which texts are mostly one text: candidates by runs of words they share, then measured run by run. Knows nothing about documents.

Short texts stand inside long ones, so what counts is the share of the shorter one. MinHash bands find texts that are alike as a
whole and lose a page quoted in a report; so candidates come from a sample of the runs themselves, the same runs in every text.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

# Five words in a row that two texts share are rarely chance; above this share of them, two texts are one (docs/experiments.md).
RUN = 5
DUPLICATE_SHARE = 0.5
# Of a long text one run of four is kept to be found by; a short one is kept whole. So a short text is missed only where it comes
# after the long one and none of the runs they share is kept: of 28, half of a text of 60 words, in 3 cases of 10,000.
SAMPLED = 4
SHORT = 200
# A run that so many texts have is a site's footer or a licence; only a text that has little else is looked up by it, or a thousand
# pages with one footer would all be compared with each other.
MOST_OWNERS = 200
# Of the runs that two duplicates share at least, so many standard deviations fewer may be among those kept.
DEVIATIONS = 4
# One odd number for each place in a run, so that the same words in another order are another run.
PLACES = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], np.uint64
)

Runs = NDArray[np.uint64]


@dataclass(frozen=True)
class Duplicate:
    """A document that shares so much of the shorter one's runs."""

    document: str
    similarity: float


class NearDuplicates:
    """The texts of a library, each compared with those that came before it."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._runs: dict[str, Runs] = {}
        self._kept: dict[str, int] = {}
        self._owners: dict[int, list[str]] = {}
        self.measured = 0  # pairs compared run by run
        for id, text in (texts or {}).items():
            self._keep(id, runs_of(text))

    def add(self, id: str, text: str) -> tuple[Duplicate, ...]:
        """Take a text in, in place of an earlier one of that name; the others that share most with it, nearest first."""
        own = runs_of(text)
        found = []
        for other in self._worth_measuring(id, own):
            self.measured += 1
            share = share_of(own, self._runs[other])
            if share >= DUPLICATE_SHARE:
                found.append(Duplicate(other, round(share, 3)))
        self._keep(id, own)
        return tuple(sorted(found, key=lambda duplicate: (-duplicate.similarity, duplicate.document)))

    def _worth_measuring(self, id: str, own: Runs) -> list[str]:
        found = [owners for run in own.tolist() if (owners := self._owners.get(run))]
        rare = [owners for owners in found if len(owners) < MOST_OWNERS]
        common = len(found) - len(rare)
        if common > len(own) * DUPLICATE_SHARE:
            rare, common = found, 0
        shared = Counter(other for owners in rare for other in owners if other != id)
        return [other for other, runs in shared.items() if runs >= self._fewest(own, other) - common]

    def _fewest(self, own: Runs, other: str) -> float:
        """So many of the runs kept of the other text are in this one, if they are duplicates."""
        kept = self._kept[other] * min(1.0, len(own) / len(self._runs[other]))
        return DUPLICATE_SHARE * kept - DEVIATIONS * sqrt(DUPLICATE_SHARE * (1 - DUPLICATE_SHARE) * kept)

    def _keep(self, id: str, own: Runs) -> None:
        """What an earlier text of that name left among the owners makes a candidate at most."""
        kept = own if len(own) < SHORT else own[own >> np.uint64(32) < (1 << 32) // SAMPLED]
        self._runs[id], self._kept[id] = own, len(kept)
        for run in kept.tolist():
            owners = self._owners.setdefault(run, [])
            if len(owners) < MOST_OWNERS:
                owners.append(id)


def runs_of(text: str) -> Runs:
    """Every five words in a row as a number, sorted and once each; a shorter text is one run."""
    words = np.fromiter((zlib.crc32(word.encode()) for word in re.findall(r"\w+", text.lower())), np.uint64)
    if not len(words):
        return words
    places = PLACES[: min(RUN, len(words))]
    rows = np.lib.stride_tricks.sliding_window_view(words, len(places))
    runs = (rows * places).sum(axis=1, dtype=np.uint64)
    runs ^= runs >> np.uint64(32)
    return np.unique(runs * PLACES[0])  # the sample goes by the highest bits, which are mixed best


def share_of(one: Runs, other: Runs) -> float:
    """How much of the shorter text stands in the longer one."""
    shorter, longer = sorted((one, other), key=len)
    return float(np.isin(shorter, longer, assume_unique=True).mean()) if len(shorter) else 0.0
