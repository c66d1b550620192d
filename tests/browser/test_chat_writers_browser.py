"""The chat in a real browser with a writer behind an address: slow, stopped, broken, and asked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from corpus.record import Record
from tests import writer_server
from tests.browser.conftest import served, visit
from tests.browser.test_chat_browser import ONE_SIZE, ask
from tests.ui import chat_library
from tests.writer_server import Exchange, WriterServer

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow, ONE_SIZE]

PROSE = "Expect a fractional AI CTO to cost between 6,000 and 12,000 dollars a month"
WRITERS = """auto = ["gateway", "quote"]
[gateway]
kind = "openai"
model = "scripted-1"
address = "{address}"
"""


def slowly(exchange: Exchange) -> None:
    """One good sentence, and then a word now and then, for ever."""
    exchange.begin()
    exchange.write(f"{PROSE} [1]. Some ")
    while exchange.still_wanted():
        exchange.write("engagements ")


@pytest.fixture(scope="module")
def gateway() -> Iterator[WriterServer]:
    with writer_server.serving(slowly) as server:
        yield server


@pytest.fixture(scope="module")
def home(
    browser: object, gateway: WriterServer, tmp_path_factory: pytest.TempPathFactory, models: Path
) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "home").mkdir()
    (folder / "home" / "writers.toml").write_text(WRITERS.format(address=gateway.address))
    with served(folder, models) as (address, settings):
        yield address, settings.record_path


@pytest.fixture
def address(home: tuple[str, Path], gateway: WriterServer) -> str:
    """The gateway is well again, and nobody remembers that it was not."""
    gateway.behave = writer_server.writing([f"{PROSE} [1]."])
    record = Record(home[1])
    with record.writing() as connection:
        connection.execute("DELETE FROM resting")
        connection.execute("UPDATE answers SET key = ''")
    record.close()
    return home[0]


def test_stop_ends_the_writer_and_keeps_what_was_checked(page: Page, address: str, gateway: WriterServer) -> None:
    gateway.behave = slowly
    gateway.gone.clear()
    visit(page, address)
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(chat_library.COST_QUESTION)
    field.press("Enter")
    expect(page.locator(".fr-answer")).to_contain_text(PROSE)
    expect(page.locator(".fr-writing")).to_contain_text("gateway is writing")
    number = page.locator(".fr-answer a.fr-cite").first
    number.click()  # a source can be read meanwhile
    expect(page.get_by_role("dialog", name="Source 1")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".fr-stepped")).to_have_text("Stopped before it was whole; what stands here has been checked.")
    expect(page.locator(".fr-answer")).to_contain_text(PROSE)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert gateway.gone.wait(5)
    page.reload()
    expect(page.locator(".fr-answer")).to_contain_text(PROSE)


def place_of(drawn: Locator) -> tuple[float, float]:
    """Where it stands; in the moment in which it is drawn anew it has no place."""
    for _ in range(50):
        if box := drawn.bounding_box():
            return box["x"], box["y"]
        drawn.page.wait_for_timeout(20)
    raise AssertionError("it is not drawn")


def test_nothing_moves_while_an_answer_grows(page: Page, address: str, gateway: WriterServer) -> None:
    """The line that says who is writing stood above the answer, which jumped when it went."""
    gateway.behave = slowly
    visit(page, address)
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(chat_library.COST_QUESTION)
    field.press("Enter")
    answer = page.locator(".fr-answer")
    answer.wait_for()
    first = place_of(answer)
    expect(answer).to_contain_text(PROSE)
    grown = place_of(answer)
    gateway.behave = writer_server.writing([f"{PROSE} [1]."])
    assert first == grown
    page.get_by_role("button", name="Stop").click()
    page.locator(".fr-stepped").wait_for()


def test_a_writer_that_fails_is_named_with_the_reason(page: Page, address: str, gateway: WriterServer) -> None:
    gateway.behave = lambda exchange: exchange.refuse(400, "no such model")
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    expect(page.locator(".fr-stepped")).to_contain_text("gateway stepped aside:")
    expect(page.locator(".fr-stepped")).to_contain_text("The answer is in the sources’ own sentences instead.")
    expect(page.locator(".fr-answer")).to_contain_text(chat_library.COST_QUOTE)


def test_trying_again_asks_the_writer_again(page: Page, address: str, gateway: WriterServer) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    expect(page.locator(".fr-answer")).to_contain_text(PROSE)
    before = gateway.requests
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.wait_for_timeout(200)
    page.locator("[data-test-script-state=notRunning]").wait_for()
    assert gateway.requests == before + 1
    expect(page.locator(".fr-question")).to_have_count(1)
    expect(page.locator(".fr-foot")).not_to_contain_text("as answered before")
