"""Golden cases are read whole or refused with the place named; the library's own are sound."""

from collections import Counter
from pathlib import Path

import pytest

from corpus.errors import CasesError
from corpus.library import read_library
from evals.calibrate import is_clear
from evals.cases import CASES, FURTHER, Case, by_words, read_cases
from rag.judge import CALIBRATION
from rag.logistic import read_fit

ROOT = CASES.parents[1]
WHOLE = """
- id: one
  type: single
  question: How long?
  verdict: answered
  documents: [a]
  facts: ['\\d+ weeks']
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "cases.yaml"
    file.write_text(text)
    return file


def test_a_case_is_read_with_all_it_says(tmp_path: Path) -> None:
    [case] = read_cases([written(tmp_path, WHOLE)])
    assert case == Case("one", "single", "How long?", (), ("answered",), ("a",), (r"\d+ weeks",), (), False)
    assert case.answerable


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("just words", "no list"),
        ("- type: single", "without an id"),
        (WHOLE + WHOLE, "there twice"),
        (WHOLE.replace("single", "double"), "type `double`"),
        (WHOLE.replace("verdict: answered", "verdict: maybe"), "verdict must be"),
        (WHOLE.replace("'\\d+ weeks'", "'('"), "no regular expression"),
        (WHOLE.replace("How long?", '" "'), "no question"),
        ("- [", "can't be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(CasesError, match=named) as caught:
        read_cases([file])
    assert str(file) in str(caught.value)


@pytest.fixture(scope="module")
def golden() -> list[Case]:
    return read_cases(sorted(CASES.glob("*.yaml")))


def test_the_golden_set_is_as_large_and_as_mixed_as_promised(golden: list[Case]) -> None:
    least = {"single": 110, "multi": 40, "differ": 30, "unanswerable": 50, "follow_up": 30}
    counted = Counter(case.type for case in golden)
    assert all(counted[type] >= n for type, n in least.items()), counted
    assert sum(least.values()) <= len(golden)
    for type in least:  # a third of each is kept for the gate
        held = sum(case.held for case in golden if case.type == type)
        assert 0.28 <= held / counted[type] <= 0.42, (type, held)
    assert all(1 <= len(case.history) <= 3 for case in golden if case.type == "follow_up")


@pytest.fixture(scope="module")
def all_cases() -> list[Case]:
    """Read together: no id is there twice."""
    return read_cases([*sorted(CASES.glob("*.yaml")), *FURTHER])


def test_the_further_cases_are_as_many_again_and_a_third_of_each_is_held() -> None:
    further = read_cases(FURTHER)
    assert len(further) >= 500
    for type in ("single", "multi", "differ", "unanswerable"):
        some = [case.held for case in further if case.type == type]
        assert 0.28 <= sum(some) / len(some) <= 0.42, type


def test_no_question_is_asked_twice(all_cases: list[Case]) -> None:
    counted = Counter(by_words(case.question, case.history) for case in all_cases if not case.id.startswith("life-"))
    assert not [question for question, times in counted.items() if times > 1]


def test_every_expected_document_is_in_the_library(all_cases: list[Case]) -> None:
    known = read_library(ROOT / "corpus").documents
    missing = {(case.id, id) for case in all_cases for id in case.documents if id not in known}
    assert not missing


def test_each_expected_fact_stands_in_an_expected_document(all_cases: list[Case]) -> None:
    """Otherwise no answer could ever be right: answers are the documents' own sentences."""
    import re

    from corpus.text import plain

    known = read_library(ROOT / "corpus").documents
    text = {
        id: plain(d.text) + "\n" + "\n".join(h.quote for v in d.views for h in v.holders) for id, d in known.items()
    }
    lost = [
        (case.id, fact)
        for case in all_cases
        for fact in (case.facts if case.answerable else ())
        if not any(re.search(fact, re.sub(r"\s+", " ", text[id]), re.IGNORECASE) for id in case.documents)
    ]
    assert not lost


def test_the_judge_was_fitted_on_the_open_cases_of_today(all_cases: list[Case]) -> None:
    """Cases were added or changed, and nobody ran `eval calibrate --articles … --keep` again."""
    fitted = read_fit(CALIBRATION)["figures"]["library"]
    open_ones = [case.answerable for case in all_cases if not case.held and is_clear(case)]
    assert (fitted["answerable"], fitted["unanswerable"]) == (sum(open_ones), len(open_ones) - sum(open_ones))
