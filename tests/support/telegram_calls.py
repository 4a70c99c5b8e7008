"""What a call to the Bot API leaves behind: the request, the answer, or a refusal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: What puts a message into a chat, and what changes one that is there.
SENDS = frozenset({"sendMessage", "sendPhoto"})
EDITS = frozenset({"editMessageText", "editMessageCaption", "editMessageReplyMarkup"})


class Refusal(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        self.code = code
        self.description = description
        self.parameters = parameters
        super().__init__(description)


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """A request as it came.

    ``code`` is the status of the answer (0: none was given). ``result`` is what was done, and may
    be there though the client never heard of it.
    """

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
        shown = self.result.get("text", self.result.get("caption"))
        return str(shown)

    @property
    def buttons(self) -> dict[str, str]:
        """Labels of the inline buttons and what each sends or opens."""
        rows = (self.params.get("reply_markup") or {}).get("inline_keyboard", [])
        return {
            button["text"]: button.get("callback_data", button.get("url", ""))
            for row in rows
            for button in row
        }


class Calls(list[Call]):
    """All calls, oldest first; those of one method to one chat are found without a search."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        super().__init__()
        self._of: dict[tuple[str, Any], list[Call]] = defaultdict(list)
        for call in calls:
            self.append(call)

    def append(self, call: Call) -> None:
        super().append(call)
        self._of[call.method, None].append(call)
        chat_id = call.params.get("chat_id")
        if chat_id is not None:
            self._of[call.method, str(chat_id)].append(call)

    def clear(self) -> None:
        super().clear()
        self._of.clear()

    def of(self, method: str, chat_id: int | None = None) -> list[Call]:
        """Calls of a method, whatever became of them."""
        return list(self._of.get((method, None if chat_id is None else str(chat_id)), ()))
