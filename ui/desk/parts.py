"""What the parts of the desk share: what a session remembers, and how an action is tried and told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.documents import VOICES
from corpus.errors import Busy, FractionalError
from ui.answer_view import trouble_html
from ui.desk import view
from ui.frame import draw_trouble

ADD, LIBRARY, QUARANTINE, HISTORY, QUESTIONS, READERS, REVIEWS = PARTS = (
    "Add",
    "Library",
    "Quarantine",
    "History",
    "Questions",
    "Readers",
    "Reviews",
)
# Everything here goes when the session is locked. What begins with `typed` is kept while another part is looked at.
KEY, WHO, PART, DONE = "desk-key", "desk-typed-who", "desk-typed-part", "desk-done"
BUSY = "Somebody else is publishing just now. Nothing was changed here; try again in a moment."
NAME_FIRST = "Give your name above first."
# What the other process says it does, in words for the page.
STEPS = {
    "chunking": "Cutting into passages",
    "embedding": "Preparing the passages for search",
    "writing vectors": "Preparing the passages for search",
    "golden questions looked up": "Looking up the golden questions",
    "asked": "Asking those that it touches",
    "inputs": "Looking at the pages",
}

Result = TypeVar("Result")


def forget_everything() -> None:
    """Lock: the key goes, and all that was opened or typed with it."""
    for name in [name for name in st.session_state if str(name).startswith("desk-")]:
        del st.session_state[name]


def keep_what_was_typed() -> None:
    """Streamlit drops what stands in a field that is not drawn, unless it is set anew."""
    for name in [name for name in st.session_state if str(name).startswith("desk-typed-")]:
        st.session_state[name] = st.session_state[name]


def row() -> DeltaGenerator:
    """Words, and a button at their side."""
    return st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")


def draw_field(name: str, key: str, value: str = "", hint: str = "", voices: Sequence[str] = VOICES) -> str:
    """A field of a document's metadata, holding this value until something else is typed."""
    st.session_state.setdefault(key, value)
    if name == "voice":
        return str(st.selectbox(view.FIELD_WORDS[name], voices, key=key, format_func=view.voice_in_words))
    return st.text_input(view.FIELD_WORDS[name], key=key, placeholder=hint).strip()


def draw_area(label: str, key: str, value: str, height: int) -> str:
    st.session_state.setdefault(key, value)
    return st.text_area(label, key=key, height=height)


def attempt(doing: str, action: Callable[..., Result], *arguments: Any) -> Result | None:
    """The result, or None and the reason on the page."""
    with st.spinner(f"{doing} …"):
        return _tried(action, *arguments)


def attempt_watched(doing: str, action: Callable[..., Result], *arguments: Any) -> Result | None:
    """The same for what takes long, with how far it is. Whoever goes elsewhere meanwhile has ended it."""
    bar = st.progress(0.0, f"{doing} …")

    def show(stage: str, done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{STEPS.get(stage, doing)}: {done} of {total}")

    result = _tried(action, *arguments, show)
    bar.empty()
    return result


def _tried(action: Callable[..., Result], *arguments: Any) -> Result | None:
    try:
        return action(*arguments)
    except Busy:
        st.html(trouble_html(BUSY))
    except FractionalError as error:
        draw_trouble(error)
    return None


def done(words: str, *forgotten: str) -> None:
    """Draw the page anew with a word on what was done."""
    for name in forgotten:
        st.session_state.pop(name, None)
    st.session_state[DONE] = words
    st.rerun()


def draw_what_was_done() -> None:
    # The place stays when the words go: what stands below would be made anew, and a file that is being dropped there lost.
    with st.container(key="done"):
        if words := st.session_state.pop(DONE, ""):
            st.html(view.said_html(words))


def published_in_words(done: Any, what: str) -> str:
    """What publishing did, and what it could not do in the folder beside it."""
    words = f"{what} The library is at snapshot {done.snapshot}."
    if done.faults:
        count = len(done.faults)
        files = "One file" if count == 1 else f"{count} files"
        words += f" {files} in the folder of documents can’t be taken as they are and were left out; `fractional check` names them."
    return words
