"""The second opinion itself: a sentence, what it rests on and what was asked, and how likely people find it supported.

Boosted trees over the signals of `signals.py`, kept as plain numbers in `model.json` (`python -m evals.second_opinion.train`,
docs/second-opinion.md). Knows nothing about answers; asks nothing of the check that filters them.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.embedder import Embedder, OnnxEmbedder, exported_model
from corpus.settings import read_settings
from corpus.text import split_sentences
from evals.second_opinion.signals import Seen, Told, signals
from rag.answers import Quoted
from rag.logistic import logistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

FITTED = Path(__file__).with_name("model.json")
WORD = re.compile(r"\w")
# Sentences kept as seen: some 80 kB each.
KEPT = 2_000
# Words kept by themselves: 1.5 kB each.
WORDS_KEPT = 40_000


class Eye:
    """Sentences as the embedder sees them; what was seen lately is not looked at again."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._seen: OrderedDict[str, Seen | None] = OrderedDict()
        self._words: dict[str, NDArray[np.float32]] = {}
        self._last: tuple[tuple[str, ...], Told | None] = ((), None)

    def see(self, texts: Sequence[str]) -> list[Seen]:
        """Those of the texts that hold a word."""
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        if new:
            self._look_at(new)
        found = [self._seen[text] for text in texts]
        for text in texts:
            self._seen.move_to_end(text)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return [one for one in found if one is not None]

    def told(self, evidence: tuple[str, ...]) -> Told | None:
        """The evidence in sentences; none where it has no word. The sentences of an answer share theirs, so the last is kept."""
        if evidence != self._last[0]:
            seen = self.see(list(dict.fromkeys(one for text in evidence for one in in_sentences(text))))
            self._last = evidence, Told(tuple(seen)) if seen else None
        return self._last[1]

    def _look_at(self, texts: Sequence[str]) -> None:
        read = [_in_words(one.tokens, one.vectors) for one in self._embedder.embed_tokens(texts)]
        unknown = sorted({word for words, _ in read for word in words} - self._words.keys())
        if len(self._words) + len(unknown) > WORDS_KEPT:
            self._words.clear()
            unknown = sorted({word for words, _ in read for word in words})
        if unknown:
            self._words |= dict(zip(unknown, self._embedder.embed(unknown), strict=True))
        for text, (words, vectors) in zip(texts, read, strict=True):
            self._seen[text] = (
                Seen(
                    text,
                    words,
                    vectors,
                    np.stack([self._words[word] for word in words]),
                    _of_length_one(vectors.mean(axis=0)),
                )
                if words
                else None
            )


def _in_words(tokens: Sequence[str], vectors: NDArray[np.float32]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The pieces of a word put together, its vector the mean of theirs; marks left out."""
    words: list[str] = []
    sums: list[NDArray[np.float32]] = []
    for token, vector in zip(tokens, vectors, strict=True):
        if token.startswith("##") and words:
            words[-1] += token[2:]
            sums[-1] = sums[-1] + vector
        else:
            words.append(token)
            sums.append(vector)
    kept = [at for at, word in enumerate(words) if WORD.search(word)]
    if not kept:
        return (), vectors[:0]
    return tuple(words[at] for at in kept), _of_length_one(np.stack([sums[at] for at in kept]))


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled


class SecondOpinion:
    """How likely people find a sentence supported by what it rests on, from 0 to 1."""

    name = "second opinion"

    def __init__(self, eye: Eye, fitted: Mapping[str, Any]) -> None:
        self._eye = eye
        self._fitted = fitted
        self._trees = Trees(fitted["trees"])

    @classmethod
    def load(cls) -> SecondOpinion:
        """With the bundled embedder, on whose vectors it was fitted."""
        eye = Eye(OnnxEmbedder(exported_model(read_settings().models)))
        return cls(eye, json.loads(FITTED.read_text(encoding="utf-8")))

    @property
    def version(self) -> str:
        return str(self._fitted["version"])

    @property
    def threshold(self) -> float:
        """Below this support it finds a sentence unsupported."""
        return float(self._fitted["threshold"])

    @property
    def expected(self) -> Mapping[str, Mapping[str, float]]:
        """The figures it had when it was fitted, by set."""
        found: Mapping[str, Mapping[str, float]] = self._fitted["expected"]
        return found

    def support(self, sentence: str, evidence: Sequence[str], question: str) -> float:
        found = signals_of(self._eye, rarity_by(self._fitted["rarity"]), sentence, evidence, question)
        if found is None:
            return 0.0
        values = np.array([found[name] for name in self._fitted["signals"]], dtype=np.float32)
        return logistic(self._trees.log_odds(values))


def told_by(pieces: Sequence[Quoted]) -> tuple[str, ...]:
    """The evidence that quotations are: their words, and who speaks and where it stands, which a sentence may name, too."""
    around = dict.fromkeys(
        words for piece in pieces for words in (piece.document.speaker, piece.document.title, *piece.headings) if words
    )
    return (*(piece.text for piece in pieces), *around)


def signals_of(
    eye: Eye, rarity: Callable[[str], float], sentence: str, evidence: Sequence[str], question: str
) -> dict[str, float] | None:
    """None where the sentence has no word, or nothing to rest on."""
    told = eye.told(tuple(evidence))
    own = eye.see([sentence])
    if not own or told is None:
        return None
    asked = eye.see([question]) if question else []
    # Rounded, since the last digits move with the batch that a sentence was seen in.
    return {name: round(value, 3) for name, value in signals(own[0], told, asked[0] if asked else None, rarity).items()}


def in_sentences(text: str) -> list[str]:
    return [words for line in text.split("\n") for span in split_sentences(line) if (words := span.of(line).strip())]


def rarity_by(counted: Mapping[str, float]) -> Callable[[str], float]:
    """How telling a word is, from 0 to 1: 1 for what is not among those counted."""
    return lambda word: counted.get(word, 1.0)


class Trees:
    """Boosted trees of one depth, as they are kept: each a full binary tree, row by row."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self._base = float(kept["base"])
        self._features = np.array(kept["features"], dtype=np.int64)
        self._thresholds = np.array(kept["thresholds"], dtype=np.float32)
        self._leaves = np.array(kept["leaves"], dtype=np.float64)

    def log_odds(self, values: NDArray[np.float32]) -> float:
        trees = np.arange(len(self._leaves))
        at = np.zeros(len(trees), dtype=np.int64)
        while (at < self._features.shape[1]).all():
            at = 2 * at + 1 + (values[self._features[trees, at]] > self._thresholds[trees, at])
        return self._base + float(self._leaves[trees, at - self._features.shape[1]].sum())
