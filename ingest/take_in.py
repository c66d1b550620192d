"""Taking in: prepare what an operator hands over, publish what is good, and remember both. What `fractional add` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from corpus.record import StoredChunk
from ingest.add import Given, Prepared, prepare, to_remember
from ingest.chunk import Chunk
from ingest.publish import Publisher


@dataclass(frozen=True)
class TakenIn:
    """What became of each input, and the passages of each accepted document."""

    prepared: Sequence[Prepared]
    passages: Mapping[str, Sequence[Chunk | StoredChunk]]
    snapshot: int


def take_in(
    publisher: Publisher, inputs: Iterable[str], given: Given, today: date, *, dry_run: bool = False
) -> TakenIn:
    """Inputs known from before are neither cleaned nor compared, chunked or embedded again."""
    record = publisher.record
    prepared = prepare(inputs, given, publisher.library(), today, record.known_input)
    accepted = {one.document.id: one.document for one in prepared if one.document}
    snapshot = record.newest_number()
    if accepted and not dry_run:
        snapshot = publisher.publish(accepted, f"add {', '.join(sorted(accepted))[:200]}").snapshot
        if new := to_remember(prepared):
            record.keep_inputs(new)
    return TakenIn(prepared, publisher.passages_of(accepted.values()), snapshot)
