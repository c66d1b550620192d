"""A run that is killed anywhere goes on where it was and comes to the same figures; under other conditions it does not go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.errors import CasesError, WriterError
from corpus.record import Record
from corpus.settings import Settings
from evals.run import FAILURES_IN_A_ROW, Drawn, begin, go_on
from evals.store import CASES, CaseRecord, RunRecord, RunStore
from ingest.publish import Publisher, no_progress
from rag.answer import Chain
from rag.writers.port import Failed
from tests import asking
from tests.evals import runs
from tests.evals.runs import PlainScoring
from tests.fakes import FakeEmbedder, MemoryVectors, ScriptedWriter
from tests.library import document

Killed = KeyboardInterrupt


@pytest.fixture
def chain(library_to_ask: Settings) -> Chain:
    return asking.open_asking(library_to_ask)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "kept")


def begun(chain: Chain, store: RunStore, writer: str = "quote") -> str:
    return begin(chain, store, Drawn(runs.CASES), writer, PlainScoring(), {"drifted": False}).run  # type: ignore[arg-type]


def gone_on(chain: Chain, store: RunStore, run: str, **changed: object) -> RunRecord:
    given = {"cases": runs.CASES, "scoring": PlainScoring(), **changed}
    return go_on(chain, store, run, progress=no_progress, **given)  # type: ignore[arg-type]


def killed_after(store: RunStore, finished: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies within the append that follows so many."""
    append: Callable[[str, CaseRecord], None] = store.append

    def dying(run: str, case: CaseRecord) -> None:
        if len(store.case_records(run)) == finished:
            raise Killed
        append(run, case)

    monkeypatch.setattr(store, "append", dying)


@pytest.mark.parametrize("finished", range(len(runs.CASES)))
@pytest.mark.parametrize("half", ["", '{"case": "cost", "ty'])
def test_killed_anywhere_it_goes_on_and_comes_to_the_same(
    chain: Chain, store: RunStore, monkeypatch: pytest.MonkeyPatch, finished: int, half: str
) -> None:
    """A nightly run that died at case 280 asked all of them again, or counted some of them twice."""
    unbroken = gone_on(chain, store, begun(chain, store))
    run = begun(chain, store)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed_after(store, finished, patched)
        gone_on(chain, store, run)
    assert not store.read(run).complete
    with (store.place(run) / CASES).open("a") as file:
        file.write(half)
    asked: list[str] = []
    again = chain_that_tells(chain, asked, monkeypatch)
    whole = gone_on(again, store, run)
    assert asked == [case.id for case in runs.CASES[finished:]]
    assert whole.complete and whole.left_out == ()
    assert (whole.metrics, whole.by_type) == (unbroken.metrics, unbroken.by_type)
    assert store.read(run) == whole


def chain_that_tells(chain: Chain, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Chain:
    import evals.run

    real = evals.run.ask_case
    monkeypatch.setattr(
        "evals.run.ask_case", lambda chain, case, writer: asked.append(case.id) or real(chain, case, writer)
    )
    return chain


def test_a_complete_run_asks_nothing_more(chain: Chain, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(chain, store)
    whole = gone_on(chain, store, run)
    asked: list[str] = []
    assert gone_on(chain_that_tells(chain, asked, monkeypatch), store, run) == whole
    assert asked == []


def test_a_run_that_has_had_enough_is_complete_and_names_the_rest(chain: Chain, store: RunStore) -> None:
    """A night has an end; what was not asked by then must not look as if it had been."""
    left = iter([False, False, True])
    whole = go_on(
        chain,
        store,
        begun(chain, store),
        runs.CASES,
        PlainScoring(),
        no_progress,
        lambda money: next(left),  # type: ignore[arg-type]
    )
    assert whole.complete and whole.left_out == tuple(case.id for case in runs.CASES[2:])
    assert whole.metrics["verdict"].n == 2


def test_its_record_tells_what_its_figures_depend_on(chain: Chain, store: RunStore) -> None:
    record = store.read(begun(chain, store))
    assert (record.snapshot, record.index, record.writer, record.model) == (1, FakeEmbedder.name, "quote", "quote")
    assert record.cases.ids == tuple(case.id for case in runs.CASES)
    assert record.scorers == {"checks": "1"} and record.judge.name == "support"
    assert len(record.commit) in (0, 40) and len(record.code) == len(record.cases.sha256) == 64


class TestConditions:
    def test_other_cases_of_the_same_name_are_not_the_same(self, chain: Chain, store: RunStore) -> None:
        changed = (replace(runs.CASES[0], facts=("nothing",)), *runs.CASES[1:])
        with pytest.raises(CasesError, match="the cases changed since it was begun"):
            gone_on(chain, store, begun(chain, store), cases=changed)

    def test_scores_of_two_versions_are_not_put_together(self, chain: Chain, store: RunStore) -> None:
        with pytest.raises(CasesError, match="the scorers changed"):
            gone_on(chain, store, begun(chain, store), scoring=PlainScoring("2"))

    def test_answers_of_changed_code_are_not_put_together(
        self, chain: Chain, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The commit alone does not tell: a working tree differs from it while one works on it."""
        run = begun(chain, store)
        monkeypatch.setattr("evals.run.code_hash", lambda: "another")
        with pytest.raises(CasesError, match="the code changed"):
            gone_on(chain, store, run)

    def test_answers_over_two_libraries_are_not_put_together(
        self, chain: Chain, store: RunStore, library_to_ask: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half of the cases were answered from the library of before, and the figures were those of none."""
        run = begun(chain, store)
        import evals.run

        real = evals.run.ask_case

        def published_meanwhile(chain: Chain, case: object, writer: str) -> object:
            record = Record(library_to_ask.record_path)
            Publisher(library_to_ask, record, FakeEmbedder(), vectors=MemoryVectors()).publish({"new": document("new")})
            record.close()
            return real(chain, case, writer)  # type: ignore[arg-type]

        monkeypatch.setattr("evals.run.ask_case", published_meanwhile)
        with pytest.raises(CasesError, match="published anew"):
            gone_on(chain, store, run)
        monkeypatch.undo()
        with pytest.raises(CasesError, match="the library changed"):
            gone_on(chain, store, run)


class TestAWriterThatFails:
    def test_the_case_is_left_out_and_named(self, library_to_ask: Settings, store: RunStore) -> None:
        """It was counted as a wrong answer, or nobody heard of it."""
        writer = ScriptedWriter()
        chain = asking.open_asking(library_to_ask, writer)
        run = begun(chain, store, "scripted")
        writer.script = (Failed("it can’t be reached"),)
        broken = runs.CASES[:1]
        with pytest.MonkeyPatch.context() as patched:
            import evals.run

            real = evals.run.ask_case

            def mended_after_the_first(chain: Chain, case: object, name: str) -> object:
                writer.script = (Failed("it can’t be reached"),) if case in broken else ()
                return real(chain, case, name)  # type: ignore[arg-type]

            patched.setattr("evals.run.ask_case", mended_after_the_first)
            whole = gone_on(chain, store, run)
        assert whole.left_out == ("cost",)
        assert whole.metrics["verdict"].n == len(runs.CASES) - 1

    def test_one_that_is_down_is_not_waited_for_case_after_case(
        self, library_to_ask: Settings, store: RunStore
    ) -> None:
        writer = ScriptedWriter(Failed("it can’t be reached"))
        chain = asking.open_asking(library_to_ask, writer)
        cases = tuple(replace(runs.CASES[0], id=f"cost-{n}") for n in range(FAILURES_IN_A_ROW + 3))
        run = begin(chain, store, Drawn(cases), "scripted", PlainScoring(), {}).run  # type: ignore[arg-type]
        with pytest.raises(WriterError, match="can’t be reached"):
            gone_on(chain, store, run, cases=cases)
        assert writer.asked == FAILURES_IN_A_ROW
        writer.script = ()
        assert gone_on(chain, store, run, cases=cases).left_out == ()

    def test_one_that_can_not_write_is_told_before_anything_is_kept(self, chain: Chain, store: RunStore) -> None:
        with pytest.raises(WriterError, match="no writer"):
            begun(chain, store, "nobody")
        assert store.list() == []
