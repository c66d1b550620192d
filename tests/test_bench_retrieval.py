"""How passages are found in public sets: the arithmetic of chunks and of the cookbook, and each run whole over a small set."""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks import chunking, cookbook
from benchmarks.chunking import Asked, Measured, Passage, by_meaning, by_meaning_and_words, fixed, spans_of
from corpus.text import Span

LETTERS = "Pears keep for a month. Plums are dried. Plums are dried. Quinces are cooked before they are eaten."


def passage(text: str, start: int, end: int) -> Passage:
    return Passage(text, Span(start, end), "")


class TestScoresOfChunks:
    asked = Asked("Which?", "a", (Span(0, 10), Span(40, 50)))

    def test_what_is_found_twice_is_hit_once_and_read_twice(self) -> None:
        scores = chunking.scores_of([passage("a", 0, 20), passage("a", 5, 25)], self.asked)
        assert (scores.recall, scores.precision) == (0.5, 10 / 40)
        assert scores.iou == 10 / (40 + 10)  # the span that was missed belongs to the union
        assert scores.iou_once == 10 / (25 + 10)

    def test_a_passage_of_another_text_is_read_for_nothing(self) -> None:
        """At the same place of another text it would look right."""
        scores = chunking.scores_of([passage("b", 0, 10), passage("a", 40, 50)], self.asked)
        assert (scores.recall, scores.precision, scores.iou, scores.iou_once) == (0.5, 0.5, 1 / 3, 1 / 3)

    def test_nothing_found_scores_nothing(self) -> None:
        assert chunking.scores_of([], self.asked) == chunking.Scores(0.0, 0.0, 0.0, 0.0)


def test_parts_that_repeat_or_overlap_stand_each_at_its_own_place() -> None:
    parts = ["Pears keep", "keep for a month.", "Plums are dried.", "Plums are dried.", "Quinces"]
    spans = spans_of(parts, LETTERS)
    assert [span.of(LETTERS) for span in spans] == parts
    assert spans[2].end < spans[3].start
    assert spans[1].start < spans[0].end


@dataclass(frozen=True)
class Encoded:
    offsets: list[tuple[int, int]]


class Words:
    """A tokenizer of words."""

    def encode(self, text: str, add_special_tokens: bool) -> Encoded:
        return Encoded([match.span() for match in re.finditer(r"\w+", text)])


def test_fixed_runs_of_tokens_cover_the_whole_text() -> None:
    passages = fixed(Words(), 7)("a", LETTERS)
    assert "".join(one.span.of(LETTERS) for one in passages) == LETTERS
    assert [len(one.embedded.split()) for one in passages] == [7, 7, 4]


@pytest.mark.model
def test_tokens_are_those_of_the_text_alone() -> None:
    """Each sentence counted as 128 tokens, so a splitter of 200 had none to put together."""
    tokenizer = chunking.open_tokenizer()
    assert len(tokenizer.encode("Pears keep.", add_special_tokens=False).ids) == 4
    assert len(tokenizer.encode("Pears keep. " * 100, add_special_tokens=False).ids) == 400


def test_words_bring_up_what_meaning_puts_last() -> None:
    texts = ["Pears keep for a month.", "Plums are dried.", "Quinces are cooked."]
    passages = [Passage("a", Span(at, at + 1), text) for at, text in enumerate(texts)]
    asked = [Asked("How are quinces cooked?", "a", (Span(2, 3),))]
    near = np.array([[0.5, 0.4, 0.3]], dtype=np.float32)
    assert by_meaning(near, passages)[0][0] is passages[0]
    assert by_meaning_and_words(near, passages, asked)[0][0] is passages[2]


def test_the_table_compares_each_way_with_the_first_question_by_question() -> None:
    own = Measured("ours", 3, 20.0, [chunking.Scores(1.0, 0.5, 0.4, 0.4), chunking.Scores(0.5, 0.5, 0.4, 0.4)])
    other = Measured("other", 2, 30.0, [chunking.Scores(0.75, 0.5, 0.3, 0.3), chunking.Scores(0.25, 0.5, 0.3, 0.3)])
    _, _, first, second = chunking.as_table([own, other])
    assert first.startswith("| ours | 3 | 20 | 0.75 (0.50 to 1.00)")
    assert second.endswith("| 0.250 (0.250 to 0.250) | 0.100 (0.100 to 0.100) |")


def test_spans_count_the_characters_of_a_text_as_it_is(chunks: Path) -> None:
    """Read with its line ends made one kind, every span after the first line would be off."""
    texts, asked = chunking.read_set(chunks)
    assert [span.of(texts[one.text]) for one in asked for span in one.spans] == ["Plums are dried."]


class TestScoresOfTheCookbook:
    def test_recall_is_of_the_right_ones_precision_of_three_and_the_first_counts_by_its_place(self) -> None:
        scores = cookbook.scores_of(["x", "a", "y", "b"], {"a": 1, "b": 1})
        assert scores == cookbook.Scores(1 / 2, 1 / 3, 1 / 2, 1 / 2)

    def test_a_first_one_below_the_third_place_counts_over_all_ranks_alone(self) -> None:
        assert cookbook.scores_of(["x", "y", "z", "a"], {"a": 1}) == cookbook.Scores(0.0, 0.0, 1 / 4, 0.0)
        assert cookbook.scores_of(["x"], {"a": 1}) == cookbook.Scores(0.0, 0.0, 0.0, 0.0)

    def test_f1_is_that_of_the_averages(self) -> None:
        rows = list(
            cookbook.as_table({"way": [cookbook.Scores(1.0, 0.0, 1.0, 1.0), cookbook.Scores(0.0, 1.0, 0.0, 0.0)]})
        )
        assert rows[-1].split(" | ")[3] == "0.50"


def test_right_passages_are_named_as_their_documents_are(docs: Path) -> None:
    given = cookbook.read_set(docs)
    assert given.documents[next(iter(given.queries[0].worth))].title == "Plums"


@pytest.mark.parametrize("module", [chunking, cookbook])
def test_a_folder_without_the_set_is_refused(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", str(tmp_path)])
    assert module.main() == 1  # type: ignore[attr-defined]
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.model
def test_chunks_are_measured_whole(
    chunks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text is shorter than five passages, so each way finds all that answers."""
    monkeypatch.setattr(sys, "argv", ["chunking", str(chunks)])
    assert chunking.main() == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ") and "recall" not in line]
    assert len(rows) == 15
    assert {row.split(" | ")[3].split()[0] for row in rows} == {"1.00"}


@pytest.mark.slow
@pytest.mark.model
def test_the_cookbook_is_measured_whole(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cookbook", str(docs)])
    assert cookbook.main() == 0
    rows = capsys.readouterr().out.splitlines()[-4:]
    assert [row.split(" | ")[0] for row in rows] == ["| lexical", "| dense", "| fused", "| full"]
    assert {row.split(" | ")[4].split()[0] for row in rows} == {"1.00"}


@pytest.fixture
def chunks(tmp_path: Path) -> Path:
    """A text with line ends of two characters, and one question on it."""
    text = LETTERS.replace(". ", ".\r\n")
    at = text.index("Plums are dried.")
    (tmp_path / "fruit.md").write_bytes(text.encode())
    with (tmp_path / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "references", "corpus_id"])
        spans = [{"content": "Plums are dried.", "start_index": at, "end_index": at + 16}]
        rows.writerow(["What is done with plums?", json.dumps(spans), "fruit"])
    return tmp_path


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    told = {"Pears": "Pears keep for a month.", "Plums": "Plums are dried on racks in the sun."}
    passages = [{"chunk_link": f"#{name}", "chunk_heading": name, "text": text} for name, text in told.items()]
    asked = [{"id": "1", "question": "Where are plums dried?", "correct_chunks": ["#Plums"]}]
    (tmp_path / cookbook.PASSAGES).write_text(json.dumps(passages), encoding="utf-8")
    (tmp_path / cookbook.QUESTIONS).write_text(json.dumps(asked), encoding="utf-8")
    return tmp_path
