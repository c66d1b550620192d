"""The folder of documents: reading all of it, writing and removing one file at a time. Knows nothing about the index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus.documents import FOLDER_OF_KIND, LARGEST_TEXT, Document, parse_document, version_of_file
from corpus.errors import DocumentError

# The ending of a file that is being written.
HALF = ".writing"


@dataclass(frozen=True)
class Library:
    """What the folder holds: the good documents, and what is wrong with the others."""

    documents: dict[str, Document]
    faults: tuple[DocumentError, ...]


def read_library(folder: Path, known: Iterable[Document] = ()) -> Library:
    """Every document below the folder; a fault in one never hides the others. A file that is, byte by byte, one of the known
    documents is not parsed again."""
    by_version = {document.version: document for document in known}
    documents: dict[str, Document] = {}
    faults: list[DocumentError] = []
    root = folder.resolve()
    for name in FOLDER_OF_KIND.values():
        for path in sorted((root / name).glob("**/*.md")):
            try:
                document = read_document(path, root, by_version)
                if document.id in documents:
                    raise DocumentError(
                        path,
                        f"the id `{document.id}` is taken by {documents[document.id].path}",
                        "Give one of them another id.",
                        2,
                    )
                if path != root / document.path:
                    raise DocumentError(
                        path,
                        f"the {document.kind} `{document.id}` belongs in {document.path}",
                        "Move the file or correct `id` or `kind`.",
                        2,
                    )
                documents[document.id] = document
            except DocumentError as fault:
                faults.append(fault)
    return Library(documents, tuple(faults))


def read_document(path: Path, root: Path, known: Mapping[str, Document]) -> Document:
    """One file of the library; `known` are documents by their version."""
    resolved = path.resolve()
    if not resolved.is_relative_to(root):
        raise DocumentError(path, "the file leads out of the corpus folder", "Put the file itself there, not a link.")
    try:
        if resolved.stat().st_size > LARGEST_TEXT * 4:
            raise DocumentError(path, "the file is too large for a document", "Split it into articles.")
        content = resolved.read_bytes()
        if stored := known.get(version_of_file(content)):
            return stored
        raw = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise DocumentError(
            path, "the file is not valid UTF-8", "Save it as UTF-8.", _line_at(resolved, exc.start)
        ) from exc
    except OSError as exc:
        raise DocumentError(path, f"the file can't be read ({exc.strerror})", "Check its permissions.") from exc
    return parse_document(raw.replace("\r\n", "\n"), path)


def _line_at(path: Path, offset: int) -> int:
    return path.read_bytes()[:offset].count(b"\n") + 1


def write_file(root: Path, relative: str, content: str) -> None:
    """Put a file in place whole or not at all."""
    target = inside(root, relative)
    target.parent.mkdir(parents=True, exist_ok=True)
    # One name for each file, so that whoever writes it again after a kill leaves nothing behind; there is one writer at a time.
    temporary = target.with_name(f".{target.name}{HALF}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_half_files(root: Path) -> None:
    """What a killed run was writing; only for whoever holds the publishing lock."""
    for folder in FOLDER_OF_KIND.values():
        for half in (root / folder).glob(f".*{HALF}"):
            half.unlink(missing_ok=True)


def _put_in_place(temporary: Path, target: Path) -> None:
    """The one step that makes the new file the file; libraries we use call `Path.replace` too, so it has a name of its own."""
    temporary.replace(target)


def remove_file(root: Path, relative: str) -> None:
    inside(root, relative).unlink(missing_ok=True)


def inside(root: Path, relative: str) -> Path:
    """The path below the root, refusing every way out of it."""
    target = (root / relative).resolve()
    if not target.is_relative_to(root.resolve()):
        raise DocumentError(relative, "the path leads out of the corpus folder", "Use an id of plain words.")
    return target
