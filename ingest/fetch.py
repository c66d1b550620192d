"""A web address fetched, within limits of time and size, from hosts on the public internet alone.

Every address that a host's name stands for is checked, on each redirect anew, and the connection is made to the address that was
checked: a name that changes its mind between the two leads nowhere. Proxies from the environment are not used: they would connect
to whatever they like.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from corpus.errors import InputRejected

SECONDS = 20.0
LARGEST_BODY = 10_000_000
MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
# A host with several addresses is tried at the next one after so long.
LONGEST_CONNECT = 5.0
HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Fractional)",
    "Accept": "text/html,application/xhtml+xml,application/pdf,text/markdown,text/plain,*/*;q=0.5",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
TEXT = (".md", ".markdown", ".txt", ".text")
ENDING_OF_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
}
# What a server says that does not know.
NO_TYPE = ("", "application/octet-stream", "binary/octet-stream", "application/download")
# Not everywhere among what `ipaddress` calls private: carriers' own networks, a cloud's inner service, and addresses of the new
# kind that stand for old ones by way of somebody else's gateway.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "168.63.129.16/32",
        "::/96",
        "2001::/32",
        "2002::/16",
        "64:ff9b:1::/48",
        "fec0::/10",
    )
]
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True)
class Original:
    """A file as it came: what kind it is by its ending, what is in it, and, from the web, its last address and its characters."""

    suffix: str
    data: bytes
    url: str = ""
    charset: str = ""


def is_public(address: Address) -> bool:
    """May a document be fetched from there? Not from this machine, its networks or its cloud's inner services."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    if any(address in network for network in NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that a name stands for."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def fetch(
    url: str,
    allowed: Allowed = is_public,
    resolve: Resolve = resolve,
    seconds: float = SECONDS,
    largest: int = LARGEST_BODY,
) -> Original:
    """What stands at an address, or InputRejected with the reason."""
    visit = _Visit(url, allowed, resolve, _Deadline(seconds), largest)
    address = url
    try:
        for _ in range(MOST_REDIRECTS + 1):
            found = visit.get(address)
            if isinstance(found, Original):
                return found
            address = found
    except TimeoutError as exc:
        raise InputRejected(
            f"{url}: it did not come within {seconds:g} s. Try again later, or save it in a browser and add the file."
        ) from exc
    except ssl.SSLCertVerificationError as exc:
        raise InputRejected(
            f"{url}: the server's certificate is not good ({exc.verify_message}), so that anybody may have written what it sends. Check the address."
        ) from exc
    except (OSError, http.client.HTTPException, ValueError, zlib.error) as exc:
        why = (exc.strerror if isinstance(exc, OSError) else "") or f"not a proper answer, {type(exc).__name__}"
        raise InputRejected(
            f"{url}: it can't be fetched ({why}). Check the address and the connection, or save it in a browser and add the file."
        ) from exc
    raise InputRejected(
        f"{url}: it redirects more than {MOST_REDIRECTS} times. Open it in a browser and give the address it ends at."
    )


class _Deadline:
    """One moment for everything that is waited for."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True)
class _Visit:
    """One fetching: what was asked for and its limits."""

    url: str
    allowed: Allowed
    resolve: Resolve
    deadline: _Deadline
    largest: int

    def get(self, address: str) -> Original | str:
        """What stands there, or the address it points to."""
        parts = self._parts(address)
        secure = parts.scheme == "https"
        host = str(parts.hostname)
        host = host if host.isascii() else host.encode("idna").decode("ascii")
        port = parts.port or (443 if secure else 80)
        connected = self._connected(self._checked(host, port), port)
        try:
            if secure:
                connected.settimeout(self.deadline.left())
                connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
            connection = http.client.HTTPConnection(host, port)
            connection.default_port = 443 if secure else 80  # what need not be said in the Host header
            connection.sock = _TimedSocket(connected, self.deadline)
            connection.request("GET", _target(parts), headers=HEADERS)
            response = connection.getresponse()
            if response.status in REDIRECTS and (to := response.headers.get("Location")):
                return urljoin(address, to)
            return self._fetched(response, parts)
        finally:
            connected.close()

    def _no(self, problem: str, remedy: str) -> InputRejected:
        return InputRejected(f"{self.url}: {problem}. {remedy}")

    def _parts(self, address: str) -> SplitResult:
        which = "it" if address == self.url else f"it redirects to {address[:200]!r}, which"
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https"):
            raise self._no(f"{which} is no web address", "Only http:// and https:// are fetched.")
        if not parts.hostname:
            raise self._no(f"{which} names no host", "Check the address.")
        if parts.username or parts.password:
            raise self._no(f"{which} holds a user name or password", "Save the page in a browser and add the file.")
        return parts

    def _checked(self, host: str, port: int) -> list[Address]:
        """The host's addresses, when every one of them may be fetched from."""
        found: list[Sequence[str] | Exception] = []

        def look_up() -> None:
            try:
                found.append(self.resolve(host, port))
            except Exception as exc:
                found.append(exc)

        asking = threading.Thread(target=look_up, daemon=True)  # the system's own patience is longer than ours
        asking.start()
        asking.join(self.deadline.left())
        if not found:
            raise TimeoutError
        if isinstance(found[0], Exception):
            raise found[0]
        addresses = [ipaddress.ip_address(one) for one in found[0]]
        for address in addresses:
            if not self.allowed(address):
                raise self._no(
                    f"{host} is at {address}, which is not on the public internet", "Only public pages are fetched."
                )
        return addresses

    def _connected(self, addresses: list[Address], port: int) -> socket.socket:
        failed: OSError = OSError(0, "no address")
        for address in addresses:
            try:
                return socket.create_connection((str(address), port), min(LONGEST_CONNECT, self.deadline.left()))
            except OSError as exc:
                failed = exc
        raise failed

    def _fetched(self, response: http.client.HTTPResponse, parts: SplitResult) -> Original:
        if response.status != 200:
            reason = http.client.responses.get(response.status, "unknown")
            raise self._no(
                f"the server answers {response.status} ({reason})",
                "Check the address, or save the page in a browser and add the file.",
            )
        kind = response.headers.get_content_type() if response.headers.get("Content-Type") else ""
        ending = PurePosixPath(parts.path).suffix.lower()
        suffix = ENDING_OF_TYPE.get(kind, ending if kind in NO_TYPE else "")
        if kind == "text/plain" and ending in TEXT:
            suffix = ending
        if suffix not in (*ENDING_OF_TYPE.values(), *TEXT):
            raise self._no(
                f"it is {kind or 'of no stated kind'}, which is not read",
                "Web pages, PDF, Word, Markdown and plain text are.",
            )
        charset, data = response.headers.get_content_charset() or "", self._body(response)
        if suffix in TEXT and charset:
            data = _as_utf8(data, charset)
        return Original(suffix, data, urlunsplit(parts._replace(fragment="")), charset)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise self._no(
                f"it is compressed as {encoding}, which was not asked for", "Save it in a browser and add the file."
            )
        unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
        body, came = bytearray(), 0
        while len(body) <= self.largest and came <= self.largest and (piece := response.read1(1 << 16)):
            came += len(piece)
            body += unpack.decompress(piece, self.largest + 1 - len(body)) if unpack else piece
        if len(body) > self.largest or came > self.largest:
            raise self._no(f"it has more than {self.largest / 1e6:g} MB", "Save it in parts and add the files.")
        if response.length or (unpack and not unpack.eof):
            raise self._no("the connection broke off before all of it had come", "Try again.")
        return bytes(body)


def _as_utf8(data: bytes, charset: str) -> bytes:
    """Text as the files of the library have it; where the server is wrong about its characters, as it came."""
    try:
        return data.decode(charset).encode()
    except (LookupError, UnicodeError):
        return data


def _target(parts: SplitResult) -> str:
    """The path as it goes over the line: what is escaped stays so, and what must be is."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return f"{path}?{query}" if query else path


class _TimedSocket:
    """A socket as far as http.client uses it, on which nothing waits beyond the deadline: not a byte an hour, not in the headers."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self.connected, self.deadline = connected, deadline

    def sendall(self, data: bytes) -> None:
        self.connected.settimeout(self.deadline.left())
        self.connected.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self.connected, self.deadline))

    def close(self) -> None:
        """Left to who opened it: http.client closes as soon as the headers are read."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self.connected, self.deadline = connected, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.connected.settimeout(self.deadline.left())
        return self.connected.recv_into(buffer)
