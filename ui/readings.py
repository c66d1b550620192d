"""What a program may read of the library, as plain data: the same shapes on the command line, over HTTP and for assistants."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.answer import Chain

# A question, not a document.
LONGEST_QUESTION = 2_000
LONGEST_CONVERSATION_ID = 100
LISTED = ("id", "kind", "voice", "title", "source", "author", "url", "published", "review_by", "tags")


def passages(chain: Chain, question: str, top: int) -> dict[str, Any]:
    """The passages nearest to a question, without an answer."""
    from rag.answer import search

    return {
        "passages": [
            {
                "document": found.chunk.document,
                "heading": " › ".join(found.chunk.headings),
                "text": found.chunk.text,
                "start": found.chunk.start,
                "end": found.chunk.end,
                "score": round(found.score, 6),
                "dense_rank": found.dense_rank,
                "lexical_rank": found.lexical_rank,
            }
            for found in search(chain, question, top)
        ]
    }


def documents(chain: Chain, kind: str = "") -> dict[str, Any]:
    """What is published, of one kind or of all."""
    with chain.lock:
        published = chain.index.record.documents().values()
    return {"documents": [{f: getattr(d, f) for f in LISTED} for d in published if not kind or d.kind == kind]}


def document(chain: Chain, id: str) -> dict[str, Any]:
    """One document with its whole text, to which the places of quotations point."""
    with chain.lock:
        data = asdict(chain.index.record.document(id))
    return {"document": data.pop("id"), "title": data.pop("title"), "text": data.pop("text"), **data}
