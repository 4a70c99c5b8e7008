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
    "statement": "SELECT after_id FROM change WHERE kind = 'strengthened' ORDER BY id DESC LIMIT 1",
    "snapshot": "SELECT snapshot_id FROM statement WHERE label = 'commitment' LIMIT 1",
    "document": "SELECT id FROM document WHERE kind = 'report' ORDER BY id LIMIT 1",
    "source": "SELECT min(id) FROM source",
}
PAGES = {
    "timeline": "/",
    "timeline-filtered": "/?region=贵州省&kind=strengthened&since=2026-01-01",
    "timeline-nothing": "/?words=没有这样的话",
    "change": "/changes/{change}",
    "commitment": "/commitments/{statement}",
    "document": "/documents/{document}",
    "snapshot": "/snapshots/{snapshot}?start=20&end=60",
    "map": "/map?show=strengthened&year=2026",
    "region": "/regions/贵州省",
    "metrics": "/metrics?metric=算力",
    "reports": "/reports?region=贵州省&year=2026",
    "fulfilment": "/fulfilment",
    "fulfilment-cell": "/fulfilment?region=贵州省&year=2025",
    "sources": "/sources",
    "source": "/sources/{source}",
    "rules": "/rules",
    "downloads": "/downloads",
    "api": "/api",
    "wrong-address": "/?kind=strengthen",
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
    with database.read() as connection:
        found = {name: connection.scalar(text(query)) for name, query in IDS.items()}
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
    # English on the phone: its words are the long ones.
    for language, width, theme in (("zh", "desktop", "light"), ("en", "phone", "dark")):
        reader.choose(language=language, theme=theme, width=WIDTHS[width])
        page = reader.open(address, status=status)
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
        assert page.locator("h1").count() == 1
        headings.add(page.locator("h1").inner_text())
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        reader.keep_picture(f"{name}-{width}-{language}-{theme}")
        assert serious(page) == []
    assert len(headings) == 2 or name in SAME_HEADING


# Headings that are a name or a sentence of a source.
SAME_HEADING = frozenset(
    {"change", "commitment", "document", "snapshot", "region", "source", "api"}
)


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


def test_from_the_map_to_the_sentence_in_the_original(reader: Reader) -> None:
    """Which provinces raised computing targets, and where is that written?"""
    page = reader.open("/map?show=metric&metric=算力&year=2026")
    page.locator(".tile", has_text="贵州").click()
    assert page.locator("h1").inner_text() == "贵州省"
    page.locator("td.number a", has_text="19万P").first.click()
    assert page.locator(".full").inner_text().count("190") == 1
    page.locator(".history a").first.click()
    assert reader.address().startswith("/changes/")
    page.go_back()
    page.click("text=在原文中查看")
    assert reader.address().startswith("/snapshots/")
    assert "190" in page.locator("mark").first.inner_text()


def test_the_map_follows_its_slider(reader: Reader) -> None:
    page = reader.open("/map?show=commitments&year=2026")
    with page.expect_response(lambda answer: "year=2025" in answer.url):
        page.locator("#year").fill("2025")
    page.locator("#result h2", has_text="2025").wait_for()
    assert "year=2025" in reader.address()


def test_a_point_shows_its_sentence(reader: Reader) -> None:
    page = reader.open("/metrics?metric=算力&region=贵州")
    page.locator(".series a").last.click()
    page.locator("#sentence a").first.wait_for()
    assert reader.address().startswith("/metrics")
    assert "算力" in page.locator("#sentence").inner_text()


def test_what_a_province_no_longer_promises(reader: Reader) -> None:
    page = reader.open("/reports?region=贵州")
    page.locator(".counts a", has_text="不再提").click()
    gone = page.locator(".row")
    assert gone.count() >= 1
    assert gone.first.locator(".side").nth(1).inner_text().count("今年没有再提") == 1
    assert gone.first.get_attribute("class") == "row kind-dropped is-unsure"


def test_which_targets_of_last_year_were_met(reader: Reader) -> None:
    page = reader.open("/fulfilment")
    assert "160 Eflops" in page.locator("table").first.inner_text()
    page.locator("td a[href*='region='][href*='year=2025']").first.click()
    assert "year=2025" in reader.address()
    assert page.locator("h1").count() == 1


def test_a_rule_is_tried_before_it_is_saved(reader: Reader) -> None:
    page = reader.open("/rules")
    box = page.locator("textarea").first
    box.fill("- id: mine\n  name: mine\n  regions: [贵州]\n  kinds: [strengthened]\n")
    box.locator("xpath=ancestor::form").locator("button[type=submit]").click()
    page.locator("text=190").first.wait_for()
    box.fill("- id: mine\n  name: mine\n  regions: [贵洲]\n")
    box.locator("xpath=ancestor::form").locator("button[type=submit]").click()
    page.locator("text=/是不是 贵州/").first.wait_for()
    reader.errors = [one for one in reader.errors if "status of 400" not in one]


def test_more_of_the_timeline_is_put_under_it(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.timeline.PAGE", 10)
    page = reader.open("/")
    assert page.locator(".entry").count() == 10
    page.keyboard.press("m")
    page.locator(".entry").nth(15).wait_for()
    assert reader.address() == "/"
    numbers = [entry.get_attribute("id") for entry in page.locator(".entry").all()]
    assert len(numbers) == len(set(numbers)) == 20
