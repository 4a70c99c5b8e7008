"""``monitor web``: the site for looking at what changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, open_database
from monitor.cli.output import print_status
from monitor.config.settings import WEB_PORT
from monitor.daemon.signals import stop_on_signals
from monitor.daemon.site import serve_site, site_address

if TYPE_CHECKING:
    from monitor.config.settings import Settings
    from monitor.storage.engine import Database


def web(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port; web.port of the settings, else 8765."),
    ] = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Serve the site: what changed, a map, charts, reports side by side. Read-only.

    It is open to this machine alone, unless the settings say otherwise. Ctrl-C ends it.
    """
    with open_database(config, database, existing=True, upgrade=False) as (settings, store):
        if port is None:
            port = WEB_PORT if settings.web.port is None else settings.web.port
        asyncio.run(_serve(settings, store, port))


async def _serve(settings: Settings, store: Database, port: int) -> None:
    stop = asyncio.Event()
    with stop_on_signals(stop):
        async with serve_site(settings, store, port) as taken:
            print_status(f"{site_address(settings, taken)} – Ctrl-C ends it")
            await stop.wait()
