"""A sentence that announces a list brings it, and a list that is not there is not made up."""

from corpus.text import read_blocks
from rag.lists import announced_by


def items(text: str, block: int = 0, sentence: int = 0) -> list[str] | None:
    announced = announced_by(text, block, sentence)
    return None if announced is None else [span.of(text) for _, span in announced.items]


def test_a_colon_brings_the_list() -> None:
    assert items("It works when:\n\n- there is an owner\n- there is time\n") == ["there is an owner", "there is time"]


def test_a_colon_without_a_list_is_missing_not_invented() -> None:
    text = "Some red flags we hear regularly:\n\n## What good looks like\n\nA good one says no.\n"
    announced = announced_by(text, 0, 0)
    assert announced is not None and announced.missing


def test_four_areas_bring_the_run_in_headings() -> None:
    text = "The work falls into four areas.\n\n" + "\n\n".join(
        f"**{name}.** More on it." for name in ("Strategy", "Vendors", "Teams", "Risk")
    )
    assert [item.split(".")[0].strip("*") for item in items(text) or []] == ["Strategy", "Vendors", "Teams", "Risk"]


def test_three_calls_bring_the_headings_below() -> None:
    text = "## Calls\n\nThree of these calls come up often.\n\n### Build or buy\n\nText.\n\n### Models\n\nText.\n\n### Governance\n\nText.\n"
    block = next(n for n, b in enumerate(read_blocks(text)) if b.kind == "paragraph")
    assert items(text, block) == ["Build or buy", "Models", "Governance"]


def test_an_ordinary_sentence_announces_nothing() -> None:
    assert announced_by("The role is part-time.\n\n- an unrelated list\n", 0, 0) is None


def test_a_measure_is_no_count_of_what_follows() -> None:
    """Days a week brought every heading of the guide below them."""
    text = "Plan for about two days a week over six months.\n\n## Hours\n\nText.\n\n## Length\n\nText.\n"
    assert announced_by(text, 0, 0) is None
