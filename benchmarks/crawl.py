"""What revisiting pages costs: CPU beside a raw httpx fetch, pages a second, memory, disk.

    python benchmarks/crawl.py

A server on loopback, in a process of its own, gives 500 pages of about 80 kB with 31 distinct
bodies and a visit counter that is another number at each request, so that no page ever comes twice
with the same bytes. Measured in this process: the CPU of fetching them all with httpx alone (the
best of several client layouts), and of the monitor's own rounds over them. Then, in another
process, the peak memory of a monitor that watches 5,000 sources on as many hosts, each with a
list and an article.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import ssl
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon import run_once, schedule

PAGES, BODIES, SOURCES = 500, 31, 8
MANY = 5_000
ROUNDS = 5
START = datetime(2026, 1, 10, tzinfo=UTC)
_PLAN = (
    "推进第{n}批智算中心建设，算力规模突破{n}00P，培育人工智能企业{n}家以上，开放应用场景{m}个。"
    "完善水利、交通和能源设施，办好民生实事，稳定粮食生产，促进城乡融合发展，改善人居环境。"
)


def _page(body: int, visits: int) -> bytes:
    menu = "".join(f'<li><a href="/c{i}/">栏目{i}</a></li>' for i in range(300))
    text = "".join(
        f"<p style='text-indent:2em'>{_PLAN.format(n=i + body + 2, m=i + 3)}</p>" for i in range(90)
    )
    script = "".join(f"function f{i}(a,b){{return a*{i}+b;}}\n" for i in range(600))
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>第{body}号报告</title>"
        f"<script>{script}</script></head><body><ul class=nav>{menu}</ul><h1>第{body}号报告</h1>"
        f"<div class=info>浏览次数：<i>{visits}</i></div><div class=TRS_Editor>{text}</div>"
        f"<div class=footer>访问量{visits * 7} 版权所有</div></body></html>"
    ).encode()


def _small(path: bytes, number: int) -> bytes:
    """A list with one link, or the article behind it."""
    if path.startswith(b"/list/"):
        link = f'<li><a href="/article/{number}.html">第{number}号文件</a></li>'
        return f"<html><meta charset=utf-8><ul>{link}</ul></html>".encode()
    text = "".join(f"<p>{_PLAN.format(n=i + number % 97 + 2, m=i + 3)}</p>" for i in range(8))
    title = f"第{number}号文件"
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class=TRS_Editor><p>这是{title}。</p>{text}</div></body></html>"
    ).encode()


async def _serve(port: multiprocessing.Queue) -> None:
    frames = []
    for body in range(BODIES):
        # The counter has as many digits at each request, so that the length stays.
        frames.append(_page(body, 1_000_000))
    visits = 1_000_000

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            if head.startswith(b"GET /robots.txt "):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                continue
            path = head.split(b" ", 2)[1]
            number = int(path.rsplit(b"/", 1)[1].split(b".")[0])
            visits += 1
            small = path.startswith((b"/list/", b"/article/"))
            body = _small(path, number) if small else frames[number % BODIES]
            body = body.replace(b"1000000", str(visits).encode()).replace(
                b"7000000", str(visits * 7).encode()
            )
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: "
                + str(len(body)).encode()
                + b"\r\n\r\n"
                + body
            )
            await writer.drain()

    server = await asyncio.start_server(answer, "0.0.0.0", 0)  # noqa: S104 - all of 127.0.0.x
    port.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _server(port: multiprocessing.Queue) -> None:
    asyncio.run(_serve(port))


def _host(base: str, number: int) -> str:
    """One of the many addresses of this machine: sources live on hosts of their own."""
    return base.replace("127.0.0.1", f"127.0.0.{number + 1}")


async def _raw(base: str, clients: int, at_once: int) -> float:
    """CPU seconds of fetching every page once with httpx and nothing else."""
    context = ssl.create_default_context()
    pool = [httpx.AsyncClient(verify=context, trust_env=False) for _ in range(clients)]
    slots = asyncio.Semaphore(at_once)

    async def get(number: int) -> None:
        async with slots:
            one = number % clients
            response = await pool[one].get(f"{_host(base, one)}/{number}.html")
            assert len(response.content) > 50_000

    await get(0)
    start = time.process_time()
    await asyncio.gather(*(get(number) for number in range(PAGES)))
    spent = time.process_time() - start
    for client in pool:
        await client.aclose()
    return spent


def _catalogue(base: str) -> str:
    lines = ["builtin: false", "sources:"]
    for source in range(SOURCES):
        pages = ", ".join(
            f"'{_host(base, source)}/{n}.html'" for n in range(source, PAGES, SOURCES)
        )
        lines.append(
            f"  - {{id: s{source}, name: 第{source}组, region: 湖南省, document_kind: page, "
            f"pages: [{pages}], list_interval: 1h, page_interval: 1h, allow_private: true}}"
        )
    return "\n".join(lines) + "\n"


async def _rounds(base: str, folder: Path) -> list[tuple[float, float]]:
    """CPU and wall seconds of each round; the first reads the pages, the others revisit them."""
    (folder / "c.yaml").write_text(_catalogue(base), encoding="utf-8")
    (folder / "r.yaml").write_text("rules: []\n", encoding="utf-8")
    settings = Settings.model_construct(
        database=f"sqlite:///{folder / 'm.db'}",
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        topics=(),
        crawl=CrawlSettings(min_delay=0.0, per_host=1, concurrency=8),
        telegram=TelegramSettings(token="1:never-used"),  # noqa: S106 - none
    )
    clock = [START]
    spent = []
    async with open_app(
        settings, console=Console(quiet=True), now=lambda: clock[0], channel=FakeChannel()
    ) as daemon:
        for _ in range(ROUNDS + 1):
            clock[0] += timedelta(days=1)
            cpu, wall = time.process_time(), time.perf_counter()
            reports = await run_once(daemon)
            spent.append((time.process_time() - cpu, time.perf_counter() - wall))
            visited = sum(report.pages.total() for report in reports)
            assert visited == PAGES, visited
            assert len(spent) == 1 or not any(report.changes for report in reports)
    return spent


def _many(base: str) -> str:
    lines = ["builtin: false", "sources:"]
    for number in range(MANY):
        host = base.replace(
            "127.0.0.1", f"127.{1 + number // 62_500}.{number // 250}.{1 + number % 250}"
        )
        lines.append(
            f"  - {{id: s{number}, name: 第{number}个来源, region: 湖南省, document_kind: page, "
            f"lists: ['{host}/list/{number}.html'], link_pattern: '/article/', list_interval: 1h, "
            "page_interval: 1h, allow_private: true}"
        )
    return "\n".join(lines) + "\n"


async def _watch_many(base: str, folder: Path) -> None:
    (folder / "c.yaml").write_text(_many(base), encoding="utf-8")
    (folder / "r.yaml").write_text("rules: []\n", encoding="utf-8")
    settings = Settings.model_construct(
        database=f"sqlite:///{folder / 'm.db'}",
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        topics=(),
        crawl=CrawlSettings(min_delay=0.0, per_host=1, concurrency=8),
        telegram=TelegramSettings(token="1:never-used"),  # noqa: S106 - none
    )
    clock = [START]
    async with open_app(
        settings, console=Console(quiet=True), now=lambda: clock[0], channel=FakeChannel()
    ) as daemon:
        scheduler = schedule(daemon)  # as the daemon holds it while it runs
        for _ in range(2):
            clock[0] += timedelta(days=1)
            reports = await run_once(daemon)
            assert len(reports) == MANY
            read = sum(report.pages.total() for report in reports)
            assert read == MANY, read
        scheduler.remove_all_jobs()


def _peak_of_many(base: str, peak: multiprocessing.Queue) -> None:
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_watch_many(base, Path(name)))
    peak.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Print the figures; see the head of this file."""
    port: multiprocessing.Queue = multiprocessing.Queue()
    server = multiprocessing.Process(target=_server, args=(port,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{port.get()}"
    try:
        layouts = [(1, 1), (1, 4), (8, 8), (31, 31)]
        raw = {}
        for clients, at_once in layouts:
            runs = [asyncio.run(_raw(base, clients, at_once)) for _ in range(3)]
            raw[clients, at_once] = min(runs)
            print(f"httpx, {clients} clients, {at_once} at once: {min(runs) / PAGES * 1e3:.2f} ms")
        best = min(raw.values())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            first, *again = asyncio.run(_rounds(base, folder))
            disk = sum(file.stat().st_size for file in folder.glob("m.db*"))
        cpu, wall = min(c for c, _ in again), min(w for _, w in again)
        print(f"first visit: {first[0] / PAGES * 1e3:.2f} ms CPU a page, {PAGES / first[1]:.0f}/s")
        print(f"revisit: {cpu / PAGES * 1e3:.2f} ms CPU a page, {PAGES / wall:.0f} pages/s")
        print(f"revisit beside the best raw fetch: {cpu / best:.2f} times its CPU (limit 1.5)")
        print(f"disk: {disk / 1e6:.1f} MB for {PAGES} pages (limit 10)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory: {peak:.0f} MB (limit 150)")
        spawned = multiprocessing.get_context("spawn")
        told: multiprocessing.Queue = spawned.Queue()
        watcher = spawned.Process(target=_peak_of_many, args=(base, told))
        watcher.start()
        watcher.join()
        print(f"peak memory with {MANY:,} sources: {told.get(timeout=1):.0f} MB (limit 150)")
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
