"""The chat in a real browser: what a reader sees and can do; that a page asks nobody else; that no document acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from corpus.feedback import feedback
from corpus.record import Record
from corpus.settings import Settings
from tests.browser.conftest import assert_fits, served, visit
from tests.ui import chat_library

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]


ON_A_PHONE = pytest.mark.parametrize("page", ["phone dark"], indirect=True)
ONE_SIZE = pytest.mark.parametrize("page", ["wide light"], indirect=True)


@pytest.fixture(scope="module")
def serving(browser: object, tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[tuple[str, Settings]]:
    with served(tmp_path_factory.mktemp("served"), models) as serving:
        yield serving


@pytest.fixture
def address(serving: tuple[str, Settings]) -> str:
    return serving[0]


@pytest.fixture
def record(serving: tuple[str, Settings]) -> Iterator[Record]:
    opened = Record(serving[1].record_path)
    yield opened
    opened.close()


def ask(page: Page, question: str) -> None:
    """Type a question and wait until its answer is whole and the page at rest."""
    before = page.locator(".fr-foot").count()
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(question)
    field.press("Enter")
    page.locator(".fr-foot").nth(before).wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for()


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
    expect(page.get_by_role("heading", name="Practitioners differ: 2 views")).to_be_in_viewport()
    expect(page.locator(".fr-side")).to_have_count(2)
    expect(page.get_by_text("our digest")).to_be_visible()
    assert_fits(page)


def quoted_in(panel: Locator) -> str:
    return "".join(panel.locator("mark.fr-this").all_text_contents())


def test_a_number_opens_its_source_beside_the_answer(page: Page, address: str) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    expect(page.locator(".fr-badge")).to_contain_text("Answered from")
    number = page.locator(".fr-answer a.fr-cite").first
    number.click()
    panel = page.get_by_role("dialog", name="Source 1: What a fractional AI CTO costs")
    expect(panel).to_be_in_viewport()
    assert quoted_in(panel) == chat_library.COST_QUOTE
    expect(panel.locator("mark.fr-this")).to_be_in_viewport()
    for words in (
        "The price is set before the work begins.",
        "What a fractional AI CTO costs",
        "Example Author · Example Publisher · 2025-03-01",
        "sells what it describes",
    ):
        expect(panel).to_contain_text(words)
    assert_beside(page, panel)
    expect(page.locator(".fr-question")).to_have_count(1)  # opening a source asks nothing again
    link = panel.get_by_role("link", name="Read it at publisher.example")
    expect(link).to_have_attribute("href", "https://publisher.example/costs")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    start = chat_library.COSTS.text.index(chat_library.COST_QUOTE)
    expect(panel.get_by_role("link", name="Open the whole document")).to_have_attribute(
        "href", f"/library?document=field-notes-costs&start={start}&end={start + len(chat_library.COST_QUOTE)}"
    )
    assert_fits(page)
    page.get_by_role("button", name="Close the source").click()
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()


def assert_beside(page: Page, panel: Locator) -> None:
    """Beside the answer on a wide window, a sheet from below on a phone."""
    beside, answer = panel.bounding_box(), page.locator(".fr-answer").bounding_box()
    window = page.viewport_size
    assert beside and answer and window
    if window["width"] > 900:
        assert answer["x"] + answer["width"] <= beside["x"]
    else:
        assert (beside["x"], beside["width"]) == (0, window["width"]) and beside["height"] < window["height"] * 0.75
        assert beside["y"] + beside["height"] == window["height"]


@ON_A_PHONE
def test_another_number_shows_its_own_words(page: Page, address: str) -> None:
    """Two quotes of one source stand in one excerpt; both were highlighted."""
    visit(page, address)
    ask(page, "What does a fractional AI CTO cost and how many days a week?")
    panel = page.locator(".fr-panel")
    quotes = set()
    numbers = page.locator(".fr-answer a.fr-cite")
    for at in range(numbers.count()):
        numbers.nth(at).click(force=True)  # a sheet may lie over it
        quotes.add(quoted_in(panel))
        expect(panel.locator(".fr-passage:visible")).to_have_count(1)
        expect(panel.locator(".fr-whole:visible")).to_have_count(1)
        page.keyboard.press("Escape")
    assert chat_library.COST_QUOTE in quotes and len(quotes) > 1
    assert all(any(quote in one.text for one in chat_library.LIBRARY) for quote in quotes)


@ONE_SIZE
def test_a_source_is_read_without_a_mouse(page: Page, address: str) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    page.get_by_role("button", name="New conversation").focus()
    focused = "document.activeElement.className"
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "fr-cite":
            break
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Source 1")
    expect(panel).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close the source")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".fr-answer a.fr-cite").first).to_be_focused()


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
    ours = re.compile(r"#.*|/library\?document=[a-z-]+&start=\d+&end=\d+")
    leading = {address for address in addresses if not ours.fullmatch(address)}
    assert leading == {chat_library.HOSTILE.url}
    page.locator(".fr-answer a.fr-cite").first.click()
    panel = page.locator(".fr-panel")
    assert quoted_in(panel) == chat_library.HOSTILE_QUOTE
    assert panel.locator("script, img, style, iframe, b, i, strong, em, form, svg").count() == 0
    expect(page).to_have_title("Fractional")
    assert_fits(page)


@ONE_SIZE
def test_a_thumb_and_a_reason_land_in_the_record(page: Page, address: str, record: Record) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    page.get_by_test_id("stFeedback").get_by_role("radio").nth(1).click()
    reason = page.get_by_label("What was wrong with it?")
    reason.fill("The price is old.")
    reason.press("Enter")
    expect(page.locator(".fr-noted")).to_contain_text("Noted with your reason")
    said = feedback(record)[0]
    assert (said.question, said.good, said.reason) == (chat_library.COST_QUESTION, False, "The price is old.")
    assert said.conversation in page.url


@ONE_SIZE
def test_what_is_saved_holds_the_sources(page: Page, address: str, tmp_path: Path) -> None:
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    ask(page, chat_library.UNANSWERED_QUESTION)
    page.get_by_role("button", name="Save").last.click()
    for nth, label, ending in ((1, "As a page to print", "html"), (1, "As Markdown", "md")):
        with page.expect_download() as coming:
            page.get_by_role("button", name=label).nth(nth).click()
        kept = tmp_path / coming.value.suggested_filename
        coming.value.save_as(kept)
        assert kept.name == f"what-does-a-fractional-ai-cto-cost-per-month.{ending}"
        words = kept.read_text()
        for said in (chat_library.COST_QUOTE, "Example Publisher", "2025-03-01", "sells what it describes", "Sweden"):
            assert said in words, said
    saved = page.context.new_page()
    saved.goto((tmp_path / "what-does-a-fractional-ai-cto-cost-per-month.html").as_uri())
    expect(saved.get_by_role("heading", name="Sources")).to_be_visible()


@ONE_SIZE
def test_an_earlier_answer_is_saved_alone(page: Page, address: str, tmp_path: Path) -> None:
    """What its menu holds is made when it is opened."""
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    ask(page, chat_library.UNANSWERED_QUESTION)
    page.get_by_role("button", name="Save").first.click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="As Markdown").first.click()
    coming.value.save_as(tmp_path / "earlier.md")
    words = (tmp_path / "earlier.md").read_text()
    assert chat_library.COST_QUOTE in words and "Sweden" not in words


@ONE_SIZE
def test_an_answer_is_copied(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, address)
    ask(page, chat_library.COST_QUESTION)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"# {chat_library.COST_QUESTION}\n\n*Answered")


@ONE_SIZE
def test_two_readers_side_by_side_do_not_mix(page: Page, address: str, browser: Browser) -> None:
    beside = browser.new_context().new_page()
    visit(page, address), visit(beside, address)
    for reader, question in ((page, chat_library.COST_QUESTION), (beside, chat_library.AUDIT_QUESTION)):
        field = reader.get_by_test_id("stChatInputTextArea")
        field.fill(question)
        field.press("Enter")
    for reader, question in ((page, chat_library.COST_QUESTION), (beside, chat_library.AUDIT_QUESTION)):
        reader.locator(".fr-foot").wait_for()
        assert reader.locator(".fr-question").all_text_contents() == [question]
    assert page.url != beside.url
    beside.context.close()


@ON_A_PHONE
def test_conversations_are_found_named_and_deleted(page: Page, address: str, record: Record) -> None:
    visit(page, address)
    ask(page, chat_library.AUDIT_QUESTION)
    mine = page.url.partition("conversation=")[2]
    ask(page, "And for how long?")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Earlier conversations").click()
    window = page.get_by_role("dialog")
    row = window.locator(f".st-key-conversation-{mine}")
    expect(row).to_contain_text(f"{chat_library.AUDIT_QUESTION} ·")
    row.get_by_role("button", name="Rename").click()
    name = window.get_by_label("Name")
    name.fill("Before the audit")
    name.press("Enter")
    expect(row).to_contain_text("Before the audit")
    search = window.get_by_placeholder("Search questions and answers")
    search.fill("before audit")
    search.press("Enter")
    expect(window.locator("[class*=st-key-conversation-]")).to_have_count(1)
    assert_fits(page)
    row.get_by_role("button").first.click()
    expect(page.locator(".fr-question")).to_have_count(2)
    assert mine in page.url

    page.get_by_role("button", name="Conversations").click()
    row.get_by_role("button", name="Delete").click()
    expect(window).to_contain_text("with its 2 answers? This can’t be undone.")
    window.get_by_role("button", name="Delete it").click()
    expect(page.locator(".fr-question")).to_have_count(0)
    assert record.conversation(mine) == []


@ONE_SIZE
def test_a_link_lays_a_question_ready(page: Page, address: str) -> None:
    visit(page, f"{address}/?question=What%20does%20%3Cb%3Eit%3C%2Fb%3E%20cost%3F")
    expect(page.get_by_test_id("stChatInputTextArea")).to_have_value("What does <b>it</b> cost?")
    expect(page.locator(".st-key-suggestions button")).not_to_have_count(0)
    expect(page.locator(".fr-question")).to_have_count(0)
