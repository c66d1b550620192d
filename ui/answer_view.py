"""An answer as a page shows it: HTML in which every word from a document, a model or a reader stands as text.

Pure: the JSON of an answer and the stored documents in, HTML out. Knows nothing about Streamlit. No Markdown is read
here: the layout of an answer is recognised around its sentences, never inside them, so that nothing a document says can
become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import urlencode, urlsplit

from corpus.documents import Document
from rag.compose import NEAR, OWN_WORDS
from rag.question import topic_of
from rag.write import STOPPED
from ui.excerpts import Excerpt, Piece, excerpts
from ui.plain_text import as_text, web_address

Data = Mapping[str, Any]

# Where the page of the library shows a document with some of its words marked.
WHOLE_DOCUMENT = "/library"

LONGEST_TOOLTIP = 280
LONGEST_OF_SIDE = 200
# What `rag.compose` writes between two sentences: a heading, a new paragraph, who speaks, the sign of a list item.
BETWEEN = re.compile(
    rf"\s*(?:\*\*(?P<heading>{OWN_WORDS}|{NEAR})\*\*\s*)?(?:\*\*(?P<speaker>[^\n]+?):\*\*[ ]?)?\s*(?P<item>-[ ])?"
)
# After this a line end is more than a space: another one, a list item, a table row, a line of code.
BEGINS_A_LINE = re.compile(r"\s*?\n|[ \t]*(?:[-*+•]|\(?\d{1,2}[.)])[ \t]|[ \t]*(?:\||```|~~~|>)")
VOICE_LABELS = {"digest": "our digest", "house": "our own text"}
SELLS = "sells what it describes"
WRITER_WORDS = {"quote": ", in the sources’ own sentences"}
VERDICTS = {"answered": "Answered", "partial": "Answered in part", "abstained": "Not in the library"}
BELOW_SIDES = "What the sources say"
INSTEAD = {"quote": "The answer is in the sources’ own sentences instead"}


def turn_html(answer: Data, documents: Mapping[str, Document]) -> str:
    """One turn but its question: badge, the sides where there are some, text, the sources, what was taken out, and the foot line."""
    parts = [understood_html(answer), badge_html(answer), stepped_down_html(answer), perspectives_html(answer)]
    parts += [answer_html(answer), sources_html(answer, documents), removed_html(answer)]
    parts.append("" if answer["writing"] else foot_html(answer))
    return f'<article class="fr-turn" aria-label="Answer">{"".join(parts)}</article>'


def question_html(question: str) -> str:
    return f'<h2 class="fr-question">{as_text(question)}</h2>'


def understood_html(answer: Data) -> str:
    """What a follow-up was taken to mean; nothing where the question stands for itself."""
    if answer["standalone_question"] == " ".join(answer["question"].split()):
        return ""
    asked, about = topic_of(answer["standalone_question"])
    words = f"Understood as “{as_text(asked)}”" + (f", about “{as_text(about)}”" if about else "")
    return f'<p class="fr-understood">{words}</p>'


def badge_html(answer: Data) -> str:
    """How far the library answered, in plain words."""
    near = _only_near(answer)
    count = len({citation["document"] for citation in answer["citations"] if citation["n"] not in near})
    sources = f"{count} source{'' if count == 1 else 's'}"
    words = {"answered": f"Answered from {sources}", "partial": f"In part, from {sources}" if count else "In part"}
    verdict = answer["verdict"] if answer["verdict"] in words else "abstained"
    badge = f'<span class="fr-badge fr-{verdict}">{words.get(verdict, "Not in the library")}</span>'
    return f'<p class="fr-badges">{badge}</p>'


def _only_near(answer: Data) -> set[int]:
    """The citations of nothing but what stands below as near the question."""
    lines, _ = lines_of(answer)
    above = list(takewhile(lambda line: line.heading != NEAR, lines))
    told = {n for line in above for n in line.citations} | {
        n for side in answer["perspectives"] for n in side["citations"]
    }
    return {n for line in lines for n in line.citations} - told


def stepped_down_html(answer: Data) -> str:
    words = stepped_down_words(answer)
    return f'<p class="fr-stepped" role="note">{as_text(words)}</p>' if words else ""


def stepped_down_words(answer: Data) -> str:
    """Who should have written it and could not, and who did instead; nothing while that may still change."""
    steps = answer["stepped_down"]
    if not steps or answer["writing"]:
        return ""
    if steps[-1]["reason"] == STOPPED:
        return "Stopped before it was whole; what stands here has been checked."
    instead = INSTEAD.get(answer["writer"], f"{answer['writer']} wrote this answer instead")
    return " ".join([*(f"{step['writer']} stepped aside: {step['reason']}." for step in steps), f"{instead}."])


@dataclass(frozen=True)
class Line:
    """A sentence of the answer, and how it is laid out."""

    text: str
    citations: tuple[int, ...]
    speaker: str = ""
    is_item: bool = False
    opens_paragraph: bool = True
    heading: str = ""


def lines_of(answer: Data) -> tuple[list[Line], str]:
    """The sentences with the layout that `answer` gives them, and what follows the last one.

    Where the layout can't be recognised, every sentence is a paragraph of its own.
    """
    laid_out, at = str(answer["answer"]), 0
    lines: list[Line] = []
    for sentence in answer["sentences"]:
        numbers = tuple(sentence["citations"])
        written = sentence["text"] + "".join(f" [{n}]" for n in numbers)
        found = laid_out.find(written, at)
        between = None
        while found >= 0 and not (between := BETWEEN.fullmatch(laid_out, at, found)):
            found = laid_out.find(written, found + 1)
        if between is None:
            return [Line(s["text"], tuple(s["citations"])) for s in answer["sentences"]], ""
        speaker, is_item = between["speaker"] or "", bool(between["item"])
        after_item = bool(lines) and lines[-1].is_item
        opens = not lines or bool(speaker) or "\n\n" in between[0] or is_item != after_item
        lines.append(Line(sentence["text"], numbers, speaker, is_item, opens, between["heading"] or ""))
        at = found + len(written)
    return lines, laid_out[at:]


def answer_html(answer: Data) -> str:
    """The text of the answer with small numbered citations."""
    if not answer["sentences"]:
        return f'<div class="fr-answer">{_paragraphs(_without_nearby(answer))}{_nearby(answer)}</div>'
    lines, rest = lines_of(answer)
    known = {citation["n"]: citation for citation in answer["citations"]}
    notes = list(answer.get("notes", ()))
    parts: list[str] = []
    open_tag = kind = ""
    for line in lines:
        tag = "ul" if line.is_item else "p"
        if line.heading:
            kind = ' class="fr-near"' if line.heading == NEAR else ""
        if line.opens_paragraph or tag != open_tag:
            parts.append(f"</{open_tag}>" if open_tag else "")
            parts.append(f'<h3 class="fr-below">{as_text(line.heading)}</h3>' if line.heading else "")
            lead = f'<span class="fr-speaker">{as_text(line.speaker)}</span>' if line.speaker else ""
            parts.append(
                f"<p{kind}>{lead}</p><ul{kind}>"
                if lead and line.is_item
                else f"<{tag}{kind}>{lead}{' ' if lead else ''}"
            )
            open_tag = tag
        elif not line.is_item:
            parts.append(" ")
        words = f"<span>{as_text(line.text)}</span>{citation_marks(line.citations, known, anchor_of(answer))}"
        parts.append(f"<li>{words}</li>" if line.is_item else words)
    parts.append(f"</{open_tag}>")
    further = "\n\n".join(part for part in rest.strip().split("\n\n") if part not in [f"_{note}_" for note in notes])
    parts.append(_paragraphs(further))
    parts += [f'<p class="fr-note">{as_text(note)}</p>' for note in notes]
    return f'<div class="fr-answer">{"".join(parts)}</div>'


def citation_marks(numbers: Iterable[int], known: Mapping[int, Data], anchor: str) -> str:
    """Small numbers, each leading to its source below and naming it on the way."""
    marks = []
    for n in numbers:
        if n not in known:
            continue
        citation = known[n]
        shown = _shortened(citation["quote"], LONGEST_TOOLTIP)
        hint, label = as_text(f"{citation['title']}: “{shown}”"), as_text(f"Source {n}: {citation['title']}")
        marks.append(
            f'<a class="fr-cite" href="#{anchor}-{n}" title="{hint}" aria-label="{label}" aria-haspopup="dialog">{n}</a>'
        )
    return f'<sup class="fr-cites">{"".join(marks)}</sup>' if marks else ""


def _paragraphs(words: str) -> str:
    return "".join(f"<p>{as_text(part.strip())}</p>" for part in words.split("\n\n") if part.strip())


def _without_nearby(answer: Data) -> str:
    """An abstention without its sentence on what the library covers nearby: that becomes a list."""
    return str(answer["answer"]).replace(_nearby_sentence(answer), "", 1)


def _nearby_sentence(answer: Data) -> str:
    titles = "; ".join(f"“{title.rstrip('.')}”" for title in answer["nearest"])
    return f" Nearby, it does cover: {titles}."


def _nearby(answer: Data) -> str:
    if not answer["nearest"] or answer["verdict"] != "abstained":
        return ""
    items = "".join(f"<li>{as_text(title.rstrip('.'))}</li>" for title in answer["nearest"])
    return f'<p class="fr-nearby">Nearby, the library does cover</p><ul class="fr-nearby">{items}</ul>'


def perspectives_html(answer: Data) -> str:
    """The sides of a question on which practitioners differ, next to each other, before what else is said: who asked should see at once
    that there is more than one answer."""
    if not answer["perspectives"]:
        return ""
    sides = "".join(perspective_html(side, answer) for side in answer["perspectives"])
    heading = f'<h3 class="fr-differ">Practitioners differ: {len(answer["perspectives"])} views</h3>'
    section = f'<section aria-label="Practitioners differ">{heading}<div class="fr-sides">{sides}</div></section>'
    return f'{section}<h3 class="fr-differ">{BELOW_SIDES}</h3>'


def perspective_html(side: Data, answer: Data) -> str:
    """One side of a question on which practitioners differ: who holds it, in their own words, and what they sell."""
    known = {citation["n"]: citation for citation in answer["citations"]}
    view = f'<p class="fr-view">{as_text(side["view"])}</p><p class="fr-holders">{as_text(" · ".join(side["sources"]))}</p>'
    held = []
    for citation in (known[n] for n in side["citations"] if n in known):
        words = f"“{as_text(_shortened(citation['quote'], LONGEST_OF_SIDE))}”"
        marks = citation_marks((citation["n"],), known, anchor_of(answer))
        sells = f' <span class="fr-label">{SELLS}</span>' if citation["sells_this"] else ""
        held.append(f'<p class="fr-held">{words}{marks}{sells}</p>')
    return f'<div class="fr-side">{view}{"".join(held)}</div>'


def _shortened(quote: str, most: int) -> str:
    words = " ".join(quote.split())
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " …"


def sources_html(answer: Data, documents: Mapping[str, Document]) -> str:
    """A card for each source in the order of the citations, each quote marked inside its surroundings."""
    if not answer["citations"]:
        return ""
    by_document: dict[str, list[Data]] = {}
    for citation in sorted(answer["citations"], key=lambda c: c["n"]):
        by_document.setdefault(citation["document"], []).append(citation)
    cards = "".join(_card(cited, documents.get(document), anchor_of(answer)) for document, cited in by_document.items())
    return f'<section class="fr-sources" aria-label="Sources"><h3>Sources</h3>{cards}</section>'


def _card(citations: Sequence[Data], document: Document | None, anchor: str) -> str:
    first = citations[0]
    who = [part for part in (first["author"], first["source"], first["published"]) if part]
    labels = [VOICE_LABELS.get(first["voice"], ""), SELLS if first["sells_this"] else ""]
    pills = "".join(f'<span class="fr-label">{label}</span>' for label in labels if label)
    numbers = "".join(f'<span class="fr-number">{citation["n"]}</span>' for citation in citations)
    speaker = f"<span>{as_text(' · '.join(who))}</span>" if who else ""
    about = f'<span class="fr-title">{as_text(first["title"])}</span><span class="fr-who">{speaker}{pills}</span>'
    summary = f'<span class="fr-numbers">{numbers}</span><span class="fr-about">{about}</span>'
    quotes = _quotes(citations, document, anchor) + _link(first["url"])
    return f'<details class="fr-source"><summary>{summary}</summary><div class="fr-quotes">{quotes}</div></details>'


def _quotes(citations: Sequence[Data], document: Document | None, anchor: str) -> str:
    """The excerpts of one source; a quote that is no longer there stands alone, and the card says so."""
    parts = []
    standing = [c for c in citations if document and document.text[c["start"] : c["end"]] == c["quote"]]
    if document:
        headings = {citation["n"]: citation["heading"] for citation in standing}
        places = {citation["n"]: whole_document(citation) for citation in standing}
        for excerpt in excerpts(document.text, [(c["n"], c["start"], c["end"]) for c in standing]):
            heading = next((headings[n] for piece in excerpt.pieces for n in piece.begins if headings[n]), "")
            parts.append(_excerpt_html(excerpt, heading, anchor, places))
    gone = [citation for citation in citations if citation not in standing]
    for citation in gone:
        alone = Piece(citation["quote"], (citation["n"],), (citation["n"],))
        parts.append(_excerpt_html(Excerpt((alone,), False, False), citation["heading"], anchor))
    if gone:
        changed = "has changed since this answer" if document else "is no longer in the library"
        parts.append(f'<p class="fr-note">This source {changed}; the quote is as it was.</p>')
    return "".join(parts)


def _excerpt_html(excerpt: Excerpt, heading: str, anchor: str, places: Mapping[int, str] | None = None) -> str:
    parts = ['<span class="fr-cut">… </span>' if excerpt.cut_before else ""]
    for number, piece in enumerate(excerpt.pieces):
        parts += [f'<span class="fr-here" id="{anchor}-{n}">{n}</span>' for n in piece.begins]
        words = _with_line_ends(piece.text, "".join(later.text for later in excerpt.pieces[number + 1 :]))
        numbers = " ".join(str(n) for n in piece.quoted_by)
        parts.append(f'<mark data-quoted-by="{numbers}">{words}</mark>' if numbers else words)
    parts.append('<span class="fr-cut"> …</span>' if excerpt.cut_after else "")
    above = f'<p class="fr-heading">{as_text(heading)}</p>' if heading else ""
    whole = [
        f'<a class="fr-whole" data-of="{n}" href="{as_text(places[n])}" target="_blank" '
        f'aria-label="Open the whole document at quote {n}">Open the whole document</a>'
        for piece in excerpt.pieces
        for n in piece.begins
        if places
    ]
    below = f'<p class="fr-link">{"".join(whole)}</p>' if whole else ""
    return f'<div class="fr-passage">{above}<blockquote class="fr-excerpt">{"".join(parts)}</blockquote>{below}</div>'


def whole_document(citation: Data) -> str:
    """Where the whole document can be read, with the quoted words marked in it."""
    place = {"document": citation["document"], "start": citation["start"], "end": citation["end"]}
    return f"{WHOLE_DOCUMENT}?{urlencode(place)}"


def _with_line_ends(text: str, following: str) -> str:
    """Stored text with the line ends that mean something shown as such; those within a paragraph read as spaces."""
    parts = re.split(r"(\n)", text)
    for at, part in enumerate(parts):
        after = "".join(parts[at + 1 :]) + following if part == "\n" else ""
        means = part == "\n" and (BEGINS_A_LINE.match(after) or (at > 1 and not parts[at - 1]))
        parts[at] = f'<span class="fr-line">{as_text(part)}</span>' if means else as_text(part)
    return "".join(parts)


def _link(url: str) -> str:
    address = web_address(url)
    if not address:
        return ""
    host = (urlsplit(address).hostname or "").removeprefix("www.")
    return f'<p class="fr-link"><a href="{as_text(address)}" target="_blank">Read it at {as_text(host)}</a></p>'


def anchor_of(answer: Data) -> str:
    """A prefix for this answer's places on the page."""
    return "fr-" + re.sub(r"[^A-Za-z0-9]", "", str(answer.get("trace", "")))[:32]


def removed_html(answer: Data) -> str:
    """What the checks took out, and why, for whoever wants to see it."""
    if not answer["removed"]:
        return ""
    items = (
        f'<li>{as_text(one["text"])} <span class="fr-why">({as_text(one["reason"])})</span></li>'
        for one in answer["removed"]
    )
    summary = f"<summary>Taken out by the checks ({len(answer['removed'])})</summary>"
    return f'<details class="fr-removed">{summary}<ul>{"".join(items)}</ul></details>'


def foot_html(answer: Data) -> str:
    """Who wrote it, from which snapshot, and how long it took."""
    how = WRITER_WORDS.get(answer["writer"], "") if answer["sentences"] else ""
    took = "as answered before" if answer.get("cached") else f"{answer['timings_ms'].get('total', 0) / 1000:.1f} s"
    parts = [f"Writer: {answer['writer']}{how}", f"library snapshot {answer['snapshot']}", took]
    return f'<p class="fr-foot">{as_text(" · ".join(parts))}</p>'


def writing_html(answer: Data, seconds: float) -> str:
    """What is still to come, while it is being written."""
    aside = "".join(f" ({as_text(step['writer'])}: {as_text(step['reason'])})" for step in answer["stepped_down"])
    return f'<p class="fr-writing" role="status">{as_text(answer["writing"])} is writing … {seconds:.0f} s{aside}</p>'


def trouble_html(words: str) -> str:
    return f'<p class="fr-trouble" role="alert">{as_text(words)}</p>'
