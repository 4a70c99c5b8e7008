"""The paragraphs of a Word file (.docx), with limits on size and without entities."""

from __future__ import annotations

import zipfile
from io import BytesIO
from zlib import error as ZlibError  # noqa: N812 - the name in the standard library

from lxml import etree

from monitor.documents.html_text import clean_line
from monitor.model.documents import Document, Outcome

_OFD = "OFD.xml"
_BODY = "word/document.xml"
_MAX_XML_BYTES = 40_000_000
_MAX_LINES = 100_000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_docx(body: bytes) -> Document:
    """Read a .docx file; never raises for its content.

    Args:
        body: the file.
    """
    try:
        lines = _paragraphs(_document_xml(body))
    except _Unreadable as error:
        return _empty(str(error))
    except etree.XMLSyntaxError:
        return _empty("an office file that cannot be read")
    if not lines:
        return _empty("an office file without text")
    return Document(text="\n".join(lines), charset="docx")


class _Unreadable(Exception):
    """The reason why a file has no text."""


def _document_xml(body: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            if _OFD in packed.namelist():
                raise _Unreadable("an OFD file, which cannot be read")
            if packed.getinfo(_BODY).file_size > _MAX_XML_BYTES:
                raise _Unreadable("an office file that unfolds to too much")
            with packed.open(_BODY) as member:
                xml = member.read(_MAX_XML_BYTES + 1)
    except KeyError:
        raise _Unreadable("a zip or an office file without a text") from None
    except (zipfile.BadZipFile, ZlibError, OSError, ValueError, EOFError, RuntimeError):
        raise _Unreadable("an office file that cannot be unpacked") from None
    if len(xml) > _MAX_XML_BYTES:
        raise _Unreadable("an office file that unfolds to too much")
    return xml


def _paragraphs(xml: bytes) -> list[str]:
    lines: list[str] = []
    parser = etree.iterparse(
        BytesIO(xml),
        events=("end",),
        tag=f"{_WORD}p",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    for _, paragraph in parser:
        text = "".join(
            "\t" if node.tag == f"{_WORD}tab" else node.text or ""
            for node in paragraph.iter(f"{_WORD}t", f"{_WORD}tab")
        )
        line = clean_line(text)
        if line:
            lines.append(line)
        paragraph.clear()
        if len(lines) > _MAX_LINES:
            break
    return lines


def _empty(reason: str) -> Document:
    return Document("", charset="docx", outcome=Outcome.EMPTY, reason=reason)
