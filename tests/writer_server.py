"""An OpenAI-compatible server on loopback that does as it is told: it writes well, or fails in one of the ways servers fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DRIP_SECONDS = 0.02
READ, WRITTEN = 321, 45
MODEL = "scripted-1"


class Exchange:
    """One request and what may be sent back."""

    def __init__(self, handler: BaseHTTPRequestHandler, over: threading.Event) -> None:
        self._handler = handler
        self._over = over

    def refuse(self, status: int, words: str = "", **headers: str) -> None:
        body = json.dumps({"error": {"message": words, "type": "refused"}}).encode()
        self._whole(status, body, {"Content-Type": "application/json"} | headers)

    def say(self, words: str, content_type: str = "text/event-stream") -> None:
        """Anything at all, with a good conscience."""
        self._whole(200, words.encode(), {"Content-Type": content_type})

    def begin(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def write(self, words: str) -> None:
        self._event(_chunk([{"index": 0, "delta": {"content": words}, "finish_reason": None}]))

    def finish(self) -> None:
        """As the real ones do: why it ends, then what it cost, then that it is done."""
        self._event(_chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
        told = {"prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN}
        self._event(_chunk([]) | {"usage": told})
        self._send("data: [DONE]\n\n")
        self.end()

    def end(self) -> None:
        self._handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """In the middle of the stream, as when a machine goes down."""
        self._handler.close_connection = True

    def still_wanted(self) -> bool:
        return not self._over.wait(DRIP_SECONDS)

    def _event(self, data: dict[str, Any]) -> None:
        self._send(f"data: {json.dumps(data)}\n\n")

    def _send(self, words: str) -> None:
        body = words.encode()
        self._handler.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
        self._handler.wfile.flush()

    def _whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.write(body)


Behaviour = Callable[[Exchange], None]


def writing(sentences: Sequence[str]) -> Behaviour:
    """A good writer: a few letters at a time, an end, and the bill."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        text = " ".join(sentences)
        for start in range(0, len(text), 7):
            exchange.write(text[start : start + 7])
        exchange.finish()

    return behave


def breaking_off(sentences: Sequence[str], cleanly: bool) -> Behaviour:
    """Stops in the middle of its answer; cleanly is worse, since the connection looks as if all had come."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        exchange.write(" ".join(sentences) + " And then it")
        if cleanly:
            exchange.end()
        else:
            exchange.cut()

    return behave


def dripping(exchange: Exchange) -> None:
    """A word now and then, for ever."""
    exchange.begin()
    while exchange.still_wanted():
        exchange.write("well ")


def saying_nothing(exchange: Exchange) -> None:
    exchange.begin()
    exchange.finish()


@dataclass
class WriterServer:
    """Counts who asked, and behaves as it is told at that moment."""

    address: str
    behave: Behaviour
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # somebody hung up on it

    @property
    def requests(self) -> int:
        return len(self.asked)


@contextmanager
def serving(behave: Behaviour) -> Iterator[WriterServer]:
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            server.keys.append(self.headers.get("Authorization", ""))
            try:
                server.behave(Exchange(self, over))
            except OSError:
                self.close_connection = True
                server.gone.set()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal of a test."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server = WriterServer(f"http://127.0.0.1:{listening.server_port}/v1", behave)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        listening.shutdown()
        listening.server_close()
        thread.join()


def address_of_nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices}
