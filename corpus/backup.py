"""A copy of a home that can be carried away, and the way back. Knows which files of a home can't be made again, and nothing of what they hold.

The record is copied as one consistent view, while others read and write. What comes back is prepared apart, as the next snapshot of
the home it comes to and with the list of files to bring in line, and then becomes the record in one transaction: killed anywhere
before it, all is as it was; killed after it, the next run brings the documents in line. Settings and kept runs follow the record; a
restore that is stopped there is run again. The vectors are made again from the record.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from corpus.documents import Document, parse_document
from corpus.errors import BackupError, DocumentError, home_errors
from corpus.index import publishing_lock
from corpus.library import inside, read_library
from corpus.private_files import open_new
from corpus.record import Record, damage_in, now
from corpus.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
RECORD = "record.sqlite3"
# Files of the corpus folder that say something else than what is published.
UNPUBLISHED = "unpublished/"
# Where a restore puts what was there before.
ASIDE = "backups"
UNPACKED = ".restoring-"
# What can be made again, belongs to a running process, or is a backup itself; everything else in a home is kept.
LEFT_OUT = re.compile(
    r"(?:vectors|backups|evals/cache|\.[^/]*|sentences\.sqlite3[^/]*|record\.sqlite3-[^/]*)(?:/|$)|.*(?:\.lock|\.writing|\.tar\.gz)$"
)
# Whoever answers meanwhile writes to the record; it is set aside anew until nobody did, at most so often.
TRIES = 5


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


def back_up(settings: Settings, target: Path, *, damaged_too: bool = False) -> Backup:
    """Everything of the home that can't be made again, in one file that is there whole or not at all."""
    if not settings.record_path.is_file():
        raise BackupError(
            f"There is nothing to back up in {settings.home}. `fractional publish` publishes the library there."
        )
    half = target.with_name(f".{target.name}.writing")
    try:
        with _writing_below(target.parent) as folder:
            _stage(settings, folder)
            if not damaged_too:
                _be_whole(folder / RECORD, settings.record_path)
            names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
            told = json.dumps(_told(folder, names), indent=1).encode()
            with open_new(half) as file:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                    entry = tarfile.TarInfo(MANIFEST)
                    entry.size = len(told)
                    archive.addfile(entry, io.BytesIO(told))
                    for name in names:
                        archive.add(folder / name, arcname=name, recursive=False)
                file.flush()
                os.fsync(file.fileno())
            made = read_backup(half)  # what can't be read again is no backup
            half.replace(target)
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise
    return replace(made, file=target)


def read_backup(file: Path) -> Backup:
    """What is in an archive, each file of it read and held against its digest."""
    with _opened(file) as (archive, told):
        files = _safe(told["files"], file)
        found = {
            one.name: hashlib.sha256(piece.read()).hexdigest()
            for one in archive
            if one.isreg() and (piece := archive.extractfile(one)) is not None
        }
    wrong = sorted(name for name, digest in files.items() if found.get(name) != digest)
    if wrong:
        raise BackupError(f"{file} is damaged: {', '.join(wrong)} is not what was put in. Take another backup.")
    return Backup(file, told["made"], told["snapshot"], told["documents"], told["answers"], files, file.stat().st_size)


def restore(settings: Settings, file: Path, who: str, patience: float) -> Restored:
    """The home as it was when the backup was made. What is there before goes to a backup of its own."""
    backup = read_backup(file)
    with home_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = publishing_lock(settings, patience)
        try:
            for left in settings.home.glob(f"{UNPACKED}*"):  # by one that was killed
                shutil.rmtree(left)
            with tempfile.TemporaryDirectory(dir=settings.home, prefix=UNPACKED) as unpacked:
                folder = Path(unpacked)
                _unpack(file, backup, folder)
                action = f"restore of snapshot {backup.snapshot} from {file.name}"
                number = _prepare(settings, folder / RECORD, action, who)
                before = _set_aside(settings)
                _copy(folder / RECORD, settings.record_path)
                _bring_beside(settings, backup, folder)
        finally:
            lock.release()
    return Restored(backup, number, before)


# Making one


def _stage(settings: Settings, folder: Path) -> None:
    """Copies of all that is kept, so that what is written meanwhile is in whole or not at all."""
    with home_errors(settings.home):
        _copy(settings.record_path, folder / RECORD)
        for name, path in {**_beside_the_record(settings), **_unpublished(settings.corpus, folder / RECORD)}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # gone since
                shutil.copyfile(path, folder / name)


def _beside_the_record(settings: Settings) -> dict[str, Path]:
    apart = [place for place in (settings.corpus, settings.models) if place.is_relative_to(settings.home)]
    return {
        name: path
        for path in sorted(settings.home.rglob("*"))
        if _is_own_file(path)
        and not any(path.is_relative_to(place) for place in apart)
        and (name := path.relative_to(settings.home).as_posix()) != RECORD
        and not LEFT_OUT.match(name)
    }


def _unpublished(corpus: Path, copy: Path) -> dict[str, Path]:
    published: dict[str, Document] = {}
    with closing(Record(copy)) as record, suppress(DocumentError):  # one published under laxer rules
        published = record.documents()
    library = read_library(corpus, published.values())
    paths = [corpus / one.path for one in library.documents.values() if published.get(one.id) != one]
    paths += [Path(fault.place) for fault in library.faults]
    return {f"{UNPUBLISHED}{path.relative_to(corpus).as_posix()}": path for path in sorted(paths) if _is_own_file(path)}


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _be_whole(copy: Path, original: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, home_errors(original.parent):
        damage = damage_in(connection)
    if damage:
        raise BackupError(
            f"{original} is damaged ({damage}). Keep the backups you have; `fractional doctor` says what to do."
        )


def _told(folder: Path, names: list[str]) -> dict[str, Any]:
    with closing(Record(folder / RECORD)) as record:
        newest = record.newest_number()
        told = {
            "format": FORMAT,
            "made": now(),
            "snapshot": newest,
            "documents": len(record.versions_in(newest)),
            "answers": record.count("answers"),
        }
    digests = {}
    for name in names:
        with (folder / name).open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return {**told, "files": digests}


@contextmanager
def _writing_below(folder: Path) -> Iterator[Path]:
    """A private folder beside where the archive goes; what the disk says there is said of that place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".backing-up-") as staged:
            yield Path(staged)
    except OSError as exc:
        raise BackupError(f"No backup can be written to {folder} ({exc.strerror or exc}). Name another place.") from exc


# Bringing one back


def _set_aside(settings: Settings) -> Backup | None:
    """What a wrong restore would cost: all of the home, edits that are not published, and what was answered up to this moment."""
    with closing(Record(settings.record_path)) as record:
        library = read_library(settings.corpus)
        if record.newest() is None and not (library.documents or library.faults or _beside_the_record(settings)):
            return None
        folder = settings.home / ASIDE
        place = next(path for n in count(1) if not (path := folder / f"before-restore-{n}.tar.gz").exists())
        for _ in range(TRIES):
            seen = record.data_version()
            before = back_up(settings, place, damaged_too=True)
            if record.data_version() == seen:
                break
    return before


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
        for path in files:
            inside(settings.corpus, path)  # refused here, not after the commit
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


def _bring_beside(settings: Settings, backup: Backup, folder: Path) -> None:
    """Settings and kept runs as they were; what came later is in the backup of before."""
    wanted = [name for name in backup.files if name != RECORD and not name.startswith(UNPUBLISHED)]
    for path in (path for name, path in _beside_the_record(settings).items() if name not in wanted):
        path.unlink()
    for name in wanted:
        (settings.home / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(settings.home / name)


def _unpack(file: Path, backup: Backup, folder: Path) -> None:
    with _opened(file) as (archive, _):
        for one in archive:
            piece = archive.extractfile(one) if one.name in backup.files and one.isreg() else None
            if piece is not None:
                (folder / one.name).parent.mkdir(parents=True, exist_ok=True)
                with home_errors(folder.parent), open_new(folder / one.name) as written:
                    shutil.copyfileobj(piece, written)
                    written.flush()
                    os.fsync(written.fileno())


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
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise BackupError(f"{file} can't be read as a backup ({exc}). Take another one.") from exc


def _safe(files: Mapping[str, str], file: Path) -> dict[str, str]:
    """Only names that a backup gives: below the home, and nothing that a running process holds open."""
    for name in files:
        path = PurePosixPath(name)
        leads_out = path.is_absolute() or ".." in path.parts or path.as_posix() != name
        if leads_out or (LEFT_OUT.match(name) and not name.startswith(UNPUBLISHED)):
            raise BackupError(f"{file} is no backup of this program: it names “{name}”.")
    if RECORD not in files:
        raise BackupError(f"{file} is no backup of this program: it holds no record.")
    return dict(files)


def _copy(source: Path, target: Path) -> None:
    """One consistent view of a record becomes another one's whole content in one transaction, whoever has either open."""
    with closing(sqlite3.connect(source, timeout=30)) as read, closing(sqlite3.connect(target, timeout=30)) as written:
        read.backup(written)
