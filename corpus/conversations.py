"""The conversations that were held: listed, searched, named, deleted. Kept in the record, as the answers that belong to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from corpus.record import Record

LONGEST_NAME = 120


@dataclass(frozen=True)
class Conversation:
    """What was asked together; without a name of its own it bears its first question."""

    id: str
    name: str
    asked: str  # last
    questions: int


@dataclass(frozen=True)
class InConversation:
    """An answer as it was given, and what had been asked before it in its conversation, the oldest first."""

    answer: dict[str, Any]
    before: tuple[str, ...]


def conversations(record: Record, holding: str = "", most: int = 100) -> list[Conversation]:
    """The newest first; only those whose name, questions or answers hold all of these words, if any are given."""
    words = holding.split()
    each_word = "".join(
        " AND (names.name LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM answers some WHERE some.conversation = held.conversation "
        "AND NOT some.aside AND (some.question LIKE ? ESCAPE '\\' OR json_extract(some.content, '$.answer') LIKE ? ESCAPE '\\')))"
        for _ in words
    )
    with record.reading() as connection:
        rows = connection.execute(
            "SELECT held.conversation, coalesce(names.name, (SELECT question FROM answers first "
            "WHERE first.conversation = held.conversation AND NOT first.aside ORDER BY asked, rowid LIMIT 1)), "
            "held.asked, held.questions FROM "
            "(SELECT conversation, max(asked) AS asked, max(rowid) AS newest, count(*) AS questions FROM answers "
            "WHERE conversation != '' AND NOT aside GROUP BY conversation) held "
            f"LEFT JOIN conversation_names names ON names.conversation = held.conversation WHERE true{each_word} "
            "ORDER BY held.asked DESC, held.newest DESC LIMIT ?",
            (*(pattern for word in words for pattern in [_anywhere(word)] * 3), most),
        ).fetchall()
    return [Conversation(*row) for row in rows]


def answer_in_conversation(record: Record, trace: str) -> InConversation | None:
    """None where the answer is gone."""
    with record.reading() as connection:
        kept = connection.execute("SELECT content FROM answers WHERE id = ?", (trace,)).fetchone()
        before = connection.execute(
            "SELECT earlier.question FROM answers one JOIN answers earlier USING (conversation) "
            "WHERE one.id = ? AND conversation != '' AND NOT earlier.aside AND earlier.rowid < one.rowid ORDER BY earlier.rowid",
            (trace,),
        ).fetchall()
    return InConversation(json.loads(kept[0]), tuple(row[0] for row in before)) if kept else None


def name_conversation(record: Record, id: str, name: str) -> None:
    """Give it a name; an empty one takes the name away again."""
    named = " ".join(name.split())[:LONGEST_NAME]
    with record.writing() as connection:
        if named:
            connection.execute("INSERT OR REPLACE INTO conversation_names VALUES (?, ?)", (id, named))
        else:
            connection.execute("DELETE FROM conversation_names WHERE conversation = ?", (id,))


def delete_conversation(record: Record, id: str) -> None:
    """Its name, its answers, and what was said about them."""
    with record.writing() as connection:
        connection.execute("DELETE FROM conversation_names WHERE conversation = ?", (id,))
        connection.execute("DELETE FROM answers WHERE conversation = ?", (id,))


def set_aside(record: Record, answer: str, aside: bool = True) -> None:
    """An answer that another is to stand for: no part of its conversation any more, but not forgotten."""
    with record.writing() as connection:
        connection.execute("UPDATE answers SET aside = ? WHERE id = ?", (aside, answer))


def _anywhere(word: str) -> str:
    """A pattern for LIKE that means the word itself."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
