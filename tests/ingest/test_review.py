"""Reviewing: what is due is listed, and a page that says something else is told of until somebody has dealt with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from corpus.errors import InputRejected
from ingest.fetch import Original
from ingest.publish import Publisher
from ingest.review import Seen, due, look
from tests.library import document

TODAY = date(2026, 3, 1)
TOMORROW = date(2026, 3, 2)
PAGE = "https://example.com/page"
TEXT = "# Rates\n\nThe retainer costs nine thousand a month. It ends with notice.\n"


class Web:
    """Pages by address; an address without one can't be reached."""

    def __init__(self, **pages: str) -> None:
        self.pages = {f"https://example.com/{name}": text for name, text in pages.items()}

    def fetch(self, url: str) -> Original:
        if url not in self.pages:
            raise InputRejected(f"{url}: the server answers 404 (Not Found). Check the address.")
        return Original(".md", self.pages[url].encode(), url)


def test_documents_past_their_review_are_listed_the_longest_first() -> None:
    """Advice on what changed a year ago is worse than none; a day too early is only a list too long."""
    library = [
        document("late", review_by="2026-02-28"),
        document("later", review_by="2025-01-01"),
        document("today", review_by="2026-03-01"),
        document("soon", review_by="2026-03-15"),
        document("never"),
    ]
    assert [one.id for one in due(library, TODAY)] == ["later", "late"]
    assert [one.id for one in due(library, TODAY, days=15)] == ["later", "late", "today", "soon"]


def test_a_page_that_says_something_else_is_told_of_until_the_document_was_dealt_with(publisher: Publisher) -> None:
    """Told of once, a change is lost with the terminal's window."""
    record = publisher.record
    rates = document("rates", url=PAGE, review_by="2027-01-01")
    publisher.publish({"rates": rates})
    web = Web(page=TEXT)
    assert look(record, [rates], TODAY, web.fetch) == {"rates": Seen("first look")}
    web.pages[PAGE] = TEXT.replace(". It", ".\n\nIt")  # laid out anew
    assert look(record, [rates], TOMORROW, web.fetch) == {"rates": Seen("same", since="2026-03-01")}
    web.pages[PAGE] = TEXT.replace("nine", "twelve")
    for _ in range(2):
        assert look(record, [rates], TOMORROW, web.fetch) == {"rates": Seen("changed", since="2026-03-01")}
    dealt_with = replace(rates, review_by="2028-01-01")
    publisher.publish({"rates": dealt_with})
    assert look(record, [dealt_with], TOMORROW, web.fetch) == {"rates": Seen("first look")}
    assert look(record, [dealt_with], TOMORROW, web.fetch) == {"rates": Seen("same", since="2026-03-02")}


def test_a_page_that_cannot_be_reached_has_not_changed(publisher: Publisher) -> None:
    """A server that is down for a night must not send the operator through the whole library."""
    one, other = document("one", url=PAGE), document("other", url="https://example.com/other")
    web = Web(page=TEXT, other=TEXT)
    look(publisher.record, [one, other, document("no-address")], TODAY, web.fetch)
    del web.pages[PAGE]
    seen = look(publisher.record, [one, other], TOMORROW, web.fetch)
    assert seen["one"].page == "not reached"
    assert "answers 404" in seen["one"].reason
    assert seen["other"] == Seen("same", since="2026-03-01")
    web.pages[PAGE] = TEXT
    assert look(publisher.record, [one], TOMORROW, web.fetch)["one"].page == "same"
