"""What to ask first: questions drawn from the library itself, the same ones each time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.documents import Document

SUGGESTIONS = 4
# A longer title no longer reads as a question at a glance.
LONGEST_SUGGESTION = 100


def suggested_questions(documents: Mapping[str, Document]) -> list[str]:
    """The questions of its positions; where these are too few, the titles of its guides as they are phrased."""
    positions = [d.question for d in documents.values() if d.kind == "position"]
    articles = sorted((d for d in documents.values() if d.kind == "article"), key=lambda d: d.id)
    asks = [d for d in articles if d.title.endswith("?")]
    ranked = (
        sorted(positions),
        [d.title for d in asks if d.voice == "house"],
        [d.title for d in asks],
        [d.title for d in articles if d.voice == "house"],
        [d.title for d in articles],
    )
    chosen: list[str] = []
    for titles in ranked:
        fresh = [title for title in dict.fromkeys(titles) if title not in chosen and len(title) <= LONGEST_SUGGESTION]
        chosen += _spread(fresh, SUGGESTIONS - len(chosen))
    return chosen


def _spread(items: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly from the whole list, so that they are not all about one thing."""
    if len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]
