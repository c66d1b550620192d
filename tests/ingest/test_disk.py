"""When the disk is full, may not be written or is not there: one clear line, and what was published is as it was."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from corpus.errors import FractionalError, HomeError
from corpus.index import Index
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from tests.children import exit_code, start
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk, sections

KEPT = document("kept", sections("apples", "pears"))
LARGE = document("large", sections(*(f"word{number}" for number in range(120))))
SAID_SO, FELL_OVER = 3, 4


@pytest.fixture
def published(settings: Settings) -> Settings:
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder())
    publisher.publish({"kept": KEPT})
    publisher.record.close()
    return settings


def assert_answers(index: Index) -> None:
    found = index.nearest(index.embed(["The word here is pears. Nobody else says pears."])[0], 1)
    assert "pears" in found[0].chunk.text


def assert_nothing_was_lost(settings: Settings) -> None:
    """The old library answers, and once there is room, the same run goes through."""
    embedder = FakeEmbedder()
    index = Index(settings, embedder)
    if index.record.newest_number() == 1:
        assert index.record.documents() == {"kept": KEPT}
    assert_answers(index)
    Publisher(settings, Record(settings.record_path), FakeEmbedder()).publish({"large": LARGE})
    assert on_disk(settings) == {"kept": KEPT, "large": LARGE}
    assert disagreements(settings, embedder) == []


@pytest.mark.parametrize("pages", [0, 2, 5, 20, 40])
def test_a_full_disk_under_the_record_loses_nothing(published: Settings, pages: int) -> None:
    """A transaction that can't be written is none: half a snapshot must not be left where the space ended."""
    record = Record(published.record_path)
    used = record.connection.execute("PRAGMA page_count").fetchone()[0]
    record.connection.execute(f"PRAGMA max_page_count = {used + pages}")
    with pytest.raises(
        HomeError, match=r"The disk that holds .*home is full. Free some space and run it again; nothing is lost."
    ):
        Publisher(published, record, FakeEmbedder()).publish({"large": LARGE})
    record.close()
    assert not (published.corpus / LARGE.path).exists()
    assert_nothing_was_lost(published)


def publish_with_little_room(settings: Settings, largest_file: int) -> None:
    """In a child process: no file may grow beyond that size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    try:
        Publisher(settings, Record(settings.record_path), FakeEmbedder()).publish({"large": LARGE})
    except FractionalError as error:
        assert "\n" not in str(error)
        os._exit(SAID_SO)
    except BaseException:
        os._exit(FELL_OVER)


@pytest.mark.slow
def test_wherever_the_room_ends_the_run_says_so_and_loses_nothing(published: Settings) -> None:
    """The limit passes through every file in turn: the record's, Chroma's, the documents'. With vectors thrown away for want of
    room to write, no question could be answered any more."""
    ends = []
    for largest_file in (
        1 << 10,
        8 << 10,
        24 << 10,
        40 << 10,
        80 << 10,
        140 << 10,
        180 << 10,
        220 << 10,
        280 << 10,
        350 << 10,
        450 << 10,
    ):
        ends.append(exit_code(start(publish_with_little_room, published, largest_file)))
        index = Index(published, FakeEmbedder())
        assert_answers(index)
        index.record.close()
    assert FELL_OVER not in ends
    assert ends.count(SAID_SO) >= 6
    assert_nothing_was_lost(published)


def test_a_full_disk_under_chroma_is_no_damage(published: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for damage, the vectors were removed to be made anew, which a full disk does not let happen.

    Chroma does not say that it was the disk."""
    import chromadb

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fails(*_: object, **__: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        raise chromadb.errors.InternalError("Error in compaction: Failed to apply logs to the metadata segment")

    monkeypatch.setattr("chromadb.Collection.upsert", fails)
    try:
        with pytest.raises(HomeError, match=r"The disk that holds .*home is full"):
            Publisher(published, Record(published.record_path), FakeEmbedder()).publish({"large": LARGE})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    monkeypatch.undo()
    assert_nothing_was_lost(published)


def test_a_folder_that_can_t_be_written_after_the_commit_is_caught_up_with(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot is made, its file is not there yet: the next run writes it, and does not take its absence for a withdrawal."""

    def fails(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "articles/large.md")

    monkeypatch.setattr("ingest.publish.write_file", fails)
    publisher = Publisher(published, Record(published.record_path), FakeEmbedder())
    with pytest.raises(HomeError, match=r"articles/large\.md can't be written"):
        publisher.publish({"large": LARGE})
    with pytest.raises(HomeError, match=r"articles/large\.md can't be written"):
        publisher.publish()
    assert "large" in publisher.record.documents()
    monkeypatch.undo()
    assert not publisher.publish().anything
    assert on_disk(published) == {"kept": KEPT, "large": LARGE}
    assert disagreements(published, FakeEmbedder()) == []


def test_a_missing_home_is_made_with_all_above_it(settings: Settings, tmp_path: Path) -> None:
    """FRACTIONAL_HOME may name a place that is not there yet."""
    elsewhere = Settings(tmp_path / "a" / "b" / "home", settings.models, settings.corpus, settings.embedder)
    publisher = Publisher(elsewhere, Record(elsewhere.record_path), FakeEmbedder())
    publisher.publish({"kept": KEPT})
    assert disagreements(elsewhere, FakeEmbedder()) == []


@pytest.mark.parametrize("place", ["home", "home/below"])
def test_a_file_in_place_of_the_home_says_so(settings: Settings, place: str) -> None:
    """What the operating system says about it names neither the setting nor the remedy."""
    settings.home.write_text("a file")
    wrong = Settings(settings.home.parent / place, settings.models, settings.corpus, settings.embedder)
    with pytest.raises(HomeError, match=r"can't be used: .* Set FRACTIONAL_HOME to a folder."):
        Record(wrong.record_path)


def test_a_home_that_can_t_be_made_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the folder above belongs to somebody else."""

    def fails(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", fails)
    with pytest.raises(
        HomeError, match=r"home can't be written. Give this user (write )?access or set FRACTIONAL_HOME elsewhere."
    ):
        Record(settings.record_path)


def test_a_record_that_may_only_be_read_says_so(published: Settings) -> None:
    """A home of another user, or on a medium that was mounted read-only."""
    record = Record(published.record_path)
    record.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(HomeError, match="home can't be written"):
        Publisher(published, record, FakeEmbedder()).publish({"large": LARGE})
    record.close()
    assert_nothing_was_lost(published)


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may write everywhere")
def test_a_locked_home_says_so(published: Settings) -> None:
    """The same with the file system's own words."""
    published.record_path.chmod(0o400)
    published.home.chmod(0o500)
    try:
        with pytest.raises(HomeError, match="can't be written"):
            Publisher(published, Record(published.record_path), FakeEmbedder()).publish({"large": LARGE})
    finally:
        published.home.chmod(0o700)
        published.record_path.chmod(0o600)
    assert_nothing_was_lost(published)
