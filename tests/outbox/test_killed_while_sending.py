"""Nothing lost and nothing twice: 10,000 alerts, a bad network, and a channel that is killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from alert_story import plant, raised
from telegram_api import Faults, Limits, bot_api

from monitor.storage.engine import Database

HERE = Path(__file__).resolve().parent
KILLS = 20
REPORTS = 20
PEOPLE = range(1, 401)
GROUPS = range(-100, 0)
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


def start(url: str, api, began: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            str(HERE / "deliver_process.py"),
            url,
            api.base_url,
            str(SPEED),
            str(began),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), *sys.path])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def under_way(file: Path) -> set[tuple[int, str]]:
    """The alerts a killed channel had begun: any of them may have been sent, or not."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute(
            "SELECT a.chat_id, d.title FROM alert a JOIN document d ON d.id = a.document_id"
            " WHERE a.state = 'leased' AND a.begun_at IS NOT NULL"
        )
        return {(MOVED[1] if chat == MOVED[0] else chat, title) for chat, title in rows}


def alert_of(call) -> tuple[int, str]:
    """The chat, and the report that a message tells of."""
    return call.chat_id, call.text.partition("《")[2].partition("》")[0]


def test_ten_thousand_alerts_through_a_bad_network_and_twenty_kills(tmp_path: Path) -> None:
    chance = random.Random(20261125)
    file = tmp_path / "m.db"
    url = f"sqlite:///{file}"
    database = Database(url)
    database.upgrade()
    limits = Limits(clock=lambda: time.monotonic() * SPEED)
    faults = Faults(seed=20261125, rate=0.05)
    begun: set[tuple[int, str]] = set()
    with bot_api(limits=limits, faults=faults, checked=10) as api:
        lay_out(database, api)
        database.close()
        began = time.time()
        for _ in range(KILLS):
            process = start(url, api, began)
            try:
                process.wait(chance.uniform(0.8, 3.0))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            process.wait(10)
            process.stderr.close()
            begun |= under_way(file)
        process = start(url, api, began)
        assert process.wait(400) == 0, process.stderr.read().decode()
        process.stderr.close()
        messages = [(alert_of(call), NOTE in call.text) for call in api.arrived()]
        unheard = len(faults.unheard)
        impatient, refused = limits.impatient, limits.refused

    arrived = Counter(alert for alert, _ in messages)
    repeated = {alert for alert, times in arrived.items() if times > 1}
    noted = {alert for alert, note in messages if note}
    chats = [MOVED[1] if chat == MOVED[0] else chat for chat in (*PEOPLE, *GROUPS)]
    expected = {(chat, f"报告{number}") for chat in chats for number in range(REPORTS)}
    # Nothing is lost, and nobody is told what was not for them.
    assert set(arrived) == expected
    # What came twice says so itself, and only what the documented window allows came twice.
    assert repeated <= noted
    twice = sum(times - 1 for times in arrived.values())
    assert twice <= len(begun) + unheard
    with closing(sqlite3.connect(file)) as log:
        states = dict(log.execute("SELECT state, COUNT(*) FROM alert GROUP BY 1"))
        possibly_delivered = log.execute("SELECT COUNT(*) FROM alert WHERE doubtful").fetchone()[0]
    assert states == {"sent": len(expected), "dead": REPORTS * len(BLOCKED)}
    assert twice <= possibly_delivered
    assert impatient == 0
    print(
        f"{len(expected)} alerts, {KILLS} kills: {twice} came twice, {len(begun)} were under way "
        f"at a kill, {unheard} answers were lost, {possibly_delivered} noted, {refused} times 429"
    )
