"""The record: one file that is the only commit point. What a snapshot names is there, whole, and nothing else is."""

from __future__ import annotations

import json
import sqlite3

import pytest

from corpus.documents import Document, format_document
from corpus.errors import HomeError, NotFound, RecordError
from corpus.gaps import gaps_of, keep_gap
from corpus.record import SNAPSHOTS_KEPT, KnownInput, NewChunk, Record
from corpus.schema import SCHEMA_VERSION
from corpus.settings import Settings
from tests.library import document

CHUNKER, FINGERPRINT = "one-chunk-a-line", "fake"


def lines(one: Document) -> list[NewChunk]:
    """A chunk for each line: enough for a record, which knows nothing about chunking."""
    chunks, start = [], 0
    for ordinal, line in enumerate(one.text.split("\n")[:-1]):
        chunks.append(NewChunk(ordinal, ("Heading",), start, start + len(line), line, f"vector of {line}"))
        start += len(line) + 1
    return chunks


def publish(record: Record, *documents: Document, chunker: str = CHUNKER, action: str = "publish") -> int:
    """A snapshot of exactly these documents."""
    newest = record.newest()
    known = record.versions_in(newest.number) if newest and newest.chunker == chunker else {}
    versions = {one.id: one.version for one in documents}
    record.keep_vectors({chunk.vector: chunk.vector.encode() for one in documents for chunk in lines(one)})
    return record.publish(
        who="test",
        action=action,
        fingerprint=FINGERPRINT,
        chunker=chunker,
        versions=versions,
        new_documents={
            versions[one.id]: (format_document(one), one, lines(one))
            for one in documents
            if known.get(one.id) != versions[one.id]
        },
        changes=[{"document": one.id, "change": "added"} for one in documents],
        files={one.path: format_document(one) for one in documents},
    )


def found(record: Record, word: str) -> list[str]:
    """The texts the lexical index finds for a word, best first."""
    numbers = [number for number, _ in record.lexical(f'"{word}"', 50)]
    chunks = record.chunks_numbered(numbers)
    return [chunks[number].text for number in numbers]


def texts(record: Record) -> list[str]:
    return [chunk.text for chunk in record.chunks()]


def test_a_new_home_gets_a_record_and_an_old_one_is_opened_as_it_is(settings: Settings) -> None:
    """Opening must neither fail where nothing is nor touch what is there."""
    record = Record(settings.record_path)
    assert (record.newest(), record.newest_number(), record.documents(), record.chunks()) == (None, 0, {}, [])
    publish(record, document("a"))
    record.close()
    assert set(Record(settings.record_path).documents()) == {"a"}


def test_the_record_survives_a_power_cut_and_lets_others_read_meanwhile(record: Record) -> None:
    """Without WAL a reader blocks the publisher; without FULL the last snapshot may be gone with the power."""
    pragmas = [
        record.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    assert pragmas == ["wal", 2, 1]


def test_a_record_of_a_newer_version_is_left_alone(settings: Settings, record: Record) -> None:
    """An older program would misread it, and its first write would damage it."""
    record.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    record.close()
    with pytest.raises(
        RecordError, match=r"written by a newer version.*Update the program or use another FRACTIONAL_HOME"
    ):
        Record(settings.record_path)


def test_a_record_of_the_first_version_is_brought_up_to_date(settings: Settings, record: Record) -> None:
    """Made before inputs and questions were remembered, it must not have to be moved aside for that."""
    publish(record, document("a", "Pears keep.\n"))
    record.connection.executescript(
        "DROP TABLE inputs; DROP TABLE questions; DROP TABLE lexical; DROP TABLE quarantine; DROP TABLE released; DROP TABLE looks; "
        "DROP TABLE spent; DROP TABLE resting; DROP TABLE conversation_names; DROP TABLE feedback; "
        "DROP INDEX answers_by_key; ALTER TABLE answers DROP COLUMN key; ALTER TABLE answers DROP COLUMN aside; "
        "ALTER TABLE gaps DROP COLUMN written; "
        "CREATE VIRTUAL TABLE lexical USING fts5 (title, headings, body); PRAGMA user_version = 1"
    )
    record.close()
    newer = Record(settings.record_path)
    assert set(newer.documents()) == {"a"}
    assert found(newer, "pears") == ["Pears keep."]
    newer.keep_inputs({"key": KnownInput("a", "version", "told")})
    assert Record(settings.record_path).known_input("key") == KnownInput("a", "version", "told")
    assert newer.known_input("another") is None


@pytest.mark.parametrize("damage", ["garbage", "torn pages", "cut short"])
def test_a_damaged_record_is_named_with_what_to_do(settings: Settings, record: Record, damage: str) -> None:
    """`file is not a database` helps nobody; which file, and that the documents are safe, does."""
    publish(record, *(document(f"d{number}", f"words {number}\n" * 200) for number in range(20)))
    record.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    record.close()
    raw = settings.record_path.read_bytes()
    torn = raw[:4096] + b"\xa5" * (len(raw) - 4096)
    settings.record_path.write_bytes(
        {"garbage": b"\xa5" * len(raw), "torn pages": torn, "cut short": raw[: len(raw) // 3]}[damage]
    )
    with pytest.raises(RecordError) as caught:
        Record(settings.record_path).documents()
    message = str(caught.value)
    assert str(settings.record_path) in message
    assert "Move it aside and `fractional restore` a backup, or run `fractional publish`" in message
    assert "\n" not in message


def test_a_snapshot_names_one_version_of_each_document(record: Record) -> None:
    """History is what rollback and every answer's snapshot number rest on: an edit must not rewrite it."""
    first = publish(record, document("a", "old"), document("b"), action="first")
    second = publish(record, document("a", "new"), action="second")
    assert (first, second) == (1, 2)
    assert {id: one.text for id, one in record.documents().items()} == {"a": "new\n"}
    assert {id: "old" in content for id, content in record.contents_in(first).items()} == {"a": True, "b": False}
    assert [snapshot.action for snapshot in record.snapshots()] == ["second", "first"]
    snapshot = record.snapshot(1)
    assert (snapshot.who, snapshot.chunker, snapshot.fingerprint) == ("test", CHUNKER, FINGERPRINT)
    assert snapshot.changes[0] == {"document": "a", "change": "added"}
    with pytest.raises(NotFound, match="no snapshot 3"):
        record.snapshot(3)
    with pytest.raises(NotFound, match=r"no document `b` in the library. `fractional list`"):
        record.document("b")


def test_the_lexical_index_holds_exactly_the_newest_snapshot(record: Record) -> None:
    """A row too many cites a withdrawn article; a row too few hides a published one."""
    publish(record, document("a", "apples stay\npears go"), document("b", "plums go"))
    publish(record, document("a", "apples stay\ncherries come"), document("c", "quinces come"))
    assert texts(record) == ["apples stay", "cherries come", "quinces come"]
    assert found(record, "pears") == found(record, "plums") == []
    assert found(record, "cherries") == ["cherries come"]
    rows = {row[0] for row in record.connection.execute("SELECT rowid FROM lexical")}
    assert rows == {chunk.number for chunk in record.chunks()}
    publish(record, document("b", "plums go"))  # a document comes back
    assert texts(record) == found(record, "plums") == ["plums go"]
    assert record.count("lexical") == 1


def test_words_are_found_in_other_forms_and_titles_count_most(record: Record) -> None:
    """Somebody asks for `hiring`, the text says `hire`; and an article about it comes before one that mentions it."""
    publish(
        record,
        document("x", "We hired plumbers once, long ago.", title="Cost"),
        document("y", "It is costs.", title="Hiring plumbers"),
    )
    assert found(record, "plumber") == ["It is costs.", "We hired plumbers once, long ago."]
    assert found(record, "hire")[0] == "It is costs."
    assert set(found(record, "heading")) == {"It is costs.", "We hired plumbers once, long ago."}
    publish(record, document("z", "Das Büro in Zürich."))
    assert found(record, "zurich") == ["Das Büro in Zürich."]


def test_chunking_otherwise_replaces_the_chunks(record: Record) -> None:
    """After an update of the chunker, chunks of both kinds side by side would double every passage."""
    publish(record, document("a", "one\ntwo"))
    publish(record, document("a", "one\ntwo"), chunker="another")
    assert texts(record) == ["one", "two"]
    assert record.count("chunks") == 4  # the older snapshot keeps its own
    assert record.count("lexical") == 2


def test_chunks_of_some_documents_are_theirs_in_order(record: Record) -> None:
    """`add` shows the passages of what was added, not those of a library of thousands."""
    publish(record, document("a", "one\ntwo"), document("b", "three"), document("c", "four"))
    assert [chunk.text for chunk in record.chunks(["c", "a", "unknown"])] == ["one", "two", "four"]
    assert record.chunks([]) == []


def test_a_document_read_again_is_the_published_one(record: Record) -> None:
    """Documents that were read are kept by version; an edit, and going back on it, must be seen all the same."""
    for text in ("old", "new", "old"):
        publish(record, document("a", text))
        for ids in (None, ["a"]):
            [found] = record.documents(ids).values()
            assert (found, found.version) == (document("a", text), document("a", text).version)


def test_a_few_chunks_are_looked_up_and_not_searched_for(record: Record) -> None:
    """SQLite read every chunk of the snapshot for the fifty nearest: most of the time of a search, and more with each document."""
    publish(record, *(document(f"d{number}", f"text {number}") for number in range(30)))
    for column in ("vector", "number"):
        plan = record.connection.execute(
            f"EXPLAIN QUERY PLAN {record.A_FEW} AND c.{column} IN ({'?,' * 49}?)", range(50)
        )
        steps = [row["detail"] for row in plan]
        assert not [step for step in steps if step.startswith(("SCAN", "SEARCH s USING PRIMARY KEY (snapshot=?)"))]
    some = {chunk.number: chunk for chunk in record.chunks()[3:5]}
    assert record.chunks_numbered(list(some)) == some


def test_vectors_find_the_published_chunks_and_no_others(record: Record) -> None:
    """Chroma knows vectors of all kept snapshots; what it returns is kept only if the newest names it."""
    publish(record, document("a", "old"), document("b", "same\nsame"))
    publish(record, document("a", "new"), document("b", "same\nsame"))
    chunks = record.chunks_of_vectors(["vector of old", "vector of new", "vector of same", "vector of nothing"])
    assert {key: [chunk.text for chunk in some] for key, some in chunks.items()} == {
        "vector of new": ["new"],
        "vector of same": ["same", "same"],
    }
    assert record.vectors_named() == {"vector of old", "vector of new", "vector of same"}
    assert record.vectors_named(1) == {"vector of new", "vector of same"}


def test_a_publish_that_fails_leaves_nothing_behind(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a snapshot would answer with half an article."""
    publish(record, document("a", "old"))
    before = list(record.connection.iterdump())

    def fails(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(record, "_bring_lexical_in_line", fails)
    monkeypatch.setattr(record, "keep_vectors", lambda _: None)
    with pytest.raises(HomeError, match=r"The disk that holds .* is full"):
        publish(record, document("a", "new"), document("b"))
    assert list(record.connection.iterdump()) == before
    monkeypatch.undo()
    assert publish(record, document("a", "new")) == 2


def test_readers_see_one_library_while_another_is_published(settings: Settings, record: Record) -> None:
    """Titles of one snapshot with passages of the next make a citation that leads nowhere."""
    publish(record, document("a", "old"))
    other = Record(settings.record_path)
    with record.reading():
        assert texts(record) == ["old"]
        publish(other, document("a", "new"))
        with record.reading():  # a reading within a reading is the same one
            assert texts(record) == found(record, "old") == ["old"]
            assert record.newest_number() == 1
    assert texts(record) == found(record, "new") == ["new"]


def test_what_no_kept_snapshot_names_is_forgotten_and_the_rest_stays(record: Record) -> None:
    """Without forgetting the record grows for ever; forgetting too much breaks rollback."""
    for number in range(SNAPSHOTS_KEPT + 3):
        publish(record, document("a", f"text {number}"), document("b", "the same"))
        version = document("a", f"text {number}").version
        record.keep_inputs({f"input {number}": KnownInput("a", version, "")})
    record.keep_vectors({"of a run that was killed": b"x"})
    record.forget_old()
    assert record.count("snapshots") == SNAPSHOTS_KEPT + 3  # what happened stays
    assert record.contents_in(3) == {}
    assert len(record.contents_in(4)) == 2
    assert (record.is_kept(3), record.is_kept(4), record.is_kept(13), record.is_kept(14)) == (False, True, True, False)
    assert record.count("chunks") == SNAPSHOTS_KEPT + 1
    assert record.vectors_known(record.vectors_named()) == record.vectors_named()
    assert record.count("vectors") == SNAPSHOTS_KEPT + 1
    assert record.count("inputs") == SNAPSHOTS_KEPT
    assert record.known_input("input 2") is None
    assert texts(record) == ["text 12", "the same"]


def test_files_to_be_written_are_remembered_until_they_are(record: Record) -> None:
    """The folder is brought in line after the commit; a run killed between the two must not forget it."""
    publish(record, document("a"))
    assert record.pending_files() == {"articles/a.md": format_document(document("a"))}
    record.file_done("articles/a.md")
    assert record.pending_files() == {}


def test_embeddings_are_given_back_to_the_bit(record: Record) -> None:
    """A vector that changes on its way through the record puts a passage elsewhere after a repair."""
    values = {f"key {number}": bytes([number % 256]) * 8 for number in range(1200)}
    record.keep_vectors(values)
    assert record.vector_values(list(values)) == values
    assert record.vectors_known([*values, "unknown"]) == set(values)


def answer(question: str, **more: object) -> dict[str, object]:
    return {
        "question": question,
        "standalone_question": question,
        "verdict": "answered",
        "snapshot": 1,
        "writer": "quote",
    } | more


def test_a_conversation_is_remembered_in_order_and_apart_from_others(record: Record) -> None:
    """`And what does it cost?` is read against the turns before it, and only against those of the same conversation."""
    for number, (conversation, question) in enumerate([("x", "one"), ("y", "other"), ("x", "two"), ("x", "three")]):
        record.keep_answer(id=str(number), conversation=conversation, content=answer(question))
    assert [turn["question"] for turn in record.conversation("x")] == ["one", "two", "three"]
    assert record.conversation("unknown") == []


def test_the_answers_that_cite_a_document_are_found_and_no_others(record: Record) -> None:
    """Whoever withdraws a document must see whose answers rest on it; its id in somebody's words is no citation."""

    def cites(*documents: str) -> dict[str, object]:
        return {"citations": [{"n": n, "document": id} for n, id in enumerate(documents, start=1)]}

    record.keep_answer(id="1", conversation="c", content=answer("both", **cites("costs", "costs", "team")))
    record.keep_answer(id="2", conversation="", content=answer('what is "costs"?', **cites("costs-more")))
    record.keep_answer(id="3", conversation="", content=answer("nothing", citations=[]))
    record.keep_answer(id="4", conversation="", content=answer("costs", **cites("costs")))
    assert [one.question for one in record.answers_citing("costs")] == ["costs", "both"]
    assert record.answers_citing("costs")[1].conversation == "c"
    assert record.answers_citing("none") == []


def test_titles_are_known_as_long_as_a_kept_snapshot_holds_the_document(record: Record) -> None:
    publish(record, document("a", title="First"), document("b", title="Second"))
    publish(record, document("a", title="Changed"))
    assert record.titles(["a", "b", "none"]) == {"a": "Changed", "b": "Second"}


def test_a_gap_is_queued_once_and_counted(record: Record) -> None:
    """Forty people asking one question is one line with a forty, not forty lines."""
    for question in ("pricing in Peru", "board seats", "pricing in Peru"):
        keep_gap(record, question, ["Nearby"], 1)
    assert [(gap.question, gap.times, gap.nearest) for gap in gaps_of(record)] == [
        ("pricing in Peru", 2, ("Nearby",)),
        ("board seats", 1, ("Nearby",)),
    ]


def test_a_question_with_any_characters_is_kept(record: Record) -> None:
    """Answers are kept as JSON: quotes, emoji and line ends come back as they were."""
    question = "“What's 5 %\n— 'really'?” \\ 😀 \u2028"
    record.keep_answer(id="1", conversation="c", content=answer(question))
    assert record.conversation("c")[0]["question"] == question
    assert json.loads(record.connection.execute("SELECT content FROM answers").fetchone()[0])["question"] == question


@pytest.mark.parametrize(
    ("statement", "error"),
    [("SELECT * FROM nothing", RecordError), ("INSERT INTO snapshots (made) VALUES ('x')", sqlite3.IntegrityError)],
)
def test_a_statement_that_fails_leaves_no_transaction_open(
    record: Record, statement: str, error: type[Exception]
) -> None:
    """The next write would fail with `cannot start a transaction within a transaction`. Our own mistakes are not the user's."""
    with pytest.raises(error), record.writing() as connection:
        connection.execute("INSERT INTO vectors VALUES ('k', x'00')")
        connection.execute(statement)
    assert record.count("vectors") == 0
    record.keep_vectors({"k": b"v"})
    assert record.count("vectors") == 1
