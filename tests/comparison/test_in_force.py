"""Until when a statement holds, and what supersedes it."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.comparison.in_force import (
    IssuedDocument,
    Term,
    plan_key,
    plan_last_year,
    statement_term,
)
from monitor.model.documents import DocumentKind

PLACE = "云南省"


def issued(number, kind, year, published=None, last_year=None):
    return IssuedDocument(number, kind, PLACE, year, published, None, last_year)


def report(number, year, published=None):
    return issued(number, DocumentKind.REPORT, year, published)


REPORTS = (report(1, 2023), report(2, 2024, date(2024, 1, 23)), report(4, 2026))


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2023, Term(date(2024, 1, 23), 2)),
        # Nobody knows the report of 2025, nor the day of that of 2026.
        (2024, Term(date(2025, 12, 31), 4)),
        (2026, Term(None)),
    ],
)
def test_a_report_holds_until_the_next_one_that_is_known(year, expected):
    own = next(one for one in REPORTS if one.year == year)
    assert statement_term(own, year=year, target_years=(2030,), reports=REPORTS) == expected


@pytest.mark.parametrize(
    ("year", "targets", "expected"),
    [
        (2026, (), Term(date(2026, 12, 31))),
        (2026, (2028, 2027), Term(date(2028, 12, 31))),
        (2024, (), Term(date(2024, 12, 31), 4)),
        (2024, (2027,), Term(date(2025, 12, 31), 4)),
        (2023, (), Term(date(2023, 12, 31), 2)),
        (None, (), Term(date(2024, 12, 31))),
    ],
)
def test_an_article_holds_for_its_year_or_until_the_next_report(year, targets, expected):
    article = issued(9, DocumentKind.NEWS, 2024, date(2024, 6, 1))
    assert statement_term(article, year=year, target_years=targets, reports=REPORTS) == expected


@pytest.mark.parametrize(
    ("last_year", "targets", "plans", "expected"),
    [
        (2027, (), (), Term(date(2027, 12, 31))),
        (2025, (2030,), (), Term(date(2030, 12, 31))),
        (
            2027,
            (),
            (issued(8, DocumentKind.PLAN, 2026, date(2026, 3, 1)),),
            Term(date(2026, 3, 1), 8),
        ),
    ],
)
def test_a_plan_outlives_reports_and_ends_with_its_next_issue(last_year, targets, plans, expected):
    plan = issued(7, DocumentKind.PLAN, 2025, last_year=last_year)
    term = statement_term(
        plan, year=2025, target_years=targets, reports=REPORTS, plans=(plan, *plans)
    )
    assert term == expected


@pytest.mark.parametrize(
    ("title", "targets", "expected"),
    [
        ("云南省算力枢纽建设行动计划（2025—2027年）", (), 2027),
        ("云南省算力枢纽建设行动计划（2025-2027年）", (2030,), 2027),
        ("云南省“十五五”数字经济规划", (), 2030),
        ("2025年数字经济工作要点", (), 2025),
        ("推动算力互联的若干措施", (2027, 2027, 2035), 2027),
        ("推动算力互联的若干措施", (2016, 2060), 2025),
        ("推动算力互联的若干措施", (), 2025),
        # An evaluation of what is over is a plan for its own year.
        ("2020年试点评估后的推广方案", (), 2025),
    ],
)
def test_the_period_of_a_plan(title, targets, expected):
    assert plan_last_year(title, 2025, targets) == expected


def test_issues_of_one_plan_have_one_key():
    first = plan_key(
        "关于印发《云南省算力发展行动计划（2022—2024年）》的通知", PLACE, ["云南省数据局"]
    )
    for title, region, issuer, same in (
        ("云南省算力发展行动计划（2025—2027年）", PLACE, "云南省数据局", True),
        ("云南省 算力发展 行动计划 2025-2027年", PLACE, "云南省数据局", True),
        ("云南省算力发展行动计划（2025—2027年）", PLACE, "云南省发展和改革委员会", False),
        ("云南省数据要素行动计划（2025—2027年）", PLACE, "云南省数据局", False),
        ("云南省算力发展行动计划（2025—2027年）", "贵州省", "云南省数据局", False),
    ):
        assert (plan_key(title, region, [issuer]) == first) is same, title
    assert plan_key("2025年", PLACE, []) is None
