"""Five processes on one PostgreSQL, from a page on the web to a message in a chat.

Kills, and what a second worker adds, are measured by ``benchmarks/roles.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

from postgres import in_postgres
from role_processes import role_processes
from sqlalchemy import text
from telegram_api import bot_api
from web import Web

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "several-machines.md"
REGIONS = ["贵州", "甘肃", "四川", "山东"]
CHATS = range(101, 101 + len(REGIONS))
NAMES = {"crawl-1": "crawl", "crawl-2": "crawl", "deliver": "deliver", "bot": "bot"}


def lay_out(folder, web, api, address):
    """A source, a rule and a chat for each region; two sources a host."""
    sources = rules = ""
    for chat, region in zip(CHATS, REGIONS, strict=True):
        path = f"/{chat}/20260201/a.html"
        lines = [
            "本报讯 会议日前听取了全年工作安排的汇报。",
            f"{region}省政府工作报告提出，2026年智能算力规模突破{chat}万P。",
            "有关部门随后介绍了时间表，并回答了提问。",
        ]
        web.html(path, f"{region}部署算力", lines)
        web.links(f"/{chat}/", [(path, f"{region}部署算力", "2026-02-01")])
        base = web.base if chat % 2 else web.base.replace("127.0.0.1", "localhost")
        sources += (
            f"  - {{id: s{chat}, name: 报{chat}, speaker: media, document_kind: news,"
            f" lists: ['{base}/{chat}/'], allow_private: true, baseline: false}}\n"
        )
        rules += f"  - {{id: r{chat}, name: {region}, regions: [{region}],"
        rules += f" then: {{chats: [{chat}]}}}}\n"
        api.add_chat(chat, region)
    (folder / "c.yaml").write_text(f"builtin: false\nsources:\n{sources}", encoding="utf-8")
    (folder / "r.yaml").write_text(f"rules:\n{rules}", encoding="utf-8")
    (folder / "monitor.toml").write_text(
        f'database = "{address}"\nrules = ["r.yaml"]\ncatalogue = ["c.yaml"]\n'
        f'[crawl]\nmin_delay = 0\n[telegram]\nbase_url = "{api.base_url}"\n',
        encoding="utf-8",
    )


def chats_written_to(api):
    return [int(call.params["chat_id"]) for call in api.calls if call.method == "sendMessage"]


def test_two_workers_a_scheduler_a_deliverer_and_a_bot(tmp_path, postgres_database):
    address = postgres_database.connection_string
    (grants,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    in_postgres(address, grants)
    worker = address.replace("postgres:@", "monitor_worker@").replace(
        "postgres@", "monitor_worker@"
    )
    with Web() as web, bot_api() as api, role_processes(tmp_path) as processes:
        lay_out(tmp_path, web, api, address)
        processes.start("schedule")
        for name, role in NAMES.items():
            processes.start(role, name, MONITOR_DATABASE=worker)
        api.say(CHATS[0], "/help")
        wanted = sorted([*CHATS, CHATS[0]])
        processes.wait_until(
            lambda: len(chats_written_to(api)) >= len(wanted), "an alert to each chat and a reply"
        )
        loops = text("SELECT loop FROM heartbeat ORDER BY loop")
        logged = text("SELECT count(*) FROM change_log")
        with postgres_database.read() as connection:
            assert connection.scalar(logged) == len(REGIONS)
            found = connection.scalars(loops).all()
        # The bot shows that it is alive once Telegram has answered its polling for a while.
        assert [one for one in found if one != "bot"] == ["crawl", "crawl", "delivery", "scheduler"]
        assert {name: processes.stop(name) for name in ["schedule", *NAMES]} == {
            "schedule": 0,
            **dict.fromkeys(NAMES, 0),
        }
        assert sorted(chats_written_to(api)) == wanted
    with postgres_database.read() as connection:
        assert connection.scalars(loops).all() == []
