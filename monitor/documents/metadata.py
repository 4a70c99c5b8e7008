"""The metadata of a page: meta tags, title, source line.

The national practice for government sites gives each article the meta tags ArticleTitle,
PubDate and ContentSource; the case of the names differs between sites.
"""

from __future__ import annotations

import re
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.blocks import Layout
from monitor.documents.boilerplate import is_boilerplate
from monitor.documents.html_text import LABEL_GAP, clean_line, letters_of, lines_of
from monitor.documents.selectors import select_nodes

_TITLES = ("articletitle", "og:title")
_SOURCES = ("contentsource", "source")
_SITE_NAMES = ("sitename", "columnname", "og:site_name", "application-name")
_MAX_TITLE = 200
_MIN_TITLE, _MIN_HEADING = 5, 10
_ROWS_ABOVE, _LINES_ABOVE, _MAX_TITLE_ABOVE, _MAX_COLUMN_NAME = 20, 5, 80, 7


@cache
def _site_name_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^.{0,16}(?:日报|晚报|时报|早报|晨报|商报|快报|周报|都市报|政府|门户|官网|网站|网|客户端|平台|数字报|电子报|电子版)$"
    )


@cache
def _organisation_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?!.*(?:成立|组建|设立|揭牌|走进|发布|召开|调研))[\u4e00-\u9fff·（）()]{2,20}"
        r"(?:局|厅|委|委员会|办公室|中心|政府|政府网|门户网站|大学|学院|研究院|协会|学会|集团|公司|法院|检察院|网)"
    )


@cache
def _prose_or_day_pattern() -> re.Pattern[str]:
    return re.compile(r"[。；]|[：:]\s|(?:19|20)\d\d\s?[-/.年]\s?\d|^第\s?\w{1,3}\s?版")


@cache
def _source_label_pattern() -> re.Pattern[str]:
    return re.compile(r"来源\s?[：:]" + LABEL_GAP + r"([^<>\n]{1,60})")


_PRESS_COMMENT = "<!--enpproperty"


@cache
def _press_title_pattern() -> re.Pattern[str]:
    # The comment in which e-papers of Founder hold the data of an article.
    return re.compile(r"<!--enpproperty.{0,1500}?<title>(.{1,400}?)</title>", re.DOTALL)


@cache
def _markup_pattern() -> re.Pattern[str]:
    return re.compile(r"<[^<>]{0,100}>")


@cache
def _leading_label_pattern() -> re.Pattern[str]:
    return re.compile(r"^\s*(?:信息|文章|稿件)?(?:来源|发布时间|发布日期|时间|日期)\s*[：:]\s*")


@cache
def _trailing_label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\s{2,}|\u3000|\s*(?:发布时间|发布日期|时间|作者|编辑|责任编辑|字体|浏览)\s*[：:【]"
    )


@cache
def _title_row_pattern() -> re.Pattern[str]:
    # The row of a table of disclosure: 名 称 关于……的通知.
    return re.compile(r"(?:信息|文件)?(?:名\s*称|标\s*题|题\s*名)\s*[：:]?\s+([^。；]{6,100})")


@cache
def _name_separator_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*[-_|｜–—]+\s*")


@cache
def _title_separator_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s+|\s*--+\s*|-(?=[^-]{2,20}(?:网|政府|门户)[^-]*$)")


def meta_tags(tree: LexborHTMLParser) -> dict[str, str]:
    """Meta tags by lower-case name; the first that is not empty wins."""
    found: dict[str, str] = {}
    for node in tree.css("meta")[:500]:
        attributes = node.attributes
        name = attributes.get("name") or attributes.get("property")
        content = clean_line(attributes.get("content") or "")
        if name and content:
            found.setdefault(name.strip().lower(), content[:1000])
    return found


def find_title(
    tree: LexborHTMLParser,
    meta: dict[str, str],
    selector: str | None,
    layout: Layout,
    markup: str = "",
) -> str:
    """The title of the article, without the names of site and column.

    ``<title>`` holds it among other names; the page shows it alone, mostly as a heading.
    """
    for node in select_nodes(tree, selector):
        title = clean_line(" ".join(lines_of(node)))
        if title:
            return title[:_MAX_TITLE]
    if _PRESS_COMMENT in markup and (match := _press_title_pattern().search(markup)) is not None:
        title = clean_line(_markup_pattern().sub("", match[1]))
        if title:
            return title[:_MAX_TITLE]
    tag = tree.css_first("title")
    whole = clean_line(tag.text(deep=True)) if tag is not None else ""
    names = {letters_of(meta[name]) for name in _SITE_NAMES if meta.get(name)}
    for name in _TITLES:
        if meta.get(name):
            shown = _shown_title(layout, meta[name], names)
            return (shown or _strip_site_name(meta[name], meta))[:_MAX_TITLE]
    headings = [clean_line(" ".join(lines_of(node))) for node in tree.css("h1")[:5]]
    headings = [h for h in headings if h and letters_of(h) not in names]
    if len(headings) == 1 and len(headings[0]) <= _MAX_TITLE:
        return headings[0]
    shown = _shown_title(layout, whole, names) or _strip_site_name(whole, meta)
    if _organisation_pattern().fullmatch(shown) is not None:
        shown = _sole_heading(layout, shown) or shown
    return shown[:_MAX_TITLE]


def _sole_heading(layout: Layout, name: str) -> str:
    """The only long heading of a page that is named like its issuer; empty if there are others.

    Args:
        layout: of the page.
        name: of the issuer; a page that has it as a heading is about it.
    """
    headings: dict[int, str] = {}
    for line in layout.lines:
        if line.is_heading and not line.linked:
            headings[line.block] = headings.get(line.block, "") + line.text
    if letters_of(name) in map(letters_of, headings.values()):
        return ""
    long = {one for one in headings.values() if len(letters_of(one)) >= _MIN_HEADING}
    sole = long.pop() if len(long) == 1 else ""
    return sole if len(sole) <= _MAX_TITLE else ""


def page_names(tree: LexborHTMLParser, meta: dict[str, str]) -> str:
    """All that a page calls itself in its head, where its title is among other names."""
    tag = tree.css_first("title")
    whole = tag.text(deep=True) if tag is not None else ""
    return " ".join((whole, *(meta.get(name, "") for name in _TITLES)))


def title_above(layout: Layout, first: int, title: str) -> str:
    """The title, or the line above the text where the page is only named like its site.

    Args:
        layout: of the page.
        first: the line that the text begins with.
        title: of the page, which shows it nowhere.
    """
    if not all(map(_is_general_name, _name_separator_pattern().split(title))):
        return title
    for line in layout.lines[max(0, first - _ROWS_ABOVE) : first + 1]:
        labelled = _title_row_pattern().fullmatch(line.text)
        if labelled is not None:
            return labelled[1]
    above = layout.lines[max(0, first - _LINES_ABOVE) : first]
    headings = [line for line in above if line.is_heading]
    for line in (*reversed(headings), *reversed(above)):
        text = line.text
        if not _MIN_TITLE < len(text) <= _MAX_TITLE_ABOVE or line.link_share > 0.5:
            continue
        if not is_boilerplate(text) and _prose_or_day_pattern().search(text) is None:
            return text
    return title


def _is_general_name(name: str) -> bool:
    """Whether a name is that of a column, a site or an office, as far as its words tell."""
    return (
        len(name) <= _MAX_COLUMN_NAME
        or _site_name_pattern().search(name) is not None
        or _organisation_pattern().fullmatch(name) is not None
    )


def _shown_title(layout: Layout, whole: str, names: set[str]) -> str:
    """The line of the page that is the title in ``whole``, which may hold other names too."""
    wanted = letters_of(whole)
    best, best_rank = "", (0, 0, 0)
    for index, line in enumerate(layout.lines):
        if not _MIN_TITLE <= len(line.text) <= _MAX_TITLE or line.link_share > 0.5:
            continue
        if line.text[:2] not in whole:
            continue
        shown = letters_of(line.text)
        if len(shown) < _MIN_TITLE or shown not in wanted or shown in names:
            continue
        whole_line = _continued(layout, index, wanted)
        shown = letters_of(whole_line)
        # 站名 栏目 标题 has the title last, 标题_栏目_站名 first.
        rank = (int(line.is_heading), int(wanted.startswith(shown)), len(shown))
        if rank > best_rank and len(shown) * 4 >= len(wanted):
            best, best_rank = whole_line, rank
    return best


def _continued(layout: Layout, index: int, wanted: str) -> str:
    """A title with the lines after it that belong to it."""
    text = layout.lines[index].text
    for line in layout.lines[index + 1 : index + 3]:
        shown = letters_of(line.text)
        if not shown or letters_of(text) + shown not in wanted or letters_of(text) == wanted:
            break
        text += line.text
    return text


def find_source_line(
    tree: LexborHTMLParser, meta: dict[str, str], markup: str, selector: str | None
) -> str | None:
    """The source that the page names; often that of a reprint, not the issuer."""
    for node in select_nodes(tree, selector):
        line = _strip_source(" ".join(lines_of(node)) or node.attributes.get("content") or "")
        if line:
            return line
    for name in _SOURCES:
        line = _strip_source(meta.get(name, ""))
        if line:
            return line
    match = _source_label_pattern().search(markup[:400_000])
    return (_strip_source(match.group(1).replace("&nbsp;", " ")) or None) if match else None


def _strip_source(text: str) -> str:
    text = _leading_label_pattern().sub("", clean_line(text))
    return clean_line(_trailing_label_pattern().split(text, maxsplit=1)[0])[:60]


def _strip_site_name(title: str, meta: dict[str, str]) -> str:
    """The title within ``<title>``: 标题_栏目_站名 on some sites, 站名 栏目 标题 on others."""
    for name in (meta.get("sitename"), meta.get("columnname")):
        if name and title.startswith(f"{name} "):
            title = title.removeprefix(name).strip()
    return _title_separator_pattern().split(title, maxsplit=1)[0] or title
