"""A whole visit connects nowhere but through the fetcher."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from web import Web

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings

CRAWL = str(Path(__file__).resolve().parents[2] / "monitor" / "fetching")
PACKAGE = str(Path(CRAWL).parent)
CATALOGUE = """
builtin: false
sources:
  - {{id: a, name: 某省, region: 青海省, lists: ['http://www.example.gov.cn:{port}/'],
     link_pattern: '/a.html$', allow_private: true, baseline: false}}
"""


class Watcher:
    """Notes each connection of this process: where to, and who of the product asked for it."""

    def __init__(self) -> None:
        self.on = False
        self.connected: list[tuple[str, int]] = []
        self.asked_by: set[str] = set()

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if not self.on or event not in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            return
        frame = sys._getframe()
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(PACKAGE):
                # The innermost one connects; those that await it are in the same stack.
                self.asked_by.add(name)
                break
            frame = frame.f_back  # type: ignore[assignment]
        if event == "socket.connect" and isinstance(args[1], tuple):
            self.connected.append(args[1][:2])


@pytest.fixture(scope="module")
def watcher() -> Watcher:
    # A hook cannot be taken out again; it can be disabled.
    found = Watcher()
    sys.addaudithook(found)
    return found


def test_every_fetch_names_its_route() -> None:
    # Left out, a source's proxy, its exceptions and its robots.txt key would be silently ignored.
    wrong = [
        f"{file}:{node.lineno}"
        for file in Path(PACKAGE).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("fetcher.fetch")
        and "route" not in {keyword.arg for keyword in node.keywords}
    ]
    assert wrong == []


async def test_ghsa_56fq_63vj_9992_and_ghsa_hm22_wg2m_35v4_only_the_crawl_connects(
    watcher: Watcher, tmp_path: Path
) -> None:
    resolved: list[tuple[str, int]] = []

    async def resolver(host: str, port: int) -> list[str]:
        resolved.append((host, port))
        return ["127.0.0.1"]

    with Web() as web:
        port = int(web.base.rpartition(":")[2])
        web.links("/", [("/a.html", "省里发布算力规划", "2026-01-25")])
        web.html("/a.html", "省里发布算力规划", ["今年，全省智能算力规模要达到90Eflops以上。"] * 3)
        (tmp_path / "c.yaml").write_text(CATALOGUE.format(port=port), encoding="utf-8")
        (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")
        settings = Settings.model_construct(
            database=fresh_sqlite(tmp_path / "m.db"),
            catalogue=(tmp_path / "c.yaml",),
            rules=(tmp_path / "r.yaml",),
            topics=(),
            telegram=TelegramSettings(token="1:never-used"),
        )
        async with (
            HttpFetcher(FetcherSettings(min_delay=0.0), resolver=resolver) as fetcher,
            open_app(
                settings, console=Console(quiet=True), fetcher=fetcher, channel=FakeChannel()
            ) as daemon,
        ):
            watcher.on = True
            try:
                (report,) = await run_once(daemon)
            finally:
                watcher.on = False
        assert web.asked == ["/robots.txt", "/", "/a.html"]
    assert sum(report.pages.values()) == 1
    # Nobody connected but to what the guard had resolved, as often as it had.
    assert watcher.connected == [("127.0.0.1", port)] * len(resolved)
    assert {host for host, _ in resolved} == {"www.example.gov.cn"}
    assert [name for name in watcher.asked_by if not name.startswith(CRAWL)] == []
