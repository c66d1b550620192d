"""Taking in: what was handed in before and still stands costs nothing, and whatever is otherwise is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import HomeError
from corpus.index import open_vectors
from corpus.record import Record
from corpus.settings import CHECKOUT, Settings
from ingest.add import Given
from ingest.publish import Publisher
from ingest.take_in import TakenIn, take_in
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk, sections, write

TODAY = date(2026, 3, 1)
NOTHING = Given()
PASTED = "Back to Blog\n\nHow to begin\n\nBegin with the decision, and name who takes it.\n\nThen write it down, all of it.\n"
OTHER = "# Another guide\n\nHire slowly. Fire slowly, too. Nobody regrets the second one as much.\n\n## Costs\n\nIt costs time.\n"


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "begin.txt").write_text(PASTED)
    (folder / "other.md").write_text(OTHER)
    return folder


def again(publisher: Publisher, inputs: Path, given: Given = NOTHING) -> TakenIn:
    return take_in(publisher, [str(inputs)], given, TODAY)


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is cleaned, and so was not taken as known."""
    import ingest.add

    seen: list[str] = []
    real = ingest.add.clean
    monkeypatch.setattr("ingest.add.clean", lambda text, markdown: seen.append(text) or real(text, markdown))
    return seen


def test_handing_in_the_same_again_says_the_same_and_does_nothing(
    settings: Settings, publisher: Publisher, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of 256 guides handed in again took 3 s, and the starter with upserts half a second."""
    first = again(publisher, inputs)
    assert {one.document.id for one in first.prepared if one.document} == {"begin", "other"}
    assert any(one.removed for one in first.prepared) and any(one.warnings for one in first.prepared)
    for name in (
        "ingest.add.clean",
        "ingest.add.NearDuplicates",
        "ingest.publish.chunk_document",
        "corpus.library.parse_document",
    ):
        monkeypatch.setattr(name, lambda *_, name=name: pytest.fail(f"{name} was called"))
    second = again(Publisher(settings, Record(settings.record_path), FakeEmbedder()), inputs)
    assert [replace(one, key="") for one in first.prepared] == list(second.prepared)
    assert second.snapshot == first.snapshot == 1
    assert {id: [(c.headings, c.text) for c in some] for id, some in second.passages.items()} == {
        id: [(c.headings, c.text) for c in some] for id, some in first.passages.items()
    }
    assert all(second.passages.values())


def test_handing_in_the_same_again_imports_nothing_heavy(
    settings: Settings, publisher: Publisher, inputs: Path
) -> None:
    """Importing and opening Chroma took longer than all the rest; torch and ONNX Runtime take seconds."""
    again(publisher, inputs)
    program = (
        "import sys; from pathlib import Path; from corpus.settings import Settings; from corpus.record import Record\n"
        "from ingest.publish import Publisher; from ingest.take_in import take_in; from ingest.add import Given\n"
        "from datetime import date; from tests.fakes import FakeEmbedder\n"
        "home, corpus, inputs = map(Path, sys.argv[1:])\n"
        "publisher = Publisher(Settings(home, home, corpus, 'x'), Record(home / 'record.sqlite3'), FakeEmbedder())\n"
        "print(take_in(publisher, [str(inputs)], Given(), date.today()).snapshot, end=' ')\n"
        "print(sorted({'chromadb', 'torch', 'onnxruntime', 'tokenizers'} & set(sys.modules)))"
    )
    places = [str(place) for place in (settings.home, settings.corpus, inputs)]
    done = subprocess.run(
        [sys.executable, "-c", program, *places], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 []\n"


def test_a_changed_input_is_seen(publisher: Publisher, inputs: Path, cleaned: list[str]) -> None:
    """By its bytes, not by its date: a file put back from an archive has an old one."""
    again(publisher, inputs)
    cleaned.clear()
    (inputs / "begin.txt").write_text(PASTED.replace("decision", "question"))
    assert again(publisher, inputs).snapshot == 2
    assert len(cleaned) == 1
    assert "question" in publisher.record.document("begin").text


def test_a_renamed_input_is_seen(publisher: Publisher, inputs: Path) -> None:
    """Its name gives the id, and how it is read: as Markdown or as plain text."""
    again(publisher, inputs)
    (inputs / "begin.txt").rename(inputs / "start.txt")
    assert again(publisher, inputs).snapshot == 2
    assert set(publisher.record.documents()) == {"begin", "other", "start"}
    (inputs / "other.md").write_text("Title\n\nWords that stand for a text of more than a line.\n\nMore of them.\n")
    again(publisher, inputs)
    (inputs / "other.md").rename(inputs / "other.txt")
    again(publisher, inputs)
    assert (
        publisher.record.document("other").text == "Words that stand for a text of more than a line.\n\nMore of them.\n"
    )


@pytest.mark.parametrize("name", ["title", "source", "author", "url", "published", "voice"])
def test_changed_words_of_the_operator_are_seen(publisher: Publisher, inputs: Path, name: str) -> None:
    """Corrected with a flag, the byline must be published though the file is the same."""
    said = {"url": "https://example.com/x", "published": "2025-01-02", "voice": "digest"}.get(name, "Jane Roe")
    again(publisher, inputs)
    assert again(publisher, inputs, Given(**{name: said})).snapshot == 2
    assert getattr(publisher.record.document("begin"), name) == said


def test_another_cleaner_cleans_everything_again(
    publisher: Publisher, inputs: Path, cleaned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mended cleaner that never sees the old inputs again would mend nothing."""
    again(publisher, inputs)
    cleaned.clear()
    monkeypatch.setattr("ingest.add._revision", lambda: "another")
    again(publisher, inputs)
    assert len(cleaned) == 2


def test_the_cleaners_own_code_is_its_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A number raised by hand is forgotten one day."""
    import ingest.add
    import ingest.clean

    before = ingest.add._revision.__wrapped__()
    changed = tmp_path / "clean.py"
    changed.write_text(f"{Path(ingest.clean.__file__).read_text()}\n")
    monkeypatch.setattr(ingest.clean, "__file__", str(changed))
    assert ingest.add._revision.__wrapped__() != before


def withdraw(publisher: Publisher) -> None:
    publisher.publish({"begin": None})


def edit_in_the_record(publisher: Publisher) -> None:
    publisher.publish({"begin": document("begin", sections("other", "words"))})


def edit_in_the_folder(publisher: Publisher) -> None:
    write(publisher.settings, document("begin", sections("other", "words")))


def break_in_the_folder(publisher: Publisher) -> None:
    (publisher.settings.corpus / "articles" / "begin.md").write_text("broken")


def remove_from_the_folder(publisher: Publisher) -> None:
    (publisher.settings.corpus / "articles" / "begin.md").unlink()


def lose_the_record(publisher: Publisher) -> None:
    publisher.record.connection.execute("DELETE FROM inputs")


def lose_the_vectors(publisher: Publisher) -> None:
    open_vectors(publisher.settings, publisher.embedder.name).wipe()


def lose_a_vector(publisher: Publisher) -> None:
    vectors = open_vectors(publisher.settings, publisher.embedder.name)
    vectors.drop(sorted(vectors.keys())[:1])


def leave_a_vector(publisher: Publisher) -> None:
    """As a run does that is killed before its commit."""
    vectors = open_vectors(publisher.settings, publisher.embedder.name)
    vectors.put({"of-a-killed-run": publisher.embedder.embed(["word"])[0]})


@pytest.mark.parametrize(
    "meanwhile",
    [
        withdraw,
        edit_in_the_record,
        edit_in_the_folder,
        break_in_the_folder,
        remove_from_the_folder,
        lose_the_record,
        lose_the_vectors,
        lose_a_vector,
        leave_a_vector,
    ],
)
def test_whatever_happened_meanwhile_the_inputs_are_in_the_library_afterwards(
    settings: Settings,
    publisher: Publisher,
    embedder: FakeEmbedder,
    inputs: Path,
    meanwhile: Callable[[Publisher], None],
) -> None:
    """Skipped because it was known, a document that was withdrawn or edited since would not come back."""
    again(publisher, inputs)
    published = publisher.record.documents()
    meanwhile(publisher)
    again(publisher, inputs)
    assert {id: one.text for id, one in on_disk(settings).items()} == {id: one.text for id, one in published.items()}
    assert disagreements(settings, embedder) == []


def test_an_edited_byline_stays_and_is_known_from_then_on(
    publisher: Publisher, inputs: Path, cleaned: list[str]
) -> None:
    """What people wrote about a document outlives its text being handed in again."""
    again(publisher, inputs)
    publisher.publish({"begin": replace(publisher.record.document("begin"), sells="audits")})
    cleaned.clear()
    again(publisher, inputs)
    again(publisher, inputs)
    assert publisher.record.document("begin").sells == "audits"
    assert len(cleaned) == 1


def test_after_a_rollback_the_newer_text_is_published_again(
    settings: Settings, publisher: Publisher, embedder: FakeEmbedder, inputs: Path
) -> None:
    """The input is remembered as what it became in a snapshot that counts no more."""
    again(publisher, inputs)
    (inputs / "begin.txt").write_text(PASTED.replace("decision", "question"))
    again(publisher, inputs)
    publisher.rollback(1)
    assert "decision" in publisher.record.document("begin").text
    assert again(publisher, inputs).snapshot == 4
    assert "question" in publisher.record.document("begin").text
    assert disagreements(settings, embedder) == []


def test_only_what_was_published_is_remembered(
    publisher: Publisher, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run or a run that failed must not make the next one skip anything."""
    tried = take_in(publisher, [str(inputs)], NOTHING, TODAY, dry_run=True)
    assert (tried.snapshot, publisher.record.count("inputs")) == (0, 0)
    assert [len(some) for some in tried.passages.values()] == [1, 2]

    def fails(*_: object) -> None:
        raise HomeError("full")

    monkeypatch.setattr(publisher, "_write_snapshot", fails)
    with pytest.raises(HomeError):
        again(publisher, inputs)
    assert publisher.record.count("inputs") == 0
    monkeypatch.undo()
    assert again(publisher, inputs).snapshot == 1
    assert publisher.record.count("inputs") == 2


def test_a_dry_run_over_another_chunker_shows_the_passages_that_would_be(
    publisher: Publisher, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored ones are of the chunker before."""
    again(publisher, inputs)
    monkeypatch.setattr("ingest.chunk.CHUNKER_REVISION", 999)
    monkeypatch.setattr("ingest.publish.chunk_document", lambda *_: [])
    tried = take_in(publisher, [str(inputs)], NOTHING, TODAY, dry_run=True)
    assert list(tried.passages.values()) == [[], []]


def test_two_inputs_with_one_id_are_told_apart_when_both_are_known(publisher: Publisher, inputs: Path) -> None:
    """The second is refused each time, and must not take the first one's place once it was."""
    (inputs / "below").mkdir()
    shutil.copy(inputs / "begin.txt", inputs / "below" / "begin.txt")
    names = [str(inputs / "begin.txt"), str(inputs / "below" / "begin.txt")]
    for _ in range(2):
        found = take_in(publisher, names, NOTHING, TODAY).prepared
        assert [one.accepted for one in found] == [True, False]
        assert "its id `begin` is also that of" in found[1].reason
