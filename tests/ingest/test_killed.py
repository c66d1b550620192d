"""Killed anywhere while publishing: the old snapshot answers, or the new one, never half of it; and the next run makes it good."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from corpus.documents import Document
from corpus.index import Index
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from tests.children import KILLED, Kill, exit_code, start
from tests.fakes import FakeEmbedder
from tests.library import asked, disagreements, document, on_disk, sections, write

pytestmark = pytest.mark.slow

FIRST = {
    "edited": document("edited", sections("apples", "pears", "plums", "figs"), asked=asked("pears", "plums")),
    "withdrawn": document("withdrawn", sections("quinces", "dates"), asked=asked("dates")),
    "steady": document("steady", sections("cherries", "limes")),
}
SECOND = {
    "edited": document("edited", sections("apples", "melons", "plums", "figs"), asked=asked("melons", "plums")),
    "brought": document("brought", sections("lemons", "olives")),
    "steady": FIRST["steady"],
}
ADDED = document("added", sections("nuts", "hops", "oats", "rye", "mint"), asked=asked("rye"))
EDITED = document("steady", sections("cherries", "kiwis", "grapes", "limes", "mangos"))
WORDS = [
    "apples", "pears", "plums", "figs", "quinces", "dates", "cherries", "limes", "melons", "lemons", "olives", "nuts", "hops", "oats", "rye", "mint",
    "kiwis", "grapes", "mangos",
]  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """What is done to a library, and what it holds before and after."""

    before: Mapping[str, Document]
    after: Mapping[str, Document]
    in_folder: bool = False  # the change is made in the folder, and the run only publishes it

    def run(self, publisher: Publisher) -> None:
        if self.after is FIRST and self.before:
            publisher.rollback(1)
        elif self.in_folder:
            publisher.publish()
        else:
            changed = {id: one for id, one in self.after.items() if self.before.get(id) != one}
            publisher.publish(changed | dict.fromkeys(self.before.keys() - self.after.keys()))


SCENARIOS = {
    "first": Scenario({}, FIRST, in_folder=True),
    "add": Scenario(SECOND, SECOND | {"added": ADDED}),
    "edit": Scenario(SECOND, SECOND | {"steady": EDITED}),
    "edit-in-folder": Scenario(SECOND, SECOND | {"steady": EDITED}, in_folder=True),
    "remove": Scenario(SECOND, {id: one for id, one in SECOND.items() if id != "steady"}),
    "rollback": Scenario(SECOND, FIRST),
}

# Before a step is after the one before it.
BEFORE_COMMIT = [
    Kill("ingest.publish.Publisher._chunk", "before"),
    Kill("ingest.publish.Publisher._embed", "before"),
    Kill("ingest.publish.Publisher._write_vectors", "before"),
    Kill("ingest.publish.Publisher._write_snapshot", "before"),
    Kill("corpus.record.Record._bring_lexical_in_line", "before"),  # within the transaction
    Kill("corpus.record.Record._bring_lexical_in_line", "after"),
]
AFTER_COMMIT = [
    Kill("ingest.publish.Publisher._write_snapshot", "after"),
    Kill("ingest.publish.Publisher._write_files", "after", 2),  # the first is for what an earlier run left
    Kill("corpus.record.Record.forget_old", "after"),
    Kill("ingest.publish.Publisher._settle", "after"),
]
# Steps that only some of the scenarios take: half of the embeddings, of the vectors, of the files.
EMBEDS = [
    Kill("tests.fakes.FakeEmbedder.embed", "after"),
    Kill("corpus.record.Record.keep_vectors", "after"),
    Kill("tests.fakes.FakeEmbedder.embed", "after", 2),
    Kill("corpus.vectors.ChromaVectors.put", "before"),
    Kill("corpus.vectors.ChromaVectors.put", "after"),
    Kill("corpus.vectors.ChromaVectors.put", "before", 2),
]
WRITES = [
    Kill("ingest.publish.write_file", "before"),
    # The new file is written beside the old one, and not yet in its place.
    Kill("corpus.library._put_in_place", "before"),
    Kill("ingest.publish.write_file", "after"),  # in its place, and not yet ticked off
]
DELETES = [Kill("ingest.publish.remove_file", "before"), Kill("ingest.publish.remove_file", "after")]
MORE = {
    "first": EMBEDS,
    "add": EMBEDS + WRITES,
    "edit": EMBEDS + WRITES,
    "edit-in-folder": EMBEDS,
    "remove": DELETES,
    "rollback": WRITES + DELETES + [Kill("ingest.publish.write_file", "after", 2)],
}
COMMITTED = {*AFTER_COMMIT, *WRITES, *DELETES, Kill("ingest.publish.write_file", "after", 2)}
CASES = {
    f"{name}-{kill}": (name, name, kill) for name in SCENARIOS for kill in BEFORE_COMMIT + MORE[name] + AFTER_COMMIT
}


def publish_in_small_steps(settings: Settings, scenario: Scenario, kill: Kill) -> None:
    """In a child process: batches of two, so that there is a middle to be killed in."""
    import corpus.index
    import ingest.publish

    ingest.publish.KEEP_EVERY = 2
    corpus.index.VECTORS_AT_ONCE = 2
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    kill.arm()
    scenario.run(publisher)


@pytest.fixture(scope="module")
def second_snapshot(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """A home with two snapshots behind it, to be copied."""
    place = tmp_path_factory.mktemp("second")
    settings = Settings(place / "home", models, place / "corpus", "fake")
    write(settings, *FIRST.values())
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    publisher.publish()
    publisher.publish({"edited": SECOND["edited"], "brought": SECOND["brought"], "withdrawn": None})
    assert disagreements(settings, FakeEmbedder()) == []
    publisher.record.close()
    return place


@pytest.fixture
def prepared(request: pytest.FixtureRequest, settings: Settings, second_snapshot: Path) -> Settings:
    """Home and folder as they are when the scenario begins."""
    scenario = SCENARIOS[request.param]
    if scenario.before:
        shutil.rmtree(settings.corpus)
        for name in ("home", "corpus"):
            shutil.copytree(second_snapshot / name, settings.home.parent / name)
    if scenario.in_folder:
        write(settings, *scenario.after.values())
    return settings


def assert_answers(settings: Settings, library: Mapping[str, Document]) -> None:
    """Each word is found where the library says it, by meaning and by words, and nowhere else; documents are shown as they are."""
    embedder = FakeEmbedder()
    index = Index(settings, embedder)
    assert index.record.documents() == dict(library)
    for word in WORDS:
        expected = {id for id, one in library.items() if word in one.text}
        near = index.nearest(embedder.embed([word])[0], 100)
        by_words = index.record.chunks_numbered([number for number, _ in index.record.lexical(f'"{word}"', 100)])
        assert {found.chunk.document for found in near if word in found.chunk.text} == expected, word
        assert {chunk.document for chunk in by_words.values()} == expected, word
        for found in near:
            assert found.chunk.text == library[found.chunk.document].text[found.chunk.start : found.chunk.end]
    assert len({found.chunk.number for found in near}) == len(near) == len(index.record.chunks())
    index.record.close()


@pytest.mark.parametrize(("prepared", "name", "kill"), CASES.values(), ids=CASES, indirect=["prepared"])
def test_killed_anywhere(prepared: Settings, name: str, kill: Kill) -> None:
    """What used to go wrong: vectors nobody names, temporary files, half a library; and an article embedded twice."""
    scenario = SCENARIOS[name]
    assert exit_code(start(publish_in_small_steps, prepared, scenario, kill)) == KILLED, (
        "it ended without passing there"
    )

    committed = kill in COMMITTED
    assert_answers(prepared, scenario.after if committed else scenario.before)

    # Whoever comes next only publishes: index and folder agree, with the change or without it.
    embedder = FakeEmbedder()
    publisher = Publisher(prepared, Record(prepared.record_path), embedder)
    publisher.publish()
    expected = scenario.after if committed or scenario.in_folder else scenario.before
    assert on_disk(prepared) == dict(expected)
    assert disagreements(prepared, embedder) == []
    assert_answers(prepared, expected)

    # And whoever tries again gets what was meant, once.
    if not committed:
        scenario.run(publisher)
    assert on_disk(prepared) == dict(scenario.after)
    assert disagreements(prepared, embedder) == []
    assert_answers(prepared, scenario.after)
    assert len(embedder.seen) == len(set(embedder.seen))
    snapshots = [snapshot.action for snapshot in publisher.record.snapshots()]
    assert len(snapshots) <= (3 if scenario.before else 1)
    publisher.record.close()


@pytest.mark.parametrize("prepared", ["first"], indirect=True)
def test_what_was_embedded_before_the_kill_is_not_embedded_again(prepared: Settings) -> None:
    """Embedding is what takes minutes: a run killed near the end goes on near the end."""
    child = start(
        publish_in_small_steps, prepared, SCENARIOS["first"], Kill("corpus.record.Record.keep_vectors", "after", 3)
    )
    assert exit_code(child) == KILLED
    embedder = FakeEmbedder()
    done = Publisher(prepared, Record(prepared.record_path), embedder).publish()
    assert done.chunks == 8
    assert done.embedded == len(embedder.seen) == 8 + 6 - 3 * 2  # six questions are asked of the eight
    assert disagreements(prepared, embedder) == []


@pytest.mark.parametrize("prepared", ["add"], indirect=True)
def test_killed_again_and_again(prepared: Settings) -> None:
    """Whoever kills a run often kills the next one, too: nothing piles up, and the last one gets there."""
    scenario = SCENARIOS["add"]
    ends = [
        exit_code(start(publish_in_small_steps, prepared, scenario, kill))
        for kill in (*BEFORE_COMMIT, *EMBEDS, *AFTER_COMMIT)
    ]
    assert set(ends) == {KILLED, 0}  # a step that is done is not taken again
    publisher = Publisher(prepared, Record(prepared.record_path), FakeEmbedder())
    scenario.run(publisher)
    assert disagreements(prepared, FakeEmbedder()) == []
    assert_answers(prepared, scenario.after)
