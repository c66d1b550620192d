"""What waits for somebody: questions without an answer, and documents to be read again."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from ui.desk import adding, documents, parts, view
from ui.desk.actions import Desk

SHOWN = "desk-gaps-shown"
FEW = 20


def draw_questions(desk: Desk, _who: str) -> None:
    st.html(view.heading_html("Questions we could not answer", "Those asked most come first."))
    gaps = desk.gaps()
    if not gaps:
        st.html(view.lead_html("There are none."))
    shown = max(FEW, int(st.session_state.get(SHOWN, FEW)))
    for number, gap in enumerate(gaps[:shown]):
        with st.container(border=True, key=f"gap-{number}"), parts.row():
            st.html(view.gap_html(gap))
            st.button("Write about this", on_click=adding.write_about, args=(gap.question,), key=f"write-{number}")
    if len(gaps) > shown:
        st.button("Show more", on_click=st.session_state.update, args=({SHOWN: shown + 5 * FEW},), key="show-more")


def draw_reviews(desk: Desk, _who: str) -> None:
    st.html(view.heading_html("Documents due for review", "Their day has passed, or comes within thirty days."))
    today = datetime.now(UTC).date()
    due = desk.due_for_review(today)
    if not due:
        st.html(view.lead_html("There are none."))
    for number, document in enumerate(due):
        with st.container(border=True, key=f"due-{number}"), parts.row():
            st.html(view.review_html(document, today))
            st.button("Open", on_click=documents.open_document, args=(document.id,), key=f"due-open-{document.id}")
