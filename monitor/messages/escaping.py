"""Messages for services other than Telegram: a title, and plain text or HTML without mentions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from monitor.messages.richtext import Message, one_line

TITLE_LIMIT = 120

_FULL_WIDTH = {"@": "＠", "<": "＜"}


def split_headline(message: Message) -> tuple[str, Message]:
    """The title of a message on one line, and the message without it.

    The title is the first span, if it is bold. Other messages keep their whole text, and their
    first line is the title.
    """
    first, rest = message.spans[:1], message.spans[1:]
    if first and first[0].bold and "".join(span.text for span in rest).strip():
        begin, *others = rest
        begin = replace(begin, text=begin.text.lstrip())
        return one_line(first[0].text, TITLE_LIMIT), replace(message, spans=(begin, *others))
    return one_line(message.text.strip().partition("\n")[0], TITLE_LIMIT), message


def to_html(message: Message) -> str:
    """The message as an HTML fragment; text from outside is escaped."""
    return message.html.strip().replace("\n", "<br/>\n")


def to_plain_text(message: Message) -> str:
    """The message as plain text without mentions."""
    return escape_mentions(message.plain.strip())


def escape_mentions(text: str) -> str:
    """The text with the signs of mentions and markup replaced by full-width ones."""
    return _mention_pattern().sub(lambda found: _FULL_WIDTH[found[0]], text)


def truncate_lines(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """The text, or as many whole lines of it as fit, and ``…``.

    Args:
        text: any text.
        limit: of the result, as ``size`` measures it.
        size: the measure, by default characters.
    """
    if size(text) <= limit:
        return text
    kept = ""
    for line in text.splitlines(keepends=True):
        if size(kept + line + "…") > limit:
            break
        kept += line
    if kept.strip():
        return kept.rstrip() + "\n…" if size(kept.rstrip() + "\n…") <= limit else kept.rstrip()
    # Not even the first line fits.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle] + "…") <= limit else (low, middle - 1)
    return text[:low].rstrip() + "…"


@cache
def _mention_pattern() -> re.Pattern[str]:
    # What chat services read as a mention or as markup of their own in plain text: @everyone,
    # @all, <!channel>, <@U1>, <at user_id="all">.
    return re.compile(
        r"@(?=everyone\b|here\b|channel\b|all\b|所有人)|<(?=[!@#/a-zA-Z])", re.IGNORECASE
    )
