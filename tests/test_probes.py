"""What a supervisor is answered: whether the process works, and whether it has its database."""

from __future__ import annotations

import asyncio
import http.client
from types import SimpleNamespace

import pytest
from alert_story import NOW
from sqlalchemy import text

from monitor.config.settings import HttpSettings
from monitor.daemon.heartbeats import HeartbeatWriter
from monitor.daemon.probes import serve_probes, silent_loops, unready
from monitor.model.processes import Loop
from monitor.probes import ProbeEndpoint


async def well():
    return ""


async def broken():
    raise OSError("no disk")


async def hanging():
    return await asyncio.Event().wait()


async def silent():
    return "silent: 调度"


CHECKS = {"/well": well, "/broken": broken, "/hanging": hanging, "/silent": silent}


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/well", 200, "ok\n"),
        ("HEAD", "/well", 200, ""),
        ("POST", "/well", 405, "only GET\n"),
        ("GET", "/", 404, "not found\n"),
        ("GET", "/broken", 503, "OSError\n"),
        ("GET", "/silent", 503, "silent: 调度\n"),
        ("GET", "/hanging", 503, "no answer within 0.01 seconds\n"),
    ],
)
async def test_a_probe_is_a_status_and_a_line(method, path, status, said):
    sent = []

    async def send(message):
        sent.append(message)

    endpoint = ProbeEndpoint(CHECKS, patience=0.01)
    await endpoint({"type": "http", "path": path, "method": method}, None, send)
    started, body = sent
    assert (started["status"], body["body"].decode()) == (status, said)
    for task in endpoint._running.values():
        task.cancel()


async def test_a_check_that_hangs_is_not_started_again():
    started = []

    async def check():
        started.append(1)
        return await asyncio.Event().wait()

    async def send(_message):
        pass

    endpoint = ProbeEndpoint({"/readyz": check}, patience=0.01)
    for _ in range(3):
        await endpoint({"type": "http", "path": "/readyz", "method": "GET"}, None, send)
    assert started == [1]
    endpoint._running["/readyz"].cancel()


def app_of(database, port=None):
    context = SimpleNamespace(database=database, now=lambda: NOW)
    settings = SimpleNamespace(http=HttpSettings(port=port))
    return SimpleNamespace(context=context, settings=settings, exposition=lambda: b"up 1\n")


async def test_a_loop_that_stopped_is_named_and_a_deaf_bot_is_not(sqlite_database):
    seconds = [0.0]
    beats = {
        loop: HeartbeatWriter(app_of(sqlite_database), loop, NOW, clock=lambda: seconds[0])
        for loop in (Loop.SCHEDULER, Loop.DELIVERY, Loop.BOT)
    }
    assert not await silent_loops(beats)
    seconds[0] = 500.0
    await beats[Loop.SCHEDULER].beat()
    seconds[0] = 700.0
    assert await silent_loops(beats) == "silent: delivery"
    await beats[Loop.DELIVERY].beat()
    assert not await silent_loops(beats)


async def test_a_database_is_ready_with_its_schema(database):
    assert not await unready(app_of(database))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert (await unready(app_of(database))).startswith("schema 0001, this version has")


async def test_probes_are_served_on_the_port_of_the_settings(sqlite_database, caplog):
    caplog.set_level("INFO")
    app = app_of(sqlite_database, port=0)
    beats = {loop: HeartbeatWriter(app, loop, NOW) for loop in Loop}

    def get(address, path):
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    async with serve_probes(app, beats):
        (started,) = [r for r in caplog.records if r.message == "http.started"]
        for path, said in (("/healthz", b"ok\n"), ("/readyz", b"ok\n"), ("/metrics", b"up 1\n")):
            assert await asyncio.to_thread(get, started.address, path) == (200, said)
