"""Trains the reader: MiniLM as a cross-encoder over (question, text), shipped as one quantised file.

    python -m evals.reader.train [--guides FOLDER] [--steps 1700]

Questions alone give some of the labels away (who wrote the near misses had a manner). A plain model of the questions takes that
share: its log-odds are added while training and left out afterwards, so that the network learns what only both texts together tell.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedder import bundled_weights, open_embedder
from corpus.library import read_library
from corpus.settings import read_settings
from evals.reader.examples import Example, examples
from rag.reader import MODEL, WINDOW

BATCH = 32
LEARNING_RATE = 1.2e-4
# The head starts from nothing.
HEAD_LEARNS_FASTER = 10
WARM_UP = 0.08
# The embeddings and the lowest layers stay as they are: a third faster, and they know the language already.
FROZEN_LAYERS = 2
# Smaller tensors stay as they are; only the table of words has more rows than this.
SMALL = 20_000
VOCABULARY = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--guides", type=Path, help="the folder of public-domain guides, if there is one")
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--out", type=Path, default=MODEL)
    options = parser.parse_args()
    settings = read_settings()
    made = examples(read_library(settings.corpus).documents, open_embedder(settings), options.guides)
    print(f"{len(made)} examples, {sum(e.answers for e in made)} of them answered", flush=True)
    network, tokenizer = train(made, options.steps)
    export(network, tokenizer, options.out)


def told_by_question(made: Sequence[Example]) -> Any:
    """Log-odds of the label from the question alone, for each example by a model that has not seen its document."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    features = TfidfVectorizer(ngram_range=(1, 2), min_df=2).fit_transform([e.question for e in made])
    chance = cross_val_predict(
        LogisticRegression(C=3, max_iter=500),
        features,
        np.array([e.answers for e in made]),
        groups=[e.document for e in made],
        cv=GroupKFold(5),
        method="predict_proba",
    )[:, 1]
    return np.log(chance / (1 - chance))


def build_network() -> Any:
    import torch
    from transformers import AutoModel

    class CrossEncoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = AutoModel.from_pretrained(bundled_weights(), attn_implementation="eager")
            self.head = torch.nn.Linear(384, 1)

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            hidden = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return self.head((hidden * mask).sum(1) / mask.sum(1)).squeeze(-1)

    return CrossEncoder()


def train(made: Sequence[Example], steps: int, seed: int = 0) -> tuple[Any, Any]:
    import torch
    from transformers import AutoTokenizer

    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(bundled_weights())
    network = build_network().train()
    for name, parameter in network.named_parameters():
        if "embeddings" in name or any(f"layer.{n}." in name for n in range(FROZEN_LAYERS)):
            parameter.requires_grad = False
    body = [p for p in network.transformer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": body}, {"params": network.head.parameters()}], weight_decay=0.01)
    offsets = torch.tensor(told_by_question(made), dtype=torch.float32)
    labels = torch.tensor([float(e.answers) for e in made])
    losses: list[float] = []
    for step, batch in zip(range(steps), _batches(made, random.Random(seed)), strict=False):
        rate = LEARNING_RATE * min(1.0, step / (WARM_UP * steps)) * (1 - step / steps)
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate, HEAD_LEARNS_FASTER * rate
        inputs = _encoded(tokenizer, [made[n] for n in batch])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(**inputs) + offsets[batch], labels[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.item()))
        if step % 25 == 24:
            print(f"step {step + 1} of {steps}, loss {np.mean(losses[-100:]):.3f}", flush=True)
    return network.eval(), tokenizer


def _batches(made: Sequence[Example], draw: random.Random) -> Iterator[list[int]]:
    """Batches of like length, in random order, for ever."""
    while True:
        order = list(range(len(made)))
        draw.shuffle(order)
        batches = []
        for start in range(0, len(order), BATCH * 30):
            part = sorted(order[start : start + BATCH * 30], key=lambda n: len(made[n].question) + len(made[n].text))
            batches += [part[at : at + BATCH] for at in range(0, len(part), BATCH)]
        draw.shuffle(batches)
        yield from batches


def _encoded(tokenizer: Any, made: Sequence[Example]) -> Any:
    return tokenizer(
        [e.question for e in made],
        [e.text for e in made],
        truncation="only_second",
        max_length=WINDOW,
        padding=True,
        return_tensors="pt",
    )


def export(network: Any, tokenizer: Any, target: Path) -> None:
    """ONNX with its weights in eight bits, unpacked when it is loaded: sums in eight bits made a score depend on its batch."""
    import torch

    inputs = _encoded(
        tokenizer, [Example("a question", "a text", True, ""), Example("another", "a longer text", True, "")]
    )
    names = ["input_ids", "attention_mask", "token_type_ids"]
    sizes = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network,
            tuple(inputs[name] for name in names),
            str(whole),
            input_names=names,
            output_names=["logit"],
            dynamic_axes=dict.fromkeys(names, sizes) | {"logit": {0: "batch"}},
            dynamo=False,
        )
        _in_eight_bits(whole, target)


def _in_eight_bits(whole: Path, target: Path) -> None:
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(whole)
    kept, unpacking = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim != 2 or values.size < SMALL:
            kept.append(tensor)
            continue
        axis = 0 if values.shape[0] > VOCABULARY else 1  # a scale for each word, or for each column
        scale = np.maximum(np.abs(values).max(axis=1 - axis, keepdims=True) / 127, 1e-12).astype(np.float32)
        kept += [
            numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{tensor.name}_packed"),
            numpy_helper.from_array(scale.reshape(-1), f"{tensor.name}_scale"),
        ]
        unpacking.append(
            helper.make_node(
                "DequantizeLinear", [f"{tensor.name}_packed", f"{tensor.name}_scale"], [tensor.name], axis=axis
            )
        )
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend([*unpacking, *nodes])
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    main()
