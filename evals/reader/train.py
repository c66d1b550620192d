"""Trains the reader: MiniLM as a cross-encoder over (question, text), shipped as one quantised file.

    python -m evals.reader.train [--guides FOLDER] [--steps 1700] [--graded-steps 3700] [--begin-with FILE] [--graded NAME…] [--half-way]

First it learns which texts answer a question at all; then, from graded sentences, which of those that were found answers best and whether
any of them does, going on with some of the first so as not to forget it; last, a second head, which position speaks to a question.
`--begin-with` takes a file that has learned the first part already, `--graded` names some of the files of graded sentences, `--half-way`
gives the mean of before and after these, `--graded-steps 0` fits the second head alone.

Questions alone give some of the labels away (who wrote the near misses had a manner). A plain model of the questions takes that
share: its log-odds are added while training and left out afterwards, so that the network learns what only both texts together tell.
"""

from __future__ import annotations

import argparse
import copy
import random
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedder import bundled_weights, open_embedder
from corpus.library import read_library
from corpus.settings import read_settings
from evals.reader.examples import Example, examples
from evals.reader.graded import TO_TRAIN, Graded, read_graded
from evals.reader.sides import fit_sides, pairs_of_positions
from rag.evidence import as_asked, as_read
from rag.reader import MODEL, WINDOW

BATCH = 32
LEARNING_RATE = 1.2e-4
# The head starts from nothing.
HEAD_LEARNS_FASTER = 10
WARM_UP = 0.08
# The embeddings and the lowest layers stay as they are: a third faster, and they know the language already.
FROZEN_LAYERS = 2
# Of graded sentences: so many questions in a step, and what each grade is worth among those of its question.
AT_ONCE = 2
WORTH = (0.0, 0.15, 1.0, 3.0)
LEARNS_ON_GRADES = 1e-4
# The share of these steps that goes on with the first part.
OF_THE_FIRST = 0.25
# Smaller tensors stay as they are; only the table of words has more rows than this.
SMALL = 20_000
VOCABULARY = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--guides", type=Path, help="the folder of public-domain guides, if there is one")
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--graded-steps", type=int, default=3700)
    parser.add_argument("--begin-with", type=Path, help="a reader that was exported before; the first part is left out")
    names = [file.stem for file in TO_TRAIN]
    parser.add_argument("--graded", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--half-way", action="store_true", help="between before and after the graded sentences")
    parser.add_argument("--out", type=Path, default=MODEL)
    options = parser.parse_args()
    settings = read_settings()
    library = read_library(settings.corpus).documents
    embedder = open_embedder(settings)
    made = examples(library, embedder, options.guides)
    print(f"{len(made)} examples, {sum(e.answers for e in made)} of them answered", flush=True)
    tokenizer = open_tokenizer()
    network = network_of(options.begin_with) if options.begin_with else train(made, tokenizer, options.steps)
    before = copy.deepcopy(network)
    files = [file for file in TO_TRAIN if file.stem in options.graded]
    train_on_grades(
        network, tokenizer, [one for file in files for one in read_graded(file, library)], made, options.graded_steps
    )
    if options.half_way:
        average(network, before)
    learn_sides(network, tokenizer, pairs_of_positions(library, embedder))
    export(network, tokenizer, options.out)


def open_tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(bundled_weights())


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
            self.sides = torch.nn.Linear(384, 1)

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            """Log-odds that the text answers, and, of a position, that it speaks to the question."""
            pooled = self.pooled(input_ids, attention_mask, token_type_ids)
            return self.head(pooled).squeeze(-1), self.sides(pooled).squeeze(-1)

        def pooled(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            hidden = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return (hidden * mask).sum(1) / mask.sum(1)

    return CrossEncoder()


def network_of(file: Path) -> Any:
    """A network with the weights of an exported file."""
    import onnx
    import torch
    from onnx import numpy_helper

    model = onnx.load(file)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    factors = []  # of the products, in the order in which the layers make them
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            packed, scale = tensors[node.input[0]].astype(np.float32), tensors[node.input[1]]
            tensors[node.output[0]] = packed * np.expand_dims(scale, 1 - node.attribute[0].i)
        elif node.op_type == "MatMul" and node.input[1] in tensors:
            factors.append(tensors[node.input[1]].T)
    network = build_network()
    for name, parameter in network.named_parameters():
        # The pooler is asked by nobody and left out of the file; an older file has no head for sides.
        if "pooler" not in name and not (name.startswith("sides") and name not in tensors):
            parameter.data = torch.tensor(tensors[name] if name in tensors else factors.pop(0))
    return network


def train(made: Sequence[Example], tokenizer: Any, steps: int, seed: int = 0) -> Any:
    import torch

    torch.manual_seed(seed)
    network = build_network().train()
    _freeze(network)
    body = [p for p in network.transformer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": body}, {"params": network.head.parameters()}], weight_decay=0.01)
    offsets = torch.tensor(told_by_question(made), dtype=torch.float32)
    labels = torch.tensor([float(e.answers) for e in made])
    losses: list[float] = []
    for step, batch in zip(range(steps), _batches(made, random.Random(seed)), strict=False):
        rate = LEARNING_RATE * min(1.0, step / (WARM_UP * steps)) * (1 - step / steps)
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate, HEAD_LEARNS_FASTER * rate
        inputs = _encoded(tokenizer, [made[n] for n in batch])
        answers, _ = network(**inputs)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(answers + offsets[batch], labels[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.item()))
        if step % 25 == 24:
            print(f"step {step + 1} of {steps}, loss {np.mean(losses[-100:]):.3f}", flush=True)
    return network.eval()


def train_on_grades(
    network: Any, tokenizer: Any, graded: Sequence[Graded], made: Sequence[Example], steps: int, seed: int = 0
) -> None:
    """Among the sentences of a question the better ones shall come first, and those of a question that none answers shall all stay low."""
    import torch

    torch.manual_seed(seed)
    draw = random.Random(seed)
    network.train()
    _freeze(network)
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, weight_decay=0.01)
    worth = torch.tensor(WORTH)
    offsets = torch.tensor(told_by_question(made), dtype=torch.float32)
    labels = torch.tensor([float(e.answers) for e in made])
    told_apart = torch.nn.functional.binary_cross_entropy_with_logits
    before = _batches(made, draw)
    written_for = {example.question: example.document for example in made}
    asked = [
        Example(one.question, "", one.answered, written_for.get(one.question, one.units[0].document.id))
        for one in graded
    ]
    by_question = torch.tensor(told_by_question(asked), dtype=torch.float32)
    losses: list[float] = []
    for step, questions in zip(range(steps), _questions(graded, draw), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNS_ON_GRADES * min(1.0, step / (WARM_UP * steps)) * (1 - step / steps)
        optimizer.zero_grad()
        odds, _ = network(**_encoded(tokenizer, [example for n in questions for example in _read_with(graded[n])]))
        loss = torch.zeros(())
        for n, found in zip(questions, odds.split([len(graded[n].grades) for n in questions]), strict=True):
            each = worth[list(graded[n].grades)]
            loss = loss - (each * torch.log_softmax(found, 0)).sum() / each.sum().clamp(min=1.0)
            answered = torch.tensor(float(graded[n].answered))
            loss = loss + told_apart(_sureness(found) + by_question[n], answered)
        (loss / len(questions)).backward()
        if draw.random() < OF_THE_FIRST:
            batch = next(before)
            inputs = _encoded(tokenizer, [made[n] for n in batch])
            answers, _ = network(**inputs)
            told_apart(answers + offsets[batch], labels[batch]).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()) / len(questions))
        if step % 25 == 24:
            print(f"graded step {step + 1} of {steps}, loss {np.mean(losses[-100:]):.3f}", flush=True)
    network.eval()


def _sureness(odds: Any) -> Any:
    """How sure a question is to be answered by what was found for it: the best, and the best three, as the judge sees them (`rag.judge.signs`)."""
    best = odds.topk(min(3, len(odds))).values
    return (best[0] + best.mean()) / 2


def learn_sides(network: Any, tokenizer: Any, made: Sequence[Example]) -> None:
    """Which position speaks to a question is told by a head of its own, so that it costs what is told of sentences nothing."""
    import torch

    network.eval()
    with torch.no_grad():
        pooled = [
            network.pooled(**_encoded(tokenizer, made[start : start + BATCH])).numpy()
            for start in range(0, len(made), BATCH)
        ]
    fit_sides(network, np.concatenate(pooled), made)


def average(network: Any, before: Any) -> None:
    """Halfway between what it was and what it became: what it learns last is weighed against all before (docs/experiments.md)."""
    for learned, known in zip(network.parameters(), before.parameters(), strict=True):
        learned.data = (learned.data + known.data) / 2


def _freeze(network: Any) -> None:
    for name, parameter in network.named_parameters():
        if "embeddings" in name or any(f"layer.{n}." in name for n in range(FROZEN_LAYERS)):
            parameter.requires_grad = False


def _read_with(graded: Graded) -> list[Example]:
    return [Example(as_asked(graded.question), as_read(unit), False, unit.document.id) for unit in graded.units]


def _questions(graded: Sequence[Graded], draw: random.Random) -> Iterator[list[int]]:
    while True:
        order = list(range(len(graded)))
        draw.shuffle(order)
        yield from (order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE))


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
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer way of exporting needs one library more
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network,
            tuple(inputs[name] for name in names),
            str(whole),
            input_names=names,
            output_names=["logit", "speaks"],
            dynamic_axes=dict.fromkeys(names, sizes) | {"logit": {0: "batch"}, "speaks": {0: "batch"}},
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
