"""What a visit does with a page that appears, is edited, redrawn, blocked, cut or moved."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from sqlalchemy import text
from web import Page, Web

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.comparison import succession
from monitor.config.settings import CrawlSettings, Settings, SuspectSettings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.model.changes import Basis, Kind
from monitor.model.documents import Outcome

PLAN = [
    "政府工作报告",
    "（2026年1月20日在青海省第十四届人民代表大会第四次会议上）",
    "各位代表：",
    "现在，我代表省人民政府向大会报告工作，请予审议。",
    "一、2025年工作回顾",
    "过去一年，绿色算力产业初具规模，智算规模达到1.2万P，建成零碳数据中心3座。",
    "二、2026年重点工作",
    "打造绿色算力基地，智算规模突破2万P。",
    "培育人工智能企业50家以上，发布行业大模型5个。",
    "推动盐湖产业与人工智能融合，建设10个应用场景。",
    "支持西宁、海东建设算力产业园，引进上下游企业。",
    "办好民生实事，新增城镇就业6万人，改造老旧小区200个。",
    "各位代表，让我们团结奋斗，开创现代化新青海建设新局面。",
]
YEAR_BEFORE = [
    line.replace("2026年", "2025年").replace("突破2万P", "突破1.2万P").replace("50家", "60家")
    for line in PLAN
    if "2025年工作回顾" not in line and "过去一年" not in line
]
ARTICLE = [
    "本报讯 日前，多地部署人工智能工作。",
    "青海省政府工作报告提出，2026年将建设绿色算力基地，智算规模突破2万P。",
    "有代表建议，推动算力普惠，让中小企业用得起。",
]
LIST, REPORT, OLDER = (
    "/zfgzbg/",
    "/zfgzbg/202601/t20260125_1.html",
    "/zfgzbg/202501/t20250120_1.html",
)
TITLE = "2026年青海省政府工作报告"
START = datetime(2026, 1, 10, tzinfo=UTC)

CATALOGUE = """
builtin: false
sources:
  - id: qinghai
    name: 青海省政府工作报告
    region: 青海省
    document_kind: report
    lists: ['{base}/zfgzbg/']
    title_pattern: 政府工作报告
    list_interval: 6h
    page_interval: 1d
    allow_private: true
"""
RULES = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"


class Watch:
    """A daemon over a small site; ``round`` lets time pass and visits what is due."""

    def __init__(self, web, daemon, channel, clock):
        self.web, self.daemon, self.channel, self.clock = web, daemon, channel, clock

    async def round(self, days=1.5):
        self.clock[0] += timedelta(days=days)
        (report,) = await run_once(self.daemon)
        return report

    def sql(self, query):
        with self.daemon.context.database.read() as connection:
            return connection.execute(text(query)).all()

    def put(self, lines=PLAN, path=REPORT, title=TITLE):
        self.web.html(path, title, lines)

    def list(self, *paths):
        titles = {REPORT: (TITLE, "2026-01-25"), OLDER: ("2025年青海省政府工作报告", "2025-01-20")}
        self.web.links(LIST, [(path, *titles.get(path, (TITLE, "2026-01-26"))) for path in paths])


@asynccontextmanager
async def watching(tmp_path, *, rules=RULES, catalogue=CATALOGUE, database=None, topics=()):
    with Web() as web:
        (tmp_path / "c.yaml").write_text(catalogue.format(base=web.base), encoding="utf-8")
        (tmp_path / "r.yaml").write_text(rules, encoding="utf-8")
        settings = Settings.model_construct(
            database=database or fresh_sqlite(tmp_path / "m.db"),
            catalogue=(tmp_path / "c.yaml",),
            rules=(tmp_path / "r.yaml",),
            topics=topics,
            crawl=CrawlSettings(min_delay=0.0, max_attempts=1),
            suspects=SuspectSettings(visits=3, hours=24),
            telegram=TelegramSettings(token="1:never-used"),
        )
        clock = [START]
        channel = FakeChannel()
        async with open_app(
            settings, console=Console(quiet=True), now=lambda: clock[0], channel=channel
        ) as daemon:
            yield Watch(web, daemon, channel, clock)


@pytest.fixture
async def watch(tmp_path, database):
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, database=address) as watch:
        yield watch


async def baseline(watch):
    """Last year's report is there when the source is added."""
    watch.put(YEAR_BEFORE, OLDER, "2025年青海省政府工作报告")
    watch.list(OLDER)
    await watch.round()
    assert watch.channel.sent == []


async def published(watch):
    """This year's report has come out and was reported."""
    await baseline(watch)
    watch.put()
    watch.list(REPORT, OLDER)
    await watch.round(20)


async def test_what_stands_there_at_the_first_visit_is_baseline(watch):
    await baseline(watch)
    assert watch.sql("SELECT COUNT(*) FROM change_log") == [(0,)]
    assert watch.sql("SELECT COUNT(*) FROM commitments_current")[0][0] >= 4
    assert watch.sql("SELECT baseline, kind, year FROM document") == [(True, "report", 2025)]


async def test_a_visit_that_brings_nothing_is_told_to_debuggers_alone(watch, caplog):
    caplog.set_level(logging.DEBUG, "monitor.ingest.visit")
    await baseline(watch)
    await watch.round()
    told = [(one.message, one.levelname) for one in caplog.records if "visit" in one.name]
    assert told == [("visit.done", "INFO"), ("visit.unchanged", "DEBUG")]


async def test_a_new_report_is_compared_with_last_years_and_sent_in_one_message(watch):
    await published(watch)
    log = dict(watch.sql("SELECT summary, kind FROM change_log WHERE metric IS NOT NULL"))
    assert log["智算规模 12,000 → 20,000 P"] == "strengthened"
    assert any("60 → 50" in summary and kind == "weakened" for summary, kind in log.items())
    assert len(watch.channel.sent) == 1
    assert watch.sql("SELECT DISTINCT year FROM commitments_current") == [(2026,)]


async def test_what_is_not_sure_goes_to_those_who_ask_and_is_counted_for_the_others(
    tmp_path, monkeypatch
):
    model = succession.link_model()
    nothing_is_sure = replace(model, alone=replace(model.alone, intercept=-100.0))
    monkeypatch.setattr(succession, "link_model", lambda: nothing_is_sure)
    rules = (
        "rules:\n"
        "  - {id: sure, name: 确定的, then: {chats: [7]}}\n"
        "  - {id: any, name: 全部, certainty: any, then: {chats: [8]}}\n"
    )
    gone = "推广无人驾驶公交，开行智能网联线路3条。"
    async with watching(tmp_path, rules=rules) as watch:
        watch.put([*YEAR_BEFORE, gone], OLDER, "2025年青海省政府工作报告")
        watch.list(OLDER)
        await watch.round()
        watch.put()
        watch.list(REPORT, OLDER)
        await watch.round(20)
        assert ("dropped", gone, "unsure") in watch.sql(
            "SELECT kind, before_text, certainty FROM change_log"
        )
        sent = {one.to.chat_id: one.message.text for one in watch.channel.sent}
        assert "→ 2万P" in sent[7]
        assert gone not in sent[7]
        assert sent[7].endswith("另有 1 条承诺可能是新增或不再提，尚不能确定。")
        assert f"不再提：{gone}\n今年未见；最接近：" in sent[8]
        assert "尚不能确定" not in sent[8]


async def test_an_edited_number_is_a_revision(watch):
    await published(watch)
    watch.put([line.replace("突破2万P", "突破2.5万P") for line in PLAN])
    report = await watch.round()
    (change,) = report.changes
    assert (change.kind.value, change.basis.value) == ("strengthened", "revision")
    assert (change.deltas[0].before, change.deltas[0].after) == (20_000, 25_000)
    assert len(watch.channel.sent) == 2


async def test_a_redrawn_page_is_no_change(watch):
    await published(watch)
    body = "".join(f"<div><br>&nbsp;{line.replace('，', ', ')}</div>" for line in PLAN)
    watch.web.pages[REPORT] = Page(
        f"<html><head><meta charset=utf-8><title>{TITLE}_青海省政府</title></head><body>"
        f"<div>首页 | 政务公开 | 浏览次数：1234</div><h2>{TITLE}</h2><div id=zoom>{body}</div>"
        f"<p>扫一扫在手机打开当前页</p></body></html>".encode()
    )
    report = await watch.round()
    assert report.changes == []
    assert len(watch.channel.sent) == 1


RELOAD = b"<html><script>document.cookie='a=1';location.reload()</script></html>"
CHALLENGE = b"<html><script>var _0x=1;document.cookie='acw_sc__v2=1'</script></html>"
MENDING = "<html><body><h1>系统维护</h1><p>系统维护中，请稍后访问。</p></body></html>".encode()


@pytest.mark.parametrize(
    ("page", "outcomes"),
    [
        (Page(b"<html>blocked</html>", 403), {"blocked"}),
        (Page(RELOAD, 412), {"blocked"}),
        (Page(CHALLENGE), {"blocked"}),
        (Page(b""), {"empty"}),
        (Page(MENDING), {"blocked", "empty", "shrunk"}),
        (Page(b"<html>gone</html>", 404), {"gone"}),
        (Page(b"<html>oops</html>", 500), {"error"}),
    ],
)
async def test_trouble_is_noted_and_compared_with_nothing(watch, page, outcomes):
    await published(watch)
    watch.web.pages[REPORT] = page
    report = await watch.round()
    assert report.changes == []
    assert outcomes & {outcome.value for outcome in report.pages}
    (bad,) = watch.sql("SELECT suspect_addresses + failing_addresses FROM source_health")
    assert bad == (1,)
    # … and when the page is back there is nothing to tell either.
    watch.put()
    report = await watch.round(9)
    assert report.changes == []
    assert len(watch.channel.sent) == 1


async def test_a_text_that_lost_its_half_counts_only_when_it_stays_so(watch):
    await published(watch)
    watch.put(PLAN[:6])
    for _ in range(2):
        report = await watch.round(2)
        assert [o.value for o in report.pages if o.value == "shrunk"] == ["shrunk"]
        assert report.changes == []
    report = await watch.round(2)
    assert {change.kind.value for change in report.changes} == {"dropped"}
    assert len(watch.channel.sent) == 2


LOGIN = "<html><body><p>请登录后访问本页面。</p><p>用户名　密码　验证码</p></body></html>".encode()
MISSING = (
    "<html><body>"
    + "<a href=/x>栏目</a>" * 300
    + "<p>您访问的页面不存在，5秒后返回首页。</p></body></html>"
).encode()


@pytest.mark.parametrize("page", [Page(MENDING), Page(LOGIN), Page(MISSING), Page(CHALLENGE)])
async def test_a_notice_that_stays_for_weeks_drops_nothing(watch, page):
    await published(watch)
    watch.web.pages[REPORT] = page
    for _ in range(6):
        report = await watch.round(8)
        assert report.changes == []
    assert watch.sql("SELECT suspect_addresses + failing_addresses FROM source_health") == [(1,)]
    assert len(watch.channel.sent) == 1


async def test_another_article_at_the_address_is_doubted(watch):
    await published(watch)
    watch.put([f"第{i}条，蔬菜价格稳定，市场供应充足，品种更加丰富。" for i in range(30)])
    report = await watch.round()
    assert report.changes == []
    assert watch.sql("SELECT last_reason FROM frontier_entry WHERE last_outcome = 'shrunk'") == [
        ("another text stands at this address",)
    ]


async def test_a_reprint_under_another_address_is_the_same_report(watch):
    await published(watch)
    watch.put(["来源：青海日报", *PLAN, "（责任编辑 某某）"], "/zfgzbg/other.html")
    watch.list("/zfgzbg/other.html", REPORT, OLDER)
    report = await watch.round()
    assert report.new_addresses == 1
    assert report.changes == []
    assert watch.sql("SELECT COUNT(*) FROM document") == [(2,)]
    assert len(watch.channel.sent) == 1


@pytest.mark.parametrize("title", [TITLE, "算力写进青海省政府工作报告，谁受益？"])
async def test_an_article_titled_like_the_report_does_not_take_its_place(watch, title):
    await baseline(watch)
    article = "/zfgzbg/202601/t20260124_3.html"
    watch.put(ARTICLE, article, title)
    watch.web.links(LIST, [(article, title, "2026-01-24")])
    await watch.round()
    kinds = "SELECT kind, region, year FROM document ORDER BY id"
    assert watch.sql(kinds) == [("report", "青海省", 2025), ("news", "青海省", 2026)]
    assert watch.sql("SELECT COUNT(*) FROM change_log WHERE kind = 'dropped'") == [(0,)]
    watch.put()
    watch.list(REPORT, OLDER)
    report = await watch.round()
    assert watch.sql(kinds)[-1] == ("report", "青海省", 2026)
    assert Basis.SUCCESSION in {change.basis for change in report.changes}


@pytest.mark.parametrize("place", ["西宁市", "西宁市城北区"])
async def test_a_citys_report_in_its_provinces_column_stays_out_of_the_series(watch, place):
    await baseline(watch)
    path, title = "/zfgzbg/202601/t20260124_4.html", f"2026年{place}政府工作报告"
    watch.put([line.replace("青海省", place) for line in PLAN], path, title)
    watch.web.links(LIST, [(path, title, "2026-01-24")])
    report = await watch.round()
    assert watch.sql("SELECT kind, region, year FROM document ORDER BY id") == [
        ("report", "青海省", 2025),
        ("report", place, 2026),
    ]
    assert Kind.DROPPED not in {change.kind for change in report.changes}
    assert {change.region for change in report.changes} == {place}


async def test_a_plan_in_a_report_column_is_its_issuers_and_edits_of_it_are_told(watch):
    await baseline(watch)
    path, title = "/zfgzbg/202601/t20260124_5.html", "智算产业行动计划和省政府工作报告"
    plan = [
        "西宁市人民政府办公室关于印发智算产业行动计划（2025—2027年）的通知",
        "一、总体要求",
        "2026年，智能算力规模达到3万P。",
        "二、保障措施",
        "给予人工智能企业算力券支持。",
    ]
    watch.put(plan, path, title)
    watch.web.links(LIST, [(path, title, "2026-01-24")])
    await watch.round()
    watch.put([line.replace("3万P", "4万P") for line in plan], path, title)
    await watch.round()
    logged = "SELECT DISTINCT document_kind, region, label, speaker FROM change_log"
    assert watch.sql(logged) == [("plan", "西宁市", "commitment", "government")]
    assert ("strengthened",) in watch.sql("SELECT kind FROM change_log")


async def test_an_archive_put_online_late_is_baseline(watch):
    await published(watch)
    old = [line.replace("2025年", "2019年").replace("2026年", "2019年") for line in YEAR_BEFORE]
    watch.put(old, "/zfgzbg/201901/t20190120_9.html", "2019年青海省政府工作报告")
    watch.web.links(
        LIST,
        [("/zfgzbg/201901/t20190120_9.html", "2019年青海省政府工作报告", "2019-01-20")],
    )
    report = await watch.round()
    assert report.changes == []
    assert len(watch.channel.sent) == 1


async def test_a_list_that_cannot_be_read_is_seen_in_the_health(watch):
    watch.web.pages[LIST] = Page(b"no", 503)
    report = await watch.round()
    assert report.outcome.value == "blocked"
    rows = watch.sql("SELECT last_outcome, failures FROM source_health")
    assert rows == [("blocked", 1)]
    # The first healthy visit is still the baseline.
    watch.put(YEAR_BEFORE, OLDER, "2025年青海省政府工作报告")
    watch.list(OLDER)
    report = await watch.round()
    assert report.changes == []
    assert watch.sql("SELECT last_outcome, failures FROM source_health") == [("ok", 0)]


async def test_proposals_are_logged_and_alert_only_subscribers_of_them(tmp_path):
    catalogue = (
        CATALOGUE.replace("region: 青海省", "speaker: media")
        .replace("document_kind: report", "document_kind: news")
        .replace("    title_pattern: 政府工作报告\n", "")
    )
    asked = "{id: said, name: 建议, labels: [proposal], speakers: [delegate], then: {chats: [8]}}"
    rules = f"{RULES}  - {asked}\n"
    async with watching(tmp_path, catalogue=catalogue, rules=rules) as watch:
        watch.web.links(LIST, [])
        await watch.round()
        lines = [*ARTICLE[:2], "青海省人大代表李某建议，推动算力普惠，让中小企业用得起大模型。"]
        watch.put(lines, "/a.html", "多地部署人工智能")
        watch.web.links(LIST, [("/a.html", "多地部署人工智能", "2026-01-25")])
        await watch.round(20)
        assert sorted(watch.sql("SELECT label, kind FROM change_log")) == [
            ("commitment", "added"),
            ("proposal", "added"),
        ]
        messages = {sent.chat_id: sent.message.text for sent in watch.channel.sent}
        assert "2万P" in messages[7]
        assert "建议" not in messages[7]
        assert "普惠" in messages[8]


async def test_a_user_topic_reaches_the_alert(tmp_path):
    (tmp_path / "t.yaml").write_text(
        "topics:\n  - id: saline\n    name: 盐湖\n    default_theme: industry\n    words: [盐湖]\n"
        "    themes: {industry: {same_clause: [产业]}}\n",
        encoding="utf-8",
    )
    rules = "rules:\n  - {id: salt, name: 盐湖, topics: [saline], then: {chats: [9]}}\n"
    async with watching(tmp_path, rules=rules, topics=(tmp_path / "t.yaml",)) as watch:
        await published(watch)
        edited = "推动盐湖产业与人工智能融合，建设12个应用场景，新增钾肥产能30万吨。"
        watch.put([edited if "盐湖" in line else line for line in PLAN])
        report = await watch.round()
        assert {change.statement.topic for change in report.changes} == {"ai_computing", "saline"}
        current = "SELECT year FROM commitments_current WHERE topic = 'saline'"
        assert watch.sql(current) == [(2026,)]
        assert [sent.chat_id for sent in watch.channel.sent][-1] == 9


async def test_an_article_about_the_report_is_corroboration_and_no_second_alert(tmp_path):
    press = """
  - id: press
    name: 报纸
    speaker: media
    document_kind: news
    lists: ['{base}/news/']
    list_interval: 6h
    page_interval: 1d
    allow_private: true
"""
    async with watching(tmp_path, catalogue=CATALOGUE + press) as watch:
        watch.web.links("/news/", [])
        watch.put()
        watch.list(REPORT)
        watch.clock[0] += timedelta(days=20)
        await run_once(watch.daemon)
        alerts = len(watch.channel.sent)
        added = "青海省提出，将引进人工智能企业80家。"
        watch.web.html("/a.html", "多地部署人工智能", [*ARTICLE[:2], added])
        watch.web.links("/news/", [("/a.html", "多地部署人工智能", "2026-01-31")])
        watch.clock[0] += timedelta(days=1)
        await run_once(watch.daemon)
        assert watch.sql("SELECT commitment_text, article_title FROM corroborations") == [
            (PLAN[7], "多地部署人工智能")
        ]
        (sent,) = watch.channel.sent[alerts:]
        assert "80" in sent.message.text
        assert "2万P" not in sent.message.text
        current = "SELECT COUNT(*) FROM commitments_current WHERE text LIKE '%2万P%'"
        assert watch.sql(current) == [(1,)]


async def test_what_a_source_is_exempt_from_is_named_in_its_health(tmp_path):
    own = CATALOGUE.replace("allow_private: true", "allow_private: true\n    robots: ignore")
    async with watching(tmp_path, catalogue=own) as watch:
        watch.list()
        await watch.round()
        assert watch.sql("SELECT exceptions FROM source_health") == [
            ("allow_private, robots: ignore",)
        ]
        assert "/robots.txt" not in watch.web.asked


async def test_what_robots_txt_forbids_is_blocked_in_the_health_and_not_visited(tmp_path):
    async with watching(tmp_path) as watch:
        watch.web.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /\n")
        watch.list(REPORT)
        report = await watch.round()
        assert report.outcome is Outcome.BLOCKED
        assert watch.web.asked == ["/robots.txt"]
        (row,) = watch.sql("SELECT last_outcome, last_reason FROM source_health")
        assert row[0] == "blocked"
        assert row[1].startswith("robots.txt does not allow /")
