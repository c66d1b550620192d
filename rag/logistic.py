"""A logistic regression as it is kept: weights by name and a bias, with the figures it had when it was fitted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def read_fit(file: Path) -> Mapping[str, Any]:
    kept: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def chance(kept: Mapping[str, Any], found: Mapping[str, float]) -> float:
    """What the signs found make of the kept `weights` and `bias`, from 0 to 1."""
    return logistic(kept["bias"] + sum(weight * found[name] for name, weight in kept["weights"].items()))


def logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
