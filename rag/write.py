"""Prose from the first writer that can: sentence by checked sentence, down the ladder when one fails."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from threading import Event

from corpus.errors import WriterError
from rag.answers import Answer, Quoted, Removed, SteppedDown, Written
from rag.clock import Clock
from rag.prose import Sentences, checked, declines, prompt_for, sources_from
from rag.verifiers import Verifier
from rag.writers.ladder import AUTO, Ladder
from rag.writers.port import Failed, Usage, Writer

NOTHING_STOOD = "nothing it wrote stood up to the checks"
STOPPED = "it was stopped"

Compose = Callable[[Sequence[Written], Sequence[Removed]], Answer]


def write_down(
    ladder: Ladder,
    name: str,
    question: str,
    pieces: Sequence[Quoted],
    quoted: Answer,
    compose: Compose,
    clock: Clock,
    stop: Event,
    verifier: Verifier | None = None,
) -> Iterator[Answer]:
    """The quotations at once, then with prose above them as it grows. The last answer is whole; the others say who writes."""
    stepped: list[SteppedDown] = []
    made = quoted
    for writer in ladder.rungs(name):
        if name == AUTO and (reason := ladder.closed(writer)):
            stepped.append(SteppedDown(writer.name, reason))
            continue
        try:
            made = yield from _prose(
                ladder, writer, question, pieces, quoted, compose, clock, stop, tuple(stepped), verifier
            )
        except Failed as failed:
            if name != AUTO:
                raise WriterError(
                    f"The writer `{writer.name}` could not write: {failed.reason}. With `auto` another one takes over."
                ) from failed
            stepped.append(SteppedDown(writer.name, failed.reason))
            continue
        if stop.is_set():
            made = replace(made, writing=writer.name, stepped_down=tuple(stepped), timings_ms=clock.timings())
            yield stopped(made)
            return
        if made.writer != writer.name:
            stepped.append(SteppedDown(writer.name, NOTHING_STOOD))
        break
    yield replace(made, stepped_down=tuple(stepped), timings_ms=clock.timings())


def stopped(made: Answer) -> Answer:
    """An unfinished answer as it is kept when nobody waits for the rest."""
    step = SteppedDown(made.writing, STOPPED)
    return replace(made, writing="", stepped_down=(*made.stepped_down, step))


def _prose(
    ladder: Ladder,
    writer: Writer,
    question: str,
    pieces: Sequence[Quoted],
    quoted: Answer,
    compose: Compose,
    clock: Clock,
    stop: Event,
    stepped: tuple[SteppedDown, ...],
    verifier: Verifier | None,
) -> Generator[Answer, None, Answer]:
    """What one writer makes of it; where nothing it wrote stands, the quotations alone."""
    sources = sources_from(pieces, writer.passage_tokens)
    prompt = prompt_for(question, sources)
    sentences, written, removed = Sentences(), list[Written](), list[Removed]()
    usage = Usage()

    def check(sentence: str) -> None:
        if declines(sentence) and not written:
            raise Failed("it declined to answer", of_the_question=True)
        one = checked(sentence, sources, question, written, not writer.capable, verifier)
        if isinstance(one, Written):
            written.append(one)
            clock.mark("first_sentence")
        else:
            removed.append(one)

    made = replace(quoted, writing=writer.name, stepped_down=stepped, timings_ms=clock.timings())
    yield made
    with ladder.writing(writer, prompt, stop, usage) as words, clock.time("prose"):
        for some in words:
            before = len(written)
            for sentence in sentences.more(some):
                check(sentence)
            if len(written) > before:
                made = replace(compose(written, removed), writer=writer.name, writing=writer.name, stepped_down=stepped)
            yield made  # also while nothing comes, so that whoever shows it can stop
        if not stop.is_set():
            for sentence in sentences.last():
                check(sentence)
            if not written and not removed:
                raise Failed("it wrote nothing")
    tokens = {"read": usage.read, "written": usage.written}
    return replace(compose(written, removed), writer=writer.name if written else "quote", tokens=tokens)
