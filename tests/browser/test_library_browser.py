"""The library in a real browser: looked through, read, and opened at a passage; while the chat warms up, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import assert_fits, hold_up, served, visit, wait_until_held_up
from tests.ui import chat_library

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(browser: object, tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served"), models) as (address, _):
        yield address


def open_library(page: Page, address: str, query: str = "") -> Page:
    page.goto(f"{address}/library{query}")
    page.locator("h1, .fr-trouble").first.wait_for()
    return page


def asked_for(page: Page, name: str) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get(name, [])


def test_an_article_is_found_read_and_left_again(page: Page, address: str) -> None:
    visit(page, address).get_by_role("link", name="Library").click()
    expect(page.get_by_text("4 articles", exact=True)).to_be_visible()
    expect(page).to_have_title("Library · Fractional")
    assert_fits(page)
    page.get_by_label("Find by title or words").fill("retainer")
    expect(page.get_by_text("1 of 4 articles")).to_be_visible()  # while it is typed: nobody pressed a key more
    page.wait_for_function("document.location.search.includes('find=retainer')")
    page.get_by_role("link", name=chat_library.COSTS.title).click()
    expect(page.get_by_role("heading", name=chat_library.COSTS.title, level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="What it costs", level=2)).to_be_visible()
    expect(page.get_by_text("sells what it describes")).to_be_visible()
    link = page.get_by_role("link", name="Read it at publisher.example")
    assert link.get_attribute("href") == chat_library.COSTS.url
    expect(page).to_have_title(f"{chat_library.COSTS.title} · Fractional")
    assert_fits(page)

    page.go_back()
    expect(page.get_by_text("1 of 4 articles")).to_be_visible()  # what was looked for stands in the address
    expect(page.get_by_label("Find by title or words")).to_have_value("retainer")
    page.get_by_role("radio", name="Positions").click()
    expect(page.get_by_text("0 of 1 positions")).to_be_visible()
    assert asked_for(page, "part") == ["Positions"]


def test_a_passage_is_marked_and_in_sight(page: Page, address: str) -> None:
    """The address that each citation leads to: exactly these characters, and where they stand on the page."""
    text = chat_library.COSTS.text
    start = text.index("Most engagements")
    end = text.index(" Some end after")
    open_library(page, address, f"?document={chat_library.COSTS.id}&start={start}&end={end}")
    mark = page.locator("mark")
    expect(mark).to_have_text(text[start:end])
    expect(mark).to_be_in_viewport()
    expect(mark).to_be_focused()  # a screen reader goes on from here
    assert_fits(page)


def test_a_position_leads_to_the_words_of_those_who_hold_it(page: Page, address: str) -> None:
    open_library(page, address, "?part=Positions")
    page.get_by_role("link", name=chat_library.TEAM_QUESTION).click()
    page.get_by_role("link", name="Second Author (Centre Ltd)").click()
    expect(page.locator("mark")).to_have_text("skill gathers where people sit together")
    page.get_by_role("link", name=chat_library.TEAM_QUESTION).click()
    expect(page.get_by_role("heading", name="The views")).to_be_visible()


def test_the_way_back_to_the_list_is_the_pages_own_link(page: Page, address: str) -> None:
    open_library(page, address, f"?document={chat_library.COSTS.id}")
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_text("4 articles", exact=True)).to_be_visible()
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("heading", name="Fractional", exact=True).wait_for()


def test_a_document_that_is_not_there_gets_a_friendly_word(page: Page, address: str) -> None:
    open_library(page, address, "?document=never-heard-of")
    expect(page.get_by_role("alert")).to_contain_text("There is no such document in the library.")
    page.get_by_role("link", name="Look through the library").click()
    expect(page.get_by_text("4 articles", exact=True)).to_be_visible()


def test_a_hostile_document_is_text_and_nothing_more(page: Page, address: str) -> None:
    text = chat_library.HOSTILE.text
    open_library(page, address, f"?document={chat_library.HOSTILE.id}&start=0&end={len(text)}")
    expect(page.get_by_role("heading", level=1)).to_have_text(chat_library.HOSTILE_TITLE)
    drawn = page.locator(".fr-text")
    expect(drawn).to_contain_text("document.title='owned'")
    assert drawn.locator("script, img, style, iframe, b, a, form, svg").count() == 0
    expect(page).to_have_title(f"{chat_library.HOSTILE_TITLE} · Fractional")
    assert page.locator("[onclick], [onerror]").count() == 0
    assert_fits(page)


def test_the_keyboard_reaches_and_opens_a_document(page: Page, address: str) -> None:
    open_library(page, address)
    link = page.get_by_role("link", name=chat_library.COSTS.title)
    link.wait_for()
    for _ in range(40):
        if link.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=chat_library.COSTS.title, level=1)).to_be_visible()


def test_the_library_opens_while_the_chat_is_warming_up(
    browser: object, page: Page, tmp_path: Path, models: Path
) -> None:
    """As with the desk: what was on its way when the library was chosen arrived after it and led back to the chat."""
    with served(tmp_path, models) as (address, _):
        held_up = hold_up(page)
        visit(page, address)
        wait_until_held_up(page, held_up)
        page.get_by_role("link", name="Library").click()
        expect(page.get_by_text("4 articles", exact=True)).to_be_visible()
        page.wait_for_timeout(2_000)
        expect(page.get_by_text("4 articles", exact=True)).to_be_visible()
