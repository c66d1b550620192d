"""A follow-up put as a question of its own by a capable writer; by rules where there is none, or where it fails.

What it makes is used for looking up and shown to the reader as "understood as", so it may name nothing that nobody said.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from threading import Event

from rag.question import Turn, standalone_question, topic_of
from rag.support import numbers
from rag.words import content_words, names, stems
from rag.writers.ladder import Ladder
from rag.writers.port import Failed, Prompt, Usage, harmless

SYSTEM = (
    "You are given the questions of a conversation on fractional AI CTO work, oldest first, and the newest one. Write the newest question so "
    "that it can be understood alone: put in what it refers to, change nothing else. If it already can, or begins a new topic, repeat it "
    "as it is. Write one line, only the question."
)
# The reader waits for it before anything is looked for.
SECONDS = 6.0
LONGEST_WORDS = 60
QUESTIONS_BEFORE = 4


def understood(ladder: Ladder, writer: str, question: str, history: Sequence[Turn], stop: Event) -> str:
    """What is asked, as it means without the conversation."""
    by_rules = standalone_question(question, history)
    first = ladder.first(writer)
    if not history or first is None or not first.capable:
        return by_rules
    earlier = [topic_of(turn.question)[0] for turn in history[-QUESTIONS_BEFORE:]]
    lines = [f"- {harmless(asked)}" for asked in earlier]
    prompt = Prompt(SYSTEM, "\n".join([*lines, f"Newest: {harmless(question)}"]), 0)
    until, said = time.monotonic() + SECONDS, ""
    try:
        with ladder.writing(first, prompt, stop, Usage()) as words:
            for some in words:
                said += some
                if time.monotonic() > until or "\n" in said.strip():
                    break
    except Failed:
        return by_rules
    rewritten = " ".join(said.split()).removeprefix("Newest:").strip(' "“”')
    return rewritten if time.monotonic() <= until and is_faithful(rewritten, question, earlier) else by_rules


def is_faithful(rewritten: str, question: str, earlier: Sequence[str]) -> bool:
    """Whether it is one question, about what was asked, with no name or number that nobody said."""
    said = " ".join((*earlier, question))
    return (
        rewritten.endswith("?")
        and len(rewritten.split()) <= LONGEST_WORDS
        and numbers(rewritten) <= numbers(said)
        and all(re.search(rf"\b{re.escape(name.lower())}", said.lower()) for name in names(rewritten))
        and len(stems(rewritten) & stems(said)) >= 0.7 * len(content_words(rewritten))
    )
