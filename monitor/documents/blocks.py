"""The visible page as lines of text and the blocks that hold them, from one walk over its tree.

A line is what a browser sets as one paragraph; a block is an element that begins a new line, or
the cell of a table. The lines of a block follow one another, so that a block is a range of lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from monitor.documents.html_text import (
    BLOCK_ELEMENTS,
    CELLS,
    HIDING_ATTRIBUTES,
    INVISIBLE_ELEMENTS,
    clean_line,
    is_hidden,
    stands_apart,
)

_REFERRING = frozenset({"a", "iframe", "embed", "object"})
_TEXT = "-text"
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


class Reference(NamedTuple):
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


_PLAIN, _HIDDEN, _LINK, _BLOCK, _CELL, _PRE, _HEADING, _BREAK = range(8)


def _kinds() -> dict[str, int]:
    kinds = dict.fromkeys(BLOCK_ELEMENTS, _BLOCK) | dict.fromkeys(CELLS, _CELL)
    kinds |= dict.fromkeys(_HEADINGS, _HEADING) | {"pre": _PRE, "br": _BREAK, "a": _LINK}
    return kinds | dict.fromkeys(INVISIBLE_ELEMENTS, _HIDDEN)


_KINDS = _kinds()


class _Builder:
    """The layout so far, the open blocks and links, and the text of the line that is being read.

    A page has thousands of nodes, so the steps that each of them takes are few.
    """

    def __init__(self, top: LexborNode, hidden: frozenset[str]) -> None:
        self.layout = Layout(blocks=[Block(top.tag or "", "", -1, 0)])
        self.hidden = hidden
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
        if not self.pre and text.isspace():
            if self.parts:
                self.parts.append(" ")
            return
        if self.links and (shown := text.strip()):
            self.linked += len(shown)
            self.href = self.href or self.links[-1]
        if not self.pre or "\n" not in text:
            self.parts.append(text)
            return
        first, *others = text.split("\n")
        self.parts.append(first)
        for other in others:
            self.flush()
            self.parts.append(other)

    def begin(self, node: LexborNode, tag: str) -> int:
        """Begin an element; what kind it is, for ``end``."""
        kind = _KINDS.get(tag, _PLAIN)
        if kind == _PLAIN and "-" in tag and stands_apart(node):
            kind = _BLOCK
        if kind == _BREAK:
            self.flush()
            return _PLAIN
        attributes = node.attributes
        if attributes:
            if tag in _REFERRING or "onclick" in attributes:
                self.layout.references.append(Reference(node, attributes, self.inside[-1]))
            if (
                kind != _HIDDEN
                and not HIDING_ATTRIBUTES.isdisjoint(attributes)
                and is_hidden(tag, attributes, self.hidden)
            ):
                kind = _HIDDEN
        if tag == "dialog" and is_hidden(tag, attributes):
            kind = _HIDDEN
        if kind == _LINK:
            if "href" in attributes:
                self.links.append(attributes["href"] or "")
            else:
                kind = _PLAIN
        elif kind >= _BLOCK:
            self._begin_block(tag, kind, attributes)
        return kind

    def _begin_block(self, tag: str, kind: int, attributes: dict[str, str | None]) -> None:
        if kind != _CELL:
            if self.parts:
                self.flush()
            self.pre += kind == _PRE
            self.headings += kind == _HEADING
        names = ""
        if attributes:
            names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:200].lower()
        layout = self.layout
        block = len(layout.blocks)
        layout.blocks.append(Block(tag, names, self.inside[-1], len(layout.lines)))
        self.inside.append(block)

    def end(self, kind: int) -> None:
        """End the innermost open element, which is of this kind."""
        if kind == _LINK:
            self.links.pop()
        if kind < _BLOCK:
            return
        if kind == _CELL:
            self.parts.append(" ")
        else:
            if self.parts:
                self.flush()
            self.pre -= kind == _PRE
            self.headings -= kind == _HEADING
        self.layout.blocks[self.inside.pop()].end = len(self.layout.lines)


def layout_of(top: LexborNode, hidden: frozenset[str] = frozenset()) -> Layout:
    """The visible lines and blocks below ``top``.

    Args:
        top: the body of the page.
        hidden: the names that the page's style hides.
    """
    build = _Builder(top, hidden)
    # The open elements, with their kinds. Not by recursion: a page may nest thousands.
    opened: list[tuple[LexborNode, int]] = []
    node = top.first_child
    while node is not None or opened:
        if node is None:
            above, kind = opened.pop()
            build.end(kind)
            node = above.next
            continue
        tag = node.tag
        if tag == _TEXT:
            build.add_text(node.text_content or "")
        elif node.is_element_node:
            kind = build.begin(node, tag or "")
            below = None if kind == _HIDDEN else node.first_child
            if below is not None:
                opened.append((node, kind))
                node = below
                continue
            build.end(kind)
        node = node.next
    build.flush()
    build.layout.blocks[0].end = len(build.layout.lines)
    return build.layout
