"""When lists and pages are due again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.catalogue.model import Season
from monitor.ingest.schedule import next_list_visit, next_page_visit
from monitor.model.documents import DocumentKind, Outcome

CHINA = ZoneInfo("Asia/Shanghai")
WINTER = Season(frozenset({1, 2, 3}), timedelta(hours=2))
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-02-10T00:00", 2),
        ("2026-06-10T00:00", 6),
        # In Shanghai the year begins at 16 o'clock of the day before.
        ("2025-12-31T15:30", 0.5),
        ("2025-12-31T16:00", 2),
        ("2025-12-31T08:00", 6),
        ("2026-03-31T15:59", 2),
        ("2026-03-31T16:00", 6),
    ],
)
def test_lists_are_visited_more_often_in_their_season(now, hours):
    now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    due = next_list_visit(now, list_interval=timedelta(hours=6), season=WINTER, zone=CHINA)
    assert due - now == timedelta(hours=hours)


def test_a_season_begins_on_its_first_day_however_long_the_usual_pause():
    now = datetime(2025, 11, 20, tzinfo=UTC)
    due = next_list_visit(now, list_interval=timedelta(weeks=26), season=WINTER, zone=CHINA)
    assert due == datetime(2026, 1, 1, tzinfo=CHINA)
    never = Season(frozenset(), timedelta(hours=1))
    assert next_list_visit(now, list_interval=DAY, season=never, zone=CHINA) == now + DAY
    assert next_list_visit(now, list_interval=DAY, season=None, zone=CHINA) == now + DAY


def waits(kind, page_interval, visits):
    now = born = datetime(2026, 1, 1, tzinfo=UTC)
    found = []
    for _ in range(visits):
        due = next_page_visit(
            Outcome.OK, now=now, page_interval=page_interval, kind=kind, age=now - born, failures=0
        )
        found.append(round((due - now) / DAY, 1))
        now = due
    return found


def test_news_is_revisited_ever_more_rarely_and_a_report_never_rarely():
    assert waits(DocumentKind.NEWS, DAY, 10) == [1, 1, 2, 4, 8, 16, 32, 64, 90, 90]
    reports = waits(DocumentKind.REPORT, DAY, 200)
    assert reports[:31] == [1] * 31
    assert reports[-1] == 7
    assert sorted(reports) == reports
    pages = waits(DocumentKind.PAGE, DAY, 40)
    assert pages[:5] == [1] * 5
    assert pages[-1] == 30


def test_a_source_may_ask_for_longer_pauses_than_its_kind_has():
    assert waits(DocumentKind.REPORT, 14 * DAY, 3) == [14, 14, 14]


def test_failures_are_tried_again_soon_then_less_and_less_and_retry_after_is_kept():
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def due(failures, **more):
        when = next_page_visit(
            Outcome.ERROR, now=now, page_interval=DAY, kind=DocumentKind.NEWS, age=900 * DAY,
            failures=failures, **more,
        )  # fmt: skip
        return (when - now) / timedelta(hours=1)

    assert [due(n) for n in (0, 1, 2, 7, 8, 99)] == [1, 2, 4, 128, 168, 168]
    assert due(0, retry_after=7200) == 2
