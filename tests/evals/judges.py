"""Judges for tests: the check that filters answers in a judge's clothes, one that says yes to all, one that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.documents import Document
from rag.answers import Quoted
from rag.support import stands_on

NOBODY = Document("evidence", "article", "practitioner", "", "")


class SupportJudge:
    """Quick, and knows a number that is not there; `seen` is every sentence it was asked about."""

    name, version, threshold = "support", "1", 0.5
    expected: Mapping[str, Mapping[str, float]] = {}

    def __init__(self) -> None:
        self.seen: list[str] = []

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
        self.seen.append(sentence)
        return float(not stands_on(sentence, [Quoted(words, NOBODY, (), ()) for words in evidence], question).reason)


class YesToAll(SupportJudge):
    name = "yes"

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
        return 1.0


class Failing(SupportJudge):
    """Raises or gives what it is told to, so often; after that it judges."""

    name = "failing"

    def __init__(self, times: int, gives: float | Exception) -> None:
        super().__init__()
        self.times, self.gives = times, gives

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
        self.times -= 1
        if self.times < 0:
            return super().support(sentence, evidence, question)
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives
