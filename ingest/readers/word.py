"""A Word file as Markdown: its headings, lists and tables by the styles they carry, without running heads, comments and pictures."""

from __future__ import annotations

import io
import re
import zipfile

import lxml.etree
import lxml.html
import mammoth

from corpus.errors import InputRejected
from ingest.clean import read_date
from ingest.hidden import Hidden, is_a_sentence
from ingest.readers import Read
from ingest.readers.markdown import to_markdown
from ingest.readers.unseen_in_word import without_unseen

# A long report's text unpacks to some 5 MB of XML; what unpacks to more than this is made to fill a machine.
LARGEST_UNPACKED = 60_000_000
STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh\np[style-name^='Quote'] => blockquote > p:fresh"
NAMESPACES = {
    "core": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
    "dc": "http://purl.org/dc/elements/1.1/",
    "terms": "http://purl.org/dc/terms/",
}
SAVE_AGAIN = "Open it in a word processor, save it as .docx again, and add that."


def read_word(data: bytes) -> Read:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputRejected(
            "this is an old Word file (.doc) or one with a password. Save it as .docx without a password, and add that."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist() if part.filename.endswith((".xml", ".rels")))
            if unpacked > LARGEST_UNPACKED:
                raise InputRejected(
                    f"the Word file unpacks to {unpacked / 1e6:,.0f} MB of text, which no document has. Split it."
                )
            said = _properties(parts)
        data, unseen = without_unseen(data)
        html = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map=STYLES,
            convert_image=mammoth.images.img_element(lambda _: {}),
            external_file_access=False,
        ).value
    except (zipfile.BadZipFile, KeyError, EOFError, lxml.etree.XMLSyntaxError) as exc:
        raise InputRejected(f"the Word file is damaged and can't be opened. {SAVE_AGAIN}") from exc
    text = to_markdown(lxml.html.fromstring(f"<div>{html}</div>"))
    if not re.search(r"\w{2}", text):
        raise InputRejected("the Word file holds no words, perhaps only pictures. Save what it says as a text file.")
    saved = read_date(said["terms:modified"][:10])
    return Read(
        text,
        title=said["dc:title"],
        author=said["dc:creator"],
        published=saved,
        made="the day the file was last saved" if saved else "",
        hidden=tuple(Hidden(words, why, a_message=is_a_sentence(words)) for words, why in unseen),
    )


def _properties(parts: zipfile.ZipFile) -> dict[str, str]:
    names = ("dc:title", "dc:creator", "terms:modified")
    try:
        tree = lxml.etree.fromstring(
            parts.read("docProps/core.xml"), lxml.etree.XMLParser(resolve_entities=False, no_network=True)
        )
    except (KeyError, lxml.etree.XMLSyntaxError, zipfile.BadZipFile):
        return dict.fromkeys(names, "")
    return {name: " ".join((tree.findtext(name, "", NAMESPACES) or "").split()) for name in names}
