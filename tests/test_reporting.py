"""Those outside hear that the daemon works: systemd, and the ping address."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from monitor.config.settings import PingSettings, Settings, load_settings
from monitor.daemon.ping import Ping, failure_url
from monitor.daemon.reporting import open_ping, reporting
from monitor.daemon.systemd import notify, watchdog_seconds
from monitor.errors import UserError
from monitor.model.processes import Loop

SECRET = "1f0b7c1e-0d54-4d1a-9a53-a5d7f1f4d3c2"


class Beats:
    is_silent = False


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("https://hc.example.org/a-b-c", "https://hc.example.org/a-b-c/fail"),
        (
            "https://hc.example.org/key/name/?create=1",
            "https://hc.example.org/key/name/fail?create=1",
        ),
        (
            "http://kuma/api/push/x?status=up&msg=OK&ping=",
            "http://kuma/api/push/x?status=down&msg=OK&ping=",
        ),
    ],
)
def test_the_address_of_a_failure(url, failure):
    assert failure_url(url) == failure


async def test_pings_go_out_while_all_is_well_and_a_failure_is_logged_once(caplog):
    caplog.set_level("INFO")
    asked, answers, health = [], [200, 500, 500, 204, 200], [True, False, True, True, True, True]
    done = asyncio.Event()

    async def get(url):
        asked.append(url)
        return answers.pop(0)

    async def is_healthy():
        if not health:
            done.set()
            return False
        return health.pop(0)

    ping = Ping("https://hc.example.org/x", 0.0, get, is_healthy)
    run = asyncio.create_task(ping.run())
    await asyncio.wait_for(done.wait(), 60)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert len(asked) == 5
    assert [r.message for r in caplog.records if r.message.startswith("ping.")] == [
        "ping.failed",
        "ping.resumed",
    ]


async def test_an_address_that_cannot_be_reached_is_no_secret_in_the_log(caplog):
    settings = Settings.model_construct(ping=PingSettings(url=f"http://127.0.0.1:9/{SECRET}"))
    async with open_ping(settings, lambda: None) as ping:
        await ping.fail()
    assert "ping.failed" in caplog.text
    assert all(SECRET not in str(vars(record)) for record in caplog.records)


def test_systemd_hears_what_it_asked_for(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert server.recv(100) == b"READY=1"
    notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notify("READY=1", {})
    mine = {"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}
    assert watchdog_seconds(mine) == 40
    assert watchdog_seconds(mine | {"WATCHDOG_PID": "1"}) is None
    assert watchdog_seconds({"WATCHDOG_USEC": "x"}) is None
    assert watchdog_seconds({}) is None


async def test_the_watchdog_is_fed_while_the_loops_work(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "3000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    beats = {loop: Beats() for loop in Loop}
    beats[Loop.BOT].is_silent = True
    told, fed = [], asyncio.Event()

    def tell(state):
        told.append(state)
        fed.set()

    monkeypatch.setattr("monitor.daemon.reporting.notify", tell)
    async with reporting(beats, None):
        await asyncio.wait_for(fed.wait(), 60)
    assert set(told) == {"WATCHDOG=1"}
    told.clear()
    beats[Loop.DELIVERY].is_silent = True
    async with reporting(beats, None):
        for _ in range(20):
            await asyncio.sleep(0)
    assert told == []


def test_a_ping_address_that_is_none_is_refused_without_its_secret(tmp_path):
    file = tmp_path / "monitor.toml"
    file.write_text(f'[ping]\nurl = "hc.example.org/{SECRET}"\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"ping\.url") as refused:
        load_settings(file)
    assert SECRET not in str(refused.value)
