"""Addresses found on pages: resolved, checked and brought to one form.

One parser (httpx's) reads an address, and what it read is what is connected to, so that no two
parsers can disagree about the host.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin

import httpx

from monitor.errors import RefusedAddress

MAX_LENGTH = 2_000
_BAD = re.compile(r"[\\\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u3000\ufeff\ufffd]")
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9](?:[a-z0-9-]{0,62})\.?|\[[0-9a-f:.]+\]"
)
# What needs no look: no query, no parameters, no port, no host that ends in a dot.
_PLAIN = re.compile(r"https?://[a-z0-9.-]{1,253}[a-z0-9]/[^?;#]*")
_SESSION = re.compile(
    r";(?:jsessionid|phpsessid|aspsessionid\w*|sid|session)=[^/?#;]*", re.IGNORECASE
)

# Where the reader came from, not what is read: seen on the portal of 四川; marks of advertising.
_NAVIGATION = frozenset(
    {
        "c1id",
        "c2id",
        "pagenum",
        "from",
        "spm",
        "isappinstalled",
        "jsessionid",
        "phpsessid",
        "gclid",
        "fbclid",
    }
    | {"hmsr", "hmpl", "hmcu", "hmkw", "hmci", "bd_vid", "wxfrom", "share_token"}
)
_MARKETING = ("utm_", "aspsessionid")
# Elsewhere these name the article (view.php?uid=5): they go only where something else does.
_AMBIGUOUS = frozenset({"uid"})
_TOKENS = frozenset({"sid", "session", "sessionid", "session_id"})
_TOKEN = re.compile(r"(?=[^&]*\d)[0-9A-Za-z_-]{16,}")
_NAMING = re.compile(r"\d{4,}|[0-9a-f]{16,}")
_ARTICLE_ID = re.compile(r"(?:a|article_?|doc_?|info_?|news_?|content_?)?id=.", re.IGNORECASE)
_INDEX = re.compile(
    r"/(?:index|default)\.(?:s?html?|php|jsp|aspx?|do)$|/(?:index|default)$", re.IGNORECASE
)
_SLASHES = re.compile(r"/{2,}")


@lru_cache(maxsize=4096)
def parse(address: str) -> httpx.URL:
    """The one reading of an address that is used from here to the connection.

    Raises:
        RefusedAddress: it is not http or https, or its host cannot be trusted to mean one thing
            (backslash, user name, control character, odd letters).
    """
    if len(address) > MAX_LENGTH:
        raise RefusedAddress("the address is too long", url=address[:80] + "…")
    if _BAD.search(address):
        raise RefusedAddress("the address has a character no address has", url=ascii(address))
    try:
        url = httpx.URL(address)
        host = url.raw_host.decode("ascii").lower()
        port = url.port
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise RefusedAddress("this is no address", url=address) from None
    if url.scheme not in {"http", "https"}:
        raise RefusedAddress("only http and https are fetched", url=address)
    if url.userinfo:
        raise RefusedAddress("the address has a user name in it", url=address)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    if not host or len(host) > 253 or _HOST.fullmatch(host) is None or not _is_port(port):
        raise RefusedAddress("the address has no plain host", url=address)
    return url


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port < 65_536


def resolve(base: str, reference: str) -> str | None:
    """The absolute form of a reference on the page ``base``, or None if it leads nowhere we go.

    The fragment goes: it never reaches a server. Nothing else is changed.
    """
    reference = reference.strip(" \t\r\n\u3000\xa0")
    if not reference or reference.startswith("#") or len(reference) > MAX_LENGTH:
        return None
    try:
        url = parse(urljoin(base, reference).split("#", 1)[0])
    except (RefusedAddress, ValueError):
        return None
    return str(url)


def canonical(address: str) -> str:
    """The address to ask for: no session, no navigation state, plain host.

    ``address`` has been resolved. Scheme and path stay, since some portals answer on one scheme
    only. Whether two addresses are one article is told by ``identity``.
    """
    if _PLAIN.fullmatch(address):
        return address
    url = httpx.URL(_SESSION.sub("", address))
    if url.query:
        kept = _meant(url.path, url.query.decode("ascii", "replace").split("&"))
        url = url.copy_with(query="&".join(kept).encode() or None)
    return str(url.copy_with(host=url.host.lower().rstrip(".")))


def identity(address: str) -> str:
    """What stands for all addresses of one article, to compare with and never to ask for.

    http and https, a leading ``www.``, the names of index pages, slashes at the end or twice and
    the order of a query make no other article. Anything else does: merging two articles would
    lose one, visiting one twice only costs a visit.
    """
    if _PLAIN.fullmatch(address):
        host, _, path = address.partition("://")[2].partition("/")
        return f"{host.removeprefix('www.')}{_plain_path('/' + path)}"
    url = httpx.URL(canonical(address))
    host = url.host.lower().rstrip(".").removeprefix("www.")
    port = "" if url.port is None else f":{url.port}"
    raw = url.raw_path.decode("ascii", "replace").partition("?")[0]
    query = "&".join(sorted(url.query.decode("ascii", "replace").split("&")))
    return f"{host}{port}{_plain_path(raw)}" + (f"?{query}" if query else "")


def _plain_path(path: str) -> str:
    return _INDEX.sub("/", _SLASHES.sub("/", path)).rstrip("/")


def _meant(path: str, parameters: list[str]) -> list[str]:
    """The query parameters that say which page is meant."""
    sure = [part for part in parameters if part and not _leads_here(part)]
    plain = [part for part in sure if not _is_ambiguous(part)]
    # The column page of 大汉 takes uid and pageNum, and so does nothing that is an article there.
    named = _NAMING.search(path.rpartition("/")[2]) or path.startswith("/col/col")
    named = named or any(_ARTICLE_ID.match(part) or _NAMING.search(part) for part in plain)
    return plain if named else sure


def _leads_here(parameter: str) -> bool:
    name = parameter.split("=", 1)[0].lower()
    return name in _NAVIGATION or name.startswith(_MARKETING)


def _is_ambiguous(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    return name in _AMBIGUOUS or (name in _TOKENS and _TOKEN.fullmatch(value) is not None)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are one but for ``www.``."""
    return one.lower().removeprefix("www.") == other.lower().removeprefix("www.")
