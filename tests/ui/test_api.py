"""Other programs ask over HTTP: the same answers as everywhere, refusals in words, and nobody from elsewhere."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from corpus.errors import ModelError
from corpus.settings import Settings
from rag.answer import Chain
from rag.answers import Answer
from rag.writers.port import Failed
from tests import asking
from tests.fakes import ScriptedWriter
from tests.ui import chat_library
from ui.api import AT_ONCE, ENDING_SECONDS, EVENTS, LARGEST_BODY, OF_OURS, api_of
from ui.command_line import main
from ui.readings import LONGEST_QUESTION

HOST = "http://localhost"
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model."""
    monkeypatch.setattr("rag.answer.warm", lambda _: None)


@pytest.fixture
def chain(library_to_ask: Settings) -> Chain:
    return asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE))


@pytest.fixture
def client(chain: Chain) -> Iterator[TestClient]:
    with TestClient(api_of(chain), base_url=HOST) as opened:
        yield opened


@contextmanager
def served(chain: Chain) -> Iterator[str]:
    """Over a real socket: what a test client leaves out is how readers go away."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(api_of(chain), log_level="critical", timeout_graceful_shutdown=ENDING_SECONDS)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def waited(until: Callable[[], bool]) -> bool:
    over = time.monotonic() + 10
    while not until():
        if time.monotonic() > over:
            return False
        time.sleep(0.02)
    return True


def suppressed(call: Callable[..., object], *told: Any, **more: Any) -> None:
    with suppress(httpx.HTTPError):
        call(*told, **more)


def events(told: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in (event.split("\n", 1) for event in told.strip().split("\n\n") if event != ":")
    ]


def content(answer: dict[str, Any]) -> dict[str, Any]:
    """Without when and under which name it was asked, and that it was remembered the second time."""
    return {k: v for k, v in answer.items() if k not in ("timings_ms", "tokens", "trace", "conversation", "cached")}


class TestAsking:
    def test_the_answer_is_the_one_that_the_command_prints(self, client: TestClient, chain: Chain) -> None:
        told = client.post("/ask", json={"question": asking.COST_QUESTION, "writer": "quote"})
        assert told.status_code == 200, told.text
        assert asking.COST_QUOTE in told.json()["answer"]
        assert content(told.json()) == content(asking.as_kept(asking.asked(chain, writer="quote")))

    def test_a_quote_stands_at_its_place_in_the_document(self, client: TestClient) -> None:
        for cited in client.post("/ask", json={"question": asking.COST_QUESTION}).json()["citations"]:
            text = client.get(f"/documents/{cited['document']}").json()["text"]
            assert text[cited["start"] : cited["end"]] == cited["quote"]

    def test_a_conversation_goes_on(self, client: TestClient) -> None:
        client.post("/ask", json={"question": asking.COST_QUESTION, "conversation": "board", "writer": "quote"})
        further = client.post(
            "/ask", json={"question": "And how long does it last?", "conversation": "board", "writer": "quote"}
        )
        assert "fractional AI CTO" in further.json()["standalone_question"]

    def test_what_the_library_does_not_say_is_an_answer_too(self, client: TestClient) -> None:
        told = client.post("/ask", json={"question": "Who is the king of Sweden?"})
        assert (told.status_code, told.json()["verdict"]) == (200, "abstained")

    def test_it_grows_for_whoever_wants_to_watch(self, client: TestClient) -> None:
        told = client.post("/ask", json={"question": asking.COST_QUESTION}, headers={"Accept": EVENTS})
        *growing, (last, whole) = events(told.text)
        assert {name for name, _ in growing} == {"growing"} and last == "answer"
        assert all(state["writing"] for _, state in growing) and not whole["writing"]
        assert any("each month" in one["text"] for one in whole["sentences"])


class TestReading:
    def test_passages_are_found(self, client: TestClient) -> None:
        found = client.get("/search", params={"question": asking.COST_QUESTION, "top": 1}).json()["passages"]
        assert [one["document"] for one in found] == ["field-notes-costs"]

    def test_documents_are_listed_by_kind(self, client: TestClient) -> None:
        assert {one["id"] for one in client.get("/documents").json()["documents"]} == {one.id for one in asking.LIBRARY}
        assert client.get("/documents", params={"kind": "position"}).json() == {"documents": []}

    def test_what_can_be_asked_is_told(self, client: TestClient) -> None:
        assert set(client.get("/openapi.json").json()["paths"]) == {
            "/health",
            "/ask",
            "/search",
            "/documents",
            "/documents/{id}",
        }


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"question": "  "}, "question"),
            ({"question": "x" * (LONGEST_QUESTION + 1)}, "question"),
            ({"q": "What?"}, "question: Field required"),
            ({"question": "What?", "writers": "quote"}, "writers"),
        ],
    )
    def test_what_is_asked_wrongly_is_told_with_its_name(
        self, client: TestClient, body: dict[str, str], words: str
    ) -> None:
        told = client.post("/ask", json=body)
        assert told.status_code == 400 and words in told.json()["error"]

    def test_no_such_document(self, client: TestClient) -> None:
        told = client.get("/documents/nothing-like-it")
        assert told.status_code == 404 and "nothing-like-it" in told.json()["error"]

    @pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
    def test_an_unknown_writer_is_refused_before_anything_is_sent(self, client: TestClient, accept: str) -> None:
        told = client.post("/ask", json={"question": "What?", "writer": "nobody"}, headers={"Accept": accept})
        assert told.status_code == 400 and "nobody" in told.json()["error"]

    def test_a_writer_asked_for_by_name_that_fails_is_told(self, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, ScriptedWriter(Failed("out of words")))
        with TestClient(api_of(chain), base_url=HOST) as client:
            asked = {"question": asking.COST_QUESTION, "writer": "scripted"}
            whole = client.post("/ask", json=asked)
            assert whole.status_code == 503 and "out of words" in whole.json()["error"]
            ((name, told),) = events(client.post("/ask", json=asked, headers={"Accept": EVENTS}).text)[-1:]
            assert name == "error" and "out of words" in told["error"]

    def test_a_failure_of_ours_is_told_without_its_insides(self, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object) -> Answer:
            raise RuntimeError("secret insides")

        monkeypatch.setattr("rag.answer.search", fails)
        with TestClient(api_of(chain), base_url=HOST, raise_server_exceptions=False) as client:
            told = client.get("/search", params={"question": "What?"})
        assert told.status_code == 500 and "secret" not in told.text and told.json()["error"]

    def test_a_failure_of_ours_while_it_grows_is_the_last_event(
        self, chain: Chain, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def growing(*_: object) -> Iterator[Answer]:
            yield replace(asking.asked(chain, writer="quote"), writing="somebody")
            raise RuntimeError("secret insides")

        monkeypatch.setattr("rag.answer.answering", growing)
        told = client.post("/ask", json={"question": asking.COST_QUESTION}, headers={"Accept": EVENTS})
        assert [name for name, _ in events(told.text)] == ["growing", "error"]
        assert events(told.text)[-1][1] == {"error": OF_OURS}

    def test_a_name_that_points_here_from_elsewhere_is_turned_away(self, client: TestClient) -> None:
        told = client.get("/documents", headers={"Host": "rebound.example"})
        assert told.status_code == 400 and "localhost" in told.json()["error"]

    @pytest.mark.parametrize("kind", [{"Content-Type": "text/plain"}, {}])
    def test_a_page_of_others_can_not_ask_in_its_readers_name(self, client: TestClient, kind: dict[str, str]) -> None:
        """A browser sends such a question for any page, without asking us first whether it may."""
        told = client.post("/ask", content=b'{"question": "What?"}', headers=kind)
        assert told.status_code == 400 and told.json()["error"]

    def test_what_is_too_large_is_not_read(self, client: TestClient) -> None:
        told = client.post("/ask", json={"question": "x" * (LARGEST_BODY + 1)})
        assert told.status_code == 413

    def test_with_a_token_nobody_else_is_answered(self, chain: Chain) -> None:
        with TestClient(api_of(chain, "only-wé-know"), base_url=HOST) as client:

            def told(authorization: str) -> int:
                return client.get("/documents", headers={"Authorization": authorization.encode()}).status_code

            refused = client.get("/documents")
            assert refused.status_code == 401 and "FRACTIONAL_API_TOKEN" in refused.json()["error"]
            assert refused.headers["WWW-Authenticate"] == "Bearer"
            assert [told("Bearer wrong-tökén"), told("Bearer "), told("only-wé-know")] == [401, 401, 401]
            assert [told("Bearer only-wé-know"), told("bearer only-wé-know")] == [200, 200]
            assert client.get("/health").status_code == 200  # tells nothing of what is kept

    def test_more_than_can_be_answered_are_told_to_come_back(
        self, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ui.api.AT_ONCE", 1)
        goes_on = threading.Event()
        writer = ScriptedWriter("A ", goes_on)
        with served(asking.open_asking(library_to_ask, writer)) as address:
            asked = {"question": asking.COST_QUESTION}
            first = threading.Thread(target=httpx.post, args=(f"{address}/ask",), kwargs={"json": asked, "timeout": 30})
            first.start()
            assert waited(lambda: writer.asked == 1)
            told = httpx.post(f"{address}/ask", json=asked)
            assert told.status_code == 503 and told.headers["Retry-After"] and told.json()["error"]
            goes_on.set()
            first.join()
            assert httpx.post(f"{address}/ask", json={**asked, "writer": "quote"}).status_code == 200

    def test_a_port_that_is_taken_is_named_before_the_library_is_opened(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ui.commands.open_chain", lambda _: pytest.fail("opened"))
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            assert main(["api", "--port", str(port)]) == 1
        assert f"Port {port} can't be used" in capsys.readouterr().err
        assert main(["api", "--port", "70000"]) == 2


class TestGoingAway:
    """Whoever asked and left is not written for any longer, and what was checked so far is kept."""

    @pytest.mark.parametrize("accept", [EVENTS, "application/json"])
    def test_the_writer_stops(self, library_to_ask: Settings, accept: str) -> None:
        writer = ScriptedWriter(f"{asking.COST_PROSE} Most ", threading.Event())
        with served(asking.open_asking(library_to_ask, writer)) as address:
            asked = {"question": asking.COST_QUESTION, "conversation": "board"}
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{address}/ask", json=asked, headers={"Accept": accept}, timeout=1.0)
            assert writer.asked == 1 and writer.ended.wait(5)
            assert waited(lambda: len(asking.kept(library_to_ask)) == 1)
        assert "each month" in asking.kept(library_to_ask)[0]["answer"]

    def test_the_server_stops_while_it_answers(self, library_to_ask: Settings) -> None:
        writer = ScriptedWriter("A ", threading.Event())
        began = 0.0
        with served(asking.open_asking(library_to_ask, writer)) as address:
            asked = {"question": asking.COST_QUESTION}
            waits = threading.Thread(target=lambda: suppressed(httpx.post, f"{address}/ask", json=asked, timeout=60))
            waits.start()
            assert waited(lambda: writer.asked == 1)
            began = time.monotonic()
        assert writer.ended.wait(5) and time.monotonic() - began < 3 * ENDING_SECONDS
        waits.join(5)
        assert not waits.is_alive()


def test_models_that_do_not_load_are_told_by_health(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Chain) -> None:
        raise ModelError("The weights are gone. Set up again.")

    monkeypatch.setattr("rag.answer.warm", fails)
    with TestClient(api_of(chain), base_url=HOST) as client:
        assert waited(lambda: "error" in client.get("/health").json())
        told = client.get("/health")
    assert told.status_code == 503 and told.json() == {"ready": False, "error": "The weights are gone. Set up again."}


def test_until_the_models_are_loaded_health_says_so(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()
    monkeypatch.setattr("rag.answer.warm", lambda _: loaded.wait(10))
    with TestClient(api_of(chain), base_url=HOST) as client:
        early = client.get("/health")
        assert (early.status_code, early.json()["ready"]) == (503, False)
        loaded.set()
        assert waited(lambda: client.get("/health").status_code == 200)
        assert client.get("/health").json() == {"ready": True}


def test_many_ask_at_once_and_each_gets_its_own_answer(client: TestClient) -> None:
    told: dict[str, str] = {}

    def ask(question: str) -> None:
        told[question] = client.post("/ask", json={"question": question, "writer": "quote"}).json()["question"]

    questions = [f"{asking.COST_QUESTION} ({n})" for n in range(AT_ONCE // 2)]
    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert told == {question: question for question in questions}


@pytest.mark.slow
@pytest.mark.model
def test_the_command_serves_this_machine_alone_until_it_is_stopped(
    library: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRACTIONAL_API_TOKEN", " only-we-know\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "ui.command_line", "api", "--port", str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{port}"
        assert address in server.stdout.readline()
        asked = {"question": chat_library.COST_QUESTION}
        assert httpx.post(f"{address}/ask", json=asked, timeout=60).status_code == 401
        ours = {"Authorization": "Bearer only-we-know"}
        told = httpx.post(f"{address}/ask", json=asked, headers=ours, timeout=PATIENCE_SECONDS)
        assert chat_library.COST_QUOTE in told.json()["answer"]
        bound = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()
            if f":{port:04X} 00000000:0000 0A" in line
        ]
        assert bound == [f"0100007F:{port:04X}"]  # listening on loopback and nowhere else
    finally:
        server.terminate()
    assert server.wait(20) == 0
