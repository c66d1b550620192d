"""Foreign words made safe to show: text in HTML, text in Streamlit's labels, no places of this machine. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit


def as_text(words: str) -> str:
    """Words as HTML text; line ends as entities, so that nothing between here and the page can touch them."""
    return html.escape(words, quote=True).replace("\r", "").replace("\n", "&#10;")


def as_label(words: str) -> str:
    """Words as Streamlit's Markdown shows them unchanged, for the labels of its buttons."""
    # Streamlit sets `->`, `--` and `>=` as single signs even when escaped, unless something invisible stands between.
    apart = re.sub(r"(?<=[-<>=])(?=[-<>=])", "\u2060", " ".join(words.split()))
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", apart)


def web_address(url: str) -> str:
    """The address, if it leads to the web and nowhere else."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def without_paths(words: str, known: Mapping[str, str]) -> str:
    """A message without the places of this machine: known folders by what they hold, any other by nothing but that."""
    for place, name in sorted(known.items(), key=lambda pair: -len(pair[0])):
        words = re.sub(rf"{re.escape(place)}(?:/[\w./@+-]*[\w@+-])", f"a file in {name}", words)
        words = re.sub(rf"{re.escape(place)}(?![\w-])", name, words)
    words = re.sub(r"(?<![\w/:.])(?:~?/)[\w.@+-]*(?:/[\w.@+-]+)*[\w@+-]/?", "a place on the server", words)
    return words[:1].upper() + words[1:]
