"""Files that are in place whole or not at all, and outlast the power."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def half_written(path: Path, content: bytes) -> Path:
    """The file to be, on disk beside it."""
    half = path.with_name(f".{path.name}.half")
    with half.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return half


def write_whole(path: Path, words: str) -> None:
    half_written(path, words.encode()).replace(path)


def write_json(path: Path, told: Any) -> None:
    write_whole(path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
