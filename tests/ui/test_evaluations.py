"""The evaluations page as Streamlit runs it: what it shows of kept runs, and of none; no model is opened."""

from __future__ import annotations

import sys

import pytest
from streamlit.testing.v1 import AppTest

from corpus.settings import CHECKOUT, Settings
from evals.store import RunStore
from tests.evals.kept_runs import keep_run

pytestmark = [pytest.mark.slow]
PATIENCE_SECONDS = 60


@pytest.fixture
def store(environment: Settings, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr("evals.store.os.fsync", lambda _: None)
    return RunStore(environment.home)


def visit() -> AppTest:
    return AppTest.from_file(str(CHECKOUT / "ui" / "evaluations" / "page.py"), default_timeout=PATIENCE_SECONDS).run()


def shown(app: AppTest) -> str:
    assert not app.exception
    bodies = [element.proto.body for element in app.get("html")]
    return "\n".join(body for body in bodies if not body.startswith("<style>"))


def test_without_runs_the_command_is_named(store: RunStore) -> None:
    app = visit()
    assert "Nothing was measured yet" in shown(app) and app.code[0].value == ".venv/bin/fractional eval nightly"
    assert not app.selectbox


def test_an_unfinished_run_alone_is_nothing_to_show(store: RunStore) -> None:
    keep_run(store, facts=[1], complete=False)
    assert "Nothing was measured yet" in shown(visit())


def test_the_newest_run_is_shown_with_what_changed_and_the_runs_before(store: RunStore) -> None:
    keep_run(store, facts=[1, 1, 1, 1], answers=["Before. [1]"] * 4)
    keep_run(store, facts=[0, 1, 1, 1], answers=["Now. [1]"] * 4)
    words = shown(visit())
    assert "All key facts" in words and "75.0%" in words and "1 worse, 0 better" in words
    assert "Before. [1]" in words and "Now. [1]" in words and "data:image/svg+xml" in words
    assert "1 January 2026, 02:00 UTC" in words and "not compared" in words


def test_another_run_can_be_chosen(store: RunStore) -> None:
    first = keep_run(store, facts=[1, 1])
    keep_run(store, facts=[0, 0])
    app = visit()
    assert "0.0%" in shown(app)
    app.selectbox(key="run").set_value(first.run).run()
    assert "100%" in shown(app) and "Changed since" not in shown(app)


def test_a_case_can_be_looked_at_and_a_held_one_cannot(store: RunStore) -> None:
    keep_run(store, facts=[1, 0, 1], answers=["First. [1]", "Second. [1]", "Third. [1]"], held=[2])
    app = visit()
    assert len(app.selectbox(key="case").options) == 2
    app.selectbox(key="case").set_value("case-001").run()
    words = shown(app)
    assert "Second. [1]" in words and "A retainer costs a fee." in words and "Third. [1]" not in words


def test_hostile_words_stay_text(store: RunStore) -> None:
    keep_run(store, facts=[1], answers=['<img src=x onerror="alert(1)">'], fields={"model": "<script>"})
    app = visit()
    app.selectbox(key="case").set_value("case-000").run()
    assert "<img src=x" not in shown(app) and "<script>" not in shown(app) and "&lt;img" in shown(app)


def test_a_damaged_run_is_said_calmly(store: RunStore) -> None:
    run = keep_run(store, facts=[1])
    (store.place(run.run) / "run.json").write_text("{")
    words = shown(visit())
    assert "can’t be read" in words or "can&#x27;t be read" in words
    assert str(store.folder) not in words


def test_the_page_opens_no_model(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first paint waited for the embedder, of which it shows nothing."""
    keep_run(store, facts=[1])
    monkeypatch.setattr("ui.commands.open_chain", lambda *_: pytest.fail("a chain was opened"))
    before = set(sys.modules)
    assert "All key facts" in shown(visit())
    assert not {"torch", "ragas", "chromadb"} & (set(sys.modules) - before)
