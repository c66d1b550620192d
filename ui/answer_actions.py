"""What can be done with an answer: say whether it was good, copy it, take it along, ask it again. Drawn by the chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from corpus.feedback import LONGEST_REASON, Feedback, keep_feedback, withdraw_feedback
from ui import export
from ui.plain_text import as_text
from ui.warm_chain import WarmChain

Data = Mapping[str, Any]

WHY = {True: "What made it useful? (optional)", False: "What was wrong with it?"}


def draw_actions(
    turns: Sequence[Data], chain: WarmChain, said: Feedback | None, again: Callable[[], None] | None = None
) -> None:
    """Below the last of these turns."""
    answer = turns[-1]
    trace = answer["trace"]
    with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{trace}"):
        st.feedback(
            "thumbs",
            key=f"good-{trace}",
            default=None if said is None else int(said.good),
            on_change=_judge,
            args=(chain, trace),
        )
        st.html(_copy_html(answer), width="content")
        # The newest is there at once; what the others would hold is made when they are opened: with a page of turns it took a fifth of the time.
        saving = st.popover("Save", type="tertiary", key=f"save-{trace}", on_change="ignore" if again else "rerun")
        with saving:
            if again or saving.open:
                _draw_saving(turns)
        if again:
            st.button("Try again", key=f"again-{trace}", type="tertiary", on_click=again)
    good = st.session_state.get(f"good-{trace}")
    if good is not None:
        with st.container(key=f"why-{trace}"):
            st.text_input(
                WHY[bool(good)],
                value=said.reason if said else "",
                max_chars=LONGEST_REASON,
                key=f"reason-{trace}",
                on_change=_judge,
                args=(chain, trace),
            )
            noted = "Noted with your reason" if said and said.reason else "Noted"
            st.html(f'<p class="fr-noted" role="status">{noted}, for those who look after the library.</p>')


def _judge(chain: WarmChain, trace: str) -> None:
    good = st.session_state[f"good-{trace}"]
    with chain.record() as record:
        if good is None:
            withdraw_feedback(record, trace)
        else:
            keep_feedback(record, trace, bool(good), st.session_state.get(f"reason-{trace}", ""))


def _copy_html(answer: Data) -> str:
    words = as_text(export.as_markdown([answer], _today()))
    return f'<button type="button" class="fr-copy" data-words="{words}">Copy</button>'


def _draw_saving(turns: Sequence[Data]) -> None:
    """The answer, and the conversation up to it where there is more than one."""
    _draw_downloads("This answer", turns[-1:])
    if len(turns) > 1:
        _draw_downloads("The conversation so far", turns)


def _draw_downloads(what: str, turns: Sequence[Data]) -> None:
    trace, first = turns[-1]["trace"], turns[0]["question"]
    st.html(f'<p class="fr-lead">{what}</p>')
    for label, ending, kind, made in (
        ("As a page to print", "html", "text/html", export.as_page),
        ("As Markdown", "md", "text/markdown", export.as_markdown),
    ):
        st.download_button(
            label,
            data=partial(made, turns, _today()),  # made when it is asked for
            file_name=export.file_name(first, ending),
            mime=kind,
            key=f"save-{ending}-{len(turns) > 1}-{trace}",
            on_click="ignore",
            width="stretch",
        )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
