"""A subscriber end to end: subscribe, receive an alert, open it, mute it, digest, stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from alert_story import NOW, added, goal, plant, raised
from bot_app import bot_context, running
from bot_handlers import Chat
from end_to_end import PERSON, running_system

from monitor.bot.commands import handle_command
from monitor.bot.context import Request
from monitor.ingest.projection import rebuild
from monitor.model.alerts import Recipient
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.storage.engine import Database
from monitor.storage.recipients import get_recipient, is_known
from monitor.storage.subscriptions import custom_rules, rules_of


def many(count: int) -> list[Change]:
    """Promises in many words, too many for one message."""
    return [
        Change(
            Kind.ADDED,
            Basis.REVISION,
            "贵州省",
            None,
            goal(n, f"建设第{n}个智能算力中心，规模超过{n}Eflops，" + "服务中小企业，" * 25),
            (Delta("算力规模", "Eflops", None, n),),
        )
        for n in range(1, count + 1)
    ]


async def test_a_day_with_the_bot(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        # A newcomer looks around and subscribes in her own words.
        hello = await api.ask(PERSON, "/start")
        api.press(PERSON, hello.result["message_id"], hello.buttons["怎么用"])
        tour = await api.reply(PERSON, method="editMessageText")
        assert tour.text.startswith("1/3")
        answer = await api.ask(PERSON, "/subscribe 贵州 算力总规模")
        assert "已订阅：贵州 算力总规模" in answer.text
        assert "还没有符合的" in answer.text

        # The report comes; the alert has the number first.
        await system.record_and_deliver(raised())
        alert = await api.reply(PERSON, 2)
        assert alert.text.startswith("贵州 算力规模 160 → 190 Eflops ▲18.75%")

        # She looks at the evidence.
        api.press(PERSON, alert.result["message_id"], alert.buttons["证据"])
        item = await api.reply(PERSON, 3)
        assert "/commitment_1" in item.text
        assert "SHA-256" in item.text
        whole = await api.ask(PERSON, "/commitment_1")
        assert "要超过190Eflops" in whole.text
        assert "要超过160Eflops" in whole.text

        # At night nothing is sent, in the morning it is.
        assert "22:00-08:00" in (await api.ask(PERSON, "/quiet 22:00-08:00")).text
        system.clock.time = NOW.replace(hour=15)  # 23:00 in Shanghai
        before = len(api.sent(PERSON))
        await system.record_and_deliver(added(), title="贵州日报")
        assert len(api.sent(PERSON)) == before
        system.clock.time = NOW.replace(hour=23, minute=59)
        await system.deliver()
        assert len(api.sent(PERSON)) == before
        system.clock.time = NOW + timedelta(days=1)
        await system.deliver()
        assert "≥190 Eflops" in (await api.reply(PERSON, before)).text

        # Once a day is enough for her.
        assert "每天 09:00" in (await api.ask(PERSON, "/digest daily 09:00")).text
        before = len(api.sent(PERSON))
        await system.record_and_deliver(raised(190, 250), title="甲")
        await system.record_and_deliver(raised(20, 30), title="乙")
        assert len(api.sent(PERSON)) == before
        system.clock.time = NOW + timedelta(days=2)
        await system.deliver()
        digest = await api.reply(PERSON, before)
        assert digest.text.startswith("2026-02-05 摘要：2 条变化")
        assert "甲" in digest.text
        assert "乙" in digest.text

        # Enough of this rule; she ends it, and then everything.
        api.press(PERSON, digest.result["message_id"], digest.buttons["静音规则"])
        toast = await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "已静音" in str(c.params)]
        )
        assert "贵州 算力总规模" in toast[0].params["text"]
        before = len(api.sent(PERSON))
        await api.ask(PERSON, "/digest off")
        await system.record_and_deliver(raised(1, 2), title="丙")
        assert len(api.sent(PERSON)) == before + 1
        assert "已静音" in (await api.ask(PERSON, "/mine")).text
        assert "已删除" in (await api.ask(PERSON, "/stop")).text
        before = len(api.sent(PERSON))
        await system.record_and_deliver(raised(3, 4), title="丁")
        assert len(api.sent(PERSON)) == before
    with database.read() as connection:
        assert not is_known(connection, PERSON)
        assert rules_of(connection, PERSON) == ()


async def test_a_link_a_block_and_words_that_grow(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        # A link brings her to a rule; then she blocks the bot, and an alert is lost.
        assert "已订阅：贵州算力" in (await api.ask(PERSON, "/start guizhou")).text
        api.blocked.add(PERSON)
        await system.record_and_deliver(raised())
        api.blocked.discard(PERSON)
        before = len(api.sent(PERSON))
        # She writes again and hears again.
        shown = await api.ask(PERSON, "/mine")
        assert "现在恢复发送了" in shown.text
        assert "1 条没发成：机器人在这里被停用过" in shown.text
        await system.record_and_deliver(raised(1, 2), title="另一份")
        assert "1 → 2" in (await api.reply(PERSON, before + 1)).text

        # What she subscribes to matches something today, and grows by a press.
        with database.write() as connection:
            connection.exec_driver_sql(
                "UPDATE document SET snapshot_id ="
                " (SELECT MAX(s.id) FROM snapshot s WHERE s.document_id = document.id)"
            )
            rebuild(connection)
        answer = await api.ask(PERSON, "/subscribe 枢纽节点")
        assert "现行承诺里有 2 条符合：" in answer.text
        asked = await api.ask(PERSON, "/subscribe 贵洲 枢纽节点")
        api.press(PERSON, asked.result["message_id"], asked.buttons["＋ 贵州 枢纽节点"])
        assert "已订阅：贵州 枢纽节点" in (await api.reply(PERSON, method="editMessageText")).text


async def test_an_alert_of_many_changes_is_one_message_and_opens_page_by_page(
    database: Database,
) -> None:
    async with running_system(database) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        await system.record_and_deliver(*many(40))
        alert = await api.reply(PERSON, 1)
        assert len(api.sent(PERSON)) == 2
        shown = set()
        for turn in range(20):
            shown.update(
                line for line in alert.text.splitlines() if "Eflops" in line and "≥" in line
            )
            onward = [press for label, press in alert.buttons.items() if label.startswith("▾")]
            if not onward:
                break
            api.press(PERSON, api.sent(PERSON)[1].result["message_id"], onward[0])
            alert = await api.reply(PERSON, turn, method="editMessageText")
        assert len(shown) == 40
        # And back to where it began.
        api.press(PERSON, api.sent(PERSON)[1].result["message_id"], alert.buttons["‹ 前一页"])
        await api.reply(PERSON, turn, method="editMessageText")


async def test_of_several_rules_one_is_chosen_to_be_silent(sqlite_database: Database) -> None:
    async with running_system(sqlite_database) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        await api.ask(PERSON, "/subscribe 枢纽节点")
        await system.record_and_deliver(raised())
        alert = await api.reply(PERSON, 2)
        message = alert.result["message_id"]
        api.press(PERSON, message, alert.buttons["静音规则"])
        choice = await api.reply(PERSON, method="editMessageText")
        assert "🔕 枢纽节点" in choice.buttons
        api.press(PERSON, message, choice.buttons["🔕 枢纽节点"])
        await api.reply(PERSON, 1, method="editMessageText")
        await system.record_and_deliver(raised(5, 6), title="另一份")
        again = await api.reply(PERSON, 3)
        with sqlite_database.read() as connection:
            matched = connection.exec_driver_sql(
                "SELECT rule_id FROM alert_change WHERE alert_id = 2"
            )
            assert [row[0] for row in matched] == ["guizhou"]
        assert "5 → 6" in again.text


async def test_silence_for_a_while_is_made_up_for_afterwards(database: Database) -> None:
    async with running_system(database) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        assert "静音到 2026-02-03 21:00" in (await api.ask(PERSON, "/mute 3h")).text
        await system.record_and_deliver(raised(), title="甲")
        await system.record_and_deliver(raised(20, 30), title="乙")
        assert len(api.sent(PERSON)) == 2
        system.clock.time = NOW + timedelta(hours=3)
        await system.deliver()
        assert "摘要：2 条变化" in (await api.reply(PERSON, 2)).text
        await system.record_and_deliver(raised(1, 2), title="丙")
        assert "1 → 2" in (await api.reply(PERSON, 3)).text


async def test_waiting_alerts_are_sent_at_once_when_a_mute_ends(sqlite_database: Database) -> None:
    async with running_system(sqlite_database) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        await api.ask(PERSON, "/mute 2w")
        await system.record_and_deliver(raised())
        assert "已取消" in (await api.ask(PERSON, "/mute off")).text
        await system.deliver()
        assert "160 → 190" in (await api.reply(PERSON, 3)).text


@pytest.mark.parametrize(
    "forged",
    ["a:1:0", "e:1:0", "u:1:0", "g:1", "q:1:0", "k:1:feed", "a:99999999999999999999:1", "v:99"],
)
def test_a_forged_button_of_another_chats_alert_shows_nothing(
    sqlite_database: Database, forged: str
) -> None:
    context = bot_context(sqlite_database)
    Chat(context, PERSON).ask("/subscribe guizhou")
    plant(sqlite_database, [raised()], chats=[PERSON])
    reply = Chat(context, 8).press(forged)
    assert "过期" in reply.toast or (reply.message is not None and "过期" in reply.message.text)
    assert reply.message is None or "160" not in reply.message.text
    assert reply.edit is None
    assert reply.picture is None
    with sqlite_database.read() as connection:
        assert get_recipient(connection, PERSON).active


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("digest OFF", "随时发"),
        ("digest ｄａｉｌｙ　９：００", "每天 09:00"),
        ("quiet ２２：００－０８：００", "22:00-08:00"),
        ("quiet Off", "免打扰：关"),
        ("mute OFF", "已取消静音"),
        ("mute 3D", "静音到 2026-02-06"),
        ("mute ３天", "静音到 2026-02-06"),
        ("mute guizhou 3D", "已静音到 2026-02-06 18:00：贵州算力"),
        ("mute guizhou OFF", "已恢复：贵州算力"),
    ],
)
def test_width_and_case_do_not_matter(sqlite_database: Database, said: str, reply: str) -> None:
    command, _, rest = said.partition(" ")
    found = handle_command(
        bot_context(sqlite_database), command, Request(7, Recipient(7), args=rest)
    )
    assert found.message is not None
    assert reply in found.message.text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("云", {"zh": "“云”：每个词 2 到 30 个字", "en": "“云”: a word has 2 to 30 characters"}),
        (" ".join(f"算力{n}" for n in range(9)), {"zh": "最多 8 个词", "en": "8 words at most"}),
        ("甲甲|乙乙 丙丙|丁丁", {"zh": "只能有一组", "en": "only one group of words"}),
        ("-机器人", {"zh": "还要有一个地区或词", "en": "needs a region or a word"}),
        (
            "|".join(f"人工智能大模型训练{n}" for n in range(10)),
            {"zh": "最多 100 个字", "en": "100 characters at most"},
        ),
    ],
)
def test_an_invalid_custom_rule_is_explained_in_the_chats_language(
    sqlite_database: Database, said: str, reply: dict[str, str], language: str
) -> None:
    context = bot_context(sqlite_database)
    request = Request(7, Recipient(7), args=language)
    handle_command(context, "language", request)
    found = handle_command(context, "subscribe", replace(request, args=said))
    assert found.message is not None
    assert reply[language] in found.message.text
    with sqlite_database.read() as connection:
        assert rules_of(connection, 7) == ()


def test_a_long_custom_rule_is_stored_whole(sqlite_database: Database) -> None:
    said = "|".join(f"智能算力中心第{n}期" for n in range(8)) + "  -机器人"
    assert 64 < len(said) < 100
    request = Request(7, Recipient(7), args=said)
    handle_command(bot_context(sqlite_database), "subscribe", request)
    with sqlite_database.read() as connection:
        (rule,) = custom_rules(connection)
    assert "…" not in rule.body
    assert "智能算力中心第7期" in rule.body
    assert '"none": ["机器人"]' in rule.body


def test_alternatives_may_stand_apart(sqlite_database: Database) -> None:
    request = Request(7, Recipient(7), args="算力券 ｜ 模型券")
    handle_command(bot_context(sqlite_database), "subscribe", request)
    with sqlite_database.read() as connection:
        (rule,) = custom_rules(connection)
    assert rule.body == '{"keywords": {"any": ["模型券", "算力券"]}}'


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("/commitment#1", "没有第 1 条变化"),
        ("/search：液冷", "没有找到“液冷”"),
        ("/search贵州 液冷", "没有找到“贵州 液冷”"),
        ("/mute3d", "静音到"),
        ("/search\n液冷", "没有找到“液冷”"),
    ],
)
async def test_a_command_needs_no_blank_after_it(
    sqlite_database: Database, said: str, reply: str
) -> None:
    async with running(sqlite_database) as api:
        assert reply in (await api.ask(7, said)).text


async def test_a_command_for_another_bot_is_none_for_this_one(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        await api.ask(7, "/subscribe guizhou")
        assert "可用的命令" in (await api.ask(7, "/stop@another_bot")).text
    with sqlite_database.read() as connection:
        assert rules_of(connection, 7) == ("guizhou",)
