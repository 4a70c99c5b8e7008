"""The change log in a chat: /latest, /search, /region and /commitment."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
from alert_story import Clock, added, goal, plant, raised, unsure
from bot_app import FixedRules, bot_context, rules_of, running
from bot_handlers import buttons, chat_of
from sqlalchemy import text
from telegram_api import parse_html, utf16

from monitor.bot.commands import CALLBACKS, COMMANDS, handle_callback, handle_command
from monitor.bot.context import AccessPolicy, Request
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.ingest.projection import rebuild
from monitor.messages.alert_message import render_alert
from monitor.messages.richtext import TEXT_LIMIT, Message
from monitor.model.alerts import Recipient
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.outbox.load import get_alert
from monitor.rules.matcher import RuleSet
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.engine import Database
from monitor.storage.recipients import language_of, save_chat, set_language

CHAT = Request(7, Recipient(7), "聊天")


def ask(database: Database, line: str, *, policy: AccessPolicy | None = None) -> Message:
    command, _, said = line.partition(" ")
    found = handle_command(bot_context(database, policy=policy), command, replace(CHAT, args=said))
    assert found.message is not None
    return found.message


def numbered(count: int) -> list[Change]:
    return [
        Change(
            Kind.ADDED,
            Basis.REVISION,
            "贵州省",
            None,
            goal(n, f"第{n}个智算中心规模超过{n}Eflops，采用液冷技术。"),
            (Delta("算力规模", "Eflops", None, n),),
        )
        for n in range(1, count + 1)
    ]


def test_a_search_goes_back_page_by_page(database: Database) -> None:
    plant(database, numbered(12))
    chat = chat_of(database)
    first = chat.ask("/search 液冷")
    assert "“液冷”的变化" in first.text
    assert "第12个" in first.text
    assert "第7个" not in first.text
    second = chat.press(buttons(first)["更早的 ›"]).message
    assert second is not None
    assert "第7个" in second.text
    assert "没有找到“量子”" in chat.ask("/search 量子").text
    assert "请写 /search" in chat.ask("/search").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("液冷|枢纽", {"液冷", "枢纽"}),
        ("液冷 or 枢纽", {"液冷", "枢纽"}),
        ("量子 或 枢纽", {"枢纽"}),
        ("贵州 | 甘肃 枢纽|量子", {"枢纽"}),
        ("液冷 枢纽", set()),
        ("量子|光子", set()),
        ("|", set()),
    ],
)
def test_a_search_finds_either_word(sqlite_database: Database, query: str, found: set[str]) -> None:
    plant(sqlite_database, [*numbered(2), raised()])
    first, _, listed = ask(sqlite_database, f"search {query}").text.partition("\n")
    assert query in first
    assert {word for word in ("液冷", "枢纽") if word in listed} == found
    assert listed.count("第2个") == ("液冷" in found)


@pytest.mark.parametrize("marks", ["？", "，。", '"', "、"])
def test_marks_alone_find_nothing(sqlite_database: Database, marks: str) -> None:
    plant(sqlite_database, numbered(2))
    assert f"没有找到“{marks}”" in chat_of(sqlite_database).ask(f"/search {marks}").text


async def test_plain_words_in_ones_own_chat_are_looked_for(sqlite_database: Database) -> None:
    await asyncio.to_thread(plant, sqlite_database, numbered(12))
    async with running(sqlite_database) as api:
        assert "第12个" in (await api.ask(7, "液冷技术")).text


def test_the_latest_changes_are_shown_like_alerts(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    assert "还没有" in chat.ask("/latest").text
    plant(sqlite_database, [raised(), added()])
    answer = chat.ask("/latest 1")
    assert "≥190 Eflops" in answer.text
    assert "160" not in answer.text
    assert "贵州 算力规模 160 → 190 Eflops ▲18.75%" in chat.ask("/latest").text
    assert "算力" in chat.ask("/latest ９９９９９9999999999999999").text


def test_a_chat_chooses_its_language(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    assert "/language" in chat.ask("/language klingon").text
    assert "English" in chat.ask("/language EN").text
    assert "Commands" in chat.ask("/help").text
    with sqlite_database.read() as connection:
        assert language_of(connection, 7) == "en"


def test_a_region_has_what_lies_in_it(database: Database) -> None:
    guiyang = replace(added(), region="贵阳市", after=goal(3, region="贵阳市"))
    gansu = replace(added(), region="甘肃省", after=goal(5, region="甘肃省"))
    plant(database, [guiyang, gansu])
    shown = ask(database, "region 贵州").text
    assert "超过3Eflops" in shown
    assert "超过5Eflops" not in shown
    assert "超过5Eflops" in ask(database, "region 西部").text
    assert "没有这个地区：贵洲" in ask(database, "region 贵洲").text
    asked = ask(database, "region 贵洲")
    assert "是不是要找 贵州" in asked.text
    listed = chat_of(database).press(buttons(asked)["贵州"]).message
    assert listed is not None
    assert listed.text == shown
    assert "请写 /region" in ask(database, "region").text


def give_numbers(database: Database) -> None:
    """Two reports with their targets, as the reader leaves them."""
    plant(database, [raised()])
    with database.write() as connection:
        connection.execute(text("UPDATE document SET kind = 'report', year = 2026"))
        connection.execute(text("UPDATE document SET snapshot_id = (SELECT MAX(id) FROM snapshot)"))
        rebuild(connection)


def test_a_commitment_is_shown_whole_with_its_numbers_and_source(database: Database) -> None:
    give_numbers(database)
    message = ask(database, "commitment 1")
    assert message.text.startswith("#1 贵州 算力规模 160 → 190 Eflops ▲18.75%")
    assert "今年全省算力总规模要超过160Eflops，把枢纽节点做实。" in message.text
    assert "今年全省算力总规模要超过190Eflops，把枢纽节点做实。" in message.text
    assert "历年数字\n2026 承诺 ≥190 Eflops" in message.text
    assert 'href="https://www.example.gov.cn/report.html"' in message.html
    assert message.buttons[0][0].callback_data == "v:1"


def test_what_is_not_sure_is_shown_with_the_nearest_sentence(database: Database) -> None:
    plant(database, [unsure(1)])
    note = "今年未见；最接近：推进第1个算力枢纽建设。"
    assert note in ask(database, "latest").text
    assert note in ask(database, "search 智算").text
    assert "最接近 (不确定)\n推进第1个算力枢纽建设。" in ask(database, "commitment 1").text
    ask(database, "language en")
    assert "not repeated; nearest: 推进第1个算力枢纽建设。" in ask(database, "latest").text
    assert "Nearest (not sure)\n推进第1个算力枢纽建设。" in ask(database, "commitment 1").text


def test_the_nearest_sentence_of_a_sure_change_is_in_its_full_view(database: Database) -> None:
    plant(database, [replace(unsure(1), certainty=Certainty.SURE)])
    assert "最接近" not in ask(database, "latest").text
    assert "最接近 (确定)\n推进第1个算力枢纽建设。" in ask(database, "commitment 1").text


def test_the_button_of_an_alert_lists_what_is_not_sure_in_parts(database: Database) -> None:
    many = [unsure(n) for n in range(1, 12)]
    plant(database, [raised()], unmatched=many, chats=[7])
    chat = chat_of(database)
    with database.read() as connection:
        alert = get_alert(connection, 1)
    assert alert is not None
    data = buttons(render_alert(alert))["？不确定 11 条"]
    seen = []
    while data:
        listed = chat.press(data).message
        assert listed is not None
        assert listed.text.startswith("不确定的新增与不再提")
        fits(listed)
        seen += re.findall(r"今年未见；最接近：推进第(\d+)个", listed.text)
        data = buttons(listed).get("更多 ›", "")
    assert seen == [str(n) for n in range(1, 12)]
    assert "过期" in chat.press("u:1:99").toast


def give_history(database: Database) -> None:
    """The report of the year before, a document with its own numbers, and an alert for chat 7."""
    plant(database, [raised()], chats=[7])
    with database.write() as connection:
        connection.execute(text("UPDATE document SET kind = 'report', year = 2026"))
        connection.execute(text("UPDATE document SET snapshot_id = (SELECT MAX(id) FROM snapshot)"))
        connection.execute(
            text(
                "INSERT INTO document (title, kind, region, year, url, first_seen_at, baseline,"
                " snapshot_id) SELECT '2025年报告', 'report', '贵州省', 2025, url, first_seen_at,"
                " baseline, (SELECT MIN(id) FROM snapshot) FROM document"
            )
        )
        rebuild(connection)


def test_a_commitment_with_a_history_has_a_picture(database: Database) -> None:
    give_history(database)
    chat = chat_of(database)
    whole = chat.command("/commitment #1")
    assert whole.message is not None
    assert "2025 承诺 ≥160 Eflops" in whole.message.text
    assert whole.picture is not None
    assert "算力规模" in whole.picture.caption.text
    # An alert draws it when it is asked.
    drawn = chat.press(get_alert_message(database)).picture
    assert drawn is not None
    assert "算力规模" in drawn.caption.text


def give_a_review(database: Database) -> None:
    """A plan, and the review of it: a target that was met and one that is not reported."""
    texts = {
        2025: "二、2025年重点任务\n全省算力规模突破20万P。开放高质量数据集50个。",
        2026: "一、2025年工作回顾\n全省算力规模达到22万P。\n二、2026年重点任务\n建设智算中心2座。",
    }
    for year, body in texts.items():
        provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", year)
        statements = extract(body, provenance, load_topics())
        request = IngestRequest(
            Document(body), provenance, statements, FetchRecord(url=f"https://example.org/{year}")
        )
        with database.write() as connection:
            ingest(connection, request, rules=RuleSet(()), now=Clock()())


def test_a_target_that_was_met_is_among_the_latest_and_silence_is_not(database: Database) -> None:
    give_a_review(database)
    met, silent = "贵州 兑现：算力规模 承诺≥20万P，实际22万P", "贵州 未见报告："
    latest = ask(database, "latest").text
    assert met in latest
    assert silent not in latest
    assert met in ask(database, "region 贵州").text
    assert silent in ask(database, "region 贵州").text
    assert silent in ask(database, "search 数据集").text
    with database.read() as connection:
        (line,) = list_changes(connection, ChangeConditions(kinds=(Kind.MET,)))
    shown = ask(database, f"commitment {line.id}").text
    assert "承诺原文\n全省算力规模突破20万P。" in shown
    assert "回顾原文\n全省算力规模达到22万P。" in shown


def give_three_years(database: Database) -> None:
    """The reports of three years, as they are ingested."""
    topics = load_topics()
    for year, value in ((2024, 100), (2025, 160), (2026, 190)):
        body = (
            f"贵州省政府工作报告\n二、{year}年重点工作\n"
            f"推进“黔算一号”智算中心建设，全省算力规模突破{value}Eflops。\n抓好高标准农田建设。"
        )
        provenance = Provenance(
            DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", year, title=f"{year}年报告"
        )
        request = IngestRequest(
            Document(body), provenance, extract(body, provenance, topics), FetchRecord()
        )
        with database.write() as connection:
            ingest(connection, request, rules=RuleSet(()), now=Clock()())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "2024 年首次承诺；此后再提：2025、2026；算力规模从 100 Eflops 增至 190 Eflops"),
        (
            "en",
            "first promised in 2024; repeated in 2025, 2026; "
            "算力规模 grew from 100 Eflops to 190 Eflops",
        ),
    ],
)
def test_a_commitment_tells_since_when_it_is_promised(
    database: Database, language: str, said: str
) -> None:
    give_three_years(database)
    with database.write() as connection:
        save_chat(connection, 7, title="某人", now=Clock()())
        set_language(connection, 7, language)
    listed = ask(database, "commitment 贵州 黔算一号")
    assert said in listed.text
    number = re.search(r"/commitment_(\d+)", listed.text)
    assert number is not None
    shown = ask(database, f"commitment {number[1]}")
    assert said in shown.text
    assert "190Eflops" in shown.text
    for words in ("guizhou 算力", "贵州的智算中心", "Guizhou computing"):
        assert number[0] in ask(database, f"commitment {words}").text
    assert "/commitment" in ask(database, "commitment 甘肃 黔算一号").text
    assert said not in ask(database, "commitment 甘肃 黔算一号").text


async def test_a_picture_is_sent_after_its_message(sqlite_database: Database) -> None:
    await asyncio.to_thread(give_history, sqlite_database)
    async with running(sqlite_database) as api:
        assert "2025 承诺 ≥160 Eflops" in (await api.ask(7, "/commitment #1")).text
        picture = await api.reply(7, method="sendPhoto")
        assert "算力规模" in picture.result["caption"]
        message = await api.ask(7, "/help")
        api.press(7, message.result["message_id"], get_alert_message(sqlite_database))
        assert "算力规模" in (await api.reply(7, 1, method="sendPhoto")).result["caption"]


def get_alert_message(database: Database) -> str:
    """What the button of the one alert there is carries."""
    with database.read() as connection:
        alert = get_alert(connection, 1)
    assert alert is not None
    return next(
        b.callback_data for row in render_alert(alert).buttons for b in row if b.text == "图表"
    )


@pytest.mark.parametrize("said", ["", "x", "0", "99", "-1", "1 2", "9" * 40, "９９"])
def test_a_number_the_log_does_not_have_is_said(sqlite_database: Database, said: str) -> None:
    plant(sqlite_database)
    shown = ask(sqlite_database, f"commitment {said}").text
    assert "请写 /commitment" in shown or "没有第" in shown


HOSTILE = [
    "",
    "\x00<&>" * 5000,
    "😀" * 5000,
    "{rule}{0}{count}%s%n",
    "' OR 1=1; DROP TABLE change; --",
    "\u202e贵州",
    "a:1:0",
    "-1",
    "9" * 400,
    "daily 09:00 " * 50,
    "<b>" * 2000,
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_is_said_every_answer_is_a_valid_message(
    sqlite_database: Database, command: str, language: str
) -> None:
    plant(sqlite_database, [*numbered(12), raised()], title="题" * 900, chats=[7])
    with sqlite_database.write() as connection:
        save_chat(connection, 7, title="𠀀" * 5000, now=Clock()())
        set_language(connection, 7, language)
    context = bot_context(sqlite_database, policy=AccessPolicy(operators=(7,)))
    for said in HOSTILE:
        found = handle_command(context, command, replace(CHAT, args=said))
        assert found.message is not None
        fits(found.message)


CARRIED = ["1", "1:0", "1:9", "1:x", "l:5:", "s:9:液冷", "r:9:贵州", "0:feed", "yes"]


@pytest.mark.parametrize("prefix", [*CALLBACKS, "", "x"])
def test_whatever_a_button_carries_its_answer_is_a_valid_message(
    sqlite_database: Database, prefix: str
) -> None:
    plant(sqlite_database, [*numbered(30), raised()], unmatched=[unsure(9)], chats=[7])
    context = bot_context(sqlite_database, policy=AccessPolicy(operators=(7,)))
    for said in [*HOSTILE, *CARRIED]:
        found = handle_callback(context, prefix, replace(CHAT, args=said[:64]))
        for message in (found.message, found.edit):
            if message is not None:
                fits(message)
        assert utf16(found.toast) <= 4096


def fits(message: Message) -> None:
    shown, _ = parse_html(message.html)
    assert 0 < utf16(shown.strip()) <= TEXT_LIMIT
    for row in message.buttons:
        for button in row:
            assert 1 <= len(button.callback_data.encode()) <= 64
            assert button.text
    assert sum(map(len, message.buttons)) <= 100


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("digest 9:00", "摘要：每天 09:00"),
        ("digest 每周五 18点", "摘要：周五 18:00"),
        ("digest 关", "摘要：关"),
        ("digest 周一三五 9点", "摘要：周一、周三、周五 09:00"),
        ("digest 停", "摘要：关"),
        ("digest on", "摘要：每天 09:00"),
        ("mute 到明天", "静音到 2026-02-04 08:00"),
        ("mute 到明天天", "请写 /mute 8h"),
        ("mute until 20:30", "静音到 2026-02-03 20:30"),
        ("mute guizhou until fri 18:00", "已静音到 2026-02-06 18:00：贵州算力"),
        ("digest 每天晚上", "摘要：每天 20:00"),
        ("quiet 22:00 08:00", "免打扰：22:00-08:00"),
        ("timezone 印度", "时区：Asia/Kolkata"),
        ("timezone 美东时间", "时区：America/New_York"),
        ("timezone Japan", "时区：Asia/Tokyo"),
        ("quiet ２２：００-０８：００", "免打扰：22:00-08:00"),
        ("quiet OFF", "免打扰：关"),
        ("mute tomorrow", "写：/mute until tomorrow\n"),
        ("mute Monday", "写：/mute until Monday\n"),
        ("mute for tomorrow", "写：/mute until tomorrow\n"),
        ("mute 明天早上", "写：/mute 到明天早上\n"),
        ("mute for today", "静音到 2026-02-04 00:00"),
        ("mute until Monday", "静音到 2026-02-09 08:00"),
        ("mute all 2h", "静音到 2026-02-03 20:00"),
        ("mute everything until fri 18:00", "静音到 2026-02-06 18:00"),
        ("mute 全部 2小时", "静音到 2026-02-03 20:00"),
        ("mute all off", "已取消静音"),
        ("mute 3 d", "静音到 2026-02-06 18:00"),
        ("mute 3天", "静音到 2026-02-06 18:00"),
        ("mute OFF", "已取消静音"),
        ("mute guizhou 3d", "已静音到 2026-02-06 18:00：贵州算力"),
        ("mute 贵州算力 off", "已恢复：贵州算力"),
        ("mute off guizhou", "已恢复：贵州算力"),
        ("timezone 上海", "时区：Asia/Shanghai"),
        ("timezone new york", "时区：America/New_York"),
        ("timezone europe/berlin", "时区：Europe/Berlin"),
        ("timezone ../../etc/passwd", "请写 /timezone"),
        ("timezone 东八区", "时区：Asia/Shanghai"),
        ("timezone 贵阳", "时区：Asia/Shanghai"),
        ("timezone UTC+2", "时区：UTC+2，那里现在是 2026-02-03 12:00"),
        ("digest 工作日 8:30", "摘要：周一至周五 08:30"),
        ("quiet 22:00—24:00", "免打扰：22:00-00:00"),
        ("mute 两天半", "静音到 2026-02-06 06:00"),
        ("mute 贵州算力 三天", "已静音到 2026-02-06 18:00：贵州算力"),
        ("mute 三", "请写 /mute"),
        ("latest Guizhou", "贵州的变化"),
        ("search Guizhou 枢纽", "“Guizhou 枢纽”的变化"),
        ("search 贵州枢纽", "“贵州枢纽”的变化"),
        ("search computing", "“computing”的变化"),
        ("search “枢纽”", "160 → 190 Eflops"),
        ("region 甘肃省兰州市", "没有找到“兰州市”"),
        ("region inner mongolia", "没有找到“内蒙古”"),
        ("region Suzhou", "您是不是要找 苏州、宿州？"),
        ("language 中文", "用中文"),
        ("language English", "English from now on"),
        ("latest 贵州", "贵州的变化"),
        ("latest 枢纽 算力", "“枢纽 算力”的变化"),
        ("search 樞紐", "“樞紐”的变化"),
        ("region 贵州省 甘肃", "贵州省 甘肃的变化"),
        ("commitment １", "#1 贵州"),
        ("unsubscribe guizho", "没有这条规则：guizho"),
        ("subscribe 算", "2 到 30 个字"),
    ],
)
def test_people_write_as_they_like(sqlite_database: Database, line: str, said: str) -> None:
    give_numbers(sqlite_database)
    assert said in ask(sqlite_database, line).text


@pytest.mark.parametrize("words", ["all", "全部", "forever", "永远", "周末", "on"])
def test_words_that_name_no_rule_and_no_time_get_the_hint_alone(
    sqlite_database: Database, words: str
) -> None:
    assert ask(sqlite_database, f"mute {words}").text.startswith("请写 /mute 8h")


def test_a_rule_of_that_name_comes_before_everything(sqlite_database: Database) -> None:
    rules = FixedRules(rules_of("rules: [{id: all, name: 全部, themes: [chips]}]"))
    chat = chat_of(sqlite_database, rules=rules)
    assert "已静音" in chat.ask("/mute all").text
    assert "已静音到 2026-02-03 20:00：全部" in chat.ask("/mute all 2h").text


async def test_chinese_commands_are_understood_with_a_slash_and_without_a_blank(
    sqlite_database: Database,
) -> None:
    async with running(sqlite_database) as api:
        for said, reply in (
            ("/静音 2小时", "静音到 2026-02-03 20:00"),
            ("/静音2小时", "静音到 2026-02-03 20:00"),
            ("静音2小时", "静音到 2026-02-03 20:00"),
            ("静音到周一", "静音到 2026-02-09 08:00"),
            ("/静音 明天", "/mute 到明天"),
            ("/取消静音", "已取消静音"),
            ("取消静音", "已取消静音"),
            ("/unmute", "已取消静音"),
            ("/订阅全部", "可订阅的规则"),
            ("/订阅贵州 液冷", "已订阅：贵州 液冷"),
            ("/静音贵州 液冷", "已静音：贵州 液冷"),
            ("取消静音 贵州 液冷", "已恢复：贵州 液冷"),
            ("/最新", "还没有记录到变化"),
            ("/地区 贵州", "没有找到“贵州”"),
            ("/承诺 1", "没有第 1 条"),
            ("/语言 中文", "中文"),
            ("/设置", "可用的命令"),
            ("静音室", "没有找到“静音室”"),
            ("最新 液冷", "没有找到“最新 液冷”"),
        ):
            assert reply in (await api.ask(7, said)).text, said


async def test_a_command_is_understood_without_its_slash(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        for said, reply in (
            ("订阅 贵州 液冷", "已订阅：贵州 液冷"),
            ("Mute 贵州 液冷", "已静音：贵州 液冷。/mute 贵州 液冷 off"),
            ("／mine", "贵州 液冷"),
            ("\u200e /mine", "贵州 液冷"),
            ("退订 贵州 液冷", "已退订"),
            ("帮助", "可用的命令"),
            ("/subcribe 贵州", "您是不是要找 /subscribe？"),
            ("stop", "没有找到“stop”"),
            ("静音舱", "没有找到“静音舱”"),
            ("/订阅 贵州 风冷", "已订阅：贵州 风冷"),
            ("搜索 液冷", "没有找到“液冷”"),
            ("规则", "可订阅的规则"),
            ("？", "可用的命令"),
        ):
            assert reply in (await api.ask(7, said)).text


async def test_a_command_ends_where_telegram_says(sqlite_database: Database) -> None:
    await asyncio.to_thread(plant, sqlite_database, [raised()])
    async with running(sqlite_database) as api:
        api.push(
            {
                "message": {
                    "message_id": 900,
                    "date": 1_770_000_000,
                    "chat": api.add_chat(7),
                    "from": {"id": 7, "is_bot": False, "first_name": "Person"},
                    "text": "/commitment#1",
                    "entities": [{"type": "bot_command", "offset": 0, "length": 11}],
                }
            }
        )
        assert (await api.reply(7)).text.startswith("#1 贵州")


def test_an_own_rule_is_ended_by_its_words_in_whatever_order(sqlite_database: Database) -> None:
    ask(sqlite_database, "subscribe 贵州,液冷")
    # Another chat's way of writing the same changes nothing for this one.
    other = replace(CHAT, recipient_id=8, recipient=Recipient(8), args="液冷 贵州")
    handle_command(bot_context(sqlite_database), "subscribe", other)
    assert "贵州 液冷" in ask(sqlite_database, "mine").text
    assert "已静音到" in ask(sqlite_database, "mute 液冷、贵州 3 D").text
    assert "已恢复" in ask(sqlite_database, "mute 贵州 液冷 ｏｆｆ").text
    assert "已退订" in ask(sqlite_database, "unsubscribe 液冷 贵州").text
