"""Title and day of a text that has no metadata: a text file, a PDF, an office file.

The lines before the body (what the page's buttons, breadcrumbs and bylines left behind included)
are told apart by their form; the title is the first of them that no other sort of line is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from monitor.documents.boilerplate import is_boilerplate
from monitor.documents.dates import day_of_byline, find_date, signed_day
from monitor.model.documents import Document

_HEAD_CHARACTERS, _HEAD_LINES = 6_000, 50
_TAIL_CHARACTERS, _TAIL_LINES = 1_000, 6
_MIN_TITLE, _MAX_TITLE = 4, 80
_MAX_PART = 45
_PARAGRAPH = 40
_CRUMB_SIGNS = frozenset({">", "›", "»", "→", ">>", "＞"})
_EARLIEST = date(1949, 10, 1)


@cache
def _body_pattern() -> re.Pattern[str]:
    # The salutation, or the first heading.
    return re.compile(
        r"^(?:尊敬的)?(?:各位|全体)[一-鿿]{1,8}[：:，,]|^同志们[：:，,]"
        r"|^(?:[一二三四五六七八九十]{1,3}、|第[一二三四五]{1,2}(?:章|部分)|[（(]一[）)])"
    )


@cache
def _document_word_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:报告|方案|意见|规划|计划|纲要|通知|要点|办法|决定|公告|清单|措施|细则|条例|讲话|批复|说明|任务)"
        r"(?:[》」”]|[（(《][^（）()]{1,30}[）)》])*$"
    )


@cache
def _session_pattern() -> re.Pattern[str]:
    # ——2026年1月27日在某省第十四届人民代表大会第四次会议上
    return re.compile(r"(?:会议|大会|全会)(?:第[^，。]{1,6}会议)?(?:上|开幕会)")


@cache
def _no_title_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^(?:来\s*源|作\s*者|编\s*辑|责任编辑|责编|记\s*者|本报记者|通讯员|时\s*间|日\s*期|摄影|字\s*[号体]|浏览|点击|阅读"
        r"|您?(?:现在|当前|所在)?的?位置|分享|索\s*引\s*号|发文机关|发布机构|发文字号|文\s*号|成文日期|主题词|关键词|第?\s?[\dA-Z]+\s?版)"
        r"\s*[：:]?"
        r"|摄\s*[）)]?$|\.(?:docx?|pdf|wps|ofd|xlsx?|zip|rar|jpe?g|png)$"
        r"|^.{0,16}(?:省长|市长|州长|县长|区长|旗长|盟长|主席|专员|总理|主任|行政长官)\s*[一-鿿·•\s]{2,16}$"
        r"|[〔\[【（(](?:19|20)\d\d[〕\]】）)]\s?第?\s?\d+\s?号"
    )


@cache
def _unfinished_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:关于|印发|的|与|和|及|、|《[^》]*)$")


@cache
def _continuation_pattern() -> re.Pattern[str]:
    return re.compile(r"^(?:关于|印发|转发|发布|公布)")


@cache
def _chinese_pattern() -> re.Pattern[str]:
    return re.compile("[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class TextHead:
    """What the head of a text says of it: title and day, and what gave the day."""

    title: str = ""
    published: date | None = None
    published_from: str = ""


def read_head(text: str) -> TextHead:
    """The title and the day that a text names before its body, or that it is signed with.

    Without a byline and a signature, the day a report was delivered on is its day.
    """
    lines = [_unspaced(line.strip()) for line in text[:_HEAD_CHARACTERS].split("\n")]
    lines = [line for line in lines if line][:_HEAD_LINES]
    end = next((index for index, line in enumerate(lines) if _begins_body(line)), len(lines))
    head = lines[:end]
    day, found_in = _day(head, text)
    return TextHead(_title(head), day, found_in)


def with_head(document: Document) -> Document:
    """A document with what its text's head says, where the page itself said nothing."""
    if not document.text or (document.title and document.published):
        return document
    head = read_head(document.text)
    if not document.title:
        document = replace(document, title=head.title)
    if document.published is None and head.published is not None:
        document = replace(document, published=head.published, published_from=head.published_from)
    return document


def _unspaced(line: str) -> str:
    """A line without the spaces that set its characters apart: 政 府 工 作 报 告."""
    spaced = re.fullmatch("[㐀-鿿](?:[ \u3000]+[㐀-鿿])+", line)
    return "".join(line.split()) if spaced is not None else line


def _begins_body(line: str) -> bool:
    if _body_pattern().search(line) is not None:
        return True
    if _no_title_pattern().search(line) is not None or _session_pattern().search(line) is not None:
        return False
    return len(line) >= _PARAGRAPH and re.search("[。；！？]|，.*，", line) is not None


def _title(head: Sequence[str]) -> str:
    crumbs = {
        near
        for index, line in enumerate(head)
        if line in _CRUMB_SIGNS
        for near in (index - 1, index, index + 1)
    }
    found = [
        index for index, line in enumerate(head) if index not in crumbs and _may_be_title(line)
    ]
    if not found:
        return ""
    joined = {index: _joined(head, index, found) for index in found}
    named = [index for index in found if _is_named(joined[index])]
    return joined[(named or found)[0]][:_MAX_TITLE]


def _may_be_title(line: str) -> bool:
    letters = len(_chinese_pattern().findall(line))
    if not _MIN_TITLE <= len(line) <= _MAX_TITLE or letters < _MIN_TITLE:
        return False
    if line[-1] in "。；：:，、" and not _unfinished_pattern().search(line):
        return False
    if is_boilerplate(line) or _no_title_pattern().search(line) is not None:
        return False
    # A title may name a year, and even a session, but it does not begin with a day.
    if _session_pattern().search(line) is not None:
        return False
    return re.match(r"[—―\-（(【\[\s]*(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]", line) is None


def _is_named(title: str) -> bool:
    """Whether a title ends with what kind of document it is the title of."""
    return _document_word_pattern().search(title) is not None


def _joined(head: Sequence[str], index: int, found: Sequence[int]) -> str:
    """A title with the lines after it that it goes on in."""
    title = head[index]
    for after in range(index + 1, min(index + 4, len(head))):
        following = head[after]
        if len(following) < _MIN_TITLE and _is_named(title + following) and not _is_named(title):
            return title + following  # a line that was broken within a word
        if after not in found or max(len(title), len(following)) > _MAX_PART:
            break
        open_end = _unfinished_pattern().search(title) is not None
        goes_on = _continuation_pattern().match(following) is not None
        if not (open_end or goes_on) or (goes_on and _is_named(title)):
            break
        title += following
    return title


def _day(head: Sequence[str], text: str) -> tuple[date | None, str]:
    for index, line in enumerate(head):
        day, label = day_of_byline(line, head[index + 1] if index + 1 < len(head) else "")
        if day is not None and day >= _EARLIEST:
            return day, label
    tail = [line.strip() for line in text[-_TAIL_CHARACTERS:].split("\n")]
    for line in reversed([line for line in tail if line][-_TAIL_LINES:]):
        day = signed_day(line)
        if day is not None and day >= _EARLIEST:
            return day, "date line"
    for line in head:
        if _session_pattern().search(line) is not None:
            day = find_date(line)
            if day is not None and day >= _EARLIEST:
                return day, "session"
    return None, ""
