"""The real fetcher against a real server: limits, redirects, rate limit, SSRF guard."""

import asyncio
import gzip
import zlib
from contextlib import suppress

import pytest
from loopback import PRIVATE, Clock, answer, fetcher, site

from monitor.catalogue.model import FetchRoute
from monitor.model.documents import KnownPage, Outcome

PAGE = "<html><body><p>今年，智能算力要达到90Eflops。</p></body></html>".encode()


async def get(script, path="/x", **settings):
    async with site() as here, fetcher(**settings) as net:
        here.scripts[path] = script
        return await net.fetch(here.url(path), route=PRIVATE)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("GZIP", gzip.compress(PAGE[:9], mtime=0) + gzip.compress(PAGE[9:], mtime=0)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", zlib.compress(PAGE, wbits=-15)),
        ("identity", PAGE),
    ],
)
async def test_compressed_bodies_are_decompressed(encoding, packed):
    fetched = await get(answer(packed, headers={"Content-Encoding": encoding}))
    assert (fetched.outcome, fetched.body) == (Outcome.OK, PAGE)


async def test_a_refused_connection_is_an_error():
    async with site() as here:
        url = here.url("/")
    async with fetcher() as net:
        fetched = await net.fetch(url, route=PRIVATE)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.reason


async def test_a_redirect_is_followed_and_both_urls_are_returned():
    async with site() as here, fetcher() as net:
        here.scripts["/old/1.html"] = answer(status=301, headers={"Location": "/new/1.html"})
        here.scripts["/new/1.html"] = answer(PAGE)
        fetched = await net.fetch(here.url("/old/1.html"), route=PRIVATE)
    assert fetched.outcome is Outcome.OK
    assert fetched.url == here.url("/old/1.html")
    assert fetched.final_url == here.url("/new/1.html")


@pytest.mark.parametrize("home", ["/", "/index.html"])
async def test_a_redirect_to_the_home_page_is_moved(home):
    async with site() as here, fetcher() as net:
        here.scripts["/a/1.html"] = answer(status=302, headers={"Location": home})
        here.scripts[home] = answer(PAGE)
        fetched = await net.fetch(here.url("/a/1.html"), route=PRIVATE)
    assert fetched.outcome is Outcome.MOVED
    assert fetched.body == b""


async def test_a_redirect_to_another_site_is_moved_unless_the_route_names_the_host():
    async with site() as here, fetcher() as net:
        away = here.url("/b.html", "localhost")
        here.scripts["/a.html"] = answer(status=302, headers={"Location": away})
        here.scripts["/b.html"] = answer(PAGE)
        moved = await net.fetch(here.url("/a.html"), route=PRIVATE)
        known = await net.fetch(
            here.url("/a.html"), route=FetchRoute(allow_private=True, hosts=("localhost",))
        )
    assert (moved.outcome, moved.final_url) == (Outcome.MOVED, away)
    assert known.outcome is Outcome.OK


@pytest.mark.parametrize(
    "location",
    ["/x", "file:///etc/passwd", "http://a\\b/", "javascript:1", "gopher://127.0.0.1/"],
)
async def test_a_redirect_to_itself_or_off_the_web_is_an_error(location):
    fetched = await get(answer(status=302, headers={"Location": location}))
    assert fetched.outcome is Outcome.ERROR


async def test_ghsa_3c45_4pj5_ch7m_a_public_name_with_a_private_address_is_refused_on_connecting():
    async def rebinding(_host, _port):
        return ["127.0.0.1"]

    async with site() as here, fetcher(resolver=rebinding) as net:
        here.scripts["/"] = answer(PAGE)
        fetched = await net.fetch(here.url("/", "www.example.com"))
        assert fetched.outcome is Outcome.ERROR
        assert "private" in fetched.reason
        assert here.asked == []


@pytest.mark.parametrize(
    ("path", "outcome"), [("/robots.txt", Outcome.ERROR), ("/a.html", Outcome.MOVED)]
)
async def test_a_public_host_that_may_be_private_leads_to_no_other_private_one(path, outcome):
    async def own_network(_host, _port):
        return ["127.0.0.1"]

    async with site() as here, fetcher(resolver=own_network) as net:
        away = answer(status=302, headers={"Location": here.url("/secret")})
        here.scripts |= {"/a.html": answer(PAGE), "/secret": answer(PAGE), path: away}
        url = here.url("/a.html", "www.example.gov.cn")
        refused = await net.fetch(url, route=FetchRoute(allow_private=True))
        assert refused.outcome is outcome
        assert "private" in refused.reason or "another one" in refused.reason
        assert "/secret" not in {asked for asked, _ in here.asked}
        named = FetchRoute(allow_private=True, hosts=("127.0.0.1",), robots=path != "/robots.txt")
        assert (await net.fetch(url, route=named)).outcome is Outcome.OK


async def test_a_redirect_to_a_port_that_is_not_named_is_not_requested():
    async with site() as here, site() as other, fetcher() as net:
        here.scripts["/a.html"] = answer(status=302, headers={"Location": other.url("/b.html")})
        other.scripts["/b.html"] = answer(PAGE)
        refused = await net.fetch(here.url("/a.html"), route=PRIVATE)
        assert refused.outcome is Outcome.ERROR
        assert "port" in refused.reason
        assert other.asked == []
        named = FetchRoute(allow_private=True, hosts=(f"127.0.0.1:{other.port}",))
        assert (await net.fetch(here.url("/a.html"), route=named)).outcome is Outcome.OK


async def test_one_private_address_among_public_ones_is_enough_to_refuse():
    async def mixed(_host, _port):
        return ["93.184.216.34", "10.0.0.1"]

    async with fetcher(resolver=mixed) as net:
        fetched = await net.fetch("http://www.example.com/")
    assert "10.0.0.1" in fetched.reason


async def test_ghsa_3c45_4pj5_ch7m_a_redirect_from_a_public_host_to_a_private_one_is_refused():
    # The server plays the public host behind a proxy; the redirect names the server itself.
    async with (
        site() as here,
        site() as proxy,
        fetcher(proxy=f"http://127.0.0.1:{proxy.port}") as net,
    ):
        proxy.scripts["http://www.example.com/a"] = answer(
            status=302, headers={"Location": here.url("/secret")}
        )
        fetched = await net.fetch("http://www.example.com/a")
        assert fetched.outcome is Outcome.ERROR
        assert "private" in fetched.reason
        assert here.asked == []
        assert len(proxy.asked) == 1


async def test_a_name_that_does_not_resolve_is_an_error():
    async def nowhere(_host, _port):
        raise OSError("no such name")

    async with fetcher(resolver=nowhere) as net:
        fetched = await net.fetch("http://www.example.com/")
    assert fetched.outcome is Outcome.ERROR
    assert "does not resolve" in fetched.reason


async def test_requests_name_the_product_and_the_encodings_it_decompresses():
    async with site() as here, fetcher(user_agent="policy-monitor (a@example.org)") as net:
        await net.fetch(here.url("/"), route=PRIVATE)
        headers = here.asked[0][1]
    assert headers["user-agent"] == "policy-monitor (a@example.org)"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["host"] == f"127.0.0.1:{here.port}"


async def test_a_delay_separates_requests_to_one_host():
    clock = Clock()
    async with site() as here, fetcher(clock, min_delay=2.0) as net:
        for _ in range(3):
            await net.fetch(here.url("/"), route=PRIVATE)
        await net.fetch(here.url("/", "localhost"), route=PRIVATE)
        assert len(here.robots_asked) == 2
    # Three pages after one robots.txt, and one after another host's.
    assert clock.slept == [2.0, 2.0, 2.0, 2.0]


async def test_few_requests_at_a_time_go_to_one_host():
    async def slow(_headers, writer):
        await asyncio.sleep(0.02)
        writer.write(answer(PAGE))

    async with site() as here, fetcher(per_host=2) as net:
        here.scripts["/"] = slow
        done = await asyncio.gather(*(net.fetch(here.url("/"), route=PRIVATE) for _ in range(8)))
        assert here.most_open <= 2
    assert {fetched.outcome for fetched in done} == {Outcome.OK}


async def test_a_retry_after_pauses_the_host():
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        here.scripts["/a"] = answer(status=429, headers={"Retry-After": "600"})
        here.scripts["/b"] = answer(PAGE)
        await net.fetch(here.url("/a"), route=PRIVATE)
        early = await net.fetch(here.url("/b"), route=PRIVATE)
        assert (early.outcome, early.status) == (Outcome.BLOCKED, None)
        assert early.retry_after == 600.0
        assert len(here.asked) == 1
        clock.at += 601
        assert (await net.fetch(here.url("/b"), route=PRIVATE)).outcome is Outcome.OK


async def test_a_short_retry_after_is_waited_for():
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        here.scripts["/a"] = answer(status=503, headers={"Retry-After": "5"})
        here.scripts["/b"] = answer(PAGE)
        await net.fetch(here.url("/a"), route=PRIVATE)
        assert (await net.fetch(here.url("/b"), route=PRIVATE)).outcome is Outcome.OK
    assert clock.slept == [5.0]


async def test_a_visit_can_be_cancelled_and_the_slot_is_free_again():
    arrived = asyncio.Event()

    async def hang(_headers, _writer):
        arrived.set()
        await asyncio.Event().wait()

    async with site() as here, fetcher() as net:
        here.scripts["/hang"] = hang
        here.scripts["/"] = answer(PAGE)
        task = asyncio.create_task(net.fetch(here.url("/hang"), route=PRIVATE))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await net.fetch(here.url("/"), route=PRIVATE)).outcome is Outcome.OK


async def test_many_hosts_share_few_pools():
    """Found by the benchmark: while one pool closed, another task closed the next one too."""
    async with site(host="0.0.0.0") as web, fetcher(http2=False) as net:
        web.scripts["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"
        hosts = [f"127.0.{n // 250}.{1 + n % 250}" for n in range(300)]
        found = await asyncio.gather(
            *(net.fetch(web.url("/", host), route=PRIVATE) for host in hosts)
        )
    assert {one.outcome for one in found} == {Outcome.OK}


async def test_a_page_that_was_not_modified_keeps_the_connection():
    """Found by the benchmark: each 304 cost a new connection, over https a handshake too."""
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                robots = head.startswith(b"GET /robots.txt ")
                missing = b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"
                writer.write(missing if robots else b'HTTP/1.1 304 X\r\nETag: "1"\r\n\r\n')
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, fetcher(http2=False) as net:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        found = [await net.fetch(url, route=PRIVATE, known=KnownPage(etag='"1"')) for _ in range(3)]
    assert {one.outcome for one in found} == {Outcome.NOT_MODIFIED}
    assert connections == 1
