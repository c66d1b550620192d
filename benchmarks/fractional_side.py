"""This project as a measured process: its real code, at the places that FRACTIONAL_* name. A child, never imported."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.side import TOP, count_read, tell, time_questions
from corpus.embedder import BUNDLED_NAME, SentenceTransformersEmbedder, exported_model, open_embedder
from corpus.index import Index
from corpus.record import Record
from corpus.settings import Settings, read_settings
from ingest.add import Given, prepare
from ingest.chunk import chunk_document
from ingest.embed import open_bulk_embedder
from ingest.publish import Publisher
from ingest.take_in import take_in
from rag.answer import Chain, search


def make_ready() -> None:
    """The one-time export of the weights, which no figure counts."""
    exported_model(read_settings().models)
    tell(ready=True)


def ingest(files: str) -> None:
    """What `fractional add FOLDER` does. The model is loaded within the time."""
    settings = read_settings()
    if not settings.record_path.exists():  # a second run needs none of them; what it imports all the same counts
        _import_engines(settings)
    began = time.perf_counter()
    record = Record(settings.record_path)
    done = take_in(Publisher(settings, record, open_bulk_embedder(settings)), [files], Given(), date.today())
    seconds = time.perf_counter() - began
    accepted = sum(one.accepted for one in done.prepared)
    tell(seconds=seconds, documents=accepted, refused=len(done.prepared) - accepted, rows=record.count("lexical"))


def count(files: str) -> None:
    embedder = open_embedder(read_settings())
    prepared = prepare([files], Given(), {}, date.today())
    chunks = (
        chunk
        for one in prepared
        if one.document
        for chunk in chunk_document(one.document, embedder.count_tokens, embedder.window)
    )
    tell(**count_read({chunk.embedded for chunk in chunks}))  # what is said twice is embedded once


def retrieve(questions: str) -> None:
    chain = Chain(Index(read_settings()))
    tell(
        **time_questions(
            Path(questions),
            lambda question: search(chain, question, TOP),
            lambda question: chain.index.embed([question]),
        )
    )


def _import_engines(settings: Settings) -> None:
    """Import now what ingesting would import on its way, as the starter's script does at its top."""
    assert settings.embedder == BUNDLED_NAME, "both systems are measured on the same weights"
    in_torch = isinstance(open_bulk_embedder(settings), SentenceTransformersEmbedder)
    for name in ("chromadb", *(("torch", "sentence_transformers") if in_torch else ("onnxruntime", "tokenizers"))):
        importlib.import_module(name)


TASKS: dict[str, Callable[..., None]] = {
    "make-ready": make_ready,
    "ingest": ingest,
    "count": count,
    "retrieve": retrieve,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
