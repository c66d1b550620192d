"""The model on this machine: what becomes of its process, its socket and its answers when something goes wrong. Real llama.cpp throughout."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from corpus.settings import CHECKOUT, Settings
from rag.answer import answering
from rag.models import LocalModelFile, NoModel
from rag.writers.local import LocalWriter, _Child
from rag.writers.port import Failed, Prompt, Usage
from rag.writers.settings import QUOTE
from tests import asking

LOADED = [pytest.mark.model, pytest.mark.slow]
PATIENCE_SECONDS = 60
# Long enough that it can be interrupted.
LONG = Prompt(
    "Write as much as you can.", "<passages>\n[1] Example Author: Work is long.\n</passages>\n\nQuestion: Why?", 1
)


@pytest.fixture
def writer(small_model: LocalModelFile) -> Iterator[LocalWriter]:
    with closing(LocalWriter(lambda: small_model)) as made:
        yield made


def child_of(writer: LocalWriter) -> _Child:
    assert writer._child is not None
    return writer._child


def until(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something outside of this process comes true; nothing there can set an event."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.05)
    return True


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/status")
    return status.is_file() and "State:\tZ" in status.read_text()


def write(writer: LocalWriter, most_tokens: int = 4) -> str:
    """A few words: enough to see that it writes."""
    return "".join(writer.words(LONG, Usage(), threading.Event(), most_tokens))


class TestWithoutAModel:
    def test_it_says_what_to_do(self) -> None:
        writer = LocalWriter(lambda: NoModel("No local model is here. Fetch one."))
        assert (writer.not_ready(), writer.model) == ("No local model is here. Fetch one.", "")

    def test_one_that_vanished_meanwhile_is_a_reason_without_its_place(self) -> None:
        """The whole reason names a file, and would have been kept with the answer."""
        with pytest.raises(Failed) as failed:
            write(LocalWriter(lambda: NoModel("/srv/models/mine.gguf was chosen and is not there any more.")))
        assert failed.value.reason == "its model is not here any more"

    @pytest.mark.slow
    @pytest.mark.parametrize("content", [b"<html>Not found</html>", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 400])
    def test_a_file_that_is_no_model_is_a_reason(
        self, content: bytes, library_to_ask: Settings, tmp_path: Path
    ) -> None:
        file = tmp_path / "secret-place" / "mine.gguf"
        file.parent.mkdir()
        file.write_bytes(content)
        with closing(LocalWriter(lambda: LocalModelFile("mine", file, 4096))) as writer:
            made = asking.asked(asking.open_asking(library_to_ask, writer))
            assert writer._child is None
        assert made.writer == QUOTE and asking.broken_laws(made) == []
        assert asking.steps(made) == [("local", "the local model mine could not be loaded")]
        assert "secret-place" not in str(asking.kept(library_to_ask))


class TestItsProcess:
    pytestmark = LOADED

    def test_only_this_user_reaches_it_and_nothing_is_left(self, writer: LocalWriter) -> None:
        assert write(writer)
        child = child_of(writer)
        assert stat.S_IMODE(child.folder.stat().st_mode) == 0o700
        assert child.socket.is_socket()
        writer.close()
        assert not child.folder.exists() and child.process.poll() is not None
        assert write(writer), "the next answer starts another"

    def test_it_is_started_once(self, writer: LocalWriter) -> None:
        write(writer)
        first = child_of(writer)
        write(writer)
        assert child_of(writer) is first

    def test_a_crash_costs_one_answer(self, writer: LocalWriter, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, writer)
        write(writer)  # loaded, so that it is the writing that is met
        process = child_of(writer).process
        growing = answering(chain, asking.COST_QUESTION, "board")
        assert next(growing).writing == "local"
        next(growing)
        process.send_signal(signal.SIGKILL)
        *_, made = growing
        assert made.writer == QUOTE and asking.broken_laws(made) == []
        assert asking.steps(made) == [("local", "the local model’s process ended in the middle")]
        assert asking.kept(library_to_ask) == [asking.as_kept(made)]
        again = asking.asked(chain)
        assert ("local", "the local model’s process ended in the middle") not in asking.steps(again)
        assert "asked again" not in str(asking.steps(again))
        assert child_of(writer).process is not process

    def test_two_that_meet_the_same_crash_do_not_end_the_fresh_one(self, writer: LocalWriter) -> None:
        """The second of them closed whatever ran by then, and so a third answer broke off."""
        write(writer)
        crashed = child_of(writer)
        crashed.process.kill()
        crashed.process.wait()
        write(writer)
        fresh = child_of(writer)
        writer._end(crashed)
        assert child_of(writer) is fresh and fresh.process.poll() is None
        assert write(writer)

    def test_it_ends_with_a_parent_that_is_killed(self, small_model: LocalModelFile) -> None:
        """A gigabyte of model would stay in memory, for ever, after each crash of the page."""
        code = (
            "import threading\n"
            "from pathlib import Path\n"
            "from rag.models import LocalModelFile\n"
            "from rag.writers.local import LocalWriter\n"
            "from rag.writers.port import Prompt, Usage\n"
            f"writer = LocalWriter(lambda: LocalModelFile('small', Path({str(small_model.path)!r}), 4096))\n"
            "words = writer.words(Prompt('Write as much as you can.', 'Why?', 1), Usage(), threading.Event())\n"
            "next(words)\n"
            "print(writer._child.process.pid, writer._child.folder, flush=True)\n"
            "threading.Event().wait()\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        process, folder = parent.stdout.readline().split()
        assert not is_gone(int(process))
        parent.kill()
        parent.wait()
        parent.stdout.close()
        assert until(lambda: is_gone(int(process)), 10.0)
        assert until(lambda: not Path(folder).exists(), 5.0)


class TestItsAnswers:
    pytestmark = LOADED

    def test_two_questions_queue(self, writer: LocalWriter) -> None:
        """One at a time, each as fast as it can be; neither fails for the other's sake."""
        write(writer)
        said: dict[int, str] = {}
        threads = [threading.Thread(target=lambda n=n: said.update({n: write(writer, 12)})) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS * 2)
        assert said[0] and said[0] == said[1]

    def test_whoever_goes_away_frees_it(self, writer: LocalWriter, library_to_ask: Settings) -> None:
        """A model that writes on for nobody makes the next reader wait."""
        chain = asking.open_asking(library_to_ask, writer)
        write(writer)
        growing = answering(chain, asking.COST_QUESTION, "board")
        assert next(growing).writing == "local"
        for _ in range(3):
            next(growing)
        began = time.monotonic()
        growing.close()
        assert time.monotonic() - began < 1.0
        (kept,) = asking.kept(library_to_ask)
        assert kept["stepped_down"] == [{"writer": "local", "reason": "it was stopped"}]
        threads = [one for one in threading.enumerate() if one.name == "writer-local"]
        for thread in threads:
            thread.join(1.0)
        assert not any(thread.is_alive() for thread in threads)
        process = child_of(writer).process
        idle = Usage()
        words = writer.words(LONG, idle, threading.Event())
        assert next(words)
        words.close()
        assert child_of(writer).process is process, "it was not ended for that"


class TestWithoutANetwork:
    @pytest.fixture(autouse=True)
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connect = socket.socket.connect

        def only_within_this_machine(one: socket.socket, address: Any) -> None:
            if one.family != socket.AF_UNIX:
                raise OSError("there is no network")
            connect(one, address)

        monkeypatch.setattr(socket.socket, "connect", only_within_this_machine)

    def test_the_quotations_need_none(self, library_to_ask: Settings) -> None:
        with pytest.raises(OSError, match="no network"):
            socket.create_connection(("127.0.0.1", 9))
        made = asking.asked(asking.open_asking(library_to_ask))
        assert made.writer == QUOTE and asking.COST_QUOTE in made.answer

    @pytest.mark.model
    @pytest.mark.slow
    def test_nor_does_the_local_model(self, writer: LocalWriter, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, writer)
        made = asking.asked(chain)
        today = next(state.today for state in chain.ladder.states() if state.writer == "local")
        assert today.written > 0, "it wrote"
        assert asking.broken_laws(made) == [] and "the local model" not in str(asking.steps(made))
