"""Files that only their owner can read: passphrases, conversations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


def open_new(path: Path) -> IO[bytes]:
    """A file made anew, so that what was there before lends it neither content nor rights."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
