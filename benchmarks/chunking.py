"""`python -m benchmarks.chunking`: how much of what answers a question is in the passages found, and how little else, beside four ways
to cut a text.

Scored as the public evaluation of chunking does, in characters, of the five nearest of all passages: recall is the share of the
answer's spans that they cover; precision and intersection over union count a passage's whole length each time it is found, so
that passages that overlap pay for it. The union is given with each character counted once, too.
"""

from __future__ import annotations

import argparse
import csv
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.intervals import with_interval
from corpus.documents import Document
from corpus.embedder import Embedder, bundled_weights, open_embedder
from corpus.settings import CHECKOUT, read_settings
from corpus.text import Span
from ingest.chunk import chunk_document
from rag.answer import Chain, search
from rag.retrieve import CANDIDATES, fused_score, lexical_expression
from ui.eval_commands import libraries

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    # Of each question (the rows) to each passage.
    Nearness = NDArray[np.float32]

FOLDER = CHECKOUT.parent / "shared" / "bench" / "retrieval" / "chunking"
TOP = 5
QUESTIONS = "questions.csv"
TO = " to "  # differences may be below zero


@dataclass(frozen=True)
class Asked:
    """A question, and the spans of a text that answer it together."""

    words: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Passage:
    """A span of a text, and the words it is found by."""

    text: str
    span: Span
    embedded: str


@dataclass(frozen=True)
class Scores:
    recall: float
    precision: float
    iou: float
    iou_once: float


@dataclass(frozen=True)
class Measured:
    """One way to cut the texts: how many passages it made, their mean length, and each question's scores."""

    name: str
    passages: int
    length: float
    scores: Sequence[Scores]


Chunker = Callable[[str, str], list[Passage]]


def read_set(folder: Path) -> tuple[dict[str, str], list[Asked]]:
    with (folder / QUESTIONS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    asked = [
        Asked(
            row["question"],
            row["corpus_id"],
            tuple(Span(one["start_index"], one["end_index"]) for one in json.loads(row["references"])),
        )
        for row in rows
    ]
    # The spans count characters of the text as it is, line ends included.
    texts = {one: (folder / f"{one}.md").read_bytes().decode() for one in sorted({one.text for one in asked})}
    return texts, asked


def scores_of(found: Sequence[Passage], asked: Asked) -> Scores:
    true = _characters((asked.text, span) for span in asked.spans)
    read = _characters((passage.text, passage.span) for passage in found)
    each_time = sum(passage.span.end - passage.span.start for passage in found)
    hit = len(true & read)
    return Scores(hit / len(true), hit / (each_time or 1), hit / (each_time + len(true) - hit), hit / len(true | read))


def _characters(spans: Iterable[tuple[str, Span]]) -> set[tuple[str, int]]:
    return {(text, at) for text, span in spans for at in range(span.start, span.end)}


def ours(embedder: Embedder) -> Chunker:
    """As it is cut and embedded for the library."""

    def cut(name: str, text: str) -> list[Passage]:
        chunks = chunk_document(as_document(name, text), embedder.count_tokens, embedder.window)
        return [Passage(name, Span(chunk.start, chunk.end), chunk.embedded) for chunk in chunks]

    return cut


def as_document(name: str, text: str) -> Document:
    return Document(name.replace("_", "-"), "article", "practitioner", name.replace("_", " ").capitalize(), text)


def open_tokenizer() -> Tokenizer:
    """The embedder's, which as it is kept makes every text 128 tokens long."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled_weights() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def fixed(tokenizer: Tokenizer, size: int) -> Chunker:
    """Runs of so many of the embedder's tokens."""

    def cut(name: str, text: str) -> list[Passage]:
        starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets][::size]
        spans = [Span(start, end) for start, end in pairwise([*starts, len(text)])]
        return [Passage(name, span, span.of(text)) for span in spans]

    return cut


def sentence_splitter(tokenizer: Tokenizer, size: int, overlap: int) -> Chunker:
    """LlamaIndex's, counting the embedder's tokens, so that a size is the same for all."""
    from llama_index.core.node_parser import SentenceSplitter

    def tokens_of(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    splitter = SentenceSplitter(chunk_size=size, chunk_overlap=overlap, tokenizer=tokens_of)

    def cut(name: str, text: str) -> list[Passage]:
        parts = splitter.split_text(text)
        return [Passage(name, span, part) for part, span in zip(parts, spans_of(parts, text), strict=True)]

    return cut


def sentence_window() -> Chunker:
    """LlamaIndex's: a sentence is embedded, and returned with the three before and after it."""
    from llama_index.core import Document as LlamaDocument
    from llama_index.core.node_parser import SentenceWindowNodeParser

    parser = SentenceWindowNodeParser.from_defaults()

    def cut(name: str, text: str) -> list[Passage]:
        sentences = [node.text for node in parser.get_nodes_from_documents([LlamaDocument(text=text)])]
        spans = spans_of(sentences, text)
        reach = parser.window_size
        return [
            Passage(name, Span(spans[max(0, at - reach)].start, spans[min(len(spans) - 1, at + reach)].end), sentence)
            for at, sentence in enumerate(sentences)
        ]

    return cut


def spans_of(parts: Sequence[str], text: str) -> list[Span]:
    """Where parts of a text stand that come in its order; they may overlap."""
    spans = []
    at = 0
    for part in parts:
        start = text.index(part, at)
        spans.append(Span(start, start + len(part)))
        at = start + 1
    return spans


def by_meaning(near: Nearness, passages: Sequence[Passage]) -> list[list[Passage]]:
    return [_best(scores, passages) for scores in near]


def by_meaning_and_words(near: Nearness, passages: Sequence[Passage], asked: Sequence[Asked]) -> list[list[Passage]]:
    """Scores added as the library adds them, also for passages that it would cut otherwise."""
    words = sqlite3.connect(":memory:")
    words.execute('CREATE VIRTUAL TABLE passages USING fts5 (words, tokenize = "porter unicode61 remove_diacritics 2")')
    words.executemany(
        "INSERT INTO passages (rowid, words) VALUES (?, ?)", enumerate(passage.embedded for passage in passages)
    )
    found = []
    for one, similarities in zip(asked, near, strict=True):
        rows = words.execute(
            "SELECT rowid, -bm25(passages) AS score FROM passages WHERE passages MATCH ? ORDER BY score DESC LIMIT ?",
            (lexical_expression(one.words, {}), CANDIDATES),
        )
        worth = dict(rows.fetchall())
        best = max(worth.values(), default=0.0)
        fused = [fused_score(float(value), worth.get(at, 0.0), best) for at, value in enumerate(similarities)]
        found.append(_best(np.array(fused, dtype=np.float32), passages))
    words.close()
    return found


def _best(scores: NDArray[np.float32], passages: Sequence[Passage]) -> list[Passage]:
    return [passages[at] for at in np.argsort(-scores, kind="stable")[:TOP]]


def as_the_library(chain: Chain, names: Mapping[str, str], asked: Sequence[Asked]) -> list[list[Passage]]:
    """Published, and looked up as any question is; `names` are the texts by what their documents are called."""
    return [
        [
            Passage(names[one.chunk.document], Span(one.chunk.start, one.chunk.end), one.chunk.text)
            for one in search(chain, question.words, TOP)
        ]
        for question in asked
    ]


def measure(
    name: str, passages: Sequence[Passage], found: Sequence[Sequence[Passage]], asked: Sequence[Asked]
) -> Measured:
    length = fmean(passage.span.end - passage.span.start for passage in passages)
    return Measured(name, len(passages), length, scores_of_all(found, asked))


def scores_of_all(found: Sequence[Sequence[Passage]], asked: Sequence[Asked]) -> list[Scores]:
    return [scores_of(some, one) for some, one in zip(found, asked, strict=True)]


def as_table(rows: Sequence[Measured]) -> Iterator[str]:
    """The first row is what the others are compared with, question by question."""
    yield "| | passages | characters | recall | precision | IoU | IoU, each once | recall, first row less this | IoU, first row less this |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        cells = [
            with_interval([one.recall for one in row.scores], 2, TO),
            with_interval([one.precision for one in row.scores], 3, TO),
            with_interval([one.iou for one in row.scores], 3, TO),
            with_interval([one.iou_once for one in row.scores], 3, TO),
        ]
        if row is rows[0]:
            cells += ["", ""]
        else:
            pairs = list(zip(rows[0].scores, row.scores, strict=True))
            cells.append(with_interval([own.recall - other.recall for own, other in pairs], 3, TO))
            cells.append(with_interval([own.iou - other.iou for own, other in pairs], 3, TO))
        yield f"| {row.name} | {row.passages} | {row.length:.0f} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chunking", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the texts and questions")
    folder = parser.parse_args().folder
    if not (folder / QUESTIONS).is_file():
        print(f"There is no {QUESTIONS} in {folder}. Name the folder that holds it.", file=sys.stderr)
        return 1
    texts, asked = read_set(folder)
    embedder = open_embedder(read_settings())
    tokenizer = open_tokenizer()
    chunkers = {
        "ours": ours(embedder),
        "fixed, 200 tokens": fixed(tokenizer, 200),
        "fixed, 400 tokens": fixed(tokenizer, 400),
        "SentenceSplitter, 160": sentence_splitter(tokenizer, 160, 0),
        "SentenceSplitter, 200": sentence_splitter(tokenizer, 200, 0),
        "SentenceSplitter, 200, overlap 39": sentence_splitter(tokenizer, 200, 39),
        "SentenceWindowNodeParser": sentence_window(),
    }
    questions = embedder.embed([one.words for one in asked])
    meaning, both = [], []
    for name, chunker in chunkers.items():
        print(f"{name} …", file=sys.stderr)
        passages = [passage for text in texts for passage in chunker(text, texts[text])]
        near = questions @ embedder.embed([passage.embedded for passage in passages]).T
        meaning.append(measure(name, passages, by_meaning(near, passages), asked))
        both.append(measure(name, passages, by_meaning_and_words(near, passages, asked), asked))
    documents = {name: as_document(name, text) for name, text in texts.items()}
    with libraries() as over:
        chain = over({document.id: document for document in documents.values()})
        found = as_the_library(chain, {document.id: name for name, document in documents.items()}, asked)
    published = replace(meaning[0], name="ours, published", scores=scores_of_all(found, asked))
    print(f"{len(texts)} texts, {len(asked)} questions, the first {TOP} passages")
    print(
        "\n".join(("\nBy meaning:\n", *as_table(meaning), "\nBy meaning and words:\n", *as_table([published, *both])))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
