"""The words of the set-up: pip's failures as one line of what to do, and progress on one line of the terminal.

Knows nothing about the steps themselves.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path

# Measured: 2.3 GB once installed, and 0.7 GB of wheels while pip unpacks them.
NEEDED_BYTES = 3_000_000_000


class SetupError(Exception):
    """What stopped the set-up and what to do next, in words for the person who ran make."""


# Tried in this order, because an unreachable registry also ends in "no matching distribution".
PIP_FAILURES = (
    (
        r"No space left on device|Errno 28\b",
        "the disk is full; free about 3 GB (pip also uses the temporary folder, TMPDIR) and run make again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package registry's certificate is not trusted here; behind a company proxy, name its certificates "
        "(pip config set global.cert FILE) and run make again",
    ),
    (
        r"Name or service not known|Temporary failure in name resolution|nodename nor servname|NewConnectionError"
        r"|Failed to establish|ConnectTimeout|Read timed out|Connection (?:refused|reset|broken|aborted)|ProxyError"
        r"|Network is unreachable|Max retries exceeded|IncompleteRead",
        "the package registry cannot be reached; check the network or name a mirror "
        "(pip config set global.index-url ADDRESS) and run make again",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "a package is not the one that was locked; if your mirror changes packages use another, else do not install it",
    ),
    (
        r"Permission denied|Errno 13\b|Read-only file system",
        "a folder cannot be written; run make as the owner of this checkout (root is not needed)",
    ),
    (
        r"No matching distribution found for (?P<name>[^\s(;]+)",
        "the registry has no build of {name} for this machine and Python; try make run PYTHON=python3.11",
    ),
)


def explain(step: str, output: str, log: Path) -> str:
    """One line: which step failed, why, and what to do; pip's own last error where we know no better."""
    for pattern, advice in PIP_FAILURES:
        if match := re.search(pattern, output):
            return f"{step}: {advice.format(**match.groupdict())}. The whole output: {log}"
    # Two words or more: pip closes with labels of its own, like "error: metadata-generation-failed".
    errors = re.findall(r"^\s*\w*error: *(\S+ .+)$", output, re.MULTILINE | re.IGNORECASE) or ["it failed"]
    return f"{step}: {errors[-1].strip().rstrip('.')}. The whole output: {log}"


def no_cpu_torch(torch: str) -> str:
    return (
        f"torch: this registry's {torch} is the CUDA build, several GB that nothing here uses, and PyTorch's own index "
        "of CPU builds cannot be reached. Run make again with TORCH_INDEX=ADDRESS, an index of CPU builds: "
        "PyTorch's get-started page names it."
    )


def check_space(free_bytes: int, folder: Path) -> None:
    if free_bytes < NEEDED_BYTES:
        raise SetupError(
            f"{folder} has {free_bytes / 1e9:.1f} GB of disk left and the set-up needs {NEEDED_BYTES / 1e9:.0f}. "
            "Free some and run make again."
        )


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Progress:
    """One line for a step: its name at once, what pip is doing while it runs (on a terminal), the time it took."""

    def __init__(self, step: str, expected: int = 0) -> None:
        self.step = step
        self.expected = expected
        self.seen = 0
        self.started = time.monotonic()
        self.terminal = sys.stderr.isatty()
        print(f"  {step} ...", end="", file=sys.stderr, flush=True)

    def note(self, line: str) -> None:
        """Take one line of pip's output."""
        self.seen += line.startswith(("Collecting ", "Processing ", "Requirement already satisfied"))
        if self.terminal:
            count = f"{min(self.seen, self.expected)} of {self.expected}, " if self.expected else ""
            text = f"  {self.step}: {count}{line.strip()}"
            print("\r\033[K" + text[: shutil.get_terminal_size().columns - 1], end="", file=sys.stderr, flush=True)

    def finish(self, outcome: str = "") -> None:
        taken = outcome or f"{time.monotonic() - self.started:.0f} s"
        # Each package is named once while it is collected, and those that are there already once more.
        count = f"{self.seen} in " if self.expected and not outcome else ""
        start = f"\r\033[K  {self.step}:" if self.terminal else ""
        print(f"{start} {count}{taken}", file=sys.stderr, flush=True)
