"""A second opinion on written sentences: it grades what the check in `rag/support.py` let through, by other signals and other data."""

from evals.second_opinion.opinion import SecondOpinion, told_by

__all__ = ["SecondOpinion", "told_by"]
