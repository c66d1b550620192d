"""The commands on kept runs, from the words typed to the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corpus.feedback import keep_feedback
from corpus.gaps import keep_gap
from corpus.record import Record
from corpus.settings import Settings
from evals.cases import read_cases
from evals.store import RunStore
from ingest.publish import Publisher
from tests.evals.kept_runs import keep_run
from tests.fakes import FakeEmbedder, MemoryVectors
from tests.library import document
from ui.command_line import main

N = 60


@pytest.fixture
def store(environment: Settings, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr("evals.store.os.fsync", lambda _: None)  # nothing here pulls the plug
    return RunStore(environment.home)


@pytest.fixture
def baseline(store: RunStore, tmp_path: Path) -> str:
    """A run in which everything was right, approved."""
    keep_run(store, facts=[1] * N, verdict=[1] * N)
    file = str(tmp_path / "baseline.json")
    assert main(["eval", "baseline", "--approve", "Example Operator", "--baseline", file]) == 0
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["eval", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_newest_run_passes_or_fails_by_its_exit_code(
    store: RunStore, baseline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_run(store, facts=[1] * N, verdict=[1] * N)
    code, passed = run(capsys, "gate", "--baseline", baseline)
    assert (code, passed["passed"]) == (0, True)
    worse = keep_run(store, facts=[0] * 12 + [1] * (N - 12), verdict=[1] * N)
    code, failed = run(capsys, "gate", "--baseline", baseline)
    assert (code, failed["passed"], failed["run"]) == (4, False, worse.run)
    assert json.loads((store.place(worse.run) / "gate.json").read_text()) == failed
    assert main(["eval", "gate", "--baseline", baseline, "--allowed-loss", "0.5"]) == 0
    assert main(["eval", "gate", "--baseline", baseline, "--metrics", "verdict"]) == 0
    assert main(["eval", "gate", "--baseline", baseline, "--run", passed["run"]]) == 0


def test_a_failed_gate_reads_as_one(store: RunStore, baseline: str, capsys: pytest.CaptureFixture[str]) -> None:
    keep_run(store, facts=[0] * 12 + [1] * (N - 12), verdict=["the judge broke down"] + [1] * (N - 1), held=[0])
    main(["eval", "gate", "--baseline", baseline])
    words = capsys.readouterr().out
    assert "NOT PASSED" in words and "100.0% → 80.0%" in words and "case-001" in words and "1 held cases" in words
    assert "1 could not be judged this time" in words and "case-000" not in words


def test_an_unfinished_run_is_not_judged(store: RunStore, baseline: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The finished cases of a killed run are its first ones, and no sample of all."""
    unfinished = keep_run(store, facts=[0] * N, verdict=[0] * N, complete=False)
    code, told = run(capsys, "gate", "--baseline", baseline, "--run", unfinished.run)
    assert code == 1 and "is not complete" in told["error"]
    assert main(["eval", "gate", "--baseline", baseline]) == 0  # the newest complete one


def test_without_runs_or_baseline_the_next_step_is_named(
    store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run(capsys, "gate")
    assert code == 1 and "fractional eval run" in told["error"]
    keep_run(store, facts=[1] * N)
    code, told = run(capsys, "gate", "--baseline", str(tmp_path / "none.json"))
    assert code == 1 and "--approve" in told["error"]


def test_a_baseline_names_who_approved_it(store: RunStore, baseline: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "baseline", "--baseline", baseline)
    assert (code, told["approved_by"], told["cases"]) == (0, "Example Operator", N)
    assert told["metrics"] == {"facts": 1.0, "verdict": 1.0}
    assert main(["eval", "baseline", "--approve", " ", "--baseline", baseline]) == 2
    assert main(["eval", "baseline", "--run", told["run"], "--baseline", baseline]) == 2


def test_a_run_with_a_drifted_judge_does_not_become_the_baseline(
    store: RunStore, baseline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted = keep_run(store, facts=[1] * N, judge_check={"sets": {}, "drifted": True, "why": "0.61 after 0.74"})
    code, told = run(capsys, "baseline", "--approve", "Example Operator", "--baseline", baseline)
    assert code == 4 and "0.61 after 0.74" in told["error"]
    assert drifted.run not in Path(baseline).read_text()


@pytest.mark.parametrize("share", ["1.5", "-0.1", "nan", "a"])
def test_an_allowed_loss_is_a_share(share: str) -> None:
    assert main(["eval", "gate", "--allowed-loss", share]) == 2


def test_a_report_is_written_beside_the_run_or_where_it_is_wanted(
    store: RunStore, baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "gate", "--baseline", baseline)
    code, told = run(capsys, "report")
    assert (code, told["passed"]) == (0, True)
    assert Path(told["files"]["report.html"]).parent == store.place(told["run"]) / "report"
    code, told = run(capsys, "report", "--out", str(tmp_path / "out"))
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"report.html", "junit.xml", "summary.md"}
    assert main(["eval", "report"]) == 0
    assert f"run {told['run']}, the gate passed" in capsys.readouterr().out


class TestDrafts:
    @pytest.fixture
    def golden(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "cases"
        folder.mkdir()
        monkeypatch.setattr("evals.cases.CASES", folder)
        return folder

    @pytest.fixture
    def told(self, environment: Settings, golden: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
        """After a bad answer and a question without one."""
        record = Record(environment.record_path)
        content: dict[str, Any] = {"question": "What does it cost?", "standalone_question": "", "verdict": "answered"}
        content |= {"snapshot": 1, "writer": "quote", "answer": "It depends.", "citations": []}
        record.keep_answer(id="a", conversation="", content=content)
        keep_feedback(record, "a", False, "No price.")
        keep_gap(record, "Who is the king?", [], 1)
        code, told = run(capsys, "drafts")
        assert code == 0
        return told

    def test_what_happened_is_listed_and_listed_once(
        self, told: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        bad, gap = told["drafts"]
        assert (bad["from"], bad["why"], bad["missing"]) == ("feedback", "No price.", ["verdict", "documents", "facts"])
        assert (gap["from"], gap["verdict"], gap["missing"]) == ("gap", ["abstained"], [])
        assert told["added"] == [bad["id"], gap["id"]] and Path(told["file"]).is_file()
        assert run(capsys, "drafts")[1] == told | {"added": []}
        assert main(["eval", "drafts"]) == 0
        words = capsys.readouterr().out
        assert "was     answered: It depends." in words and "missing verdict, documents, facts" in words
        assert "2 drafts wait. Fill in what is missing" in words

    def test_one_is_approved_and_the_other_refused_and_discarded(
        self, told: dict[str, Any], golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bad, gap = (one["id"] for one in told["drafts"])
        code, refused = run(capsys, "drafts", "--approve", bad)
        assert code == 4 and "not filled in yet: verdict, documents, facts" in refused["error"]
        assert list(golden.iterdir()) == []
        code, approved = run(capsys, "drafts", "--approve", gap)
        file = golden / "from_life.yaml"
        assert (code, approved["approved"]) == (0, {"id": gap, "file": str(file), "held": False})
        assert [case.question for case in read_cases([file])] == ["Who is the king?"]
        assert [one["id"] for one in approved["drafts"]] == [bad]
        assert run(capsys, "drafts", "--discard", bad)[1]["discarded"] == bad
        assert run(capsys, "drafts")[1]["drafts"] == []
        assert main(["eval", "drafts"]) == 0
        assert "No drafts wait." in capsys.readouterr().out
        assert main(["eval", "drafts", "--discard", bad]) == 1

    def test_another_file_takes_it_if_it_is_named(
        self, told: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, gap = tmp_path / "mine.yaml", told["drafts"][1]["id"]
        assert main(["eval", "drafts", "--into", str(file)]) == 2
        assert main(["eval", "drafts", "--approve", gap, "--into", str(file)]) == 0
        assert f"{gap} is a golden case now, in {file}." in capsys.readouterr().out
        assert len(read_cases([file])) == 1

    def test_an_article_is_asked_what_it_answers(
        self, environment: Settings, golden: Path, memory_vectors: MemoryVectors, capsys: pytest.CaptureFixture[str]
    ) -> None:
        record = Record(environment.record_path)
        publisher = Publisher(environment, record, FakeEmbedder(), vectors=memory_vectors)
        text = "## The audit\n\nAn audit costs $4,000.\n"
        publisher.publish({"audits": document("audits", text, source="Example Ltd")})
        code, told = run(capsys, "drafts", "--from-article", "audits")
        (draft,) = told["drafts"]
        assert code == 0 and told["added"] == [draft["id"]]
        assert (draft["documents"], draft["facts"], draft["why"]) == (
            ["audits"],
            [r"\$4,000"],
            "An audit costs $4,000.",
        )
        assert run(capsys, "drafts", "--approve", draft["id"])[0] == 0
        assert run(capsys, "drafts", "--from-article", "audits")[1]["added"] == []
        assert main(["eval", "drafts", "--from-article", "nothing"]) == 1
