"""Where things are, read once from the environment. Knows nothing about what is kept there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import SettingsError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """The three places, the embedder's name, and who reads written sentences once more; every one can be pointed elsewhere."""

    home: Path
    models: Path
    corpus: Path
    embedder: str
    verifier: str = ""
    verifier_threshold: float = 0.5

    @property
    def record_path(self) -> Path:
        return self.home / "record.sqlite3"

    @property
    def vectors_path(self) -> Path:
        return self.home / "vectors"

    @property
    def lock_path(self) -> Path:
        return self.home / "publish.lock"


def _expanded(name: str, path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as exc:  # `~someone` who is nobody here, or a user without a home
        raise SettingsError(f"{name} is {path}, and there is no such user's folder. Give the whole path.") from exc


def _share(name: str, told: str) -> float:
    try:
        share = float(told)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SettingsError(f"{name} is {told}. Give a number from 0 to 1.")
    return share


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `FRACTIONAL_*`; an empty variable counts as unset."""
    env = os.environ if environment is None else environment

    def place(name: str, default: Path) -> Path:
        return _expanded(name, Path(env.get(name) or default)).resolve()

    cache = _expanded("XDG_CACHE_HOME", Path(env.get("XDG_CACHE_HOME") or "~/.cache"))
    return Settings(
        home=place("FRACTIONAL_HOME", CHECKOUT / ".fractional"),
        models=place("FRACTIONAL_MODELS", cache / "fractional" / "models"),
        corpus=place("FRACTIONAL_CORPUS", CHECKOUT / "corpus"),
        embedder=env.get("FRACTIONAL_EMBEDDER") or "sentence-transformers/all-MiniLM-L6-v2",
        verifier=env.get("FRACTIONAL_VERIFIER") or "",
        verifier_threshold=_share("FRACTIONAL_VERIFIER_THRESHOLD", env.get("FRACTIONAL_VERIFIER_THRESHOLD") or "0.5"),
    )
