"""The folder of documents: one fault never hides the others, and nothing is read or written outside of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from corpus.documents import LARGEST_TEXT, format_document
from corpus.errors import DocumentError
from corpus.library import inside, read_library, remove_file, write_file
from corpus.settings import Settings
from tests.library import document, on_disk, write


def faults(settings: Settings) -> list[str]:
    return [str(fault) for fault in read_library(settings.corpus).faults]


def test_documents_of_every_kind_are_read_by_their_id(settings: Settings) -> None:
    """A kind whose folder is not looked into would be missing from every answer."""
    house = {"voice": "house"}
    articles = [document("an-article"), document("a-term", kind="glossary", **house)]
    write(settings, *articles)
    assert on_disk(settings) == {one.id: one for one in articles}
    assert (settings.corpus / "glossary" / "a-term.md").is_file()


def test_a_file_that_is_known_to_the_byte_is_not_parsed_again(settings: Settings) -> None:
    """Parsing a library of 250 documents took 0.2 s, twice for every `add`. An edit by hand, of a single letter, is read."""
    known = [document("a"), document("b"), document("c")]
    write(settings, *known)
    path = settings.corpus / "articles" / "b.md"
    path.write_text(path.read_text().replace("Some words", "Some worde"))
    write(settings, document("c", "Other words."))
    found = read_library(settings.corpus, known).documents
    assert found["a"] is known[0]
    assert found["b"].text == "Some worde that stand for a text.\n"
    assert found["c"].text == "Other words.\n"


def test_a_known_file_in_the_wrong_place_is_told_the_right_one(settings: Settings) -> None:
    """A copy is the same to the byte, and no document of its own."""
    write(settings, document("a"))
    shutil.copy(settings.corpus / "articles" / "a.md", settings.corpus / "articles" / "copy.md")
    library = read_library(settings.corpus, [document("a")])
    assert set(library.documents) == {"a"}
    assert "the id `a` is taken by articles/a.md" in str(library.faults[0])


def test_a_missing_or_empty_folder_is_an_empty_library(settings: Settings) -> None:
    """FRACTIONAL_CORPUS may point anywhere."""
    assert on_disk(settings) == {}
    settings.corpus.rmdir()
    assert on_disk(settings) == {}


def test_a_fault_in_one_document_hides_no_other(settings: Settings) -> None:
    """One file saved badly must not take the library offline."""
    write(settings, document("first"), document("last"))
    (settings.corpus / "articles" / "middle.md").write_text("---\nid: middle\n")
    library = read_library(settings.corpus)
    assert set(library.documents) == {"first", "last"}
    assert len(library.faults) == 1
    assert "middle.md:1: the front matter is never closed" in str(library.faults[0])


def test_two_files_with_one_id_name_each_other(settings: Settings) -> None:
    """Which of the two is published must not depend on the order of the folder without anybody being told."""
    write(settings, document("same"))
    (settings.corpus / "articles" / "zz").mkdir()
    (settings.corpus / "articles" / "zz" / "same.md").write_text(format_document(document("same", "Other words.")))
    assert read_library(settings.corpus).documents["same"].text == "Some words that stand for a text.\n"
    [fault] = faults(settings)
    assert "zz/same.md:2: the id `same` is taken by articles/same.md. Give one of them another id." in fault


@pytest.mark.parametrize(
    "place", ["glossary/an-article.md", "articles/another-name.md", "articles/below/an-article.md"]
)
def test_a_file_in_the_wrong_place_is_told_the_right_one(settings: Settings, place: str) -> None:
    """Published from there, it would be written back to the right place at the next edit, and stand in the folder twice."""
    path = settings.corpus / place
    path.parent.mkdir(parents=True)
    path.write_text(format_document(document("an-article")))
    [fault] = faults(settings)
    assert "the article `an-article` belongs in articles/an-article.md. Move the file" in fault
    assert read_library(settings.corpus).documents == {}


def test_a_link_out_of_the_folder_is_refused(settings: Settings, tmp_path: Path) -> None:
    """A link would publish whatever file it names, and an edit would write to it."""
    outside = tmp_path / "outside.md"
    outside.write_text(format_document(document("linked")))
    (settings.corpus / "articles").mkdir()
    (settings.corpus / "articles" / "linked.md").symlink_to(outside)
    [fault] = faults(settings)
    assert "linked.md: the file leads out of the corpus folder. Put the file itself there, not a link." in fault
    with pytest.raises(DocumentError, match="leads out of the corpus folder"):
        write_file(settings.corpus, "articles/linked.md", "words")
    assert outside.read_text() == format_document(document("linked"))


def test_a_linked_folder_that_leads_out_is_refused(settings: Settings, tmp_path: Path) -> None:
    """The same by way of `articles` itself."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "linked.md").write_text(format_document(document("linked")))
    (settings.corpus / "articles").symlink_to(tmp_path / "outside")
    assert read_library(settings.corpus).documents == {}
    with pytest.raises(DocumentError, match="leads out of the corpus folder"):
        remove_file(settings.corpus, "articles/linked.md")
    assert (tmp_path / "outside" / "linked.md").is_file()


def test_the_corpus_folder_itself_may_be_a_link(settings: Settings, tmp_path: Path) -> None:
    """People link a folder of documents from elsewhere; its files don't lead out of it."""
    write(settings, document("a"))
    (tmp_path / "link").symlink_to(settings.corpus)
    assert set(read_library(tmp_path / "link").documents) == {"a"}
    write_file(tmp_path / "link", "articles/b.md", format_document(document("b")))
    assert set(on_disk(settings)) == {"a", "b"}


@pytest.mark.parametrize(
    "way_out", ["../secret.md", "articles/../../secret.md", "/etc/passwd", "articles/../../corpus-2/a.md"]
)
def test_no_path_leads_out(settings: Settings, way_out: str) -> None:
    """`corpus-2` begins with the same letters as `corpus` and is another folder."""
    with pytest.raises(DocumentError, match="leads out of the corpus folder"):
        inside(settings.corpus, way_out)
    assert inside(settings.corpus, "articles/a.md") == settings.corpus.resolve() / "articles" / "a.md"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"---\nid: odd\ntitle: caf\xe9\n---\n", "odd.md:3: the file is not valid UTF-8. Save it as UTF-8."),
        (b"\xff\xfe-\x00-\x00", "odd.md:1: the file is not valid UTF-8"),
        (b"x" * (LARGEST_TEXT * 4 + 1), "odd.md: the file is too large for a document. Split it"),
        (b"", "odd.md:1: there is no front matter"),
    ],
)
def test_files_that_are_no_text_say_so(settings: Settings, content: bytes, message: str) -> None:
    """The line of the bad byte is what an editor needs to find it."""
    path = settings.corpus / "articles" / "odd.md"
    path.parent.mkdir()
    path.write_bytes(content)
    assert message in faults(settings)[0]


def test_a_folder_or_a_locked_file_in_place_of_a_document_says_so(settings: Settings) -> None:
    """Neither may stop the others from being read."""
    write(settings, document("good"), document("locked"))
    (settings.corpus / "articles" / "folder.md").mkdir()
    (settings.corpus / "articles" / "locked.md").chmod(0)
    found = faults(settings)
    assert "folder.md: the file can't be read (Is a directory)" in found[0]
    if os.geteuid():  # who may read everything sees no fault here
        assert "locked.md: the file can't be read (Permission denied)" in found[1]
    assert "good" in read_library(settings.corpus).documents


def test_windows_line_ends_and_a_byte_order_mark_are_read_as_nothing(settings: Settings) -> None:
    """The same document saved on another system must be the same version, or every save there would be published."""
    write(settings, document("a", "One.\n\nTwo.\n"))
    path = settings.corpus / "articles" / "a.md"
    expected = on_disk(settings)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert on_disk(settings) == expected


def test_a_file_is_replaced_whole_and_nothing_else_is_left(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails half-way leaves the old file, and no half of the new one beside it."""
    write_file(settings.corpus, "articles/a.md", "old")

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        write_file(settings.corpus, "articles/a.md", "new")
    assert [path.name for path in (settings.corpus / "articles").iterdir()] == ["a.md"]
    assert (settings.corpus / "articles" / "a.md").read_text() == "old"
    monkeypatch.undo()
    write_file(settings.corpus, "articles/a.md", "new")
    assert (settings.corpus / "articles" / "a.md").read_text() == "new"


def test_removing_what_is_gone_is_no_error(settings: Settings) -> None:
    """A run killed after removing the file removes it again."""
    write(settings, document("a"))
    remove_file(settings.corpus, "articles/a.md")
    remove_file(settings.corpus, "articles/a.md")
    assert on_disk(settings) == {}
