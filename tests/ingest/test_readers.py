"""Web pages, PDF and Word files: what they say comes out with its structure, and whatever they do costs one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from benchmarks.pages import PAGES, ours_cleaned, read_pages, score
from corpus.documents import Document
from corpus.errors import InputRejected
from corpus.settings import CHECKOUT
from ingest.add import Given, prepare, to_remember
from ingest.readers import Read
from ingest.readers.child import Child
from tests.ingest.office import lines, paragraph, pdf_file, table, word_file

BROKEN = CHECKOUT.parent / "shared" / "bench" / "ingest" / "broken_files"
MOST_SECONDS, MOST_MEMORY = 10.5, 512_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory and environment are looked up in /proc")


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as child:
        yield child


def read(child: Child, suffix: str, data: bytes | str, charset: str = "") -> Read:
    return child.read(f"file{suffix}", suffix, data.encode() if isinstance(data, str) else data, charset)


def refused(child: Child, suffix: str, data: bytes | str) -> str:
    with pytest.raises(InputRejected) as caught:
        read(child, suffix, data)
    return assert_clear(str(caught.value), suffix)


def assert_clear(reason: str, suffix: str) -> str:
    assert reason.startswith(f"file{suffix}: ")
    assert reason.endswith(".")
    assert "\n" not in reason
    assert "Traceback" not in reason
    return reason


@contextmanager
def measured(child: Child) -> Iterator[dict[str, float]]:
    """The time that passes and the most memory that the child takes meanwhile."""
    found = {"seconds": 0.0, "memory": 0.0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            process = child.process
            try:
                status = Path(f"/proc/{process.pid}/status").read_text() if process else ""
            except OSError:
                continue
            peak = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")]
            found["memory"] = max(found["memory"], *peak, 0)

    watching = threading.Thread(target=watch)
    watching.start()
    begun = time.monotonic()
    try:
        yield found
    finally:
        found["seconds"] = time.monotonic() - begun
        over.set()
        watching.join()


# Web pages

PROSE = "The committee meets on the first Monday of the month, and whoever owns the decision writes the paper for it. "
PAGE = f"""<html lang="en"><head><title>How to begin - Example Ltd</title><meta property="og:site_name" content="Example Ltd">
<meta name="author" content="Example Author"><meta property="article:published_time" content="2025-05-03T10:00:00Z">
<link rel="canonical" href="https://example.com/begin"></head><body>
<nav><ul><li><a href="/">Start</a></li><li><a href="/prices">Our prices for members</a></li></ul></nav>
<article><h1>How to begin</h1><p>{PROSE * 2}</p><h2>The first week</h2><p><b>Decide first.</b> {PROSE}</p>
<ul><li>Name the owner<ul><li>and a deputy of hers</li></ul></li><li>Write it down</li></ul>
<ol><li>Ask the board</li><li>Ask the team</li></ol>
<p>{PROSE}</p><table><tr><th>Plan</th><th>Price</th></tr><tr><td>Small | solo</td><td>€ 10</td></tr><tr><td>Large</td><td>€ 20</td></tr></table>
<p>Water is H<sub>2</sub>O, <b>b</b>old letters aside. {PROSE}</p><blockquote><p>It depends on the owner.</p></blockquote><script>alert(1)</script></article>
<aside><h3>Read next</h3><ul><li><a href="/x">Seven other stories that are not this one</a></li></ul></aside>
<footer><p>© Example Ltd, all rights reserved everywhere.</p></footer></body></html>"""


def test_a_page_gives_its_article_with_headings_lists_and_tables(child: Child) -> None:
    """Chunks follow the structure: a list that has become a sentence is never found as a list."""
    text = read(child, ".html", PAGE).text
    assert "## The first week\n\n**Decide first.** The committee" in text
    assert "- Name the owner\n  - and a deputy of hers\n- Write it down\n\n1. Ask the board\n2. Ask the team" in text
    assert "| Plan | Price |\n|---|---|\n| Small \\| solo | € 10 |\n| Large | € 20 |" in text
    assert "Water is H2O, bold letters aside." in text
    assert "> It depends on the owner." in text
    assert "How to begin" not in text  # the title is kept as the title
    for around in ("members", "Seven other stories", "rights reserved", "alert"):
        assert around not in text


def test_a_page_says_what_it_knows_of_itself_and_what_was_left_out(child: Child) -> None:
    """An operator has to see that nothing of the article is among what was left out."""
    found = read(child, ".html", PAGE)
    assert (found.title, found.author, found.source) == ("How to begin", "Example Author", "Example Ltd")
    assert (found.published, found.url) == ("2025-05-03", "https://example.com/begin")
    told = " ".join(removal.text for removal in found.removed)
    assert "Our prices for members" in told
    assert "Seven other stories" in told
    assert "committee" not in told
    assert {removal.why for removal in found.removed} == {"outside the article on its page"}


@pytest.mark.parametrize(
    ("encoding", "charset", "declared"),
    [
        ("utf-8", "", ""),
        ("utf-16", "", ""),
        ("windows-1252", "windows-1252", ""),
        ("windows-1252", "", '<meta charset="windows-1252">'),
        ("iso-8859-2", "", '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">'),
        ("utf-8", "no-such-charset", '<meta charset="neither-this">'),
    ],
)
def test_a_page_is_read_in_its_own_characters(child: Child, encoding: str, charset: str, declared: str) -> None:
    """Quoted to the letter, an article with one wrong character in each name is wrong in each answer."""
    page = f"<html><head>{declared}<title>T</title></head><body><article><p>Frau Müller schätzt das Büro. {PROSE * 4}</p></article></body></html>"
    assert "Frau Müller schätzt das Büro." in read(child, ".html", page.encode(encoding), charset).text


def test_a_page_without_an_article_is_refused(child: Child) -> None:
    """A page that a script fills has nothing to read, and an empty document would be found by no question."""
    assert "no article was found" in refused(
        child, ".html", "<html><body><div id=root></div><script>go()</script></body></html>"
    )
    assert refused(child, ".html", bytes(range(256)) * 100)


@pytest.mark.slow
def test_public_pages_are_read_better_than_by_the_best_library_alone() -> None:
    """Three ways of looking for the article agree on more than one of them: trafilatura alone has 0.954 here."""
    if not PAGES.is_dir():
        pytest.skip(f"the public pages are not in {PAGES}")
    pages = dict(list(read_pages().items())[::3])
    texts = {name: ours_cleaned(page.html) for name, page in pages.items()}
    assert score(texts, pages).f1 >= 0.958
    assert score(texts, pages, 1).f1 >= 0.958


# PDF


def report(pages: int = 4) -> bytes:
    """A report as programs print them: running head, page number, title, headings, wrapped lines, bullets, a broken word."""
    drawn = []
    for number in range(1, pages + 1):
        page = [(9.0, 770.0, "Example Ltd - Report of the year"), (9.0, 30.0, f"Page {number} of {pages}")]
        if number == 1:
            page.append((24.0, 720.0, "How to begin"))
        page += [
            (16.0, 680.0, f"Part {number}"),
            (11.0, 650.0, "Whoever owns the decision writes the paper for it and"),
            (11.0, 637.0, "brings it to the board on the first Monday of the month."),
            (11.0, 610.0, "Another paragraph begins below a gap, as they do."),
            (11.0, 590.0, "\x95 Name the owner"),
            (11.0, 577.0, f"\x95 Write down the {'first second third fourth'.split()[number - 1]}"),
        ]
        drawn.append(lines(*sorted(page, key=lambda line: -line[1])))
    return pdf_file(*drawn, said="/Title(The report)/Author(Example Author)/CreationDate(D:20250503101112Z)")


def test_a_pdf_gives_its_paragraphs_headings_and_lists(child: Child) -> None:
    """Lines are where the paper ended; a sentence cut there is two sentences that nobody said."""
    text = read(child, ".pdf", report()).text
    assert text.startswith("# How to begin\n\n## Part 1\n\n")  # the title it gives itself is another
    assert "for it and brings it to the board on the first Monday of the month.\n\nAnother paragraph begins" in text
    assert "- Name the owner\n- Write down the first\n\n## Part 2" in text


def test_a_pdfs_running_heads_and_page_numbers_are_left_out_with_the_reason(child: Child) -> None:
    """They cut sentences in two at every page's end, and stand in every other quotation."""
    found = read(child, ".pdf", report())
    assert "Report of the year" not in found.text
    assert "Page" not in found.text
    assert [(removal.text, removal.why) for removal in found.removed] == [
        ("Example Ltd - Report of the year", "running head or foot, on 4 pages"),
        ("Page 1 of 4", "page number, and what stands beside it"),
    ]
    assert "Report of the year" in read(child, ".pdf", report(2)).text  # twice is no habit


def test_a_pdf_says_what_it_knows_and_how_it_knows_the_date(child: Child) -> None:
    """The day it was printed is not always the day it was published."""
    found = read(child, ".pdf", report())
    assert (found.title, found.author, found.published) == ("The report", "Example Author", "2025-05-03")
    assert found.made == "the day the PDF was made"
    body = lines((11, 700, "Words that are here."))
    assert read(child, ".pdf", pdf_file(body, said="/Title(Microsoft Word - draft7.doc)")).title == ""
    large = read(
        child,
        ".pdf",
        pdf_file(lines((24, 740, "How to begin"), (11, 700, "Words that are here.")), said="/Title(untitled)"),
    )
    assert (large.title, large.text) == ("How to begin", "Words that are here.")
    assert read(child, ".pdf", pdf_file(body, said="/CreationDate(D:20259999)")).published == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"No PDF at all", "this is no PDF"),
        (b"%PDF-1.7\nand then nothing of it", "the PDF is damaged and can't be opened"),
        (pdf_file(b""), "the PDF holds no text"),
        (pdf_file(b"600 0 0 800 0 0 cm /Picture Do"), "pictures of pages (a scan) and no text. Run text recognition"),
    ],
)
def test_a_pdf_that_can_t_be_read_gets_its_reason(child: Child, data: bytes, reason: str) -> None:
    """ "No text" for a scan leaves an operator looking for a fault that isn't there."""
    assert reason in refused(child, ".pdf", data)


# Word


def test_a_word_file_gives_its_headings_lists_and_tables(child: Child) -> None:
    """By its styles: a heading there is what its writer called one."""
    body = paragraph("How to begin", "Title") + paragraph("The first week", "heading1") + paragraph("Decide first.")
    body += paragraph("Name the owner", item=True) + paragraph("Write it down", item=True)
    body += table(("Plan", "Price"), ("Small", "10")) + paragraph("In the end", "heading2") + paragraph("Go on.")
    found = read(
        child, ".docx", word_file(body, title="Begin", author="Example Author", modified="2025-05-03T10:00:00Z")
    )
    assert found.text == (
        "# How to begin\n\n# The first week\n\nDecide first.\n\n- Name the owner\n- Write it down\n\n"
        "| Plan | Price |\n|---|---|\n| Small | 10 |\n\n## In the end\n\nGo on."
    )
    assert (found.title, found.author, found.published) == ("Begin", "Example Author", "2025-05-03")
    assert found.made == "the day the file was last saved"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Words", "the Word file is damaged"),
        (b"PK\x03\x04" + b"x" * 100, "the Word file is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word file (.doc) or one with a password"),
        (word_file(""), "the Word file holds no words"),
    ],
)
def test_a_word_file_that_can_t_be_read_gets_its_reason(child: Child, data: bytes, reason: str) -> None:
    assert reason in refused(child, ".docx", data)


# The child


def test_one_child_reads_many_files(child: Child) -> None:
    """Starting one takes half a second; for a thousand files that is eight minutes."""
    read(child, ".pdf", report())
    assert child.process
    pid = child.process.pid
    for _ in range(20):
        read(child, ".docx", word_file(paragraph("Words that are here.")))
    assert child.process.pid == pid


DEEP, MANY = 100_000, 20_000_000
LAUGHS = "<!DOCTYPE l [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True)) + "]>"  # fmt: skip
HUGE = zlib.compress(b"BT /F 9 Tf (x) Tj ET\n" * MANY, 9)
BOMBS = {
    "a Word file that unpacks to a third of a gigabyte": (".docx", lambda: word_file(paragraph("A" * 300_000_000))),
    "a Word file of a million paragraphs": (".docx", lambda: word_file(paragraph("word") * 500_000)),
    "a billion laughs in a Word file": (".docx", lambda: word_file(paragraph("&j;"), LAUGHS)),
    "a Word file as deep as a well": (".docx", lambda: word_file("<w:p>" * DEEP + "</w:p>" * DEEP)),
    "a PDF whose page unpacks to half a gigabyte": (".pdf", lambda: pdf_file(packed=[HUGE])),
    "a PDF packed twice": (".pdf", lambda: pdf_file(packed=[zlib.compress(HUGE)]).replace(b"/FlateDecode", b"[/FlateDecode/FlateDecode]")),
    "a PDF with a million open brackets": (".pdf", lambda: pdf_file(b"", more=b"6 0 obj" + b"[" * 1_000_000)),
    "a PDF whose pages hold themselves": (".pdf", lambda: pdf_file(b"").replace(b"/Kids[10 0 R]", b"/Kids[2 0 R]")),
    "a PDF of two thousand million pages": (".pdf", lambda: pdf_file(b"").replace(b"/Count 1", b"/Count 2000000000")),
    "a page with a hundred thousand levels": (".html", lambda: b"<html><body>" + b"<div>" * DEEP + b"Words far below."),
    "a page with as many lists in lists": (".html", lambda: b"<html><body>" + b"<ul><li>" * DEEP + b"Words far below."),
    "a page of tables in tables": (".html", lambda: b"<html><body>" + b"<table><tr><td>word " * DEEP),
    "a page that is one word": (".html", lambda: b"<html><body><p>" + b"x" * 8_000_000),
    "a page of a hundred thousand paragraphs": (".html", lambda: b"<html><body>" + b"<p>Words side by side, many of them.</p>" * DEEP),
}  # fmt: skip


@linux
@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_one_line_and_the_next_file_is_read(child: Child, bomb: str) -> None:
    """In the process that publishes, each of these took the machine's memory or its minutes."""
    suffix, made = BOMBS[bomb]
    data = made()
    with measured(child) as took:
        try:
            assert read(child, suffix, data).text  # some are merely large, and may be read
        except InputRejected as rejected:
            assert_clear(str(rejected), suffix)
    assert took["seconds"] < MOST_SECONDS
    assert took["memory"] < MOST_MEMORY
    assert read(child, ".docx", word_file(paragraph("Words that are here."))).text == "Words that are here."


@pytest.mark.slow
def test_a_reader_that_takes_too_long_is_ended_and_the_next_file_is_read() -> None:
    """A file of a thousand must not hold the other nine hundred."""
    with Child(seconds=1.0) as child:
        begun = time.monotonic()
        reason = refused(child, ".html", b"<html><body>" + b"<p>Words side by side, many of them here.</p>" * 60_000)
        assert "reading it takes more than 1 s" in reason
        assert time.monotonic() - begun < 2
        assert child.process is None
        child.seconds = 10.0
        assert read(child, ".docx", word_file(paragraph("Words that are here."))).text


@pytest.mark.slow
def test_a_crash_costs_one_line_and_the_next_file_is_read(child: Child) -> None:
    """Libraries in C end the process they run in; here that is not ours."""
    read(child, ".docx", word_file(paragraph("Words that are here.")))
    running = child.process
    assert running
    killer = threading.Timer(0.3, running.kill)
    killer.start()
    assert "reading it takes more memory" in refused(child, ".html", b"<html>" + b"<p>Words side by side.</p>" * 60_000)
    assert read(child, ".docx", word_file(paragraph("Words that are here."))).text  # by a new one
    assert child.process and child.process.pid != running.pid
    child.process.kill()
    child.process.wait()
    assert read(
        child, ".docx", word_file(paragraph("Words that are here."))
    ).text  # what ended unasked is no fault of this file


@linux
def test_the_child_knows_nothing_of_its_parent_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys for hosted writers stand there; a file that takes the child over should find none."""
    monkeypatch.setenv("EXAMPLE_API_KEY", "secret")
    with Child() as child:
        read(child, ".pdf", report())
        assert child.process
        assert b"EXAMPLE" not in Path(f"/proc/{child.process.pid}/environ").read_bytes()


@pytest.mark.slow
def test_the_parent_imports_none_of_the_readers_libraries(tmp_path: Path) -> None:
    """They cost half a second and a hundred megabytes, and a fault in them is to stay in the child."""
    (tmp_path / "report.pdf").write_bytes(report())
    program = (
        "import sys; import ui.command_line; from datetime import date; from ingest.add import Given, prepare\n"
        "one, = prepare(sys.argv[1:], Given(), {}, date(2026, 3, 1))\n"
        "print(one.accepted, sorted({'trafilatura', 'lxml', 'readability', 'pypdfium2', 'mammoth'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "report.pdf")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True []\n"


@linux
@pytest.mark.slow
def test_damaged_and_odd_files_end_as_a_document_or_one_clear_reason(child: Child) -> None:
    """54 files that other libraries keep because something was once wrong with them."""
    if not BROKEN.is_dir():
        pytest.skip(f"the broken files are not in {BROKEN}")
    reasons: dict[str, str] = {}
    files = sorted(BROKEN.iterdir())
    for file in files:
        with measured(child) as took:
            try:
                assert read(child, file.suffix, file.read_bytes()).text
            except InputRejected as rejected:
                reasons[file.name] = assert_clear(str(rejected), file.suffix)
        assert took["seconds"] < MOST_SECONDS
        assert took["memory"] < MOST_MEMORY
    assert len(files) == 54
    assert len(files) - len(reasons) == 23
    for name, reason in reasons.items():
        assert ("password" in reason) == ("user-password" in name or name == "pypdf__crazyones-encrypted-256.pdf"), (
            reason
        )
    assert "scan" in reasons["pikepdf__ccitt.pdf"]
    assert "damaged" in reasons["pikepdf__378014596.pdf"]


# Added


def put(folder: Path, name: str, content: bytes | str) -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / name)


def test_all_kinds_are_added_together_and_a_bad_one_stops_none(tmp_path: Path) -> None:
    """What a file says of itself goes in where the operator says nothing."""
    inputs = [
        put(tmp_path, "page.html", PAGE),
        put(tmp_path, "bad.pdf", "%PDF-1.7"),
        put(tmp_path, "report.pdf", report()),
        put(tmp_path, "letter.docx", word_file(paragraph("Words that are here. And more."), title="The letter")),
    ]
    page, bad, pdf, letter = prepare(inputs, Given(author="Said Here"), {}, date(2026, 3, 1))
    assert page.document and pdf.document and letter.document
    assert (page.document.title, page.document.author, page.document.source) == (
        "How to begin",
        "Said Here",
        "Example Ltd",
    )
    assert page.document.url == "https://example.com/begin"
    assert "Our prices for members" in " ".join(removal.text for removal in page.removed)
    assert "- Name the owner\n  - and a deputy of hers" in page.document.text
    assert bad.reason.startswith(inputs[1])
    assert (pdf.document.title, pdf.document.published) == ("The report", "2025-05-03")
    assert "published is the day the PDF was made: give it with --published if that is another day" in pdf.warnings
    assert letter.document.title == "The letter"
    [said] = prepare(inputs[2:3], Given(published="2024"), {}, date(2026, 3, 1))
    assert not any("the day the PDF was made" in warning for warning in said.warnings)


def test_a_pattern_gives_every_document_it_matches(tmp_path: Path) -> None:
    """Shells expand them, schedulers and the chat do not."""
    put(tmp_path, "one.pdf", report())
    put(tmp_path, "two.html", PAGE)
    put(tmp_path, "picture.png", b"\x89PNG")
    found = prepare([str(tmp_path / "*")], Given(), {}, date(2026, 3, 1))
    assert [one.document.id for one in found if one.document] == ["one", "two"]
    named = put(tmp_path, "[draft].html", PAGE)
    assert prepare([named], Given(), {}, date(2026, 3, 1))[0].accepted  # a name, although it looks like a pattern


def test_a_file_that_is_known_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of reports is handed in every night, and one of them is new."""
    path = put(tmp_path, "report.pdf", report())
    [first] = prepare([path], Given(), {}, date(2026, 3, 1))
    assert first.document
    known, library = to_remember([first]), {"report": first.document}
    monkeypatch.setattr(Child, "read", lambda *_: pytest.fail("it was read"))
    [second] = prepare([path], Given(), library, date(2026, 3, 1), known.get)
    assert (second.document, second.removed, second.warnings) == (first.document, first.removed, first.warnings)


def test_front_matter_in_a_page_is_text(tmp_path: Path) -> None:
    """Only our own files say of themselves that they are the library's."""
    page = PAGE.replace("<h1>", "<p>---</p><p>id: other\nkind: article\nvoice: house</p><p>---</p><h1>")
    [one] = prepare([put(tmp_path, "page.html", page)], Given(), {}, date(2026, 3, 1))
    assert isinstance(one.document, Document)
    assert (one.document.id, one.document.voice) == ("page", "practitioner")


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """Its size is known before its content."""
    path = tmp_path / "large.pdf"
    path.touch()
    os.truncate(path, 50_000_000)
    [bad] = prepare([str(path)], Given(), {}, date(2026, 3, 1))
    assert bad.reason == f"{path}: the file has 50 MB, more than 30 MB. Split it into articles."
