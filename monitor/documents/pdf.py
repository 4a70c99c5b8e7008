"""Reads a PDF with text; recognises one that consists of scans.

PDFium reads it (the reader of Chromium, hardened against hostile files, with all Chinese
character maps). It returns printed lines; this module joins them to paragraphs and drops running
titles and page numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from threading import Lock

import pypdfium2 as pdfium
from pypdfium2 import raw

from monitor.documents.charset import replacement_share
from monitor.documents.html_text import clean_line
from monitor.documents.pdf_layout import Piece, ordered_lines
from monitor.documents.printed_lines import is_numbered, joined_lines
from monitor.model.documents import Document, Outcome

MAX_PAGES = 600
"""A longer PDF is no report."""

_MAX_LETTERS = 2_000_000
_MAX_OBJECTS = 200
_MAX_PIECES = 400
_MIN_LETTERS_PER_PAGE = 20
_MAX_REPLACEMENT_SHARE = 0.05
# A line shorter than this share of a full one ends its paragraph.
_FULL_LINE_SHARE = 0.8


@cache
def _page_number_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[\s—–\-·.]*(?:第\s*)?\d{1,4}(?:\s*[页/／]\s*(?:共?\s*\d{1,4}\s*页?)?)?[\s—–\-·.]*"
    )


@cache
def _digits_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+")


_ENDS = ("。", "！", "？", "；", "：")


@cache
def _letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


# PDFium has state for the whole process, so it reads one document at a time.
_ONE_AT_A_TIME = Lock()


def read_pdf(body: bytes) -> Document:
    """Read a PDF; never raises for its content.

    Args:
        body: the file.

    Returns:
        A document with one line a paragraph. Outcome EMPTY, with a reason, if it is broken,
        locked, too long, or has no text: "a scanned PDF without text".
    """
    with _ONE_AT_A_TIME:
        try:
            pages, pictures = _pages(body)
        except pdfium.PdfiumError as error:
            return _empty(f"a PDF that cannot be read: {_describe(error)}")
        except _PdfTooLong as error:
            return _empty(str(error))
    letters = sum(len(_letter_pattern().findall(line)) for page in pages for line in page)
    if letters < _MIN_LETTERS_PER_PAGE * max(1, min(len(pages), 3)):
        what = "a scanned PDF without text" if pictures else "a PDF without text"
        return _empty(what)
    text = "\n".join(_paragraphs([line for page in _without_margins(pages) for line in page]))
    if replacement_share(text) > _MAX_REPLACEMENT_SHARE:
        return _empty("a PDF whose characters have no meaning")
    return Document(text=text, charset="pdf")


class _PdfTooLong(Exception):
    """The PDF has more pages or letters than a report can have."""


def _pages(body: bytes) -> tuple[list[list[str]], bool]:
    """The lines of each page, and whether the first ones hold pictures."""
    document = pdfium.PdfDocument(body)
    try:
        if len(document) > MAX_PAGES:
            raise _PdfTooLong(f"a PDF of {len(document)} pages")
        pages: list[list[str]] = []
        pictures, seen = False, 0
        for number, page in enumerate(document):
            text_page = page.get_textpage()
            text = text_page.get_text_range()
            seen += len(text)
            if seen > _MAX_LETTERS:
                raise _PdfTooLong("a PDF with more text than a report can have")
            lines = ordered_lines(_pieces(text_page)) or text.splitlines()
            pages.append([line.rstrip() for line in lines if line.strip()])
            if number < 3 and not text.strip():
                pictures = pictures or _has_picture(page)
            text_page.close()
            page.close()
        return pages, pictures
    finally:
        document.close()


def _pieces(text_page: pdfium.PdfTextPage) -> list[Piece]:
    """The runs of text of a page in the order they were drawn; none on a page of very many."""
    count = text_page.count_rects()
    if count > _MAX_PIECES:
        return []
    boxes = [text_page.get_rect(index) for index in range(count)]
    return [Piece(text_page.get_text_bounded(*box), *box) for box in boxes]


def _has_picture(page: pdfium.PdfPage) -> bool:
    found = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return any(True for _, _ in zip(range(_MAX_OBJECTS), found, strict=False))


def _without_margins(pages: Sequence[list[str]]) -> list[list[str]]:
    """Pages without the running titles and page numbers at their edges."""
    if len(pages) < 2:
        return list(pages)
    edges = Counter(
        key for page in pages for key in {_edge_key(line) for line in _edge_lines(page)}
    )
    running = {key for key, count in edges.items() if key and count > len(pages) / 2}

    def kept(page: list[str]) -> Iterator[str]:
        ends = {id(line) for line in _edge_lines(page)}
        for line in page:
            at_edge = id(line) in ends
            if at_edge and (_edge_key(line) in running or _page_number_pattern().fullmatch(line)):
                continue
            yield line

    return [list(kept(page)) for page in pages]


def _edge_lines(page: list[str]) -> list[str]:
    return page if len(page) <= 4 else [*page[:2], *page[-2:]]


def _edge_key(line: str) -> str:
    return _digits_pattern().sub("#", line.strip())


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Joins printed lines to paragraphs: a full line continues in the next one."""
    widths = sorted(len(line.strip()) for line in lines)
    full = widths[int(len(widths) * 0.9)] * _FULL_LINE_SHARE if widths else 0.0
    paragraph: list[str] = []
    for line in lines:
        text = clean_line(line)
        if not text:
            continue
        if paragraph and (_starts_paragraph(line) or _ends_paragraph(paragraph[-1], full)):
            yield joined_lines(paragraph)
            paragraph = []
        paragraph.append(text)
    if paragraph:
        yield joined_lines(paragraph)


def _starts_paragraph(line: str) -> bool:
    return line[:1].isspace() or is_numbered(line)


def _ends_paragraph(line: str, full: float) -> bool:
    return len(line) < full and (line.endswith(_ENDS) or len(line) < full / 2)


def _describe(error: Exception) -> str:
    message = " ".join(str(error).split())[:100]
    return "it is locked" if "password" in message.lower() else message


def _empty(reason: str) -> Document:
    return Document("", charset="pdf", outcome=Outcome.EMPTY, reason=reason)
