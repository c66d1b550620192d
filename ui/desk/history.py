"""The history: who published what and when, and going back to it."""

from __future__ import annotations

import streamlit as st

from corpus.record import Snapshot
from ui.desk import parts, view
from ui.desk.actions import Desk, History

BACK_TO, SHOWN = "desk-back-to", "desk-snapshots-shown"
FEW = 10


def draw(desk: Desk, who: str) -> None:
    st.html(view.heading_html("History", "Going back makes a new snapshot, so nothing is lost by it."))
    history = desk.history()
    if not history.snapshots:
        st.html(view.lead_html("Nothing was published yet."))
    shown = max(FEW, int(st.session_state.get(SHOWN, FEW)))
    for snapshot in history.snapshots[:shown]:
        with st.container(border=True, key=f"snapshot-{snapshot.number}"):
            _draw_snapshot(desk, snapshot, history, who)
    if len(history.snapshots) > shown:
        st.button("Show more", on_click=st.session_state.update, args=({SHOWN: shown + 5 * FEW},), key="show-more")


def _draw_snapshot(desk: Desk, snapshot: Snapshot, history: History, who: str) -> None:
    chosen = st.session_state.get(BACK_TO) == snapshot.number
    with parts.row():
        st.html(view.snapshot_html(snapshot, history.titles, newest=snapshot is history.snapshots[0]))
        if snapshot.number in history.kept and not chosen:
            st.button("Roll back to this", on_click=_choose, args=(snapshot.number,), key=f"back-{snapshot.number}")
    if len(snapshot.changes) > 1:
        with st.expander("What changed"):
            st.html(view.changes_html(snapshot, history.titles))
    if chosen:
        _draw_confirmation(desk, snapshot.number, who)


def _choose(number: int) -> None:
    st.session_state[BACK_TO] = number


def _draw_confirmation(desk: Desk, number: int, who: str) -> None:
    st.html(view.question_html(f"Go back to snapshot {number}?"))
    st.html(view.way_back_html(desk.way_back(number)))
    if not who:
        st.html(view.lead_html(parts.NAME_FIRST))
    with st.container(horizontal=True):
        sure = st.button("Go back to it", type="primary", disabled=not who, key="back-sure")
        st.button("Stay", on_click=_choose, args=(0,), key="stay")
    if sure and (published := parts.attempt("Going back", desk.roll_back, number, who)):
        parts.done(parts.published_in_words(published, f"The library is as it was in snapshot {number}."), BACK_TO)
