"""Cookie checks: a cookie that is set while a page is fetched goes back once, to its own host."""

import httpx
import pytest
from loopback import PRIVATE, Clock, answer, fetcher, site

from monitor.documents.block_pages import reload_cookies
from monitor.documents.page_fingerprint import page_fingerprint
from monitor.fetching.cookies import SessionCookies
from monitor.model.documents import KnownPage, Outcome, sha256_hex

PAGE = "<html><body><p>今年，智能算力要达到90Eflops。</p></body></html>".encode()
RELOADS = b"<html><script>document.cookie='seen=1; path=/';location.reload();</script></html>"
CHECKS = {
    "redirect": answer(status=302, headers={"Location": "/x", "Set-Cookie": "seen=1; Path=/"}),
    "script": answer(RELOADS),
    "server and script": answer(
        b"<script>location.href=location.href</script>", headers={"Set-Cookie": "seen=1"}
    ),
    "refresh": answer(
        b"<meta http-equiv=refresh content='0'>", headers={"Set-Cookie": "seen=1; HttpOnly"}
    ),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("is_served", [True, False])
async def test_a_cookie_check_is_answered_once(check, is_served):
    async def script(headers, writer):
        writer.write(answer(PAGE) if is_served and headers.get("cookie") == "seen=1" else check)

    clock = Clock()
    async with site() as here, fetcher(clock=clock) as net:
        here.scripts["/x"] = script
        fetched = await net.fetch(here.url("/x"), route=PRIVATE)
        # What a check was answered with serves for the next pages of a visit, ten minutes long.
        await net.fetch(here.url("/y"), route=PRIVATE)
        clock.at += 601
        await net.fetch(here.url("/y"), route=PRIVATE)
    assert (fetched.outcome is Outcome.OK and fetched.body == PAGE) is is_served
    assert [headers.get("cookie") for _, headers in here.asked] == [
        None,
        "seen=1",
        "seen=1" if is_served else None,
        None,
    ]
    assert "cookie" not in fetched.sent | fetched.headers


@pytest.mark.parametrize("is_by_text", [True, False])
async def test_a_check_before_an_unchanged_page_is_answered_once_too(is_by_text):
    text = "全市新增三座智算中心\n明年再建两座超算中心"
    page = f"<html><body><pre>{text}</pre></body></html>".encode()
    fingerprint = page_fingerprint(page, text, "utf-8") if is_by_text else None
    assert fingerprint or not is_by_text
    known = KnownPage(body_hash=sha256_hex(page), fingerprint=fingerprint)

    async def script(headers, writer):
        is_answered = headers.get("cookie") == "seen=1"
        writer.write(answer(page) if is_answered else CHECKS["redirect"])

    async with site() as here, fetcher() as net:
        here.scripts["/x"] = script
        for _ in range(2):
            fetched = await net.fetch(here.url("/x"), route=PRIVATE, known=known)
            assert fetched.outcome is Outcome.NOT_MODIFIED
    assert [headers.get("cookie") for _, headers in here.asked] == [None, "seen=1", "seen=1"]


def test_a_cookie_goes_back_to_its_own_host_and_path_only():
    cookies = SessionCookies()
    here = httpx.URL("http://a.example/x/1.html")
    assert cookies.record(
        here, ["n=1; Path=/x", "s=2; Secure", "b\r\nad=3", "q=a,b", "e=; Max-Age=0"]
    )
    assert not cookies.record(here, ["n=1; Path=/x"])
    assert cookies.header(here) == {"Cookie": "n=1"}
    assert cookies.header(httpx.URL("https://a.example/y")) == {"Cookie": "s=2"}
    assert cookies.header(httpx.URL("http://b.example/x/")) == {}


def test_only_a_small_page_that_loads_itself_again_is_a_check():
    assert reload_cookies(RELOADS) == ("seen=1; path=/",)
    assert reload_cookies(RELOADS + b" " * 10_000) is None
    assert reload_cookies(b"<script>document.cookie='a=1'</script>") is None
    assert reload_cookies(b"<script>location.href='/other.html'</script>") is None
