"""What people do at Telegram, and the updates that tell the bot."""

from __future__ import annotations

import re
from typing import Any

from telegram_chats import ANONYMOUS, EPOCH, SELF, TELEGRAM, World
from telegram_html import utf16

_RIGHTS = (
    *(f"can_send_{what}" for what in ("messages", "audios", "documents", "photos", "videos")),
    *(f"can_send_{what}" for what in ("video_notes", "voice_notes", "polls", "other_messages")),
    *("can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info"),
    *("can_invite_users", "can_pin_messages", "can_manage_topics"),
)
_MARKED_COMMAND = re.compile(r"/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?!\w)")
#: Updates that a bot does not get unless it names their kinds.
_SILENT = {"chat_member", "message_reaction", "message_reaction_count"}


class People(World):
    """Somebody writes, presses, posts, comes and goes."""

    def say(
        self,
        chat_id: int,
        text: str,
        *,
        person: int = 0,
        edited: bool = False,
        thread: int | None = None,
        reply_to: int | None = None,
        anonymous: bool = False,
    ) -> dict[str, Any]:
        """Somebody writes into a chat; in a topic of it, as an answer, or in the group's name."""
        chat = self.add_chat(chat_id)
        content: dict[str, Any] = {**_written(text), **self._topic(chat, thread)}
        if reply_to is not None:
            content["reply_to_message"] = self._quoted(chat_id, reply_to)
        sender = self._person(person or abs(chat_id))
        if anonymous:
            sender, content["sender_chat"] = ANONYMOUS, chat
        message = self._message(chat_id, sender=sender, **content)
        if edited:
            message["edit_date"] = message["date"] + 1
        self.push({"edited_message" if edited else "message": message})
        return message

    def post(self, channel: int, text: str, *, edited: bool = False) -> dict[str, Any]:
        """A channel posts; the group that discusses it gets the post too."""
        message = self._message(channel, sender=None, **_written(text))
        if edited:
            message["edit_date"] = message["date"] + 1
        self.push({"edited_channel_post" if edited else "channel_post": message})
        group = self.linked.get(channel)
        if group is not None and not edited:
            forwarded = self._message(
                group,
                sender=TELEGRAM,
                **_written(text),
                sender_chat=self.chats[channel],
                is_automatic_forward=True,
                forward_origin={
                    "type": "channel",
                    "chat": self.chats[channel],
                    "message_id": message["message_id"],
                    "date": message["date"],
                },
            )
            self.push({"message": forwarded})
        return message

    def press(self, chat_id: int, message_id: int, data: str, *, person: int = 0) -> str:
        """Somebody presses a button; the id of the query, which the bot should answer."""
        with self._changed:
            message = self._messages[chat_id][message_id]
            query_id = str(9000 + self._update_id)
            self._queries.add(query_id)
        self.push(
            {
                "callback_query": {
                    "id": query_id,
                    "from": self._person(person or abs(chat_id)),
                    "message": message,
                    "chat_instance": "1",
                    "data": data,
                }
            }
        )
        return query_id

    def let_in(self, chat_id: int, *, person: int = 0) -> None:
        """The bot is added to a chat, or unblocked, and gets an update about it."""
        self.add_chat(chat_id)
        with self._changed:
            known = chat_id in self.blocked
            self.blocked.discard(chat_id)
            self.left.discard(chat_id)
        old = _kicked() if known else {"user": SELF, "status": "left"}
        self._of_itself(chat_id, old, {"user": SELF, "status": "member"}, person)

    def throw_out(self, chat_id: int, *, person: int = 0) -> None:
        """The chat blocks the bot or removes it, and the bot gets an update about it."""
        self.add_chat(chat_id)
        with self._changed:
            self.blocked.add(chat_id)
        self._of_itself(chat_id, {"user": SELF, "status": "member"}, _kicked(), person)

    def restrict(self, chat_id: int, *, writing: bool) -> None:
        """An administrator lets the bot write, or forbids it, and the bot gets an update of it."""
        old, new = (_restricted(writing=can) for can in (not writing, writing))
        self._of_itself(chat_id, old, new)

    def move(self, old: int, new: int) -> None:
        """A group becomes a supergroup: the old id only says where it went."""
        self.add_chat(old)
        chat = self.add_chat(new, kind="supergroup")
        goes = self._message(old, sender=self._person(abs(old)), migrate_to_chat_id=new)
        comes = self._message(new, sender=ANONYMOUS, sender_chat=chat, migrate_from_chat_id=old)
        self.moved[old] = new
        self.push({"message": goes})
        self.push({"message": comes})

    def push(self, update: dict[str, Any]) -> None:
        """Give the bot any update of a kind that it asked for."""
        kind = next(iter(update))
        with self._changed:
            self._update_id += 1
            numbered = {"update_id": self._update_id, **update}
            if kind in self._allowed or (not self._allowed and kind not in _SILENT):
                self._updates.append(numbered)
            due = self._due()
            self._changed.notify_all()
        if due:
            self._complain(self.description.of_update(numbered))

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """Updates that the bot did not take yet."""
        with self._changed:
            return list(self._updates)

    def _of_itself(
        self, chat_id: int, old: dict[str, Any], new: dict[str, Any], person: int = 0
    ) -> None:
        """Tell the bot of its own place in a chat."""
        self.push(
            {
                "my_chat_member": {
                    "chat": self.chats[chat_id],
                    "from": self._person(person or abs(chat_id)),
                    "date": EPOCH,
                    "old_chat_member": old,
                    "new_chat_member": new,
                }
            }
        )

    def _topic(self, chat: dict[str, Any], thread: int | None) -> dict[str, Any]:
        if thread is None:
            return {}
        if chat.get("is_forum"):
            self._threads.setdefault(chat["id"], {}).setdefault(thread, True)
            return {"message_thread_id": thread, "is_topic_message": True}
        return {"message_thread_id": thread}

    def _quoted(self, chat_id: int, message_id: int) -> dict[str, Any]:
        """A message as an answer to it shows it: without what it answers itself."""
        message = self._messages[chat_id][message_id]
        return {key: value for key, value in message.items() if key != "reply_to_message"}


def _kicked() -> dict[str, Any]:
    return {"user": SELF, "status": "kicked", "until_date": 0}


def _restricted(*, writing: bool) -> dict[str, Any]:
    """A member whose rights an administrator chose; the only one that matters here is to write."""
    rights = dict.fromkeys(_RIGHTS, False) | {"can_send_messages": writing}
    return {"user": SELF, "status": "restricted", "is_member": True, "until_date": 0, **rights}


def _written(text: str) -> dict[str, Any]:
    """A text as Telegram hands it on: a command at its beginning is marked.

    Only Latin letters, digits and _ make one, and no other letter may follow: /订阅 is plain text.
    """
    found = _MARKED_COMMAND.match(text)
    if found is None:
        return {"text": text}
    length = utf16(found[0])
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": length}]}
