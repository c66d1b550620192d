"""Looking things up in the library: by words, topic, voice, interest and year."""

from __future__ import annotations

from corpus.documents import Holder, View
from tests.library import document
from ui.library import catalogue
from ui.library.catalogue import Wanted

PRICES = document(
    "prices",
    "A retainer costs money. The price is agreed.",
    title="Prices",
    source="Example Ltd",
    tags=("pricing", "EU AI Act"),
    published="2025-03",
    sells="retainers",
)
RULES = document("rules", "A price is named once.", title="Rules", voice="digest", tags=("eu-ai-act", "due-diligence"))
TEAM = document("team", "Skill gathers where people sit together.", title="A team", voice="house", sells="not stated")


def found(wanted: Wanted) -> list[str]:
    return [one.id for one in catalogue.find((TEAM, RULES, PRICES), wanted)]


def test_without_anything_wanted_all_are_found_by_name() -> None:
    assert found(Wanted()) == ["team", "prices", "rules"]


def test_words_are_found_in_titles_first_and_then_where_they_stand_most_often() -> None:
    assert found(Wanted("PRICE")) == ["prices", "rules"]
    assert found(Wanted("price named")) == ["rules"]
    assert found(Wanted("example")) == ["prices"]
    assert found(Wanted("nowhere")) == []


def test_a_beginning_of_a_word_is_enough() -> None:
    assert found(Wanted("retain")) == ["prices"]


def test_a_topic_is_one_topic_however_it_is_written() -> None:
    assert found(Wanted(topic="EU AI Act")) == ["prices", "rules"]
    assert catalogue.topics((PRICES, RULES, TEAM)) == ["EU AI Act", "due diligence", "pricing"]


def test_voice_interest_and_year_narrow_it() -> None:
    assert found(Wanted(voice="digest")) == ["rules"]
    assert found(Wanted(interest=catalogue.SELLS)) == ["prices"]
    assert found(Wanted(interest=catalogue.SELLS_NOT)) == ["team", "rules"]
    assert found(Wanted(year="2025")) == ["prices"]
    assert found(Wanted(year=catalogue.UNDATED)) == ["team", "rules"]
    assert catalogue.years((PRICES, RULES)) == ["2025", catalogue.UNDATED]


def test_terms_stand_under_their_letters_and_what_is_no_letter_stands_first() -> None:
    terms = [
        document(id, kind="glossary", title=title) for id, title in (("b", "boot"), ("a", "Audit"), ("n", "5 whys"))
    ]
    letters = catalogue.by_initial(terms)
    assert {letter: [one.id for one in some] for letter, some in letters.items()} == {
        "0–9": ["n"],
        "A": ["a"],
        "B": ["b"],
    }
    assert list(letters) == ["0–9", "A", "B"]


def test_a_summary_is_the_first_sentence_or_that_with_the_words() -> None:
    assert catalogue.summary(PRICES) == "A retainer costs money."
    assert catalogue.summary(PRICES, "price agreed") == "The price is agreed."
    assert catalogue.summary(PRICES, "nowhere") == "A retainer costs money."


def test_a_text_without_sentences_is_its_own_summary() -> None:
    assert catalogue.summary(document("bare", "## Only a heading")) == "## Only a heading"


def test_numbers_that_name_no_passage_name_none() -> None:
    span = catalogue.passage_in(PRICES, "2", "10")
    assert span is not None
    assert span.of(PRICES.text) == "retainer"
    for start, end in (
        ("10", "2"),
        ("2", "2"),
        ("-1", "5"),
        ("x", "5"),
        ("", "5"),
        ("2", ""),
        ("٣", "9"),
        ("0", "9" * 40),
    ):
        assert catalogue.passage_in(PRICES, start, end) is None, (start, end)
    assert catalogue.passage_in(PRICES, "0", str(len(PRICES.text) + 1)) is None


def test_a_holders_words_are_found_whatever_their_case() -> None:
    span = catalogue.place_of("skill gathers.", TEAM)
    assert span is not None
    assert span.of(TEAM.text) == "Skill gathers"
    assert catalogue.place_of("never said", TEAM) is None


def test_a_position_is_found_from_those_who_hold_a_view() -> None:
    views = (View("Together", (Holder("team", "Skill gathers"),)), View("Apart", (Holder("rules", "named once"),)))
    position = document("where", kind="position", voice="house", question="Where?", views=views)
    library = {one.id: one for one in (TEAM, PRICES, position)}
    assert catalogue.positions_naming(TEAM, library) == [position]
    assert catalogue.positions_naming(PRICES, library) == []
