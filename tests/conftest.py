"""What tests of all rooms share: a home and a corpus folder of their own, a fake embedder, the real one, real articles."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from corpus.embedder import BUNDLED_NAME, OnnxEmbedder, exported_model
from corpus.errors import ModelError
from corpus.record import Record
from corpus.settings import CHECKOUT, Settings, read_settings
from ingest.publish import Publisher
from rag.models import LocalModelFile, model_named, pull_model
from tests import asking
from tests.fakes import FakeEmbedder, MemoryVectors
from tests.library import write

# The same examples every time: a test that fails, fails for everybody. No deadline: the machine is shared.
hypothesis.settings.register_profile("here", derandomize=True, deadline=None, database=None, max_examples=60)
hypothesis.settings.load_profile("here")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of models that the program itself uses, so that the export is made once; another where it can't be written."""
    folder = read_settings().models
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return tmp_path_factory.mktemp("models")
    return folder if os.access(folder, os.W_OK) else tmp_path_factory.mktemp("models")


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """Places of this test alone; the corpus folder is there and empty, the home is not there yet."""
    (tmp_path / "corpus").mkdir()
    return Settings(home=tmp_path / "home", models=models, corpus=tmp_path / "corpus", embedder=BUNDLED_NAME)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def memory_vectors() -> MemoryVectors:
    return MemoryVectors()


@pytest.fixture
def record(settings: Settings) -> Record:
    return Record(settings.record_path)


@pytest.fixture
def publisher(settings: Settings, record: Record, embedder: FakeEmbedder) -> Publisher:
    return Publisher(settings, record, embedder)


@pytest.fixture(scope="session")
def real_embedder(models: Path) -> OnnxEmbedder:
    """The embedder of questions, as shipped. Tests that use it carry the mark `model`."""
    return OnnxEmbedder(exported_model(models))


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The environment variables point to this test's places, for what reads the settings itself."""
    for name, place in (("HOME", settings.home), ("CORPUS", settings.corpus), ("MODELS", settings.models)):
        monkeypatch.setenv(f"FRACTIONAL_{name}", str(place))
    monkeypatch.delenv("FRACTIONAL_EMBEDDER", raising=False)
    return settings


def _real_articles() -> Path:
    return Path(os.environ.get("FRACTIONAL_REAL_ARTICLES") or CHECKOUT.parent / "shared" / "real_articles")


@pytest.fixture(scope="session")
def real_article() -> Callable[[str], str]:
    """Reads one of five articles as they were pasted from the web; they are nobody's to copy into the project."""

    def read(name: str) -> str:
        path = _real_articles() / f"{name}.txt"
        if not path.is_file():
            pytest.skip(f"the real article {name} is not here (FRACTIONAL_REAL_ARTICLES says where)")
        return path.read_text(encoding="utf-8")

    return read


@pytest.fixture(scope="session")
def small_library(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Places in which `asking.LIBRARY` is published, to be copied; its vectors can be made from the record."""
    folder = tmp_path_factory.mktemp("small-library")
    (folder / "corpus").mkdir()
    settings = Settings(folder / "home", folder / "models", folder / "corpus", BUNDLED_NAME)
    write(settings, *asking.LIBRARY)
    record = Record(settings.record_path)
    Publisher(settings, record, FakeEmbedder(), vectors=MemoryVectors()).publish()
    record.close()
    return settings


@pytest.fixture
def library_to_ask(settings: Settings, small_library: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The small library as this test's own, its vectors in memory: `asking.open_asking` opens it in a blink."""
    shutil.copytree(small_library.home, settings.home)
    shutil.copytree(small_library.corpus, settings.corpus, dirs_exist_ok=True)
    monkeypatch.setattr("corpus.index.open_vectors", lambda *_: MemoryVectors())
    return settings


@pytest.fixture(scope="session")
def small_model(models: Path) -> LocalModelFile:
    """A model that is quick to load and writes nonsense. Tests that use it carry the marks `model` and `slow`."""
    model = model_named("smollm2-135m")
    try:
        pulled = pull_model(model, models / "writers")
    except ModelError as error:
        pytest.skip(f"the small local model can't be had here: {error}")
    return LocalModelFile(model.name, pulled.path, model.context)
