"""A small library published once, with the real embedder, and copied for each test that changes or asks it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.embedder import BUNDLED_NAME
from corpus.settings import Settings
from tests.ui import chat_library
from ui.warm_chain import WarmChain


@pytest.fixture(scope="session")
def published_library(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Settings:
    folder = tmp_path_factory.mktemp("published")
    settings = Settings(folder / "home", models, folder / "corpus", BUNDLED_NAME)
    chat_library.publish(settings)
    return settings


@pytest.fixture
def library(environment: Settings, published_library: Settings) -> Settings:
    """The places of this test, with the library in them."""
    for copy, original in (
        (environment.home, published_library.home),
        (environment.corpus, published_library.corpus),
    ):
        shutil.copytree(original, copy, dirs_exist_ok=True)
    return environment


@pytest.fixture
def pages_anew() -> Iterator[None]:
    """No chain and no shelf of another test."""
    import streamlit

    streamlit.cache_resource.clear()
    yield
    streamlit.cache_resource.clear()


@pytest.fixture
def each_script_waits_for_its_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page redraws itself when the chain is warm; a test draws it once, when it is."""
    start = WarmChain.start
    monkeypatch.setattr(WarmChain, "start", lambda chain: chat_library.warmed(start(chain)))
