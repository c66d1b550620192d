"""The preview: a figure of the same thing that differs and a denied statement are shown; whatever is merely similar is not."""

from __future__ import annotations

import pytest

from ingest.preview import Claim, Difference, figures_in, preview
from ingest.publish import Publisher
from tests.fakes import FakeEmbedder
from tests.library import document

LIBRARY = (
    document(
        "pricing",
        "## Retainers\n\nMost boutique retainers cost $9,000 a month in the first quarter.\n\n"
        "Onboarding workshops take six weeks in a regulated bank.\n",
    ),
    document(
        "pilots",
        "## Pilots\n\nA survey found that 40% of stalled chatbot pilots were revived by a new sponsor.\n\n"
        "Vendors publish their benchmark contracts before signature.\n",
    ),
    document("retainer", "A monthly fee.", kind="glossary", voice="house", title="Retainer", aliases=("MRF",)),
)


@pytest.fixture
def shown(publisher: Publisher, embedder: FakeEmbedder):  # type: ignore[no-untyped-def]
    publisher.publish({one.id: one for one in LIBRARY})

    def show(words: str, id: str = "new") -> tuple[Difference, ...]:
        return preview([document(id, words)], publisher.record, embedder)[id].contradicts

    return show


def test_another_figure_of_the_same_thing_is_shown_beside_ours(shown) -> None:  # type: ignore[no-untyped-def]
    """Two prices for one thing stood in the library, and the executive got whichever came first."""
    [found] = shown("In the first quarter most boutique retainers cost $12,000 a month.")
    assert (found.document, found.passage) == ("pricing", "Retainers")
    assert found.ours == "Most boutique retainers cost $9,000 a month in the first quarter."
    assert found.theirs == "In the first quarter most boutique retainers cost $12,000 a month."
    assert found.why.startswith("the library says $9,000, this says $12,000; both speak of ")


@pytest.mark.parametrize(
    "words",
    [
        "A survey found that 55 percent of stalled chatbot pilots were revived by a new sponsor.",
        "Onboarding workshops take eight weeks in a regulated bank.",
        "Vendors do not publish their benchmark contracts before signature.",
    ],
)
def test_shares_numbers_with_their_unit_and_denials_differ_too(shown, words: str) -> None:  # type: ignore[no-untyped-def]
    assert [found.theirs for found in shown(words)] == [words]


@pytest.mark.parametrize(
    "words",
    [
        "Most boutique retainers cost $9,000 a month in the first quarter.",  # the same
        "Most boutique retainers cost 9,000 dollars and $9k a month in the first quarter.",  # the same, in other figures
        "Most boutique retainers grew by 30% a month in the first quarter.",  # another kind of figure
        "A boutique hotel costs $200 a night.",  # another thing
        "Onboarding workshops take six weeks in a regulated bank, nobody knows why and everybody asks.",
        "Vendors seldom do without lawyers, and contracts are not all alike before a signature.",
    ],
)
def test_what_agrees_or_speaks_of_something_else_is_not_shown(shown, words: str) -> None:  # type: ignore[no-untyped-def]
    """An operator who is shown ten things of which one matters looks at none."""
    assert shown(words) == ()


def test_the_documents_own_earlier_text_is_no_contradiction(shown) -> None:  # type: ignore[no-untyped-def]
    assert shown("Most boutique retainers cost $12,000 a month in the first quarter.", id="pricing") == ()


def test_names_alone_make_no_common_subject(publisher: Publisher, embedder: FakeEmbedder) -> None:
    """All that one author says would contradict all else: prices of ten things, in the words of one shop."""
    common = {f"d{n}": document(f"d{n}", f"Firm {n} asks for a piece of it there.") for n in range(10)}
    publisher.publish({"a": document("a", "Example Author of Roe Partners asks $900 there."), **common})
    new = document("b", "Example Author of Roe Partners asks $500 there.")
    assert preview([new], publisher.record, embedder)["b"].contradicts == ()


def test_glossary_terms_are_found_by_all_their_names(publisher: Publisher, embedder: FakeEmbedder) -> None:
    """An abbreviation is one only as it is written: `IT` is not in "it"."""
    it = document("it", "Machines.", kind="glossary", voice="house", title="Information technology", aliases=("IT",))
    publisher.publish({one.id: one for one in (*LIBRARY, it)})

    def terms(words: str) -> tuple[str, ...]:
        return preview([document("new", words)], publisher.record, embedder)["new"].terms

    assert terms("We pay retainers.") == terms("The MRF is due.") == ("Retainer",)
    assert terms("It retains what it has.") == ()
    assert terms("IT, on a retainer.") == ("Information technology", "Retainer")


def test_figures_are_read_with_what_they_count() -> None:
    def read(words: str) -> list[tuple[str, str]]:
        return [(one.kind, one.value) for one in figures_in(words)]

    assert read("It costs $1.5m or 900 EUR") == [("money $", "1.5e+06"), ("number of eur", "900")]
    assert read("In 2026, 40% and forty percent of 12,000 firms") == [
        ("percent", "40"),
        ("number of percent", "40"),
        ("number of firm", "12000"),
    ]
    assert read("until 2 August 2026, six weeks") == [("date", "2 august 2026"), ("number of week", "6")]
    assert read("one of the two and a third") == []


def test_a_claims_subject_is_what_is_left_without_figures_and_denial() -> None:
    claim = Claim("It does not cost $900 a month.")
    assert claim.denies
    assert claim.subject == "It does cost a month."


def test_nothing_is_embedded_where_nothing_could_differ(publisher: Publisher, embedder: FakeEmbedder) -> None:
    """A thousand documents must not embed a thousand times a thousand sentences: words and figures decide what is compared."""
    publisher.publish({one.id: one for one in LIBRARY})
    embedder.seen.clear()
    preview([document("new", "Quite other words stand here.\n\nWe asked 12 firms.\n" * 50)], publisher.record, embedder)
    assert embedder.seen == []
