"""Where things are: read from the environment, each place of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import SettingsError
from corpus.settings import CHECKOUT, read_settings


def test_without_a_word_everything_has_its_place() -> None:
    """The home lies in the checkout, the models outside of it, so that a fresh home does not make them again."""
    settings = read_settings({"HOME": "/home/jane"})
    assert settings.home == CHECKOUT / ".fractional"
    assert settings.corpus == CHECKOUT / "corpus"
    assert not settings.models.is_relative_to(settings.home)
    assert settings.embedder == "sentence-transformers/all-MiniLM-L6-v2"
    assert (settings.record_path.parent, settings.vectors_path.parent, settings.lock_path.parent) == (
        settings.home,
    ) * 3


def test_each_place_can_be_pointed_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative ones are meant from where the command is run, and must not move when the program changes folders later."""
    monkeypatch.chdir(tmp_path)
    settings = read_settings(
        {
            "FRACTIONAL_HOME": "here",
            "FRACTIONAL_MODELS": "/models",
            "FRACTIONAL_CORPUS": "a/../b",
            "FRACTIONAL_EMBEDDER": "own",
        }
    )
    assert (settings.home, settings.models, settings.corpus) == (tmp_path / "here", Path("/models"), tmp_path / "b")
    assert settings.embedder == "own"


def test_an_empty_variable_is_no_variable() -> None:
    """`FRACTIONAL_HOME=` in a script would otherwise make the current folder the home."""
    empty = dict.fromkeys(("FRACTIONAL_HOME", "FRACTIONAL_CORPUS", "FRACTIONAL_MODELS", "FRACTIONAL_EMBEDDER"), "")
    assert read_settings(empty) == read_settings({})


def test_a_tilde_is_a_home_and_nobodys_tilde_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~jayne/…` for `~jane/…` ended in a traceback."""
    monkeypatch.setenv("HOME", "/home/jane")
    assert read_settings({"FRACTIONAL_CORPUS": "~/articles"}).corpus == Path("/home/jane/articles")
    with pytest.raises(SettingsError, match=r"FRACTIONAL_CORPUS is ~no-such-user/x.* Give the whole path"):
        read_settings({"FRACTIONAL_CORPUS": "~no-such-user/x"})


def test_the_environment_is_read_when_asked_and_not_at_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings read at import could not be changed by a test, nor by who embeds the program."""
    monkeypatch.setenv("FRACTIONAL_HOME", str(tmp_path))
    assert read_settings().home == tmp_path
