"""A Bot API server on loopback for tests: Telegram's answers, refusals and limits, and a person.

It speaks the methods the product uses, parses the HTML it is sent as strictly as Telegram does,
records every call, and can be set to refuse, or to fail at random on a seed. Every call, answer and
update is held to a published description of the Bot API, and what does not fit fails the test
that used it. Point the bot at ``base_url``. Waiting is done on a condition, never by sleeping.

What it does not know of Telegram: bots' privacy mode (they hear all that is said in groups), what
members may do beside being administrators, and anything about files but photos.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from telegram_calls import SENDS, Call, Calls, Refusal, Upload
from telegram_chats import BOT, World
from telegram_faults import Fault, Faults
from telegram_html import parse_html, utf16
from telegram_http import Handler, Server
from telegram_limits import Limits
from telegram_messages import Messages
from telegram_methods import Methods

__all__ = [
    "BOT",
    "TOKEN",
    "Call",
    "Calls",
    "FakeBotApi",
    "Faults",
    "Limits",
    "Refusal",
    "Upload",
    "bot_api",
    "parse_html",
    "utf16",
]

TOKEN = "4242424242:TEST-token-of-the-fake-bot-api-12345"
WAIT = 120.0

FoundT = TypeVar("FoundT")


class FakeBotApi(Methods, Messages, World):
    """The server; use it with ``with`` or ``async with``.

    Args:
        token: that calls must carry.
        limits: how fast the bot may write; as fast as it likes without.
        faults: what goes wrong by itself; nothing without.
        checked: each n-th call, answer and update is held to the description; 0: none.
    """

    def __init__(
        self,
        token: str = TOKEN,
        *,
        limits: Limits | None = None,
        faults: Faults | None = None,
        checked: int = 1,
    ) -> None:
        super().__init__(limits=limits, faults=faults, checked=checked)
        self.token = token
        self._scripted: deque[tuple[str | None, int | None, Refusal | str]] = deque()
        self._server: Server | None = None

    # --- the server -----------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), type("OurHandler", (Handler,), {"api": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        assert self._server is not None
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self.hook is not None:
            self.hook.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        # What failed already is the better news.
        if kind is None:
            assert not self.complaints, "\n".join(self.complaints)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None = None, *rest: object) -> None:
        await asyncio.to_thread(self.__exit__, kind, *rest)

    @property
    def base_url(self) -> str:
        """For PTB's ``base_url``: the token is appended to it."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}/bot"

    @property
    def base_file_url(self) -> str:
        return self.base_url.removesuffix("/bot") + "/file/bot"

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
            self._scripted.extend([(method, chat_id, refusal)] * times)

    def relent(self) -> int:
        """Refuse nothing more; how many refusals were left."""
        with self._changed:
            left = len(self._scripted)
            self._scripted.clear()
        return left

    def flood(self, retry_after: int, **where: Any) -> None:
        """Answer 429."""
        text = f"Too Many Requests: retry after {retry_after}"
        self.refuse(Refusal(429, text, retry_after=retry_after), **where)

    @property
    def impatient(self) -> int:
        """Calls to a chat that was still held after a 429."""
        return self.limits.impatient if self.limits else 0

    # --- what happened --------------------------------------------------------------------

    def sent(self, chat_id: int | None = None, method: str = "sendMessage") -> list[Call]:
        """Calls that were taken, oldest first."""
        with self._changed:
            return [call for call in self.calls.of(method, chat_id) if call.code == 200]

    def arrived(self, chat_id: int | None = None) -> list[Call]:
        """Calls that put a message into a chat, whether or not the client heard of it."""
        with self._changed:
            return [
                call
                for method in sorted(SENDS)
                for call in self.calls.of(method, chat_id)
                if call.result is not None
            ]

    async def wait_for(self, condition: Callable[[], FoundT], *, seconds: float = WAIT) -> FoundT:
        """Wait until something is true of the calls; returns what it returned.

        Raises:
            AssertionError: it did not become true in time; the message lists the calls.
        """

        def wait() -> FoundT:
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

    async def ask(self, chat_id: int, text: str, **how: Any) -> Call:
        """Say something and wait for the bot's next message to the chat."""
        before = len(self.sent(chat_id))
        self.say(chat_id, text, **how)
        return await self.reply(chat_id, before)

    # --- a call ---------------------------------------------------------------------------

    def answer(self, method: str, raw: dict[str, Any]) -> tuple[int, bytes | None]:
        """The status and body for a call; no body: the connection is to be dropped."""
        params = self.description.read(method, raw)
        with self._changed:
            due = self._due()
        if due or method not in self.description.methods:
            self._complain(self.description.of_call(method, params))
        result: Any = None
        refusal: Refusal | None = None
        fate: Refusal | Fault | str | None = None
        try:
            fate = self._fate(method, params)
            if isinstance(fate, Refusal):
                raise fate
            if _works(fate):
                result = self._work(method, params)
            if isinstance(fate, Fault):
                refusal = self._befall(fate)
        except Refusal as raised:
            # A call that is refused on its merits has no need of bad luck.
            refusal, fate = raised, None
        silent = fate in {"drop", "lose"} or (isinstance(fate, Fault) and fate.silent)
        body: dict[str, Any] = {"ok": True, "result": result}
        code = 200
        if refusal is not None:
            code = refusal.code
            body = {"ok": False, "error_code": code, "description": refusal.description}
            if refusal.parameters:
                body["parameters"] = refusal.parameters
        garbage = fate == "garbage" or (isinstance(fate, Fault) and fate.kind == "garbage")
        if due and not silent and not garbage:
            self._complain(self.description.of_answer(method, body))
        with self._changed:
            if method != "getUpdates":
                heard = 0 if silent else 502 if garbage else code
                self.calls.append(Call(method, params, heard, result))
            self._changed.notify_all()
        if garbage:
            return 502, b"<html>Bad Gateway</html>"
        return code, None if silent else json.dumps(body).encode()

    def _fate(self, method: str, params: dict[str, Any]) -> Refusal | Fault | str | None:
        """The outcome that a test set, or one by chance."""
        with self._changed:
            for index, (wanted, chat_id, refusal) in enumerate(self._scripted):
                if wanted is None and method == "getUpdates":
                    continue
                if wanted in {None, method} and chat_id in {None, params.get("chat_id")}:
                    del self._scripted[index]
                    return refusal
            if method not in SENDS:
                return None
            chat_id = self._found(params.get("chat_id"))["id"]
            # Who is held is refused, luck or no luck.
            if self.limits is not None:
                self.limits.patient(chat_id)
            return self.faults.draw(method, chat_id) if self.faults else None

    def _befall(self, fault: Fault) -> Refusal | None:
        assert self.faults is not None
        with self._changed:
            self.faults.done.append(fault)
            if fault.kind == "flood" and self.limits is not None:
                return self.limits.hold(fault.chat_id, fault.retry_after)
        return fault.refusal()

    def _work(self, method: str, params: dict[str, Any]) -> Any:
        work = getattr(self, f"_{method}", None)
        if method not in self.description.methods or work is None:
            if method in self.description.methods:
                self._complain([f"{method}: the fake has no such method"])
            raise Refusal(404, "Not Found: method not found")
        if self.limits is not None and params.get("chat_id"):
            with self._changed:
                chat = self._found(params["chat_id"])
                self.limits.admit(method, chat["id"], private=chat["type"] == "private")
        try:
            return work(params)
        except (KeyError, TypeError, ValueError) as error:
            self._complain([f"{method}: the fake cannot read {params!r}: {error!r}"])
            raise Refusal(400, "Bad Request: unreadable parameters") from error


def _works(fate: Refusal | Fault | str | None) -> bool:
    return fate.late if isinstance(fate, Fault) else fate in {None, "lose"}


@contextmanager
def bot_api(token: str = TOKEN, **how: Any) -> Iterator[FakeBotApi]:
    """A server for a test that is not asynchronous."""
    with FakeBotApi(token, **how) as api:
        yield api
