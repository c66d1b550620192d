"""What readers said: the answers they found bad, and the golden cases made of them, which wait here for a yes."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from corpus.documents import Document
from corpus.feedback import Feedback
from evals.cases import VERDICTS
from evals.drafts import FROM_LIFE, Draft
from ui.desk import parts, view
from ui.desk.actions import Desk, in_words

# How many of each are shown, and which draft is being filled in.
BAD_SHOWN, DRAFTS_SHOWN, FILLING = "desk-bad-shown", "desk-drafts-shown", "desk-filling"
FEW = 20
FILE = f"evals/cases/{FROM_LIFE}"
BELOW = (
    "Questions to be asked every night, with what a right answer holds: out of answers found bad, and what “fractional eval drafts” "
    "finds in questions not answered and in documents. They join the golden set only when you approve them."
)
FACTS_HINT = "One a line, in the words of the documents. They are patterns: `a|b` for either, `\\.` for a full stop, `\\$` for a dollar."


def draw(desk: Desk, _who: str) -> None:
    said, drafts = desk.feedback(), desk.drafts()
    st.html(view.heading_html("What readers said", view.judged_in_words(said)))
    _draw_bad(desk, [one for one in said if not one.good], {draft.trace for draft in drafts})
    st.html(view.heading_html("Golden cases that wait", BELOW if drafts else ""))
    if not drafts:
        st.html(view.lead_html("There are none."))
        return
    library = desk.documents()
    for draft in drafts[: _shown(DRAFTS_SHOWN)]:
        with st.container(border=True, key=f"draft-{draft.case.id}"):
            if st.session_state.get(FILLING) == draft.case.id:
                _draw_form(desk, draft, library)
            else:
                _draw_draft(desk, draft, library)
    _draw_more(DRAFTS_SHOWN, len(drafts))


def _draw_bad(desk: Desk, bad: list[Feedback], drafted: set[str]) -> None:
    for one in bad[: _shown(BAD_SHOWN)]:
        with st.container(border=True, key=f"bad-{one.trace}"), parts.row():
            st.html(view.found_bad_html(one))
            if one.trace in drafted:
                st.html(view.lead_html("Its golden case waits below."), width="content")
                continue
            made = st.button("Make a golden case of it", key=f"make-{one.trace}")
        if made and parts.attempt("Making a golden case", desk.make_draft, one) is not None:
            parts.done(f"“{one.question}” waits below: say what is right, and approve it.")
    _draw_more(BAD_SHOWN, len(bad))


def _shown(which: str) -> int:
    return int(st.session_state.get(which, FEW))


def _draw_more(which: str, count: int) -> None:
    if count > (shown := _shown(which)):
        st.button("Show more", on_click=st.session_state.update, args=({which: shown + 5 * FEW},), key=f"more-{which}")


def _draw_draft(desk: Desk, draft: Draft, library: Mapping[str, Document]) -> None:
    id, question = draft.case.id, draft.case.question
    st.html(view.draft_html(draft, {one: library[one].title for one in draft.case.documents if one in library}))
    with st.container(horizontal=True):
        approved = st.button("Approve", key=f"approve-{id}", disabled=bool(draft.missing))
        change = "Fill in" if draft.missing else "Change"
        st.button(change, key=f"fill-{id}", on_click=st.session_state.update, args=({FILLING: id},))
        discarded = st.button("Discard", key=f"drop-{id}")
    if approved and (case := parts.attempt("Approving", desk.approve_draft, draft)) is not None:
        parts.done(view.approved_in_words(case, FILE))
    if discarded and parts.attempt("Discarding", desk.discard_draft, draft) is not None:
        parts.done(f"“{question}” is discarded.")


def _draw_form(desk: Desk, draft: Draft, library: Mapping[str, Document]) -> None:
    case = draft.case
    with st.form(f"filling-{case.id}", border=False):
        question = st.text_input("Question", case.question, key=f"desk-question-{case.id}")
        verdicts = st.multiselect(
            "Right verdict (any of several)",
            VERDICTS,
            [verdict for verdict in case.verdicts if verdict in VERDICTS],
            format_func=lambda verdict: view.VERDICT_WORDS[verdict],
            key=f"desk-verdict-{case.id}",
        )
        documents = st.multiselect(
            "Right documents (any of several)",
            sorted({*library, *case.documents}),
            case.documents,
            format_func=lambda id: library[id].title if id in library else in_words(id),
            key=f"desk-documents-{case.id}",
        )
        facts = st.text_area(
            "Key facts (all of them)", "\n".join(case.facts), help=FACTS_HINT, key=f"desk-facts-{case.id}"
        )
        with st.container(horizontal=True):
            kept = st.form_submit_button("Keep", type="primary")
            st.form_submit_button("Leave as it was", on_click=st.session_state.pop, args=(FILLING,))
    if kept and parts.attempt("Keeping", desk.fill_draft, draft, question, verdicts, documents, facts) is not None:
        parts.done("What is right is noted.", FILLING)
