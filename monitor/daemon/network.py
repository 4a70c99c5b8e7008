"""Whether hosts of sources can be reached, and which of them are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.app import App
from monitor.ingest.rounds import hosts_of

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
