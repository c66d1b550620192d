"""Embeds every sentence of the published library ahead of the questions: `python -m rag.prepare`, begun by `fractional serve`.

A process of its own, so that it can stand back: a thread that waits for the processor would hold Python's lock meanwhile.
"""

from __future__ import annotations

import os

from corpus.index import Index
from corpus.settings import read_settings
from rag.answer import Chain

# Work when nobody else wants to.
LAST = 19


def main() -> None:
    if hasattr(os, "nice"):
        os.nice(LAST)
    chain = Chain(Index(read_settings()))
    _, documents, _ = chain.library()
    chain.weigher.prepare(documents.values())


if __name__ == "__main__":
    main()
