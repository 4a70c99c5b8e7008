"""Two processes on one PostgreSQL that read the same text at once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from opened_app import opened_app
from sqlalchemy import text

from monitor.channels.fake import FakeChannel
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.ingest.visit import visit
from monitor.storage.locks import lock_together

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
HOSTS = ("http://127.0.0.1:1", "http://127.0.0.2:1")
CATALOGUE = "builtin: false\nsources:\n" + "".join(
    f"  - {{id: s{number}, name: 报{number}, document_kind: news, speaker: media, baseline: false,"
    f" pages: '{host}/a.html', allow_private: true}}\n"
    for number, host in enumerate(HOSTS)
)
ARTICLE = (
    "<html><title>甘肃部署算力</title><p>本报讯 会议日前听取了全年工作安排的汇报。</p>"
    "<p>甘肃省政府工作报告提出，2026年智能算力规模突破8万P。</p>"
    "<p>有关部门随后介绍了时间表和路线图，并回答了记者的提问。</p>"
)


def wait_for_locks(database, waiting):
    """Wait until so many transactions wait for a lock of ours."""
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    deadline = time.monotonic() + 60
    with database.read() as connection:
        while connection.scalar(query) < waiting:
            assert time.monotonic() < deadline
            time.sleep(0.01)


async def test_two_sources_that_bring_one_text_at_once_log_it_once(tmp_path, postgres_database):
    site = FakeFetcher(
        {f"{host}/a.html": FakePage(ARTICLE.encode()) for host in HOSTS}, now=lambda: NOW
    )
    async with opened_app(
        tmp_path,
        postgres_database.url.render_as_string(hide_password=False),
        catalogue=CATALOGUE,
        site=site,
        channel=FakeChannel(),
        clock=[NOW],
    ) as app:
        with postgres_database.write() as connection:
            # Whoever reads what is said of the region waits, until both have read their page.
            lock_together(connection, {"region 甘肃省"}, lambda: None, lambda _: set())
            visits = [asyncio.create_task(visit(one, app.context)) for one in app.sources]
            await asyncio.to_thread(wait_for_locks, postgres_database, len(visits))
        reports = await asyncio.gather(*visits)
    assert [report.fault for report in reports] == ["", ""]
    with postgres_database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM document")) == 1
        assert connection.scalar(text("SELECT count(*) FROM frontier_entry")) == 2
        assert connection.scalar(text("SELECT count(*) FROM change_log")) == 1
