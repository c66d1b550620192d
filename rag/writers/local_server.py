"""The child process of the local writer: llama.cpp behind a socket that only this user can reach. Ends with its parent.

Started as `python -m rag.writers.local_server MODEL SOCKET CONTEXT THREADS DRAFTING`; prints one line once it answers.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

READY = "ready"
SOCKET = "llama.sock"  # llama.cpp takes a host for a file by this ending
# What is copied from the passages is guessed a few words ahead: of so many equal tokens, so many more are tried.
# That it helps at all was measured (docs/experiments.md); other sizes were not.
MATCH_TOKENS, GUESS_TOKENS = 4, 10
BATCH = 256


def serve(model: str, socket: str, context: int, threads: int, drafting: bool) -> None:
    import xllamacpp as llama

    params = llama.CommonParams()
    params.model.path = model
    params.hostnames = [socket]
    params.n_ctx = context
    params.n_parallel = 1  # the queue: one answer at a time, each as fast as it can be
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    if drafting:
        params.speculative.types = [llama.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
        params.speculative.ngram_simple.size_n = MATCH_TOKENS
        params.speculative.ngram_simple.size_m = GUESS_TOKENS
    server = llama.Server(params)
    print(READY, flush=True)
    sys.stdin.read()  # the parent holds the other end as long as it lives
    del server


def main() -> None:
    model, socket, context, threads, drafting = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(model, socket, int(context), int(threads), drafting == "yes")
    _tidy_up()


def _end_with_parent() -> None:
    """Also while the model is loading or writing: the parent may be killed at any moment."""
    parent = os.getppid()
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(1.0)
    _tidy_up()
    os._exit(1)


def _tidy_up() -> None:
    """The socket and its folder, which a parent that was killed leaves behind."""
    with suppress(OSError):
        Path(sys.argv[2]).unlink(missing_ok=True)
        Path(sys.argv[2]).parent.rmdir()


if __name__ == "__main__":
    main()
