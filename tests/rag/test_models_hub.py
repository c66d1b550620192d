"""A model from the hub: whatever the server does, the file is the right one or is not there, and what came is not fetched twice."""

from __future__ import annotations

import random
import re
import shutil
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from corpus.errors import ModelError
from rag.models import Model, Place, Progress, Pulled, State, pull_model
from rag.models.catalogue import HubFile
from rag.models.hub import Patience

DATA = b"GGUF" + random.Random(7).randbytes(300_000)
HALF = len(DATA) // 2
PATIENCE = Patience(connect_seconds=1, stall_seconds=5, slowest_rate=10_000, vain_connections=3, pause_seconds=0)
HASTE = replace(PATIENCE, stall_seconds=0.15)


@dataclass(frozen=True)
class Request:
    start: int | None
    headers: str


Answer = Callable[[Request, socket.socket], None]


def send(to: socket.socket, body: bytes, status: str = "200 OK", length: int | None = None, more: str = "") -> None:
    told = len(body) if length is None else length
    to.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {told}\r\n{more}Connection: close\r\n\r\n".encode() + body)


def from_there_on(request: Request, to: socket.socket, most: int = len(DATA)) -> None:
    start = request.start or 0
    status = "200 OK" if request.start is None else "206 Partial Content"
    more = "" if request.start is None else f"Content-Range: bytes {start}-{len(DATA) - 1}/{len(DATA)}\r\n"
    send(to, DATA[start : start + most], status, len(DATA) - start, more)


def breaks_off(after: int) -> Answer:
    return lambda request, to: from_there_on(request, to, after)


def says(body: bytes, status: str = "200 OK", length: int | None = None, more: str = "") -> Answer:
    return lambda _request, to: send(to, body, status, length, more)


def trickles(request: Request, to: socket.socket) -> None:
    from_there_on(request, to, most=0)
    for byte in DATA[:150]:  # three seconds' worth, after which who still listens has been fooled
        to.sendall(bytes([byte]))
        time.sleep(0.02)


def silent(_request: Request, to: socket.socket) -> None:
    to.recv(1)


def endless(_request: Request, to: socket.socket) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + DATA + b"and more")


class Hub(socketserver.ThreadingTCPServer):
    """A server that gives the answers of a test in turn, and the last one from then on."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers: list[Answer] = [from_there_on]
        self.asked: list[Request] = []
        self.turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.gguf"


class _Talk(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        hub = self.server
        assert isinstance(hub, Hub)
        headers = b""
        while b"\r\n\r\n" not in headers:
            headers += self.request.recv(4096)
        wanted = re.search(rb"(?im)^range: bytes=(\d+)-\r$", headers)
        request = Request(int(wanted[1]) if wanted else None, headers.decode())
        with hub.turn:
            hub.asked.append(request)
            answer = hub.answers.pop(0) if len(hub.answers) > 1 else hub.answers[0]
        try:
            answer(request, self.request)
        except OSError:  # the client has had enough
            pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def model(hub: Hub) -> Model:
    return model_from(hub.url)


def model_from(*urls: str) -> Model:
    sources = tuple(HubFile(url, title=f"hub {number}") for number, url in enumerate(urls, start=1))
    return Model("tiny", "Tiny", len(DATA), "Apache-2.0", 512, sha256(DATA).hexdigest(), "tests", sources)


def pull(model: Model, folder: Path, listener: Callable[[Progress], None] = lambda _now: None) -> Pulled:
    return pull_model(model, folder, listener, PATIENCE)


def refused(model: Model, folder: Path, patience: Patience = PATIENCE) -> str:
    """What is said; and the file is not there."""
    with pytest.raises(ModelError) as refusal:
        pull_model(model, folder, patience=patience)
    assert not Place(folder, model).file.exists()
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_model_comes_whole_and_is_counted_on_the_way(model: Model, tmp_path: Path) -> None:
    seen: list[Progress] = []
    pulled = pull(model, tmp_path / "writers", seen.append)
    assert pulled.path.read_bytes() == DATA and pulled.source == "hub 1"
    assert Place(tmp_path / "writers", model).state() is State.HERE
    fetching = [now.done for now in seen if now.step == "fetching from hub 1"]
    assert fetching[0] == 0 and fetching[-1] == len(DATA) == seen[0].size
    assert seen[-1].step == "checking"


def test_a_broken_connection_goes_on_where_it_broke(model: Model, hub: Hub, tmp_path: Path) -> None:
    hub.answers = [breaks_off(HALF), breaks_off(10_000), from_there_on]
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert [request.start for request in hub.asked] == [None, HALF, HALF + 10_000]


def test_the_next_pull_goes_on_with_what_a_failed_one_brought(model: Model, hub: Hub, tmp_path: Path) -> None:
    hub.answers = [breaks_off(HALF), breaks_off(0)]
    said = refused(model, tmp_path)
    assert "50% is kept" in said and "`fractional models pull tiny` goes on from there" in said
    assert Place(tmp_path, model).state() is State.PARTLY
    hub.answers, hub.asked = [from_there_on], []
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert [request.start for request in hub.asked] == [HALF]


def test_a_server_that_ignores_the_range_costs_traffic_and_no_bytes(model: Model, hub: Hub, tmp_path: Path) -> None:
    """Beginning anew used to throw away the half that was here, which a second break then left at less than before."""
    hub.answers = [breaks_off(HALF), says(DATA[:1000], length=len(DATA)), says(DATA)]
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert [request.start for request in hub.asked] == [None, HALF, HALF]


def test_a_server_that_sends_another_range_is_asked_for_the_whole(model: Model, hub: Hub, tmp_path: Path) -> None:
    shifted = says(DATA[:-5], "206 Partial Content", more=f"Content-Range: bytes 0-{len(DATA) - 6}/{len(DATA)}\r\n")
    hub.answers = [breaks_off(HALF), shifted, from_there_on]
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert [request.start for request in hub.asked] == [None, HALF, None]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(DATA, length=10 * len(DATA)), "it has a file of 3,000,040 bytes there, and the model has 300,004"),
        (endless, "it sends more than the 300,004 bytes of the file"),
        (says(DATA[:100], length=len(DATA)), "it breaks off, 3 times in a row"),
        (says(b"", "404 Not Found"), "it answers 404 Not Found"),
        (says(b"", "503 Service Unavailable"), "it answers 503 Service Unavailable"),
        (says(b"", "302 Found", more="Location: http://example.org/model.gguf\r\n"), "an address without https"),
        (says(b"", "302 Found", more="Location: http://127.0.0.1:9/model.gguf\r\n"), "an address without https"),
        (says(b"", "302 Found", more="Location: file:///etc/passwd\r\n"), "an address without https"),
        (says(b"", "302 Found", more="Location: /again\r\n"), "it redirects more than 5 times"),
        (says(b"GGUF" + bytes(300_000)), "it serves other bytes than the release, told by their sha256"),
    ],
)
def test_what_is_not_the_file_is_refused_with_the_reason(
    answer: Answer, reason: str, model: Model, hub: Hub, tmp_path: Path
) -> None:
    hub.answers = [answer]
    assert reason in refused(model, tmp_path)


@pytest.mark.parametrize(
    ("answer", "reason"), [(trickles, "it sends less than 10 kB a second"), (silent, "it sends nothing any more")]
)
def test_a_server_that_keeps_us_waiting_is_given_up(
    answer: Answer, reason: str, model: Model, hub: Hub, tmp_path: Path
) -> None:
    """A byte now and then is enough for a connection never to time out: a pull could have taken a year."""
    hub.answers = [answer]
    assert f"hub 1: {reason}, 3 times in a row" in refused(model, tmp_path, HASTE)


def test_a_redirect_within_the_rules_is_followed(model: Model, hub: Hub, tmp_path: Path) -> None:
    hub.answers = [says(b"", "302 Found", more="Location: /elsewhere.gguf\r\n"), from_there_on]
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert hub.asked[1].headers.startswith("GET /elsewhere.gguf ")


def test_plain_http_to_another_machine_is_not_even_asked(tmp_path: Path) -> None:
    assert "without https" in refused(model_from("http://example.org/model.gguf"), tmp_path)


def test_the_next_source_is_tried_and_what_the_first_said_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.answers = [breaks_off(HALF), says(b"", "404 Not Found"), from_there_on]
    seen: list[Progress] = []
    pulled = pull(model_from(hub.url, hub.url), tmp_path, seen.append)
    assert pulled.path.read_bytes() == DATA and pulled.source == "hub 2"
    assert [(failure.source, failure.reason) for failure in pulled.failed] == [("hub 1", "it answers 404 Not Found")]
    assert any(now.failed == pulled.failed for now in seen)
    assert hub.asked[2].start == HALF  # what the first one brought is of use to the second


def test_a_hub_out_of_reach_costs_little_time(tmp_path: Path, hub: Hub) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    began = time.monotonic()
    pulled = pull(model_from(f"http://127.0.0.1:{port}/model.gguf", hub.url), tmp_path)
    assert pulled.failed[0].reason.startswith("it can't be reached") and time.monotonic() - began < 1


def test_wrong_bytes_of_an_earlier_try_are_found_out_and_fetched_anew(model: Model, hub: Hub, tmp_path: Path) -> None:
    Place(tmp_path, model).part.write_bytes(b"not what it should be")
    assert pull(model, tmp_path).path.read_bytes() == DATA
    assert [request.start for request in hub.asked] == [21, None]


def test_a_part_longer_than_the_file_is_begun_anew(model: Model, tmp_path: Path) -> None:
    Place(tmp_path, model).part.write_bytes(DATA + b"x")
    assert pull(model, tmp_path).path.read_bytes() == DATA


def test_what_is_here_is_neither_fetched_nor_read_again(
    model: Model, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(model, tmp_path)
    hub.asked.clear()
    monkeypatch.setattr("rag.models.pull.sha256_of", lambda *_: pytest.fail("a gigabyte was read again"))
    assert pull(model, tmp_path).already_here and hub.asked == []


def test_a_file_brought_by_hand_is_checked_and_taken(model: Model, hub: Hub, tmp_path: Path) -> None:
    place = Place(tmp_path, model)
    place.file.write_bytes(DATA)
    assert place.state() is State.UNCHECKED
    assert pull(model, tmp_path).already_here and hub.asked == []
    assert place.state() is State.HERE


def test_a_file_that_changed_is_not_trusted_and_is_replaced(model: Model, tmp_path: Path) -> None:
    place = Place(tmp_path, model)
    pull(model, tmp_path)
    place.file.write_bytes(bytes(len(DATA)))
    assert place.state() is State.UNCHECKED
    assert not pull(model, tmp_path).already_here and place.file.read_bytes() == DATA


def test_the_seal_of_another_release_does_not_count(model: Model, tmp_path: Path) -> None:
    """The catalogue names a newer file: the old one is not it, though it is as it was checked."""
    pull(model, tmp_path)
    assert Place(tmp_path, replace(model, sha256="0" * 64)).state() is State.UNCHECKED


def test_two_pulls_at_once_fetch_once(model: Model, hub: Hub, tmp_path: Path) -> None:
    go_on = threading.Event()

    def waits(request: Request, to: socket.socket) -> None:
        go_on.wait(5)
        from_there_on(request, to)

    hub.answers = [waits]
    done: list[Pulled] = []
    first = threading.Thread(target=lambda: done.append(pull(model, tmp_path)))
    first.start()
    while not hub.asked:
        time.sleep(0.01)

    def listen(now: Progress) -> None:
        waiting.append(now.step)
        go_on.set()

    waiting: list[str] = []
    second = pull(model, tmp_path, listen)
    first.join()
    assert waiting[0] == "another pull is fetching it; waiting for it"
    assert second.already_here and not done[0].already_here and len(hub.asked) == 1


def test_a_full_disk_is_noticed_before_the_first_byte(
    model: Model, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=len(DATA) - 1))
    said = refused(model, tmp_path)
    assert "of disk left" in said and "FRACTIONAL_MODELS" in said and hub.asked == []
    Place(tmp_path, model).part.write_bytes(DATA[:HALF])  # what is here needs no space
    assert pull(model, tmp_path).path.read_bytes() == DATA


def test_a_folder_that_cannot_be_made_is_one_clear_line(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "FRACTIONAL_MODELS" in refused(model, tmp_path / "file" / "writers")


def test_who_listens_may_stop_it_and_what_came_is_kept(model: Model, hub: Hub, tmp_path: Path) -> None:
    hub.answers = [breaks_off(HALF), from_there_on]

    def stop(now: Progress) -> None:
        if now.done == len(DATA):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(model, tmp_path, stop)
    place = Place(tmp_path, model)
    assert place.fetched() >= HALF and not place.file.exists()
    assert pull(model, tmp_path).path.read_bytes() == DATA
