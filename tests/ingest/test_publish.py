"""Publishing: after every run, index and folder say the same, and nothing is embedded that was embedded before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.documents import Asked, format_document
from corpus.errors import DocumentError, NotFound, SettingsError
from corpus.index import Index
from corpus.record import SNAPSHOTS_KEPT, Record
from corpus.settings import Settings
from ingest.publish import Publisher
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk, sections, write

A, B = document("a", sections("apples", "pears")), document("b", sections("plums"))
EDITED = document("a", sections("apples", "quinces"))


def answers(settings: Settings, word: str) -> list[str]:
    """The documents whose passages hold the word, asked for by meaning as a reader would."""
    embedder = FakeEmbedder()
    index = Index(settings, embedder)
    near = index.nearest(embedder.embed([word])[0], 50)
    return sorted({found.chunk.document for found in near if word in found.chunk.text})


def test_the_first_publish_is_the_folder(settings: Settings, publisher: Publisher, embedder: FakeEmbedder) -> None:
    """From nothing: every document searchable, both ways, in one snapshot."""
    write(settings, A, B)
    done = publisher.publish()
    assert (done.snapshot, done.added, done.changed, done.removed) == (1, ("a", "b"), (), ())
    assert done.chunks == done.embedded == 3
    assert disagreements(settings, embedder) == []
    assert answers(settings, "pears") == ["a"]
    assert [row[0] for row in publisher.record.lexical('"plums"', 5)] == [publisher.record.chunks()[2].number]


def test_a_passage_is_found_by_a_question_it_answers(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Readers ask in other words than authors write in; and a question withdrawn finds nothing any more."""
    pears = document(
        "a", sections("apples", "pears"), asked=(Asked("Nobody else says pears", ("Which fruit ripens late?",)),)
    )
    publisher.publish({"a": pears, "b": B})
    question = embedder.embed(["Which fruit ripens late?"])[0]
    first, *others = Index(settings, embedder).nearest(question, 10)
    assert ("pears" in first.chunk.text, round(first.similarity, 3)) == (True, 1.0)
    assert len({first.chunk.number, *(other.chunk.number for other in others)}) == 3  # each passage once
    assert [number for number, _ in publisher.record.lexical('"ripens"', 5)] == [first.chunk.number]
    assert disagreements(settings, embedder) == []

    publisher.publish({"a": A})
    assert Index(settings, embedder).nearest(question, 10)[0].similarity < 0.5
    assert publisher.record.lexical('"ripens"', 5) == []
    assert disagreements(settings, embedder) == []


def test_publishing_again_does_nothing(settings: Settings, publisher: Publisher, embedder: FakeEmbedder) -> None:
    """`make run` publishes each time; a snapshot each time would push the ones worth rolling back to out of reach."""
    write(settings, A, B)
    publisher.publish()
    embedder.seen.clear()
    again = publisher.publish()
    assert (again.snapshot, again.anything, again.embedded) == (1, False, 0)
    assert embedder.seen == []
    assert len(publisher.record.snapshots()) == 1


def test_an_empty_library_is_published_as_one(settings: Settings, publisher: Publisher, embedder: FakeEmbedder) -> None:
    """A fresh home over an empty folder answers, if only that it knows nothing."""
    assert publisher.publish().snapshot == 1
    assert answers(settings, "apples") == []
    assert disagreements(settings, embedder) == []


def test_add_edit_remove_and_add_again(settings: Settings, publisher: Publisher, embedder: FakeEmbedder) -> None:
    """Each step leaves exactly the chunks the documents imply; only words that are new are embedded."""
    steps = [
        ({"a": A}, ("added", ("a",)), 2),
        ({"b": B}, ("added", ("b",)), 1),
        ({"a": EDITED}, ("changed", ("a",)), 1),
        ({"b": None}, ("removed", ("b",)), 0),
        ({"b": B}, ("added", ("b",)), 0),
        ({"a": A}, ("changed", ("a",)), 0),
        ({"a": None, "b": None}, ("removed", ("a", "b")), 0),
        ({"a": A, "b": B}, ("added", ("a", "b")), 0),
    ]
    for number, (changes, (word, ids), embedded) in enumerate(steps, start=1):
        embedder.seen.clear()
        done = publisher.publish(changes)
        assert (done.snapshot, getattr(done, word), done.embedded) == (number, ids, embedded), changes
        assert len(embedder.seen) == embedded
        assert disagreements(settings, embedder) == []
    assert on_disk(settings) == {"a": A, "b": B}
    assert answers(settings, "pears") == ["a"]
    assert answers(settings, "quinces") == []


def test_an_edit_of_the_byline_alone_is_published_and_embeds_nothing(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Who sells what is corrected often, and stands beside every citation; its words have not changed."""
    publisher.publish({"a": A})
    done = publisher.publish({"a": replace(A, sells="audits")})
    assert (done.changed, done.embedded) == (("a",), 0)
    assert publisher.record.document("a").sells == "audits"
    assert disagreements(settings, embedder) == []


def test_a_change_of_kind_moves_the_file(settings: Settings, publisher: Publisher, embedder: FakeEmbedder) -> None:
    """The old file left behind would be a second document with the same id."""
    publisher.publish({"a": A})
    publisher.publish({"a": replace(A, kind="glossary")})
    assert not (settings.corpus / "articles" / "a.md").exists()
    assert (settings.corpus / "glossary" / "a.md").is_file()
    assert disagreements(settings, embedder) == []


def test_edits_in_the_folder_are_published_with_whatever_is_added(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Files are the truth: an edit made in the folder must not be undone by the next `add`."""
    publisher.publish({"a": A})
    write(settings, EDITED)
    done = publisher.publish({"b": B})
    assert (done.added, done.changed) == (("b",), ("a",))
    assert on_disk(settings)["a"] == EDITED
    assert disagreements(settings, embedder) == []


def test_two_documents_with_the_same_words_share_a_vector_and_stay_two(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Removing one must not take the other's vector away."""
    twin = replace(B, id="twin", title=B.title)
    publisher.publish({"b": B, "twin": twin})
    assert answers(settings, "plums") == ["b", "twin"]
    publisher.publish({"b": None})
    assert answers(settings, "plums") == ["twin"]
    assert disagreements(settings, embedder) == []


def test_a_file_that_can_t_be_read_keeps_its_published_version(settings: Settings, publisher: Publisher) -> None:
    """A slip of an editor must not withdraw the article; it is told, and the others are published."""
    publisher.publish({"a": A, "b": B})
    path = settings.corpus / "articles" / "a.md"
    path.write_text(path.read_text().replace("kind: article", "kind: rumour"))
    write(settings, document("c", sections("cherries")))
    done = publisher.publish()
    assert (done.added, done.removed) == (("c",), ())
    assert [str(fault) for fault in done.faults] == [
        f"{path}:3: `kind` is `rumour`. Use one of: article, glossary, position."
    ]
    assert answers(settings, "pears") == ["a"]
    assert "rumour" in path.read_text()


def test_a_published_document_that_the_rules_no_longer_allow_is_mended_in_the_folder(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Rules become stricter; publishing must not fail on the very document that somebody has just put right."""
    publisher.publish({"a": A, "b": B})
    publisher.record.connection.execute("UPDATE versions SET content = 'as it was allowed once' WHERE document = 'a'")
    write(settings, EDITED)
    assert Publisher(settings, Record(settings.record_path), embedder).publish().changed == ("a",)
    assert disagreements(settings, embedder) == []


def test_adding_a_document_anew_mends_its_file(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """The published version stood in for the broken file, so the same document added again looked like no change and the file stayed broken."""
    publisher.publish({"a": A})
    path = settings.corpus / "articles" / "a.md"
    path.write_text("broken")
    publisher.publish({"a": A})
    assert path.read_text() == format_document(A)
    assert disagreements(settings, embedder) == []


def test_a_corpus_folder_that_is_gone_withdraws_nothing(settings: Settings, publisher: Publisher) -> None:
    """A folder that was moved or not mounted looks like one from which everything was removed."""
    publisher.publish({"a": A})
    settings.corpus.rename(settings.corpus.with_name("moved"))
    with pytest.raises(SettingsError, match=r"The corpus folder .* is gone.*Set FRACTIONAL_CORPUS"):
        publisher.publish()
    assert answers(settings, "pears") == ["a"]
    settings.corpus.mkdir()
    assert publisher.publish().removed == ("a",)


def test_a_file_that_leads_out_is_refused_before_anything_is_published(
    settings: Settings, publisher: Publisher, tmp_path: Path
) -> None:
    """Refused after the commit, the write stayed to be done, and every later run failed on it."""
    outside = tmp_path / "outside.md"
    outside.write_text("mine")
    (settings.corpus / "articles").mkdir()
    (settings.corpus / "articles" / "a.md").symlink_to(outside)
    with pytest.raises(DocumentError, match="leads out of the corpus folder"):
        publisher.publish({"a": A})
    assert outside.read_text() == "mine"
    assert publisher.record.newest() is None
    assert publisher.publish({"b": B}).added == ("b",)


def test_another_chunker_or_embedder_indexes_everything_again(
    settings: Settings, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changing the chunk size with the same store reprocessed nothing elsewhere; both are in the snapshot's fingerprint."""
    first, other = FakeEmbedder(), FakeEmbedder("another/fake")
    Publisher(settings, record, first).publish({"a": A, "b": B})
    monkeypatch.setattr("ingest.chunk.CHUNKER_REVISION", 999)
    done = Publisher(settings, record, first).publish()
    assert (done.snapshot, done.anything, done.embedded) == (2, False, 0)
    assert disagreements(settings, first) == []
    done = Publisher(settings, record, other).publish()
    assert (done.snapshot, done.embedded) == (3, 3)
    assert record.vectors_named(1) == {chunk.vector for chunk in record.chunks()}
    near = Index(settings, other).nearest(other.embed(["pears"])[0], 1)
    assert "pears" in near[0].chunk.text


def test_rollback_restores_the_library_and_its_files(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """Rolling back the index alone would be undone by the next publish from the folder."""
    publisher.publish({"a": A, "b": B})
    files = {path: path.read_text() for path in settings.corpus.rglob("*.md")}
    publisher.publish({"a": EDITED, "b": None, "c": document("c", sections("cherries"))})
    embedder.seen.clear()
    done = publisher.rollback(1)
    assert (done.snapshot, done.added, done.changed, done.removed) == (3, ("b",), ("a",), ("c",))
    assert embedder.seen == []
    assert {path: path.read_text() for path in settings.corpus.rglob("*.md")} == files
    assert disagreements(settings, embedder) == []
    assert (answers(settings, "pears"), answers(settings, "cherries")) == (["a"], [])
    assert not publisher.publish().anything
    publisher.rollback(2)  # and forward again
    assert (answers(settings, "quinces"), answers(settings, "plums")) == (["a"], [])


def test_rollback_mends_files_that_were_edited_or_lost_since(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """To the newest snapshot is a rollback, too: of what was done in the folder alone."""
    publisher.publish({"a": A, "b": B})
    (settings.corpus / "articles" / "a.md").write_text("broken")
    (settings.corpus / "articles" / "b.md").unlink()
    write(settings, document("c", sections("cherries")))
    publisher.rollback(1)
    assert on_disk(settings) == {"a": A, "b": B}
    assert disagreements(settings, embedder) == []


def test_rollback_to_what_never_was_or_is_no_longer_kept_says_so(settings: Settings, publisher: Publisher) -> None:
    """A forgotten snapshot that had only withdrawn something was taken for an empty library: everything was withdrawn, files and all."""
    publisher.publish({"a": A, "b": B})
    removed_only = publisher.publish({"b": None}).snapshot
    for number in range(SNAPSHOTS_KEPT):
        publisher.publish({"a": replace(A, owner=f"Person {number}")})
    for snapshot in (1, removed_only):
        with pytest.raises(
            NotFound, match=rf"Snapshot {snapshot} is no longer kept; the last 10 are. `fractional history` lists them."
        ):
            publisher.rollback(snapshot)
    with pytest.raises(NotFound, match=r"There is no snapshot 99. `fractional history`"):
        publisher.rollback(99)
    assert set(on_disk(settings)) == {"a"}
    assert publisher.rollback(3).changed == ("a",)
    assert publisher.record.document("a").owner == "Person 0"


@pytest.mark.slow
def test_old_snapshots_give_their_vectors_back(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder
) -> None:
    """The store of a library edited every day must not grow for ever; the last ten stay whole."""
    for number in range(SNAPSHOTS_KEPT + 5):
        publisher.publish({"a": document("a", sections("always", f"word{number}"))})
    assert disagreements(settings, embedder) == []
    assert publisher.record.count("vectors") == SNAPSHOTS_KEPT + 1
    assert len(publisher.record.snapshots()) == SNAPSHOTS_KEPT + 5


def test_progress_is_told_step_by_step(settings: Settings, record: Record) -> None:
    """The first publish takes a minute; silence looks like a crash."""
    told: list[tuple[str, int, int]] = []
    publisher = Publisher(
        settings, record, FakeEmbedder(), lambda stage, done, total: told.append((stage, done, total))
    )
    publisher.publish({"a": A, "b": B})
    assert told == [("chunking", 1, 2), ("chunking", 2, 2), ("embedding", 3, 3), ("writing vectors", 3, 3)]


def test_the_history_says_who_did_what(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody without a name in the user table, as in a container, must be able to publish, too."""
    monkeypatch.setattr("getpass.getuser", lambda: "jane")
    Publisher(settings, publisher.record, embedder).publish({"a": A}, "add a")

    def nobody() -> str:
        raise KeyError("uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    Publisher(settings, publisher.record, embedder).publish({"a": None}, "remove a")
    newest, first = publisher.record.snapshots()
    assert (first.who, first.action, first.changes) == ("jane", "add a", ({"document": "a", "change": "added"},))
    assert (newest.who, newest.action, newest.changes) == (
        "unknown",
        "remove a",
        ({"document": "a", "change": "removed"},),
    )


def test_what_a_killed_run_was_writing_goes_with_the_next(publisher: Publisher, settings: Settings) -> None:
    """Two hundred kills left one half file in the folder, which nobody would ever have written again."""
    write(settings, document("a"))
    half = settings.corpus / "articles" / ".note.md.writing"
    half.write_text("half a docu", encoding="utf-8")
    publisher.publish()
    assert not half.exists()
    assert set(on_disk(settings)) == {"a"}
