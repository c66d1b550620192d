"""Who judges whether a sentence is supported, and what was judged before. A judge that fails raises `Unjudged`; it never says zero."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from corpus.errors import home_errors

# The judge of sentences that are verbatim.
BY_CONSTRUCTION = "by construction"
CACHE = Path("evals") / "cache" / "judgements.sqlite3"


class Judge(Protocol):
    """Says how likely a sentence is supported by its evidence, from 0 to 1; below its threshold it finds it unsupported."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def threshold(self) -> float: ...

    @property
    def expected(self) -> Mapping[str, Mapping[str, float]]:
        """What it reached on each set when it was measured: its balanced accuracy, and the low end of the interval."""
        ...

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float: ...


class Unjudged(Exception):
    """There is no judgement; the message is one clause that may be kept and shown."""


class Judgements:
    """What was judged before. Its keys hold the judge, its prompt, the scorer and all that was judged, so that nothing is taken for
    another's."""

    def __init__(self, home: Path) -> None:
        self._path = home / CACHE

    def get(self, *key: object) -> float | None:
        with closing(self._opened()) as kept:
            row = kept.execute("SELECT score FROM judgements WHERE key = ?", (_hash(key),)).fetchone()
        return row[0] if row else None

    def put(self, score: float, *key: object) -> None:
        with closing(self._opened()) as kept, kept:
            kept.execute("INSERT OR REPLACE INTO judgements VALUES (?, ?)", (_hash(key), score))

    def _opened(self) -> sqlite3.Connection:
        with home_errors(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._connected()
            except sqlite3.DatabaseError:  # damaged; what it held can be judged again
                self._path.unlink(missing_ok=True)
                return self._connected()

    def _connected(self) -> sqlite3.Connection:
        kept = sqlite3.connect(self._path)
        try:
            kept.execute(
                "CREATE TABLE IF NOT EXISTS judgements (key TEXT PRIMARY KEY, score REAL NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError:
            kept.close()
            raise
        return kept


class Remembering:
    """A judge that is not asked the same thing twice."""

    def __init__(self, judge: Judge, judgements: Judgements) -> None:
        self._judge = judge
        self._judgements = judgements
        self.name, self.version, self.threshold = judge.name, judge.version, judge.threshold
        self.expected = judge.expected

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
        key = (self.name, self.version, sentence, list(evidence), question)
        known = self._judgements.get(*key)
        if known is not None:
            return known
        support = self._judge.support(sentence, evidence, question)
        if math.isfinite(support):
            self._judgements.put(support, *key)
        return support


def supported(judge: Judge, sentence: str, evidence: Sequence[str], question: str) -> bool:
    return checked_support(judge, sentence, evidence, question) >= judge.threshold


def checked_support(judge: Judge, sentence: str, evidence: Sequence[str], question: str) -> float:
    support = judge.support(sentence, evidence, question)
    if not 0 <= support <= 1:  # NaN, too
        raise Unjudged(f"the judge gave {support} where 0 to 1 was asked for")
    return support


def _hash(key: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(key, ensure_ascii=False).encode()).hexdigest()
