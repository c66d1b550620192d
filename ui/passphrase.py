"""The operator's passphrase: kept as a salted hash in the home, and tried more slowly after each wrong try.

Tries are counted in a file, so that a new session, another window or a restart doesn't begin at nought. Knows nothing about pages.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import Locked, SettingsError, UsageError, home_errors
from corpus.private_files import open_new

# A try takes a tenth of a second and 32 MB, here and for whoever has stolen the file.
COST = {"n": 2**15, "r": 8, "p": 1}
MOST_MEMORY = 64 * 2**20
FEWEST_CHARACTERS = 8
LONGEST_PASSPHRASE = 200
# The pause doubles with each wrong try: one second, two, four. Longer than this, it would keep the operator out, too.
LONGEST_PAUSE_SECONDS = 60.0
# A hundred sessions try as slowly as one.
_ONE_TRY_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Key:
    """What a session holds that gave the passphrase: good until another one is set."""

    salt: str
    wrong_tries_before: int = 0


class Door:
    """The way to the operator's desk in one home."""

    def __init__(self, home: Path, now: Callable[[], float] = time.time) -> None:
        self.home, self.now = home, now
        self.path, self.tries_path = home / "passphrase.json", home / "passphrase-tries.json"

    def is_set(self) -> bool:
        return self._kept() is not None

    def set(self, passphrase: str) -> None:
        """Keep a new passphrase; every session that was let in with the old one is locked."""
        words = _same_words(passphrase)
        if not FEWEST_CHARACTERS <= len(words) <= LONGEST_PASSPHRASE:
            raise UsageError(
                f"A passphrase has {FEWEST_CHARACTERS} to {LONGEST_PASSPHRASE} characters; this one has {len(words)}. "
                "Several words are easy to remember and hard to guess."
            )
        salt = secrets.token_hex(16)
        kept = {"salt": salt, **COST, "hash": _hashed(words, salt, **COST)}
        with home_errors(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            _write_private(self.path, kept)
            self.tries_path.unlink(missing_ok=True)

    def unlock(self, passphrase: str) -> Key:
        """A key for the right passphrase; `Locked` with what to do for any other."""
        with _ONE_TRY_AT_A_TIME, home_errors(self.home):
            kept = self._kept()
            if kept is None:
                raise Locked("No passphrase has been set yet. Set one with `fractional passphrase`.")
            wrong, until = self._tries()
            pause = min(until - self.now(), LONGEST_PAUSE_SECONDS)
            if pause > 0:
                raise Locked(f"Please wait {_seconds(pause)} before the next try.")
            given = _hashed(_same_words(passphrase), kept["salt"], kept["n"], kept["r"], kept["p"])
            if hmac.compare_digest(given, kept["hash"]):
                self.tries_path.unlink(missing_ok=True)
                return Key(kept["salt"], wrong)
            pause = min(2.0**wrong, LONGEST_PAUSE_SECONDS)
            _write_private(self.tries_path, {"wrong": wrong + 1, "until": self.now() + pause})
            raise Locked(f"That is not the passphrase. The next try is possible in {_seconds(pause)}.")

    def admits(self, key: object) -> bool:
        """Whether this is a key to the passphrase that is set now."""
        kept = self._kept()
        return isinstance(key, Key) and kept is not None and key.salt == kept["salt"]

    def _kept(self) -> dict[str, Any] | None:
        try:
            kept = json.loads(self.path.read_bytes())
            return {"salt": str(kept["salt"]), "hash": str(kept["hash"]), **{name: int(kept[name]) for name in COST}}
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, OSError) as exc:
            raise SettingsError("The passphrase can't be read. Set it again with `fractional passphrase`.") from exc

    def _tries(self) -> tuple[int, float]:
        """How many wrong ones there were since the last right one, and until when to wait."""
        try:
            tries = json.loads(self.tries_path.read_bytes())
            return min(int(tries["wrong"]), 1000), float(tries["until"])
        except FileNotFoundError:
            return 0, 0.0
        except (ValueError, TypeError, KeyError):  # somebody wrote into it
            return 10, 0.0


def _same_words(passphrase: str) -> str:
    """What looks the same is the same, however it was typed."""
    return unicodedata.normalize("NFC", passphrase).strip()


def _hashed(words: str, salt: str, n: int, r: int, p: int) -> str:
    return hashlib.scrypt(words.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=MOST_MEMORY).hex()


def _seconds(pause: float) -> str:
    count = max(1, round(pause))
    return f"{count} second{'' if count == 1 else 's'}"


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Put a file in place, whole, that only its owner can read."""
    unfinished = path.with_name(f".{path.name}.writing")
    with open_new(unfinished) as file:
        file.write(json.dumps(content).encode())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
