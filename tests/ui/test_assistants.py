"""An assistant asks the library instead of guessing: it gets words with their sources, and the data behind them."""

from __future__ import annotations

import os
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
    found = called(lambda: chain, "search", question=asking.COST_QUESTION, top=1).structured_content
    listed = called(lambda: chain, "list_documents").structured_content
    shown = called(lambda: chain, "show_document", document=asking.TEAM.id).structured_content
    assert found and [one["document"] for one in found["passages"]] == ["field-notes-costs"]
    assert listed and {one["id"] for one in listed["documents"]} == {one.id for one in asking.LIBRARY}
    assert shown and shown["text"] == asking.TEAM.text


def test_every_tool_says_that_it_only_reads_and_what_it_is_for(chain: Chain) -> None:
    async def use(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == {"ask", "search", "list_documents", "show_document"}
        assert all(tool.description and tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert client.instructions and "abstained" in client.instructions

    with_client(lambda: chain, use)


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("show_document", {"document": "nothing-like-it"}, "nothing-like-it"),
        ("ask", {"question": ""}, "question"),
        ("search", {"question": "What?", "top": 0}, "top"),
    ],
)
def test_what_goes_wrong_is_told_in_words(chain: Chain, tool: str, arguments: dict[str, Any], why: str) -> None:
    result = called(lambda: chain, tool, **arguments)
    assert result.is_error and why in words(result)


def test_a_library_that_can_not_be_opened_is_told_when_it_is_asked(environment: Settings) -> None:
    def fails() -> Chain:
        raise HomeError("The disk is full. Free some space.")

    result = called(fails, "ask", question="What?")
    assert result.is_error and "Free some space" in words(result)


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
def test_the_command_speaks_the_protocol_and_nothing_else(library: Settings) -> None:
    """Started as an assistant starts it, over a home that is not published yet: progress must not run into the protocol."""

    async def run() -> None:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "ui.command_line", "mcp"], env=dict(os.environ)
        )
        async with Client(stdio_client(command)) as client:
            result = await client.call_tool("ask", {"question": chat_library.COST_QUESTION})
            assert chat_library.COST_QUOTE in words(result)

    anyio.run(run)
