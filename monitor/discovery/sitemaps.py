"""Sitemaps as lists: an address and a day of change each, or an index of further sitemaps."""

from __future__ import annotations

from datetime import date
from itertools import islice

from monitor.discovery.feeds import feed_day
from monitor.discovery.html_links import Row
from monitor.discovery.xml import parts
from monitor.documents.html_text import clean
from monitor.urls import resolve

SITEMAPS = frozenset({"urlset", "sitemapindex"})
"""Root elements of sitemaps."""

_MAX_URLS = 50_000  # what the protocol allows in one file
_MAX_MAPS = 1_000


def sitemap_rows(markup: str, base: str) -> list[Row]:
    """The addresses of a sitemap, those that changed last first.

    A sitemap has no order and no titles, but for news sitemaps, which have titles and days.
    """
    rows = []
    for entry in islice(parts(markup, base, {"url"}), _MAX_URLS):
        url = resolve(entry.base, entry.text("loc"))
        if url is not None:
            listed = feed_day(entry.text("publication_date"))
            title = clean(entry.text("title"))[:300]
            rows.append(Row(url, title, listed, feed_day(entry.text("lastmod"))))
    return sorted(rows, key=lambda row: row.listed or row.changed or date.min, reverse=True)


def maps_of_index(markup: str, base: str) -> tuple[tuple[str, ...], bool]:
    """The sitemaps an index names, those that changed last first, and whether it dates them all.

    One that has no day is taken for new: nobody can tell that it is not.
    """
    found: dict[str, date | None] = {}
    for entry in islice(parts(markup, base, {"sitemap"}), _MAX_MAPS):
        url = resolve(entry.base, entry.text("loc"))
        if url is not None:
            found.setdefault(url, feed_day(entry.text("lastmod")))
    newest = sorted(found, key=lambda url: found[url] or date.max, reverse=True)
    return tuple(newest), all(found.values())
