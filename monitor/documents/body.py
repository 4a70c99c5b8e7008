"""The article on a page: by the selector of the family, else where the prose is densest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from monitor.documents.html_text import lines_of, walk

if TYPE_CHECKING:
    import re2

    from monitor.documents.tables import Boilerplate


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？、]")


@cache
def _letter_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


_ASIDE_ELEMENTS = frozenset({"nav", "footer", "aside", "header"})
_PARAGRAPH_ELEMENTS = frozenset({"p", "span", "font", "strong", "b", "li", "section"})
_DOMINANT_SHARE = 0.6
_MAX_NODES = 5_000
_FOOTER_SHARE = 0.2
_MIN_LETTERS = 10


def select_nodes(tree: LexborHTMLParser, selector: str | None) -> list[LexborNode]:
    """The outermost elements that a CSS selector matches, in document order."""
    if not selector:
        return []
    try:
        found = tree.css(selector)[:_MAX_NODES]
    except SelectolaxError:
        return []
    chosen: list[LexborNode] = []
    kept: set[int] = set()
    for node in found:
        above: LexborNode | None = node.parent
        steps = 0
        while above is not None and above.mem_id not in kept and steps < 64:
            above = above.parent
            steps += 1
        if above is None or above.mem_id not in kept:
            kept.add(node.mem_id)
            chosen.append(node)
    return chosen


def selector_error(selector: str) -> str:
    """What is wrong with a CSS selector, in one line, or an empty string."""
    try:
        LexborHTMLParser("<p></p>").css(selector)
    except SelectolaxError as error:
        return str(error)
    return ""


def article_lines(tree: LexborHTMLParser, selector: str | None) -> tuple[list[str], str]:
    """The lines of the article, and a remark if the selector found nothing."""
    blocks: list[list[str]] = []
    for node in select_nodes(tree, selector):
        lines = _without_boilerplate(lines_of(node))
        # Some portals send the article twice, for wide and for narrow screens.
        if lines and lines not in blocks:
            blocks.append(lines)
    chosen = [line for block in blocks for line in block]
    if has_prose(chosen):
        return chosen, ""
    densest = _densest(tree)
    found = [] if densest is None else lines_of(densest)
    remark = f"nothing under the selector {selector}; read without it" if selector else ""
    return _without_boilerplate(_before_footer(found)), remark


def has_prose(lines: Sequence[str]) -> bool:
    """Whether the lines hold at least a few letters."""
    seen = 0
    for line in lines[:200]:
        seen += len(_letter_pattern().findall(line))
        if seen >= _MIN_LETTERS:
            return True
    return False


def _densest(tree: LexborHTMLParser) -> LexborNode | None:
    """The smallest element that holds most of the prose of the page.

    Prose is text outside links. Text with Chinese punctuation has full weight, other text a
    tenth and an imprint none, so that menus and footers weigh little. The search descends from
    the body while one child holds most of the remaining weight.
    """
    top = tree.body
    if top is None:
        return None
    weights: dict[int, float] = {}
    stack: list[tuple[int, float]] = [(top.mem_id, 0.0)]
    aside = links = 0
    for node, left in walk(top):
        if node.is_text_node:
            if not left and not aside and not links:
                stack[-1] = (stack[-1][0], stack[-1][1] + _weight(node.text_content or ""))
        elif node.is_element_node:
            change = -1 if left else 1
            aside += change * (node.tag in _ASIDE_ELEMENTS)
            links += change * (node.tag == "a")
            if not left:
                stack.append((node.mem_id, 0.0))
            else:
                identity, weight = stack.pop()
                weights[identity] = weight
                stack[-1] = (stack[-1][0], stack[-1][1] + weight)
    total = stack[0][1]
    if not total:
        return None
    return _descend(top, weights, total)


def _descend(top: LexborNode, weights: dict[int, float], total: float) -> LexborNode:
    node, whole = top, total
    while True:
        child = node.first_child
        dominant: LexborNode | None = None
        while child is not None:
            if weights.get(child.mem_id, 0.0) >= _DOMINANT_SHARE * whole:
                dominant = child
                break
            child = child.next
        if dominant is None or dominant.tag in _PARAGRAPH_ELEMENTS:
            return node
        node, whole = dominant, weights[dominant.mem_id]


def _weight(text: str) -> float:
    size = len(text) - text.count(" ") - text.count("\n") - text.count("\u3000")
    if not size or (size <= 120 and _footer_pattern().match(text.strip()) is not None):
        return 0.0
    return size if _punctuation_pattern().search(text) else size * 0.1


def _without_boilerplate(lines: Sequence[str]) -> list[str]:
    pattern = _boilerplate_pattern()
    return [line for line in lines if len(line) > 120 or pattern.fullmatch(line) is None]


def _before_footer(lines: list[str]) -> list[str]:
    footer = _footer_pattern()
    total = sum(map(len, lines))
    seen = 0
    for index, line in enumerate(lines):
        late = seen >= total * (1 - _FOOTER_SHARE)
        if late and len(line) <= 120 and footer.match(line) is not None:
            return lines[:index]
        seen += len(line)
    return lines


@cache
def _boilerplate_pattern() -> re2._Regexp:
    return _alternatives(_tables().lines)


@cache
def _footer_pattern() -> re2._Regexp:
    return _alternatives(_tables().ends)


def _alternatives(expressions: Sequence[str]) -> re2._Regexp:
    import re2

    return re2.compile("|".join(expressions))


def _tables() -> Boilerplate:
    # Importing the tables loads pydantic.
    from monitor.documents.tables import boilerplate

    return boilerplate()
