"""The fake Bot API is held to a published description, and the description bites."""

from __future__ import annotations

import httpx
import pytest
from telegram.error import InvalidToken
from telegram_api import TOKEN, FakeBotApi
from telegram_bot import talking
from telegram_schema import DESCRIPTION, Description, description

CHAT = {"id": 7, "type": "private", "first_name": "Person"}
MESSAGE = {"message_id": 1, "date": 1, "chat": CHAT, "text": "x"}


def test_the_api_description_is_complete_and_unmodified() -> None:
    found = description()
    assert found.source.startswith("aiogram ")
    assert len(found.methods) > 150
    assert {"Update", "Message", "ChatMemberOwner"} <= set(found.types)


def test_a_description_changed_by_hand_is_refused(tmp_path) -> None:
    changed = tmp_path / "bot_api.json"
    text = DESCRIPTION.read_text(encoding="utf-8")
    changed.write_text(text.replace('"text": "str"', '"text?": "str"'), encoding="utf-8")
    with pytest.raises(AssertionError, match="by hand"):
        Description(changed)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"chat_id": 7, "text": "x"}, None),
        ({"chat_id": "@channel", "text": "x"}, None),
        ({"chat_id": 7, "text": "x", "colour": "red"}, "sendMessage(colour) is not described"),
        ({"chat_id": 7}, "sendMessage(text) is missing"),
        ({"chat_id": 7, "text": 7}, "sendMessage(text): 7 is no str"),
        ({"chat_id": True, "text": "x"}, "sendMessage(chat_id): True is no int"),
        ({"chat_id": 7, "text": "x", "protect_content": 1}, "(protect_content): 1 is no bool"),
        (
            {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[{"url": "u"}]]}},
            "InlineKeyboardButton.text is missing",
        ),
        (
            {"chat_id": 7, "text": "x", "link_preview_options": {"disabled": True}},
            "LinkPreviewOptions.disabled is not described",
        ),
    ],
)
def test_calls_are_held_to_it(params: dict, complaint: str | None) -> None:
    complaints = description().of_call("sendMessage", params)
    if complaint is None:
        assert complaints == []
    else:
        assert complaint in complaints[0]


def test_forms_are_read_as_their_parameters_are_meant() -> None:
    read = description().read(
        "sendMessage",
        {"chat_id": "-7", "text": "42", "protect_content": "true", "entities": "[]", "odd": "1"},
    )
    assert read == {
        "chat_id": -7,
        "text": "42",
        "protect_content": True,
        "entities": [],
        "odd": 1,
    }
    assert description().read("sendMessage", {"chat_id": "@x", "message_thread_id": "soon"}) == {
        "chat_id": "@x",
        "message_thread_id": "soon",
    }


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (MESSAGE, None),
        ({**MESSAGE, "txt": "x"}, "Message.txt is not described"),
        ({k: v for k, v in MESSAGE.items() if k != "date"}, "Message.date is missing"),
        ({**MESSAGE, "chat": {**CHAT, "id": "7"}}, "Chat.id: '7' is no int"),
        ({**MESSAGE, "entities": {}}, "Message.entities: {} is no list"),
        (True, "True is no Message"),
    ],
)
def test_answers_are_held_to_it(result, complaint: str | None) -> None:
    complaints = description().of_answer("sendMessage", {"ok": True, "result": result})
    if complaint is None:
        assert complaints == []
    else:
        assert complaint in " ".join(complaints)


def test_membership_is_decided_by_member_status() -> None:
    member = {"status": "admin", "user": {"id": 1, "is_bot": False, "first_name": "P"}}
    answer = {"ok": True, "result": member}
    assert "'admin' is not" in " ".join(description().of_answer("getChatMember", answer))
    member["status"] = "member"
    assert description().of_answer("getChatMember", answer) == []


def test_refusals_are_held_to_it() -> None:
    refusal = {"ok": False, "error_code": 400, "description": "Bad Request"}
    assert description().of_answer("sendMessage", refusal) == []
    refusal["parameters"] = {"retry_in": 5}
    assert "retry_in is not described" in description().of_answer("sendMessage", refusal)[0]


def test_updates_are_held_to_it_one_thing_at_a_time() -> None:
    assert description().of_update({"update_id": 1, "message": MESSAGE}) == []
    assert description().of_update({"update_id": 1, "mail": MESSAGE})
    both = {"update_id": 1, "message": MESSAGE, "edited_message": MESSAGE}
    assert "one thing at a time" in description().of_update(both)[0]


def test_fields_that_python_telegram_bot_would_ignore_are_reported() -> None:
    update = {"update_id": 1, "message": {**MESSAGE, "colour": "red"}}
    assert "python-telegram-bot does not know Message.colour" in " ".join(
        description().of_update(update)
    )
    update = {"update_id": 1, "message": {**MESSAGE, "date": "soon"}}
    assert "cannot read it" in " ".join(description().of_update(update))


# --- in a test that uses the fake ---------------------------------------------------------


async def test_a_complaint_fails_the_test_that_caused_it() -> None:
    async def careless() -> None:
        async with talking() as (api, bot):
            api.add_chat(7)
            await bot.send_message(7, "x", api_kwargs={"colour": "red"})

    with pytest.raises(AssertionError, match=r"sendMessage\(colour\) is not described"):
        await careless()


async def test_a_failure_is_not_hidden_behind_complaints() -> None:
    async def broken() -> None:
        async with FakeBotApi() as api:
            api.push({"mail": {}})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken()


async def test_an_unknown_method_is_complained_of_even_unchecked() -> None:
    async with talking(checked=0) as (api, bot):
        with pytest.raises(InvalidToken):
            await bot.do_api_request("sendMesage")
        assert api.complaints == ["sendMesage: there is no such method"]
        with pytest.raises(InvalidToken):
            await bot.send_dice(7)
        assert api.complaints[1:] == ["sendDice: the fake has no such method"]
        api.complaints.clear()


async def test_a_wrong_update_is_complained_of() -> None:
    async with FakeBotApi() as api:
        api.push({"message": {**MESSAGE, "date": None}})
        assert "Message.date: None is no int" in api.complaints[0]
        api.complaints.clear()


async def test_checks_can_be_thinned_out() -> None:
    async with talking(checked=3) as (api, bot):
        api.add_chat(7)
        for _ in range(9):
            await bot.send_message(7, "x", api_kwargs={"colour": "red"})
        assert len(api.complaints) == 3
        api.complaints.clear()


def test_calls_come_in_the_address_or_as_json_too() -> None:
    with FakeBotApi() as api:
        api.add_chat(7)
        address = f"{api.base_url}{TOKEN}"
        asked = httpx.get(f"{address}/getChatMember?chat_id=7&user_id=7", trust_env=False)
        assert asked.json()["result"]["status"] == "member"
        body = {"chat_id": 7, "text": "x"}
        answer = httpx.post(f"{address}/sendMessage", json=body, trust_env=False)
        assert answer.json()["result"]["text"] == "x"
