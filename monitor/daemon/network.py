"""Whether a host of a source can be reached."""

from __future__ import annotations

from dataclasses import replace

from monitor.app import App
from monitor.ingest.rounds import hosts_of


async def host_answers(app: App, host: str) -> bool:
    """Whether a host of a source answers; its robots.txt may be requested at any time."""
    source = next(s for s in app.sources if host in hosts_of(s))
    address = next(a for a in (*source.lists, *source.pages) if f"//{host}" in a)
    scheme, _, rest = address.partition("://")
    url = f"{scheme}://{rest.partition('/')[0]}/robots.txt"
    route = replace(source.route, robots=False)
    fetched = await app.context.fetcher.fetch(url, route=route)
    return fetched.status is not None
