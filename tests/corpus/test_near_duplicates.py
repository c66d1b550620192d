"""Near-duplicates: every pair is found that comparing all pairs would find, and a thousand texts take a thousand steps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from corpus.library import read_library
from corpus.near_duplicates import DUPLICATE_SHARE, NearDuplicates, runs_of
from corpus.settings import CHECKOUT

WORDS = [
    f"{first}{second}" for first in "bcdfghklmnprstvw" for second in ("an", "ell", "ird", "oss", "ump", "ake", "ine")
]
GUIDES = CHECKOUT.parent / "shared" / "bench" / "ingest" / "guides"


def prose(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def found(texts: dict[str, str]) -> dict[tuple[str, str], float]:
    others = NearDuplicates()
    return {(one.document, id): one.similarity for id, text in texts.items() for one in others.add(id, text)}


def compared_one_by_one(texts: dict[str, str]) -> set[tuple[str, str]]:
    runs = {id: frozenset(runs_of(text).tolist()) for id, text in texts.items()}
    return {
        (one, other)
        for one, other in combinations(texts, 2)
        if len(runs[one] & runs[other]) >= DUPLICATE_SHARE * min(len(runs[one]), len(runs[other]))
    }


def test_a_short_text_within_a_long_one_is_found_whichever_came_first() -> None:
    """A glossary entry pasted into a report shares a hundredth of all their words, and all of its own."""
    dice = random.Random(1)
    for words in (25, 60, 200):
        for long in (2_000, 10_000):
            entry = prose(dice, words)
            report = f"{prose(dice, long // 2)} {entry} {prose(dice, long // 2)}"
            for texts in ({"entry": entry, "report": report}, {"report": report, "entry": entry}):
                assert list(found(texts).values()) == [1.0], (words, long)


def test_the_share_is_measured_on_the_shorter_text() -> None:
    """Estimated from the sample, it would be another figure for each sample, and the limit of one half a matter of luck."""
    dice = random.Random(2)
    shared, own, others = prose(dice, 300), prose(dice, 296), prose(dice, 900)
    texts = {"long": f"{others} {shared}", "half": f"{shared} {own}"}
    assert found(texts) == {("long", "half"): 0.5}  # 296 of 592 runs
    assert found({**texts, "half": f"{shared} {own} more"}) == {}
    assert NearDuplicates({"a": own}).add("a", own) == ()  # its own earlier text


def test_texts_without_five_words_or_without_any() -> None:
    """Texts in another script had no words at all, and were all the same."""
    assert found({"a": "Only three words", "b": "only THREE words!", "c": "three words only"}) == {("a", "b"): 1.0}
    assert found({"a": "…", "b": "!"}) == {}
    assert found({"a": "Одна мысль, и больше ничего здесь.", "b": "Совсем другая мысль, и нет общего."}) == {}


def excerpts(dice: random.Random) -> Iterator[tuple[str, str]]:
    """Long texts, copies with every twentieth word another, and short texts half of which stands in a long one."""
    for number in range(60):
        long = prose(dice, dice.randrange(300, 3_000))
        yield f"long-{number}", long
        yield f"copy-{number}", " ".join(dice.choice(WORDS) if not n % 20 else w for n, w in enumerate(long.split()))
        length = dice.randrange(60, 240)
        yield f"short-{number}", f"{prose(dice, length)} {' '.join(long.split()[50 : 60 + length])}"


@pytest.mark.slow
def test_every_pair_is_found_that_comparing_all_would_find() -> None:
    """What the bands of MinHash lose: a short text half of which stands in a long one."""
    texts = dict(excerpts(random.Random(3)))
    expected = compared_one_by_one(texts)
    assert len(expected) >= 120
    assert set(found(texts)) == expected


@pytest.mark.slow
def test_every_pair_of_the_library_and_of_real_guides_is_found() -> None:
    """Sentences of a trade are alike by chance, too: fewer than one pair of five hundred is measured."""
    texts = {id: one.text for id, one in read_library(CHECKOUT / "corpus").documents.items()}
    texts |= {f"guides/{path.stem}-{n}": path.read_text() for n, path in enumerate(sorted(GUIDES.rglob("*.md")))}
    others = NearDuplicates()
    pairs = {(one.document, id) for id, text in texts.items() for one in others.add(id, text)}
    assert pairs == compared_one_by_one(texts)
    assert others.measured < len(texts) ** 2 / 2 / 500
    if not GUIDES.is_dir():
        pytest.skip("the library's own pairs are found; the public guides are not here")


def pages(count: int) -> dict[str, str]:
    """Pages of a site: words of their own and a footer that all have; every tenth is a copy of the one before."""
    dice = random.Random(4)
    footer = prose(dice, 60)
    texts: list[str] = []
    for number in range(count):
        texts.append(texts[-1] if number % 10 == 9 else f"{prose(dice, 300)} {footer}")
    return {f"page-{number}": text for number, text in enumerate(texts)}


@pytest.mark.slow
def test_a_thousand_texts_take_a_thousand_steps() -> None:
    """Each new text was compared with every other: 4,000 pages with one footer meant eight million comparisons."""
    steps = {}
    for count in (500, 1_000):
        others = NearDuplicates()
        duplicates = [others.add(id, text) for id, text in pages(count).items()]
        assert sum(map(len, duplicates)) == count // 10
        steps[count] = others.measured
    assert steps[1_000] <= 2.2 * steps[500] + 50
    assert steps[1_000] < 5_000


def test_a_footer_that_every_page_has_is_looked_up_in_few_of_them() -> None:
    """The owners of such a run were as many as there are pages, and were gone through for each."""
    others = NearDuplicates(pages(1_000))
    assert max(map(len, others._owners.values())) == 200
