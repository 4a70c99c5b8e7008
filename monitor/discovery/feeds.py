"""The links of feeds: RSS 0.9 to 2.0, RDF and Atom."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import islice

from monitor.discovery.html_links import ListLink
from monitor.discovery.xml import XmlElement, iter_elements
from monitor.documents.dates import find_date
from monitor.documents.html_text import clean_line
from monitor.urls import resolve_url

FEED_ROOTS = frozenset({"rss", "feed", "RDF"})
"""Root elements of feeds."""

_MAX_ITEMS = 10_000
_MAX_TITLE = 300


@cache
def _tag_pattern() -> re.Pattern[str]:
    return re.compile(r"<[^<>]{0,500}>")


_DATE_FIELDS = ("pubDate", "published", "issued", "date", "created", "updated", "modified")
# The date of an article is the date in China, whatever the time zone of the server.
_CHINA = timezone(timedelta(hours=8))


def feed_links(markup: str, base: str) -> Iterator[ListLink]:
    """The items of a feed in its order, without those that have no usable link."""
    for item in islice(iter_elements(markup, base, {"item", "entry"}), _MAX_ITEMS):
        url = resolve_url(item.base, _link(item))
        if url is not None:
            yield ListLink(url, _title(item), feed_date(item.text(*_DATE_FIELDS)))


def feed_date(written: str) -> date | None:
    """The date in China of a time in RFC 822, in ISO 8601 or as pages write it."""
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


def _link(item: XmlElement) -> str:
    """The link of an item: ``href`` in Atom, text in RSS, or only the guid in some RSS."""
    written = item.text("link")
    if written:
        return written.replace("&amp;", "&")
    for name, attributes, _ in item.fields:
        if name == "link" and attributes.get("href") and _is_alternate(attributes):
            return attributes["href"]
    for name, attributes, content in item.fields:
        if name == "guid" and attributes.get("isPermaLink", "true").lower() == "true":
            return content if content.startswith(("http://", "https://")) else ""
    return ""


def _is_alternate(attributes: dict[str, str]) -> bool:
    return attributes.get("rel", "alternate") == "alternate"


def _title(item: XmlElement) -> str:
    """The title as a line of text; some feeds escape tags and references twice."""
    written = item.text("title")[: _MAX_TITLE * 4]
    return clean_line(html.unescape(_tag_pattern().sub("", html.unescape(written))))[:_MAX_TITLE]
