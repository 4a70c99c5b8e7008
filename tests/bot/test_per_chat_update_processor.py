"""Updates of one chat are processed in order, and no chat blocks the others."""

from __future__ import annotations

import asyncio

from telegram import Chat, Message, Update
from telegram_api import WAIT

from monitor.bot.dispatcher import PerChatUpdateProcessor


def update(chat: int, number: int = 1) -> Update:
    message = Message(number, None, Chat(chat, "private"))  # type: ignore[arg-type]
    return Update(number, message=message)


async def test_a_chats_questions_are_answered_in_their_order() -> None:
    turns, seen = PerChatUpdateProcessor(), []

    async def answer(number: int) -> None:
        await asyncio.sleep(0)
        seen.append(number)

    await asyncio.gather(
        *(turns.process_update(update(7, number), answer(number)) for number in range(10))
    )
    assert seen == list(range(10))
    assert turns.pending == 0


async def test_one_chat_that_asks_and_asks_keeps_no_other_waiting() -> None:
    turns, gate, answered = PerChatUpdateProcessor(), asyncio.Event(), []

    async def slow() -> None:
        await gate.wait()
        answered.append(7)

    async def quick() -> None:
        answered.append(8)

    many = [asyncio.create_task(turns.process_update(update(7, n), slow())) for n in range(500)]
    await asyncio.sleep(0)
    async with asyncio.timeout(WAIT):
        await turns.process_update(update(8), quick())
    assert answered == [8]
    # What one chat asks beyond all measure is dropped, not kept.
    assert turns.pending <= 40
    gate.set()
    await asyncio.gather(*many)
    assert answered.count(7) == 40
