"""A tree of elements to lines of text: one line a paragraph, whatever tags made the paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

_BREAK_NAMES = """
address article aside blockquote body br center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hr li main menu nav ol p pre section summary table
tbody tfoot thead tr ul caption founder-content ucapcontent
"""
_UNREAD_NAMES = """
script style noscript template iframe object embed svg math canvas audio video select option
textarea button head title meta link map
"""
_BREAKS = frozenset(_BREAK_NAMES.split())
_CELLS = frozenset({"td", "th"})
UNREAD = frozenset(_UNREAD_NAMES.split())
"""Elements whose text is no text of the page."""

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\u3000]+")  # every space there is, but the ideographic one
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_CMS_MARK = re.compile(r"<\$\[[^\]<>]{0,40}\]>(?:begin|end)")
_CHINESE = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’—…"
_WRAPPED = re.compile(rf"(?<=[{_CHINESE}])[ \t]*[\r\n][ \t\r\n]*(?=[{_CHINESE}])")


def walk(top: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below ``top`` in document order, without recursion; True when it is left.

    Nothing below an unread or hidden element is visited.
    """
    node = top.first_child
    while node is not None:
        yield node, False
        below = node.first_child if node.is_element_node and not is_unread(node) else None
        if below is not None:
            node = below
            continue
        yield node, True
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.mem_id == top.mem_id:
                return
            yield node, True
        node = node.next if node is not None else None


def is_unread(node: LexborNode) -> bool:
    """Whether the element's text is none that a reader of the page would see."""
    if node.tag in UNREAD:
        return True
    style = node.attrs.get("style")
    return bool(style) and _HIDDEN.search(str(style)[:500]) is not None


def lines_of(top: LexborNode) -> list[str]:
    """The lines of text below ``top``: trimmed, never empty.

    Spaces collapse as in a browser; a line break of the source between two Chinese characters
    leaves no space. Ideographic spaces stay inside a line and go at its ends.
    """
    lines: list[str] = []
    parts: list[str] = []
    kept = int(top.tag == "pre")  # open elements whose line breaks are meant

    def flush() -> None:
        if parts:
            line = clean("".join(parts))
            if line:
                lines.append(line)
            parts.clear()

    for node, left in walk(top):
        if node.is_text_node:
            text = "" if left else node.text_content or ""
            if kept and "\n" in text:
                first, *others = text.split("\n")
                parts.append(first)
                for other in others:
                    flush()
                    parts.append(other)
            else:
                parts.append(text)
        elif node.tag in _BREAKS:
            flush()
            kept += (node.tag == "pre") * (-1 if left else 1)
        elif left and node.tag in _CELLS:
            parts.append(" ")
    flush()
    return lines


def clean(text: str) -> str:
    """One line: invisible characters gone, spaces single, ends trimmed."""
    text = _CMS_MARK.sub("", _INVISIBLE.sub("", text))
    return _SPACES.sub(" ", _WRAPPED.sub("", text)).strip()
