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

_REFERRING = frozenset({"a", "iframe", "embed", "object"})
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


@dataclass(frozen=True, slots=True)
class Reference:
    """An element that may lead to another page or to a file, and the block around it."""

    node: LexborNode
    attributes: dict[str, str | None]
    block: int


@dataclass(slots=True)
class Layout:
    """The blocks of a page, the whole page first, its lines in order, and what leads elsewhere."""

    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)

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
        names = "".join(f".{name}" for name in clean_line(one.names).split()[:3])
        return f"{one.tag}{names}"


# What an open element is: (its id, its kind, its block or -1).
_Open = tuple[int, int, int]
_PLAIN, _HIDDEN, _LINK, _BLOCK, _CELL, _PRE, _HEADING = range(7)


class _Builder:
    """The layout so far, the open elements, and the text of the line that is being read."""

    def __init__(self, top: LexborNode, hidden: frozenset[str]) -> None:
        self.layout = Layout(blocks=[Block(top.tag or "", "", -1, 0)])
        self.hidden = hidden
        self.open: list[_Open] = [(top.mem_id, _BLOCK, 0)]
        self.inside = [0]  # open blocks
        self.links: list[str] = []
        self.pre = self.headings = 0
        self.parts: list[str] = []
        self.linked = 0
        self.href = ""

    def flush(self) -> None:
        """End the line."""
        if not self.parts:
            return
        line = clean_line("".join(self.parts))
        if line:
            heading = self.headings > 0
            self.layout.lines.append(Line(line, self.linked, self.inside[-1], heading, self.href))
        self.parts.clear()
        self.linked, self.href = 0, ""

    def add_text(self, text: str) -> None:
        if self.links and text.strip():
            self.linked += len(text.strip())
            self.href = self.href or self.links[-1]
        if not self.pre or "\n" not in text:
            self.parts.append(text)
            return
        first, *others = text.split("\n")
        self.parts.append(first)
        for other in others:
            self.flush()
            self.parts.append(other)

    def begin(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "br":
            self.flush()
            return
        attributes = node.attributes
        kind, block = _PLAIN, -1
        if attributes and (tag in _REFERRING or "onclick" in attributes):
            self.layout.references.append(Reference(node, attributes, self.inside[-1]))
        if tag in INVISIBLE_ELEMENTS or (
            (attributes or tag == "dialog") and is_hidden(tag, attributes, self.hidden)
        ):
            kind = _HIDDEN
        elif tag == "a" and "href" in attributes:
            kind = _LINK
            self.links.append(attributes["href"] or "")
        elif tag in BLOCK_ELEMENTS or tag in CELLS:
            kind, block = self._begin_block(tag, attributes)
        self.open.append((node.mem_id, kind, block))

    def _begin_block(self, tag: str, attributes: dict[str, str | None]) -> tuple[int, int]:
        kind = _BLOCK
        if tag in CELLS:
            kind = _CELL
        else:
            self.flush()
            if tag == "pre":
                kind = _PRE
                self.pre += 1
            elif tag in _HEADINGS:
                kind = _HEADING
                self.headings += 1
        blocks = self.layout.blocks
        block = len(blocks)
        names = ""
        if attributes:
            names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:200].lower()
        blocks.append(Block(tag, names, self.inside[-1], len(self.layout.lines)))
        self.inside.append(block)
        return kind, block

    def end(self) -> None:
        """End the innermost open element."""
        _, kind, block = self.open.pop()
        if kind == _LINK:
            self.links.pop()
        if block < 0:
            return
        if kind == _CELL:
            self.parts.append(" ")
        else:
            self.flush()
            self.pre -= kind == _PRE
            self.headings -= kind == _HEADING
        self.layout.blocks[block].end = len(self.layout.lines)
        self.inside.pop()


def layout_of(top: LexborNode, hidden: frozenset[str] = frozenset()) -> Layout:
    """The visible lines and blocks below ``top``.

    Args:
        top: the body of the page.
        hidden: the names that the page's style hides.
    """
    build = _Builder(top, hidden)
    stack = build.open
    nodes = iter(top.traverse(include_text=True))
    next(nodes, None)
    for node in nodes:
        above = node.parent
        if above is None:
            continue
        above_id = above.mem_id
        while stack[-1][0] != above_id and len(stack) > 1:
            build.end()
        shown = stack[-1][1] != _HIDDEN
        if node.is_text_node:
            if shown:
                build.add_text(node.text_content or "")
        elif node.is_element_node:
            if shown:
                build.begin(node)
            else:
                stack.append((node.mem_id, _HIDDEN, -1))
    while len(stack) > 1:
        build.end()
    build.flush()
    build.layout.blocks[0].end = len(build.layout.lines)
    return build.layout
