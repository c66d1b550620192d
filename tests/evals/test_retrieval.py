"""Public sets in the layout of BEIR: read as given, the usual figures, and four ways of finding over the same passages."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from corpus.errors import CasesError
from corpus.index import Index
from corpus.settings import Settings
from evals.retrieval import figures_of, measure, read_beir
from ingest.publish import Publisher
from rag.answer import Chain

PASSAGES = {
    "p1": ("Pears", "Pears keep for a month in a cold cellar."),
    "p2": ("Plums", "Plums are dried on racks in the sun."),
    "p3": ("", "Quinces are hard and are cooked before anybody eats them."),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [{"_id": id, "title": title, "text": text} for id, (title, text) in PASSAGES.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    asked = [{"_id": "q1", "text": "How long do pears keep?"}, {"_id": "q2", "text": "Nobody judged this"}]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\nq1\tp2\t0\n", encoding="utf-8")
    return tmp_path


def test_only_what_was_judged_is_asked_and_a_zero_is_no_right_answer(folder: Path) -> None:
    beir = read_beir(folder, "test")
    assert [(query.id, dict(query.worth)) for query in beir.queries] == [("q1", {"passage-1": 1})]
    assert beir.documents["passage-3"].title.startswith("Quinces are hard")


def test_judgements_of_another_set_are_refused(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq9\tp9\t1\n", encoding="utf-8")
    with pytest.raises(CasesError, match="name none"):
        read_beir(folder, "test")
    with pytest.raises(CasesError, match=r"train\.tsv"):
        read_beir(folder, "train")


def test_the_figures_are_the_usual_ones() -> None:
    """Second of two right ones found at the third place; one worth two where the best would be first."""
    found = ["x", "y", "a", *(f"z{n}" for n in range(20)), "b"]
    figures = figures_of(found, {"a": 2, "b": 1})
    assert figures["ndcg@10"] == pytest.approx((2 / math.log2(4)) / (2 + 1 / math.log2(3)))
    assert (figures["recall@10"], figures["recall@100"]) == (0.5, 1.0)
    assert figures["mrr@10"] == pytest.approx(1 / 3)
    assert set(figures_of(["x"], {"a": 1}).values()) == {0.0}


def test_each_way_of_finding_is_measured(folder: Path, settings: Settings, publisher: Publisher) -> None:
    beir = read_beir(folder, "test")
    publisher.publish(beir.documents)
    measured = measure(Chain(Index(settings, publisher.embedder)), beir.queries, lambda *_: None)
    assert list(measured) == ["lexical", "dense", "fused", "full"]
    assert {values["ndcg@10"] for values in measured.values()} == {1.0}
