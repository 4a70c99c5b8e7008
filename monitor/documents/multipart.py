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
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.charset import decode
from monitor.documents.html_text import too_expensive
from monitor.documents.reader import read_document
from monitor.model.documents import Document, Outcome, Selectors

BUNDLE_TYPE = "application/x-monitor-parts"
"""The content type of a bundle of parts."""

MAX_PARTS = 30
_SHORT_TEXT = 200
_PAGER_MARKS = (b"createPageHTML", b"agination", "下一页".encode(), "下一页".encode("gb18030"))


@cache
def _file_name_pattern() -> re.Pattern[str]:
    return re.compile(r"\.(?:pdf|docx?|wps|txt|ofd)(?:[?#]|$)", re.IGNORECASE)


_FILE_EXTENSIONS = (b".pdf", b".doc", b".wps", b".txt", b".ofd")


@cache
def _pager_pattern() -> re.Pattern[str]:
    return re.compile(
        r"createPageHTML\(\s*(\d{1,3})\s*,\s*\d{1,3}\s*,\s*[\"']([\w.-]{1,80})[\"']\s*,\s*[\"'](\w{1,6})[\"']"
    )


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"\[?\s*(\d{1,2})\s*\]?")


@cache
def _next_page_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:下一?页|尾页|末页|后一页)\s*[>》»]*")


@cache
def _page_suffix_pattern() -> re.Pattern[str]:
    return re.compile(r"[_-](\d{1,2})$")


@cache
def _attachment_label_pattern() -> re.Pattern[str]:
    return re.compile("附件|全文|正文|下载|点击|查看|报告|原文|pdf|PDF|文件")


@cache
def _letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


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


def find_missing_parts(
    page: Part, document: Document, *, encoding: str | None = None
) -> MissingParts:
    """The parts to fetch besides a page for its complete document.

    Args:
        page: the page.
        document: read from the page alone.
        encoding: a charset set by the source.

    Returns:
        URLs; none for a complete page, for a further page itself, and for anything but HTML.
    """
    lean = document.outcome in {Outcome.OK, Outcome.EMPTY} and _is_short(document.text)
    cut = document.outcome is Outcome.OK and any(mark in page.body for mark in _PAGER_MARKS)
    lowered = page.body.lower() if lean else b""
    file = lean and any(mark in lowered for mark in _FILE_EXTENSIONS)
    if not (cut or file) or b"<" not in page.body[:4000]:
        return MissingParts()
    markup, _ = decode(page.body, page.content_type, encoding)
    if too_expensive(markup):
        return MissingParts()
    tree = LexborHTMLParser(markup)
    if cut and (further := _find_further_pages(markup, tree, page.url)):
        return MissingParts(further=further)
    return MissingParts(attachment=_find_attachment(tree, page.url, document) if file else None)


def read_parts(
    parts: Sequence[Part],
    *,
    selectors: Selectors | None = None,
    encoding: str | None = None,
) -> Document:
    """Read the parts of one document; title, date and source are those of the first.

    If a part cannot be read, its outcome becomes that of the document, without a text.
    """
    first = _read(parts[0], selectors, encoding)
    if len(parts) == 1:
        return first
    others = [_read(part, selectors, encoding) for part in parts[1:]]
    attached = _file_name_pattern().search(urlsplit(parts[1].url).path) is not None
    texts = [first.text] if first.outcome is Outcome.OK else []
    for number, other in enumerate(others, start=2):
        if other.outcome is not Outcome.OK:
            if attached and texts:
                return first  # the page has a text, the attachment has none
            where = "its attachment" if attached else f"part {number} of {len(parts)}"
            return replace(first, text="", outcome=other.outcome, reason=f"{where}: {other.reason}")
        # Some sites send the first page where there is no further one.
        if other.text not in texts:
            texts.append(other.text)
    return replace(
        first,
        text="\n".join(texts),
        title=first.title or others[0].title,
        published=first.published or others[0].published,
        outcome=Outcome.OK,
        reason="",
    )


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


def _read(part: Part, selectors: Selectors | None, encoding: str | None) -> Document:
    return read_document(
        part.body,
        content_type=part.content_type,
        url=part.url,
        selectors=selectors,
        encoding=encoding,
    )


def _is_short(text: str) -> bool:
    return len(text) < 4 * _SHORT_TEXT and len(_letter_pattern().findall(text)) < _SHORT_TEXT


def _find_further_pages(markup: str, tree: LexborHTMLParser, url: str) -> tuple[str, ...]:
    """The further pages of an article: same folder, same name with a number."""
    stem = urlsplit(url).path.rpartition("/")[2].rpartition(".")[0]
    if not stem:
        return ()
    pager = _pager_pattern().search(markup)
    if pager is not None and pager[2] == stem and int(pager[1]) > 1:
        count = min(int(pager[1]), MAX_PARTS)
        return tuple(urljoin(url, f"{stem}_{n}.{pager[3]}") for n in range(1, count))
    numbered, onward = _linked_pages(tree, url, stem)
    linked = onward | numbered
    if not linked:
        return ()
    # 下一页 and 尾页 link to the next and the last page; those between have the same form.
    example = (numbered or onward)[min(numbered or onward)]
    if min(linked) > 2 or max(linked) > MAX_PARTS:
        return ()
    return tuple(
        linked.get(n) or _with_page_number(example, n) for n in range(min(linked), max(linked) + 1)
    )


def _linked_pages(
    tree: LexborHTMLParser, url: str, stem: str
) -> tuple[dict[int, str], dict[int, str]]:
    """The URLs of linked further pages by number: links labelled by a number, and others."""
    numbered: dict[int, str] = {}
    onward: dict[int, str] = {}
    page = urlsplit(url)
    folder, _, name = page.path.rpartition("/")
    for link in tree.css("a[href]")[:2000]:
        label = link.text(strip=True)
        is_number = _number_pattern().fullmatch(label) is not None
        if not is_number and _next_page_pattern().fullmatch(label) is None:
            continue
        target = urljoin(url, (link.attributes.get("href") or "").strip())
        parts = urlsplit(target)
        if parts.netloc != page.netloc or parts.scheme not in {"http", "https"}:
            continue
        target_folder, _, target_name = parts.path.rpartition("/")
        target_stem, _, extension = target_name.rpartition(".")
        suffix = _page_suffix_pattern().search(target_stem)
        same_place = target_folder == folder and extension == name.rpartition(".")[2]
        if same_place and suffix is not None and target_stem[: suffix.start()] == stem:
            (numbered if is_number else onward)[int(suffix[1])] = target
    return numbered, onward


def _with_page_number(url: str, number: int) -> str:
    head, _, tail = url.rpartition(".")
    head = _page_suffix_pattern().sub(lambda suffix: f"{suffix[0][0]}{number}", head)
    return f"{head}.{tail}"


def _find_attachment(tree: LexborHTMLParser, url: str, document: Document) -> str | None:
    """The attachment that a page offers instead of a text."""
    best: str | None = None
    title = document.title
    for link in tree.css("a[href]")[:2000]:
        target = urljoin(url, (link.attributes.get("href") or "").strip())
        parts = urlsplit(target)
        if parts.scheme not in {"http", "https"} or not _file_name_pattern().search(parts.path):
            continue
        label = link.text(strip=True)
        if _attachment_label_pattern().search(label) or (title and title[:8] in label):
            return target
        best = best or target
    # An unlabelled file counts only if the page has no text.
    return None if document.text else best
