"""A list and the pages that belong to it, walked in one visit; what was missed is caught up on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from monitor.catalogue import Source
from monitor.crawl import Discovery, discover, issue_day
from monitor.documents import read
from monitor.model import Fetched, Link, Outcome
from monitor.pipeline.tools import HEALTHY, Tools
from monitor.storage.history import digest
from monitor.storage.visits import ListMemory, known_identities, mark_of


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
    source: Source, tools: Tools, url: str, memories: Mapping[str, ListMemory]
) -> Walk:
    """Read a list page and the pages it always leads to; then go on for what was missed.

    After the first good visit, a list that shows nothing known is followed page by page until
    something known is met, and an e-paper's earlier issues day by day until one is met that was
    read: at most ``catch_up`` of them. Pages of an issue that were read are not read again;
    those that failed are.
    """
    walk = await _follow(source, tools, url, memories)
    if walk.answers[0].outcome is Outcome.OK and not walk.alike and not walk.judged:
        walk.answers[0] = await asyncio.to_thread(_no_list, walk.answers[0], walk.linked)
    return walk


async def _follow(
    source: Source, tools: Tools, url: str, memories: Mapping[str, ListMemory]
) -> Walk:
    memory = memories.get(url)
    walk = Walk(read_before=memory is not None and memory.read_before, seen={url})
    root = await _read(source, tools, url, memories, walk)
    if root is None:
        return walk
    walk.shown = root.shown
    walk.silent = root.silent
    joined = not walk.read_before or await _joins(source, tools, root, memory)
    for further in await _read_all(source, tools, root.further, memories, walk):
        joined = joined or await _joins(source, tools, further, memory)
    if source.family == "founder_epaper":
        if walk.read_before:
            await _catch_up_issues(source, tools, root, memories, walk)
    elif not joined:
        await _catch_up_pages(source, tools, root, memories, walk)
    return walk


async def _read(
    source: Source, tools: Tools, url: str, memories: Mapping[str, ListMemory], walk: Walk
) -> Discovery | None:
    """Read one list page; None if there is nothing new on it or nothing came."""
    memory = memories.get(url)
    fetched = await tools.fetcher.fetch(
        url,
        allow_private=source.allow_private,
        hosts=source.hosts,
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
    if memory is not None and memory.body_hash == digest(fetched.body):
        walk.judged = True
        return None
    discovery = await asyncio.to_thread(discover, source, fetched)
    walk.linked += discovery.seen
    walk.alike += len(discovery.shown)
    walk.links.extend(discovery.links)
    return discovery


async def _read_all(
    source: Source,
    tools: Tools,
    urls: tuple[str, ...],
    memories: Mapping[str, ListMemory],
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
            waiting.extend(discovery.further)
    return found


async def _catch_up_pages(
    source: Source, tools: Tools, root: Discovery, memories: Mapping[str, ListMemory], walk: Walk
) -> None:
    """Go on through a list until something known is met."""
    known = memories.get(walk.answers[0].url)
    waiting, left = list(root.beyond), source.catch_up
    while waiting and left > 0:
        url, left = waiting.pop(0), left - 1
        found = await _read_all(source, tools, (url,), memories, walk)
        if not found or await _joins(source, tools, found[0], known):
            return
        waiting.extend(found[0].beyond)


async def _catch_up_issues(
    source: Source, tools: Tools, root: Discovery, memories: Mapping[str, ListMemory], walk: Walk
) -> None:
    """Read the issues between the newest one and the last that was read, and what failed then."""
    read = {issue_day(url) for url, memory in memories.items() if memory.read_before}
    # When the newest was read, so was what lay before it.
    is_new = not any(issue_day(url) in read for url in root.further)
    for url in root.beyond if is_new else ():
        if issue_day(url) in read:
            break
        await _read_all(source, tools, (url,), memories, walk)
    days = [day for url in walk.seen if (day := issue_day(url))]
    oldest = max(days, default=date.max) - timedelta(days=source.catch_up)
    failed = [url for url in memories if (day := issue_day(url)) and day >= oldest]
    await _read_all(source, tools, tuple(failed), memories, walk)


async def _joins(source: Source, tools: Tools, page: Discovery, memory: ListMemory | None) -> bool:
    """Whether a page of a list reaches down to what an earlier visit saw.

    Only its lower half counts: a headline pinned to the top is known for ever.
    """
    lower = page.shown[len(page.shown) // 2 :]
    if not lower:
        return True
    if memory is not None and memory.shown is not None:
        return any(mark_of(key) in memory.shown for key in lower)

    if source.title_pattern is not None:
        # Of an older release's visits only the titles that were wanted are remembered.
        return True

    def known() -> bool:
        with tools.database.read() as session:
            return bool(known_identities(session, lower))

    return await asyncio.to_thread(known)


def _no_list(fetched: Fetched, linked: int) -> Fetched:
    """What a page is that stands where the list was and names no article at all."""
    document = read(fetched.body, content_type=fetched.content_type, url=fetched.final_url)
    outcome, reason = Outcome.EMPTY, f"no article on the list; none of {linked} links is like one"
    if document.outcome in {Outcome.BLOCKED, Outcome.GONE}:
        outcome, reason = document.outcome, document.reason
    body = fetched.body if outcome is Outcome.BLOCKED else b""
    return replace(
        fetched, outcome=outcome, reason=reason, body=body, etag=None, last_modified=None
    )


def _is_settled(url: str, memories: Mapping[str, ListMemory]) -> bool:
    """Whether a page of an issue was read, or is known not to exist; neither will change."""
    memory = memories.get(url)
    if memory is None or issue_day(url) is None:
        return False
    return memory.read_before or memory.outcome in _NOTHING_THERE


_NOTHING_THERE = frozenset({Outcome.GONE, Outcome.MOVED, Outcome.EMPTY})
