"""Reads a call in any of the forms the Bot API takes, and writes the answer."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from telegram_calls import Upload

if TYPE_CHECKING:
    from telegram_api import FakeBotApi

_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)')


class Server(ThreadingHTTPServer):
    """A thread for each connection, none of which keeps a test from ending."""

    daemon_threads = True
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open for any number of calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: FakeBotApi

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            # The client was killed in the middle of its request: it asked for nothing.
            self.close_connection = True
            return
        path = urlsplit(self.path)
        token, _, method = path.path.removeprefix("/bot").partition("/")
        if token != self.api.token:
            refused = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            self._answer(401, json.dumps(refused).encode())
            return
        try:
            params = dict(parse_qsl(path.query, keep_blank_values=True))
            params |= parameters(self.headers.get("Content-Type", ""), body)
        except ValueError:
            refused = {"ok": False, "error_code": 400, "description": "Bad Request: unreadable"}
            self._answer(400, json.dumps(refused).encode())
            return
        code, answer = self.api.answer(method, params)
        if answer is None:
            self.close_connection = True
            return
        self._answer(code, answer)

    do_GET = do_POST  # noqa: N815

    def _answer(self, code: int, answer: bytes) -> None:
        head = (
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        )
        # In one piece: two would wait for each other on a kept connection.
        self.wfile.write(head.encode() + answer)

    def handle(self) -> None:
        # A client that was killed leaves its connection in any state.
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The tests' output stays quiet."""


def parameters(kind: str, body: bytes) -> dict[str, Any]:
    """The parameters in a body: JSON, a form, or a form with files.

    Raises:
        ValueError: it is none of them.
    """
    if kind.startswith("application/json"):
        return dict(json.loads(body or b"{}"))
    if kind.startswith("multipart/form-data"):
        found = _BOUNDARY.search(kind)
        if found is None:
            raise ValueError("no boundary")
        return _multipart(body, found[1].encode())
    return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))


def _multipart(body: bytes, boundary: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # The first line has nothing before it, the last is followed by two dashes.
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, file = _NAME.search(head), _FILENAME.search(head)
        if name is None:
            raise ValueError("a part without a name")
        found[name[1].decode()] = (
            content.decode() if file is None else Upload(file[1].decode(), content)
        )
    return found
