"""What all pages share: title and icon, the styles, and what went wrong in plain words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from corpus.errors import FractionalError
from corpus.settings import read_settings
from ui.answer_view import trouble_html
from ui.plain_text import without_paths

log = logging.getLogger(__name__)

TITLE = "Fractional"
SOMETHING_WENT_WRONG = "Something went wrong; it has been noted."
# A disc with one part of it filled in.
ICON = (
    '<svg viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#2f6150"/>'
    '<path d="M16 16V5a11 11 0 0 1 11 11z" fill="#f3f1ea"/></svg>'
)


def draw_page(page: Callable[[], None], title: str, *styles: Path) -> None:
    """A page under its title; what goes wrong in it is told in its place."""
    st.set_page_config(page_title=title, page_icon=ICON, layout="centered")
    for style in styles:
        st.html(style)
    try:
        page()
    except Exception as error:
        log.exception("The page “%s” could not be drawn.", title)
        draw_trouble(error)


def draw_trouble(error: Exception) -> None:
    """An error of ours in its own calm words, any other in one sentence; the log has all of it."""
    words = SOMETHING_WENT_WRONG
    if isinstance(error, FractionalError):
        settings = read_settings()
        places = {
            settings.home: "the library’s home",
            settings.models: "the models’ folder",
            settings.corpus: "its folder",
        }
        words = without_paths(str(error), {str(place): name for place, name in places.items()})
    st.html(trouble_html(words))
