"""The text of a Word file (.docx): its paragraphs, in order. Bounded; no entity is followed."""

from __future__ import annotations

import zipfile
from io import BytesIO
from zlib import error as ZlibError  # noqa: N812 - what the standard library calls so

from lxml import etree

from monitor.documents.dates import date_in_address
from monitor.documents.html_text import clean
from monitor.model.documents import Document, Outcome

_BODY = "word/document.xml"
_MAX_UNPACKED = 40_000_000
_MAX_LINES = 100_000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_docx(body: bytes, url: str | None = None) -> Document:
    """Read a .docx file; never raises for what is in it.

    Args:
        body: the file.
        url: its address, whose day is taken for ``published``.
    """
    try:
        lines = _lines(_unpacked(body))
    except _Unreadable as error:
        return _nothing(str(error))
    except etree.XMLSyntaxError:
        return _nothing("an office file that cannot be read")
    if not lines:
        return _nothing("an office file without text")
    return Document(
        text="\n".join(lines),
        title=lines[0] if len(lines[0]) <= 60 else "",
        published=date_in_address(url) if url else None,
        charset="docx",
    )


class _Unreadable(Exception):
    """Why there is no text in a file."""


def _unpacked(body: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(body)) as packed:
            if packed.getinfo(_BODY).file_size > _MAX_UNPACKED:
                raise _Unreadable("an office file that unfolds to too much")
            with packed.open(_BODY) as member:
                xml = member.read(_MAX_UNPACKED + 1)
    except KeyError:
        raise _Unreadable("a zip or an office file without a text") from None
    except (zipfile.BadZipFile, ZlibError, OSError, ValueError, EOFError, RuntimeError):
        raise _Unreadable("an office file that cannot be unpacked") from None
    if len(xml) > _MAX_UNPACKED:
        raise _Unreadable("an office file that unfolds to too much")
    return xml


def _lines(xml: bytes) -> list[str]:
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
        said = "".join(
            "\t" if node.tag == f"{_WORD}tab" else node.text or ""
            for node in paragraph.iter(f"{_WORD}t", f"{_WORD}tab")
        )
        line = clean(said)
        if line:
            lines.append(line)
        paragraph.clear()
        if len(lines) > _MAX_LINES:
            break
    return lines


def _nothing(reason: str) -> Document:
    return Document("", charset="docx", outcome=Outcome.EMPTY, reason=reason)
