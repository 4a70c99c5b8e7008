"""``monitor run`` as its operator sees it: one process that crawls, alerts, answers and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from telegram_api import TOKEN, bot_api
from web import Web

from monitor.clock import utc_now

CHAT = 55


def start(folder, *arguments, token=TOKEN):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")}
    if token:
        environment["MONITOR_TELEGRAM__TOKEN"] = token
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "run", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def place(tmp_path):
    with Web() as web, bot_api() as api:
        api.add_chat(CHAT, "分析师")
        today = utc_now().date().isoformat()
        web.links("/news/", [("/news/1.html", "贵州部署算力", today)])
        web.html(
            "/news/1.html",
            "贵州部署算力",
            [
                "本报讯 日前公布了全年工作安排，明确了时间表。",
                f"贵州省政府工作报告提出，{today[:4]}年全省算力规模突破200Eflops。",
            ],
        )
        (tmp_path / "c.yaml").write_text(
            "builtin: false\nsources:\n  - id: news\n    name: 报\n    speaker: media\n"
            f"    document_kind: news\n    lists: ['{web.base}/news/']\n    allow_private: true\n"
            "    baseline: false\n",
            encoding="utf-8",
        )
        (tmp_path / "r.yaml").write_text(
            "rules:\n  - id: guizhou\n    name: 贵州\n    regions: [贵州]\n"
            f"    then: {{chats: [{CHAT}]}}\n",
            encoding="utf-8",
        )
        (tmp_path / "monitor.toml").write_text(
            'database = "sqlite:///m.db"\nrules = ["r.yaml"]\ncatalogue = ["c.yaml"]\n'
            f'[crawl]\nmin_delay = 0\n[telegram]\nbase_url = "{api.base_url}"\n',
            encoding="utf-8",
        )
        yield web, api, tmp_path


async def test_the_daemon_alerts_answers_and_ends_on_sigterm(place):
    _web, api, folder = place
    process = start(folder, "--verbose")
    try:
        answer = await api.ask(CHAT, "/start")
        assert answer.text
        await api.wait_for(lambda: any("200 Eflops" in c.text for c in api.sent(CHAT)))
        second = start(folder, "--once")
        _, said = await asyncio.to_thread(second.communicate, timeout=180)
        assert second.returncode == 2
        assert f"in use by process {process.pid} on " in said
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert "daemon.started" in err
    assert "daemon.stopped" in err
    assert "Traceback" not in err
    assert TOKEN not in out + err
    assert len([c for c in api.sent(CHAT) if "200 Eflops" in c.text]) == 1


def test_once_without_a_token_prints_the_alert_and_says_so(place):
    _web, api, folder = place
    process = start(folder, "--once", token=None)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert "no Telegram token: alerts are printed here" in err
    assert "200 Eflops" in out
    assert "1 source visited, 1 new address, 1 change, 1 alert" in err
    assert api.calls == []
    again = start(folder, "--once", token=None)
    out, err = again.communicate(timeout=180)
    assert "200 Eflops" not in out
    assert "0 sources visited" in err


def test_a_site_that_is_away_is_a_failure_that_is_said(place):
    web, _api, folder = place
    web.pages.clear()
    catalogue = (folder / "c.yaml").read_text(encoding="utf-8")
    (folder / "c.yaml").write_text(catalogue.replace(web.base, "http://127.0.0.1:9"), "utf-8")
    # The waits between attempts have tests of their own.
    settings = (folder / "monitor.toml").read_text(encoding="utf-8")
    (folder / "monitor.toml").write_text(
        settings.replace("[crawl]\n", "[crawl]\nmax_attempts = 1\n"), "utf-8"
    )
    process = start(folder, "--once", token=None)
    _out, err = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "no source could be visited" in err
    assert "Traceback" not in err
