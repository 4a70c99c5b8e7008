"""The fault matrix: what a site does, and what a visit must make of it. Data, a case a line.

docs/reference/faults.md is made from this table; test_faults.py plays it.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fault_site import LIST, PAGE, Exchange, Serve, reset, response

from monitor.model.documents import Outcome

OK, BLOCKED, EMPTY = Outcome.OK, Outcome.BLOCKED, Outcome.EMPTY
SHRUNK, GONE, MOVED, ERROR = Outcome.SHRUNK, Outcome.GONE, Outcome.MOVED, Outcome.ERROR


class Way(StrEnum):
    """How the case's site is reached."""

    DIRECT = "direct"
    IMPATIENT = "impatient"  # with limits of a fraction of a second
    PROXY = "proxy"  # as a public site, through a proxy
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Case:
    """One fault: ``name`` is also the host's; ``reason`` a piece of the visit's reason.

    ``etag``: whether the healthy page has a validator. ``waits``: why the product does not do it
    yet.
    """

    name: str
    what: str
    serve: Serve
    outcome: Outcome
    reason: str = ""
    on: str = PAGE
    way: Way = Way.DIRECT
    etag: bool = True
    waits: str = ""


Make = Callable[[Exchange], bytes]


def answers(
    body: bytes | str | Make, status: int = 200, /, *, length: bool = True, **headers: str
) -> Serve:
    """Sends a whole answer; ``content_type=…`` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"ETag": '"fault"', **{name.title(): value for name, value in named.items()}}

    async def serve(exchange: Exchange) -> None:
        made = body(exchange) if callable(body) else body
        made = made.encode() if isinstance(made, str) else made
        await exchange.send(response(made, status, sent, length=length))

    return serve


def page(exchange: Exchange) -> bytes:
    return exchange.html


def status(code: int, **headers: str) -> Serve:
    return answers(f"<html><title>{code}</title><p>出错了</p></html>", code, **headers)


def raw(sent: bytes | Make) -> Serve:
    """Sends bytes as they are and closes."""

    async def serve(exchange: Exchange) -> None:
        await exchange.send(sent(exchange) if callable(sent) else sent)

    return serve


def redirects(code: int, to: str, others: Mapping[str, Serve] | None = None) -> Serve:
    """From the page or list to ``to``, where ``others`` answer, else the healthy page."""

    async def serve(exchange: Exchange) -> None:
        if others is not None and exchange.path in others:
            await others[exchange.path](exchange)
        elif exchange.path in {PAGE, LIST}:
            port = exchange.base.rpartition(":")[2]
            there = to.replace("{base}", exchange.base).replace("{port}", port)
            await exchange.send(response(b"", code, {"Location": there}))
        else:
            await exchange.send(response(exchange.html))

    return serve


async def goes_back(exchange: Exchange) -> None:
    await exchange.send(response(b"", 302, {"Location": PAGE}))


async def walks_on(exchange: Exchange) -> None:
    """Each address leads to another one, without end."""
    steps = exchange.path.count("x")
    await exchange.send(response(b"", 302, {"Location": f"/a{'x' * (steps + 1)}.html"}))


async def resets_at_once(exchange: Exchange) -> None:
    reset(exchange.writer)
    await asyncio.sleep(0)


async def resets_in_headers(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    reset(exchange.writer)


async def resets_in_body(exchange: Exchange) -> None:
    await exchange.send(response(exchange.html)[:-300])
    reset(exchange.writer)


async def says_nothing(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def drips_headers(exchange: Exchange) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
        await exchange.send(bytes([letter]))
        await asyncio.sleep(0.02)


async def drips_body(exchange: Exchange) -> None:
    await exchange.send(response(exchange.html)[: -len(exchange.html)])
    for letter in exchange.html:
        await exchange.send(bytes([letter]))
        await asyncio.sleep(0.02)


def half(exchange: Exchange) -> bytes:
    return exchange.html[: len(exchange.html) * 2 // 5]


def cut_in_a_word(exchange: Exchange) -> bytes:
    return exchange.html[: exchange.html.index("培育人工智能企业".encode()) + 10]


def swapped(old: str, new: str, charset: str = "utf-8") -> Make:
    """The healthy page with something else in one place, in another charset perhaps."""

    def make(exchange: Exchange) -> bytes:
        assert old in exchange.text, old
        return exchange.text.replace(old, new).encode(charset)

    return make


def meta(name: str, charset: str) -> Make:
    return swapped('<meta charset="utf-8">', f'<meta charset="{name}">' if name else "", charset)


def chunks(exchange: Exchange, *, whole: bool) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = len(exchange.html)
    return head + b"%x\r\n%s\r\n" % (size, exchange.html) + (b"0\r\n\r\n" if whole else b"")


def notice(title: str, words: str) -> str:
    head = f"<head><title>{title}</title></head>"
    return f"<html>{head}<body><h1>{title}</h1><p>{words}</p></body></html>"


def script(code: str) -> str:
    return f"<html><head><script>{code}</script></head><body></body></html>"


_CHALLENGES = {
    "acw": script("var arg1='4A3B';document.cookie='acw_sc__v2='+x;location.reload();"),
    "wzws": script("var wzwsvtime=1;document.cookie='wzws_cid=1';location.href='/x';"),
    "jsl": script("document.cookie='__jsl_clearance_s=1';location.href=location.pathname"),
    "ruishu": script("$_ts=window['$_ts'];if(!$_ts)$_ts={};$_ts.nsd=1;"),
    "plain": script("document.cookie='k=1';window.location.reload();"),
    "cf": script("window._cf_chl_opt={cvId:'3'};") + "<p>challenge-platform</p>",
}
_OTHER = "".join(
    f"<p>本届花卉博览会第{n}展区昨日开放，游客可凭身份证免费入园，{n}路公交直达北门广场。</p>"
    for n in range(30)
)
_HOME = "".join(f'<li><a href="/x/{n}.html">栏目{n}导航链接</a></li>' for n in range(300))
_NEXT = "/zwgk/202601/t20260120_9.html"
_DEEP = "<div>" * 6000

STATUSES = (
    Case("empty-200", "200 without a body", answers(b""), EMPTY, "without a body"),
    Case("empty-202", "202 without a body", answers(b"", 202), EMPTY, "without a body"),
    Case("page-202", "202 with a page", answers(page, 202), ERROR, "not ready"),
    Case("page-203", "203 with the page, from a transforming proxy", answers(page, 203), OK),
    Case("no-content-204", "204", raw(b"HTTP/1.1 204 X\r\n\r\n"), EMPTY, "HTTP 204"),
    Case("reset-content-205", "205", answers(b"", 205), EMPTY, "HTTP 205"),
    Case("part-206", "206, a part nobody asked for", answers(half, 206), ERROR, "HTTP 206"),
    Case("choices-300", "300", status(300), ERROR, "HTTP 300"),
    Case("nowhere-301", "301 without Location", status(301), ERROR, "HTTP 301"),
    Case("moved-301", "301 to a new address on the site", redirects(301, _NEXT), OK),
    Case("found-302", "302 to the whole address", redirects(302, "{base}" + _NEXT), OK),
    Case("other-303", "303", redirects(303, _NEXT), OK),
    Case("temporary-307", "307", redirects(307, "t20260120_9.html"), OK),
    Case("permanent-308", "308", redirects(308, _NEXT), OK),
    Case(
        "unasked-304",
        "304 to a request without validators",
        status(304),
        ERROR,
        "HTTP 304",
        etag=False,
    ),
    Case(
        "early-103",
        "103, then the page",
        raw(lambda x: b"HTTP/1.1 103 Early\r\nLink: </a.css>\r\n\r\n" + response(x.html)),
        OK,
    ),
    Case("bad-400", "400", status(400), ERROR, "HTTP 400"),
    Case("login-401", "401", status(401, www_authenticate="Basic"), BLOCKED, "log in"),
    Case("refused-403", "403", status(403), BLOCKED, "refuses us"),
    Case("gone-404", "404", status(404), GONE, "HTTP 404"),
    Case("firewall-405", "405, a cloud firewall", status(405), BLOCKED, "firewall"),
    Case("gone-410", "410", status(410), GONE, "HTTP 410"),
    Case("challenge-412", "412, a script challenge", status(412), BLOCKED, "script"),
    Case("teapot-418", "418, of a firewall", status(418), BLOCKED, "firewall"),
    Case("many-429", "429, Retry-After: 3600", status(429, retry_after="3600"), BLOCKED, "fewer"),
    Case(
        "many-429-date",
        "429, Retry-After: a day in the past",
        status(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        BLOCKED,
        "fewer",
    ),
    Case(
        "many-429-lie",
        "429, Retry-After that is no time",
        status(429, retry_after="-5; soon"),
        BLOCKED,
        "fewer",
    ),
    Case("legal-451", "451", status(451), BLOCKED, "legal"),
    Case("error-500", "500", status(500), ERROR, "HTTP 500"),
    Case("error-502", "502", status(502), ERROR, "HTTP 502"),
    Case("closed-503", "503, Retry-After: 120", status(503, retry_after="120"), BLOCKED, "closed"),
    Case("error-504", "504", status(504), ERROR, "HTTP 504"),
    Case("challenge-521", "521 加速乐", answers(_CHALLENGES["jsl"], 521), BLOCKED, "script"),
    Case("odd-600", "600, a status nobody defined", status(600), ERROR),
)

CHARSETS = (
    Case(
        "header-utf8-is-gbk",
        "header says utf-8, body is GBK",
        answers(meta("", "gbk"), content_type="text/html; charset=utf-8"),
        OK,
    ),
    Case(
        "header-gbk-is-utf8",
        "header says gbk, body is UTF-8",
        answers(page, content_type="text/html; charset=gbk"),
        OK,
    ),
    Case(
        "meta-gb2312-is-utf8",
        "meta says gb2312, body is UTF-8",
        answers(meta("gb2312", "utf-8"), content_type="text/html"),
        OK,
    ),
    Case(
        "meta-utf8-is-gb18030",
        "meta says utf-8, body is GB 18030",
        answers(meta("utf-8", "gb18030"), content_type="text/html"),
        OK,
    ),
    Case(
        "all-say-latin1",
        "header and meta say iso-8859-1",
        answers(meta("iso-8859-1", "utf-8"), content_type="text/html; charset=ISO-8859-1"),
        OK,
    ),
    Case(
        "nobody-says",
        "GBK, not declared",
        answers(meta("", "gb18030"), content_type="text/html"),
        OK,
    ),
    Case(
        "charset-unknown",
        "an unknown charset",
        answers(meta("x-klingon", "utf-8"), content_type="text/html; charset=x-klingon"),
        OK,
    ),
    Case(
        "bom-utf8",
        "UTF-8 with a mark, header says gbk",
        answers(lambda x: b"\xef\xbb\xbf" + x.html, content_type="text/html; charset=gbk"),
        OK,
    ),
    Case(
        "bom-utf16",
        "UTF-16 with a mark",
        answers(lambda x: x.text.encode("utf-16"), content_type="text/html"),
        OK,
    ),
    Case(
        "utf16-no-mark",
        "UTF-16 without a mark, said in the header",
        answers(lambda x: x.text.encode("utf-16-le"), content_type="text/html; charset=utf-16le"),
        OK,
    ),
    Case(
        "mixed",
        "UTF-8 with a footer in GBK",
        answers(lambda x: x.html.replace("主办单位".encode(), "主办单位".encode("gbk"))),
        OK,
    ),
    Case(
        "mojibake",
        "UTF-8 read as GBK and written again",
        answers(lambda x: x.html.decode("gbk", "ignore").encode()),
        EMPTY,
        "misread",
    ),
    Case(
        "mojibake-latin1",
        "UTF-8 read as latin-1 and written again",
        answers(lambda x: x.html.decode("latin-1").encode()),
        EMPTY,
        "misread",
    ),
    Case(
        "question-marks",
        "every Chinese character lost to ?",
        answers(lambda x: x.text.encode("ascii", "replace")),
        SHRUNK,
        "another text",
    ),
    Case(
        "two-halves-cut",
        "one byte of a character missing in the middle",
        answers(lambda x: x.html.replace("全省智能".encode(), "全省智能".encode()[1:])),
        SHRUNK,
        "broken",
    ),
)

BODIES = (
    Case(
        "length-too-long",
        "Content-Length larger than the body",
        raw(lambda x: response(x.html, headers={"Content-Length": str(len(x.html) + 50)})),
        ERROR,
    ),
    Case(
        "length-too-short",
        "Content-Length cuts the page in the middle",
        raw(lambda x: response(x.html, headers={"Content-Length": "900"})),
        ERROR,
        "cut short",
    ),
    Case(
        "chunks-cut",
        "chunked, the last chunk missing",
        raw(lambda x: chunks(x, whole=False)),
        ERROR,
    ),
    Case("chunks-well", "chunked, whole", raw(lambda x: chunks(x, whole=True)), OK),
    Case(
        "cut-silently",
        "no length, and closed after two fifths",
        answers(half, length=False),
        ERROR,
        "cut short",
    ),
    Case(
        "cut-silently-late",
        "no length, and closed shortly before the end",
        answers(cut_in_a_word, length=False),
        ERROR,
        "cut short",
    ),
    Case("no-length", "no length, and closed at the end", answers(page, length=False), OK),
    Case(
        "gzip-well", "gzip", answers(lambda x: gzip.compress(x.html), content_encoding="gzip"), OK
    ),
    Case(
        "gzip-cut",
        "gzip, cut short",
        answers(lambda x: gzip.compress(x.html)[:-40], content_encoding="gzip"),
        ERROR,
        "cut short",
    ),
    Case(
        "gzip-broken",
        "gzip with a broken middle",
        answers(lambda x: gzip.compress(x.html)[:200] + b"?" * 400, content_encoding="gzip"),
        ERROR,
        "packed",
    ),
    Case(
        "gzip-lie",
        "says gzip and is not",
        answers(page, content_encoding="gzip"),
        ERROR,
        "not packed as declared",
    ),
    Case(
        "gzip-unsaid",
        "gzip, not declared",
        answers(lambda x: gzip.compress(x.html)),
        EMPTY,
        "a packed file",
    ),
    Case(
        "gzip-bomb",
        "2 MB of gzip that unpack to 2 GB",
        answers(gzip.compress(b"0" * 2_000_000) * 1000, content_encoding="gzip"),
        ERROR,
        "more than",
    ),
    Case(
        "gzip-in-gzip",
        "gzip in gzip in gzip",
        answers(page, content_encoding="gzip, gzip, gzip"),
        ERROR,
        "not asked for",
    ),
    Case(
        "brotli-unasked",
        "br, which was not asked for",
        answers(page, content_encoding="br"),
        ERROR,
        "not asked for",
    ),
    Case(
        "encoding-unknown",
        "an encoding nobody knows",
        answers(page, content_encoding="x-secret"),
        ERROR,
        "not asked for",
    ),
    Case(
        "twenty-megabytes",
        "a page of 20 MB and a bit",
        answers(lambda x: x.html + b" " * 20_000_000),
        ERROR,
        "are more than",
    ),
    Case(
        "three-megabytes",
        "a page of 3 MB, most of it a comment",
        answers(lambda x: x.html.replace(b"<h1>", b"<!-- " + b"x" * 3_000_000 + b" --><h1>")),
        OK,
    ),
    Case(
        "endless",
        "a body without length and end",
        answers(lambda x: x.html + b"<p>0</p>" * 1_000_000, length=False),
        ERROR,
        "more than",
    ),
)

CONNECTIONS = (
    Case(
        "drip-headers",
        "headers that drip beyond the deadline",
        drips_headers,
        ERROR,
        "timed out",
        way=Way.IMPATIENT,
    ),
    Case(
        "drip-body",
        "a body that drips beyond the deadline",
        drips_body,
        ERROR,
        "timed out",
        way=Way.IMPATIENT,
    ),
    Case(
        "silence",
        "a request taken and never answered",
        says_nothing,
        ERROR,
        "timed out",
        way=Way.IMPATIENT,
    ),
    Case("closed", "closed without a word", raw(b""), ERROR),
    Case("reset", "reset at once", resets_at_once, ERROR),
    Case("reset-headers", "reset in the headers", resets_in_headers, ERROR),
    Case("reset-body", "reset in the body", resets_in_body, ERROR),
    Case("nobody-listens", "nobody listens", raw(b""), ERROR),
    Case("name-unknown", "the name does not resolve", raw(b""), ERROR, "does not resolve"),
    Case("no-http", "another protocol's greeting", raw(b"SSH-2.0-OpenSSH_9.6\r\n"), ERROR),
    Case("no-status", "a status line without a status", raw(b"HTTP/1.1 abc\r\n\r\n"), ERROR),
    Case(
        "huge-header",
        "a header of 300 kB",
        raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000 + b"\r\n\r\n"),
        ERROR,
    ),
    Case(
        "thousand-headers",
        "a thousand headers",
        raw(lambda x: response(x.html, headers={f"X-{n}": "a" * 40 for n in range(1000)})),
        OK,
    ),
    Case(
        "length-no-number",
        "Content-Length that is no number",
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc"),
        ERROR,
    ),
    Case(
        "two-lengths",
        "two lengths that contradict each other",
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nabcdefghi"),
        ERROR,
    ),
)

REDIRECTS = (
    Case(
        "circle",
        "a redirect in a circle",
        redirects(302, "/b.html", {"/b.html": goes_back}),
        ERROR,
        "circle",
    ),
    Case("itself", "a redirect to itself", redirects(302, PAGE), ERROR, "circle"),
    Case(
        "cookie-check",
        "a redirect to itself that sets a cookie",
        raw(
            f"HTTP/1.1 302 X\r\nLocation: {PAGE}\r\nSet-Cookie: seen=1\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        ),
        BLOCKED,
        "cookie",
    ),
    Case("chain", "redirects without end", walks_on, ERROR, "too many redirects"),
    Case("to-home", "a redirect to the home page", redirects(302, "/"), MOVED, "home page"),
    Case(
        "to-other-site",
        "a redirect to another site",
        redirects(301, "http://elsewhere.faults.test:{port}/zwgk/1.html"),
        MOVED,
        "another one",
    ),
    Case(
        "to-login",
        "a redirect to a login page",
        redirects(
            302,
            "/login.html",
            {"/login.html": answers(notice("统一登录", "请先登录后再访问，请输入用户名、密码。"))},
        ),
        BLOCKED,
        "notice instead",
    ),
    Case(
        "to-error-page",
        "a redirect to an error page that answers 200",
        redirects(
            302,
            "/404.html",
            {"/404.html": answers(notice("提示", "您访问的页面不存在或已被删除。"))},
        ),
        GONE,
        "soft 404",
    ),
    Case(
        "to-file",
        "a redirect to file:///etc/passwd",
        redirects(302, "file:///etc/passwd"),
        ERROR,
        "a redirect to",
    ),
    Case(
        "to-user",
        "a redirect to an address with a user name",
        redirects(302, "http://www.gov.cn@evil.test/"),
        ERROR,
        "a redirect to",
    ),
    Case(
        "to-metadata",
        "a redirect to 169.254.169.254",
        redirects(302, "http://169.254.169.254/latest/meta-data/"),
        ERROR,
        "private",
        way=Way.PROXY,
    ),
    Case(
        "to-loopback",
        "a redirect to 127.0.0.1",
        redirects(302, "http://127.0.0.1:8080/admin"),
        ERROR,
        "private",
        way=Way.PROXY,
    ),
    Case(
        "to-local-name",
        "a redirect to localhost",
        redirects(302, "http://localhost/"),
        ERROR,
        "local",
        way=Way.PROXY,
    ),
    Case(
        "https-to-http",
        "a redirect from https down to http",
        redirects(302, "http://https-to-http.faults.test/x.html"),
        ERROR,
        "https to http",
        way=Way.TLS,
    ),
)

FIREWALLS = (
    Case(
        "challenge-acw",
        "200: 阿里云 acw_sc__v2",
        answers(_CHALLENGES["acw"], set_cookie="acw_tc=1"),
        BLOCKED,
        "阿里云",
    ),
    Case("challenge-wzws", "200: 网防G01", answers(_CHALLENGES["wzws"]), BLOCKED, "网防G01"),
    Case("challenge-ruishu", "202: 瑞数", answers(_CHALLENGES["ruishu"], 202), BLOCKED, "瑞数"),
    Case("challenge-jsl", "200: 加速乐", answers(_CHALLENGES["jsl"]), BLOCKED, "加速乐"),
    Case("challenge-cf", "200: Cloudflare", answers(_CHALLENGES["cf"]), BLOCKED, "Cloudflare"),
    Case(
        "challenge-plain",
        "200: a script that sets a cookie and loads again",
        answers(_CHALLENGES["plain"]),
        BLOCKED,
        "sets a cookie",
    ),
    Case(
        "cookie-only",
        "200: an empty page with a cookie",
        answers("<html><head></head><body></body></html>", set_cookie="wzws_sessionid=1"),
        EMPTY,
        "no text",
    ),
    Case(
        "notice-often",
        "200: 访问过于频繁",
        answers(notice("提示", "您的访问过于频繁，请稍后再试。")),
        BLOCKED,
        "firewall's notice",
    ),
    Case(
        "notice-refused",
        "200: a firewall's refusal",
        answers(notice("Request Rejected", "The requested URL was rejected. 事件编号：1234567890")),
        BLOCKED,
        "firewall's notice",
    ),
    Case(
        "login-page",
        "200: a login page",
        answers(notice("统一身份认证", "您尚未登录，请先登录。请输入用户名、密码。")),
        BLOCKED,
        "notice instead",
    ),
    Case(
        "maintenance",
        "200: 系统维护",
        answers(notice("公告", "系统升级维护中，暂停服务，给您带来不便敬请谅解。")),
        BLOCKED,
        "notice instead",
    ),
    Case(
        "soft-404",
        "200: the page does not exist",
        answers(notice("提示", "很抱歉，您要访问的页面不存在，可能已被删除。")),
        GONE,
        "soft 404",
    ),
    Case(
        "soft-404-countdown",
        "200: back to the home page in five seconds",
        answers(notice("404", "页面找不到了，5秒后自动跳转首页。")),
        GONE,
        "soft 404",
    ),
)

PAGES = (
    Case(
        "layout",
        "another layout: the selectors find nothing",
        answers(swapped('class="article"', 'class="txt_con"')),
        OK,
    ),
    Case(
        "counter",
        "a counter and a clock",
        answers(swapped("发布时间", "浏览次数：1234567 次 今天是2030年1月1日 发布时间")),
        OK,
    ),
    Case(
        "redrawn",
        "the same words in other tags",
        answers(
            lambda x: x.text.replace("<p>", "<div><span>").replace("</p>", "</span></div>").encode()
        ),
        OK,
    ),
    Case(
        "shrunk",
        "most of the text is missing",
        answers(
            lambda x: (
                x.text.split("<p>由")[0]
                + "<p>由省教育厅限时巡查学校若干处，敬请期待全文。</p></div>"
            ).encode()
        ),
        SHRUNK,
        "shrank",
    ),
    Case(
        "other-article",
        "another article under the address",
        answers(
            swapped('<div class="article">', f'<div class="article">{_OTHER}</div><div class="x">')
        ),
        SHRUNK,
        "another text",
    ),
    Case(
        "home-page",
        "200: the home page instead",
        answers(notice("某省人民政府", "欢迎您") + f"<ul>{_HOME}</ul>"),
        EMPTY,
        "no text",
    ),
    Case(
        "frameset",
        "only a frameset",
        answers("<html><frameset><frame src='/a.html'></frameset></html>"),
        EMPTY,
        "only leads",
    ),
    Case(
        "script-stub",
        "a script that leads to another one",
        answers("<html><script>var there = '/b.html'; location.href = there;</script></html>"),
        EMPTY,
        "only leads",
    ),
    Case(
        "script-app",
        "an application whose scripts fetch the text",
        answers("<html><title>某省</title><div id=app></div><script src=/app.js></script></html>"),
        EMPTY,
        "no text",
    ),
    Case(
        "hidden-text",
        "text that its readers do not see",
        answers(
            swapped(
                '<div class="article">',
                '<div class="article"><p hidden>到2030年建成智能算力中心900个。</p>',
            )
        ),
        OK,
    ),
    Case(
        "remarks",
        "remarks of readers below the text",
        answers(
            swapped(
                "</body>",
                "<div><h3>网友评论</h3><p>老王</p><p>到2030年要建成智算中心900个，我支持。</p></div></body>",
            )
        ),
        OK,
    ),
    Case(
        "meta-refresh",
        "a meta refresh that leads to another one",
        answers('<html><meta http-equiv="refresh" content="0;url=/b.html"></html>'),
        EMPTY,
        "only leads",
    ),
    Case(
        "script-shell",
        "an empty shell that a script fills",
        answers('<html><body><div id="app"></div><script src="/app.js"></script></body></html>'),
        EMPTY,
        "no text",
    ),
    Case(
        "json-error",
        "an error in JSON with status 200",
        answers(
            '{"code":404,"msg":"resource not found","data":null}', content_type="application/json"
        ),
        EMPTY,
        "resource not found",
    ),
    Case(
        "pdf", "a broken PDF under .html", answers(b"%PDF-1.7\n\x00\x01\x02 nothing"), EMPTY, "PDF"
    ),
    Case(
        "picture",
        "a picture under .html",
        answers(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
        EMPTY,
        "a picture",
    ),
    Case(
        "office",
        "an office file under .html",
        answers(b"PK\x03\x04" + bytes(range(256)) * 40),
        EMPTY,
        "office",
    ),
    Case(
        "noise",
        "bytes that are nothing",
        answers(bytes((n * 7919 + n // 251) % 256 for n in range(20_000))),
        EMPTY,
    ),
    Case(
        "null-bytes",
        "a null byte here and there",
        answers(lambda x: x.html.replace(b"<p>", b"<p>\x00", 3)),
        OK,
    ),
    Case("null-page", "a page of null bytes", answers(b"\x00" * 9000), EMPTY, "no text"),
    Case(
        "deep",
        "6,000 elements in one another",
        answers(swapped('<div class="article">', _DEEP + '<div class="article">')),
        EMPTY,
        "nested",
    ),
    Case(
        "formatting",
        "50,000 unclosed formatting elements",
        answers(swapped("<h1>", "<b><i>" * 25_000 + "<p>" * 1000 + "<h1>")),
        EMPTY,
        "not parsed",
    ),
    Case(
        "no-end",
        "unclosed paragraphs, and no end of the page",
        answers(lambda x: x.text.replace("</p>", "").replace("</body></html>", "").encode()),
        OK,
    ),
    Case(
        "bad-dates",
        "invalid dates: 2026-13-45",
        answers(swapped("2026-01-20", "2026-13-45")),
        OK,
    ),
    Case(
        "far-dates",
        "a date in 2099, another in 1900",
        answers(swapped("2026-01-20", "2099-12-31 1900-01-01")),
        OK,
    ),
    Case(
        "skew-future",
        "Date and Last-Modified years ahead",
        answers(
            page,
            date="Sun, 01 Jan 2040 00:00:00 GMT",
            last_modified="Sun, 01 Jan 2040 00:00:00 GMT",
            etag="",
        ),
        OK,
    ),
    Case(
        "etag-beyond-ascii",
        "ETag beyond ASCII",
        answers(page, etag='"\xe9\xe8"'),
        OK,
    ),
    Case(
        "skew-past",
        "Date of 1970, Last-Modified that is no date",
        answers(page, date="Thu, 01 Jan 1970 00:00:00 GMT", last_modified="yesterday", etag=""),
        OK,
    ),
)

LISTS = (
    Case("list-gone", "list: 404", status(404), GONE, "HTTP 404", on=LIST),
    Case("list-challenge", "list: 412", status(412), BLOCKED, "script", on=LIST),
    Case(
        "list-challenge-200",
        "list: a challenge with status 200",
        answers(_CHALLENGES["wzws"]),
        BLOCKED,
        "网防G01",
        on=LIST,
    ),
    Case("list-empty", "list: 200 without a body", answers(b""), EMPTY, "without a body", on=LIST),
    Case("list-reset", "list: reset in the body", resets_in_body, ERROR, on=LIST),
    Case(
        "list-home",
        "list: a redirect to the home page",
        redirects(302, "/"),
        MOVED,
        "home page",
        on=LIST,
    ),
    Case(
        "list-no-links",
        "list: a page without a link",
        answers(notice("政务公开", "本栏目正在建设，内容将陆续上线。")),
        EMPTY,
        "no article",
        on=LIST,
    ),
    Case(
        "list-new-layout",
        "list: links, and none like an article's",
        answers("<ul><li><a href='/new/detail?id=1'>工作安排</a></li></ul>"),
        EMPTY,
        "no article",
        on=LIST,
    ),
    Case(
        "list-soft-404",
        "list: a soft 404",
        answers(notice("提示", "您访问的页面不存在或已被删除。")),
        GONE,
        "soft 404",
        on=LIST,
    ),
    Case(
        "list-login",
        "list: a login page",
        answers(notice("统一登录", "请先登录后再访问。")),
        BLOCKED,
        "notice instead",
        on=LIST,
    ),
    Case(
        "list-broken-json",
        "list: JSON cut short",
        answers('[{"TITLE":"工作安排","URL":"/zwgk/2026', content_type="application/json"),
        EMPTY,
        "no article",
        on=LIST,
    ),
    Case(
        "list-deep",
        "list: 6,000 elements in one another",
        answers(lambda x: _DEEP.encode() + x.html),
        EMPTY,
        "no article",
        on=LIST,
    ),
    Case(
        "list-10000",
        "list: 10,000 links",
        answers(
            lambda x: x.text.replace(
                "<ul>",
                "<ul>"
                + "".join(
                    f'<li><a href="/zwgk/202601/t20260101_{n}.html">第{n}件</a></li>'
                    for n in range(100, 10_100)
                ),
            ).encode()
        ),
        OK,
        on=LIST,
    ),
    Case(
        "list-charset",
        "list: GBK said to be UTF-8",
        answers(meta("utf-8", "gbk"), content_type="text/html; charset=utf-8"),
        OK,
        on=LIST,
    ),
    Case(
        "list-bad-dates",
        "list: invalid dates",
        answers(swapped("2026-01-20", "2026-02-31 0000-00-00")),
        OK,
        on=LIST,
    ),
    Case(
        "list-base",
        "list: a base that leads elsewhere",
        answers(swapped("<head>", '<head><base href="http://evil.test/">')),
        OK,
        on=LIST,
    ),
)

GROUPS: dict[str, tuple[Case, ...]] = {
    "Status": STATUSES,
    "Charset": CHARSETS,
    "Body on its way": BODIES,
    "Connection and headers": CONNECTIONS,
    "Redirects": REDIRECTS,
    "Firewalls and notices": FIREWALLS,
    "What the page holds": PAGES,
    "Lists": LISTS,
}
CASES: tuple[Case, ...] = tuple(case for group in GROUPS.values() for case in group)


def faults_table() -> str:
    """The matrix as Markdown, for docs/reference/faults.md."""
    lines = [f"{len(CASES)} cases, each played by `tests/faults`."]
    for title, cases in GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| the site | outcome | the reason says |",
            "|---|---|---|",
        ]
        lines += [f"| {case.what} | {_outcome(case)} | {case.reason or '–'} |" for case in cases]
    return "\n".join(lines)


def _outcome(case: Case) -> str:
    return f"`{case.outcome.value}`" + (f" (not yet: {case.waits})" if case.waits else "")
