"""An answer out of what stands: prose first, then the sources' own words under who says them, last what is only near, as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag.answers import ABSTAINED, PARTIAL, Answer, Quoted, Sentence

if TYPE_CHECKING:  # a page that lays an answer out reads this file on its first paint
    from corpus.documents import Document
    from rag.evidence import Evidence
    from rag.judge import Judgement
    from rag.verify import Verified

NEAREST_TITLES = 3
# Below prose, and above what is less likely to answer; whoever lays an answer out again looks for them.
OWN_WORDS = "In the sources’ own words"
NEAR = "Near the question"


def compose(
    question: str,
    standalone: str,
    judgement: Judgement,
    evidence: Evidence,
    verified: Verified,
    documents: Mapping[str, Document],
) -> Answer:
    nearest = tuple(dict.fromkeys(documents[p.chunk.document].title for p in evidence.passages))[:NEAREST_TITLES]
    verdict = judgement.verdict
    if verdict == ABSTAINED or not (verified.pieces or verified.prose):
        return Answer(
            question,
            standalone,
            ABSTAINED,
            _abstention(judgement, nearest),
            removed=verified.removed,
            nearest=nearest,
            sureness=judgement.sureness,
        )
    answering = [(piece, sentence) for piece, sentence in verified.pieces if not piece.near]
    if any(piece.note for piece, _ in answering[:3]):
        verdict = PARTIAL
    notes: tuple[str, ...] = (judgement.note,) if judgement.note else ()
    told = {n for sentence in (*verified.prose, *(sentence for _, sentence in answering)) for n in sentence.citations}
    only_near = {n for piece, sentence in verified.pieces if piece.near for n in sentence.citations} - told
    if all(citation.voice == "house" for citation in verified.citations if citation.n not in only_near):
        notes += (
            "This rests on our own guides and glossary alone; no practitioner in the library speaks to it directly.",
        )
    return Answer(
        question,
        standalone,
        verdict,
        _in_markdown(verified, notes),
        (*verified.prose, *(sentence for _, sentence in verified.pieces)),
        verified.removed,
        verified.citations,
        nearest=nearest,
        notes=notes,
        sureness=judgement.sureness,
    )


def _in_markdown(verified: Verified, notes: Sequence[str]) -> str:
    """The direct answer first, then the others under who says it, and what is only near the question below them."""
    prose = " ".join(with_marks(sentence.text, sentence.citations) for sentence in verified.prose)
    answering = _by_speaker([(piece, sentence) for piece, sentence in verified.pieces if not piece.near])
    near = _by_speaker([(piece, sentence) for piece, sentence in verified.pieces if piece.near])
    parts = [prose] if prose else []
    for number, (speaker, words) in enumerate(answering):
        if number == 0 and prose:
            parts.append(f"**{OWN_WORDS}**")
        parts.append(f"**{speaker}:** {words}" if parts else words)
    if near:
        parts.append(f"**{NEAR}**")
    parts += [f"**{speaker}:** {words}" for speaker, words in near]
    return "\n\n".join([*parts, *(f"_{note}_" for note in notes)])


def _by_speaker(pieces: Sequence[tuple[Quoted, Sentence]]) -> list[tuple[str, str]]:
    """Who says it, and the words; list items as a list."""
    groups: dict[str, list[str]] = {}
    speakers: dict[str, str] = {}
    for piece, sentence in pieces:
        lines = groups.setdefault(piece.document.id, [])
        speakers[piece.document.id] = speaker_of(piece.document)
        words = with_marks(piece.text, sentence.citations)
        if piece.is_item:
            lines.append(f"\n- {words}")
        else:
            lines.append(("\n\n" if lines and lines[-1].startswith("\n-") else " " if lines else "") + words)
    return [(speakers[id], "".join(lines).strip()) for id, lines in groups.items()]


def with_marks(words: str, numbers: Sequence[int]) -> str:
    return words + "".join(f" [{n}]" for n in numbers)


def speaker_of(document: Document) -> str:
    """Who speaks, as the reader is told; our words on someone's text are called so."""
    if document.kind == "position":
        return f"Where practitioners differ, “{document.title}”"
    if document.voice == "house":
        return f"Our own {'glossary' if document.kind == 'glossary' else 'guide'}, “{document.title}”"
    if document.voice == "digest":
        return f"{document.speaker}, as digested by us"
    return document.speaker if document.author or document.source else f"“{document.title.rstrip('.')}”"


def _abstention(judgement: Judgement, nearest: Sequence[str]) -> str:
    words = f"The library does not answer this: {judgement.reason}."
    if nearest:
        words += " Nearby, it does cover: " + "; ".join(f"“{title.rstrip('.')}”" for title in nearest) + "."
    return words + " The question has been noted for whoever keeps the library."
