"""The embedder for many texts: the fastest that stays within cosine 0.999 of the question's one."""

from __future__ import annotations

from pathlib import Path

from corpus.embedder import (
    BUNDLED_NAME,
    Embedder,
    OnnxEmbedder,
    SentenceTransformersEmbedder,
    bundled_weights,
    open_embedder,
)
from corpus.settings import Settings


def open_bulk_embedder(settings: Settings) -> Embedder:
    """bf16 in torch where the processor multiplies matrices in it (AMX: three times fp32), ONNX Runtime in fp32 elsewhere."""
    if settings.embedder == BUNDLED_NAME and has_amx():
        return _BundledInBf16(str(bundled_weights()), "bfloat16")
    return open_embedder(settings)


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
