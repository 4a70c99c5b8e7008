"""The visible page as lines of text and the blocks that hold them, from one walk over its tree.

A line is what a browser sets as one paragraph; a block is an element that begins a new line, or
the cell of a table. The lines of a block follow one another, so that a block is a range of lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from monitor.documents.html_text import (
    BLOCK_ELEMENTS,
    CELLS,
    INVISIBLE_ELEMENTS,
    clean_line,
    is_hidden,
)

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(slots=True)
class Line:
    """A line; ``linked`` is how many of its characters are in links, ``block`` what holds it."""

    text: str
    linked: int
    block: int
    is_heading: bool = False
    href: str = ""

    @property
    def link_share(self) -> float:
        """The share of the line that is in links."""
        return min(1.0, self.linked / max(1, len(self.text)))


@dataclass(slots=True)
class Block:
    """A block with its class and id in lower case; its lines are ``first`` to ``end``."""

    tag: str
    names: str
    parent: int
    first: int
    end: int = 0


@dataclass(slots=True)
class Layout:
    """The blocks of a page, the whole page first, and its lines in order."""

    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def ancestors(self, block: int) -> list[int]:
        """The blocks around a block, the innermost first; the block itself is not among them."""
        found = []
        above = self.blocks[block].parent
        while above >= 0:
            found.append(above)
            above = self.blocks[above].parent
        return found

    def name(self, block: int) -> str:
        """A block as people write it: ``div.article``."""
        one = self.blocks[block]
        names = "".join(f".{name}" for name in one.names.split()[:3])
        return f"{one.tag}{names}"


class _Builder:
    """Collects the text of the line that is being read."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.parts: list[str] = []
        self.linked = 0
        self.href = ""

    def flush(self, block: int, *, heading: bool = False) -> None:
        if not self.parts:
            return
        line = clean_line("".join(self.parts))
        if line:
            self.layout.lines.append(Line(line, self.linked, block, heading, self.href))
        self.parts.clear()
        self.linked, self.href = 0, ""


@dataclass(slots=True)
class _Open:
    """An open element: what has to be undone at its end."""

    mem_id: int
    block: int = -1
    link: bool = False
    pre: bool = False
    cell: bool = False
    heading: bool = False
    hidden: bool = False


def layout_of(top: LexborNode, hidden: frozenset[str] = frozenset()) -> Layout:
    """The visible lines and blocks below ``top``.

    Args:
        top: the body of the page.
        hidden: the names that the page's style hides.
    """
    build = _Builder()
    layout = build.layout
    layout.blocks.append(Block(top.tag or "", "", -1, 0))
    stack = [_Open(top.mem_id, block=0)]
    inside = [0]  # open blocks
    links: list[str] = []
    pre = headings = 0

    def close() -> None:
        nonlocal pre, headings
        done = stack.pop()
        if done.link:
            links.pop()
        if done.block >= 0:
            if not done.cell:
                build.flush(done.block, heading=headings > 0)
            layout.blocks[done.block].end = len(layout.lines)
            inside.pop()
            pre -= done.pre
            headings -= done.heading
            if done.cell:
                build.parts.append(" ")

    nodes = iter(top.traverse(include_text=True))
    next(nodes, None)
    for node in nodes:
        above = node.parent
        if above is None:
            continue
        above_id = above.mem_id
        while stack[-1].mem_id != above_id and len(stack) > 1:
            close()
        if stack[-1].hidden:
            if node.is_element_node:
                stack.append(_Open(node.mem_id, hidden=True))
            continue
        if node.is_text_node:
            _add_text(build, node.text_content or "", inside[-1], links, pre > 0)
            continue
        if not node.is_element_node:
            continue
        tag = node.tag or ""
        if tag == "br":
            build.flush(inside[-1], heading=headings > 0)
            continue
        attributes = node.attributes
        if tag in INVISIBLE_ELEMENTS or is_hidden(tag, attributes, hidden):
            stack.append(_Open(node.mem_id, hidden=True))
            continue
        one = _Open(node.mem_id)
        if tag == "a" and "href" in attributes:
            one.link = True
            links.append(attributes["href"] or "")
        elif tag in BLOCK_ELEMENTS or tag in CELLS:
            one.cell = tag in CELLS
            if not one.cell:
                build.flush(inside[-1], heading=headings > 0)
            one.pre, one.heading = tag == "pre", tag in _HEADINGS
            pre += one.pre
            headings += one.heading
            one.block = len(layout.blocks)
            names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:200].lower()
            layout.blocks.append(Block(tag, names, inside[-1], len(layout.lines)))
            inside.append(one.block)
        stack.append(one)
    while len(stack) > 1:
        close()
    build.flush(0)
    layout.blocks[0].end = len(layout.lines)
    return layout


def _add_text(build: _Builder, text: str, block: int, links: list[str], pre: bool) -> None:
    if links and text.strip():
        build.linked += len(text.strip())
        build.href = build.href or links[-1]
    if not pre or "\n" not in text:
        build.parts.append(text)
        return
    first, *others = text.split("\n")
    build.parts.append(first)
    for other in others:
        build.flush(block)
        build.parts.append(other)
