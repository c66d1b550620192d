"""The command line keeps its contract: one JSON document on stdout, exit codes that say how it went, help with an example."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.embedder import exported_model
from corpus.feedback import keep_feedback
from corpus.record import Record
from corpus.settings import CHECKOUT, Settings
from ui import render
from ui.command_line import build_parser, main

COMMANDS = (
    "ask",
    "search",
    "add",
    "publish",
    "remove",
    "release",
    "quarantine",
    "rollback",
    "backup",
    "restore",
    "list",
    "show",
    "history",
    "answers",
    "gaps",
    "feedback",
    "status",
    "doctor",
    "review",
    "check",
    "eval run",
    "eval calibrate",
    "eval conversations",
    "eval judge",
    "eval refusal",
    "eval retrieval",
    "eval gate",
    "eval baseline",
    "eval report",
    "eval nightly",
    "eval drafts",
    "models list",
    "models pull",
    "models use",
    "passphrase",
    "serve",
    "api",
    "mcp",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert f"example:\n  fractional {command}" in capsys.readouterr().out


def test_every_command_is_held_here() -> None:
    def commands_of(parser: argparse.ArgumentParser, before: str = "") -> set[str]:
        found: set[str] = set()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    found |= commands_of(below, f"{before}{name} ") or {before + name}
        return found

    assert commands_of(build_parser()) == set(COMMANDS)


def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing-of-the-kind"]) == 2
    assert "usage" in capsys.readouterr().err


def test_records_of_an_empty_home_are_one_json_document_each(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, key in (("history", "snapshots"), ("gaps", "gaps"), ("status", "snapshot")):
        assert main([command, "--json"]) == 0
        assert key in json.loads(capsys.readouterr().out)


def test_the_answers_that_cite_a_document_are_listed(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    content = {
        "question": "What?",
        "standalone_question": "What?",
        "verdict": "answered",
        "snapshot": 1,
        "writer": "quote",
    }
    Record(environment.record_path).keep_answer(
        id="a", conversation="", content=content | {"citations": [{"n": 1, "document": "costs"}]}
    )
    for document, count in (("costs", 1), ("other", 0)):
        assert main(["answers", "--citing", document, "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)["answers"]) == count
    assert main(["answers", "--citing", "costs"]) == 0
    assert "What?" in capsys.readouterr().out


def test_calibration_names_only_the_files_it_wrote() -> None:
    """On other cases what is worth quoting is not fitted."""
    judge = {"figures": {"how": "ten-fold", "curve": []}, "weights": {"score": 1.0}, "kept": True}
    assert render.calibrated(judge | {"sentences": None, "positions": None}).endswith("Kept in rag/judge.json.")
    figures = {"sentences": 20, "questions": 4, "answer_at_least_in_part": 0.25, "auroc": 0.8}
    sentences = {"figures": figures | {"auroc_of_the_order_alone": 0.7}, "weights": {"behind": -1.5}}
    labelled = {"questions": 30, "positions": 40, "speak_to_it": 0.2, "auroc": 0.86, "auroc_of_the_reader_alone": 0.8}
    positions = {"figures": labelled, "weights": {"ahead_of_others": 6.9}}
    told = render.calibrated(judge | {"sentences": sentences, "positions": positions})
    assert "40 labelled positions of 30 questions, 20%" in told and "6.900  ahead_of_others" in told
    assert "20 graded sentences of 4 questions, 25%" in told and "-1.500  behind" in told
    assert told.endswith("Kept in rag/judge.json, rag/worth.json and rag/speaking.json.")


def test_a_missing_snapshot_is_one_clear_line(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    exported_model(environment.models)  # done once on a machine, and told
    capsys.readouterr()
    assert main(["rollback", "7", "--json"]) == 1
    captured = capsys.readouterr()
    assert "no snapshot 7" in json.loads(captured.out)["error"] and len(captured.err.strip().splitlines()) == 1


@pytest.mark.model
def test_a_bad_input_is_rejected_with_three_and_the_good_one_is_published(
    environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("A plain title\n\nA retainer is a monthly fee for a number of days. It ends with notice.\n")
    bad.write_bytes(b"")
    assert main(["add", str(good), str(bad), "--json"]) == 3
    inputs = json.loads(capsys.readouterr().out)["inputs"]
    assert [one["accepted"] for one in inputs] == [True, False] and "empty" in inputs[1]["reason"]
    assert main(["search", "What is a retainer?", "--json"]) == 0
    (passage,) = json.loads(capsys.readouterr().out)["passages"]
    assert main(["show", passage["document"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"][passage["start"] : passage["end"]] == passage["text"]


def test_feedback_names_the_answer_it_is_about(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    record = Record(environment.record_path)
    content = {
        "question": "Why?",
        "standalone_question": "Why?",
        "verdict": "answered",
        "snapshot": 1,
        "writer": "quote",
    }
    record.keep_answer(id="a1", conversation="board", content=content)
    keep_feedback(record, "a1", False, "Nobody says so.")
    assert main(["feedback", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["feedback"]
    assert (one["trace"], one["good"], one["reason"], one["conversation"]) == ("a1", False, "Nobody says so.", "board")
    assert main(["feedback"]) == 0
    assert "bad   Why?\n    Nobody says so.\n    answer a1" in capsys.readouterr().out


def test_help_costs_nothing() -> None:
    """Whatever a command needs is imported when it is run."""
    heavy = "{'corpus.record', 'yaml', 'numpy', 'chromadb', 'streamlit', 'torch'}"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, ui.command_line; print(sorted({heavy} & set(sys.modules)))"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
