"""Days that rows write without a year or by their distance from today. Invented pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitor.discovery.list_pages import discover_any
from monitor.discovery.row_days import complete_days, loose_day
from monitor.model.documents import Fetched, Outcome

NOW = datetime(2026, 2, 1, 3, tzinfo=UTC)


def days(body, url="https://www.example.gov.cn/xw/index.html"):
    found = discover_any(Fetched(url, url, Outcome.OK, 200, NOW, body.encode(), "text/html"))
    return [one.published for one in found.links]


def rows(*written, first=1):
    return "".join(
        f"<li><span>{day}</span><a href=/xw/{n}0{n}.html>第{n}批算力项目在临江市开工</a></li>"
        for n, day in enumerate(written, first)
    )


def test_the_heading_of_a_year_completes_the_days_under_it():
    newer, older = rows("01-20", "01-10", "01-05"), rows("12-30", "03-15", "02-01", first=4)
    page = f"<div><h3>2026年</h3><ul>{newer}</ul><h3>2023年</h3><ul>{older}</ul></div>"
    assert days(page) == [
        *(date(2026, 1, day) for day in (20, 10, 5)),
        date(2023, 12, 30),
        date(2023, 3, 15),
        date(2023, 2, 1),
    ]


def test_a_menu_of_years_is_no_heading():
    page = f"<p><b>2024</b> <b>2023</b> <b>2022</b></p><ul>{rows('01-20', '01-10', '12-30')}</ul>"
    assert days(page) == [date(2026, 1, 20), date(2026, 1, 10), date(2025, 12, 30)]


def test_relative_days_count_from_the_visit_in_china():
    page = f"<ul>{rows('5分钟前', '12小时前', '昨天 18:00', '3天前', '[01-20]')}</ul>"
    assert [day.day if day else None for day in days(page)] == [1, 31, 31, 29, 20]


@pytest.mark.parametrize(
    "written", [("01-20", "01-22", "01-18", "01-25"), ("01-18", "01-25", "01-17", "01-20")]
)
def test_days_without_a_year_that_rise_and_fall_are_of_several_years(written):
    assert days(f"<ul>{rows(*written)}</ul>") == [None] * 4


def test_a_further_page_of_a_list_may_be_years_old():
    page = f"<ul>{rows('01-20', '01-10', '01-05')}</ul>"
    assert days(page, "https://www.example.gov.cn/xw/index_9.html") == [None] * 3


def test_a_title_with_an_earlier_year_gives_its_day_no_later_one():
    assert complete_days([("01-20", "2023年政府工作报告")], NOW, True) == [None]


@pytest.mark.parametrize(
    "text", ["昨天，记者从省发展改革委获悉", "比分10-12落后", "版本 3-15", "共12条", "10-12岁"]
)
def test_prose_is_no_day(text):
    assert loose_day(text) == ""


def test_days_in_english_are_read():
    page = "".join(
        f"<li><a href=/en/c_{n}00.html>Compute plan number {n}</a><i>{day}</i></li>"
        for n, day in enumerate(("Jan 3, 2026", "2 January 2026", "January 1st, 2026"))
    )
    assert days(f"<ul>{page}</ul>") == [date(2026, 1, day) for day in (3, 2, 1)]
