"""Updates that cannot be read are skipped, and two programs with one token are noticed."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from alert_story import Clock
from bot_app import bot_context, no_sleep
from sqlalchemy import text
from telegram import WebhookInfo
from telegram.error import Conflict, TelegramError
from telegram_api import TOKEN, FakeBotApi, Refusal

from monitor.bot.app import build_application
from monitor.bot.context import AccessPolicy
from monitor.bot.dispatcher import CONFLICT_OVER_SECONDS, FAULTS, UpdateFaults, UpdatesRequest
from monitor.bot.runner import polling
from monitor.bot.webhook import WebhookWatch
from monitor.channels.flood_control import FloodControl
from monitor.storage.engine import Database

OPERATOR = 1
CHAT = {"id": 7, "type": "private", "first_name": "Ann"}
USER = {"id": 7, "is_bot": False, "first_name": "Ann"}
PLAIN = {"message_id": 1, "date": 1_770_000_000, "chat": CHAT, "from": USER, "text": "/help"}
POISON = {
    "no message at all": {"message": "hello"},
    "a list": {"message": [PLAIN]},
    "missing fields": {"message": {"text": "/help"}},
    "a date in words": {"message": PLAIN | {"date": "yesterday"}},
    "a chat that is a number": {"message": PLAIN | {"chat": 7}},
    "a chat's id in letters": {"message": PLAIN | {"chat": CHAT | {"id": "seven"}}},
    "a text that is a list": {"message": PLAIN | {"text": ["/help"]}},
    "an entity without a place": {
        "message": PLAIN | {"entities": [{"type": "bot_command", "offset": "0", "length": None}]}
    },
    "a press without a person": {"callback_query": {"id": "1", "chat_instance": "1", "data": "t"}},
    "data that is a number": {
        "callback_query": {"id": "1", "from": USER, "chat_instance": "1", "data": 5}
    },
    "a membership of nobody": {"my_chat_member": {"chat": CHAT, "from": USER, "date": 1}},
}


def told(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT kind, text FROM notice ORDER BY id"))
        return [(kind, said) for kind, said in rows]


class Seconds:
    """A monotonic clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def polled(database: Database, clock: Seconds | None = None):
    """The fake server, which may send what the Bot API does not describe, and a bot polling it."""
    context = bot_context(database, policy=AccessPolicy(operators=(OPERATOR,)), clock=Clock())
    flood_control = FloodControl(sleep=no_sleep)
    async with FakeBotApi(checked=0) as api:
        application = build_application(
            TOKEN, base_url=api.base_url, context=context, flood_control=flood_control
        )
        application.bot_data[FAULTS].clock = clock or Seconds()
        async with polling(application):
            yield api


async def test_a_poison_update_is_skipped_and_what_follows_is_answered(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(sqlite_database) as api:
        for update in POISON.values():
            api.push(update)
        api.push({"of_a_later_api": {"x": 1}})
        api.push({"message": PLAIN | {"text": "/" + "x" * 1_000_000}})
        api.say(7, "/help")
        assert "/subscribe" in (await api.reply(7, 1)).text
    skipped = [r for r in caplog.records if r.message == "bot.update_skipped"]
    assert len(skipped) == len(POISON)
    # One notice for all of them: the others are counted in the next, an hour later.
    assert told(sqlite_database) == [("update_skipped", "101 (message): AttributeError")]


def payload(*updates: str) -> bytes:
    return ('{"ok":true,"result":[' + ",".join(updates) + "]}").encode()


@pytest.mark.parametrize(
    "poison",
    [
        '{"update_id":5,"message":' + "[" * 200_000 + "]" * 200_000 + "}",
        '{"update_id":5,"message":{"date":' + "9" * 5_000 + "}}",
        '{"update_id":5,"message":{"text":}}',
    ],
    ids=["deep", "a number of 5,000 digits", "no JSON"],
)
async def test_an_update_that_spoils_the_whole_answer_is_skipped(
    sqlite_database: Database, poison: str
) -> None:
    faults = UpdateFaults(bot_context(sqlite_database))
    request = UpdatesRequest(faults)
    quoted = {"update_id": 4, "message": PLAIN | {"text": '{"update_id":9,"message":5}'}}
    last = {"update_id": 6, "message": PLAIN}
    answer = request.parse_json_payload(payload(json.dumps(quoted), poison, json.dumps(last)))
    assert answer["result"] == [quoted, {"update_id": 5}, last]
    await request.shutdown()


@pytest.mark.parametrize("answer", [b"<html>", b"[1]", payload("5", '{"message":{}}')])
async def test_an_answer_without_numbers_is_an_error_and_asked_for_slowly(
    sqlite_database: Database, answer: bytes
) -> None:
    request = UpdatesRequest(UpdateFaults(bot_context(sqlite_database)))
    with pytest.raises(TelegramError):
        request.parse_json_payload(answer)
    # A refusal is read as before.
    refused = b'{"ok":false,"error_code":409,"description":"Conflict"}'
    assert request.parse_json_payload(refused)["error_code"] == 409
    await request.shutdown()


async def test_operators_hear_of_skipped_updates_once_an_hour(sqlite_database: Database) -> None:
    clock = Seconds()
    policy = AccessPolicy(operators=(OPERATOR,))
    faults = UpdateFaults(bot_context(sqlite_database, policy=policy), clock)
    for seconds in (0, 1, 2, 3_700):
        clock.now = seconds
        faults.skipped({"update_id": seconds, "message": 5}, "TypeError")
        await faults.finish()
    assert [said for _, said in told(sqlite_database)] == [
        "0 (message): TypeError",
        "3700 (message): TypeError (×3)",
    ]


async def test_two_programs_with_one_token_are_noticed_once_and_polling_recovers(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Seconds()
    async with polled(sqlite_database, clock) as api:
        api.say(7, "/help")
        await api.reply(7)
        refusal = Refusal(409, "Conflict: terminated by other getUpdates request")
        api.refuse(refusal, times=2, method="getUpdates")
        # Each program has some requests that succeed: it is not over yet.
        assert "/subscribe" in (await api.ask(7, "/help")).text
        clock.now = CONFLICT_OVER_SECONDS - 1
        await api.ask(7, "/help")
        while ("conflict", refusal.description) not in told(sqlite_database):  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert len(told(sqlite_database)) == 1
        clock.now = 2 * CONFLICT_OVER_SECONDS
        await api.ask(7, "/help")
    assert [kind for kind, _ in told(sqlite_database)] == ["conflict", "conflict_over"]
    (line,) = [r for r in caplog.records if r.message == "bot.conflict"]
    assert "/revoke" in line.hint
    assert caplog.text.count("bot.conflict_over") == 1
    assert "Traceback" not in caplog.text


async def test_a_webhook_that_another_program_deletes_is_noticed_once_and_set_again(
    sqlite_database: Database,
) -> None:
    clock = Seconds()
    policy = AccessPolicy(operators=(OPERATOR,))
    faults = UpdateFaults(bot_context(sqlite_database, policy=policy), clock)
    ours = "https://bot.example.org/updates"
    seen, calls = iter([ours, "", "https://other.example.org/x", ours]), []

    class Api:
        async def get_webhook_info(self) -> WebhookInfo:
            return WebhookInfo(next(seen), has_custom_certificate=False, pending_update_count=0)

    async def set_webhook() -> None:
        calls.append(clock.now)

    watch = WebhookWatch(Api(), ours, set_webhook, faults, clock)  # type: ignore[arg-type]
    for seconds in (15, 600, 615, 1_200, 1_800, 2_400):
        clock.now = seconds
        await watch.look()
        await faults.finish()
    assert calls == [1_200, 1_800]
    assert told(sqlite_database) == [("conflict", "webhook deleted"), ("conflict_over", "")]


async def test_a_conflict_at_the_end_leaves_no_traceback(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(sqlite_database) as api:
        await api.ask(7, "/help")
        api.refuse(Refusal(409, "Conflict: other getUpdates"), times=9, method="getUpdates")
    assert "one more time" in caplog.text
    assert "Traceback" not in caplog.text


async def test_an_hour_of_two_programs_is_two_notices(sqlite_database: Database) -> None:
    clock = Seconds()
    policy = AccessPolicy(operators=(OPERATOR,))
    faults = UpdateFaults(bot_context(sqlite_database, policy=policy), clock)
    for seconds in range(0, 3_600, 30):
        clock.now = float(seconds)
        faults.poll_failed(Conflict("Conflict: other getUpdates"))
        faults.polled()
    clock.now += CONFLICT_OVER_SECONDS
    faults.polled()
    faults.polled()
    await faults.finish()
    assert sorted(kind for kind, _ in told(sqlite_database)) == ["conflict", "conflict_over"]
