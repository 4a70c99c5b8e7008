"""What each page of the site takes with a long history, on both databases.

    python benchmarks/web.py [--commitments 1100000] [--keep FOLDER] [--only TEXT]
                             [--database sqlite|postgresql]

The history is that of benchmarks/queries.py, with 1,022,000 changes in the log.
The figure is the median of several requests through the whole application in this process, its
pages in memory: the computing time of this process and, by its own clock, of PostgreSQL's for it.
Beside it stand the time by the clock, which grows with what else a machine does, and the weight of
the page as it goes over the network. Of a download it is what comes until the first kilobyte is
there. The exit code is 1 if one takes more than 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import httpx
from queries import COMMITMENTS, LIMIT_MS, databases
from sqlalchemy import event, text
from starlette.types import ASGIApp

from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import Database
from monitor.web.app import build_site
from monitor.web.downloads import PUBLIC_VIEWS
from monitor.web.security import Access
from monitor.web.site import Site

ROUNDS = 7
THEMES = ("compute", "models", "applications", "data", "governance")
RULES = Path(__file__).resolve().parents[1] / "rules"
RULE = """\
- id: mine
  name: mine
  regions: [贵州]
  keywords: {any: [算力]}
  kinds: [strengthened, added]
"""

# Ids that stand in addresses.
IDS = {
    "change": "SELECT MAX(id) FROM change WHERE basis = 'succession' AND kind = 'strengthened'",
    "commitment": "SELECT MAX(commitment_id) FROM commitment_history WHERE years > 3",
    "document": "SELECT MAX(id) FROM document WHERE kind = 'report'",
    "snapshot": "SELECT MAX(snapshot_id) FROM document WHERE kind = 'report'",
    "middle": "SELECT MAX(id) / 2 FROM change",
    "source": "SELECT MIN(id) FROM source",
    "article": "SELECT MAX(id) FROM document WHERE kind = 'news'",
    "number": "SELECT MAX(statement_id) FROM target",
}
PAGES = {
    "timeline": "/",
    "timeline: region": "/?region=贵州省",
    "timeline: kind": "/?kind=weakened",
    "timeline: several kinds": "/?kind=strengthened,weakened,dropped",
    "timeline: rare kind and region": "/?kind=missed&region=海南省",
    "timeline: theme": "/?theme=governance",
    "timeline: theme and region": "/?theme=governance&region=贵州省",
    "timeline: basis": "/?basis=fulfilment",
    "timeline: unsure": "/?certainty=unsure",
    "timeline: unsure and region": "/?certainty=unsure&region=贵州省",
    "timeline: source": "/?source={source}",
    "timeline: office": "/?speaker=国家数据局",
    "timeline: rare office": "/?speaker=国家能源局&all=1",
    "timeline: absent office": "/?speaker=国家电影局",
    "timeline: government": "/?speaker=贵州省人民政府",
    "timeline: kind of speaker": "/?speaker=expert",
    "timeline: absent kind of speaker": "/?speaker=ministry",
    "timeline: office and words": "/?speaker=国家数据局&words=算力",
    "timeline: period": "/?since=2025-01-01&until=2025-01-31",
    "timeline: until years ago": "/?until=2022-03-01",
    "timeline: frequent words": "/?words=算力",
    "timeline: rare words": "/?words=第899号",
    "timeline: absent words": "/?words=量子纠缠",
    "timeline: frequent words and region": "/?words=算力规模&region=贵州省",
    "timeline: frequent and rare words": "/?words=项目+第899号",
    "timeline: everything": "/?all=1",
    "timeline: far down": "/?before={middle}",
    "change": "/changes/{change}",
    "commitment": "/commitments/{commitment}",
    "document": "/documents/{document}",
    "document: an article": "/documents/{article}",
    "original text": "/snapshots/{snapshot}?start=0&end=10",
    "map: metric": "/map",
    "map: strengthened": "/map?show=strengthened&year=2026",
    "map: met": "/map?show=met&year=2025",
    "map: commitments": "/map?show=commitments&year=2026",
    "region": "/regions/贵州省",
    "region: a page later": "/regions/贵州省?after=2026.1",
    "metric": "/metrics",
    "metric: of three regions": "/metrics?metric=投资&region=贵州省&region=四川省&region=北京市",
    "metric: a sentence": "/metrics/sentence/{number}",
    "metric as CSV": "/metrics.csv",
    "report against report": "/reports?region=贵州省",
    "report against report: years ago": "/reports?region=贵州省&year=2020",
    "report against report: changed": "/reports?region=贵州省&changed=1",
    "report against report: dropped": "/reports?region=贵州省&kind=dropped",
    "fulfilment": "/fulfilment",
    "fulfilment: a cell": "/fulfilment?region=贵州省&year=2025",
    "fulfilment: missed": "/fulfilment?verdict=missed",
    "fulfilment: years ago": "/fulfilment?until=2021",
    "sources": "/sources",
    "a source": "/sources/{source}",
    "rules": "/rules",
    "rules: try one": "/rules?" + urlencode({"rule": RULE}),
    "downloads": "/downloads",
    "feed": "/feed.atom?region=贵州省",
    "feed: words": "/feed.atom?words=算力",
    "API": "/api",
    "API: changes": "/api/v1/changes?limit=50",
    "API: changes with words": "/api/v1/changes?words=算力&limit=50",
    "API: a change": "/api/v1/changes/{change}",
    "API: in force anywhere": "/api/v1/commitments",
    "API: in force": "/api/v1/commitments?region=贵州省",
    "API: in force of an office": "/api/v1/commitments?speaker=国家能源局",
    "API: in force, theme": "/api/v1/commitments?theme=governance",
    "API: in force, metric": "/api/v1/commitments?metric=投资",
    "API: in force, frequent words": "/api/v1/commitments?words=项目",
    "API: in force, rare words": "/api/v1/commitments?words=第899号",
    "API: in force, frequent words of a region": "/api/v1/commitments?words=项目&region=贵州省",
    "API: a commitment": "/api/v1/commitments/{commitment}",
    "API: a statement": "/api/v1/statements/{number}",
    "API: a document": "/api/v1/documents/{document}",
    "API: a snapshot": "/api/v1/snapshots/{snapshot}",
    "API: regions": "/api/v1/regions",
    "API: metrics": "/api/v1/metrics",
    "API: metrics with words": "/api/v1/metrics?words=算力",
    "API: series": "/api/v1/metrics/series?metric=投资",
    "API: series of a region": "/api/v1/metrics/series?metric=投资&region=贵州省",
    "API: fulfilment": "/api/v1/fulfilment?region=贵州省",
    "API: fulfilment, verdict": "/api/v1/fulfilment?verdict=missed",
    "API: sources": "/api/v1/sources",
    "API: description": "/api/openapi.json",
}
DOWNLOADS = {
    **{f"download: {view.value}": f"/downloads/{view.value}.csv" for view in PUBLIC_VIEWS},
    "download: change_log of a region": "/downloads/change_log.csv?region=贵州省",
    "download: change_log with words": "/downloads/change_log.jsonl?words=算力",
    "download: statements since": "/downloads/statements.jsonl?since=2026-11-01",
}
_FIRST_BYTES = 1000


def clock(database: Database) -> Callable[[], float]:
    """Seconds that this process and PostgreSQL's connections for it have computed."""
    if database.is_sqlite:
        return time.process_time

    # Parallel workers would not be counted, so that there are none while this is measured.
    @event.listens_for(database.engine, "connect")
    def _alone(connection: Any, _record: object) -> None:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        connection.commit()

    database.engine.dispose()
    with database.read() as connection:
        pids = connection.scalars(
            text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        ).all()

    def server() -> float:
        used = 0.0
        for pid in pids:
            try:
                used += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
            except OSError:  # closed meanwhile
                continue
        return used

    return lambda: time.process_time() + server()


async def first_bytes(app: ASGIApp, address: str) -> tuple[int, int]:
    """Ask for a long answer until its first kilobyte is there; its status and the bytes so far."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": quote(query, safe="=&").encode(),
        "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    enough = asyncio.Event()
    status, size = 0, 0

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, size
        status = message.get("status", status)
        size += len(message.get("body", b""))
        is_last = message["type"] == "http.response.body" and not message.get("more_body")
        if is_last or size >= _FIRST_BYTES:
            enough.set()

    asked = asyncio.ensure_future(app(scope, receive, send))
    waits = asyncio.ensure_future(enough.wait())
    await asyncio.wait({asked, waits}, return_when=asyncio.FIRST_COMPLETED)
    for task in (asked, waits):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return status, size


async def measure(database: Database, only: str) -> int:
    """Print each page's figures; how many are over the limit."""
    site = Site(database, zone=ZoneInfo("Asia/Shanghai"), themes=THEMES, rules=(RULES,))
    app = build_site(site, Access(), limiter=RateLimiter(burst=10**9))
    with database.read() as connection:
        ids = {name: connection.scalar(text(query)) for name, query in IDS.items()}
        lines = connection.scalar(text("SELECT COUNT(*) FROM change"))
    print(f"{database.engine.dialect.name}: {lines:,} lines in the log", flush=True)
    slow = 0
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/")
        busy = clock(database)
        for name, address in {**PAGES, **DOWNLOADS}.items():
            if only not in name:
                continue
            asked = address.format(**ids) if "{" in address else address
            cpu, wall, weight, status = [], [], 0, 200
            for turn in range(ROUNDS + 1):
                start, began = time.perf_counter(), busy()
                if name in DOWNLOADS:
                    status, weight = await first_bytes(app, asked)
                else:
                    answer = await client.get(asked)
                    status, weight = answer.status_code, answer.num_bytes_downloaded
                used, took = busy() - began, time.perf_counter() - start
                if turn:
                    cpu.append(1000 * used)
                    wall.append(1000 * took)
                if turn and used > 2:
                    break
            figure = statistics.median(cpu)
            mark = "  SLOW" if figure > LIMIT_MS else "" if status == 200 else f"  {status}"
            print(
                f"{figure:8.1f} ms {statistics.median(wall):8.1f} ms by the clock"
                f" {weight / 1000:7.1f} kB  {name}{mark}",
                flush=True,
            )
            slow += bool(mark)
    return slow


def main() -> int:
    """Measure; 1 if a page is over the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--commitments", type=int, default=COMMITMENTS)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    kinds = options.database or ["sqlite", "postgresql"]
    slow = 0
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for database in stack.enter_context(databases(folder, kinds, options.commitments)):
            slow += asyncio.run(measure(database, options.only))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
