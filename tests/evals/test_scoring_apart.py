"""Scores are made wherever they are asked for."""

from __future__ import annotations

import asyncio

from evals.metrics.scoring import Scoring
from tests.evals.judges import SupportJudge


def test_it_scores_where_an_event_loop_runs_already() -> None:
    """Inside a page or beside a browser's loop every score failed."""

    async def within() -> object:
        return Scoring((), SupportJudge()).scores_of(None)  # type: ignore[arg-type]

    assert asyncio.run(within()) == {}
