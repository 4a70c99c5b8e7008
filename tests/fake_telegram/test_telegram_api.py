"""The fake Bot API: chats, topics, channels, members, photos, buttons and the bot's own address."""

from __future__ import annotations

import struct
from collections.abc import Awaitable

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChatMember,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden
from telegram_api import BOT
from telegram_bot import talking

GROUP, FORUM, CHANNEL = -5, -(10**12) - 5, -(10**12) - 6
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR"


def png(width: int, height: int, body: bytes = b"\r\n--x\r\n\0") -> bytes:
    return PNG + struct.pack(">II", width, height) + body


async def refused(call: Awaitable, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        await call


# --- who is reached -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chat_id", "kind", "error"),
    [
        (7, None, "bot was blocked by the user"),
        (GROUP, None, "bot was kicked from the group chat"),
        (FORUM, None, "bot was kicked from the supergroup chat"),
        (CHANNEL, "channel", "bot was kicked from the channel chat"),
    ],
)
async def test_a_message_to_a_chat_that_removed_the_bot_is_forbidden(
    chat_id: int, kind: str | None, error: str
) -> None:
    async with talking() as (api, bot):
        api.add_chat(chat_id, kind=kind)
        api.throw_out(chat_id)
        with pytest.raises(Forbidden, match=error):
            await bot.send_message(chat_id, "x")
        (update,) = await bot.get_updates()
        assert update.my_chat_member.new_chat_member.status == "kicked"
        api.let_in(chat_id)
        (update,) = await bot.get_updates(offset=update.update_id + 1)
        assert update.my_chat_member.old_chat_member.status == "kicked"


async def test_an_unknown_or_migrated_chat_is_reported() -> None:
    async with talking() as (api, bot):
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(7, "x")
        api.move(GROUP, FORUM)
        with pytest.raises(ChatMigrated) as caught:
            await bot.send_message(GROUP, "x")
        assert caught.value.new_chat_id == FORUM
        assert (await bot.send_message(FORUM, "x")).chat.type == "supergroup"
        old, new = [update.message for update in await bot.get_updates()]
        assert (old.migrate_to_chat_id, new.migrate_from_chat_id) == (FORUM, GROUP)
        api.add_chat(CHANNEL, kind="channel")
        with pytest.raises(BadRequest, match="administrator rights in the channel"):
            await bot.send_message(CHANNEL, "x")


async def test_a_chat_is_left() -> None:
    async with talking() as (api, bot):
        api.add_chat(GROUP)
        await bot.leave_chat(GROUP)
        with pytest.raises(Forbidden, match="not a member of the group chat"):
            await bot.send_message(GROUP, "x")


# --- members ------------------------------------------------------------------------------


async def test_members_are_plain_until_they_are_made_more() -> None:
    async with talking() as (api, bot):
        api.add_chat(GROUP)
        assert (await bot.get_chat_member(GROUP, 1)).status == "member"
        api.make_admin(GROUP, 1)
        api.make_admin(GROUP, 2, creator=True, anonymous=True)
        api.make_member(GROUP, 3, "left")
        found = {
            member.user.id: member.status for member in await bot.get_chat_administrators(GROUP)
        }
        assert found == {1: "administrator", 2: "creator"}
        assert (await bot.get_chat_member(GROUP, 3)).status == "left"
        api.add_chat(7)
        with pytest.raises(BadRequest, match="no administrators in the private chat"):
            await bot.get_chat_administrators(7)


async def test_an_anonymous_administrator_writes_in_the_groups_name() -> None:
    async with talking() as (api, bot):
        api.say(FORUM, "/mine", anonymous=True)
        (update,) = await bot.get_updates()
        assert update.effective_user.id == 1087968824
        assert update.message.sender_chat.id == FORUM


async def test_a_chat_tells_of_itself() -> None:
    async with talking() as (api, bot):
        api.add_channel(CHANNEL, "News", username="news")
        api.add_chat(FORUM, "Talk", forum=True)
        api.link(CHANNEL, FORUM)
        channel = await bot.get_chat("@news")
        assert (channel.type, channel.linked_chat_id) == ("channel", FORUM)
        assert (await bot.get_chat(FORUM)).is_forum


# --- topics and channels ------------------------------------------------------------------


async def test_topics_are_written_to_while_they_are_there() -> None:
    async with talking() as (api, bot):
        api.add_chat(FORUM, forum=True)
        api.say(FORUM, "hello", thread=45)
        (update,) = await bot.get_updates()
        assert update.message.message_thread_id == 45
        assert update.message.is_topic_message
        sent = await bot.send_message(FORUM, "x", message_thread_id=45)
        assert (sent.message_thread_id, sent.is_topic_message) == (45, True)
        api.close_thread(FORUM, 45)
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(FORUM, "x", message_thread_id=45)
        api.delete_thread(FORUM, 45)
        for thread in (45, 46):
            with pytest.raises(BadRequest, match="Message thread not found"):
                await bot.send_photo(FORUM, png(9, 9), message_thread_id=thread)


async def test_channel_posts_are_delivered_and_forwarded_to_the_discussion_group() -> None:
    async with talking() as (api, bot):
        api.add_channel(CHANNEL, "News")
        api.add_chat(FORUM)
        api.link(CHANNEL, FORUM)
        post = api.post(CHANNEL, "x")
        first, second = await bot.get_updates()
        assert first.channel_post.from_user is None
        assert first.channel_post.sender_chat.id == CHANNEL
        assert second.message.is_automatic_forward
        assert second.message.forward_origin.message_id == post["message_id"]
        ours = await bot.send_message(CHANNEL, "y")
        assert ours.from_user is None
        assert (await ours.get_bot().edit_message_text("z", CHANNEL, ours.message_id)).text == "z"


# --- messages -----------------------------------------------------------------------------


async def test_a_photo_arrives_as_it_was_sent_in_several_sizes() -> None:
    async with talking() as (api, bot):
        api.add_chat(7)
        picture = png(1600, 800)
        sent = await bot.send_photo(7, picture, caption="<b>图</b>", parse_mode="HTML")
        assert [(size.width, size.height) for size in sent.photo] == [
            (90, 45),
            (320, 160),
            (800, 400),
            (1280, 640),
        ]
        assert sent.caption_entities[0].type == "bold"
        assert api.files[sent.photo[-1].file_id] == picture
        assert api.sent(7, "sendPhoto")[0].text == "图"
        again = await bot.send_photo(7, sent.photo[-1].file_id)
        assert again.photo[-1].file_id == sent.photo[-1].file_id


@pytest.mark.parametrize(
    ("photo", "caption", "reason"),
    [
        (b"", "", "File must be non-empty"),
        (b"GIF89a nonsense", "", "Image_process_failed"),
        (png(100, 3000), "", "Photo_invalid_dimensions"),
        (png(6000, 5000), "", "Photo_invalid_dimensions"),
        (png(9, 9, b"x" * 10 * 1024 * 1024), "", "too big for a photo"),
        (png(9, 9), "𝕏" * 513, "Message caption is too long"),
        ("no-such-file", "", "Wrong file identifier"),
        ("https://example.org/a.png", "", "Failed to get http url content"),
    ],
)
async def test_photos_that_telegram_would_not_take(photo, caption: str, reason: str) -> None:
    async with talking() as (api, bot):
        api.add_chat(7)
        with pytest.raises(BadRequest, match=reason):
            await bot.send_photo(7, photo, caption=caption)


async def test_messages_are_edited_and_deleted() -> None:
    async with talking() as (api, bot):
        api.add_chat(GROUP)
        text = (await bot.send_message(GROUP, "a")).message_id
        photo = (await bot.send_photo(GROUP, png(9, 9), caption="a")).message_id
        other = api.say(GROUP, "theirs")["message_id"]
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("b", callback_data="b")]])
        edited = await bot.edit_message_text("b", GROUP, text, reply_markup=markup)
        assert edited.edit_date > edited.date
        assert (await bot.edit_message_reply_markup(GROUP, text)).reply_markup is None
        assert (await bot.edit_message_caption(GROUP, photo, caption="b")).caption == "b"
        await refused(bot.edit_message_text("b", GROUP, text), "not modified")
        await refused(bot.edit_message_text("b", GROUP, photo), "no text in the message")
        await refused(bot.edit_message_caption(GROUP, text, caption="b"), "no caption in")
        await refused(bot.edit_message_text("b", GROUP, other), "can't be edited")
        await refused(bot.edit_message_text("b", GROUP, 99), "to edit not found")
        await refused(bot.delete_message(GROUP, other), "can't be deleted")
        await refused(bot.delete_message(GROUP, 99), "to delete not found")
        await bot.delete_message(GROUP, text)
        api.make_admin(GROUP, BOT["id"])
        await bot.delete_message(GROUP, other)


async def test_answers_quote_what_they_answer() -> None:
    async with talking() as (api, bot):
        asked = api.say(7, "?")["message_id"]
        options = LinkPreviewOptions(is_disabled=True)
        sent = await bot.send_message(
            7,
            "!",
            reply_to_message_id=asked,
            disable_notification=True,
            link_preview_options=options,
        )
        assert sent.reply_to_message.text == "?"
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(7, "!", reply_to_message_id=999)
        may_be_gone = ReplyParameters(999, allow_sending_without_reply=True)
        assert (await bot.send_message(7, "!", reply_parameters=may_be_gone)).text == "!"
        await bot.send_chat_action(7, "typing")
        with pytest.raises(BadRequest, match="Wrong parameter action"):
            await bot.send_chat_action(7, "sleeping")


@pytest.mark.parametrize(
    ("buttons", "reason"),
    [
        ([InlineKeyboardButton("x", callback_data="算" * 22)], "Button_data_invalid"),
        ([InlineKeyboardButton("x", callback_data="")], "unallowed|invalid"),
        ([InlineKeyboardButton("x", url="nonsense")], "Wrong HTTP URL"),
        ([InlineKeyboardButton("", url="https://e.org")], "unallowed to be empty"),
        ([InlineKeyboardButton("x", callback_data="x")] * 101, "reply markup is too long"),
        ([InlineKeyboardButton("x", callback_data="x" * 64)] * 100, None),
        ([InlineKeyboardButton("x", url="https://e.org")], None),
    ],
)
async def test_buttons_keep_their_limits(buttons: list, reason: str | None) -> None:
    markup = InlineKeyboardMarkup([[button] for button in buttons])
    async with talking() as (api, bot):
        api.add_chat(7)
        if reason is None:
            sent = await bot.send_message(7, "x", reply_markup=markup)
            assert len(sent.reply_markup.inline_keyboard) == len(buttons)
        else:
            with pytest.raises(BadRequest, match=f"(?i){reason}"):
                await bot.send_message(7, "x", reply_markup=markup)


async def test_menus_are_kept_by_scope_and_language() -> None:
    async with talking() as (api, bot):
        api.add_chat(GROUP)
        member = BotCommandScopeChatMember(GROUP, 7)
        await bot.set_my_commands([BotCommand("start", "Start")])
        await bot.set_my_commands([BotCommand("a", "A")], BotCommandScopeAllGroupChats(), "zh")
        await bot.set_my_commands([BotCommand("b", "B")], member)
        assert [command["command"] for command in api.commands] == ["start"]
        assert api.commands_of("all_group_chats", language="zh")
        assert api.commands_of("chat_member", GROUP, 7)
        assert (await bot.get_my_commands(member))[0].command == "b"
        await bot.delete_my_commands(member)
        assert not await bot.get_my_commands(member)
        with pytest.raises(BadRequest, match="Bot_command_invalid"):
            await bot.set_my_commands([BotCommand("Übersicht", "x")])
