"""The judge: fitted weights that point the right way, and rules that need no fitting."""

from dataclasses import replace

import pytest

from corpus.embedder import bundled_weights
from corpus.text import Span
from evals.calibrate import SPEAK_AGAINST, Observed, fit
from rag.answers import ABSTAINED, PARTIAL
from rag.evidence import Evidence, Unit
from rag.judge import CALIBRATION, judge, signs, sure
from rag.logistic import read_fit
from rag.reader import MODEL, OnnxReader
from tests.library import document

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def unit(said: str, **features: float) -> Unit:
    span = Span(0, len(said))
    return Unit(document("one", said), 0, 0, span, said, (), "paragraph", features["score"], features)


def evidence(*units: Unit, question: str = "What does the role do?", missing: tuple[str, ...] = ()) -> Evidence:
    return Evidence(question, units, (), (), missing, {"role": 1.0})


STRONG = {"score": 2.0, "tokens": 0.95, "sentence": 0.8, "reader": 4.0, "words": 1.0, "passage": 0.7}
WEAK = {"score": 0.4, "tokens": 0.4, "sentence": 0.1, "reader": -4.0, "words": 0.1, "passage": 0.1}


def test_strong_evidence_is_answered_and_weak_evidence_is_not() -> None:
    assert judge(evidence(unit("It sets the strategy.", **STRONG))).verdict != ABSTAINED
    assert judge(evidence(unit("Bread rises overnight.", **WEAK))).verdict == ABSTAINED


@pytest.mark.parametrize("name", ["score", "tokens", "sentence", "reader"])
def test_no_sign_for_an_answer_ever_speaks_against_it(name: str) -> None:
    raised = {**WEAK, name: STRONG[name]}
    assert sure(signs(evidence(unit("x", **raised)))) >= sure(signs(evidence(unit("x", **WEAK))))


def test_what_is_unsure_is_answered_in_part_and_says_so() -> None:
    kept = read_fit(CALIBRATION)
    assert 0 < kept["abstain_below"] < kept["partial_below"] < 1
    lo, hi = 0.0, 1.0
    for _ in range(40):  # the mix of weak and strong that lies between the thresholds
        mix = (lo + hi) / 2
        features = {name: WEAK[name] + mix * (STRONG[name] - WEAK[name]) for name in WEAK}
        sureness = sure(signs(evidence(unit("x", **features))))
        lo, hi = (mix, hi) if sureness < (kept["abstain_below"] + kept["partial_below"]) / 2 else (lo, mix)
    judged = judge(evidence(unit("x", **features)))
    assert judged.verdict == PARTIAL and judged.note


def test_questions_kept_with_one_document_do_not_count_against_another() -> None:
    """In a small library the only source on vendor audits had none kept, others had, and what it answers was refused."""
    answering = unit("A vendor audit takes three weeks.", **STRONG)
    beside = replace(unit("It costs money.", **WEAK | {"asked": 0.4}), document=document("two", "It costs money."))
    of_its_own = replace(beside, document=answering.document)
    assert signs(evidence(answering, beside))["questions_kept"] == 0
    assert signs(evidence(answering, of_its_own))["questions_kept"] == 1
    assert sure(signs(evidence(answering, beside))) > sure(signs(evidence(answering, of_its_own)))


def test_what_a_rule_refuses_is_not_told_as_sure() -> None:
    """Ordered by sureness, a refusal stood among the surest answers."""
    judged = judge(evidence(unit("It sets the price.", **STRONG), question="What does it cost per month?"))
    assert judged.verdict == ABSTAINED and judged.sureness == 0.0


def test_that_a_source_names_no_price_answers_only_what_is_about_it() -> None:
    """ "What is the share price of …?" was answered with a practice's word that it publishes no rates."""
    silent = unit("We do not publish rates.", **WEAK)
    assert (
        judge(evidence(unit("It sets the strategy.", **STRONG), silent, question="What does it cost?")).verdict
        == PARTIAL
    )
    assert judge(evidence(silent, question="What does a share of it cost?")).verdict == ABSTAINED


def test_a_name_that_is_nowhere_is_refused_whatever_is_near() -> None:
    judged = judge(evidence(unit("It sets the strategy.", **STRONG), missing=("Nobody",)))
    assert judged.verdict == ABSTAINED and "Nobody" in judged.reason


def test_a_fit_points_the_way_its_signs_speak_even_where_the_cases_do_not() -> None:
    """Free slopes made one sign answer for the noise of another."""
    found = [{"reader": float(n), "unknown_words": float(n % 3)} for n in range(60)]
    labels = [n > 30 for n in range(60)]
    upside_down = fit([Observed("one", found, [not label for label in labels])])["weights"]
    assert upside_down["reader"] == 0.0
    straight = fit([Observed("one", found, labels)])
    assert straight["weights"]["reader"] > 0 and straight["weights"]["unknown_words"] <= 0
    assert "unknown_words" in SPEAK_AGAINST and straight["figures"]["all"]["auroc"] > 0.95


def test_libraries_with_questions_kept_and_without_give_up_the_same_share() -> None:
    """Everything lies nearer where questions are kept: with one threshold for both, the other library lost one answer in nine."""

    def library(name: str, kept: float) -> Observed:
        found = [{"reader": n / 10 + 3 * kept, "questions_kept": kept} for n in range(100)]
        return Observed(name, found, [n > 40 + n % 7 for n in range(100)])

    figures = fit([library("with", 1.0), library("without", 0.0)])["figures"]
    assert abs(figures["with"]["answerable_refused"] - figures["without"]["answerable_refused"]) <= 0.02
    assert figures["with"]["unanswerable_refused"] > 0.8 and figures["without"]["unanswerable_refused"] > 0.8


def test_what_checks_is_told_and_not_fitted_on() -> None:
    """Figures on what was fitted on do not say whether the judge carries over."""
    found = [{"reader": float(n)} for n in range(60)]
    labels = [n > 30 for n in range(60)]
    upside_down = Observed("another field", found, [not label for label in labels], checks=True)
    alone, checked = fit([Observed("one", found, labels)]), fit([Observed("one", found, labels), upside_down])
    assert checked["weights"] == alone["weights"] and checked["figures"]["all"] == alone["figures"]["all"]
    assert checked["figures"]["another field"]["auroc"] < 0.05


@pytest.mark.model
def test_the_shipped_reader_tells_an_answer_from_what_only_speaks_of_it() -> None:
    assert MODEL.stat().st_size < 25_000_000 and bundled_weights().is_dir()
    texts = [
        "Example Author, What it costs. Price: A fractional CTO costs $5,000 to $15,000 a month.",
        "Example Author, What it costs. Price: The retainer is usually paid monthly in advance.",
        "Example Author, What it costs. Start: The first week is spent on interviews.",
    ]
    costs, paid, week = OnnxReader().read("What is the monthly price of a fractional CTO?", texts)
    assert costs > paid and costs > week


@pytest.mark.model
def test_a_score_does_not_depend_on_what_else_is_read() -> None:
    """With sums in eight bits the same sentence was scored 0.2 apart in other company."""
    texts = [f"Example Author, Titles. A text of its own length {'and more ' * n}here." for n in range(12)]
    together = OnnxReader().read("How long is the text?", texts)
    alone = [OnnxReader().read("How long is the text?", [text])[0] for text in texts[:3]]
    assert together[:3] == pytest.approx(alone, abs=1e-3)


@pytest.mark.model
def test_a_score_is_what_the_weights_say_to_the_last_digits() -> None:
    """Multiplied as they were packed, the weights gave other scores, 0.26 apart, and took 1.6 times as long."""
    import onnxruntime

    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    reference = OnnxReader()
    reference.__dict__["_session"] = onnxruntime.InferenceSession(str(MODEL), plain)
    question = "What is the monthly price of a fractional CTO?"
    texts = [f"Example Author, Fees. Option {n}: The retainer is ${n},000 a month{', or more' * n}." for n in range(6)]
    assert OnnxReader().read(question, texts) == pytest.approx(reference.read(question, texts), abs=1e-3)
