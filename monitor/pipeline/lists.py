"""Discover: read a source's list pages and note the addresses nobody knew."""

from __future__ import annotations

import asyncio

from monitor.catalogue import Source
from monitor.crawl import identity
from monitor.model import Fetched, Link, Outcome
from monitor.pipeline.listwalk import Walk, follow_list
from monitor.pipeline.tools import HEALTHY, Tools, VisitReport
from monitor.storage.database import Database
from monitor.storage.history import digest
from monitor.storage.visits import (
    FoundLink,
    ListMemory,
    add_addresses,
    known_identities,
    list_memories,
    note_addresses,
    record_list,
    unidentified,
)

_BATCH = 1_000


async def read_lists(source: Source, tools: Tools, report: VisitReport) -> None:
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
        fixed = [FoundLink(Link(url), source.baseline, identity(url)) for url in source.pages]
        report.new_addresses += await asyncio.to_thread(_record_pages, source, tools, fixed)
    if failures and len(failures) == len(source.lists):
        report.outcome = failures[0].outcome
        report.reason = failures[0].reason


def identify_addresses(database: Database) -> None:
    """Give an identity to the addresses of an older release, so that none is visited anew."""
    while True:
        with database.write() as session:
            rows = unidentified(session, _BATCH)
            note_addresses(session, [(row, {"identity": identity(url)}) for row, url in rows])
        if len(rows) < _BATCH:
            return


def _knows_pages(source: Source, tools: Tools) -> bool:
    """Whether the addresses that the catalogue itself names are all known."""
    wanted = [identity(url) for url in source.pages]
    with tools.database.read() as session:
        known = known_identities(session, wanted)
    return known.issuperset(wanted)


def _memories(source: Source, tools: Tools) -> dict[str, ListMemory]:
    with tools.database.read() as session:
        return list_memories(session, source.id)


def _record_walk(source: Source, tools: Tools, walk: Walk) -> int:
    """Validators and links in one transaction: a list is "read" only with all it led to."""
    now = tools.now()
    baseline = source.baseline and not walk.read_before
    # Lists show the newest first; reports are read oldest first, so that each finds its forerunner.
    found = [FoundLink(link, baseline, identity(link.url)) for link in reversed(walk.links)]
    with tools.database.write() as session:
        for position, fetched in enumerate(walk.answers):
            record_list(
                session,
                source.id,
                fetched,
                body_hash=digest(fetched.body) if fetched.outcome is Outcome.OK else None,
                complete=walk.complete and not (walk.silent and position == 0),
                now=now,
                shown=walk.shown if position == 0 else (),
            )
        return add_addresses(session, source.id, found, now)


def _record_pages(source: Source, tools: Tools, found: list[FoundLink]) -> int:
    with tools.database.write() as session:
        return add_addresses(session, source.id, found[::-1], tools.now())
