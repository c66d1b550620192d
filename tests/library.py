"""Small libraries for tests: documents from a few words, the files they stand in, and whether index and files agree."""

from __future__ import annotations

from typing import Any

from corpus.documents import Asked, Document, format_document
from corpus.embedder import Embedder
from corpus.index import open_vectors, vector_key
from corpus.library import read_library, write_file
from corpus.record import Record
from corpus.settings import Settings
from ingest.chunk import chunk_document


def document(id: str, text: str = "Some words that stand for a text.\n", **fields: Any) -> Document:
    """A document with what every document needs."""
    values: dict[str, Any] = {"kind": "article", "voice": "practitioner", "title": id.replace("-", " ").capitalize()}
    return Document(id=id, text=text if text.endswith("\n") else f"{text}\n", **(values | fields))


def sections(*words: str) -> str:
    """A text with one section, and so one chunk or more, for each of the words, which it repeats."""
    return "\n\n".join(f"## About {word}\n\nThe word here is {word}. Nobody else says {word}." for word in words) + "\n"


def asked(*words: str) -> tuple[Asked, ...]:
    """Two questions that the section about each of the words answers."""
    return tuple(Asked(f"Nobody else says {word}", (f"Who says {word}?", f"Is it {word}, then?")) for word in words)


def write(settings: Settings, *documents: Document) -> None:
    """Put documents into the corpus folder, as an editor would."""
    for one in documents:
        write_file(settings.corpus, one.path, format_document(one))


def on_disk(settings: Settings) -> dict[str, Document]:
    """What the folder holds; a fault in it fails the test."""
    library = read_library(settings.corpus)
    assert library.faults == ()
    return library.documents


def disagreements(settings: Settings, embedder: Embedder) -> list[str]:
    """Everything in which the index differs from what the folder's documents imply, or holds more than it names."""
    record = Record(settings.record_path)
    documents = on_disk(settings)
    wrong = []
    if record.documents() != documents:
        wrong.append(
            f"published {sorted(record.documents())}, in the folder {sorted(documents)}, or their words differ"
        )
    implied = [
        (id, chunk.headings, chunk.start, chunk.end, chunk.text, vector_key(embedder.name, chunk.embedded))
        for id, one in sorted(documents.items())
        for chunk in chunk_document(one, embedder.count_tokens, embedder.window)
    ]
    chunks = record.chunks()
    asked = record.questions_of(chunk.number for chunk in chunks)
    implied_questions = [
        (id, q.span.start, q.span.end, q.words, vector_key(embedder.name, q.words))
        for id, one in sorted(documents.items())
        for chunk in chunk_document(one, embedder.count_tokens, embedder.window)
        for q in chunk.questions
    ]
    questions = [(c.document, q.start, q.end, q.question, q.vector) for c in chunks for q in asked.get(c.number, ())]
    if questions != implied_questions:
        wrong.append(f"{len(questions)} questions are published, the documents imply {len(implied_questions)}")
    if [(c.document, c.headings, c.start, c.end, c.text, c.vector) for c in chunks] != implied:
        wrong.append(f"{len(chunks)} chunks are published, the documents imply {len(implied)}, or their words differ")
    lexical = record.connection.execute(
        "SELECT rowid, title, headings, body, asked FROM lexical ORDER BY rowid"
    ).fetchall()
    expected = sorted(
        (
            c.number,
            documents[c.document].title,
            " ".join(c.headings),
            c.text,
            " ".join(q.question for q in asked.get(c.number, ())),
        )
        for c in chunks
        if c.document in documents
    )
    if [tuple(row) for row in lexical] != expected:
        wrong.append(f"the lexical index holds {len(lexical)} rows that are not those of the {len(chunks)} chunks")
    vectors = open_vectors(settings, embedder.name)
    in_chroma, named = vectors.keys(), record.vectors_named()
    vectors.reopen()
    if missing := named - in_chroma:
        wrong.append(f"{len(missing)} vectors are named and not in Chroma")
    if unnamed := in_chroma - named:
        wrong.append(f"{len(unnamed)} vectors are in Chroma and not named")
    kept = {row["vector"] for row in record.connection.execute("SELECT vector FROM vectors")}
    if kept != named:
        wrong.append(f"the record keeps {len(kept)} vectors and names {len(named)}")
    if pending := record.pending_files():
        wrong.append(f"files still to be written: {sorted(pending)}")
    if strays := sorted(str(path) for path in settings.corpus.rglob("*") if path.is_file() and path.suffix != ".md"):
        wrong.append(f"files that nobody owns: {strays}")
    record.close()
    return wrong
