"""Reads bytes to a document; the entry point of this package."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.attachments import find_attachments
from monitor.documents.block_pages import block_reason, find_soft_error
from monitor.documents.blocks import Layout, layout_of
from monitor.documents.body import find_article, has_prose
from monitor.documents.boilerplate import is_boilerplate, is_imprint
from monitor.documents.charset import decode, is_mojibake, replacement_share
from monitor.documents.cost import MAX_BYTES, too_expensive
from monitor.documents.dates import DatedPage, date_in_url, find_published
from monitor.documents.gaps import find_gaps
from monitor.documents.html_text import (
    ANY_STYLE,
    clean_characters,
    clean_line,
    hidden_names,
    letters_of,
)
from monitor.documents.metadata import (
    find_source_line,
    find_title,
    meta_tags,
    page_names,
    title_above,
)
from monitor.documents.pagers import further_pages
from monitor.documents.script_body import script_body, stub_target
from monitor.documents.steady_links import steady_links
from monitor.documents.text_head import with_head
from monitor.documents.unread import ReadPage, find_unread, frame_of, open_on_demand
from monitor.documents.weighed_page import WeighedPage, line_weight
from monitor.model.documents import Document, Outcome, Selectors
from monitor.urls import resolve_url


@cache
def _markup_pattern() -> re.Pattern[str]:
    return re.compile(
        r"<(?:!doctype|html|head|body|meta|title|script|style|link|div|p|br|table|article|section|span"
        r"|h[1-6]|ul|ol|iframe|center|font)\b[^<>]{0,2000}>",
        re.IGNORECASE,
    )


_BINARY: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old office file (.doc or .wps)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a packed file"),
)
_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"
# Some servers send a line or a byte order mark before the file.
_MAX_PREAMBLE = 64
_MAX_REPLACEMENT_SHARE = 0.05


_SEPARATORS = dict.fromkeys(range(0x1C, 0x20), " ")
_CONTROLS = bytes({*range(9), *range(14, 32), 127})
_MAX_CONTROL_SHARE = 0.01
_PLAIN_SHARE = 0.05
_LITTLE_PROSE, _SUMMARY, _LITTLE_TEXT = 120, 800, 400
_MORE_IN_SCRIPT = 2.0
_MORE_IF_SHOWN = 3.0
_MUCH_HIDDEN = 0.2
_MAX_ANSWER = 2_000


@dataclass(frozen=True, slots=True)
class KnownDays:
    """The day that a list gives for a document, and the day of the visit."""

    listed: date | None = None
    today: date | None = None


def read_document(
    body: bytes,
    *,
    content_type: str | None = None,
    url: str | None = None,
    selectors: Selectors | None = None,
    encoding: str | None = None,
    days: KnownDays | None = None,
) -> Document:
    """Read a page, a file or a plain text; never raises for its content.

    Args:
        body: the bytes, decompressed.
        content_type: the header of that name; the bytes take precedence.
        url: its URL, whose date is the last resort for ``published``.
        selectors: of the family of the page; if one finds nothing, the general reader is used
            and ``reason`` says so.
        encoding: a charset set by the source.
        days: what is known of the day of issue before the page is read.

    Returns:
        A document whose text has one line a paragraph. A plain text file keeps its text, except
        for line ends and the byte order mark. The outcome is EMPTY, BLOCKED or GONE, with a
        reason, if there is no text to use.
    """
    if len(body) > MAX_BYTES:
        return _empty(f"{len(body)} bytes are too many to read")
    if (file := _read_file(body, url)) is not None:
        return file
    text, charset = decode(body, content_type, encoding)
    if garbled := _garbled_reason(text):
        return _empty(garbled, charset)
    if not _is_markup(text, content_type):
        return _read_plain_text(text, charset, url)
    dear = too_expensive(text)
    if dear:
        return _empty(f"not parsed: {dear}", charset)
    return _read_page(text, charset, url, selectors or Selectors(), days or KnownDays())


def _read_file(body: bytes, url: str | None) -> Document | None:
    """A document of a binary file; the bytes decide, because a PDF may be called .html."""
    if _PDF in body[:_MAX_PREAMBLE]:
        # The file readers take several megabytes each and are seldom needed.
        from monitor.documents.pdf import read_pdf

        return _with_address(with_head(read_pdf(body)), url)
    if body.startswith(_ZIP):
        from monitor.documents.docx import read_docx

        return _with_address(with_head(read_docx(body)), url)
    for mark, name in _BINARY:
        if body.startswith(mark):
            return _empty(f"{name}, not a page")
    return None


def _read_page(
    markup: str, charset: str, url: str | None, selectors: Selectors, days: KnownDays
) -> Document:
    tree = LexborHTMLParser(markup)
    if tree.body is None:
        nothing = _empty("no text to believe on this page", charset)
        target = stub_target(tree, 0)
        return _leading_to(nothing, target, url) if target else nothing
    meta = meta_tags(tree)
    may_expand = open_on_demand(tree, markup)
    hidden = hidden_names(tree)
    layout = layout_of(tree.body, hidden)
    weights = [line_weight(line) for line in layout.lines]
    prose = sum(weights)
    if prose < _LITTLE_PROSE:
        whole = layout_of(tree.body, ANY_STYLE)
        shown = [line_weight(line) for line in whole.lines]
        if sum(shown) > _MORE_IF_SHOWN * prose:
            # A script shows what the style hides.
            hidden, layout, weights, prose = ANY_STYLE, whole, shown, sum(shown)
    title = find_title(tree, meta, selectors.title, layout, markup)
    title = "" if is_boilerplate(title) else title
    page = WeighedPage(layout, weights, title)
    article = find_article(tree, page, selectors.body, hidden)
    lines, taken, found = article.lines, article.taken, article.evidence
    if prose < _SUMMARY:
        held, weight = script_body(tree)
        if weight > _MORE_IN_SCRIPT * prose and (
            prose < _LITTLE_PROSE or _is_summary_of(article.lines, held)
        ):
            lines, taken, found = held, 1.0, ("body: a string of a script",)
    text = "\n".join(lines)
    visible = text
    if len(visible) < 500:
        visible = "\n".join(line.text for line in layout.lines)
    issued = find_published(
        DatedPage(
            tree,
            meta,
            markup,
            layout,
            article.heading,
            article.first,
            article.last,
            selectors.published,
            url,
            days.listed,
            days.today,
            in_script=lines is not article.lines,
        )
    )
    attachments = find_attachments(layout, url, markup if prose < _LITTLE_TEXT else "")
    further = further_pages(markup, layout, url)
    unread = find_unread(
        ReadPage(
            tree,
            markup,
            layout,
            article.first,
            article.last,
            text,
            title,
            url,
            attachments,
            bool(further),
        )
    )
    unread += _hidden_on_demand(tree, prose) if may_expand else ()
    document = Document(
        text=text,
        title=title_above(layout, article.first, title) if article.heading < 0 else title,
        published=issued.day,
        source_line=find_source_line(tree, meta, markup, selectors.source_line),
        charset=charset,
        reason=article.remark,
        published_from=issued.found_in,
        taken=taken,
        prose=int(prose),
        steady_links=steady_links(page, selectors.body, page_names(tree, meta), article),
        attachments=attachments,
        further_pages=further,
        unread=unread,
        evidence=(*found, *issued.evidence),
    )
    blocked = block_reason(markup, visible)
    if blocked:
        return Document("", title, None, None, charset, Outcome.BLOCKED, blocked)
    if prose < _LITTLE_PROSE and not document.attachments:
        shown_letters = letters_of("".join(_without_title(visible.split("\n"), title)))
        target = stub_target(tree, len(shown_letters))
        if target is not None:
            return _leading_to(document, target, url)
    for outcome, why in filter(None, map(find_soft_error, dict.fromkeys((text, visible)))):
        return Document("", title, None, None, charset, outcome, why)
    own = _without_title(lines[:20], title)
    if not has_prose(lines) or not has_prose(own) or is_imprint(own):
        return _without_text(document, layout, url)
    doubts = article.doubts if lines is article.lines else ()
    # A page that only announces its attachments has no head of its own.
    document = with_head(document) if len(text) >= _LITTLE_TEXT else document
    return _with_doubts(document, doubts)


def _is_summary_of(lines: Sequence[str], held: Sequence[str]) -> bool:
    """Whether most of an article stands in the text that a script holds: it is its beginning."""
    whole = letters_of("".join(held))
    letters = [letters_of(line) for line in lines]
    within = sum(len(line) for line in letters if line in whole)
    return within > sum(map(len, letters)) / 2


def _hidden_on_demand(tree: LexborHTMLParser, shown: float) -> tuple[str, ...]:
    """That the style of a page with a control for it hides a good part of its prose, in words."""
    if tree.body is None:
        return ()
    whole = sum(map(line_weight, layout_of(tree.body, ANY_STYLE).lines))
    if whole - shown <= max(_LITTLE_PROSE, _MUCH_HIDDEN * whole):
        return ()
    return ("text that the page shows on demand is not read",)


def _leading_to(document: Document, target: str, url: str | None) -> Document:
    """A document without a text, because its page only sends its readers elsewhere."""
    there = resolve_url(url, target) if url else clean_line(target)
    reason = f"this page only leads to {there or target}"
    return replace(document, text="", outcome=Outcome.EMPTY, reason=reason, target=there)


def _without_text(document: Document, layout: Layout, url: str | None) -> Document:
    """A document whose page has no prose of its own: that of its one frame, or none."""
    frame = None if document.attachments else frame_of(layout, url)
    if frame is not None:
        return _leading_to(document, frame, url)
    reason = "; ".join(("no text to believe on this page", *document.unread))
    return replace(document, text="", outcome=Outcome.EMPTY, reason=reason)


def _without_title(lines: Sequence[str], title: str) -> list[str]:
    """The lines but those that only repeat the title."""
    wanted = letters_of(title)
    return [line for line in lines if letters_of(line) != wanted]


def _with_doubts(document: Document, doubts: Sequence[str]) -> Document:
    """The document, partial if something of it was seen and not read, or its text is doubtful."""
    gaps = [*(f"not sure of the text: {doubt}" for doubt in doubts), *find_gaps(document)]
    if not gaps:
        return document
    reason = "; ".join((*filter(None, [document.reason]), *gaps))
    return replace(document, outcome=Outcome.PARTIAL, reason=reason)


def _read_plain_text(text: str, charset: str, url: str | None) -> Document:
    # PostgreSQL accepts no NUL; a replacement of the same length keeps offsets.
    text = text.replace("\r\n", "\n").replace("\x00", "\ufffd")
    text = clean_characters(text).translate(_SEPARATORS)
    if message := _interface_message(text):
        return _empty(f"an error of an interface instead of the page ({message})", charset)
    if not has_prose(text.split("\n")):
        return _empty("no text to believe in this file", charset)
    return _with_address(with_head(Document(text=text, charset=charset)), url)


def _interface_message(text: str) -> str:
    """The message of an answer like {"code": 429, "message": "…"}; empty for other texts."""
    if not text.lstrip().startswith("{") or len(text) > _MAX_ANSWER:
        return ""
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict) or any(isinstance(one, list | dict) for one in answer.values()):
        return ""
    messages = [answer.get(name) for name in ("message", "msg", "error", "errmsg", "info")]
    return next((str(one)[:80] for one in messages if one), "")


def _with_address(document: Document, url: str | None) -> Document:
    """The document, with the day in its address if it names none itself."""
    day = date_in_url(url) if url else None
    # The day of a speech is not the day of issue; what the address says comes first.
    if day is None or document.published_from not in {"", "session"} or not document.text:
        return document
    return replace(document, published=day, published_from="address")


def _garbled_reason(text: str) -> str:
    """Why the decoded bytes are no text; empty if they are."""
    if replacement_share(text) > _MAX_REPLACEMENT_SHARE:
        return "no charset fits these bytes"
    encoded = text.encode("utf-8", "surrogatepass")
    controls = len(encoded) - len(encoded.translate(None, _CONTROLS))
    if controls > _MAX_CONTROL_SHARE * len(text):
        return "these bytes are no text"
    if not _is_plain_chinese(text, len(encoded)) and is_mojibake(text):
        return "Chinese that was misread before it was sent"
    return ""


def _is_plain_chinese(text: str, size: int) -> bool:
    """Whether so many marks and particles of Chinese are in a text that most of it is well decoded.

    Args:
        text: the text.
        size: its bytes in UTF-8, three for a Chinese character.
    """
    beyond = (size - len(text)) / 2
    return _PLAIN_SHARE * beyond < sum(map(text.count, "，的。、"))


def _is_markup(text: str, content_type: str | None) -> bool:
    kind = (content_type or "").split(";", 1)[0].strip().lower()
    if kind == "text/plain":
        return False
    return _markup_pattern().search(text[:20_000]) is not None


def _empty(reason: str, charset: str = "utf-8") -> Document:
    return Document("", charset=charset, outcome=Outcome.EMPTY, reason=reason)
