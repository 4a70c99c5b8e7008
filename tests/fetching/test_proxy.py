"""Each source uses its own proxy, and the password of a proxy appears nowhere."""

import asyncio
import base64
import gc
import logging
import ssl
import warnings
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
import trustme
from loopback import Clock, answer, at_loopback, fetcher, site

from monitor.catalogue.model import FetchRoute
from monitor.errors import UserError
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.proxy import parse_proxy, without_secrets
from monitor.fetching.settings import FetcherSettings
from monitor.model.documents import Outcome

NAME = "www.example.gov.cn"
PAGE = b"<p>words</p>"
USER, WORD = "lin", "p@ss:w/ord-9"
LOGIN = "lin:p%40ss%3Aw%2Ford-9"
BASIC = base64.b64encode(f"{USER}:{WORD}".encode()).decode()
SECRETS = (WORD, LOGIN, BASIC, "p%40ss", "ord-9")


@asynccontextmanager
async def tunnelling(greet, tls=None):
    """A proxy on loopback: ``greet`` reads whom a client wants and answers; then bytes pass.

    Whatever host was asked for, the connection goes to that port of this machine.
    """
    open_now = []
    asked = []

    async def pump(reader, writer):
        with suppress(ConnectionError, ssl.SSLError):
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def serve(reader, writer):
        open_now.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            host, port = await greet(reader, writer)
            asked.append(host)
            if port:
                there, onward = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(pump(reader, onward), pump(there, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await asyncio.gather(*open_now)


async def connect(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if f"Proxy-Authorization: Basic {BASIC}" not in head:
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        await writer.drain()
        return "refused", 0
    host, _, port = head.split(" ")[1].rpartition(":")
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    return host, int(port)


async def socks(reader, writer):
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x02")
    await reader.readexactly(1)
    name = await reader.readexactly((await reader.readexactly(1))[0])
    word = await reader.readexactly((await reader.readexactly(1))[0])
    good = (name, word) == (USER.encode(), WORD.encode())
    writer.write(b"\x01" + (b"\x00" if good else b"\x01"))
    if not good:
        await writer.drain()
        return "refused", 0
    await reader.readexactly(4)
    host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    port = int.from_bytes(await reader.readexactly(2), "big")
    writer.write(b"\x05\x00\x00\x01" + b"\x00" * 6)
    return host, port


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    found = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "root.pem"
    found.cert_pem.write_to_path(str(path))
    found.path = str(path)
    return found


@pytest.fixture
def collected():
    """httpcore leaves the socket of a SOCKS greeting that came to nothing to the collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def serving(authority, *names):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("kind", "secure"), [("http", True), ("https", True), ("socks5", True), ("socks5", False)]
)
async def test_a_source_uses_its_own_proxy(authority, caplog, kind, secure):
    caplog.set_level(logging.DEBUG)
    page_tls = serving(authority, NAME) if secure else None
    proxy_tls = serving(authority, "127.0.0.1") if kind == "https" else None
    greet = socks if kind == "socks5" else connect
    async with (
        site(page_tls) as here,
        tunnelling(greet, proxy_tls) as (port, asked),
        fetcher(ca_file=authority.path) as net,
    ):
        here.scripts["/"] = answer(PAGE)
        route = FetchRoute(proxy=f"{kind}://{LOGIN}@127.0.0.1:{port}")
        fetched = await net.fetch(here.url("/", NAME), route=route)
        assert (fetched.outcome, fetched.body) == (Outcome.OK, PAGE), fetched.reason
        assert set(asked) == {NAME}
    said = caplog.text + repr(route) + repr(fetched)
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_plain_http_page_is_requested_from_the_proxy(authority, caplog, tls):
    caplog.set_level(logging.DEBUG)
    async with (
        site(serving(authority, "127.0.0.1") if tls else None) as proxy,
        fetcher(ca_file=authority.path) as net,
    ):
        proxy.scripts[f"http://{NAME}/"] = answer(PAGE)
        kind = "https" if tls else "http"
        route = FetchRoute(proxy=f"{kind}://{LOGIN}@127.0.0.1:{proxy.port}")
        fetched = await net.fetch(f"http://{NAME}/", route=route)
        assert fetched.outcome is Outcome.OK
        assert proxy.asked[0][1]["proxy-authorization"] == f"Basic {BASIC}"
        assert len(proxy.robots_asked) == 1
    assert [secret for secret in SECRETS if secret in caplog.text] == []


async def test_the_proxy_of_the_source_precedes_that_of_the_crawl_and_direct_uses_none():
    async with (
        site() as here,
        site() as crawls,
        site() as own,
        fetcher(proxy=f"http://127.0.0.1:{crawls.port}", resolver=at_loopback) as net,
    ):
        url = here.url("/", NAME)
        for one in (crawls, own):
            one.scripts[url] = answer(PAGE)
        here.scripts["/"] = answer(PAGE)
        for route in (
            FetchRoute(),
            FetchRoute(proxy=f"http://127.0.0.1:{own.port}"),
            FetchRoute(proxy="direct"),
        ):
            fetched = await net.fetch(url, route=replace(route, allow_private=True))
            assert fetched.outcome is Outcome.OK
        assert [len(one.asked) for one in (crawls, own, here)] == [1, 1, 1]


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_refusing_proxy_is_an_error_without_secrets(authority, caplog, kind):
    caplog.set_level(logging.DEBUG)
    greet = socks if kind == "socks5" else connect
    async with tunnelling(greet) as (port, _), fetcher(ca_file=authority.path) as net:
        route = FetchRoute(proxy=f"{kind}://lin:wrong-word@127.0.0.1:{port}", robots=False)
        fetched = await net.fetch(f"https://{NAME}/", route=route)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.reason
    assert "wrong-word" not in caplog.text + fetched.reason


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_handshake_behind_a_proxy_that_fails_keeps_no_place(authority, kind):
    greet = socks if kind == "socks5" else connect
    async with (
        site(serving(authority, "other.example")) as here,
        tunnelling(greet) as (port, _),
        fetcher(ca_file=authority.path, total_timeout=2.0) as net,
    ):
        route = FetchRoute(proxy=f"{kind}://{LOGIN}@127.0.0.1:{port}", robots=False)
        for _ in range(3):
            fetched = await net.fetch(here.url("/", NAME), route=route)
            assert "certificate" in fetched.reason


@pytest.mark.parametrize("step", range(40))
async def test_a_request_that_is_cancelled_keeps_no_place_of_a_proxy(step):
    async with site() as proxy, fetcher(total_timeout=2.0, read_timeout=2.0) as net:
        proxy.scripts[f"http://{NAME}/"] = answer(PAGE)
        route = FetchRoute(proxy=f"http://127.0.0.1:{proxy.port}", robots=False)
        first = asyncio.create_task(net.fetch(f"http://{NAME}/", route=route))
        for _ in range(step):
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        fetched = await net.fetch(f"http://{NAME}/", route=route)
        assert fetched.outcome is Outcome.OK


async def test_a_password_echoed_by_the_proxy_is_masked(authority):
    async def gossip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 403 no {USER}:{WORD} {BASIC} here\r\n\r\n".encode())
        await writer.drain()
        return "refused", 0

    async with tunnelling(gossip) as (port, _), fetcher(ca_file=authority.path) as net:
        route = FetchRoute(proxy=f"http://{LOGIN}@127.0.0.1:{port}", robots=False)
        fetched = await net.fetch(f"https://{NAME}/", route=route)
    assert fetched.reason == "403 no <hidden> <hidden> here"


@pytest.mark.usefixtures("collected")
async def test_a_proxy_that_never_answers_ends_at_the_deadline():
    async def never(_reader, _writer):
        await asyncio.sleep(0.5)
        return "never", 0

    async with tunnelling(never) as (port, _), fetcher(total_timeout=0.2) as net:
        route = FetchRoute(proxy=f"socks5://{LOGIN}@127.0.0.1:{port}")
        fetched = await net.fetch(f"http://{NAME}/", route=route)
    assert (fetched.outcome, "timed out" in fetched.reason) == (Outcome.ERROR, True)


@pytest.mark.parametrize(
    "address", ["ftp://lin:word9@a:1", "lin:word9@a:1", "http://lin:word9@[", "http://lin:word9@"]
)
def test_an_invalid_proxy_url_is_reported_without_its_password(address):
    with pytest.raises(UserError) as error:
        HttpFetcher(FetcherSettings(proxy=address), clock=Clock())
    assert "crawl.proxy" in str(error.value)
    assert "word9" not in str(error.value) + repr(FetcherSettings(proxy=address))


def test_a_proxy_without_a_password_hides_nothing():
    assert without_secrets("host a:1", parse_proxy("http://a:1")) == "host a:1"
    assert "word" not in repr(parse_proxy("http://u:word@a:1"))
