"""The parent's side of the child process that reads web pages, PDF and Word files: whatever a file does there costs one line here."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

from corpus.errors import InputRejected
from corpus.settings import CHECKOUT
from ingest.clean import Removal
from ingest.hostile import Finding
from ingest.readers import Read
from ingest.readers.inside import BROKEN, LENGTH, LENGTHS, MEMORY_SPENT

# In all for one file, starting the child included, which takes half a second.
SECONDS = 10.0
# Four times the largest text, as much as JSON may make of it; a child that says more than that is no longer ours.
LONGEST_ANSWER = 20_000_000


class Child:
    """Reads one file after another in a process that is started when it is first needed, and anew after each crash."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def read(self, name: str, suffix: str, data: bytes, charset: str = "") -> Read:
        """What the file says, or InputRejected with the reason."""
        answer: dict[str, Any] = {"last": True}
        try:
            answer = self._ask({"suffix": suffix, "charset": charset, "seconds": self.seconds + 1}, data)
        except TimeoutError:
            answer["reason"] = f"reading it takes more than {self.seconds:.0f} s. Save it in parts or as a text file."
        except (OSError, EOFError, ValueError):  # it closed its end, or says what is no answer
            answer["reason"] = self._why_it_ended()
        finally:  # also when stopped by hand: what the child still has to say belongs to no later file
            if answer["last"]:
                self.close()
        if "reason" in answer:
            raise InputRejected(f"{name}: {answer['reason']}")
        said = answer["read"]
        told: dict[str, Any] = {
            "removed": tuple(Removal(**one) for one in said["removed"]),
            "warnings": tuple(said["warnings"]),
            "hidden": (),
            "found": tuple(Finding(**one) for one in said["found"]),
        }
        return Read(**(said | told))

    def close(self) -> None:
        """End the child, if there is one."""
        if self.process and self._channel:
            self._channel.close()
            self.process.kill()
            self.process.wait()
        self.process = self._channel = None

    def _ask(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        deadline = time.monotonic() + self.seconds
        if self.process and self.process.poll() is not None:  # ended since the last file: that is not this one's doing
            self.close()
        channel = self._channel or self._start()
        words = json.dumps(request).encode()
        channel.settimeout(self.seconds)
        channel.sendall(LENGTHS.pack(len(words), len(data)) + words + data)
        (length,) = LENGTH.unpack(_receive(channel, LENGTH.size, deadline))
        if length > LONGEST_ANSWER:
            raise ValueError("this is no answer of ours")
        answer: dict[str, Any] = json.loads(_receive(channel, length, deadline))
        return answer

    def _start(self) -> socket.socket:
        """With nothing of the parent's environment: a file that takes the child over finds no keys there."""
        self._channel, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ingest.readers.inside"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
            )
        return self._channel

    def _why_it_ended(self) -> str:
        """The system ended it: out of memory a library in C often can't say so itself."""
        try:
            code = self.process.wait(1) if self.process else 0
        except subprocess.TimeoutExpired:
            code = 0
        return MEMORY_SPENT if code in (-signal.SIGKILL, -signal.SIGABRT) else BROKEN.format("its reader crashed")


def _receive(channel: socket.socket, size: int, deadline: float) -> bytes:
    received = bytearray()
    while len(received) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        channel.settimeout(left)
        piece = channel.recv(min(size - len(received), 1 << 20))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
