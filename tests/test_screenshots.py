"""The pictures in the README: those that are named are there, and none is large or left over."""

from __future__ import annotations

import re

from corpus.settings import CHECKOUT
from deploy.screenshots import LARGEST_BYTES, PAGES, PICTURES, SCHEMES, SIZES


def test_each_page_has_its_pictures_and_none_is_left_over() -> None:
    """A page that was renamed left pictures of what it had been."""
    wanted = {f"{page}-{size}-{scheme}.png" for page in PAGES for size in SIZES for scheme in SCHEMES}
    assert {path.name for path in PICTURES.iterdir()} == wanted


def test_no_picture_is_large() -> None:
    assert [path.name for path in PICTURES.iterdir() if path.stat().st_size > LARGEST_BYTES] == []


def test_every_picture_that_the_readme_shows_is_there() -> None:
    shown = re.findall(r"docs/screenshots/[\w-]+\.png", (CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert shown
    assert [name for name in shown if not (CHECKOUT / name).is_file()] == []
