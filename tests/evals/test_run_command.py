"""`eval run` as programs rely on it, over a small library; and once over the real one, with all that is scored."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.record import Record
from corpus.settings import CHECKOUT, Settings, read_settings
from evals import judge_check
from evals.run import CHECKS, git
from evals.second_opinion.sample import Sampled
from evals.store import RunStore
from tests import asking
from tests.evals import runs
from tests.evals.judges import SupportJudge
from tests.fakes import ScriptedWriter
from ui.command_line import main

pytestmark = pytest.mark.slow  # importing Ragas takes seconds


@pytest.fixture
def quick_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = (asking.COST_QUOTE,)
    sample = [Sampled(asking.COST_QUOTE, evidence, False), Sampled("It costs 99 dollars a month.", evidence, True)] * 4
    monkeypatch.setattr(judge_check, "read_sample", lambda: sample)
    monkeypatch.setattr("evals.metrics.scoring.open_judge", SupportJudge)
    for name in (judge_check.SETS, "FRACTIONAL_JUDGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small(library_to_ask: Settings, environment: Settings, quick_judge: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small library, asked by the command with a writer of its own; the file of cases."""
    chain = asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE), auto=("quote",))
    monkeypatch.setattr("ui.eval_commands.open_chain", lambda _: chain)
    file = environment.home.parent / "cases.yaml"
    entries = [
        {"id": c.id, "type": c.type, "question": c.question, "history": [*c.history], "verdict": [*c.verdicts]}
        | {"documents": [*c.documents], "facts": [*c.facts], "tags": ["money"] if c.id == "cost" else []}
        for c in runs.CASES
    ]
    file.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return file


def ran(*options: object, capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["eval", "run", *map(str, options), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_it_gives_what_the_contract_says(
    small: Path, library_to_ask: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ran("--cases", small, capsys=capsys)
    store = RunStore(library_to_ask.home)
    assert [one.run for one in store.completed()] == [told["run"]]
    assert {"seconds", "prose", "by_type", "cases", "stepped_down", "writer", "held", "n"} <= set(told)
    for figure in told["metrics"].values():
        assert {"score", "coverage", "failures", "n"} <= set(figure)
    assert told["metrics"]["facts"]["score"] == 1.0 and told["metrics"]["facts"]["n"] == 2
    assert told["metrics"]["abstention_recall"]["n"] == 1
    assert told["metrics"]["faithfulness"]["by_construction"] is True
    assert told["judge_check"]["drifted"] is False
    assert [case["id"] for case in told["cases"]] == [case.id for case in runs.CASES]
    assert set(told["cases"][0]["checks"]) == set(CHECKS)


def test_another_writer_is_judged_by_its_own_sentences(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ran("--cases", small, "--writer", "scripted", "--tag", "money", capsys=capsys)
    assert (told["n"], told["tags"], told["model"]) == (1, ["money"], "scripted 1")
    assert told["metrics"]["faithfulness"]["by_construction"] is False
    assert told["cases"][0]["scores"]["faithfulness"] == {"score": 1.0, "failure": None, "judge": "support 1"}
    assert told["cost"]["tokens_read"] > 0


@pytest.mark.parametrize(("tag", "ids"), [("multi", ["team"]), ("money", ["cost"]), ("unanswerable", ["nobody"])])
def test_a_tag_is_a_type_or_a_tag(small: Path, capsys: pytest.CaptureFixture[str], tag: str, ids: list[str]) -> None:
    assert [case["id"] for case in ran("--cases", small, "--tag", tag, capsys=capsys)["cases"]] == ids


def test_it_goes_on_with_a_run_that_was_stopped(
    small: Path, library_to_ask: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = ran("--cases", small, capsys=capsys)
    store = RunStore(library_to_ask.home)
    place = store.place(whole["run"])
    (place / "run.json").unlink()
    lines = (place / "cases.jsonl").read_bytes().splitlines(keepends=True)
    (place / "cases.jsonl").write_bytes(lines[0] + lines[1][:20])
    again = ran("--cases", small, "--resume", whole["run"], capsys=capsys)
    assert (again["metrics"], again["by_type"]) == (whole["metrics"], whole["by_type"])
    assert len(store.list()) == 1


def test_what_is_wrong_is_told_before_anything_is_asked(
    small: Path, library_to_ask: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No case is left" in ran("--cases", small, "--tag", "nothing", capsys=capsys, code=1)["error"]
    assert "There is no run" in ran("--resume", "20200101T000000Z-0000", capsys=capsys, code=1)["error"]
    assert "no writer" in ran("--cases", small, "--writer", "nobody", capsys=capsys, code=1)["error"]
    assert "can't judge" in ran("--cases", small, "--judge", "scripted", capsys=capsys, code=1)["error"]
    assert RunStore(library_to_ask.home).list() == []


def test_people_are_told_what_is_by_construction_and_what_was_not_judged(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "run", "--cases", str(small)]) == 0
    told = capsys.readouterr()
    assert "by construction" in told.out and "abstention_recall" in told.out
    assert "fractional eval run --resume" in told.err


def test_outside_a_repository_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation from an archive has none, and the run failed over that."""
    monkeypatch.setattr("evals.run.CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git("rev-parse", "HEAD") == ""


@pytest.fixture(scope="module")
def real_library(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Settings]:
    """The library as it ships, published: from this checkout's own home where there is one, so that little is embedded again."""
    from ingest.embed import open_bulk_embedder
    from ingest.publish import Publisher, no_progress

    folder = tmp_path_factory.mktemp("real-library")
    own = read_settings()
    settings = replace(own, home=folder / "home", corpus=folder / "corpus", models=models)
    shutil.copytree(CHECKOUT / "corpus", settings.corpus, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    settings.home.mkdir()
    if own.record_path.is_file():
        import sqlite3

        with closing(sqlite3.connect(own.record_path)) as kept, closing(sqlite3.connect(settings.record_path)) as copy:
            kept.backup(copy)
    with closing(Record(settings.record_path)) as record:
        Publisher(settings, record, open_bulk_embedder(settings), no_progress).publish()
    yield settings


@pytest.mark.model
def test_thirty_cases_over_the_library_that_ships(real_library: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, place in (("HOME", real_library.home), ("CORPUS", real_library.corpus), ("MODELS", real_library.models)):
        monkeypatch.setenv(f"FRACTIONAL_{name}", str(place))
    monkeypatch.delenv("FRACTIONAL_JUDGE", raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "ui.command_line", "eval", "run", "--sample", "30", "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["n"] == 30 and told["left_out"] == []
    metrics = told["metrics"]
    assert all(figure["failures"] == 0 for figure in metrics.values())
    # Far below what is measured, so that it fails for what is broken and not for what is unlucky.
    for name, least in (("document_found", 0.8), ("facts", 0.4), ("not_refused", 0.8), ("context_recall", 0.5)):
        assert metrics[name]["score"] >= least, name
    assert metrics["faithfulness"]["score"] == 1.0 and metrics["faithfulness"]["by_construction"]
    assert told["judge_check"]["drifted"] is False, told["judge_check"]["why"]
    assert RunStore(real_library.home).read(told["run"]).complete
