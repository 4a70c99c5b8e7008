"""Parser of the subset of Telegram's HTML that templates may use.

Telegram rejects a whole message for one unknown or unclosed tag (Bot API, "HTML style"). This
parser rejects it earlier and says where the mistake is.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache

from monitor.messages.richtext import Span

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strike",
    "strike": "strike",
    "del": "strike",
    "a": "link",
}
"""The supported tags, and the style of each."""


class MarkupError(ValueError):
    """Markup that Telegram would reject; ``offset`` is its place in the text, in code points."""

    def __init__(self, message: str, offset: int) -> None:
        """Take the reason and the place."""
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    link: str | None
    offset: int


def parse_markup(text: str) -> tuple[Span, ...]:
    """Parse Telegram's HTML into spans: ``b strong i em s strike del`` and ``a href``.

    Tags nest strictly. A link with an empty address is plain text, so a template need not check
    whether a document has an address.

    Raises:
        MarkupError: an unknown tag or attribute, an unclosed tag, tags that overlap, a link in a
            link, or an address that is not http(s).
    """
    spans: list[Span] = []
    stack: list[_Open] = []
    for piece in _token_pattern().finditer(text):
        tag = piece["tag"]
        if tag is None:
            if piece[0] == "<":
                raise MarkupError("a < that begins no tag: write &lt;", piece.start())
            _append(spans, _styled(_unescaped(piece[0]), stack))
        elif piece["end"]:
            _close(tag.lower(), piece["rest"], stack, piece.start())
        else:
            stack.append(_opened(tag.lower(), piece["rest"], stack, piece.start()))
    if stack:
        raise MarkupError(f"<{stack[-1].tag}> is left open", stack[-1].offset)
    return tuple(spans)


def _opened(tag: str, rest: str, stack: list[_Open], offset: int) -> _Open:
    if tag not in TAGS:
        known = ", ".join(TAGS)
        raise MarkupError(f"<{tag}> is no tag for a message: there are {known}", offset)
    if tag != "a":
        if rest.strip():
            raise MarkupError(f"<{tag}> takes no attributes", offset)
        return _Open(tag, None, offset)
    found = _href_pattern().fullmatch(rest)
    if found is None:
        raise MarkupError('a link is written <a href="…">, with nothing else in it', offset)
    if any(opened.tag == "a" for opened in stack):
        raise MarkupError("a link within a link", offset)
    address = _unescaped(found[1] if found[1] is not None else found[2])
    if address and Span("", link=address).link is None:
        raise MarkupError("a link leads to an http:// or https:// address", offset)
    return _Open(tag, address or None, offset)


def _close(tag: str, rest: str, stack: list[_Open], offset: int) -> None:
    if rest.strip():
        raise MarkupError(f"</{tag}> takes no attributes", offset)
    if not stack:
        raise MarkupError(f"</{tag}> closes nothing", offset)
    if stack[-1].tag != tag:
        raise MarkupError(f"</{tag}> stands where </{stack[-1].tag}> has to come first", offset)
    stack.pop()


def _styled(text: str, stack: list[_Open]) -> Span:
    styles = {TAGS[opened.tag] for opened in stack}
    return Span(
        text,
        bold="bold" in styles,
        strike="strike" in styles,
        italic="italic" in styles,
        link=next((opened.link for opened in stack if opened.link is not None), None),
    )


def _append(spans: list[Span], span: Span) -> None:
    """Append a span, merged with the last one of the same style: Telegram counts entities."""
    if not span.text:
        return
    if spans and _style(spans[-1]) == _style(span):
        span = Span(spans.pop().text + span.text, span.bold, span.strike, span.italic, span.link)
    spans.append(span)


def _style(span: Span) -> tuple[bool, bool, bool, str | None]:
    return span.bold, span.strike, span.italic, span.link


def _unescaped(text: str) -> str:
    return _entity_pattern().sub(lambda entity: html.unescape(entity[0]), text)


@cache
def _token_pattern() -> re.Pattern[str]:
    return re.compile(r"<(?P<end>/?)(?P<tag>[A-Za-z][\w-]{0,30})(?P<rest>(?:\s[^<>]*)?)>|<|[^<]+")


@cache
def _href_pattern() -> re.Pattern[str]:
    return re.compile(r"""\s+href\s*=\s*(?:"([^"]*)"|'([^']*)')\s*""", re.IGNORECASE)


@cache
def _entity_pattern() -> re.Pattern[str]:
    # With its semicolon; a lone & is an &, as in R&D.
    return re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
