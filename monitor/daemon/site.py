"""The site inside a process: where it listens, and what it is made from."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from monitor.app import App
from monitor.clock import utc_now
from monitor.config.settings import Settings
from monitor.errors import UserError
from monitor.http_server import listening
from monitor.storage.engine import Database

log = logging.getLogger(__name__)


def require_starlette() -> None:
    """Raise UserError if the library of the site is not installed."""
    if find_spec("starlette") is None:
        raise UserError("web: starlette is not installed", hint="pip install 'policy-monitor[web]'")


@asynccontextmanager
async def serve_site(
    settings: Settings,
    database: Database,
    port: int,
    *,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[int]:
    """Serve the site while the block runs; yields the port.

    Args:
        settings: whose ``web`` section says who may read.
        database: the history, which is only read.
        port: to listen on; 0 takes a free one.
        now: the clock of the pages.

    Raises:
        UserError: the address cannot be listened on, the library is not installed, or the site
            would be open to others without a check.
    """
    require_starlette()
    # Loaded with the site alone.
    from monitor.catalogue.loader import load_catalogue
    from monitor.extraction.topics import load_topics
    from monitor.ingest.rule_vocabulary import rule_vocabulary
    from monitor.web.app import build_site
    from monitor.web.security import Access, is_loopback
    from monitor.web.site import Site

    web, token = settings.web, settings.web_token()
    if not is_loopback(web.host) and token is None and not web.user_header:
        raise UserError(
            f"web.host: {web.host} is open to others, and nothing checks who reads",
            hint="set web.token_file, or web.user_header behind a proxy that checks",
        )
    topics = load_topics(settings.existing_paths("topics"))
    catalogue = load_catalogue(settings.existing_paths("catalogue"))
    site = Site(
        database,
        zone=ZoneInfo(settings.timezone),
        themes=tuple(dict.fromkeys(theme for topic in topics.topics for theme in topic.themes)),
        vocabulary=rule_vocabulary(topics, catalogue, settings.channels),
        rules=settings.rules,
        now=now,
    )
    access = Access(
        # The address that is listened on is a name of the site, unless it stands for all.
        frozenset({name.lower() for name in (*web.hosts, web.host)} - {"0.0.0.0", "::"}),  # noqa: S104
        token,
        web.user_header.lower(),
        frozenset(web.proxies),
    )
    host = f"[{web.host}]" if ":" in web.host else web.host
    async with listening(build_site(site, access), f"{host}:{port}", setting="web.port") as taken:
        yield taken


@asynccontextmanager
async def with_site(app: App) -> AsyncIterator[None]:
    """Serve the site beside the daemon's loops, if the settings name a port."""
    port = app.settings.web.port
    if port is None:
        yield
        return
    async with serve_site(app.settings, app.context.database, port) as taken:
        log.info("web.started", extra={"address": site_address(app.settings, taken)})
        yield


def site_address(settings: Settings, port: int) -> str:
    """The address of the site, for a person to open."""
    host = settings.web.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
