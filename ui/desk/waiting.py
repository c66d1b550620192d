"""What waits for somebody: questions without an answer, and documents to be read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import streamlit as st

from corpus.documents import Document
from corpus.gaps import Gap
from ingest.review import CHANGED, UNREACHED
from ui.desk import adding, documents, parts, view
from ui.desk.actions import REVIEW_SOON_DAYS, Desk, Looked

SHOWN, LOOKED = "desk-gaps-shown", "desk-looked"
FEW = 20


def draw_questions(desk: Desk, _who: str) -> None:
    below = "Those asked most come first. What is done leaves the list, and comes back if it is asked again and not answered."
    st.html(view.heading_html("Questions we could not answer", below))
    gaps = desk.gaps()
    if not gaps:
        st.html(view.lead_html("There are none."))
    shown = max(FEW, int(st.session_state.get(SHOWN, FEW)))
    for number, gap in enumerate(gaps[:shown]):
        with st.container(border=True, key=f"gap-{number}"):
            _draw_gap(desk, gap, number)
    if len(gaps) > shown:
        st.button("Show more", on_click=st.session_state.update, args=({SHOWN: shown + 5 * FEW},), key="show-more")


def _draw_gap(desk: Desk, gap: Gap, number: int) -> None:
    with parts.row():
        st.html(view.gap_html(gap))
        with st.container(horizontal=True, width="content"):
            st.button("Write about this", on_click=adding.write_about, args=(gap.question,), key=f"write-{number}")
            dismissed = st.button("Done", key=f"dismiss-{number}")
    if gap.written:
        st.button(
            "Open what was written", on_click=documents.open_document, args=(gap.written,), key=f"written-{number}"
        )
    if dismissed and parts.attempt("Taking it off the list", desk.dismiss, gap) is not None:
        parts.done(f"“{gap.question}” is off the list.")


def draw_reviews(desk: Desk, _who: str) -> None:
    st.html(view.heading_html("Documents to be read again"))
    today = datetime.now(UTC).date()
    library = desk.documents()
    looked = _draw_look(desk, library, today)
    due = {one.id: one for one in desk.due_for_review(today)}
    changed = {id: one for id, one in library.items() if _page(looked, one) == CHANGED}
    waiting = {**changed, **due}
    if not waiting:
        st.html(view.lead_html(f"None is due, nor will be within {REVIEW_SOON_DAYS} days."))
    for id, document in waiting.items():
        with st.container(border=True, key=f"due-{id}"), parts.row():
            st.html(view.review_html(document, today, id in due, looked.at(document) if looked else None))
            st.button("Open", on_click=documents.open_document, args=(id,), key=f"due-open-{id}")


def _draw_look(desk: Desk, library: Mapping[str, Document], today: date) -> Looked | None:
    """The offer to look at the documents' pages, and how the last look of this session went."""
    count = sum(1 for one in library.values() if one.url)
    if not count:
        return None
    st.html(view.lead_html(_what_a_look_does(count)))
    if st.button("Look at the pages", key="look"):
        looked = parts.attempt_watched("Looking at the pages", desk.look_at_pages, today)
        if looked is not None:
            st.session_state[LOOKED] = looked
    looked = st.session_state.get(LOOKED)
    if looked is not None:
        st.html(view.said_html(view.looked_in_words(looked)))
        _draw_unread(library, looked)
    return looked


def _what_a_look_does(count: int) -> str:
    pages = "The page that one document was made from can" if count == 1 else f"The pages of {count} documents can"
    return (
        f"{pages} be looked at on the web, to see whether they still say what they said at the first look. "
        "That takes some seconds a page; a document that is edited begins anew."
    )


def _draw_unread(library: Mapping[str, Document], looked: Looked) -> None:
    reasons = {
        library[id].title: one.reason for id, one in looked.seen.items() if one.page == UNREACHED and id in library
    }
    if reasons:
        with st.expander(f"Could not be read ({len(reasons)})"):
            st.html(view.unread_html(reasons))


def _page(looked: Looked | None, document: Document) -> str:
    seen = looked.at(document) if looked else None
    return seen.page if seen else ""
