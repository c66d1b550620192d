"""Web addresses: what stands there comes whole, and neither a server nor a name leads us where an operator did not mean."""

from __future__ import annotations

import gzip
import ipaddress
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from corpus.errors import InputRejected
from ingest.add import Given, prepare
from ingest.fetch import Address, Original, fetch, is_public

BODY = "Begin with the decision. Then name who takes it. Then write it down.\n"
PAGE = f"<html><head><title>How to begin</title></head><body><article><p>{BODY * 5}</p></article></body></html>"

Answer = Callable[[str, socket.socket], None]


def answer(
    body: bytes | str, kind: str = "text/plain", status: str = "200 OK", more: str = "", length: int | None = None
) -> Answer:
    data = body.encode() if isinstance(body, str) else body

    def send(_path: str, to: socket.socket) -> None:
        size = len(data) if length is None else length
        to.sendall(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{more}\r\n".encode() + data)

    return send


def redirect(to: str, status: str = "302 Found") -> Answer:
    return answer("", status=status, more=f"Location: {to}\r\n")


def endless(_path: str, to: socket.socket) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        to.sendall(b"Words without end. " * 1000)


def dripping(before: bytes) -> Answer:
    def send(_path: str, to: socket.socket) -> None:
        to.sendall(before)
        while True:
            to.sendall(b"x")
            time.sleep(0.05)

    return send


def silent(_path: str, to: socket.socket) -> None:
    to.recv(1)


class Server(socketserver.ThreadingTCPServer):
    """A web server that says to each path what the test wants said, to the byte."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.says: dict[str, Answer] = {}
        self.asked: list[str] = []

    def url(self, path: str = "/", host: str = "site.example") -> str:
        return f"http://{host}:{self.server_address[1]}{path}"


class _Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        path = self.rfile.readline().decode().split()[1]
        headers = iter(self.rfile.readline, b"\r\n")
        self.server.asked.append(path + " " + " ".join(line.decode().strip() for line in headers))
        try:
            self.server.says[path](path, self.connection)
        except OSError:
            pass  # the other side has had enough


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def to_loopback(host: str, _port: int) -> Sequence[str]:
    """Names as the tests mean them; the address that a name stands for is asked for here and nowhere else."""
    return {"site.example": ["127.0.0.1"], "inner.example": ["10.0.0.5"], "both.example": ["127.0.0.1", "10.0.0.5"]}[
        host
    ]


def loopback(address: Address) -> bool:
    return address.is_loopback or is_public(address)


here = partial(fetch, allowed=loopback, resolve=to_loopback)


def refused(url: str, fetch: Callable[[str], Original] = here) -> str:
    with pytest.raises(InputRejected) as caught:
        fetch(url)
    reason = str(caught.value)
    assert reason.startswith(url)
    assert reason.endswith(".")
    assert "\n" not in reason
    return reason.removeprefix(f"{url}: ")


# What comes


@pytest.mark.parametrize(
    ("path", "kind", "suffix"),
    [
        ("/post", "text/html; charset=utf-8", ".html"),
        ("/post", "application/xhtml+xml", ".html"),
        ("/post.html", "application/pdf", ".pdf"),  # what the server says comes before what the address looks like
        ("/a", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
        ("/notes.md", "text/plain", ".md"),
        ("/notes", "text/plain", ".txt"),
        ("/notes", "text/markdown", ".md"),
        ("/report.pdf?download=1", "application/octet-stream", ".pdf"),
    ],
)
def test_what_it_is_decides_the_reader(server: Server, path: str, kind: str, suffix: str) -> None:
    """A PDF behind an address that ends in .html is still a PDF."""
    server.says[path] = answer(BODY, kind)
    found = here(server.url(path))
    assert (found.suffix, found.data.decode(), found.url) == (suffix, BODY, server.url(path))


def test_redirects_are_followed_to_the_last_address(server: Server) -> None:
    """That is where a reader of an answer finds the source; the first may be a shortener's."""
    server.says = {"/a": redirect("/b?x=1", "301 Moved"), "/b?x=1": redirect(server.url("/c")), "/c": answer(BODY)}
    found = here(server.url("/a#part"))
    assert (found.url, found.data.decode()) == (server.url("/c"), BODY)
    assert "Host: site.example:" in server.asked[-1]


def test_characters_and_packing_are_undone(server: Server) -> None:
    """Text arrives as UTF-8, a page with what the server says of it, both unpacked."""
    server.says = {
        "/latin": answer("Café".encode("latin-1"), "text/plain; charset=iso-8859-1"),
        "/page": answer("<p>Café".encode("latin-1"), "text/html; charset=iso-8859-1"),
        "/packed": answer(gzip.compress(BODY.encode()), more="Content-Encoding: gzip\r\n"),
        "/caf%C3%A9?q=%C3%A9": answer(BODY),
    }
    assert here(server.url("/latin")).data.decode() == "Café"
    assert here(server.url("/page")).charset == "iso-8859-1"
    assert here(server.url("/packed")).data.decode() == BODY
    assert here(server.url("/café?q=é")).data.decode() == BODY


# Where it comes from

PRIVATE = """127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 0.0.0.0 224.0.0.1 224.0.1.1
239.1.1.1 240.0.0.1 255.255.255.255 192.0.0.192 198.18.0.1 168.63.129.16 ::1 :: ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
64:ff9b::a00:1 64:ff9b:1::1 fe80::1 fe80::1%1 fc00::1 fd00:ec2::254 fec0::1 ff02::1 ff0e::1 2002:7f00:1:: 2001:0:1::1 2001:db8::1""".split()
PUBLIC = "8.8.8.8 93.184.216.34 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_on_the_public_internet_are_refused(address: str) -> None:
    """A page that redirects to the cloud's own service would hand its keys to the library."""
    assert not is_public(ipaddress.ip_address(address))
    reason = refused("http://site.example/", partial(fetch, resolve=lambda *_: [address]))
    assert (
        reason
        == f"site.example is at {ipaddress.ip_address(address)}, which is not on the public internet. Only public pages are fetched."
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_refused_however_it_is_written(server: Server, host: str) -> None:
    """The check is of the address that is connected to, not of the letters of the name."""
    server.says["/"] = answer(BODY)
    reason = refused(f"http://{host}:{server.server_address[1]}/", fetch)
    assert (
        "not on the public internet" in reason or "can't be fetched" in reason
    )  # some systems don't know the odder spellings
    assert server.asked == []


def test_a_redirect_to_a_private_address_is_refused(server: Server) -> None:
    """The first address was the operator's, the second is the server's."""
    server.says["/"] = redirect("http://inner.example/latest/meta-data")
    assert "inner.example is at 10.0.0.5, which is not on the public internet" in refused(server.url())


def test_a_name_with_one_private_address_is_refused_for_all(server: Server) -> None:
    """Which of its addresses is connected to would be chance, or the attacker's choice."""
    server.says["/"] = answer(BODY)
    assert "both.example is at 10.0.0.5" in refused(server.url(host="both.example"))
    assert server.asked == []


def test_a_name_is_looked_up_once_and_connected_to_as_it_was_checked(server: Server) -> None:
    """A name that answers first with a public address and then with ours got past checks that look it up themselves."""
    asked: list[str] = []

    def changing(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.5"]

    server.says["/"] = answer(BODY)
    assert fetch(server.url(), allowed=loopback, resolve=changing).data
    assert asked == ["site.example"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/a", "it is no web address"),
        ("file:///etc/passwd", "it is no web address"),
        ("gopher://example.com/", "it is no web address"),
        ("http:///path", "it names no host"),
        ("http://example.com:port/", "it can't be fetched"),
        ("http://user:secret@example.com/", "it holds a user name or password"),
        ("http://[::1/", "it can't be fetched"),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, reason: str) -> None:
    assert refused(url).startswith(reason)


def test_a_redirect_to_a_file_is_refused(server: Server) -> None:
    server.says["/"] = redirect("file:///etc/passwd")
    assert refused(server.url()).startswith("it redirects to 'file:///etc/passwd', which is no web address")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for site.example, with its key, that nobody has signed."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", "key.pem",
         "-out", "cert.pem", "-subj", "/CN=site.example", "-addext", "subjectAltName=DNS:site.example"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    return tmp_path / "cert.pem"


def test_a_page_over_tls_has_to_prove_its_name(
    server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected to by address, it is still the name that the certificate has to be for, and somebody known must have signed it."""
    server.says["/"] = answer(BODY)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate, certificate.with_name("key.pem"))
    names: list[str | None] = []
    secure.sni_callback = lambda _socket, name, _context: names.append(name)
    server.socket = secure.wrap_socket(server.socket, server_side=True)
    url = server.url().replace("http:", "https:")
    assert "the server's certificate is not good" in refused(url)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert here(url).data.decode() == BODY
    assert names == ["site.example", "site.example"]
    other = url.replace("site.example", "other.example")
    assert "the server's certificate is not good" in refused(other, partial(here, resolve=lambda *_: ["127.0.0.1"]))


def test_a_server_that_speaks_no_tls_is_refused(server: Server) -> None:
    server.says["/"] = answer(BODY)
    assert "it can't be fetched" in refused(server.url().replace("http:", "https:"), partial(here, seconds=3))


# How much and how long


def test_redirects_have_an_end(server: Server) -> None:
    server.says["/"] = redirect("/")
    assert "it redirects more than 5 times" in refused(server.url())
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (endless, "it has more than 0.2 MB"),
        (answer(b"x" * 200_001), "it has more than 0.2 MB"),
        (answer(gzip.compress(b"\0" * 50_000_000), more="Content-Encoding: gzip\r\n"), "it has more than 0.2 MB"),
        (answer(b"short", length=100), "the connection broke off"),
        (answer(gzip.compress(BODY.encode())[:-9], more="Content-Encoding: gzip\r\n"), "the connection broke off"),
        (answer(b"no gzip", more="Content-Encoding: gzip\r\n"), "it can't be fetched"),
        (answer(zlib.compress(b"x"), more="Content-Encoding: br\r\n"), "it is compressed as br"),
        (answer("", "image/png"), "it is image/png, which is not read"),
        (answer("", "application/octet-stream"), "it is application/octet-stream, which is not read"),
        (answer("", status="404 Not Found"), "the server answers 404 (Not Found)"),
        (answer("", status="403 Forbidden"), "the server answers 403 (Forbidden)"),
        (answer("", status="302 Found"), "the server answers 302 (Found)"),
        (answer("", status="999 Odd"), "the server answers 999"),
        (lambda _path, to: to.sendall(b"what?\r\n"), "it can't be fetched (not a proper answer"),
        (lambda _path, to: to.sendall(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n"), "it can't be fetched (not a proper answer"),
        (lambda _path, to: to.close(), "it can't be fetched (not a proper answer"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_answer_costs_one_line(server: Server, said: Answer, reason: str) -> None:
    server.says["/"] = said
    assert refused(server.url(), partial(here, largest=200_000)).startswith(reason)


@pytest.mark.parametrize(
    "said",
    [
        silent,
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nA: "),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"),
    ],
    ids=["silent", "at once", "in the headers", "in the body", "in a chunk"],
)
def test_a_slow_server_is_left_in_time(server: Server, said: Answer) -> None:
    """A byte now and then resets every time limit that is counted from byte to byte."""
    server.says["/"] = said
    begun = time.monotonic()
    assert refused(server.url(), partial(here, seconds=0.5)).startswith("it did not come within 0.5 s")
    assert time.monotonic() - begun < 1.0


def test_a_name_that_takes_too_long_to_look_up_is_left_in_time() -> None:
    """The system's own patience with a name server is half a minute."""
    slow = threading.Event()
    begun = time.monotonic()
    reason = refused("http://site.example/", partial(fetch, resolve=lambda *_: [str(slow.wait(5))], seconds=0.3))
    slow.set()
    assert reason.startswith("it did not come")
    assert time.monotonic() - begun < 1.0


def test_nobody_there_costs_one_line() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert "(Name or service not known)" in refused("http://site.example/", partial(fetch, resolve=unknown))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "(Connection refused)" in refused(f"http://site.example:{unused.getsockname()[1]}/")


# Added


def test_an_address_is_added_with_where_it_was_found(server: Server, tmp_path: Path) -> None:
    """Its id names site and page, so that two sites' pages of one name are two documents; and files go on beside it."""
    server.says = {
        "/old/begin.html": redirect("/begin"),
        "/begin": answer(PAGE, "text/html"),
        "/gone": answer("", status="404 X"),
    }
    (tmp_path / "a.md").write_text(f"# A title\n\n{BODY}")
    inputs = [server.url("/old/begin.html"), server.url("/gone"), str(tmp_path / "a.md")]
    page, gone, file = prepare(inputs, Given(source="Example Ltd"), {}, date(2026, 3, 1), fetch=here)
    assert page.document
    assert page.document.id == f"site-example-{server.server_address[1]}-old-begin"
    assert (page.document.title, page.document.source, page.document.url) == (
        "How to begin",
        "Example Ltd",
        server.url("/begin"),
    )
    assert "Begin with the decision." in page.document.text
    assert "404" in gone.reason
    assert file.accepted


def test_a_page_from_the_web_is_never_taken_for_one_of_the_library(server: Server) -> None:
    """Front matter like ours would let any site replace any document, and speak with the house's own voice."""
    ours = f"---\nid: pricing\nkind: position\nvoice: house\ntitle: T\n---\n{BODY}"
    server.says["/a.md"] = answer(ours, "text/markdown")
    [one] = prepare([server.url("/a.md")], Given(), {}, date(2026, 3, 1), fetch=here)
    assert one.document
    assert (one.document.id.endswith("-a"), one.document.kind, one.document.voice) == (True, "article", "practitioner")
