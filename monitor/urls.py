"""URLs found on pages: resolved, checked and normalised.

One parser (that of httpx) reads a URL, and its result is what the fetcher connects to, so that
no two parsers can disagree about the host.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, lru_cache
from urllib.parse import urljoin

import httpx

from monitor.errors import RefusedAddress

MAX_LENGTH = 2_000
_USUAL_PORTS = (None, 80, 443)


@cache
def _bad_character_pattern() -> re.Pattern[str]:
    return re.compile(r"[\\\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u3000\ufeff\ufffd]")


@cache
def _line_break_pattern() -> re.Pattern[str]:
    # A browser drops the line breaks of an address, and the spaces that indent its next line.
    return re.compile(r"[\r\n][ \t\r\n]*|\t")


@cache
def _host_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9](?:[a-z0-9-]{0,62})\.?|\[[0-9a-f:.]+\]"
    )


@cache
def _simple_url_pattern() -> re.Pattern[str]:
    # Nothing to normalise: no query, no parameters, no port, no host that ends in a dot.
    return re.compile(r"https?://[a-z0-9.-]{1,253}[a-z0-9]/[^?;#]*")


@cache
def _session_pattern() -> re.Pattern[str]:
    return re.compile(
        r";(?:jsessionid|phpsessid|aspsessionid\w*|sid|session)=[^/?#;]*", re.IGNORECASE
    )


# Parameters of navigation (seen on the portal of 四川) and of advertising.
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
# On some sites these name the article (view.php?uid=5): they are dropped only if another part
# of the URL names it.
_AMBIGUOUS = frozenset({"uid"})
_TOKENS = frozenset({"sid", "session", "sessionid", "session_id"})


@cache
def _token_pattern() -> re.Pattern[str]:
    return re.compile(r"(?=[^&]*\d)[0-9A-Za-z_-]{16,}")


@cache
def _article_number_pattern() -> re.Pattern[str]:
    return re.compile(r"\d{4,}|[0-9a-f]{16,}")


@cache
def _article_id_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:a|article_?|doc_?|info_?|news_?|content_?)?id=.", re.IGNORECASE)


@cache
def _index_pattern() -> re.Pattern[str]:
    return re.compile(
        r"/(?:index|default)\.(?:s?html?|php|jsp|aspx?|do)$|/(?:index|default)$", re.IGNORECASE
    )


@cache
def _slashes_pattern() -> re.Pattern[str]:
    return re.compile(r"/{2,}")


@lru_cache(maxsize=1024)
def parse_url(address: str) -> httpx.URL:
    """Parse a URL; the fetcher connects to what this returns.

    Raises:
        RefusedAddress: it is not http or https, or its host is ambiguous (backslash, user name,
            control character, unusual letters).
    """
    if len(address) > MAX_LENGTH:
        raise RefusedAddress("the address is too long", url=address[:80] + "…")
    if _bad_character_pattern().search(address):
        raise RefusedAddress("the address has a character no address has", url=ascii(address))
    try:
        url = httpx.URL(address)
        host = url.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise RefusedAddress("this is no address", url=address) from None
    if url.scheme not in {"http", "https"}:
        raise RefusedAddress("only http and https are fetched", url=address)
    if url.userinfo:
        raise RefusedAddress("the address has a user name in it", url=address)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    if not host or len(host) > 253 or _host_pattern().fullmatch(host) is None:
        raise RefusedAddress("the address has no plain host", url=address)
    if not _is_port(url.port):
        raise RefusedAddress("the port is not from 1 to 65535", url=address)
    # As it is sent, Chinese letters take nine characters each; PostgreSQL indexes no such address.
    if not address.isascii() and len(str(url)) > MAX_LENGTH:
        raise RefusedAddress("the address is too long", url=address[:80] + "…")
    return url


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port < 65_536


def resolve_url(base: str, reference: str) -> str | None:
    """The absolute URL of a reference on the page ``base``, or None if it is no usable http URL.

    The fragment is dropped, because no server receives it. Nothing else is changed.
    """
    reference = _line_break_pattern().sub("", reference).strip(" \f\u3000\xa0'\"")
    if "\\" in reference or " " in reference:
        reference = _as_browsers_read(reference)
    if not reference or reference.startswith("#") or len(reference) > MAX_LENGTH:
        return None
    try:
        url = parse_url(urljoin(base, reference).split("#", 1)[0])
    except (RefusedAddress, ValueError):
        return None
    return str(url)


def _as_browsers_read(reference: str) -> str:
    """A reference with slashes for backslashes before its query, and its spaces encoded.

    A backslash in the host stays: parsers disagree about it, so that it is refused.
    """
    address, mark, rest = reference.partition("?")
    if not address.replace("\\", "/").startswith("//") and "://" not in address:
        address = address.replace("\\", "/")
    return f"{address}{mark}{rest}".replace(" ", "%20")


def canonical_url(address: str) -> str:
    """The URL to request: without session, without navigation state, with a plain host.

    ``address`` is absolute. Scheme and path stay, since some portals answer on one scheme
    only. ``url_identity`` tells whether two URLs are one article.
    """
    if _simple_url_pattern().fullmatch(address):
        return address
    url = httpx.URL(_session_pattern().sub("", address))
    if url.query:
        kept = _identifying_parameters(url.path, url.query.decode("ascii", "replace").split("&"))
        url = url.copy_with(query="&".join(kept).encode() or None)
    return str(url.copy_with(host=url.host.lower().rstrip(".")))


def url_identity(address: str) -> str:
    """A key that all URLs of one article share, for comparison only, never to request.

    Scheme, a leading ``www.``, names of index pages, doubled and trailing slashes and the order
    of a query are ignored. Any other difference makes another article: merging two articles
    would lose one, visiting one twice costs a visit.
    """
    if _simple_url_pattern().fullmatch(address):
        host, _, path = address.partition("://")[2].partition("/")
        return f"{host.removeprefix('www.')}{_normalized_path('/' + path)}"
    url = httpx.URL(canonical_url(address))
    host = url.host.lower().rstrip(".").removeprefix("www.")
    port = "" if url.port is None else f":{url.port}"
    raw = url.raw_path.decode("ascii", "replace").partition("?")[0]
    query = "&".join(sorted(url.query.decode("ascii", "replace").split("&")))
    return f"{host}{port}{_normalized_path(raw)}" + (f"?{query}" if query else "")


def _normalized_path(path: str) -> str:
    return _index_pattern().sub("/", _slashes_pattern().sub("/", path)).rstrip("/")


def _identifying_parameters(path: str, parameters: list[str]) -> list[str]:
    """The query parameters that identify the page."""
    sure = [part for part in parameters if part and not _is_navigation(part)]
    plain = [part for part in sure if not _is_ambiguous(part)]
    # On 大汉 sites uid and pageNum occur on column pages, never on articles.
    named = _article_number_pattern().search(path.rpartition("/")[2]) or path.startswith("/col/col")
    named = named or any(
        _article_id_pattern().match(part) or _article_number_pattern().search(part)
        for part in plain
    )
    return plain if named else sure


def _is_navigation(parameter: str) -> bool:
    name = parameter.split("=", 1)[0].lower()
    return name in _NAVIGATION or name.startswith(_MARKETING)


def _is_ambiguous(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    return name in _AMBIGUOUS or (name in _TOKENS and _token_pattern().fullmatch(value) is not None)


def is_within(url: str, base: str, hosts: Collection[str]) -> bool:
    """Whether a link or redirect stays where its source leads: on its site, or at named hosts.

    Args:
        url: the target.
        base: the page it is found on.
        hosts: further hosts, as ``host`` or ``host:port``.
    """
    target, page = httpx.URL(url), httpx.URL(base)
    named = f"{target.host}:{target.port}" in hosts
    if not named and target.port not in {*_USUAL_PORTS, page.port}:
        return False
    return named or target.host in hosts or same_site(target.host, page.host)


def is_named_port(url: str, base: str, hosts: Collection[str]) -> bool:
    """Whether a port is a usual one, that of the page a link is found on, or named with its host.

    Otherwise a page could make us try the ports of any host. See ``is_within`` for the arguments.
    """
    target = httpx.URL(url)
    return (
        target.port in _USUAL_PORTS
        or target.port == httpx.URL(base).port
        or f"{target.host}:{target.port}" in hosts
    )


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are equal apart from ``www.``."""
    return one.lower().removeprefix("www.") == other.lower().removeprefix("www.")
