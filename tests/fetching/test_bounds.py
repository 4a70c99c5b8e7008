"""Every response is bounded in size, depth, count and time."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from loopback import PRIVATE, answer, fetcher, site

from monitor.errors import DecodeError, TooLarge
from monitor.fetching.decompress import Decompressor
from monitor.model.documents import Outcome

PAGE = "<html><body><p>今年，智能算力要达到90Eflops。</p></body></html>".encode()
ZEROS = b"a" * 50_000_000


def packed(body, encoding):
    return answer(body, headers={"Content-Encoding": encoding})


def endless(head, piece, pause=0.0):
    """Sends ``head`` and then ``piece`` for ever."""

    async def script(_headers, writer):
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return script


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BROKEN = {
    "gzip bomb": packed(gzip.compress(ZEROS), "gzip"),
    "deflate bomb": packed(zlib.compress(ZEROS), "deflate"),
    "raw deflate bomb": packed(zlib.compress(ZEROS, wbits=-15), "deflate"),
    "bomb in many members": packed(gzip.compress(b"a" * 500_000) * 3, "gzip"),
    "members of nothing": packed(gzip.compress(b"") * 45_000, "gzip"),
    "members of nothing for ever": endless(
        OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 500
    ),
    "packed more than unpacked": packed(b"\x1f\x8b" + b"\x00" * 1_100_000, "gzip"),
    "100 levels": packed(PAGE, ", ".join(["gzip"] * 100)),
    "two levels": packed(gzip.compress(zlib.compress(PAGE)), "deflate, gzip"),
    "100 levels of nothing and one": packed(PAGE, ", ".join(["identity"] * 99 + ["br"])),
    "br unasked": packed(PAGE, "br"),
    "zstd unasked": packed(b"\x28\xb5\x2f\xfd" + PAGE, "zstd"),
    "compress unasked": packed(PAGE, "compress"),
    "not gzip": packed(PAGE, "gzip"),
    "gzip cut": packed(gzip.compress(PAGE)[:-9], "gzip"),
    "too long": answer(b"a" * 1_000_001),
    "too long, undeclared": answer(b"a" * 1_000_001, length=False),
    "declares too much": answer(b"", headers={"Content-Length": "99999999999"}),
    "declares beyond numbers": answer(b"", headers={"Content-Length": "9" * 400}),
    "declares less than nothing": answer(b"", headers={"Content-Length": "-5"}),
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\nabcdefghi",
    "body cut": answer(PAGE, headers={"Content-Length": str(len(PAGE) + 5)}),
    "chunks for ever": endless(CHUNKED, b"2710\r\n" + b"a" * 10_000 + b"\r\n"),
    "one giant chunk": endless(CHUNKED + b"FFFFFFFFFFFF\r\n", b"a" * 10_000),
    "a chunk of a giant size": CHUNKED + b"F" * 500 + b"\r\n",
    "chunk extensions for ever": endless(CHUNKED + b"5;", b"a=b;" * 2_000),
    "trailers for ever": endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 2_000),
    "a giant header": OK + b"X: " + b"a" * 300_000 + b"\r\n\r\n",
    "10,000 headers": OK + b"X-Y: z\r\n" * 20_000 + b"\r\n",
    "headers for ever": endless(OK, b"X-Y: z\r\n" * 1_000),
    "a header without end": endless(OK + b"X: ", b"a" * 10_000),
    "a status line without end": endless(b"HTTP/1.1 200 ", b"K" * 10_000),
    "304 unasked": answer(PAGE, 304),
    "a part": answer(PAGE, 206),
    "silence": b"",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "no http": b"SSH-2.0-OpenSSH\r\n",
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
async def test_a_broken_answer_is_an_error_with_a_reason(script):
    async with site() as here, fetcher(max_bytes=1_000_000) as net:
        here.scripts["/x"] = script
        fetched = await net.fetch(here.url("/x"), route=PRIVATE)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.reason.isprintable()
    assert len(fetched.reason) <= 400
    assert (fetched.body, fetched.etag) == (b"", None)


SLOW = {
    "one byte, then none": (OK + b"Content-Length: 1000\r\n\r\na", b"", 60.0),
    "a byte now and then": (OK + b"Content-Length: 100000\r\n\r\n", b"a", 0.01),
    "a chunk now and then": (CHUNKED, b"1\r\na\r\n", 0.01),
    "a header now and then": (OK, b"X: y\r\n", 0.01),
    "a letter of a header now and then": (OK + b"X: ", b"y", 0.01),
    "not yet, for ever": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.001),
}


@pytest.mark.parametrize(("head", "piece", "pause"), SLOW.values(), ids=SLOW)
async def test_a_dripping_response_ends_at_the_total_timeout(head, piece, pause):
    async with site() as here, fetcher(read_timeout=3600.0, total_timeout=0.2) as net:
        here.scripts["/x"] = endless(head, piece, pause)
        async with asyncio.timeout(60):  # instead of an hour
            fetched = await net.fetch(here.url("/x"), route=PRIVATE)
    assert (fetched.outcome, fetched.reason) == (Outcome.ERROR, "timed out")


async def test_a_chain_of_ten_thousand_redirects_ends_after_five():
    async with site() as here, fetcher() as net:
        for n in range(10_000):
            here.scripts[f"/{n}"] = answer(status=302, headers={"Location": f"/{n + 1}"})
        fetched = await net.fetch(here.url("/0"), route=PRIVATE)
        assert (fetched.outcome, fetched.reason) == (Outcome.ERROR, "too many redirects")
        assert len(here.asked) == 6


async def test_the_redirects_of_a_page_share_one_timeout():
    async def onward(headers, writer):
        await asyncio.sleep(0.1)
        here.scripts["/" + "r" * len(here.asked)] = onward
        writer.write(answer(status=302, headers={"Location": "/" + "r" * len(here.asked)}))

    async with site() as here, fetcher(total_timeout=0.35, max_redirects=50) as net:
        here.scripts["/"] = onward
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
        assert (fetched.outcome, fetched.reason) == (Outcome.ERROR, "timed out")
        assert len(here.asked) < 6


async def test_of_a_long_refusal_little_is_read():
    async with site() as here, fetcher() as net:
        here.scripts["/"] = endless(b"HTTP/1.1 403 no\r\n\r\n", b"a" * 10_000)
        fetched = await net.fetch(here.url("/"), route=PRIVATE)
    assert (fetched.outcome, fetched.body) == (Outcome.BLOCKED, b"")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_never_fills_the_memory(encoding):
    bomb = gzip.compress(ZEROS) if encoding == "gzip" else zlib.compress(ZEROS)
    decompressor = Decompressor(encoding, limit=1_000_000, url="x")
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompressor.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_members_are_counted():
    decompressor = Decompressor("gzip", limit=10_000_000, url="x")
    with pytest.raises(DecodeError, match="members"):
        decompressor.feed(gzip.compress(b"") * 5_000)
