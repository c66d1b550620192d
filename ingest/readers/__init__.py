"""Web pages, PDF and Word files as Markdown, with what they say of themselves; each is read in a child process with limits.

`child.Child` is the way in. What reads (`web_page`, `pdf`, `word`) is imported in the child alone, and so are its libraries.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.clean import Removal
from ingest.hidden import Hidden
from ingest.hostile import Finding

WEB_PAGES = (".html", ".htm", ".xhtml")
SUFFIXES = (*WEB_PAGES, ".pdf", ".docx")


@dataclass(frozen=True)
class Read:
    """A file's text as Markdown, what it says of itself, and what was left out of the text."""

    text: str
    title: str = ""
    author: str = ""
    source: str = ""
    published: str = ""
    url: str = ""
    made: str = ""  # what `published` is where the file knows no better: "the day the PDF was made"
    removed: tuple[Removal, ...] = ()
    warnings: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()  # what nobody sees; judged in the child, so that only the findings leave it
    found: tuple[Finding, ...] = ()
