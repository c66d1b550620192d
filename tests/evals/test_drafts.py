"""Drafts of golden cases: out of what happened, into the golden set only whole and only when somebody says so."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from corpus.conversations import set_aside
from corpus.documents import Document
from corpus.errors import Busy, CasesError, CheckFailed, NotFound
from corpus.feedback import keep_feedback
from corpus.gaps import keep_gap
from corpus.record import Record
from evals.cases import Case, by_words, read_cases
from evals.drafts import Draft, Drafts, drafts_from_document, drafts_from_record, escaped, filled
from tests.library import document

COSTS = document("costs", "## What it costs\n\nIt costs $6,000 (net) a month. It lasts six to twelve months.\n")
LIBRARY: dict[str, Document] = {"costs": COSTS}
BY_HAND = """# Golden set, as somebody wrote it.

- id: a-001
  type: single   # a remark
  question: "Who signs?"
  verdict: answered
  documents: [costs]
  facts: ['costs']
"""


@pytest.fixture(autouse=True)
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A golden set of this test's own."""
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "first.yaml").write_text(BY_HAND)
    monkeypatch.setattr("evals.cases.CASES", folder)
    return folder


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    return Drafts(tmp_path / "home")


def say(record: Record, trace: str, question: str, conversation: str = "board", cites: str = "costs") -> None:
    content: dict[str, Any] = {"question": question, "standalone_question": question, "verdict": "answered"}
    content |= {"snapshot": 1, "writer": "quote", "answer": "It depends.", "trace": trace}
    content["citations"] = [{"n": n, "document": cites} for n in (1, 2)]
    record.keep_answer(id=trace, conversation=conversation, content=content)


def whole(draft: Draft, *facts: str, verdict: str = "answered") -> Draft:
    return filled(draft, draft.case.question, (verdict,), ("costs",), facts or (r"\$6,000",))


class TestFromWhatHappened:
    def test_an_answer_found_bad_brings_its_conversation_and_leaves_open_what_is_right(self, record: Record) -> None:
        for trace, question in (("a", "What does it cost?"), ("b", "And for two days?"), ("c", "Who signs?")):
            say(record, trace, question)
        keep_feedback(record, "a", True)
        keep_feedback(record, "b", False, "It named no price.")
        (draft,) = drafts_from_record(record)
        assert (draft.case.question, draft.case.history) == ("And for two days?", ("What does it cost?",))
        assert (draft.case.type, draft.case.documents) == ("follow_up", ("costs",))
        assert (draft.origin, draft.why, draft.trace) == ("feedback", "It named no price.", "b")
        assert (draft.was, draft.answer) == ("answered", "It depends.")
        assert draft.missing == ("verdict", "facts"), "what was answered is no word on what is right"

    def test_an_answer_that_was_tried_again_stands_where_it_stood(self, record: Record) -> None:
        say(record, "a", "What does it cost?")
        say(record, "b", "And for two days?")
        keep_feedback(record, "b", False)
        set_aside(record, "b")
        say(record, "c", "And for two days?")
        keep_feedback(record, "c", False)
        for draft in drafts_from_record(record):
            assert draft.case.history == ("What does it cost?",)

    def test_questions_of_no_conversation_have_nothing_before_them(self, record: Record) -> None:
        for trace in ("a", "b"):
            say(record, trace, f"What is {trace}?", conversation="")
            keep_feedback(record, trace, False)
        assert [draft.case.history for draft in drafts_from_record(record)] == [(), ()]

    def test_no_more_is_kept_of_a_conversation_than_a_golden_case_may_have(self, record: Record) -> None:
        for number in range(6):
            say(record, str(number), f"What is {number}?")
        keep_feedback(record, "5", False)
        (draft,) = drafts_from_record(record)
        assert draft.case.history == ("What is 2?", "What is 3?", "What is 4?")

    def test_a_question_without_an_answer_expects_none(self, record: Record) -> None:
        keep_gap(record, "Who is the king?", [], 1)
        keep_gap(record, "Who is the king?", [], 1)
        (draft,) = drafts_from_record(record)
        assert (draft.case.type, draft.case.verdicts) == ("unanswerable", ("abstained",))
        assert (draft.origin, draft.why, draft.missing) == ("gap", "asked 2 times, not answered", ())
        answered = whole(draft)
        assert answered.case.type == "single", "the library answers it by now"


class TestFromDocument:
    def test_a_figure_becomes_a_question_with_its_sentence_and_a_pattern_that_fits(self) -> None:
        (draft,) = [one for one in drafts_from_document(COSTS, LIBRARY) if "sum" in one.case.question]
        assert (draft.case.documents, draft.case.facts) == (("costs",), (r"\$6,000",))
        assert draft.why in COSTS.text and draft.missing == () and draft.origin == "article"

    def test_what_the_golden_set_asks_is_not_asked_again(self, golden: Path) -> None:
        before = drafts_from_document(COSTS, LIBRARY)
        assert len(before) == 1
        case = {"id": "b", "type": "single", "question": before[0].case.question.upper(), "verdict": "answered"}
        (golden / "second.yaml").write_text(yaml.safe_dump([case]))
        assert drafts_from_document(COSTS, LIBRARY) == []


class TestWaiting:
    @pytest.fixture
    def bad(self, record: Record, drafts: Drafts) -> Draft:
        say(record, "a", "What does it cost?")
        keep_feedback(record, "a", False, "No: “price”\nis given")
        (draft,) = drafts.add(drafts_from_record(record))
        return draft

    def test_they_are_read_as_they_were_kept_and_added_once(self, record: Record, drafts: Drafts, bad: Draft) -> None:
        assert drafts.waiting() == [bad]
        assert drafts.add(drafts_from_record(record)) == []
        say(record, "b", "what does it COST", conversation="another")
        keep_feedback(record, "b", False)
        assert drafts.add(drafts_from_record(record)) == [], "another reader asked the same"

    def test_what_is_discarded_stays_away_until_it_is_wanted(self, record: Record, drafts: Drafts, bad: Draft) -> None:
        drafts.discard(bad.case.id)
        assert drafts.waiting() == [] and drafts.add(drafts_from_record(record)) == []
        assert len(drafts.add([bad], anew=True)) == 1
        with pytest.raises(NotFound, match="fractional eval drafts"):
            drafts.discard("life-00000000")

    def test_what_a_person_writes_into_the_file_counts(self, drafts: Drafts, bad: Draft) -> None:
        told = yaml.safe_load(drafts.path.read_text())
        told["drafts"][0] |= {"verdict": "answered", "facts": r"\$6,000", "held": True, "tags": ["prices"]}
        drafts.path.write_text(yaml.safe_dump(told))
        (draft,) = drafts.waiting()
        assert draft.missing == () and draft.case.held and draft.case.tags == ("prices",)

    def test_two_do_not_change_them_at_once(self, drafts: Drafts, bad: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("evals.drafts.PATIENCE_SECONDS", 0)
        with FileLock(drafts.path.with_name("drafts.lock")), pytest.raises(Busy, match="Wait for it to finish"):
            drafts.discard(bad.case.id)
        assert drafts.waiting() == [bad]

    @pytest.mark.parametrize("words", ["- [", "words", "drafts: [1]", "drafts: [{id: a, facts: 3}]", "\xff"])
    def test_a_file_that_is_none_is_named_and_left_alone(self, drafts: Drafts, bad: Draft, words: str) -> None:
        drafts.path.write_text(words, encoding="latin-1")
        with pytest.raises(CasesError, match="Mend it or move it aside"):
            drafts.discard(bad.case.id)
        assert drafts.path.read_text(encoding="latin-1") == words


class TestApproving:
    @pytest.fixture
    def draft(self, record: Record, drafts: Drafts) -> Draft:
        say(record, "a", 'What does "it" cost: 100%?')
        keep_feedback(record, "a", False)
        (draft,) = drafts.add(drafts_from_record(record))
        return draft

    def test_the_case_joins_a_file_that_stays_as_it_was(self, drafts: Drafts, draft: Draft, golden: Path) -> None:
        drafts.put(whole(draft, r"\$6,000 \(net\)", "it's|costs"))
        file = golden / "first.yaml"
        case = drafts.approve(draft.case.id, file, LIBRARY)
        assert file.read_text().startswith(BY_HAND)
        assert read_cases([file])[-1] == case
        assert case == Case(
            draft.case.id, "single", 'What does "it" cost: 100%?', (), ("answered",), ("costs",),
            (r"\$6,000 \(net\)", "it's|costs"), (), False, ("from_feedback",),
        )  # fmt: skip
        assert drafts.waiting() == [] and sorted(path.name for path in golden.iterdir()) == ["first.yaml"]

    def test_a_follow_up_and_an_abstention_are_written_as_such(
        self, record: Record, drafts: Drafts, golden: Path
    ) -> None:
        say(record, "a", "What does it cost?")
        say(record, "b", "And for two days?")
        keep_feedback(record, "b", False)
        keep_gap(record, "Who is the king?", [], 1)
        follow_up, gap = drafts.add(drafts_from_record(record))
        drafts.put(whole(follow_up))
        file = golden / "from_life.yaml"
        for one in (follow_up, gap):
            drafts.approve(one.case.id, file, LIBRARY)
        first, second = read_cases([file])
        assert (first.type, first.history) == ("follow_up", ("What does it cost?",))
        assert (second.type, second.verdicts, second.facts) == ("unanswerable", ("abstained",), ())
        assert file.read_text().startswith("# Golden set, cases from life")

    def test_every_third_one_is_held_out(self, record: Record, drafts: Drafts, golden: Path) -> None:
        for number in range(4):
            keep_gap(record, f"Who is king number {number}?", [], 1)
        file = golden / "from_life.yaml"
        for draft in drafts.add(drafts_from_record(record)):
            drafts.approve(draft.case.id, file, LIBRARY)
        assert [case.held for case in read_cases([file])] == [False, False, True, False]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"verdicts": ()}, "not filled in yet: verdict"),
            ({"facts": ()}, "not filled in yet: facts"),
            ({"documents": ()}, "not filled in yet: documents"),
            ({"verdicts": (), "facts": ()}, "verdict, facts"),
            ({"question": " "}, "not filled in yet: question"),
            ({"documents": ("gone",)}, "not in the library: gone"),
            ({"facts": ("$6,000",)}, r"`\$6,000` stands in none of its documents"),
            ({"facts": ("(",)}, "no regular expression"),
            ({"verdicts": ("maybe",)}, "verdict must be of"),
            ({"question": "Who signs?"}, "asks what a golden case asks already"),
            ({"id": "a-001"}, "or has its id"),
        ],
    )
    def test_what_is_not_whole_or_not_true_enters_nothing(
        self, drafts: Drafts, draft: Draft, golden: Path, changes: dict[str, Any], words: str
    ) -> None:
        ready = whole(draft)
        wrong = replace(ready, case=replace(ready.case, **changes))
        drafts.add([wrong], anew=True) if "id" in changes else drafts.put(wrong)
        before = drafts.waiting()
        for file in (golden / "first.yaml", golden / "from_life.yaml"):
            with pytest.raises((CheckFailed, CasesError), match=words) as caught:
                drafts.approve(wrong.case.id, file, LIBRARY)
            assert ".half" not in str(caught.value)
        assert drafts.waiting() == before
        assert [path.read_text() for path in golden.iterdir()] == [BY_HAND]

    def test_a_place_that_cannot_be_written_is_named_and_the_draft_stays(
        self, drafts: Drafts, draft: Draft, tmp_path: Path
    ) -> None:
        drafts.put(whole(draft))
        file = tmp_path / "nowhere" / "cases.yaml"
        with pytest.raises(CasesError, match=r"can't be written .*nothing was approved") as caught:
            drafts.approve(draft.case.id, file, LIBRARY)
        assert str(file) in str(caught.value) and "--into FILE" in str(caught.value)
        assert len(drafts.waiting()) == 1

    def test_a_crash_while_writing_leaves_the_old_file(
        self, drafts: Drafts, draft: Draft, golden: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drafts.put(whole(draft))

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            drafts.approve(draft.case.id, golden / "first.yaml", LIBRARY)
        monkeypatch.undo()
        assert (golden / "first.yaml").read_text() == BY_HAND and len(drafts.waiting()) == 1


def test_words_become_a_pattern_that_means_them_and_can_be_read() -> None:
    words = "$6,000 (net), 10-30% a/b [x] {y} *z* a|b ^ \\ 'q'"
    assert re.fullmatch(escaped(words), words)
    assert escaped("six to twelve months, 10-30%") == "six to twelve months, 10-30%"


def test_questions_are_the_same_by_their_words_and_what_went_before() -> None:
    assert by_words("What  does it COST?") == by_words("what does it cost")
    assert by_words("What?", ("Before?",)) != by_words("What?") == by_words("what")
