"""/subscribe, /rules, /mine, /unsubscribe and their buttons, by calling the handlers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from alert_story import NOW, Clock, added, goal, plant
from bot_app import FixedRules, rules_of
from bot_handlers import buttons, chat_of
from sqlalchemy import text

from monitor.bot.start import start_payload
from monitor.channels.fake import FakeChannel
from monitor.ingest.projection import rebuild
from monitor.messages.richtext import Message
from monitor.outbox.admin import pause
from monitor.outbox.chats import withdraw_alerts
from monitor.outbox.worker import OutboxWorker, deliver_due
from monitor.storage.engine import Database
from monitor.storage.recipients import deactivate_chat, defer_until, get_recipient
from monitor.storage.subscriptions import rules_of as subscribed
from monitor.storage.subscriptions import subscribers_of_rules


def mine(database: Database, chat_id: int) -> tuple[str, ...]:
    with database.read() as connection:
        return subscribed(connection, chat_id)


def test_commands_subscribe_and_unsubscribe(database: Database) -> None:
    chat = chat_of(database)
    assert chat.ask("/subscribe Talent").text == "已订阅：人才 & 培养 (talent)"
    assert "本来就订阅" in chat.ask("/subscribe talent").text
    assert "人才 & 培养" in chat.ask("/mine").text
    assert "已退订" in chat.ask("/unsubscribe talent").text
    assert "没有订阅" in chat.ask("/unsubscribe talent").text
    assert "还没有订阅" in chat.ask("/mine").text


async def test_an_office_is_subscribed_by_name_and_its_alert_names_it(database: Database) -> None:
    chat = chat_of(database)
    assert "已订阅：工业和信息化部" in chat.ask("/subscribe 工信部").text
    assert "本来就订阅" in chat.ask("/subscribe 工业和信息化部").text
    assert "工业和信息化部" in chat.ask("/mine").text
    assert "已退订：工业和信息化部" in chat.ask("/unsubscribe 工信部").text
    assert mine(database, 7) == ()
    assert "部门" in chat.ask("/help").text


def test_a_rule_that_a_comma_made_when_it_meant_all_is_ended_by_the_same_words(
    sqlite_database: Database,
) -> None:
    chat = chat_of(sqlite_database)
    chat.ask("/subscribe 算力 智算")
    assert "已退订：算力 智算" in chat.ask("/unsubscribe 算力、智算").text


@pytest.mark.parametrize("words", ["液冷、风冷", "液冷,风冷", "液冷，风冷"])
def test_the_reply_says_how_words_are_combined_and_how_to_get_the_other(
    sqlite_database: Database, words: str
) -> None:
    chat = chat_of(sqlite_database)
    either = chat.ask(f"/subscribe {words}").text
    assert "其中一个就通知：液冷、风冷" in either
    assert "/subscribe 液冷 风冷" in either
    both = chat.ask("/subscribe 液冷 风冷").text
    assert "全都有才通知：液冷、风冷" in both
    assert "/subscribe 液冷|风冷" in both
    assert "还必须有：算力" in chat.ask(f"/subscribe {words} 算力").text
    # One word, or one and a place, leave nothing to say.
    assert "通知" not in chat.ask("/subscribe 贵州,液冷").text


def test_an_unknown_rule_gets_a_suggestion(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    suggestion = chat.ask("/subscribe guizou")
    assert "没有这条规则：guizou" in suggestion.text
    assert "guizhou" in suggestion.text
    # A rule that is not subscribable is not shown; its name is a word like any other.
    assert "内部规则" not in chat.ask("/subscribe inner").text
    hostile = chat.ask("/subscribe <b>" + "&" * 3000)
    assert "没法用" in hostile.text
    assert len(hostile.text) < 200


def test_the_suggestion_and_the_words_are_buttons(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    suggestion = chat.ask("/subscribe guizou")
    assert "已订阅：贵州算力" in chat.press_for_edit(suggestion, "＋ 贵州算力").text
    (as_words,) = (data for data in buttons(suggestion).values() if "guizou" in data)
    edit = chat.press(as_words).edit
    assert edit is not None
    assert "已订阅：guizou" in edit.text


def test_stop_forgets_the_chat(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    chat.ask("/subscribe guizhou")
    assert "已删除" in chat.ask("/stop").text
    assert mine(sqlite_database, 7) == ()
    with sqlite_database.read() as connection:
        assert subscribers_of_rules(connection, ["guizhou"]) == {}


async def test_after_stop_nothing_that_waited_is_sent(database: Database) -> None:
    chat = chat_of(database)
    chat.ask("/subscribe guizhou")
    plant(database, chats=[7, 8])
    chat.ask("/stop")
    channel = FakeChannel()
    await deliver_due(OutboxWorker(database, channel, Clock()))
    assert [sent.chat_id for sent in channel.sent] == [8]


def test_many_rules_come_in_pages(sqlite_database: Database) -> None:
    lines = [f"  - {{id: rule-{n:02}-{'x' * 50}, name: 规则{n}}}" for n in range(20)]
    chat = chat_of(sqlite_database, rules=FixedRules(rules_of("rules:\n" + "\n".join(lines))))
    first = chat.ask("/rules")
    assert "第 1/3 页" in first.text
    second = chat.press_for_edit(first, "›")
    assert "规则8" in second.text
    again = chat.press_for_edit(second, "＋ 规则8")
    assert "第 2/3 页" in again.text
    assert mine(sqlite_database, 7) == ("rule-08-" + "x" * 50,)


def test_the_buttons_of_the_lists_subscribe_and_unsubscribe(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    chat.press_for_edit(chat.ask("/rules"), "＋ 贵州算力")
    listed = chat.ask("/mine")
    assert mine(sqlite_database, 7) == ("guizhou",)
    ended = chat.press(buttons(listed)["✕ 贵州算力"])
    assert "已退订" in ended.toast
    assert mine(sqlite_database, 7) == ()
    # The button was pressed a second time.
    assert "过期" in chat.press(buttons(listed)["✕ 贵州算力"]).toast


def promised(database: Database) -> None:
    """Commitments in force: of two provinces, with 液冷 in some and 数据中心 beside it in few."""
    said = {
        "贵州省": ("推广液冷技术，建设数据中心。", "推广液冷服务器。", "发放算力券。"),
        "甘肃省": ("采用液冷方案建设智算中心。",),
    }
    changes = [
        replace(added(), region=region, after=goal(1, sentence, region=region, targets=()))
        for region, sentences in said.items()
        for sentence in sentences
    ]
    plant(database, changes)
    with database.write() as connection:
        connection.execute(text("UPDATE document SET snapshot_id = (SELECT MAX(id) FROM snapshot)"))
        rebuild(connection)


def test_a_new_rule_shows_what_it_matches_today_and_what_stands_beside(database: Database) -> None:
    promised(database)
    chat = chat_of(database)
    answer = chat.ask("/subscribe 液冷")
    assert "现行承诺里有 3 条符合：" in answer.text
    assert "· 甘肃 采用液冷方案建设智算中心。" in answer.text
    assert {"＋ 贵州 2", "＋ 甘肃 1", "＋ 数据中心 1"} <= set(buttons(answer))
    # The narrower rule is subscribed instead, and matches as many as the button said.
    narrowed = chat.press_for_edit(answer, "＋ 贵州 2")
    assert "已订阅：液冷 贵州" in narrowed.text
    assert "现行承诺里有 2 条符合：" in narrowed.text
    assert len(mine(database, 7)) == 1
    assert "过期" in chat.press(buttons(answer)["＋ 甘肃 1"]).toast
    # A rule of the files, in the list and when it is chosen.
    assert "贵州省 <算力> 目标的变化\n现行承诺 3 条" in chat.ask("/rules").text
    assert "现行承诺里有 3 条符合：" in chat.ask("/subscribe guizhou").text


def test_of_a_long_log_only_the_newest_are_counted(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised(sqlite_database)
    monkeypatch.setattr("monitor.bot.in_force.MAX_COMMITMENTS", 3)
    chat = chat_of(sqlite_database)
    assert "现行承诺 2+ 条" in chat.ask("/rules").text
    assert "现行承诺里有 1+ 条符合" in chat.ask("/subscribe 算力券").text


def test_a_rule_that_judges_or_compares_has_no_count_of_promises(
    sqlite_database: Database,
) -> None:
    promised(sqlite_database)
    rules = rules_of(
        "rules:\n"
        "  - {id: judged, name: 未达, kinds: [missed]}\n"
        "  - {id: jumps, name: 大增, targets: {relative_change: 20}}\n"
        "  - {id: told, name: 都要, kinds: [added, missed]}\n"
    )
    chat = chat_of(sqlite_database, rules=FixedRules(rules))
    listed = chat.ask("/rules").text
    assert "judged\n\n" in listed
    assert "jumps\n\n" in listed
    assert "told\n现行承诺 4 条" in listed
    assert "现行承诺" not in chat.ask("/subscribe judged").text


def test_the_counts_follow_the_log(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    assert "现行承诺" not in chat.ask("/rules").text
    assert "现行承诺里没有符合的" in chat.ask("/subscribe 液冷").text
    promised(sqlite_database)
    assert "现行承诺 3 条" in chat.ask("/rules").text
    chat.ask("/language en")
    assert "commitments in force: 3" in chat.ask("/rules").text


@pytest.mark.parametrize(
    ("said", "asked", "taken"),
    [
        ("贵洲 液冷", "没有这个地区：贵洲。您是不是要找 贵州？", "贵州 液冷"),
        ("Guizou 液冷", "没有这个地区：Guizou。您是不是要找 贵州？", "贵州 液冷"),
        ("液冷 Suzhou", "没有这个地区：Suzhou。您是不是要找 苏州、宿州？", "液冷 宿州"),
        ("Suzhou", "没有这个地区：Suzhou。您是不是要找 苏州、宿州？", "苏州"),
        ("昆山", "没有这个地区：昆山。您是不是要找 苏州？", "苏州"),
        (
            "贵州的液冷",
            "“贵州的液冷”连写是一个词，句子里要原样出现才符合。您是不是要找 贵州 液冷？",
            "贵州 液冷",
        ),
        (
            "我想看贵州的液冷",
            "“我想看贵州的液冷”连写是一个词，句子里要原样出现才符合。您是不是要找 贵州 液冷？",
            "贵州 液冷",
        ),
        (
            "请关注北京",
            "“请关注北京”连写是一个词，句子里要原样出现才符合。您是不是要找 北京？",
            "北京",
        ),
        ("guizho", "没有这条规则：guizho\n您是不是要找 guizhou、贵州？", "贵州"),
    ],
)
def test_a_place_nobody_knows_is_asked_back(
    sqlite_database: Database, said: str, asked: str, taken: str
) -> None:
    chat = chat_of(sqlite_database)
    question = chat.ask(f"/subscribe {said}")
    assert question.text == asked
    assert mine(sqlite_database, 7) == ()
    assert f"已订阅：{taken}" in chat.press_for_edit(question, f"＋ {taken}").text
    assert f"已订阅：{taken}" not in chat.ask(f"/subscribe {said}").text


def test_the_name_of_a_kind_is_said_to_be_no_word_of_the_sentences(
    sqlite_database: Database,
) -> None:
    chat = chat_of(sqlite_database)
    assert "“加码”是变化的种类" in chat.ask("/subscribe 贵州 加码").text
    assert "变化的种类" not in chat.ask("/subscribe 贵州 液冷").text
    chat.ask("/language en")
    said = chat.ask("/subscribe strengthened").text
    assert "“strengthened” is a kind of change" in said
    assert "The sentences are Chinese" not in said


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "大模型备案数量",
            "“大模型备案数量”要连着原样出现才符合；写短的词更容易符合，例如：大模型。",
        ),
        ("贵州 算力超过好多", "例如：算力。"),
    ],
)
def test_a_phrase_that_fits_nothing_is_shown_its_words(
    sqlite_database: Database, said: str, hint: str
) -> None:
    chat = chat_of(sqlite_database)
    assert hint in chat.ask(f"/subscribe {said}").text
    assert "写短的词" not in chat.ask("/subscribe 大模型").text


def test_a_place_without_likeness_is_a_word_only_if_the_chat_says_so(
    sqlite_database: Database,
) -> None:
    chat = chat_of(sqlite_database)
    question = chat.ask("/subscribe 云州省")
    assert question.text == "没有这个地区：云州省。"
    assert "已订阅：云州省" in chat.press_for_edit(question, "按关键词“云州省”订阅").text


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("Beijing", "北京"),
        ("inner mongolia 液冷", "内蒙古 液冷"),
        ("chips in Shanghai", "芯片 上海"),
        ("everything about Guizhou", "贵州"),
        ("western chips", "西部 芯片"),
        ("Shaanxi", "陕西"),
        ("贵州|云南 液冷", "贵州|云南 液冷"),
    ],
)
def test_places_in_other_spellings_are_places(
    sqlite_database: Database, said: str, rule: str
) -> None:
    assert f"已订阅：{rule}\n" in chat_of(sqlite_database).ask(f"/subscribe {said}").text
    assert "没有这条规则" not in chat_of(sqlite_database).ask(f"/unsubscribe {said}").text


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("Guizhou data centers", "贵州 数据中心"),
        ("large language models -Robots", "大模型 -机器人"),
        ("AI", "AI|人工智能"),
        ("AI or LLM", "AI|大模型"),
        ("“液冷” and 芯片。", "液冷 芯片"),
        ("Beijing or Shanghai 算力", "北京|上海 算力"),
        ("我国 液冷", "全国 液冷"),
    ],
)
def test_words_mean_what_people_mean_by_them(
    sqlite_database: Database, said: str, rule: str
) -> None:
    chat = chat_of(sqlite_database)
    assert f"已订阅：{rule}\n" in chat.ask(f"/subscribe {said}").text
    assert f"已退订：{rule}" in chat.ask(f"/unsubscribe {said}").text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("subscribe 全部", "可订阅的规则"),
        ("subscribe All", "可订阅的规则"),
        ("subscribe all rules", "可订阅的规则"),
        ("subscribe anything", "可订阅的规则"),
        ("subscribe 所有规则", "可订阅的规则"),
        ("subscribe 一切", "可订阅的规则"),
        ("unsubscribe 所有", "还没有订阅"),
        ("unsubscribe all rules", "还没有订阅"),
        ("subscribe mainframe", "“mainframe”要原样出现才符合"),
        ("subscribe 算力>100", "“算力>100”要原样出现才符合"),
        ("subscribe 液冷 -贵州", "地区不能排除（-贵州）"),
        ("subscribe 贵州 -", "“-”：每个词"),
    ],
)
def test_what_would_never_do_is_said(sqlite_database: Database, line: str, said: str) -> None:
    assert said in chat_of(sqlite_database).ask(f"/{line}").text


@pytest.mark.parametrize("command", ["subscribe", "start", "mute", "digest", "timezone", "region"])
def test_hostile_words_get_a_short_answer(sqlite_database: Database, command: str) -> None:
    chat = chat_of(sqlite_database)
    for said in (
        "词 " * 2000,
        "x" * 4000,
        "市" * 4000,
        "\x00\u202e\x07",
        "(a+)+$" * 99,
        "<b>&" * 99,
    ):
        assert len(chat.ask(f"/{command} {said}").text) < 400


def test_a_link_subscribes_to_its_rule(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database)
    assert start_payload("guizhou") == "guizhou"
    named = start_payload("人才 & 培养")
    assert named is not None
    assert start_payload("规则" * 20) is None
    for payload, said in (("guizhou", "贵州算力 (guizhou)"), (named, "人才 & 培养 (talent)")):
        assert chat.ask(f"/start {payload}").text.startswith(f"已订阅：{said}")
    assert mine(sqlite_database, 7) == ("guizhou", "talent")
    unknown = chat.ask("/start guizou")
    assert unknown.text.startswith("没有这条规则：guizou")
    assert "本来就订阅" in chat.press_for_edit(unknown, "＋ 贵州算力").text
    assert "没有这条规则：inner" in chat.ask("/start inner").text


def silence(database: Database, *lines: str) -> Message:
    """What /mine says after some commands."""
    chat = chat_of(database)
    chat.ask("/subscribe guizhou")
    for line in lines:
        chat.ask(line)
    return chat.ask("/mine")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("/mute 3d",), "🔕 全部静音到 2026-02-06 18:00，过后一次补上。/mute off 提前恢复"),
        (("/mute guizhou",), "🔕 每条规则都已静音。/mute off 全部恢复"),
        (("/quiet 17:00-24:00",), "🌙 现在是免打扰时间，2026-02-04 00:00 再发。/quiet off 取消"),
        (("/digest 工作日 8:30",), "🕘 下一次摘要：2026-02-04 08:30。/digest off 改为随时发"),
        (("/language en", "/mute 3d"), "🔕 All is muted until 2026-02-06 18:00"),
    ],
)
def test_a_chat_learns_why_nothing_is_sent_now(
    sqlite_database: Database, lines: tuple[str, ...], reason: str
) -> None:
    assert reason in silence(sqlite_database, *lines).text


def test_a_chat_learns_that_all_delivery_is_paused_and_how_much_waits(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, chats=[7])
    with sqlite_database.write() as connection:
        pause(connection, by="1", now=NOW)
    chat = chat_of(sqlite_database)
    chat.ask("/subscribe guizhou")
    with sqlite_database.write() as connection:
        defer_until(connection, 7, NOW + timedelta(hours=1), now=NOW)
    shown = chat.ask("/mine").text
    assert "⏸ 管理员从 2026-02-03 18:00 起暂停了发送" in shown
    assert "⏳ Telegram 要求等到 2026-02-03 19:00 再发" in shown
    assert "等着发的消息：1 条" in shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("Forbidden: bot was blocked by the user", "1 条没发成：机器人在这里被停用过"),
        ("Forbidden: bot was kicked from the group chat", "1 条没发成：机器人被移出过这里"),
        ("Not enough rights to send text messages", "1 条没发成：机器人在这里没有发言权"),
    ],
)
def test_a_chat_that_was_given_up_on_writes_and_hears_again(
    sqlite_database: Database, error: str, said: str
) -> None:
    chat = chat_of(sqlite_database)
    chat.ask("/subscribe guizhou")
    plant(sqlite_database, chats=[7])
    with sqlite_database.write() as connection:
        deactivate_chat(connection, 7)
        withdraw_alerts(connection, 7, reason=error)
    shown = chat.ask("/mine").text
    assert "✅ 之前这里收不到消息，现在恢复发送了" in shown
    assert said in shown
    with sqlite_database.read() as connection:
        assert get_recipient(connection, 7).active
    assert "✅" not in chat.ask("/mine").text


def test_a_chat_that_said_stop_is_told_so_and_stays_silent(sqlite_database: Database) -> None:
    rules = rules_of("rules:\n  - {id: a, name: 甲, then: {chats: [7]}}\n")
    chat = chat_of(sqlite_database, rules=FixedRules(rules))
    chat.ask("/stop")
    assert "⏹ 现在不发到这里" in chat.ask("/mine").text
    with sqlite_database.read() as connection:
        assert not get_recipient(connection, 7).active
    chat.ask("/start")
    assert "⏹" not in chat.ask("/mine").text
