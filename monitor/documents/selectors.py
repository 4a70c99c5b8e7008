"""CSS selectors of the parts of a page, as the families of pages and the sources have them."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

_MAX_NODES = 5_000


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
