"""Cases, runs and scores: is it still telling the truth, and can we prove it? Knows `rag` and `corpus`."""
