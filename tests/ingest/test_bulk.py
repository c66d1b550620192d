"""Adding thousands: in batches that stay, each file by itself, and a run that is stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from corpus.documents import Document
from corpus.record import Record
from corpus.settings import Settings
from ingest.add import Given
from ingest.clean import Cleaned, clean
from ingest.embed import Keeping
from ingest.publish import Publisher
from ingest.take_in import TakenIn, take_in
from tests.fakes import FakeEmbedder
from tests.library import disagreements

TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.take_in.BATCH", 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "inputs"
    place.mkdir()
    for number in range(35):
        (place / f"note-{number:02}.md").write_text(
            f"# Note {number}\n\nNumber {number} says this alone, twice{number}.\n"
        )
    return place


def add(publisher: Publisher, folder: Path, **options: object) -> TakenIn:
    return take_in(publisher, [str(folder)], Given(), TODAY, **options)  # type: ignore[arg-type]


def again(settings: Settings) -> Publisher:
    return Publisher(settings, Record(settings.record_path), FakeEmbedder())


def test_it_is_published_in_batches_and_the_last_one_settles(
    settings: Settings, publisher: Publisher, folder: Path
) -> None:
    """All at once, an hour's work was published at its end or never."""
    done = add(publisher, folder)
    sizes = [len(snapshot.changes) for snapshot in publisher.record.snapshots()]
    assert sizes == [5, 10, 10, 10]
    assert done.snapshot == 4
    assert done.summary() == {"added": 35, "changed": 0, "unchanged": 0, "refused": {}}
    assert len(done.passages) == 35
    assert disagreements(settings, FakeEmbedder()) == []


def test_a_large_number_leaves_the_snapshot_before_it_to_be_rolled_back_to(
    publisher: Publisher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten snapshots are kept: forty batches would have made the run final."""
    monkeypatch.setattr("ingest.take_in.BATCH", 1)
    publisher.publish({})
    add(publisher, folder)
    assert publisher.record.newest_number() == 1 + 5
    publisher.rollback(1)
    assert publisher.record.documents() == {}


def test_a_stopped_run_keeps_its_batches_and_goes_on_after_them(
    settings: Settings, publisher: Publisher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done, total) == ("inputs", 27, 35):
            raise KeyboardInterrupt

    publisher.progress = stop
    with pytest.raises(KeyboardInterrupt):
        add(publisher, folder)
    assert len(publisher.record.documents()) == 20
    seen: list[str] = []
    monkeypatch.setattr("ingest.add.clean", lambda text, markdown: seen.append(text) or clean(text, markdown))
    second = again(settings)
    done = add(second, folder)
    assert done.summary() == {"added": 15, "changed": 0, "unchanged": 20, "refused": {}}
    assert len(seen) == len(second.embedder.seen) == 15  # type: ignore[attr-defined]
    assert disagreements(settings, FakeEmbedder()) == []


def test_one_bad_file_never_stops_the_rest_whatever_is_wrong(
    publisher: Publisher, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of our own in reading one file of thousands took all of them down with it."""
    (folder / "note-03.md").write_bytes(b"")
    (folder / "note-04.md").write_bytes(b"")
    (folder / "note-05.md").write_text("# Broken\n\nThis one breaks the reader.\n")

    def breaks(text: str, markdown: bool) -> Cleaned:
        if "breaks the reader" in text:
            raise RecursionError("too deep\nby far")
        return clean(text, markdown)

    monkeypatch.setattr("ingest.add.clean", breaks)
    done = add(publisher, folder)
    assert done.summary() == {
        "added": 32,
        "changed": 0,
        "unchanged": 0,
        "refused": {"the file is empty": 2, "reading it failed (RecursionError too deep by far)": 1},
    }
    assert [done.became(one) for one in done.prepared[2:7]] == ["added", "refused", "refused", "refused", "added"]
    assert "note-05.md" in caplog.text


def test_a_changed_file_among_known_ones_is_the_only_one_published(publisher: Publisher, folder: Path) -> None:
    add(publisher, folder)
    (folder / "note-07.md").write_text("# Note 7\n\nNumber 7 says something else by now.\n")
    done = add(publisher, folder)
    assert done.changes == {"note-07": "changed"}
    assert done.summary()["unchanged"] == 34


def test_who_has_to_agree_sees_all_that_is_new_before_any_of_it_is_published(
    settings: Settings, publisher: Publisher, folder: Path
) -> None:
    """Asked after the first batch, a no would come too late."""
    asked: list[tuple[int, int]] = []

    def no(new: Mapping[str, Document]) -> bool:
        asked.append((len(new), publisher.record.newest_number()))
        return False

    refused = add(publisher, folder, agreed=no)
    assert not refused.agreed
    assert asked == [(35, 0)]
    assert publisher.record.documents() == {}
    assert publisher.record.count("inputs") == 0
    assert add(publisher, folder, agreed=lambda _: True).agreed
    assert len(publisher.record.documents()) == 35
    assert add(publisher, folder, agreed=lambda _: pytest.fail("nothing is new")).agreed


def test_what_was_embedded_to_try_it_is_not_embedded_again(
    settings: Settings, publisher: Publisher, folder: Path
) -> None:
    """The first of four batches used to forget what was embedded for the other three."""
    tried = Settings(settings.home.parent / "copy", settings.models, settings.home.parent / "copied", "fake")
    tried.corpus.mkdir()
    embedder = FakeEmbedder()

    def try_it(new: Mapping[str, Document]) -> bool:
        Publisher(tried, Record(tried.record_path), Keeping(embedder, publisher.record)).publish(dict(new))
        return True

    publisher.embedder = embedder
    add(publisher, folder, agreed=try_it)
    assert len(publisher.record.snapshots()) == 4
    assert len(embedder.seen) == len(set(embedder.seen)) == 35
    assert disagreements(settings, FakeEmbedder()) == []


def test_a_refused_remainder_settles_too(settings: Settings, publisher: Publisher, folder: Path) -> None:
    """The last batch may hold nothing to publish, and what the ones before left must go all the same."""
    for number in range(30, 35):
        (folder / f"note-{number}.md").write_bytes(b"")
    add(publisher, folder)
    assert disagreements(settings, FakeEmbedder()) == []
