"""Everything that scores, opened once for a run: the metrics, the judge behind them, and what is remembered of both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.embedder import Embedder
from evals.metrics.asked import Asked
from evals.metrics.judge import Judge, Judgements, Remembering
from evals.store import Score
from rag.writers.ladder import Ladder

if TYPE_CHECKING:
    from evals.metrics.base import Metric


@dataclass(frozen=True)
class Scoring:
    """The metrics of a run, and the judge that the embedded ones ask."""

    metrics: Sequence[Metric]
    judge: Judge

    @property
    def versions(self) -> dict[str, str]:
        """Two scores may be compared where these are the same."""
        return {one.name: f"{one.version}, {one.judge}" if one.judge else one.version for one in self.metrics}

    def scores_of(self, asked: Asked) -> Mapping[str, Score]:
        from evals.metrics.base import score_of

        async def each() -> dict[str, Score]:
            return {metric.name: await score_of(metric, asked) for metric in self.metrics}

        with ThreadPoolExecutor(1) as apart:  # the thread of whoever calls may have a loop that runs already
            return apart.submit(lambda: asyncio.run(each())).result()


def open_scoring(home: Path, embedder: Embedder, judge: Judge, ladder: Ladder, hosted: str = "") -> Scoring:
    """The embedded metrics; with the name of a hosted model, those that Ragas asks it for, too. Importing Ragas takes seconds."""
    from evals.metrics.embedded import Embeddings, embedded_metrics
    from evals.metrics.hosted import HostedJudge, hosted_metrics
    from evals.run import CHECKS

    judgements = Judgements(home)
    embeddings = Embeddings(embedder)
    metrics = embedded_metrics(Remembering(judge, judgements), embeddings, CHECKS)
    if hosted:
        metrics += hosted_metrics(HostedJudge(ladder, hosted), embeddings, judgements)
    return Scoring(metrics, judge)


def open_judge() -> Judge:
    """The one that ships: it sees nothing of the check that filters answers."""
    from evals.second_opinion import SecondOpinion

    return SecondOpinion.load()
