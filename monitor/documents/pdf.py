"""A PDF with text to a document; one that is only pictures is known for what it is.

PDFium reads it (the browser's own reader, hardened against hostile files, with all Chinese
character maps). It keeps the lines of the print; here they become paragraphs again, without the
running titles and page numbers between them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from threading import Lock

import pypdfium2 as pdfium
from pypdfium2 import raw

from monitor.documents.charset import broken_share
from monitor.documents.dates import date_in_address
from monitor.documents.html_text import clean
from monitor.model.documents import Document, Outcome

MAX_PAGES = 600
"""Longer ones are no report."""

_MAX_LETTERS = 2_000_000
_MOST_OBJECTS = 200
_FEW_LETTERS = 20
_BROKEN = 0.05
# Of every full line so much is filled; a shorter one ends its paragraph.
_FULL = 0.8
_PAGE_NUMBER = re.compile(
    r"[\s—–\-·.]*(?:第\s*)?\d{1,4}(?:\s*[页/／]\s*(?:共?\s*\d{1,4}\s*页?)?)?[\s—–\-·.]*"
)
_DIGITS = re.compile(r"\d+")
_HEADING = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十\d]{1,3}[)）]"
    r"|第[一二三四五六七八九十]{1,3}[章节条部]|\d{1,2}[.、．](?!\d))"
)
_ENDS = ("。", "！", "？", "；", "：")
_LATIN = re.compile(r"[A-Za-z0-9,.;:]$")
_LATIN_START = re.compile(r"^[A-Za-z0-9]")
_LETTER = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")

# PDFium keeps state of its own for the whole process: one document at a time.
_ONE_AT_A_TIME = Lock()


def read_pdf(body: bytes, url: str | None = None) -> Document:
    """Read a PDF; never raises for what is in it.

    Args:
        body: the file.
        url: its address, whose day is taken for ``published``.

    Returns:
        A document with one line a paragraph. Outcome EMPTY, with a reason, if it is broken,
        locked, too long, or has no text: "a scanned PDF without text".
    """
    with _ONE_AT_A_TIME:
        try:
            pages, pictures = _pages(body)
        except pdfium.PdfiumError as error:
            return _nothing(f"a PDF that cannot be read: {_why(error)}")
        except _TooLong as error:
            return _nothing(str(error))
    letters = sum(len(_LETTER.findall(line)) for page in pages for line in page)
    if letters < _FEW_LETTERS * max(1, min(len(pages), 3)):
        what = "a scanned PDF without text" if pictures else "a PDF without text"
        return _nothing(what)
    text = "\n".join(_paragraphs([line for page in _without_margins(pages) for line in page]))
    if broken_share(text) > _BROKEN:
        return _nothing("a PDF whose characters have no meaning")
    title = next((line for line in text.split("\n", 5)[:5] if line), "")
    return Document(
        text=text,
        title=title if len(title) <= 60 else "",
        published=date_in_address(url) if url else None,
        charset="pdf",
    )


class _TooLong(Exception):
    """More pages or letters than a report can have."""


def _pages(body: bytes) -> tuple[list[list[str]], bool]:
    """The lines of each page, and whether there are pictures on the first ones."""
    document = pdfium.PdfDocument(body)
    try:
        if len(document) > MAX_PAGES:
            raise _TooLong(f"a PDF of {len(document)} pages")
        pages: list[list[str]] = []
        pictures, seen = False, 0
        for number, page in enumerate(document):
            text = page.get_textpage()
            said = text.get_text_range()
            seen += len(said)
            if seen > _MAX_LETTERS:
                raise _TooLong("a PDF with more text than a report can have")
            pages.append([line.rstrip() for line in said.splitlines() if line.strip()])
            if number < 3 and not said.strip():
                pictures = pictures or _has_picture(page)
            text.close()
            page.close()
        return pages, pictures
    finally:
        document.close()


def _has_picture(page: pdfium.PdfPage) -> bool:
    found = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return any(True for _, _ in zip(range(_MOST_OBJECTS), found, strict=False))


def _without_margins(pages: Sequence[list[str]]) -> list[list[str]]:
    """Pages without what stands at the edge of most of them: titles, page numbers."""
    if len(pages) < 2:
        return list(pages)
    edges = Counter(key for page in pages for key in {_edge(line) for line in _ends_of(page)})
    running = {key for key, count in edges.items() if key and count > len(pages) / 2}

    def kept(page: list[str]) -> Iterator[str]:
        ends = {id(line) for line in _ends_of(page)}
        for line in page:
            at_edge = id(line) in ends
            if at_edge and (_edge(line) in running or _PAGE_NUMBER.fullmatch(line)):
                continue
            yield line

    return [list(kept(page)) for page in pages]


def _ends_of(page: list[str]) -> list[str]:
    return page if len(page) <= 4 else [*page[:2], *page[-2:]]


def _edge(line: str) -> str:
    return _DIGITS.sub("#", line.strip())


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Lines of print joined to paragraphs: a full line goes on in the next one."""
    widths = sorted(len(line.strip()) for line in lines)
    full = widths[int(len(widths) * 0.9)] * _FULL if widths else 0.0
    open_: list[str] = []
    for line in lines:
        said = clean(line)
        if not said:
            continue
        if open_ and (_begins(line) or _closed(open_[-1], full)):
            yield _joined(open_)
            open_ = []
        open_.append(said)
    if open_:
        yield _joined(open_)


def _begins(line: str) -> bool:
    return line[:1].isspace() or _HEADING.match(line) is not None


def _closed(line: str, full: float) -> bool:
    return len(line) < full and (line.endswith(_ENDS) or len(line) < full / 2)


def _joined(lines: Sequence[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        gap = " " if _LATIN.search(text) and _LATIN_START.match(line) else ""
        text += gap + line
    return text


def _why(error: Exception) -> str:
    said = " ".join(str(error).split())[:100]
    return "it is locked" if "password" in said.lower() else said


def _nothing(reason: str) -> Document:
    return Document("", charset="pdf", outcome=Outcome.EMPTY, reason=reason)
