"""The judge is judged before it judges: on what is known, each set by itself, and a judge that has drifted is told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import CasesError, SettingsError
from evals import judge_check
from evals.judge_check import (
    Agreement,
    Labelled,
    agreement,
    check_judge,
    corrupted_sentences,
    drift,
    kappa,
    our_sets,
    public_sets,
    read_sheet,
)
from evals.second_opinion.sample import Sampled
from ingest.publish import no_progress
from tests import asking
from tests.evals.judges import Failing, SupportJudge, YesToAll
from tests.library import document

EVIDENCE = (asking.COST_QUOTE, "Some engagements end after ninety days.")
TRUE, FALSE = asking.COST_QUOTE, "A fractional AI CTO costs 99,000 dollars a month."
LABELLED = [Labelled((TRUE,), EVIDENCE, "", True), Labelled((FALSE,), EVIDENCE, "", False)] * 5
# Long enough to be put wrong in every way.
LIBRARY = {
    id: document(
        id,
        f"## About {id}\n\nThe {id} programme costs 40,000 dollars a year and is usually paid in three parts. "
        f"Most companies should not begin the {id} programme without an owner. It often takes about 12 weeks before anything is seen.\n",
        author=f"{id.capitalize()} Author",
    )
    for id in ("alpha", "bravo", "delta", "gamma")
}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the sheets nor the sample that ship, nor what a developer has configured."""
    monkeypatch.setattr(judge_check, "SHEETS", tmp_path / "sheets")
    sample = [Sampled(TRUE, EVIDENCE, False), Sampled(FALSE, EVIDENCE, True)] * 4
    monkeypatch.setattr(judge_check, "read_sample", lambda: sample)
    monkeypatch.delenv(judge_check.SETS, raising=False)
    (tmp_path / "sheets").mkdir()
    return tmp_path


def test_a_good_judge_is_told_to_be_one() -> None:
    checked = check_judge(SupportJudge(), LIBRARY, no_progress)
    assert checked["drifted"] is False and checked["why"] == ""
    assert checked["sets"]["corruptions"]["kappa"] == 1.0
    assert json.loads(json.dumps(checked)) == checked


def test_a_judge_that_says_yes_to_all_has_drifted() -> None:
    """Faithfulness rose to one hundred percent, and everybody was glad."""
    checked = check_judge(YesToAll(), LIBRARY, no_progress)
    assert checked["drifted"] is True
    assert "corruptions: balanced accuracy 0.50" in checked["why"]
    for one in checked["sets"].values():
        assert (one["balanced_accuracy"], one["f1"], one["auroc"], one["kappa"]) == (0.5, 0.0, 0.5, 0.0)


def test_a_judge_below_what_was_measured_of_it_has_drifted() -> None:
    """Still better than a coin, and no longer the one whose figures are told."""

    class Worse(SupportJudge):
        """Lets every fourth of the false ones stand."""

        expected: Mapping[str, Mapping[str, float]] = {"corruptions": {"balanced_accuracy": 0.95, "low": 0.9}}

        def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
            support = super().support(sentence, evidence, question)
            return 1.0 if self.seen.count(FALSE) == 4 else support

    checked = check_judge(Worse(), {}, no_progress)
    assert checked["why"] == "corruptions: balanced accuracy 0.88, at least 0.90 was expected"
    assert drift({"corruptions": figures(0.91)}, {"corruptions": 0.9}) == []


def figures(balanced_accuracy: float) -> Agreement:
    return Agreement(10, 0, 0.5, balanced_accuracy, 0.5, 0.5, 0.5)


@pytest.mark.parametrize("gives", [math.nan, 7.0])
def test_a_judge_that_gives_no_judgement_has_drifted(gives: float) -> None:
    found = agreement(Failing(99, gives), LABELLED)
    assert (found.n, found.failures) == (0, len(LABELLED))
    assert drift({"sheet": found}, {"sheet": 0.5}) == ["sheet: 10 of 10 could not be judged"]


def test_figures_known_by_hand() -> None:
    found = agreement(
        SupportJudge(),
        [*LABELLED, Labelled((FALSE,), EVIDENCE, "", True), Labelled((TRUE, FALSE), EVIDENCE, "", False)],
    )
    assert (found.n, found.base_rate) == (12, 0.5)
    assert found.balanced_accuracy == pytest.approx((5 / 6 + 6 / 6) / 2)
    assert found.f1 == pytest.approx(2 * 6 / (6 + 7))
    truth, flagged = np.array([True] * 6 + [False] * 6), np.array([True] * 6 + [True] + [False] * 5)
    assert found.kappa == pytest.approx(kappa(truth, flagged)) == pytest.approx((11 / 12 - 0.5) / 0.5)


def test_agreement_by_chance_is_none() -> None:
    truth = np.array([True, True, False, False])
    assert kappa(truth, np.array([True, False, True, False])) == 0.0
    assert kappa(truth, truth) == 1.0
    assert kappa(np.array([False] * 3), np.array([False] * 3)) == 0.0


def test_each_sheet_is_a_set_of_its_own(places: Path) -> None:
    row = {
        "question": "?",
        "evidence": list(EVIDENCE),
        "sentence": FALSE,
        "supported": False,
        "by": "person",
        "how": "blind",
    }
    (places / "sheets" / "first.jsonl").write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    sets = our_sets({})
    assert list(sets) == ["first", "corruptions"]
    assert sets["first"] == [Labelled((FALSE,), EVIDENCE, "?", False)]


def test_a_sheet_that_can_not_be_read_is_told(places: Path) -> None:
    path = places / "sheets" / "broken.jsonl"
    path.write_text('{"sentence": "?"}\n', encoding="utf-8")
    with pytest.raises(CasesError, match=r"broken\.jsonl"):
        read_sheet(path)


def test_the_same_sentences_of_the_same_library_in_every_run() -> None:
    found = corrupted_sentences(LIBRARY)
    assert found == corrupted_sentences(dict(reversed(LIBRARY.items())))
    assert {one.supported for one in found} == {True, False}


def test_public_sets_are_judged_where_they_are_configured(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = places / "public"
    folder.mkdir()
    source = " ".join(EVIDENCE)
    marked = {"start": len(TRUE) + 3, "end": len(TRUE) + 9}
    responses = [{"response": TRUE, "labels": []}, {"response": f"{TRUE} {FALSE}", "labels": [marked]}]
    (folder / "ragtruth_some.jsonl").write_text(json.dumps({"source_id": 1, "source": source, "responses": responses}))
    monkeypatch.setenv(judge_check.SETS, str(folder))
    (folder / "wice_some.jsonl").write_text(
        json.dumps(
            {"claim": f"{TRUE} {FALSE}", "evidence": [source], "label": "not_supported", "meta": {"claim_title": "?"}}
        )
    )
    sets = check_judge(SupportJudge(), {}, no_progress)["sets"]
    marked_ones, whole = sets["ragtruth_some"], sets["wice_some"]
    assert (marked_ones["n"], marked_ones["base_rate"], marked_ones["balanced_accuracy"]) == (
        3,
        pytest.approx(1 / 3),
        1.0,
    )
    assert (whole["n"], whole["base_rate"], whole["balanced_accuracy"]) == (1, 1.0, 1.0)


def test_a_public_set_of_a_few_sentences_alone_does_not_make_a_judge_drift() -> None:
    """Forty sentences of another field, of which four are wrong, cried wolf every night."""
    assert drift({"wice": figures(0.48)}, {"corruptions": 0.8}) == []
    assert drift({"wice": figures(0.48)}, {"wice": 0.5}) == ["wice: balanced accuracy 0.48, at least 0.50 was expected"]


def test_a_folder_of_sets_that_is_not_there_is_told(places: Path) -> None:
    with pytest.raises(SettingsError, match=judge_check.SETS):
        public_sets(str(places / "nowhere"))
