"""Evidence: the sentences, list items and table rows of the passages found, each weighed against the question.

A unit is an exact span of a stored text. Its features are plain and named, so that an answer can say why it chose it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from corpus.documents import Document
from corpus.index import Index
from corpus.text import Span, cells, plain, read_blocks, split_sentences, words_of
from rag.glossary import AskedFor
from rag.question import asking, topic_of
from rag.reader import OnnxReader, Reader
from rag.retrieve import Passage
from rag.sentence_vectors import SentenceVectors
from rag.words import STOP_WORDS, content_words, names, stem, stems

if TYPE_CHECKING:
    from numpy.typing import NDArray

# House text explains; it is not a witness. It must be this much nearer to the question to come first.
HOUSE_HANDICAP = 0.05
# Fitted by ranking on the open two thirds of the questions (docs/experiments.md). `tokens` is the mean, over the question's
# telling tokens, of the nearest token in the unit below its heading; it finds more than any other single feature.
# `asked` is the nearness of a question that the unit is known to answer.
WEIGHTS = {"tokens": 0.61, "words": 0.66, "passage": 0.73, "sentence": 0.32, "asked": 0.45}
# So many units, the best by the two cheap features, are read by the model; more cost time and changed no answer. With 24 no open question
# lost a fact, but more of the held ones were refused: the judge is fitted on what 48 show (docs/experiments.md).
READ_CLOSELY = 48
# So many of these are read by the reader, question and text together; each falls by this much for every unit of log-odds that it lies
# below the surest of them (docs/experiments.md).
READ_TOGETHER = 12
WEIGHT_OF_READER = 0.15
ON_OUR_COPY = re.compile(
    r"\b(?:only the opening part|opening part .{0,60}\bwas read|cut off in the|breaks off|(?:beyond|after) the part we read|comes? later on the page|not digested)\b",
    re.IGNORECASE,
)
# A word that more passages hold tells nothing further.
MOST_COUNTED = 1000
# In a follow-up, the words of the earlier question place it; the words of this one ask.
EARLIER_WORDS = 0.4


@dataclass(frozen=True)
class Unit:
    """A sentence, item or row that may be quoted."""

    document: Document
    block: int
    sentence: int
    span: Span
    words: str  # as a reader sees it
    headings: tuple[str, ...]
    kind: str  # paragraph | item | row
    score: float = 0.0
    features: Mapping[str, float] | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.document.id, self.span.start, self.span.end)


@dataclass(frozen=True)
class Evidence:
    """What was found for a question, best first, and how well the question's words are known at all."""

    question: str
    units: tuple[Unit, ...]
    passages: tuple[Passage, ...]
    unknown_words: tuple[str, ...]  # of what is asked, nowhere in the library
    missing_names: tuple[str, ...]  # of what is asked, nowhere in the library
    rarity: Mapping[str, float]  # stem of the question to its weight
    questions: int = 1  # it is made of
    defines: str = ""  # the glossary entry whose meaning is asked for
    asks_more: bool = False  # than what that entry means


@lru_cache(1024)
def units_of(document: Document) -> tuple[Unit, ...]:
    """Everything in a document that can be quoted, in order."""
    units = []
    for number, block in enumerate(read_blocks(document.text)):
        if block.kind in ("heading", "code"):
            continue
        for order, span in enumerate(block.sentences):
            units.append(
                Unit(document, number, order, span, words_of(block, span, document.text), block.headings, block.kind)
            )
    return tuple(units)


def as_asked(standalone: str) -> str:
    """A question as the reader reads it: what it is about comes last."""
    asked, earlier = topic_of(standalone)
    return f"{asked} ({earlier})" if earlier else asked


def as_read(unit: Unit) -> str:
    """A unit with where it stands and who speaks, as the reader reads it."""
    return in_place(unit.document, unit.headings, unit.words)


def in_place(document: Document, headings: Sequence[str], words: str) -> str:
    heading = f"{headings[-1]}: " if headings else ""
    return f"{document.speaker}, {document.title.rstrip('.')}. {heading}{words}"


def together(question: str, parts: Sequence[Evidence]) -> Evidence:
    """The evidence for a question made of several: the best for each comes first."""
    if len(parts) == 1:
        return parts[0]
    highest = max((part.units[0].score for part in parts if part.units), default=0.0)
    units: dict[tuple[str, int, int], Unit] = {}
    for part in parts:
        for unit in part.units:
            score = unit.score * highest / max(part.units[0].score, 1e-9)
            if unit.key not in units or score > units[unit.key].score:
                units[unit.key] = replace(unit, score=score)
    nearest: dict[int, Passage] = {}
    for passage in (passage for part in parts for passage in part.passages):
        known = nearest.setdefault(passage.chunk.number, passage)
        if known.similarity < passage.similarity:
            nearest[passage.chunk.number] = passage
    return Evidence(
        question,
        tuple(sorted(units.values(), key=lambda unit: -unit.score)),
        tuple(nearest.values()),
        tuple(dict.fromkeys(word for part in parts for word in part.unknown_words)),
        tuple(dict.fromkeys(name for part in parts for name in part.missing_names)),
        {word: weight for part in parts for word, weight in part.rarity.items()},
        len(parts),
        next((part.defines for part in parts if part.defines), ""),
        asks_more=any(part.defines for part in parts),
    )


@dataclass(frozen=True)
class Found:
    """What the record holds for a question, weighed by nobody yet."""

    question: str
    passages: tuple[Passage, ...]
    candidates: tuple[tuple[Unit, Passage], ...]
    asked: NDArray[np.float32]  # a vector for each sentence of the question
    by_question: Mapping[tuple[str, int], float]  # by document and start
    unknown_words: tuple[str, ...]
    missing_names: tuple[str, ...]
    rarity: Mapping[str, float]
    asked_for: AskedFor | None = None


class Weigher:
    """Weighs units against a question."""

    def __init__(self, index: Index, reader: Reader | None = None) -> None:
        self.index = index
        self.reader = reader or OnnxReader()
        self.vectors = SentenceVectors(index.settings.home, lambda: index.embedder)

    def look_up(
        self,
        question: str,
        passages: Sequence[Passage],
        documents: Mapping[str, Document],
        asked_for: AskedFor | None = None,
    ) -> Found:
        """All that has to be asked of the record."""
        rarity = self._rarity(question)
        described = " ".join(
            " ".join((d.title, d.speaker, d.source, d.url, *d.aliases)) for d in documents.values()
        ).lower()
        asks = asking(question)
        unknown = tuple(word for word in content_words(asks) if not self._known(word, described))
        missing = tuple(name for name in names(asks) if not self._known(name, described))
        candidates: list[tuple[Unit, Passage]] = []
        for passage in passages:
            document = documents[passage.chunk.document]
            for unit in units_of(document):
                if (
                    passage.chunk.start <= unit.span.start
                    and unit.span.end <= passage.chunk.end
                    and not _is_no_evidence(unit.words)
                ):
                    candidates.append((unit, passage))
        # Each sentence of the question by itself: what surrounds the question proper does not dilute it.
        asked = self.index.embed([span.of(question) for span in split_sentences(question)] or [question])
        by_question = self._nearness_of_questions(asked, passages)
        return Found(
            question, tuple(passages), tuple(candidates), asked, by_question, unknown, missing, rarity, asked_for
        )

    def weigh(self, found: Found) -> Evidence:
        """The units of the passages found, best first. Asks nothing of the record, so that others may meanwhile."""
        if not found.candidates:
            return Evidence(found.question, (), found.passages, found.unknown_words, found.missing_names, found.rarity)
        features = [
            {
                "words": covered(found.rarity, stems(_surroundings(unit))),
                "passage": passage.similarity,
                "asked": found.by_question.get((unit.document.id, unit.span.start), 0.0),
            }
            for unit, passage in found.candidates
        ]
        cheap = [_score(plain) for plain in features]
        nearest = sorted(range(len(cheap)), key=lambda index: -cheap[index])[:READ_CLOSELY]
        units, features = [found.candidates[index][0] for index in nearest], [features[index] for index in nearest]
        by_sentence = (self.vectors.sentences([unit.words for unit in units]) @ found.asked.T).max(axis=1)
        by_token = self._nearness_of_tokens(found.question, [_below_heading(unit) for unit in units])
        weighed = []
        for unit, known, sentence, tokens in zip(units, features, by_sentence, by_token, strict=True):
            known |= {"sentence": float(sentence), "tokens": float(tokens)}
            score = _score(known)
            if unit.document.voice == "house":
                score -= HOUSE_HANDICAP
            weighed.append(replace(unit, score=score, features=known))
        ordered = sorted(
            {unit.key: unit for unit in sorted(weighed, key=lambda u: u.score)}.values(), key=lambda u: -u.score
        )
        ordered = self._read_together(found.question, ordered)
        return Evidence(
            found.question,
            tuple(ordered),
            found.passages,
            found.unknown_words,
            found.missing_names,
            found.rarity,
            defines=found.asked_for.entry.id if found.asked_for else "",
            asks_more=found.asked_for is not None and found.asked_for.further,
        )

    def _read_together(self, question: str, ordered: Sequence[Unit]) -> list[Unit]:
        """The best units with what the reader makes of them; the others stay below."""
        near, far = ordered[:READ_TOGETHER], ordered[READ_TOGETHER:]
        log_odds = self.reader.read(as_asked(question), [as_read(unit) for unit in near])
        surest = max(log_odds)
        read = [
            replace(
                unit,
                score=unit.score - WEIGHT_OF_READER * (surest - odds),
                features={**(unit.features or {}), "reader": odds},
            )
            for unit, odds in zip(near, log_odds, strict=True)
        ]
        read.sort(key=lambda unit: -unit.score)
        return [*read, *(replace(unit, score=min(unit.score, read[-1].score)) for unit in far)]

    def speaks(self, question: str, position: str) -> float:
        """Log-odds that a position, as the reader reads it, speaks to a question."""
        return self.reader.speaks(as_asked(question), [position])[0]

    def _nearness_of_questions(
        self, asked: NDArray[np.float32], passages: Sequence[Passage]
    ) -> dict[tuple[str, int], float]:
        """For what is known to answer questions, by document and start, how near the nearest of them is."""
        record = self.index.record
        known = record.questions_of(passage.chunk.number for passage in passages)
        values = record.vector_values([question.vector for questions in known.values() for question in questions])
        nearness: dict[tuple[str, int], float] = {}
        for passage in passages:
            for question in known.get(passage.chunk.number, ()):
                place = (passage.chunk.document, question.start)
                near = float((asked @ np.frombuffer(values[question.vector], np.float32)).max())
                nearness[place] = max(nearness.get(place, 0.0), near)
        return nearness

    def prepare(self, documents: Iterable[Document]) -> None:
        """Compute ahead what questions about these documents will be weighed against."""
        units = [unit for document in documents for unit in units_of(document) if not _is_no_evidence(unit.words)]
        self.vectors.bring_in_line((unit.words for unit in units), (_below_heading(unit) for unit in units))

    def _nearness_of_tokens(self, question: str, texts: Sequence[str]) -> list[float]:
        asked = self.index.embedder.embed_tokens([question])[0]
        telling = [
            index
            for index, token in enumerate(asked.tokens)
            if token not in STOP_WORDS and any(c.isalnum() for c in token)
        ]
        vectors = asked.vectors[telling] if telling else asked.vectors
        return [
            float((vectors @ tokens.T).max(axis=1).mean()) if len(tokens) else 0.0
            for tokens in self.vectors.tokens(texts)
        ]

    def _rarity(self, question: str) -> dict[str, float]:
        """How much each of the question's words tells: rare ones more."""
        total = max(1, self.index.record.count("lexical"))
        asked, earlier = topic_of(question)
        weights = {stem(word): EARLIER_WORDS * self._weight(word, total) for word in content_words(earlier)}
        return weights | {stem(word): self._weight(word, total) for word in content_words(asked)}

    def _weight(self, word: str, total: int) -> float:
        return math.log(1 + total / (1 + self._frequency(word)))

    def _known(self, word: str, described: str) -> bool:
        return self._frequency(word) > 0 or word.lower() in described

    def _frequency(self, word: str) -> int:
        return min(self.index.record.passages_with(word.replace('"', "")), MOST_COUNTED)


def _below_heading(unit: Unit) -> str:
    words = unit.words if unit.kind != "row" else ", ".join(cells(unit.span.of(unit.document.text)))
    return f"{unit.headings[-1]}: {words}" if unit.headings else words


def _surroundings(unit: Unit) -> str:
    """The unit with its neighbours, its headings and who speaks: where the words of a question may stand."""
    block = read_blocks(unit.document.text)[unit.block]
    beside = block.sentences[max(0, unit.sentence - 1) : unit.sentence + 2]
    around = " ".join(plain(span.of(unit.document.text)) for span in beside)
    return " ".join((unit.document.title, unit.document.speaker, *unit.headings, unit.words, around))


def _score(features: Mapping[str, float]) -> float:
    return sum(WEIGHTS[name] * value for name, value in features.items())


def covered(rarity: Mapping[str, float], present: frozenset[str]) -> float:
    """The share of the question's weight that these words cover."""
    total = sum(rarity.values())
    return sum(weight for word, weight in rarity.items() if word in present) / total if total else 0.0


def _is_no_evidence(words: str) -> bool:
    """A question, or a remark on how much of a page our copy holds."""
    return words.rstrip("\"'”’)").endswith("?") or ON_OUR_COPY.search(words) is not None
