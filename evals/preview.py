"""What publishing documents would change for the golden questions: tried on a copy of the library, and asked where it can matter.

Publishes nothing itself: who calls says how the copy is brought to what would be published.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.documents import FOLDER_OF_KIND
from corpus.errors import home_errors
from corpus.index import Index
from corpus.settings import Settings
from evals.cases import Case
from evals.run import Outcome, Progress, run_cases
from rag.answer import Chain, passages_for
from rag.question import Turn, parts_of, standalone_question

# What a change must not lose: the facts of the right answer, and a document that holds them among what is found and cited.
WHAT_MATTERS = ("facts", "document_found", "document_cited")


@dataclass(frozen=True)
class Standing:
    """How a question is answered: the verdict, the first source, and which checks hold."""

    verdict: str
    source: str
    held: tuple[str, ...]


@dataclass(frozen=True)
class GoldenChange:
    """A golden question that would get another verdict or another first source, or lose what held."""

    question: str
    before: Standing
    after: Standing
    worse: bool


def of_this_library(cases: Sequence[Case], library: Collection[str]) -> list[Case]:
    """The open cases that this library can be held to: some of the documents they expect are in it, or none is expected; and none
    at all where the library is another one."""
    wanted = [case for case in cases if not case.held and any(id in library for id in case.documents)]
    return wanted and [case for case in cases if not case.held and (case in wanted or not case.documents)]


def golden_changes(
    settings: Settings,
    cases: Sequence[Case],
    documents: Collection[str],
    publish: Callable[[Settings], object],
    progress: Progress,
    writer: str = "quote",
) -> list[GoldenChange]:
    """The open cases whose answers these documents would change; `publish` publishes them to the settings it is given."""
    now = Chain(Index(settings))
    asked = of_this_library(cases, now.library()[1])
    if not asked:
        return []
    with copied(settings) as copy:
        publish(copy)
        then = Chain(Index(copy, now.index.embedder))
        replaced = documents & now.library()[1].keys()
        touched = []
        for done, case in enumerate(asked, start=1):
            if _reads(then, case, documents) or (replaced and _reads(now, case, replaced)):
                touched.append(case)
            progress("golden questions looked up", done, len(asked))
        before, after = (run_cases(chain, touched, writer, progress) for chain in (now, then))
        then.index.record.close()
    return [change for one, other in zip(before, after, strict=True) if (change := _change(one, other))]


@contextmanager
def copied(settings: Settings) -> Iterator[Settings]:
    """The library in a folder of its own for as long as it is needed. Vectors copied while they change are made again from the record."""
    with tempfile.TemporaryDirectory(prefix="fractional-") as folder, home_errors(Path(folder)):
        copy = replace(settings, home=Path(folder) / "home", corpus=Path(folder) / "corpus")
        copy.home.mkdir()
        with closing(sqlite3.connect(settings.record_path)) as record, closing(sqlite3.connect(copy.record_path)) as to:
            record.backup(to)
        if settings.vectors_path.is_dir():
            shutil.copytree(settings.vectors_path, copy.vectors_path)
        for kind in FOLDER_OF_KIND.values():
            if (settings.corpus / kind).is_dir():
                shutil.copytree(settings.corpus / kind, copy.corpus / kind)
        copy.corpus.mkdir(exist_ok=True)
        yield copy


def _reads(chain: Chain, case: Case, documents: Collection[str]) -> bool:
    """Whether one of the documents is among the passages nearest to the question, or to one asked before it."""
    aliases = chain.library()[2]
    earlier: list[Turn] = []
    for question in (*case.history, case.question):
        standalone = standalone_question(question, earlier)
        for part in parts_of(standalone):
            if any(passage.chunk.document in documents for passage in passages_for(chain, part, aliases)):
                return True
        earlier.append(Turn(standalone))
    return False


def _change(before: Outcome, after: Outcome) -> GoldenChange | None:
    one, other = _standing(before), _standing(after)
    worse = not set(one.held) <= set(other.held)
    if not worse and (one.verdict, one.source) == (other.verdict, other.source):
        return None
    return GoldenChange(before.case.question, one, other, worse)


def _standing(outcome: Outcome) -> Standing:
    cited = outcome.answer.citations
    return Standing(
        outcome.answer.verdict,
        cited[0].document if cited else "",
        tuple(check for check in WHAT_MATTERS if outcome.checks.get(check)),
    )
