"""Nothing lost and nothing twice: the program is killed at random instants and started again."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

from telegram_api import TOKEN, bot_api
from web import Web

REGIONS = ["贵州", "甘肃", "四川", "山东", "广东", "浙江", "江苏", "安徽", "河南", "湖北"]
# benchmarks/chaos.py kills two hundred times; this is its short form.
KILLS = 4
FIRST_CHAT = 100


def lay_out(web, api, folder):
    """Ten articles, each with its own rule and chat."""
    links = []
    for number, region in enumerate(REGIONS):
        path = f"/news/20260201/{number}.html"
        web.html(
            path,
            f"{region}部署算力",
            [
                "本报讯 日前公布了全年工作安排。",
                f"{region}省政府工作报告提出，2026年智能算力规模突破{number + 2}万P。",
                "记者了解到，有关部门正在细化方案，明确时间表和路线图。",
            ],
        )
        links.append((path, f"{region}部署算力", "2026-02-01"))
        api.add_chat(FIRST_CHAT + number, region)
    web.links("/news/", links)
    (folder / "c.yaml").write_text(
        "builtin: false\nsources:\n  - id: news\n    name: 报\n    speaker: media\n"
        f"    document_kind: news\n    lists: ['{web.base}/news/']\n    allow_private: true\n"
        "    baseline: false\n",
        encoding="utf-8",
    )
    (folder / "r.yaml").write_text(
        "rules:\n"
        + "".join(
            f"  - {{id: r{number}, name: {region}, regions: [{region}],"
            f" then: {{chats: [{FIRST_CHAT + number}]}}}}\n"
            for number, region in enumerate(REGIONS)
        ),
        encoding="utf-8",
    )
    (folder / "monitor.toml").write_text(
        'database = "sqlite:///m.db"\nrules = ["r.yaml"]\ncatalogue = ["c.yaml"]\n'
        f'[crawl]\nmin_delay = 0\n[telegram]\nbase_url = "{api.base_url}"\n',
        encoding="utf-8",
    )


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "run", "--once"],
        cwd=folder,
        env=os.environ | {"MONITOR_TELEGRAM__TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def run_to_the_end(folder):
    """Run without a kill. The timeout only ends a run that hangs: a busy machine may be slow."""
    with start(folder) as process:
        try:
            _, errors = process.communicate(timeout=600)
        finally:
            process.kill()
    assert process.returncode == 0, errors.decode()


def let_leases_run_out(folder):
    """Expire all leases and waits in the database instead of sleeping."""
    # Its own context manager commits, and closes nothing.
    with closing(sqlite3.connect(folder / "m.db")) as database, database:
        database.execute(
            "UPDATE alert SET leased_until = '2020-01-01 00:00:00' WHERE state='leased'"
        )
        database.execute(
            "UPDATE alert SET not_before = '2020-01-01 00:00:00' WHERE state='pending'"
        )
        database.execute("UPDATE source SET next_visit_at = NULL")


def test_no_change_is_lost_or_logged_twice_when_killed_at_any_moment(tmp_path):
    chance = random.Random(20260201)
    with Web() as web, bot_api() as api:
        lay_out(web, api, tmp_path)
        # How long one start takes on this machine decides where the kills fall.
        began = time.monotonic()
        trial = tmp_path / "trial"
        trial.mkdir()
        lay_out(web, api, trial)
        run_to_the_end(trial)
        whole = time.monotonic() - began
        api.calls.clear()

        in_flight = 0
        for _ in range(KILLS):
            with start(tmp_path) as process:
                try:
                    process.communicate(timeout=whole * chance.uniform(0.4, 1.0))
                except subprocess.TimeoutExpired:
                    pass
                finally:
                    process.kill()
            if (tmp_path / "m.db").exists():
                try:
                    let_leases_run_out(tmp_path)
                except sqlite3.OperationalError:
                    continue  # killed before the schema was there
                in_flight += 1
        for _ in range(2):
            run_to_the_end(tmp_path)
            let_leases_run_out(tmp_path)

        with closing(sqlite3.connect(tmp_path / "m.db")) as database:
            log = database.execute("SELECT region, kind, after_value FROM change_log").fetchall()
            states = dict(database.execute("SELECT state, COUNT(*) FROM alert GROUP BY 1"))
        assert len(log) == len(set(log)) == len(REGIONS)
        assert states == {"sent": len(REGIONS)}
        arrived = Counter(call.chat_id for call in api.sent())
        assert set(arrived) == {FIRST_CHAT + number for number in range(len(REGIONS))}
        # Each kill can fall between Telegram's answer and the commit, for one message at most.
        assert sum(arrived.values()) - len(REGIONS) <= in_flight
