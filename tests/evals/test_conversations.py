"""Conversations: read with what belongs together, asked in each form, and compared by pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.errors import CasesError
from corpus.index import Index
from corpus.record import Record
from corpus.settings import Settings
from evals.conversations import (
    FORMS,
    REWRITTEN,
    Benchmark,
    difference,
    measure,
    ndcg_of,
    read_benchmark,
    recall_of,
    rewritten,
    whole_history_pasted,
)
from ingest.publish import Publisher, no_progress
from rag.answer import Chain
from tests.fakes import FakeEmbedder

PASSAGES = {
    "a:1": (
        "Vesting",
        "Vesting means that shares are earned over four years, and that whoever leaves early keeps a part.",
    ),
    "b:1": ("", "A golden set is a list of questions with agreed answers, kept by the product owner every month."),
    "c:1": ("Rates", "A day of advice is paid at a rate that both agree on beforehand."),
}
SAID = [
    {"speaker": "user", "text": "What is a golden set?"},
    {"speaker": "agent", "text": "A list of questions."},
    {"speaker": "agent", "text": "With agreed answers."},
]
TASKS = [
    {"_id": "talk<::>2", "text": "And who keeps it?", "history": SAID},
    {"_id": "talk<::>1", "text": "What is a golden set?", "history": []},
    {"_id": "unanswerable<::>2", "text": "And in Peru?", "history": SAID},
]


def benchmark_in(folder: Path, qrels: str = "talk<::>2\tb:1\t1\ntalk<::>1\tb:1\t1\ntalk<::>2\tc:1\t0\n") -> Benchmark:
    passages = [{"_id": id, "title": title, "text": text} for id, (title, text) in PASSAGES.items()]
    for name, rows in (("tasks", TASKS), ("passages", passages)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels").write_text(f"query-id\tcorpus-id\tscore\n{qrels}")
    return read_benchmark(folder / "tasks", folder / "qrels", folder / "passages")


def test_follow_ups_with_known_passages_are_read(tmp_path: Path) -> None:
    """First questions have nothing to be understood by; a judgement of 0 is a passage that does not answer."""
    benchmark = benchmark_in(tmp_path)
    [task] = benchmark.tasks
    assert task.id == "talk<::>2"
    assert [benchmark.documents[id].text for id in task.wanted] == [PASSAGES["b:1"][1]]
    assert [exchange.answer for exchange in task.earlier] == ["A list of questions. With agreed answers."]
    assert all(document.title for document in benchmark.documents.values())


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="belong together"):
        benchmark_in(tmp_path, "another\tb:1\t1\n")
    with pytest.raises(CasesError, match="missing"):
        read_benchmark(tmp_path / "missing", tmp_path / "qrels", tmp_path / "passages")


def test_the_forms_hold_what_their_names_say(tmp_path: Path) -> None:
    [task] = benchmark_in(tmp_path).tasks
    assert rewritten(task) == "And who keeps it? (about: What is a golden set?)"
    assert (
        whole_history_pasted(task)
        == "And who keeps it? What is a golden set? A list of questions. With agreed answers."
    )


def test_each_form_is_measured_on_the_passages(tmp_path: Path, settings: Settings) -> None:
    benchmark = benchmark_in(tmp_path)
    Publisher(settings, Record(settings.record_path), FakeEmbedder()).publish(benchmark.documents)
    measured = measure(Chain(Index(settings, FakeEmbedder())), benchmark.tasks, no_progress)
    assert measured["n"] == 1
    assert list(measured["forms"]) == list(FORMS)
    assert measured["forms"][REWRITTEN] == {"recall@5": 1.0, "ndcg@5": 1.0}
    assert REWRITTEN not in measured["ahead_of"]


def test_found_passages_are_scored_by_share_and_place() -> None:
    assert recall_of(["x", "a"], frozenset("ab")) == 0.5
    assert ndcg_of(["a", "b"], frozenset("ab")) == pytest.approx(1)
    assert 0 < ndcg_of(["x", "a"], frozenset("a")) < ndcg_of(["a", "x"], frozenset("a"))


def test_a_difference_comes_with_an_interval_that_is_drawn_the_same_each_time() -> None:
    ahead = difference([1, 1, 1, 0, 1], [0, 1, 0, 0, 1])
    assert ahead.mean == pytest.approx(0.4)
    assert ahead.low < ahead.mean < ahead.high
    assert ahead == difference([1, 1, 1, 0, 1], [0, 1, 0, 0, 1])
    none = difference([1, 0], [1, 0])
    assert (none.mean, none.low, none.high) == (0, 0, 0)
