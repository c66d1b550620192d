"""What is measured of an answer: Ragas' metrics and ours in its shape, each with a version; a failed judgement is no score."""

# Of all metrics more is better, but for these.
LOWER_IS_BETTER = frozenset({"taken_out", "wrongly_taken_out"})
