"""The conversations that were held, in a window over the chat: found, opened, named, deleted. Drawn by the chat."""

from __future__ import annotations

import streamlit as st

from corpus.conversations import (
    LONGEST_NAME,
    Conversation,
    conversations,
    delete_conversation,
    name_conversation,
)
from ui.plain_text import as_label, as_text
from ui.warm_chain import WarmChain

LONGEST_LABEL = 90
LONGEST_SEARCH = 200


def open_conversations(chain: WarmChain, current: str) -> None:
    _change(None)
    _draw_conversations(chain, current)


@st.dialog("Conversations", width="medium")
def _draw_conversations(chain: WarmChain, current: str) -> None:
    words = st.text_input(
        "Search", placeholder="Search questions and answers", max_chars=LONGEST_SEARCH, label_visibility="collapsed"
    )
    with chain.record() as record:
        found = conversations(record, holding=words)
    if not found:
        st.html(f'<p class="fr-lead">{"None of them holds these words." if words else "None so far."}</p>')
    with st.container(key="conversations"):
        for one in found:
            _draw_one(chain, one, current)


def _draw_one(chain: WarmChain, one: Conversation, current: str) -> None:
    changing = st.session_state.get("changing-conversation")
    if changing == ("name", one.id):
        _draw_naming(chain, one)
    elif changing == ("delete", one.id):
        _draw_deleting(chain, one, current)
    else:
        with st.container(horizontal=True, vertical_alignment="center", key=f"conversation-{one.id}"):
            name = one.name if len(one.name) <= LONGEST_LABEL else f"{one.name[:LONGEST_LABEL]} …"
            label = f"{as_label(name)} :small[:gray[{_when(one)}]]"
            if st.button(label, key=f"open-{one.id}", type="tertiary", width="stretch"):
                st.query_params.clear()
                st.query_params["conversation"] = one.id
                st.rerun()
            for what, icon, label in (("name", "edit", "Rename"), ("delete", "delete", "Delete")):
                # The label is for those who hear the page; it is not drawn.
                st.button(
                    label,
                    key=f"icon-{what}-{one.id}",
                    type="tertiary",
                    icon=f":material/{icon}:",
                    on_click=_change,
                    args=((what, one.id),),
                )


def _draw_naming(chain: WarmChain, one: Conversation) -> None:
    with st.form(f"naming-{one.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=one.name[:LONGEST_NAME], max_chars=LONGEST_NAME, key=f"named-{one.id}")
        if st.form_submit_button("Rename"):
            with chain.record() as record:
                name_conversation(record, one.id, name)
            _change(None)
            st.rerun(scope="fragment")


def _draw_deleting(chain: WarmChain, one: Conversation, current: str) -> None:
    answers = "its answer" if one.questions == 1 else f"its {one.questions} answers"
    with st.container(key=f"deleting-{one.id}"):
        st.html(f'<p class="fr-lead">Delete “{as_text(one.name)}” with {answers}? This can’t be undone.</p>')
        with st.container(horizontal=True):
            if st.button("Delete it", key=f"delete-now-{one.id}", type="primary"):
                with chain.record() as record:
                    delete_conversation(record, one.id)
                _change(None)
                if one.id == current:
                    st.query_params.clear()
                    st.rerun()
                st.rerun(scope="fragment")
            st.button("Keep it", key=f"keep-{one.id}", on_click=_change, args=(None,))


def _change(what: tuple[str, str] | None) -> None:
    st.session_state["changing-conversation"] = what


def _when(one: Conversation) -> str:
    count = f"{one.questions} question{'' if one.questions == 1 else 's'}"
    return f"· {one.asked[:10]} · {count}"
