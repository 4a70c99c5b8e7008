"""The settings of the fetcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

USER_AGENT = "policy-monitor/0 (reads public government pages; set contact in the settings)"


@dataclass(frozen=True, slots=True)
class FetcherSettings:
    """Limits of all requests: times in seconds, sizes in bytes of the decompressed body.

    ``min_delay`` lies between the starts of two requests to one host; the delay grows up to
    ``max_delay`` when the host is slow or overloaded. ``total_timeout`` limits one page with its
    redirects and attempts, without the wait for a slot of the host. ``max_attempts`` limits the
    requests for one address while its fault is transient, ``retry_delay`` is the mean time
    before the second. A host that is paused for longer than ``max_wait`` is not waited for.
    ``proxy`` is http, https or socks5; the proxy resolves names and has to refuse private
    networks itself. ``ca_file`` is trusted instead of the usual authorities.
    """

    user_agent: str = USER_AGENT
    connect_timeout: float = 15.0
    read_timeout: float = 30.0
    total_timeout: float = 90.0
    max_bytes: int = 8 * 1024 * 1024
    max_redirects: int = 5
    max_attempts: int = 3
    retry_delay: float = 1.0
    per_host: int = 1
    min_delay: float = 1.0
    max_delay: float = 60.0
    max_wait: float = 30.0
    proxy: str | None = field(default=None, repr=False)
    http2: bool = True
    ca_file: str | None = None
    headers: Mapping[str, str] = field(
        default_factory=lambda: {
            "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
        }
    )
