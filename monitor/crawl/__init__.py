"""The one door to the network for pages, and what list pages lead to."""

from monitor.crawl.address import canonical, identity, resolve, same_site
from monitor.crawl.discover import Discovery, discover
from monitor.crawl.epaper import issue_day
from monitor.crawl.fetch import Fetcher, HttpFetcher
from monitor.crawl.guess import Guess, guess_body, guess_list, suggest_pattern
from monitor.crawl.limits import FetcherSettings
from monitor.crawl.post import Poster
from monitor.crawl.robots import RobotsCopy, RobotsMemory
from monitor.crawl.testing import FakeFetcher, FakePage

__all__ = [
    "Discovery",
    "FakeFetcher",
    "FakePage",
    "Fetcher",
    "FetcherSettings",
    "Guess",
    "HttpFetcher",
    "Poster",
    "RobotsCopy",
    "RobotsMemory",
    "canonical",
    "discover",
    "guess_body",
    "guess_list",
    "identity",
    "issue_day",
    "resolve",
    "same_site",
    "suggest_pattern",
]
