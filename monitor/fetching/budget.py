"""The limits of the network, and what a request has left of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

USER_AGENT = "policy-monitor/0 (reads public government pages; set contact in the settings)"


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """Limits of the network.

    Times in seconds, sizes in bytes of the unpacked body. ``pause`` lies between the starts of
    two requests to one host; it grows when the host is slow or strained, up to ``longest_pause``.
    ``total`` is what one page may take with its redirects and tries, waiting for the host's turn
    not counted. ``tries`` is how often a passing fault is met, ``retry_pause`` what lies between
    the first two. A host that asks to be left alone for longer than ``patience`` is not waited
    for. ``proxy`` is http, https or socks5; behind it names are resolved by the proxy, which then
    has to keep out of private networks itself. ``ca_file`` is trusted instead of the usual
    authorities.
    """

    user_agent: str = USER_AGENT
    connect: float = 15.0
    read: float = 30.0
    total: float = 90.0
    max_bytes: int = 8 * 1024 * 1024
    max_redirects: int = 5
    tries: int = 3
    retry_pause: float = 1.0
    per_host: int = 1
    pause: float = 1.0
    longest_pause: float = 60.0
    patience: float = 30.0
    proxy: str | None = field(default=None, repr=False)
    http2: bool = True
    ca_file: str | None = None
    headers: Mapping[str, str] = field(
        default_factory=lambda: {
            "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
        }
    )


@dataclass(slots=True)
class Effort:
    """``left`` are seconds of a page's deadline, ``tries`` those of its last hop."""

    left: float
    tries: int = 0
