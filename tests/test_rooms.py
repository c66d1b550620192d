"""The plan of the house: which room may import which, and that entering one costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.settings import CHECKOUT

ROOMS = ("corpus", "ingest", "rag", "evals", "ui")
MAY_IMPORT = {
    "corpus": set(),
    "ingest": {"corpus"},
    "rag": {"corpus"},
    "evals": {"corpus", "rag"},
    "ui": {"corpus", "ingest", "rag", "evals"},
}
HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "chromadb",
    "llama_index",
    "streamlit",
    "onnxruntime",
    "ragas",
    "langchain_core",
)


def modules(room: str) -> list[Path]:
    found = sorted((CHECKOUT / room).rglob("*.py"))
    assert found, room
    return found


def imported(path: Path) -> set[str]:
    """The top-level packages a module imports, within functions and for types only, too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays in its room as long as it does not climb out of it.
            depth = len(path.relative_to(CHECKOUT).parts) - 1
            names.add((node.module or "").split(".")[0] if node.level == 0 else path.relative_to(CHECKOUT).parts[0])
            assert node.level <= depth, f"{path}: a relative import that leaves its room"
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_the_plan_allows(room: str) -> None:
    """One import the wrong way round, and the floor can't be used, tested or replaced without the house on top of it."""
    wrong = {
        f"{path.relative_to(CHECKOUT)} imports {other}"
        for path in modules(room)
        for other in imported(path) & (set(ROOMS) | {"tests", "benchmarks"})
        if other != room and other not in MAY_IMPORT[room]
    }
    assert wrong == set()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_and_module_says_what_it_is(room: str) -> None:
    """The docstring of a room is its door plate; a module's says what it does and what it knows nothing about."""
    silent = [
        str(path.relative_to(CHECKOUT))
        for path in modules(room)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_entering_a_room_imports_no_heavy_library_and_starts_nothing(tmp_path: Path) -> None:
    """`fractional --help` took six seconds when one module imported torch at the top, and so did every test and script."""
    names = [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for room in ("corpus", "ingest", "rag")
        for path in modules(room)
    ]
    names += ["ui.command_line", "ui.commands", "ui.render"]
    program = (
        "import importlib, sys, threading\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)), threading.active_count())"
    )
    places = {f"FRACTIONAL_{name}": str(tmp_path / name) for name in ("HOME", "MODELS", "CORPUS")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env={"PATH": "", **places},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[] 1"
    assert list(tmp_path.iterdir()) == []
