"""What the desk shows, as HTML in which every word from a document or a person stands as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from corpus.documents import Document
from corpus.feedback import Feedback
from corpus.gaps import Gap
from corpus.quarantine import Quarantined
from corpus.record import PastAnswer, Snapshot
from ingest.review import CHANGED, FIRST, UNREACHED, Seen
from ui.desk.actions import Golden, Held, Looked, WayBack, in_words
from ui.desk.preview_view import found_html
from ui.plain_text import as_text, web_address

if TYPE_CHECKING:
    from evals.cases import Case
    from evals.drafts import Draft
    from evals.preview import GoldenChange, Standing

MOST_LISTED = 12
LONGEST_ANSWER = 600
KIND_WORDS = {"article": "Article", "glossary": "Glossary", "position": "Position"}
VOICE_WORDS = {"practitioner": "a practitioner’s own text", "digest": "our digest", "house": "our own text"}
FIELD_WORDS = {
    "title": "Title",
    "source": "Source",
    "author": "Author",
    "url": "Address",
    "published": "Published",
    "voice": "Voice",
    "added": "Added",
    "review_by": "Review by",
    "owner": "Owner",
    "sells": "Sells",
    "licence": "Licence",
    "tags": "Tags",
    "aliases": "Also called",
    "question": "Question",
}
VERDICT_WORDS = {"answered": "answered", "partial": "answered in part", "abstained": "not answered"}
ORIGIN_WORDS = {"feedback": "an answer found bad", "gap": "a question not answered", "article": "a document"}
MISSING_WORDS = {
    "question": "the question",
    "verdict": "the right verdict",
    "documents": "the right documents",
    "facts": "the key facts",
}
# What a golden question can lose, as `evals.preview` names it.
LOST_WORDS = {
    "facts": "the right facts",
    "document_found": "a right document among what is found",
    "document_cited": "a right document among its sources",
}


def voice_in_words(voice: str) -> str:
    words = VOICE_WORDS.get(voice, "not said")
    return f"{words[:1].upper()}{words[1:]}"


def lead_html(words: str) -> str:
    return f'<p class="fr-lead">{as_text(words)}</p>'


def wrong_tries_in_words(count: int) -> str:
    """Whoever comes in should know that somebody else tried."""
    if not count:
        return ""
    return f"Before you, there {'was one wrong try' if count == 1 else f'were {count} wrong tries'} at the passphrase."


def said_html(words: str) -> str:
    """What was done."""
    return f'<p class="fr-said" role="status">{as_text(words)}</p>'


def heading_html(words: str, below: str = "") -> str:
    return f'<h2 class="fr-part">{as_text(words)}</h2>' + (lead_html(below) if below else "")


def question_html(words: str) -> str:
    """What is to be confirmed."""
    return f'<h3 class="fr-confirm">{as_text(words)}</h3>'


# What publishing would change


def golden_html(golden: Golden) -> str:
    """The golden questions that would get another answer or source, what is lost first."""
    if not golden.changes:
        return f"<p>{golden_in_short(golden)}</p>"
    items = (
        _golden_change(change, golden.titles) for change in sorted(golden.changes, key=lambda change: not change.worse)
    )
    return f'<p>{golden_in_short(golden)}</p><ul class="fr-list fr-golden">{"".join(items)}</ul>'


def golden_in_short(golden: Golden) -> str:
    if not golden.changes:
        return "No golden question gets another answer or another source."
    count, worse = len(golden.changes), golden.worse
    several = "One golden question gets" if count == 1 else f"{count} golden questions get"
    if not worse:
        return f"{several} another answer or source, none a worse one."
    which = "a worse one" if count == 1 else f"{worse} of them a worse one"
    return f"{several} another answer or source, {which}."


def _golden_change(change: GoldenChange, titles: Mapping[str, str]) -> str:
    lost = [LOST_WORDS.get(check, check) for check in change.before.held if check not in change.after.held]
    loses = f'<span class="fr-label fr-overdue">worse</span> It loses {" and ".join(lost)}.' if lost else ""
    was, would_be = (_standing_in_words(one, titles) for one in (change.before, change.after))
    what = f"still {would_be}" if was == would_be else f"now {was}; then {would_be}"
    return f"<li>{as_text(change.question)}<p>{as_text(what)}. {loses}</p></li>"


def _standing_in_words(standing: Standing, titles: Mapping[str, str]) -> str:
    of = f", first from “{_titled(standing.source, titles)}”" if standing.source else ""
    return f"{VERDICT_WORDS[standing.verdict]}{of}"


# Quarantine


def held_html(held: Held) -> str:
    """A document in quarantine, where it came from, and what was found in it."""
    kept = held.kept
    who = f"{_came_from(kept)} · {moment_of(kept.kept)} · {as_text(kept.who)}"
    replaces = (
        f"<p>Until it is released, readers have the version of “{as_text(held.replaces)}” that is published.</p>"
        if held.replaces
        else ""
    )
    return (
        f'<p class="fr-gap">{as_text(held.title)}</p><p class="fr-who">{who}</p>{replaces}'
        f"<h3>Found in it</h3>{found_html(held.found)}"
    )


def _came_from(kept: Quarantined) -> str:
    if kept.in_folder:
        return "Put into the folder of documents"
    # Of a place on this machine, the name is enough.
    return f"Handed in as {as_text(web_address(kept.input) or PurePath(kept.input).name)}"


def what_release_means_html() -> str:
    return (
        "<p>It is published as it is. Readers and the programs that read for them are shown the passages above as they "
        "stand, as words to quote and nothing more. In this document they are not held back again.</p>"
    )


def what_discard_means_html(held: Held) -> str:
    if not held.kept.in_folder:
        words = "It leaves this list, and what is published stays as it is. Handed in again, it waits here again."
    elif held.replaces:
        words = "Its file in the folder of documents is set back to what is published. This can’t be undone here."
    else:
        words = "Its file is taken out of the folder of documents. This can’t be undone here."
    return f"<p>{words}</p>"


# Documents


def speaker_of(document: Document) -> str:
    return " · ".join(part for part in (document.author, document.source) if part) or "–"


def row_html(document: Document) -> str:
    """What a list tells of a document beside its title."""
    cells = (KIND_WORDS[document.kind], speaker_of(document), document.published or "–", document.review_by or "–")
    return f'<div class="fr-cells">{"".join(f"<span>{as_text(cell)}</span>" for cell in cells)}</div>'


def row_head_html() -> str:
    cells = "".join(f"<span>{word}</span>" for word in ("Kind", "By", "Published", "Review by"))
    return f'<div class="fr-cells fr-cells-head">{cells}</div>'


def document_html(document: Document) -> str:
    """A document with all that is known about it."""
    rows = []
    for name, label in FIELD_WORDS.items():
        value = getattr(document, name)
        words = ", ".join(value) if isinstance(value, tuple) else str(value)
        if name == "voice":
            words = VOICE_WORDS[words]
        if name == "title" or not words:
            continue
        shown = as_text(words)
        if name == "url" and (address := web_address(words)):
            shown = f'<a href="{as_text(address)}" target="_blank">{shown}</a>'
        rows.append(f"<dt>{label}</dt><dd>{shown}</dd>")
    about = f'<p class="fr-who">{KIND_WORDS[document.kind]} · {as_text(document.id)}</p>'
    return f'<h2 class="fr-part">{as_text(document.title)}</h2>{about}<dl class="fr-facts">{"".join(rows)}</dl>'


def citing_html(answers: Sequence[PastAnswer]) -> str:
    """The past answers that rest on a document."""
    if not answers:
        return "<p>No past answer cites it.</p>"
    count = "One past answer cites it" if len(answers) == 1 else f"{len(answers)} past answers cite it"
    items = [
        f"<li>{as_text(one.question)} <span>{day_of(one.asked)}, {VERDICT_WORDS[one.verdict]}</span></li>"
        for one in answers[:MOST_LISTED]
    ]
    more = f"<p>… and {len(answers) - MOST_LISTED} more.</p>" if len(answers) > MOST_LISTED else ""
    return f'<p>{count}; they keep their quotes and say that the source is gone.</p><ul class="fr-list">{"".join(items)}</ul>{more}'


# History


def snapshot_html(snapshot: Snapshot, titles: Mapping[str, str], newest: bool) -> str:
    """When, who, and what changed."""
    count = {
        word: sum(1 for one in snapshot.changes if one["change"] == word) for word in ("added", "changed", "removed")
    }
    words = {"added": "added", "changed": "changed", "removed": "withdrawn"}
    what = ", ".join(f"{n} {words[word]}" for word, n in count.items() if n) or "no document changed"
    now = ' <span class="fr-label">now</span>' if newest else ""
    return (
        f'<p class="fr-snapshot">{as_text(action_in_words(snapshot, titles))}{now}</p>'
        f'<p class="fr-who">Snapshot {snapshot.number} · {moment_of(snapshot.made)} · {as_text(snapshot.who)} · {what}</p>'
    )


def action_in_words(snapshot: Snapshot, titles: Mapping[str, str]) -> str:
    """What the record calls `add a, b` as a person would say it."""
    verb, _, rest = snapshot.action.partition(" ")
    if verb == "rollback":
        return f"Went back to snapshot {rest.removeprefix('to ')}"
    known = {"add": "Added", "edit": "Edited", "remove": "Withdrew", "release": "Released from quarantine"}
    if verb not in known or not rest:
        return {"first publish": "First publishing of the library", "publish": "Published the folder of documents"}.get(
            snapshot.action, snapshot.action
        )
    if len(snapshot.changes) == 1:
        return f"{known[verb]} “{_titled(snapshot.changes[0]['document'], titles)}”"
    return f"{known[verb]} {len(snapshot.changes)} documents" if snapshot.changes else f"{known[verb]} nothing new"


def changes_html(snapshot: Snapshot, titles: Mapping[str, str]) -> str:
    words = {"added": "added", "changed": "changed", "removed": "withdrawn"}
    items = (
        f"<li>{as_text(_titled(one['document'], titles))} <span>{words[one['change']]}</span></li>"
        for one in snapshot.changes
    )
    return f'<ul class="fr-list">{"".join(items)}</ul>'


def _titled(id: str, titles: Mapping[str, str]) -> str:
    return titles.get(id) or in_words(id)


def way_back_html(back: WayBack) -> str:
    """What going back would do, before it is done."""
    parts = [
        _some("comes back", "come back", back.returning),
        _some("gets its earlier text", "get their earlier text", back.changing),
        _some("is withdrawn", "are withdrawn", back.leaving),
    ]
    return "".join(parts) or "<p>The library is just as it was then; nothing would change.</p>"


def _some(one: str, many: str, titles: Sequence[str]) -> str:
    if not titles:
        return ""
    lead = f"One document {one}" if len(titles) == 1 else f"{len(titles)} documents {many}"
    items = "".join(f"<li>{as_text(title)}</li>" for title in titles[:MOST_LISTED])
    more = f"<li>… and {len(titles) - MOST_LISTED} more</li>" if len(titles) > MOST_LISTED else ""
    return f'<p>{lead}:</p><ul class="fr-list">{items}{more}</ul>'


# What waits


def gap_html(gap: Gap) -> str:
    times = "Asked once" if gap.times == 1 else f"Asked {gap.times} times"
    near = f'<p class="fr-who">Nearby: {as_text("; ".join(gap.nearest))}</p>' if gap.nearest else ""
    mark = ' <span class="fr-label fr-overdue">written about, still not answered</span>' if gap.written else ""
    return (
        f'<p class="fr-gap">{as_text(gap.question)}{mark}</p>'
        f'<p class="fr-who">{times}, last on {day_of(gap.asked)}</p>{near}'
    )


def review_html(document: Document, today: date, due: bool, seen: Seen | None) -> str:
    """Why a document is to be read again: its day, or another text at its address."""
    marks = [_due_mark(document, today)] if due else []
    if seen and seen.page == CHANGED:
        marks.append(
            f'<span class="fr-label fr-overdue">its page says something else than on {day_of(seen.since)}</span>'
        )
    owner = f" {as_text(document.owner)}" if document.owner else ""
    address = web_address(document.url)
    page = f' <a href="{as_text(address)}" target="_blank">Its page</a>' if address else ""
    return f'<p class="fr-gap">{as_text(document.title)}</p><p class="fr-who">{" ".join(marks)}{owner}{page}</p>'


def _due_mark(document: Document, today: date) -> str:
    overdue = document.review_by < today.isoformat()
    when = f"{'due since' if overdue else 'due on'} {day_of(document.review_by)}"
    return f'<span class="fr-label{" fr-overdue" if overdue else ""}">{when}</span>'


def looked_in_words(looked: Looked) -> str:
    """How a look at the pages went."""
    pages = [one.page for one in looked.seen.values()]
    counted = {
        "{} said something else than before": pages.count(CHANGED),
        "{} looked at for the first time": pages.count(FIRST),
        "{} could not be read": pages.count(UNREACHED),
    }
    details = [words.format(count) for words, count in counted.items() if count]
    count = "One page was" if len(pages) == 1 else f"{len(pages)} pages were"
    return f"{count} looked at{': ' if details else ''}{', '.join(details)}."


def unread_html(reasons: Mapping[str, str]) -> str:
    """By title, why a page could not be read."""
    items = (f"<li>{as_text(title)} <span>{as_text(reason)}</span></li>" for title, reason in reasons.items())
    return f'<ul class="fr-list">{"".join(items)}</ul>'


# What readers said


def judged_in_words(said: Sequence[Feedback]) -> str:
    """How many answers were found good and bad."""
    if not said:
        return "Nobody has judged an answer yet."
    good = sum(one.good for one in said)
    bad = len(said) - good
    return f"Readers found {_several(good)} good and {_several(bad)} bad."


def _several(count: int) -> str:
    return {0: "no answer", 1: "one answer"}.get(count, f"{count} answers")


def found_bad_html(said: Feedback) -> str:
    """An answer that a reader found bad, and the way to its conversation."""
    reason = f"<p><q>{as_text(said.reason)}</q></p>" if said.reason else ""
    # In a window of its own: this one would be locked.
    way = f' · <a href="/?conversation={quote(said.conversation, safe="")}" target="_blank">Its conversation</a>'
    return (
        f'<p class="fr-gap">{as_text(said.question)}</p>{reason}<p class="fr-who">{moment_of(said.given)} · '
        f"{VERDICT_WORDS.get(said.verdict, as_text(said.verdict))}{way if said.conversation else ''}</p>"
    )


def draft_html(draft: Draft, titles: Mapping[str, str]) -> str:
    """A golden case to be: what is asked, what is expected, and where it comes from."""
    case = draft.case
    missing = "".join(
        f' <span class="fr-label fr-overdue">{as_text(MISSING_WORDS.get(name, name))} missing</span>'
        for name in draft.missing
    )
    answer = draft.answer if len(draft.answer) <= LONGEST_ANSWER else f"{draft.answer[:LONGEST_ANSWER]} …"
    rows = {
        "Asked before": case.history,
        "Right verdict": [" or ".join(VERDICT_WORDS.get(one, one) for one in case.verdicts)],
        "Right documents": [_titled(id, titles) for id in case.documents],
        "Key facts": case.facts,
        "Answered then": [answer],
        "Why": [draft.why],
        "From": [f"{ORIGIN_WORDS.get(draft.origin, draft.origin)}, {day_of(draft.when)}"],
    }
    facts = "".join(
        f"<dt>{name}</dt><dd>{'<br>'.join(as_text(one) for one in values)}</dd>"
        for name, values in rows.items()
        if any(values)
    )
    return f'<p class="fr-gap">{as_text(case.question)}{missing}</p><dl class="fr-facts">{facts}</dl>'


def approved_in_words(case: Case, file: str) -> str:
    held = " It is held out: for the gate alone, and not to be tuned on." if case.held else ""
    return f"“{case.question}” is a golden case now, in {file}.{held} It takes effect for others once it is committed."


def day_of(written: str) -> str:
    """A date as people say it; as it is written where it is not a day."""
    try:
        day = date.fromisoformat(written[:10])
    except ValueError:
        return as_text(written)
    return f"{day.day} {day:%B} {day.year}"


def moment_of(written: str) -> str:
    """When something was done; the record keeps universal time."""
    return f"{day_of(written)}, {as_text(written[11:16])} UTC"
