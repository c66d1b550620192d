"""Answers to take along: as Markdown, and as one page that holds all it needs, ready to print. Pure.

Every word of a document, a model or a reader is escaped for where it goes, so that what is exported says and does no more
than what was shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.question import topic_of
from ui import answer_view as view
from ui.plain_text import as_text, web_address

Data = Mapping[str, Any]

LONGEST_FILE_NAME = 60
STYLES = """
:root { color-scheme: light; }
body { font: 11pt/1.55 Georgia, "Times New Roman", serif; color: #1d2226; background: #fff; max-width: 44rem; margin: 2.5rem auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.3rem; white-space: pre-line; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
article + article { border-top: 1px solid #cfd4d8; margin-top: 2.5rem; padding-top: 2rem; }
.meta, .who, .fr-note, .fr-holders, .fr-speaker, .fr-nearby { color: #555e66; font: 9.5pt/1.5 system-ui, sans-serif; }
.meta { margin: 0 0 1.25rem; }
.fr-speaker { display: block; font-weight: 600; }
.fr-below, .fr-near { color: #555e66; font-size: 10pt; }
.fr-cites { font: 600 7.5pt/0 system-ui, sans-serif; }
.fr-cite { margin-left: 0.25em; text-decoration: none; }
ul { padding-left: 1.3rem; }
.fr-sides { display: flex; flex-wrap: wrap; gap: 1rem; }
.fr-side { flex: 1 1 14rem; border: 1px solid #cfd4d8; border-radius: 0.4rem; padding: 0.7rem 0.9rem; }
.fr-side p, ol p { margin: 0; }
ol { padding-left: 1.6rem; }
ol > li { margin: 0 0 0.9rem; break-inside: avoid; }
blockquote { margin: 0.25rem 0; padding-left: 0.8rem; border-left: 2px solid #cfd4d8; white-space: pre-line; }
a { color: #2a5a4a; }
@media print { body { margin: 0; max-width: none; } h1, h3 { break-after: avoid; } }
"""


def as_markdown(answers: Sequence[Data], day: str) -> str:
    """Answers as Markdown, in their order; `day` is when they were taken along."""
    return "\n\n---\n\n".join(_markdown(answer, day) for answer in answers) + "\n"


def as_page(answers: Sequence[Data], day: str) -> str:
    """The same as one page of HTML that asks nobody for anything."""
    title = as_text(answers[0]["question"]) if answers else "Fractional"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLES}</style></head>\n'
        f"<body>{''.join(_page(answer, day) for answer in answers)}</body></html>\n"
    )


def file_name(question: str, ending: str) -> str:
    """A name that any disk takes."""
    words = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")[:LONGEST_FILE_NAME].rstrip("-")
    return f"{words or 'answer'}.{ending}"


def _about(answer: Data, day: str) -> str:
    written = "" if answer["writer"] == "quote" else f" · written by {answer['writer']}"
    return f"{view.VERDICTS[answer['verdict']]} · library snapshot {answer['snapshot']} · {day}{written}"


def _who(citation: Data) -> str:
    labels = (view.VOICE_LABELS.get(citation["voice"], ""), view.SELLS if citation["sells_this"] else "")
    return " · ".join(part for part in (citation["author"], citation["source"], citation["published"], *labels) if part)


def _marks(numbers: Sequence[int]) -> str:
    return "".join(f" [{n}]" for n in numbers)


def _asked(answer: Data) -> str:
    """What a follow-up was taken to mean; nothing where the question stands for itself."""
    if answer["standalone_question"] == " ".join(answer["question"].split()):
        return ""
    _, about = topic_of(answer["standalone_question"])
    return f"About “{about}”" if about else ""


# Markdown


def _markdown(answer: Data, day: str) -> str:
    parts = [f"# {_plain(answer['question'])}", f"*{_plain(_about(answer, day))}*"]
    parts += [_plain(words) for words in (_asked(answer), view.stepped_down_words(answer)) if words]
    if answer["perspectives"]:
        sides = [
            f"- **{_plain(side['view'])}**{_marks(side['citations'])}  \n  {_plain(' · '.join(side['sources']))}"
            for side in answer["perspectives"]
        ]
        parts += ["## Practitioners differ", "\n".join(sides), f"## {view.BELOW_SIDES}"]
    parts += _markdown_answer(answer)
    if answer["citations"]:
        parts += ["## Sources", *(_markdown_source(citation) for citation in answer["citations"])]
    return "\n\n".join(parts)


def _markdown_answer(answer: Data) -> list[str]:
    if not answer["sentences"]:
        return [_plain(part) for part in answer["answer"].split("\n\n") if part.strip()]
    lines, _ = view.lines_of(answer)
    parts: list[str] = []
    for number, line in enumerate(lines):
        words = f"{_plain(line.text)}{_marks(line.citations)}"
        heading = f"### {_plain(line.heading)}\n\n" if line.heading else ""
        speaker = f"**{_plain(line.speaker)}**" + ("\n\n" if line.is_item else "  \n") if line.speaker else ""
        if line.is_item:
            words = f"- {words}"
        if line.opens_paragraph or number == 0:
            parts.append(f"{heading}{speaker}{words}")
        else:
            parts[-1] += ("\n" if line.is_item else " ") + words
    return [*parts, *(f"*{_plain(note)}*" for note in answer.get("notes", ()))]


def _markdown_source(citation: Data) -> str:
    quote = "\n".join(f"> {_plain(line)}" for line in citation["quote"].split("\n"))
    address = web_address(citation["url"])
    link = f"\n\n<{address}>" if address and not re.search(r"[<>\s]", address) else ""
    who = f"  \n{_plain(_who(citation))}" if _who(citation) else ""
    return f"**[{citation['n']}] {_plain(citation['title'])}**{who}\n\n{quote}{link}"


def _plain(words: str) -> str:
    """Words as Markdown shows them unchanged, on one line."""
    escaped = re.sub(r"([\\`*_\[\]<>#|~$&!])", r"\\\1", " ".join(words.split()))
    return re.sub(r"^([-+=]|\d+(?=[.)]))", lambda found: _at_the_start(found[1]), escaped)


def _at_the_start(sign: str) -> str:
    """What would begin a list or a line at the start of a paragraph."""
    return f"\\{sign}" if not sign.isdigit() else f"{sign}\u2060"


# The page


def _page(answer: Data, day: str) -> str:
    parts = [f"<h1>{as_text(answer['question'])}</h1>", f'<p class="meta">{as_text(_about(answer, day))}</p>']
    parts += [
        f'<p class="fr-note">{as_text(words)}</p>'
        for words in (_asked(answer), view.stepped_down_words(answer))
        if words
    ]
    parts += [view.perspectives_html(answer), view.answer_html(answer)]
    if answer["citations"]:
        anchor = view.anchor_of(answer)
        sources = "".join(_page_source(citation, anchor) for citation in answer["citations"])
        parts.append(f"<h3>Sources</h3><ol>{sources}</ol>")
    return f"<article>{''.join(parts)}</article>\n"


def _page_source(citation: Data, anchor: str) -> str:
    address = web_address(citation["url"])
    link = f'<p class="who"><a href="{as_text(address)}">{as_text(address)}</a></p>' if address else ""
    who = f'<p class="who">{as_text(_who(citation))}</p>' if _who(citation) else ""
    n, quote = int(citation["n"]), f"<blockquote>{as_text(citation['quote'])}</blockquote>"
    return f'<li value="{n}" id="{anchor}-{n}"><p><b>{as_text(citation["title"])}</b></p>{who}{quote}{link}</li>'
