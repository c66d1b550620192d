"""The way in, run by Streamlit (`fractional serve`): which pages there are. A page and what it needs are read when it is opened."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

DESK = "Operator’s desk"


def main() -> None:
    chat = st.Page("chat.py", title="Ask", url_path="ask", default=True)
    library = st.Page("library/page.py", title="Library", url_path="library")
    evaluations = st.Page("evaluations/page.py", title="Evaluations", url_path="evaluations")
    desk = st.Page("desk/page.py", title=DESK, url_path="desk")
    # Streamlit's own menu covers a phone's page and stays there when one is chosen.
    chosen = st.navigation([chat, library, evaluations, desk], position="hidden")
    for page in (library, evaluations, desk):
        if page.url_path in st.query_params:
            st.switch_page(page)
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        st.page_link(chat, width="content")
        for page in (library, evaluations, desk):
            _draw_way_to(page, here=chosen is page)
    chosen.run()


def _draw_way_to(page: Page, here: bool) -> None:
    """A session that holds something of the desk, the key or what was typed, keeps it by Streamlit's own link.

    While the chat warms up, the browser asks for it again and again; a page that is chosen in between is lost to what was still on its
    way, and the window stays empty or with the chat. So the others are opened by a link that leaves the session behind. It leads
    through the first page: opened at an address below it, Streamlit looks for its server there first, and the browser notes an error.
    """
    if here or any(str(name).startswith("desk-") for name in st.session_state):
        st.page_link(page, width="content")
    else:
        st.html(
            f'<a href="/?{page.url_path}=" target="_self" style="display: block; color: inherit; text-decoration: none; line-height: 2">'
            f'<p style="margin: 0">{page.title}</p></a>',
            width="content",
        )


if __name__ == "__main__":  # Streamlit runs it so
    main()
