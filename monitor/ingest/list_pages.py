"""A list and the pages that belong to it, walked in one visit; what was missed is caught up on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from monitor.catalogue.model import Source
from monitor.discovery.epaper import issue_date
from monitor.discovery.list_pages import Discovery, discover
from monitor.documents.reader import read_document
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.model.documents import Fetched, Link, Outcome, sha256_hex
from monitor.storage.engine import Database
from monitor.storage.frontier import (
    FoundLink,
    ListPageState,
    add_entries,
    entries_without_identity,
    known_identities,
    link_mark,
    list_page_states,
    record_list,
    update_entries,
)
from monitor.urls import url_identity

_BATCH = 1_000


async def read_lists(source: Source, tools: VisitContext, report: VisitReport) -> None:
    """Read every list of a source and add what is new on it to the addresses."""
    memories = await asyncio.to_thread(_memories, source, tools)
    failures: list[Fetched] = []
    for url in source.lists:
        walk = await follow_list(source, tools, url, memories)
        root = walk.answers[0]
        if root.outcome not in HEALTHY:
            failures.append(root)
        report.new_addresses += await asyncio.to_thread(_record_walk, source, tools, walk)
    if source.pages and not await asyncio.to_thread(_knows_pages, source, tools):
        fixed = [FoundLink(Link(url), source.baseline, url_identity(url)) for url in source.pages]
        report.new_addresses += await asyncio.to_thread(_record_pages, source, tools, fixed)
    if failures and len(failures) == len(source.lists):
        report.outcome = failures[0].outcome
        report.reason = failures[0].reason


def identify_addresses(database: Database) -> None:
    """Give an identity to the addresses of an older release, so that none is visited anew."""
    while True:
        with database.write() as session:
            rows = entries_without_identity(session, _BATCH)
            update_entries(session, [(row, {"identity": url_identity(url)}) for row, url in rows])
        if len(rows) < _BATCH:
            return


def _knows_pages(source: Source, tools: VisitContext) -> bool:
    """Whether the addresses that the catalogue itself names are all known."""
    wanted = [url_identity(url) for url in source.pages]
    with tools.database.read() as session:
        known = known_identities(session, wanted)
    return known.issuperset(wanted)


def _memories(source: Source, tools: VisitContext) -> dict[str, ListPageState]:
    with tools.database.read() as session:
        return list_page_states(session, source.id)


def _record_walk(source: Source, tools: VisitContext, walk: Walk) -> int:
    """Validators and links in one transaction: a list is "read" only with all it led to."""
    now = tools.now()
    baseline = source.baseline and not walk.read_before
    # Lists show the newest first; reports are read oldest first, so that each finds its forerunner.
    found = [FoundLink(link, baseline, url_identity(link.url)) for link in reversed(walk.links)]
    with tools.database.write() as session:
        for position, fetched in enumerate(walk.answers):
            record_list(
                session,
                source.id,
                fetched,
                body_hash=sha256_hex(fetched.body) if fetched.outcome is Outcome.OK else None,
                complete=walk.complete and not (walk.silent and position == 0),
                now=now,
                shown=walk.shown if position == 0 else (),
            )
        return add_entries(session, source.id, found, now)


def _record_pages(source: Source, tools: VisitContext, found: list[FoundLink]) -> int:
    with tools.database.write() as session:
        return add_entries(session, source.id, found[::-1], tools.now())


@dataclass(slots=True)
class Walk:
    """What one visit to a list and its further pages brought.

    ``complete`` unless something has to be tried again. ``shown`` is what the first page shows
    now, ``read_before`` whether an earlier visit read it; it is ``silent`` if it stays the same
    though what it leads to changes. ``linked`` counts all links of the pages that were read,
    ``alike`` those like an article's; ``judged`` says that some page was left as it was judged
    at an earlier visit.
    """

    read_before: bool
    silent: bool = False
    answers: list[Fetched] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    shown: tuple[str, ...] = ()
    complete: bool = True
    linked: int = 0
    alike: int = 0
    judged: bool = False


async def follow_list(
    source: Source, tools: VisitContext, url: str, memories: Mapping[str, ListPageState]
) -> Walk:
    """Read a list page and the pages it always leads to; then go on for what was missed.

    After the first good visit, a list that shows nothing known is followed page by page until
    something known is met, and an e-paper's earlier issues day by day until one is met that was
    read: at most ``max_backfill_pages`` of them. Pages of an issue that were read are not read
    again; those that failed are.
    """
    walk = await _follow(source, tools, url, memories)
    if walk.answers[0].outcome is Outcome.OK and not walk.alike and not walk.judged:
        walk.answers[0] = await asyncio.to_thread(_no_list, walk.answers[0], walk.linked)
    return walk


async def _follow(
    source: Source, tools: VisitContext, url: str, memories: Mapping[str, ListPageState]
) -> Walk:
    memory = memories.get(url)
    walk = Walk(read_before=memory is not None and memory.read_before, seen={url})
    root = await _read(source, tools, url, memories, walk)
    if root is None:
        return walk
    walk.shown = root.identities
    walk.silent = root.undated_index
    joined = not walk.read_before or await _joins(source, tools, root, memory)
    for further in await _read_all(source, tools, root.next_pages, memories, walk):
        joined = joined or await _joins(source, tools, further, memory)
    if source.family == "founder_epaper":
        if walk.read_before:
            await _catch_up_issues(source, tools, root, memories, walk)
    elif not joined:
        await _catch_up_pages(source, tools, root, memories, walk)
    return walk


async def _read(
    source: Source, tools: VisitContext, url: str, memories: Mapping[str, ListPageState], walk: Walk
) -> Discovery | None:
    """Read one list page; None if there is nothing new on it or nothing came."""
    memory = memories.get(url)
    fetched = await tools.fetcher.fetch(
        url,
        route=source.route,
        etag=memory.etag if memory else None,
        last_modified=memory.last_modified if memory else None,
    )
    first = not walk.answers
    walk.answers.append(fetched)
    if fetched.outcome not in HEALTHY:
        # No further page, or no issue on that day: that is an answer too.
        walk.complete = walk.complete and not first and fetched.outcome in _NOTHING_THERE
    if fetched.outcome is not Outcome.OK:
        walk.judged = walk.judged or fetched.outcome in HEALTHY
        return None
    if memory is not None and memory.body_hash == sha256_hex(fetched.body):
        walk.judged = True
        return None
    discovery = await asyncio.to_thread(discover, source, fetched)
    walk.linked += discovery.link_count
    walk.alike += len(discovery.identities)
    walk.links.extend(discovery.links)
    return discovery


async def _read_all(
    source: Source,
    tools: VisitContext,
    urls: tuple[str, ...],
    memories: Mapping[str, ListPageState],
    walk: Walk,
) -> list[Discovery]:
    """Read pages and, of an issue's, those they name in turn."""
    found: list[Discovery] = []
    waiting = list(urls)
    while waiting:
        url = waiting.pop(0)
        if _is_settled(url, memories):
            walk.judged = True
            continue
        if url in walk.seen or len(walk.seen) >= source.max_links:
            continue
        walk.seen.add(url)
        discovery = await _read(source, tools, url, memories, walk)
        if discovery is not None:
            found.append(discovery)
            waiting.extend(discovery.next_pages)
    return found


async def _catch_up_pages(
    source: Source,
    tools: VisitContext,
    root: Discovery,
    memories: Mapping[str, ListPageState],
    walk: Walk,
) -> None:
    """Go on through a list until something known is met."""
    known = memories.get(walk.answers[0].url)
    waiting, left = list(root.backfill_pages), source.max_backfill_pages
    while waiting and left > 0:
        url, left = waiting.pop(0), left - 1
        found = await _read_all(source, tools, (url,), memories, walk)
        if not found or await _joins(source, tools, found[0], known):
            return
        waiting.extend(found[0].backfill_pages)


async def _catch_up_issues(
    source: Source,
    tools: VisitContext,
    root: Discovery,
    memories: Mapping[str, ListPageState],
    walk: Walk,
) -> None:
    """Read the issues between the newest one and the last that was read, and what failed then."""
    read_days = {issue_date(url) for url, memory in memories.items() if memory.read_before}
    # When the newest was read, so was what lay before it.
    is_new = not any(issue_date(url) in read_days for url in root.next_pages)
    for url in root.backfill_pages if is_new else ():
        if issue_date(url) in read_days:
            break
        await _read_all(source, tools, (url,), memories, walk)
    days = [day for url in walk.seen if (day := issue_date(url))]
    oldest = max(days, default=date.max) - timedelta(days=source.max_backfill_pages)
    failed = [url for url in memories if (day := issue_date(url)) and day >= oldest]
    await _read_all(source, tools, tuple(failed), memories, walk)


async def _joins(
    source: Source, tools: VisitContext, page: Discovery, memory: ListPageState | None
) -> bool:
    """Whether a page of a list reaches down to what an earlier visit saw.

    Only its lower half counts: a headline pinned to the top is known for ever.
    """
    lower = page.identities[len(page.identities) // 2 :]
    if not lower:
        return True
    if memory is not None and memory.shown is not None:
        return any(link_mark(key) in memory.shown for key in lower)

    if source.title_pattern is not None:
        # Of an older release's visits only the titles that were wanted are remembered.
        return True

    def known() -> bool:
        with tools.database.read() as session:
            return bool(known_identities(session, lower))

    return await asyncio.to_thread(known)


def _no_list(fetched: Fetched, linked: int) -> Fetched:
    """What a page is that stands where the list was and names no article at all."""
    document = read_document(fetched.body, content_type=fetched.content_type, url=fetched.final_url)
    outcome, reason = Outcome.EMPTY, f"no article on the list; none of {linked} links is like one"
    if document.outcome in {Outcome.BLOCKED, Outcome.GONE}:
        outcome, reason = document.outcome, document.reason
    body = fetched.body if outcome is Outcome.BLOCKED else b""
    return replace(
        fetched, outcome=outcome, reason=reason, body=body, etag=None, last_modified=None
    )


def _is_settled(url: str, memories: Mapping[str, ListPageState]) -> bool:
    """Whether a page of an issue was read, or is known not to exist; neither will change."""
    memory = memories.get(url)
    if memory is None or issue_date(url) is None:
        return False
    return memory.read_before or memory.outcome in _NOTHING_THERE


_NOTHING_THERE = frozenset({Outcome.GONE, Outcome.MOVED, Outcome.EMPTY})
