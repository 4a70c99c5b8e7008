"""``monitor sources check`` and ``add``: against real servers, writing only what they say."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from sqlalchemy import insert, select
from web import Page, Web

from monitor.app import open_app
from monitor.catalogue.loader import load_catalogue
from monitor.cli.app import main
from monitor.cli.sources import visit_lines
from monitor.config.settings import load_settings
from monitor.ingest.context import VisitReport
from monitor.messages.template_samples import sample_change
from monitor.model.changes import Kind
from monitor.model.documents import DocumentKind
from monitor.model.processes import Heartbeat, Loop
from monitor.outbox.queue import TERMINAL_ID
from monitor.retry import CLOCK_SKEW
from monitor.storage.base import update_row
from monitor.storage.engine import Database
from monitor.storage.frontier import WatchedSource, sync_sources, visit_times
from monitor.storage.heartbeats import write_heartbeat
from monitor.storage.recipients import ChannelConfig, sync_channels
from monitor.storage.tables import recipient_table, source_table

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)

TEXT = [
    f"2026年建设智能算力中心{n}个，算力规模达到{n}00Eflops，支持企业用好人工智能。"
    for n in range(1, 9)
]


@pytest.fixture
def site():
    with Web() as web:
        rows = "".join(
            f"<li><a href='./202601/t202601{n:02}_{n}77.html'>关于算力建设的通知第{n}号</a></li>"
            for n in range(1, 13)
        )
        web.pages["/zwgk/tz/"] = Page(
            "<html><head><meta charset=utf-8><title>通知_某市政府</title></head>"
            f"<ul>{rows}</ul><script>createPageHTML(2,0,'index','html')</script></html>".encode()
        )
        more = "<a href='./202512/t20251231_5.html'>关于年度安排的通知第13号</a>"
        web.pages["/zwgk/tz/index_1.html"] = Page(f"<meta charset=utf-8>{more}".encode())
        for n in range(1, 13):
            web.html(f"/zwgk/tz/202601/t202601{n:02}_{n}77.html", f"通知第{n}号", TEXT)
        yield web


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("MONITOR_DATABASE", "MONITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "monitor.toml").write_text(
        'catalogue = ["c.yaml"]\nrules = ["r.yaml"]\n[crawl]\nmin_delay = 0\n', encoding="utf-8"
    )
    (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, out + err
        return out, err

    return run


def sources(tmp_path, web, **changes):
    lines = {
        "id": "town", "name": "某市", "region": "贵州省", "family": "trs",
        "lists": f"{web.base}/zwgk/tz/", "allow_private": "true", **changes,
    }  # fmt: skip
    entry = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    (tmp_path / "c.yaml").write_text(f"builtin: false\nsources:\n  -\n{entry}", encoding="utf-8")


def checked(monitor, *, code=0):
    out, _ = monitor("sources", "check", "town", "--format", "jsonl", code=code)
    return [json.loads(line) for line in out.splitlines()]


def test_a_source_that_works_is_shown_to_work(monitor, tmp_path, site):
    sources(tmp_path, site)
    (found,) = checked(monitor)
    assert found["works"]
    assert (found["outcome"], found["links"], found["newest"]) == ("ok", 12, "2026-01-12")
    assert found["title"] == "通知第12号"
    assert found["length"] > 200
    assert found["published"] == "2026-01-12"
    assert found["statements"] >= 1
    assert found["next_page"] is True
    assert found["exceptions"] == "private hosts allowed, not encrypted"
    out, _ = monitor("sources", "check", "town")
    assert "通知第12号" in out or "关于算力建设的通知第12号" in out
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(b"<html><div id=app></div>"), "no link on the page"),
        (Page(b"<html><a href=/x/>about</a></html>"), "is this a list?"),
        (Page(b"<rss><channel></channel></rss>"), "nothing in this feed"),
        (Page(b"<sitemapindex></sitemapindex>"), "nothing in this sitemaps"),
        (Page(b"no", 403), "the site refuses us"),
        (Page(b"no", 404), "the address is gone"),
    ],
)
def test_what_fails_comes_with_one_suggestion(monitor, tmp_path, site, page, words):
    sources(tmp_path, site)
    site.pages["/zwgk/tz/"] = page
    (found,) = checked(monitor, code=1)
    assert not found["works"]
    assert words in found["suggestion"]
    assert "\n" not in found["suggestion"]


PROSE = "".join(f"<p>{line}</p>" for line in TEXT)


FILE = "<a href=a.{0}>算力实施方案.{0}</a>"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (("2026-01-12", FILE.format("doc")), "cannot be read hold more of it: 算力实施方案.doc"),
        (("2026-01-12", FILE.format("pdf")), "a visit reads its attachment too"),
        (("2025-06-02", ""), "its day is in doubt: 2025-06-02 by its byline"),
    ],
    ids=["attachment", "readable", "day"],
)
def test_what_is_partial_or_doubtful_comes_with_a_hint(monitor, tmp_path, site, page, words):
    day, file = page
    sources(tmp_path, site)
    head = f"<meta charset=utf-8><title>通知</title><h1>通知第12号</h1><p>发布时间：{day}</p>"
    site.pages["/zwgk/tz/202601/t20260112_1277.html"] = Page(f"{head}{PROSE}{file}".encode())
    (found,) = checked(monitor)
    assert (found["works"], found["outcome"]) == (True, "partial" if file else "ok")
    assert words in found["suggestion"]


def test_a_list_made_by_a_script_and_refused_links_are_named(monitor, tmp_path, site):
    sources(tmp_path, site)
    menu = "".join(f"<a href=/col{n}/>政务公开栏目</a>" for n in range(4))
    menu += "<a href=http://elsewhere.example/a.html>另一个网站的网页</a>"
    site.pages["/zwgk/tz/"] = Page(
        f"<meta charset=utf-8>{menu}<div id=list></div><script>$.ajax({{}})</script>".encode()
    )
    (found,) = checked(monitor, code=1)
    assert "a script makes the list" in found["suggestion"]
    assert found["refused"] == "4 not an article's address, 1 another site"


def test_a_failed_article_fetch_is_reported(monitor, tmp_path, site):
    sources(tmp_path, site)
    del site.pages["/zwgk/tz/202601/t20260112_1277.html"]
    (found,) = checked(monitor, code=1)
    assert (found["outcome"], found["article"][-12:]) == ("ok", "12_1277.html")
    assert "newest article does not" in found["suggestion"]


def test_a_pattern_without_matches_is_reported_with_one_that_matches(monitor, tmp_path, site):
    sources(tmp_path, site, link_pattern="'/nothing/'")
    (found,) = checked(monitor, code=1)
    assert "12 links look like articles" in found["suggestion"]
    pattern = found["suggestion"].partition("link_pattern: ")[2]
    sources(tmp_path, site, link_pattern=pattern)
    assert checked(monitor)[0]["links"] == 12


def test_news_without_a_wanted_title_are_no_failure(monitor, tmp_path, site):
    sources(tmp_path, site, title_pattern="政府工作报告")
    (found,) = checked(monitor)
    assert found["suggestion"] == "12 articles, none with a title that is wanted now"


def test_a_short_article_is_reported_with_a_selector(monitor, tmp_path, site):
    sources(tmp_path, site)
    for path in [path for path in site.pages if "/t2026" in path]:
        site.html(path, "短", ["无"])
    (found,) = checked(monitor, code=1)
    assert "selectors.body" in found["suggestion"]


def test_a_source_is_added_from_its_address_and_then_works(monitor, tmp_path, site):
    (tmp_path / "c.yaml").write_text("# mine\nsources:\n  # none yet\n", encoding="utf-8")
    url = f"{site.base}/zwgk/tz/"
    out, err = monitor("sources", "add", url, "--id", "town", "--region", "贵州", "--allow-private")
    assert "createPageHTML" in out
    assert "12 of 12 links" in out
    text = (tmp_path / "c.yaml").read_text(encoding="utf-8")
    assert text.startswith("# mine\nsources:\n  # none yet\n")
    source = load_catalogue([tmp_path / "c.yaml"])["town"]
    assert (source.family, source.region, source.name) == ("trs", "贵州省", "通知_某市政府")
    assert (source.confidence, source.link_pattern.pattern[:4]) == ("seen", r"/\d{")
    assert source.seen["lists"] == ("visit",)
    assert checked(monitor)[0]["works"]
    # The same id, or the same list in another spelling, is refused and nothing is written.
    for arguments in (
        [url + "x/", "--id", "town"],
        [url.replace("/zwgk/", "//zwgk/") + "index.html?utm_source=x"],
    ):
        _, err = monitor("sources", "add", *arguments, "--allow-private", code=2)
        assert "town" in err
        assert err.strip().count("\n") == 0
    assert (tmp_path / "c.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("url", ["notaurl", "ftp://x/", "http://", ""])
def test_a_wrong_address_is_told_before_anything_else(monitor, tmp_path, url):
    (tmp_path / "monitor.toml").unlink(missing_ok=True)
    _, err = monitor("sources", "add", url, code=2)
    assert f"{url!r} is no address" in err
    assert err.strip().count("\n") == 0


def test_a_dry_run_and_a_page_that_does_not_come_write_nothing(monitor, tmp_path, site):
    (tmp_path / "c.yaml").write_text("sources:\n", encoding="utf-8")
    url = f"{site.base}/zwgk/tz/"
    out, _ = monitor("sources", "add", url, "--allow-private", "--dry-run")
    assert f"lists: {url}" in out
    monitor("sources", "add", f"{site.base}/none/", "--allow-private", code=1)
    _, err = monitor("sources", "add", f"{site.base}/none/", code=2)
    assert "to which no request is sent – add --allow-private" in err
    assert err.count(site.base) == 1
    _, err = monitor("sources", "add", "ftp://a.cn/", code=2)
    assert "http" in err
    assert (tmp_path / "c.yaml").read_text(encoding="utf-8") == "sources:\n"


def test_a_file_that_cannot_be_added_to_is_left_alone(monitor, tmp_path, site):
    text = "sources: [{id: guizhou, list_interval: 1h}]\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("", encoding="utf-8")
    _, err = monitor(
        "sources", "add", f"{site.base}/zwgk/tz/", "--allow-private", "--file", "mine.yaml", code=2
    )
    assert "one line" in err
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("kind", ["feed", "epaper", "unit", "page"])
def test_feeds_epapers_and_single_pages_are_added_too(monitor, tmp_path, site, kind):
    if kind == "feed":
        item = (
            "<item><title>通知第3号</title><link>/zwgk/tz/202601/t20260103_377.html</link></item>"
        )
        body = f"<rss><channel><title>某报</title>{item}</channel></rss>"
        site.pages["/x"] = Page(body.encode())
    elif kind == "epaper":
        site.pages["/pc/layout/index.html"] = Page(
            b"<a href='202601/30/node_01.html'>01</a><a href='202601/30/node_02.html'>02</a>"
        )
        article = "<a href='../../../content/202601/30/content_9.html'>算力网一体推进</a>"
        page = f"<meta charset=utf-8><ul id=articlelist>{article}</ul>"
        site.pages["/pc/layout/202601/30/node_01.html"] = Page(page.encode())
        site.html("/pc/content/202601/30/content_9.html", "算力网一体推进", TEXT)
    elif kind == "unit":
        unit = "/api-gateway/jpaas-publish-server/front/page/build/unit"
        query = "{'tagId':'list','pageId':'2'}"
        menu = "".join(f"<a href='/m{n}/index.html'>栏目{n}</a>" for n in range(9))
        shell = f'{menu}<script url="{unit}" queryData="{query}"></script>'
        site.pages["/x"] = Page(shell.encode())
        article = f"/art/2026/art_{'0a' * 16}.html"
        answer = json.dumps({"data": {"html": f"<a href='{article}'>算力通知</a>"}})
        site.pages[f"{unit}?tagId=list&pageId=2"] = Page(answer.encode())
        site.html(article, "算力通知", TEXT)
    else:
        site.html("/x", "政府工作报告", TEXT)
    url = site.base + ("/pc/layout/index.html" if kind == "epaper" else "/x")
    monitor("sources", "add", url, "--id", "town", "--allow-private")
    source = load_catalogue([tmp_path / "c.yaml"])["town"]
    families = {"epaper": "founder_epaper", "unit": "jpaas"}
    assert source.family == families.get(kind, "generic")
    assert source.lists == (() if kind == "page" else (url,))
    (found,) = checked(monitor)
    assert found["works"]
    assert found["length"] > 200


def listed(monitor):
    out, _ = monitor("sources", "list", "--format", "jsonl")
    return json.loads(out.splitlines()[0])


def test_a_source_is_visited_now_whether_it_is_due_or_not(monitor, tmp_path, site):
    sources(tmp_path, site, lists="", pages=f"{site.base}/report.html")
    out, err = monitor("sources", "visit", "town", code=1)
    assert "outcome    gone" in out
    assert "town: the visit ended with the outcome gone" in err
    site.html("/report.html", "通知", TEXT)
    monitor("sources", "pause", "town")
    said = monitor("sources", "visit", "town")[0].splitlines()
    assert said[:-1] == [
        "outcome    ok",
        "addresses  0 new",
        "documents  1 requested: 1 ok",
        "changes    0",
        "alerts     0 queued",
    ]
    assert listed(monitor)["paused"]


def test_a_visit_holds_its_source_for_minutes_and_gives_it_back(
    monitor, tmp_path, site, monkeypatch
):
    """A process that is killed leaves the claim, which is renewed only while it runs."""
    sources(tmp_path, site)
    store = Database(fresh_sqlite(tmp_path / "monitor.db"))
    due = datetime(2999, 1, 2, tzinfo=UTC)
    with store.write() as connection:
        sync_sources(connection, [WatchedSource("town", "某市", None, DocumentKind.PAGE)], NOW)
        update_row(connection, source_table, "town", next_visit_at=due)

    def due_at():
        with store.read() as connection:
            return visit_times(connection, "town")["town"].next_visit_at

    claims = []

    def watch():
        claims.append(due_at())
        while due_at() == claims[0]:
            pass
        claims.append(due_at())

    async def stopped(_source, context):
        await asyncio.to_thread(watch)
        assert CLOCK_SKEW < claims[-1] - context.now() < timedelta(minutes=10)
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.ingest.visit.visit", stopped)
    monkeypatch.setattr("monitor.cli.sources._CLAIM_INTERVAL", timedelta(0))
    monitor("sources", "visit", "town", code=130)
    assert claims[0] < claims[-1]
    assert due_at() == due
    store.close()


def test_a_visit_beside_the_daemon_leaves_what_its_settings_say(monitor, tmp_path, site):
    """The command may run in another folder, and without the daemon's environment."""
    sources(tmp_path, site, lists="", pages=f"{site.base}/report.html")
    site.html("/report.html", "通知", TEXT)
    store = Database(fresh_sqlite(tmp_path / "monitor.db"))
    with store.write() as connection:
        daemons = WatchedSource("province", "某省", None, DocumentKind.REPORT)
        sync_sources(connection, [daemons], NOW)
        sync_channels(connection, [ChannelConfig("team")], now=NOW)
        connection.execute(
            insert(recipient_table).values(id=-7, title="group", added_at=NOW, telegram_id=-7)
        )
    toml = tmp_path / "monitor.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8") + "[telegram]\nallowed_chats = [5]\n", encoding="utf-8"
    )
    for command in ("pause", "resume", "visit"):
        monitor("sources", command, "town")
    with store.read() as connection:
        assert {row.id: row.enabled for row in connection.execute(select(source_table))} == {
            "province": True,
            "town": True,
        }
        active = {
            row.channel or row.id: row.active for row in connection.execute(select(recipient_table))
        }
    store.close()
    assert active == {"team": True, -7: True}


@pytest.mark.parametrize(
    ("loop", "has_bot"),
    [(None, False), (Loop.DELIVERY, False), (Loop.BOT, True), (Loop.CRAWL, True)],
)
async def test_alerts_of_a_visit_beside_a_bot_wait_for_it(monitor, tmp_path, site, loop, has_bot):
    """Those for the terminal would stay unsent where a daemon has a bot, and beside roles."""
    sources(tmp_path, site)
    store = Database(fresh_sqlite(tmp_path / "monitor.db"))
    if loop is not None:
        with store.write() as connection:
            write_heartbeat(connection, Heartbeat(loop, "h", 1, "0.1", NOW, NOW))
    store.close()
    (town,) = load_catalogue([tmp_path / "c.yaml"]).sources
    async with open_app(load_settings(None), console=Console(quiet=True), only=town) as app:
        assert app.context.terminal_chat == (None if has_bot else TERMINAL_ID)


def test_what_a_visit_brought_is_told():
    report = VisitReport("town", changes=[sample_change(Kind.STRENGTHENED)] * 21, alerts=3)
    lines = visit_lines(report, "")
    assert lines[3] == "changes    21"
    assert lines[4].startswith("  strengthened 贵州省 算力规模 160 → 190 Eflops ")
    assert lines[-3:-1] == [
        "  and 1 more: monitor changes",
        "alerts     3 queued; monitor run sends them",
    ]


def test_the_list_says_how_each_source_is(monitor, tmp_path, site):
    sources(tmp_path, site)
    assert listed(monitor)["health"] is None
    assert not (tmp_path / "monitor.db").exists()
    monitor("sources", "pause", "town", "--until", "2999-01-02", "--reason", "moves")
    found = listed(monitor)
    assert (found["health"], found["last_visit"], found["pause_reason"]) == ("ok", None, "moves")
    assert found["paused_until"] == "2999-01-02T00:00+08:00"
    out, err = monitor("sources", "list")
    assert "paused" in out
    assert "2999-01-02 00:00" in out
    assert "times as in Asia/Shanghai" in err
    out, _ = monitor("status", code=0)
    assert "1: 0 ok, 0 failing, 0 quiet, 1 paused" in out
    assert "until 2999-01-02 00:00: moves" in out
    assert "town is resumed" in monitor("sources", "resume", "town")[1]
    assert "town was not paused" in monitor("sources", "resume", "town")[1]
    assert "due" in monitor("sources", "list")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("visit", "twon"), "unknown source 'twon' – did you mean town?"),
        (("pause", "某市"), "did you mean town?"),
        (("resume", "nothing"), "unknown source 'nothing' – see monitor sources list"),
        (("pause", "town", "--until", "2026-01-01"), "2026-01-01 is not in the future"),
        (("pause", "town", "--until", "soon"), "--until: 'soon' is no date"),
        (("visit", "idle"), "source 'idle' is disabled – set enabled: true"),
    ],
)
def test_mistakes_change_no_source(monitor, tmp_path, site, arguments, said):
    sources(tmp_path, site)
    fresh_sqlite(tmp_path / "monitor.db")
    with (tmp_path / "c.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  - {{id: idle, name: 停, lists: {site.base}/x/, enabled: false}}\n")
    assert said in monitor("sources", *arguments, code=2)[1]
