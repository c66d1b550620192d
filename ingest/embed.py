"""The embedder for many texts: the fastest that stays within cosine 0.999 of the question's one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.embedder import (
    BUNDLED_NAME,
    Embedder,
    OnnxEmbedder,
    SentenceTransformersEmbedder,
    bundled_weights,
    open_embedder,
)
from corpus.index import vector_key
from corpus.record import Record
from corpus.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def open_bulk_embedder(settings: Settings) -> Embedder:
    """bf16 in torch where the processor multiplies matrices in it (AMX: three times fp32), ONNX Runtime in fp32 elsewhere."""
    if settings.embedder == BUNDLED_NAME and has_amx():
        return _BundledInBf16(str(bundled_weights()), "bfloat16")
    return open_embedder(settings)


class Keeping:
    """An embedder whose vectors the record keeps as they are made, so that what is tried on a copy of the library is not embedded again
    when it is published."""

    def __init__(self, embedder: Embedder, record: Record) -> None:
        self._embedder, self._record = embedder, record
        self.count_tokens, self.embed_tokens = embedder.count_tokens, embedder.embed_tokens

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def window(self) -> int:
        return self._embedder.window

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._embedder.embed(texts)
        self._record.keep_vectors(
            {vector_key(self.name, text): vector.tobytes() for text, vector in zip(texts, vectors, strict=True)}
        )
        return vectors


class _BundledInBf16(SentenceTransformersEmbedder):
    """The bundled weights; the folder they lie in is called `model`, so the name is given. So is the window: asking the model for
    it would load torch where nothing is to be embedded."""

    window = OnnxEmbedder.window

    def __init__(self, model: str, dtype: str) -> None:
        super().__init__(model, dtype)
        self.name = f"all-MiniLM-L6-v2/torch-{dtype}"


def has_amx(processors: Path = Path("/proc/cpuinfo")) -> bool:
    try:
        return "amx_bf16" in processors.read_text()
    except OSError:
        return False
