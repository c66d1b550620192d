"""Several processes on one home: readers see one library and the newest, writers wait for each other, and the dead hold no lock."""

from __future__ import annotations

import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from corpus.documents import Document
from corpus.errors import Busy
from corpus.index import Index, publishing_lock
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from tests.children import context, exit_code, start
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk, sections

pytestmark = pytest.mark.slow

TIMES = 20
NUMBER = re.compile(r"edition (\d+)")
SECTIONS = 4


def edition(number: int) -> dict[str, Document]:
    """Three documents that say in every paragraph which edition they are; one has more paragraphs each time."""
    texts = {"a": SECTIONS, "b": SECTIONS, "growing": number % 7 + 1}
    return {
        id: document(
            id, "\n\n".join(f"## Part {part}\n\nThis is edition {number} of part {part}." for part in range(count))
        )
        for id, count in texts.items()
    }


def editions_seen(index: Index) -> set[int]:
    """Read everything there is, by meaning, by words and as documents, as one question would; which editions that shows."""
    embedder = FakeEmbedder()
    with index.record.reading():
        near = [found.chunk for found in index.nearest(embedder.embed(["edition of part"])[0], 500)]
        by_words = index.record.chunks_numbered([number for number, _ in index.record.lexical('"edition"', 500)])
        documents = index.record.documents()
    texts = [chunk.text for chunk in [*near, *by_words.values()]] + [one.text for one in documents.values()]
    seen = {int(number) for text in texts for number in NUMBER.findall(text)}
    # Whole, too: every chunk of that edition is found both ways, once.
    expected = sum(SECTIONS if id != "growing" else max(seen) % 7 + 1 for id in documents)
    assert (len(near), len({chunk.number for chunk in near}), len(by_words)) == (expected, expected, expected), (
        seen,
        [(c.document, c.number) for c in near],
        sorted(by_words),
    )
    return seen


def read_on(settings: Settings, log: Path, ready: Event, stop: Event) -> None:
    """In a child process: one long-lived reader, as the chat is; a line for each read: begun, ended, what it saw."""
    index = Index(settings, FakeEmbedder())
    with log.open("w") as lines:
        while not stop.is_set():
            began = time.monotonic()
            seen = editions_seen(index)
            lines.write(f"{began} {time.monotonic()} {sorted(seen)}\n")
            ready.set()


def test_readers_see_one_edition_and_after_a_publish_the_newest(settings: Settings) -> None:
    """A second client on one Chroma folder goes on seeing the old vectors: readers stayed stale, or mixed old passages with new titles."""
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    publisher.publish(edition(1))
    stop = context().Event()
    logs = [settings.home.parent / f"reader-{number}" for number in range(2)]
    begun = [context().Event() for _ in logs]
    readers = [start(read_on, settings, log, ready, stop) for log, ready in zip(logs, begun, strict=True)]
    assert all(ready.wait(30) for ready in begun)

    published = [(time.monotonic(), 1)]
    asked = [(0.0, 1)]
    for number in range(2, TIMES + 2):
        asked.append((time.monotonic(), number))
        publisher.publish(edition(number))
        published.append((time.monotonic(), number))
    time.sleep(0.3)
    stop.set()
    assert [exit_code(reader) for reader in readers] == [0, 0]

    for log in logs:
        reads = [re.fullmatch(r"(\S+) (\S+) \[(.*)\]", line) for line in log.read_text().splitlines()]
        assert len(reads) > TIMES
        last = 0
        for read in reads:
            assert read
            began, ended, seen = float(read[1]), float(read[2]), read[3]
            assert seen.isdigit(), f"editions {seen} in one read"
            assert int(seen) >= max(number for when, number in published if when <= began or number == 1), "stale"
            assert int(seen) <= max(number for when, number in asked if when <= ended), "before it was published"
            assert int(seen) >= last
            last = int(seen)
        assert last == TIMES + 1
    assert disagreements(settings, FakeEmbedder()) == []


def test_a_reader_in_the_publishing_process_is_fresh_too(settings: Settings) -> None:
    """The operator's page publishes and searches in one process, over clients that share what Chroma caches."""
    index = Index(settings, FakeEmbedder())
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    for number in range(1, 6):
        publisher.publish(edition(number))
        assert editions_seen(index) == {number}


def publish_slowly(settings: Settings, id: str, log: Path, inside: Event) -> None:
    """In a child process: a publish that takes its time within the lock, and writes down when it was there."""

    class Slow(FakeEmbedder):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            began = time.monotonic()
            inside.set()
            time.sleep(0.5)
            log.write_text(f"{began} {time.monotonic()}")
            return super().embed(texts)

    Publisher(settings, Record(settings.record_path), Slow()).publish({id: document(id, sections(id))})


def test_the_second_publisher_waits_for_the_first(settings: Settings) -> None:
    """Both at once, each from the snapshot it knew, the later commit would withdraw what the earlier one added."""
    ids = ["one", "two", "three"]
    logs = [settings.home.parent / f"publisher-{id}" for id in ids]
    inside = context().Event()
    publishers = [start(publish_slowly, settings, id, log, inside) for id, log in zip(ids, logs, strict=True)]
    assert [exit_code(publisher) for publisher in publishers] == [0, 0, 0]
    times = sorted(tuple(map(float, log.read_text().split())) for log in logs)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times)), times
    assert set(on_disk(settings)) == set(ids)
    assert len(Record(settings.record_path).snapshots()) == 3
    assert disagreements(settings, FakeEmbedder()) == []


def hold_the_lock(settings: Settings, held: Event) -> None:
    lock = publishing_lock(settings)  # let go of when nobody refers to it
    held.set()
    time.sleep(60)
    lock.release()


@pytest.fixture
def holder(settings: Settings) -> Iterator[int]:
    """The id of a process that holds the publishing lock."""
    held = context().Event()
    child = start(hold_the_lock, settings, held)
    assert held.wait(30)
    assert child.pid
    yield child.pid
    child.kill()
    child.join()


def test_who_waits_too_long_is_told_who_holds_it_up(settings: Settings, holder: int) -> None:
    """A second `add` that hangs without a word looks broken."""
    with pytest.raises(Busy, match=r"Another process has been publishing to .*home for 0 s. Wait for it"):
        publishing_lock(settings, patience=0.2)


def test_reading_needs_no_lock(settings: Settings, holder: int, embedder: FakeEmbedder) -> None:
    """Questions are answered while somebody publishes for minutes."""
    began = time.monotonic()
    assert Index(settings, embedder).nearest(embedder.embed(["anything"])[0], 5) == []
    assert time.monotonic() - began < 5


def test_the_dead_hold_no_lock(settings: Settings, holder: int) -> None:
    """A lock file left by a killed run must not keep everybody out until somebody removes it by hand."""
    os.kill(holder, signal.SIGKILL)
    began = time.monotonic()
    publishing_lock(settings, patience=10).release()
    assert time.monotonic() - began < 5
