"""The passphrase: nobody reads it from the home, nobody guesses it quickly, and a new one locks whoever came in with the old."""

from __future__ import annotations

import getpass
import io
import json
import sys
from pathlib import Path

import pytest

from corpus.errors import Locked, SettingsError, UsageError
from corpus.settings import Settings
from ui.command_line import main
from ui.passphrase import LONGEST_PAUSE_SECONDS, Door, Key

WORDS = "a lantern in the harbour"


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(tmp_path: Path, clock: Clock) -> Door:
    made = Door(tmp_path / "home", clock)
    made.set(WORDS)
    return made


def refused(door: Door, words: str) -> str:
    with pytest.raises(Locked) as error:
        door.unlock(words)
    return str(error.value)


def test_the_right_words_open_and_no_others(door: Door) -> None:
    assert door.admits(door.unlock(WORDS))
    assert "not the passphrase" in refused(door, WORDS.upper())
    for key in (None, True, WORDS, Key("salt")):
        assert not door.admits(key)


def test_words_are_the_same_however_they_are_typed(tmp_path: Path) -> None:
    """An é is one character on one keyboard and two on another."""
    door = Door(tmp_path)
    door.set("cafe\u0301 in the harbour\n")
    assert door.admits(door.unlock("caf\u00e9 in the harbour"))


def test_the_home_holds_no_words_and_two_homes_not_the_same(door: Door, tmp_path: Path) -> None:
    kept = door.path.read_text()
    assert "lantern" not in kept
    other = Door(tmp_path / "other")
    other.set(WORDS)
    assert json.loads(other.path.read_text())["hash"] != json.loads(kept)["hash"]


def test_only_its_owner_can_read_it(door: Door) -> None:
    assert door.path.stat().st_mode & 0o777 == 0o600
    door.path.chmod(0o644)
    door.set(WORDS)
    assert door.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_each_wrong_try_doubles_the_pause_for_every_session(door: Door, clock: Clock) -> None:
    """Counted in a session, a page that is loaded anew would begin at nought."""
    for pause in (1, 2, 4):
        assert f"{pause} second" in refused(Door(door.home, clock), "a wrong one")
        assert "Please wait" in refused(Door(door.home, clock), WORDS), "the right words do not shorten it"
        clock.time += pause
    for _ in range(8):
        clock.time += LONGEST_PAUSE_SECONDS
        refused(door, "a wrong one")
    assert "Please wait 60 seconds" in refused(door, WORDS)


def test_the_right_words_tell_how_many_were_wrong_and_begin_anew(door: Door, clock: Clock) -> None:
    for _ in range(3):
        refused(door, "a wrong one")
        clock.time += LONGEST_PAUSE_SECONDS
    assert door.unlock(WORDS).wrong_tries_before == 3
    assert door.unlock(WORDS).wrong_tries_before == 0


def test_a_clock_that_was_set_back_keeps_nobody_out_for_long(door: Door, clock: Clock) -> None:
    refused(door, "a wrong one")
    clock.time -= 1_000_000
    assert "Please wait 60 seconds" in refused(door, WORDS)


def test_a_new_passphrase_locks_who_came_in_with_the_old(door: Door) -> None:
    key = door.unlock(WORDS)
    door.set("another lantern")
    assert not door.admits(key)
    assert door.admits(door.unlock("another lantern"))


@pytest.mark.parametrize("words", ["", "short", "   seven  ", "x" * 201])
def test_what_is_guessed_at_once_is_refused(door: Door, words: str) -> None:
    with pytest.raises(UsageError, match="8 to 200 characters"):
        door.set(words)
    assert door.admits(door.unlock(WORDS)), "the one before stays"


def test_a_damaged_file_lets_nobody_in(door: Door) -> None:
    key = door.unlock(WORDS)
    door.path.write_text("{}")
    for trying in (lambda: door.unlock(WORDS), lambda: door.admits(key)):
        with pytest.raises(SettingsError) as error:
            trying()
        assert str(door.home) not in str(error.value)


def test_damaged_tries_do_not_begin_at_nought(door: Door) -> None:
    door.tries_path.write_text("nonsense")
    assert "60 seconds" in refused(door, "a wrong one")


class TestCommand:
    def test_one_line_is_read_where_there_is_no_terminal(
        self, environment: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORDS}\nsomething else\n"))
        assert main(["passphrase", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"set": True}
        door = Door(environment.home)
        assert door.admits(door.unlock(WORDS))

    @pytest.mark.parametrize(("typed", "code"), [((WORDS, WORDS), 0), ((WORDS, "a lantern"), 2)])
    def test_a_terminal_is_asked_twice_without_echo(
        self, environment: Settings, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, str], code: int
    ) -> None:
        answers = iter(typed)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
        assert main(["passphrase"]) == code
        assert Door(environment.home).is_set() == (code == 0)
