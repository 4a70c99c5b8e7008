"""Documents of several pieces: an article cut into pages, a page whose text is a file beside it.

``parts_of`` says what else belongs to a page; who fetches it hands all pieces to ``read_parts``,
which joins them. What was read of several pieces is kept as one bundle, so that the same text
can be read out of the evidence again.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.charset import decode
from monitor.documents.markup_limits import too_dear
from monitor.documents.reader import read
from monitor.model.documents import Document, Outcome, Selectors

BUNDLE = "application/x-monitor-parts"
"""The content type of several pieces kept as one."""

MOST_PARTS = 30
_SHORT = 200
_MARKS = (b"createPageHTML", b"agination", "下一页".encode(), "下一页".encode("gb18030"))
_FILE = re.compile(r"\.(?:pdf|docx?|wps|txt|ofd)(?:[?#]|$)", re.IGNORECASE)
_FILES = (b".pdf", b".doc", b".wps", b".txt", b".ofd")
_PAGER = re.compile(
    r"createPageHTML\(\s*(\d{1,3})\s*,\s*\d{1,3}\s*,\s*[\"']([\w.-]{1,80})[\"']\s*,\s*[\"'](\w{1,6})[\"']"
)
_NUMBER = re.compile(r"\[?\s*(\d{1,2})\s*\]?")
_ONWARD = re.compile(r"(?:下一?页|尾页|末页|后一页)\s*[>》»]*")
_SUFFIX = re.compile(r"[_-](\d{1,2})$")
_OFFERED = re.compile("附件|全文|正文|下载|点击|查看|报告|原文|pdf|PDF|文件")
_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece as it was fetched."""

    url: str
    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What else belongs to a page: its further pages in order, or the file that is its text."""

    further: tuple[str, ...] = ()
    attachment: str | None = None


def parts_of(page: Part, document: Document, *, encoding: str | None = None) -> Wanted:
    """What has to be fetched beside a page for the whole of its document.

    Args:
        page: the page.
        document: what was read of it alone.
        encoding: the charset its source insists on.

    Returns:
        Addresses on the page's own host; nothing for a page that is whole, for a further page
        itself, and for whatever is no HTML.
    """
    lean = document.outcome in {Outcome.OK, Outcome.EMPTY} and _is_short(document.text)
    cut = document.outcome is Outcome.OK and any(mark in page.body for mark in _MARKS)
    lowered = page.body.lower() if lean else b""
    file = lean and any(mark in lowered for mark in _FILES)
    if not (cut or file) or b"<" not in page.body[:4000]:
        return Wanted()
    markup, _ = decode(page.body, page.content_type, encoding)
    if too_dear(markup):
        return Wanted()
    tree = LexborHTMLParser(markup)
    if cut and (further := _further(markup, tree, page.url)):
        return Wanted(further=further)
    return Wanted(attachment=_attachment(tree, page.url, document) if file else None)


def read_parts(
    parts: Sequence[Part],
    *,
    selectors: Selectors | None = None,
    encoding: str | None = None,
) -> Document:
    """Read the pieces of one document; title, date and source are the first one's.

    Half a text is none: if a piece cannot be read, its outcome is the whole document's.
    """
    first = _read(parts[0], selectors, encoding)
    if len(parts) == 1:
        return first
    others = [_read(part, selectors, encoding) for part in parts[1:]]
    attached = _FILE.search(urlsplit(parts[1].url).path) is not None
    texts = [first.text] if first.outcome is Outcome.OK else []
    for number, other in enumerate(others, start=2):
        if other.outcome is not Outcome.OK:
            if attached and texts:
                return first  # the page has a text of its own, and the file has none
            where = "its attachment" if attached else f"part {number} of {len(parts)}"
            return replace(first, text="", outcome=other.outcome, reason=f"{where}: {other.reason}")
        # Some sites answer with the first page where there is no further one.
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
    """Several pieces as one file, the same for the same pieces."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        index = [{"url": part.url, "content_type": part.content_type} for part in parts]
        file.writestr(zipfile.ZipInfo("index.json", _EPOCH), json.dumps(index))
        for number, part in enumerate(parts):
            file.writestr(zipfile.ZipInfo(f"{number:02d}", _EPOCH), part.body)
    return packed.getvalue()


def unbundle(body: bytes) -> list[Part]:
    """The pieces of a bundle that this program made."""
    with zipfile.ZipFile(BytesIO(body)) as file:
        index = json.loads(file.read("index.json"))
        return [
            Part(one["url"], one["content_type"], file.read(f"{number:02d}"))
            for number, one in enumerate(index)
        ]


def _read(part: Part, selectors: Selectors | None, encoding: str | None) -> Document:
    return read(
        part.body,
        content_type=part.content_type,
        url=part.url,
        selectors=selectors,
        encoding=encoding,
    )


def _is_short(text: str) -> bool:
    return len(text) < 4 * _SHORT and len(_WORD.findall(text)) < _SHORT


def _further(markup: str, tree: LexborHTMLParser, url: str) -> tuple[str, ...]:
    """The further pages of an article: same folder, same name, a number after it."""
    folder, _, name = urlsplit(url).path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    if not stem:
        return ()
    pager = _PAGER.search(markup)
    if pager is not None and pager[2] == stem and int(pager[1]) > 1:
        count = min(int(pager[1]), MOST_PARTS)
        return tuple(urljoin(url, f"{stem}_{n}.{pager[3]}") for n in range(1, count))
    found: dict[int, str] = {}
    onward: dict[int, str] = {}
    for link in tree.css("a[href]")[:2000]:
        said = link.text(strip=True)
        number = _NUMBER.fullmatch(said)
        if number is None and _ONWARD.fullmatch(said) is None:
            continue
        there = urljoin(url, (link.attributes.get("href") or "").strip())
        place = urlsplit(there)
        if place.netloc != urlsplit(url).netloc or place.scheme not in {"http", "https"}:
            continue
        onto = place.path.rpartition("/")
        other, _, kind = onto[2].rpartition(".")
        suffix = _SUFFIX.search(other)
        if onto[0] != folder or kind != extension or suffix is None:
            continue
        if other[: suffix.start()] == stem:
            (found if number else onward)[int(suffix[1])] = there
    if not found and not onward:
        return ()
    # 下一页 and 尾页 name the next and the last; what lies between has the same form.
    last = max([*found, *onward])
    pattern = (found or onward)[min(found or onward)]
    first = min([*found, *onward])
    if first > 2 or last > MOST_PARTS:
        return ()
    return tuple(
        found.get(n) or onward.get(n) or _numbered(pattern, n) for n in range(first, last + 1)
    )


def _numbered(pattern: str, number: int) -> str:
    head, _, tail = pattern.rpartition(".")
    return f"{_SUFFIX.sub('', head)}{_SUFFIX.search(head)[0][0]}{number}.{tail}"  # type: ignore[index]


def _attachment(tree: LexborHTMLParser, url: str, document: Document) -> str | None:
    """The file a page offers instead of a text of its own."""
    best: str | None = None
    title = document.title
    for link in tree.css("a[href]")[:2000]:
        there = urljoin(url, (link.attributes.get("href") or "").strip())
        place = urlsplit(there)
        if place.scheme not in {"http", "https"} or not _FILE.search(place.path):
            continue
        said = link.text(strip=True)
        if _OFFERED.search(said) or (title and title[:8] in said):
            return there
        best = best or there
    # A file that nothing is said of may be anything; of a page without a text it is the text.
    return None if document.text else best
