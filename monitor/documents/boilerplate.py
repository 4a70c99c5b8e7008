"""What stands around an article, by its words: furniture, footers, headings, names of blocks.

``boilerplate.yaml`` has the expressions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2

    from monitor.documents.tables import Boilerplate

SHORT_LINE = 120
"""Characters up to which a line may be furniture of the page."""
MAX_HEADING = 16
"""Characters up to which a line may head what follows an article."""
_MAX_FURNITURE, _MAX_IMPRINT = 80, 8


def is_boilerplate(line: str) -> bool:
    """Whether a line is a button, a byline or other furniture of the page, or several of them."""
    if len(line) > SHORT_LINE:
        return False
    # RE2 knows the spaces of ASCII only.
    line = line.replace("\u3000", " ")
    if _boilerplate_pattern().fullmatch(line) is not None:
        return True
    if len(line) > _MAX_FURNITURE or (" " not in line and "】" not in line):
        return False
    parts = _furniture_end_pattern().sub(r"\1\n", line).split("\n")
    return len(parts) > 1 and all(
        _boilerplate_pattern().fullmatch(part) is not None for part in parts if part
    )


@cache
def _imprint_pattern() -> re.Pattern[str]:
    return re.compile(
        "ICP备|网安备|标识码|版权所有|网站地图|联系我们|关于我们|技术支持|浏览器|分辨率"
        "|(?:主办|承办|主管|协办)(?:单位)?[：:]"
    )


def is_imprint(lines: Sequence[str]) -> bool:
    """Whether all lines are those of the foot of a site: who runs it, its registrations."""
    return 0 < len(lines) <= _MAX_IMPRINT and all(
        len(line) <= SHORT_LINE and _imprint_pattern().search(line) is not None for line in lines
    )


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"[\d\s、/·+（）()-]*\d[\d\s、/·+（）()-]*")


def is_number(line: str) -> bool:
    """Whether a line holds only numbers: of a pager or a counter, or in the cells of a table."""
    return len(line) <= _MAX_FURNITURE and _number_pattern().fullmatch(line) is not None


@lru_cache(maxsize=4096)
def is_foreign_name(names: str) -> bool:
    """Whether the class or id of a block says that it stands beside the article."""
    return _foreign_name_pattern().search(_told_by(names)) is not None


@lru_cache(maxsize=4096)
def is_weak_name(names: str) -> bool:
    """Whether a class or id that is foreign may also be that of a part of an article."""
    rest = str(_weak_name_pattern().sub(" ", _told_by(names)))
    return _foreign_name_pattern().search(rest) is None


@lru_cache(maxsize=4096)
def is_side_name(names: str) -> bool:
    """Whether the class or id of a block says that it is a column beside another."""
    return _side_name_pattern().search(_told_by(names)) is not None


def _told_by(names: str) -> str:
    """The names of a block without those that say nothing of what it holds (pl-4, relative)."""
    return str(_innocent_name_pattern().sub(" ", f" {names} "))


@lru_cache(maxsize=4096)
def is_article_name(names: str) -> bool:
    """Whether the class or id of a block says that it holds an article."""
    return any(name in names for name in _tables().article_names)


def heads_other_articles(line: str) -> bool:
    """Whether a line is a heading of links to other articles, such as 相关阅读."""
    return _heading_pattern().fullmatch(line) is not None


def heads_comments(line: str) -> bool:
    """Whether a line is a heading of what readers wrote."""
    return _comments_pattern().fullmatch(line) is not None


def begins_footer(text: str) -> bool:
    """Whether a line begins as an imprint or a notice of rights does."""
    if len(text) <= SHORT_LINE:
        return _is_short_footer(text)
    return _footer_pattern().match(text) is not None


@lru_cache(maxsize=1024)
def _is_short_footer(text: str) -> bool:
    # The short lines of a page are mostly its menus, which all pages of the site have.
    return _footer_pattern().match(text) is not None


@cache
def _furniture_end_pattern() -> re.Pattern[str]:
    return re.compile(r"([】\]）)])\s*(?=[【\[（(])|\s+")


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
def _weak_name_pattern() -> re2._Regexp:
    words = "|".join(map(re.escape, _tables().weak_words))
    return _alternatives([rf"\b(?:{words})\b"])


@cache
def _innocent_name_pattern() -> re2._Regexp:
    return _alternatives([rf"\b(?:{one})\b" for one in _tables().innocent_names])


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
