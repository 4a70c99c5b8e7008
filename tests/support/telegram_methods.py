"""The methods of the Bot API beside those for messages: updates, hooks, members, commands."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from telegram_calls import Refusal
from telegram_chats import BOT, SELF
from telegram_people import People
from telegram_webhook import WebhookPoster

_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)
_LOOPBACK = {"127.0.0.1", "localhost"}
_PORTS = {443, 80, 88, 8443}


class Methods(People):
    """Everything the bot asks for that is no message."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hook: WebhookPoster | None = None
        #: How often updates were asked for.
        self.polls = 0
        self._commands: dict[tuple[Any, ...], list[dict[str, str]]] = {}

    @property
    def commands(self) -> list[dict[str, str]]:
        """The menu that everybody sees who has none of their own."""
        return self.commands_of()

    def commands_of(
        self, scope: str = "default", *where: int, language: str = ""
    ) -> list[dict[str, str]]:
        """The menu of a scope; those for chats and members name them."""
        return self._commands.get((scope, *where, language), [])

    def _getMe(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return BOT

    # --- updates --------------------------------------------------------------------------

    def _getUpdates(self, params: dict[str, Any]) -> Any:  # noqa: N802
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 100))
        deadline = time.monotonic() + float(params.get("timeout", 0))
        with self._changed:
            if self.hook is not None:
                raise Refusal(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use "
                    "deleteWebhook to delete the webhook first",
                )
            self._allow(params)
            self.polls += 1
            mine = self.polls
            self._changed.notify_all()
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
            self._changed.wait_for(
                lambda: self._closed or self._updates or self.polls != mine,
                timeout=deadline - time.monotonic(),
            )
            # The last who asks gets the updates; a poll whose client died is ended like this too.
            if self.polls != mine:
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one "
                    "bot instance is running",
                )
            waiting = list(self._updates)
            return waiting[offset:][:limit] if offset < 0 else waiting[:limit]

    def _setWebhook(self, params: dict[str, Any]) -> Any:  # noqa: N802
        url = str(params.get("url") or "")
        if not url:
            return self._deleteWebhook(params)
        _reachable(url)
        secret = str(params.get("secret_token") or "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        self._deleteWebhook(params)
        with self._changed:
            self._allow(params)
            self.hook = WebhookPoster(
                url,
                secret,
                updates=self._updates,
                changed=self._changed,
                connections=int(params.get("max_connections", 40)),
            )
            self.polls += 1
            self._changed.notify_all()
        self.hook.start()
        return True

    def _deleteWebhook(self, params: dict[str, Any]) -> Any:  # noqa: N802
        hook, self.hook = self.hook, None
        if hook is not None:
            hook.stop()
        with self._changed:
            if params.get("drop_pending_updates"):
                self._updates.clear()
        return True

    def _getWebhookInfo(self, _: dict[str, Any]) -> Any:  # noqa: N802
        with self._changed:
            about = {
                "url": "",
                "has_custom_certificate": False,
                "pending_update_count": len(self._updates),
            }
            if self._allowed:
                about["allowed_updates"] = self._allowed
            return about | (self.hook.info() if self.hook else {})

    def _allow(self, params: dict[str, Any]) -> None:
        """Which kinds of updates are wanted holds until another call says otherwise."""
        if "allowed_updates" in params:
            self._allowed = list(params["allowed_updates"])

    # --- chats and members ----------------------------------------------------------------

    def _getChat(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params, writing=False)
        full = {
            **chat,
            "accent_color_id": 1,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(_GIFTS, False),
        }
        both = {**self.linked, **{group: channel for channel, group in self.linked.items()}}
        if chat["id"] in both:
            full["linked_chat_id"] = both[chat["id"]]
        return full

    def _getChatMember(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params, writing=False)
        if int(params.get("user_id", 0)) <= 0:
            raise Refusal(400, "Bad Request: invalid user_id specified")
        return self.member(chat["id"], int(params["user_id"]))

    def _getChatAdministrators(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params, writing=False)
        if chat["type"] == "private":
            raise Refusal(400, "Bad Request: there are no administrators in the private chat")
        places = self._members.get(chat["id"], {})
        # Other bots are left out; this one is not.
        return [place for person, place in places.items() if self.is_admin(chat["id"], person)]

    def _leaveChat(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params, writing=False)
        if chat["type"] == "private":
            raise Refusal(400, "Bad Request: chat not found")
        self.left.add(chat["id"])
        old, new = ({"user": SELF, "status": status} for status in ("member", "left"))
        self._of_itself(chat["id"], old, new, BOT["id"])
        return True

    def _answerCallbackQuery(self, params: dict[str, Any]) -> Any:  # noqa: N802
        with self._changed:
            if params["callback_query_id"] not in self._queries:
                raise Refusal(
                    400,
                    "Bad Request: query is too old and response timeout expired or query ID is "
                    "invalid",
                )
            self._queries.discard(params["callback_query_id"])
        if len(params.get("text") or "") > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        return True

    # --- commands -------------------------------------------------------------------------

    def _setMyCommands(self, params: dict[str, Any]) -> Any:  # noqa: N802
        commands = params.get("commands") or []
        if len(commands) > 100:
            raise Refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", command["command"]):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self._commands[self._scope(params)] = commands
        return True

    def _getMyCommands(self, params: dict[str, Any]) -> Any:  # noqa: N802
        return self._commands.get(self._scope(params), [])

    def _deleteMyCommands(self, params: dict[str, Any]) -> Any:  # noqa: N802
        self._commands.pop(self._scope(params), None)
        return True

    def _scope(self, params: dict[str, Any]) -> tuple[Any, ...]:
        scope = params.get("scope") or {"type": "default"}
        where: list[int] = []
        if scope["type"] in _CHAT_SCOPES:
            where = [self._chat(scope, writing=False)["id"]]
        if scope["type"] == "chat_member":
            where.append(scope["user_id"])
        language = params.get("language_code") or ""
        if language and not re.fullmatch("[a-z]{2}", language):
            raise Refusal(400, "Bad Request: LANGUAGE_CODE_INVALID")
        return (scope["type"], *where, language)


def _reachable(url: str) -> None:
    """Refuse a hook as Telegram does; on loopback all goes, as with a Bot API server of one's own.

    Raises:
        Refusal: 400.
    """
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        return
    if parts.scheme != "https":
        raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in _PORTS:
        raise Refusal(
            400,
            "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        )
