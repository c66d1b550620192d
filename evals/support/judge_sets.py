"""Answers that people have judged against their sources, from the public sets: each read into one shape. Pure but for the reading.

RAGTruth (JSON lines, each source with its answers and the spans that people marked), WiCE (JSON lines, claims against the sentences of
web pages) and BEGIN (tab-separated, replies against a passage). What is not wholly supported counts as unsupported.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from corpus.errors import CasesError
from corpus.text import Span, split_sentences

# "11:30-20:0" and "0:0-0:0".
HOURS = re.compile(r"^(\d{1,2}):(\d{1,2})-(\d{1,2}):(\d{1,2})$")
CLOSED = "0:0-0:0"
DAYS = 7
PASSAGE_NUMBER = re.compile(r"\s*(?=\bpassage \d+:)")
# A value longer than this is a text of its own.
LONG_VALUE = 100
# "Here is a summary of the article in 100 words:" says nothing that could be wrong.
ANNOUNCES = re.compile(r"^(?:sure|here|based on|certainly|below|the following)\b.*:\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """A response with what it is to rest on, and what people found; `wrong` are the spans they marked, where they marked any."""

    source: str
    evidence: tuple[str, ...]  # paragraphs, or sentences
    question: str
    response: str
    unsupported: bool
    wrong: tuple[Span, ...] = ()

    @property
    def sentences(self) -> tuple[Span, ...]:
        """The response in sentences, those of each line by themselves, since a list has no full stops; announcements left out."""
        found = [
            Span(line.start() + span.start, line.start() + span.end)
            for line in re.finditer(r"[^\n]+", self.response)
            for span in split_sentences(line.group())
            if re.search(r"[^\W\d_]{2}", span.of(line.group()))
        ]
        return tuple(span for span in found if not ANNOUNCES.match(span.of(self.response))) or tuple(found[:1])


def read_judged(file: Path) -> list[Judged]:
    """The responses of one file, whichever of the three shapes it has."""
    try:
        if file.suffix == ".tsv":
            with file.open(encoding="utf-8", newline="") as lines:
                found = [_from_begin(row) for row in csv.DictReader(lines, delimiter="\t")]
        else:
            rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
            found = [judged for row in rows for judged in (_from_wice(row) if "claim" in row else _from_ragtruth(row))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as exc:
        raise CasesError(
            f"{file}: can't be read as judged answers ({type(exc).__name__}: {exc}). Give RAGTruth's or WiCE's JSON lines, or BEGIN's tsv."
        ) from exc
    if not found:
        raise CasesError(f"{file}: holds no judged answer.")
    return found


def _from_ragtruth(row: Mapping[str, Any]) -> Iterator[Judged]:
    evidence, question = _evidence_of(row["source"])
    for answer in row["responses"]:
        spans = tuple(Span(label["start"], label["end"]) for label in answer["labels"])
        yield Judged(str(row["source_id"]), evidence, question, answer["response"], bool(spans), spans)


def _from_wice(row: Mapping[str, Any]) -> Iterator[Judged]:
    # The claims of one Wikipedia page are cut out of one another.
    page = str(row["meta"]["claim_title"])
    evidence = tuple(line for line in row["evidence"] if line.strip())
    yield Judged(page, evidence, "", row["claim"], row["label"] != "supported")


def _from_begin(row: Mapping[str, str]) -> Judged:
    knowledge = row["knowledge"]
    return Judged(knowledge, (knowledge,), row["message"], row["response"], row["begin_label"] != "Fully attributable")


def _evidence_of(source: Any) -> tuple[tuple[str, ...], str]:
    """The paragraphs of a source, and the question if one was asked."""
    if isinstance(source, str):
        return _paragraphs(source), ""
    if "passages" in source:
        passages = PASSAGE_NUMBER.sub("\n", source["passages"])
        return _paragraphs(passages), source["question"]
    return tuple(in_words(source)), ""


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def in_words(source: Mapping[str, Any]) -> Iterator[str]:
    """A record of fields as lines of words, as somebody would tell them: "wifi: free", "no reservations"."""
    for name, value in source.items():
        place = _spaced(name)
        if isinstance(value, Mapping):
            yield from _of_fields(place, value)
        elif isinstance(value, list):
            for one in value:
                yield from in_words(one) if isinstance(one, Mapping) else (f"{place}: {one}",)
        elif isinstance(value, str) and len(value) > LONG_VALUE:
            yield from _paragraphs(value)
        elif isinstance(value, bool):
            yield f"{place}: yes" if value else f"no {place}"
        elif value is None:
            yield f"{place}: not known"
        else:
            yield f"{place}: {value}{' of 5' if name.endswith('stars') else ''}"


def _of_fields(place: str, value: Mapping[str, Any]) -> Iterator[str]:
    """Times by the days they hold for; what there is in one line, and what there is not in another."""
    if value and all(isinstance(one, str) and HOURS.match(one) for one in value.values()):
        yield from _in_hours(value)
    elif value and all(isinstance(one, bool) for one in value.values()):
        there = [_spaced(name) for name, one in value.items() if one]
        not_there = [_spaced(name) for name, one in value.items() if not one]
        if there:
            yield f"{place}: {', '.join(there)}"
        if not_there:
            yield f"{place}: no {', no '.join(not_there)}"
    else:
        yield from in_words(value)


def _spaced(name: str) -> str:
    """ "OutdoorSeating" as "outdoor seating"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name.removeprefix("Restaurants")).lower()
    return words.replace("wi fi", "wifi")


def _in_hours(days: Mapping[str, str]) -> Iterator[str]:
    """Runs of days with the same times: "open Monday to Friday 11:00 to 20:00, 11 am to 8 pm"."""
    for times, run in groupby(days.items(), key=lambda day: day[1]):
        names = [name for name, _ in run]
        which = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({', '.join(names)})"
        yield f"{which} {_told_times(times)}"
    if len(days) == DAYS and not any(times == CLOSED for times in days.values()):
        yield "open every day, 7 days a week, daily"


def _told_times(times: str) -> str:
    """On both clocks, since people tell them on either."""
    found = HOURS.match(times)
    if found is None or times == CLOSED:
        return "closed"
    hours = [int(part) for part in found.groups()]
    return ", open ".join(
        (f"open {_by_24(*hours[:2])} to {_by_24(*hours[2:])}", f"{_by_12(*hours[:2])} to {_by_12(*hours[2:])}")
    )


def _by_24(hour: int, minute: int) -> str:
    return f"{hour}:{minute:02}"


def _by_12(hour: int, minute: int) -> str:
    if (hour % 24, minute) == (0, 0):
        return "12 am midnight"
    return f"{(hour - 1) % 12 + 1}{f':{minute:02}' if minute else ''} {'am' if hour % 24 < 12 else 'pm'}"
