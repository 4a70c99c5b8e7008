"""A Bot API server on loopback for tests: Telegram's answers, refusals and limits, and a person.

It speaks the methods the product uses, parses the HTML it is sent as strictly as Telegram does,
records every call, and can be told to refuse. Point the bot at ``base_url``. Waiting is done on
a condition, never by sleeping.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

TOKEN = "4242424242:TEST-token-of-the-fake-bot-api-12345"
BOT = {
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
WAIT = 15.0
_EPOCH = 1_770_000_000
_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "a": "text_link",
}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[a-zA-Z-]+(?:=\"[^\"]*\")?)*)\s*>")
_HREF = re.compile(r'\bhref="([^"]*)"')
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")


class Refusal(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        self.code = code
        self.description = description
        self.parameters = parameters
        super().__init__(description)


@dataclass(frozen=True)
class Call:
    """A request as it came; ``code`` is the status of the answer (0: none was given)."""

    method: str
    params: dict[str, Any]
    code: int = 200
    result: Any = None

    @property
    def chat_id(self) -> int:
        return int(self.params["chat_id"])

    @property
    def text(self) -> str:
        """What the chat shows, after parsing."""
        return str(self.result["text"])

    @property
    def buttons(self) -> dict[str, str]:
        """Labels of the inline buttons and what each sends."""
        rows = (self.params.get("reply_markup") or {}).get("inline_keyboard", [])
        return {button["text"]: button["callback_data"] for row in rows for button in row}


@dataclass
class FakeBotApi:
    """The server; use it with ``with`` or ``async with``."""

    token: str = TOKEN
    calls: list[Call] = field(default_factory=list)
    chats: dict[int, dict[str, Any]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    commands: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._updates: deque[dict[str, Any]] = deque()
        self._update_id = 100
        self._messages: dict[int, dict[int, dict[str, Any]]] = {}
        self._message_id = 0
        self._faults: deque[tuple[str | None, int | None, Refusal | str]] = deque()
        self._queries: set[str] = set()
        self._closed = False
        self._server: ThreadingHTTPServer | None = None

    # --- the server -----------------------------------------------------------------------

    def __enter__(self) -> Self:
        api = self

        class Handler(_Handler):
            pass

        Handler.api = api
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    @property
    def base_url(self) -> str:
        """For PTB's ``base_url``: the token is appended to it."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}/bot"

    @property
    def base_file_url(self) -> str:
        return self.base_url.removesuffix("/bot") + "/file/bot"

    # --- a person -------------------------------------------------------------------------

    def add_chat(self, chat_id: int, title: str = "") -> None:
        """Let the bot know a chat; negative ids are groups."""
        with self._changed:
            if chat_id > 0:
                chat = {"id": chat_id, "type": "private", "first_name": title or "Person"}
            else:
                kind = "supergroup" if chat_id <= -(10**12) else "group"
                chat = {"id": chat_id, "type": kind, "title": title or "Group"}
            self.chats.setdefault(chat_id, chat)

    def say(self, chat_id: int, text: str, *, person: int = 0, edited: bool = False) -> None:
        """Somebody writes into a chat."""
        self.add_chat(chat_id)
        message = self._message(chat_id, text, sender=self._person(person or abs(chat_id)))
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        if edited:
            message["edit_date"] = message["date"] + 1
        self.push({"edited_message" if edited else "message": message})

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

    def throw_out(self, chat_id: int) -> None:
        """The chat blocks the bot or removes it, and the bot is told so."""
        self.add_chat(chat_id)
        self.blocked.add(chat_id)
        member = {"user": BOT, "status": "member"}
        gone = {"user": BOT, "status": "kicked", "until_date": 0}
        self.push(
            {
                "my_chat_member": {
                    "chat": self.chats[chat_id],
                    "from": self._person(abs(chat_id)),
                    "date": _EPOCH,
                    "old_chat_member": member,
                    "new_chat_member": gone,
                }
            }
        )

    def move(self, old: int, new: int) -> None:
        """A group becomes a supergroup: the old id only says where it went."""
        self.add_chat(new)
        self.moved[old] = new

    def push(self, update: dict[str, Any]) -> None:
        """Give the bot any update."""
        with self._changed:
            self._update_id += 1
            self._updates.append({"update_id": self._update_id, **update})
            self._changed.notify_all()

    # --- faults ---------------------------------------------------------------------------

    def refuse(
        self,
        refusal: Refusal | str,
        *,
        times: int = 1,
        method: str | None = None,
        chat_id: int | None = None,
    ) -> None:
        """Refuse the next calls.

        ``"drop"`` closes the connection unanswered, ``"lose"`` does the work first, ``"garbage"``
        answers with what is no JSON.
        """
        with self._changed:
            self._faults.extend([(method, chat_id, refusal)] * times)

    def flood(self, retry_after: int, **where: Any) -> None:
        """Answer 429."""
        text = f"Too Many Requests: retry after {retry_after}"
        self.refuse(Refusal(429, text, retry_after=retry_after), **where)

    # --- what happened --------------------------------------------------------------------

    def sent(self, chat_id: int | None = None, method: str = "sendMessage") -> list[Call]:
        """Calls that were taken, oldest first."""
        with self._changed:
            return [
                call
                for call in self.calls
                if call.method == method
                and call.code == 200
                and (chat_id is None or call.chat_id == chat_id)
            ]

    async def wait_for(self, condition: Callable[[], Any], *, seconds: float = WAIT) -> Any:
        """Wait until something is true of the calls; returns what it returned.

        Raises:
            AssertionError: it did not become true in time; the message lists the calls.
        """

        def wait() -> Any:
            with self._changed:
                return self._changed.wait_for(condition, timeout=seconds)

        found = await asyncio.to_thread(wait)
        assert found, "\n".join(f"{c.method} {c.code} {c.params}" for c in self.calls[-20:])
        return found

    async def reply(
        self, chat_id: int, after: int = 0, *, method: str = "sendMessage", seconds: float = WAIT
    ) -> Call:
        """The message number ``after`` (from 0) to a chat, when it is there."""

        def there() -> list[Call]:
            return self.sent(chat_id, method)[after:]

        return (await self.wait_for(there, seconds=seconds))[0]

    async def ask(self, chat_id: int, text: str) -> Call:
        """Say something and wait for the bot's next message to the chat."""
        before = len(self.sent(chat_id))
        self.say(chat_id, text)
        return await self.reply(chat_id, before)

    # --- methods of the Bot API -----------------------------------------------------------

    def answer(self, method: str, params: dict[str, Any]) -> tuple[int, bytes | None]:
        """The status and body for a call; no body: the connection is to be dropped."""
        fault = self._fault(method, params)
        result: Any = None
        code = 200
        try:
            if isinstance(fault, Refusal):
                raise fault
            if fault not in {"drop", "garbage"}:
                if method not in _METHODS:
                    raise Refusal(404, "Not Found: method not found")  # noqa: TRY301
                result = getattr(self, f"_{method}")(params)
            body: dict[str, Any] = {"ok": True, "result": result}
        except Refusal as refusal:
            code = refusal.code
            body = {"ok": False, "error_code": code, "description": refusal.description}
            if refusal.parameters:
                body["parameters"] = refusal.parameters
        with self._changed:
            if method != "getUpdates":
                self.calls.append(Call(method, params, 0 if fault in _SILENT else code, result))
            self._changed.notify_all()
        if fault == "garbage":
            return 502, b"<html>Bad Gateway</html>"
        return code, None if fault in _SILENT else json.dumps(body).encode()

    def _fault(self, method: str, params: dict[str, Any]) -> Refusal | str | None:
        with self._changed:
            for index, (wanted, chat_id, refusal) in enumerate(self._faults):
                if wanted is None and method == "getUpdates":
                    continue
                if wanted in {None, method} and chat_id in {None, params.get("chat_id")}:
                    del self._faults[index]
                    return refusal
        return None

    def _getMe(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return BOT

    def _getUpdates(self, params: dict[str, Any]) -> Any:  # noqa: N802
        offset = int(params.get("offset", 0))
        limit = int(params.get("limit", 100))
        deadline = time.monotonic() + float(params.get("timeout", 0))
        with self._changed:
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
            self._changed.wait_for(
                lambda: self._closed or self._updates, timeout=deadline - time.monotonic()
            )
            return list(self._updates)[:limit]

    def _deleteWebhook(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    _setWebhook = _deleteWebhook  # noqa: N815

    def _setMyCommands(self, params: dict[str, Any]) -> Any:  # noqa: N802
        for command in params["commands"]:
            if not re.fullmatch("[a-z0-9_]{1,32}", command["command"]):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if not params.get("language_code"):
            self.commands = params["commands"]
        return True

    def _getChat(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params)
        return {**chat, "accent_color_id": 1, "max_reaction_count": 11}

    def _sendMessage(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params)
        text, entities = self._parsed(params)
        with self._changed:
            return self._message(chat["id"], text, entities=entities, markup=params)

    def _editMessageText(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params)
        text, entities = self._parsed(params)
        with self._changed:
            message = self._messages.get(chat["id"], {}).get(int(params["message_id"]))
            if message is None or not message["from"]["is_bot"]:
                raise Refusal(400, "Bad Request: message to edit not found")
            edited = {**message, "text": text, "edit_date": message["date"] + 1}
            edited.pop("entities", None)
            edited.pop("reply_markup", None)
            if entities:
                edited["entities"] = entities
            if params.get("reply_markup"):
                edited["reply_markup"] = params["reply_markup"]
            same = ("text", "entities", "reply_markup")
            if all(edited.get(key) == message.get(key) for key in same):
                raise Refusal(
                    400,
                    "Bad Request: message is not modified: specified new message content and "
                    "reply markup are exactly the same as a current content and reply markup of "
                    "the message",
                )
            self._messages[chat["id"]][message["message_id"]] = edited
            return edited

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

    # --- what the methods share -----------------------------------------------------------

    def _chat(self, params: dict[str, Any]) -> dict[str, Any]:
        chat_id = int(params["chat_id"])
        if chat_id in self.moved:
            raise Refusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved[chat_id],
            )
        if chat_id in self.blocked:
            blocked = "bot was blocked by the user" if chat_id > 0 else "bot was kicked"
            raise Refusal(403, f"Forbidden: {blocked}")
        if chat_id not in self.chats:
            raise Refusal(400, "Bad Request: chat not found")
        return self.chats[chat_id]

    def _parsed(self, params: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        text = str(params.get("text") or "")
        entities: list[dict[str, Any]] = []
        if params.get("parse_mode"):
            if params["parse_mode"] != "HTML":
                raise Refusal(400, "Bad Request: unsupported parse_mode")
            text, entities = parse_html(text)
        text = text.strip()
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        if utf16(text) > 4096:
            raise Refusal(400, "Bad Request: message is too long")
        for row in (params.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if not 1 <= len(button["callback_data"].encode()) <= 64:
                    raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
                if not button["text"]:
                    raise Refusal(400, "Bad Request: Text buttons are unallowed to be empty")
        return text, entities[:100]

    def _message(
        self,
        chat_id: int,
        text: str,
        *,
        sender: dict[str, Any] | None = None,
        entities: list[dict[str, Any]] | None = None,
        markup: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        with self._changed:
            self._message_id += 1
            message: dict[str, Any] = {
                "message_id": self._message_id,
                "date": _EPOCH + self._message_id,
                "chat": self.chats[chat_id],
                "from": sender or BOT,
                "text": text,
            }
            if entities:
                message["entities"] = entities
            if markup and markup.get("reply_markup"):
                message["reply_markup"] = markup["reply_markup"]
            self._messages.setdefault(chat_id, {})[self._message_id] = message
            return message

    @staticmethod
    def _person(person: int) -> dict[str, Any]:
        return {"id": person, "is_bot": False, "first_name": "Person", "language_code": "zh"}


_SILENT = {"drop", "lose"}
_METHODS = {
    "answerCallbackQuery",
    "deleteWebhook",
    "editMessageText",
    "getChat",
    "getMe",
    "getUpdates",
    "sendMessage",
    "setMyCommands",
    "setWebhook",
}


class _Handler(BaseHTTPRequestHandler):
    """Reads a call in any of the forms the Bot API takes, and writes the answer."""

    protocol_version = "HTTP/1.1"
    api: FakeBotApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path)
        pairs = parse_qsl(path.query, keep_blank_values=True)
        if self.headers.get("Content-Type", "").startswith("application/json"):
            params = json.loads(body or b"{}")
        else:
            pairs += parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
            params = {key: _value(key, value) for key, value in pairs}
        token, _, method = path.path.removeprefix("/bot").partition("/")
        if token != self.api.token:
            refused = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            code, answer = 401, json.dumps(refused).encode()
        else:
            code, answer = self.api.answer(method, params)  # type: ignore[assignment]
        if answer is None:
            self.close_connection = True
            return
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The tests' output stays quiet."""


def _value(key: str, value: str) -> Any:
    if key in {"text", "callback_query_id", "description"}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Text and entities of Telegram's HTML.

    Raises:
        Refusal: 400, as Telegram words it.
    """
    text = ""
    entities: list[dict[str, Any]] = []
    opened: list[tuple[str, int, str]] = []
    for kind, value in _pieces(source):
        if kind == "text":
            text += value
            continue
        closing, tag, attributes = _TAG.fullmatch(value).groups()  # type: ignore[union-attr]
        tag = tag.lower()
        if tag not in _TAGS:
            raise _unparsed(f'Unsupported start tag "{tag}"', source, value)
        if not closing:
            opened.append((tag, utf16(text), attributes))
            continue
        if not opened or opened[-1][0] != tag:
            raise _unparsed(f'Unmatched end tag "{tag}"', source, value)
        _, start, attributes = opened.pop()
        length = utf16(text) - start
        if length:
            entity = {"type": _TAGS[tag], "offset": start, "length": length}
            if tag == "a":
                href = _HREF.search(attributes)
                if href is None:
                    continue
                entity["url"] = unescape(href[1])
            entities.append(entity)
    if opened:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"', "", "")
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(source):
        bracket = source.find("<", position)
        end = len(source) if bracket < 0 else bracket
        if end > position:
            yield "text", _REFERENCE.sub(lambda m: unescape(m[0]), source[position:end])
        if bracket < 0:
            return
        tag = _TAG.match(source, bracket)
        if tag is None:
            raise _unparsed("Unsupported start tag", source, source[bracket : bracket + 10])
        yield "tag", tag[0]
        position = tag.end()


def _unparsed(reason: str, source: str, where: str) -> Refusal:
    offset = len(source[: source.find(where)].encode()) if where else 0
    return Refusal(400, f"Bad Request: can't parse entities: {reason} at byte offset {offset}")


@contextmanager
def bot_api(token: str = TOKEN) -> Iterator[FakeBotApi]:
    """A server for a test that is not asynchronous."""
    with FakeBotApi(token) as api:
        yield api
