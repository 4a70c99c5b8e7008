"""Documents of several parts: an article cut into pages, or a page whose text is an attachment.

``find_missing_parts`` names the other parts of a page; after fetching them ``read_parts`` joins
all parts. They are kept as one bundle, so that an audit can read the same text again.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO

from monitor.documents.attachments import READABLE, extension_of, is_unnamed
from monitor.documents.gaps import belonging, find_gaps, is_short
from monitor.documents.html_text import letters_of
from monitor.documents.reader import KnownDays, read_document
from monitor.model.documents import Attachment, Document, Outcome, Selectors

BUNDLE_TYPE = "application/x-monitor-parts"
"""The content type of a bundle of parts."""

MAX_PARTS = 30
_MIN_LINE, _MIN_TEXT, _SAME_TEXT = 8, 200, 0.8


@cache
def _attachment_label_pattern() -> re.Pattern[str]:
    return re.compile("附件|全文|正文|下载|点击|查看|报告|原文|pdf|PDF|文件")


_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it was fetched."""

    url: str
    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class MissingParts:
    """The other parts of a page: its further pages in order, or the attachment with its text."""

    further: tuple[str, ...] = ()
    attachment: str | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """All of them, in order."""
        return self.further or ((self.attachment,) if self.attachment else ())


def find_missing_parts(document: Document) -> MissingParts:
    """The parts to fetch besides a page for its complete document.

    Args:
        document: read from the page alone, with its address.

    Returns:
        URLs; none for a complete page and for anything that may not be believed.
    """
    if document.has_text and document.further_pages:
        return MissingParts(further=document.further_pages[: MAX_PARTS - 1])
    if not document.has_text and document.outcome is not Outcome.EMPTY:
        return MissingParts()
    return MissingParts(attachment=_attachment_to_read(document))


def read_parts(
    parts: Sequence[Part],
    *,
    selectors: Selectors | None = None,
    encoding: str | None = None,
    days: KnownDays | None = None,
) -> Document:
    """Read the parts of one document; title, date and source are those of the first.

    If a further page cannot be read, its outcome becomes that of the document, without a text. If
    an attachment cannot be read beside a text, the document is partial.
    """
    first = _read(parts[0], selectors, encoding, days)
    if len(parts) == 1:
        return first
    others = [_read(part, selectors, encoding, days) for part in parts[1:]]
    wanted = find_missing_parts(first)
    attached = bool(wanted.attachment) or _is_file(parts[1].url)
    texts = [first.text] if first.has_text else []
    for number, other in enumerate(others, start=2):
        if not other.has_text:
            if attached and texts:
                return _with_gap(first, f"its attachment: {other.reason}")
            where = "its attachment" if attached else f"part {number} of {len(parts)}"
            return replace(first, text="", outcome=other.outcome, reason=f"{where}: {other.reason}")
        # Some sites send the first page where there is no further one, or show the page's text
        # in a viewer too.
        if other.text in texts or (attached and texts and _repeats(other.text, texts[0])):
            continue
        if attached and texts and _repeats(texts[0], other.text):
            texts[0] = other.text
            continue
        texts.append(other.text)
    # A part may have been redirected.
    read = {part.url for part in parts[1:]} | {wanted.attachment}
    read |= set(wanted.further[: len(parts) - 1])
    whole = replace(
        first,
        text="\n".join(texts),
        title=first.title or others[0].title,
        published=first.published or others[0].published,
        published_from=first.published_from or others[0].published_from,
        outcome=Outcome.OK,
        reason="",
        further_pages=tuple(url for url in first.further_pages if url not in read),
        attachments=tuple(
            replace(one, read=one.read or one.url in read) for one in first.attachments
        ),
        unread=tuple(dict.fromkeys(gap for one in (first, *others) for gap in one.unread)),
    )
    gaps = find_gaps(whole)
    return replace(whole, outcome=Outcome.PARTIAL, reason="; ".join(gaps)) if gaps else whole


def _repeats(text: str, other: str) -> bool:
    """Whether nearly all lines of a text stand in another one, whatever breaks its lines."""
    whole = letters_of(other)
    lines = [line for line in map(letters_of, text.split("\n")) if len(line) >= _MIN_LINE]
    size = sum(map(len, lines))
    again = sum(len(line) for line in lines if line in whole)
    return size >= _MIN_TEXT and again >= _SAME_TEXT * size


def _is_file(url: str) -> bool:
    return extension_of(Attachment("", url)) != ""


def _with_gap(document: Document, gap: str) -> Document:
    return replace(document, outcome=Outcome.PARTIAL, reason=gap)


def bundle(parts: Sequence[Part]) -> bytes:
    """Several parts as one ZIP file, deterministically."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        index = [{"url": part.url, "content_type": part.content_type} for part in parts]
        file.writestr(zipfile.ZipInfo("index.json", _ZIP_EPOCH), json.dumps(index))
        for number, part in enumerate(parts):
            file.writestr(zipfile.ZipInfo(f"{number:02d}", _ZIP_EPOCH), part.body)
    return packed.getvalue()


def unbundle(body: bytes) -> list[Part]:
    """The parts of a bundle made by ``bundle``."""
    with zipfile.ZipFile(BytesIO(body)) as file:
        index = json.loads(file.read("index.json"))
        return [
            Part(one["url"], one["content_type"], file.read(f"{number:02d}"))
            for number, one in enumerate(index)
        ]


def _read(
    part: Part, selectors: Selectors | None, encoding: str | None, days: KnownDays | None
) -> Document:
    return read_document(
        part.body,
        content_type=part.content_type,
        url=part.url,
        selectors=selectors,
        encoding=encoding,
        days=days,
    )


def _attachment_to_read(document: Document) -> str | None:
    """The attachment that has the text, or a part of it, in a format that is read."""
    readable = [
        one
        for one in document.attachments
        if (extension_of(one) in READABLE or is_unnamed(one))
        and one.url.startswith(("http://", "https://"))
    ]
    if not readable:
        return None
    if is_short(document.text):
        for one in readable:
            title = document.title[:8]
            if _attachment_label_pattern().search(one.name) or (title and title in one.name):
                return one.url
    named = [one for one in belonging(document) if one in readable]
    if named:
        return named[0].url
    # An unlabelled file counts only if the page has no text.
    return None if document.text else readable[0].url
