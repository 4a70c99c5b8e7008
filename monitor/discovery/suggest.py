"""What made a list page and where its articles are: a first entry for the catalogue. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import re2
from selectolax.lexbor import LexborHTMLParser

from monitor.catalogue.loader import families
from monitor.catalogue.model import Source
from monitor.discovery.html_links import Row, rows_of
from monitor.discovery.list_pages import discover
from monitor.discovery.url_patterns import Group, article_groups
from monitor.documents.charset import decode
from monitor.documents.html_text import clean
from monitor.documents.markup_limits import too_dear
from monitor.documents.reader import read
from monitor.model.documents import Document, Fetched, Outcome, Selectors
from monitor.urls import same_site

_HEAD = 500_000
_SHORT = 200
_PAGE_NUMBER = re.compile(r"^(?P<stem>.*[_-])?(?P<number>[12])(?P<end>\.s?html?)$")
_TITLE = re.compile(r"<title[^<>]{0,200}>\s*([^\0]{1,300}?)\s*</title", re.IGNORECASE)
_SECOND = re.compile(r"^(?:2|[\s>»]*下一?页[\s>»]*)$")
# Where the systems met so far keep the text of an article, the surest first.
BODIES = (
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
class Guess:
    """What a list page seems to be; each ``…_why`` is one line for the person who decides.

    ``link_pattern`` and ``paging`` are None where the family's serve. ``links`` is how many
    articles the page names with it, ``form`` what its bytes are (``Discovery.form``).
    ``name`` is what site and column call themselves.
    """

    name: str
    family: str
    family_why: str
    link_pattern: str | None
    links_why: str
    paging: tuple[str, int] | None
    hosts: tuple[str, ...]
    links: int
    form: str = "html"


def guess_list(source: Source, fetched: Fetched) -> Guess:
    """Guess family, link pattern, paging and further hosts of a list page.

    Args:
        source: a source with nothing but its list's address; the guess is tried out on it.
        fetched: the page, outcome OK.
    """
    form = discover(source, fetched)
    markup, _ = decode(fetched.body, fetched.content_type)
    name = _name(markup)
    if form.form != "html":
        why = f"{len(form.links)} links in a {form.form}"
        family = _of_json(fetched) if form.form == "json" else "generic"
        if form.form == "sitemaps":
            why = f"an index of {form.seen} sitemaps"
        return Guess(
            name, family, f"its bytes: {form.form}", None, why, None, (), len(form.links), form.form
        )
    rows = list(rows_of(markup, fetched.final_url))
    groups = article_groups(rows)
    best = groups[0] if groups else None
    family, why = _family(fetched, markup, best)
    if best is None:
        articles = "no links that look like articles"
        return Guess(name, family, why, None, articles, None, (), 0)
    pattern = None if _serves(family, best, rows) else best.pattern
    hosts = _hosts(fetched, best)
    has_paging = families()[family].paging is not None or family == "jcms"
    return Guess(
        name=name,
        family=family,
        family_why=why,
        link_pattern=pattern,
        links_why=f"{len(best.rows)} of {len(rows)} links are alike, "
        f"{best.share_dated:.0%} of them dated",
        paging=None if has_paging else _paging(rows),
        hosts=hosts,
        links=len(best.rows),
    )


def suggest_pattern(fetched: Fetched) -> tuple[int, str] | None:
    """How many links of a page look like articles, and the expression that fits them."""
    markup, _ = decode(fetched.body, fetched.content_type)
    groups = article_groups(rows_of(markup, fetched.final_url))
    return (len(groups[0].rows), groups[0].pattern) if groups else None


def guess_body(fetched: Fetched, selectors: Selectors) -> tuple[str | None, Document]:
    """A selector of an article's text, if those it is read with do not serve, and the article.

    None: they serve, or the general reader finds the text as well as any selector known.
    """
    document = _read(fetched, selectors)
    if document.outcome is Outcome.OK and len(document.text) >= _SHORT and not document.reason:
        return None, document
    for body in BODIES:
        again = _read(fetched, replace(selectors, body=body))
        if again.outcome is Outcome.OK and not again.reason and _is_better(again, document):
            return body, again
    return None, document


def _is_better(one: Document, other: Document) -> bool:
    """Whether a selector's text is whole: most of what the general reader found, or more."""
    return len(one.text) >= max(_SHORT, 0.6 * len(other.text))


def _read(fetched: Fetched, selectors: Selectors) -> Document:
    return read(
        fetched.body,
        content_type=fetched.content_type,
        url=fetched.final_url,
        selectors=selectors,
    )


def _family(fetched: Fetched, markup: str, best: Group | None) -> tuple[str, str]:
    """The family with most marks among those whose articles look like the page's."""
    page = f"{fetched.final_url}\n{markup[:_HEAD]}"
    found: dict[str, list[str]] = {}
    for name, family in families().items():
        marks = [mark for mark in family.markers if re2.search(mark, page)]
        fits = name == "founder_epaper" or (best is not None and _share(name, best.rows) > 0.5)
        if marks and fits:
            found[name] = marks
    if "founder_epaper" in found and len(found["founder_epaper"]) < 2:
        del found["founder_epaper"]
    if found:
        marked = max(found, key=lambda name: len(found[name]))
        return marked, f"the page has {', '.join(found[marked])}"
    if best is not None:
        return "own", "no family's marks"
    return "generic", "no family's marks and no list"


def _share(family: str, rows: Iterable[Row]) -> float:
    pattern = families()[family].link_pattern
    judged = [pattern is not None and bool(re2.search(pattern, row.url)) for row in rows]
    return sum(judged) / len(judged) if judged else 0.0


def _serves(family: str, best: Group, rows: Sequence[Row]) -> bool:
    """Whether the family's own pattern takes this list's articles and little else."""
    pattern = families()[family].link_pattern
    if family == "founder_epaper":
        return True
    if pattern is None or _share(family, best.rows) < 1:
        return False
    passed = {row.url for row in rows if re2.search(pattern, row.url)}
    return len(passed) <= 1.2 * len({row.url for row in best.rows})


def _hosts(fetched: Fetched, best: Group) -> tuple[str, ...]:
    """The host of the articles, if it is another than the list's."""
    home = urlsplit(fetched.final_url).hostname or ""
    there = urlsplit(best.rows[0].url).hostname or ""
    return () if same_site(home, there) else (there,)


def _paging(rows: Iterable[Row]) -> tuple[str, int] | None:
    """The address of further pages, told by the link to the second one."""
    for row in rows:
        name = urlsplit(row.url).path.rpartition("/")[2]
        found = _PAGE_NUMBER.match(name)
        if found is not None and found["stem"] and _SECOND.match(row.title):
            return f"{found['stem']}{{n}}{found['end']}", int(found["number"])
    return None


def _name(markup: str) -> str:
    """What site and column call themselves, or the page's or feed's title."""
    titled = _TITLE.search(markup[:_HEAD])
    title = clean(titled[1].removeprefix("<![CDATA[").removesuffix("]]>")) if titled else ""
    tree = LexborHTMLParser(markup[:_HEAD]) if not too_dear(markup[:_HEAD]) else None
    if tree is None:
        return title[:60]
    said = {
        (node.attributes.get("name") or "").lower(): clean(node.attributes.get("content") or "")
        for node in tree.css("meta")[:200]
    }
    named = [said[key] for key in ("sitename", "columnname") if said.get(key)]
    return (" ".join(named) if len(named) == 2 else title)[:60]


def _of_json(fetched: Fetched) -> str:
    return "gkmlpt" if "/gkmlpt/" in fetched.final_url else "generic"
