"""A logistic regression as it is kept: weights by name and a bias. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def chance(kept: Mapping[str, Any], found: Mapping[str, float]) -> float:
    """What the signs found make of the kept `weights` and `bias`, from 0 to 1."""
    return logistic(kept["bias"] + sum(weight * found[name] for name, weight in kept["weights"].items()))


def logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
