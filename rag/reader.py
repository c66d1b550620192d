"""Reading a question and a sentence together: how surely does the one answer the other?

A small cross-encoder of our own (docs/reader-model.md), shipped beside this file. Knows nothing about passages or answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from corpus.embedder import bundled_weights, usable_cores
from corpus.errors import ModelError

MODEL = Path(__file__).with_name("reader.onnx")
# What it was trained on, question included.
WINDOW = 96
BATCH = 8


class Reader(Protocol):
    """Log-odds that each text answers the question."""

    def read(self, question: str, texts: Sequence[str]) -> list[float]: ...


class OnnxReader:
    """The shipped model; loaded at the first question."""

    def read(self, question: str, texts: Sequence[str]) -> list[float]:
        encodings = self._tokenizer.encode_batch([(question, text) for text in texts])
        by_length = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        logits = np.zeros(len(texts), dtype=np.float32)
        for start in range(0, len(by_length), BATCH):
            chosen = by_length[start : start + BATCH]
            longest = max(len(encodings[index].ids) for index in chosen)
            fields = np.zeros((3, len(chosen), longest), dtype=np.int64)
            for row, index in enumerate(chosen):
                length = len(encodings[index].ids)
                fields[0, row, :length] = encodings[index].ids
                fields[1, row, :length] = 1
                fields[2, row, :length] = encodings[index].type_ids
            logits[chosen] = self._session.run(
                ["logit"], {"input_ids": fields[0], "attention_mask": fields[1], "token_type_ids": fields[2]}
            )[0]
        return [float(logit) for logit in logits]

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
        options.intra_op_num_threads = usable_cores()
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # the library raises nothing narrower
            raise ModelError(f"{MODEL} can't be loaded ({exc}). Restore it from the repository.") from exc
