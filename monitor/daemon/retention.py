"""Retention: what is older than the settings keep is deleted, unless the clock may be wrong."""

from __future__ import annotations

import asyncio
import logging

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
        with database.read() as session:
            return not is_clock_believed(session, now)

    if not await asyncio.to_thread(count_expired, database, periods, now):
        return
    if await asyncio.to_thread(is_refused):
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
