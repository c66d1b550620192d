"""Other programs ask over HTTP: the same answers as everywhere, refusals in words, and nobody from elsewhere."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from corpus.errors import FractionalError
from corpus.settings import Settings
from rag.answer import Chain
from rag.answers import Answer
from rag.writers.port import Failed
from tests import asking
from tests.fakes import ScriptedWriter
from tests.ui import chat_library
from ui.api import AT_ONCE, LONGEST_QUESTION, api_of
from ui.serve import refuse_a_taken_port

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
    with TestClient(api_of(chain), base_url="http://localhost") as opened:
        yield opened


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
        assert told.status_code == 200
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
        told = client.post("/ask", json={"question": asking.COST_QUESTION}, headers={"Accept": "text/event-stream"})
        *growing, (last, whole) = events(told.text)
        assert {name for name, _ in growing} == {"growing"} and last == "answer"
        assert all(state["writing"] for _, state in growing) and not whole["writing"]
        assert any("each month" in one["text"] for one in whole["sentences"])

    def test_whoever_goes_away_while_it_grows_stops_the_writer(self, library_to_ask: Settings) -> None:
        from rag.answer import answering
        from ui.api import _events

        writer = ScriptedWriter(f"{asking.COST_PROSE} Most ", threading.Event())
        growing = answering(asking.open_asking(library_to_ask, writer), asking.COST_QUESTION)
        watched = _events(next(growing), growing)
        assert any("each month" in event for event in watched)
        watched.close()
        assert writer.ended.wait(10)


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
        assert told.status_code == 503 and "nobody" in told.json()["error"]

    def test_a_writer_asked_for_by_name_that_fails_is_told(self, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, ScriptedWriter(Failed("out of words")))
        with TestClient(api_of(chain), base_url="http://localhost") as client:
            asked = {"question": asking.COST_QUESTION, "writer": "scripted"}
            whole = client.post("/ask", json=asked)
            assert whole.status_code == 503 and "out of words" in whole.json()["error"]
            ((name, told),) = events(client.post("/ask", json=asked, headers={"Accept": "text/event-stream"}).text)[-1:]
            assert name == "error" and "out of words" in told["error"]

    def test_a_failure_of_ours_is_told_without_its_insides(self, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object) -> Answer:
            raise RuntimeError("secret insides")

        monkeypatch.setattr("rag.answer.search", fails)
        with TestClient(api_of(chain), base_url="http://localhost", raise_server_exceptions=False) as client:
            told = client.get("/search", params={"question": "What?"})
        assert told.status_code == 500 and "secret" not in told.text and told.json()["error"]

    def test_a_name_that_points_here_from_elsewhere_is_turned_away(self, client: TestClient) -> None:
        assert client.get("/documents", headers={"Host": "rebound.example"}).status_code == 400

    def test_pages_of_others_may_not_read(self, client: TestClient) -> None:
        told = client.get("/documents", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in told.headers

    def test_with_a_token_nobody_else_is_answered(self, chain: Chain) -> None:
        with TestClient(api_of(chain, "only-we-know"), base_url="http://localhost") as client:
            refused = [
                client.get("/documents"),
                client.get("/documents", headers={"Authorization": "Bearer wrong-tökén".encode()}),
            ]
            assert [told.status_code for told in refused] == [401, 401]
            assert "FRACTIONAL_API_TOKEN" in refused[0].json()["error"]
            assert client.get("/documents", headers={"Authorization": "Bearer only-we-know"}).status_code == 200
            assert client.get("/health").status_code == 200  # tells nothing of what is kept

    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(FractionalError, match=f"Port {port} is taken"):
                refuse_a_taken_port(port)


def test_until_the_models_are_loaded_health_says_so(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()
    monkeypatch.setattr("rag.answer.warm", lambda _: loaded.wait(10))
    with TestClient(api_of(chain), base_url="http://localhost") as client:
        early = client.get("/health")
        assert (early.status_code, early.json()["ready"]) == (503, False)
        loaded.set()
        until = time.monotonic() + 10
        while (late := client.get("/health")).status_code != 200 and time.monotonic() < until:
            time.sleep(0.01)
    assert late.json() == {"ready": True, "snapshot": 1}


def test_many_ask_at_once_and_each_gets_its_own_answer(client: TestClient) -> None:
    told: dict[str, str] = {}

    def ask(question: str) -> None:
        told[question] = client.post("/ask", json={"question": question, "writer": "quote"}).json()["question"]

    questions = [f"{asking.COST_QUESTION} ({n})" for n in range(AT_ONCE // 4)]
    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert told == {question: question for question in questions}


@pytest.mark.slow
@pytest.mark.model
def test_the_command_serves_until_it_is_stopped(library: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "ui.command_line", "api", "--port", str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert f"http://localhost:{port}" in server.stdout.readline()
        asked = urllib.request.Request(
            f"http://localhost:{port}/ask",
            json.dumps({"question": chat_library.COST_QUESTION}).encode(),
            {"Content-Type": "application/json"},
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as reply:
                    answer = json.load(reply)
                break
            except ConnectionError:
                assert time.monotonic() < until
            except urllib.error.URLError:  # the address is said just before it is listened to
                assert time.monotonic() < until
            time.sleep(0.1)
        assert chat_library.COST_QUOTE in answer["answer"]
    finally:
        server.terminate()
    assert server.wait(20) in (0, -15)
