"""Every page under axe-core: nothing that keeps somebody out, and nothing that makes it hard.

axe-core (MPL-2.0) is no part of this project: the registry's package is fetched once into a cache outside the checkout, and used only if
it is the one whose hash stands here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Page, expect

from corpus.settings import Settings
from tests.browser.conftest import served, visit
from tests.browser.test_chat_browser import ask
from tests.ui import chat_library
from ui.passphrase import Door

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

AXE = "axe-core@4.14.1"
# As the registry gives it for this version (`npm view`).
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
PASSPHRASE = "a lantern in the harbour"
WRONG = (
    "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    ".filter(one => ['serious', 'critical'].includes(one.impact))"
    ".flatMap(one => one.nodes.map(node => `${one.id} (${one.impact}): ${node.html.slice(0, 200)} ${node.any.map(a => a.message).join(' ')}`))"
)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script; where it can't be had, the tests are passed over, and say so."""
    kept = Path.home() / ".cache" / "fractional" / f"{AXE.replace('@', '-')}.tgz"
    try:
        package = kept.read_bytes() if _is_the_one(kept) else _fetched(kept)
    except (OSError, subprocess.SubprocessError) as error:
        words = f"No test looked at how accessible the pages are: {AXE} can't be had from the npm registry ({error})."
        warnings.warn(words, stacklevel=1)
        pytest.skip(words)
    with tarfile.open(fileobj=io.BytesIO(package)) as opened:
        script = opened.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def _is_the_one(package: Path) -> bool:
    return package.is_file() and hashlib.sha512(package.read_bytes()).digest() == base64.b64decode(AXE_SHA512)


def _fetched(kept: Path) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("there is no npm")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=kept.parent) as folder:
        command = [npm, "pack", AXE, "--silent", "--pack-destination", folder]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
        (package,) = Path(folder).glob("*.tgz")
        assert _is_the_one(package), f"the registry gave another {AXE} than the one whose hash stands in this test"
        return package.replace(kept).read_bytes()


@pytest.fixture(scope="module")
def library(browser: object, tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[tuple[str, Settings]]:
    with served(tmp_path_factory.mktemp("served"), models) as (address, settings):
        Door(settings.home).set(PASSPHRASE)
        yield address, settings


@pytest.fixture
def address(library: tuple[str, Settings]) -> str:
    return library[0]


def assert_accessible(page: Page, axe: str) -> None:
    page.locator("[data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(500)  # what fades in has no contrast yet
    page.evaluate(f"{axe}; null")
    assert page.evaluate(WRONG) == []


def test_what_is_wrong_is_found(page: Page, axe: str) -> None:
    """Nothing found means something only where something would be found."""
    page.set_content(
        '<html lang="en"><title>A</title><main><p style="color: #999; background: #fff">Pale</p><button></button></main>'
    )
    page.evaluate(f"{axe}; null")
    assert {one.split()[0] for one in page.evaluate(WRONG)} == {"color-contrast", "button-name"}


def test_the_first_page(page: Page, address: str, axe: str) -> None:
    visit(page, address)
    expect(page.locator(".st-key-suggestions button")).to_have_count(4)
    expect(page.get_by_text("Warming up")).to_have_count(0)
    assert_accessible(page, axe)


@pytest.mark.parametrize(
    "question", [chat_library.COST_QUESTION, chat_library.TEAM_QUESTION, chat_library.UNANSWERED_QUESTION]
)
def test_an_answer(page: Page, address: str, axe: str, question: str) -> None:
    visit(page, address)
    ask(page, question)
    assert_accessible(page, axe)


@pytest.mark.parametrize("part", ["Articles", "Glossary", "Positions"])
def test_the_list_of_the_library(page: Page, address: str, axe: str, part: str) -> None:
    page.goto(f"{address}/library?part={part}&find=a")
    page.locator(".fr-rows, .fr-nothing").first.wait_for()
    assert_accessible(page, axe)


@pytest.mark.parametrize(
    "named", [chat_library.COSTS.id, chat_library.POSITION.id, chat_library.HOSTILE.id, "not-there"]
)
def test_a_document_of_the_library(page: Page, address: str, axe: str, named: str) -> None:
    page.goto(f"{address}/library?document={named}&start=10&end=40")
    page.locator(".fr-text, .fr-trouble").first.wait_for()
    assert_accessible(page, axe)


def test_the_evaluations(page: Page, address: str, axe: str) -> None:
    visit(page, address).get_by_role("link", name="Evaluations").click()
    page.get_by_role("heading", level=1, name="Evaluations").wait_for()
    assert_accessible(page, axe)


def test_the_desk(page: Page, address: str, axe: str) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    page.get_by_test_id("stFeedback").get_by_role("radio").nth(1).click()
    page.get_by_label("What was wrong with it?").wait_for()
    visit(page, address).get_by_role("link", name="Operator’s desk").click()
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    assert_accessible(page, axe)
    page.get_by_role("button", name="Unlock").click()
    for part in ("Add", "Library", "Quarantine", "History", "Questions", "Readers", "Reviews"):
        page.get_by_role("radio", name=part, exact=True).click()
        assert_accessible(page, axe)
