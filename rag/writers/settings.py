"""Which writers there are, in what order, and what they may cost a day: one small file in the home, `writers.toml`.

auto = ["claude", "local", "quote"]     # the order; without it: the hosted ones as they stand here, then README's
[claude]
kind = "anthropic"                      # anthropic, openai (any compatible address) or ollama
model = "…"
key = "ANTHROPIC_API_KEY"               # the NAME of the environment variable that holds the key, never the key
tokens_a_day = 200000
money_a_day = 2.0
price_in = 3.0                          # for a million tokens
price_out = 15.0
[local]
threads = 2
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.errors import SettingsError

FILE = "writers.toml"
KINDS = ("openai", "anthropic", "ollama")
QUOTE, LOCAL = "quote", "local"
SECONDS = 45.0


@dataclass(frozen=True)
class Budget:
    """What a writer may cost in a day; 0 is no limit."""

    tokens: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class HostedSettings:
    name: str
    kind: str
    model: str
    address: str = ""
    key: str = ""
    seconds: float = SECONDS
    price_in: float = 0.0
    price_out: float = 0.0


@dataclass(frozen=True)
class WriterSettings:
    hosted: tuple[HostedSettings, ...] = ()
    auto: tuple[str, ...] = ()
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    threads: int = 0


# Chosen by the golden-set figures, which the README shows.
LOCAL_BEFORE_QUOTE = False


def read_writer_settings(home: Path) -> WriterSettings:
    path = home / FILE
    if not path.is_file():
        return WriterSettings(auto=_order(()))
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path} can't be read: {exc}. Mend it, or take it away to do without it.") from exc
    hosted: list[HostedSettings] = []
    budgets: dict[str, Budget] = {}
    threads = 0
    for name, section in told.items():
        if name == "auto":
            continue
        if not isinstance(section, dict):
            raise SettingsError(f"{path}: `{name}` is no writer; a writer is a section: [{name}].")
        budgets[name] = Budget(
            _number(path, name, section, "tokens_a_day", int), _number(path, name, section, "money_a_day", float)
        )
        if name == LOCAL:
            _only(path, name, section, "threads", "tokens_a_day")
            threads = _number(path, name, section, "threads", int)
        else:
            hosted.append(_hosted(path, name, section))
    auto = told.get("auto", [])
    known = {one.name for one in hosted} | {LOCAL, QUOTE}
    if not isinstance(auto, list) or not all(isinstance(name, str) and name in known for name in auto):
        raise SettingsError(f"{path}: `auto` must be a list of writers there are: {', '.join(sorted(known))}.")
    return WriterSettings(tuple(hosted), tuple(auto) or _order(tuple(one.name for one in hosted)), budgets, threads)


def _order(hosted: tuple[str, ...]) -> tuple[str, ...]:
    return (*hosted, *((LOCAL, QUOTE) if LOCAL_BEFORE_QUOTE or hosted else (QUOTE,)))


def _hosted(path: Path, name: str, section: Mapping[str, Any]) -> HostedSettings:
    _only(
        path, name, section,
        "kind", "model", "address", "key", "seconds", "tokens_a_day", "money_a_day", "price_in", "price_out",
    )  # fmt: skip
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name) or name in (QUOTE, "auto"):
        raise SettingsError(f"{path}: [{name}] can't be a writer's name. Use small letters, digits and hyphens.")
    kind, model = section.get("kind"), section.get("model")
    if kind not in KINDS:
        raise SettingsError(f"{path}: [{name}] needs a kind, one of {', '.join(KINDS)}.")
    if not isinstance(model, str) or not model:
        raise SettingsError(f"{path}: [{name}] needs a model, by the name its provider gives it.")
    key, address = str(section.get("key", "")), str(section.get("address", ""))
    if key and not re.fullmatch(r"[A-Z][A-Z0-9_]{1,60}", key):
        raise SettingsError(
            f"{path}: [{name}] key must be the NAME of an environment variable, such as OPENAI_API_KEY. Never put the key itself there."
        )
    if address and not re.match(r"https?://", address):
        raise SettingsError(f"{path}: [{name}] address must begin with https:// or http://.")
    if re.search(r"[@?#\s]", address):  # it is shown by `status`
        raise SettingsError(
            f"{path}: [{name}] address must hold no user, password or query. A key goes into a variable."
        )
    return HostedSettings(
        name,
        kind,
        model,
        address,
        key,
        _number(path, name, section, "seconds", float) or SECONDS,
        _number(path, name, section, "price_in", float),
        _number(path, name, section, "price_out", float),
    )


def _only(path: Path, name: str, section: Mapping[str, Any], *known: str) -> None:
    if unknown := sorted(set(section) - set(known)):
        raise SettingsError(f"{path}: [{name}] knows no {', '.join(unknown)}; it knows {', '.join(known)}.")


def _number(path: Path, name: str, section: Mapping[str, Any], field: str, kind: type[int] | type[float]) -> Any:
    value = section.get(field, 0)
    if isinstance(value, bool) or not isinstance(value, kind | int) or not 0 <= value < math.inf:
        # What stands there is not repeated: it may be anything, a key too.
        raise SettingsError(f"{path}: [{name}] {field} must be a {'whole ' if kind is int else ''}number, 0 or more.")
    return kind(value)
