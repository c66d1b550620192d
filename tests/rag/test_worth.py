"""What is beside the point is not quoted, and what tells so was fitted on sentences that were read."""

from __future__ import annotations

from dataclasses import replace

from corpus.text import read_blocks
from evals.reader.worth import Seen, fit
from rag.answers import ANSWERED
from rag.compose import NEAR, compose, speaker_of
from rag.evidence import Evidence, Unit
from rag.judge import Judgement
from rag.logistic import read_fit
from rag.quote_writer import ANSWERS, write_quotes
from rag.verify import verify
from rag.worth import FITTED, signs, worths
from tests.library import document

GOOD = {"words": 0.8, "passage": 0.8, "asked": 0.8, "sentence": 0.8, "tokens": 0.8, "reader": 2.0}
POOR = {"words": 0.3, "passage": 0.1, "asked": 0.0, "sentence": 0.3, "tokens": 0.2, "reader": -4.0}


def unit(id: str, words: str, score: float, features: dict[str, float] | None = None) -> Unit:
    source = document(id, words)
    return Unit(source, 0, 0, read_blocks(source.text)[0].sentences[0], words, (), "paragraph", score, features)


GIVES_NOTICE = unit("notice", "Either side ends it with thirty days' notice.", 1.0, GOOD)
ALSO = unit("also", "Some contracts ask for sixty days before they end.", 0.9, GOOD)
BREAD = unit("bread", "Dough rests overnight in a cool room.", 0.8, POOR)


def quoted(*units: Unit) -> list[str]:
    return [piece.document.id for piece in write_quotes(Judgement(ANSWERED, "", units)).pieces]


def test_what_is_beside_the_point_is_not_quoted() -> None:
    assert quoted(GIVES_NOTICE, ALSO, BREAD) == ["notice", "also"]
    assert quoted(GIVES_NOTICE, replace(ALSO, score=0.6), BREAD) == ["notice", "also"], (
        "what is likely stays, though it is far behind"
    )


def test_what_is_only_near_stands_below_what_answers() -> None:
    """Who reads the first lines reads the answer: of what stood first three in ten were beside the point, of what stands below now six."""
    first = replace(GIVES_NOTICE, features={**GOOD, "reader": 0.5})
    also = replace(ALSO, features={**GOOD, "reader": 0.3})
    near = unit(
        "near",
        "Contracts are kept in a safe.",
        0.95,
        {**GOOD, "passage": 0.6, "tokens": 0.6, "asked": 0.4, "reader": 0.0},
    )
    assert worths([first, near, also])[1] < ANSWERS
    judgement = Judgement(ANSWERED, "", (first, near, also))
    draft = write_quotes(judgement)
    assert [(piece.document.id, piece.near) for piece in draft.pieces] == [
        ("notice", False),
        ("also", False),
        ("near", True),
    ]
    documents = {unit.document.id: unit.document for unit in judgement.units}
    nothing = Evidence("How does it end?", (), (), (), (), {})
    told = compose("How does it end?", "How does it end?", judgement, nothing, verify(draft, documents), documents)
    answer, below = told.answer.split(f"\n\n**{NEAR}**\n\n")
    assert GIVES_NOTICE.words in answer and ALSO.words in answer
    assert below == f"**{speaker_of(near.document)}:** {near.words} [3]"


def test_nor_is_it_quoted_for_standing_beside_what_answers() -> None:
    both = document("notice", f"{ALSO.words} {BREAD.words}")
    spans = read_blocks(both.text)[0].sentences
    answers = replace(ALSO, document=both, score=1.0)
    beside = replace(BREAD, document=both, sentence=1, span=spans[1])
    assert quoted(answers, replace(beside, features=GOOD)) == ["notice", "notice"]
    assert quoted(answers, beside) == ["notice"]


def test_each_question_of_two_keeps_its_first_sentence() -> None:
    other = replace(BREAD, score=GIVES_NOTICE.score)
    assert quoted(GIVES_NOTICE, other) == ["notice", "bread"]


def test_an_answer_never_loses_its_first_sentence() -> None:
    """What holds the number that was asked for is put first, though others may be more likely by themselves."""
    assert quoted(replace(BREAD, score=1.1), GIVES_NOTICE)[0] == "bread"


def test_each_sign_speaks_the_way_it_should() -> None:
    weights = read_fit(FITTED)["weights"]
    assert weights["behind"] < 0
    assert all(weights[name] > 0 for name in ("reader", "passage", "tokens", "asked", "beside_the_first"))
    good, also, bread = worths([GIVES_NOTICE, ALSO, BREAD])
    assert 1 > good > also > bread > 0


def test_what_was_not_read_is_taken_for_as_little_as_the_least_that_was() -> None:
    unread = replace(ALSO, features={name: value for name, value in GOOD.items() if name != "reader"})
    found = signs([GIVES_NOTICE, BREAD, unread])
    assert [one["reader"] for one in found] == [2.0, -4.0, -4.0]
    assert signs([]) == [] and signs([replace(ALSO, features=None)])[0]["reader"] == 0.0


def test_what_tells_answers_from_the_rest_is_learned() -> None:
    def told(behind: float, reader: float) -> dict[str, float]:
        return {"behind": behind, "reader": reader}

    seen = [Seen((told(0.0, 2.0), told(0.1 * n, -2.0), told(0.3, 0.1 * n)), (True, False, False)) for n in range(1, 9)]
    made = fit(seen)
    assert made["weights"]["reader"] > 0
    assert made["figures"] | {"auroc": 1.0, "questions": 8, "sentences": 24} == made["figures"]


def test_the_figures_beside_the_weights_are_of_many_sentences() -> None:
    figures = read_fit(FITTED)["figures"]
    assert figures["sentences"] > 5_000 and figures["auroc"] > figures["auroc_of_the_order_alone"]
