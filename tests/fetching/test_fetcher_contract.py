"""The contract of a fetcher, tested with the real one and the fake."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from loopback import PRIVATE, answer, site

from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.model.documents import KnownPage, Outcome, sha256_hex

NOW = datetime(2026, 2, 1, 8, tzinfo=UTC)
PAGE = "<html><body><p>今年，智能算力要达到90Eflops。</p></body></html>".encode()
CHALLENGE = b"<html><script>document.cookie='a=1';location.reload()</script></html>"
PAGES = {
    "/ok": FakePage(PAGE, headers={"content-type": "text/html", "etag": '"1"'}),
    "/transformed": FakePage(PAGE, 203),
    "/dated": FakePage(PAGE, headers={"last-modified": "Mon, 02 Feb 2026 00:00:00 GMT"}),
    "/strange": FakePage(PAGE, headers={"etag": '"Ã©"', "last-modified": "yesterday"}),
    "/gone": FakePage(b"x", 410),
    "/empty": FakePage(b""),
    "/challenge": FakePage(CHALLENGE),
    "/accepted": FakePage(CHALLENGE, 202),
    "/long-challenge": FakePage(b"<html><script>$_ts=" + b"a" * 60_000 + b"</script></html>"),
    "/long": FakePage(b"<html>$_ts" + PAGE * 300),
    "/403": FakePage(b"no", 403),
    "/405": FakePage(b"no", 405),
    "/412": FakePage(b"no", 412),
    "/429": FakePage(b"no", 429, {"retry-after": "120"}),
    "/503": FakePage(b"no", 503, {"retry-after": "Sun, 01 Feb 2026 08:01:00 GMT"}),
    "/521": FakePage(b"no", 521),
    "/500": FakePage(b"no", 500),
    "/401": FakePage(b"no", 401),
}


@asynccontextmanager
async def real():
    async with site() as here:

        def conditional(page):
            async def script(headers, writer):
                same = headers.get("if-none-match") == page.headers.get("etag", "-") or headers.get(
                    "if-modified-since"
                ) == page.headers.get("last-modified", "-")
                status, body = (304, b"") if same else (page.status, page.body)
                writer.write(answer(body, status, dict(page.headers)))

            return script

        here.scripts = {path: conditional(page) for path, page in PAGES.items()}
        async with HttpFetcher(FetcherSettings(min_delay=0), now=lambda: NOW) as fetcher:
            yield fetcher, here.url("")


@asynccontextmanager
async def fake():
    base = "http://127.0.0.1:8000"
    pages = {base + path: page for path, page in PAGES.items()}
    yield FakeFetcher(dict(pages), now=lambda: NOW), base


@pytest.fixture(params=[real, fake], ids=["real", "fake"])
async def world(request):
    async with request.param() as found:
        yield found


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/ok", Outcome.OK),
        ("/nowhere", Outcome.GONE),
        ("/gone", Outcome.GONE),
        ("/empty", Outcome.EMPTY),
        ("/challenge", Outcome.BLOCKED),
        ("/accepted", Outcome.BLOCKED),
        ("/long-challenge", Outcome.BLOCKED),
        ("/long", Outcome.OK),
        ("/403", Outcome.BLOCKED),
        ("/405", Outcome.BLOCKED),
        ("/412", Outcome.BLOCKED),
        ("/429", Outcome.BLOCKED),
        ("/503", Outcome.BLOCKED),
        ("/521", Outcome.BLOCKED),
        ("/500", Outcome.ERROR),
        ("/401", Outcome.BLOCKED),
    ],
)
async def test_every_response_is_an_outcome(world, path, outcome):
    fetcher, base = world
    fetched = await fetcher.fetch(base + path, route=PRIVATE)
    assert fetched.outcome is outcome
    assert fetched.url == fetched.final_url == base + path
    assert fetched.fetched_at == NOW
    assert bool(fetched.reason) is (outcome is not Outcome.OK)
    assert "\n" not in fetched.reason


async def test_a_healthy_page_has_body_type_and_validators(world):
    fetcher, base = world
    fetched = await fetcher.fetch(base + "/ok", route=PRIVATE)
    assert fetched.body == PAGE
    assert fetched.content_type == "text/html"
    assert fetched.etag == '"1"'
    assert fetched.status == 200


async def test_validators_save_the_body(world):
    fetcher, base = world
    same = await fetcher.fetch(base + "/ok", route=PRIVATE, known=KnownPage(etag='"1"'))
    assert (same.outcome, same.body, same.status) == (Outcome.NOT_MODIFIED, b"", 304)
    other = await fetcher.fetch(base + "/ok", route=PRIVATE, known=KnownPage(etag='"0"'))
    assert other.outcome is Outcome.OK
    dated = await fetcher.fetch(
        base + "/dated",
        route=PRIVATE,
        known=KnownPage(last_modified="Mon, 02 Feb 2026 00:00:00 GMT"),
    )
    assert dated.outcome is Outcome.NOT_MODIFIED


@pytest.mark.parametrize("path", ["/ok", "/transformed"])
async def test_a_page_of_the_same_bytes_is_known(world, path):
    fetcher, base = world
    known = await fetcher.fetch(
        base + path, route=PRIVATE, known=KnownPage(body_hash=sha256_hex(PAGE))
    )
    assert (known.outcome, known.body) == (Outcome.NOT_MODIFIED, b"")
    other = await fetcher.fetch(
        base + path, route=PRIVATE, known=KnownPage(body_hash=sha256_hex(b""))
    )
    assert (other.outcome, other.body) == (Outcome.OK, PAGE)


@pytest.mark.parametrize("path", ["/challenge", "/empty", "/500"])
async def test_what_is_no_page_is_not_known_whatever_its_bytes(world, path):
    fetcher, base = world
    body_hash = sha256_hex(PAGES[path].body)
    fetched = await fetcher.fetch(base + path, route=PRIVATE, known=KnownPage(body_hash=body_hash))
    assert fetched.outcome not in {Outcome.OK, Outcome.NOT_MODIFIED}


@pytest.mark.parametrize("stored", ['"Ã©"', '"a\x7f"', '"a\r\nHost: b"', '"' + "a" * 2_000 + '"'])
async def test_a_validator_that_no_header_can_carry_is_neither_kept_nor_sent(world, stored):
    fetcher, base = world
    for path in ("/ok", "/strange"):
        fetched = await fetcher.fetch(
            base + path, route=PRIVATE, known=KnownPage(etag=stored, last_modified="Ã")
        )
        assert fetched.outcome is Outcome.OK
        assert fetched.etag in {None, '"1"'}
        assert fetched.last_modified is None


async def test_a_refusal_keeps_its_evidence_and_no_validators(world):
    fetcher, base = world
    fetched = await fetcher.fetch(base + "/challenge", route=PRIVATE)
    assert fetched.body == CHALLENGE
    assert fetched.etag is None


@pytest.mark.parametrize(("path", "seconds"), [("/429", 120.0), ("/503", 60.0)])
async def test_retry_after_is_returned(world, path, seconds):
    fetcher, base = world
    assert (await fetcher.fetch(base + path, route=PRIVATE)).retry_after == seconds


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://a.com\\@127.0.0.1/",
        "http://user@example.com/",
        "http:///x",
        "",
    ],
)
async def test_a_refused_url_is_an_outcome_and_no_exception(world, url):
    fetcher, _ = world
    fetched = await fetcher.fetch(url)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.status is None
    assert fetched.reason
