"""The crawl's settings in the words of the fetcher."""

from __future__ import annotations

from monitor import __version__
from monitor.crawl import FetcherSettings
from monitor.settings import Settings


def fetcher_settings(settings: Settings) -> FetcherSettings:
    """Limits, pace and name under which pages are fetched."""
    crawl = settings.crawl
    return FetcherSettings(
        user_agent=f"policy-monitor/{__version__} (+{crawl.contact})",
        read=crawl.timeout,
        total=crawl.deadline,
        tries=crawl.tries,
        max_bytes=crawl.max_bytes,
        per_host=crawl.per_host,
        pause=crawl.pace,
        proxy=crawl.proxy,
        ca_file=None if crawl.ca_file is None else str(crawl.ca_file),
    )
