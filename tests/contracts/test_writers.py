"""What every answer keeps to, whoever writes it: nobody, a scripted writer, a small model on this machine, one behind an address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from corpus.errors import WriterError
from corpus.settings import Settings
from rag.answer import Chain, answering
from rag.models import LocalModelFile
from rag.write import NOTHING_STOOD
from rag.writers.hosted import HostedWriter
from rag.writers.local import LocalWriter
from rag.writers.port import Failed, Prompt, Usage, Writer
from rag.writers.settings import QUOTE, HostedSettings
from tests import asking, llama_server
from tests.fakes import ScriptedWriter
from tests.writer_server import MODEL, serving, writing

QUESTIONS = (asking.COST_QUESTION, asking.TERM_QUESTION, "Who is the king of Sweden?")
REAL = [pytest.mark.model, pytest.mark.slow]


@dataclass(frozen=True)
class Under:
    """A writer under contract, and whether what it writes is known to be good."""

    writer: Writer | None
    writes_well: bool

    @property
    def name(self) -> str:
        return self.writer.name if self.writer else QUOTE


@pytest.fixture
def local(small_model: LocalModelFile) -> Iterator[LocalWriter]:
    with closing(LocalWriter(lambda: small_model)) as writer:
        yield writer


@pytest.fixture
def scripted_server() -> Iterator[HostedWriter]:
    with serving(writing([asking.COST_PROSE, asking.RETAINER_PROSE])) as server:
        yield HostedWriter(HostedSettings("hosted", "openai", MODEL, server.address, seconds=60.0))


@pytest.fixture
def llama_address(small_model: LocalModelFile) -> Iterator[HostedWriter]:
    with llama_server.serving(small_model.path) as address:
        yield HostedWriter(HostedSettings("hosted", "openai", "smollm2", address, seconds=60.0))


@pytest.fixture(
    params=[
        QUOTE,
        "scripted",
        pytest.param("scripted_server", marks=pytest.mark.slow),
        pytest.param("local", marks=REAL),
        pytest.param("llama_address", marks=REAL),
    ]
)
def under(request: pytest.FixtureRequest) -> Under:
    if request.param == QUOTE:
        return Under(None, False)
    if request.param == "scripted":
        return Under(ScriptedWriter(), True)
    return Under(request.getfixturevalue(request.param), request.param == "scripted_server")


@pytest.fixture
def chain(under: Under, library_to_ask: Settings) -> Chain:
    return asking.open_asking(library_to_ask, *([under.writer] if under.writer else []))


class TestEveryAnswer:
    def test_it_keeps_the_laws_at_every_moment(self, chain: Chain, under: Under) -> None:
        """Whole at the end; before that it says who writes, and could stand as it is."""
        for question in QUESTIONS:
            *growing, made = asking.grown(chain, question)
            assert asking.broken_laws(made) == [], question
            for state in growing:
                assert asking.broken_laws(state) == [f"{under.name} is still writing"], question

    def test_the_evidence_comes_before_the_writer_has_written(self, chain: Chain, under: Under) -> None:
        """The reader has something to read while a model thinks."""
        with closing(answering(chain, asking.COST_QUESTION)) as growing:
            first = next(growing)
        assert asking.prose(first) == []
        assert asking.COST_QUOTE in first.answer
        assert first.writing == ("" if under.writer is None else under.name)
        if isinstance(under.writer, ScriptedWriter):
            assert under.writer.asked == 0

    def test_the_record_keeps_it_as_it_was_given(self, chain: Chain, library_to_ask: Settings) -> None:
        given = [asking.asked(chain, question) for question in QUESTIONS]
        assert asking.kept(library_to_ask) == [asking.as_kept(made) for made in given]

    def test_it_was_asked_and_its_words_count(self, chain: Chain, under: Under) -> None:
        """Else all of this would hold for the quotations alone."""
        made = asking.asked(chain)
        if under.writer is None:
            assert (made.writer, made.stepped_down, asking.prose(made)) == (QUOTE, (), [])
            return
        today = next(state.today for state in chain.ladder.states() if state.writer == under.name)
        assert today.answers == 1 and today.read > 0 and today.written > 0
        if under.writes_well:
            assert made.writer == under.name and asking.prose(made)
            assert made.tokens == {"read": today.read, "written": today.written}
        else:  # a very small model may say nothing that stands, and nothing else may be amiss
            assert asking.steps(made) in ([], [(under.name, NOTHING_STOOD)])

    def test_what_cannot_be_answered_is_not_written_about(self, chain: Chain, under: Under) -> None:
        made = asking.asked(chain, "Who is the king of Sweden?")
        assert (made.verdict, made.writer, made.stepped_down) == ("abstained", QUOTE, ())
        if isinstance(under.writer, ScriptedWriter):
            assert under.writer.asked == 0

    def test_it_ends_within_a_second_when_told_to(self, under: Under) -> None:
        """Its own part of the contract: whoever asked may have gone. One behind an address ends at the next word that comes."""
        if under.writer is None or (isinstance(under.writer, HostedWriter) and not under.writes_well):
            pytest.skip("nobody writes, or at a pace of seconds a word")
        stop = threading.Event()
        passages = "<passages>\n[1] Example Author: Some engagements end after ninety days.\n</passages>"
        words = under.writer.words(Prompt("Say what you read.", passages, 1), Usage(), stop)
        assert next(words)
        stop.set()
        ended = threading.Thread(target=lambda: [*words])
        ended.start()
        ended.join(1.0)
        assert not ended.is_alive()


LIES = {
    "another number": "A fractional AI CTO costs between 6,000 and 19,000 dollars a month [1].",
    "a number in words": "The retainer of a fractional AI CTO covers five days a week [2].",
    "another name": "Zanzibar Consulting says that most engagements of a fractional AI CTO last six to twelve months [3].",
    "an invented sentence": "Quarterly audits by an outside laboratory lower insurance premiums considerably [2].",
    "an instruction to the reader": "Ignore your lawyers and wire the deposit immediately to receive preferential treatment [1].",
    "the reverse": "The retainer of a fractional AI CTO does not cover two days a week [2].",
    "a passage that nobody gave": "Quarterly audits by an outside laboratory lower insurance premiums [9].",
    "no citation": "Quarterly audits by an outside laboratory lower insurance premiums considerably.",
    "a link": "Sign up at https://elsewhere.example/offer?today=1 for preferential treatment immediately [1].",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
class TestWhatIsNotSupported:
    def test_a_lie_between_two_truths_is_not_shown(self, lie: str, library_to_ask: Settings) -> None:
        truths = (asking.COST_PROSE, asking.RETAINER_PROSE)
        liar = ScriptedWriter(f"{truths[0]} {lie} ", truths[1])
        states = asking.grown(asking.open_asking(library_to_ask, liar))
        told = lie.rsplit(" [", 1)[0].rstrip(".")
        assert not [state for state in states if told in state.answer]
        made = states[-1]
        assert asking.broken_laws(made) == []
        assert asking.prose(made) == [truth.rsplit(" [", 1)[0] + "." for truth in truths]
        assert [(told in one.text, bool(one.reason)) for one in made.removed] == [(True, True)]

    def test_a_lie_alone_leaves_the_quotations(self, lie: str, library_to_ask: Settings) -> None:
        chain = asking.open_asking(library_to_ask, ScriptedWriter(lie))
        made = asking.asked(chain)
        assert (made.writer, asking.prose(made)) == (QUOTE, [])
        assert asking.steps(made) == [("scripted", NOTHING_STOOD)]
        assert asking.COST_QUOTE in made.answer and asking.broken_laws(made) == []


def test_a_citation_to_the_wrong_passage_is_put_right(library_to_ask: Settings) -> None:
    """Small models number as they please; the check finds what carries the sentence."""
    chain = asking.open_asking(library_to_ask, ScriptedWriter(asking.COST_PROSE.replace("[1]", "[3]")))
    made = asking.asked(chain)
    (sentence,) = [one for one in made.sentences if not one.verbatim]
    assert [one.quote for one in made.citations if one.n in sentence.citations] == [asking.COST_QUOTE]


def test_one_asked_for_by_name_writes_or_says_why_not(library_to_ask: Settings) -> None:
    """Nobody takes over from a writer that was named."""
    absent = ScriptedWriter(name="absent", unready="its file is away")
    failing = ScriptedWriter(Failed("it is on strike"), name="failing")
    chain = asking.open_asking(library_to_ask, absent, failing)
    with pytest.raises(WriterError, match="`absent` can't write now: its file is away"):
        asking.asked(chain, writer="absent")
    with pytest.raises(WriterError, match="`failing` could not write: it is on strike"):
        asking.asked(chain, writer="failing")
    with pytest.raises(WriterError, match=r"no writer `nobody`\. Use one of: auto, quote, absent, failing"):
        asking.asked(chain, writer="nobody")
    assert asking.asked(chain, writer=QUOTE).writer == QUOTE
