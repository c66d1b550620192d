"""The doctor says what is wrong and what to do, and nothing where all is well."""

from __future__ import annotations

import json

import pytest

from corpus.settings import Settings
from tests.library import document, write
from ui import doctor
from ui.command_line import main
from ui.doctor import FAILED, OK, WARNING, Finding, examine


def found(settings: Settings) -> dict[str, Finding]:
    return {one.name: one for one in examine(settings)}


@pytest.fixture
def without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading the models takes seconds; the whole is run once."""
    monkeypatch.setattr(doctor, "CHECKS", {name: check for name, check in doctor.CHECKS.items() if name != "answering"})


@pytest.mark.usefixtures("without_asking")
def test_where_nothing_is_published_it_says_how_to_begin(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    record = next(one for one in told["findings"] if one["name"] == "record")
    assert not told["well"] and record["state"] == FAILED and "fractional publish" in record["do"]


@pytest.mark.usefixtures("without_asking")
def test_documents_that_are_not_as_published_and_a_missing_passphrase_are_told(library_to_ask: Settings) -> None:
    assert found(library_to_ask)["documents"].state == OK
    write(library_to_ask, document("olives", "Olives are pressed in November."))
    told = found(library_to_ask)
    assert told["documents"].state == WARNING and "olives" in told["documents"].told
    assert told["desk"].state == WARNING and "fractional passphrase" in told["desk"].do


@pytest.mark.usefixtures("without_asking")
def test_a_damaged_record_is_found_and_the_other_checks_go_on(library_to_ask: Settings) -> None:
    with library_to_ask.record_path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\x00" * 4096 * 8)
    told = found(library_to_ask)
    assert told["record"].state == FAILED and "restore" in told["record"].do + told["record"].told
    assert told["installation"].state == OK


@pytest.mark.usefixtures("without_asking")
@pytest.mark.parametrize(
    ("night", "state"),
    [
        ({"verdict": "passed", "at": "2020-01-01T00:00:00+00:00"}, WARNING),
        ({"verdict": "failed", "at": "2999-01-01T00:00:00+00:00", "error": "no disk"}, WARNING),
        ({"verdict": "not passed", "at": "2999-01-01T00:00:00+00:00"}, WARNING),
        ({"verdict": "passed", "at": "2999-01-01T00:00:00+00:00"}, OK),
    ],
)
def test_nights_that_failed_or_stopped_coming_are_told(
    library_to_ask: Settings, night: dict[str, str], state: str
) -> None:
    latest = library_to_ask.home / "evals" / "latest.json"
    latest.parent.mkdir(parents=True)
    latest.write_text(json.dumps(night))
    assert found(library_to_ask)["nightly"].state == state


@pytest.mark.usefixtures("without_asking")
def test_a_home_that_is_nearly_full_is_told(library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 50_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    assert found(library_to_ask)["home"].state == FAILED


@pytest.mark.model
def test_a_library_that_answers_is_well(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(environment, document("olives", "Olives are pressed in November. They are picked by hand."))
    assert main(["publish", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 0
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert {name for name, one in findings.items() if one["state"] == OK} >= {
        "installation", "record", "vectors", "documents", "answering", "writers",
    }  # fmt: skip
    (environment.vectors_path / "chroma.sqlite3").unlink()
    assert main(["doctor", "--json"]) == 0
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["vectors"]["state"] == WARNING


@pytest.mark.usefixtures("without_asking")
def test_a_folder_that_lost_its_documents_is_no_reason_to_publish(library_to_ask: Settings) -> None:
    """Publishing from the wrong folder withdraws the library."""
    for path in library_to_ask.corpus.rglob("*.md"):
        path.unlink()
    told = found(library_to_ask)["documents"]
    assert told.state == FAILED and "FRACTIONAL_CORPUS" in told.do and "would withdraw" in told.do
