"""What a probe of a source means for the person who keeps the catalogue: one line. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from monitor.catalogue import Source
from monitor.model import DocumentKind, Outcome

_SHORT = 200
# A column that shows nothing newer has probably moved; reports come once a year.
_STALE = {
    DocumentKind.REPORT: timedelta(days=430),
    DocumentKind.NEWS: timedelta(days=30),
    DocumentKind.PAGE: timedelta(days=180),
}
_ADDRESS = {
    Outcome.BLOCKED: "the site refuses us: watch another column or site that has the same texts",
    Outcome.GONE: "the address is gone: look for the list on the site's home page",
    Outcome.MOVED: "the address leads elsewhere: name where it leads, or add the host to hosts",
    Outcome.EMPTY: "nothing comes back: try the address in a browser",
    Outcome.ERROR: "no answer: try http:// for https:// or the other way round",
}


def of_address(outcome: Outcome, reason: str, *, is_article: bool = False) -> str:
    """What to do about an address that did not answer well.

    Args:
        outcome: how it answered.
        reason: the fetcher's line.
        is_article: whether it is the newest article of a list that did answer.
    """
    if is_article:
        return "the list answers, its newest article does not: is its address right?"
    if "not resolve" in reason:
        return "is the name right, and is there a network?"
    return _ADDRESS.get(outcome, "try again later")


def of_list(
    source: Source,
    *,
    form: str,
    seen: int,
    articles: int,
    links: int,
    alike: tuple[int, str] | None,
    newest: date | None,
    today: date,
) -> tuple[bool, str]:
    """Whether a list works, and what to do about it or to know of it.

    Args:
        source: whose list it is.
        form: what it is: html, json, feed, sitemap, or sitemaps for an index of them.
        seen: links on the page.
        articles: those whose address is an article's.
        links: those of them whose title passes too.
        alike: how many links look like the articles of one list, and an expression for them.
        newest: the day of the newest one that is wanted.
        today: the day of the probe.
    """
    if not articles:
        return False, _of_no_articles(form, seen, alike)
    if newest is not None and today - newest > _STALE[source.document_kind]:
        return True, f"nothing newer than {newest}: the column may have moved"
    if not links:
        return True, f"{articles} articles, none with a title that is wanted now"
    return True, ""


def _of_no_articles(form: str, seen: int, alike: tuple[int, str] | None) -> str:
    if form != "html":
        said = f"none of {seen} links passes: is the link pattern right for it?"
        return f"nothing in this {form}" if not seen else said
    if not seen:
        return "no link on the page: a script makes the list; look for the JSON it loads"
    if alike is None:
        return f"none of {seen} links looks like an article: is this a list?"
    count, pattern = alike
    return (
        f"the link pattern finds nothing; {count} links look like articles: "
        f"try link_pattern: '{pattern}'"
    )


def of_article(length: int, *, published: date | None, body: str | None) -> tuple[bool, str]:
    """Whether an article is read well, and what to do about it.

    Args:
        length: characters of its text.
        published: its day.
        body: a selector that finds more, if the source's does not serve.
    """
    if length < _SHORT:
        if body is not None:
            return False, f"the newest article is read short: try selectors: {{body: '{body}'}}"
        return False, f"the newest article has {length} characters: set selectors.body"
    if body is not None:
        return True, f"the body selector finds nothing: try selectors: {{body: '{body}'}}"
    if published is None:
        return True, "the newest article has no day: set selectors.published"
    return True, ""
