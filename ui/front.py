"""The way in, run by Streamlit (`fractional serve`): which pages there are. A page and what it needs are read when it is opened."""

from __future__ import annotations

import streamlit as st


def main() -> None:
    pages = [
        st.Page("chat.py", title="Ask", url_path="ask", default=True),
        st.Page("desk/page.py", title="Operator’s desk", url_path="desk"),
    ]
    # Streamlit's own menu covers a phone's page and stays there when one is chosen.
    chosen = st.navigation(pages, position="hidden")
    with st.container(horizontal=True, key="pages"):
        for page in pages:
            st.page_link(page, width="content")
    chosen.run()


if __name__ == "__main__":  # Streamlit runs it so
    main()
