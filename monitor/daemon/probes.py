"""What a daemon answers at ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from monitor.app import App
from monitor.daemon.heartbeats import HeartbeatWriter
from monitor.http_server import listening
from monitor.model.processes import Loop
from monitor.probes import ProbeEndpoint
from monitor.storage.engine import newest_revision

log = logging.getLogger(__name__)


@asynccontextmanager
async def serve_probes(app: App, beats: Mapping[Loop, HeartbeatWriter]) -> AsyncIterator[None]:
    """Answer probes and scrapes while the block runs, if the settings name a port."""
    http = app.settings.http
    if http.port is None:
        yield
        return
    host = f"[{http.host}]" if ":" in http.host else http.host
    endpoint = ProbeEndpoint(
        {"/healthz": partial(silent_loops, beats), "/readyz": partial(unready, app)},
        {} if app.exposition is None else {"/metrics": partial(asyncio.to_thread, app.exposition)},
    )
    async with listening(endpoint, f"{host}:{http.port}", setting="http.port") as port:
        log.info("http.started", extra={"address": f"{host}:{port}"})
        yield


async def silent_loops(beats: Mapping[Loop, HeartbeatWriter]) -> str:
    """The loops that do not work any more; a bot is silent while Telegram is away, and no fault."""
    silent = [loop.value for loop, beat in beats.items() if loop is not Loop.BOT and beat.is_silent]
    return f"silent: {', '.join(silent)}" if silent else ""


async def unready(app: App) -> str:
    """Why the database cannot be used; empty if it can."""
    found, expected = await asyncio.to_thread(app.context.database.revision), newest_revision()
    return "" if found == expected else f"schema {found}, this version has {expected}"
