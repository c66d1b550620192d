"""Forty readers of the shipped library on two cores: each gets a whole answer soon, none an error, and the memory does not grow."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.settings import CHECKOUT
from evals.cases import CASES, read_cases
from tests.ui.readers import Measured, visit_for

pytestmark = [
    pytest.mark.soak,
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="cores and memory are counted as Linux tells them"),
]

SESSIONS, SECONDS, PAUSE = 40, 300, (20, 40)
CORES = 2
LONGEST_P95_SECONDS = 1.5
# Each session keeps what it was shown, and a conversation grows with each question.
MOST_GROWTH = 1.15
WARMING_QUESTION = "What happens in week one?"


@pytest.fixture
def server(tmp_path: Path, models: Path) -> Iterator[tuple[str, int]]:
    """Where the shipped library is served, and by which process."""
    corpus = shutil.copytree(CHECKOUT / "corpus", tmp_path / "corpus")
    places = {"FRACTIONAL_HOME": tmp_path / "home", "FRACTIONAL_CORPUS": corpus, "FRACTIONAL_MODELS": models}
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}, "FRACTIONAL_WRITER": "quote"}
    command = [sys.executable, "-m", "ui.command_line"]
    subprocess.run(
        [*command, "publish", "--json"], cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    # `serve` does this by itself within two minutes; what is measured is the time after them.
    subprocess.run([sys.executable, "-m", "rag.prepare"], cwd=CHECKOUT, env=environment, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = subprocess.Popen(
        [*command, "serve", "--port", str(port)], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
    )
    os.sched_setaffinity(started.pid, sorted(os.sched_getaffinity(0))[:CORES])
    try:
        assert started.stdout is not None
        assert f"http://localhost:{port}" in started.stdout.readline(), "the server ended without a word"
        yield f"http://localhost:{port}", started.pid
    finally:
        started.terminate()
        started.wait(timeout=20)


def test_forty_readers_are_answered_soon_and_the_memory_stays_flat(
    server: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    address, process = server
    questions = [case.question for case in read_cases(sorted(CASES.glob("*.yaml"))) if not case.history]

    async def all_of_it() -> Measured:
        await visit_for(1, address, process, 1, [WARMING_QUESTION], (0, 0))  # the first one waits for the models
        return await visit_for(SECONDS, address, process, SESSIONS, questions, PAUSE)

    measured = asyncio.run(all_of_it())
    with capsys.disabled():
        print(f"\n{SESSIONS} readers for {SECONDS} s: {measured}")
    assert measured.errors == []
    assert measured.p95 <= LONGEST_P95_SECONDS
    assert measured.memory_in(SECONDS - 60, SECONDS) <= MOST_GROWTH * measured.memory_in(0, 60)
