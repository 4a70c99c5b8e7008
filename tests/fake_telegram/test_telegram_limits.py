"""The fake Bot API: how fast a bot may write, and bad luck on a seed."""

from __future__ import annotations

import pytest
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram_api import Faults, Limits, bot_api
from telegram_bot import StillClock, talking
from telegram_faults import KINDS

GROUP, SUPERGROUP, CHANNEL = -5, -(10**12) - 5, -(10**12) - 6


async def refused(bot, chat_id, text="x") -> float:
    with pytest.raises(RetryAfter, match="Retry in") as caught:
        await bot.send_message(chat_id, text)
    return caught.value.retry_after.total_seconds()


async def test_a_private_chat_takes_one_message_a_second() -> None:
    clock = StillClock()
    async with talking(limits=Limits(clock=clock)) as (api, bot):
        api.add_chat(7)
        await bot.send_message(7, "x")
        clock.now += 0.4
        assert await refused(bot, 7) == 1
        clock.now += 1.0
        await bot.send_message(7, "x")
        assert [call.code for call in api.calls] == [200, 429, 200]
        assert api.impatient == 0


@pytest.mark.parametrize("chat_id", [GROUP, SUPERGROUP, CHANNEL])
async def test_a_group_or_channel_takes_20_messages_a_minute(chat_id: int) -> None:
    clock = StillClock()
    async with talking(limits=Limits(clock=clock)) as (api, bot):
        api.add_channel(chat_id) if chat_id == CHANNEL else api.add_chat(chat_id)
        for _ in range(20):
            await bot.send_message(chat_id, "x")
            clock.now += 1.0
        assert await refused(bot, chat_id) == 40
        clock.now += 40.0
        await bot.send_message(chat_id, "x")


async def test_the_bot_sends_30_messages_in_any_second_whatever_the_chat() -> None:
    clock = StillClock()
    async with talking(limits=Limits(clock=clock)) as (api, bot):
        for chat_id in range(1, 32):
            api.add_chat(chat_id)
            if chat_id < 31:
                await bot.send_message(chat_id, "x")
        assert await refused(bot, 31) == 1
        clock.now += 1.0
        await bot.send_message(31, "x")


async def test_a_client_that_ignores_retry_after_is_refused_and_counted() -> None:
    clock = StillClock()
    async with talking(limits=Limits(clock=clock)) as (api, bot):
        api.add_chat(GROUP)
        for _ in range(20):
            await bot.send_message(GROUP, "x")
        assert await refused(bot, GROUP) == 60
        clock.now += 59.5
        assert await refused(bot, GROUP) == 1
        assert api.impatient == 1
        assert api.limits is not None
        assert api.limits.refused == 1


async def test_edits_count_in_groups_and_actions_do_not() -> None:
    clock = StillClock()
    async with talking(limits=Limits(clock=clock)) as (api, bot):
        api.add_chat(GROUP)
        api.add_chat(7)
        mine = (await bot.send_message(7, "0")).message_id
        await bot.edit_message_text("1", 7, mine)
        await bot.send_chat_action(7, "typing")
        ours = (await bot.send_message(GROUP, "0")).message_id
        for number in range(1, 20):
            await bot.edit_message_text(str(number), GROUP, ours)
        await bot.send_chat_action(GROUP, "typing")
        with pytest.raises(RetryAfter):
            await bot.edit_message_text("x", GROUP, ours)


async def test_a_refused_message_does_not_count() -> None:
    async with talking(limits=Limits(clock=StillClock())) as (api, bot):
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(7, "x")
        api.add_chat(7)
        await bot.send_message(7, "x")


# --- bad luck -----------------------------------------------------------------------------


async def story(seed: int, *, rate: float = 0.5, calls: int = 60) -> tuple[list, list, int]:
    """What a bot hears that sends once to each chat, and what is in the chats then."""
    heard = []
    async with talking(faults=Faults(seed, rate)) as (api, bot):
        for chat_id in range(1, calls + 1):
            api.add_chat(chat_id)
            try:
                await bot.send_message(chat_id, "x")
            except TelegramError as error:
                heard.append((chat_id, type(error).__name__))
        assert api.faults is not None
        arrived = [call.chat_id for call in api.arrived()]
        return heard, arrived, len(api.faults.unheard)


async def test_the_same_seed_brings_the_same_faults() -> None:
    first = await story(1)
    assert first == await story(1)
    assert first[0] != (await story(2))[0]


async def test_unconfirmed_messages_are_in_their_chats() -> None:
    heard, arrived, unheard = await story(3)
    failed = {chat_id for chat_id, _ in heard}
    assert unheard == len(failed & set(arrived)) > 0
    assert set(range(1, 61)) - failed <= set(arrived)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_fault_is_what_its_name_says(kind: str) -> None:
    faults = Faults(1, 1.0, kinds=(kind,))
    async with talking(faults=faults) as (api, bot):
        api.add_chat(7)
        with pytest.raises(RetryAfter if kind == "flood" else NetworkError):
            await bot.send_message(7, "x")
        assert len(api.arrived(7)) == (kind in {"500 late", "502 late", "lose"})
        assert api.sent(7) == []
        assert faults.counts == {kind: 1}
        # What sends nothing has no bad luck.
        await bot.get_me()


async def test_a_flood_holds_the_chat_as_a_limit_would() -> None:
    clock = StillClock()
    faults = Faults(1, 1.0, kinds=("flood",), longest_wait=1)
    async with talking(faults=faults, limits=Limits(clock=clock)) as (api, bot):
        api.add_chat(7)
        assert await refused(bot, 7) == 1
        assert await refused(bot, 7) == 1
        assert (api.impatient, len(faults.done)) == (1, 1)
        clock.now += 1.0
        faults.rate = 0.0
        await bot.send_message(7, "x")


async def test_bad_luck_spares_what_is_refused_anyhow() -> None:
    faults = Faults(1, 1.0, kinds=("500 late",))
    async with talking(faults=faults) as (api, bot):
        api.add_chat(7)
        with pytest.raises(BadRequest, match="text is empty"):
            await bot.send_message(7, " ")
        assert faults.done == []


def test_faults_go_by_the_number_of_the_call() -> None:
    drawn = [Faults(9, 0.3).draw("sendMessage", n) for n in range(50)]
    assert len({fault and fault.kind for fault in drawn}) == 1
    faults = Faults(9, 0.3)
    kinds = [fault.kind for n in range(500) if (fault := faults.draw("sendMessage", n))]
    assert set(kinds) == set(KINDS)
    assert 100 < len(kinds) < 200


async def test_scripted_faults_come_first() -> None:
    async with talking(faults=Faults(1, 0.0)) as (api, bot):
        api.add_chat(7)
        api.flood(5, chat_id=7)
        assert await refused(bot, 7) == 5
        await bot.send_message(7, "x")


def test_calls_are_found_by_chat_and_can_be_cleared() -> None:
    with bot_api() as api:
        for chat_id in (1, 2, 1):
            api.add_chat(chat_id)
            api.answer("sendMessage", {"chat_id": str(chat_id), "text": "x"})
        assert [call.chat_id for call in api.sent(1)] == [1, 1]
        api.calls.clear()
        assert api.sent(1) == api.sent() == []
