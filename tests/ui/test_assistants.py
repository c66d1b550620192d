"""An assistant asks the library instead of guessing: it gets words with their sources, and the data behind them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent

from corpus.errors import HomeError
from corpus.settings import Settings
from rag.answer import Chain
from tests import asking
from tests.fakes import ScriptedWriter
from tests.library import write
from tests.ui import chat_library
from ui.assistants import assistant_server


@pytest.fixture(autouse=True)
def no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model."""
    monkeypatch.setattr("rag.answer.warm", lambda _: None)


@pytest.fixture
def chain(library_to_ask: Settings) -> Chain:
    return asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE))


def with_client(open_chain: Callable[[], Chain], use: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Client(assistant_server(open_chain)) as client:
            await use(client)

    anyio.run(run)


def called(open_chain: Callable[[], Chain], tool: str, **arguments: Any) -> CallToolResult:
    results: list[CallToolResult] = []

    async def use(client: Client) -> None:
        results.append(await client.call_tool(tool, arguments))

    with_client(open_chain, use)
    return results[0]


def words(result: CallToolResult) -> str:
    return "\n".join(one.text for one in result.content if isinstance(one, TextContent))


def test_an_answer_comes_in_words_with_its_sources_and_as_data(chain: Chain) -> None:
    result = called(lambda: chain, "ask", question=asking.COST_QUESTION)
    assert asking.COST_QUOTE in words(result) and "Example Author" in words(result)
    assert result.structured_content is not None
    (cited, *_) = result.structured_content["citations"]
    text = chain.index.record.document(cited["document"]).text
    assert text[cited["start"] : cited["end"]] == cited["quote"]


def test_the_assistant_writes_the_prose_itself(chain: Chain) -> None:
    result = called(lambda: chain, "ask", question=asking.COST_QUESTION)
    assert result.structured_content is not None and result.structured_content["writer"] == "quote"


def test_what_the_library_does_not_say_is_said_so(chain: Chain) -> None:
    result = called(lambda: chain, "ask", question="Who is the king of Sweden?")
    assert "abstained" in words(result) and not result.is_error


def test_passages_lists_and_documents(chain: Chain) -> None:
    assert "1. field-notes-costs" in words(called(lambda: chain, "search", question=asking.COST_QUESTION, top=1))
    listed = called(lambda: chain, "list_documents")
    assert {line.split(" · ")[0] for line in words(listed).splitlines()} == {one.id for one in asking.LIBRARY}
    assert listed.structured_content is None  # said once, assistants have little room
    shown = words(called(lambda: chain, "show_document", document=asking.TEAM.id))
    assert asking.TEAM.text in shown and "Second Author" in shown


def test_every_tool_says_what_it_is_for_and_what_it_keeps(chain: Chain) -> None:
    async def use(client: Client) -> None:
        tools = (await client.list_tools()).tools
        reads = {tool.name: bool(tool.annotations and tool.annotations.read_only_hint) for tool in tools}
        assert reads == {"ask": False, "search": True, "list_documents": True, "show_document": True}
        assert all(tool.description for tool in tools)
        assert client.instructions and "abstained" in client.instructions

    with_client(lambda: chain, use)


def test_nobody_goes_on_with_what_somebody_else_asked_under_the_same_name(chain: Chain) -> None:
    asking.asked(chain, asking.COST_QUESTION, "board", "quote")
    further: list[str] = []

    async def use(client: Client) -> None:
        for question in ("And how long does it last?", asking.COST_QUESTION, "And how long does it last?"):
            result = await client.call_tool("ask", {"question": question, "conversation": "board"})
            assert result.structured_content
            further.append(result.structured_content["standalone_question"])

    with_client(lambda: chain, use)
    assert "fractional AI CTO" not in further[0] and "fractional AI CTO" in further[2]


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("show_document", {"document": "nothing-like-it"}, "nothing-like-it"),
        ("ask", {"question": "  "}, "question"),
        ("search", {"question": "What?", "top": 0}, "top"),
    ],
)
def test_what_goes_wrong_is_told_in_words(chain: Chain, tool: str, arguments: dict[str, Any], why: str) -> None:
    result = called(lambda: chain, tool, **arguments)
    assert result.is_error and why in words(result)


def test_a_library_that_can_not_be_opened_is_told_and_opened_again_at_the_next_call(chain: Chain) -> None:
    full = [True, True]  # for who opens it in the background, and for the first call

    def opens() -> Chain:
        if full:
            full.pop()
            raise HomeError("The disk is full. Free some space.")
        return chain

    async def use(client: Client) -> None:
        while len(full) == 2:
            await anyio.sleep(0.01)
        first = await client.call_tool("ask", {"question": asking.COST_QUESTION})
        assert first.is_error and "Free some space" in words(first)
        assert not (await client.call_tool("ask", {"question": asking.COST_QUESTION})).is_error

    with_client(opens, use)


def test_it_says_hello_before_the_library_is_open(chain: Chain) -> None:
    opened = threading.Event()

    def slowly() -> Chain:
        assert opened.wait(10)
        return chain

    async def use(client: Client) -> None:
        assert (await client.list_tools()).tools
        opened.set()
        assert not (await client.call_tool("list_documents", {})).is_error

    with_client(slowly, use)


@pytest.mark.slow
@pytest.mark.model
def test_the_command_speaks_the_protocol_and_nothing_else(environment: Settings) -> None:
    """Started as an assistant starts it, over a home where nothing is published yet."""
    write(environment, chat_library.COSTS)

    async def run() -> None:
        arguments = ["-m", "ui.command_line", "mcp"]
        command = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
        async with Client(stdio_client(command)) as client:
            result = await client.call_tool("ask", {"question": chat_library.COST_QUESTION})
            assert chat_library.COST_QUOTE in words(result)

    anyio.run(run)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_though_the_assistant_still_listens(library: Settings, number: signal.Signals) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "ui.command_line", "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin is not None and server.stdout is not None
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    server.stdin.write(json.dumps(request).encode() + b"\n")
    server.stdin.flush()
    assert json.loads(server.stdout.readline())["result"]["serverInfo"]["name"] == "fractional"
    server.send_signal(number)
    assert server.wait(10) == 0
