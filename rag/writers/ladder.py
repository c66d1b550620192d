"""Which writer is asked, and which next when one fails; each one's budget and rest; the words as they come.

A writer runs in a thread of its own, so that whoever waits is never held by a connection that says nothing.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from corpus.errors import NoSuchWriter, WriterError
from corpus.ledger import Ledger, Spent
from rag.writers.port import CHARACTERS_PER_TOKEN, Failed, Prompt, Usage, Writer
from rag.writers.settings import QUOTE, Budget

log = logging.getLogger(__name__)

AUTO = "auto"
TICK_SECONDS = 0.1
# Longer than any answer that was asked for: a model that can't stop.
MOST_CHARACTERS = 6_000


@dataclass(frozen=True)
class State:
    """A writer as `status` shows it."""

    writer: str
    model: str
    ready: bool
    reason: str
    today: Spent
    budget: Budget


class Ladder:
    """The writers by name, and the order in which `auto` tries them; `quote` needs none of them and ends it."""

    def __init__(
        self,
        writers: Sequence[Writer] = (),
        auto: Sequence[str] = (QUOTE,),
        ledger: Ledger | None = None,
        budgets: Mapping[str, Budget] | None = None,
    ) -> None:
        self._writers = {writer.name: writer for writer in writers}
        self._auto = tuple(auto)
        self._ledger = ledger
        self._budgets = budgets or {}

    @property
    def names(self) -> tuple[str, ...]:
        return (AUTO, QUOTE, *self._writers)

    def rungs(self, name: str) -> list[Writer]:
        """Who is asked, in order; none of them is `quote`, which always can. One asked for by name must be able to."""
        if name == AUTO:
            above = self._auto[: self._auto.index(QUOTE)] if QUOTE in self._auto else self._auto
            return [self._writers[one] for one in above if one in self._writers and not self._writers[one].not_ready()]
        if name == QUOTE:
            return []
        if name not in self._writers:
            raise NoSuchWriter(f"There is no writer `{name}`. Use one of: {', '.join(self.names)}.")
        writer = self._writers[name]
        if reason := writer.not_ready() or self._over_budget(writer):
            raise WriterError(f"The writer `{name}` can't write now: {reason.rstrip('.')}.")
        return [writer]

    def is_capable(self, name: str) -> bool:
        """Whether there is such a writer, and it may be trusted with words of its own; whether it can be asked now is another matter."""
        return name in self._writers and self._writers[name].capable

    def closed(self, writer: Writer) -> str:
        """Why this rung is passed over without being asked; empty when it is asked."""
        rest = self._ledger.rest_of(writer.name) if self._ledger else None
        return f"{rest.reason}; it is asked again in {_soon(rest.seconds)}" if rest else self._over_budget(writer)

    def first(self, name: str) -> Writer | None:
        """Who would write an answer now; None is `quote`."""
        rungs = self.rungs(name)
        return next((writer for writer in rungs if name != AUTO or not self.closed(writer)), None)

    def warm(self, name: str, system: str) -> None:
        """Get whoever would be asked first ready; what is wrong is told when it is asked."""
        with suppress(Failed, WriterError):
            for writer in self.rungs(name)[:1]:
                writer.warm(system)

    def states(self) -> list[State]:
        """Every writer, ready or why not."""
        states = [State(QUOTE, "", True, "needs no model", Spent(), Budget())]
        for writer in self._writers.values():
            unready = writer.not_ready()
            reason = unready or self.closed(writer)
            states.append(
                State(
                    writer.name,
                    "" if unready else writer.model,
                    not reason,
                    reason,
                    self._ledger.spent_today(writer.name) if self._ledger else Spent(),
                    self._budgets.get(writer.name, Budget()),
                )
            )
        return states

    @contextmanager
    def writing(self, writer: Writer, prompt: Prompt, stop: threading.Event, usage: Usage) -> Iterator[Iterator[str]]:
        """The words of a writer; what it cost is kept however it ends, and a failure lets it rest."""
        stream = _Stream(writer, prompt, stop, usage)
        refused = False
        try:
            yield stream.words()
        except Failed as failed:
            refused = not (stream.characters or usage.read)  # what was never read is not charged
            if self._ledger and not failed.of_the_question:
                self._ledger.failed(writer.name, failed.reason, failed.rest_seconds, failed.begins_afresh)
            raise
        else:
            if self._ledger and not stop.is_set():
                self._ledger.worked(writer.name)
        finally:
            stream.end()
            if not refused:
                usage.read = usage.read or round(len(prompt.system + prompt.user) / CHARACTERS_PER_TOKEN)
                usage.written = usage.written or round(stream.characters / CHARACTERS_PER_TOKEN)
            if self._ledger:
                spent = Spent(1, usage.read, usage.written, writer.price(usage))
                self._ledger.spend(writer.name, spent)

    def _over_budget(self, writer: Writer) -> str:
        budget = self._budgets.get(writer.name, Budget())
        if not self._ledger or not (budget.tokens or budget.money):
            return ""
        today = self._ledger.spent_today(writer.name)
        if budget.tokens and today.read + today.written >= budget.tokens:
            return f"its budget of {budget.tokens:,} tokens for today is spent"
        if budget.money and today.money >= budget.money:
            return f"its budget of {budget.money:.2f} for today is spent"
        return ""


class _Stream:
    """A writer at work in its own thread; `words` gives an empty string while nothing comes."""

    def __init__(self, writer: Writer, prompt: Prompt, stop: threading.Event, usage: Usage) -> None:
        self.characters = 0
        self._writer, self._prompt, self._usage = writer, prompt, usage
        self._asked_to_stop, self._stop = stop, threading.Event()
        self._queue: queue.Queue[str | Failed | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name=f"writer-{writer.name}", daemon=True)

    def words(self) -> Iterator[str]:
        until = time.monotonic() + self._writer.seconds
        self._thread.start()
        while True:
            if self._asked_to_stop.is_set():
                return
            if time.monotonic() > until:
                raise Failed(f"it took longer than {self._writer.seconds:.0f} seconds")
            try:
                came = self._queue.get(timeout=TICK_SECONDS)
            except queue.Empty:
                yield ""
                continue
            if came is None:
                return
            if isinstance(came, Failed):
                raise came
            self.characters += len(came)
            if self.characters > MOST_CHARACTERS:
                raise Failed("it wrote on without an end")
            yield came

    def end(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        try:
            for words in self._writer.words(self._prompt, self._usage, self._stop):
                self._queue.put(words)
            self._queue.put(None)
        except Failed as failed:
            self._queue.put(failed)
        except Exception as exc:  # a fault of ours or of a library must not look like a slow writer
            log.exception("The writer %s failed.", self._writer.name)
            self._queue.put(Failed(f"it failed ({type(exc).__name__})"))


def _soon(seconds: float) -> str:
    return f"{round(seconds)} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
