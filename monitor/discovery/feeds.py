"""Feeds as lists: RSS 0.9 to 2.0, RDF and Atom to rows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from itertools import islice

from monitor.discovery.html_links import Row
from monitor.discovery.xml import Part, parts
from monitor.documents.dates import find_date
from monitor.documents.html_text import clean
from monitor.urls import resolve

FEEDS = frozenset({"rss", "feed", "RDF"})
"""Root elements of feeds."""

_MAX_ITEMS = 10_000
_MAX_TITLE = 300
_TAG = re.compile(r"<[^<>]{0,500}>")
_DAYS = ("pubDate", "published", "issued", "date", "created", "updated", "modified")
# The day of an article is the day in China, wherever the server's clock is.
_CHINA = timezone(timedelta(hours=8))


def feed_rows(markup: str, base: str) -> Iterator[Row]:
    """The items of a feed in its order; an item without a link or with a bad one is left out."""
    for item in islice(parts(markup, base, {"item", "entry"}), _MAX_ITEMS):
        url = resolve(item.base, _link(item))
        if url is not None:
            yield Row(url, _title(item), feed_day(item.text(*_DAYS)))


def feed_day(written: str) -> date | None:
    """The day in China of a feed's time, as RFC 822, ISO 8601 or the pages themselves write it."""
    written = written.strip()[:100]
    when: datetime | None = None
    try:
        when = datetime.fromisoformat(written)
    except ValueError:
        try:
            when = parsedate_to_datetime(written)
        except (ValueError, TypeError, IndexError, OverflowError):
            when = None
    if when is None:
        return find_date(written)
    if when.tzinfo is None:
        return when.date()
    try:
        return when.astimezone(_CHINA).date()
    except OverflowError:
        return None


def _link(item: Part) -> str:
    """Where an item leads: Atom has it in ``href``, RSS as text, some RSS only as its guid."""
    written = item.text("link")
    if written:
        return written.replace("&amp;", "&")
    for name, attributes, _ in item.fields:
        if name == "link" and attributes.get("href") and _leads_on(attributes):
            return attributes["href"]
    for name, attributes, content in item.fields:
        if name == "guid" and attributes.get("isPermaLink", "true").lower() == "true":
            return content if content.startswith(("http://", "https://")) else ""
    return ""


def _leads_on(attributes: dict[str, str]) -> bool:
    return attributes.get("rel", "alternate") == "alternate"


def _title(item: Part) -> str:
    """The title as a line of text: feeds wrap it in CDATA, tags and references, some twice."""
    written = item.text("title")[: _MAX_TITLE * 4]
    return clean(html.unescape(_TAG.sub("", html.unescape(written))))[:_MAX_TITLE]
