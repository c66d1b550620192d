"""Refusals: tasks read in the spellings they come in, each asked over its own library, and counted apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus.documents import Document
from corpus.errors import CasesError
from corpus.index import Index
from corpus.record import Record
from corpus.settings import Settings
from evals import false_passages
from evals.calibrate import observe_tasks
from evals.refusal import (
    ANSWERABLE,
    UNANSWERABLE,
    Asked,
    ChainOver,
    as_library,
    curve_of,
    figures_of,
    measure,
    read_corpus,
    read_tasks,
)
from ingest.publish import Publisher, no_progress
from rag.answer import Chain
from rag.answers import ABSTAINED, ANSWERED, PARTIAL, Answer, Citation, Perspective
from tests.fakes import FakeEmbedder, MemoryVectors, WordReader
from ui.command_line import main
from ui.render import refusals

SAID = [
    {"speaker": "user", "text": "What is a golden set?"},
    {"speaker": "agent", "text": "A list of questions."},
]
PASSAGE = "A golden set is a list of questions with agreed answers, kept by the product owner every month."


def lines(file: Path, *rows: Any) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def over(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ChainOver:
    """One home reused, its vectors in memory."""
    vectors = MemoryVectors()
    monkeypatch.setattr("corpus.index.open_vectors", lambda *_: vectors)
    publisher = Publisher(settings, Record(settings.record_path), FakeEmbedder(), vectors=vectors)

    def open_over(documents: Mapping[str, Document]) -> Chain:
        publisher.publish({**dict.fromkeys(publisher.record.documents()), **documents})
        chain = Chain(Index(settings, FakeEmbedder()))
        chain.weigher.reader = WordReader()
        return chain

    return open_over


def test_tasks_are_read_with_their_conversation_and_their_own_passages(tmp_path: Path) -> None:
    file = lines(
        tmp_path / "tasks",
        {"text": "And who keeps it?", "history": SAID, "answerability": "ANSWERABLE", "target": "The owner."},
        {"query": "Is it in Peru?", "answerability": ["unanswerable"], "passages": ["Bare.", {"text": "With a title.", "title": "A"}, ""]},
    )  # fmt: skip
    follow_up, own = read_tasks(file)
    assert follow_up.question == "And who keeps it? (about: What is a golden set?)" and follow_up.passages is None
    assert own.answerability == UNANSWERABLE and own.passages is not None
    assert [(one.title, one.text) for one in own.passages.values()] == [("Bare.", "Bare."), ("A", "With a title.")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"answerability": "ANSWERABLE"}, "task 1 .*no question"),
        ({"text": "Why?"}, "task 1 .*answerability"),
        ({"text": "Why?", "answerability": "ANSWERABLE", "passages": [1]}, "task 1 .*neither words nor"),
        ({"text": "Why?", "answerability": "ANSWERABLE", "history": ["Hm?"]}, "task 1 .*history"),
        ({"text": "Why?", "answerability": "PARTIAL"}, "no task whose"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(CasesError, match=said):
        read_tasks(lines(tmp_path / "tasks", row))


def test_tasks_without_passages_need_a_corpus(tmp_path: Path, over: ChainOver) -> None:
    tasks = read_tasks(lines(tmp_path / "tasks", {"text": "Why?", "answerability": "ANSWERABLE"}))
    with pytest.raises(CasesError, match="name the --corpus"):
        measure(tasks, None, over, no_progress)


def test_each_task_is_asked_over_its_own_passages_alone(tmp_path: Path, over: ChainOver) -> None:
    """The second brings no passage that holds it, though the corpus and the task before do."""
    corpus = read_corpus(lines(tmp_path / "passages", {"_id": "a", "title": "", "text": PASSAGE}))
    asked = {"text": "Who keeps a golden set of questions?", "answerability": "ANSWERABLE"}
    tasks = read_tasks(
        lines(
            tmp_path / "tasks",
            asked | {"passages": [PASSAGE]},
            asked | {"answerability": "UNANSWERABLE", "passages": ["Bread rises overnight."]},
            asked | {"answerability": "UNANSWERABLE", "passages": []},
            asked,
        )
    )
    measured = measure(tasks, corpus, over, no_progress)
    assert (measured["precision"], measured["recall"], measured["false_refusals"], measured["n"]) == (1, 1, 0, 4)


def test_what_is_answerable_in_part_is_told_apart() -> None:
    asked = [
        Asked(ANSWERABLE, ANSWERED, 0.9),
        Asked(ANSWERABLE, ABSTAINED, 0.1),
        Asked(UNANSWERABLE, ABSTAINED, 0.2),
        Asked(UNANSWERABLE, PARTIAL, 0.3),
        Asked(UNANSWERABLE, ABSTAINED, 0.0),
        Asked("PARTIAL", ABSTAINED, 0.1),
    ]
    figures = figures_of(asked)
    assert figures["precision"] == pytest.approx(2 / 3) and figures["recall"] == pytest.approx(2 / 3)
    assert figures["false_refusals"] == 0.5 and figures["n"] == 5
    assert figures["verdicts"]["PARTIAL"] == {"n": 1, "answered": 0, "partial": 0, "abstained": 1}


def test_where_nothing_is_refused_precision_is_unknown_and_not_zero() -> None:
    assert figures_of([Asked(ANSWERABLE, ANSWERED, 0.9)])["precision"] is None


def test_the_curve_answers_the_surest_first_and_equally_sure_ones_together() -> None:
    asked = [Asked(ANSWERABLE, ANSWERED, 0.9), Asked(UNANSWERABLE, ANSWERED, 0.5), Asked(ANSWERABLE, ANSWERED, 0.5)]
    for order in (asked, asked[::-1]):
        assert curve_of(order) == [
            {"coverage": pytest.approx(1 / 3), "risk": 0.0},
            {"coverage": 1.0, "risk": pytest.approx(1 / 3)},
        ]


ROW = {
    "query": "Who keeps a golden set of questions?",
    "answer": [["the product owner", "Product Owner"]],
    "fakeanswer": "the night watch",
    "positive": [PASSAGE],
    "positive_wrong": [PASSAGE.replace("product owner", "night watch")],
    "negative": ["Bread rises overnight."],
}


def test_right_irrelevant_and_false_passages_are_recognised_and_told_apart(tmp_path: Path, over: ChainOver) -> None:
    file = lines(tmp_path / "tasks", ROW)
    assert false_passages.is_of_this_kind(file)
    assert not false_passages.is_of_this_kind(lines(tmp_path / "others", {"text": "Why?"}))
    measured = false_passages.measure(false_passages.read_queries(file), over, no_progress)
    assert (measured["recall"], measured["false_refusals"], measured["n"]) == (1, 0, 2)
    assert measured["right_passages"] == {"n": 1, "answer_shown": 1}
    both = measured["false_beside_right"]
    assert sum(both[name] for name in ("both_seen", "only_right_seen", "only_false_seen", "abstained")) == 1


def test_an_abstention_that_names_a_passage_shows_no_answer(tmp_path: Path, over: ChainOver) -> None:
    """A passage is called by the words it opens with, which may be the answer."""
    row = ROW | {"query": "Whom did Xavier Zorn meet?", "positive": ["The product owner keeps a golden set."]}
    row |= {"positive_wrong": ["The night watch keeps a golden set."]}
    measured = false_passages.measure(false_passages.read_queries(lines(tmp_path / "tasks", row)), over, no_progress)
    assert measured["false_refusals"] == 1 and measured["right_passages"]["answer_shown"] == 0
    assert measured["false_beside_right"]["abstained"] == 1 and measured["false_beside_right"]["both_seen"] == 0


def test_both_answers_in_one_side_are_no_two_sides() -> None:
    [query] = [
        false_passages.Query("Who?", ("the owner",), ("the watch",), (), (), ()),
    ]

    def made(*quotes: str) -> Answer:
        cited = tuple(
            Citation(n, "d", "t", "s", "a", "", "", "practitioner", "", quote, 0, 1, False)
            for n, quote in enumerate(quotes, start=1)
        )
        sides = tuple(Perspective(f"“{one.quote}”", ("t",), (one.n,)) for one in cited)
        return Answer("Who?", "Who?", ANSWERED, "", citations=cited, perspectives=sides)

    assert false_passages.stand_apart(made("The owner keeps it.", "The watch keeps it."), query)
    assert not false_passages.stand_apart(made("The owner and the watch keep it.", "The watch keeps it."), query)


def test_a_passage_without_words_holds_nothing() -> None:
    assert as_library(["", {"text": " ", "title": "Empty"}], "here") == {}


def test_the_judge_is_fitted_on_half_of_the_conversations_and_checked_on_the_others(
    tmp_path: Path, over: ChainOver
) -> None:
    """Turns of one conversation in both halves would be half known."""
    rows = [
        {"_id": f"{talk}<::>{turn}", "text": "Who keeps it?", "answerability": kind, "passages": [PASSAGE]}
        for talk in "abcdef"
        for turn, kind in enumerate((ANSWERABLE, UNANSWERABLE, "PARTIAL"))
    ]
    tasks = read_tasks(lines(tmp_path / "tasks", *rows))
    fitted, checking = observe_tasks(tasks, None, over, no_progress)
    assert (fitted.checks, checking.checks) == (False, True)
    assert len(fitted.answerable) + len(checking.answerable) == 12
    for half in (fitted, checking):
        assert half.answerable and sum(half.answerable) * 2 == len(half.answerable)
        assert all(found["score"] > 0 for found in half.signs)


@pytest.mark.model
@pytest.mark.slow
def test_the_command_keeps_its_contract(
    environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lines(
        tmp_path / "tasks",
        {"text": "Who keeps a golden set?", "answerability": "ANSWERABLE", "passages": [PASSAGE]},
        {"text": "How do I bake bread?", "answerability": "UNANSWERABLE", "passages": [PASSAGE]},
    )
    assert main(["eval", "refusal", "--tasks", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["precision"], told["recall"], told["false_refusals"], told["n"]) == (1, 1, 0, 2)
    assert told["curve"][-1] == {"coverage": 1.0, "risk": 0.5}
    assert not environment.home.exists() and not list(environment.corpus.iterdir())
    assert "100% of what can't be answered was refused" in refusals(told)
    assert main(["eval", "refusal", "--tasks", str(tmp_path / "none"), "--json"]) == 1
