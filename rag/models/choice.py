"""Which model the local writer uses: the one asked for, else the best that is here, else a reason.

The wish is kept in the home, the files with all homes. Knows nothing about fetching or writing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import ModelError, home_errors
from corpus.settings import Settings
from rag.models.catalogue import CATALOGUE, Model
from rag.models.gguf import context_length, is_gguf
from rag.models.place import Place, write_whole, writers_folder

# For a file that does not say: every model of today can hold so many tokens.
CONTEXT_UNTOLD = 4096


@dataclass(frozen=True)
class LocalModelFile:
    """A GGUF file to write with, and how many tokens it was made for."""

    name: str
    path: Path
    context: int


@dataclass(frozen=True)
class NoModel:
    """Why there is none, and what to do, for a person to read."""

    reason: str


@dataclass(frozen=True)
class Wish:
    """What was asked for with `use`: a name of the catalogue, or a file."""

    name: str = ""
    path: Path | None = None

    def __str__(self) -> str:
        return self.name or str(self.path)


def chosen_model(settings: Settings, catalogue: Sequence[Model] = CATALOGUE) -> LocalModelFile | NoModel:
    """The file to write with now. Costs a few looks at the disk; call it for each answer."""
    wish = read_wish(settings)
    wished = _wished(wish, settings, catalogue) if wish else None
    if wished:
        return wished
    for model in catalogue:
        if found := _pulled(model, settings):
            return found
    best = catalogue[0]
    gone = f"{wish} was chosen and is not there any more. " if wish else "No local model is here. "
    return NoModel(
        f"{gone}`fractional models pull {best.name}` fetches one ({best.size / 1e9:.1f} GB), "
        "and `fractional models use PATH` takes a GGUF file of your own."
    )


def use_model(name_or_path: str, settings: Settings, catalogue: Sequence[Model] = CATALOGUE) -> LocalModelFile:
    """Keep the choice, or ModelError where it can't be used."""
    wish = (
        Wish(name=name_or_path) if name_or_path in {model.name for model in catalogue} else _wish_for_file(name_or_path)
    )
    found = _wished(wish, settings, catalogue)
    if found is None and wish.name:
        raise ModelError(f"{wish.name} is not here. Fetch it first: `fractional models pull {wish.name}`.")
    if found is None:
        raise ModelError(_unusable(wish, catalogue))
    with home_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
        kept = {"name": wish.name} if wish.name else {"path": str(wish.path)}
        write_whole(_kept_in(settings), json.dumps(kept))
    return found


def read_wish(settings: Settings) -> Wish | None:
    """What was asked for last; None where nothing was, or where it can't be read: then the best that is here is used."""
    try:
        kept = json.loads(_kept_in(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    match kept:
        case {"name": str(name)} if name:
            return Wish(name=name)
        case {"path": str(path)} if path:
            return Wish(path=Path(path))
    return None


def _kept_in(settings: Settings) -> Path:
    return settings.home / "writer.json"


def _wish_for_file(path: str) -> Wish:
    try:
        return Wish(path=Path(path).expanduser().resolve())
    except RuntimeError:  # `~someone` who is nobody here
        return Wish(path=Path(path))


def _wished(wish: Wish, settings: Settings, catalogue: Sequence[Model]) -> LocalModelFile | None:
    if wish.path:
        return _own_file(wish.path)
    return next((_pulled(model, settings) for model in catalogue if model.name == wish.name), None)


def _pulled(model: Model, settings: Settings) -> LocalModelFile | None:
    place = Place(writers_folder(settings), model)
    return LocalModelFile(model.name, place.file, model.context) if place.is_sealed() else None


def _own_file(path: Path) -> LocalModelFile | None:
    try:
        if not path.is_file() or not is_gguf(path):
            return None
        return LocalModelFile(path.stem, path, context_length(path) or CONTEXT_UNTOLD)
    except OSError:
        return None


def _unusable(wish: Wish, catalogue: Sequence[Model]) -> str:
    path = wish.path
    names = ", ".join(model.name for model in catalogue)
    if path is None or not path.exists():
        return (
            f"There is neither a model of that name in the catalogue ({names}) nor a file {path}. Give one of the two."
        )
    if not path.is_file():
        return f"{path} is not a file. Give the path of a GGUF file, or a name of the catalogue ({names})."
    try:
        is_gguf(path)
    except OSError as exc:
        return f"{path} can't be read ({exc.strerror}). Give this user access to it."
    return f"{path} is not a GGUF file: it does not begin with those four letters. The local writer needs a model in that format."
