"""A writer behind an address, with everything that goes wrong there: the reader gets an answer, and learns why it is another's."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest

from corpus.errors import WriterError
from corpus.settings import Settings
from rag.answer import Chain, answering
from rag.writers.hosted import LONGEST_REST_ASKED, HostedWriter
from rag.writers.settings import FILE, QUOTE, HostedSettings
from tests import asking
from tests.fakes import ScriptedWriter
from tests.writer_server import (
    MODEL,
    READ,
    WRITTEN,
    Behaviour,
    Exchange,
    WriterServer,
    address_of_nobody,
    breaking_off,
    dripping,
    saying_nothing,
    serving,
    writing,
)
from ui.command_line import main

pytestmark = pytest.mark.slow  # importing the clients of the providers takes seconds

GOOD = [asking.COST_PROSE, asking.RETAINER_PROSE]
# To be recognised wherever it turns up.
KEY, KEY_NAME = "sk-Recognisable-7f3a9c51", "EXAMPLE_WRITER_KEY"
# Foreign words of an error, in which providers repeat keys and servers their paths.
FOREIGN = f"Incorrect key {KEY} in /srv/secrets/gateway.conf"
# What a writer may keep silent before it is passed over; enough for a server that answers at once.
SECONDS = 2.0


def refusing(status: int, **headers: str) -> Behaviour:
    return lambda exchange: exchange.refuse(status, FOREIGN, **headers)


def rambling(words: str, content_type: str = "text/event-stream") -> Behaviour:
    return lambda exchange: exchange.say(words, content_type)


def failing_midway(exchange: Exchange) -> None:
    """As providers do when they are overloaded while they write."""
    exchange.begin()
    exchange.write(GOOD[0] + " ")
    exchange._event({"error": {"message": FOREIGN, "type": "overloaded"}})
    exchange.end()


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "asked too often": (refusing(429), "it is asked too often or its quota is spent"),
    "a server that fails": (refusing(500), "its server failed (status 500)"),
    "a wrong key": (refusing(401), "its key was not accepted"),
    "a key without rights": (refusing(403), "its key was not accepted"),
    "an unknown model": (refusing(404), "it does not know the configured model or address"),
    "a request it does not take": (refusing(422), "it refused the request (status 422)"),
    "a connection that is cut": (breaking_off(GOOD, cleanly=False), "its answer broke off in the middle"),
    "a stream without an end": (breaking_off(GOOD, cleanly=True), "its answer broke off in the middle"),
    "an error within the stream": (failing_midway, "its answer broke off in the middle"),
    "a stream that never ends": (dripping, f"it took longer than {SECONDS:.0f} seconds"),
    "garbage in the stream": (rambling(f"data: {{{FOREIGN}\n\n"), "its answer can’t be read"),
    "a page instead of an answer": (
        rambling(f"<html>{FOREIGN}</html>", "text/html"),
        "its answer broke off in the middle",
    ),
    "an empty answer": (saying_nothing, "it wrote nothing"),
}


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """The client takes seconds to import; that is nobody's slowness."""
    import llama_index.llms.openai_like  # noqa: F401


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WriterServer]:
    monkeypatch.setenv(KEY_NAME, KEY)
    with serving(writing(GOOD)) as serves:
        yield serves


def hosted(address: str, seconds: float = 20.0, name: str = "hosted") -> HostedWriter:
    return HostedWriter(HostedSettings(name, "openai", MODEL, address, KEY_NAME, seconds, price_in=2.0, price_out=8.0))


@pytest.fixture
def time() -> asking.Time:
    return asking.Time()


@pytest.fixture
def opened(library_to_ask: Settings, time: asking.Time) -> Callable[..., Chain]:
    """The chain over a hosted writer, with a second one below it that always can."""

    def open_it(address: str, seconds: float = 20.0) -> Chain:
        return asking.open_asking(
            library_to_ask,
            hosted(address, seconds),
            ScriptedWriter(f"{asking.COST_PROSE} {asking.TERM_PROSE}", name="second"),
            clock=time,
        )

    return open_it


class TestWriting:
    def test_it_is_asked_as_it_should_be(self, server: WriterServer, opened: Callable[..., Chain]) -> None:
        made = asking.asked(opened(server.address))
        assert (made.writer, made.stepped_down) == ("hosted", ())
        (request,) = server.asked
        assert server.keys == [f"Bearer {KEY}"]
        assert (request["model"], request["stream"]) == (MODEL, True)
        assert [message["role"] for message in request["messages"]] == ["system", "user"]
        assert asking.COST_QUOTE in request["messages"][1]["content"]

    def test_its_price_is_that_of_its_settings(self, server: WriterServer, opened: Callable[..., Chain]) -> None:
        chain = opened(server.address)
        made = asking.asked(chain)
        assert made.tokens == {"read": READ, "written": WRITTEN}
        today = next(state.today for state in chain.ladder.states() if state.writer == "hosted")
        assert (today.read, today.written) == (READ, WRITTEN)
        assert today.money == pytest.approx((READ * 2.0 + WRITTEN * 8.0) / 1_000_000)

    def test_without_its_key_it_is_not_asked(
        self, server: WriterServer, opened: Callable[..., Chain], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And no other key that happens to be set is sent to its address."""
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.delenv(KEY_NAME)
        chain = opened(server.address)
        assert asking.asked(chain).writer == "second"
        with pytest.raises(WriterError, match=f"the environment variable {KEY_NAME}, which should hold its key"):
            asking.asked(chain, asking.TERM_QUESTION, conversation="", writer="hosted")
        assert server.requests == 0

    def test_an_address_that_asks_for_no_key_gets_none(
        self, server: WriterServer, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        writer = HostedWriter(HostedSettings("hosted", "openai", MODEL, server.address))
        assert asking.asked(asking.open_asking(library_to_ask, writer)).writer == "hosted"
        assert KEY not in server.keys[0]


@pytest.mark.parametrize("fault", FAULTS)
class TestFaults:
    def test_the_next_one_takes_over_and_it_is_left_alone_for_a_while(
        self,
        fault: str,
        server: WriterServer,
        opened: Callable[..., Chain],
        library_to_ask: Settings,
        time: asking.Time,
    ) -> None:
        """The answer says why; and every further reader would otherwise wait for a dead endpoint."""
        server.behave, reason = FAULTS[fault]
        chain = opened(server.address, SECONDS)
        made = asking.asked(chain)
        assert (made.writer, asking.steps(made)) == ("second", [("hosted", reason)])
        assert asking.broken_laws(made) == []
        assert asking.kept(library_to_ask) == [asking.as_kept(made)]

        made = asking.asked(chain, asking.TERM_QUESTION, conversation="")
        assert server.requests == 1
        ((name, why),) = asking.steps(made)
        assert name == "hosted" and why.startswith(f"{reason}; it is asked again in ")

        time.passes(LONGEST_REST_ASKED)
        server.behave = writing([asking.TERM_PROSE])
        made = asking.asked(chain, asking.TERM_QUESTION, conversation="")
        assert (made.writer, server.requests) == ("hosted", 2)

    def test_asked_by_name_it_says_why(
        self, fault: str, server: WriterServer, opened: Callable[..., Chain], library_to_ask: Settings
    ) -> None:
        server.behave, reason = FAULTS[fault]
        chain = opened(server.address, SECONDS)
        with pytest.raises(WriterError) as refused:
            asking.asked(chain, writer="hosted")
        assert f"The writer `hosted` could not write: {reason}." in str(refused.value)
        assert asking.kept(library_to_ask) == []

    def test_nothing_it_said_and_no_key_is_told_to_anybody(
        self,
        fault: str,
        server: WriterServer,
        opened: Callable[..., Chain],
        environment: Settings,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Providers repeat a refused key in their message, and the chat logs an error with its causes."""
        server.behave, _ = FAULTS[fault]
        lines = ["[hosted]", 'kind = "openai"', f'model = "{MODEL}"', f'address = "{server.address}"']
        (environment.home / FILE).write_text("\n".join([*lines, f'key = "{KEY_NAME}"']))
        chain = opened(server.address, SECONDS)
        told = [json.dumps(made.as_json()) for made in asking.grown(chain)]
        try:
            asking.asked(chain, asking.TERM_QUESTION, conversation="", writer="hosted")
        except WriterError as error:
            told.append(str(error))
            logging.getLogger("test").exception("A question could not be answered.")
        assert main(["status", "--json"]) == 0
        told += [*capsys.readouterr(), caplog.text]
        told += [_in(path) for path in environment.home.glob("record.sqlite3*")]
        assert '"hosted"' in "".join(told)
        for words in (KEY, FOREIGN, "gateway.conf"):
            assert not [text for text in told if words in text], words


def _in(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


class TestNobodyThere:
    def test_a_refused_connection_costs_nothing_and_says_so(
        self, server: WriterServer, opened: Callable[..., Chain]
    ) -> None:
        """What was never read was charged as if it had been."""
        chain = opened(address_of_nobody())
        made = asking.asked(chain)
        assert (made.writer, asking.steps(made)) == ("second", [("hosted", "it can’t be reached")])
        today = next(state.today for state in chain.ladder.states() if state.writer == "hosted")
        assert (today.read, today.written, today.money) == (0, 0, 0.0)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("asked_for", "rests"),
        [
            ("120", 120.0),
            ("5", 30.0),  # never shorter than our own pause
            ("inf", LONGEST_REST_ASKED),
            ("1e300", LONGEST_REST_ASKED),
            ("nan", 30.0),
            ("-7", 30.0),
            ("soon", 30.0),
        ],
    )
    def test_it_is_left_alone_for_as_long_as_it_asks(
        self, asked_for: str, rests: float, server: WriterServer, opened: Callable[..., Chain], time: asking.Time
    ) -> None:
        """An endless rest broke every answer from then on."""
        server.behave = refusing(429, Retry_After=asked_for)
        chain = opened(server.address)
        asking.asked(chain)
        time.passes(rests - 1)
        made = asking.asked(chain, asking.TERM_QUESTION, conversation="")
        assert (made.writer, server.requests) == ("second", 1)
        time.passes(2)
        server.behave = writing([asking.TERM_PROSE])
        assert asking.asked(chain, asking.TERM_QUESTION, conversation="").writer == "hosted"

    def test_a_date_is_as_good_as_seconds(self, server: WriterServer, opened: Callable[..., Chain]) -> None:
        import time

        server.behave = refusing(503, Retry_After=formatdate(time.time() + 3600, usegmt=True))
        chain = opened(server.address)
        asking.asked(chain)
        (_, reason), *_ = asking.steps(asking.asked(chain, asking.TERM_QUESTION, conversation=""))
        assert reason == "its server failed (status 503); it is asked again in 60 minutes"


class TestStopping:
    def test_whoever_goes_away_ends_the_writing(
        self, server: WriterServer, opened: Callable[..., Chain], library_to_ask: Settings
    ) -> None:
        def and_on(exchange: Exchange) -> None:
            exchange.begin()
            exchange.write(f"{asking.COST_PROSE} Some engagements ")
            while exchange.still_wanted():
                exchange.write("end ")

        server.behave = and_on
        chain = opened(server.address)
        with closing(answering(chain, asking.COST_QUESTION, "board")) as growing:
            made = next(state for state in growing if asking.prose(state))
        assert server.gone.wait(1.0), "the request goes on and is paid for"
        (kept,) = asking.kept(library_to_ask)
        assert kept["answer"] == made.answer and kept["writing"] == ""
        assert kept["stepped_down"] == [{"writer": "hosted", "reason": "it was stopped"}]

    def test_a_silent_server_holds_nobody(self, server: WriterServer, opened: Callable[..., Chain]) -> None:
        silent = threading.Event()

        def say_nothing(exchange: Exchange) -> None:
            exchange.begin()
            silent.wait(20.0)

        server.behave = say_nothing
        chain = opened(server.address)
        growing = answering(chain, asking.COST_QUESTION)
        assert next(growing).writing == "hosted"
        next(growing)
        ending = threading.Thread(target=growing.close)
        ending.start()
        ending.join(1.0)
        assert not ending.is_alive()
        silent.set()


def test_every_rung_may_fail(server: WriterServer, library_to_ask: Settings) -> None:
    """The quotations end the ladder, and the answer names all who could not, in order."""
    server.behave = refusing(500)
    dead = hosted(address_of_nobody(), name="dead")
    made = asking.asked(asking.open_asking(library_to_ask, hosted(server.address), dead))
    assert made.writer == QUOTE and asking.broken_laws(made) == []
    assert asking.steps(made) == [("hosted", "its server failed (status 500)"), ("dead", "it can’t be reached")]
