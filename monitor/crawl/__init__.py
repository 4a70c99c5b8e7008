"""The one door to the network for pages, and what list pages lead to."""

from monitor.crawl.address import canonical, identity, resolve
from monitor.crawl.discover import Discovery, discover
from monitor.crawl.epaper import issue_day
from monitor.crawl.fetch import Fetcher, FetcherSettings, HttpFetcher
from monitor.crawl.testing import FakeFetcher, FakePage

__all__ = [
    "Discovery",
    "FakeFetcher",
    "FakePage",
    "Fetcher",
    "FetcherSettings",
    "HttpFetcher",
    "canonical",
    "discover",
    "identity",
    "issue_day",
    "resolve",
]
