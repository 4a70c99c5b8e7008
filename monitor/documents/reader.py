"""Bytes to a document: the one door of this room."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.block_pages import block_reason
from monitor.documents.body import body_lines, is_believable
from monitor.documents.charset import broken_share, decode, misread
from monitor.documents.dates import date_in_address
from monitor.documents.html_text import lines_of
from monitor.documents.markup_limits import MAX_BYTES, too_dear
from monitor.documents.metadata import metas, published_on, source_line, title_of
from monitor.documents.soft_errors import notice_of
from monitor.model.documents import Document, Outcome, Selectors

_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|meta|title|script|style|link|div|p|br|table|article|section|span"
    r"|h[1-6]|ul|ol|iframe|center|font)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_BINARY: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old office file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a packed file"),
)
_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"
# Some servers put a line or a byte order mark in front.
_PREAMBLE = 64
_BROKEN = 0.05
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CONTROLS = 0.01


def read(
    body: bytes,
    *,
    content_type: str | None = None,
    url: str | None = None,
    selectors: Selectors | None = None,
    encoding: str | None = None,
) -> Document:
    """Read a page or a plain text; never raises for what a site sends.

    Args:
        body: the bytes, unpacked.
        content_type: the header of that name; the bytes are trusted before it.
        url: the address, whose day is the last resort for ``published``.
        selectors: where the page's family keeps its parts; a selector that finds nothing gives
            way to the general reader, and ``reason`` says so.
        encoding: a charset to insist on.

    Returns:
        A document whose text has one line a paragraph. The text of a plain text file is the
        file's, with line ends made newlines and the byte order mark gone, nothing else. Outcome
        EMPTY, BLOCKED or GONE, with a reason, if there is nothing to believe.
    """
    if len(body) > MAX_BYTES:
        return _nothing(f"{len(body)} bytes are too many to read")
    if (file := _file(body, url)) is not None:
        return file
    text, charset = decode(body, content_type, encoding)
    if garbled := _garbled(text):
        return _nothing(garbled, charset)
    if not _is_markup(text, content_type):
        return _plain(text, charset, url)
    dear = too_dear(text)
    if dear:
        return _nothing(f"not parsed: {dear}", charset)
    return _page(text, charset, url, selectors or Selectors())


def _file(body: bytes, url: str | None) -> Document | None:
    """What is no text: the bytes decide, because a PDF may be called .html and a page .pdf."""
    if _PDF in body[:_PREAMBLE]:
        # The readers of files weigh several megabytes each and are seldom needed.
        from monitor.documents.pdf import read_pdf

        return read_pdf(body, url)
    if body.startswith(_ZIP):
        from monitor.documents.docx import read_docx

        return read_docx(body, url)
    for mark, name in _BINARY:
        if body.startswith(mark):
            return _nothing(f"{name}, not a page")
    return None


def _page(markup: str, charset: str, url: str | None, selectors: Selectors) -> Document:
    tree = LexborHTMLParser(markup)
    lines, remark = body_lines(tree, selectors.body)
    whole = tree.body
    visible = "\n".join(lines)
    if len(visible) < 500 and whole is not None:
        visible = "\n".join(lines_of(whole))
    blocked = block_reason(markup, visible)
    meta = metas(tree)
    document = Document(
        text="\n".join(lines),
        title=title_of(tree, meta, selectors.title),
        published=published_on(tree, meta, markup, selectors.published, url),
        source_line=source_line(tree, meta, markup, selectors.source_line),
        charset=charset,
        reason=remark,
    )
    if blocked:
        return Document("", document.title, None, None, charset, Outcome.BLOCKED, blocked)
    notice = notice_of(document.text) or notice_of(visible)
    if notice is not None:
        outcome, why = notice
        return Document("", document.title, None, None, charset, outcome, why)
    if not is_believable(lines):
        return Document(
            "",
            document.title,
            document.published,
            document.source_line,
            charset,
            Outcome.EMPTY,
            "no text to believe on this page",
        )
    return document


def _plain(text: str, charset: str, url: str | None) -> Document:
    # One for one, so that offsets stay: PostgreSQL takes no text with this character.
    text = text.replace("\r\n", "\n").replace("\x00", "\ufffd")
    first = next((line.strip() for line in text.split("\n", 50)[:50] if line.strip()), "")
    published = date_in_address(url) if url else None
    if not is_believable(text.split("\n")):
        return _nothing("no text to believe in this file", charset)
    title = first if len(first) <= 60 else ""
    return Document(text=text, title=title, published=published, charset=charset)


def _garbled(text: str) -> str:
    """Why what was decoded is no text; empty when it is one."""
    if broken_share(text) > _BROKEN:
        return "no charset fits these bytes"
    if len(_CONTROL.findall(text)) > _CONTROLS * len(text):
        return "these bytes are no text"
    if misread(text):
        return "Chinese that was misread before it was sent"
    return ""


def _is_markup(text: str, content_type: str | None) -> bool:
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    if kind == "text/plain":
        return False
    return _MARKUP.search(text[:20_000]) is not None


def _nothing(reason: str, charset: str = "utf-8") -> Document:
    return Document("", charset=charset, outcome=Outcome.EMPTY, reason=reason)
