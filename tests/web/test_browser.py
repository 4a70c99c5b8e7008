"""The site in a browser, as a person goes through it: each page, both languages, two widths.

One browser serves all of this file. Screenshots are kept in the folder MONITOR_SCREENSHOTS, or in
build/screenshots.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from demo_history import DemoHistory
from sqlalchemy import text

from monitor.storage.engine import Database

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

SCREENSHOTS = Path(
    os.environ.get("MONITOR_SCREENSHOTS")
    or Path(__file__).resolve().parents[2] / "build" / "screenshots"
)
WIDTHS = {"phone": 390, "desktop": 1280}
MAX_FIRST_PAGE_BYTES = 150_000

# One of each kind that the demo's history has.
IDS = {
    "change": "SELECT max(id) FROM change WHERE kind = 'strengthened'",
}
PAGES = {
    "timeline": "/",
    "timeline-filtered": "/?region=贵州省&kind=strengthened&since=2026-01-01",
    "timeline-nothing": "/?words=没有这样的话",
    "wrong-address": "/?kind=strenghtened",
    "no-such-page": "/nowhere",
}
STATUS = {"wrong-address": 400, "no-such-page": 404}


@dataclass
class Reader:
    """Somebody in front of the browser, and what went wrong behind what they see."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._request)
        self.page.set_default_timeout(10_000)

    def _console(self, message: ConsoleMessage) -> None:
        # Content that the policy refuses is an error too.
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def choose(self, *, language: Literal["zh", "en"], theme: str, width: int) -> None:
        """What the choices at the top of each page keep in cookies."""
        self.page.context.add_cookies(
            [
                {"name": name, "value": value, "url": self.url}
                for name, value in (("language", language), ("theme", theme))
            ]
        )
        self.page.set_viewport_size({"width": width, "height": 900})

    def open(self, address: str, *, status: int = 200) -> Page:
        answer = self.page.goto(self.url + address)
        assert answer is not None
        assert answer.status == status
        if status != 200:
            # Chromium reports the page itself as a resource that could not be loaded.
            self.errors = [one for one in self.errors if f"status of {status}" not in one]
        return self.page

    def address(self) -> str:
        """Path and query of what is shown."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def keep_picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def visit(browser: Browser, site_url: str) -> Iterator[Callable[..., Reader]]:
    """Opens a browser window without cookies: a new reader."""
    contexts = []

    def new(**options: object) -> Reader:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        return Reader(context.new_page(), site_url)

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def window(visit: Callable[..., Reader]) -> Reader:
    """One window for the tests that look at pages and keep nothing."""
    return visit(locale="zh-CN")


@pytest.fixture
def reader(window: Reader) -> Iterator[Reader]:
    """Somebody who reads Chinese at a desktop; at the end nothing may have gone wrong."""
    window.page.context.clear_cookies()
    window.choose(language="zh", theme="light", width=WIDTHS["desktop"])
    window.errors.clear()
    window.outside.clear()
    yield window
    assert window.errors == []
    assert window.outside == []


@pytest.fixture(scope="module")
def ids(demo_history: DemoHistory) -> dict[str, object]:
    """Ids of the demo's history that stand in addresses."""
    database = Database(demo_history.settings.database)
    with database.read() as session:
        found = {name: session.scalar(text(query)) for name, query in IDS.items()}
    database.close()
    return found


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or critical on a page, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    response = Axe().run(page).response
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in response["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_in_both_languages_at_both_widths(
    name: str, reader: Reader, ids: dict[str, object]
) -> None:
    address, status = PAGES[name].format(**ids), STATUS.get(name, 200)
    headings = set()
    for width, theme in (("desktop", "light"), ("phone", "dark")):
        for language in ("en", "zh"):
            reader.choose(language=language, theme=theme, width=WIDTHS[width])
            page = reader.open(address, status=status)
            assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
            assert page.locator("h1").count() == 1
            headings.add(page.locator("h1").inner_text())
            assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
            reader.keep_picture(f"{name}-{width}-{language}-{theme}")
        # The last language stands for both: colours and labels are the same elements.
        assert serious(page) == []
    assert len(headings) == 2 or name in SAME_HEADING


# Headings that are a name or a sentence of a source.
SAME_HEADING: frozenset[str] = frozenset()


def test_the_timeline_is_filtered_as_a_form(reader: Reader) -> None:
    page = reader.open("/")
    page.fill("#region", "贵州")
    page.select_option("#kind", "weakened")
    page.click(".filter button")
    assert "region=%E8%B4%B5%E5%B7%9E" in reader.address()
    assert page.input_value("#region") == "贵州省"
    kinds = page.locator(".entry .kind").all_inner_texts()
    assert len(kinds) == 2
    assert all("减码" in kind for kind in kinds)
    assert page.locator(".entry del", has_text="120").count() == 1
    page.click(".filter .buttons a")
    assert reader.address() == "/"


def test_keys_go_through_the_timeline(reader: Reader) -> None:
    page = reader.open("/")
    focused = "document.activeElement.closest('.entry')?.id"
    order = [entry.get_attribute("id") for entry in page.locator(".entry").all()[:3]]
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == order[at]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "words"
    page.keyboard.type("jk")
    assert page.input_value("#words") == "jk"


def test_language_and_colours_are_chosen_and_stay(reader: Reader) -> None:
    page = reader.open("/?region=贵州省&kind=weakened")
    before = reader.address()
    page.click("text=English")
    assert reader.address() == before
    assert page.get_attribute("html", "lang") == "en"
    page.click("text=Dark")
    assert reader.address() == before
    assert page.get_attribute("html", "data-theme") == "dark"
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.click("text=Light")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark


def test_a_first_visit_marks_nothing(reader: Reader) -> None:
    page = reader.open("/")
    assert page.locator(".entry.is-new").count() == 0


def test_what_came_since_the_last_visit_is_marked(reader: Reader) -> None:
    page = reader.open("/")
    third = int((page.locator(".entry").nth(2).get_attribute("id") or "")[1:])
    last_week = 1_770_000_000
    page.context.add_cookies(
        [{"name": "seen", "value": f".{third}.{last_week}", "url": reader.url}]
    )
    for _ in ("the visit", "a page of the same visit"):
        page.reload()
        assert page.locator(".entry.is-new").count() == 2
        assert "2" in page.locator(".news").inner_text()


def test_the_first_page_is_light(visit: Callable[..., Reader]) -> None:
    reader = visit()
    session = reader.page.context.new_cdp_session(reader.page)
    session.send("Network.enable")
    weights: list[float] = []
    session.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    reader.open("/")
    reader.page.wait_for_load_state("networkidle")
    assert len(weights) >= 4
    assert sum(weights) < MAX_FIRST_PAGE_BYTES


def test_without_javascript_all_is_there(visit: Callable[..., Reader]) -> None:
    reader = visit(java_script_enabled=False, locale="en-GB")
    page = reader.open("/")
    assert page.locator("h1").inner_text() == "What changed"
    page.fill("#words", "算力")
    page.click(".filter button")
    assert re.search("words=", reader.address())
    assert page.locator(".entry").count() > 3


def test_print_leaves_the_text(reader: Reader) -> None:
    page = reader.open("/")
    page.emulate_media(media="print")
    try:
        assert page.locator(".entry").first.is_visible()
        for gone in ("nav", ".filter", ".choices"):
            assert not page.locator(gone).first.is_visible()
    finally:
        page.emulate_media(media="screen")
