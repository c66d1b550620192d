"""The chat: ask, and check every sentence. A page of `front`, run by Streamlit; the script runs again at every click.

Draws, and nothing else: answers and what was said before come from `WarmChain`, their HTML from `answer_view`.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.conversations import conversations
from corpus.feedback import Feedback, feedback_on
from corpus.settings import read_settings
from ui import answer_view as view
from ui.answer_actions import draw_actions
from ui.commands import open_chain
from ui.conversations import open_conversations
from ui.frame import TITLE, draw_page, draw_trouble
from ui.plain_text import as_label
from ui.readings import LONGEST_CONVERSATION_ID, LONGEST_QUESTION
from ui.source_panel import mount_source_panel
from ui.warm_chain import WarmChain
from ui.writer_choice import choose_writer

log = logging.getLogger(__name__)

WHAT_THIS_IS = "What practitioners say about fractional AI CTO work, every sentence with its source."
NOTHING_YET = "The library is empty so far, so there is nothing to ask."
LOOK_AGAIN_SECONDS = 0.4
# Runs once for each newest turn, and holds nothing that was asked or found.
SHOW_NEWEST = "document.querySelector('.st-key-newest')?.scrollIntoView({block: 'start'});"


@st.cache_resource(show_spinner=False)
def warm_chain() -> WarmChain:
    """One for all sessions; it opens in the background, so that the page stands at once."""
    return WarmChain(read_settings(), open_chain).start()


def page() -> None:
    """Title, what was said, the new question and its answer; or, on a first visit, what could be asked."""
    conversation = _conversation()
    _take_question_of_link()
    chain = warm_chain()
    turns = chain.conversation(conversation)
    opening = bool(conversation) and not chain.opened  # what was said before can't be read yet
    above, asking, below = st.container(key="above"), st.container(key="asking"), st.empty()
    beside, state = st.container(key="beside"), asking.empty()
    typed = asking.chat_input("Ask about fractional AI CTO work", max_chars=LONGEST_QUESTION, key="question")
    with asking:
        writer = choose_writer(chain)
    question = (typed or st.session_state.pop("suggested", "")).strip()
    wanted = st.session_state.pop("again", "")
    again = next((turn for turn in turns[-1:] if turn["trace"] == wanted), None)
    if again:
        question, turns = again["question"], turns[:-1]
    if question:
        conversation = conversation or _begin()
        below.empty()  # at once, not when the answer is there
    with beside:
        mount_source_panel(conversation)  # before the answer, so that its numbers can be followed while it grows
    with above:
        _head(chain, conversation, started=bool(turns or question or opening))
        said = _feedback_on(turns, chain)
        for number, turn in enumerate(turns[: None if question else -1], 1):
            draw_turn(turns[:number], chain, said.get(turn["trace"]))
        if question:
            asked = (
                chain.asking_again(again, conversation, writer)
                if again
                else chain.asking(question, conversation, writer)
            )
            with _newest(len(turns) + 1):
                _ask(chain, question, asked, turns, state)
        elif turns:
            with _newest(len(turns)):
                draw_turn(turns, chain, said.get(turns[-1]["trace"]), is_newest=True)
    if not question:
        with below.container():
            if not turns and not opening:
                _welcome(chain)
            if not chain.ready:
                _warming_up(complete=chain.opened)


def _take_question_of_link() -> None:
    """`?question=…` is laid ready to be asked, and asked by nobody but the reader."""
    if linked := st.query_params.get("question", "")[:LONGEST_QUESTION].strip():
        st.session_state["question"] = linked
        del st.query_params["question"]


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


def _head(chain: WarmChain, conversation: str, started: bool) -> None:
    if not started:
        st.html(f'<header class="fr-head"><h1>{TITLE}</h1><p>{WHAT_THIS_IS}</p></header>')
        return
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.html(f'<header class="fr-head fr-small"><h1>{TITLE}</h1></header>')
        if chain.opened and not chain.trouble:
            _draw_way_to_conversations("Conversations", chain, conversation)
        st.button("New conversation", on_click=_new_conversation, type="tertiary", key="new-conversation")


def _draw_way_to_conversations(label: str, chain: WarmChain, conversation: str) -> None:
    if st.button(label, type="tertiary", key="conversations-held"):
        open_conversations(chain, conversation)


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
        with chain.record() as record:
            held = conversations(record, most=1)
        if held:
            _draw_way_to_conversations("Earlier conversations", chain, "")


def _suggest(question: str) -> None:
    st.session_state["suggested"] = question


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
def _warming_up(complete: bool) -> None:
    """A word about the wait; draws the page again when there is more to show."""
    chain = warm_chain()
    if chain.ready or (chain.opened and not complete):
        st.rerun()
    st.html('<p class="fr-warming" role="status">Warming up …</p>')


def _ask(
    chain: WarmChain,
    question: str,
    asked: Generator[dict[str, Any]],
    earlier: Sequence[dict[str, Any]],
    state: DeltaGenerator,
) -> None:
    """The answer as it grows: quotations at once, then prose above them. Going elsewhere on the page stops the writer.

    How far it is stands beside the input, so that nothing in the answer moves when it is whole.
    """
    st.html(view.question_html(question))
    body = st.empty()
    try:
        with closing(asked) as growing:
            with state, st.spinner("Looking in the library …" if chain.ready else "Warming up …"):
                answer = next(growing)
            began, drawn = time.monotonic(), answer
            body.html(_turn_html(answer, chain))
            if answer["writing"]:
                with state.container(horizontal=True, vertical_alignment="center", key="writing"):
                    note = st.empty()
                    st.button("Stop", key=f"stop-{len(earlier)}", icon=":material/stop_circle:")
            while answer["writing"]:
                note.html(view.writing_html(answer, time.monotonic() - began))
                answer = next(growing)
                if answer is not drawn:
                    drawn = answer
                    body.html(_turn_html(answer, chain))
            state.empty()
        draw_actions([*earlier, answer], chain, None, _again_with(answer))
    except Exception as error:
        state.empty()
        log.exception("A question could not be answered.")
        draw_trouble(error)


def _again_with(answer: dict[str, Any]) -> Callable[[], None]:
    def again() -> None:
        st.session_state["again"] = answer["trace"]

    return again


def _newest(turn: int) -> DeltaGenerator:
    """Where the newest turn stands: its question at the top of the window, so that one reads from the start."""
    if turn == 1:
        return st.container(key="first")
    place = st.container(key="newest")
    place.html(f"<script>{SHOW_NEWEST} /* {turn} */</script>", unsafe_allow_javascript=True)
    return place


def draw_turn(
    turns: Sequence[dict[str, Any]], chain: WarmChain, said: Feedback | None, is_newest: bool = False
) -> None:
    """The last of these turns: its question, its answer, and what can be done with it."""
    answer = turns[-1]
    st.html(view.question_html(answer["question"]))
    st.html(_turn_html(answer, chain))
    draw_actions(turns, chain, said, _again_with(answer) if is_newest else None)


def _turn_html(answer: dict[str, Any], chain: WarmChain) -> str:
    return view.turn_html(answer, chain.documents(citation["document"] for citation in answer["citations"]))


def _feedback_on(turns: Sequence[dict[str, Any]], chain: WarmChain) -> dict[str, Feedback]:
    if not turns:
        return {}
    with chain.record() as record:
        return feedback_on(record, [turn["trace"] for turn in turns])


def main() -> None:
    draw_page(page, TITLE, Path(__file__).with_name("chat.css"))


if __name__ == "__main__":  # Streamlit runs it so
    main()
