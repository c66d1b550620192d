"""Golden cases out of life: answers that readers found bad, questions without an answer, and what documents say (`document_questions`).

They wait in the home until an operator approves them, which writes them into a file of cases, or discards them. What is settled leaves its
id behind, so that nothing discarded comes back by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from corpus.conversations import answer_in_conversation
from corpus.documents import Document
from corpus.errors import Busy, CasesError, CheckFailed, NotFound, home_errors
from corpus.feedback import Feedback, feedback
from corpus.gaps import gaps_of
from corpus.record import Record, now
from corpus.text import plain
from evals import cases
from evals.cases import Case, by_words, case_of, read_cases
from evals.document_questions import Proposed, questions_of, terms_of
from evals.whole_files import half_written, write_whole

FILE, LOCK = "drafts.yaml", "drafts.lock"
FROM_LIFE = "from_life.yaml"
FEEDBACK, GAP, ARTICLE = "feedback", "gap", "article"
# As the golden set has it.
MOST_HISTORY = 3
ONE_HELD_OF = 3
PATIENCE_SECONDS = 5
HEAD = "# Golden set, cases from life, each approved by an operator (every third one held out).\n"


@dataclass(frozen=True)
class Draft:
    """A case that waits, where it comes from, and what was answered then; its verdict and facts may still be open."""

    case: Case
    origin: str
    why: str
    when: str
    trace: str = ""
    was: str = ""  # the verdict of the answer that was given
    answer: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What an operator has to fill in before it can be a golden case."""
        case = self.case
        needed: dict[str, Collection[str]] = {"question": case.question.strip(), "verdict": case.verdicts}
        if case.answerable:
            needed |= {"documents": case.documents, "facts": case.facts}
        return tuple(name for name, value in needed.items() if not value)


def draft_id(question: str, history: Sequence[str] = ()) -> str:
    """The same question after the same ones is the same case, whoever asks it."""
    return f"life-{sha256(by_words(question, history).encode()).hexdigest()[:8]}"


def golden_cases() -> list[Case]:
    return read_cases(sorted(cases.CASES.glob("*.yaml")))


def drafts_from_record(record: Record) -> list[Draft]:
    """One for each answer that a reader found bad, and each question that could not be answered."""
    return [*_from_feedback(record), *_from_gaps(record)]


def _from_feedback(record: Record) -> Iterator[Draft]:
    for said in feedback(record):
        if not said.good and (draft := draft_from_feedback(record, said)):
            yield draft


def draft_from_feedback(record: Record, said: Feedback) -> Draft | None:
    """What the reader asked, and what was wrong with the answer; what is right is for the operator to say."""
    given = answer_in_conversation(record, said.trace)
    if given is None:
        return None
    before = given.before[-MOST_HISTORY:]
    cited = dict.fromkeys(citation["document"] for citation in given.answer.get("citations", ()))
    return Draft(
        _case(said.question, history=before, documents=tuple(cited)),
        FEEDBACK,
        said.reason,
        now(),
        said.trace,
        said.verdict,
        given.answer.get("answer", ""),
    )


def _from_gaps(record: Record) -> Iterator[Draft]:
    for gap in gaps_of(record):
        times = "once" if gap.times == 1 else f"{gap.times} times"
        why = f"asked {times}, not answered"
        yield Draft(_case(gap.question, verdict=("abstained",)), GAP, why, now(), was="abstained")


# A document, what may be asked about, and the questions that are asked already, by their words.
Proposing = Callable[[Document, Iterable[str], Collection[str]], list[Proposed]]


def drafts_from_document(
    document: Document, library: Mapping[str, Document], proposing: Proposing = questions_of
) -> list[Draft]:
    """What the document answers, by rules or by a model that asks; each with the sentence that answers it."""
    golden = {by_words(case.question) for case in golden_cases() if not case.history}
    drafts = []
    for one in proposing(document, terms_of(library), golden):
        case = _case(one.question, verdict=("answered",), documents=(document.id,), facts=(escaped(one.fact),))
        drafts.append(Draft(case, ARTICLE, one.sentence, now()))
    return drafts


def escaped(words: str) -> str:
    """As a pattern that means the words themselves, and can still be read."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", words)


def _case(question: str, **known: tuple[str, ...]) -> Case:
    words = " ".join(question.split())
    entry = {"id": draft_id(words, known.get("history", ())), "question": words, **known}
    return _typed(case_of(entry))


def filled(
    draft: Draft, question: str, verdicts: Iterable[str], documents: Iterable[str], facts: Iterable[str]
) -> Draft:
    """With what the operator says is right."""
    case = replace(
        draft.case,
        question=" ".join(question.split()),
        verdicts=tuple(verdicts),
        documents=tuple(documents),
        facts=tuple(fact.strip() for fact in facts if fact.strip()),
    )
    return replace(draft, case=_typed(case))


def _typed(case: Case) -> Case:
    """A case whose type goes with the rest of it."""
    if case.history:
        return replace(case, type="follow_up")
    if not case.answerable:
        return replace(case, type="unanswerable")
    return replace(case, type="single") if case.type in ("", "follow_up", "unanswerable") else case


class Drafts:
    """The drafts of one home."""

    def __init__(self, home: Path) -> None:
        self.path = home / "evals" / FILE

    def waiting(self) -> list[Draft]:
        return list(self._read()[0].values())

    def add(self, drafts: Iterable[Draft], anew: bool = False) -> list[Draft]:
        """Those that neither wait nor are settled, nor stand in the golden set; `anew` brings back what was discarded."""
        golden = {by_words(case.question, case.history) for case in golden_cases()}
        with self._changing() as (waiting, settled):
            added = []
            for draft in drafts:
                id = draft.case.id
                asked = by_words(draft.case.question, draft.case.history)
                if id in waiting or asked in golden or (id in settled and not anew):
                    continue
                settled.pop(id, None)
                waiting[id] = draft
                added.append(draft)
        return added

    def put(self, draft: Draft) -> Draft:
        """In the place of what waits under its id."""
        with self._changing() as (waiting, _):
            self._waiting(draft.case.id, waiting)
            waiting[draft.case.id] = draft
        return draft

    def discard(self, id: str) -> Draft:
        with self._changing() as (waiting, settled):
            draft = self._waiting(id, waiting)
            del waiting[id]
            settled[id] = "discarded"
        return draft

    def approve(self, id: str, file: Path, library: Mapping[str, Document]) -> Case:
        """Into this file of cases, if nothing is missing and the library holds what is expected."""
        with self._changing() as (waiting, settled):
            draft = self._waiting(id, waiting)
            _check(draft, library)
            tags = dict.fromkeys((*draft.case.tags, f"from_{draft.origin}"))
            written = _append(_typed(replace(draft.case, tags=tuple(tags))), file)
            del waiting[id]
            settled[id] = "approved"
        return written

    def _waiting(self, id: str, waiting: Mapping[str, Draft]) -> Draft:
        if id not in waiting:
            raise NotFound(f"There is no draft `{id}` in {self.path}. `fractional eval drafts` lists those that wait.")
        return waiting[id]

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, Draft], dict[str, str]]]:
        with home_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_name(LOCK), timeout=PATIENCE_SECONDS)
        try:
            lock.acquire()
        except Timeout as exc:
            raise Busy(f"Another process is changing {self.path}. Wait for it to finish.") from exc
        try:
            waiting, settled = self._read()
            yield waiting, settled
            entries = {"drafts": [entry_of(draft) for draft in waiting.values()], "settled": settled}
            with home_errors(self.path.parent):
                text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120)
                write_whole(self.path, text)
        finally:
            lock.release()

    def _read(self) -> tuple[dict[str, Draft], dict[str, str]]:
        if not self.path.is_file():
            return {}, {}
        try:
            told = yaml.safe_load(self.path.read_text(encoding="utf-8"))
            drafts = [_draft(entry) for entry in told["drafts"] or ()]
            return {draft.case.id: draft for draft in drafts}, dict(told.get("settled") or {})
        except (OSError, yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError, ValueError) as exc:
            raise CasesError(
                f"{self.path} can't be read ({type(exc).__name__}: {exc}). Mend it or move it aside."
            ) from exc


def _draft(entry: Mapping[str, Any]) -> Draft:
    others = (str(entry.get(name) or "") for name in ("from", "why", "when", "trace", "was", "answer"))
    return Draft(case_of(entry), *others)


def entry_of(draft: Draft) -> dict[str, Any]:
    """A draft as it is written down."""
    case = draft.case
    told = {
        "id": case.id,
        "type": case.type,
        "question": case.question,
        "history": list(case.history),
        "verdict": list(case.verdicts),
        "documents": list(case.documents),
        "facts": list(case.facts),
        "must_not": list(case.must_not),
        "held": case.held,
        "tags": list(case.tags),
        "from": draft.origin,
        "why": draft.why,
        "when": draft.when,
        "trace": draft.trace,
        "was": draft.was,
        "answer": draft.answer,
    }
    always = ("verdict", "documents", "facts")  # to be filled in
    return {name: value for name, value in told.items() if value or name in always}


def _check(draft: Draft, library: Mapping[str, Document]) -> None:
    """Nothing is missing, and an answer out of these documents could be right."""
    case = draft.case
    if draft.missing:
        raise CheckFailed(f"`{case.id}` is not filled in yet: {', '.join(draft.missing)}.")
    if unknown := [id for id in case.documents if id not in library]:
        raise CheckFailed(f"`{case.id}` expects documents that are not in the library: {', '.join(unknown)}.")
    texts = [_words_of(library[id]) for id in case.documents]
    for fact in case.facts if case.answerable else ():
        try:
            stands = any(re.search(fact, text, re.IGNORECASE) for text in texts)
        except re.error as exc:
            raise CheckFailed(f"`{case.id}`: `{fact}` is no regular expression: {exc}.") from exc
        if not stands:
            raise CheckFailed(
                f"`{case.id}`: `{fact}` stands in none of its documents. It is a pattern: `\\.` is a full stop, `\\$` a dollar."
            )


def _words_of(document: Document) -> str:
    return " ".join((plain(document.text), *(holder.quote for view in document.views for holder in view.holders)))


def _append(case: Case, file: Path) -> Case:
    """At the end of a file of cases that stays as it is otherwise; nothing is written that could not be read."""
    place = file.resolve()
    here = read_cases([place]) if place.is_file() else []
    asked = by_words(case.question, case.history)
    if any(one.id == case.id or by_words(one.question, one.history) == asked for one in (*golden_cases(), *here)):
        raise CheckFailed(f"`{case.id}` asks what a golden case asks already, or has its id.")
    written = replace(case, held=case.held or len(here) % ONE_HELD_OF == ONE_HELD_OF - 1)
    try:
        before = place.read_bytes().decode() if place.is_file() else HEAD
        half = half_written(place, f"{before.rstrip()}\n\n{_as_yaml(written)}".encode())
        try:
            if read_cases([half])[-1] != written:
                raise CasesError(f"{file}: case `{case.id}` would not be read as it was approved")
            half.replace(place)
        except CasesError as exc:
            raise CasesError(str(exc).replace(str(half), str(file))) from exc
        finally:
            half.unlink(missing_ok=True)
    except OSError as exc:
        raise CasesError(
            f"{file} can't be written ({exc.strerror}), so nothing was approved. Make it writable, or name another file: "
            f"`fractional eval drafts --approve {case.id} --into FILE`."
        ) from exc
    return written


def _as_yaml(case: Case) -> str:
    """As the golden cases are written by hand."""
    lines = [f"- id: {case.id}", f"  type: {case.type}"]
    if case.history:
        lines += ["  history:", *(f"    - {_quoted(question)}" for question in case.history)]
    lines.append(f"  question: {_quoted(case.question)}")
    lines.append(f"  verdict: {case.verdicts[0] if len(case.verdicts) == 1 else _listed(case.verdicts)}")
    lines += [f"  documents: {_listed(case.documents)}", f"  facts: {_listed(case.facts, _raw)}"]
    if case.must_not:
        lines.append(f"  must_not: {_listed(case.must_not, _raw)}")
    if case.held:
        lines.append("  held: true")
    if case.tags:
        lines.append(f"  tags: {_listed(case.tags)}")
    return "\n".join(lines) + "\n"


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


def _raw(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def _listed(values: Iterable[str], written: Any = str) -> str:
    return f"[{', '.join(map(written, values))}]"
