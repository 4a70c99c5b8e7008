"""Nothing lost and nothing twice: 625 alerts, a bad network, and a worker that is killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alert_story import plant, raised
from fresh_database import fresh_sqlite
from telegram_api import Faults, Limits, bot_api

from monitor.storage.engine import Database

SUPPORT = Path(__file__).resolve().parents[1] / "support"
ROOT = SUPPORT.parents[1]
KILLS = 3
#: Sends that a process may try at most before it is killed.
MAX_SENDS = 120
REPORTS = 5
PEOPLE = range(1, 101)
GROUPS = range(-25, 0)
BLOCKED = (5001, 5002, 5003)
MOVED = (-7, -1007)
SPEED = 20.0
NOTE = "可能已经发过"


def lay_out(database: Database, api) -> None:
    for chat in (*PEOPLE, *GROUPS, *BLOCKED):
        api.add_chat(chat)
    api.blocked.update(BLOCKED)
    api.move(*MOVED)
    for number in range(REPORTS):
        # A number of its own in each report says which alert a message is.
        change = raised(100, 1000 + number)
        plant(database, [change], chats=[*PEOPLE, *GROUPS, *BLOCKED], title=f"报告{number}")


@contextmanager
def delivering(url: str, api, began: float) -> Iterator[subprocess.Popen[bytes]]:
    """A delivering process in a process group of its own, killed at the end if it still runs."""
    script = SUPPORT / "deliver_process.py"
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, str(script), url, api.base_url, str(SPEED), str(began)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), str(ROOT), *sys.path])},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(0)
        # Killed by us, or done.
        assert process.returncode in {-signal.SIGKILL, 0}, errors.read().decode()


def wait_for_sends(process: subprocess.Popen[bytes], faults: Faults, sends: int) -> None:
    """Wait until the process has tried so many more sends, or is done."""
    enough = faults.number + sends
    while faults.number < enough and process.poll() is None:
        time.sleep(0.01)


def in_flight(file: Path) -> set[tuple[int, str]]:
    """The alerts in flight when a process was killed: each may have been sent, or not."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute(
            "SELECT a.recipient_id, d.title FROM alert a JOIN document d ON d.id = a.document_id"
            " WHERE a.state = 'leased' AND a.in_flight_since IS NOT NULL"
        )
        return {(MOVED[1] if chat == MOVED[0] else chat, title) for chat, title in rows}


def alert_of(call) -> tuple[int, str]:
    """The chat, and the report that a message tells of."""
    return call.chat_id, call.text.partition("《")[2].partition("》")[0]


@pytest.mark.slow
def test_alerts_through_a_bad_network_and_kills(tmp_path: Path) -> None:
    chance = random.Random(20261125)
    file = tmp_path / "m.db"
    url = fresh_sqlite(file)
    database = Database(url)
    limits = Limits(clock=lambda: time.monotonic() * SPEED)
    faults = Faults(seed=20261125, rate=0.05)
    begun: Counter[tuple[int, str]] = Counter()
    with bot_api(limits=limits, faults=faults, checked=10) as api:
        lay_out(database, api)
        database.close()
        began = time.time()
        for _ in range(KILLS):
            with delivering(url, api, began) as process:
                wait_for_sends(process, faults, chance.randrange(MAX_SENDS))
            begun.update(in_flight(file))
        with delivering(url, api, began) as process:
            process.wait()
        messages = [(alert_of(call), NOTE in call.text) for call in api.arrived()]
        unheard = len(faults.unheard)
        impatient, refused = limits.impatient_chats, limits.refused

    arrived = Counter(alert for alert, _ in messages)
    repeated = {alert for alert, times in arrived.items() if times > 1}
    noted = {alert for alert, note in messages if note}
    chats = [MOVED[1] if chat == MOVED[0] else chat for chat in (*PEOPLE, *GROUPS)]
    expected = {(chat, f"报告{number}") for chat in chats for number in range(REPORTS)}
    # Nothing is lost, and nobody gets what was not for them.
    assert set(arrived) == expected
    # What came twice says so itself, and only what the documented window allows came twice.
    assert repeated <= noted
    twice = sum(times - 1 for times in arrived.values())
    assert twice <= begun.total() + unheard  # one may be in flight at several kills
    with closing(sqlite3.connect(file)) as log:
        states = dict(log.execute("SELECT state, COUNT(*) FROM alert GROUP BY 1"))
        possibly_delivered = log.execute(
            "SELECT COUNT(*) FROM alert WHERE possibly_duplicate"
        ).fetchone()[0]
    assert states == {"sent": len(expected), "dead": REPORTS * len(BLOCKED)}
    assert twice <= possibly_delivered
    # Only an answer that a kill kept from being stored is not waited for.
    assert impatient <= {chat for chat, _ in begun}
    print(
        f"{len(expected)} alerts, {KILLS} kills: {twice} came twice, {begun.total()} were in "
        f"flight at a kill, {unheard} answers were lost, {possibly_delivered} noted, "
        f"{refused} times 429"
    )
