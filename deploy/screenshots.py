"""Pictures of every page, for the README: wide and on a phone, light and dark. Run by `make screenshots`; with names, those pages alone.

The library is published and asked in a home of its own, so that nothing a reader asked is in a picture. Needs Debian's `chromium`.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screenshots"
SIZES = {"wide": (1200, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
# These pages hold text in few colours; a repository keeps every version of every picture.
COLOURS = 128
LARGEST_BYTES = 150_000
PATIENCE_MILLISECONDS = 120_000
QUESTION = "What must a vendor contract for AI say about our data?"
DIFFERING = "Should we pay a fractional AI leader by retainer, by the hour or at a fixed fee?"
ARTICLE = "betz-software-economics-of-fractional-ai-cto"
PASSPHRASE = "for these pictures alone"
CASES_ASKED = "40"


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("There is no `chromium` on this machine. Install it (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    with TemporaryDirectory() as home:
        print("Publishing the library in a home of its own …", file=sys.stderr)
        run(home, "publish")
        run(home, "passphrase", words=PASSPHRASE)
        print(f"Asking {CASES_ASKED} golden questions for the page of evaluations …", file=sys.stderr)
        run(home, "eval", "run", "--sample", CASES_ASKED)
        take_all(home, chromium, sys.argv[1:] or list(PAGES))
    return 0


def run(home: str, *command: str, words: str = "") -> None:
    subprocess.run(
        [sys.executable, "-m", "ui.command_line", *command, "--json"],
        cwd=ROOT,
        env={**os.environ, "FRACTIONAL_HOME": home},
        input=words,
        text=True,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def take_all(home: str, chromium: str, names: Sequence[str]) -> None:
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(parents=True, exist_ok=True)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with served(home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for name in names:  # the first page before anybody has asked
            for size in SIZES:
                for scheme in SCHEMES:
                    take(browser, address, name, size, scheme)
        browser.close()


@contextmanager
def served(home: str) -> Iterator[str]:
    """Where the pages are served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ui.command_line", "serve", "--port", str(port)]
    environment = {**os.environ, "FRACTIONAL_HOME": home}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        if "http://" not in server.stdout.readline():
            raise RuntimeError("The pages were not served; what went wrong stands above.")
        yield f"http://localhost:{port}"
    finally:
        server.terminate()  # an interrupt is not heard by what was started in the background
        server.wait(timeout=20)


def take(browser: Browser, address: str, name: str, size: str, scheme: str) -> None:
    """One page, as a visitor of its own sees it."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    PAGES[name](page, address)
    page.locator("[data-test-script-state=notRunning]").wait_for()
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(700)  # what fades in
    keep(page.screenshot(), PICTURES / f"{name}-{size}-{scheme}.png")
    context.close()


def show_first_page(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".st-key-suggestions button").nth(3).wait_for()
    page.get_by_text("Warming up").wait_for(state="detached")


def show_answer(page: Page, address: str) -> None:
    ask(page, address, QUESTION)


def ask(page: Page, address: str, question: str) -> None:
    page.goto(address)
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(question)
    field.press("Enter")
    page.locator(".fr-foot").wait_for()


def show_source(page: Page, address: str) -> None:
    show_answer(page, address)
    page.locator(".fr-answer a.fr-cite").first.click()
    page.locator(".fr-panel mark:visible").first.wait_for()


def show_sides(page: Page, address: str) -> None:
    ask(page, address, DIFFERING)
    page.locator(".fr-side").first.wait_for()


def show_library(page: Page, address: str) -> None:
    page.goto(f"{address}/library?find=pilot")
    page.locator(".fr-rows").wait_for()


def show_document(page: Page, address: str) -> None:
    page.goto(f"{address}/library?document={ARTICLE}")
    page.locator(".fr-text").wait_for()


def show_desk(page: Page, address: str) -> None:
    page.goto(f"{address}/?desk=")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    page.get_by_role("radio", name="Library", exact=True).click()
    page.locator(".st-key-documents").wait_for()


def show_evaluations(page: Page, address: str) -> None:
    page.goto(f"{address}/?evaluations=")
    page.get_by_text("Right verdict").first.wait_for()


PAGES: dict[str, Callable[[Page, str], None]] = {
    "ask": show_first_page,
    "answer": show_answer,
    "source": show_source,
    "sides": show_sides,
    "library": show_library,
    "document": show_document,
    "desk": show_desk,
    "evaluations": show_evaluations,
}


def keep(picture: bytes, path: Path) -> None:
    from PIL import Image

    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    if path.stat().st_size > LARGEST_BYTES:
        raise RuntimeError(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}.")


if __name__ == "__main__":
    raise SystemExit(main())
