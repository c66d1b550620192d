"""PDF and Word files for tests, made by hand: what stands in them is what the test says, the hostile things included."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
    for name in ("heading 1", "heading 2", "Title")
)
NUMBERING = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
)


def paragraph(words: str, style: str = "", item: bool = False) -> str:
    look = f'<w:pStyle w:val="{style}"/>' if style else ""
    look += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if item else ""
    return f"<w:p><w:pPr>{look}</w:pPr><w:r><w:t>{words}</w:t></w:r></w:p>"


def run(words: str, look: str = "") -> str:
    """Words within a paragraph, with how they look."""
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def table(*rows: Sequence[str]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(words)}</w:tc>" for words in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def word_file(body: str, before: str = "", styles: str = "", **said: str) -> bytes:
    """A .docx with this body; `before` goes before its XML, `styles` are more styles, `said` are its properties."""
    names = {"title": "dc:title", "author": "dc:creator", "modified": "dcterms:modified"}
    core = "".join(f"<{names[name]}>{words}</{names[name]}>" for name, words in said.items())
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="n" Type="{OFFICE}/numbering" Target="numbering.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}">{STYLES}{styles}</w:styles>',
        "word/numbering.xml": f'<w:numbering xmlns:w="{WORD}">{NUMBERING}</w:numbering>',
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:dcterms="http://purl.org/dc/terms/">{core}</cp:coreProperties>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in parts.items():
            archive.writestr(name, xml)
    return packed.getvalue()


def lines(*written: tuple[float, float, str]) -> bytes:
    """What a page draws: each line's size, height on the page and words; size 13 and above are bold."""
    return b"".join(
        f"BT /{'B' if size >= 13 else 'F'} {size} Tf 72 {height} Td ({words}) Tj ET\n".encode("latin-1")
        for size, height, words in written
    )


def pdf_file(*pages: bytes, said: str = "", packed: Sequence[bytes] = (), more: bytes = b"") -> bytes:
    """A PDF whose pages draw this; or of pages whose streams are packed already. Readers find its objects without a table."""
    streams = [*map(zlib.compress, pages), *packed]
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(streams)))
    parts = [
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {len(streams)}>>endobj\n",
        "3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>endobj\n",
        "4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>endobj\n",
        f"5 0 obj<<{said}>>endobj\n",
        "6 0 obj<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>stream\n0\nendstream endobj\n",
    ]
    made = "".join(parts).encode("latin-1")
    for number, stream in enumerate(streams):
        page, content = 10 + 2 * number, 11 + 2 * number
        made += (
            f"{page} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {content} 0 R"
            f"/Resources<</Font<</F 3 0 R/B 4 0 R>>/XObject<</Picture 6 0 R>>>>>>endobj\n"
            f"{content} 0 obj<</Length {len(stream)}/Filter/FlateDecode>>stream\n"
        ).encode()
        made += stream + b"\nendstream endobj\n"
    return made + more + b"trailer<</Root 1 0 R/Info 5 0 R>>\n%%EOF\n"
