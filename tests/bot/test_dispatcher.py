"""The bot, driven as a person would: over HTTP, through python-telegram-bot's own polling."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from pathlib import Path
from types import FrameType

import pytest
from bot_app import bot_context, no_sleep, running
from telegram_api import TOKEN, WAIT, FakeBotApi, Refusal

from monitor.bot.app import build_application
from monitor.bot.context import AccessPolicy
from monitor.bot.runner import polling
from monitor.channels.flood_control import FloodControl
from monitor.logs import mask_in_logs
from monitor.model.alerts import AccessMode
from monitor.storage.engine import Database
from monitor.storage.subscriptions import rules_of as subscribed
from monitor.storage.subscriptions import subscribers_of_rules


def mine(database: Database, chat_id: int) -> tuple[str, ...]:
    with database.read() as connection:
        return subscribed(connection, chat_id)


async def test_a_newcomer_is_shown_around_and_subscribes_by_button(database: Database) -> None:
    async with running(database) as api:
        hello = await api.ask(7, "/start")
        assert "承诺" in hello.text
        api.press(7, hello.result["message_id"], hello.buttons["看规则"])
        shown = await api.reply(7, method="editMessageText")
        assert "贵州省 <算力> 目标的变化" in shown.text
        assert "内部规则" not in shown.text
        api.press(7, shown.result["message_id"], shown.buttons["＋ 贵州算力"])
        ticked = await api.reply(7, 1, method="editMessageText")
        assert "✓ 贵州算力" in ticked.buttons
        assert mine(database, 7) == ("guizhou",)
        toast = api.sent(method="answerCallbackQuery")[-1].params["text"]
        assert toast == "已订阅：贵州算力 (guizhou)"
        api.press(7, shown.result["message_id"], ticked.buttons["✓ 贵州算力"])
        await api.reply(7, 2, method="editMessageText")
        assert mine(database, 7) == ()


async def test_the_menu_is_set_at_the_start(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        await api.wait_for(lambda: len(api.sent(method="setMyCommands")) == 2)
        names = [command["command"] for command in api.commands]
    assert names[:4] == ["start", "help", "rules", "subscribe"]


async def test_a_stale_or_forged_button_is_answered_and_harmless(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        hello = await api.ask(7, "/start")
        forged = ["", "+", "+:0:feedfeedfeedfeed", "p:" + "9" * 60, "x:y:z", "m:0", "\x00"]
        for count, data in enumerate(forged, start=1):
            api.press(7, hello.result["message_id"], data)
            await api.wait_for(lambda n=count: len(api.sent(method="answerCallbackQuery")) >= n)
        assert "可用" in (await api.ask(7, "/help")).text
    assert mine(sqlite_database, 7) == ()


@pytest.mark.parametrize("stranger", [7, 770, 7777, -77])
async def test_ghsa_vwgh_2hvh_4xm5_only_allowed_chats_are_served_compared_as_numbers(
    sqlite_database: Database, stranger: int
) -> None:
    async with running(
        sqlite_database, policy=AccessPolicy(access=AccessMode.LISTED, allowed=frozenset({77}))
    ) as api:
        if stranger < 0:
            api.add_chat(stranger)
            api.make_admin(stranger, -stranger)
        assert str(stranger) in (await api.ask(stranger, "/start")).text
        api.say(stranger, "/subscribe guizhou")
        await api.ask(77, "/subscribe guizhou")
        assert len(api.sent(stranger)) == 1
    assert mine(sqlite_database, stranger) == ()
    assert mine(sqlite_database, 77) != ()


async def test_a_removed_bot_writes_no_more(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        await api.ask(7, "/subscribe guizhou")
        api.throw_out(7)
        await api.ask(8, "/help")
    with sqlite_database.read() as connection:
        assert subscribers_of_rules(connection, ["guizhou"]) == {}


async def test_an_edited_command_is_not_a_second_one(sqlite_database: Database) -> None:
    async with running(sqlite_database) as api:
        api.say(7, "/start", edited=True)
        await api.ask(7, "/help")
        assert len(api.sent(7)) == 1


async def test_a_button_of_a_message_that_telegram_shows_no_more_is_out_of_date(
    sqlite_database: Database,
) -> None:
    async with running(sqlite_database) as api:
        shown = await api.ask(7, "/rules")
        query = api.press(7, shown.result["message_id"], next(iter(shown.buttons.values())))
        await api.reply(7, method="editMessageText")
        old = {"chat": api.add_chat(7), "message_id": shown.result["message_id"], "date": 0}
        api.push(
            {
                "callback_query": {
                    "id": query,
                    "from": {"id": 7, "is_bot": False, "first_name": "Person"},
                    "message": old,
                    "chat_instance": "1",
                    "data": shown.buttons["＋ 人才 & 培养"],
                }
            }
        )
        await api.ask(7, "/mine")
    assert mine(sqlite_database, 7) == ("guizhou",)


async def test_a_fault_of_ours_is_answered_politely(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        broken = None

        @property
        def files(self):
            raise ZeroDivisionError(f"with {TOKEN} in it")

    async with running(sqlite_database, rules=Broken()) as api:  # type: ignore[arg-type]
        assert "出了点问题" in (await api.ask(7, "/rules")).text
        assert "可用" in (await api.ask(7, "/help")).text
    assert "bot.handler_failed" in caplog.text


async def test_a_refused_token_ends_the_bot_and_nothing_else(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeBotApi("1:another-token-than-the-one-we-have") as api:
        application = build_application(
            TOKEN,
            base_url=api.base_url,
            context=bot_context(sqlite_database),
            flood_control=FloodControl(sleep=no_sleep),
        )
        done = asyncio.Event()
        watch = logging.Handler()
        watch.emit = lambda record: (  # type: ignore[method-assign]
            done.set() if record.getMessage() == "bot.token_refused" else None
        )
        logging.getLogger("monitor").addHandler(watch)
        try:
            async with polling(application), asyncio.timeout(WAIT):
                await done.wait()
        finally:
            logging.getLogger("monitor").removeHandler(watch)
    assert TOKEN not in caplog.text


async def test_a_token_revoked_while_running_ends_the_bot_quietly(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    undo = mask_in_logs(TOKEN)
    try:
        async with running(sqlite_database) as api:
            await api.ask(7, "/help")
            dead = asyncio.Event()
            loop = asyncio.get_running_loop()
            watch = logging.Handler(logging.ERROR)
            watch.emit = lambda _: loop.call_soon_threadsafe(  # type: ignore[method-assign]
                dead.set
            )
            logging.getLogger("telegram.ext").addHandler(watch)
            try:
                api.token = "1:another-token-than-the-one-we-have"
                api.say(7, "/help")
                async with asyncio.timeout(WAIT):
                    await dead.wait()
            finally:
                logging.getLogger("telegram.ext").removeHandler(watch)
    finally:
        undo()
    assert "bot.polling_ended" in caplog.text
    assert TOKEN not in caplog.text


async def test_the_bot_waits_for_a_telegram_that_is_away_at_the_start(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeBotApi() as api:
        api.refuse(Refusal(502, "Bad Gateway"), method="getMe")
        api.refuse("drop", method="setMyCommands")
        api.refuse(Refusal(502, "Bad Gateway"), method="deleteWebhook")
        application = build_application(
            TOKEN,
            base_url=api.base_url,
            context=bot_context(sqlite_database),
            flood_control=FloodControl(sleep=no_sleep),
        )
        async with polling(application, pause=0.01):
            assert "/subscribe" in (await api.ask(7, "/help")).text
    assert caplog.text.count("bot.unreachable") == 3


async def test_the_kind_of_each_update_is_told(sqlite_database: Database) -> None:
    kinds: list[str] = []
    async with FakeBotApi() as api:
        application = build_application(
            TOKEN,
            base_url=api.base_url,
            context=bot_context(sqlite_database),
            observe=kinds.append,
        )
        async with polling(application):
            hello = await api.ask(7, "/start")
            api.press(7, hello.result["message_id"], hello.buttons["看规则"])
            await api.reply(7, method="editMessageText")
    assert kinds == ["message", "callback_query"]


async def test_ghsa_g36r_fm2p_87xm_the_token_is_in_no_log_whatever_happens(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    root = logging.getLogger()
    root.addHandler(handler)
    caplog.set_level(logging.DEBUG)
    undo = mask_in_logs(TOKEN)
    for name in ("httpx", "httpcore", "telegram", "telegram.ext"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        async with running(sqlite_database) as api:
            await api.ask(7, "/start")
            api.refuse("drop", method="sendMessage")
            api.say(7, "/help")
            await api.wait_for(lambda: any(call.code == 0 for call in api.calls))
            api.refuse(Refusal(502, "Bad Gateway"), method="getUpdates")
            api.refuse("garbage", method="getUpdates")
            api.refuse(Refusal(409, "Conflict"), method="getUpdates")
            await api.ask(7, "/mine")
            logging.getLogger("x").error("by hand %s", TOKEN, extra={"url": f"/bot{TOKEN}/"})
            logging.getLogger("x").error("wrong %d", TOKEN.partition(":")[2])
            try:
                int(TOKEN)
            except ValueError:
                logging.getLogger("x").exception("it failed", stack_info=True)
    finally:
        for name in ("httpx", "httpcore", "telegram", "telegram.ext"):
            logging.getLogger(name).setLevel(logging.NOTSET)
        undo()
        root.removeHandler(handler)
    seen = caplog.text + "".join(capfd.readouterr())
    seen += "".join(str(record.__dict__) for record in caplog.records)
    assert "sendMessage" in seen
    assert "<hidden>" in seen
    assert TOKEN not in seen
    assert TOKEN.partition(":")[2] not in seen


def test_an_uncaught_traceback_shows_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    undo, again = mask_in_logs(TOKEN), mask_in_logs(TOKEN)
    try:
        error = RuntimeError(f"refused: {TOKEN}")
        sys.excepthook(RuntimeError, error, None)
    finally:
        again()
        undo()
    shown = capsys.readouterr().err
    assert "refused: <hidden>" in shown
    assert TOKEN not in shown


async def test_a_chat_that_writes_without_end_keeps_no_other_waiting(
    sqlite_database: Database,
) -> None:
    go = asyncio.Event()

    class Slow(FloodControl):
        """Telegram's pace for one chat."""

        async def wait(self, chat_id: int) -> None:
            if chat_id == 7:
                await go.wait()

    async with FakeBotApi() as api:
        application = build_application(
            TOKEN,
            base_url=api.base_url,
            base_file_url=api.base_file_url,
            context=bot_context(sqlite_database),
            flood_control=Slow(),
        )
        async with polling(application):
            try:
                for _ in range(40):
                    api.say(7, "/help")
                assert "可用的命令" in (await api.ask(8, "/help")).text
            finally:
                go.set()
            # Of the flood as many are answered as a chat may ask, and one refusal.
            await api.reply(7, 20)


@pytest.mark.parametrize("line", ["/subscribe guizhou", "/subscribe 贵州 算力"])
async def test_a_subscription_passes_few_modules(sqlite_database: Database, line: str) -> None:
    """From the update to the reply, once the tables are loaded."""
    root = str(Path(build_application.__code__.co_filename).parents[1])
    passed: set[str] = set()
    counting = False

    def note(frame: FrameType, event: str, _: object) -> None:
        if counting and event == "call" and frame.f_code.co_filename.startswith(root):
            passed.add(frame.f_code.co_filename)

    # Handlers run in worker threads, which take it when they begin.
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        async with running(sqlite_database) as api:
            await api.ask(7, line)
            await api.ask(7, "/stop")
            counting = True
            await api.ask(7, line)
            counting = False
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    # Flood control is apart from the library of Telegram: a run without a token loads no such.
    # One of them is the rate limiter, a module of its own since the site has one too.
    assert len(passed) <= 24, sorted(passed)
