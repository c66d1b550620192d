"""Each rule of the library fails on a fault planted for it, and the library that ships has none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from corpus.check import check_library
from corpus.documents import Asked, Document, Holder, View, format_document
from corpus.library import write_file
from tests.library import document

TODAY = date(2026, 11, 21)
KEPT = {"owner": "library editor", "added": "2026-11-21", "review_by": "2027-11-21", "licence": "Apache-2.0"}


def words(count: int, start: int = 0) -> str:
    return " ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + start)}" for n in range(count)) + "."


def sound() -> dict[str, Document]:
    """A small library without a fault."""
    first = document(
        "first",
        f"{words(300)} The fee is $900. It says “we write code”.",
        voice="digest",
        source="One",
        read="whole",
        quotes=("we write code",),
        **KEPT,
    )
    second = document(
        "second",
        f"{words(300, 1)} It says “we only advise”.",
        voice="digest",
        source="Two",
        read="part",
        quotes=("we only advise",),
        **KEPT,
    )
    guide = document("guide", f"{words(600, 2)} One asks $900.", voice="house", rests_on=("first",), **KEPT)
    term = document(
        "term", words(80, 3), kind="glossary", voice="house", aliases=("T",), related=("other-term",), **KEPT
    )
    other = document("other-term", words(80, 4), kind="glossary", voice="house", **KEPT)
    views = (View("Yes", (Holder("first", "we write code"),)), View("No", (Holder("second", "we only advise"),)))
    position = document(
        "position", words(80, 5), kind="position", voice="house", question="Do they write code?", views=views, **KEPT
    )
    return {one.id: one for one in (first, second, guide, term, other, position)}


def faults(folder: Path, documents: dict[str, Document]) -> tuple[str, ...]:
    for one in documents.values():
        write_file(folder, one.path, format_document(one))
    return check_library(folder, TODAY).faults


def changed(id: str, **fields: object) -> Callable[[dict[str, Document]], None]:
    def plant(documents: dict[str, Document]) -> None:
        documents[id] = replace(documents[id], **fields)  # type: ignore[arg-type]

    return plant


def twice(documents: dict[str, Document]) -> None:
    documents["copy"] = replace(documents["first"], id="copy")


def test_a_sound_library_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, sound()) == ()


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (changed("term", related=("nowhere",)), "`related` names `nowhere`"),
        (changed("first", asked=(Asked("Nobody wrote this", ("Who?",)),)), "no sentence opens so"),
        (
            changed(
                "first",
                text=f"{words(300)} Twice it is. Twice it is. It says “we write code”. The fee is $900.",
                asked=(Asked("Twice it is", ("How often?",)),),
            ),
            "2 sentences open so",
        ),
        (changed("first", asked=(Asked("The fee is", ()),)), "gives no question for “The fee is”"),
        (
            changed("first", asked=(Asked("The fee is", ("How much?",)), Asked("It says", ("how much?",)))),
            "is asked twice",
        ),
        (changed("guide", rests_on=("nowhere",)), "`rests_on` names `nowhere`"),
        (changed("other-term", aliases=("T",)), "the name `T` also belongs to"),
        (changed("first", quotes=()), "is not among the `quotes` of first"),
        (changed("first", text=words(320)), "does not stand in the text of first"),
        (changed("second", text="Too short. “we only advise”"), "a digest has 250 to 700"),
        (changed("first", owner=""), "`owner` is empty"),
        (changed("first", read=""), "`read` does not say"),
        (changed("first", source=""), "neither `source` nor `author`"),
        (changed("guide", text=f"{words(600, 2)} One asks $950."), "the figure “$950"),
        (changed("term", review_by="2026-11-20"), "due for review since 2026-11-20"),
        (twice, "of its text also stands in"),
    ],
)
def test_a_planted_fault_is_named(tmp_path: Path, plant: Callable[[dict[str, Document]], None], said: str) -> None:
    documents = sound()
    plant(documents)
    found = faults(tmp_path, documents)
    assert any(said in fault for fault in found), found


def test_a_broken_file_is_a_fault_with_its_line(tmp_path: Path) -> None:
    write_file(tmp_path, "articles/broken.md", "---\nid: broken\nkind: essay\nvoice: house\ntitle: T\n---\n\nText.\n")
    (fault,) = check_library(tmp_path, TODAY).faults
    assert "broken.md:3" in fault and "Use one of" in fault


def test_the_library_that_ships_keeps_its_rules() -> None:
    report = check_library(Path(__file__).resolve().parents[2] / "corpus", TODAY)
    assert report.faults == ()
    assert int(report.report["digests"]) >= 60 and int(report.report["sources digested"]) >= 45
    assert int(report.report["house guides"]) >= 20 and int(report.report["glossary entries"]) >= 110
    assert int(report.report["positions"]) >= 25
