"""Count the modules a reader has to pass through to follow one thing, by running it.

    python tools/count_modules.py

Counts the modules of ``monitor`` in which a function runs from a new report on a list to the alert
that was sent, and while the handler of ``/subscribe`` replies; and the modules that define a
function or class of the digest. What runs only once, at import or at the first call, is not
counted: each thing is done before it is measured.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from pydantic import SecretStr
from rich.console import Console

import monitor
from monitor.app import open_app
from monitor.bot.commands import handle_command
from monitor.bot.context import AccessPolicy, BotContext, Request
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.fetching.fake import FakeFetcher
from monitor.model.alerts import Recipient
from monitor.rules.provider import RuleFiles, RuleProvider
from monitor.storage.engine import Database
from monitor.storage.subscriptions import custom_rules_reader

PACKAGE = Path(monitor.__file__).parent
GOAL_REPORT, GOAL_SUBSCRIBE, GOAL_DIGEST = 70, 18, 5
START = datetime(2024, 1, 10, tzinfo=UTC)
YEARS = (2024, 2025, 2026)
SITE = "https://www.qinghai.gov.cn"
CATALOGUE = f"""
builtin: false
sources:
  - id: qinghai
    name: 青海省政府工作报告
    region: 青海省
    document_kind: report
    lists: ['{SITE}/zfgzbg/']
    title_pattern: 政府工作报告
"""
RULES = "rules:\n  - {id: qinghai, name: 青海, regions: [青海], then: {chats: [7]}}\n"
REPORT = """
<html><head><meta charset="utf-8"><title>{year}年青海省政府工作报告</title></head><body>
<h1>{year}年青海省政府工作报告</h1><div class="TRS_Editor">
<p>（{year}年1月20日在青海省人民代表大会会议上）</p><p>各位代表：</p>
<p>现在，我代表省人民政府向大会报告工作，请予审议。</p>
<p>一、{before}年工作回顾</p><p>过去一年，智算规模达到{reached}万P，建成零碳数据中心3座。</p>
<p>二、{year}年重点工作</p><p>打造绿色算力基地，智算规模突破{planned}万P。</p>
<p>培育人工智能企业50家以上，发布行业大模型5个，建设10个应用场景。</p>
<p>办好民生实事，新增城镇就业6万人，改造老旧小区200个，让我们团结奋斗。</p>
</div></body></html>
"""


class ModuleCounter:
    """Notes the modules of ``monitor`` in which a function is called."""

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        """The profile function."""
        code = frame.f_code
        if event != "call" or code.co_name == "<module>":
            return
        path = Path(code.co_filename)
        if path.is_relative_to(PACKAGE):
            self.modules.add(str(path.relative_to(PACKAGE)))


def publish(fetcher: FakeFetcher, last: int) -> None:
    """Put the reports up to a year on the list."""
    links = ""
    for year in range(YEARS[0], last + 1):
        path = f"/zfgzbg/{year}01/t{year}0125_1.html"
        fetcher.pages[SITE + path] = REPORT.format(
            year=year, before=year - 1, reached=year - 2023, planned=year - 2022
        )
        title = f"{year}年青海省政府工作报告"
        links = f'<li><a href="{path}">{title}</a> {year}-01-25</li>' + links
    fetcher.pages[f"{SITE}/zfgzbg/"] = f"<html><meta charset='utf-8'><ul>{links}</ul></html>"


async def count(work: Callable[[], Awaitable[object]]) -> set[str]:
    """The modules of one piece of work, whatever thread it runs in."""
    counter = ModuleCounter()
    threads = ThreadPoolExecutor(initializer=sys.setprofile, initargs=(counter,))
    asyncio.get_running_loop().set_default_executor(threads)
    sys.setprofile(counter)
    try:
        await work()
    finally:
        sys.setprofile(None)
        threads.shutdown()
    return counter.modules


async def count_report(folder: Path) -> set[str]:
    """The modules from a new report on a list to the alert that was sent."""
    (folder / "c.yaml").write_text(CATALOGUE, encoding="utf-8")
    (folder / "r.yaml").write_text(RULES, encoding="utf-8")
    settings = Settings.model_construct(
        database=f"sqlite:///{folder / 'm.db'}",
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        crawl=CrawlSettings(min_delay=0.0),
        telegram=TelegramSettings(token=SecretStr("1:never-used")),
    )
    clock = [START]
    fetcher, channel = FakeFetcher(now=lambda: clock[0]), FakeChannel()
    modules: set[str] = set()
    async with open_app(
        settings,
        console=Console(quiet=True),
        fetcher=fetcher,
        channel=channel,
        now=lambda: clock[0],
    ) as app:
        for year in YEARS:
            clock[0] = datetime(year, 2, 1, tzinfo=UTC)
            publish(fetcher, year)
            modules = await count(lambda: run_once(app))
    if len(channel.sent) != len(YEARS):
        raise SystemExit(f"{len(channel.sent)} alerts were sent")
    return modules


async def count_subscribe(folder: Path) -> set[str]:
    """The modules that answer ``/subscribe``."""
    (folder / "r.yaml").write_text(RULES, encoding="utf-8")
    database = Database(f"sqlite:///{folder / 's.db'}")
    database.upgrade()
    rules = RuleProvider(RuleFiles([folder / "r.yaml"]), custom=custom_rules_reader(database))
    context = BotContext(database, rules, lambda: START, AccessPolicy())

    async def subscribe(chat_id: int) -> None:
        request = Request(chat_id, Recipient(chat_id), args="青海")
        if handle_command(context, "subscribe", request).message is None:
            raise SystemExit("/subscribe has no reply")

    await subscribe(1)
    modules = await count(lambda: subscribe(2))
    database.close()
    return modules


def find_digest() -> set[str]:
    """The modules that define a function or class of the digest."""
    return {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and "digest" in node.name.lower()
    }


def main() -> None:
    """Print the numbers, with ``-v`` the modules too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-v", action="store_true", help="print the modules too")
    prints_modules = parser.parse_args().v
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [
            ("new report to alert", asyncio.run(count_report(folder)), GOAL_REPORT),
            ("/subscribe", asyncio.run(count_subscribe(folder)), GOAL_SUBSCRIBE),
            ("digest", find_digest(), GOAL_DIGEST),
        ]
    for what, modules, goal in found:
        print(f"{what}: {len(modules)} modules (goal: {goal})")
        if prints_modules:
            print("".join(f"    {module}\n" for module in sorted(modules)), end="")


if __name__ == "__main__":
    main()
