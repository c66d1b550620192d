"""What waits for the operator: documents that are never chunked, embedded or retrieved. Kept in the record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.record import Record, now


@dataclass(frozen=True)
class Quarantined:
    """A document that waits for its operator: what it would be, what was found in it, and where it came from."""

    document: str
    content: str
    findings: tuple[dict[str, str], ...]  # each with its text and why
    input: str
    in_folder: bool  # it stands in the corpus folder, put there by hand
    who: str
    kept: str = ""


def quarantined(record: Record) -> dict[str, Quarantined]:
    """Every document in quarantine."""
    return {
        row["document"]: Quarantined(
            row["document"],
            row["content"],
            tuple(json.loads(row["findings"])),
            row["input"],
            bool(row["in_folder"]),
            row["who"],
            row["kept"],
        )
        for row in record.rows("SELECT * FROM quarantine ORDER BY document")
    }


def keep_in_quarantine(record: Record, held: Iterable[Quarantined]) -> None:
    with record.writing() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.document,
                    one.content,
                    json.dumps(one.findings, ensure_ascii=False),
                    one.input,
                    one.in_folder,
                    one.kept or now(),
                    one.who,
                )
                for one in held
            ],
        )


def drop_from_quarantine(record: Record, documents: Iterable[str]) -> None:
    with record.writing() as connection:
        connection.executemany("DELETE FROM quarantine WHERE document = ?", [(id,) for id in documents])


def release_passages(record: Record, document: str, passages: Iterable[str], who: str) -> None:
    """These passages of the document were looked at and may stand."""
    with record.writing() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO released VALUES (?, ?, ?, ?)",
            [(document, passage, now(), who) for passage in passages],
        )


def passages_let_stand(record: Record, document: str) -> set[str]:
    """The passages of the document that were looked at and may stand."""
    return {row["passage"] for row in record.rows("SELECT passage FROM released WHERE document = ?", document)}
