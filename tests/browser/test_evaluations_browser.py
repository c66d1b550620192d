"""The evaluations page in a real browser: figures and charts are seen, and a case that got worse shows both answers, on a wide screen and a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from corpus.settings import Settings
from evals.store import RunStore
from tests.browser.conftest import assert_fits, served, visit
from tests.evals.kept_runs import keep_run

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]


@pytest.fixture
def evaluated(browser: object, tmp_path: Path, models: Path) -> Iterator[tuple[str, Settings]]:
    with served(tmp_path, models) as (address, settings):
        yield address, settings


def test_from_nothing_measured_to_a_case_that_got_worse(
    evaluated: tuple[str, Settings], page: Page, tmp_path: Path
) -> None:
    """The charts were captions without anything below: Streamlit takes SVG out of what it shows."""
    address, settings = evaluated
    visit(page, address)
    page.get_by_role("link", name="Evaluations").click()
    page.get_by_text("Nothing was measured yet.").wait_for()
    assert_fits(page)

    store = RunStore(settings.home)
    keep_run(store, facts=[1] * 6, faithfulness=[1] * 6, answers=["Six to twelve months. [1]"] * 6)
    keep_run(
        store,
        facts=[0] + [1] * 5,
        faithfulness=[1] * 6,
        answers=["It depends. [1]"] + ["Six to twelve months. [1]"] * 5,
    )
    visit(page, address)
    page.get_by_role("link", name="Evaluations").click()
    page.get_by_role("heading", name="All key facts").wait_for()
    chart = page.get_by_role("img", name="All key facts")
    assert chart.evaluate("image => image.naturalWidth") > 0

    page.get_by_text("What does a retainer cost, 0?").first.click()
    expect(page.get_by_text("Six to twelve months. [1]").first).to_be_visible()
    expect(page.get_by_text("It depends. [1]").first).to_be_visible()
    assert_fits(page)
    page.screenshot(path=tmp_path / "evaluations.png")
