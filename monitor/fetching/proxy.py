"""The proxy of a source or of the whole crawl. Its credentials stay secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import httpcore
import httpx

from monitor.errors import UserError
from monitor.secret_mask import SecretMask

DIRECT = "direct"
"""The proxy value of a source that uses none although the crawl has one."""

_SOCKS = ("socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The URL of a proxy, and user name and password if it needs them."""

    url: httpcore.URL
    auth: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS5 rather than HTTP."""
        return self.url.scheme.decode() in _SOCKS

    @property
    def encrypted(self) -> bool:
        """Whether the proxy itself is reached over TLS."""
        return self.url.scheme == b"https"


@lru_cache(maxsize=256)
def parse_proxy(address: str) -> Proxy:
    """Parse the URL of a proxy.

    Raises:
        UserError: it is no URL of a proxy; it is not repeated, because it may hold a password.
    """
    try:
        proxy = httpx.Proxy(address)
        if not proxy.url.host or "%" in proxy.url.host:
            raise ValueError("no host")  # noqa: TRY301 - handled like the errors of the library
        url = httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        )
    except (ValueError, TypeError, httpx.InvalidURL):
        raise UserError(
            "crawl.proxy is no address of a proxy",
            hint="write http://, https:// or socks5://, a host and a port",
        ) from None
    return Proxy(url, proxy.raw_auth)


def without_secrets(text: str, proxy: Proxy | None) -> str:
    """The text with the proxy's credentials masked."""
    if proxy is None or proxy.auth is None:
        return text
    return SecretMask.of_credentials(*proxy.auth)(text)
