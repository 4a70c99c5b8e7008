"""The article on a page: by the selector of the family, else where its prose is.

The general reader looks for the block with most prose near the title, then takes in the blocks
around it that hold prose of the same article, and leaves out what stands beside and below it:
menus, teasers of other articles, comments, the imprint. What it is not sure of it says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.blocks import Block, Layout, Line
from monitor.documents.boilerplate import (
    MAX_HEADING,
    SHORT_LINE,
    begins_footer,
    heads_other_articles,
    is_boilerplate,
    is_number,
    is_side_name,
)
from monitor.documents.html_text import CELLS, letters_of, lines_of
from monitor.documents.printed_lines import is_numbered, without_printed_breaks
from monitor.documents.selectors import select_nodes
from monitor.documents.weighed_page import (
    BOXES,
    TITLE_DISTANCE,
    LinkShares,
    WeighedPage,
    prose_of,
)

ALIKE = 0.75
"""Share of the best score from which another block looks as much like the article."""
_MIN_LETTERS = 10
_MIN_KIN = 10
_MIN_LEAD, _MAX_LEAD = 20, 3
_KIN_SHARE = 0.08
_LINKED = 0.8
_MIN_PARAGRAPH, _MAX_ADDED, _ADDED_SHARE = 20, 20, 0.8
_LATE = 0.6
_LINKED_BLOCK = 0.3
_LINES = frozenset({"p", "div"})


@dataclass(frozen=True, slots=True)
class Article:
    """The lines of an article, and how they were found.

    ``remark``: the selector found nothing. ``taken`` is the share of the page's prose in the
    lines. ``doubts`` say why this may be another text, ``evidence`` what was chosen and why.
    The article lies between the lines ``first`` and ``last`` of the layout; ``heading`` is the line
    that shows its title (-1: none).
    """

    lines: list[str]
    remark: str = ""
    taken: float = 1.0
    doubts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    heading: int = -1
    first: int = 0
    last: int = 0


def find_article(
    tree: LexborHTMLParser,
    page: WeighedPage,
    selector: str | None,
    hidden: frozenset[str] = frozenset(),
) -> Article:
    """The article of a page.

    Args:
        tree: the page.
        page: its visible lines and blocks, how much prose they are, and the title of the article,
            near which the text is looked for.
        selector: of the body, of the family of the page.
        hidden: the names that the page's style hides.
    """
    blocks: list[list[str]] = []
    for node in select_nodes(tree, selector):
        lines = _without_boilerplate(lines_of(node, hidden))
        # Some portals send the article twice, for wide and for narrow screens.
        if lines and lines not in blocks:
            blocks.append(lines)
    chosen = _without_related([line for block in blocks for line in block], page.layout)
    if has_prose(chosen):
        taken = sum(map(prose_of, chosen)) / page.prose if page.prose else 1.0
        first, last = _place_of(chosen, page.layout)
        return Article(
            chosen,
            taken=min(1.0, taken),
            evidence=(f"body: selector {selector}",),
            heading=first - 1,
            first=first,
            last=last,
        )
    remark = f"nothing under the selector {selector}; read without it" if selector else ""
    return _Finder(page, LinkShares(page.layout.lines)).article(remark)


def _without_related(chosen: list[str], layout: Layout) -> list[str]:
    """A selected text without the heading of other articles at its end and the links below it.

    They change with each visit, and are nothing that the article says.
    """
    shown = {line.text: line for line in layout.lines}
    end = len(chosen)
    while end and (line := shown.get(chosen[end - 1])) and _is_other_article(line):
        end -= 1
    if 0 < end < len(chosen) and _is_other_heading(chosen[end - 1]):
        return chosen[: end - 1]
    return chosen


def _is_other_article(line: Line) -> bool:
    return line.link_share > _LINKED and not _is_file(line)


def _is_other_heading(line: str) -> bool:
    """Whether a short line heads links to other articles."""
    return len(line) <= MAX_HEADING and heads_other_articles(line)


def _place_of(chosen: Sequence[str], layout: Layout) -> tuple[int, int]:
    """The lines of the layout that a selected text lies between."""
    shown = [line.text for line in layout.lines]
    first = shown.index(chosen[0]) if chosen[0] in shown else 0
    last = len(shown) - 1 - shown[::-1].index(chosen[-1]) if chosen[-1] in shown else len(shown) - 1
    return first, last


def has_prose(lines: Sequence[str]) -> bool:
    """Whether the lines hold at least a few letters."""
    seen = 0
    for line in lines[:200]:
        seen += len(letters_of(line))
        if seen >= _MIN_LETTERS:
            return True
    return False


def is_linked_block(shares: LinkShares, block: Block) -> bool:
    """Whether a block consists of links for the most part."""
    return shares.of(block) > _LINKED_BLOCK


@dataclass(frozen=True, slots=True)
class _Finder:
    """Looks for the article in a page; each method is one step of ``article``."""

    page: WeighedPage
    shares: LinkShares

    def article(self, remark: str) -> Article:
        lines = self.page.layout.lines
        if not self.page.prose:
            # Headlines alone, or nothing.
            return Article(_without_boilerplate([line.text for line in lines]), remark)
        scores = self.page.scores(self.shares)
        if not scores:
            return Article([], remark)
        best = max(scores, key=lambda block: scores[block])
        top = self._widened(best)
        kept = self._kept(top)
        taken = sum(self.page.weights[index] for index in kept) / self.page.prose
        doubts = self._doubts(best, top, scores, kept)
        evidence = [
            f"body: {self.page.layout.name(top)}, {len(kept)} of {len(lines)} lines, "
            f"{taken:.0%} of the prose"
        ]
        if top != best:
            evidence.append(f"body: most prose in {self.page.layout.name(best)}, more beside it")
        rivals = sorted(scores, key=lambda block: -scores[block])[1:4]
        evidence += [
            f"body: {self.page.layout.name(block)} scores {scores[block] / scores[best]:.2f} of it"
            for block in rivals
        ]
        first, last = (kept[0], kept[-1]) if kept else (0, 0)
        text = without_printed_breaks([lines[index].text for index in kept], self._apart(kept))
        return Article(text, remark, taken, doubts, tuple(evidence), self.page.heading, first, last)

    def _apart(self, kept: Sequence[int]) -> list[bool]:
        """Whether each line begins anew: a row, a link, or of another kind of block than the last.

        Printed lines are those between line breaks, or paragraphs beside each other.
        """
        lines, blocks = self.page.layout.lines, self.page.layout.blocks
        apart = [True]
        for before, index in itertools.pairwise(kept):
            one, other = lines[before], lines[index]
            first, second = blocks[one.block], blocks[other.block]
            same = one.block == other.block or (
                first.parent == second.parent and first.tag == second.tag and first.tag in _LINES
            )
            apart.append(not same or bool(one.linked or other.linked))
        return apart

    def _widened(self, best: int) -> int:
        """The block around the best one that holds more of the article beside it.

        The search ends at the block that holds the title too.
        """
        blocks, heading = self.page.layout.blocks, self.page.heading
        top = best
        for level, above in enumerate(self.page.layout.ancestors(best), start=1):
            if blocks[top].first <= heading < blocks[top].end or blocks[above].tag == "body":
                break
            kin = self._kin(above, blocks[top])
            wanted = _MIN_KIN if level == 1 else self.page.weight(blocks[top]) * _KIN_SHARE
            if kin >= max(_MIN_KIN, wanted) or self._only_adds_prose(above, blocks[top], kin):
                top = above
            if blocks[above].first <= heading < blocks[above].end:
                break
        return top

    def _only_adds_prose(self, above: int, inner: Block, kin: float) -> bool:
        """Whether a block holds, after an inner one, nothing but a few more paragraphs."""
        outer = self.page.layout.blocks[above]
        after = self.page.layout.lines[inner.end : outer.end]
        whole = [line for line in after if not is_boilerplate(line.text)]
        if not whole or any(line.linked for line in whole) or len(whole) > _MAX_ADDED:
            return False
        if not all(_sentence_end_pattern().search(line.text) for line in whole[-1:]):
            return False
        return kin >= _MIN_PARAGRAPH and kin >= _ADDED_SHARE * sum(len(one.text) for one in whole)

    def _kin(self, above: int, inner: Block) -> float:
        """The prose in a block that lies beside an inner one and is of the same article."""
        lines, weights = self.page.layout.lines, self.page.weights
        outer = self.page.layout.blocks[above]
        kin = 0.0
        for index in range(outer.first, outer.end):
            line = lines[index]
            if inner.first <= index < inner.end or index <= self.page.heading or not weights[index]:
                continue
            if self.page.foreign[line.block] or _ends_article(line) or is_boilerplate(line.text):
                if index >= inner.end and _ends_article(line):
                    break
                continue
            if self._is_beside(line, above):
                continue
            if _clause_pattern().search(line.text) is not None and line.link_share < 0.3:
                if self._is_linked_block(line, above):
                    continue
                kin += weights[index]
        return kin

    def _is_beside(self, line: Line, above: int) -> bool:
        """Whether a line stands in a part of a block whose name says that it is a side column."""
        block = line.block
        while block not in {above, -1}:
            one = self.page.layout.blocks[block]
            if one.names != " " and one.tag in BOXES and is_side_name(one.names):
                return True
            block = one.parent
        return False

    def _is_linked_block(self, line: Line, above: int) -> bool:
        """Whether a line stands in a part of a block that consists of links for the most part."""
        block = line.block
        parent = self.page.layout.blocks[block].parent
        while parent not in {above, -1} and block != above:
            block, parent = parent, self.page.layout.blocks[parent].parent
        return block != above and is_linked_block(self.shares, self.page.layout.blocks[block])

    def _kept(self, top: int) -> list[int]:
        """The lines of the article in its block, in order."""
        block = self.page.layout.blocks[top]
        lines = self.page.layout.lines
        inside = self.page.foreign[top]
        kept = [
            index
            for index in range(block.first, block.end)
            if inside or not self.page.foreign[lines[index].block]
        ]
        kept = [*self._lead(block), *kept]
        kept = self._from_title(kept)
        kept = self._before_end(kept)
        kept = [
            index
            for index in kept
            if not is_boilerplate(lines[index].text) or self._is_in_table(lines[index])
        ]
        kept = self._without_contents(kept)
        while kept and lines[kept[-1]].link_share > 0.8 and not _is_file(lines[kept[-1]]):
            kept.pop()
        while kept and lines[kept[0]].link_share > 0.8 and not _is_file(lines[kept[0]]):
            kept.pop(0)
        return kept

    def _lead(self, block: Block) -> list[int]:
        """The paragraphs between the title and the block: a summary that stands apart."""
        heading = self.page.heading
        found = []
        for index in range(heading + 1, block.first) if heading >= 0 else ():
            line = self.page.layout.lines[index]
            if self.page.foreign[line.block] or line.link_share > 0.3 or is_boilerplate(line.text):
                continue
            if len(line.text) >= _MIN_LEAD and _clause_pattern().search(line.text) is not None:
                found.append(index)
        return found if len(found) <= _MAX_LEAD else []

    def _from_title(self, kept: list[int]) -> list[int]:
        """Without what stands above the title, and without the title itself."""
        heading = self.page.heading
        if heading not in kept:
            return kept
        after = [index for index in kept if index > heading]
        left = sum(self.page.weights[index] for index in kept if index < heading)
        right = sum(self.page.weights[index] for index in after)
        return after if right >= left else kept

    def _before_end(self, kept: list[int]) -> list[int]:
        """Up to the imprint, a notice of rights, or the heading of other articles."""
        whole = sum(self.page.weights[index] for index in kept)
        seen = 0.0
        for at, index in enumerate(kept):
            line = self.page.layout.lines[index]
            late = seen >= _LATE * whole
            if late and self._ends_here(kept[at:], line):
                return kept[:at]
            seen += self.page.weights[index]
        return kept

    def _ends_here(self, rest: list[int], line: Line) -> bool:
        """Whether the article ends before the first of these lines, which is ``line``."""
        if self._heads_rest(rest):
            return True
        if not _ends_article(line):
            return False
        # Who holds an event is said as an imprint says who runs the site, a law ends its articles
        # with what notices of rights say; but then more of it follows.
        return not self._goes_on(rest, line.block)

    def _goes_on(self, rest: list[int], block: int) -> bool:
        """Whether prose follows the first of these lines in the box around it."""
        lines, blocks = self.page.layout.lines, self.page.layout.blocks
        above = blocks[block].parent
        return any(
            self.page.weights[index] > _MIN_PARAGRAPH
            and blocks[lines[index].block].parent == above
            and not is_boilerplate(lines[index].text)
            and not _ends_article(lines[index])
            and _notice_pattern().search(lines[index].text) is None
            for index in rest[1:]
        )

    def _is_in_table(self, line: Line) -> bool:
        """Whether a line is numbers in the cell of a table: a target, no pager and no counter."""
        if line.linked or not is_number(line.text):
            return False
        block = self.page.layout.blocks[line.block]
        return block.tag in CELLS or (
            block.parent >= 0 and self.page.layout.blocks[block.parent].tag in CELLS
        )

    def _without_contents(self, kept: list[int]) -> list[int]:
        """Without a table of contents: links to places on this page, with their headings' words."""
        lines = self.page.layout.lines
        if not any(lines[index].href.startswith("#") for index in kept):
            return kept
        last = {lines[index].text: index for index in kept}
        return [
            index
            for index in kept
            if not (
                lines[index].href.startswith("#")
                and lines[index].link_share > _LINKED
                and last[lines[index].text] > index
            )
        ]

    def _heads_rest(self, rest: list[int]) -> bool:
        """Whether the first of these lines is a heading of other articles, and links follow."""
        lines = self.page.layout.lines
        first = lines[rest[0]]
        if not _is_other_heading(first.text):
            return False
        after = [lines[index] for index in rest[1:6]]
        return bool(after) and (
            sum(line.link_share > 0.8 for line in after) * 2 >= len(after)
            or not any(self.page.weights[index] > 20 for index in rest[1:])
        )

    def _doubts(
        self, best: int, top: int, scores: dict[int, float], kept: list[int]
    ) -> tuple[str, ...]:
        """Why the article may be another block."""
        blocks, heading = self.page.layout.blocks, self.page.heading
        chosen = blocks[top]
        doubts = []
        for block, score in scores.items():
            one = blocks[block]
            apart = one.end <= chosen.first or one.first >= chosen.end
            if apart and score >= ALIKE * scores[best] and not self._repeats(one, chosen):
                doubts.append(f"{self.page.layout.name(block)} looks as much like the article")
                break
        if heading >= 0 and kept:
            if kept[0] < heading and kept[-1] < heading:
                doubts.append("the text stands above the title")
            elif kept[0] - heading > TITLE_DISTANCE:
                doubts.append("the text stands far below the title")
        return tuple(doubts)

    def _repeats(self, one: Block, other: Block) -> bool:
        """Whether a block says what another does: a page for wide and for narrow screens."""
        lines = self.page.layout.lines
        said = {line.text for line in lines[other.first : other.end]}
        again = [line.text in said for line in lines[one.first : one.end]]
        return sum(again) * 5 >= len(again) * 4


def _ends_article(line: Line) -> bool:
    # An article of a law may forbid what a notice of rights does.
    text = line.text
    return len(text) <= 4 * SHORT_LINE and begins_footer(text) and not is_numbered(text)


def _is_file(line: Line) -> bool:
    return _file_pattern().search(line.href) is not None


def _without_boilerplate(lines: Sequence[str]) -> list[str]:
    # Numbers may be targets in the cells of a table.
    return [line for line in lines if is_number(line) or not is_boilerplate(line)]


@cache
def _notice_pattern() -> re.Pattern[str]:
    # What notices of rights and imprints go on with.
    return re.compile(
        "版权|侵权|转载|本网|本站|本刊|本报|本号|本文|投稿|删除|观点|核实|原创|点赞|关注|读者|作者|邮箱|电话|地址|备案"
        "|标识码|浏览器|网友|客服|广告|下载|订阅"
    )


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？]")


@cache
def _sentence_end_pattern() -> re.Pattern[str]:
    return re.compile("[。！？；][”’」』）)]?$")


@cache
def _file_pattern() -> re.Pattern[str]:
    return re.compile(r"\.(?:pdf|docx?|wps|ofd|xlsx?|et|zip|rar|txt)(?:[?#]|$)", re.IGNORECASE)
