"""Who may ask, how often, and what a browser may do with the answers.

The site is read-only and answers only under the names it was given (a page of another site cannot
read it by pointing a name of its own at this machine). Beyond loopback it wants a token, or a proxy
that has done so.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.http_limits import client_network
from monitor.rate_limiter import RateLimiter
from monitor.web.problems import is_api, problem

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# No script but the package's own, no style in attributes, nothing from elsewhere, in no frame.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


# Longer ones are no address of the site: a rule of 4 kB to try is the longest there is.
_MAX_PATH = 1_000
_MAX_QUERY = 32_000
_PORT = re.compile("[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: names and addresses that the site answers under, beside those of this machine.
        token: the password of all readers; None where anybody may read.
        user_header: the header in which a proxy names the user it has let in; empty for none.
        proxies: addresses from which this header is believed.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    user_header: str = ""
    proxies: frozenset[str] = frozenset({"127.0.0.1", "::1"})


@dataclass(slots=True)
class Guard:
    """An ASGI layer before the site: host, rate, access; and the headers of each answer."""

    app: ASGIApp
    access: Access
    limiter: RateLimiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to somebody who may not ask, or not now; None for a welcome one."""
        headers = Headers(scope=scope)
        if not is_known_host(_only(headers, "host"), self.access.hosts):
            return _refused(scope, "unknown host name: see web.hosts", 400)
        client = (scope.get("client") or ("", 0))[0]
        user = self._user(headers, client)
        # Behind a proxy all come from its address.
        wait = self.limiter.take((client_network(client), user))
        if wait:
            seconds = str(max(1, round(wait)))
            return _refused(scope, "too many requests", 429, {"retry-after": seconds})
        if len(scope["path"]) > _MAX_PATH or len(scope["query_string"]) > _MAX_QUERY:
            return _refused(scope, "the address is too long", 400)
        if not user and not self._has_token(headers):
            # Basic: browsers and feed readers ask for the password by themselves.
            challenge = 'Basic realm="policy monitor", charset="UTF-8"'
            return _refused(scope, "a token is needed", 401, {"www-authenticate": challenge})
        return None

    def _user(self, headers: Headers, client: str) -> str:
        """Whom a proxy has let in; empty for nobody, and where a stranger claims it."""
        name = self.access.user_header
        return _only(headers, name).strip() if name and client in self.access.proxies else ""

    def _has_token(self, headers: Headers) -> bool:
        token = self.access.token
        if token is None:
            return not self.access.user_header
        return any(
            hmac.compare_digest(one.encode(), token.encode())
            for one in _tokens(_only(headers, "authorization"))
        )


def _only(headers: Headers, name: str) -> str:
    """A header; empty where it is given twice: one may be a stranger's that a proxy passed on."""
    given = headers.getlist(name)
    return given[0] if len(given) == 1 else ""


def _refused(
    scope: Scope, line: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal in one line; as problem+json where programs ask."""
    if is_api(scope["path"]):
        return problem(status, line, headers=headers)
    return PlainTextResponse(line + "\n", status, headers)


def is_known_host(header: str, hosts: Collection[str]) -> bool:
    """Whether a ``Host`` header names this machine's loopback or one of ``hosts``; any port."""
    name = header.strip().lower()
    if not name.endswith("]"):
        before, _, port = name.rpartition(":")
        name = before if before and _PORT.fullmatch(port) else name
    name = name.removesuffix(".")
    # Settings name an IPv6 address as it is, a header has it in brackets.
    return name in LOOPBACK_NAMES or name in hosts or (name[:1] == "[" and name[1:-1] in hosts)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address that is listened on."""
    name = host.strip("[]")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _tokens(authorization: str) -> tuple[str, ...]:
    """What an ``Authorization`` header gives: a bearer token, or the password of Basic."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return (value.strip(),)
    if scheme.lower() != "basic":
        return ()
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ()
    return (decoded.partition(":")[2],)
