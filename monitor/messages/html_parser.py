"""Telegram's HTML, as far as a template may use it, read into spans.

Telegram refuses a whole message for one tag it does not know or one that is left open (Bot API,
"HTML style"). Here such a message is refused earlier, with the place.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

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
"""The tags that are understood, and the style each gives."""

_PIECE = re.compile(r"<(?P<end>/?)(?P<tag>[A-Za-z][\w-]{0,30})(?P<rest>(?:\s[^<>]*)?)>|<|[^<]+")
_HREF = re.compile(r"""\s+href\s*=\s*(?:"([^"]*)"|'([^']*)')\s*""", re.IGNORECASE)
# With its semicolon; a lone & is an &, as in R&D.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


class MarkupError(ValueError):
    """Markup that Telegram would refuse; ``offset`` is where in the text, in code points."""

    def __init__(self, message: str, offset: int) -> None:
        """Keep the place beside the reason."""
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    link: str | None
    offset: int


def parse_markup(text: str) -> tuple[Span, ...]:
    """Spans of a text in Telegram's HTML: ``b strong i em s strike del`` and ``a href``.

    Tags nest strictly. A link whose address is empty is plain text, so that a template need not
    ask whether a document has one.

    Raises:
        MarkupError: a tag or attribute that is not understood, is left open, closes another,
            a link within a link, or an address that is not of the web.
    """
    spans: list[Span] = []
    stack: list[_Open] = []
    for piece in _PIECE.finditer(text):
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
    found = _HREF.fullmatch(rest)
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
    """Join what has the same style: Telegram counts styled places."""
    if not span.text:
        return
    if spans and _style(spans[-1]) == _style(span):
        span = Span(spans.pop().text + span.text, span.bold, span.strike, span.italic, span.link)
    spans.append(span)


def _style(span: Span) -> tuple[bool, bool, bool, str | None]:
    return span.bold, span.strike, span.italic, span.link


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
