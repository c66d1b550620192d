"""Adding: whatever an operator hands over becomes a document, or one clear line; and one bad input never stops the others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from corpus.documents import LARGEST_TEXT, Document, format_document
from ingest.add import Given, Prepared, as_text, prepare
from ingest.chunk import chunk_document
from tests.library import document

TODAY = date(2026, 3, 1)
NOTHING = Given()
GOOD = "# How to begin\n\nBegin with the decision. Then name who takes it. Then write it down.\n"


def add(*paths: Path | str, given: Given = NOTHING, library: dict[str, Document] | None = None) -> list[Prepared]:
    return prepare([str(path) for path in paths], given, library or {}, TODAY)


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


BOMB = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [{', '.join(['*a'] * 9)}]" for n in range(9))
BAD: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("empty.txt", "", "the file is empty"),
    "only spaces": ("spaces.txt", " \n\t\n", "the file holds no words"),
    "only signs": ("signs.md", "--- *** ---\n", "the file holds no words"),
    "only a title and a rule": ("title.md", "# The title\n\n---\n", "no text is left"),
    "only the page around it": ("page.txt", "Back to Blog\n\nShare\n\nBook a call →\n", "no text is left"),
    "a PDF": ("paper.txt", b"%PDF-1.7\n1 0 obj\n", "this is a binary file"),
    "a Word file": ("letter.md", b"PK\x03\x04\x14\x00", "this is a binary file"),
    "a picture": ("picture.txt", b"\x89PNG\r\n\x1a\n", "this is a binary file"),
    "a program": ("program.txt", b"\x7fELF\x02\x01\x01", "this is a binary file"),
    "with zeros in it": ("zeros.txt", b"Words and \x00 zeros", "this is a binary file"),
    "of another width": ("wide.txt", "Words".encode("utf-16"), "this is a binary file"),
    "control characters": ("control.txt", "ab\x01\x02\x03\x04" * 200, "posing as text"),
    "not UTF-8": ("latin.txt", b"First line.\nCaf\xe9 second.\n", "latin.txt:2: the file is not valid UTF-8"),
    "cut in a character": ("cut.txt", "Words, and then é".encode()[:-1], "cut.txt:1: the file is not valid UTF-8"),
    "too large": ("large.txt", b"Words. " * (LARGEST_TEXT // 7 + 1), "more than 5 MB. Split it"),
    "never closed": ("open.md", "---\ntitle: A title\n\nWords that follow.\n", "open.md:1: the front matter is never closed"),
    "no YAML": ("yaml.md", f"---\ntitle: 'open\nauthor: x\n---\n{GOOD}", "the front matter can't be read"),
    "a list on top": ("list.md", f"---\n- one\n---\n{GOOD}", "list.md:2: the front matter is not a list of fields"),
    "a bomb": ("bomb.md", f"---\n{BOMB}\n---\n{GOOD}", "aliases (*name) are not allowed"),
    "nested": ("nested.md", f"---\ntitle: {'[' * 1500}\n---\n{GOOD}", "nested too deeply"),
    "an object": ("object.md", f"---\ntitle: !!python/object/apply:os.abort []\n---\n{GOOD}", "can't be read"),
    "a date by its tag": ("tag.md", f"---\ntitle: !!timestamp x\n---\n{GOOD}", "can't be read"),
    "an empty number": ("number.md", f'---\ntitle: !!int ""\n---\n{GOOD}', "can't be read"),
    "a key twice": ("twice.md", f"---\ntitle: a\ntitle: b\n---\n{GOOD}", "twice.md:3: the front matter can't be read: the key 'title' stands twice"),
    "ours and wrong": ("ours.md", f"---\nid: a\nkind: article\nvoice: loud\ntitle: T\n---\n{GOOD}", "ours.md:4: `voice` is `loud`"),
    "ours and a way out": ("out.md", f"---\nid: ../a\nkind: article\nvoice: house\ntitle: T\n---\n{GOOD}", "out.md:2: `id` is `../a`"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_gets_one_clear_line_and_the_others_go_on(tmp_path: Path, what: str) -> None:
    """A traceback for one file of fifty used to lose the other forty-nine."""
    name, content, reason = BAD[what]
    paths = [put(tmp_path, "first.md", GOOD), put(tmp_path, name, content), put(tmp_path, "last.md", GOOD)]
    first, bad, last = add(*paths)
    assert first.accepted
    assert last.accepted
    assert not bad.accepted
    assert bad.reason.startswith(str(paths[1]))
    assert reason in bad.reason, bad.reason
    assert bad.reason.endswith(".")
    assert "\n" not in bad.reason


def test_a_file_of_fifty_megabytes_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is known before its content: reading it could take the memory of a small machine."""
    path = put(tmp_path, "large.txt", "")
    with path.open("wb") as file:
        file.truncate(50_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    [bad] = add(path)
    assert bad.reason == f"{path}: the file has 50 MB, more than 5 MB. Split it into articles."


def test_what_is_no_file_gets_its_line(tmp_path: Path) -> None:
    """Missing, a folder or a pattern without documents, a socket, nobody's home, an address that is none: each its own words."""
    empty = tmp_path / "empty"
    put(empty, "picture.png", b"\x89PNG")
    dangling = tmp_path / "dangling.md"
    dangling.symlink_to(tmp_path / "gone.md")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket.txt"))
    good = put(tmp_path, "good.md", GOOD)
    given = [
        tmp_path / "missing.md",
        empty,
        dangling,
        tmp_path / "socket.txt",
        "~no-such-user/a.md",
        "ftp://example.com/a",
        tmp_path / "*.docx",
        "a" * 300,
        good,
    ]
    found = add(*given)
    listening.close()
    assert [one.accepted for one in found] == [False] * 8 + [True]
    expected = [
        "there is no such file",
        "the folder holds no document (.md, .markdown, .txt, .text, .html",
        "there is no such file",
        "this is not a file",
    ]
    expected += [
        "there is no such file",
        "it is no web address. Only http:// and https:// are fetched",
        "no document (.md, .markdown, .txt, .text, .html, .htm, .xhtml, .pdf, .docx) matches",
        "the file can't be read (File name too long)",
    ]
    for one, words in zip(found, expected, strict=False):
        assert words in one.reason
        assert "\n" not in one.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may read everything")
def test_a_locked_file_gets_its_line(tmp_path: Path) -> None:
    """Permission is the operator's to give."""
    locked, folder = put(tmp_path, "locked.md", GOOD), put(tmp_path, "folder/a.md", GOOD).parent
    locked.chmod(0)
    folder.chmod(0)
    found = add(locked, folder / "a.md")
    folder.chmod(0o700)
    assert all("can't be read (Permission denied)" in one.reason for one in found)


def test_a_file_that_vanishes_or_fails_while_it_is_read_gets_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network folders do both."""
    path = put(tmp_path, "a.md", GOOD)

    def fails(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fails)
    [bad] = add(path)
    assert bad.reason == f"{path}: the file can't be read (Input/output error). Check its permissions."


def test_two_inputs_with_one_id_don_t_overwrite_each_other(tmp_path: Path) -> None:
    """The second would silently be the only one published."""
    found = add(
        put(tmp_path, "one/Same Name.md", GOOD),
        put(tmp_path, "two/same-name.txt", GOOD),
        put(tmp_path, "other.md", GOOD),
    )
    assert [one.accepted for one in found] == [True, False, True]
    assert "its id `same-name` is also that of" in found[1].reason
    assert "one/Same Name.md. Rename one of the files." in found[1].reason


def test_a_folder_gives_every_text_in_it_with_its_place_in_the_id(tmp_path: Path) -> None:
    """`2025/costs.md` and `2026/costs.md` are two documents."""
    for name in ("2025/costs.md", "2026/costs.md", "notes.TXT", "skipped.png"):
        put(tmp_path, name, GOOD)
    found = add(tmp_path)
    assert [one.document.id for one in found if one.document] == ["2025-costs", "2026-costs", "notes"]


def test_a_plain_text_becomes_a_document_that_says_what_it_knows(tmp_path: Path) -> None:
    """Everything an answer will show about its source comes from here."""
    text = "Back to Blog\n\nHow to begin\n\nBy Example Author · Roe Ltd\n\nBegin with the decision, and name who takes it.\n\nThen write it down. Then act.\n"
    [one] = add(put(tmp_path, "How To Begin.txt", text))
    assert one.document == Document(
        id="how-to-begin",
        kind="article",
        voice="practitioner",
        title="How to begin",
        text="Begin with the decision, and name who takes it.\n\nThen write it down. Then act.\n",
        source="Roe Ltd",
        author="Example Author",
        added="2026-03-01",
        review_by="2027-03-01",
        owner="library editor",
    )
    assert [removal.text for removal in one.removed] == ["Back to Blog", "By Example Author · Roe Ltd"]
    assert one.warnings == ("no url was found: give it with --url", "no published was found: give it with --published")


def test_what_the_operator_says_comes_before_what_the_text_says(tmp_path: Path) -> None:
    """A guess must never overrule a person; what another tool's front matter says comes between the two."""
    text = "---\ntitle: The file's\nbyline: Its Author\ndate: 2025-05-03T10:00:00Z\nlink: https://example.com/a\nlayout: post\n---\n# The text's\n\nWords here.\n"
    path = put(tmp_path, "a.md", text)
    [plain] = add(path)
    assert plain.document
    assert (plain.document.title, plain.document.author, plain.document.published) == (
        "The file's",
        "Its Author",
        "2025-05-03",
    )
    assert plain.document.url == "https://example.com/a"
    given = Given(
        title="Mine", source="Src", author="Me", url="https://example.com/b", published="2026", voice="digest"
    )
    [said] = add(path, given=given)
    assert said.document
    one = said.document
    assert Given(one.title, one.source, one.author, one.url, one.published, one.voice) == given


@pytest.mark.parametrize(
    ("given", "reason"),
    [(Given(published="soon"), "which is no date"), (Given(url="example.com"), "no"), (Given(voice="loud"), "loud")],
)
def test_what_the_operator_says_is_checked_too(tmp_path: Path, given: Given, reason: str) -> None:
    """A wrong date given by hand is as wrong as one in a file."""
    [bad] = add(put(tmp_path, "a.md", GOOD), given=given)
    assert not bad.accepted
    assert reason in bad.reason


def test_words_with_stars_and_ampersands_in_front_matter_are_words(tmp_path: Path) -> None:
    """`title: The *real* cost of R &D` was refused as an attack with YAML aliases."""
    [one] = add(put(tmp_path, "a.md", f"---\ntitle: The *real* cost of R &D\n---\n{GOOD}"))
    assert one.document
    assert one.document.title == "The *real* cost of R &D"
    [empty] = add(put(tmp_path, "b.md", f"---\n---\n{GOOD}"))
    assert empty.accepted


def test_a_document_of_the_library_is_added_as_it_is(tmp_path: Path) -> None:
    """Cleaned again, or given today's date, a document that was exported and added back would change each time."""
    one = document("its-own-id", "Home\n\nWords.", kind="glossary", voice="house", aliases=("x",), added="2020-01-01")
    [added] = add(put(tmp_path, "another-name.md", format_document(one)))
    assert added.document == one
    assert added.removed == ()
    bare = document("bare", "Words.", voice="house")
    assert add(put(tmp_path, "bare.md", format_document(bare)))[0].document == bare


def test_adding_again_keeps_what_people_wrote_about_the_document(tmp_path: Path) -> None:
    """An updated text must not lose the voice, the date it was added, who owns it and what it sells."""
    before = document(
        "a",
        "Old.",
        voice="digest",
        source="Src",
        author="Jane",
        url="https://example.com",
        added="2020-01-01",
        owner="Kim",
        sells="audits",
    )
    [again] = add(
        put(tmp_path, "a.txt", "A new title\n\nNew words of more than one line.\n\nMore of them.\n"),
        library={"a": before},
    )
    assert again.document
    one = again.document
    assert one.text == "New words of more than one line.\n\nMore of them.\n"
    assert (one.title, one.voice, one.source, one.author, one.url) == (
        "A new title",
        "digest",
        "Src",
        "Jane",
        "https://example.com",
    )
    assert (one.added, one.owner, one.sells) == ("2020-01-01", "Kim", "audits")


def test_adding_the_same_twice_changes_nothing(tmp_path: Path) -> None:
    """Ingesting twice changes nothing: not the document, so not its version, so no snapshot."""
    path = put(tmp_path, "a.txt", "The title\n\nWords that are long enough to count as words.\n\nMore.\n")
    [first] = add(path)
    assert first.document
    [second] = add(path, library={"a": first.document})
    assert second.document == first.document


PROSE = " ".join(
    f"Sentence number {number} says something about vendor {number * 7} and its price." for number in range(30)
)


def test_near_duplicates_are_named_and_the_document_itself_is_none(tmp_path: Path) -> None:
    """A post that appeared on two sites would count as two practitioners who agree."""
    library = {
        "posted-elsewhere": document("posted-elsewhere", PROSE),
        "other": document("other", "Quite other words. " * 30),
    }
    library["copy"] = document("copy", PROSE)
    [one] = add(put(tmp_path, "copy.md", f"# T\n\n{PROSE} And a closing line of its own."), library=library)
    assert [(found.document, found.similarity) for found in one.duplicates] == [("posted-elsewhere", 1.0)]
    twice = add(put(tmp_path, "x.md", PROSE), put(tmp_path, "y.md", PROSE))
    assert [[found.document for found in one.duplicates] for one in twice] == [[], ["x"]]


def test_a_text_is_read_alike_whatever_system_wrote_it() -> None:
    """Line ends and a byte order mark are no content."""
    expected = "One.\n\nTwo.\n"
    for raw in (b"One.\n\nTwo.\n", b"\xef\xbb\xbfOne.\r\n\r\nTwo.\r\n", b"One.\r\rTwo.\r"):
        assert as_text(raw, "x") == expected


def test_a_very_short_text_and_unanswered_questions_are_warned_of(tmp_path: Path) -> None:
    """Both are usually a page that was pasted by half."""
    [one] = add(
        put(tmp_path, "a.txt", "The title\n\nOnly one line of words here.\n\nWhat does it cost?\n\nWho decides?\n")
    )
    assert "the text is very short" in one.warnings
    assert "2 question(s) stand in the text without an answer and were left out" in one.warnings


REAL = {
    "glossary-fractional-ai-cto": ("Fractional AI CTO plain-English.", "", 0),
    "most-fractional-ctos-cannot-lead-an-ai-rollout": ("Why most fractional CTOs can't lead an AI rollout.", "", 0),
    "okhrem-ai-fluent-fractional-cto": (
        "Paul Okhrem on what an AI-fluent fractional CTO actually does",
        "Paul Okhrem",
        0,
    ),
    "truvisory-fractional-ai-cto-guide": (
        "Fractional AI CTO: What It Is, When You Need One, and What One Actually Does",
        "",
        10,
    ),
    "what-a-fractional-ai-cto-actually-does": (
        "What a Fractional AI CTO Actually Does (and When You Need One)",
        "Stephen Martin",
        1,
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_articles_become_documents_and_evidence(
    tmp_path: Path, real_article: Callable[[str], str], name: str
) -> None:
    """From the pasted page to the passages that are searched: a question with nothing beneath it is the nearest to everybody's
    question, and a real article held back for nothing teaches its operator to release anything."""
    title, author, unanswered = REAL[name]
    [one] = add(put(tmp_path, f"{name}.txt", real_article(name)))
    assert one.accepted and one.document and not one.quarantined
    assert (one.document.title, one.document.author) == (title, author)
    folded = [removal.text for removal in one.removed if removal.why == "question with no answer beneath it"]
    assert len(folded) == unanswered
    passages = [
        chunk.text for chunk in chunk_document(one.document, lambda texts: [len(words.split()) for words in texts], 256)
    ]
    assert passages and not [words for words in passages if words.rstrip().endswith("?")]
    assert not [question for question in folded if question in " ".join(passages) and question not in headings(one)]
    rows = [line for words in passages for line in words.split("\n") if line.startswith("| ") and "|---" not in line]
    assert len([row for row in rows if "%" in row]) == (5 if name.startswith("truvisory") else 0)


def headings(one: Prepared) -> list[str]:
    """An article asks some questions twice: with its answer, and in a list whose answers are folded away."""
    assert one.document
    return [line.lstrip("# ") for line in one.document.text.split("\n") if line.startswith("#")]
