"""The links beside an article whose words may change without another article being found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from monitor.documents.blocks import Layout, Line
from monitor.documents.body import ALIKE, Article, is_linked_block
from monitor.documents.boilerplate import (
    begins_footer,
    heads_comments,
    heads_other_articles,
    is_boilerplate,
)
from monitor.documents.dates import LABEL_ENDS
from monitor.documents.html_text import letters_of
from monitor.documents.weighed_page import LinkShares, WeighedPage

# A title may go on for so many lines, if its first has so many letters.
_TITLE_LINES, _TITLE_START = 3, 4
# How many characters the words of a plain link have.
_MIN_LINK, _MAX_LINK = 6, 40


def steady_links(
    page: WeighedPage, selector: str | None, names: str, article: Article
) -> tuple[str, ...]:
    """The links beside an article that found it would not be another if they had other words.

    Some sites show other articles at each visit. Only the sum of the letters in links counts for
    the choice of the article's block: it is tried with the shortest and the longest words that a
    link may have, and no block may come near to the best one, nor across another limit. A link
    below a line that may be a title or the label of a day has to stay as it is.

    Args:
        page: the page, as the article was sought in it.
        selector: of the body; what it chooses is not tried.
        names: all that the page calls itself, from which the title was chosen.
        article: what was found.

    Returns:
        Their texts, in order; none if the choice was close.
    """
    if selector:
        return ()
    lines = page.layout.lines
    found = [
        index
        for index, line in enumerate(lines)
        if not article.first <= index <= article.last and _is_free(page.layout, line)
    ]
    if not found:
        return ()
    wanted = letters_of(f"{names} {page.title}")
    for index in found:
        before = [letters_of(line.text) for line in lines[max(0, index - _TITLE_LINES) : index]]
        if any(len(shown) >= _TITLE_START and shown in wanted for shown in before):
            return ()
        if index and lines[index - 1].text[-1] in LABEL_ENDS:
            return ()
    return tuple(lines[index].text for index in found) if _is_sure_beside(page, found) else ()


def is_plain_link(text: str, href: str) -> bool:
    """Whether a link by its words and its address is only one to another article."""
    return _is_plain_text(text) and _plain_address_pattern().fullmatch(href) is not None


def _is_free(layout: Layout, line: Line) -> bool:
    """Whether a line is a link in a list, with words and an address that mean nothing here."""
    return (
        layout.blocks[line.block].tag == "li"
        and not line.is_heading
        and line.linked == len(line.text)
        and is_plain_link(line.text, line.href)
    )


def _is_sure_beside(page: WeighedPage, links: Sequence[int]) -> bool:
    """Whether the article's block stays the best one, by far, whatever words links have."""
    blocks = page.layout.blocks
    scores: list[dict[int, float]] = []
    linked: list[list[bool]] = []
    for length in (_MIN_LINK, _MAX_LINK):
        shares = LinkShares(page.layout.lines, dict.fromkeys(links, length))
        scores.append(page.scores(shares))
        linked.append([is_linked_block(shares, block) for block in blocks])
    most, least = scores
    if not least or linked[0] != linked[1]:
        return False
    # More letters in links lower a score, so each of them lies between these two.
    best = max(least, key=lambda block: least[block])
    return all(
        score < ALIKE * least[best]
        if blocks[block].end <= blocks[best].first or blocks[block].first >= blocks[best].end
        else score < least[best]
        for block, score in most.items()
        if block != best
    )


@lru_cache(maxsize=4096)
def _is_plain_text(text: str) -> bool:
    return (
        _plain_text_pattern().fullmatch(text) is not None
        and text[-1] not in LABEL_ENDS
        and not heads_other_articles(text)
        and not heads_comments(text)
        and not begins_footer(text)
        and not is_boilerplate(text)
    )


@cache
def _plain_text_pattern() -> re.Pattern[str]:
    # 下一页 leads to more of the article; a year may be of a day.
    return re.compile(rf"(?:(?![页年])[\u4e00-\u9fff]){{{_MIN_LINK},{_MAX_LINK}}}")


@cache
def _plain_address_pattern() -> re.Pattern[str]:
    # Of no file (attachments.py), and of no place on this page.
    return re.compile(
        r"(?!.*(?:\.(?:pdf|doc|wps|ofd|xls|et|ppt|txt|zip|rar)|down|file|attach|fujian|upload|annex))"
        r"(?:https?://|/)[\w./:?=~-]{1,300}",
        re.IGNORECASE | re.ASCII,
    )
