"""Serving the pages on this machine: starts Streamlit on loopback and prints the address once it answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from corpus.errors import FractionalError
from corpus.settings import CHECKOUT

# The first start compiles Streamlit's modules; later ones take two or three seconds.
PATIENCE_SECONDS = 60
# Streamlit draws each page in a thread of its own, and the C library keeps a pool of memory for each, half empty.
FEW_POOLS = {"MALLOC_ARENA_MAX": "2"}


def serve_chat(port: int) -> int:
    """Run until stopped; the exit code of the server."""
    if _taken(port):
        raise FractionalError(
            f"Port {port} is taken, perhaps by a chat that is running already. Open http://localhost:{port} or choose another with --port."
        )
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(Path(__file__).with_name("front.py")),
        f"--server.port={port}",
    ]
    options = [
        "--server.address=localhost",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
        "--server.fileWatcherType=none",
        "--client.toolbarMode=minimal",
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server is stopped with us
    server = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, env={**FEW_POOLS, **os.environ})
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        if _answers(port, server):
            print(f"Fractional is open at http://localhost:{port}  (stop with Ctrl-C)", flush=True)
            helpers.append(
                subprocess.Popen([sys.executable, "-m", "rag.prepare"], cwd=CHECKOUT, stderr=subprocess.DEVNULL)
            )
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for one in (server, *helpers):
            one.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1) as reply:
                if reply.status == 200:
                    return True
        except OSError:
            time.sleep(0.2)
    return False
