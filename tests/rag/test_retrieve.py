"""Fusing and spreading, as laws."""

from hypothesis import given
from hypothesis import strategies as st

from corpus.record import StoredChunk
from rag.retrieve import Passage, alias_table, fused_score, lexical_expression, spread
from tests.library import document

ranks = st.lists(st.one_of(st.none(), st.integers(1, 50)), max_size=4)


@given(ranks)
def test_fusing_ignores_the_order_of_its_lists(found: list[int | None]) -> None:
    assert (
        fused_score(found) == fused_score(reversed(found))
        or abs(fused_score(found) - fused_score(reversed(found))) < 1e-12
    )


@given(st.integers(1, 49))
def test_a_better_rank_never_scores_less(rank: int) -> None:
    assert fused_score([rank]) > fused_score([rank + 1])


def passage(number: int, source: str, score: float) -> Passage:
    return Passage(StoredChunk(number, source, "v", (), 0, 1, f"text {number}", "k"), score, score, 1, 1)


def test_a_second_source_comes_before_the_third_passage_of_the_first() -> None:
    ordered = spread([passage(1, "a", 1.0), passage(2, "a", 0.99), passage(3, "a", 0.98), passage(4, "b", 0.95)])
    assert [p.chunk.document for p in ordered].index("b") == 1


def test_an_alias_widens_the_words_searched_for() -> None:
    """Asked for the CAIO, texts that only write Chief AI Officer must be found."""
    entry = document(
        "chief-ai-officer", "A Chief AI Officer leads.", kind="glossary", title="Chief AI Officer", aliases=("CAIO",)
    )
    expression = lexical_expression("Do we need a CAIO?", alias_table([entry]))
    assert '"Chief AI Officer"' in expression and '"CAIO"' in expression
