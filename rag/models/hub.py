"""One file from the model hub into a part file, going on where an earlier try ended.

Brings bytes and does not vouch for them: the hash is taken of what lies on the disk when it is whole.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag.models.catalogue import HubFile
from rag.models.report import SourceFailed

if TYPE_CHECKING:
    import ssl

    import httpx

MOST_REDIRECTS = 5


class _BrokeOff(Exception):
    """The connection ended early; another one may go on."""


class _NoRange(_BrokeOff):
    """It answered another range than was asked for; without asking, the file may come from its beginning."""


@dataclass(frozen=True)
class Patience:
    """How long a source may keep us waiting."""

    # An unreachable hub is nothing to wait for: the next source is at hand.
    connect_seconds: float = 5.0
    # Within so long, so many bytes a second must come on average.
    stall_seconds: float = 30.0
    slowest_rate: float = 10_000.0
    # So many connections in a row may bring next to nothing.
    vain_connections: int = 3
    pause_seconds: float = 1.0


@dataclass(frozen=True)
class HubFetch:
    """One file being fetched: its address, its known size, and where it goes."""

    source: HubFile
    size: int
    part: Path
    at: Callable[[int], None]
    patience: Patience

    def run(self) -> None:
        """Make the part whole, or SourceFailed; what came stays."""
        import httpx

        seconds = self.patience.stall_seconds
        vain, in_range = 0, True
        timeout = httpx.Timeout(seconds, connect=self.patience.connect_seconds)
        with httpx.Client(timeout=timeout, verify=_trusted_certificates()) as client:
            while (had := _length(self.part)) < self.size:
                try:
                    self._connection(client, had, in_range)
                except _BrokeOff as broken:
                    in_range = in_range and not isinstance(broken, _NoRange)
                    # On a bad line each connection brings some; only a server that brings nothing is given up.
                    vain = 0 if _length(self.part) - had > self.size / 100 else vain + 1
                    if vain >= self.patience.vain_connections:
                        raise SourceFailed(f"{broken}, {vain} times in a row") from broken
                    time.sleep(self.patience.pause_seconds)

    def _connection(self, client: httpx.Client, had: int, in_range: bool) -> None:
        with translated(), self._answer(client, had if in_range else 0) as response:
            done = self._start(response, had)
            pace = _Pace(self.patience, done)
            with self.part.open("ab") as file:
                for block in response.iter_raw():
                    if done + len(block) > self.size:
                        file.truncate(had)  # of another file, then
                        raise SourceFailed(f"it sends more than the {self.size:,} bytes of the file")
                    # Where the file comes from its beginning, what is here already is not written again, and so can't be lost.
                    file.write(block[max(0, had - done) :])
                    done += len(block)
                    self.at(done)
                    pace.note(done)
        if done < self.size:
            raise _BrokeOff("it ends before the file does")

    @contextmanager
    def _answer(self, client: httpx.Client, start: int) -> Iterator[httpx.Response]:
        """The answer behind the redirects, each looked at before it is followed."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        url = self.source.url
        for _ in range(MOST_REDIRECTS + 1):
            if not _is_safe(url, self.source.url):
                raise SourceFailed(f"it leads to an address without https ({url})")
            with client.stream("GET", url, headers=headers) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                url = str(response.url.join(response.headers["location"]))
        raise SourceFailed(f"it redirects more than {MOST_REDIRECTS} times")

    def _start(self, response: httpx.Response, had: int) -> int:
        """From which byte on this answer brings the file."""
        if response.status_code == 200:  # the beginning, also where we asked to go on
            self._same_size(response.headers.get("content-length"))
            return 0
        if response.status_code in {206, 416}:
            told = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("content-range", ""))
            self._same_size(told and told[2])
            if response.status_code == 206 and told and told[1] == str(had):
                return had
            raise _NoRange("it does not go on where it was asked to")
        raise SourceFailed(f"it answers {response.status_code} {response.reason_phrase}".rstrip())

    def _same_size(self, told: str | None) -> None:
        if told and told.isdecimal() and int(told) != self.size:
            raise SourceFailed(f"it has a file of {int(told):,} bytes there, and the model has {self.size:,}")


class _Pace:
    """Notices a server that sends a little now and then, and so never times out."""

    def __init__(self, patience: Patience, done: int) -> None:
        self.patience, self.from_, self.since = patience, done, time.monotonic()

    def note(self, done: int) -> None:
        elapsed = time.monotonic() - self.since
        if elapsed < self.patience.stall_seconds:
            return
        if done - self.from_ < elapsed * self.patience.slowest_rate:
            raise _BrokeOff(f"it sends less than {self.patience.slowest_rate / 1000:g} kB a second")
        self.from_, self.since = done, time.monotonic()


@contextmanager
def translated() -> Iterator[None]:
    """What the HTTP library says, as what it means for the fetch."""
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as exc:
        raise SourceFailed(f"it can't be reached ({exc})") from exc
    except httpx.TimeoutException as exc:
        raise _BrokeOff("it sends nothing any more") from exc
    except httpx.TransportError as exc:
        raise _BrokeOff("it breaks off") from exc
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as exc:
        raise SourceFailed(f"it does not answer properly ({type(exc).__name__})") from exc


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """Those of certifi, or of SSL_CERT_FILE; reading them takes a fifth of a second, longer than many a fetch."""
    import httpx

    return httpx.create_ssl_context()


def _is_safe(url: str, first: str) -> bool:
    """Only https. Plain http may stay on the machine it began on, where nobody is in between."""
    import httpx

    there, origin = httpx.URL(url), httpx.URL(first)
    if there.scheme == "https":
        return True
    same = (there.scheme, there.host, there.port) == (origin.scheme, origin.host, origin.port)
    return same and there.scheme == "http" and _is_loopback(there.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
