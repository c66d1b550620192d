"""Ragas asks a model behind an address for questions; only those stay that a sentence of the document answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import WriterError
from evals.document_questions import Proposed
from evals.metrics.embedded import Embeddings
from evals.metrics.hosted import HostedJudge
from evals.written_questions import MOST, SYSTEM, written_questions
from rag.writers.hosted import HostedWriter
from rag.writers.ladder import Ladder
from rag.writers.settings import HostedSettings
from tests import asking
from tests.fakes import FakeEmbedder, ScriptedWriter
from tests.writer_server import MODEL, Exchange, WriterServer, serving

pytestmark = pytest.mark.slow  # importing Ragas takes seconds

TRUE = {"query": "What would one set us back each month?", "answer": "Between 6,000 and 12,000 dollars a month."}
IN_WORDS = {"query": "When do we learn the price?", "answer": "The price is set before the work begins, it says."}
INVENTED = {"query": "Who founded it?", "answer": "Three friends in a garage, in 1999."}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WriterServer]:
    monkeypatch.setenv("EXAMPLE_JUDGE_KEY", "sk-example")
    with serving(lambda exchange: None) as serves:
        yield serves


def answer_with(server: WriterServer, *pairs: dict[str, Any]) -> None:
    """Every reader is interested in everything; the questions come in turn."""
    turn = [0]

    def behave(exchange: Exchange) -> None:
        asked = str(server.asked[-1]["messages"][1]["content"])
        if "mapping" in asked:
            themes = json.loads(re.findall(r'"themes": (\[[^\]]*\])', asked)[-1])
            reply: dict[str, Any] = {"mapping": {"Chief executive": themes, "Finance director": themes}}
        else:
            reply = pairs[turn[0] % len(pairs)]
            turn[0] += 1
        exchange.begin()
        exchange.write(json.dumps(reply))
        exchange.finish()

    server.behave = behave


def proposed(server: WriterServer, known: tuple[str, ...] = ()) -> list[Proposed]:
    settings = HostedSettings("big", "openai", MODEL, server.address, "EXAMPLE_JUDGE_KEY", 20.0)
    judge = HostedJudge(Ladder([HostedWriter(settings)]), "big", SYSTEM)
    return written_questions(asking.COSTS, judge, Embeddings(FakeEmbedder()), ["retainer"], set(known))


def test_a_question_stays_with_the_sentence_and_the_words_that_answer_it(server: WriterServer) -> None:
    answer_with(server, TRUE, IN_WORDS, INVENTED)
    assert set(proposed(server)) == {
        Proposed(TRUE["query"], asking.COST_QUOTE, "6,000 and 12,000 dollars"),
        Proposed(IN_WORDS["query"], "The price is set before the work begins.", "The price is set before the work"),
    }


def test_what_is_asked_already_is_not_proposed_again(server: WriterServer) -> None:
    answer_with(server, TRUE, INVENTED)
    assert proposed(server, known=("what would one set us back each month",)) == []


def test_never_more_than_a_person_will_read(server: WriterServer) -> None:
    answer_with(server, *({**TRUE, "query": f"What would {n} of them cost?"} for n in range(2, 30)))
    assert len(proposed(server)) == MOST


def test_a_model_that_answers_something_else_is_told_and_nothing_kept(server: WriterServer) -> None:
    answer_with(server, {"no": "question"})
    with pytest.raises(WriterError, match="could not write questions"):
        proposed(server)


def test_a_small_model_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match="can't judge"):
        HostedJudge(Ladder([ScriptedWriter(name="small")]), "small", SYSTEM)
