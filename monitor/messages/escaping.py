"""A message in the shapes that other services take: a title, and lines of text or HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from monitor.messages.richtext import Message, one_line

TITLE_LIMIT = 120

# What chat services read as a call to everybody, or as markup of their own, in plain text:
# @everyone, @all, <!channel>, <@U1>, <at user_id="all">. Source texts are shown, never obeyed.
_CALL = re.compile(
    r"@(?=everyone\b|here\b|channel\b|all\b|所有人)|<(?=[!@#/a-zA-Z])", re.IGNORECASE
)
_TAMED = {"@": "＠", "<": "＜"}


def split_headline(message: Message) -> tuple[str, Message]:
    """The title of a message on one line, and the message without it.

    A message that does not begin with a headline of its own keeps all its text; its first line is
    the title.
    """
    first, rest = message.spans[:1], message.spans[1:]
    if first and first[0].bold and "".join(span.text for span in rest).strip():
        begin, *others = rest
        begin = replace(begin, text=begin.text.lstrip())
        return one_line(first[0].text, TITLE_LIMIT), replace(message, spans=(begin, *others))
    return one_line(message.text.strip().partition("\n")[0], TITLE_LIMIT), message


def to_html(message: Message) -> str:
    """The message as a piece of HTML; what stands in it from outside is escaped."""
    return message.html.strip().replace("\n", "<br/>\n")


def to_plain_text(message: Message) -> str:
    """The message as plain text that calls nobody."""
    return escape_mentions(message.plain.strip())


def escape_mentions(text: str) -> str:
    """The text with what services would obey in letters that only look so."""
    return _CALL.sub(lambda found: _TAMED[found[0]], text)


def truncate_lines(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """The text, or as many whole lines of it as fit, and ``…``.

    Args:
        text: with its lines.
        limit: the most that fits, as ``size`` measures.
        size: the measure: characters, or another.
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
