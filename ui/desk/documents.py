"""The library as a list to look through, and each of its documents: to read, to edit, to withdraw."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
import yaml
from streamlit.delta_generator import DeltaGenerator

from corpus.documents import KINDS, VOICES, Document
from ui.desk import parts, preview_view, view
from ui.desk.actions import Desk, front_matter_of
from ui.plain_text import as_label

OPEN, DOING, BEGUN, SHOWN = "desk-document", "desk-doing", "desk-edit-begun", "desk-documents-shown"
FILTER, KIND, VOICE = "desk-typed-filter", "desk-typed-kind", "desk-typed-voice-filter"
EDIT = "desk-typed-edit-"
ROWS = 20
ALL = "All"
PLAIN_FIELDS = ("title", "source", "author", "url", "published", "voice", "review_by", "owner", "sells")
# Said in the list of fields or not to be changed here.
NOT_FURTHER = (*PLAIN_FIELDS, "id", "kind")


def draw(desk: Desk, who: str) -> None:
    library = desk.documents()
    document = library.get(st.session_state.get(OPEN, ""))
    if document is None:
        _draw_list(library)
    elif st.session_state.get(DOING) == "edit":
        _draw_editor(desk, document, who)
    else:
        _draw_document(desk, document, who)


def open_document(id: str) -> None:
    """From any part of the desk."""
    _show(id)
    st.session_state[parts.PART] = parts.LIBRARY


def _show(id: str) -> None:
    close()
    st.session_state[OPEN] = id


def close() -> None:
    for name in [name for name in st.session_state if str(name).startswith(EDIT)]:
        del st.session_state[name]
    for name in (OPEN, DOING, BEGUN):
        st.session_state.pop(name, None)


def _begin(what: str) -> None:
    st.session_state[DOING] = what


def _draw_list(library: Mapping[str, Document]) -> None:
    st.html(view.heading_html("Library"))
    words, kind, voice = st.columns([3, 1, 1])
    wanted = (
        words.text_input("Find", key=FILTER, placeholder="Words of a title, a source or an author").casefold().split()
    )
    kinds = kind.selectbox("Kind", (ALL, *KINDS), key=KIND, format_func=str.capitalize)
    voices = voice.selectbox("Voice", (ALL, *VOICES), key=VOICE, format_func=str.capitalize)
    found = [
        one
        for one in sorted(library.values(), key=lambda one: one.title.casefold())
        if kinds in (ALL, one.kind) and voices in (ALL, one.voice) and _holds(one, wanted)
    ]
    st.html(
        view.lead_html(
            f"{len(found)} of {len(library)} documents" if len(found) < len(library) else f"{len(found)} documents"
        )
    )
    shown = max(ROWS, int(st.session_state.get(SHOWN, ROWS)))
    with st.container(key="documents", gap=None):
        title, rest = _columns()
        title.html('<p class="fr-cells-head">Title</p>')
        rest.html(view.row_head_html())
        for one in found[:shown]:
            title, rest = _columns()
            with title:
                label = as_label(one.title)
                st.button(label, key=f"row-{one.id}", on_click=_show, args=(one.id,), type="tertiary")
            rest.html(view.row_html(one))
    if len(found) > shown:
        st.button("Show more", on_click=st.session_state.update, args=({SHOWN: shown + 5 * ROWS},), key="show-more")


def _columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    title, rest = st.columns([5, 7], vertical_alignment="center")
    return title, rest


def _holds(document: Document, wanted: list[str]) -> bool:
    words = " ".join((document.title, document.source, document.author, document.id, *document.tags)).casefold()
    return all(word in words for word in wanted)


def _draw_document(desk: Desk, document: Document, who: str) -> None:
    st.button("Back to the list", on_click=close, type="tertiary", key="close", icon=":material/arrow_back:")
    st.html(view.document_html(document))
    if st.session_state.get(DOING) == "withdraw":
        _draw_withdrawal(desk, document, who)
    else:
        with st.container(horizontal=True):
            st.button("Edit", on_click=_begin, args=("edit",), key="edit")
            st.button("Withdraw", on_click=_begin, args=("withdraw",), key="withdraw")
    st.html(preview_view.sheet_html(document.text))


def _draw_withdrawal(desk: Desk, document: Document, who: str) -> None:
    with st.container(border=True, key="confirm"):
        st.html(view.question_html(f"Withdraw “{document.title}”?"))
        st.html(view.citing_html(desk.citing(document.id)))
        st.html("<p>It can be brought back from the history.</p>")
        if not who:
            st.html(view.lead_html(parts.NAME_FIRST))
        with st.container(horizontal=True):
            sure = st.button("Withdraw it", type="primary", disabled=not who, key="withdraw-sure")
            st.button("Keep it", on_click=_begin, args=("",), key="keep")
        if sure and (published := parts.attempt("Withdrawing", desk.withdraw, document, who)):
            close()
            parts.done(parts.published_in_words(published, f"“{document.title}” is withdrawn."))


def _draw_editor(desk: Desk, document: Document, who: str) -> None:
    """The document as it was when editing began; whoever changed it meanwhile is not overwritten."""
    begun = st.session_state.setdefault(BEGUN, document)
    st.html(view.heading_html(f"Edit “{begun.title}”"))
    metadata = {}
    columns = st.columns(2)
    for number, name in enumerate(PLAIN_FIELDS):
        with columns[number % 2]:
            metadata[name] = parts.draw_field(name, f"{EDIT}{name}", getattr(begun, name))
    text = parts.draw_area("Text", f"{EDIT}text", begun.text, 420)
    with st.expander("Further fields"):
        st.html(view.lead_html("Tags, other names, questions and the like, as they stand in the file."))
        more = parts.draw_area("Further fields", f"{EDIT}more", _further(begun), 220)
    if not who:
        st.html(view.lead_html(parts.NAME_FIRST))
    with st.container(horizontal=True):
        saving = st.button("Publish the changes", type="primary", disabled=not who, key="save")
        st.button("Leave it as it was", on_click=_show, args=(document.id,), key="leave")
    if saving and (published := parts.attempt("Publishing", desk.edit, begun, metadata, more, text, who)):
        _show(document.id)
        parts.done(parts.published_in_words(published, f"“{metadata['title']}” is published with your changes."))


def _further(document: Document) -> str:
    values, _ = front_matter_of(document)
    rest = {name: value for name, value in values.items() if name not in NOT_FURTHER}
    return yaml.safe_dump(rest, allow_unicode=True, sort_keys=False, width=10_000) if rest else ""
