"""Suggests a catalogue entry for a list page: family, link pattern, paging, selectors. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

import re2
from selectolax.lexbor import LexborHTMLParser

from monitor.catalogue.loader import families
from monitor.catalogue.model import Source
from monitor.discovery.html_links import ListLink, html_links
from monitor.discovery.jpaas import unit_url
from monitor.discovery.list_pages import ListFormat, discover, links_in_scripts
from monitor.discovery.url_patterns import MIN_LINKS, LinkGroup, article_groups
from monitor.documents.charset import decode
from monitor.documents.cost import too_expensive
from monitor.documents.html_text import clean_line
from monitor.documents.reader import read_document
from monitor.model.documents import Document, Fetched, Selectors
from monitor.urls import same_site

_HEAD = 500_000
_SHORT_TEXT = 200


@cache
def _page_number_pattern() -> re.Pattern[str]:
    return re.compile(r"^(?P<stem>.*[_-])?(?P<number>[12])(?P<end>\.s?html?)$")


@cache
def _title_pattern() -> re.Pattern[str]:
    return re.compile(r"<title[^<>]{0,200}>\s*([^\0]{1,300}?)\s*</title", re.IGNORECASE)


@cache
def _second_page_pattern() -> re.Pattern[str]:
    return re.compile(r"^(?:2|[\s>»]*下一?页[\s>»]*)$")


# Elements that hold the article in known systems, the most reliable first.
BODY_SELECTORS = (
    "#UCAP-CONTENT, #cmsArticleContent",
    "div.TRS_UEDITOR",
    "div.TRS_Editor",
    "#zoom",
    "#ozoom",
    "#art_body",
    "#mainText",
    "div.article_content",
    "div.article-content",
    "div.article-body",
    "div.wip_art_con",
    "div.wzcon",
    "div.news_cont_d_wrap",
    "div.article",
    "#content",
    "div.content",
    "article",
)


@dataclass(frozen=True, slots=True)
class SourceSuggestion:
    """A suggested entry; each ``…_reason`` is one line for the person who decides.

    ``link_pattern`` and ``paging`` are None where those of the family fit. ``link_count`` is the
    number of articles found with it. ``name`` is the name of site and column.
    """

    name: str
    family: str
    family_reason: str
    link_pattern: str | None
    pattern_reason: str
    paging: tuple[str, int] | None
    hosts: tuple[str, ...]
    link_count: int
    format: ListFormat = ListFormat.HTML


def suggest_source(source: Source, fetched: Fetched) -> SourceSuggestion:
    """Suggest family, link pattern, paging and further hosts for a list page.

    Args:
        source: a source with the URL of the list only.
        fetched: the page, outcome OK.
    """
    discovery = discover(source, fetched)
    markup, _ = decode(fetched.body, fetched.content_type)
    name = _name(markup)
    if discovery.format is not ListFormat.HTML:
        why = f"{len(discovery.links)} links in a {discovery.format}"
        family = _json_family(fetched) if discovery.format is ListFormat.JSON else "generic"
        if discovery.format is ListFormat.SITEMAP_INDEX:
            why = f"an index of {discovery.link_count} sitemaps"
        return SourceSuggestion(
            name,
            family,
            f"its bytes: {discovery.format}",
            None,
            why,
            None,
            (),
            len(discovery.links),
            discovery.format,
        )
    rows, best = _list_rows(markup, fetched.final_url)
    if unit_url(markup, fetched.final_url) is not None:
        why = "a script of the page names the unit that has its rows"
        return SourceSuggestion(name, "jpaas", why, None, "the rows are in a unit", None, (), 0)
    few = [row for row in rows if row.published] if best is None else []
    family, why = _family(fetched, markup, best.rows if best is not None else few)
    if best is None and few and family not in {"own", "generic", "founder_epaper"}:
        count = sum(_matching_share(family, [row]) > 0 for row in few)
        links = f"{count} links with a day match the family's"
        return SourceSuggestion(name, family, why, None, links, None, (), count)
    if best is None:
        articles = "no links that look like articles"
        return SourceSuggestion(name, family, why, None, articles, None, (), 0)
    pattern = None if _family_pattern_fits(family, best, rows) else best.pattern
    hosts = _hosts(fetched, best)
    has_paging = families()[family].paging is not None or family == "jcms"
    return SourceSuggestion(
        name=name,
        family=family,
        family_reason=why,
        link_pattern=pattern,
        pattern_reason=f"{len(best.rows)} of {len(rows)} links are alike, "
        f"{best.share_dated:.0%} of them dated",
        paging=None if has_paging else _paging(rows),
        hosts=hosts,
        link_count=len(best.rows),
    )


def suggest_pattern(fetched: Fetched) -> tuple[int, str] | None:
    """The number of links that look like articles, and the expression that matches them."""
    markup, _ = decode(fetched.body, fetched.content_type)
    _, best = _list_rows(markup, fetched.final_url)
    return (len(best.rows), best.pattern) if best is not None else None


def _list_rows(markup: str, base: str) -> tuple[list[ListLink], LinkGroup | None]:
    """All links of a page, and those that look most like its list; its scripts may hold these."""
    rows = list(html_links(markup, base))
    groups = article_groups(rows)
    if not groups:
        rows += links_in_scripts(markup, base)
        groups = article_groups(rows)
    return rows, groups[0] if groups else None


def _fits(document: Document) -> bool:
    """Whether the selector of the body found something."""
    return "nothing under the selector" not in document.reason


def suggest_body_selector(fetched: Fetched, selectors: Selectors) -> tuple[str | None, Document]:
    """A selector for the body of an article, and the article read with it.

    The selector is None if the given ones fit, or if no known selector is better than the
    general reader.
    """
    document = _read(fetched, selectors)
    if document.has_text and len(document.text) >= _SHORT_TEXT and _fits(document):
        return None, document
    for body in BODY_SELECTORS:
        again = _read(fetched, replace(selectors, body=body))
        if again.has_text and _fits(again) and _is_better(again, document):
            return body, again
    return None, document


def _is_better(one: Document, other: Document) -> bool:
    """Whether the text is complete: most of what the general reader found, or more."""
    return len(one.text) >= max(_SHORT_TEXT, 0.6 * len(other.text))


def _read(fetched: Fetched, selectors: Selectors) -> Document:
    return read_document(
        fetched.body,
        content_type=fetched.content_type,
        url=fetched.final_url,
        selectors=selectors,
    )


def _family(fetched: Fetched, markup: str, rows: Sequence[ListLink]) -> tuple[str, str]:
    """The family with most markers among those whose link patterns fit, and the reason.

    Args:
        fetched: the page.
        markup: its text.
        rows: the links of its list.
    """
    page = f"{fetched.final_url}\n{markup[:_HEAD]}"
    found: dict[str, list[str]] = {}
    for name, family in families().items():
        marks = [mark for mark in family.markers if re2.search(mark, page)]
        fits = name == "founder_epaper" or _matching_share(name, rows) > 0.5
        if marks and fits:
            found[name] = marks
    if "founder_epaper" in found and len(found["founder_epaper"]) < 2:
        del found["founder_epaper"]
    if found:
        marked = max(found, key=lambda name: len(found[name]))
        return marked, f"the page has {', '.join(found[marked])}"
    if len(rows) >= MIN_LINKS:
        return "own", "no family's marks"
    return "generic", "no family's marks and no list"


def _matching_share(family: str, rows: Iterable[ListLink]) -> float:
    pattern = families()[family].link_pattern
    judged = [pattern is not None and bool(re2.search(pattern, row.url)) for row in rows]
    return sum(judged) / len(judged) if judged else 0.0


def _family_pattern_fits(family: str, best: LinkGroup, rows: Sequence[ListLink]) -> bool:
    """Whether the pattern of the family matches these articles and little else."""
    pattern = families()[family].link_pattern
    if family == "founder_epaper":
        return True
    if pattern is None or _matching_share(family, best.rows) < 1:
        return False
    passed = {row.url for row in rows if re2.search(pattern, row.url)}
    return len(passed) <= 1.2 * len({row.url for row in best.rows})


def _hosts(fetched: Fetched, best: LinkGroup) -> tuple[str, ...]:
    """The host of the articles, if it is not that of the list."""
    list_host = urlsplit(fetched.final_url).hostname or ""
    article_host = urlsplit(best.rows[0].url).hostname or ""
    return () if same_site(list_host, article_host) else (article_host,)


def _paging(rows: Iterable[ListLink]) -> tuple[str, int] | None:
    """The URL pattern of further pages, from the link to the second one."""
    for row in rows:
        name = urlsplit(row.url).path.rpartition("/")[2]
        found = _page_number_pattern().match(name)
        if found is not None and found["stem"] and _second_page_pattern().match(row.title):
            return f"{found['stem']}{{n}}{found['end']}", int(found["number"])
    return None


def _name(markup: str) -> str:
    """The names of site and column, or the title of the page or feed."""
    titled = _title_pattern().search(markup[:_HEAD])
    title = clean_line(titled[1].removeprefix("<![CDATA[").removesuffix("]]>")) if titled else ""
    tree = LexborHTMLParser(markup[:_HEAD]) if not too_expensive(markup[:_HEAD]) else None
    if tree is None:
        return title[:60]
    meta = {
        (node.attributes.get("name") or "").lower(): clean_line(
            node.attributes.get("content") or ""
        )
        for node in tree.css("meta")[:200]
    }
    names = [meta[key] for key in ("sitename", "columnname") if meta.get(key)]
    return (" ".join(names) if len(names) == 2 else title)[:60]


def _json_family(fetched: Fetched) -> str:
    return "gkmlpt" if "/gkmlpt/" in fetched.final_url else "generic"
