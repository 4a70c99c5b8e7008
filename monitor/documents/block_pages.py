"""Pages that are a guard's, not the site's: challenges, refusals, empty shells with a script.

Neither a title nor a word decides. A portal once answered with 48 kB of real content under the
title 403 and with a guard's mark in the body; a long article may speak of 安全验证. So a mark
counts only where next to nothing can be read, and a word only on a small page.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from selectolax.lexbor import LexborHTMLParser

from monitor.documents.charset import decode
from monitor.documents.html_text import lines_of
from monitor.documents.markup_limits import too_dear
from monitor.yaml import read_yaml, validate

SMALL_PAGE = 10_000
"""Bytes up to which a page is small enough to be a guard's notice."""

_LONGEST_CHALLENGE = 400_000
_HEAD = 65_536
_FEW_WORDS = 60
_NOTICE_WORDS = 400
_SETS_COOKIE = re.compile(r"document\s*(?:\.\s*cookie|\[\s*['\"]cookie['\"]\s*\])")
_RELOADS = re.compile(r"location\s*(?:\.\s*(?:reload|href|replace)|=)|\.submit\s*\(")
_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


class _Signs(BaseModel):
    """The table blocked.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scripts: dict[str, str]
    words: tuple[str, ...]


def block_reason(markup: str, visible: str) -> str:
    """Why this page is a guard's and not the site's, or an empty string if it is not.

    Args:
        markup: the page as sent, decoded.
        visible: what a reader would see of it.
    """
    signs = _signs()
    seen = len(_WORD.findall(visible[:4000]))
    if seen < _FEW_WORDS:
        head = markup[:_HEAD]
        for mark, guard in signs.scripts.items():
            if mark in head:
                return f"a challenge of {guard} instead of the page"
        if "<script" in head.lower() and _SETS_COOKIE.search(head) and _RELOADS.search(head):
            return "a script that sets a cookie and loads again instead of the page"
    if len(markup) <= SMALL_PAGE and seen < _NOTICE_WORDS:
        for word in signs.words:
            if word in visible:
                return f"a guard's notice instead of the page ({word})"
    return ""


def block_reason_of(body: bytes, content_type: str | None = None) -> str:
    """The same for bytes: of a small page, or of a longer one that has a guard's mark in it.

    Most pages are neither, and cost no more than a few searches.
    """
    if not body or b"<" not in body:
        return ""
    if len(body) > SMALL_PAGE and (
        len(body) > _LONGEST_CHALLENGE or not any(mark in body[:_HEAD] for mark in _marks())
    ):
        return ""
    markup, _ = decode(body, content_type)
    if too_dear(markup):
        return ""
    root = LexborHTMLParser(markup).root
    return "" if root is None else block_reason(markup, "\n".join(lines_of(root)))


@cache
def _marks() -> tuple[bytes, ...]:
    return tuple(mark.encode() for mark in _signs().scripts)


@cache
def _signs() -> _Signs:
    return validate(read_yaml(Path(__file__).with_name("block_pages.yaml")), _Signs)
