"""The way in, run by Streamlit (`fractional serve`): which pages there are. A page and what it needs are read when it is opened."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

DESK = "Operator’s desk"
# While the chat warms up, the browser asks for it again and again; a page that is chosen in between is lost to what was still on its
# way, and the window stays empty or with the chat. So the desk is opened by a link that leaves the session behind. It leads through
# the first page: opened at an address below it, Streamlit looks for its server there first, and the browser notes an error.
WAY_TO_DESK = "desk"
LINK = (
    f'<a href="?{WAY_TO_DESK}=" style="display: block; color: inherit; text-decoration: none; line-height: 2">'
    f'<p style="margin: 0">{DESK}</p></a>'
)


def main() -> None:
    chat = st.Page("chat.py", title="Ask", url_path="ask", default=True)
    desk = st.Page("desk/page.py", title=DESK, url_path="desk")
    # Streamlit's own menu covers a phone's page and stays there when one is chosen.
    chosen = st.navigation([chat, desk], position="hidden")
    if WAY_TO_DESK in st.query_params:
        st.switch_page(desk)
    with st.container(horizontal=True, key="pages"):
        st.page_link(chat, width="content")
        _draw_way_to(desk, here=chosen is desk)
    chosen.run()


def _draw_way_to(desk: Page, here: bool) -> None:
    """A session that holds something of the desk, the key or what was typed, keeps it by Streamlit's own link."""
    if here or any(str(name).startswith("desk-") for name in st.session_state):
        st.page_link(desk, width="content")
    else:
        st.html(LINK, width="content")


if __name__ == "__main__":  # Streamlit runs it so
    main()
