"""Backup and restore as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corpus.settings import Settings
from tests.library import document, on_disk, write
from ui.command_line import main

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_back_and_forth(environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        assert main([*arguments, "--json"]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    write(environment, document("olives", "Olives are pressed in November."))
    assert run("publish", "--quiet")["snapshot"] == 1
    kept = run("backup", str(tmp_path / "kept" / "here"))
    assert (
        Path(kept["file"]).parent == tmp_path / "kept" / "here" and kept["documents"] == 1 and not kept["unpublished"]
    )

    run("remove", "olives")
    assert not on_disk(environment)
    assert run("restore", kept["file"], "--dry-run") | {"backup": 0} == {
        "restored": False, "backup": 0, "snapshot": 0, "before": None, "faults": [],
    }  # fmt: skip
    assert not on_disk(environment)
    done = run("restore", kept["file"])
    assert done["restored"] and done["snapshot"] == 3 and set(on_disk(environment)) == {"olives"}
    assert run("search", "When are olives pressed?")["passages"][0]["document"] == "olives"
    assert "restore of snapshot 1" in run("history")["snapshots"][0]["action"]

    assert main(["history"]) == 0
    assert "nothing changed" not in capsys.readouterr().out
    assert main(["restore", kept["file"], "--dry-run"]) == 0
    assert "with 1 document and 0 answers" in capsys.readouterr().out

    assert run("restore", done["before"]["file"])["snapshot"] == 4 and not on_disk(environment)
    for wrong, said in (
        (tmp_path / "nothing.tar.gz", "no file"),
        (tmp_path, "can't be read"),
        (Path(kept["file"]) / "x", "can't be read"),
    ):
        assert main(["restore", str(wrong)]) == 1
        assert said in capsys.readouterr().err
    assert main(["backup", str(Path(kept["file"]) / "below-a-file.tar.gz")]) == 1
    assert "Name another place" in capsys.readouterr().err
