"""A web site on loopback for tests: pages by path, set and changed while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Page:
    """What a path answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/html"})


class Web:
    """``with Web() as web: web.pages["/a"] = Page(b"…")``. Answers 304 to a matching ETag."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []

    def html(self, path: str, title: str, lines: list[str], *, etag: str | None = None) -> None:
        """An article: one paragraph a line."""
        body = "".join(f"<p>{line}</p>\n" for line in lines)
        page = Page(
            f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><h1>{title}</h1><div class=article>{body}</div></body></html>".encode()
        )
        if etag:
            page.headers["ETag"] = etag
        self.pages[path] = page

    def links(self, path: str, links: list[tuple[str, str, str]]) -> None:
        """A list page of (address, title, date)."""
        rows = "".join(
            f'<li><a href="{href}">{title}</a><span>{day}</span></li>' for href, title, day in links
        )
        self.pages[path] = Page(f"<html><meta charset=utf-8><ul>{rows}</ul></html>".encode())

    def __enter__(self) -> Self:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                page = web.pages.get(self.path, Page(b"<html>not here</html>", 404))
                etag = page.headers.get("ETag")
                if etag and self.headers.get("If-None-Match") == etag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(page.status)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"
