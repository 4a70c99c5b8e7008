"""A server that misbehaves byte by byte: one site per case, each under a host of its own.

It listens on loopback, once plain and once with TLS, and serves a forward proxy's requests too.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

ZONE = "faults.test"
LIST, PAGE, NEW = "/zwgk/", "/zwgk/202601/t20260120_1.html", "/zwgk/202602/t20260210_2.html"
WELL_KNOWN = ("/robots.txt", "/sitemap.xml")
HEALTHY, FAULTY, CHANGED = "healthy", "faulty", "changed"


@dataclass(frozen=True)
class Exchange:
    """A request and the means to answer it; ``html`` is what the healthy site would send."""

    writer: asyncio.StreamWriter
    path: str
    headers: Mapping[str, str]
    html: bytes
    base: str
    name: str

    @property
    def text(self) -> str:
        return self.html.decode()

    async def send(self, sent: bytes) -> None:
        self.writer.write(sent)
        await self.writer.drain()


Serve = Callable[[Exchange], Awaitable[None]]


class Faulty(Protocol):
    """What the server has to know of a case."""

    @property
    def on(self) -> str: ...
    @property
    def serve(self) -> Serve: ...
    @property
    def etag(self) -> bool: ...


def response(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, *, length: bool = True
) -> bytes:
    """An answer as it goes over the wire. ``Fault`` marks its validator."""
    sent = {"Connection": "close", "Content-Type": "text/html; charset=utf-8", **(headers or {})}
    if length:
        sent.setdefault("Content-Length", str(len(body)))
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in sent.items() if value)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def article(name: str, *, mode: str = HEALTHY, which: str = PAGE, visit: int = 0) -> str:
    """The page of a case: prose unlike any other case's, and two commitments with numbers."""
    dice = Random(name + which)
    target = dice.randint(11, 89) * 1000 + (500 if mode == CHANGED and which == PAGE else 0)
    lines = [
        f"贵州省{dice.choice(_WHO)}{dice.choice(_DO)}工作安排",
        "各市（州）人民政府，省直有关部门：",
        *(_sentence(dice) for _ in range(9)),
        f"到2026年底，全省智能算力规模达到{target}P以上。",
        *(_sentence(dice) for _ in range(4)),
        f"培育人工智能企业{dice.randint(120, 980)}家以上，打造应用场景{dice.randint(12, 98)}个。",
        *(_sentence(dice) for _ in range(3)),
    ]
    body = "\n".join(f"<p>{line}</p>" for line in lines)
    # Letters, so that no page differs from another by its digits alone.
    token = "".join(Random(f"{name}{visit}").choices("abcdefghij", k=12))
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8">\n'
        f"<title>{lines[0]}</title>\n<!-- {token} -->\n</head><body>\n"
        f'<div class="nav"><a href="/">首页</a> <a href="{LIST}">政务公开</a></div>\n'
        f"<h1>{lines[0]}</h1>\n<p>发布时间：2026-01-20 来源：省政府办公厅</p>\n"
        f'<div class="article">\n{body}\n</div>\n'
        '<div class="footer">主办单位：省政府办公厅</div>\n</body></html>\n'
    )


def listing(name: str, *, mode: str = HEALTHY, visit: int = 0) -> str:
    """The list of a case: one article, and a second one once the site has changed."""
    links = [(PAGE, "2026-01-20"), *([(NEW, "2026-02-10")] if mode == CHANGED else [])]
    rows = "".join(
        f'<li><a href="{path}">{name}号工作安排第{n}件</a><span>{day}</span></li>'
        for n, (path, day) in enumerate(links)
    )
    head = '<head><meta charset="utf-8"></head>'
    return f"<html>{head}<body><!-- {visit} --><ul>{rows}</ul></body></html>"


_WHO = (
    "工业厅",
    "科技厅",
    "财政厅",
    "大数据局",
    "水利厅",
    "教育厅",
    "商务厅",
    "林业局",
    "农业厅",
    "交通厅",
)
_DO = (
    "调度",
    "督导",
    "排查",
    "会商",
    "普查",
    "评估",
    "推介",
    "验收",
    "规划",
    "巡查",
    "培训",
    "修缮",
)
_WHAT = (
    "茶园",
    "桥梁",
    "学校",
    "仓库",
    "河道",
    "矿山",
    "市场",
    "车站",
    "医院",
    "果林",
    "灌区",
    "街巷",
)
_HOW = (
    "按月",
    "分批",
    "从严",
    "就近",
    "逐项",
    "联合",
    "全程",
    "定点",
    "错峰",
    "限时",
    "轮流",
    "公开",
)


def _sentence(dice: Random) -> str:
    pick, roll = dice.choice, dice.randint
    return (
        f"由{pick(_WHO)}{pick(_HOW)}{pick(_DO)}{pick(_WHAT)}{roll(2, 98)}处，"
        f"再{pick(_HOW)}{pick(_DO)}{pick(_WHAT)}，{pick(_WHO)}{pick(_HOW)}做好{pick(_WHAT)}{pick(_DO)}。"
    )


@dataclass
class FaultSite:
    """Serves every case's site; ``mode`` says which round it is, ``cases`` how they misbehave."""

    cases: Mapping[str, Faulty]
    mode: str = HEALTHY
    asked: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0
    tls_port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Every name leads here, but for two that fail in their own way."""
        name = host.split(".", maxsplit=1)[0]
        if self.mode == FAULTY and name == "name-unknown":
            raise OSError("no such name")
        return ["127.0.0.2" if self.mode == FAULTY and name == "nobody-listens" else "127.0.0.1"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            target = head[0].split(" ")[1]
            path = urlsplit(target).path if "://" in target else target
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            await self._answer(path, headers, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # hung up at the end of the test
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(
        self, path: str, headers: dict[str, str], writer: asyncio.StreamWriter
    ) -> None:
        host = headers["host"]
        name = host.split(".")[0]
        self.asked.append((self.mode, name, path, headers))
        html = self._html(name, path)
        secure = writer.get_extra_info("ssl_object") is not None
        base = f"{'https' if secure else 'http'}://{host}"
        exchange = Exchange(writer, path, headers, html, base, name)
        case = self.cases.get(name)
        # Misbehaves also beside the page itself: where redirects lead, for one.
        well = {LIST, PAGE, NEW, *WELL_KNOWN} - {case.on if case else ""}
        if self.mode == FAULTY and case is not None and path not in well:
            await case.serve(exchange)
        elif _is_newer_than_all(headers.get("if-modified-since", "")):
            await exchange.send(response(b"", 304))
        elif html:
            tag = {"ETag": f'"well-{self.mode}"'} if case is None or case.etag else {}
            await exchange.send(response(html, headers=tag))
        else:
            await exchange.send(response(b"<html>404 Not Found</html>", 404))

    def _html(self, name: str, path: str) -> bytes:
        visit = len(self.asked)
        if path == LIST:
            return listing(name, mode=self.mode, visit=visit).encode()
        if path == PAGE or (path == NEW and self.mode == CHANGED):
            return article(name, mode=self.mode, which=path, visit=visit).encode()
        if self.mode == FAULTY and path not in WELL_KNOWN:
            return article(name, visit=visit).encode()
        return b""

    async def hang_up(self) -> None:
        """End what drips for ever, and let it close its sockets."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


def _is_newer_than_all(since: str) -> bool:
    """A server that compares times has nothing newer than a copy of the future."""
    try:
        return parsedate_to_datetime(since).year > 2030
    except (ValueError, TypeError):
        return False


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a broken middlebox does."""
    there = writer.get_extra_info("socket")
    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def listening(
    cases: Mapping[str, Faulty], context: ssl.SSLContext
) -> AsyncIterator[FaultSite]:
    """The server while it listens, plain and with TLS."""
    site = FaultSite(cases)
    plain = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    secure = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context)
    site.port = plain.sockets[0].getsockname()[1]
    site.tls_port = secure.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        for server in (plain, secure):
            server.close()
        await site.hang_up()
        for server in (plain, secure):
            await server.wait_closed()
