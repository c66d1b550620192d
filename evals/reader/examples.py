"""The reader's examples: each question with a text that answers it, and with texts that only look as if they did.

The pairs were written for this: `asks` are questions that the text answers, `near` are questions about the same thing that it
does not answer; some of these it answers after all, as was seen when they were graded, and they are left out. What stands near an answered question in the library without being its text makes a third kind, `beside`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.documents import Document
from corpus.embedder import Embedder
from corpus.text import bare
from evals.public_sets import json_lines
from evals.reader.graded import NEAR_MISSES, PARTLY, read_graded
from rag.evidence import Unit, as_read, in_place, units_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIRS = Path(__file__).parent / "pairs"
# Read from the folder of public-domain guides where there is one; their text is not kept here.
PUBLIC_GUIDES = "public_guides.jsonl"
# Of the sentences nearest to a question, a text is drawn from these; the first of another document may well answer it, too.
NEAREST = 40
MAY_ANSWER_TOO = 3
SAME_DOCUMENT = 4
# So often a text from beside is added, from the same document and from another.
ADDED = 0.45


@dataclass(frozen=True)
class Example:
    question: str
    text: str
    answers: bool
    document: str


def examples(
    library: Mapping[str, Document], embedder: Embedder, guides: Path | None = None, seed: int = 3
) -> list[Example]:
    """All examples, those of the public guides where their folder is given."""
    draw = random.Random(seed)
    units = [
        unit
        for document in library.values()
        for unit in units_of(document)
        if len(unit.words.split()) >= 4 and not unit.words.rstrip().endswith("?")
    ]
    vectors = embedder.embed([": ".join((*unit.headings[-1:], unit.words)) for unit in units])
    made: list[Example] = []
    asked: list[tuple[str, str, frozenset[int]]] = []
    after_all = {
        one.question: {key for key, grade in one.by_sentence.items() if grade >= PARTLY}
        for one in read_graded(NEAR_MISSES, library)
    }
    for file in sorted(PAIRS.glob("*.jsonl")):
        if file.name == PUBLIC_GUIDES:
            made += _of_public_guides(file, guides, draw) if guides else []
            continue
        for pair in json_lines(file):
            document = library.get(pair["document"])
            places = _places(pair["text"], pair["document"], units) if document else frozenset()
            if document is None or not places:
                continue  # the document was changed or withdrawn since
            text = in_place(document, units[min(places)].headings, pair["text"])
            own = {units[place].key for place in places}
            near = [question for question in pair["near"] if own.isdisjoint(after_all.get(question, ()))]
            made += _pair(pair["asks"], near, text, document.id)
            asked += [(question, document.id, places) for question in pair["asks"]]
    return made + _beside(asked, units, vectors, embedder.embed([question for question, _, _ in asked]), draw)


def _pair(asks: Sequence[str], near: Sequence[str], text: str, document: str) -> list[Example]:
    return [
        *(Example(question, text, True, document) for question in asks),
        *(Example(question, text, False, document) for question in near),
    ]


def _places(text: str, document: str, units: Sequence[Unit]) -> frozenset[int]:
    """The units that a pair's text was taken from."""
    wanted = bare(text)
    return frozenset(
        number
        for number, unit in enumerate(units)
        if unit.document.id == document and ((own := bare(unit.words)) in wanted or wanted in own)
    )


def _beside(
    asked: Sequence[tuple[str, str, frozenset[int]]],
    units: Sequence[Unit],
    vectors: NDArray[np.float32],
    questions: NDArray[np.float32],
    draw: random.Random,
) -> list[Example]:
    made = []
    for (question, document, places), nearness in zip(asked, questions @ vectors.T, strict=True):
        nearest = [int(number) for number in np.argsort(-nearness)[:NEAREST]]
        same = [n for n in nearest if units[n].document.id == document and n not in places][:SAME_DOCUMENT]
        other = [n for n in nearest[MAY_ANSWER_TOO:] if units[n].document.id != document]
        made += [
            Example(question, as_read(units[draw.choice(pool)]), False, document)
            for pool in (same, other)
            if pool and draw.random() < ADDED
        ]
    return made


def _of_public_guides(file: Path, guides: Path, draw: random.Random) -> list[Example]:
    made: list[Example] = []
    by_document: dict[str, list[tuple[Mapping[str, Sequence[str]], str]]] = {}
    for pair in json_lines(file):
        path = guides / pair["document"]
        if path.is_file():
            title = path.stem.replace("-", " ")
            words = " ".join(path.read_text(encoding="utf-8")[pair["start"] : pair["end"]].split())
            by_document.setdefault(pair["document"], []).append((pair, f"18F, {title}. {words}"))
    for document, pairs in by_document.items():
        for known, text in pairs:
            made += _pair(known["asks"], known["near"], text, document)
            others = [other for _, other in pairs if other != text]
            made += [
                Example(question, draw.choice(others), False, document)
                for question in known["asks"]
                if others and draw.random() < ADDED
            ]
    return made
