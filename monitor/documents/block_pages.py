"""Pages that are not the document: block pages of a firewall, and soft errors.

Block pages are challenges, refusals, empty shells with a script; soft errors are notices with
status 200 instead of a page (deleted, login, maintenance).

Neither a title nor a word decides alone: a portal once sent 48 kB of real content with the title
403 and a script of a firewall, and a long article may mention 安全验证. So a script counts only
where almost no text is visible, and a word only on a small page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.charset import decode
from monitor.documents.cost import too_expensive
from monitor.documents.html_text import letters_of, lines_of
from monitor.model.documents import Outcome

SMALL_PAGE = 10_000
"""Bytes up to which a page may be the notice of a firewall."""

_MAX_CHALLENGE_BYTES = 400_000
_HEAD_BYTES = 65_536
_MAX_LETTERS_OF_CHALLENGE = 60
_MAX_LETTERS_OF_NOTICE = 400
_MAX_LETTERS_BESIDE = 16
_MIN_HEADLINE, _MIN_HEADLINES = 9, 3


# A sentence that uses the word of a notice, and is longer, speaks of something else.
_MIN_SENTENCE = 18


@cache
def _address_pattern() -> re.Pattern[str]:
    # A notice speaks to its reader.
    return re.compile(
        r"您|你|请(?!求)|抱歉|对不起|IP|ID|URL|管理员|浏览器|客户端|验证码|本站|本网站|该网站|防火墙|JavaScript|Cookie|滑块",
        re.IGNORECASE,
    )


@cache
def _notice_pattern() -> re.Pattern[str]:
    return re.compile(
        r"您|你的|网站|管理员|IP|ID|URL|UUID|防火墙|拦截|攻击|浏览器|客户端|服务器|请求|JavaScript|Cookie|滑块|验证码|访问",
        re.IGNORECASE,
    )


@cache
def _cookie_setter_pattern() -> re.Pattern[str]:
    return re.compile(r"document\s*(?:\.\s*cookie|\[\s*['\"]cookie['\"]\s*\])")


@cache
def _reload_pattern() -> re.Pattern[str]:
    return re.compile(r"location\s*(?:\.\s*(?:reload|href|replace)|=)|\.submit\s*\(")


def block_reason(markup: str, visible: str) -> str:
    """Why this is a block page, or an empty string if it is none.

    Args:
        markup: the page, decoded.
        visible: its visible text.
    """
    # Importing the tables loads pydantic.
    from monitor.documents.tables import block_signs

    signs = block_signs()
    seen = len(letters_of(visible[:4000]))
    if seen < _MAX_LETTERS_OF_CHALLENGE:
        head = markup[:_HEAD_BYTES]
        for mark, firewall in signs.scripts.items():
            if mark in head:
                return f"a challenge of {firewall} instead of the page"
        if (
            "<script" in head.lower()
            and _cookie_setter_pattern().search(head)
            and _reload_pattern().search(head)
        ):
            return "a script that sets a cookie and loads again instead of the page"
    if len(markup) <= SMALL_PAGE and seen < _MAX_LETTERS_OF_NOTICE:
        for word in signs.words:
            if word in visible and not _has_other_text(visible, signs.words):
                return f"a firewall's notice instead of the page ({word})"
    return ""


def _has_other_text(visible: str, words: Sequence[str]) -> bool:
    """Whether a small page says more than a notice: sentences or headlines of other things."""
    letters = headlines = 0
    for sentence in _sentence_pattern().findall(visible):
        size = len(letters_of(sentence))
        if any(word in sentence for word in words):
            if size < _MIN_SENTENCE or _address_pattern().search(sentence) is not None:
                continue
        elif _filler().search(sentence) is not None or _notice_pattern().search(sentence):
            continue
        if _punctuation_pattern().search(sentence) is not None:
            letters += size
        elif size >= _MIN_HEADLINE:
            headlines += 1
    return letters > _MAX_LETTERS_BESIDE or headlines >= _MIN_HEADLINES


def block_reason_of(body: bytes, content_type: str | None = None) -> str:
    """The same for bytes; only small pages and those with a script of a firewall are parsed."""
    if not body or b"<" not in body:
        return ""
    if len(body) > SMALL_PAGE and (
        len(body) > _MAX_CHALLENGE_BYTES
        or not any(mark in body[:_HEAD_BYTES] for mark in _script_marks())
    ):
        return ""
    markup, _ = decode(body, content_type)
    if too_expensive(markup):
        return ""
    root = LexborHTMLParser(markup).root
    return "" if root is None else block_reason(markup, "\n".join(lines_of(root)))


@cache
def _literal_cookie_pattern() -> re.Pattern[str]:
    return re.compile(
        r"document\s*\.\s*cookie\s*=\s*(?:\"([^\"\\\n]{3,1000})\"|'([^'\\\n]{3,1000})')\s*(?:;|\n|<|$)"
    )


@cache
def _self_reload_pattern() -> re.Pattern[str]:
    return re.compile(
        r"location\s*\.\s*reload\s*\(|location(?:\s*\.\s*href)?\s*=\s*(?:window\s*\.|document\s*\.)?location\b"
        r"|location\s*\.\s*replace\s*\(\s*(?:window\s*\.|document\s*\.)?location\b"
        r"|http-equiv\s*=\s*[\"']?refresh[\"']?\s[^<>]{0,40}content\s*=\s*[\"']?\s*\d{1,2}\s*;?\s*[\"'/>]",
        re.IGNORECASE,
    )


def reload_cookies(body: bytes) -> tuple[str, ...] | None:
    """The cookies that a small page's script sets in plain words before the page loads again.

    Args:
        body: of the answer.

    Returns:
        The cookies, none if only the server sets them; None if the page does not load itself again.
    """
    if not body or len(body) > SMALL_PAGE or b"<" not in body:
        return None
    markup = body.decode("latin-1")
    if _self_reload_pattern().search(markup) is None:
        return None
    return tuple(one[1] or one[2] for one in _literal_cookie_pattern().finditer(markup))


@cache
def _script_marks() -> tuple[bytes, ...]:
    from monitor.documents.tables import block_signs

    return tuple(mark.encode() for mark in block_signs().scripts)


_HEAD = 20_000
# Letters of other prose that a page may have besides its notice.
_MAX_OTHER_LETTERS = 12
# A longer sentence is no notice.
_MAX_SENTENCE = 160


@cache
def _sentence_pattern() -> re.Pattern[str]:
    return re.compile(r"[^。！？!?\n]+[。！？!?]?")


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！]")


def find_soft_error(text: str) -> tuple[Outcome, str] | None:
    """The soft error that a page shows instead of its content.

    Args:
        text: visible text of a page, with or without menus and lists.

    Returns:
        GONE for a soft 404, BLOCKED for a login or maintenance, with the words of the notice;
        None for a page with more prose than a notice.
    """
    found: tuple[Outcome, str] | None = None
    other_letters = 0
    for match in _sentence_pattern().finditer(text[:_HEAD]):
        sentence = match[0]
        error = _soft_error_in(sentence.strip())
        if error is not None:
            found = found or error
        # Prose has punctuation; menus and lists have none.
        elif _punctuation_pattern().search(sentence) and _filler().search(sentence) is None:
            other_letters += len(letters_of(sentence))
            if other_letters > _MAX_OTHER_LETTERS:
                return None
    return found


def _soft_error_in(sentence: str) -> tuple[Outcome, str] | None:
    if len(sentence) > _MAX_SENTENCE:
        return None
    for outcome, pattern, what in _patterns():
        found = pattern.match(sentence)
        if found is not None:
            return outcome, f"{what} ({found[0][:40]})"
    return None


@cache
def _patterns() -> tuple[tuple[Outcome, re.Pattern[str], str], ...]:
    # Importing the tables loads pydantic.
    from monitor.documents.tables import soft_errors

    table = soft_errors()
    return tuple(
        (outcome, re.compile(f"(?:{table.opening})(?:{'|'.join(listed)})", re.IGNORECASE), what)
        for outcome, listed, what in (
            (Outcome.GONE, table.gone, "a soft 404"),
            (Outcome.BLOCKED, table.closed, "a notice instead of the page"),
        )
    )


@cache
def _filler() -> re.Pattern[str]:
    from monitor.documents.tables import soft_errors

    return re.compile("|".join(soft_errors().filler), re.IGNORECASE)
