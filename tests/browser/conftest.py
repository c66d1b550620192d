"""A browser, a served library, and pages that must stay without errors and ask nobody outside this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, WebSocketRoute, expect, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg

from corpus.embedder import BUNDLED_NAME
from corpus.settings import CHECKOUT, Settings
from tests.ui import chat_library

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# The first start publishes the library; the first question waits for the models.
PATIENCE_SECONDS = 120
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture(scope="package")  # beyond it, its event loop would keep others from running theirs
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        words = (
            "No test looked at the pages in a browser: there is no `chromium` on this machine. Install it to run them."
        )
        warnings.warn(words, stacklevel=1)
        pytest.skip(words)
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)  # the machine is shared
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@contextmanager
def served(folder: Path, models: Path) -> Iterator[tuple[str, Settings]]:
    """Where the pages are served over the small library, by the command that people use."""
    settings = Settings(folder / "home", models, folder / "corpus", BUNDLED_NAME)
    chat_library.publish(settings)
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
        yield f"http://localhost:{port}", settings
    finally:
        server.terminate()  # an interrupt is not heard by what was started in the background
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
    opened.on("console", lambda message: wrong.append(message.text) if _is_wrong(message) else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda asked: wrong.append(asked.url) if _is_outside(asked.url) else None)
    yield opened
    context.close()
    assert wrong == []


def _is_wrong(message: ConsoleMessage) -> bool:
    """Opened below the first page, Streamlit looks for its server there before it finds it; that is no error of ours."""
    looks_for_server = urlsplit(message.location["url"]).path.startswith("/library/_stcore/")
    return message.type == "error" and not looks_for_server


def _is_outside(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname != "localhost"


def visit(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("heading", name="Fractional", exact=True).wait_for()
    return page


def assert_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    for element in ("html", "[data-testid=stMain]"):
        wide, window = page.locator(element).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= window, f"{element} is {wide} wide in a window of {window}"


def hold_up(page: Page) -> list[str | bytes]:
    """Whenever something else is chosen, the chat's last asking for itself arrives once more, after it. What is returned holds it."""
    held_up: list[str | bytes] = []

    def pass_on(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            server.send(message)
            asked = BackMsg.FromString(message if isinstance(message, bytes) else message.encode())
            if asked.rerun_script.is_auto_rerun:
                held_up[:] = [message]
            elif asked.HasField("rerun_script") and held_up:
                server.send(held_up[0])

        socket.on_message(to_server)

    page.route_web_socket("**/_stcore/stream", pass_on)
    return held_up


def wait_until_held_up(page: Page, held_up: list[str | bytes]) -> None:
    while not held_up:
        assert page.get_by_text("Warming up").count() or not page.locator(".st-key-suggestions button").count()
        page.wait_for_timeout(50)
