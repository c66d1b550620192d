"""Killed at any moment, again and again: adding in bulk, editing, withdrawing and rolling back; the library answers after each."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from multiprocessing.synchronize import Event

import pytest

from corpus.index import Index
from corpus.record import SNAPSHOTS_KEPT, Record
from corpus.settings import Settings
from ingest.add import Given
from ingest.publish import Publisher
from ingest.take_in import take_in
from rag.answer import Chain, search
from tests.children import PATIENCE_SECONDS, context, start
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk, write

QUESTION = "Who keeps the lighthouse at Skagen?"
STEADY = document("steady", "## The lighthouse\n\nThe lighthouse at Skagen is kept by two sisters.\n")
# Eight passages each: more than a thousand vectors, from where on Chroma keeps a graph in files.
NOTES, SECTIONS = 130, 8
WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll larch marsh north ocean prairie quarry ridge".split()


def note(dice: random.Random) -> str:
    return "\n\n".join(
        f"## Part {part}\n\nThe {dice.choice(WORDS)} lies by the {dice.choice(WORDS)}, {dice.randrange(10**6)} steps away."
        for part in range(SECTIONS)
    )


def named(number: int) -> str:
    return f"note-{number:03}"


def add_in_bulk(publisher: Publisher, ids: list[str], dice: random.Random) -> None:
    folder = publisher.settings.home.parent / "inputs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for id in ids:
        (folder / f"{id}.md").write_text(f"# {id}\n\n{note(dice)}\n")
    take_in(publisher, [str(folder)], Given(), date(2026, 3, 1))


def edit(publisher: Publisher, ids: list[str], dice: random.Random) -> None:
    publisher.publish({id: document(id, note(dice)) for id in ids}, "edit")


def edit_in_the_folder(publisher: Publisher, ids: list[str], dice: random.Random) -> None:
    write(publisher.settings, *(document(id, note(dice)) for id in ids))
    publisher.publish(action="edit in the folder")


def withdraw(publisher: Publisher, ids: list[str], dice: random.Random) -> None:
    publisher.publish(dict.fromkeys(ids), "withdraw")


def roll_back(publisher: Publisher, ids: list[str], dice: random.Random) -> None:
    publisher.rollback(dice.choice(publisher.record.snapshots(5)).number)


Deed = Callable[[Publisher, list[str], random.Random], None]
# With how many documents each has to do.
DEEDS: dict[Deed, int] = {add_in_bulk: 30, edit: 3, edit_in_the_folder: 3, withdraw: 5, roll_back: 0}


def do(settings: Settings, deed: Deed, ids: list[str], seed: int, begun: Event) -> None:
    """In a child process, with batches small enough that there are several."""
    import corpus.index
    import ingest.publish
    import ingest.take_in

    ingest.publish.KEEP_EVERY, corpus.index.VECTORS_AT_ONCE, ingest.take_in.BATCH = 20, 50, 10
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    begun.set()
    deed(publisher, ids, random.Random(seed))


def assert_it_answers(settings: Settings) -> list[dict[str, str]]:
    """The question finds its passage, and every passage found is what its document says there. What the kept snapshots hold."""
    index = Index(settings, FakeEmbedder())
    record = index.record
    found = search(Chain(index), QUESTION)
    assert found[0].chunk.document == "steady"
    assert "two sisters" in found[0].chunk.text
    documents = record.documents()
    for passage in found:
        assert passage.chunk.text == documents[passage.chunk.document].text[passage.chunk.start : passage.chunk.end]
    held = [record.versions_in(snapshot.number) for snapshot in record.snapshots(SNAPSHOTS_KEPT)]
    record.close()
    return held


@pytest.fixture
def home(settings: Settings) -> Settings:
    dice = random.Random(0)
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    publisher.publish({one.id: one for one in (STEADY, *(document(named(n), note(dice)) for n in range(NOTES)))})
    publisher.record.close()
    return settings


@pytest.mark.parametrize("kills", [pytest.param(10, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.soak)])
def test_killed_at_random_moments_the_library_answers_and_in_the_end_agrees(home: Settings, kills: int) -> None:
    """What goes wrong between two steps that nobody thought of killing between, or after the third kill in a row."""
    dice = random.Random(kills)
    lasts: dict[str, float] = {}
    killed: Counter[str] = Counter()
    kept = assert_it_answers(home)
    in_folder: set[str] = set()  # edited there, and maybe not published yet
    while killed.total() < kills:
        deed, seed = dice.choice([*DEEDS]), dice.randrange(10**9)
        ids = [named(number) for number in dice.sample(range(NOTES), DEEDS[deed])]
        begun = context().Event()
        child = start(do, home, deed, ids, seed, begun)
        assert begun.wait(PATIENCE_SECONDS)
        since = time.monotonic()
        child.join(dice.random() * lasts.get(deed.__name__, 1.0))
        ended = child.exitcode is not None
        if ended:
            assert child.exitcode == 0, deed.__name__
            lasts[deed.__name__] = time.monotonic() - since
        else:
            child.kill()
            child.join()
            killed[deed.__name__] += 1
        before, (now, *_) = kept, (kept := assert_it_answers(home))
        if deed is roll_back:
            assert now in before, "neither what it was nor what it was to be"
        else:
            changed = {id for id in now.keys() | before[0].keys() if now.get(id) != before[0].get(id)}
            assert changed <= {*ids, *in_folder}, f"{deed.__name__} undid what was published before"
        in_folder = set() if ended else in_folder | (set(ids) if deed is edit_in_the_folder else set())

    publisher = Publisher(home, Record(home.record_path), FakeEmbedder())
    publisher.publish()
    publisher.record.close()
    assert on_disk(home)["steady"] == STEADY
    assert disagreements(home, FakeEmbedder()) == []
    assert kills < 100 or len(killed) == len(DEEDS)
