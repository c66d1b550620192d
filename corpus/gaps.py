"""The questions that the library could not answer. Kept in the record, until somebody has written about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.record import Record, now


@dataclass(frozen=True)
class Gap:
    """A question that could not be answered, and not after somebody had written the document `written` about it, if that is named."""

    question: str
    asked: str
    times: int
    nearest: tuple[str, ...]
    written: str = ""


def keep_gap(record: Record, question: str, nearest: Sequence[str], snapshot: int) -> None:
    with record.writing() as connection:
        connection.execute(
            "INSERT INTO gaps (asked, question, nearest, snapshot) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (question) DO UPDATE SET times = times + 1, asked = excluded.asked, nearest = excluded.nearest, snapshot = excluded.snapshot",
            (now(), question, json.dumps(list(nearest), ensure_ascii=False), snapshot),
        )


def gaps_of(record: Record) -> list[Gap]:
    rows = record.rows("SELECT question, asked, times, nearest, written FROM gaps ORDER BY times DESC, asked DESC")
    return [
        Gap(row["question"], row["asked"], row["times"], tuple(json.loads(row["nearest"])), row["written"])
        for row in rows
    ]


def drop_gap(record: Record, question: str) -> None:
    """Off the list, until somebody asks it again and is not answered."""
    with record.writing() as connection:
        connection.execute("DELETE FROM gaps WHERE question = ?", (question,))


def mark_gap(record: Record, question: str, written: str) -> None:
    """This document was written about it, and it is still not answered."""
    with record.writing() as connection:
        connection.execute("UPDATE gaps SET written = ? WHERE question = ?", (written, question))
