"""A copy of a home that can be carried away, and the way back. Knows which files of a home can't be made again, and nothing of what they hold.

The record is copied as one consistent view, while others read and write. What comes back is prepared apart, as the next snapshot of
the home it comes to and with the list of files to bring in line, and then becomes the record in one transaction: killed anywhere
before it, all is as it was; killed anywhere after it, the next run finishes the rest. The vectors are made again from the record.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from corpus.documents import parse_document
from corpus.errors import BackupError, home_errors
from corpus.index import publishing_lock
from corpus.library import read_library
from corpus.record import Record, now
from corpus.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
RECORD = "record.sqlite3"
# Files of the corpus folder that say something else than what is published.
UNPUBLISHED = "unpublished"
# Where a restore puts what was there before.
ASIDE = "backups"
# What can be made again, belongs to a running process, or is a backup itself; everything else in a home is kept.
LEFT_OUT = re.compile(
    r"(?:vectors|backups|evals/cache|\.[^/]*|sentences\.sqlite3[^/]*|record\.sqlite3-[^/]*)(?:/|$)|.*(?:\.lock|\.writing)$"
)


@dataclass(frozen=True)
class Backup:
    """What an archive holds, and of what it was made."""

    file: Path
    made: str
    snapshot: int
    documents: int
    answers: int
    files: Mapping[str, str]  # by name, the digest
    size: int


@dataclass(frozen=True)
class Restored:
    """What came back, and where what was there before is kept."""

    backup: Backup
    snapshot: int
    before: Backup | None


def back_up(settings: Settings, target: Path) -> Backup:
    """Everything of the home that can't be made again, in one file that is there whole or not at all."""
    if not settings.record_path.is_file():
        raise BackupError(
            f"There is nothing to back up in {settings.home}. `fractional publish` publishes the library there."
        )
    half = target.with_name(f".{target.name}.writing")
    try:
        with home_errors(settings.home), tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / RECORD
            _copy(settings.record_path, copy)
            with _private(half) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                places = {RECORD: copy, **_beside_the_record(settings.home), **_unpublished(settings.corpus, copy)}
                told = json.dumps(_told(copy, places), indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(told)
                archive.addfile(entry, io.BytesIO(told))
                for name, place in places.items():
                    archive.add(place, arcname=name, recursive=False)
        read_backup(half)  # what can't be read again is no backup
        half.replace(target)
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise
    return read_backup(target)


def read_backup(file: Path) -> Backup:
    """What is in an archive, each file of it read and held against its digest."""
    with _opened(file) as (archive, told):
        found = {
            one.name: hashlib.sha256(piece.read()).hexdigest()
            for one in archive
            if (piece := archive.extractfile(one)) is not None
        }
    wrong = sorted(name for name, digest in told["files"].items() if found.get(name) != digest)
    if wrong:
        raise BackupError(f"{file} is damaged: {', '.join(wrong)} is not what was put in. Take another backup.")
    return Backup(
        file, told["made"], told["snapshot"], told["documents"], told["answers"], told["files"], file.stat().st_size
    )


def restore(settings: Settings, file: Path, who: str, patience: float) -> Restored:
    """The home as it was when the backup was made. What is there before goes to a backup of its own."""
    backup = read_backup(file)
    with home_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = publishing_lock(settings, patience)
        try:
            before = _set_aside(settings)
            with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restoring-") as folder:
                _unpack(file, backup, Path(folder))
                number = _prepare(
                    settings, Path(folder) / RECORD, f"restore of snapshot {backup.snapshot} from {file.name}", who
                )
                _copy(Path(folder) / RECORD, settings.record_path)
                for name in (one for one in backup.files if one != RECORD and not one.startswith(UNPUBLISHED)):
                    (settings.home / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(folder) / name).replace(settings.home / name)
        finally:
            lock.release()
    return Restored(backup, number, before)


def _set_aside(settings: Settings) -> Backup | None:
    """What a wrong restore would cost, unpublished edits included."""
    with closing(Record(settings.record_path)) as record:
        if record.newest() is None and not read_library(settings.corpus).documents:
            return None
    folder = settings.home / ASIDE
    free = (folder / f"before-restore-{n}.tar.gz" for n in count(1))
    return back_up(settings, next(path for path in free if not path.exists()))


def _prepare(settings: Settings, copy: Path, action: str, who: str) -> int:
    """Make the copy the next snapshot after that of the home, so that whoever read the home notices."""
    with closing(Record(copy)) as record:  # brings an older one up to date
        newest = record.newest()
        if newest is None:
            return 0
        contents = record.contents_in(newest.number)
        target = {id: parse_document(content, f"{id}.md") for id, content in contents.items()}
        on_disk = read_library(settings.corpus).documents
        files: dict[str, str | None] = {document.path: None for id, document in on_disk.items() if id not in target}
        files |= {document.path: contents[id] for id, document in target.items() if on_disk.get(id) != document}
        with closing(Record(settings.record_path)) as here:
            record.number_after(here.newest_number())
        return record.publish(
            who=who,
            action=action,
            fingerprint=newest.fingerprint,
            chunker=newest.chunker,
            versions=record.versions_in(newest.number),
            new_documents={},
            changes=[],
            files=files,
        )


def _told(copy: Path, places: Mapping[str, Path]) -> dict[str, Any]:
    with closing(Record(copy)) as record:
        newest = record.newest_number()
        told = {
            "format": FORMAT,
            "made": now(),
            "snapshot": newest,
            "documents": len(record.versions_in(newest)),
            "answers": record.count("answers"),
        }
    digests = {}
    for name, place in places.items():
        with place.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return {**told, "files": digests}


def _beside_the_record(home: Path) -> dict[str, Path]:
    paths = {path.relative_to(home).as_posix(): path for path in sorted(home.rglob("*")) if _is_own_file(path)}
    return {name: path for name, path in paths.items() if name != RECORD and not LEFT_OUT.match(name)}


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _unpublished(corpus: Path, copy: Path) -> dict[str, Path]:
    with closing(Record(copy)) as record:
        published = record.documents()
    library = read_library(corpus, published.values())
    paths = [corpus / one.path for one in library.documents.values() if published.get(one.id) != one]
    paths += [Path(fault.place) for fault in library.faults]
    return {
        f"{UNPUBLISHED}/{path.relative_to(corpus).as_posix()}": path for path in sorted(paths) if _is_own_file(path)
    }


def _private(path: Path) -> IO[bytes]:
    """A new file for its owner alone: there are conversations in it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as exc:
        raise BackupError(f"No backup can be written to {path.parent} ({exc.strerror}). Name another place.") from exc


def _copy(source: Path, target: Path) -> None:
    """One consistent view of a record becomes another one's whole content in one transaction, whoever has either open."""
    with closing(sqlite3.connect(source, timeout=30)) as read, closing(sqlite3.connect(target, timeout=30)) as written:
        read.backup(written)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    """An archive, standing behind what it tells of itself."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            first = archive.next()
            told = archive.extractfile(first) if first is not None and first.name == MANIFEST else None
            if told is None:
                raise BackupError(f"{file} is no backup of this program: it does not begin with {MANIFEST}.")
            manifest = json.loads(told.read())
            if manifest["format"] != FORMAT:
                raise BackupError(f"{file} was made by a newer version of this program. Update the program.")
            yield archive, manifest
    except FileNotFoundError as exc:
        raise BackupError(f"There is no file {file}.") from exc
    except OSError as exc:
        raise BackupError(f"{file} can't be read as a backup ({exc.strerror or exc}). Name another one.") from exc
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError) as exc:
        raise BackupError(f"{file} can't be read as a backup ({exc}). Take another one.") from exc


def _unpack(file: Path, backup: Backup, folder: Path) -> None:
    with _opened(file) as (archive, _):
        for one in archive:
            if one.name in backup.files:
                archive.extract(one, folder, filter="data")
