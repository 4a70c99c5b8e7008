"""Retention: the bytes of old pages are deleted, unless the clock may be wrong."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from monitor.app import App
from monitor.storage.provenance import delete_raw_bytes, has_snapshot_between

log = logging.getLogger(__name__)

RETENTION_INTERVAL = timedelta(days=1)
_RECENTLY = timedelta(days=30)


async def delete_old_bytes(app: App, age: timedelta) -> None:
    """Delete raw bytes that are older than ``age``, unless the clock may be ahead.

    A clock that is a year ahead would delete everything. It is believed where something was also
    stored between a day and a month ago.
    """
    now = app.context.now()

    def is_clock_believed() -> bool:
        with app.context.database.read() as session:
            return has_snapshot_between(session, now - _RECENTLY, now - RETENTION_INTERVAL)

    def delete() -> int:
        with app.context.database.write() as session:
            return delete_raw_bytes(session, now - age)

    if not await asyncio.to_thread(is_clock_believed):
        log.warning("retention.refused")
        return
    log.info("retention.done", extra={"pages": await asyncio.to_thread(delete)})
