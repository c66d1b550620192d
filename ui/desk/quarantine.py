"""Quarantine: documents that hold passages which may be meant for a machine, to be let stand or discarded by somebody who has read them."""

from __future__ import annotations

import streamlit as st

from ui.desk import parts, preview_view, view
from ui.desk.actions import Desk, Held

# Which document is about to be released or discarded.
RELEASING, DISCARDING = "desk-releasing", "desk-discarding"
BELOW = (
    "Nobody is shown these until you let them stand. What was found may be meant for a machine that reads the library, "
    "not for people; an article that only speaks of such things may stand."
)


def draw(desk: Desk, who: str) -> None:
    held = desk.quarantined()
    st.html(view.heading_html("Quarantine", BELOW if held else ""))
    if not held:
        st.html(view.lead_html("There is nothing in it."))
    for one in held:
        with st.container(border=True, key=f"held-{one.kept.document}"):
            _draw_held(desk, one, who)


def _draw_held(desk: Desk, held: Held, who: str) -> None:
    id = held.kept.document
    st.html(view.held_html(held))
    with st.expander("The whole of it"):
        st.html(preview_view.sheet_html(held.kept.content))
    if st.session_state.get(RELEASING) == id:
        _draw_release(desk, held, who)
    elif st.session_state.get(DISCARDING) == id:
        _draw_discard(desk, held, who)
    else:
        with st.container(horizontal=True):
            st.button("Let it stand", on_click=_begin, args=(RELEASING, id), key=f"release-{id}")
            st.button("Discard", on_click=_begin, args=(DISCARDING, id), key=f"discard-{id}")


def _begin(what: str = "", id: str = "") -> None:
    for name in (RELEASING, DISCARDING):
        st.session_state.pop(name, None)
    if what:
        st.session_state[what] = id


def _draw_release(desk: Desk, held: Held, who: str) -> None:
    st.html(view.question_html(f"Let “{held.title}” stand?") + view.what_release_means_html())
    if _draw_sure("Publish it as it is", who) and (published := parts.attempt("Publishing", desk.release, held, who)):
        parts.done(parts.published_in_words(published, f"“{held.title}” is in the library."), RELEASING)


def _draw_discard(desk: Desk, held: Held, who: str) -> None:
    st.html(view.question_html(f"Discard “{held.title}”?") + view.what_discard_means_html(held))
    if _draw_sure("Discard it", who) and parts.attempt("Discarding", desk.discard, held, who) is not None:
        parts.done(f"“{held.title}” is discarded.", DISCARDING)


def _draw_sure(label: str, who: str) -> bool:
    if not who:
        st.html(view.lead_html(parts.NAME_FIRST))
    with st.container(horizontal=True):
        sure = st.button(label, type="primary", disabled=not who, key="held-sure")
        st.button("Leave it here", on_click=_begin, key="held-leave")
    return sure
