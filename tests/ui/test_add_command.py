"""`fractional add`: who would make golden answers worse is asked first, and thousands of files are told of in a few lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.record import Record
from corpus.settings import Settings
from evals.preview import GoldenChange, Standing
from ingest.publish import Publisher
from tests.fakes import FakeEmbedder
from tests.library import document
from ui.command_line import main
from ui.commands import _time_left, show_progress

WORSE = GoldenChange(
    "What does it cost?", Standing("answered", "a", ("facts",)), Standing("answered", "b", ()), worse=True
)
OTHER = GoldenChange("Who?", Standing("answered", "a", ("facts",)), Standing("partial", "a", ("facts",)), worse=False)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.md"
    path.write_text("# Note\n\nA boutique retainer costs 900 dollars a month. It ends with notice. Nobody renews it.\n")
    return path


@pytest.fixture
def record(environment: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """What the command publishes to, with words for vectors."""

    def open_publisher(settings: Settings, *_: Any, **__: Any) -> Publisher:
        return Publisher(settings, Record(settings.record_path), FakeEmbedder())

    monkeypatch.setattr("ui.commands.open_publisher", open_publisher)
    opened = Record(environment.record_path)
    yield opened
    opened.close()


@pytest.fixture
def golden(monkeypatch: pytest.MonkeyPatch) -> list[GoldenChange]:
    """What the golden questions would say."""
    found: list[GoldenChange] = []
    monkeypatch.setattr("ui.commands.golden_changes_of", lambda *_, **__: found)
    return found


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_at_the_terminal_can_agree_so_it_is_refused(
    record: Record,
    golden: list[GoldenChange],
    note: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A nightly job that publishes whatever comes made answers worse for a week."""
    golden += [WORSE, OTHER]
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["add", str(note), "--json"]) == 4
    said = capsys.readouterr()
    data = json.loads(said.out)
    assert not data["published"]
    assert [change["worse"] for change in data["golden"]] == [True, False]
    assert "1 golden questions would be answered worse:\n  - What does it cost?" in said.err
    assert "--yes publishes it all the same" in said.err
    assert record.documents() == {}


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("yes\n", 0), ("\n", 4), ("no\n", 4), ("", 4)])
def test_a_person_decides(
    record: Record, golden: list[GoldenChange], note: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    golden.append(WORSE)
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert main(["add", str(note)]) == code
    assert bool(record.documents()) == (code == 0)


@pytest.mark.parametrize("option", ["--yes", "--no-golden", "--dry-run"])
def test_whoever_says_so_is_not_asked(
    record: Record, golden: list[GoldenChange], note: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    golden.append(WORSE)
    assert main(["add", str(note), option]) == 0
    shown = capsys.readouterr().out
    assert bool(record.documents()) == (option != "--dry-run")
    told = "! golden question: What does it cost?\n    answered, a → answered, b; no longer holds: facts" in shown
    assert told == (option != "--no-golden")


def test_better_and_other_answers_are_told_and_not_asked_about(
    record: Record, golden: list[GoldenChange], note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden.append(OTHER)
    assert main(["add", str(note)]) == 0
    assert "~ golden question: Who?" in capsys.readouterr().out
    assert record.documents()


def test_terms_and_differences_are_shown(
    record: Record, environment: Settings, note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = document("known", "A boutique retainer costs 700 dollars a month. It ends with notice.")
    term = document("retainer", "A monthly fee.", kind="glossary", voice="house")
    Publisher(environment, record, FakeEmbedder()).publish({"known": known, "retainer": term})
    assert main(["add", str(note), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["inputs"]
    assert one["terms"] == ["Retainer"]
    assert one["became"] == "added"
    (found,) = one["contradicts"]
    assert set(found) == {"passage", "document", "ours", "theirs", "why"}
    assert (found["document"], found["theirs"]) == ("known", "A boutique retainer costs 900 dollars a month.")
    note.write_text(note.read_text().replace("900", "800"))
    assert main(["add", str(note)]) == 0
    shown = capsys.readouterr().out
    assert "contradicts or updates known (the library says 700 dollars, this says 800 dollars" in shown
    assert "speaks of: Retainer" in shown


def test_of_many_files_those_are_shown_that_need_a_look_and_the_report_tells_all(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five thousand lines on the terminal, and the three that mattered among them."""
    folder, report = tmp_path / "many", tmp_path / "report.jsonl"
    folder.mkdir()
    for number in range(30):
        (folder / f"n{number:02}.md").write_text(
            f"# N{number}\n\nWord{number} is said, in note {number}, by n{number}.\n"
        )
    (folder / "bad.md").write_bytes(b"")
    assert main(["add", str(folder), "--report", str(report)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"✗ {folder}/bad.md: the file is empty.",
        "30 added, 0 changed, 0 unchanged",
        "1 refused: the file is empty",
        "30 of 31 accepted. Snapshot 1 is published.",
    ]
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [one["became"] for one in told] == ["refused"] + ["added"] * 30
    assert (told[0]["reason"], told[1]["document"]) == (f"{folder}/bad.md: the file is empty.", "n00")


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    record: Record, note: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", str(note), "--report", str(tmp_path / "nowhere" / "report")]) == 2
    assert "the report can't be written there" in capsys.readouterr().err
    assert record.documents() == {}


def test_what_is_left_is_told_where_it_is_worth_waiting_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    show = show_progress()
    for done in range(1, 4):
        show("inputs", done, 1001)
        now[0] += 2.0
    show("embedding", 200, 256)
    now[0] += 30.0
    show("inputs", 101, 1001)
    assert capsys.readouterr().err.splitlines() == [
        "inputs 2/1001, about 33 min left",
        "inputs 3/1001, about 33 min left",
        "embedding 200/256",
        "inputs 101/1001, about 5 min left",
    ]
    now[0] += 600.0
    for done in (64, 128):  # the second batch of documents; its time was counted from the first one's beginning
        now[0] += 10.0
        show("embedding", done, 256)
    assert capsys.readouterr().err.splitlines() == ["embedding 64/256", "embedding 128/256, about 20 s left"]
    assert (_time_left(9), _time_left(45)) == ("", ", about 45 s left")
