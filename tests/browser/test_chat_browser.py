"""The chat in a real browser: what a reader sees and can do; that a page asks nobody else; that no document acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import assert_fits, served, visit
from tests.ui import chat_library

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(browser: object, tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served"), models) as (address, _):
        yield address


def ask(page: Page, question: str) -> None:
    """Type a question and wait until its answer is whole."""
    before = page.locator(".fr-foot").count()
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(question)
    field.press("Enter")
    page.locator(".fr-foot").nth(before).wait_for()


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
    suggestions = page.locator(".st-key-suggestions button")
    expect(suggestions).to_have_count(4)  # one may be drawn before the one above it
    suggestion = suggestions.nth(1)
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
