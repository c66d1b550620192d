"""What a figure depends on besides the code: processor, versions, commit. Never a path."""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from corpus.embedder import usable_cores
from corpus.settings import CHECKOUT
from ingest.embed import has_amx

PACKAGES = (
    "llama-index-core",
    "llama-index-vector-stores-chroma",
    "llama-index-embeddings-huggingface",
    "chromadb",
    "sentence-transformers",
    "transformers",
    "torch",
    "onnxruntime",
    "tokenizers",
    "numpy",
)


@dataclass(frozen=True)
class Machine:
    processor: str
    cores: int
    amx: bool
    system: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Commit:
    short: str
    changed: bool  # the working tree differs from it


def this_machine() -> Machine:
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}
    return Machine(_processor(), usable_cores(), has_amx(), f"{platform.system()} {platform.machine()}", versions)


def _processor(processors: Path = Path("/proc/cpuinfo")) -> str:
    """The model's name, with family and model number: a hypervisor often gives no more of a name than the maker's."""
    try:
        told = dict(
            re.findall(
                r"^(model name|cpu family|model)\s*: (.+)$", processors.read_text().split("\n\n")[0], re.MULTILINE
            )
        )
        return f"{told['model name']} (family {told['cpu family']}, model {told['model']})"
    except (OSError, KeyError):
        return platform.processor() or "unknown"


def this_commit() -> Commit:
    """The commit checked out; outside a repository there is none."""
    short = _git("rev-parse", "--short", "HEAD") or "no-commit"
    return Commit(short, bool(_git("status", "--porcelain", "--", ":!benchmarks/results")))


def _git(*words: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
