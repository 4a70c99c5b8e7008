"""Suggest a catalogue entry for a URL: fetch it, infer the keys, try them; write nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from monitor.catalogue.loader import source_of
from monitor.catalogue.model import Catalogue
from monitor.discovery.list_pages import ListFormat
from monitor.discovery.suggest import SourceSuggestion, suggest_body_selector, suggest_source
from monitor.errors import FetchError
from monitor.extraction.regions import region_names
from monitor.ingest.source_check import (
    CheckContext,
    fetch_unconditionally,
    find_articles,
    newest_link,
)
from monitor.model.documents import Fetched, Outcome
from monitor.urls import same_site

_REPORT = re.compile(r"政府工作报告|/(?:[a-z]*zfgzbg|gzbg)(?:/|$)")
_COMMON = frozenset({"www", "gov", "cn", "com", "org", "net", "index", "html", "list"})
_WHOLE = 200


@dataclass(frozen=True, slots=True)
class SuggestedKey:
    """One key of the entry: its value, the reason, and whether it was seen or is only likely."""

    key: str
    value: str
    why: str
    sure: bool


@dataclass(frozen=True, slots=True)
class EntrySuggestion:
    """An entry for the catalogue, and the reason of each key that was inferred."""

    values: Mapping[str, Any]
    keys: tuple[SuggestedKey, ...]


async def suggest_entry(
    url: str, context: CheckContext, known: Catalogue, given: Mapping[str, Any]
) -> EntrySuggestion:
    """Suggest how the catalogue would describe a URL as a source.

    Args:
        url: of a list, a feed, a sitemap, an e-paper's index, or of one page.
        context: the network.
        known: the catalogue, for free ids and for regions of hosts.
        given: keys the user gave: id, name, region, allow_private.

    Raises:
        FetchError: the page cannot be fetched.
    """
    private = {"allow_private": True} if given.get("allow_private") else {}
    bare = source_of({"id": "new", "name": "new", "lists": url, **private})
    fetched = await fetch_unconditionally(bare, url, context)
    if fetched.outcome is not Outcome.OK:
        raise FetchError(f"the page cannot be read: {fetched.outcome}: {fetched.reason}", url=url)
    guess = suggest_source(bare, fetched)
    values = _named(url, guess, known, given) | private
    if (
        guess.format is ListFormat.HTML
        and not guess.link_count
        and guess.family not in {"founder_epaper", "jpaas"}
    ):
        return _page(url, fetched, values)
    return await _list(url, fetched, guess, values, context)


async def _list(
    url: str,
    fetched: Fetched,
    guess: SourceSuggestion,
    values: dict[str, Any],
    context: CheckContext,
) -> EntrySuggestion:
    values |= {"family": guess.family, "lists": url}
    keys = [SuggestedKey("family", guess.family, guess.family_reason, guess.family != "generic")]
    if guess.link_pattern is not None:
        values["link_pattern"] = guess.link_pattern
    if guess.paging is not None:
        values["paging"], values["paging_from"] = guess.paging
        keys.append(SuggestedKey("paging", guess.paging[0], "the link to the second page", True))
    if guess.hosts:
        values["hosts"] = list(guess.hosts)
        keys.append(SuggestedKey("hosts", ", ".join(guess.hosts), "the articles lie there", True))
    source = source_of(values)
    found, _ = await find_articles(source, fetched, context)
    shown = guess.link_pattern or "the family's"
    why = f"{guess.pattern_reason}; {len(found.links)} pass"
    keys.append(SuggestedKey("link_pattern", shown, why, bool(found.links)))
    seen: dict[str, str] = {"lists": "visit", "family": "visit"}
    seen |= {"link_pattern": "visit"} if found.links else {}
    newest = newest_link(found.links)
    if newest is not None:
        article = await fetch_unconditionally(source, newest.url, context)
        if article.outcome is Outcome.OK:
            body, document = suggest_body_selector(article, source.selectors)
            if body is not None:
                values["selectors"] = {"body": body}
            whole = len(document.text) >= _WHOLE
            chosen = body or source.selectors.body
            seen |= {"selectors": "visit"} if whole and chosen else {}
            shown = body or ("the family's" if source.selectors.body else "the general reader")
            why = (
                f"the newest article reads as {len(document.text)} characters, "
                f"{document.published or newest.published or 'no day'}: {document.title[:30]}"
            )
            keys.append(SuggestedKey("selectors.body", shown, why, whole))
        else:
            keys.append(SuggestedKey("selectors.body", "–", f"the newest: {article.reason}", False))
    values |= {"confidence": "seen" if found.links else "unverified", "seen": seen}
    return EntrySuggestion(values, tuple(keys))


def _page(url: str, fetched: Fetched, values: dict[str, Any]) -> EntrySuggestion:
    """A page without a list is watched itself."""
    source = source_of({**values, "pages": url})
    body, document = suggest_body_selector(fetched, source.selectors)
    values |= {"pages": url}
    if body is not None:
        values["selectors"] = {"body": body}
    whole = len(document.text) >= _WHOLE
    why = f"no list on it; it reads as {len(document.text)} characters"
    values |= {"confidence": "seen" if whole else "unverified", "seen": {"pages": "visit"}}
    return EntrySuggestion(values, (SuggestedKey("pages", url, why, whole),))


def _named(
    url: str, guess: SourceSuggestion, known: Catalogue, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Id, name, region, speaker and kind: what the user gave, else what the page shows."""
    name = given.get("name") or guess.name or urlsplit(url).hostname or "new"
    region = given.get("region") or _region(url, name, known)
    official = (urlsplit(url).hostname or "").endswith(".gov.cn") or region is not None
    kind = "report" if _REPORT.search(f"{name} {url}") else "page" if official else "news"
    values: dict[str, Any] = {"id": given.get("id") or _free_id(url, known), "name": name}
    if region is not None:
        values["region"] = region
    return values | {"speaker": "government" if official else "media", "document_kind": kind}


def _region(url: str, name: str, known: Catalogue) -> str | None:
    """The region a page names as its own, else that of a source on the same host."""
    named = next((region for region in region_names() if region in name), None)
    if named is not None:
        return named
    host = urlsplit(url).hostname or ""
    for source in known:
        for address in (*source.lists, *source.pages):
            if source.region and same_site(host, urlsplit(address).hostname or ""):
                return source.region
    return None


def _free_id(url: str, known: Catalogue) -> str:
    """An id made of host and path that no source has yet."""
    parts = urlsplit(url)
    words = re.findall(r"[a-z0-9]+", (parts.hostname or "").lower())
    place = [word for word in words if word not in _COMMON][:2]
    path = [word for word in re.findall(r"[a-z0-9]+", parts.path.lower()) if word not in _COMMON]
    stem = "-".join([*place, *path[-1:]])[:50] or "source"
    found, number = stem, 2
    while found in known:
        found, number = f"{stem}-{number}", number + 1
    return found
