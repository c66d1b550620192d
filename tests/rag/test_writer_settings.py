"""`writers.toml`: what it says is what is used, and each mistake in it is one line that says where and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import SettingsError
from rag.writers.settings import FILE, LOCAL, QUOTE, SECONDS, Budget, HostedSettings, read_writer_settings

KEY = "sk-Recognisable-7f3a9c51"
WHOLE = """
auto = ["far", "local", "quote"]
[far]
kind = "anthropic"
model = "a-model"
key = "EXAMPLE_KEY"
tokens_a_day = 200000
money_a_day = 2.5
price_in = 3
price_out = 15.0
[near]
kind = "openai"
model = "b-model"
address = "http://127.0.0.1:8080/v1"
seconds = 20
[local]
threads = 2
"""


def told(home: Path, words: str) -> Path:
    (home / FILE).write_text(words, encoding="utf-8")
    return home


def test_what_it_says_is_used(tmp_path: Path) -> None:
    found = read_writer_settings(told(tmp_path, WHOLE))
    assert found.hosted == (
        HostedSettings("far", "anthropic", "a-model", "", "EXAMPLE_KEY", SECONDS, 3.0, 15.0),
        HostedSettings("near", "openai", "b-model", "http://127.0.0.1:8080/v1", "", 20.0),
    )
    assert (found.auto, found.threads) == (("far", LOCAL, QUOTE), 2)
    assert found.budgets == {"far": Budget(200_000, 2.5), "near": Budget(), LOCAL: Budget()}


def test_without_an_order_the_hosted_ones_come_as_they_stand(tmp_path: Path) -> None:
    """Whoever wrote one down wants it asked."""
    found = read_writer_settings(told(tmp_path, WHOLE.replace('auto = ["far", "local", "quote"]', "")))
    assert found.auto[:2] == ("far", "near") and found.auto[-1] == QUOTE


def test_without_the_file_nothing_is_asked_for(tmp_path: Path) -> None:
    found = read_writer_settings(tmp_path)
    assert found.hosted == () and found.auto[-1] == QUOTE


FAR = '[far]\nkind = "anthropic"\nmodel = "m"\n'
MISTAKES = {
    "no TOML": ("[far\n", "can't be read: Expected ']'"),
    "no text": ("\x00", "can't be read"),
    "a writer that is no section": ('far = "anthropic"\n', "a writer is a section: [far]"),
    "a name nobody can ask for": ('["Big One"]\nkind = "openai"\nmodel = "m"\n', "[Big One] can't be a writer's name. Use small letters"),
    "a name that is taken": ('[quote]\nkind = "openai"\nmodel = "m"\n', "[quote] can't be a writer's name"),
    "no kind": ('[far]\nmodel = "m"\n', "[far] needs a kind, one of openai, anthropic, ollama"),
    "another kind": ('[far]\nkind = "telepathy"\nmodel = "m"\n', "[far] needs a kind, one of"),
    "no model": ('[far]\nkind = "openai"\n', "[far] needs a model"),
    "a model that is no word": ('[far]\nkind = "openai"\nmodel = 4\n', "[far] needs a model"),
    "an unknown field": (FAR + "temprature = 1\n", "[far] knows no temprature; it knows kind, model"),
    "an unknown field of local": ("[local]\nmodel = 1\n", "[local] knows no model; it knows threads"),
    "another address": (FAR + 'address = "localhost:11434"\n', "[far] address must begin with https:// or http://"),
    "an address with a password": (FAR + f'address = "https://me:{KEY}@example.com"\n', "[far] address must hold no user, password or query"),
    "an address with a key": (FAR + f'address = "https://example.com/v1?key={KEY}"\n', "[far] address must hold no user, password or query"),
    "a key": (FAR + f'key = "{KEY}"\n', "[far] key must be the NAME of an environment variable"),
    "a key under another name": (FAR + f'api_key = "{KEY}"\n', "[far] knows no api_key; it knows kind, model, address, key"),
    "a key instead of a number": (FAR + f'seconds = "{KEY}"\n', "[far] seconds must be a number, 0 or more"),
    "a key instead of an order": (f'auto = "{KEY}"\n{FAR}', "`auto` must be a list of writers there are: far, local, quote"),
    "less than nothing": (FAR + "tokens_a_day = -1\n", "[far] tokens_a_day must be a whole number, 0 or more"),
    "half a token": (FAR + "tokens_a_day = 0.5\n", "[far] tokens_a_day must be a whole number"),
    "yes": (FAR + "money_a_day = true\n", "[far] money_a_day must be a number"),
    "without end": (FAR + "tokens_a_day = inf\n", "[far] tokens_a_day must be a whole number"),
    "no number": (FAR + "price_in = nan\n", "[far] price_in must be a number"),
    "an order of nobody": (f'auto = ["fra"]\n{FAR}', "`auto` must be a list of writers there are: far, local, quote"),
    "an order of orders": (f'auto = [["far"]]\n{FAR}', "`auto` must be a list of writers there are"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_line_that_helps(mistake: str, tmp_path: Path) -> None:
    """An order of orders, a number without end and half a token came through or broke off with a foreign error."""
    words, expected = MISTAKES[mistake]
    with pytest.raises(SettingsError) as refused:
        read_writer_settings(told(tmp_path, words))
    message = str(refused.value)
    assert message.startswith(str(tmp_path / FILE)) and expected in message
    assert "\n" not in message
    assert KEY not in message, "whoever reads the message over a shoulder has the key"


def test_a_file_that_cannot_be_read_as_text_is_a_mistake_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe[far]")
    with pytest.raises(SettingsError, match="Mend it, or take it away"):
        read_writer_settings(tmp_path)
