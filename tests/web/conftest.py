"""The demo's history, the site over it, and a browser in front of that."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from demo_history import DemoHistory
from rich.console import Console

from monitor.daemon.site import serve_site, site_address
from monitor.demo.run import ROUNDS, clock_from, run_demo
from monitor.storage.engine import Database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def demo_history(tmp_path_factory: pytest.TempPathFactory) -> DemoHistory:
    """The history of the demo, made once for all processes of the test run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / "demo", shared / "demo.done"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            run_demo(folder, Console(file=StringIO()))
            done.touch()
    return DemoHistory(folder)


@pytest.fixture
def demo_database(demo_history: DemoHistory) -> Iterator[Database]:
    """The database of the demo, to read."""
    database = Database(demo_history.settings.database)
    yield database
    database.close()


@pytest.fixture(scope="session")
def site_url(demo_history: DemoHistory) -> Iterator[str]:
    """The address of the site over the demo's history, without a slash at the end."""
    ready, addresses = threading.Event(), list[str]()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    settings = demo_history.settings
    database = Database(settings.database)

    async def serve() -> None:
        async with serve_site(settings, database, 0, now=clock_from(ROUNDS[-1])) as port:
            addresses.append(site_address(settings, port).rstrip("/"))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    yield addresses[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
    database.close()


# For one module at a time: as long as it is open, playwright's event loop runs in this thread, and
# no asynchronous test can.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, such as Debian's package has."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium fonts-noto-cjk")
    # Its sandbox wants another user than root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()
