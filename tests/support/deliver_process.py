"""A delivering process to be killed: the product's own worker, with a faster clock.

``deliver_process.py DATABASE BASE_URL SPEED BEGAN``: every second of the wall is SPEED seconds of
the product's, counted since BEGAN. It ends by itself when nothing is left to send, or when the
test that started it is gone.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from alert_story import NOW
from telegram_api import TOKEN

from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import TelegramChannel
from monitor.outbox.worker import OutboxWorker, delivery_loop
from monitor.storage.engine import Database

DAY = timedelta(days=1)


async def main(url: str, base_url: str, speed: float, began: float) -> None:
    def now() -> datetime:
        return (NOW + timedelta(seconds=(time.time() - began) * speed)).astimezone(UTC)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    database = Database(url)
    pace = FloodControl(clock=lambda: time.monotonic() * speed, sleep=sleep)
    async with TelegramChannel(TOKEN, base_url=base_url, flood_control=pace) as channel:
        worker = OutboxWorker(database, channel, now, chance=random.random, sleep=sleep)
        wake = asyncio.Event()
        loop = asyncio.create_task(delivery_loop(worker, wake=wake))
        parent = os.getppid()
        while not loop.done() and os.getppid() == parent and await worker.next_due() is not None:
            await sleep(5)
        worker.stop.set()
        await loop
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
