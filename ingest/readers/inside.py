"""What runs in the child process: a file in, its Markdown or one reason out, and on to the next. `child` is the parent's side.

It has no environment, may write no files, and is ended by the system itself at its limits of memory and time.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import socket
import struct
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpus.documents import LARGEST_TEXT
from corpus.errors import InputRejected
from ingest.hidden import taken_out
from ingest.hostile import find_hidden
from ingest.readers import WEB_PAGES, Read

# Private memory. With the libraries' code, which is mapped from files, it stays under the 512 MB that we promise.
MOST_MEMORY = 384_000_000
# A child that once needed this much may hold on to it: the next file gets a new one.
LARGE_MEMORY = 256_000_000

# A title or a list of authors that is longer is none.
LONGEST_WORDS = 300

LENGTHS = struct.Struct(">II")  # of the request's words and of the file
LENGTH = struct.Struct(">I")  # of the answer
MEMORY_SPENT = "reading it takes more memory than the limit of 512 MB. It may be made to do harm; if not, save it in parts or as a text file."
BROKEN = "it is damaged or of a kind that can't be read ({}). Open it, save it again or as a text file, and add that."


def main() -> None:
    """Answers until the parent closes its end."""
    logging.disable(logging.CRITICAL)  # the libraries' words on each oddity are nobody's
    _limit()
    channel = socket.socket(fileno=0)
    while header := _receive(channel, LENGTHS.size):
        words, size = LENGTHS.unpack(header)
        request = json.loads(_receive(channel, words))
        # Should the parent be gone, nobody else ends a reader that never ends.
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        answer = _answer(request["suffix"], request["charset"], _receive(channel, size))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answer["last"] = answer["last"] or _memory() > LARGE_MEMORY
        # Half characters, which a broken file may hold, could not be written anywhere.
        message = json.dumps(answer, ensure_ascii=False).encode(errors="replace")
        channel.sendall(LENGTH.pack(len(message)) + message)
        if answer["last"]:
            return


def _receive(channel: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the other end closed."""
    received = bytearray()
    while len(received) < size and (piece := channel.recv(min(size - len(received), 1 << 20))):
        received += piece
    return bytes(received)


def _limit() -> None:
    limits = ((resource.RLIMIT_DATA, MOST_MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for what, most in limits:
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # a system without this limit; that on time holds there, too
            continue


def _memory() -> int:
    """What this process takes now; nothing where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _answer(suffix: str, charset: str, data: bytes) -> dict[str, Any]:
    """What was read, or why it was not; after anything unforeseen this child is not used again."""
    try:
        read = _judged(_read(suffix, charset, data))
        if len(read.text.encode(errors="replace")) > LARGEST_TEXT:
            raise InputRejected(f"it holds more than {LARGEST_TEXT / 1e6:.0f} MB of text. Split it into articles.")
    except InputRejected as rejected:
        return {"reason": str(rejected), "last": False}
    except MemoryError:
        return {"reason": MEMORY_SPENT, "last": True}
    except Exception as exc:  # whatever a library raises over a hostile or broken file
        return {"reason": BROKEN.format(type(exc).__name__), "last": True}
    said = {name: _one_line(getattr(read, name)) for name in ("title", "author", "source")}
    return {"read": asdict(read) | said, "last": False}


def _judged(read: Read) -> Read:
    """What it hides is looked through here, where a page made to take forever costs one line."""
    told = (*taken_out(read.hidden), *read.removed)
    return replace(read, hidden=(), found=find_hidden(read.hidden), removed=told)


def _one_line(words: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(printable.split())[:LONGEST_WORDS]


def _read(suffix: str, charset: str, data: bytes) -> Read:
    if suffix in WEB_PAGES:
        from ingest.readers.web_page import read_page

        return read_page(data, charset)
    if suffix == ".pdf":
        from ingest.readers.pdf import read_pdf

        return read_pdf(data)
    from ingest.readers.word import read_word

    return read_word(data)


if __name__ == "__main__":
    main()
