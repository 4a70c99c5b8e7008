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
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)

# Where the reader came from, not what is read: seen on the portals of 四川, 山东, 江西.
_NAVIGATION = frozenset(
    {"c1id", "c2id", "uid", "pagenum", "jsessionid", "spm", "from", "isappinstalled"}
)
_MARKETING = ("utm_",)


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
    """One form for one article: no session, no navigation state, plain host.

    ``address`` has been resolved. Scheme and path stay, since some portals answer on one scheme
    only and few paths mean the same in two spellings.
    """
    if _PLAIN.fullmatch(address):
        return address
    url = httpx.URL(_SESSION.sub("", address))
    if url.query:
        kept = [part for part in url.query.decode("ascii", "replace").split("&") if _names(part)]
        url = url.copy_with(query="&".join(kept).encode() or None)
    return str(url.copy_with(host=url.host.lower().rstrip(".")))


def _names(parameter: str) -> bool:
    """Whether a query parameter says which page is meant."""
    name = parameter.split("=", 1)[0].lower()
    return bool(parameter) and name not in _NAVIGATION and not name.startswith(_MARKETING)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are one but for ``www.``."""
    return one.lower().removeprefix("www.") == other.lower().removeprefix("www.")
