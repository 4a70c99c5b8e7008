"""Block pages of a web application firewall: challenges, refusals, empty shells with a script.

Neither a title nor a word decides alone: a portal once sent 48 kB of real content with the title
403 and a script of a firewall, and a long article may mention 安全验证. So a script counts only
where almost no text is visible, and a word only on a small page.
"""

from __future__ import annotations

import re
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.charset import decode
from monitor.documents.html_text import lines_of
from monitor.documents.markup_limits import too_expensive

SMALL_PAGE = 10_000
"""Bytes up to which a page may be the notice of a firewall."""

_MAX_CHALLENGE_BYTES = 400_000
_HEAD_BYTES = 65_536
_MAX_LETTERS_OF_CHALLENGE = 60
_MAX_LETTERS_OF_NOTICE = 400


@cache
def _cookie_setter_pattern() -> re.Pattern[str]:
    return re.compile(r"document\s*(?:\.\s*cookie|\[\s*['\"]cookie['\"]\s*\])")


@cache
def _reload_pattern() -> re.Pattern[str]:
    return re.compile(r"location\s*(?:\.\s*(?:reload|href|replace)|=)|\.submit\s*\(")


@cache
def _letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


def block_reason(markup: str, visible: str) -> str:
    """Why this is a block page, or an empty string if it is none.

    Args:
        markup: the page, decoded.
        visible: its visible text.
    """
    # Importing the tables loads pydantic.
    from monitor.documents.tables import block_signs

    signs = block_signs()
    seen = len(_letter_pattern().findall(visible[:4000]))
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
            if word in visible:
                return f"a firewall's notice instead of the page ({word})"
    return ""


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
def _script_marks() -> tuple[bytes, ...]:
    from monitor.documents.tables import block_signs

    return tuple(mark.encode() for mark in block_signs().scripts)
