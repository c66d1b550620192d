"""The local writer: a small model through llama.cpp, in a child process of its own.

A crash or a runaway costs one answer: the child is ended and begun again for the next one. It is reached over a socket
in a folder that only this user may enter, by the OpenAI-compatible address that llama.cpp serves.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus.settings import CHECKOUT
from rag.models import LocalModelFile, NoModel
from rag.writers.local_server import READY, SOCKET
from rag.writers.port import Failed, Prompt, Usage

# Prompt and answer together; more context is memory that is never used.
CONTEXT = 4096
START_SECONDS = 60.0
# Four short sentences and their numbers.
MOST_TOKENS = 180
LOOK_SECONDS = 0.2
# On two cores each 100 tokens of evidence cost about two seconds before the first word (docs/experiments.md).
PASSAGE_TOKENS = 170
SECONDS = 60.0


class LocalWriter:
    """Starts its child when it is first needed and again after a crash. Safe to use from several threads: they queue."""

    name = "local"
    seconds = SECONDS
    passage_tokens = PASSAGE_TOKENS
    capable = False

    def __init__(
        self,
        choose: Callable[[], LocalModelFile | NoModel],
        threads: int = 0,
        drafting: bool = True,
        python: str = sys.executable,
    ) -> None:
        self._choose = choose
        self._threads = threads or _cores()
        self._drafting = drafting
        self._python = python
        self._starting = threading.Lock()
        self._child: _Child | None = None

    @property
    def model(self) -> str:
        chosen = self._choose()
        if isinstance(chosen, NoModel):
            return ""
        return f"{chosen.name} of {chosen.path.stat().st_size:,} bytes"

    def not_ready(self) -> str:
        if find_spec("xllamacpp") is None:
            return "llama.cpp is not installed for this system (the package xllamacpp)"
        chosen = self._choose()
        return chosen.reason if isinstance(chosen, NoModel) else ""

    def price(self, usage: Usage) -> float:
        return 0.0

    def warm(self, system: str) -> None:
        """Load the model and read what every prompt begins with, so that the first answer does not wait for it."""
        usage, stop = Usage(), threading.Event()
        for _ in self.words(Prompt(system, "", 1), usage, stop, most_tokens=1):
            pass

    def words(
        self, prompt: Prompt, usage: Usage, stop: threading.Event, most_tokens: int = MOST_TOKENS
    ) -> Iterator[str]:
        child = self._running()
        body = {
            "messages": [
                {"role": "system", "content": prompt.system},
                *([{"role": "user", "content": prompt.user}] if prompt.user else []),
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "max_tokens": most_tokens,
            "cache_prompt": True,
            "grammar": cited_sentences(prompt.passages),
        }
        connection = _UnixConnection(child.socket, timeout=self.seconds)
        try:
            connection.connect()
            with _cut_when(stop, connection):
                connection.request(
                    "POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"}
                )
                response = connection.getresponse()
                if response.status != HTTPStatus.OK:
                    raise Failed(f"the local model refused the prompt (status {response.status})")
                ended = False
                for line in response:
                    ended = ended or line.startswith(b"data: [DONE]")
                    if line.startswith(b"data: {"):
                        yield from _delta(json.loads(line[6:]), usage)
                if not ended and not stop.is_set():
                    raise HTTPException("the stream ended early")
        except (OSError, HTTPException) as exc:
            if stop.is_set():
                return
            self._end(child)  # whatever it is doing, the next answer gets a fresh one
            raise Failed("the local model’s process ended in the middle", begins_afresh=True) from exc
        finally:
            connection.close()

    def close(self) -> None:
        """End the child; the next answer starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _end(self, child: _Child) -> None:
        """This child and no other: several answers may find it dead, when a fresh one already writes."""
        with self._starting:
            if self._child is child:
                self._child = None
        child.end()

    def _running(self) -> _Child:
        """A child that serves the chosen model."""
        with self._starting:
            chosen = self._choose()
            if isinstance(chosen, NoModel):
                raise Failed("its model is not here any more")  # the whole reason names a place on the disk
            if self._child is not None and not self._child.serves(chosen):
                self.close()
            if self._child is None:
                self._child = self._start(chosen)
            return self._child

    def _start(self, chosen: LocalModelFile) -> _Child:
        folder = Path(tempfile.mkdtemp(prefix="fractional-"))  # only this user may enter
        arguments = [
            str(chosen.path),
            str(folder / SOCKET),
            str(min(CONTEXT, chosen.context or CONTEXT)),
            str(self._threads),
            "yes" if self._drafting else "no",
        ]
        process = subprocess.Popen(
            [self._python, "-m", "rag.writers.local_server", *arguments],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        child = _Child(process, folder, chosen)
        atexit.register(child.end)
        timer = threading.Timer(START_SECONDS, process.kill)
        timer.start()
        assert process.stdout is not None
        said = next((line for line in process.stdout if line.strip() == READY), "")
        timer.cancel()
        if not said:
            child.end()
            raise Failed(f"the local model {chosen.name} could not be loaded")
        return child


@dataclass(frozen=True)
class _Child:
    """A process that serves a model, and the folder of its socket."""

    process: subprocess.Popen[str]
    folder: Path
    model: LocalModelFile

    @property
    def socket(self) -> Path:
        return self.folder / SOCKET

    def serves(self, model: LocalModelFile) -> bool:
        return self.model == model and self.process.poll() is None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.end)


def cited_sentences(passages: int) -> str:
    """A grammar under which each sentence ends with the number of a passage: at most four sentences."""
    number = " | ".join(f'"{n}"' for n in range(1, max(1, passages) + 1))
    return (
        'root ::= sentence (" " sentence){0,3}\n'
        'sentence ::= [A-Z0-9$€£"“] [^\\[\\]\\n]{15,320} " [" number "]" ("[" number "]")? "."?\n'
        f"number ::= {number}"
    )


def _delta(data: dict[str, Any], usage: Usage) -> Iterator[str]:
    if told := data.get("usage"):
        usage.read, usage.written = int(told["prompt_tokens"]), int(told["completion_tokens"])
    for choice in data.get("choices", ()):
        if words := choice["delta"].get("content"):
            yield words


class _UnixConnection(HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("local", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def _cut_when(stop: threading.Event, connection: HTTPConnection) -> Iterator[None]:
    """Cuts the connection once stopped, even while nothing comes: the server notices and stops writing."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if stop.is_set():
                with suppress(OSError):  # it was closed meanwhile
                    connection.sock.shutdown(socket.SHUT_RDWR)
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
