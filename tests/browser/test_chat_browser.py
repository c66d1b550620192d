"""The chat in a real browser: what a reader sees and can do; that a page asks nobody else; that no document acts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from corpus.embedder import BUNDLED_NAME
from corpus.settings import CHECKOUT, Settings
from tests.library import write
from tests.ui import chat_library

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# The first start publishes the library; the first question waits for the models.
PATIENCE_SECONDS = 120
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        words = (
            "No test looked at the chat in a browser: there is no `chromium` on this machine. Install it to run them."
        )
        warnings.warn(words, stacklevel=1)
        pytest.skip(words)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    """Where the chat is served over the small library, by the command that people use."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(folder / "home", models, folder / "corpus", BUNDLED_NAME)
    write(settings, *chat_library.LIBRARY)
    places = {"FRACTIONAL_HOME": settings.home, "FRACTIONAL_CORPUS": settings.corpus, "FRACTIONAL_MODELS": models}
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "ui.command_line", "serve", "--port", str(port)],
        cwd=CHECKOUT,
        env={**os.environ, **{name: str(place) for name, place in places.items()}},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        assert f"http://localhost:{port}" in said, "the server ended without a word"
        yield f"http://localhost:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["wide light", "phone dark"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of its own; its console must stay without errors, and nothing outside this machine may be asked for."""
    size, scheme = request.param.split()
    context = browser.new_context(viewport=WIDE if size == "wide" else PHONE, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    opened, wrong = context.new_page(), []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda asked: wrong.append(asked.url) if _is_outside(asked.url) else None)
    yield opened
    context.close()
    assert wrong == []


def _is_outside(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname != "localhost"


def visit(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("heading", name="Fractional", exact=True).wait_for()
    return page


def ask(page: Page, question: str) -> None:
    """Type a question and wait until its answer is whole."""
    before = page.locator(".fr-foot").count()
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(question)
    field.press("Enter")
    page.locator(".fr-foot").nth(before).wait_for()


def assert_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    for element in ("html", "[data-testid=stMain]"):
        wide, window = page.locator(element).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= window, f"{element} is {wide} wide in a window of {window}"


def words_of(place: Locator) -> str:
    return (place.text_content() or "").replace("\u2060", "")


def test_a_first_visit_says_what_this_is_and_what_to_ask(page: Page, address: str) -> None:
    visit(page, address)
    expect(page.get_by_text("every sentence with its source")).to_be_visible()
    expect(page.get_by_placeholder("Ask about fractional AI CTO work")).to_be_visible()
    suggestions = page.locator(".st-key-suggestions button")
    expect(suggestions).to_have_count(4)
    assert words_of(suggestions.nth(0)) == chat_library.TEAM_QUESTION
    expect(page.get_by_text("Warming up")).to_have_count(0)
    assert_fits(page)


def test_a_suggested_question_is_answered_with_its_sides_and_sources(page: Page, address: str) -> None:
    visit(page, address)
    page.get_by_role("button", name=chat_library.TEAM_QUESTION).click()
    page.locator(".fr-foot").wait_for()
    expect(page.get_by_role("heading", name=chat_library.TEAM_QUESTION)).to_be_in_viewport()
    expect(page.locator(".st-key-suggestions")).to_have_count(0)
    expect(page.get_by_role("heading", name="Practitioners differ")).to_be_visible()
    expect(page.locator(".fr-side")).to_have_count(2)
    expect(page.get_by_text("our digest")).to_be_visible()
    assert_fits(page)


def test_each_number_leads_to_its_quote(page: Page, address: str) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    expect(page.locator(".fr-badge")).to_contain_text("Answered from")
    number = page.locator(".fr-answer a.fr-cite").first
    place = page.locator(number.get_attribute("href") or "")
    number.click()
    expect(place).to_be_in_viewport()
    expect(page.locator("mark", has_text=chat_library.COST_QUOTE)).to_be_visible()
    expect(page.locator(".fr-question")).to_have_count(1)  # following a number asks nothing again
    link = page.get_by_role("link", name="Read it at publisher.example")
    expect(link).to_have_attribute("href", "https://publisher.example/costs")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_a_conversation_goes_on_is_kept_and_ends(page: Page, address: str) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    ask(page, "And for how long?")
    expect(page.locator(".fr-understood")).to_contain_text("Understood as “And for how long?”")
    ask(page, chat_library.UNANSWERED_QUESTION)
    last = page.get_by_role("heading", name=chat_library.UNANSWERED_QUESTION)
    expect(last).to_be_in_viewport()  # read from the start, not from the end
    expect(page.get_by_text("Not in the library")).to_be_visible()
    expect(page.get_by_placeholder("Ask about fractional AI CTO work")).to_be_in_viewport()
    assert_fits(page)

    page.reload()
    last.wait_for()
    questions = page.locator(".fr-question").all_text_contents()
    assert questions == [chat_library.COST_QUESTION, "And for how long?", chat_library.UNANSWERED_QUESTION]

    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".st-key-suggestions button")).to_have_count(4)
    assert "conversation" not in page.url
    expect(page.locator(".fr-question")).to_have_count(0)


def test_a_hostile_document_is_text_and_nothing_more(page: Page, address: str) -> None:
    visit(page, address)
    suggestion = page.locator(".st-key-suggestions button").nth(1)
    assert words_of(suggestion) == chat_library.HOSTILE_TITLE
    assert suggestion.locator("b, strong, a, img, .katex, [data-testid=stIconMaterial]").count() == 0
    ask(page, chat_library.AUDIT_QUESTION)
    assert chat_library.HOSTILE_QUOTE in page.locator("mark").all_text_contents()
    drawn = page.locator(".fr-answer, .fr-sources")
    assert drawn.locator("script, img, style, iframe, b, i, strong, em, form, svg").count() == 0
    addresses = drawn.locator("a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert {address for address in addresses if not address.startswith("#")} == {chat_library.HOSTILE.url}
    expect(page).to_have_title("Fractional")
    assert_fits(page)
