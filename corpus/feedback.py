"""What readers thought of an answer: good or bad, and why. Kept in the record beside the answer, for the operator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.record import Record, now

LONGEST_REASON = 2_000


@dataclass(frozen=True)
class Feedback:
    """A reader's judgement of one answer; `trace` names the answer in the record."""

    trace: str
    good: bool
    reason: str
    given: str
    question: str
    standalone_question: str
    verdict: str
    writer: str
    snapshot: int
    conversation: str


SELECT = (
    "SELECT f.answer, f.good, f.reason, f.given, a.question, a.standalone, a.verdict, a.writer, a.snapshot, a.conversation "
    "FROM feedback f JOIN answers a ON a.id = f.answer"
)


def keep_feedback(record: Record, trace: str, good: bool, reason: str = "") -> None:
    """In the place of what was said about this answer before; about one that is gone, nothing."""
    with record.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO feedback SELECT id, ?, ?, ? FROM answers WHERE id = ?",
            (good, reason.strip()[:LONGEST_REASON], now(), trace),
        )


def withdraw_feedback(record: Record, trace: str) -> None:
    with record.writing() as connection:
        connection.execute("DELETE FROM feedback WHERE answer = ?", (trace,))


def feedback(record: Record) -> list[Feedback]:
    """All of it, the newest first."""
    with record.reading() as connection:
        return [_feedback(row) for row in connection.execute(f"{SELECT} ORDER BY f.given DESC, f.rowid DESC")]


def feedback_on(record: Record, traces: Iterable[str]) -> dict[str, Feedback]:
    """What was said about these answers."""
    wanted = list(traces)
    with record.reading() as connection:
        rows = connection.execute(f"{SELECT} WHERE f.answer IN ({','.join('?' * len(wanted))})", wanted).fetchall()
    return {row[0]: _feedback(row) for row in rows}


def _feedback(row: tuple[object, ...]) -> Feedback:
    trace, good, *others = row
    return Feedback(trace, bool(good), *others)  # type: ignore[arg-type]
