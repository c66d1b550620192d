"""Below the input: in whose words the answer comes, and one click to bring the local writer here. Drawn by the chat."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from importlib.util import find_spec

import streamlit as st

from corpus.settings import Settings, read_settings
from rag.writers.ladder import AUTO
from rag.writers.settings import LOCAL, QUOTE
from ui.frame import draw_trouble
from ui.warm_chain import WarmChain

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 0.7
WORDS = {AUTO: "The best that is ready", QUOTE: "The sources’ own words", LOCAL: "Prose, written on this machine"}


@dataclass
class Fetching:
    """The local writer on its way here, for all sessions; it goes on when the page is closed."""

    settings: Settings
    words: str = ""
    trouble: Exception | None = None
    done: float = 0.0
    _thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        if not self.running:
            self.words, self.trouble, self.done = "The local writer is on its way …", None, 0.0
            self._thread = threading.Thread(target=self._fetch, name="fetching-writer", daemon=True)
            self._thread.start()

    def _fetch(self) -> None:
        from rag.models import CATALOGUE, Progress, pull_model, writers_folder

        def say(now: Progress) -> None:
            self.done = now.done / now.size
            left = f", {now.seconds_left:.0f} s left" if now.seconds_left else ""
            self.words = f"The local writer: {now.step}, {now.done / 1e6:,.0f} of {now.size / 1e6:,.0f} MB{left}"

        try:
            pull_model(CATALOGUE[0], writers_folder(self.settings), say)
        except Exception as error:
            log.exception("The local writer could not be fetched.")
            self.trouble = error


@st.cache_resource(show_spinner=False)
def fetching() -> Fetching:
    return Fetching(read_settings())


def choose_writer(chain: WarmChain) -> str:
    """Who is to write; a choice is offered where there is one."""
    preset = os.environ.get("FRACTIONAL_WRITER") or AUTO
    states = chain.writers()
    ready = [state.writer for state in states if state.ready]
    local = next((state for state in states if state.writer == LOCAL), None)
    with st.container(horizontal=True, vertical_alignment="center", key="writers"):
        if len(ready) > 1:
            names = [AUTO, *ready]
            kept = st.session_state.get("writer")
            chosen = st.selectbox(
                "Who writes",
                names,
                index=names.index(kept) if kept in names else names.index(preset) if preset in names else 0,
                format_func=lambda name: WORDS.get(name, f"Prose by {name}"),
                key="writer",
                label_visibility="collapsed",
                width=260,
            )
            chain.warm(str(chosen))
            return str(chosen)
        # One that only rests is here; without llama.cpp no model would help.
        if local is not None and not local.ready and not local.model and find_spec("xllamacpp"):
            _offer()
    chain.warm(preset)
    return preset


def _offer() -> None:
    from rag.models import CATALOGUE

    under_way = fetching()
    if under_way.running:
        _progress()
        return
    if under_way.trouble:
        draw_trouble(under_way.trouble)  # which names no places
    size = CATALOGUE[0].size / 1e9
    st.button(
        f"Write as prose: get the local writer ({size:.1f} GB)",
        key="get-writer",
        type="tertiary",
        icon=":material/download:",
        on_click=under_way.start,
    )


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
def _progress() -> None:
    under_way = fetching()
    if not under_way.running:
        st.rerun()
    st.progress(under_way.done, text=under_way.words, width=360)
