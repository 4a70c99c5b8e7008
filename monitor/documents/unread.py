"""What a page shows to exist beside its text, and that has not been read. Pure.

Pages that only a script can open, the rest of a shortened text, frames, pictures of a text, an
article that goes on elsewhere in the newspaper. Whatever is found is said in words; a page of
which something is known to lack is *partial*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.attachments import holds_text, is_copy
from monitor.documents.blocks import Layout, Reference
from monitor.documents.gaps import is_short
from monitor.documents.html_text import clean_line, letters_of
from monitor.model.documents import Attachment

_MAX_LINKS = 2_000
_MAX_LABEL, _MAX_PAGER = 16, 100
_BELOW_FOR_PAGERS, _BELOW = 10, 3
_MIN_PICTURES = 3
_MIN_WRITTEN = 60
_MAX_SCRIPT = 200_000
_MAX_OPTIONS = 60


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page, and which of its lines were taken for its article."""

    tree: LexborHTMLParser
    markup: str
    layout: Layout
    first: int
    last: int
    text: str
    title: str
    url: str | None
    attachments: tuple[Attachment, ...]
    has_further_pages: bool


def find_unread(page: ReadPage) -> tuple[str, ...]:
    """What the page shows to exist and does not hold, in words."""
    found = [
        *(() if page.has_further_pages else _pages_by_script(page)),
        *(() if page.has_further_pages else _whole_elsewhere(page)),
        *_continued(page),
        *_frames(page),
        *_pictures(page),
        *_attachments_by_script(page),
        *_written_by_script(page),
    ]
    return tuple(found)


def frame_of(layout: Layout, url: str | None) -> str | None:
    """The only frame of a page that may hold its text, as written; None without one."""
    found = [one for one in layout.references if _may_hold_text(one, url)]
    return _source(found[0]) if len(found) == 1 else None


def open_on_demand(tree: LexborHTMLParser, markup: str) -> bool:
    """Show what 展开全文 ("show all") opens, if its script names it.

    Returns:
        Whether the page has such a control. What other controls open stays hidden.
    """
    if "展开" not in markup and "全文" not in markup and "更多" not in markup:
        return False
    has_control = False
    for node in tree.css("a, button, [onclick]")[:_MAX_LINKS]:
        label = node.text(deep=True, strip=True)
        if not label or len(label) > _MAX_LABEL or _expanding().fullmatch(label) is None:
            continue
        attributes = node.attributes
        reference = (attributes.get("href") or "").strip()
        if reference and not reference.startswith(("#", "javascript:", "void")):
            continue
        has_control = True
        script = f"{attributes.get('onclick') or ''} {reference}"[:2_000]
        for name in dict.fromkeys(_word_pattern().findall(script)):
            for hidden in tree.css(f"[id='{name}']")[:1]:
                for attribute in ("style", "hidden", "class"):
                    if attribute in hidden.attributes:
                        del hidden.attrs[attribute]
    return has_control


@cache
def _expanding() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（+]?\s*(?:点击|点此)?(?:展开|显示|查看|阅读|打开)?(?:全文|全部|全部内容|更多内容|剩余内容|余下内容|余下全文|剩余全文|阅读全文|更多)"
        r"(?:内容)?[\]】)）>»↓▼∨…]*"
    )


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(r"['\"]#?([A-Za-z_][\w-]{0,40})['\"]")


@cache
def _whole_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[\[【(（…>]*\s*(?:(?:点击|点此|此处|请|查看|阅读|浏览|显示|展开|全部|余下|剩余|完整|在本页)\s*){1,3}(?:全文|余文|全部内容|完整内容|剩余内容)"
        r"(?:阅读|内容)?\s*[\]】)）>»…]*|[\[【(（]全文[\]】)）]"
    )


@cache
def _count_pattern() -> re.Pattern[str]:
    return re.compile(r"共\s*(?:[2-9]|[1-9]\d)\s*页|(?<!\d)1\s*/\s*(?:[2-9]|[1-9]\d)\s*页?(?!\d)")


@cache
def _current_pattern() -> re.Pattern[str]:
    return re.compile(r"第\s*(\d{1,3})\s*(?:/\s*\d{1,3}\s*)?页")


def _pages_by_script(page: ReadPage) -> Iterator[str]:
    for line in page.layout.lines[page.first : page.last + _BELOW_FOR_PAGERS]:
        if "页" not in line.text or len(line.text) > _MAX_PAGER:
            continue
        count = _count_pattern().search(line.text)
        current = _current_pattern().search(line.text)
        if count is not None and (current is None or current[1] == "1"):
            yield f"further pages are not read, as they have no address ({count[0]})"
            return
    if "第2页" in page.markup or "第 2 页" in page.markup:
        options = [
            clean_line(one.text(deep=True)).replace(" ", "")
            for one in page.tree.css("select option")[:_MAX_OPTIONS]
        ]
        if "第1页" in options and "第2页" in options:
            yield "further pages are not read, as they have no address (第2页)"


def _whole_elsewhere(page: ReadPage) -> Iterator[str]:
    if "全文" not in page.markup and "内容" not in page.markup:
        return
    for one in page.layout.references[:_MAX_LINKS]:
        reference = (one.attributes.get("href") or "").strip()
        if one.node.tag != "a" or not _is_page(reference) or not _stands_in(page, one):
            continue
        label = one.node.text(deep=True, strip=True)
        if len(label) > _MAX_LABEL or _whole_pattern().fullmatch(label) is None:
            continue
        target = urljoin(page.url, reference) if page.url else reference
        known = {attachment.url for attachment in page.attachments}
        if target not in known and target.partition("#")[0] != page.url:
            yield f"the whole text stands elsewhere: {target}"
            return


def _is_page(reference: str) -> bool:
    return bool(reference) and not reference.startswith(("#", "javascript:", "mailto:", "data:"))


def _stands_in(page: ReadPage, one: Reference) -> bool:
    """Whether an element stands in the article or right below it."""
    block = page.layout.blocks[one.block]
    return block.end > page.first and block.first <= page.last + _BELOW


@cache
def _continued_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[（(【\[]?\s*(?:紧?下转|转)\s*第?[A-Z]?[0-9一二三四五六七八九十]{1,3}版[^。）)】\]]{0,12}[）)】\]]?"
    )


def _continued(page: ReadPage) -> Iterator[str]:
    if "版" not in page.text:
        return
    for line in page.text.split("\n"):
        found = _continued_pattern().search(line[-30:])
        if found is not None and line.rstrip("。 ").endswith(found[0]):
            yield f"the article goes on elsewhere: {found[0]}"
            return


@cache
def _gadget_pattern() -> re.Pattern[str]:
    # Frames of players, counters, comments and the like, by their address, name or class.
    return re.compile(
        r"share|comment|pinglun|video|player|audio|live|map|advert|[_/.-]ads?[_/.?-]|login|search|qr|count|stat|weather|tool|vote|survey"
        r"|head|foot|top|nav|menu|left|right|banner|robot|kefu|chat|captcha|print|preview|calendar|tongji|gonggao|about:|blank",
        re.IGNORECASE,
    )


def _source(one: Reference) -> str:
    return (one.attributes.get("src") or "").strip()


def _may_hold_text(one: Reference, url: str | None) -> bool:
    """Whether a frame may hold the text of a page: of the same site, shown, no gadget."""
    source = _source(one)
    if one.node.tag != "iframe" or not _is_page(source):
        return False
    attributes = one.attributes
    names = " ".join(filter(None, (attributes.get(key) for key in ("id", "name", "class"))))
    path = source.partition("?")[0]
    if _gadget_pattern().search(f"{path} {names}") is not None:
        return False
    size = {(attributes.get(key) or "").strip().removesuffix("px") for key in ("width", "height")}
    if size & {"0", "1"} or "none" in (attributes.get("style") or ""):
        return False
    there = urlsplit(urljoin(url, source) if url else source)
    return not there.netloc or url is None or there.netloc == urlsplit(url).netloc


def _frames(page: ReadPage) -> Iterator[str]:
    shown = {attachment.url for attachment in page.attachments}
    for one in page.layout.references[:_MAX_LINKS]:
        if one.node.tag != "iframe" or not _stands_in(page, one):
            continue
        target = urljoin(page.url, _source(one)) if page.url else _source(one)
        if target not in shown and "file=" not in target and _may_hold_text(one, page.url):
            yield f"a frame is not read: {target}"
            return


@cache
def _icon_pattern() -> re.Pattern[str]:
    return re.compile(
        r"logo|icon|/ico|share|weixin|wechat|weibo|qr|ewm|erwei|btn|button|arrow|print|close|banner|loading"
        r"|blank|space|line|dot|\.gif|^data:",
        re.IGNORECASE,
    )


def _pictures(page: ReadPage) -> Iterator[str]:
    """A text of which a page shows pictures: the words beside them are short."""
    if not is_short(page.text):
        return
    count = 0
    for node in page.tree.css("p img, center img, figure img")[:200]:
        attributes = node.attributes
        source = attributes.get("src") or attributes.get("data-src") or ""
        sides = [attributes.get(key) or "" for key in ("width", "height")]
        small = any(side.isdigit() and int(side) < 100 for side in sides)
        count += bool(source) and not small and _icon_pattern().search(source) is None
    if count >= _MIN_PICTURES:
        yield f"{count} pictures are not read"


def _attachments_by_script(page: ReadPage) -> Iterator[str]:
    """附件：, then a link that only a script can follow."""
    if "附件" not in page.markup:
        return
    names = []
    for one in page.layout.references[:_MAX_LINKS]:
        reference = (one.attributes.get("href") or "").strip()
        if _is_page(reference) or one.node.tag in {"iframe", "embed", "object"}:
            continue
        block = page.layout.blocks[one.block]
        lines = page.layout.lines[block.first : block.end]
        name = clean_line(one.node.text(deep=True)[:200])
        line = next((line.text for line in lines if name and name in line.text), "")
        if len(letters_of(name)) < 4 or not line.lstrip("（(【[").startswith("附件"):
            continue
        attachment = Attachment(name, "")
        known = {known.name for known in page.attachments}
        if name not in known and holds_text(attachment, page.title, strict=True):
            names.append(name)
    names = [name for name in dict.fromkeys(names) if not is_copy(Attachment(name, ""), page.title)]
    if names:
        yield f"attachments are not read, as they have no address: {', '.join(names[:3])}"


@cache
def _writing_pattern() -> re.Pattern[str]:
    return re.compile(
        r"document\.write(?:ln)?\s*\(\s*(?:\"((?:[^\"\\\n]|\\.){80,})\"|'((?:[^'\\\n]|\\.){80,})')"
    )


@cache
def _chinese_prose_pattern() -> re.Pattern[str]:
    return re.compile(r"[\u3400-\u9fff]{2,}[，。；][\u3400-\u9fff]")


def _written_by_script(page: ReadPage) -> Iterator[str]:
    if "document.write" not in page.markup:
        return
    whole = letters_of(page.text)
    for node in page.tree.css("script")[:100]:
        script = (node.text(deep=True) or "")[:_MAX_SCRIPT]
        for match in _writing_pattern().finditer(script):
            written = re.sub(r"<[^<>]*>", "", match[1] or match[2])
            letters = letters_of(written)
            prose = _chinese_prose_pattern().search(written) is not None
            if prose and len(letters) >= _MIN_WRITTEN and letters[:40] not in whole:
                yield "a script writes text that is not read"
                return
