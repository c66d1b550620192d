"""Starting a child process and measuring it from outside: seconds to its last word, processor seconds, peak memory.

How busy others kept the processors meanwhile is measured too: on a shared machine a figure means little without it.
Keeps itself small: a child's peak can't be told below that of the process that starts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The system tells ru_maxrss in kilobytes; macOS in bytes.
UNITS_IN_MEGABYTE = 1_048_576 if sys.platform == "darwin" else 1_024


class ChildFailed(Exception):
    """A measured process ended badly; nothing is reported of the run."""


@dataclass(frozen=True)
class Run:
    seconds: float  # from its start to the last it wrote on stdout
    processor_seconds: float  # of all its threads, to its end
    megabytes: float
    others: float  # the share of all processors that others kept busy meanwhile
    output: str


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run to the end; what it wrote on stderr is shown only if it failed."""
    pieces: list[bytes] = []
    with tempfile.TemporaryFile() as complaints:
        before = _busy_and_all()
        began = time.perf_counter()
        last_word = began
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
        )
        assert process.stdout is not None
        with process.stdout as output:
            while piece := os.read(output.fileno(), 65_536):
                last_word = time.perf_counter()
                pieces.append(piece)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complaints.seek(0)
            said = complaints.read()[-2_000:].decode(errors="replace")
            raise ChildFailed(f"{' '.join(command[:4])} … ended with {process.returncode}:\n{said}")
    own = usage.ru_utime + usage.ru_stime
    return Run(
        last_word - began,
        own,
        usage.ru_maxrss / UNITS_IN_MEGABYTE,
        _others(before, _busy_and_all(), own),
        b"".join(pieces).decode(),
    )


def _busy_and_all(times: Path = Path("/proc/stat")) -> tuple[float, float]:
    """Processor seconds since the machine started, the busy ones and all; none where the system does not tell."""
    try:
        ticks = [int(word) for word in times.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0, 0.0
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK"), sum(ticks) / os.sysconf("SC_CLK_TCK")


def _others(before: tuple[float, float], after: tuple[float, float], own: float) -> float:
    busy, there_were = (late - early for early, late in zip(before, after, strict=True))
    return min(1.0, max(0.0, (busy - own) / there_were)) if there_were > 0 else 0.0
