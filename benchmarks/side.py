"""What the measured processes of both systems share: telling, counting what the model reads, timing questions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from corpus.embedder import OnnxEmbedder, bundled_weights

# How many passages both systems give to a question.
TOP = 5
# Asked before the clock starts, so that caches and lazy imports are not what is measured.
WARMING_QUESTIONS = 10


def tell(**figures: Any) -> None:
    """The last line of a measured process: one JSON document."""
    print(json.dumps(figures), flush=True)


def count_read(texts: Collection[str]) -> dict[str, int]:
    """Chunks, all their tokens, and those the model reads: at most its window of each, its own two included."""
    # Both systems' model has this tokenizer; no weights are loaded here.
    tokenizer = OnnxEmbedder(bundled_weights())
    counts = tokenizer.count_tokens(list(texts))
    return {"chunks": len(counts), "tokens": sum(counts), "read": sum(min(count, tokenizer.window) for count in counts)}


def time_questions(
    file: Path, retrieve: Callable[[str], Sequence[object]], embed: Callable[[str], object]
) -> dict[str, list[float]]:
    """Milliseconds of each question's retrieval and of its embedding alone, turn about, so that noise meets both."""
    questions = json.loads(file.read_text(encoding="utf-8"))
    for question in questions[:WARMING_QUESTIONS]:
        retrieve(question)
    retrieve_ms, embed_ms = [], []
    for question in questions:
        began = time.perf_counter()
        found = retrieve(question)
        between = time.perf_counter()
        embed(question)
        ended = time.perf_counter()
        if not found:
            raise SystemExit(f"nothing was found for: {question}")
        retrieve_ms.append(1000 * (between - began))
        embed_ms.append(1000 * (ended - between))
    return {"retrieve_ms": retrieve_ms, "embed_ms": embed_ms}
