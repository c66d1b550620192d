"""The panel beside an answer: a click on a citation's number opens its source there, with the quoted words marked.

One component for the whole page, and not one for each answer: an answer grows while it is written, and Streamlit builds a
component anew at each growth, which loses the focus, the selection and the open panel; with a key it refuses the second
drawing. So answers are plain HTML that grows in place, and this listens to the page.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HTML = """<aside class="fr-panel" popover="manual" role="dialog" aria-label="Source" tabindex="-1">
<header><p class="fr-panel-lead">Source</p><button type="button" class="fr-close" aria-label="Close the source">✕</button></header>
<div class="fr-panel-about"></div><div class="fr-panel-body"></div></aside><p class="fr-spoken" role="status"></p>"""


def mount_source_panel(conversation: str) -> None:
    """Once a page; another conversation closes it."""
    _component()(key="source-panel", data={"conversation": conversation})


@cache
def _component() -> ComponentRenderer:
    here = Path(__file__)
    return st.components.v2.component(
        "source_panel",
        html=HTML,
        css=here.with_suffix(".css").read_text(),
        js=here.with_suffix(".js").read_text(),
        isolate_styles=False,
    )
