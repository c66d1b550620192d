"""Reviewing: which documents are due, and whether the page that one was made from still says the same. Changes no document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from corpus.documents import Document, overdue
from corpus.record import Look, Record
from ingest.add import Fetch, Found, Given, nothing_released, nothing_remembered, preparing
from ingest.fetch import fetch
from ingest.publish import Progress, no_progress

SAME, CHANGED, FIRST, UNREACHED = "same", "changed", "first look", "not reached"


@dataclass(frozen=True)
class Seen:
    """What stands at a document's address: the same text as at an earlier look or another one, or why that can't be said."""

    page: str
    since: str = ""  # the day of the look that it is compared with
    reason: str = ""


def due(documents: Iterable[Document], today: date, days: int = 0) -> list[Document]:
    """Documents past their review, or soon to be, the longest first."""
    found = [one for one in documents if overdue(one, today + timedelta(days=days))]
    return sorted(found, key=lambda one: (one.review_by, one.id))


def look(
    record: Record, documents: Iterable[Document], today: date, fetch: Fetch = fetch, progress: Progress = no_progress
) -> dict[str, Seen]:
    """What is at the documents' addresses now. A text is compared with that of the first look at this version of the document, so
    that a change is told of until somebody has dealt with it."""
    wanted = [one for one in documents if one.url]
    before = record.looks()
    seen: dict[str, Seen] = {}
    found = [Found(one.url, one.id, address=one.url) for one in wanted]
    pages = preparing(found, Given(), {}, today, nothing_remembered, fetch, nothing_released, progress)
    for document, page in zip(wanted, pages, strict=True):
        if page.document is None:
            seen[document.id] = Seen(UNREACHED, reason=page.reason)
            continue
        now = Look(document.version, _digest(page.document.text), today.isoformat())
        then = before.get(document.id)
        if then is None or then.version != now.version:
            record.keep_look(document.id, now)
            seen[document.id] = Seen(FIRST)
        else:
            seen[document.id] = Seen(SAME if then.digest == now.digest else CHANGED, since=then.looked)
    return seen


def _digest(text: str) -> str:
    """Of the words alone: a page laid out anew says the same."""
    return hashlib.sha256(" ".join(re.findall(r"\w+", text)).encode()).hexdigest()[:32]
