"""Taking in: prepare what an operator hands over, publish what is good, and remember both. What `fractional add` does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from corpus.documents import Document
from corpus.quarantine import drop_from_quarantine, passages_let_stand
from corpus.record import StoredChunk
from ingest.add import Fetch, Given, Prepared, find, preparing, to_remember
from ingest.chunk import Chunk
from ingest.fetch import fetch
from ingest.preview import Preview, preview
from ingest.publish import Publisher

# So many new documents are published at once, so that what an interrupted run published stays; of a large number a fifth, so that
# the snapshot before the run is still kept after it.
BATCH = 200
MOST_BATCHES = 5

Agreed = Callable[[Mapping[str, Document]], bool]


@dataclass(frozen=True)
class TakenIn:
    """What became of each input, the passages of each accepted document, and what each new one would change."""

    prepared: Sequence[Prepared]
    passages: Mapping[str, Sequence[Chunk | StoredChunk]]
    snapshot: int
    changes: Mapping[str, str]  # new documents: "added", or "changed" where the library held another version
    previews: Mapping[str, Preview]
    agreed: bool = True

    def became(self, one: Prepared) -> str:
        """What became of an input: added, changed, unchanged or refused."""
        if not (one.document and one.accepted):
            return "refused"
        return self.changes.get(one.document.id, "unchanged")

    def summary(self) -> dict[str, Any]:
        """How many inputs became what, and how many were refused for each reason."""
        became = Counter(map(self.became, self.prepared))
        reasons = Counter(_in_short(one) for one in self.prepared if not one.accepted)
        return {
            **{what: became[what] for what in ("added", "changed", "unchanged")},
            "refused": dict(reasons.most_common()),
        }


def _in_short(one: Prepared) -> str:
    """The reason without what differs from file to file."""
    reason = re.sub(r"^(?::\d+)?: ", "", one.reason.removeprefix(one.input)).split(". ")[0].rstrip(".")
    return re.sub(r"`[^`]*`|\d+|(?<=that of )\S+", "…", reason)


def take_in(
    publisher: Publisher,
    inputs: Iterable[str],
    given: Given,
    today: date,
    *,
    dry_run: bool = False,
    fetch: Fetch = fetch,
    agreed: Agreed | None = None,
) -> TakenIn:
    """Inputs known from before are neither cleaned nor compared, chunked or embedded again. Who has to agree is asked once, with
    all that is new, before any of it is published."""
    record, found = publisher.record, list(find(inputs))
    library = publisher.library()
    taking = _Taking(publisher, library, dry_run)
    each: Iterable[Prepared] = preparing(
        found,
        given,
        library,
        today,
        record.known_input,
        fetch,
        lambda id: passages_let_stand(record, id),
        publisher.progress,
    )
    if agreed:
        each = list(each)
        new = {one.document.id: one.document for one in each if one.document and taking.is_new(one)}
        if new and not agreed(new):
            taking.dry_run = taking.refused = True
    size = max(BATCH, -(-len(found) // MOST_BATCHES))
    batch: list[Prepared] = []
    new_ones = 0
    for one in each:
        if new_ones == size:
            taking.take(batch, last=False)
            batch, new_ones = [], 0
        batch.append(one)
        new_ones += taking.is_new(one)
    taking.take(batch, last=True)
    return TakenIn(
        taking.prepared, taking.passages, record.newest_number(), taking.changes, taking.previews, not taking.refused
    )


@dataclass
class _Taking:
    """A run of taking in, one batch after the other."""

    publisher: Publisher
    library: Mapping[str, Document]
    dry_run: bool
    refused: bool = False
    prepared: list[Prepared] = field(default_factory=list)
    passages: dict[str, Sequence[Chunk | StoredChunk]] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    previews: dict[str, Preview] = field(default_factory=dict)

    def is_new(self, one: Prepared) -> bool:
        return one.document is not None and one.accepted and self.library.get(one.document.id) != one.document

    def take(self, batch: Sequence[Prepared], last: bool) -> None:
        publisher, record = self.publisher, self.publisher.record
        accepted = {one.document.id: one.document for one in batch if one.document and one.accepted}
        new = [one.document for one in batch if one.document and self.is_new(one)]
        if new:
            self.previews |= preview(new, record, publisher.embedder)
        self.changes |= {one.id: "changed" if one.id in self.library else "added" for one in new}
        if not self.dry_run and (accepted or self.changes):
            publisher.publish(accepted, f"add {', '.join(sorted(accepted))[:200]}", settle=last)
            drop_from_quarantine(record, accepted)  # handed in again, mended
            if to_keep := to_remember(batch):
                record.keep_inputs(to_keep)
        if not self.dry_run:
            publisher.keep_in_quarantine(
                {one.input: (one.document, one.quarantined) for one in batch if one.document and one.quarantined}
            )
        self.passages |= publisher.passages_of(accepted.values())
        self.prepared += batch
