"""A new source out of an address: fetched, guessed, tried out; nothing is written here."""

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
from monitor.ingest.source_check import Probing, fetch_for, find_articles, newest_of
from monitor.model.documents import Fetched, Outcome
from monitor.urls import same_site

_REPORT = re.compile(r"政府工作报告|/(?:[a-z]*zfgzbg|gzbg)(?:/|$)")
_COMMON = frozenset({"www", "gov", "cn", "com", "org", "net", "index", "html", "list"})
_WHOLE = 200


@dataclass(frozen=True, slots=True)
class Guessed:
    """One key of the new entry: its value, why, and whether that was seen or is only likely."""

    key: str
    value: str
    why: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry for the catalogue, in the order of its keys, and what speaks for each guess."""

    values: Mapping[str, Any]
    guessed: tuple[Guessed, ...]


async def propose(url: str, tools: Probing, known: Catalogue, given: Mapping[str, Any]) -> Proposal:
    """Fetch a page and say how the catalogue would name it as a source.

    Args:
        url: of a list, a feed, a sitemap, an e-paper's index, or of one page.
        tools: the network.
        known: the catalogue, for free ids and for regions of hosts.
        given: what the user says: id, name, region, allow_private.

    Raises:
        FetchError: the page does not come.
    """
    private = {"allow_private": True} if given.get("allow_private") else {}
    bare = source_of({"id": "new", "name": "new", "lists": url, **private})
    fetched = await fetch_for(bare, url, tools)
    if fetched.outcome is not Outcome.OK:
        raise FetchError(f"the page cannot be read: {fetched.outcome}: {fetched.reason}", url=url)
    guess = suggest_source(bare, fetched)
    values = _named(url, guess, known, given) | private
    if (
        guess.format is ListFormat.HTML
        and not guess.link_count
        and guess.family != "founder_epaper"
    ):
        return _page(url, fetched, values)
    return await _list(url, fetched, guess, values, tools)


async def _list(
    url: str, fetched: Fetched, guess: SourceSuggestion, values: dict[str, Any], tools: Probing
) -> Proposal:
    values |= {"family": guess.family, "lists": url}
    guessed = [Guessed("family", guess.family, guess.family_reason, guess.family != "generic")]
    if guess.link_pattern is not None:
        values["link_pattern"] = guess.link_pattern
    if guess.paging is not None:
        values["paging"], values["paging_from"] = guess.paging
        guessed.append(Guessed("paging", guess.paging[0], "the link to the second page", True))
    if guess.hosts:
        values["hosts"] = list(guess.hosts)
        guessed.append(Guessed("hosts", ", ".join(guess.hosts), "the articles lie there", True))
    source = source_of(values)
    found, _ = await find_articles(source, fetched, tools)
    shown = guess.link_pattern or "the family's"
    why = f"{guess.pattern_reason}; {len(found.links)} pass"
    guessed.append(Guessed("link_pattern", shown, why, bool(found.links)))
    seen: dict[str, str] = {"lists": "visit", "family": "visit"}
    seen |= {"link_pattern": "visit"} if found.links else {}
    newest = newest_of(found.links)
    if newest is not None:
        article = await fetch_for(source, newest.url, tools)
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
            guessed.append(Guessed("selectors.body", shown, why, whole))
        else:
            guessed.append(Guessed("selectors.body", "–", f"the newest: {article.reason}", False))
    values |= {"confidence": "seen" if found.links else "unverified", "seen": seen}
    return Proposal(values, tuple(guessed))


def _page(url: str, fetched: Fetched, values: dict[str, Any]) -> Proposal:
    """A page without a list is watched itself."""
    source = source_of({**values, "pages": url})
    body, document = suggest_body_selector(fetched, source.selectors)
    values |= {"pages": url}
    if body is not None:
        values["selectors"] = {"body": body}
    whole = len(document.text) >= _WHOLE
    why = f"no list on it; it reads as {len(document.text)} characters"
    values |= {"confidence": "seen" if whole else "unverified", "seen": {"pages": "visit"}}
    return Proposal(values, (Guessed("pages", url, why, whole),))


def _named(
    url: str, guess: SourceSuggestion, known: Catalogue, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Id, name, region, speaker and kind: what the user says, else what the page shows."""
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
    """A name out of host and path that no source has yet."""
    parts = urlsplit(url)
    words = re.findall(r"[a-z0-9]+", (parts.hostname or "").lower())
    place = [word for word in words if word not in _COMMON][:2]
    path = [word for word in re.findall(r"[a-z0-9]+", parts.path.lower()) if word not in _COMMON]
    stem = "-".join([*place, *path[-1:]])[:50] or "source"
    found, number = stem, 2
    while found in known:
        found, number = f"{stem}-{number}", number + 1
    return found
