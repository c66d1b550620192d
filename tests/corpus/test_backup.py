"""A backup holds what can't be made again, is whole or not there, and what it replaces can be had back."""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.backup import MANIFEST, RECORD, Backup, back_up, read_backup, restore
from corpus.errors import BackupError, DocumentError, RecordError
from corpus.library import read_library
from corpus.record import Record
from corpus.settings import Settings
from ingest.publish import Publisher
from rag.answer import answer
from rag.answers import Answer
from tests.asking import COST_QUESTION, COSTS, TEAM, open_asking
from tests.fakes import FakeEmbedder, MemoryVectors
from tests.library import document, on_disk, write

ANSWER = {
    "question": "Why?", "standalone_question": "Why?", "verdict": "answered", "snapshot": 1, "writer": "quote",
    "answer": "So it is. " * 90, "citations": [],
}  # fmt: skip
OLIVES = document("olives", "Olives are pressed in November.")


def publish(settings: Settings, **changes: object) -> int:
    with closing(Record(settings.record_path)) as record:
        publisher = Publisher(settings, record, FakeEmbedder(), vectors=MemoryVectors())
        return publisher.publish(changes or None).snapshot  # type: ignore[arg-type]


def bring_back(settings: Settings, file: Path) -> int:
    """As the command does it: the record first, then files and vectors."""
    restore(settings, file, "a test", 1.0)
    return publish(settings)


def published(settings: Settings) -> set[str]:
    with closing(Record(settings.record_path)) as record:
        return set(record.documents())


def names(file: Path) -> set[str]:
    with tarfile.open(file) as archive:
        return set(archive.getnames())


def test_a_new_machine_has_library_answers_and_files_again(library_to_ask: Settings, tmp_path: Path) -> None:
    given = answer(open_asking(library_to_ask), COST_QUESTION, "board-prep")
    backup = back_up(library_to_ask, tmp_path / "kept.tar.gz")
    assert (backup.snapshot, backup.documents, backup.answers) == (1, 2, 1)

    elsewhere = replace(library_to_ask, home=tmp_path / "new" / "home", corpus=tmp_path / "new" / "corpus")
    elsewhere.corpus.mkdir(parents=True)
    assert restore(elsewhere, backup.file, "a test", 1.0).before is None
    publish(elsewhere)
    assert on_disk(elsewhere) == {COSTS.id: COSTS, TEAM.id: TEAM}
    chain = open_asking(elsewhere)
    assert chain.index.record.conversation("board-prep")[0]["answer"] == given.answer
    assert answer(chain, COST_QUESTION).answer == given.answer


def test_a_restore_is_the_next_snapshot_and_can_be_taken_back(library_to_ask: Settings, tmp_path: Path) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    assert publish(library_to_ask, olives=OLIVES, **{TEAM.id: None}) == 2

    before = restore(library_to_ask, first, "a test", 1.0).before
    assert publish(library_to_ask) == 3
    assert published(library_to_ask) == set(on_disk(library_to_ask)) == {COSTS.id, TEAM.id}
    assert before is not None
    assert bring_back(library_to_ask, before.file) == 4
    assert published(library_to_ask) == set(on_disk(library_to_ask)) == {COSTS.id, OLIVES.id}


def test_who_has_the_library_open_follows(library_to_ask: Settings, tmp_path: Path) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    publish(library_to_ask, **{COSTS.id: None})
    chain = open_asking(library_to_ask)
    assert answer(chain, COST_QUESTION).verdict == "abstained"
    bring_back(library_to_ask, first)
    assert answer(chain, COST_QUESTION).verdict == "answered"


def test_it_holds_what_is_open_and_leaves_out_what_can_be_made_again(library_to_ask: Settings, tmp_path: Path) -> None:
    home = library_to_ask.home
    for made_again in (
        "vectors/chroma.sqlite3",
        "sentences.sqlite3",
        "evals/cache/judgements.sqlite3",
        "backups/older.tar.gz",
    ):
        (home / made_again).parent.mkdir(parents=True, exist_ok=True)
        (home / made_again).write_text("can be made again")
    (home / "writers.toml").write_text("[claude]\n")
    (home / "evals" / "runs" / "one").mkdir(parents=True)
    (home / "evals" / "runs" / "one" / "run.json").write_text("{}")
    write(library_to_ask, OLIVES)
    with closing(Record(library_to_ask.record_path)) as record, record.writing() as connection:
        connection.execute("UPDATE snapshots SET who = 'somebody else'")
        backup = back_up(library_to_ask, tmp_path / "kept.tar.gz")  # sees nothing of it
    assert names(backup.file) == {
        MANIFEST,
        RECORD,
        "writers.toml",
        "evals/runs/one/run.json",
        f"unpublished/{OLIVES.path}",
    }
    assert backup.file.stat().st_mode & 0o077 == 0
    with tarfile.open(backup.file) as archive:
        archive.extract(RECORD, tmp_path, filter="data")
    with closing(Record(tmp_path / RECORD)) as record:
        newest = record.newest()
        assert newest is not None and newest.who != "somebody else"


def test_unpublished_edits_that_a_restore_replaces_are_kept(library_to_ask: Settings, tmp_path: Path) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    write(library_to_ask, OLIVES)
    before = restore(library_to_ask, first, "a test", 1.0).before
    publish(library_to_ask)
    assert OLIVES.id not in on_disk(library_to_ask)
    assert before is not None and f"unpublished/{OLIVES.path}" in before.files


def damaged(file: Path, how: str) -> Path:
    content = file.read_bytes()
    wrong = file.with_name(f"{how}.tar.gz")
    match how:
        case "cut short":
            wrong.write_bytes(content[: len(content) // 2])
        case "no archive":
            wrong.write_bytes(b"a page of words")
        case "another archive":
            with tarfile.open(wrong, "w:gz") as archive:
                archive.addfile(tarfile.TarInfo("something"), io.BytesIO())
        case "a byte" | "newer" | "a way out" | "from the root" | "under a running process" | "no record":
            _made_again(file, wrong, how)
        case "not there":
            pass
    return wrong


MANIFESTS: dict[str, dict[str, object]] = {
    "newer": {"format": 2},
    "a way out": {"../outside": ""},
    "from the root": {"/tmp/outside": ""},
    "under a running process": {"record.sqlite3-wal": ""},
    "no record": {},
}


def _made_again(file: Path, wrong: Path, how: str) -> None:
    with tarfile.open(file) as read, tarfile.open(wrong, "w:gz") as written:
        for one in read:
            piece = read.extractfile(one)
            assert piece is not None
            content = bytearray(piece.read())
            if how == "a byte" and one.name == RECORD:
                content[5000] ^= 1
            if one.name == MANIFEST and how != "a byte":
                told = json.loads(content)
                told |= MANIFESTS[how] if how == "newer" else {"files": told["files"] | MANIFESTS[how]}
                told["files"] = {} if how == "no record" else told["files"]
                content = bytearray(json.dumps(told).encode())
                one.size = len(content)
            written.addfile(one, io.BytesIO(content))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut short", "can't be read|damaged"),
        ("no archive", "can't be read"),
        ("another archive", "is no backup"),
        ("a byte", "record.sqlite3 is not what was put in"),
        ("newer", "newer version"),
        ("a way out", "it names “../outside”"),
        ("from the root", "it names “/tmp/outside”"),
        ("under a running process", "it names “record.sqlite3-wal”"),
        ("no record", "holds no record"),
        ("not there", "no file"),
    ],
)
def test_what_is_damaged_changes_nothing(library_to_ask: Settings, tmp_path: Path, how: str, said: str) -> None:
    wrong = damaged(back_up(library_to_ask, tmp_path / "kept.tar.gz").file, how)
    with pytest.raises(BackupError, match=said):
        restore(library_to_ask, wrong, "a test", 1.0)
    assert publish(library_to_ask) == 1
    assert sorted(path.name for path in library_to_ask.home.iterdir() if path.name.startswith((".", "backups"))) == []


def test_an_answer_given_while_it_is_restored_is_not_lost(
    library_to_ask: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    chain = open_asking(library_to_ask)
    answer(chain, COST_QUESTION)
    given: list[Answer] = []

    def slow(*arguments: Path, **options: bool) -> Backup:
        made = back_up(*arguments, **options)  # type: ignore[arg-type]
        if not given:
            given.append(answer(chain, COST_QUESTION, "board-prep"))
        return made

    monkeypatch.setattr("corpus.backup.back_up", slow)
    before = restore(library_to_ask, first, "a test", 1.0).before
    assert before is not None and before.answers == 2


def test_settings_that_came_later_go_and_are_kept_aside(library_to_ask: Settings, tmp_path: Path) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    (library_to_ask.home / "writers.toml").write_text("[claude]\n")
    (library_to_ask.home / ".restoring-killed").mkdir()
    before = restore(library_to_ask, first, "a test", 1.0).before
    assert not (library_to_ask.home / "writers.toml").exists()
    assert not list(library_to_ask.home.glob(".restoring-*"))
    assert before is not None
    restore(library_to_ask, before.file, "a test", 1.0)
    assert (library_to_ask.home / "writers.toml").read_text() == "[claude]\n"


def test_settings_of_a_new_machine_are_set_aside_before_there_is_a_library(
    library_to_ask: Settings, tmp_path: Path
) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    elsewhere = replace(library_to_ask, home=tmp_path / "new" / "home", corpus=tmp_path / "new" / "corpus")
    elsewhere.home.mkdir(parents=True)
    (elsewhere.home / "passphrase.json").write_text("{}")
    before = restore(elsewhere, first, "a test", 1.0).before
    assert before is not None and "passphrase.json" in before.files


def test_a_damaged_record_is_no_backup(library_to_ask: Settings, tmp_path: Path) -> None:
    with closing(Record(library_to_ask.record_path)) as record:
        for n in range(200):
            record.keep_answer(id=f"a{n}", conversation="", content=ANSWER)
    size = library_to_ask.record_path.stat().st_size
    with library_to_ask.record_path.open("r+b") as file:
        file.seek(size - 4096 * 12)
        file.write(bytes(4096 * 8))
    with pytest.raises((BackupError, RecordError), match=r"is damaged|malformed"):
        back_up(library_to_ask, tmp_path / "kept.tar.gz")
    assert not list(tmp_path.glob("*kept*"))


def test_what_can_never_be_written_is_refused_before_it_counts(library_to_ask: Settings, tmp_path: Path) -> None:
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    file = library_to_ask.corpus / COSTS.path
    (tmp_path / "outside.md").write_text("Elsewhere.")
    file.unlink()
    file.symlink_to(tmp_path / "outside.md")
    with pytest.raises(DocumentError, match="leads out"):
        restore(library_to_ask, first, "a test", 1.0)
    with closing(Record(library_to_ask.record_path)) as record:
        assert record.newest_number() == 1 and not record.pending_files()


def test_stopped_while_it_is_made_there_is_none(
    library_to_ask: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("corpus.backup.read_backup", stopped)
    with pytest.raises(KeyboardInterrupt):
        back_up(library_to_ask, tmp_path / "kept.tar.gz")
    assert not list(tmp_path.glob("*kept*"))


def test_killed_before_it_counts_all_is_as_it_was_and_after_it_the_next_run_finishes(
    library_to_ask: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library_to_ask.home / "writers.toml").write_text("[claude]\n")
    first = back_up(library_to_ask, tmp_path / "first.tar.gz").file
    publish(library_to_ask, olives=OLIVES)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("corpus.backup._prepare", killed)
        with pytest.raises(Killed):
            restore(library_to_ask, first, "a test", 1.0)
    assert publish(library_to_ask) == 2 and OLIVES.id in published(library_to_ask)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda one, to: killed() if "restoring" in str(one) else one.rename(to))
        with pytest.raises(Killed):
            restore(library_to_ask, first, "a test", 1.0)
    assert publish(library_to_ask) == 3
    assert set(read_library(library_to_ask.corpus).documents) == published(library_to_ask) == {COSTS.id, TEAM.id}


def test_where_nothing_is_there_is_nothing_to_back_up(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(settings, tmp_path / "kept.tar.gz")
    assert not settings.home.exists()


def test_it_tells_what_it_holds(library_to_ask: Settings, tmp_path: Path) -> None:
    made = back_up(library_to_ask, tmp_path / "kept.tar.gz")
    assert read_backup(made.file) == made and made.size == made.file.stat().st_size
