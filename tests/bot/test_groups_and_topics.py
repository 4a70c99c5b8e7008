"""Groups, topics and channels: administrators decide, topics are recipients, moves are followed."""

from __future__ import annotations

from alert_story import raised
from bot_app import FixedRules, rules_of, running
from end_to_end import running_system
from telegram_api import Refusal

from monitor.model.alerts import Recipient
from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import Database
from monitor.storage.recipients import find_recipient_id, get_recipient
from monitor.storage.subscriptions import rules_of as subscribed

GROUP, FORUM, CHANNEL = -5, -1001234, -1009999
ADMIN, MEMBER = 50, 51


def mine(database: Database, to: Recipient) -> tuple[str, ...]:
    with database.read() as connection:
        return subscribed(connection, find_recipient_id(connection, to))


async def test_in_a_group_only_administrators_decide(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        refused = await api.ask(GROUP, "/subscribe guizhou", person=MEMBER)
        assert "只有群管理员" in refused.text
        granted = await api.ask(GROUP, "/subscribe@policy_monitor_bot guizhou", person=ADMIN)
        assert "已订阅" in granted.text
        listed = await api.ask(GROUP, "/mine", person=ADMIN)
        press = next(iter(listed.buttons.values()))
        api.press(GROUP, listed.result["message_id"], press, person=MEMBER)
        await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "管理员" in str(c.params)]
        )
        assert mine(sqlite_database, Recipient(GROUP)) == ("guizhou",)
        api.press(GROUP, listed.result["message_id"], press, person=ADMIN)
        await api.reply(GROUP, method="editMessageText")
    assert mine(sqlite_database, Recipient(GROUP)) == ()


async def test_words_between_people_in_a_group_are_none_of_the_bots_business(
    sqlite_database: Database,
) -> None:
    async with running(sqlite_database) as api:
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        api.say(GROUP, "今天的算力会议几点？", person=ADMIN)
        api.say(GROUP, "/unknown", person=ADMIN)
        api.say(GROUP, "/start@another_bot", person=ADMIN)
        await api.ask(GROUP, "/help", person=ADMIN)
        assert len(api.sent(GROUP)) == 1


async def test_an_administrator_may_write_in_the_groups_name(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        api.add_chat(FORUM, "大组")
        answer = await api.ask(FORUM, "/subscribe guizhou", anonymous=True)
        assert "已订阅" in answer.text


async def test_a_group_that_lets_the_bot_write_again_hears_again(sqlite_database: Database) -> None:
    async with running_system(sqlite_database) as system:
        api = system.api
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        await api.ask(GROUP, "/subscribe guizhou", person=ADMIN)
        api.refuse(Refusal(400, "Bad Request: not enough rights to send text messages"))
        await system.record_and_deliver(raised())
        with sqlite_database.read() as connection:
            assert not get_recipient(connection, GROUP).active
        api.restrict(GROUP, writing=False)
        api.restrict(GROUP, writing=True)
        shown = await api.ask(GROUP, "/mine", person=ADMIN)
        assert "没有发言权" in shown.text
        assert "恢复发送" not in shown.text  # it was active before this was written
        await system.record_and_deliver(raised(1, 2), title="另一份")
        assert "1 → 2" in api.sent(GROUP)[-1].text


async def test_topics_of_a_forum_hear_of_different_things(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        api.add_chat(FORUM, "论坛", forum=True)
        api.add_thread(FORUM, 45)
        api.add_thread(FORUM, 46)
        api.make_admin(FORUM, ADMIN)
        await api.ask(FORUM, "/subscribe guizhou", person=ADMIN, thread=45)
        await api.ask(FORUM, "/subscribe 甘肃", person=ADMIN, thread=46)
        assert all(
            call.params["message_thread_id"] == thread
            for call, thread in zip(api.sent(FORUM), (45, 46), strict=True)
        )
        with database.read() as connection:
            assert (
                get_recipient(connection, find_recipient_id(connection, Recipient(FORUM, 45))).kind
                == "thread"
            )
        await system.record_and_deliver(raised())
        alert = api.sent(FORUM)[-1]
        assert alert.params["message_thread_id"] == 45
        assert "160 → 190" in alert.text
        # A button in the topic works for the topic.
        api.press(FORUM, alert.result["message_id"], alert.buttons["静音规则"], person=ADMIN)
        await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "已静音" in str(c.params)]
        )
        before = len(api.sent(FORUM))
        await system.record_and_deliver(raised(1, 2), title="另一份")
        assert len(api.sent(FORUM)) == before


async def test_a_deleted_forum_topic_leaves_its_subscriptions_to_the_forum(
    database: Database,
) -> None:
    async with running_system(database) as system:
        api = system.api
        api.add_chat(FORUM, "论坛", forum=True)
        api.add_thread(FORUM, 45)
        api.make_admin(FORUM, ADMIN)
        await api.ask(FORUM, "/subscribe guizhou", person=ADMIN, thread=45)
        api.delete_thread(FORUM, 45)
        await system.record_and_deliver(raised())
        await system.deliver()
        alert = api.sent(FORUM)[-1]
        assert "message_thread_id" not in alert.params
        assert "160 → 190" in alert.text
        assert mine(database, Recipient(FORUM)) == ("guizhou",)
        assert mine(database, Recipient(FORUM, 45)) == ()


async def test_a_rule_file_names_a_topic(database: Database) -> None:
    rules = FixedRules(
        rules_of(f"rules:\n  - {{id: r, name: 甲, then: {{chats: ['{FORUM}/45', 7]}}}}\n")
    )
    async with running_system(database, rules=rules) as system:
        api = system.api
        api.add_chat(7)
        api.add_chat(FORUM, "论坛", forum=True)
        api.add_thread(FORUM, 45)
        await system.record_and_deliver(raised())
        (alert,) = api.sent(FORUM)
        assert alert.params["message_thread_id"] == 45
        assert len(api.sent(7)) == 1
        api.make_admin(FORUM, ADMIN)
        listed = await api.ask(FORUM, "/mine", person=ADMIN, thread=45)
        assert "管理员为这里指定的规则" in listed.text


async def test_a_forum_that_gets_a_new_id_keeps_its_topics(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        old, new = -77, -100777
        api.add_chat(old, "小组")
        api.make_admin(old, ADMIN)
        await api.ask(old, "/subscribe guizhou", person=ADMIN)
        await api.ask(old, "/digest weekly fri 18:00", person=ADMIN)
        await system.record_and_deliver(raised())
        api.move(old, new)
        api.make_admin(new, ADMIN)
        for _ in range(100):
            if mine(database, Recipient(new)) == ("guizhou",):
                break
            await api.ask(8, "/help")
        with database.read() as connection:
            moved = get_recipient(connection, new)
        assert str(moved.digest) == "weekly fri 18:00"
        system.clock.time = system.clock.time.replace(day=6, hour=12)
        await system.deliver()
        assert "160 → 190" in api.sent(new)[-1].text


async def test_a_channel_is_subscribed_by_a_post_in_it(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        api.add_channel(CHANNEL, "算力快讯")
        api.post(CHANNEL, "/subscribe guizhou")
        assert "已订阅" in (await api.reply(CHANNEL)).text
        await system.record_and_deliver(raised())
        alert = api.sent(CHANNEL)[-1]
        # Readers of a channel may not silence it for all.
        api.press(CHANNEL, alert.result["message_id"], alert.buttons["静音规则"], person=MEMBER)
        await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "管理员" in str(c.params)]
        )
        with database.read() as connection:
            assert get_recipient(connection, CHANNEL).kind == "channel"


async def test_a_post_forwarded_into_its_group_is_handled_once(
    sqlite_database: Database,
) -> None:
    async with running(sqlite_database) as api:
        api.add_channel(CHANNEL, "算力快讯")
        api.add_chat(FORUM, "讨论组")
        api.link(CHANNEL, FORUM)
        api.post(CHANNEL, "/subscribe guizhou")
        await api.reply(CHANNEL)
        api.make_admin(FORUM, ADMIN)
        await api.ask(FORUM, "/help", person=ADMIN)
        assert len(api.sent(FORUM)) == 1
    assert mine(sqlite_database, Recipient(FORUM)) == ()


async def test_without_an_administrator_list_no_settings_change(
    sqlite_database: Database,
) -> None:
    async with running(sqlite_database) as api:
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        api.refuse(
            Refusal(400, "Bad Request: member list is inaccessible"), method="getChatAdministrators"
        )
        assert "只有群管理员" in (await api.ask(GROUP, "/stop", person=ADMIN)).text
        assert "已删除" in (await api.ask(GROUP, "/stop", person=ADMIN)).text


async def test_refused_requests_in_a_group_are_rate_limited(sqlite_database: Database) -> None:
    async with running(sqlite_database, rate_limiter=RateLimiter(burst=3)) as api:
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        await api.ask(GROUP, "/help", person=MEMBER)
        for _ in range(10):
            api.say(GROUP, "/help", person=MEMBER)
        # The administrator's own rate_limiter is untouched.
        api.say(GROUP, "/help", person=ADMIN)
        await api.wait_for(lambda: any("可用的命令" in call.text for call in api.sent(GROUP)))
        assert len(api.sent(GROUP)) <= 3


async def test_a_forwarded_command_is_ignored(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        await api.ask(7, "/subscribe guizhou")
        origin = {"type": "hidden_user", "date": 1_770_000_000, "sender_user_name": "Somebody"}
        api.push(
            {
                "message": {
                    "message_id": 901,
                    "date": 1_770_000_000,
                    "chat": api.add_chat(7),
                    "from": {"id": 7, "is_bot": False, "first_name": "Person"},
                    "text": "/stop",
                    "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
                    "forward_origin": origin,
                }
            }
        )
        assert "贵州算力" in (await api.ask(7, "/mine")).text
        assert len(api.sent(7)) == 2
