"""Many readers at once, over the protocol that a browser speaks with Streamlit: each asks, reads the whole answer, and asks again."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

# Stands below each answer that is whole.
FOOT, TROUBLE = 'class="fr-foot"', 'class="fr-trouble"'
# Whoever waits longer has gone.
PATIENCE_SECONDS = 60
SAMPLE_SECONDS = 2.0


@dataclass
class Measured:
    """What readers met: how long each waited for a whole answer, what went wrong, and the memory of the server meanwhile."""

    waited: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)  # seconds since the beginning, bytes

    @property
    def p50(self) -> float:
        return median(self.waited)

    @property
    def p95(self) -> float:
        return quantiles(self.waited, n=20, method="inclusive")[-1]

    def memory_in(self, start: float, end: float) -> float:
        """The median memory within these seconds."""
        return median(held for at, held in self.memory if start <= at <= end)

    def __str__(self) -> str:
        last = self.memory[-1][0]
        first, late = self.memory_in(0, min(60, last / 2)), self.memory_in(max(last - 60, last / 2), last)
        return (
            f"{len(self.waited)} answers, {len(self.errors)} errors; the whole answer after {self.p50:.2f} s (p50), "
            f"{self.p95:.2f} s (p95), {max(self.waited):.2f} s (longest); memory {first / 1e6:.0f} MB in the first minute, "
            f"{late / 1e6:.0f} MB in the last"
        )


class Reader:
    """One session: it knows the page as far as a question and its answer go."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._page = self._query = self._field = ""
        self._feet = self._asked = 0
        self._trouble = ""

    async def open(self) -> None:
        """The page as it is when the library can be asked."""
        await self._send(BackMsg(rerun_script={"query_string": ""}))
        while not self._field:
            await self._receive()

    async def ask(self, question: str) -> float:
        """How long it took until the whole answer was there."""
        self._asked += 1
        asking = BackMsg()
        asking.rerun_script.query_string = self._query
        asking.rerun_script.page_script_hash = self._page
        widget = asking.rerun_script.widget_states.widgets.add()
        widget.id, widget.chat_input_value.data = self._field, question
        self._feet, self._trouble = 0, ""
        began = time.perf_counter()
        await self._send(asking)
        while self._feet < self._asked:
            await self._receive()
            if self._trouble:
                raise RuntimeError(self._trouble)
        return time.perf_counter() - began

    async def _send(self, message: BackMsg) -> None:
        await self._socket.send(message.SerializeToString())

    async def _receive(self) -> None:
        data = await self._socket.recv()
        assert isinstance(data, bytes)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page, self._feet = message.new_session.page_script_hash, 0
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            if element.HasField("chat_input"):
                self._field = element.chat_input.id
            elif element.HasField("html"):
                self._feet += element.html.body.count(FOOT)
                if TROUBLE in element.html.body:
                    self._trouble = element.html.body
            elif element.HasField("exception"):
                self._trouble = element.exception.message


async def visit_for(
    seconds: float, address: str, server: int, sessions: int, questions: Sequence[str], pause: tuple[float, float]
) -> Measured:
    """So many readers ask this server, a process, for so long; each takes a pause between its questions."""
    measured, began = Measured(), time.perf_counter()

    async def sample() -> None:
        while (at := time.perf_counter() - began) < seconds:
            measured.memory.append((at, memory_of(server)))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def read(number: int) -> None:
        dice = random.Random(number)
        await asyncio.sleep(dice.uniform(0, pause[1]))  # nobody comes at the same moment
        try:
            async with connect(
                f"ws://{urlsplit(address).netloc}/_stcore/stream",
                subprotocols=[Subprotocol("streamlit")],
                max_size=None,
                max_queue=None,  # else what comes during a pause holds up the answers to the server's pings
            ) as socket:
                reader = Reader(socket)
                await asyncio.wait_for(reader.open(), PATIENCE_SECONDS)
                while time.perf_counter() - began < seconds:
                    question = dice.choice(questions)
                    measured.waited.append(await asyncio.wait_for(reader.ask(question), PATIENCE_SECONDS))
                    await asyncio.sleep(dice.uniform(*pause))
        except (OSError, RuntimeError, TimeoutError, WebSocketException) as error:
            measured.errors.append(f"reader {number}: {error!r}")

    await asyncio.gather(sample(), *(read(number) for number in range(sessions)))
    return measured


def memory_of(process: int) -> int:
    """What a process and all its children hold in memory, in bytes."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        children = " ".join(file.read_text() for file in Path(f"/proc/{process}/task").glob("*/children")).split()
    except OSError:  # it ended meanwhile
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(memory_of(int(child)) for child in children)
