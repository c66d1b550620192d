"""The writer that needs no model: the best verbatim sentences, set out so that they read as an answer. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from corpus.documents import Document
from corpus.text import Span, read_blocks, words_of
from rag.answers import Draft, Quoted
from rag.evidence import Unit
from rag.judge import Judgement
from rag.lists import Announced, announced_by, headings_under
from rag.words import stems
from rag.worth import worths

# For each question that a question is made of.
MOST_SENTENCES = 8
MOST_OF_ONE_SOURCE = 4
MOST_OF_FURTHER_SOURCES = 2
# A further sentence must be so likely to answer, of what the likeliest is (docs/experiments.md, "What is beside the point").
STILL_MATTERS = 0.3
# Less likely than this, it stands below what answers, as near the question only.
ANSWERS = 0.25
# A sentence beside a chosen one belongs to the same thought when it comes this near.
BELONGS = 0.60
SAME_WORDS = 0.7
LEANS_BACK = re.compile(
    r"^[\"“‘']?(?:this|that|these|those|it|its|it[’']s|they|their|them|he|she|but|and|so|neither|none|both|such|the same|instead|however|otherwise|for others|most of them|that[’']s|here|none)\b",
    re.IGNORECASE,
)
MISSING_LIST = "The text announces a list here, but the stored copy does not hold it."


@dataclass
class _Composer:
    """Collects pieces in the order they are read, each span once."""

    taken: set[tuple[str, int, int]] = field(default_factory=set)
    by_document: dict[str, list[Quoted]] = field(default_factory=dict)
    words: list[frozenset[str]] = field(default_factory=list)
    missing_list: bool = False
    near: bool = False  # what is taken now

    def count(self) -> int:
        return sum(self.count_of(document) for document in self.by_document)

    def count_of(self, document: str) -> int:
        return sum(1 for piece in self.by_document.get(document, []) if not piece.is_item and not piece.note)

    def pieces(self) -> tuple[Quoted, ...]:
        """As they are read: what answers, then what is only near, each by who says it."""
        by_document = [piece for pieces in self.by_document.values() for piece in pieces]
        return tuple(sorted(by_document, key=lambda piece: piece.near))

    def repeats(self, unit: Unit) -> bool:
        own = stems(unit.words)
        return any(len(own & said) >= SAME_WORDS * max(1, min(len(own), len(said))) for said in self.words)

    def take(
        self,
        document: Document,
        span: Span,
        words: str,
        headings: tuple[str, ...],
        is_item: bool = False,
        note: bool = False,
    ) -> bool:
        key = (document.id, span.start, span.end)
        if key in self.taken and not note:
            return False
        self.taken.add(key)
        self.words.append(stems(words))
        self.by_document.setdefault(document.id, []).append(
            Quoted(words, document, (span,), headings, is_item, note, self.near)
        )
        return True


def write_quotes(judgement: Judgement, questions: int = 1) -> Draft:
    """An answer in the sources' own words: the direct answer first, then what else matters, by who says it, and last what is only near."""
    most = MOST_SENTENCES * questions
    composer = _Composer()
    if not judgement.units:
        return Draft((), "quote")
    best = judgement.units[0]
    matter = _that_matter(judgement.units)
    units = [unit for unit, _ in matter]
    for unit, answers in sorted(
        matter, key=lambda one: not one[1]
    ):  # nothing that is only near takes the place of what answers
        if composer.count() >= most:
            break
        if (
            composer.count_of(unit.document.id) >= MOST_OF_ONE_SOURCE
            or unit.key in composer.taken
            or composer.repeats(unit)
            or (not answers and _goes_on(unit, composer))
        ):
            continue
        composer.near = not answers
        _take_with_context(composer, unit, units, first=unit is best)
    return Draft(composer.pieces(), "quote", (MISSING_LIST,) if composer.missing_list else ())


def _goes_on(unit: Unit, composer: _Composer) -> bool:
    """Whether it leans on what stands above already, and would be torn from it below."""
    blocks = read_blocks(unit.document.text)
    if unit.kind == "item":
        announced = _announcing(unit.document, unit.block)
        before = blocks[announced[0]].sentences[announced[1]] if announced else None
    else:
        leans = unit.sentence > 0 and LEANS_BACK.match(unit.span.of(unit.document.text))
        before = blocks[unit.block].sentences[unit.sentence - 1] if leans else None
    return before is not None and (unit.document.id, before.start, before.end) in composer.taken


def _that_matter(units: Sequence[Unit]) -> list[tuple[Unit, bool]]:
    """What is likely enough to be told, and whether it is likely to answer, too; the first always, and with it the first of each further
    question, which weighs the same."""
    likely = worths(units)
    enough = STILL_MATTERS * max(likely)
    foremost = [math.isclose(unit.score, units[0].score) for unit in units]
    return [
        (unit, first or chance >= ANSWERS)
        for unit, chance, first in zip(units, likely, foremost, strict=True)
        if first or chance >= enough
    ]


def _take_with_context(composer: _Composer, unit: Unit, units: Sequence[Unit], first: bool) -> None:
    """The sentence, what it leans on, the list it announces, and what belongs to the same thought."""
    document, blocks = unit.document, read_blocks(unit.document.text)
    scores = {other.key: other.score for other in units}
    if unit.kind == "item" and (intro := _announcing(document, unit.block)):
        block, sentence = intro
        _take(composer, document, block, sentence)
    start = unit.sentence
    while start > 0 and LEANS_BACK.match(blocks[unit.block].sentences[start].of(document.text)):
        start -= 1
    for sentence in range(start, unit.sentence + 1):
        _take_announcing(composer, document, unit.block, sentence)
    if unit.kind == "paragraph":
        for sentence in range(unit.sentence + 1, min(unit.sentence + 3, len(blocks[unit.block].sentences))):
            span = blocks[unit.block].sentences[sentence]
            leans = LEANS_BACK.match(span.of(document.text)) is not None
            if scores.get((document.id, span.start, span.end), 0.0) < BELONGS * unit.score and not (leans and first):
                break
            _take_announcing(composer, document, unit.block, sentence)


def _announcing(document: Document, block: int) -> tuple[int, int] | None:
    """The sentence that announces the list this item stands in."""
    blocks = read_blocks(document.text)
    first = next(b for b in range(block, -1, -1) if b == 0 or blocks[b - 1].group != blocks[block].group)
    before = blocks[first - 1] if first > 0 else None
    return (
        (first - 1, len(before.sentences) - 1) if before and before.kind == "paragraph" and before.sentences else None
    )


def _take_announcing(composer: _Composer, document: Document, block: int, sentence: int) -> None:
    """A sentence, and the list it announces; where the stored text lacks the list, that is said."""
    if not _take(composer, document, block, sentence):
        return
    announced = announced_by(document.text, block, sentence) or headings_under(document.text, block)
    if announced is None:
        return
    here = read_blocks(document.text)[block]
    if announced.missing:
        composer.missing_list = True
        composer.take(document, here.sentences[sentence], MISSING_LIST, here.headings, note=True)
    else:
        _take_items(composer, document, announced)


def _take_items(composer: _Composer, document: Document, announced: Announced) -> None:
    blocks = read_blocks(document.text)
    for block, span in announced.items:
        composer.take(
            document, span, words_of(blocks[block], span, document.text), blocks[block].headings, is_item=True
        )


def _take(composer: _Composer, document: Document, block: int, sentence: int) -> bool:
    here = read_blocks(document.text)[block]
    span = here.sentences[sentence]
    return composer.take(document, span, words_of(here, span, document.text), here.headings)
