"""The article on a page: by the family's selector, else where the prose is densest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import re2
from pydantic import BaseModel, ConfigDict
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from monitor.documents.html_text import lines_of, walk
from monitor.yaml import read_yaml, validate

_PROSE = re.compile("[，。；：！？、]")
_SPOKEN = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")
_ASIDE = frozenset({"nav", "footer", "aside", "header"})
_DOMINANT = 0.6
_MAX_PARTS = 5_000
_ENDS_IN_LAST = 0.2
_ENOUGH = 10


class _Furniture(BaseModel):
    """The table furniture.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: tuple[str, ...]
    ends: tuple[str, ...]


def select(tree: LexborHTMLParser, selector: str | None) -> list[LexborNode]:
    """What a CSS selector finds, outermost elements only, in document order."""
    if not selector:
        return []
    try:
        found = tree.css(selector)[:_MAX_PARTS]
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


def body_lines(tree: LexborHTMLParser, selector: str | None) -> tuple[list[str], str]:
    """The lines of the article, and a remark if the selector did not serve."""
    blocks: list[list[str]] = []
    for node in select(tree, selector):
        lines = _without_furniture(lines_of(node))
        # Some portals carry the same article twice, for wide and for narrow screens.
        if lines and lines not in blocks:
            blocks.append(lines)
    chosen = [line for block in blocks for line in block]
    if is_believable(chosen):
        return chosen, ""
    densest = _densest(tree)
    found = [] if densest is None else lines_of(densest)
    remark = f"nothing under the selector {selector}; read without it" if selector else ""
    return _without_furniture(_before_the_end(found)), remark


def is_believable(lines: Sequence[str]) -> bool:
    """Whether there is anything a person could have written."""
    seen = 0
    for line in lines[:200]:
        seen += len(_SPOKEN.findall(line))
        if seen >= _ENOUGH:
            return True
    return False


def _densest(tree: LexborHTMLParser) -> LexborNode | None:
    """The smallest element that holds most of the page's prose.

    Prose is text outside links; text with Chinese punctuation counts in full, other text a
    tenth and an imprint nothing, so that menus and footers weigh little. From the body the way
    goes down as long as one child holds most of what is left.
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
            aside += change * (node.tag in _ASIDE)
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
        heir: LexborNode | None = None
        while child is not None:
            if weights.get(child.mem_id, 0.0) >= _DOMINANT * whole:
                heir = child
                break
            child = child.next
        if heir is None or heir.tag in {"p", "span", "font", "strong", "b", "li", "section"}:
            return node
        node, whole = heir, weights[heir.mem_id]


def _weight(text: str) -> float:
    size = len(text) - text.count(" ") - text.count("\n") - text.count("\u3000")
    if not size or (size <= 120 and _patterns()[1].match(text.strip()) is not None):
        return 0.0
    return size if _PROSE.search(text) else size * 0.1


def _without_furniture(lines: Sequence[str]) -> list[str]:
    whole, _ = _patterns()
    return [line for line in lines if len(line) > 120 or whole.fullmatch(line) is None]


def _before_the_end(lines: list[str]) -> list[str]:
    _, ends = _patterns()
    total = sum(map(len, lines))
    seen = 0
    for index, line in enumerate(lines):
        late = seen >= total * (1 - _ENDS_IN_LAST)
        if late and len(line) <= 120 and ends.match(line) is not None:
            return lines[:index]
        seen += len(line)
    return lines


@cache
def _patterns() -> tuple[re2._Regexp, re2._Regexp]:
    table = validate(read_yaml(Path(__file__).with_name("boilerplate.yaml")), _Furniture)
    return re2.compile("|".join(table.lines)), re2.compile("|".join(table.ends))
