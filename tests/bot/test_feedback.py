"""The button "wrong": what people say, what operators decide, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alert_story import NOW, Clock, added, goal, plant, raised
from bot_app import FixedRules, bot_context, running
from bot_handlers import Chat, buttons
from end_to_end import PERSON, running_system
from sqlalchemy import text

from monitor.bot.context import AccessPolicy
from monitor.bot.feedback import MAX_PER_HOUR
from monitor.messages.alert_message import render_alert
from monitor.model.alerts import NoticeKind
from monitor.model.changes import Basis, Change, Kind
from monitor.model.feedback import FeedbackKind
from monitor.outbox.chats import forget_chat
from monitor.outbox.corrections import decide, recipients_of_change
from monitor.outbox.load import get_alert
from monitor.outbox.queue import lease, mark_in_flight, mark_sent
from monitor.rules.loader import load_rules
from monitor.storage.engine import Database
from monitor.storage.recipients import deactivate_chat, save_chat

OPERATOR, GROUP, ADMIN, MEMBER = 1, -5, 50, 51
POLICY = AccessPolicy(operators=(OPERATOR,))


def wrote(database: Database, columns: str = "person, kind, state") -> list[tuple[object, ...]]:
    with database.read() as connection:
        query = f"SELECT {columns} FROM feedback ORDER BY feedback_id"
        return [tuple(row) for row in connection.execute(text(query))]


def notices(database: Database, kind: NoticeKind) -> list[int]:
    with database.read() as connection:
        query = (
            "SELECT a.recipient_id FROM alert a JOIN notice n ON n.id = a.notice_id"
            " WHERE n.kind = :kind ORDER BY a.id"
        )
        return list(connection.scalars(text(query), {"kind": kind.value}))


def deliver_all(database: Database, now=NOW) -> None:
    """Everything that is due is sent, without a network."""
    with database.write() as connection:
        for alert in lease(connection, now=now, lease_for=timedelta(minutes=1), limit=1000):
            mark_sent(connection, alert.id, now=now, message_id=1)


def moved(number: int) -> Change:
    said = goal(number, f"建成第{number}个智算中心。", targets=())
    return Change(Kind.ADDED, Basis.REVISION, "贵州省", None, said)


async def test_an_alert_is_called_wrong_and_its_correction_is_told_once(database: Database) -> None:
    async with running_system(database, policy=POLICY) as system:
        api = system.api
        api.add_chat(OPERATOR)
        for chat in (PERSON, 8, 9):
            await api.ask(chat, "/subscribe guizhou")
        await system.record_and_deliver(raised())
        alert = await api.reply(PERSON, 1)
        message = alert.result["message_id"]

        # She says what is wrong; the text of the alert stays.
        api.press(PERSON, message, alert.buttons["误报"])
        kinds = await api.reply(PERSON, method="editMessageReplyMarkup")
        api.press(PERSON, message, kinds.buttons["‹ 返回"])
        again = await api.reply(PERSON, 1, method="editMessageReplyMarkup")
        assert again.buttons == alert.buttons
        api.press(PERSON, message, again.buttons["误报"])
        await api.reply(PERSON, 2, method="editMessageReplyMarkup")
        api.press(PERSON, message, kinds.buttons["数字不对"])
        await api.reply(PERSON, 3, method="editMessageReplyMarkup")
        assert wrote(database, "person, kind, after_text") == [
            (PERSON, "wrong_number", goal(190).text)
        ]

        # The operator confirms it.
        await system.deliver()
        (notice,) = api.sent(OPERATOR)
        assert "数字不对：1 人" in notice.text
        assert goal(190).text.partition("要超过")[0] in notice.text
        with database.write() as connection:
            deactivate_chat(connection, 9)
        api.press(OPERATOR, notice.result["message_id"], notice.buttons["✓ 数字不对"])
        decided = await api.reply(OPERATOR, method="editMessageText")
        assert "已更正（数字不对），将通知 2 个" in decided.text
        # The button is pressed again, from the phone that still shows it.
        api.press(OPERATOR, notice.result["message_id"], notice.buttons["✓ 数字不对"])
        await api.wait_for(
            lambda: [c for c in api.sent(method="answerCallbackQuery") if "处理过" in str(c.params)]
        )

        # Those who got the alert and are still there are told once.
        await system.deliver()
        await system.deliver()
        for chat in (PERSON, 8):
            (told,) = [call for call in api.sent(chat) if call.text.startswith("✎")]
            assert told.text.startswith(
                "✎ 更正：这一条的数字有误\n\n贵州 算力规模 160 → 190 Eflops"
            )
            assert "/commitment_1" in told.text
        assert not [call for call in api.sent(9) if "更正" in call.text]
        # The log is marked, and a page of the alert says it.
        with database.read() as connection:
            assert connection.scalars(text("SELECT corrected FROM change_log")).all() == [
                "wrong_number"
            ]
        shown = Chat(bot_context(database), PERSON).press("a:1:0").edit
        assert shown is not None
        assert "⚠️ 更正：这一条的数字有误" in shown.text
        assert "更正过" in Chat(bot_context(database), 8).press("f:2:0:1:not_new").toast


def test_of_several_changes_one_is_chosen_by_its_number(sqlite_database: Database) -> None:
    plant(sqlite_database, [raised(), added(), *map(moved, range(20))], chats=[PERSON])
    chat = Chat(bot_context(sqlite_database), PERSON)
    with sqlite_database.read() as connection:
        alert = get_alert(connection, 1)
    assert alert is not None
    for page in (0, 1):
        shown = render_alert(alert, page)
        which = chat.press(buttons(shown)["误报"]).buttons
        assert which is not None
        *rows, (back,) = which
        assert rows[0][0].text.startswith(f"{12 * page + 1}. 贵州")
        assert len(rows) == (12, 10)[page]
        assert chat.press(back.callback_data).buttons == shown.buttons
        offered = chat.press(rows[1][0].callback_data).buttons
        assert offered is not None
        assert offered[0][0].text.startswith(f"‹ {12 * page + 2}. 贵州")
        (chosen,) = [b for row in offered for b in row if b.text == "不是新的"]
        assert len(chosen.callback_data.encode()) <= 64
        reply = chat.press(chosen.callback_data)
        assert "已记下：不是新的" in reply.toast
        assert reply.buttons == shown.buttons
    assert [kind for _, kind, _ in wrote(sqlite_database)] == ["not_new"] * 2


def test_each_person_counts_once_and_operators_are_notified_once_a_change(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, [raised()], chats=[7, 8, 9])
    context = bot_context(sqlite_database, policy=POLICY)
    chats = [Chat(context, number) for number in (7, 8, 9)]
    for number, chat in enumerate(chats, 1):
        chat.press(f"f:{number}:0:1:wrong_place")
    assert "已改为：不是承诺" in chats[0].press("f:1:0:1:not_a_promise").toast
    assert notices(sqlite_database, NoticeKind.FEEDBACK) == [OPERATOR]
    operator = Chat(context, OPERATOR)
    listed = operator.ask("/feedback")
    assert "地区不对：2 人；不是承诺：1 人" in listed.text
    case = operator.press(buttons(listed)["1"]).message
    assert case is not None
    assert list(buttons(case)) == ["✓ 地区不对", "✓ 不是承诺", "✗ 没有错"]
    edited = operator.press_for_edit(case, "✗ 没有错")
    assert "已驳回" in edited.text
    assert not edited.buttons
    assert notices(sqlite_database, NoticeKind.CORRECTION) == []
    assert "没有待核对" in operator.ask("/feedback").text
    # What was rejected is not asked again; something else is, and operators hear of it.
    assert "没有发现“地区不对”" in chats[1].press("f:2:0:1:wrong_place").toast
    assert "已记下" in chats[1].press("f:2:0:1:not_new").toast
    assert notices(sqlite_database, NoticeKind.FEEDBACK) == [OPERATOR] * 2
    assert [state for _, _, state in wrote(sqlite_database)] == ["rejected", "open", "rejected"]


@pytest.mark.parametrize(
    "forged",
    ["f:1:0", "f:1:0:1", "f:1:0:1:not_new", "f:1:0:99", "f:::", "fb:1:0", "fl:1", "fc:1:not_new"],
)
def test_a_forged_button_stores_nothing(sqlite_database: Database, forged: str) -> None:
    plant(sqlite_database, [raised()], chats=[PERSON])
    reply = Chat(bot_context(sqlite_database, policy=POLICY), 8).press(forged)
    assert "过期" in reply.toast
    assert reply.buttons is None
    own = Chat(bot_context(sqlite_database, policy=POLICY), PERSON)
    assert "过期" in own.press("f:1:0:1:nonsense").toast
    assert "过期" in own.press("f:1:0:2:not_new").toast
    assert wrote(sqlite_database) == []


def test_a_person_can_call_so_much_wrong_in_an_hour(sqlite_database: Database) -> None:
    ids = plant(sqlite_database, [moved(n) for n in range(MAX_PER_HOUR + 1)], chats=[PERSON])
    clock = Clock()
    chat = Chat(bot_context(sqlite_database, clock=clock), PERSON)
    toasts = [chat.press(f"f:1:0:{number}:not_new").toast for number in ids]
    assert "一小时" in toasts.pop()
    assert all("已记下" in toast for toast in toasts)
    clock.time += timedelta(hours=1, seconds=1)
    assert "已记下" in chat.press(f"f:1:0:{ids[-1]}:not_new").toast


async def test_in_a_group_everybody_may_call_an_alert_wrong(sqlite_database: Database) -> None:
    plant(sqlite_database, [raised()], chats=[GROUP])
    async with running(sqlite_database) as api:
        api.add_chat(GROUP, "小组")
        api.make_admin(GROUP, ADMIN)
        listed = await api.ask(GROUP, "/help", person=ADMIN)
        message = listed.result["message_id"]
        for count, person in enumerate((MEMBER, ADMIN, MEMBER)):
            api.press(
                GROUP, message, f"f:1:0:1:{('not_new', 'wrong_place')[count // 2]}", person=person
            )
            await api.wait_for(lambda n=count: api.sent(method="answerCallbackQuery")[n:])
    assert sorted(wrote(sqlite_database)) == [
        (ADMIN, "not_new", "open"),
        (MEMBER, "wrong_place", "open"),
    ]


def test_a_correction_goes_to_those_who_got_the_change(database: Database) -> None:
    named, stopped, left, waits, digest = 20, 21, 22, 23, 24
    chats = [named, stopped, left, waits, digest]
    (change_id,) = plant(database, [raised()], chats=chats)
    with database.write() as connection:
        for chat in (stopped, left, waits, digest):
            save_chat(connection, chat, title="", now=NOW)
        for chat, state in ((waits, "pending"), (digest, "in_digest")):
            connection.execute(
                text("UPDATE alert SET state = :state WHERE recipient_id = :chat"),
                {"state": state, "chat": chat},
            )
        connection.execute(
            text("UPDATE alert SET state = 'sent' WHERE recipient_id IN (20, 21, 22)")
        )
        connection.execute(
            text(
                "INSERT INTO alert (recipient_id, kind, priority, state, created_at, not_before,"
                " attempts, possibly_duplicate) VALUES (24, 'digest', 0, 'sent',"
                " '2026-02-03 00:00:00', '2026-02-03 00:00:00', 1, false)"
            )
        )
        connection.execute(
            text(
                "UPDATE alert SET digest_id = (SELECT MAX(id) FROM alert)"
                " WHERE recipient_id = 24 AND kind = 'changes'"
            )
        )
        forget_chat(connection, stopped)
        deactivate_chat(connection, left)
    with database.read() as connection:
        assert recipients_of_change(connection, change_id) == [digest]
        assert recipients_of_change(connection, change_id, [named]) == [named, digest]


def test_a_worker_that_dies_between_decision_and_delivery_repeats_nothing(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, [raised()], chats=[7, 8])
    context = bot_context(sqlite_database, policy=POLICY)
    deliver_all(sqlite_database)
    with sqlite_database.write() as connection:
        for chat in (7, 8):
            save_chat(connection, chat, title="", now=NOW)
    Chat(context, 7).press("f:1:0:1:same_promise")
    for _ in range(2):
        with sqlite_database.write() as connection:
            decide(connection, 1, FeedbackKind.SAME_PROMISE, operator="cli", now=NOW)
    assert notices(sqlite_database, NoticeKind.CORRECTION) == [7, 8]
    # A worker takes both and dies while the first is in flight.
    with sqlite_database.write() as connection:
        minute = timedelta(minutes=1)
        taken = lease(connection, now=NOW, lease_for=minute, limit=9, leased_by="a")
        corrections = [one for one in taken if one.recipient_id in (7, 8)]
        mark_in_flight(connection, corrections[0].id, leased_by="a", now=NOW, lease_for=minute)
    later = NOW + timedelta(hours=1)
    with sqlite_database.write() as connection:
        again = lease(connection, now=later, lease_for=minute, limit=9, leased_by="b")
    told = [one for one in again if one.recipient_id in (7, 8)]
    # Each once more at most, and only the one that was in flight may have arrived before.
    assert [one.possibly_delivered for one in told] == [True, False]
    for one in told:
        assert render_alert(one).text.startswith("✎ 更正：这一条与以前的承诺相同")


def test_what_is_said_while_a_correction_is_written_tells_nobody_again(
    sqlite_database: Database,
) -> None:
    plant(sqlite_database, [raised()], chats=[0])
    deliver_all(sqlite_database)
    chat = Chat(bot_context(sqlite_database, policy=POLICY), 0)
    chat.press("f:1:0:1:not_new")
    with sqlite_database.write() as connection:
        decide(connection, 1, FeedbackKind.NOT_NEW, operator="cli", now=NOW)
        connection.execute(
            text(
                "INSERT INTO feedback_entry (change_id, recipient_id, person, kind, at, state)"
                " VALUES (1, 0, 8, 'wrong_place', '2026-02-03 10:00:00', 'open')"
            )
        )
        assert decide(connection, 1, FeedbackKind.WRONG_PLACE, operator="cli", now=NOW) == 1
    assert notices(sqlite_database, NoticeKind.CORRECTION) == [0]
    assert [state for _, _, state in wrote(sqlite_database)] == ["confirmed", "rejected"]


def test_feedback_speaks_english(sqlite_database: Database) -> None:
    plant(sqlite_database, [raised()], chats=[PERSON])
    deliver_all(sqlite_database)
    context = bot_context(sqlite_database, policy=POLICY)
    chat, operator = Chat(context, PERSON), Chat(context, OPERATOR)
    for one in (chat, operator):
        one.ask("/language en")
    offered = chat.press("f:1:0").buttons
    assert offered is not None
    labels = {button.text: button.callback_data for row in offered for button in row}
    assert list(labels) == [
        "Not a promise",
        "Wrong place",
        "Wrong number",
        "Not new",
        "Same promise as before",
        "‹ Back",
    ]
    assert "Noted: Not new" in chat.press(labels["Not new"]).toast
    listed = operator.ask("/feedback")
    assert "Not new: 1" in listed.text
    case = operator.press(buttons(listed)["1"]).message
    assert case is not None
    assert "told: 1" in operator.press_for_edit(case, "✓ Not new").text
    with sqlite_database.read() as connection:
        alerts = [get_alert(connection, number) for number in (2, 3)]
    told = [render_alert(alert).text for alert in alerts if alert is not None]
    assert told[0].startswith("⚑ An alert is said to be wrong")
    assert told[0].endswith("This one has been decided already.")
    assert told[1].startswith("✎ Correction: this is not new\n\n贵州 算力规模 160 → 190 Eflops")
    assert "⚠️ Correction: this is not new" in chat.ask("/commitment 1").text


async def test_an_alert_from_a_template_keeps_its_text(sqlite_database: Database, tmp_path) -> None:
    (tmp_path / "short.j2").write_text("短消息：{{ changes[0].region }}", encoding="utf-8")
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - {id: guizhou, name: 贵州, regions: [贵州], then: {template: short.j2}}\n",
        encoding="utf-8",
    )
    async with running_system(
        sqlite_database, rules=FixedRules(load_rules([rules])), policy=POLICY
    ) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        await system.record_and_deliver(raised())
        alert = await api.reply(PERSON, 1)
        assert alert.text.startswith("短消息")
        api.press(PERSON, alert.result["message_id"], alert.buttons["误报"])
        kinds = await api.reply(PERSON, method="editMessageReplyMarkup")
        api.press(PERSON, alert.result["message_id"], kinds.buttons["不是承诺"])
        after = await api.reply(PERSON, 1, method="editMessageReplyMarkup")
        assert after.buttons == alert.buttons
