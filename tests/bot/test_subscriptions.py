"""/subscribe, /rules, /mine, /unsubscribe and their buttons, by calling the handlers."""

from __future__ import annotations

from alert_story import Clock, plant
from bot_app import FixedRules, rules_of
from bot_handlers import buttons, chat_of

from monitor.channels.fake import FakeChannel
from monitor.outbox.worker import OutboxWorker, deliver_due
from monitor.storage.engine import Database
from monitor.storage.subscriptions import rules_of as subscribed
from monitor.storage.subscriptions import subscribers_of_rules


def mine(database: Database, chat_id: int) -> tuple[str, ...]:
    with database.read() as session:
        return subscribed(session, chat_id)


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
    with sqlite_database.read() as session:
        assert subscribers_of_rules(session, ["guizhou"]) == {}


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
