"""What the public sets have in common: lines of JSON, tables with tabs, passages as documents, and nDCG."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.documents import Document
from corpus.errors import CasesError

TITLE_WORDS = 8


def json_lines(file: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as exc:
        raise CasesError(f"{file}: can't be read as JSON lines: {exc}") from exc


def rows(file: Path) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    except (OSError, ValueError) as exc:
        raise CasesError(f"{file}: can't be read as a table with tabs: {exc}") from exc


def as_document(id: str, title: str, text: str) -> Document:
    """A passage as a document of its own; one without a title is called by the words it opens with."""
    return Document(id, "article", "practitioner", title or " ".join(text.split()[:TITLE_WORDS]), text)


def ndcg(found: Sequence[str], worth: Mapping[str, int], depth: int) -> float:
    """Each right passage worth less the further down it stands, as a share of the best possible order."""
    gained = sum(worth.get(id, 0) / math.log2(place + 2) for place, id in enumerate(found[:depth]))
    best = sorted(worth.values(), reverse=True)[:depth]
    return gained / sum(value / math.log2(place + 2) for place, value in enumerate(best))
