"""The ways out that the settings name: opened for a run, and as rows among those who are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from monitor.alerts import AppriseSender, AtomSender, Lookup, Sender, WebhookSender
from monitor.crawl import Poster
from monitor.errors import UserError
from monitor.settings import Settings
from monitor.storage.database import Database
from monitor.storage.queries import LoggedChange, find_change
from monitor.storage.ways import WayChoice


def utc_now() -> datetime:
    """The clock of the ways."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_ways(
    settings: Settings,
    *,
    lookup: Lookup,
    only: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Mapping[str, Sender]]:
    """The senders of the ways, by their names; connections are closed at the end.

    Args:
        settings: name the ways.
        lookup: gives webhooks the lines of the log; see ``lookup_in``.
        only: open this way and no other.
        now: the clock.

    Raises:
        UserError: a way cannot be used as it is configured, or there is none of this name.
    """
    if only is not None and only not in settings.ways:
        names = ", ".join(settings.ways)
        raise UserError(
            f"the settings name no way {only!r}",
            hint=f"there are: {names}" if names else "docs/how-to/other-ways.md",
        )
    async with AsyncExitStack() as stack:
        yield {
            name: await _open(name, settings, stack, lookup=lookup, now=now)
            for name in settings.ways
            if only is None or name == only
        }


def way_choices(settings: Settings) -> list[WayChoice]:
    """What ``sync_ways`` of the storage writes down."""
    return [
        WayChoice(name, way.language, way.digest, way.quiet, way.timezone or settings.timezone)
        for name, way in settings.ways.items()
    ]


def lookup_in(database: Database) -> Lookup:
    """Reads lines of the log, in a worker thread."""

    def read(numbers: Sequence[int]) -> list[LoggedChange]:
        with database.read() as session:
            found = [find_change(session, number) for number in numbers]
        return [line for line in found if line is not None]

    async def lookup(numbers: Sequence[int]) -> Sequence[LoggedChange]:
        return await asyncio.to_thread(read, numbers) if numbers else ()

    return lookup


async def _open(
    name: str,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    lookup: Lookup,
    now: Callable[[], datetime],
) -> Sender:
    way = settings.ways[name]
    proxy = None if way.proxy is None else way.proxy.get_secret_value()
    if way.atom is not None:
        return AtomSender(name, way.atom, entries=way.entries, now=now)
    address = way.address(name)
    if way.kind == "apprise":
        return AppriseSender(name, address, proxy=proxy, now=now)
    ca_file = settings.crawl.ca_file
    poster = Poster(
        allow_private=way.allow_private,
        proxy=proxy,
        ca_file=None if ca_file is None else str(ca_file),
    )
    post = (await stack.enter_async_context(poster)).post
    secret = way.signing_secret(name)
    return WebhookSender(name, address, secret, post=post, lookup=lookup, now=now)
