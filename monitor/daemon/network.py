"""Whether hosts of sources can be reached, which of them are asked, and what the log says of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.app import App
from monitor.daemon.due import shown_time
from monitor.ingest.rounds import Reachability, hosts_of

log = logging.getLogger(__name__)

SILENT_HOSTS = 4
"""So many hosts in a row that cannot be reached are a reason to doubt that there is a network."""

PROBED_HOSTS = 3
"""So many hosts are asked at a time whether they answer."""


def other_hosts(app: App, silent: Iterable[str]) -> list[str]:
    """The hosts of all sources but those that are known to be away."""
    away = set(silent)
    known = dict.fromkeys(host for source in app.sources for host in hosts_of(source))
    return [host for host in known if host not in away]


def asked_hosts(app: App, silent: Sequence[str], looks: int) -> list[str]:
    """The hosts that a look asks: each time others, first those that are not known to be away."""
    hosts = [*other_hosts(app, silent), *silent]
    first = looks * PROBED_HOSTS % len(hosts)
    return (hosts[first:] + hosts[:first])[:PROBED_HOSTS]


async def any_answers(app: App, hosts: Iterable[str]) -> bool:
    """Whether one of the hosts answers."""
    return any(await asyncio.gather(*(host_answers(app, host) for host in hosts)))


async def host_answers(app: App, host: str) -> bool:
    """Whether a host of a source answers; its robots.txt may be requested at any time."""
    source = next(s for s in app.sources if host in hosts_of(s))
    address = next(a for a in (*source.lists, *source.pages) if f"//{host}" in a)
    scheme, _, rest = address.partition("://")
    url = f"{scheme}://{rest.partition('/')[0]}/robots.txt"
    route = replace(source.route, robots=False)
    fetched = await app.context.fetcher.fetch(url, route=route)
    return fetched.status is not None


def tell_down(
    app: App, network: Reachability, *, seconds: float, reason: str = "", waiting: int | None = None
) -> None:
    """Log that there is no network, once for an outage.

    Args:
        app: the open application.
        network: the sources and hosts that cannot be reached.
        seconds: until the next look.
        reason: of the last visit that failed, if it is known.
        waiting: how many other sources wait, if that is known.
    """
    sources, hosts = len(network.silent), len(network.hosts)
    log.warning(
        "network.down",
        extra={
            "what": f"no network: {sources} sources of {hosts} hosts cannot be reached",
            "waiting": waiting or None,
            "reason": reason or None,
            "next_try": shown_time(app, app.context.now() + timedelta(seconds=seconds)),
        },
    )


def tell_up(app: App, *, since: datetime, again: int | None = None) -> None:
    """Log that a host answers again.

    Args:
        app: the open application.
        since: when the outage was found.
        again: how many sources are visited at once for it, if that is known.
    """
    visited = "" if again is None else f"; {again} sources are visited now"
    log.info(
        "network.up",
        extra={"what": f"the network is back{visited}", "since": shown_time(app, since)},
    )
