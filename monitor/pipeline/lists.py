"""Discover: read a source's list pages and note the addresses nobody knew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from monitor.catalogue import Source
from monitor.crawl import discover
from monitor.documents import read
from monitor.model import Fetched, Link, Outcome
from monitor.pipeline.tools import HEALTHY, Tools, VisitReport
from monitor.storage.history import digest
from monitor.storage.visits import (
    FoundLink,
    ListMemory,
    add_addresses,
    known_urls,
    list_memories,
    record_list,
)


async def read_lists(source: Source, tools: Tools, report: VisitReport) -> None:
    """Read every list of a source and add what is new on it to the addresses."""
    memories = await asyncio.to_thread(_memories, source, tools)
    failures: list[Fetched] = []
    for url in source.lists:
        answers, links, complete = await _follow_list(source, tools, url, memories)
        root = answers[0]
        if root.outcome not in HEALTHY:
            failures.append(root)
        memory = memories.get(url)
        baseline = source.baseline and not (memory and memory.read_before)
        found = [FoundLink(link, baseline) for link in links]
        report.new_addresses += await asyncio.to_thread(
            _record_lists, source, tools, answers, found, complete=complete
        )
    if source.pages and not await asyncio.to_thread(_knows_pages, source, tools):
        fixed = [FoundLink(Link(url), source.baseline) for url in source.pages]
        report.new_addresses += await asyncio.to_thread(
            _record_lists, source, tools, [], fixed, complete=True
        )
    if failures and len(failures) == len(source.lists):
        report.outcome = failures[0].outcome
        report.reason = failures[0].reason


async def _follow_list(
    source: Source, tools: Tools, url: str, memories: dict[str, ListMemory]
) -> tuple[list[Fetched], list[Link], bool]:
    """A list page and the further ones it leads to, with the links found on all of them."""
    answers: list[Fetched] = []
    links: list[Link] = []
    complete = True
    # A page that is as it was has been judged when it was read.
    unread = False
    read_links = alike = 0
    waiting, seen = [url], {url}
    while waiting:
        here = waiting.pop(0)
        memory = memories.get(here)
        fetched = await tools.fetcher.fetch(
            here,
            allow_private=source.allow_private,
            hosts=source.hosts,
            route=source.route,
            etag=memory.etag if memory else None,
            last_modified=memory.last_modified if memory else None,
        )
        answers.append(fetched)
        complete = complete and fetched.outcome in HEALTHY
        if fetched.outcome is not Outcome.OK:
            unread = unread or fetched.outcome in HEALTHY
            continue
        if memory is not None and memory.body_hash == digest(fetched.body):
            unread = True
            continue
        discovery = await asyncio.to_thread(discover, source, fetched)
        read_links += discovery.seen
        alike += discovery.alike
        links.extend(discovery.links)
        for further in discovery.further:
            if further not in seen and len(seen) < source.max_links:
                seen.add(further)
                waiting.append(further)
    if answers[0].outcome is Outcome.OK and not alike and not unread:
        answers[0] = await asyncio.to_thread(_no_list, answers[0], read_links)
    return answers, links, complete


def _no_list(fetched: Fetched, seen: int) -> Fetched:
    """What a page is that stands where the list was and names no article at all."""
    document = read(fetched.body, content_type=fetched.content_type, url=fetched.final_url)
    outcome, reason = Outcome.EMPTY, f"no article on the list; none of {seen} links is like one"
    if document.outcome in {Outcome.BLOCKED, Outcome.GONE}:
        outcome, reason = document.outcome, document.reason
    body = fetched.body if outcome is Outcome.BLOCKED else b""
    return replace(
        fetched, outcome=outcome, reason=reason, body=body, etag=None, last_modified=None
    )


def _knows_pages(source: Source, tools: Tools) -> bool:
    """Whether the addresses that the catalogue itself names are all known."""
    with tools.database.read() as session:
        known = known_urls(session, source.pages)
    return known.issuperset(source.pages)


def _memories(source: Source, tools: Tools) -> dict[str, ListMemory]:
    with tools.database.read() as session:
        return list_memories(session, source.id)


def _record_lists(
    source: Source,
    tools: Tools,
    answers: list[Fetched],
    found: list[FoundLink],
    *,
    complete: bool,
) -> int:
    """Validators and links in one transaction: a list is "read" only with all it led to."""
    now = tools.now()
    # Lists show the newest first; reports are read oldest first, so that each finds its forerunner.
    found = list(reversed(found))
    with tools.database.write() as session:
        for fetched in answers:
            body_hash = digest(fetched.body) if fetched.outcome is Outcome.OK else None
            record_list(
                session, source.id, fetched, body_hash=body_hash, complete=complete, now=now
            )
        return add_addresses(session, source.id, found, now)
