"""This project beside urlwatch and changedetection.io, on one site on loopback, in one run.

    python benchmarks/compare.py [--pages 60] [--rounds 3] [--folder DIR]

The site has five groups of pages. All have an article with a target in it; the first also has an
ETag, the second always the same bytes. In the other three something changes at each visit, inside
the element that holds the article: a counter of visits, a token in links and forms, links to
related pages that rotate. Each program is told to watch that element and nothing else, as its users
do, and to post what changed to a web hook.

A program is a whole process. The monitor and urlwatch run once over all pages and end;
changedetection.io is a server that is asked to check. What the start costs is measured with a site
of one page, and given with and without: a process from its begin to its end that finds its database
and its byte code there, and visits the page, which did not change. It is the least of several
rounds, each beside one of the import that times are compared with, so that both have the same load.
Between the monitor's runs its database is told that all is
due, and that what waits for a second attempt need wait no longer: nobody waits for hours here.

Pages that have no noise are 600, so that the start's own noise is none of theirs; of the other
groups there are ``--pages``.

The others are installed from the package index into ``--folder`` when they are not there yet; one
that cannot be installed is left out, and said. Figures are CPU time unless they say otherwise. The
exit code is 1 when a goal of the monitor is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import sqlite3
import statistics
import string
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = {"urlwatch": "2.29", "changedetection.io": None}
GROUPS = ("etag", "plain", "counter", "token", "links")
NOISY = ("counter", "token", "links")
QUIET_PAGES = 600
"""Of each group without noise: a tenth of a second more or less in the start is 0.2 ms a page."""
GOALS = {
    "unchanged page beside urlwatch": 0.35,
    "start, s": 0.6,
    "first visit, ms": 25.0,
    "peak memory, MB": 120.0,
}
TIMES = ("start, s", "first visit, ms")
"""Goals that depend on the machine."""
REFERENCE = "import sqlalchemy"
REFERENCE_SECONDS = 0.18
START_ROUNDS = 15
_TICKS = os.sysconf("SC_CLK_TCK")


# --- the site ------------------------------------------------------------------------------------


_STYLE = "text-indent: 2em; text-align: justify; line-height: 1.75; margin-bottom: 15px;"
_STYLES = "".join(f".list{n} li a{{color:#333;line-height:{n}px}}" for n in range(100))
_SCRIPT = "".join(
    f"function show{n}(id){{var e=document.getElementById(id+{n});if(e){{e.hidden=false;}}}}"
    for n in range(80)
)


_FOOTER = "".join(
    f'<div class="footer-item clearfix"><span class="label">单位{n}</span>'
    f'<em class="value" data-unit="{n}">010-6500{n:04}</em></div>'
    for n in range(40)
)


def page(group: str, number: int, visits: int, *, edited: bool) -> bytes:
    """A page as it is served at a visit.

    In bytes, elements, links and share of scripts it is like the median of 16 real pages of
    governments and newspapers (41 kB, 444 elements, 114 links, 29 % script and style).
    """
    chance = random.Random(f"{group}{number}")
    place = chance.choice("临安宁长清永平新武德") + chance.choice("河山江城川原阳溪岭泉") + "省"
    lines = [
        f"{place}{chance.choice('东西南北中')}部第{chance.randrange(2, 90)}期水利工程完成投资"
        f"{chance.randrange(2, 900)}万元，改造老旧管网{chance.randrange(2, 900)}公里，"
        f"新增就业岗位{chance.randrange(2, 900)}个，帮扶{chance.randrange(2, 900)}户居民。"
        for _ in range(40)
    ]
    target = 100 + number + (500 if edited else 0)
    lines[7] = f"到2027年，{place}智能算力规模达到{target}P，培育人工智能企业300家以上。"
    noise = random.Random(visits)
    token = "".join(noise.choices(string.ascii_letters, k=32))
    rotating = range(visits, visits + 5)
    links = "".join(f"<li><a href=/r/{n}>相关新闻第{n}号</a></li>" for n in rotating)
    parts = {
        "counter": f"<p class=info>浏览次数：{1_000_000 + visits}</p>",
        "token": f"<form><input type=hidden name=t value={token}></form>"
        f"<a href='/share?t={token}'>分享</a>",
        "links": f"<h3>相关链接</h3><ul>{links}</ul>",
    }
    menu = "".join(
        f'<li class="nav-item"><a class="nav-link" href="/col/col{n}/index.html" target="_blank" '
        f'title="栏目{n}">栏目{n}</a></li>'
        for n in range(115)
    )
    title = f"{place}第{number}号工作计划"
    text = "".join(f'<p style="{_STYLE}"><span>{line}</span></p>' for line in lines)
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>"
        f"<style>{_STYLES}</style><script>{_SCRIPT}</script></head><body>"
        f"<ul class=nav>{menu}</ul><h1>{title}</h1><div class=article>{text}"
        f"{parts.get(group, '')}</div><div class=footer>{_FOOTER}</div></body></html>"
    ).encode()


class Site(BaseHTTPRequestHandler):
    """Serves the pages; ``POST /edit`` puts the new numbers into all of them."""

    protocol_version = "HTTP/1.1"
    edited = False
    visits = 0

    def do_GET(self) -> None:
        """A page, or 304."""
        found = re.fullmatch(r"/(\w+)/(\d+)\.html", self.path)
        if found is None:
            self._answer(404, b"")
            return
        Site.visits += 1
        group, number = found[1], int(found[2])
        tag = f'"{number}-{Site.edited}"' if group == "etag" else ""
        if tag and self.headers.get("If-None-Match") == tag:
            self._answer(304, b"", tag)
        else:
            self._answer(200, page(group, number, Site.visits, edited=Site.edited), tag)

    def do_POST(self) -> None:
        """Edit all pages."""
        Site.edited = True
        self._answer(204, b"")

    def _answer(self, status: int, body: bytes, tag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if tag:
            self.send_header("ETag", tag)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _serve(port: multiprocessing.Queue[int]) -> None:
    server = ThreadingHTTPServer(("0.0.0.0", 0), Site)  # noqa: S104 - all of 127.0.0.x
    port.put(server.server_address[1])
    server.serve_forever()


@contextlib.contextmanager
def site() -> Iterator[int]:
    """The port of a new site, in a process of its own."""
    # Spawned: a fork would hold the socket of the hook open.
    spawned = multiprocessing.get_context("spawn")
    port: multiprocessing.Queue[int] = spawned.Queue()
    server = spawned.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    try:
        yield port.get()
    finally:
        server.terminate()
        server.join()


def edit(port: int) -> None:
    """Put the new numbers into all pages."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/edit", data=b"")
    urllib.request.urlopen(request).close()  # noqa: S310 - loopback


def addresses(port: int, group: str, count: int) -> list[str]:
    """Where the pages of a group are: four hosts share them."""
    return [f"http://127.0.0.{n % 4 + 1}:{port}/{group}/{n}.html" for n in range(count)]


# --- the hook ------------------------------------------------------------------------------------


class Hook:
    """Takes what the programs post, and remembers which pages it named, and when first.

    A program that puts many changes into one post is counted by the pages that it names.
    """

    def __init__(self) -> None:
        self.told: dict[str, float] = {}
        self.times: Counter[str] = Counter()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """Listen, always at the same port."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                text = body.decode("utf-8", "replace").replace("\\/", "/")
                for name in sorted(set(re.findall(r"/\w+/\d+\.html", text))):
                    hook.told.setdefault(name, time.monotonic())
                    hook.times[name.split("/")[1]] += 1
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def forget(self) -> None:
        """Begin to count anew."""
        self.told.clear()
        self.times.clear()


# --- the programs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spent:
    """CPU and wall seconds of a round, and the peak memory of the process in MB."""

    cpu: float
    wall: float
    peak: float


class Program(Protocol):
    """Watches pages with a selector, and posts changes to a hook."""

    name: str

    def prepare(self, folder: Path, pages: Sequence[str], hook: int) -> None:
        """Write what it needs into an empty folder."""

    def round(self, *, may_fail: bool = False) -> Spent:
        """Check all pages once, and deliver; ``may_fail``: it may end with an error."""

    def disk(self) -> int:
        """Bytes of what it keeps."""

    def close(self) -> None:
        """End what still runs."""


def run(
    arguments: Sequence[str], folder: Path, environment: dict[str, str], *, may_fail: bool
) -> Spent:
    """Run a process to its end."""
    begin = time.monotonic()
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            arguments, cwd=folder, env=os.environ | environment, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not may_fail:
        raise SystemExit(f"{arguments}: {(folder / 'output.txt').read_text()[-2000:]}")
    return Spent(usage.ru_utime + usage.ru_stime, time.monotonic() - begin, usage.ru_maxrss / 1024)


def size(files: Iterator[Path]) -> int:
    """Bytes of files."""
    return sum(file.stat().st_size for file in files if file.is_file())


@dataclass
class Monitor:
    """This project: ``monitor run --once``."""

    name: str = "monitor"
    folder: Path = Path()

    def prepare(self, folder: Path, pages: Sequence[str], hook: int) -> None:
        self.folder = folder
        lines = ["builtin: false", "sources:"]
        for host in sorted({one.split("/")[2] for one in pages}):
            own = ", ".join(f"'{one}'" for one in pages if f"//{host}/" in one)
            lines.append(
                f"  - {{id: s{host[8:9]}, name: 第{host[8:9]}组, region: 湖南省, "
                f"document_kind: page, pages: [{own}], selectors: {{body: div.article}}, "
                "allow_private: true}"
            )
        (folder / "c.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "r.yaml").write_text(
            "rules:\n  - {id: all, name: 全部, then: {channels: [hook]}}\n", encoding="utf-8"
        )
        secret = "whsec_" + "bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldA=="
        (folder / "monitor.toml").write_text(
            'database = "sqlite:///m.db"\ncatalogue = ["c.yaml"]\nrules = ["r.yaml"]\n'
            "[crawl]\nmin_delay = 0\nper_host = 2\n"
            f'[channels.hook]\nwebhook = "http://127.0.0.1:{hook}/"\nallow_private = true\n'
            f'secret = "{secret}"\n',
            encoding="utf-8",
        )

    def round(self, *, may_fail: bool = False) -> Spent:
        if (self.folder / "m.db").exists():
            with contextlib.closing(sqlite3.connect(self.folder / "m.db")) as database, database:
                database.execute("UPDATE source SET next_visit_at = NULL")
                database.execute("UPDATE frontier_entry SET next_visit_at = last_visit_at")
                database.execute("UPDATE alert SET not_before = '2020-01-01 00:00:00'")
                database.execute("UPDATE recipient SET defer_until = NULL")
        return run(
            [sys.executable, "-m", "monitor", "run", "--once"],
            self.folder,
            {
                "PYTHONPATH": str(ROOT),
                "MALLOC_ARENA_MAX": "1",
                # An installed program has its byte code; a work tree need not have any.
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(self.folder.parent / "byte-code"),
            },
            may_fail=may_fail,
        )

    def disk(self) -> int:
        return size(self.folder.glob("m.db*"))

    def close(self) -> None:
        pass


@dataclass
class Urlwatch:
    """urlwatch with an element filter and its text filter, and its Mattermost reporter."""

    python: Path
    name: str = "urlwatch"
    folder: Path = Path()

    def prepare(self, folder: Path, pages: Sequence[str], hook: int) -> None:
        self.folder = folder
        jobs = (
            f"name: {one}\nurl: {one}\nfilter:\n  - css: div.article\n  - html2text: re\n"
            for one in pages
        )
        (folder / "urls.yaml").write_text("---\n".join(jobs), encoding="utf-8")
        (folder / "config.yaml").write_text(
            "display: {new: false, unchanged: false, error: true, empty-diff: false}\n"
            "report:\n  stdout: {enabled: false}\n"
            f"  mattermost: {{enabled: true, webhook_url: 'http://127.0.0.1:{hook}/'}}\n",
            encoding="utf-8",
        )

    def round(self, *, may_fail: bool = False) -> Spent:
        return run(
            [
                str(self.python.parent / "urlwatch"),
                *("--urls", "urls.yaml", "--config", "config.yaml", "--cache", "cache.db"),
                *("--hooks", "hooks.py"),
            ],
            self.folder,
            {"HOME": str(self.folder)},
            may_fail=may_fail,
        )

    def disk(self) -> int:
        return size(self.folder.glob("cache.db*"))

    def close(self) -> None:
        pass


@dataclass
class Changedetection:
    """changedetection.io: a server that is asked to check by its API."""

    python: Path
    name: str = "changedetection.io"
    folder: Path = Path()
    server: subprocess.Popen[bytes] | None = None
    port: int = 0
    key: str = ""
    started: float = 0.0
    start_cpu: float = 0.0
    watches: int = 0
    _api: dict[str, str] = field(default_factory=dict)

    def prepare(self, folder: Path, pages: Sequence[str], hook: int) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        begin = time.monotonic()
        self.server = subprocess.Popen(
            [
                str(self.python.parent / "changedetection.io"),
                *("-C", "-d", str(folder), "-h", "127.0.0.1", "-p", str(self.port)),
            ],
            cwd=folder,
            env=os.environ
            | {
                "HOME": str(folder),
                "ALLOW_IANA_RESTRICTED_ADDRESSES": "true",
                "DISABLE_VERSION_CHECK": "true",
                "MINIMUM_SECONDS_RECHECK_TIME": "0",
                "FETCH_WORKERS": "8",
            },
            stdout=(folder / "output.txt").open("wb"),
            stderr=subprocess.STDOUT,
        )
        self._wait_for_the_api()
        self.started = time.monotonic() - begin
        self.start_cpu = self._cpu()
        self.watches = len(pages)
        for one in pages:
            self._ask(
                "watch",
                {
                    "url": one,
                    "include_filters": ["div.article"],
                    "paused": True,
                    "notification_urls": [f"json://127.0.0.1:{hook}/"],
                    "notification_title": "changed",
                    "notification_body": "{{watch_url}} {{diff}}",
                    "notification_format": "text",
                },
            )

    def round(self, *, may_fail: bool = False) -> Spent:
        del may_fail  # a server goes on
        begin, cpu = time.monotonic(), self._cpu()
        since = int(time.time())
        for uuid in self._all():
            self._ask(f"watch/{uuid}?recheck=1")
        done = 0
        limit = time.monotonic() + 600
        while done < self.watches:
            if time.monotonic() > limit:
                raise SystemExit(f"changedetection.io checked {done} of {self.watches} pages")
            time.sleep(0.5)
            done = sum(one["last_checked"] >= since for one in self._all().values())
        wall = time.monotonic() - begin
        time.sleep(5)  # notifications are sent by a thread of their own
        return Spent(self._cpu() - cpu, wall, self._peak())

    def disk(self) -> int:
        return size(file for file in self.folder.rglob("*") if file.name != "output.txt")

    def close(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()
            self.server = None

    def _wait_for_the_api(self) -> None:
        limit = time.monotonic() + 120
        while time.monotonic() < limit:
            assert self.server is not None
            if self.server.poll() is not None:
                break
            with contextlib.suppress(OSError, KeyError, ValueError):
                stored = self.folder / "changedetection.json"
                settings = json.loads(stored.read_text())["settings"]["application"]
                self.key = settings["api_access_token"]
                self._all()
                return
            time.sleep(0.2)
        raise SystemExit(f"no answer: {(self.folder / 'output.txt').read_text()[-2000:]}")

    def _all(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = json.loads(self._ask("watch"))
        return found

    def _ask(self, path: str, data: object = None) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"x-api-key": self.key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            body: bytes = answer.read()
        return body

    def _cpu(self) -> float:
        assert self.server is not None
        parts = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(part) for part in parts[11:15]) / _TICKS

    def _peak(self) -> float:
        assert self.server is not None
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) / 1024


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Figures:
    """What a program took; CPU milliseconds a page are without the start."""

    start: float = 0.0
    reference: float = 0.0
    first: float = 0.0
    pages_a_second: float = 0.0
    unchanged: dict[str, float] = field(default_factory=dict)
    unchanged_with_start: float = 0.0
    changed: float = 0.0
    peak: float = 0.0
    version: float = 0.0
    false: dict[str, int] = field(default_factory=dict)
    told: int = 0
    until_told: float = 0.0
    lost: int = 0


def watch(program: Program, folder: Path, pages: Sequence[str], hook: Hook) -> None:
    """Prepare a program for pages."""
    folder.mkdir()
    program.prepare(folder, pages, hook.port)


def measure(program: Program, folder: Path, pages: int, rounds: int) -> Figures:
    """All figures of a program."""
    found = Figures()
    hook = Hook()
    hook.open()
    try:
        with site() as port:
            watch(program, folder / "one", addresses(port, "plain", 1), hook)
            if isinstance(program, Changedetection):
                # A server has started once, whatever it checks.
                found.start, start = program.start_cpu, 0.0
            else:
                found.start, found.reference = start_seconds(program, folder)
                start = found.start
            program.close()
        firsts, speeds = [], []
        for group in GROUPS:
            count = pages if group in NOISY else max(pages, QUIET_PAGES)
            with site() as port:
                watch(program, folder / group, addresses(port, group, count), hook)
                spent = program.round()
                firsts.append((spent.cpu - start) / count)
                speeds.append(count / spent.wall)
                hook.forget()
                again = [program.round() for _ in range(rounds)]
                found.false[group] = hook.times[group]
                least = min(one.cpu for one in again)
                found.unchanged[group] = (least - start) / count * 1e3
                if count == pages:
                    found.peak = max(found.peak, *(one.peak for one in again))
                program.close()
        found.first = statistics.median(firsts) * 1e3
        found.pages_a_second = statistics.median(speeds)
        with site() as port:
            watch(program, folder / "edits", addresses(port, "plain", pages), hook)
            program.round()
            again = [program.round() for _ in range(rounds)]
            found.unchanged_with_start = min(one.cpu for one in again) / pages * 1e3
            edit(port)
            changes(program, pages, start, hook, found)
            program.close()
        found.lost = lost(program, folder, pages, hook)
    finally:
        program.close()
        hook.close()
    return found


def lost(program: Program, folder: Path, pages: int, hook: Hook) -> int:
    """How many edits are not told of that were seen while the hook was away."""
    with site() as port:
        watch(program, folder / "outage", addresses(port, "plain", pages), hook)
        program.round()
        hook.forget()
        edit(port)
        hook.close()
        program.round(may_fail=True)
        hook.open()
        for _ in range(2):
            program.round()
        return pages - len(hook.told)


def start_seconds(program: Program, folder: Path) -> tuple[float, float]:
    """CPU of a round over a page that is there, and of the reference import, at their best."""
    program.round()  # the page is new, and what is loaded is compiled
    reference_seconds(folder)
    rounds = [(program.round().cpu, reference_seconds(folder)) for _ in range(START_ROUNDS)]
    starts, references = zip(*rounds, strict=True)
    return min(starts), min(references)


def changes(program: Program, pages: int, start: float, hook: Hook, found: Figures) -> None:
    """See what is told of pages that were all edited."""
    before = program.disk()
    hook.forget()
    begin = time.monotonic()
    spent = program.round()
    found.changed = (spent.cpu - start) / pages * 1e3
    found.version = (program.disk() - before) / pages
    found.told = len(hook.told)
    if hook.told:
        found.until_told = statistics.median(hook.told.values()) - begin


def installed(name: str, folder: Path) -> Path | None:
    """The Python of an environment that has a program; None if it cannot be had."""
    python = folder / name / "bin" / "python"
    if not (python.parent / name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        version = VERSIONS[name]
        wanted = [f"{name}=={version}" if version else name]
        wanted += ["cssselect"] if name == "urlwatch" else []
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *wanted],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.stdout.write(f"{name} is left out, it cannot be installed:\n{done.stderr[-500:]}\n")
            return None
        # The monitor has its byte code, too; pip need not have written any.
        subprocess.run([str(python), "-m", "compileall", "-q", str(folder / name)], check=False)
    return python


def print_table(figures: dict[str, Figures], pages: int, rounds: int) -> None:
    """One column a program."""
    rows: list[tuple[str, list[str]]] = []

    def add(title: str, value: str) -> None:
        rows.append((title, [value.format(f=one) for one in figures.values()]))

    add("start, CPU s", "{f.start:.2f}")
    add("first visit, CPU ms a page", "{f.first:.1f}")
    add("first visit, pages a second (start included)", "{f.pages_a_second:.1f}")
    add("304, CPU ms a page", "{f.unchanged[etag]:.2f}")
    add("unchanged, CPU ms a page", "{f.unchanged[plain]:.2f}")
    add("unchanged, start included", "{f.unchanged_with_start:.2f}")
    for name in NOISY:
        add(f"noisy ({name}), CPU ms a page", f"{{f.unchanged[{name}]:.2f}}")
    add("changed, CPU ms a page", "{f.changed:.1f}")
    add("peak memory, MB", "{f.peak:.0f}")
    add("bytes for a version", "{f.version:.0f}")
    for name in NOISY:
        add(f"false alerts of {pages * rounds}: {name}", f"{{f.false[{name}]}}")
    add(f"edits told, of {pages}", "{f.told}")
    add("from an edit to its alert, s (median, one check)", "{f.until_told:.1f}")
    add(f"alerts lost in an outage, of {pages}", "{f.lost}")
    sys.stdout.write(f"{'':50}" + "".join(f"{name:>20}" for name in figures) + "\n")
    for title, values in rows:
        sys.stdout.write(f"{title:50}" + "".join(f"{value:>20}" for value in values) + "\n")


def reference_seconds(folder: Path) -> float:
    """CPU time of a process that does the reference import, its byte code kept in a folder."""
    command = [sys.executable, "-c", REFERENCE]
    environment = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "byte-code"),
    }
    return run(command, folder, environment, may_fail=False).cpu


def missed(figures: dict[str, Figures]) -> list[str]:
    """The goals that the monitor misses."""
    ours = figures["monitor"]
    reference = ours.reference
    values = {
        "start, s": ours.start,
        "first visit, ms": ours.first,
        "peak memory, MB": ours.peak,
    }
    if "urlwatch" in figures:
        theirs = figures["urlwatch"].unchanged["plain"]
        values["unchanged page beside urlwatch"] = ours.unchanged["plain"] / theirs
    sys.stdout.write(
        f"{REFERENCE}: {reference:.2f} s here, {REFERENCE_SECONDS} s where goals hold\n"
    )
    for name, measured in list(values.items()):
        shown = f"{measured:.2f}"
        if name in TIMES:
            values[name] = measured * REFERENCE_SECONDS / reference
            shown = f"{values[name]:.2f} there, {shown} here"
        sys.stdout.write(f"{name}: {shown} (goal {GOALS[name]})\n")
    failed = [name for name, value in values.items() if value > GOALS[name]]
    if any(ours.false[name] for name in NOISY):
        failed.append("false alerts")
    if ours.lost:
        failed.append("lost alerts")
    return failed


def main() -> int:
    """Print the table; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="This project beside two others.")
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".venv" / "compared", help="where the others live"
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    programs: list[Program] = [Monitor()]
    if (python := installed("urlwatch", options.folder)) is not None:
        programs.append(Urlwatch(python))
    if (python := installed("changedetection.io", options.folder)) is not None:
        programs.append(Changedetection(python))
    figures = {}
    for program in programs:
        with tempfile.TemporaryDirectory() as name:
            figures[program.name] = measure(program, Path(name), options.pages, options.rounds)
    print_table(figures, options.pages, options.rounds)
    failed = missed(figures)
    for name in failed:
        sys.stdout.write(f"missed: {name}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
