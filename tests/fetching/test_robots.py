"""robots.txt (RFC 9309) is fetched by the fetcher, remembered for a day, obeyed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hostile_inputs import ROBOTS, ROBOTS_SIZE
from loopback import PAGE_TIME, PRIVATE, Clock, answer, fetcher, site

from monitor.fetching.robots import RobotsCopy, parse_robots, robots_file
from monitor.model.documents import Outcome

PAGE = b"<p>words</p>"
FORBIDS = b"User-agent: *\nDisallow: /secret/\nAllow: /secret/open.html\n"
DAY = 86_400
ME = "policy-monitor"


def here_is(here, robots, *paths):
    here.scripts["/robots.txt"] = robots
    for path in paths or ("/a.html", "/secret/b.html", "/secret/open.html"):
        here.scripts[path] = answer(PAGE)


async def outcomes(net, here, *paths, route=PRIVATE):
    return [(await net.fetch(here.url(path), route=route)).outcome for path in paths]


async def test_a_forbidden_page_is_blocked_without_a_request():
    async with site() as here, fetcher() as net:
        here_is(here, answer(FORBIDS))
        refused = await net.fetch(here.url("/secret/b.html"), route=PRIVATE)
        assert refused.outcome is Outcome.BLOCKED
        assert refused.reason == "robots.txt does not allow /secret/b.html"
        assert (refused.status, refused.body) == (None, b"")
        allowed = await outcomes(net, here, "/a.html", "/secret/open.html")
        assert allowed == [Outcome.OK, Outcome.OK]
        assert [path for path, _ in here.asked] == ["/a.html", "/secret/open.html"]


async def test_robots_txt_is_requested_once_a_day_and_origin():
    clock = Clock()
    async with site() as here, fetcher(clock, user_agent="policy-monitor/1 (+a)") as net:
        here_is(here, answer(FORBIDS))
        await asyncio.gather(*(outcomes(net, here, "/a.html", "/a.html") for _ in range(3)))
        assert len(here.robots_asked) == 1
        assert here.robots_asked[0][1]["user-agent"] == "policy-monitor/1 (+a)"
        clock.at += DAY + 1
        await outcomes(net, here, "/a.html")
        assert len(here.robots_asked) == 2


async def test_an_exempt_source_does_not_request_robots_txt():
    async with site() as here, fetcher() as net:
        here_is(here, answer(FORBIDS))
        route = replace(PRIVATE, robots=False)
        assert await outcomes(net, here, "/secret/b.html", route=route) == [Outcome.OK]
        assert here.robots_asked == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 412, 451])
async def test_a_site_that_has_none_for_us_allows_everything(status):
    async with site() as here, fetcher() as net:
        here_is(here, answer(FORBIDS, status))
        assert await outcomes(net, here, "/secret/b.html") == [Outcome.OK]


@pytest.mark.parametrize(
    ("status", "wait"), [(429, None), (500, None), (502, None), (503, 20), (521, None)]
)
async def test_a_server_error_blocks_for_the_moment(status, wait):
    clock = Clock()
    headers = {} if wait is None else {"Retry-After": str(wait)}
    async with site() as here, fetcher(clock) as net:
        here_is(here, answer(b"", status, headers))
        refused = await net.fetch(here.url("/a.html"), route=PRIVATE)
        assert refused.outcome is Outcome.BLOCKED
        assert f"robots.txt answers HTTP {status}" in refused.reason
        assert refused.retry_after == 300.0
        assert here.asked == []
        here_is(here, answer(FORBIDS))
        clock.at += 301
        assert await outcomes(net, here, "/a.html", "/secret/b.html") == [
            Outcome.OK,
            Outcome.BLOCKED,
        ]


async def test_an_unreachable_site_is_an_error_not_a_block():
    async with site() as here:
        url = here.url("/a.html")
    async with fetcher() as net:
        fetched = await net.fetch(url, route=PRIVATE)
    assert fetched.outcome is Outcome.ERROR
    assert fetched.reason.startswith("robots.txt cannot be had: ")


@pytest.mark.parametrize("trouble", [answer(b"", 500), b""], ids=["500", "silence"])
async def test_the_latest_copy_is_used_while_the_file_cannot_be_fetched(trouble):
    clock = Clock()
    async with site() as here, fetcher(clock) as net:
        here_is(here, answer(FORBIDS))
        await outcomes(net, here, "/a.html")
        here_is(here, trouble)
        clock.at += DAY + 1
        assert await outcomes(net, here, "/a.html", "/secret/b.html") == [
            Outcome.OK,
            Outcome.BLOCKED,
        ]


class Memory:
    """Copies that outlive a fetcher."""

    def __init__(self):
        self.copies = {}

    def load(self, origin):
        return self.copies.get(origin)

    def save(self, origin, copy):
        self.copies[origin] = copy


@pytest.mark.parametrize("body", [FORBIDS, None])
async def test_a_copy_of_an_earlier_process_is_fresh_for_the_rest_of_its_day(body):
    memory = Memory()
    async with site() as here:
        here_is(here, answer(b"no", 404) if body is None else answer(body))
        outcome = Outcome.OK if body is None else Outcome.BLOCKED
        for asked in (1, 1):
            async with fetcher(robots=memory) as net:
                assert await outcomes(net, here, "/secret/b.html") == [outcome]
            assert len(here.robots_asked) == asked
        (kept,) = memory.copies.values()
        assert kept.text == (body and body.decode())
        memory.copies = {
            origin: replace(copy, read_at=copy.read_at - timedelta(hours=23))
            for origin, copy in memory.copies.items()
        }
        clock = Clock()
        async with fetcher(clock, robots=memory) as net:
            await outcomes(net, here, "/a.html")
            assert len(here.robots_asked) == 1
            clock.at += 3_601
            await outcomes(net, here, "/a.html")
            assert len(here.robots_asked) == 2


async def test_an_old_copy_of_an_earlier_process_is_used_while_the_file_cannot_be_fetched():
    async with site() as here:
        here_is(here, answer(b"", 500))
        memory = Memory()
        memory.save(here.url(""), RobotsCopy(FORBIDS.decode(), PAGE_TIME - timedelta(days=9)))
        async with fetcher(robots=memory) as net:
            assert await outcomes(net, here, "/a.html", "/secret/b.html") == [
                Outcome.OK,
                Outcome.BLOCKED,
            ]
        assert len(here.robots_asked) == 1


async def test_a_copy_from_the_future_is_not_believed_to_be_fresh():
    async with site() as here:
        here_is(here, answer(FORBIDS))
        memory = Memory()
        memory.save(here.url(""), RobotsCopy(None, PAGE_TIME + timedelta(days=9)))
        async with fetcher(robots=memory) as net:
            assert await outcomes(net, here, "/secret/b.html") == [Outcome.BLOCKED]


async def test_redirects_are_followed_to_another_host_too():
    async with site() as here, fetcher() as net:
        away = here.url("/r1", "localhost")
        here_is(here, answer(status=301, headers={"Location": away}))
        for n in range(1, 5):
            here.scripts[f"/r{n}"] = answer(status=302, headers={"Location": f"/r{n + 1}"})
        here.scripts["/r5"] = answer(FORBIDS)
        assert await outcomes(net, here, "/secret/b.html") == [Outcome.BLOCKED]


@pytest.mark.parametrize("where", ["/robots.txt", "/r", "javascript:1"])
async def test_redirects_without_end_lead_to_no_file(where):
    async with site() as here, fetcher() as net:
        here_is(here, answer(status=302, headers={"Location": where}))
        for n in range(9):
            here.scripts["/r" * (n + 1)] = answer(status=302, headers={"Location": "/r" * (n + 2)})
        assert await outcomes(net, here, "/secret/b.html") == [Outcome.OK]
        assert len(here.asked) <= 6


async def test_a_redirect_to_a_private_host_is_not_followed():
    async with (
        site() as here,
        site() as proxy,
        fetcher(proxy=f"http://127.0.0.1:{proxy.port}") as net,
    ):
        proxy.scripts["http://www.example.com/robots.txt"] = answer(
            status=302, headers={"Location": here.url("/robots.txt")}
        )
        fetched = await net.fetch("http://www.example.com/a.html")
        assert fetched.outcome is Outcome.ERROR
        assert "private" in fetched.reason
        assert here.robots_asked == []


async def test_half_a_megabyte_of_it_is_read():
    long = FORBIDS + b"#" * 600 * 1024 + b"\nUser-agent: *\nDisallow: /a.html\n"
    async with site() as here, fetcher() as net:
        here_is(here, answer(long))
        assert await outcomes(net, here, "/a.html", "/secret/b.html") == [
            Outcome.OK,
            Outcome.BLOCKED,
        ]


@pytest.mark.parametrize(("wanted", "seconds"), [("7", 7.0), ("0.5", 2.0), ("86400", 30.0)])
async def test_a_crawl_delay_raises_the_delay_up_to_a_limit(wanted, seconds):
    clock = Clock()
    async with site() as here, fetcher(clock, min_delay=2.0) as net:
        here_is(here, answer(f"User-agent: *\nCrawl-delay: {wanted}\n".encode()))
        await outcomes(net, here, "/a.html", "/a.html")
    assert clock.slept == [seconds, seconds]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", False),
        ("user-agent:*\ndisallow:/x", False),
        ("User-agent: policy-monitor\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Policy-Monitor/1.0\nDisallow:", True),
        ("User-agent: Baiduspider\nDisallow: /", True),
        ("User-agent: policy\nDisallow: /", True),
        ("User-agent: Baiduspider\nUser-agent: *\nDisallow: /x", False),
        ("User-agent: *\nDisallow: /*.html$", False),
        ("User-agent: *\nDisallow: /x\nAllow: /x/y", True),
        ("User-agent: *\nDisallow: /x?id=", True),
        ("User-agent: *\nDisallow: /%E7", True),
        ("User-agent: *\nDisallow:", True),
        ("Disallow: /", True),
        ("<!DOCTYPE html><html><title>首页</title></html>", True),
        ("", True),
    ],
)
def test_rules_are_parsed_as_in_the_rfc(text, allowed):
    rules = parse_robots(text, ME)
    assert (rules is None or rules.can_fetch("https://a.gov.cn/x/y.html", ME)) is allowed


@pytest.mark.parametrize("text", ROBOTS.values(), ids=ROBOTS)
def test_a_hostile_file_is_read_or_refused(text):
    rules = parse_robots(text(ROBOTS_SIZE)[: 500 * 1024], ME)
    if rules is not None:
        assert rules.can_fetch("https://a.gov.cn/" + "a" * 1_900, ME) in {True, False}


def test_binary_files_are_no_error():
    file = robots_file(200, "User-agent: *\nDisallow: /政务".encode("gb18030") + b"\xff")
    assert file.text is not None
    assert parse_robots(file.text, ME) is not None
