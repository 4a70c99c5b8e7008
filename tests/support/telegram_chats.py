"""What there is at Telegram: chats, who is in them, their topics and their messages."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from telegram_calls import Calls, Refusal
from telegram_faults import Faults
from telegram_limits import Limits
from telegram_schema import Description, description

BOT: dict[str, Any] = {
    "id": 4242424242,
    "is_bot": True,
    "first_name": "Monitor",
    "username": "policy_monitor_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
    "has_topics_enabled": False,
    "allows_users_to_create_topics": False,
    "can_manage_bots": False,
}
#: What only getMe says of a bot.
_BOT_ONLY = {"id", "is_bot", "first_name", "username"}
SELF = {key: value for key, value in BOT.items() if key in _BOT_ONLY}
ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
EPOCH = 1_770_000_000
_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)


@dataclass
class World:
    """The state that a person and the bot share; everything is done under one condition."""

    calls: Calls = field(default_factory=Calls)
    chats: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: Chats that blocked the bot or removed it, and those it left.
    blocked: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    #: Where a channel's posts are forwarded to.
    linked: dict[int, int] = field(default_factory=dict)
    #: What was uploaded, by file id.
    files: dict[str, bytes] = field(default_factory=dict)
    limits: Limits | None = None
    faults: Faults | None = None
    #: Each n-th call, answer and update is held to the description; 0: none.
    checked: int = 1
    #: What did not fit the description; the end of the test raises it.
    complaints: list[str] = field(default_factory=list)
    description: Description = field(default_factory=description)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._updates: deque[dict[str, Any]] = deque()
        self._update_id = 100
        self._messages: dict[int, dict[int, dict[str, Any]]] = {}
        self._message_id = 0
        self._threads: dict[int, dict[int, bool]] = {}
        self._members: dict[int, dict[int, dict[str, Any]]] = {}
        self._queries: set[str] = set()
        self._allowed: list[str] = []
        self._seen = 0
        self._closed = False

    # --- chats ----------------------------------------------------------------------------

    def add_chat(
        self,
        chat_id: int,
        title: str = "",
        *,
        forum: bool = False,
        kind: str | None = None,
        username: str | None = None,
    ) -> dict[str, Any]:
        """Let the bot know a chat; negative ids are groups."""
        chat: dict[str, Any]
        if chat_id > 0:
            chat = {"id": chat_id, "type": "private", "first_name": title or "Person"}
        else:
            large = forum or chat_id <= -(10**12)
            kind = kind or ("supergroup" if large else "group")
            chat = {"id": chat_id, "type": kind, "title": title or kind.title()}
        if forum:
            chat["is_forum"] = True
        if username:
            chat["username"] = username
        with self._changed:
            return self.chats.setdefault(chat_id, chat)

    def add_channel(self, chat_id: int, title: str = "", *, username: str | None = None) -> None:
        """A channel, with the bot as an administrator: other bots hear nothing of one."""
        self.add_chat(chat_id, title, kind="channel", username=username)
        self._members.setdefault(chat_id, {})[BOT["id"]] = administrator(SELF, channel=True)

    def link(self, channel: int, group: int) -> None:
        """Make a group the place where a channel's posts are discussed."""
        self.linked[channel] = group

    def make_admin(
        self, chat_id: int, person: int, *, creator: bool = False, anonymous: bool = False
    ) -> None:
        """Make somebody an administrator or the owner; others are members."""
        user = SELF if person == BOT["id"] else self._person(person)
        member = administrator(user, creator=creator, anonymous=anonymous)
        with self._changed:
            self._members.setdefault(chat_id, {})[person] = member

    def make_member(self, chat_id: int, person: int, status: str = "member") -> None:
        """Somebody is a plain member again, or ``"left"``, or ``"kicked"``."""
        member: dict[str, Any] = {"status": status, "user": self._person(person)}
        if status == "kicked":
            member["until_date"] = 0
        with self._changed:
            self._members.setdefault(chat_id, {})[person] = member

    def member(self, chat_id: int, person: int) -> dict[str, Any]:
        """Somebody's place in a chat."""
        known = self._members.get(chat_id, {}).get(person)
        if person == BOT["id"] and chat_id in self.blocked:
            return {"status": "kicked", "user": SELF, "until_date": 0}
        if person == BOT["id"] and chat_id in self.left:
            return {"status": "left", "user": SELF}
        user = SELF if person == BOT["id"] else self._person(person)
        return known or {"status": "member", "user": user}

    def is_admin(self, chat_id: int, person: int = BOT["id"]) -> bool:
        return self.member(chat_id, person)["status"] in {"administrator", "creator"}

    def add_thread(self, chat_id: int, thread: int) -> None:
        """Open a topic of a forum, for the first time or again."""
        with self._changed:
            self._threads.setdefault(chat_id, {})[thread] = True

    def close_thread(self, chat_id: int, thread: int) -> None:
        """Close a topic: only administrators write there now."""
        with self._changed:
            self._threads[chat_id][thread] = False

    def delete_thread(self, chat_id: int, thread: int) -> None:
        """Delete a topic and all that was said in it."""
        with self._changed:
            self._threads[chat_id].pop(thread)
            kept = self._messages.get(chat_id, {})
            for number, message in list(kept.items()):
                if message.get("message_thread_id") == thread:
                    del kept[number]

    # --- what the methods share -----------------------------------------------------------

    def _chat(self, params: dict[str, Any], *, writing: bool = True) -> dict[str, Any]:
        chat = self._found(params.get("chat_id"))
        chat_id, kind = chat["id"], chat["type"]
        if kind == "private":
            if chat_id in self.blocked and writing:
                raise Refusal(403, "Forbidden: bot was blocked by the user")
            return chat
        if chat_id in self.blocked:
            raise Refusal(403, f"Forbidden: bot was kicked from the {kind} chat")
        if chat_id in self.left:
            raise Refusal(403, f"Forbidden: bot is not a member of the {kind} chat")
        if kind == "channel" and writing and not self.is_admin(chat_id):
            raise Refusal(400, "Bad Request: need administrator rights in the channel chat")
        return chat

    def _found(self, chat_id: Any) -> dict[str, Any]:
        if chat_id in {None, ""}:
            raise Refusal(400, "Bad Request: chat_id is empty")
        if isinstance(chat_id, str):
            named = [chat for chat in self.chats.values() if f"@{chat.get('username')}" == chat_id]
            chat_id = named[0]["id"] if named else 0
        if chat_id in self.moved:
            raise Refusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved[chat_id],
            )
        # A chat that removed a bot is known to it all the same.
        if chat_id not in self.chats and chat_id not in self.blocked:
            raise Refusal(400, "Bad Request: chat not found")
        return self.add_chat(chat_id)

    def _message(
        self, chat_id: int, *, sender: dict[str, Any] | None, **content: Any
    ) -> dict[str, Any]:
        """Put a message into a chat; a channel is the sender of what is in it."""
        with self._changed:
            self._message_id += 1
            message: dict[str, Any] = {
                "message_id": self._message_id,
                "date": EPOCH + self._message_id,
                "chat": self.chats[chat_id],
                **{key: value for key, value in content.items() if value},
            }
            if self.chats[chat_id]["type"] == "channel":
                message["sender_chat"] = self.chats[chat_id]
            elif sender:
                message["from"] = sender
            self._messages.setdefault(chat_id, {})[self._message_id] = message
            return message

    def _complain(self, wrong: list[str]) -> None:
        if wrong:
            with self._changed:
                self.complaints.extend(wrong)

    def _due(self) -> bool:
        """Whether this one is among those that are checked."""
        self._seen += 1
        return self.checked > 0 and self._seen % self.checked == 0

    @staticmethod
    def _person(person: int) -> dict[str, Any]:
        return {"id": person, "is_bot": False, "first_name": "Person", "language_code": "zh"}


def administrator(
    user: dict[str, Any], *, creator: bool = False, anonymous: bool = False, channel: bool = False
) -> dict[str, Any]:
    """An administrator with all rights, or the owner."""
    if creator:
        return {"status": "creator", "user": user, "is_anonymous": anonymous}
    rights = dict.fromkeys(_RIGHTS, True)
    if channel:
        rights |= {"can_post_messages": True, "can_edit_messages": True}
    return {
        "status": "administrator",
        "user": user,
        "can_be_edited": False,
        "is_anonymous": anonymous,
        **rights,
    }
