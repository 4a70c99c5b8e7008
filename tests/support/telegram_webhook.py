"""Posts updates to a webhook, in order, each until it is acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from telegram_chats import EPOCH

#: Seconds between attempts at an update that was not acknowledged; Telegram waits longer.
PAUSE = 0.02


class WebhookPoster(threading.Thread):
    """Posts pending updates; an update is done when the webhook answers 2xx."""

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
            error = self._post(update)
            with self._changed:
                self.tries += 1
                self._error = error
                if not error and self._updates and self._updates[0] is update:
                    self._updates.popleft()
                self._changed.notify_all()
                if error:
                    self._changed.wait_for(lambda: self._stopped, timeout=PAUSE)

    def stop(self) -> None:
        """Stop after the update that is being posted."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self.join()

    def info(self) -> dict[str, Any]:
        """The answer to getWebhookInfo."""
        about: dict[str, Any] = {"url": self.url, "max_connections": self._connections}
        if self._error:
            about |= {"last_error_date": EPOCH, "last_error_message": self._error}
        return about

    def _post(self, update: dict[str, Any]) -> str:
        """Post an update; returns the error, empty if it was acknowledged."""
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
