"""Cases, runs and scores: is it still telling the truth, and can we prove it? Knows `rag` and `corpus`."""

import os

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # Ragas phones home otherwise; it looks once, so this comes before it
