"""The chat: ask, and check every sentence. A page of `front`, run by Streamlit; the script runs again at every click.

Draws, and nothing else: answers and what was said before come from `WarmChain`, their HTML from `answer_view`.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.settings import read_settings
from ui import answer_view as view
from ui.commands import open_chain
from ui.frame import TITLE, begin_page, draw_trouble
from ui.plain_text import as_label
from ui.warm_chain import WarmChain
from ui.writer_choice import choose_writer

log = logging.getLogger(__name__)

WHAT_THIS_IS = "What practitioners say about fractional AI CTO work, every sentence with its source."
NOTHING_YET = "The library is empty so far, so there is nothing to ask."
# A question, not a document.
LONGEST_QUESTION = 2_000
LONGEST_CONVERSATION_ID = 100
LOOK_AGAIN_SECONDS = 0.4
# More columns than this are too narrow to read.
SIDES_ACROSS = 3
# The only script of ours on the page; it runs once for each newest turn, and holds nothing that was asked or found.
SHOW_NEWEST = "document.querySelector('.st-key-newest')?.scrollIntoView({block: 'start'});"


@st.cache_resource(show_spinner=False)
def warm_chain() -> WarmChain:
    """One for all sessions; it opens in the background, so that the page stands at once."""
    return WarmChain(read_settings(), open_chain).start()


def page() -> None:
    """Title, what was said, the new question and its answer; or, on a first visit, what could be asked."""
    conversation = _conversation()
    chain = warm_chain()
    turns = chain.conversation(conversation)
    opening = bool(conversation) and not chain.opened  # what was said before can't be read yet
    above, asking, below = st.container(key="above"), st.container(key="asking"), st.empty()
    typed = asking.chat_input("Ask about fractional AI CTO work", max_chars=LONGEST_QUESTION, key="question")
    with asking:
        writer = choose_writer(chain)
    question = (typed or st.session_state.pop("suggested", "")).strip()
    if question:
        below.empty()  # at once, not when the answer is there
    with above:
        _head(started=bool(turns or question or opening))
        for turn in turns[: None if question else -1]:
            draw_answer(turn, chain)
        if question:
            _ask(chain, question, conversation or _begin(), len(turns) + 1, writer)
        elif turns:
            with _newest(len(turns)):
                draw_answer(turns[-1], chain)
    if not question:
        with below.container():
            if not turns and not opening:
                _welcome(chain)
            if not chain.ready:
                _warming_up(complete=chain.opened)


def _conversation() -> str:
    """The address names the conversation, so that a reload, a bookmark and the back button all mean what they show."""
    named = st.query_params.get("conversation", "")[:LONGEST_CONVERSATION_ID]
    st.session_state["conversation"] = named
    return named


def _begin() -> str:
    id = uuid.uuid4().hex
    st.session_state["conversation"] = st.query_params["conversation"] = id
    return id


def _new_conversation() -> None:
    st.query_params.clear()


def _head(started: bool) -> None:
    size = "fr-head fr-small" if started else "fr-head"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="head"):
        st.html(f'<header class="{size}"><h1>{TITLE}</h1><p>{WHAT_THIS_IS}</p></header>')
        if started:
            st.button("New conversation", on_click=_new_conversation, type="tertiary", key="new-conversation")


def _welcome(chain: WarmChain) -> None:
    """Four questions to begin with, once the library is open."""
    if chain.trouble:
        draw_trouble(chain.trouble)
        st.button("Try again", on_click=warm_chain.clear)
    elif chain.opened:
        suggestions = chain.suggestions()
        with st.container(key="suggestions"):
            st.html(f'<p class="fr-lead">{"You could begin with" if suggestions else NOTHING_YET}</p>')
            for number, question in enumerate(suggestions):
                label = as_label(question)
                st.button(label, key=f"suggestion-{number}", on_click=_suggest, args=(question,), width="stretch")


def _suggest(question: str) -> None:
    st.session_state["suggested"] = question


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
def _warming_up(complete: bool) -> None:
    """A word about the wait; draws the page again when there is more to show."""
    chain = warm_chain()
    if chain.ready or (chain.opened and not complete):
        st.rerun()
    st.html('<p class="fr-warming" role="status">Warming up …</p>')


def _ask(chain: WarmChain, question: str, conversation: str, turn: int, writer: str) -> None:
    """The answer as it grows: quotations at once, then prose above them. Going elsewhere on the page stops the writer."""
    with _newest(turn):
        st.html(view.question_html(question))
        state, body = st.empty(), st.empty()
        try:
            with closing(chain.asking(question, conversation, writer)) as growing:
                with state, st.spinner("Looking in the library …" if chain.ready else "Warming up …"):
                    answer = next(growing)
                began, drawn = time.monotonic(), answer
                _draw_in(body, answer, chain)
                if answer["writing"]:
                    with state.container(horizontal=True, vertical_alignment="center", key="writing"):
                        note = st.empty()
                        st.button("Stop", key=f"stop-{turn}", type="tertiary")
                while answer["writing"]:
                    note.html(view.writing_html(answer, time.monotonic() - began))
                    answer = next(growing)
                    if answer is not drawn:
                        drawn = answer
                        _draw_in(body, answer, chain)
                state.empty()
        except Exception as error:
            state.empty()
            log.exception("A question could not be answered.")
            draw_trouble(error)


def _draw_in(place: DeltaGenerator, answer: dict[str, Any], chain: WarmChain) -> None:
    with place.container():
        draw_answer(answer, chain, with_question=False)


def _newest(turn: int) -> DeltaGenerator:
    """Where the newest turn stands: its question at the top of the window, so that one reads from the start."""
    if turn == 1:
        return st.container(key="first")
    place = st.container(key="newest")
    place.html(f"<script>{SHOW_NEWEST} /* {turn} */</script>", unsafe_allow_javascript=True)
    return place


def draw_answer(answer: dict[str, Any], chain: WarmChain, with_question: bool = True) -> None:
    """One turn: question, badge, text, the sides, the sources, what was taken out, and the foot line."""
    documents = chain.documents(citation["document"] for citation in answer["citations"])
    if with_question:
        st.html(view.question_html(answer["question"]))
    st.html(view.understood_html(answer) + view.badge_html(answer) + view.answer_html(answer))
    if answer["perspectives"]:
        _draw_perspectives(answer["perspectives"], answer)
    if sources := view.sources_html(answer, documents):
        st.html(sources)
    if answer["removed"]:
        with st.expander(f"Taken out by the checks ({len(answer['removed'])})"):
            st.html(view.removed_html(answer))
    if not answer["writing"]:
        st.html(view.foot_html(answer))


def _draw_perspectives(sides: Sequence[dict[str, Any]], answer: dict[str, Any]) -> None:
    st.html('<h3 class="fr-differ">Practitioners differ</h3>')
    for first in range(0, len(sides), SIDES_ACROSS):
        row = sides[first : first + SIDES_ACROSS]
        for column, side in zip(st.columns(len(row), border=True), row, strict=True):
            column.html(view.perspective_html(side, answer))


def main() -> None:
    begin_page(TITLE, Path(__file__).with_name("chat.css"))
    try:
        page()
    except Exception as error:
        log.exception("The page could not be drawn.")
        draw_trouble(error)


if __name__ == "__main__":  # Streamlit runs it so
    main()
