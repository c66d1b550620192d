"""What a writer of prose is to the chain: a prompt in, words as they come, what they cost; and how it may fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

# Of English, for models of the last years; only budgets rest on it.
CHARACTERS_PER_TOKEN = 4.2


@dataclass(frozen=True)
class Prompt:
    """What is asked of a writer. `system` is the same for every question, so that it is read only once."""

    system: str
    user: str
    passages: int  # numbered from 1 in `user`


def harmless(words: str) -> str:
    """On one line, without the signs that mean something in a prompt: tags, tokens of chat templates, numbers in brackets."""
    for sign, instead in (("<", "‹"), (">", "›"), ("[", "("), ("]", ")"), ("|", "¦"), ("`", "'")):
        words = words.replace(sign, instead)
    return " ".join(words.split())


@dataclass
class Usage:
    """Tokens read and written, told by the writer when it is done, else counted by us."""

    read: int = 0
    written: int = 0


class Failed(Exception):
    """The writer could not write; the message is one clause that a reader may see."""

    def __init__(
        self, reason: str, rest_seconds: float = 0.0, begins_afresh: bool = False, of_the_question: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        # How long the writer itself asks to be left alone.
        self.rest_seconds = rest_seconds
        # The next answer does not meet what failed, so it need not wait the first time.
        self.begins_afresh = begins_afresh
        # Another question may well be answered, so the writer does not rest.
        self.of_the_question = of_the_question


class Writer(Protocol):
    """A model behind any door."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str:
        """What it is, precisely enough that another answer may be expected from another one."""
        ...

    @property
    def seconds(self) -> float:
        """How long one answer may take."""
        ...

    @property
    def passage_tokens(self) -> int:
        """How much evidence it is given: what a big model reads in a blink costs a small one seconds."""
        ...

    @property
    def capable(self) -> bool:
        """Whether it says in its own words what others said; small ones change what was asked, and what was answered."""
        ...

    def not_ready(self) -> str:
        """Why it can't be asked at all, and what to do about it; empty when it can."""
        ...

    def words(self, prompt: Prompt, usage: Usage, stop: threading.Event) -> Iterator[str]:
        """The text as it comes. Raises `Failed`; ends within a second once `stop` is set."""
        ...

    def warm(self, system: str) -> None:
        """What the first answer would otherwise wait for. Raises `Failed`."""
        ...

    def price(self, usage: Usage) -> float:
        """What that cost, in the currency of its settings."""
        ...
