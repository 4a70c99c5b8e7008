"""What each page of the site takes of the server's time with a million commitments.

    python benchmarks/web.py [--commitments 1000000] [--keep FOLDER] [--only TEXT]
                             [--database sqlite|postgresql]

The history is that of ``benchmarks/queries.py``, and ``--keep`` names the same folder. Each address
is asked through the whole ASGI application: guard, queries, template, packing. The figure is the
median of several requests, with the database's pages in memory: computing time of this process and
of PostgreSQL's for it. Beside it stand what the first request took (it compiles templates, fills
caches and reads pages), the time by the clock and the packed size. The exit code is 1 if a page
takes more than 100 ms, or the first page weighs more than 150 kB with all that it loads.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from queries import LIMIT_MS, NOW, ROUNDS, databases
from sqlalchemy import event, text
from starlette.types import ASGIApp, Message

from monitor.extraction.topics import load_topics
from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import Database
from monitor.web.app import build_site
from monitor.web.security import Access
from monitor.web.site import Site

MAX_FIRST_PAGE_BYTES = 150_000
RULES = Path(__file__).resolve().parents[1] / "rules"
RULE = """\
- id: mine
  name: 算力加码
  regions: [贵州]
  themes: [compute]
  kinds: [strengthened, added]
"""
IDS = {
    "change": "SELECT MAX(id) FROM change",
    "old_change": "SELECT MIN(id) FROM change",
    "fulfilment_change": "SELECT MAX(id) FROM change WHERE basis = 'fulfilment'",
    "commitment": "SELECT MAX(id) FROM statement WHERE label = 'commitment'",
    "document": "SELECT MAX(id) FROM document WHERE kind = 'report'",
    "news": "SELECT MAX(id) FROM document WHERE kind = 'news'",
    "snapshot": "SELECT MAX(snapshot_id) FROM statement WHERE label = 'achievement'",
    "source": "SELECT MIN(id) FROM source",
    "middle": "SELECT MAX(id) / 2 FROM change",
    "metric": "SELECT metric FROM metric_year ORDER BY region DESC, year DESC LIMIT 1",
}
FILTERS = (
    "region=贵州省",
    "kind=strengthened",
    "kind=strengthened,weakened,dropped",
    "kind=missed&region=贵州省",
    "theme=talent",
    "theme=governance&region=贵州省",
    "basis=withdrawal",
    "certainty=unsure",
    "certainty=unsure&region=贵州省",
    "source={source}",
    "source={source}&kind=dropped",
    "since=90d",
    "until=2022-03-01",
    "since=2023-01-01&until=2023-02-28&region=甘肃省",
    "words=算力",
    "words=算力 贵安&kind=strengthened",
    "words=没有这样的话",
    "region=澳门特别行政区",
    "before={middle}",
    "before={middle}&certainty=unsure",
    "all=1",
)
PAGES = (
    "/",
    *(f"/?{one}" for one in FILTERS),
    "/changes/{change}",
    "/changes/{old_change}",
    "/changes/{fulfilment_change}",
    "/commitments/{commitment}",
    "/documents/{document}",
    "/documents/{news}",
    "/snapshots/{snapshot}?start=20&end=60",
    "/map",
    "/map?show=commitments&year=2026",
    "/map?show=strengthened&year=2025",
    "/map?show=met&year=2024",
    "/map?show=metric&metric={metric}&year=2025",
    "/regions/贵州省",
    "/regions/全国",
    "/metrics",
    "/metrics?metric={metric}",
    "/metrics?metric={metric}&region=贵州&region=甘肃",
    "/metrics.csv?metric={metric}",
    "/reports",
    "/reports?region=贵州省&year=2026",
    "/fulfilment",
    "/fulfilment?region=贵州省",
    "/fulfilment?year=2024",
    "/fulfilment?region=贵州省&year=2025",
    "/sources",
    "/sources/{source}",
    "/rules",
    f"/rules?rule={quote(RULE)}",
    "/downloads",
    "/feed.atom",
    "/feed.atom?kind=strengthened&region=贵州省",
    "/api",
    "/api/openapi.json",
    "/nowhere",
)


@dataclass(frozen=True)
class Answer:
    """What came of a request: status, headers by name, bytes as sent."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: ASGIApp, address: str) -> Answer:
    """A GET as a browser sends it, without a socket."""
    path, _, query = address.partition("?")
    names = {"host": "localhost", "accept-encoding": "gzip", "accept-language": "zh-CN"}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": quote(query, safe="=&%,").encode(),
        "headers": [(name.encode(), value.encode()) for name, value in names.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        if any(
            one.get("type") == "http.response.body" and not one.get("more_body") for one in sent
        ):
            return {"type": "http.disconnect"}
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(one for one in sent if one["type"] == "http.response.start")
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    body = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body")
    return Answer(start["status"], headers, body)


def computing(database: Database) -> Callable[[], float]:
    """A clock of the seconds that this process and PostgreSQL's for it computed.

    Call it when all connections are there. Parallel workers are not counted, so there are none.
    """
    if database.engine.dialect.name == "sqlite":
        return time.process_time
    with database.read() as session:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        servers = session.execute(text(query)).scalars().all()
    used = [Path(f"/proc/{server}/schedstat") for server in servers]  # the first is nanoseconds
    return lambda: (
        time.process_time()
        + sum(int(path.read_text().split()[0]) / 1e9 for path in used if path.exists())
    )


def measure(database: Database, only: str) -> int:
    """Print each figure; how many are over the limit."""
    if database.engine.dialect.name != "sqlite":

        @event.listens_for(database.engine, "connect")
        def _alone(connection: Any, _record: object) -> None:
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.commit()

    with database.read() as session:
        ids = {name: session.scalar(text(query)) for name, query in IDS.items()}
    topics = load_topics(()).topics
    site = Site(
        database,
        zone=ZoneInfo("Asia/Shanghai"),
        themes=tuple(dict.fromkeys(theme for topic in topics for theme in topic.themes)),
        rules=(RULES,),
        now=lambda: NOW,
    )
    app = build_site(site, Access(), limiter=RateLimiter(burst=1_000_000))
    return asyncio.run(_measure(app, database, [one.format(**ids) for one in _wanted(only)]))


def _wanted(only: str) -> Iterator[str]:
    return (one for one in PAGES if only in one)


async def _measure(app: ASGIApp, database: Database, addresses: list[str]) -> int:
    kind, slow = database.engine.dialect.name, 0
    print(f"{kind}: median, first request, by the clock, packed bytes", flush=True)
    await ask(app, "/")
    busy = computing(database)
    for address in addresses:
        took: list[tuple[float, float]] = []
        for _ in range(ROUNDS + 1):
            begun, started = busy(), time.perf_counter()
            answer = await ask(app, address)
            took.append((1000 * (busy() - begun), 1000 * (time.perf_counter() - started)))
            if took[-1][0] > 10 * LIMIT_MS and len(took) > 1:
                break
        cpu, wall = (sorted(column)[(len(took) - 1) // 2] for column in zip(*took[1:], strict=True))
        mark = "  SLOW" if cpu > LIMIT_MS else ""
        print(
            f"{cpu:8.1f} ms {took[0][0]:8.1f} ms {wall:8.1f} ms {len(answer.body):8}"
            f"  {answer.status}  {address[:70]}{mark}",
            flush=True,
        )
        slow += bool(mark)
    page = await ask(app, "/")
    weight = len(page.body)
    for one in set(re.findall(rb'(?:href|src)="(/static/[^"]+)"', _unpacked(page))):
        weight += len((await ask(app, one.decode())).body)
    print(f"{kind}: the first page weighs {weight / 1000:.0f} kB with all that it loads")
    return slow + (weight > MAX_FIRST_PAGE_BYTES)


def _unpacked(answer: Answer) -> bytes:
    packed = answer.headers.get("content-encoding") == "gzip"
    return gzip.decompress(answer.body) if packed else answer.body


def main() -> int:
    """Print the figures; 1 if one is over the limit."""
    parser = argparse.ArgumentParser(description="What each page of the site takes.")
    parser.add_argument("--commitments", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder in which the databases stay")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--only", default="", help="only addresses with this in them")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-queries-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        kinds = options.database or ("sqlite", "postgresql")
        made = stack.enter_context(databases(folder, kinds, options.commitments))
        return int(sum(measure(one, options.only) for one in made) > 0)


if __name__ == "__main__":
    sys.exit(main())
