"""What is not verbatim in a live document is taken out before anyone sees it."""

from dataclasses import replace

from corpus.text import Span
from rag.answers import Draft, Quoted
from rag.verify import verify
from tests.library import document


def quoted(words: str, **changes: object) -> Quoted:
    one = document("a", "It takes a quarter. A demo takes an afternoon.")
    start = one.text.index("A demo")
    return replace(Quoted(words, one, (Span(start, start + len("A demo takes an afternoon.")),), ()), **changes)


def test_a_verbatim_sentence_stands_with_an_exact_quote() -> None:
    piece = quoted("A demo takes an afternoon.")
    verified = verify(Draft((piece,), "quote"), {"a": piece.document})
    (citation,) = verified.citations
    assert piece.document.text[citation.start : citation.end] == citation.quote == "A demo takes an afternoon."
    assert verified.pieces[0][1].citations == (citation.n,)


def test_a_changed_number_is_taken_out_with_the_reason() -> None:
    piece = quoted("A demo takes two afternoons.")
    verified = verify(Draft((piece,), "quote"), {"a": piece.document})
    assert not verified.pieces and "do not stand" in verified.removed[0].reason


def test_a_document_that_was_withdrawn_is_not_cited() -> None:
    verified = verify(Draft((quoted("A demo takes an afternoon."),), "quote"), {})
    assert not verified.pieces and "not in this snapshot" in verified.removed[0].reason
