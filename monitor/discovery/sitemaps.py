"""The links of sitemaps and of sitemap indexes."""

from __future__ import annotations

from datetime import date
from itertools import islice

from monitor.discovery.feeds import feed_date
from monitor.discovery.html_links import ListLink
from monitor.discovery.xml import iter_elements
from monitor.documents.html_text import clean_line
from monitor.urls import resolve_url

SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
"""Root elements of sitemaps."""

_MAX_URLS = 50_000  # the limit of the protocol for one file
_MAX_SITEMAPS = 1_000


def sitemap_links(markup: str, base: str) -> list[ListLink]:
    """The links of a sitemap, the latest change first.

    A plain sitemap has neither an order nor titles; a news sitemap has titles and dates.
    """
    rows = []
    for entry in islice(iter_elements(markup, base, {"url"}), _MAX_URLS):
        url = resolve_url(entry.base, entry.text("loc"))
        if url is not None:
            published = feed_date(entry.text("publication_date"))
            title = clean_line(entry.text("title"))[:300]
            rows.append(ListLink(url, title, published, feed_date(entry.text("lastmod"))))
    return sorted(
        rows, key=lambda row: row.published or row.last_modified or date.min, reverse=True
    )


def indexed_sitemaps(markup: str, base: str) -> tuple[tuple[str, ...], bool]:
    """The sitemaps of an index, the latest change first, and whether all of them have dates.

    One without a date counts as new.
    """
    found: dict[str, date | None] = {}
    for entry in islice(iter_elements(markup, base, {"sitemap"}), _MAX_SITEMAPS):
        url = resolve_url(entry.base, entry.text("loc"))
        if url is not None:
            found.setdefault(url, feed_date(entry.text("lastmod")))
    newest = sorted(found, key=lambda url: found[url] or date.max, reverse=True)
    return tuple(newest), all(found.values())
