"""The golden preview: only the questions that a document touches are asked again, and what is lost is called worse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.documents import Document
from corpus.record import Record
from corpus.settings import Settings
from evals.cases import Case
from evals.preview import GoldenChange, _change, copied, golden_changes, of_this_library
from evals.run import Outcome
from ingest.publish import Publisher, no_progress
from rag.answers import ANSWERED, PARTIAL, Answer, Citation
from tests.fakes import FakeEmbedder
from tests.library import disagreements, document, on_disk
from tests.ui.chat_library import AUDIT_QUESTION, COST_QUESTION, COSTS, HOSTILE, LIBRARY, TEAM_QUESTION


def case(id: str, question: str, documents: tuple[str, ...], *facts: str, held: bool = False) -> Case:
    return Case(id, "single", question, (), ("answered",), documents, facts, (), held)


CASES = [
    case("cost", COST_QUESTION, ("field-notes-costs",), "6,000 and 12,000"),
    case("audit", AUDIT_QUESTION, ("hostile",), "three weeks"),
    case("held", TEAM_QUESTION, ("central-team",), held=True),
    case("elsewhere", "How many people sit on a board?", ("no-document-of-this-library",)),
]
RIVAL = document(
    "rival",
    "## What it costs\n\nA fractional AI CTO costs nothing a month. What a fractional AI CTO costs per month is said by nobody.\n",
)


@pytest.fixture
def published(settings: Settings, real_embedder) -> Publisher:  # type: ignore[no-untyped-def]
    publisher = Publisher(settings, Record(settings.record_path), real_embedder)
    publisher.publish({one.id: one for one in LIBRARY})
    return publisher


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that are asked, each once before and once after."""
    import evals.run

    monkeypatch.setattr("rag.answer.PASSAGES", 2)  # of the few there are
    seen: list[str] = []
    real = evals.run.respond
    monkeypatch.setattr(
        "evals.run.respond", lambda chain, question, *rest: seen.append(question) or real(chain, question, *rest)
    )
    return seen


def changes(publisher: Publisher, new: dict[str, Document]) -> list[GoldenChange]:
    def publish(copy: Settings) -> None:
        Publisher(copy, Record(copy.record_path), publisher.embedder).publish(dict(new))

    return golden_changes(publisher.settings, CASES, new.keys(), publish, no_progress)


@pytest.mark.model
def test_a_document_that_loses_the_right_answer_is_worse(published: Publisher) -> None:
    """It was noticed in the nightly run at best, when readers had had the wrong answer for a day."""
    before = published.record.newest_number()
    wrong = replace(
        COSTS, text="## What it costs\n\nWhat a fractional AI CTO costs per month: a retainer of 900 dollars a month.\n"
    )
    [found] = changes(published, {COSTS.id: wrong})
    assert found.question == COST_QUESTION
    assert found.worse
    assert (found.before.verdict, found.before.source) == ("answered", COSTS.id)
    assert "facts" in found.before.held and "facts" not in found.after.held
    assert published.record.newest_number() == before
    assert on_disk(published.settings)[COSTS.id] == COSTS
    assert disagreements(published.settings, published.embedder) == []


@pytest.mark.model
def test_a_document_that_changes_nothing_is_not_reported(published: Publisher, asked: list[str]) -> None:
    other = document("other", "## Gardens\n\nApples are picked in autumn, and pears a little later than that.\n")
    assert changes(published, {"other": other}) == []
    assert asked == []  # it is not among what would be read for any of them
    again = replace(HOSTILE, tags=("audits",))  # asked again, and answered as before
    assert changes(published, {HOSTILE.id: again}) == []
    assert AUDIT_QUESTION in asked


def answered(source: str, *, verdict: str = ANSWERED, facts: bool = True) -> Outcome:
    citation = Citation(1, source, "", "", "", "", "", "digest", "", "", 0, 1, False)
    made = Answer(COST_QUESTION, COST_QUESTION, verdict, "", citations=(citation,))
    return Outcome(CASES[0], made, (source,), {"facts": facts, "document_found": True, "verdict": True})


def test_another_first_source_or_verdict_is_reported_though_nothing_is_lost() -> None:
    """The new article may well be the better one; the operator should know that it is now the one cited first."""
    before = answered("a")
    assert _change(before, answered("a")) is None
    another = _change(before, answered("b"))
    assert another is not None
    assert (another.question, another.before.source, another.after.source) == (COST_QUESTION, "a", "b")
    assert not another.worse
    in_part = _change(before, answered("a", verdict=PARTIAL))
    assert in_part is not None and not in_part.worse
    lost = _change(before, answered("a", facts=False))
    assert lost is not None and lost.worse
    won = _change(answered("a", facts=False), before)
    assert won is None


def test_open_cases_of_this_library_alone_are_asked() -> None:
    """On an operator's own library every golden question would fail, before and after."""
    nobody = case("nobody", "Who is king?", ())
    assert [one.id for one in of_this_library([*CASES, nobody], {"hostile", "central-team"})] == ["audit", "nobody"]
    assert of_this_library([*CASES, nobody], {"another"}) == []


def test_the_copy_is_whole_apart_and_gone_afterwards(settings: Settings, publisher: Publisher) -> None:
    """What is tried must not be read by anybody, and must not stay."""
    publisher.publish({one.id: one for one in LIBRARY})
    with copied(settings) as copy:
        assert disagreements(copy, FakeEmbedder()) == []
        assert on_disk(copy) == on_disk(settings)
        Publisher(copy, Record(copy.record_path), FakeEmbedder()).publish({"rival": RIVAL})
        place: Path = copy.home.parent
    assert not place.exists()
    assert "rival" not in publisher.record.documents()
    assert disagreements(settings, FakeEmbedder()) == []
