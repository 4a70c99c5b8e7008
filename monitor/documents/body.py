"""The article on a page: by the selector of the family, else where its prose is.

The general reader looks for the block with most prose near the title, then takes in the blocks
around it that hold prose of the same article, and leaves out what stands beside and below it:
menus, teasers of other articles, comments, the imprint. Prose is text outside links with Chinese
punctuation. What it is not sure of it says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.blocks import Block, Layout, Line
from monitor.documents.dates import LABEL_ENDS
from monitor.documents.html_text import letters_of, lines_of
from monitor.documents.selectors import select_nodes

if TYPE_CHECKING:
    import re2

    from monitor.documents.tables import Boilerplate


@cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？、]")


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？]")


@cache
def _plain_text_pattern() -> re.Pattern[str]:
    # 下一页 leads to more of the article; a year may be of a day.
    return re.compile(rf"(?:(?![页年])[\u4e00-\u9fff]){{{MIN_LINK},{MAX_LINK}}}")


@cache
def _plain_address_pattern() -> re.Pattern[str]:
    # Of no file (attachments.py), and of no place on this page.
    return re.compile(
        r"(?!.*(?:\.(?:pdf|doc|wps|ofd|xls|et|ppt|txt|zip|rar)|down|file|attach|fujian|upload|annex))"
        r"(?:https?://|/)[\w./:?=~-]{1,300}",
        re.IGNORECASE | re.ASCII,
    )


@cache
def _furniture_end_pattern() -> re.Pattern[str]:
    return re.compile(r"([】\]）)])\s*(?=[【\[（(])|\s+")


_MIN_LETTERS = 10
_ASIDE_ELEMENTS = frozenset({"nav", "footer", "aside", "form"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# Elements that hold paragraphs or parts of a page; lists and tables stand inside one of them.
_BOXES = frozenset(
    {"div", "td", "th", "section", "article", "main", "body", "center", "founder-content"}
    | {"ucapcontent", "details", "blockquote", "fieldset", "figure", "dd", "li", "pre"}
)
_DECAY, _LEAST_SHARE = 0.5, 0.1
_LONE_BOX = 0.6
_UNPUNCTUATED = 0.1
_MAX_PARAGRAPH = 800
_BESIDE = 0.15
_NAMED = 1.2
_NEAR_TITLE = 1.5
_TITLE_DISTANCE = 40
_BEFORE_TITLE = 0.4
_MOST = 0.4
_LITTLE_LEFT = 40
_ALIKE = 0.75
_MIN_KIN = 10
_MIN_LEAD, _MAX_LEAD = 20, 3
_KIN_SHARE = 0.08
_SHORT, _MAX_FURNITURE = 120, 80
_MAX_HEADING = 16
_LINKED = 0.8
_LATE = 0.6
_LINKED_BLOCK = 0.3
# A title may go on for so many lines, if its first has so many letters.
_TITLE_LINES, _TITLE_START = 3, 4
MIN_LINK, MAX_LINK = 6, 40
"""How many characters the words of a plain link have."""


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


@dataclass(frozen=True, slots=True)
class Weighed:
    """A layout with the weight of each of its lines, as ``line_weight`` gives it."""

    layout: Layout
    weights: list[float]


def find_article(
    tree: LexborHTMLParser,
    weighed: Weighed,
    selector: str | None,
    title: str,
    hidden: frozenset[str] = frozenset(),
) -> Article:
    """The article of a page.

    Args:
        tree: the page.
        weighed: its visible lines and blocks, and how much prose they are.
        selector: of the body, of the family of the page.
        title: of the article; the text is looked for near it.
        hidden: the names that the page's style hides.
    """
    blocks: list[list[str]] = []
    for node in select_nodes(tree, selector):
        lines = _without_boilerplate(lines_of(node, hidden))
        # Some portals send the article twice, for wide and for narrow screens.
        if lines and lines not in blocks:
            blocks.append(lines)
    chosen = _without_related([line for block in blocks for line in block], weighed.layout)
    if has_prose(chosen):
        whole = sum(weighed.weights)
        taken = sum(map(_prose, chosen)) / whole if whole else 1.0
        first, last = _place_of(chosen, weighed.layout)
        return Article(
            chosen,
            taken=min(1.0, taken),
            evidence=(f"body: selector {selector}",),
            heading=first - 1,
            first=first,
            last=last,
        )
    remark = f"nothing under the selector {selector}; read without it" if selector else ""
    return _Finder(weighed.layout, title, weighed.weights).article(remark)


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
    """Whether a line heads links to other articles, or comments."""
    return len(line) <= _MAX_HEADING and _heading_pattern().fullmatch(line) is not None


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


def line_weight(line: Line) -> float:
    """How much prose a line is: its letters outside links, few of them without punctuation."""
    if line.linked * 2 > len(line.text):
        return 0.0
    return _prose(line.text) * (1 - line.link_share)


@dataclass(slots=True)
class _Finder:
    """Looks for the article in a layout; each method is one step of ``article``."""

    layout: Layout
    title: str
    weights: list[float]
    sums: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)
    foreign: list[bool] = field(default_factory=list)

    def article(self, remark: str) -> Article:
        lines = self.layout.lines
        self.sums = [0.0, *accumulate(self.weights)]
        self.sizes = [0, *accumulate(len(line.text) for line in lines)]
        self.linked = [0, *accumulate(line.linked for line in lines)]
        if not self.sums[-1]:
            # Headlines alone, or nothing.
            return Article(_without_boilerplate([line.text for line in lines]), remark)
        self.foreign = self._foreign_blocks()
        heading = self._title_line()
        scores = self._scores(heading)
        if not scores:
            return Article([], remark)
        best = max(scores, key=lambda block: scores[block])
        top = self._widened(best, heading)
        kept = self._kept(top, heading)
        taken = sum(self.weights[index] for index in kept) / self.sums[-1]
        doubts = self._doubts(best, top, scores, heading, kept)
        evidence = [
            f"body: {self.layout.name(top)}, {len(kept)} of {len(lines)} lines, "
            f"{taken:.0%} of the prose"
        ]
        if top != best:
            evidence.append(f"body: most prose in {self.layout.name(best)}, more beside it")
        rivals = sorted(scores, key=lambda block: -scores[block])[1:4]
        evidence += [
            f"body: {self.layout.name(block)} scores {scores[block] / scores[best]:.2f} of it"
            for block in rivals
        ]
        first, last = (kept[0], kept[-1]) if kept else (0, 0)
        text = [lines[index].text for index in kept]
        return Article(text, remark, taken, doubts, tuple(evidence), heading, first, last)

    def weight(self, block: Block) -> float:
        """The prose of a block."""
        return self.sums[block.end] - self.sums[block.first]

    def _foreign_blocks(self) -> list[bool]:
        """Whether each block is beside the article, by its name, its heading or its form.

        Where too little is left, a block that holds much of the page's prose is not, whatever it
        is called.
        """
        found = self._marked(self.sums[-1])
        left = sum(
            weight
            for line, weight in zip(self.layout.lines, self.weights, strict=True)
            if not found[line.block]
        )
        return found if left >= _LITTLE_LEFT else self._marked(_MOST * self.sums[-1])

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
                    or (block.names != " " and is_foreign_name(block.names))
                    or self._heads_others(block)
                )
        self._mark_teasers(found)
        return found

    def _heads_others(self, block: Block) -> bool:
        """Whether a block begins with a heading such as 相关阅读, and links follow, or comments."""
        lines = self.layout.lines
        first = lines[block.first]
        if block.end - block.first < 2 or len(first.text) > 16:
            return False
        if _comments_pattern().fullmatch(first.text) is not None:
            return True
        if _heading_pattern().fullmatch(first.text) is None:
            return False
        return any(line.link_share > 0.8 for line in lines[block.first + 1 : block.end])

    def _mark_teasers(self, found: list[bool]) -> None:
        """Mark neighbours that each begin with a linked headline and go on with its summary."""
        before: dict[int, int] = {}
        for index, block in enumerate(self.layout.blocks):
            if found[index] or block.end - block.first < 2 or block.tag not in _BOXES:
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

    def _title_line(self) -> int:
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

    def _scores(self, heading: int) -> dict[int, float]:
        """How much each block looks like the article's: near prose counts full, deep prose less."""
        blocks, scores = self.layout.blocks, dict[int, float]()
        for index, weight in enumerate(self.weights):
            if weight:
                share = _BEFORE_TITLE if index < heading else 1.0
                line = self.layout.lines[index]
                self._give(scores, line.block, min(weight, _MAX_PARAGRAPH) * share)
        for block in scores:
            one = blocks[block]
            scores[block] *= (1 - self._link_share(one)) ** 2
            if self.foreign[block]:
                scores[block] *= _BESIDE
            elif is_article_name(one.names):
                scores[block] *= _NAMED
            if 0 <= heading < one.end and one.first - heading < _TITLE_DISTANCE:
                scores[block] *= _NEAR_TITLE
        return scores

    def _give(self, scores: dict[int, float], block: int, weight: float) -> None:
        """Give the weight of a line to the boxes around it, outer ones less.

        A box that holds this line alone is a paragraph, which counts less than what holds it.
        """
        blocks = self.layout.blocks
        lone, share = -1, 1.0
        while block >= 0 and share >= _LEAST_SHARE:
            one = blocks[block]
            if one.tag in _BOXES and one.end - one.first == 1:
                lone = block
            elif one.tag in _BOXES:
                if lone >= 0:
                    scores[lone] = scores.get(lone, 0.0) + weight * _LONE_BOX
                    lone = -1
                scores[block] = scores.get(block, 0.0) + weight * share
                share *= _DECAY
            block = one.parent
        if lone >= 0:
            scores[lone] = scores.get(lone, 0.0) + weight

    def _link_share(self, block: Block) -> float:
        size = self.sizes[block.end] - self.sizes[block.first]
        return (self.linked[block.end] - self.linked[block.first]) / max(1, size)

    def _widened(self, best: int, heading: int) -> int:
        """The block around the best one that holds more of the article beside it.

        The search ends at the block that holds the title too.
        """
        blocks = self.layout.blocks
        top = best
        for level, above in enumerate(self.layout.ancestors(best), start=1):
            if blocks[top].first <= heading < blocks[top].end or blocks[above].tag == "body":
                break
            kin = self._kin(above, blocks[top], heading)
            wanted = _MIN_KIN if level == 1 else self.weight(blocks[top]) * _KIN_SHARE
            if kin >= max(_MIN_KIN, wanted):
                top = above
            if blocks[above].first <= heading < blocks[above].end:
                break
        return top

    def _kin(self, above: int, inner: Block, heading: int) -> float:
        """The prose in a block that lies beside an inner one and is of the same article."""
        blocks, lines = self.layout.blocks, self.layout.lines
        outer = blocks[above]
        kin = 0.0
        for index in range(outer.first, outer.end):
            line = lines[index]
            if inner.first <= index < inner.end or index <= heading or not self.weights[index]:
                continue
            if self.foreign[line.block] or _ends_article(line) or is_boilerplate(line.text):
                if index >= inner.end and _ends_article(line):
                    break
                continue
            if self._is_beside(line, above):
                continue
            if _clause_pattern().search(line.text) is not None and line.link_share < 0.3:
                if self._is_linked_block(line, above):
                    continue
                kin += self.weights[index]
        return kin

    def _is_beside(self, line: Line, above: int) -> bool:
        """Whether a line stands in a part of a block whose name says that it is a side column."""
        block = line.block
        while block not in {above, -1}:
            one = self.layout.blocks[block]
            if one.names != " " and one.tag in _BOXES and is_side_name(one.names):
                return True
            block = one.parent
        return False

    def _is_linked_block(self, line: Line, above: int) -> bool:
        """Whether a line stands in a part of a block that consists of links for the most part."""
        block = line.block
        parent = self.layout.blocks[block].parent
        while parent not in {above, -1} and block != above:
            block, parent = parent, self.layout.blocks[parent].parent
        share = self._link_share(self.layout.blocks[block])
        return block != above and share > _LINKED_BLOCK

    def _kept(self, top: int, heading: int) -> list[int]:
        """The lines of the article in its block, in order."""
        block = self.layout.blocks[top]
        lines = self.layout.lines
        inside = self.foreign[top]
        kept = [
            index
            for index in range(block.first, block.end)
            if inside or not self.foreign[lines[index].block]
        ]
        kept = [*self._lead(block, heading), *kept]
        kept = self._from_title(kept, heading)
        kept = self._before_end(kept)
        kept = [index for index in kept if not is_boilerplate(lines[index].text)]
        while kept and lines[kept[-1]].link_share > 0.8 and not _is_file(lines[kept[-1]]):
            kept.pop()
        while kept and lines[kept[0]].link_share > 0.8 and not _is_file(lines[kept[0]]):
            kept.pop(0)
        return kept

    def _lead(self, block: Block, heading: int) -> list[int]:
        """The paragraphs between the title and the block: a summary that stands apart."""
        found = []
        for index in range(heading + 1, block.first) if heading >= 0 else ():
            line = self.layout.lines[index]
            if self.foreign[line.block] or line.link_share > 0.3 or is_boilerplate(line.text):
                continue
            if len(line.text) >= _MIN_LEAD and _clause_pattern().search(line.text) is not None:
                found.append(index)
        return found if len(found) <= _MAX_LEAD else []

    def _from_title(self, kept: list[int], heading: int) -> list[int]:
        """Without what stands above the title, and without the title itself."""
        if heading not in kept:
            return kept
        after = [index for index in kept if index > heading]
        left = sum(self.weights[index] for index in kept if index < heading)
        right = sum(self.weights[index] for index in after)
        return after if right >= left else kept

    def _before_end(self, kept: list[int]) -> list[int]:
        """Up to the imprint, a notice of rights, or the heading of other articles."""
        whole = sum(self.weights[index] for index in kept)
        seen = 0.0
        for at, index in enumerate(kept):
            line = self.layout.lines[index]
            late = seen >= _LATE * whole
            if late and (_ends_article(line) or self._heads_rest(kept[at:])):
                return kept[:at]
            seen += self.weights[index]
        return kept

    def _heads_rest(self, rest: list[int]) -> bool:
        """Whether the first of these lines is a heading of other articles, and links follow."""
        lines = self.layout.lines
        first = lines[rest[0]]
        if len(first.text) > 16 or _heading_pattern().fullmatch(first.text) is None:
            return False
        after = [lines[index] for index in rest[1:6]]
        return bool(after) and (
            sum(line.link_share > 0.8 for line in after) * 2 >= len(after)
            or not any(self.weights[index] > 20 for index in rest[1:])
        )

    def _doubts(
        self, best: int, top: int, scores: dict[int, float], heading: int, kept: list[int]
    ) -> tuple[str, ...]:
        """Why the article may be another block."""
        blocks = self.layout.blocks
        chosen = blocks[top]
        doubts = []
        for block, score in scores.items():
            one = blocks[block]
            apart = one.end <= chosen.first or one.first >= chosen.end
            if apart and score >= _ALIKE * scores[best] and not self._repeats(one, chosen):
                doubts.append(f"{self.layout.name(block)} looks as much like the article")
                break
        if heading >= 0 and kept:
            if kept[0] < heading and kept[-1] < heading:
                doubts.append("the text stands above the title")
            elif kept[0] - heading > _TITLE_DISTANCE:
                doubts.append("the text stands far below the title")
        return tuple(doubts)

    def is_sure_beside(self, links: Sequence[int]) -> bool:
        """Whether the article's block stays the best one, by far, whatever words links have."""
        lines, blocks = self.layout.lines, self.layout.blocks
        self.sums = [0.0, *accumulate(self.weights)]
        self.foreign = self._foreign_blocks()
        heading = self._title_line()
        free = frozenset(links)
        scores: list[dict[int, float]] = []
        shares: list[list[bool]] = []
        for length in (MIN_LINK, MAX_LINK):
            changed = [length if index in free else None for index in range(len(lines))]
            pairs = list(zip(lines, changed, strict=True))
            self.sizes = [0, *accumulate(len(one.text) if n is None else n for one, n in pairs)]
            self.linked = [0, *accumulate(one.linked if n is None else n for one, n in pairs)]
            scores.append(self._scores(heading))
            shares.append([self._link_share(block) > _LINKED_BLOCK for block in blocks])
        most, least = scores
        if not least or shares[0] != shares[1]:
            return False
        # More letters in links lower a score, so each of them lies between these two.
        best = max(least, key=lambda block: least[block])
        return all(
            score < _ALIKE * least[best]
            if blocks[block].end <= blocks[best].first or blocks[block].first >= blocks[best].end
            else score < least[best]
            for block, score in most.items()
            if block != best
        )

    def _repeats(self, one: Block, other: Block) -> bool:
        """Whether a block says what another does: a page for wide and for narrow screens."""
        lines = self.layout.lines
        said = {line.text for line in lines[other.first : other.end]}
        again = [line.text in said for line in lines[one.first : one.end]]
        return sum(again) * 5 >= len(again) * 4


def steady_links(
    weighed: Weighed, selector: str | None, title: str, names: str, article: Article
) -> tuple[str, ...]:
    """The links beside an article that found it would not be another if they had other words.

    Some sites show other articles at each visit. Only the sum of the letters in links counts for
    the choice of the article's block: it is tried with the shortest and the longest words that a
    link may have, and no block may come near to the best one, nor across another limit. A link
    below a line that may be a title or the label of a day has to stay as it is.

    Args:
        weighed: the page.
        selector: of the body; what it chooses is not tried.
        title: of the article.
        names: all that the page calls itself, from which the title was chosen.
        article: what was found.

    Returns:
        Their texts, in order; none if the choice was close.
    """
    if selector:
        return ()
    lines = weighed.layout.lines
    found = [
        index
        for index, line in enumerate(lines)
        if not article.first <= index <= article.last and _is_free(weighed.layout, line)
    ]
    if not found:
        return ()
    wanted = letters_of(f"{names} {title}")
    for index in found:
        before = [letters_of(line.text) for line in lines[max(0, index - _TITLE_LINES) : index]]
        if any(len(shown) >= _TITLE_START and shown in wanted for shown in before):
            return ()
        if index and lines[index - 1].text[-1] in LABEL_ENDS:
            return ()
    finder = _Finder(weighed.layout, title, weighed.weights)
    return tuple(lines[index].text for index in found) if finder.is_sure_beside(found) else ()


def _is_free(layout: Layout, line: Line) -> bool:
    """Whether a line is a link in a list, with words and an address that mean nothing here."""
    return (
        layout.blocks[line.block].tag == "li"
        and not line.is_heading
        and line.linked == len(line.text)
        and is_plain_link(line.text, line.href)
    )


def is_plain_link(text: str, href: str) -> bool:
    """Whether a link by its words and its address is only one to another article."""
    return _is_plain_text(text) and _plain_address_pattern().fullmatch(href) is not None


@lru_cache(maxsize=4096)
def _is_plain_text(text: str) -> bool:
    return (
        _plain_text_pattern().fullmatch(text) is not None
        and text[-1] not in LABEL_ENDS
        and _heading_pattern().fullmatch(text) is None
        and _comments_pattern().fullmatch(text) is None
        and not _begins_footer(text)
        and not is_boilerplate(text)
    )


def is_boilerplate(line: str) -> bool:
    """Whether a line is a button, a byline or other furniture of the page, or several of them."""
    if len(line) > _SHORT:
        return False
    if _boilerplate_pattern().fullmatch(line) is not None:
        return True
    if len(line) > _MAX_FURNITURE or (" " not in line and "】" not in line):
        return False
    parts = _furniture_end_pattern().sub(r"\1\n", line).split("\n")
    return len(parts) > 1 and all(
        _boilerplate_pattern().fullmatch(part) is not None for part in parts if part
    )


@lru_cache(maxsize=4096)
def is_foreign_name(names: str) -> bool:
    """Whether the class or id of a block says that it stands beside the article."""
    return _foreign_name_pattern().search(names) is not None


@lru_cache(maxsize=4096)
def is_side_name(names: str) -> bool:
    """Whether the class or id of a block says that it is a column beside another."""
    return _side_name_pattern().search(names) is not None


@lru_cache(maxsize=4096)
def is_article_name(names: str) -> bool:
    """Whether the class or id of a block says that it holds an article."""
    return any(name in names for name in _tables().article_names)


def _begins_footer(text: str) -> bool:
    if len(text) <= _SHORT:
        return _is_short_footer(text)
    return _footer_pattern().match(text) is not None


@lru_cache(maxsize=1024)
def _is_short_footer(text: str) -> bool:
    # The short lines of a page are mostly its menus, which all pages of the site have.
    return _footer_pattern().match(text) is not None


def _prose(text: str) -> float:
    size = len(text) - text.count(" ") - text.count("\u3000")
    if not size or (size <= _SHORT and _begins_footer(text)):
        return 0.0
    return size if _punctuation_pattern().search(text) else size * _UNPUNCTUATED


def _ends_article(line: Line) -> bool:
    return len(line.text) <= 4 * _SHORT and _begins_footer(line.text)


@cache
def _file_pattern() -> re.Pattern[str]:
    return re.compile(r"\.(?:pdf|docx?|wps|ofd|xlsx?|et|zip|rar|txt)(?:[?#]|$)", re.IGNORECASE)


def _is_file(line: Line) -> bool:
    return _file_pattern().search(line.href) is not None


def _without_boilerplate(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not is_boilerplate(line)]


@cache
def _boilerplate_pattern() -> re2._Regexp:
    return _alternatives(_tables().lines)


@cache
def _footer_pattern() -> re2._Regexp:
    return _alternatives(_tables().ends)


@cache
def _heading_pattern() -> re2._Regexp:
    return _alternatives(_tables().headings)


@cache
def _comments_pattern() -> re2._Regexp:
    return _alternatives(_tables().comments)


@cache
def _side_name_pattern() -> re2._Regexp:
    words = "|".join(map(re.escape, _tables().beside_words))
    return _alternatives([rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])"])


@cache
def _foreign_name_pattern() -> re2._Regexp:
    tables = _tables()
    words = "|".join(map(re.escape, tables.foreign_words))
    names = "|".join(map(re.escape, tables.foreign_names))
    return _alternatives([names, rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])"])


def _alternatives(expressions: Sequence[str]) -> re2._Regexp:
    import re2

    return re2.compile("|".join(f"(?:{one})" for one in expressions))


def _tables() -> Boilerplate:
    # Importing the tables loads pydantic.
    from monitor.documents.tables import boilerplate

    return boilerplate()
