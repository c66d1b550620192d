"""The library: look through it, or read one document. A page of `front`, run by Streamlit; needs the record and no model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from corpus.documents import Document
from corpus.settings import Settings, read_settings
from ui.frame import TITLE, draw_page
from ui.library import catalogue, view
from ui.library.catalogue import Wanted
from ui.shelf import Shelf

HEADING = "Library"
WHAT_THIS_IS = "Everything an answer can rest on: who says it, when, and what they sell."
NOTHING_YET = "The library is empty so far."
NOTHING_FOUND = "Nothing here fits. Try fewer or other words, or take a filter away."
NAMES = {catalogue.ARTICLES: "articles", catalogue.GLOSSARY: "terms", catalogue.POSITIONS: "positions"}
SHOWN = "library-shown"
ROWS = 40
HERE = Path(__file__).parent
# Holds nothing of what was asked for or found.
SHOW_PASSAGE = (
    f"const place = document.getElementById('{view.PASSAGE}');"
    "place?.scrollIntoView({block: 'start'}); place?.focus({preventScroll: true});"
)


@st.cache_resource(show_spinner=False)
def shelf(settings: Settings) -> Shelf:
    """One for all sessions."""
    return Shelf(settings.record_path)


def page() -> None:
    """One document, where the address names one; otherwise the list."""
    named = st.query_params.get("document", "")
    with shelf(read_settings()).open() as record:
        library = record.documents()
        answers = record.answers_citing(named) if named in library else []
        title = "" if named in library or not named else record.titles([named]).get(named, "")
    if named in library:
        document = library[named]
        st.set_page_config(page_title=f"{catalogue.name_of(document)} · {TITLE}")
        _draw_document(document, library, view.questions_html(answers))
    elif named:
        st.html(view.missing_html(title))
    else:
        _draw_list(library)


def _draw_document(document: Document, library: Mapping[str, Document], questions: str) -> None:
    start, end = st.query_params.get("start", ""), st.query_params.get("end", "")
    text = view.text_html(document.text, catalogue.passage_in(document, start, end))
    st.html(view.back_html(document) + view.head_html(document))
    if start or end:
        st.html(view.passage_note_html(text))
    if document.views:
        st.html(view.views_html(document, library))
    st.html(text + view.around_html(document, library) + questions)
    if start or end:
        st.html(f"<script>{SHOW_PASSAGE}</script>", unsafe_allow_javascript=True)


def _draw_list(library: Mapping[str, Document]) -> None:
    st.html(f'<header class="fr-head fr-small"><h1>{HEADING}</h1><p>{WHAT_THIS_IS}</p></header>')
    if not library:
        st.html(view.nothing_html(NOTHING_YET))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="choice"):
        # Named in the address, so that a bookmark and the way back from a document lead to what was looked for.
        part = st.segmented_control(
            "Part of the library",
            catalogue.PARTS,
            default=catalogue.ARTICLES,
            required=True,
            key="part",
            bind="query-params",
            label_visibility="collapsed",
        )
        words = st.text_input(
            "Find by title or words",
            type="search",
            live=True,
            max_chars=100,
            key="find",
            bind="query-params",
            placeholder="Find by title or words",
            label_visibility="collapsed",
        )
    among = catalogue.in_part(library, part)
    wanted = _draw_filters(among, words or "") if part == catalogue.ARTICLES else Wanted(words or "")
    found = catalogue.find(among, wanted)
    st.html(
        view.count_html(len(found), len(among), NAMES[part])
        + view.elsewhere_html(wanted.words, _elsewhere(library, part, wanted))
    )
    if not found:
        st.html(view.nothing_html(NOTHING_FOUND))
    elif part == catalogue.GLOSSARY:
        st.html(view.glossary_html(found, wanted.words, library))
    elif part == catalogue.POSITIONS:
        st.html(view.positions_html(found, library))
    else:
        _draw_articles(found, wanted.words)


def _draw_filters(among: list[Document], words: str) -> Wanted:
    columns = st.container(key="filters").columns(4)
    voices = {name: voice for voice, name in view.VOICES.items() if any(one.voice == voice for one in among)}
    choices = {
        "topic": ("Topic", catalogue.topics(among)),
        "voice": ("Voice", list(voices)),
        "interest": ("What the source sells", [catalogue.SELLS, catalogue.SELLS_NOT]),
        "year": ("Published", catalogue.years(among)),
    }
    chosen = {}
    for column, (name, (label, options)) in zip(columns, choices.items(), strict=True):
        chosen[name] = (
            column.selectbox(label, options, index=None, key=name, bind="query-params", placeholder="Any") or ""
        )
    return Wanted(words, chosen["topic"], voices.get(chosen["voice"], ""), chosen["interest"], chosen["year"])


def _elsewhere(library: Mapping[str, Document], part: str, wanted: Wanted) -> dict[str, int]:
    """How many documents of the other parts hold the words."""
    others = (other for other in catalogue.PARTS if other != part and wanted.words.strip())
    return {other: len(catalogue.find(catalogue.in_part(library, other), Wanted(wanted.words))) for other in others}


def _draw_articles(found: list[Document], words: str) -> None:
    shown = max(ROWS, int(st.session_state.get(SHOWN, ROWS)))
    st.html(view.articles_html(found[:shown], words))
    if len(found) > shown:
        st.button("Show more", on_click=st.session_state.update, args=({SHOWN: shown + 3 * ROWS},), key="show-more")


def main() -> None:
    draw_page(page, f"{HEADING} · {TITLE}", HERE.with_name("chat.css"), HERE / "library.css")


if __name__ == "__main__":  # Streamlit runs it so
    main()
