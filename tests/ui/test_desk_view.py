"""What the desk makes of documents and people's words: text, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.feedback import Feedback
from corpus.gaps import Gap
from corpus.quarantine import Quarantined
from corpus.record import PastAnswer, Snapshot
from evals.cases import Case
from evals.drafts import Draft
from evals.preview import GoldenChange, Standing
from ingest.add import Prepared
from ingest.clean import Removal
from ingest.preview import Difference
from ingest.review import CHANGED, FIRST, UNREACHED, Seen
from tests.library import document
from tests.ui import chat_library
from ui.desk import preview_view, view
from ui.desk.actions import Entry, Golden, Held, Looked, Upload, WayBack

HOSTILE = chat_library.HOSTILE_QUOTE
ELEMENTS = {*"h2 h3 p div span ul ol li q del dl dt dd a br".split()}


class Reading(HTMLParser):
    """Elements, addresses, text, and the text that is struck through."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.addresses: list[str] = []
        self.text, self.struck = "", ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag != "br":
            self._open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        self.struck += data if "del" in self._open else ""


def test_hostile_words_add_no_element_and_no_address() -> None:
    """An operator is the first who reads what nobody has checked yet."""
    attacking = chat_library.HOSTILE
    removal = Removal(HOSTILE, HOSTILE)
    entry = Entry(
        HOSTILE,
        Prepared(HOSTILE, attacking, removed=(removal,)),
        Upload("a.txt", HOSTILE.encode()),
        HOSTILE,
        (HOSTILE,),
        before=attacking,
        duplicates=((HOSTILE, 0.9),),
        contradicts=((HOSTILE, Difference(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)),),
    )
    snapshot = Snapshot(1, HOSTILE, HOSTILE, f"add {HOSTILE}", "", "", ({"document": HOSTILE, "change": "added"},))
    held = Held(
        Quarantined(HOSTILE, "", ({"text": HOSTILE, "why": HOSTILE},), HOSTILE, False, HOSTILE, HOSTILE),
        HOSTILE,
        HOSTILE,
    )
    golden = GoldenChange(HOSTILE, Standing("answered", HOSTILE, ("facts",)), Standing("partial", HOSTILE, ()), True)
    said = Feedback(HOSTILE, False, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "", 1, HOSTILE)
    several = (HOSTILE,)
    case = Case(HOSTILE, "single", HOSTILE, several, several, several, several, several, False)
    pages = (
        view.found_bad_html(said),
        view.draft_html(Draft(case, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), {}),
        view.golden_html(Golden((golden,), {HOSTILE: HOSTILE})),
        view.held_html(held),
        view.what_discard_means_html(held),
        view.unread_html({HOSTILE: HOSTILE}),
        preview_view.standing_html(entry),
        preview_view.standing_html(Entry(HOSTILE, Prepared(HOSTILE, reason=HOSTILE), reason=HOSTILE)),
        preview_view.remarks_html(entry),
        preview_view.contradicts_html(entry),
        preview_view.given_html(entry.given, HOSTILE, [HOSTILE[:20]]),
        preview_view.given_html(Upload("a.pdf", b""), HOSTILE, ()),
        preview_view.sheet_html(HOSTILE),
        preview_view.removed_html([removal]),
        preview_view.found_html([removal]),
        view.document_html(attacking),
        view.row_html(attacking),
        view.citing_html([PastAnswer("a", HOSTILE, HOSTILE, "partial", 1, "")]),
        view.snapshot_html(snapshot, {}, True),
        view.changes_html(snapshot, {HOSTILE: HOSTILE}),
        view.way_back_html(WayBack((HOSTILE,), (HOSTILE,), (HOSTILE,))),
        view.gap_html(Gap(HOSTILE, HOSTILE, 2, (HOSTILE,), HOSTILE)),
        view.review_html(attacking, date(2026, 1, 1), True, Seen(CHANGED, HOSTILE, HOSTILE)),
        view.said_html(HOSTILE),
    )
    for page in pages:
        read = Reading(page)
        assert read.elements <= ELEMENTS, page
        assert set(read.addresses) <= {attacking.url, f"/?conversation={quote(HOSTILE, safe='')}"}


@given(st.text(), st.lists(st.text(max_size=5)))
def test_a_text_as_given_is_shown_whole_whatever_is_struck(words: str, removed: list[str]) -> None:
    words = words.replace("\r", "").replace("\x00", "").lstrip("\ufeff")
    shown = Reading(preview_view.given_html(Upload("a.txt", words.encode("utf-8", "replace")), "a.txt", removed)).text
    assert shown == words.encode("utf-8", "replace").decode()


def test_what_was_left_out_is_struck_where_it_stands() -> None:
    read = Reading(
        preview_view.given_html(Upload("a.txt", b"Menu\n\nA menu of choices.\n\nShare"), "", ["Menu", "Share", "gone"])
    )
    assert read.struck == "MenuShare"


def test_a_web_page_is_shown_as_its_words() -> None:
    page = b"<html><head><title>No</title><style>p{}</style><body><h1>A <b>title</b></h1><p>One\ntwo<script>x()</script></p>"
    assert preview_view.readable(Upload("page.html", page)) == "A title\n\nOne two"
    assert preview_view.readable(Upload("page.pdf", b"%PDF")) is None


@pytest.mark.parametrize(
    ("action", "changes", "words"),
    [
        ("add a", ["a"], "Added “The title”"),
        ("add a, b-c", ["a", "b-c"], "Added 2 documents"),
        ("remove b-c", ["b-c"], "Withdrew “B c”"),
        ("rollback to 3", ["a"], "Went back to snapshot 3"),
        ("publish", [], "Published the folder of documents"),
        ("something new", [], "something new"),
    ],
)
def test_what_happened_is_said_as_people_say_it(action: str, changes: list[str], words: str) -> None:
    changed = tuple({"document": id, "change": "added"} for id in changes)
    snapshot = Snapshot(4, "2026-03-01T10:00:00+00:00", "Example Operator", action, "", "", changed)
    assert view.action_in_words(snapshot, {"a": "The title"}) == words
    assert "1 March 2026, 10:00 UTC · Example Operator" in Reading(view.snapshot_html(snapshot, {}, False)).text


def test_a_document_says_what_it_is_and_where_it_stands() -> None:
    one = document("a-b", title="The title", voice="digest", url="javascript:alert(1)", tags=("costs", "fees"))
    read = Reading(view.document_html(one))
    assert "our digest" in read.text and "costs, fees" in read.text and read.addresses == []


def test_what_publishing_changes_for_the_golden_questions_begins_with_what_is_lost() -> None:
    """An operator reads the first line and decides."""
    was = Standing("answered", "a", ("facts", "document_cited"))
    other = GoldenChange("How?", was, replace(was, source="b"), False)
    lost = GoldenChange("Why?", was, Standing("partial", "b", ("facts",)), True)
    titles = {"a": "The old guide", "b": "The new guide"}
    read = Reading(view.golden_html(Golden((other, lost), titles))).text
    assert read.startswith("2 golden questions get another answer or source, 1 of them a worse one.")
    assert read.index("Why?") < read.index("How?")
    assert "now answered, first from “The old guide”; then answered in part, first from “The new guide”" in read
    assert "It loses a right document among its sources." in read and "the right facts" not in read
    silent = GoldenChange("Why?", was, replace(was, held=()), True)
    assert "still answered, first from “The old guide”" in Reading(view.golden_html(Golden((silent,), titles))).text
    assert view.golden_in_short(Golden((), {})) == "No golden question gets another answer or another source."
    assert "none a worse one" in view.golden_in_short(Golden((other,), titles))


def test_a_document_in_quarantine_says_where_it_came_from_without_places_of_this_machine() -> None:
    held = Held(
        Quarantined("a", "", (), "/a/secret/place/guide.txt", False, "Example Operator", "2026-03-01T10:00"), "A", ""
    )
    assert "Handed in as guide.txt · 1 March 2026, 10:00 UTC · Example Operator" in Reading(view.held_html(held)).text
    of_page = replace(held, kept=replace(held.kept, input="https://example.com/a"))
    assert "Handed in as https://example.com/a" in Reading(view.held_html(of_page)).text
    in_folder = replace(held, kept=replace(held.kept, in_folder=True))
    assert "Put into the folder of documents" in view.held_html(in_folder)
    assert "taken out of the folder" in view.what_discard_means_html(in_folder)
    assert "set back to what is published" in view.what_discard_means_html(replace(in_folder, replaces="A"))
    assert "Handed in again, it waits here again." in view.what_discard_means_html(held)


def test_a_look_at_the_pages_is_told_in_one_line() -> None:
    seen = {
        "a": Seen(CHANGED, "2026-01-01"),
        "b": Seen(FIRST),
        "c": Seen(UNREACHED, reason="it is gone"),
        "d": Seen("same"),
    }
    assert view.looked_in_words(Looked(seen, {})) == (
        "4 pages were looked at: 1 said something else than before, 1 looked at for the first time, 1 could not be read."
    )
    assert view.looked_in_words(Looked({"d": Seen("same")}, {})) == "One page was looked at."
    one = document("a", review_by="2026-01-31", url="https://example.com/a")
    marked = Reading(view.review_html(one, date(2026, 2, 1), True, seen["a"]))
    assert "due since 31 January 2026" in marked.text
    assert "its page says something else than on 1 January 2026" in marked.text
    assert marked.addresses == ["https://example.com/a"]
    assert "due" not in Reading(view.review_html(one, date(2026, 2, 1), False, seen["a"])).text


def said(good: bool, conversation: str = "board & co") -> Feedback:
    return Feedback(
        "a", good, "No price.", "2026-01-02T10:00:00", "What is it?", "", "partial", "quote", 1, conversation
    )


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        ([], "Nobody has judged an answer yet."),
        ([True, False, True], "Readers found 2 answers good and one answer bad."),
    ],
)
def test_good_and_bad_answers_are_counted(judged: list[bool], words: str) -> None:
    assert view.judged_in_words([said(good) for good in judged]) == words


def test_a_bad_answer_leads_to_its_conversation_if_it_had_one() -> None:
    read = Reading(view.found_bad_html(said(False)))
    assert read.addresses == ["/?conversation=board%20%26%20co"]
    assert "What is it?" in read.text and "No price." in read.text and "2 January 2026" in read.text
    assert Reading(view.found_bad_html(said(False, conversation=""))).addresses == []


def test_a_draft_says_what_is_expected_and_what_is_still_missing() -> None:
    case = Case("a", "follow_up", "And then?", ("What first?",), (), ("costs", "gone-by-now"), ("six|6",), (), False)
    draft = Draft(case, "feedback", "No price.", "2026-01-02", "t", "answered", "It depends." * 100)
    text = Reading(view.draft_html(draft, {"costs": "What it costs"})).text
    for words in (
        "What first?",
        "What it costs",
        "Gone by now",
        "six|6",
        "No price.",
        "an answer found bad, 2 January",
    ):
        assert words in text
    assert "the right verdict missing" in text and "the key facts missing" not in text and len(text) < 1_000
    assert "missing" not in view.draft_html(replace(draft, case=replace(case, verdicts=("answered", "partial"))), {})
