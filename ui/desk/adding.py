"""Adding: hand something over, look at what would enter the library and what would not, publish exactly that."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from corpus.documents import VOICES, slug
from ingest.add import LARGEST_FILE, SUFFIXES, Given
from ui.desk import parts, preview_view, view
from ui.desk.actions import Decided, Desk, Entry, Golden, Upload

FILES, TEXT, ADDRESS = HOWS = ("Files", "Pasted text", "Web address")
# Fields of the form, and of what is previewed; what was found, which preview it is, and which files.
FORM, ENTRY = "desk-typed-add-", "desk-typed-entry-"
HOW, TITLE, PASTED, URL = f"{FORM}how", f"{FORM}title", f"{FORM}text", f"{FORM}address"
ENTRIES, ROUND, FILES_ROUND = "desk-entries", "desk-round", "desk-files-round"
# The question that the text is written about; what the golden questions said and of what; whether to publish all the same is asked.
ABOUT, CHECKED, CONFIRMING = f"{FORM}about", "desk-checked", "desk-confirming"
ASKED_FIRST = (
    "Before anything is published, the golden questions are asked of a copy of the library that holds it, which takes up to "
    "two minutes. If one would be answered worse, nothing is published before you have said so."
)
HINTS = {
    "title": "",
    "source": "the publisher, such as Example Ltd",
    "author": "",
    "url": "https://…",
    "published": "YYYY-MM-DD",
    "voice": "",
}
NOT_SAID = ""


def draw(desk: Desk, who: str) -> None:
    entries: list[Entry] | None = st.session_state.get(ENTRIES)
    st.html(view.heading_html("Add to the library", "Nothing is published before you have seen it."))
    with st.expander("What to add", expanded=entries is None):
        uploads, address, given = _draw_form()
        if st.button("Preview", type="primary", key="preview"):
            looked = parts.attempt("Reading", desk.preview, uploads, address, given)
            if looked is not None:
                st.session_state[ENTRIES] = looked
                _count(ROUND)
                st.rerun()
    if entries is not None:
        _draw_preview(desk, entries, who)


def write_about(question: str) -> None:
    """Begin a text under this title; once it is published, the question is asked again."""
    forget()
    st.session_state.update({parts.PART: parts.ADD, HOW: TEXT, TITLE: question, ABOUT: question})


def forget() -> None:
    """Begin with an empty form."""
    for name in [
        name for name in st.session_state if str(name).startswith((FORM, ENTRY, ENTRIES, CHECKED, CONFIRMING))
    ]:
        del st.session_state[name]
    _count(FILES_ROUND)


def _count(name: str) -> None:
    """On to the next one, so that a field of the one before is not taken for its own."""
    st.session_state[name] = st.session_state.get(name, 0) + 1


def _draw_form() -> tuple[list[Upload], str, Given]:
    if question := st.session_state.get(ABOUT):
        st.html(view.lead_html(f"For the question “{question}”, which is asked again once this is published."))
    st.session_state.setdefault(HOW, FILES)
    how = st.segmented_control("How it comes", HOWS, key=HOW, required=True)
    uploads: list[Upload] = []
    address = ""
    if how == TEXT:
        text = st.text_area(
            "Text", key=PASTED, height=260, placeholder="Paste the article here; Markdown is understood."
        )
        if text.strip():
            uploads = [Upload(f"{_name_of(text)}.txt", text.encode())]
    elif how == ADDRESS:
        address = st.text_input("Web address", key=URL, placeholder="https://").strip()
    else:
        endings = [suffix.removeprefix(".") for suffix in SUFFIXES]
        largest = LARGEST_FILE // 1_000_000
        files = st.file_uploader(
            f"Drop files here or choose them: {', '.join(endings)}, up to {largest} MB each",
            endings,
            accept_multiple_files=True,
            key=f"desk-files-{st.session_state.get(FILES_ROUND, 0)}",
            max_upload_size=largest,
        )
        uploads = [Upload(file.name, file.getvalue()) for file in files]
    st.html(view.lead_html("What you know about it; what you leave empty is taken from the text where it says so."))
    columns = st.columns(2)
    said = {}
    for number, (name, hint) in enumerate(HINTS.items()):
        with columns[number % 2]:
            said[name] = parts.draw_field(name, f"{FORM}{name}", hint=hint, voices=(NOT_SAID, *VOICES))
    return uploads, address, Given(**said)


def _name_of(text: str) -> str:
    """The title given, or the first words: the id is made of it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return slug(st.session_state.get(TITLE, "").strip() or first.lstrip("# "))


def _draw_preview(desk: Desk, entries: Sequence[Entry], who: str) -> None:
    decided = []
    for number, entry in enumerate(entries):
        with st.container(border=True, key=f"entry-{number}"):
            one = _draw_entry(entry, f"{ENTRY}{st.session_state[ROUND]}-{number}-")
        if one:
            decided.append(one)
    if decided:
        _draw_publishing(desk, decided, who)
    else:
        _draw_start_again()


def _draw_publishing(desk: Desk, decided: list[Decided], who: str) -> None:
    """The golden questions first, unless the operator skips them; what answers one worse is published only when that is confirmed."""
    golden = _checked(decided)
    if golden:
        st.html(f"<h3>Golden questions</h3>{view.golden_html(golden)}")
    if golden and golden.worse and st.session_state.get(CONFIRMING):
        if _draw_confirmation(who):
            _publish(desk, decided, who, golden)
        return
    asking, publishing, at_once = _draw_choice(decided, who, asked=golden is not None)
    if (asking or publishing) and golden is None:
        golden = parts.attempt_watched("Asking the golden questions", desk.ask_golden, decided)
        if golden is None:
            return
        st.session_state[CHECKED] = (decided, golden)
    if publishing and golden and golden.worse:
        st.session_state[CONFIRMING] = True
    elif publishing or at_once:
        _publish(desk, decided, who, golden)
        return
    if asking or publishing:
        st.rerun()


def _checked(decided: list[Decided]) -> Golden | None:
    """What the golden questions said of exactly this."""
    of, golden = st.session_state.get(CHECKED, (None, None))
    return golden if of == decided else None


def _draw_choice(decided: Sequence[Decided], who: str, asked: bool) -> tuple[bool, bool, bool]:
    """Whether to ask the golden questions, to publish, and to publish without asking them."""
    if not asked:
        st.html(view.lead_html(ASKED_FIRST))
    if not who:
        st.html(view.lead_html(parts.NAME_FIRST))
    label = "Publish" if len(decided) < 2 else f"Publish these {len(decided)}"
    asking = at_once = False
    with st.container(horizontal=True, vertical_alignment="center"):
        publishing = st.button(label, type="primary", disabled=not who, key="publish")
        if not asked:
            asking = st.button("What would this change for the golden questions?", key="ask-golden")
            at_once = st.button("Publish without asking them", type="tertiary", disabled=not who, key="publish-at-once")
        _draw_start_again()
    return asking, publishing, at_once


def _draw_confirmation(who: str) -> bool:
    st.html(view.question_html("Publish it all the same?"))
    with st.container(horizontal=True):
        sure = st.button("Publish all the same", type="primary", disabled=not who, key="publish-sure")
        st.button("Not now", on_click=st.session_state.pop, args=(CONFIRMING,), key="not-now")
    return sure


def _draw_start_again() -> None:
    st.button("Start again", on_click=forget, type="tertiary", key="start-again")


def _publish(desk: Desk, decided: Sequence[Decided], who: str, golden: Golden | None) -> None:
    published = parts.attempt("Publishing", desk.publish, decided, who)
    if published is None:
        return
    titles = " and ".join(f"“{one.metadata['title']}”" for one in decided[:2])
    what = f"{titles} {'is' if len(decided) == 1 else 'are'}" if len(decided) < 3 else f"{len(decided)} documents are"
    said = [parts.published_in_words(published, f"{what} in the library.")]
    if golden:
        said.append(view.golden_in_short(golden))
    if question := st.session_state.get(ABOUT):
        said.append(_asked_again(desk, question, decided[0], who))
    forget()
    parts.done(" ".join(said))


def _asked_again(desk: Desk, question: str, written: Decided, who: str) -> str:
    assert written.entry.prepared.document is not None
    answered = parts.attempt(
        "Asking the question again", desk.ask_again, question, written.entry.prepared.document.id, who
    )
    if answered is None:
        return f"“{question}” could not be asked again and stays on the list."
    if answered:
        return f"“{question}” gets an answer now and is off the list."
    return f"“{question}” is still not answered; it stays on the list and is marked there."


def _draw_entry(entry: Entry, key: str) -> Decided | None:
    """One thing as given and as it would be; what the operator decided about it, if it can be published."""
    st.html(preview_view.standing_html(entry))
    document = entry.prepared.document
    if document is None:
        return None
    found = entry.prepared.quarantined
    looked_at = False
    if found:
        st.html(view.lead_html("These passages may be meant for a machine that reads the library, not for people:"))
        st.html(preview_view.found_html(found))
        looked_at = st.checkbox("I have read them, and they may stand", key=f"{key}looked-at")
    if remarks := preview_view.remarks_html(entry):
        st.html(remarks)
    left, right = st.columns(2)
    removed = [one.text for one in entry.prepared.removed]
    left.html(f"<h3>As given</h3>{preview_view.given_html(entry.given, entry.name, removed)}")
    right.html(f"<h3>As it enters the library</h3>{preview_view.sheet_html(document.text)}")
    if entry.contradicts:
        with st.expander(f"The library says otherwise ({len(entry.contradicts)})"):
            st.html(preview_view.contradicts_html(entry))
    if entry.prepared.removed:
        with st.expander(f"Left out ({len(entry.prepared.removed)})"):
            st.html(preview_view.removed_html(entry.prepared.removed))
    if entry.chunks:
        with st.expander(f"Passages it is found by ({len(entry.chunks)})"):
            st.html(preview_view.passages_html(entry.chunks))
    st.html("<h3>What is known about it</h3>")
    metadata = {}
    columns = st.columns(2)
    for number, (name, hint) in enumerate(HINTS.items()):
        with columns[number % 2]:
            metadata[name] = parts.draw_field(name, f"{key}{name}", getattr(document, name), hint)
    return Decided(entry, metadata, looked_at) if looked_at or not found else None
