"""The operator's desk: locked until the passphrase is given, then one of its parts. A page of `front`, run by Streamlit."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from corpus.errors import Locked
from corpus.settings import Settings, read_settings
from ui.desk import adding, documents, history, parts, quarantine, readers, view, waiting
from ui.desk.actions import Desk
from ui.frame import TITLE, draw_page, draw_trouble
from ui.passphrase import LONGEST_PASSPHRASE, Door, Key
from ui.shelf import Shelf

HEADING = "Operator’s desk"
HOW_TO_SET = "No passphrase has been set, so the desk stays closed. On the machine that serves this page, in the project’s folder, run:"
COMMAND = ".venv/bin/fractional passphrase"
HERE = Path(__file__).parent

DRAWN = {
    parts.ADD: adding.draw,
    parts.LIBRARY: documents.draw,
    parts.QUARANTINE: quarantine.draw,
    parts.HISTORY: history.draw,
    parts.QUESTIONS: waiting.draw_questions,
    parts.READERS: readers.draw,
    parts.REVIEWS: waiting.draw_reviews,
}


@st.cache_resource(show_spinner=False)
def shelf(settings: Settings) -> Shelf:
    """One for all sessions."""
    return Shelf(settings.record_path)


def page() -> None:
    """The door; behind it, who is at work, the choice of parts, and one part."""
    settings = read_settings()
    door = Door(settings.home)
    key: Key | None = st.session_state.get(parts.KEY)
    if key is None or not door.admits(key):
        parts.forget_everything()
        _draw_door(door)
        return
    parts.keep_what_was_typed()
    desk = Desk(door, key, shelf(settings))
    _draw_head()
    who = _draw_part_and_who()
    DRAWN[st.session_state[parts.PART] or parts.ADD](desk, who)


def _draw_head() -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="head"):
        st.html(f'<header class="fr-head fr-small"><h1>{HEADING}</h1></header>')
        st.button("Lock", on_click=parts.forget_everything, type="tertiary", key="lock", icon=":material/lock:")


def _draw_part_and_who() -> str:
    """Which part is looked at, and who is at work."""
    st.session_state.setdefault(parts.PART, parts.ADD)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="choice"):
        label = "Part of the desk"
        st.segmented_control(label, parts.PARTS, key=parts.PART, required=True, wrap=True, label_visibility="collapsed")
        who: str = st.text_input(
            "Your name", key=parts.WHO, max_chars=80, placeholder="as the history will show it", width=280
        )
    parts.draw_what_was_done()
    return who.strip()


def _draw_door(door: Door) -> None:
    st.html(f'<header class="fr-head"><h1>{HEADING}</h1><p>Adding to the library, and looking after it.</p></header>')
    if not door.is_set():
        st.html(view.lead_html(HOW_TO_SET))
        st.code(COMMAND, language=None)
        st.html(view.lead_html("It asks for the passphrase twice and shows neither. Then open this page again."))
        return
    with st.form("door", border=False):
        words = st.text_input("Passphrase", type="password", max_chars=LONGEST_PASSPHRASE, key="passphrase", width=320)
        given = st.form_submit_button("Unlock", type="primary")
    if given:
        try:
            key = st.session_state[parts.KEY] = door.unlock(words)
        except Locked as refused:
            draw_trouble(refused)
        else:
            parts.done(view.wrong_tries_in_words(key.wrong_tries_before))


def main() -> None:
    draw_page(page, f"{HEADING} · {TITLE}", HERE.with_name("chat.css"), HERE / "desk.css")


if __name__ == "__main__":  # Streamlit runs it so
    main()
