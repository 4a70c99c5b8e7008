"""A page as the search for its article weighs it: how much each line and block looks like one.

Prose is text outside links with Chinese punctuation. Blocks are told to be beside the article by
their name, their heading or their form, and those near the title count more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from itertools import accumulate

from monitor.documents.blocks import Block, Layout, Line
from monitor.documents.boilerplate import (
    MAX_HEADING,
    SHORT_LINE,
    begins_footer,
    heads_comments,
    heads_other_articles,
    is_article_name,
    is_foreign_name,
    is_weak_name,
)
from monitor.documents.html_text import letters_of

_ASIDE_ELEMENTS = frozenset({"nav", "footer", "aside", "form"})
BOXES = frozenset(
    {"div", "td", "th", "section", "article", "main", "body", "center", "founder-content"}
    | {"ucapcontent", "details", "blockquote", "fieldset", "figure", "dd", "li", "pre"}
)
"""Elements that hold paragraphs or parts of a page; lists and tables stand inside one of them."""
TITLE_DISTANCE = 40
"""Lines below the title in which the article begins."""
_DECAY, _LEAST_SHARE = 0.5, 0.1
_LONE_BOX = 0.6
_UNPUNCTUATED = 0.1
_MAX_PARAGRAPH = 800
_BESIDE = 0.15
_NAMED = 1.2
_NEAR_TITLE = 1.5
_BEFORE_TITLE = 0.4
_MOST = 0.4
_LITTLE_LEFT = 40
_SENTENCE_ENDS = "。！？；"


def line_weight(line: Line) -> float:
    """How much prose a line is: its letters outside links, few of them without punctuation."""
    if line.linked * 2 > len(line.text):
        return 0.0
    return prose_of(line.text) * (1 - line.link_share)


def prose_of(text: str) -> float:
    """How much prose a text without links is: its letters, few of them without punctuation."""
    size = len(text) - text.count(" ") - text.count("\u3000")
    if not size or (size <= SHORT_LINE and begins_footer(text)):
        return 0.0
    return size if _punctuation_pattern().search(text) else size * _UNPUNCTUATED


class LinkShares:
    """How many of the letters of each block stand in links."""

    def __init__(self, lines: Sequence[Line], lengths: Mapping[int, int] | None = None) -> None:
        """Count the letters of a page.

        Args:
            lines: the lines of its layout.
            lengths: for the position of a line that is a link how many letters it is to have
                instead of its own.
        """
        known = lengths or {}
        self._sizes = [0, *accumulate(known.get(at, len(one.text)) for at, one in enumerate(lines))]
        self._linked = [0, *accumulate(known.get(at, one.linked) for at, one in enumerate(lines))]

    def of(self, block: Block) -> float:
        """The share of the letters of a block, 0 to 1."""
        size = self._sizes[block.end] - self._sizes[block.first]
        return (self._linked[block.end] - self._linked[block.first]) / max(1, size)


class WeighedPage:
    """A layout with the weight of each of its lines, as ``line_weight`` gives it, and its title.

    ``foreign`` and ``heading`` are found when they are first asked for.
    """

    def __init__(self, layout: Layout, weights: Sequence[float], title: str) -> None:
        self.layout = layout
        self.weights = weights
        self.title = title

    @cached_property
    def prose(self) -> float:
        """The prose of the whole page."""
        return self._sums[-1]

    def weight(self, block: Block) -> float:
        """The prose of a block."""
        return self._sums[block.end] - self._sums[block.first]

    @cached_property
    def foreign(self) -> list[bool]:
        """Whether each block is beside the article, by its name, its heading or its form.

        Where too little is left, a block that holds much of the page's prose is not, whatever it
        is called.
        """
        found = self._marked(self.prose)
        left = sum(
            weight
            for line, weight in zip(self.layout.lines, self.weights, strict=True)
            if not found[line.block]
        )
        return found if left >= _LITTLE_LEFT else self._marked(_MOST * self.prose)

    @cached_property
    def heading(self) -> int:
        """The line that shows the title; -1 if there is none."""
        wanted = letters_of(self.title)
        if len(wanted) < 4:
            return -1
        found = -1
        longest = 2 * len(self.title) + 10
        for index, line in enumerate(self.layout.lines):
            if len(line.text) > longest or line.linked * 2 > len(line.text):
                continue
            if self.foreign[line.block] and not line.is_heading:
                continue
            last = self._title_end(index, wanted)
            if last >= 0 and line.is_heading:
                return last
            if last >= 0 and found < 0:
                found = last
        return found

    def scores(self, shares: LinkShares) -> dict[int, float]:
        """How much each block looks like the article's: near prose counts full, deep prose less.

        Only what each block has in links depends on ``shares``.
        """
        blocks, scores = self.layout.blocks, dict[int, float]()
        for index, weight in enumerate(self.weights):
            if weight:
                share = _BEFORE_TITLE if index < self.heading else 1.0
                line = self.layout.lines[index]
                self._give(scores, line.block, min(weight, _MAX_PARAGRAPH) * share)
        for block in scores:
            one = blocks[block]
            scores[block] *= (1 - shares.of(one)) ** 2
            if self.foreign[block]:
                scores[block] *= _BESIDE
            elif is_article_name(one.names):
                scores[block] *= _NAMED
            if 0 <= self.heading < one.end and one.first - self.heading < TITLE_DISTANCE:
                scores[block] *= _NEAR_TITLE
        return scores

    @cached_property
    def _sums(self) -> list[float]:
        return [0.0, *accumulate(self.weights)]

    def _marked(self, most: float) -> list[bool]:
        """Mark the blocks that look foreign and hold no more prose than ``most``, nor the title."""
        blocks = self.layout.blocks
        found = [False] * len(blocks)
        wanted = letters_of(self.title)
        titles = [
            index
            for index, line in enumerate(self.layout.lines)
            if line.is_heading and len(wanted) > 3 and letters_of(line.text) == wanted
        ]
        for index, block in enumerate(blocks):
            if block.parent >= 0 and found[block.parent]:
                found[index] = True
            elif any(block.first <= title < block.end for title in titles):
                continue
            elif block.first < block.end and index and self.weight(block) <= most:
                found[index] = (
                    block.tag in _ASIDE_ELEMENTS
                    or (block.names != " " and self._is_named_foreign(block))
                    or self._heads_others(block)
                )
        self._mark_teasers(found)
        return found

    def _is_named_foreign(self, block: Block) -> bool:
        """Whether a block has a foreign name, and not one that says little and paragraphs in it."""
        if not is_foreign_name(block.names):
            return False
        if self.weight(block) < _LITTLE_LEFT or not is_weak_name(block.names):
            return True
        lines = self.layout.lines[block.first : block.end]
        sentences = sum(len(line.text) for line in lines if line.text[-1] in _SENTENCE_ENDS)
        return any(line.linked for line in lines) or sentences * 2 < sum(
            len(line.text) for line in lines
        )

    def _heads_others(self, block: Block) -> bool:
        """Whether a block begins with a heading such as 相关阅读, and links follow, or comments."""
        lines = self.layout.lines
        first = lines[block.first]
        if block.end - block.first < 2 or len(first.text) > MAX_HEADING:
            return False
        if heads_comments(first.text):
            return True
        if not heads_other_articles(first.text):
            return False
        return any(line.link_share > 0.8 for line in lines[block.first + 1 : block.end])

    def _mark_teasers(self, found: list[bool]) -> None:
        """Mark neighbours that each begin with a linked headline and go on with its summary."""
        before: dict[int, int] = {}
        for index, block in enumerate(self.layout.blocks):
            if found[index] or block.end - block.first < 2 or block.tag not in BOXES:
                continue
            if not self._is_teaser(block):
                continue
            twin = before.get(block.parent)
            if twin is not None and self.layout.blocks[twin].names == block.names:
                found[index] = found[twin] = True
            before[block.parent] = index
        # What lies in a marked block was passed before its neighbour came.
        for index, block in enumerate(self.layout.blocks):
            found[index] = found[index] or (block.parent >= 0 and found[block.parent])

    def _is_teaser(self, block: Block) -> bool:
        first = self.layout.lines[block.first]
        if first.link_share < 0.9 or len(first.text) < 4 or first.href.startswith("#"):
            return False
        return block.end - block.first <= 6 and 0 < self.weight(block) <= 600

    def _title_end(self, index: int, wanted: str) -> int:
        """The last line of a title that begins at a line; -1 if none does."""
        lines = self.layout.lines
        shown = letters_of(lines[index].text)
        if lines[index].is_heading and len(shown) >= 8 and shown in wanted:
            return index
        last = index
        while len(shown) < len(wanted) and wanted.startswith(shown) and last - index < 3:
            last += 1
            if last == len(lines) or len(shown) < 6:
                return -1
            shown += letters_of(lines[last].text)
        return last if shown == wanted else -1

    def _give(self, scores: dict[int, float], block: int, weight: float) -> None:
        """Give the weight of a line to the boxes around it, outer ones less.

        A box that holds this line alone is a paragraph, which counts less than what holds it.
        """
        blocks = self.layout.blocks
        lone, share = -1, 1.0
        while block >= 0 and share >= _LEAST_SHARE:
            one = blocks[block]
            if one.tag in BOXES and one.end - one.first == 1:
                lone = block
            elif one.tag in BOXES:
                if lone >= 0:
                    scores[lone] = scores.get(lone, 0.0) + weight * _LONE_BOX
                    lone = -1
                scores[block] = scores.get(block, 0.0) + weight * share
                share *= _DECAY
            block = one.parent
        if lone >= 0:
            scores[lone] = scores.get(lone, 0.0) + weight


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？、]")
