"""What a page declares of itself: title, day of issue, source line.

The national practice for government sites gives each article the meta tags ArticleTitle,
PubDate and ContentSource; names differ in case from site to site. Maketime, which some systems
write before PubDate, is when the page was rendered and is never the day of issue.
"""

from __future__ import annotations

import re
from datetime import date

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.body import select
from monitor.documents.dates import date_in_address, find_date
from monitor.documents.html_text import clean, lines_of

_TITLES = ("articletitle", "og:title")
_DAYS = (
    "pubdate",
    "publishdate",
    "firstpublishedtime",
    "article:published_time",
    "releasedate",
    "dc.date",
)
_SOURCES = ("contentsource", "source")
_MAX_TITLE = 200

# Tags may stand between the label and what it labels; every repetition is bounded.
_GAP = r"\s{0,80}(?:<[^<>]{0,200}>\s{0,80}){0,4}"
_DAY_LABEL = re.compile(
    r"(?:发布时间|发布日期|发文日期|成文日期|时间|日期)\s?[：:]" + _GAP + r"([^<>]{6,40})"
)
_SOURCE_LABEL = re.compile(r"来源\s?[：:]" + _GAP + r"([^<>\n]{1,60})")
_BEFORE = re.compile(r"^\s*(?:信息|文章|稿件)?(?:来源|发布时间|发布日期|时间|日期)\s*[：:]\s*")
_AFTER = re.compile(
    r"\s{2,}|\u3000|\s*(?:发布时间|发布日期|时间|作者|编辑|责任编辑|字体|浏览)\s*[：:【]"
)
_JOINTS = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s+|\s*--+\s*|-(?=[^-]{2,20}(?:网|政府|门户)[^-]*$)")


def metas(tree: LexborHTMLParser) -> dict[str, str]:
    """Meta tags by lower-case name; the first one that says something wins."""
    found: dict[str, str] = {}
    for node in tree.css("meta")[:500]:
        attributes = node.attributes
        name = attributes.get("name") or attributes.get("property")
        content = clean(attributes.get("content") or "")
        if name and content:
            found.setdefault(name.strip().lower(), content[:1000])
    return found


def title_of(tree: LexborHTMLParser, meta: dict[str, str], selector: str | None) -> str:
    """The article's title, without the names of site and column."""
    for node in select(tree, selector):
        title = clean(" ".join(lines_of(node)))
        if title:
            return title[:_MAX_TITLE]
    for name in _TITLES:
        if meta.get(name):
            return meta[name][:_MAX_TITLE]
    headings = [clean(" ".join(lines_of(node))) for node in tree.css("h1")[:5]]
    headings = [h for h in headings if h and h != meta.get("sitename")]
    if len(headings) == 1:
        return headings[0][:_MAX_TITLE]
    tag = tree.css_first("title")
    return _bare_title(clean(tag.text(deep=True)) if tag is not None else "", meta)[:_MAX_TITLE]


def published_on(
    tree: LexborHTMLParser, meta: dict[str, str], markup: str, selector: str | None, url: str | None
) -> date | None:
    """The day of issue: by selector, by meta tag, by the byline, and last by the address."""
    for node in select(tree, selector):
        day = find_date(clean(" ".join(lines_of(node)) or node.attributes.get("content") or ""))
        if day is not None:
            return day
    for name in _DAYS:
        day = find_date(meta.get(name, ""))
        if day is not None:
            return day
    for match in _DAY_LABEL.finditer(markup[:400_000]):
        day = find_date(clean(match.group(1)))
        if day is not None:
            return day
    return date_in_address(url) if url else None


def source_line(
    tree: LexborHTMLParser, meta: dict[str, str], markup: str, selector: str | None
) -> str | None:
    """Where the page says the article comes from; often a reprint's, not the issuer's, name."""
    for node in select(tree, selector):
        line = _bare_source(" ".join(lines_of(node)) or node.attributes.get("content") or "")
        if line:
            return line
    for name in _SOURCES:
        line = _bare_source(meta.get(name, ""))
        if line:
            return line
    match = _SOURCE_LABEL.search(markup[:400_000])
    return (_bare_source(match.group(1).replace("&nbsp;", " ")) or None) if match else None


def _bare_source(text: str) -> str:
    text = _BEFORE.sub("", clean(text))
    return clean(_AFTER.split(text, maxsplit=1)[0])[:60]


def _bare_title(title: str, meta: dict[str, str]) -> str:
    """``<title>`` is 标题_栏目_站名 on one family of sites and 站名 栏目 标题 on another."""
    for name in (meta.get("sitename"), meta.get("columnname")):
        if name and title.startswith(f"{name} "):
            title = title.removeprefix(name).strip()
    return _JOINTS.split(title, maxsplit=1)[0] or title
