"""The one door to the network for pages, and what list pages lead to."""

from monitor.crawl.address import canonical, resolve
from monitor.crawl.discover import Discovery, discover
from monitor.crawl.fetch import Fetcher, HttpFetcher
from monitor.crawl.limits import FetcherSettings
from monitor.crawl.robots import RobotsCopy, RobotsMemory
from monitor.crawl.testing import FakeFetcher, FakePage

__all__ = [
    "Discovery",
    "FakeFetcher",
    "FakePage",
    "Fetcher",
    "FetcherSettings",
    "HttpFetcher",
    "RobotsCopy",
    "RobotsMemory",
    "canonical",
    "discover",
    "resolve",
]
