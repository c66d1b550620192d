"""Reading a question and a sentence together: how surely does the one answer the other?

A small cross-encoder of our own (docs/reader-model.md), shipped beside this file. Knows nothing about passages or answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from corpus.embedder import bundled_weights, usable_cores
from corpus.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL = Path(__file__).with_name("reader.onnx")
# What it was trained on, question included.
WINDOW = 96
# Each core takes the next; of 2, 3, 4, 6 and 12 at once this left none idle: 0.15 s for twelve sentences, and 0.20 with four.
BATCH = 2


class Reader(Protocol):
    """Log-odds that each text answers the question, or that each position speaks to it."""

    def read(self, question: str, texts: Sequence[str]) -> list[float]: ...

    def speaks(self, question: str, positions: Sequence[str]) -> list[float]: ...


class OnnxReader:
    """The shipped model; loaded at the first question."""

    def __init__(self, model: Path = MODEL) -> None:
        self._model = model
        self._one_question = Lock()

    def read(self, question: str, texts: Sequence[str]) -> list[float]:
        return self._told("logit", question, texts)

    def speaks(self, question: str, positions: Sequence[str]) -> list[float]:
        return self._told("speaks", question, positions)

    def _told(self, output: str, question: str, texts: Sequence[str]) -> list[float]:
        encodings = self._tokenizer.encode_batch([(question, text) for text in texts])
        by_length = sorted(range(len(texts)), key=lambda index: -len(encodings[index].ids))
        batches = [by_length[start : start + BATCH] for start in range(0, len(by_length), BATCH)]
        logits = np.zeros(len(texts), dtype=np.float32)
        _ = self._session  # loaded once, not by each thread
        # Questions are read one after the other, each by all cores: read side by side, all of them would wait for the slowest.
        with self._one_question, ThreadPoolExecutor(usable_cores()) as cores:
            for chosen, found in zip(
                batches,
                cores.map(lambda chosen: self._read(output, [encodings[index] for index in chosen]), batches),
                strict=True,
            ):
                logits[chosen] = found
        return [float(logit) for logit in logits]

    def _read(self, output: str, encodings: Sequence[Any]) -> NDArray[np.float32]:
        longest = max(len(encoding.ids) for encoding in encodings)
        fields = np.zeros((3, len(encodings), longest), dtype=np.int64)
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            fields[0, row, :length] = encoding.ids
            fields[1, row, :length] = 1
            fields[2, row, :length] = encoding.type_ids
        told = {"input_ids": fields[0], "attention_mask": fields[1], "token_type_ids": fields[2]}
        return cast("NDArray[np.float32]", self._session.run([output], told)[0])

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(bundled_weights() / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(WINDOW, strategy="only_second")
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # each core has a batch of its own
        options.log_severity_level = 3
        # Else what was packed is not unpacked but multiplied as it is: 1.6 times as slow without instructions for that, and the log-odds
        # move by up to 0.26.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        try:
            return onnxruntime.InferenceSession(str(self._model), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # the library raises nothing narrower
            raise ModelError(f"{self._model} can't be loaded ({exc}). Restore it from the repository.") from exc
