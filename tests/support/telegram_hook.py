"""The bot's own address, to which updates are carried one after the other until it takes them."""

from __future__ import annotations

import http.client
import json
import threading
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from telegram_chats import EPOCH

#: Between two tries of an update that was not taken; Telegram waits longer.
PAUSE = 0.02


class Hook(threading.Thread):
    """Posts what waits; an update is done when the address answers 2xx."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        updates: deque[dict[str, Any]],
        changed: threading.Condition,
        connections: int,
    ) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.tries = 0
        self._secret = secret
        self._updates = updates
        self._changed = changed
        self._connections = connections
        self._error = ""
        self._stopped = False

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._updates)
                if self._stopped:
                    return
                update = self._updates[0]
            error = self._carried(update)
            with self._changed:
                self.tries += 1
                self._error = error
                if not error and self._updates and self._updates[0] is update:
                    self._updates.popleft()
                self._changed.notify_all()
                if error:
                    self._changed.wait_for(lambda: self._stopped, timeout=PAUSE)

    def stop(self) -> None:
        """Carry no more; what is under way is finished first."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self.join()

    def told(self) -> dict[str, Any]:
        """What getWebhookInfo says."""
        about: dict[str, Any] = {"url": self.url, "max_connections": self._connections}
        if self._error:
            about |= {"last_error_date": EPOCH, "last_error_message": self._error}
        return about

    def _carried(self, update: dict[str, Any]) -> str:
        """Post an update; what went wrong, empty if nothing did."""
        parts = urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._secret
        path = f"{parts.path or '/'}?{parts.query}".rstrip("?")
        connection = kind(parts.hostname or "", parts.port, timeout=300)
        try:
            connection.request("POST", path, json.dumps(update), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"Connection failed: {type(error).__name__}"
        finally:
            connection.close()
        if 200 <= answer.status < 300:
            return ""
        return f"Wrong response from the webhook: {answer.status} {answer.reason}"
