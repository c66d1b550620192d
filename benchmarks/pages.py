"""`python -m benchmarks.pages`: how much of an article is found on a web page, and how little else, beside three libraries.

Scored as the public article-extraction benchmark does: runs of four words that text and truth share, as often as both hold them,
precision and recall averaged over the pages, F1 of the two averages. Single words are given as well. Ours is measured twice: as
read, and cleaned as it enters the library.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import mean

from corpus.settings import CHECKOUT

PAGES = CHECKOUT.parent / "shared" / "bench" / "ingest" / "pages"
WORDS_IN_A_RUN = 4

# Its python-dateutil is older than Chroma's client needs, so that it has to live in an environment of its own.
NEWSPAPER = """
import json, sys, importlib.metadata
from newspaper import Article, Config
config = Config()
config.fetch_images = False
texts = {}
for name, html in json.load(sys.stdin).items():
    try:
        article = Article("http://localhost/", config=config)
        article.download(input_html=html)
        article.parse()
        texts[name] = article.text
    except ImportError:  # a language whose words it needs another library for
        texts[name] = ""
json.dump([importlib.metadata.version("newspaper4k"), texts], sys.stdout)
"""

Reader = Callable[[bytes], str]


@dataclass(frozen=True)
class Page:
    html: bytes
    article: str


@dataclass(frozen=True)
class Score:
    """Averages over pages."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1.0)


@dataclass(frozen=True)
class Measured:
    name: str
    runs: Score
    words: Score
    seconds: float


def read_pages(folder: Path = PAGES) -> dict[str, Page]:
    """The pages and the articles people found on them."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    return {
        name: Page(gzip.decompress((folder / f"{name}.html.gz").read_bytes()), one["articleBody"])
        for name, one in truth.items()
    }


def score(texts: Mapping[str, str], pages: Mapping[str, Page], length: int = WORDS_IN_A_RUN) -> Score:
    precisions, recalls = [], []
    for name, page in pages.items():
        found, true = _runs(texts[name], length), _runs(page.article, length)
        shared = (found & true).total()
        if found:  # a page on which nothing was found counts for recall alone, as in the public benchmark
            precisions.append(shared / found.total())
        if true:
            recalls.append(shared / true.total())
    return Score(mean(precisions or [0.0]), mean(recalls or [0.0]))


def _runs(text: str, length: int) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + length]) for at in range(max(1, len(words) - length + 1)) if words)


def measure(name: str, reader: Reader, pages: Mapping[str, Page]) -> Measured:
    begun = time.perf_counter()
    texts = {id: reader(page.html) for id, page in pages.items()}
    seconds = time.perf_counter() - begun
    return Measured(name, score(texts, pages), score(texts, pages, 1), seconds / len(pages))


def ours(html: bytes) -> str:
    """As the child process reads it; a page without an article has no text."""
    from corpus.errors import InputRejected
    from ingest.readers.web_page import read_page

    try:
        return read_page(html).text
    except InputRejected:
        return ""


def ours_cleaned(html: bytes) -> str:
    from ingest.clean import clean

    return clean(ours(html), markdown=True).text


def by_trafilatura(html: bytes) -> str:
    import trafilatura

    return trafilatura.extract(html) or ""


def by_trafilatura_without_comments(html: bytes) -> str:
    import trafilatura

    return trafilatura.extract(html, include_comments=False) or ""


def by_readability(html: bytes) -> str:
    import lxml.html
    import readability

    article = readability.Document(html.decode(errors="replace")).summary()
    return "\n".join(lxml.html.fromstring(article).itertext())


def by_newspaper(python: str, pages: Mapping[str, Page]) -> Measured:
    """newspaper4k in the environment of another Python."""
    given = json.dumps({id: page.html.decode(errors="replace") for id, page in pages.items()})
    begun = time.perf_counter()
    done = subprocess.run([python, "-c", NEWSPAPER], input=given, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    number, texts = json.loads(done.stdout)
    return Measured(f"newspaper4k {number}", score(texts, pages), score(texts, pages, 1), seconds / len(pages))


def as_table(rows: list[Measured]) -> str:
    lines = [
        "| | F1 | precision | recall | F1 of single words | ms a page |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.name} | {row.runs.f1:.3f} | {row.runs.precision:.3f} | {row.runs.recall:.3f} | {row.words.f1:.3f} | {1000 * row.seconds:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=PAGES, metavar="FOLDER", help="the pages and their ground truth")
    parser.add_argument(
        "--newspaper", default="", metavar="PYTHON", help="a Python whose environment holds newspaper4k"
    )
    options = parser.parse_args()
    if not (options.pages / "ground-truth.json").is_file():
        print(f"There are no pages in {options.pages}. Say with --pages where they are.", file=sys.stderr)
        return 1
    logging.disable(logging.CRITICAL)
    pages = read_pages(options.pages)
    trafilatura, readability = version("trafilatura"), version("readability-lxml")
    rows = [
        measure("ours, as read", ours, pages),
        measure("ours, as it enters the library", ours_cleaned, pages),
        measure(f"trafilatura {trafilatura}, defaults", by_trafilatura, pages),
        measure(f"trafilatura {trafilatura}, defaults without comments", by_trafilatura_without_comments, pages),
        measure(f"readability-lxml {readability}", by_readability, pages),
    ]
    if options.newspaper:
        rows.append(by_newspaper(options.newspaper, pages))
    print(f"{len(pages)} pages\n\n{as_table(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
