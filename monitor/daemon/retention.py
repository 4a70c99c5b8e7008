"""Retention: what is older than the settings keep is deleted, unless the clock may be wrong."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from monitor.app import App
from monitor.storage.retention import (
    RetentionPeriods,
    count_expired,
    delete_expired,
    is_clock_believed,
)

log = logging.getLogger(__name__)


async def apply_retention(app: App, periods: RetentionPeriods) -> None:
    """Delete what is older than its period, unless the clock may be ahead."""
    database, now = app.context.database, app.context.now()

    def is_refused() -> bool:
        with database.read() as connection:
            return not is_clock_believed(connection, now)

    found = await asyncio.to_thread(count_expired, database, periods, now)
    if not found:
        return
    # A pause that is over by a wrong clock alone costs one request.
    is_costly = bool(replace(found, host_pauses=0))
    if is_costly and await asyncio.to_thread(is_refused):
        log.warning("retention.refused")
        return
    done = await asyncio.to_thread(delete_expired, database, periods, now)
    log.info(
        "retention.done",
        extra={
            "pages": done.pages,
            "addresses": done.addresses,
            "alert_texts": done.alert_texts,
            "notices": done.notices,
            "host_pauses": done.host_pauses,
        },
    )
