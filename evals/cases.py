"""The golden cases: questions with what a right answer must hold. Reads and checks them; asks nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.errors import CasesError

CASES = Path(__file__).parent / "cases"
# As many again on the same library: asked by `eval run --cases`, and read by `eval calibrate`; too many for each night.
FURTHER = tuple(CASES / "further" / f"{name}.yaml" for name in ("differing", "answerable", "unanswerable"))
# On a library of five real articles, which an operator pasted; they are not part of the project.
OF_REAL_ARTICLES = tuple(
    CASES / "other_libraries" / f"{name}.yaml" for name in ("real_articles", "real_articles_plain")
)
TYPES = ("single", "multi", "differ", "unanswerable", "follow_up", "partial")
VERDICTS = ("answered", "partial", "abstained")


@dataclass(frozen=True)
class Case:
    """A question, and what is known of its right answer."""

    id: str
    type: str
    question: str
    history: tuple[str, ...]
    verdicts: tuple[str, ...]  # any of them is right
    documents: tuple[str, ...]  # an answer may rest on any of them
    facts: tuple[str, ...]  # patterns that all stand in a right answer
    must_not: tuple[str, ...]
    held: bool  # for the gate only: never looked at while tuning
    tags: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        return "abstained" not in self.verdicts


def read_cases(files: Sequence[Path]) -> list[Case]:
    """The cases of these files; the first thing wrong is named with its file and case."""
    cases: dict[str, Case] = {}
    for file in files:
        try:
            entries = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as exc:
            raise CasesError(f"{file}: can't be read as YAML: {exc}") from exc
        if not isinstance(entries, list):
            raise CasesError(f"{file}: holds no list of cases")
        for entry in entries:
            case = _case(entry, file)
            if case.id in cases:
                raise CasesError(f"{file}: case `{case.id}` is there twice")
            cases[case.id] = case
    return list(cases.values())


def case_of(entry: Mapping[str, Any]) -> Case:
    """A case as it is written, checked by nobody yet."""

    def several(name: str) -> tuple[str, ...]:
        value = entry.get(name) or []
        return (value,) if isinstance(value, str) else tuple(value)

    return Case(
        id=entry["id"],
        type=entry.get("type", ""),
        question=entry.get("question", ""),
        history=several("history"),
        verdicts=several("verdict"),
        documents=several("documents"),
        facts=several("facts"),
        must_not=several("must_not"),
        held=bool(entry.get("held")),
        tags=several("tags"),
    )


def by_words(question: str, history: Sequence[str] = ()) -> str:
    """What is asked, and after what, by its words alone: to tell whether a case asks it already."""
    return "\n".join(" ".join(re.findall(r"\w+", words.casefold())) for words in (*history, question))


def _case(entry: Any, file: Path) -> Case:
    if not isinstance(entry, dict) or not entry.get("id"):
        raise CasesError(f"{file}: a case without an id: {str(entry)[:80]}")
    case = case_of(entry)
    where = f"{file}: case `{case.id}`"
    if case.type not in TYPES:
        raise CasesError(f"{where}: type `{case.type}` is none of {', '.join(TYPES)}")
    if not case.question.strip():
        raise CasesError(f"{where}: has no question")
    if not case.verdicts or set(case.verdicts) - set(VERDICTS):
        raise CasesError(f"{where}: verdict must be of {', '.join(VERDICTS)}")
    for pattern in (*case.facts, *case.must_not):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise CasesError(f"{where}: `{pattern}` is no regular expression: {exc}") from exc
    return case
