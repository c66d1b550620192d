"""What a GGUF file says of itself at its beginning. Knows nothing about where models come from."""

from __future__ import annotations

import struct
from pathlib import Path

MAGIC = b"GGUF"
# What stands before the vocabulary fits well within; the context's length is among it in every file seen.
HEADER_BYTES = 1 << 20
# The value types of the format that have a fixed length: how to read each, by its number.
_FIXED = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIifBQqd", strict=True))
_STRING, _ARRAY = 8, 9


def is_gguf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def context_length(path: Path) -> int | None:
    """How many tokens the model was made for; None where the header does not say, or not in a way we read."""
    with path.open("rb") as file:
        header = _Header(file.read(HEADER_BYTES))
    try:
        return header.context_length()
    except struct.error:  # cut short, or of another version
        return None


class _Header:
    """The keys and values, read from the front; struct.error where the bytes end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = len(MAGIC) + 4 + 8  # behind the version and the number of tensors

    def context_length(self) -> int | None:
        for _ in range(self._number("Q")):
            key, kind = self._string(), self._number("I")
            if key.endswith(b".context_length") and kind in _FIXED:
                return self._number(_FIXED[kind]) or None
            self._skip(kind)
        return None

    def _skip(self, kind: int) -> None:
        if kind != _ARRAY:
            self._skip_one(kind)
            return
        inner, length = self._number("I"), self._number("Q")
        for _ in range(length):
            self._skip_one(inner)

    def _skip_one(self, kind: int) -> None:
        if kind == _STRING:
            self._string()
        elif kind in _FIXED:
            self._number(_FIXED[kind])
        else:
            raise struct.error(f"no such type: {kind}")

    def _number(self, code: str) -> int:
        (value,) = struct.unpack_from(f"<{code}", self.data, self.at)
        self.at += struct.calcsize(f"<{code}")
        return int(value) if code not in "fd" else 0

    def _string(self) -> bytes:
        length = self._number("Q")
        if length > len(self.data) - self.at:
            raise struct.error("longer than the header")
        self.at += length
        return self.data[self.at - length : self.at]
