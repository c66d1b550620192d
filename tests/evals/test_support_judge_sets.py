"""Answers that people have judged are read into one shape, whichever set they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.errors import CasesError
from evals.support.judge_sets import in_words, read_judged

RECORD = {
    "name": "The Long Table",
    "hours": {"Monday": "0:0-0:0", "Tuesday": "11:0-21:30", "Wednesday": "11:0-21:30"},
    "attributes": {
        "BusinessParking": {"street": True, "valet": False},
        "RestaurantsReservations": False,
        "OutdoorSeating": True,
        "WiFi": "free",
        "Music": None,
    },
    "business_stars": 4.0,
    "review_info": [{"review_stars": 5.0, "review_text": "We loved the soup."}],
}


def _written(folder: Path, name: str, *rows: object) -> Path:
    file = folder / name
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_marked_spans_make_a_response_unsupported(tmp_path: Path) -> None:
    text = "The fee is $900. It is paid monthly."
    labels = [{"start": 11, "end": 15, "text": "$900", "label_type": "Evident Conflict"}]
    row = {
        "source_id": 7,
        "source": {"question": "what is the fee", "passages": "passage 1:The fee is $500.\n\npassage 2:Fees are due."},
        "responses": [{"response": text, "labels": labels}, {"response": "The fee is $500.", "labels": []}],
    }
    wrong, right = read_judged(_written(tmp_path, "qa.jsonl", row))
    assert (wrong.unsupported, right.unsupported) == (True, False)
    assert [span.of(text) for span in wrong.wrong] == ["$900"]
    assert wrong.evidence == ("passage 1:The fee is $500.", "passage 2:Fees are due.")
    assert wrong.question == "what is the fee"
    assert [span.of(text) for span in wrong.sentences] == ["The fee is $900.", "It is paid monthly."]


def test_a_partly_supported_claim_is_unsupported(tmp_path: Path) -> None:
    rows = [
        {"label": label, "claim": "A claim.", "evidence": ["One.", " "], "meta": {"claim_title": "Page"}}
        for label in ("supported", "partially_supported", "not_supported")
    ]
    found = read_judged(_written(tmp_path, "wice.jsonl", *rows))
    assert [one.unsupported for one in found] == [False, True, True]
    assert found[0].evidence == ("One.",)


def test_replies_are_read_from_a_table(tmp_path: Path) -> None:
    head = "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label"
    file = _written(
        tmp_path,
        "begin.tsv",
        head,
        "m\td\tA pier is 90 m long.\tHow long?\tIt is 90 m long.\tFully attributable",
        "m\td\tA pier is 90 m long.\tHow long?\tI like piers.\tGeneric",
    )
    assert [(one.response, one.unsupported) for one in read_judged(file)] == [
        ("It is 90 m long.", False),
        ("I like piers.", True),
    ]


def test_announcements_and_bare_numbers_are_no_sentences(tmp_path: Path) -> None:
    text = "Sure, here is a summary in 50 words:\n1.\n- The pier closed. It reopens in May."
    row = {"source_id": 1, "source": "The pier closed.", "responses": [{"response": text, "labels": []}]}
    (judged,) = read_judged(_written(tmp_path, "summary.jsonl", row))
    assert [span.of(text) for span in judged.sentences] == ["- The pier closed.", "It reopens in May."]


def test_a_record_is_told_as_somebody_would_tell_it() -> None:
    assert list(in_words(RECORD)) == [
        "name: The Long Table",
        "Monday closed",
        "Tuesday to Wednesday (Tuesday, Wednesday) open 11:00 to 21:30, open 11 am to 9:30 pm",
        "business parking: street",
        "business parking: no valet",
        "no reservations",
        "outdoor seating: yes",
        "wifi: free",
        "music: not known",
        "business stars: 4.0 of 5",
        "review stars: 5.0 of 5",
        "review text: We loved the soup.",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", "not json"), ("b.jsonl", "{}"), ("c.tsv", "one\ttwo\nx\ty"), ("d.jsonl", ""), ("e.jsonl", "[1]")],
)
def test_another_file_is_refused_with_its_name(tmp_path: Path, name: str, content: str) -> None:
    file = _written(tmp_path, name, content)
    with pytest.raises(CasesError, match=name):
        read_judged(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match=r"none\.jsonl"):
        read_judged(tmp_path / "none.jsonl")
