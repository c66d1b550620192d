"""The plain starter as a measured process: LlamaIndex, Chroma, HuggingFaceEmbedding, put together as their pages do.

Run as a child, never imported: like any such script it imports everything at its top, which takes seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import chromadb
from llama_index.core import Document, SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore

from benchmarks.side import TOP, count_read, tell, time_questions
from corpus.embedder import bundled_weights

DEFAULT_SIZE = 1024
DEFAULT_OVERLAP = 200


def ingest(state: str, files: str, size: str) -> None:
    """Read, split, embed and store; run again on the same state it does all of it again."""
    began = time.perf_counter()
    documents = _documents(files)
    collection = _collection(state)
    VectorStoreIndex.from_documents(
        documents,
        storage_context=StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection)),
        transformations=[_splitter(size)],
        embed_model=_model(),
    )
    _tell_ingested(began, documents, collection)


def upsert(state: str, files: str, size: str) -> None:
    """The ingestion pipeline with a document store, which skips what it has seen: the fairer way to run again."""
    began = time.perf_counter()
    kept = Path(state) / "docstore.json"
    documents = _documents(files)
    collection = _collection(state)
    pipeline = IngestionPipeline(
        transformations=[_splitter(size), _model()],
        vector_store=ChromaVectorStore(chroma_collection=collection),
        docstore=SimpleDocumentStore.from_persist_path(str(kept)) if kept.exists() else SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )
    pipeline.run(documents=documents)
    assert pipeline.docstore is not None
    pipeline.docstore.persist(str(kept))
    _tell_ingested(began, documents, collection)


def count(files: str, size: str) -> None:
    nodes = _splitter(size).get_nodes_from_documents(_documents(files))
    tell(**count_read([node.get_content(metadata_mode=MetadataMode.EMBED) for node in nodes]))


def retrieve(state: str, questions: str) -> None:
    model = _model()
    retriever = _published(state, model).as_retriever(similarity_top_k=TOP)
    tell(**time_questions(Path(questions), retriever.retrieve, model.get_query_embedding))


def ask(state: str, question: str) -> None:
    """Load what is stored and print the passages: the starter has no answer without a language model."""
    for found in _published(state, _model()).as_retriever(similarity_top_k=TOP).retrieve(question):
        print(f"{found.score:.3f} {found.text}\n")
    sys.stdout.flush()


def _model() -> HuggingFaceEmbedding:
    return HuggingFaceEmbedding(model_name=str(bundled_weights()), device="cpu")


def _splitter(size: str) -> SentenceSplitter:
    """The default, or smaller chunks that overlap by the same share: 200 tokens of 256 would be four texts for one."""
    if int(size) == DEFAULT_SIZE:
        return SentenceSplitter()
    return SentenceSplitter(chunk_size=int(size), chunk_overlap=int(size) * DEFAULT_OVERLAP // DEFAULT_SIZE)


def _documents(files: str) -> list[Document]:
    reader = SimpleDirectoryReader(files, recursive=True, required_exts=[".md"], filename_as_id=True)
    documents: list[Document] = reader.load_data()
    return documents


def _collection(state: str) -> chromadb.Collection:
    return chromadb.PersistentClient(state).get_or_create_collection("starter")


def _published(state: str, model: HuggingFaceEmbedding) -> VectorStoreIndex:
    return VectorStoreIndex.from_vector_store(
        ChromaVectorStore(chroma_collection=_collection(state)), embed_model=model
    )


def _tell_ingested(began: float, documents: list[Document], collection: chromadb.Collection) -> None:
    tell(seconds=time.perf_counter() - began, documents=len(documents), refused=0, rows=collection.count())


TASKS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "upsert": upsert,
    "count": count,
    "retrieve": retrieve,
    "ask": ask,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
