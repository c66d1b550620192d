"""Child processes for tests: started from a server that has imported what they need, so that each costs a blink."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

# An exit code that neither Python nor a signal gives.
KILLED = 77
PATIENCE_SECONDS = 60


@cache
def context() -> ForkServerContext:
    """A fork of pytest itself would inherit Chroma's threads by half; the server has started none."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["chromadb", "corpus.index", "ingest.publish", "tests.library"])
    return made


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    child = context().Process(target=target, args=arguments, daemon=True)
    child.start()
    return child


def exit_code(child: BaseProcess) -> int | None:
    """How it ended; it is not waited for without end."""
    child.join(PATIENCE_SECONDS)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise TimeoutError(f"{child} was still running after {PATIENCE_SECONDS} s")
    return child.exitcode


@dataclass(frozen=True)
class Kill:
    """Where a process dies: before or after the nth call of a function, at once and without any clean-up."""

    function: str
    when: str
    call: int = 1

    def arm(self) -> None:
        """From now on in this process, that call is the last thing it does."""
        owner_name, name = self.function.rsplit(".", 1)
        owner = pkgutil.resolve_name(owner_name)
        original = getattr(owner, name)
        calls = 0

        def deadly(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.call and self.when == "before":
                os._exit(KILLED)
            result = original(*arguments, **named)
            if calls == self.call:
                os._exit(KILLED)
            return result

        setattr(owner, name, deadly)

    def __str__(self) -> str:
        return f"{self.when}-{self.function.rsplit('.', 1)[1].strip('_')}-{self.call}"
