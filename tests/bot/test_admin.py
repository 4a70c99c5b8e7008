"""Operators and access: approval, status, broadcast, pause; nobody else may use these."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from alert_story import NOW, Clock, plant, raised
from bot_app import FixedRules, bot_context, rules_of, running
from bot_handlers import Chat, chat_of
from end_to_end import running_system
from sqlalchemy import text

from monitor.bot import access as bot_access
from monitor.bot.access import deny_access
from monitor.bot.commands import handle_command
from monitor.bot.context import AccessPolicy, Reply, Request
from monitor.errors import UserError
from monitor.messages.alert_message import render_alert
from monitor.messages.richtext import Message
from monitor.model.alerts import Access, AccessMode, Recipient
from monitor.outbox.admin import list_alerts, paused_since
from monitor.outbox.chats import revoke_access
from monitor.outbox.load import get_alert
from monitor.outbox.queue import lease, mark_dead
from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import Database
from monitor.storage.recipients import get_recipient, save_chat, set_access
from monitor.storage.subscriptions import rules_of as subscribed
from monitor.storage.subscriptions import subscribe, subscribers_of_rules

OPERATOR = 1
APPROVAL = AccessPolicy(access=AccessMode.APPROVAL, operators=(OPERATOR,))


def pending_request(database: Database) -> Message:
    """The only alert that waits: an operator's notice that a chat asks for access."""
    with database.read() as connection:
        (request,) = list_alerts(connection)
        alert = get_alert(connection, request.id)
    assert request.recipient_id == OPERATOR
    assert alert is not None
    return render_alert(alert)


async def test_a_chat_asks_and_an_operator_lets_it_in(database: Database) -> None:
    async with running_system(database, policy=APPROVAL) as system:
        api = system.api
        api.add_chat(OPERATOR)
        assert "已向管理员申请" in (await api.ask(7, "/start")).text
        # Until then nothing but that is answered, and asking again asks once.
        api.say(7, "/subscribe guizhou")
        assert "已向管理员申请" in (await api.ask(7, "/start")).text
        assert len(api.sent(7)) == 2
        await system.deliver()
        (request,) = api.sent(OPERATOR)
        assert "（编号 7）申请使用" in request.text
        api.press(OPERATOR, request.result["message_id"], request.buttons["同意"])
        assert "已同意：7" in (await api.reply(OPERATOR, method="editMessageText")).text
        await system.deliver()
        assert "可以用了" in (await api.reply(7, 2)).text
        assert "已订阅" in (await api.ask(7, "/subscribe guizhou")).text
        # It may go, and come back without asking again.
        await api.ask(7, "/stop")
        assert "承诺" in (await api.ask(7, "/start")).text


def test_the_rule_of_a_link_waits_for_the_operators(sqlite_database: Database) -> None:
    context = bot_context(sqlite_database, policy=APPROVAL)
    chat, operator = Chat(context), Chat(context, OPERATOR)
    assert "同意后即订阅“贵州算力”" in chat.ask("/start guizhou").text

    def subscribers() -> dict[str, tuple[int, ...]]:
        with sqlite_database.read() as connection:
            return subscribers_of_rules(connection, ["guizhou"])

    assert subscribers() == {}
    operator.press_for_edit(pending_request(sqlite_database), "同意")
    assert subscribers() == {"guizhou": (7,)}
    assert "✓ 贵州算力" in chat.ask("/mine").text


def test_a_denied_chat_gets_no_more_replies(sqlite_database: Database) -> None:
    context = bot_context(sqlite_database, policy=APPROVAL)
    chat, operator = Chat(context), Chat(context, OPERATOR)
    chat.ask("/start")
    operator.press_for_edit(pending_request(sqlite_database), "拒绝")
    assert chat.command("/start") == Reply()
    assert len(chat.replies) == 1


def test_a_chat_without_access_learns_so_if_it_asked_or_had_it(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database, policy=APPROVAL)
    assert chat.command("/mine") == Reply()
    chat.ask("/start")
    assert "已向管理员申请" in chat.ask("/mine").text
    with sqlite_database.write() as connection:
        set_access(connection, 7, Access.REVOKED)
    assert "不对外开放" in chat.ask("/mine").text
    with sqlite_database.write() as connection:
        set_access(connection, 7, Access.DENIED)
    assert chat.command("/mine") == Reply()


def test_only_an_operators_chat_lets_in(sqlite_database: Database) -> None:
    chat = chat_of(sqlite_database, policy=APPROVAL)
    chat.ask("/start")
    for forged in ("ok:7", "no:7", "bc:yes"):
        assert chat.press(forged) == Reply()
    with sqlite_database.read() as connection:
        assert get_recipient(connection, 7).access == "pending"


@pytest.mark.parametrize("command", ["/status", "/sources", "/broadcast 大家好", "/pause"])
def test_operators_commands_are_for_operators(sqlite_database: Database, command: str) -> None:
    context = bot_context(sqlite_database, policy=AccessPolicy(operators=(OPERATOR,)))
    for chat_id in (7, 11):
        assert Chat(context, chat_id).command(command) == Reply()
    with sqlite_database.read() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM switch")).scalar_one() == 0


@pytest.mark.parametrize("forged", ["ok:7", "no:7", "bc:yes:0"])
def test_operators_buttons_are_for_operators(sqlite_database: Database, forged: str) -> None:
    chat = chat_of(sqlite_database, policy=AccessPolicy(operators=(OPERATOR,)))
    reply = chat.press(forged)
    assert "过期" in reply.toast
    assert reply.edit is None


def test_status_lists_what_needs_an_operator(sqlite_database: Database) -> None:
    broken = FixedRules(broken=UserError("unknown region '贵洲'", file="rules/a.yaml", line=3))
    context = bot_context(
        sqlite_database, rules=broken, policy=AccessPolicy(operators=(OPERATOR,)), clock=Clock()
    )
    Chat(context).ask("/subscribe guizhou")
    plant(sqlite_database, chats=[7, 8])
    with sqlite_database.write() as connection:
        for alert in lease(connection, now=NOW, lease_for=timedelta(minutes=1), limit=1):
            mark_dead(connection, alert.id, error="no")
    operator = Chat(context, OPERATOR)
    shown = operator.ask("/status").text
    assert "rules/a.yaml:3" in shown
    assert "待发 1" in shown
    assert "放弃 1" in shown
    assert "记录 1 条变化" in shown
    assert "来源全部正常" in operator.ask("/sources").text


async def test_a_word_to_all_is_asked_for_twice_and_sent_once(database: Database) -> None:
    async with running_system(database, policy=AccessPolicy(operators=(OPERATOR,))) as system:
        api = system.api
        await api.ask(7, "/subscribe guizhou")
        await api.ask(8, "/subscribe guizhou")
        await api.ask(9, "/start")
        ask = await api.ask(OPERATOR, "/broadcast 今晚 <b>维护</b>\n两小时")
        assert "发给 2 个聊天" in ask.text
        for _ in range(2):
            api.press(OPERATOR, ask.result["message_id"], ask.buttons["发送"])
        await api.reply(OPERATOR, method="editMessageText")
        await api.wait_for(lambda: len(api.sent(method="answerCallbackQuery")) == 2)
        await system.deliver()
        assert api.sent(7)[-1].text == "📢 今晚 <b>维护</b>\n两小时"
        assert [len(api.sent(chat)) for chat in (7, 8, 9)] == [2, 2, 1]


async def test_a_pause_keeps_everything_until_it_ends(database: Database) -> None:
    async with running_system(database, policy=AccessPolicy(operators=(OPERATOR,))) as system:
        api = system.api
        await api.ask(7, "/subscribe guizhou")
        assert "已暂停" in (await api.ask(OPERATOR, "/pause")).text
        await system.record_and_deliver(raised())
        assert len(api.sent(7)) == 1
        assert "暂停发送" in (await api.ask(OPERATOR, "/status")).text
        await api.ask(OPERATOR, "/pause off")
        await system.deliver()
        assert len(api.sent(7)) == 2


async def test_operators_hear_of_a_chat_that_is_gone_once(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        api.add_chat(OPERATOR)
        await api.ask(7, "/subscribe guizhou")
        await asyncio.to_thread(system.record, raised(), title="甲")
        await asyncio.to_thread(system.record, raised(1, 2), title="乙")
        api.blocked.add(7)
        await system.deliver()
        await system.deliver()
        (notice,) = api.sent(OPERATOR)
        assert "聊天 7 收不到消息了" in notice.text
        with database.read() as connection:
            states = connection.execute(text("SELECT state FROM alert_log WHERE recipient_id = 7"))
            assert {row[0] for row in states} == {"dead"}
            assert not get_recipient(connection, 7).active


async def test_a_chat_that_a_file_names_and_that_blocked_us_is_left_alone(
    database: Database,
) -> None:
    rules = FixedRules(rules_of("rules:\n  - {id: r, name: 甲, then: {chats: [7]}}\n"))
    async with running_system(database, rules=rules) as system:
        api = system.api
        api.add_chat(OPERATOR)
        api.add_chat(7)
        api.blocked.add(7)
        await system.record_and_deliver(raised(), title="甲")
        await system.record_and_deliver(raised(1, 2), title="乙")
        assert len([call for call in api.calls if call.params.get("chat_id") == 7]) == 1
        assert len(api.sent(OPERATOR)) == 1
        api.blocked.clear()
        await api.ask(7, "/start")
        await system.record_and_deliver(raised(3, 4), title="丙")
        assert "3 → 4" in api.sent(7)[-1].text


async def test_a_rate_limited_chat_gets_one_reply_and_is_then_ignored(
    sqlite_database: Database,
) -> None:
    time = 0.0
    rate_limiter = RateLimiter(burst=3, refill=10.0, clock=lambda: time)
    async with running(sqlite_database, rate_limiter=rate_limiter) as api:
        for _ in range(3):
            await api.ask(7, "/help")
        assert "10 秒后再试" in (await api.ask(7, "/help")).text
        api.say(7, "/help")
        api.say(7, "/help")
        assert "可用的命令" in (await api.ask(8, "/help")).text
        time = 10.0
        assert "可用的命令" in (await api.ask(7, "/help")).text
        assert len(api.sent(7)) == 5


def test_what_waits_for_a_chat_that_is_refused_after_all_is_given_up(database: Database) -> None:
    with database.write() as connection:
        save_chat(connection, 7, title="", now=NOW)
        set_access(connection, 7, Access.GRANTED)
    plant(database, chats=[7, 8])
    with database.write() as connection:
        deny_access(connection, 7)
    with database.read() as connection:
        assert {item.recipient_id: item.state for item in list_alerts(connection)} == {
            7: "dead",
            8: "pending",
        }
        assert not get_recipient(connection, 7).active


def test_a_chat_without_access_gets_no_more_messages(database: Database) -> None:
    with database.write() as connection:
        for chat in (7, 8, 9, -5):
            save_chat(connection, chat, title="", now=NOW)
            subscribe(connection, chat, "guizhou", now=NOW)
        set_access(connection, 9, Access.GRANTED)
    listed = {"allowed": {7}, "named": {-5}}
    plant(database, chats=[7, 8, 9, -5])
    assert revoke_access(database, access=AccessMode.OPEN, **listed) == []
    assert revoke_access(database, access=AccessMode.APPROVAL, **listed) == [8]
    assert revoke_access(database, access=AccessMode.LISTED, **listed) == [9]
    with database.read() as connection:
        waiting = {item.recipient_id: item.state for item in list_alerts(connection)}
    assert waiting == {7: "pending", 8: "dead", 9: "dead", -5: "pending"}
    with database.read() as connection:
        assert subscribed(connection, 8) == ("guizhou",)
        assert [get_recipient(connection, c).active for c in (7, 8, 9, -5)] == [
            True,
            False,
            False,
            True,
        ]


async def test_a_pending_chat_gets_no_alerts_of_earlier_subscriptions(database: Database) -> None:
    async with running_system(database, policy=APPROVAL) as system:
        system.api.add_chat(OPERATOR)
        with database.write() as connection:
            save_chat(connection, 7, title="", now=NOW)
            subscribe(connection, 7, "guizhou", now=NOW)
        # Once the bot was open; now operators decide.
        revoke_access(database, access=AccessMode.APPROVAL, allowed=(OPERATOR,), named=())
        assert "已向管理员申请" in (await system.api.ask(7, "/start")).text
        await system.record_and_deliver(raised())
        assert len(system.api.sent(7)) == 1
        (request,) = system.api.sent(OPERATOR)
        system.api.press(OPERATOR, request.result["message_id"], request.buttons["同意"])
        await system.api.reply(OPERATOR, method="editMessageText")
        await system.record_and_deliver(raised(1, 2), title="另一份")
        assert "1 → 2" in system.api.sent(7)[-1].text


@pytest.mark.parametrize("access", [AccessMode.APPROVAL, AccessMode.LISTED])
def test_a_chat_that_is_shut_out_does_not_come_back_by_the_back_door(
    sqlite_database: Database, access: AccessMode
) -> None:
    policy = AccessPolicy(access=access, operators=(OPERATOR,), allowed=frozenset({8}))
    context = bot_context(sqlite_database, policy=policy)
    with sqlite_database.write() as connection:
        for chat_id in (-7, 8):
            save_chat(connection, chat_id, title="", now=NOW)
    revoke_access(sqlite_database, access=access, allowed=(OPERATOR, 8), named=())
    # It throws the bot out and takes it in again, then becomes a supergroup.
    bot_access.on_bot_removed(context, -7)
    bot_access.on_bot_added(context, -7)
    bot_access.on_bot_removed(context, 8)
    bot_access.on_bot_added(context, 8)
    with sqlite_database.read() as connection:
        assert not get_recipient(connection, -7).active
        assert get_recipient(connection, 8).active
    bot_access.on_chat_migrated(context, -7, -1007)
    with sqlite_database.read() as connection:
        assert not get_recipient(connection, -1007).active


def test_a_refused_group_is_refused_under_its_new_number(sqlite_database: Database) -> None:
    context = bot_context(sqlite_database, policy=APPROVAL)
    with sqlite_database.write() as connection:
        save_chat(connection, -7, title="", now=NOW)
        set_access(connection, -7, Access.DENIED)
    bot_access.on_chat_migrated(context, -7, -1007)
    with sqlite_database.read() as connection:
        assert get_recipient(connection, -1007).access == Access.DENIED
        assert not get_recipient(connection, -1007).active


async def test_what_is_sent_to_all_is_what_stood_above_the_button(
    sqlite_database: Database,
) -> None:
    async with running_system(
        sqlite_database, policy=AccessPolicy(operators=(OPERATOR,))
    ) as system:
        api = system.api
        await api.ask(7, "/subscribe guizhou")
        first = await api.ask(OPERATOR, "/broadcast 第一稿")
        second = await api.ask(OPERATOR, "/broadcast 第二稿")
        api.press(OPERATOR, first.result["message_id"], first.buttons["发送"])
        await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "过期" in str(c.params)]
        )
        api.press(OPERATOR, second.result["message_id"], second.buttons["发送"])
        await api.reply(OPERATOR, method="editMessageText")
        await system.deliver()
        assert [call.text for call in api.sent(7)[1:]] == ["📢 第二稿"]


@pytest.mark.parametrize("off", ["off", "OFF", "Off", "ｏｆｆ", "关闭", "恢复"])
def test_a_pause_ends_however_it_is_written(sqlite_database: Database, off: str) -> None:
    context = bot_context(sqlite_database, policy=AccessPolicy(operators=(OPERATOR,)))
    request = Request(OPERATOR, Recipient(OPERATOR))
    handle_command(context, "pause", request)
    handle_command(context, "pause", replace(request, args=off))
    with sqlite_database.read() as connection:
        assert paused_since(connection) is None


def test_a_pause_is_not_begun_by_what_means_something_else(sqlite_database: Database) -> None:
    context = bot_context(sqlite_database, policy=AccessPolicy(operators=(OPERATOR,)))
    said = handle_command(context, "pause", Request(OPERATOR, Recipient(OPERATOR), args="of"))
    assert said.message is not None
    assert "/pause off" in said.message.text
    with sqlite_database.read() as connection:
        assert paused_since(connection) is None


def test_a_restored_chat_need_not_request_access(database: Database) -> None:
    with database.write() as connection:
        for chat in (7, 8):
            save_chat(connection, chat, title="", now=NOW)
    assert revoke_access(database, access=AccessMode.LISTED, allowed={7}, named=()) == [8]
    assert revoke_access(database, access=AccessMode.LISTED, allowed={7, 8}, named=()) == []
    with database.read() as connection:
        assert get_recipient(connection, 8).active
    assert revoke_access(database, access=AccessMode.LISTED, allowed={7}, named=()) == [8]
    assert revoke_access(database, access=AccessMode.OPEN, allowed=(), named=()) == []
    with database.read() as connection:
        assert [get_recipient(connection, chat).active for chat in (7, 8)] == [True, True]
