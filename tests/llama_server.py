"""llama.cpp's own OpenAI-compatible address on loopback, as somebody would run it beside the program. Ends with whoever started it.

`python -m tests.llama_server MODEL PORT` serves; `serving` starts that and waits for it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.settings import CHECKOUT

READY = "ready"


@contextmanager
def serving(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.llama_server", str(model), str(port)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin and child.stdout
    try:
        assert any(line.strip() == READY for line in child.stdout), "llama.cpp does not start"
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        child.stdin.close()
        child.kill()
        child.wait()
        child.stdout.close()


def main() -> None:
    import xllamacpp as llama

    params = llama.CommonParams()
    params.model.path = sys.argv[1]
    params.hostnames = ["127.0.0.1"]
    params.port = int(sys.argv[2])
    params.n_ctx = 2048
    params.n_parallel = 1
    params.n_predict = 120
    params.verbosity = -1
    server = llama.Server(params)
    print(READY, flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main()
