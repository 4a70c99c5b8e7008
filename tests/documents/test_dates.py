"""Dates in bylines and URLs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.dates import date_in_url, find_date


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-07-09 08:57", date(2026, 7, 9)),
        ("2026-07-14 14:362026-07-15 14:44", date(2026, 7, 14)),
        ("2026-06-17-17:00:00", date(2026, 6, 17)),
        ("2026/7/9 10:00", date(2026, 7, 9)),
        ("发布时间：2026年2月3日", date(2026, 2, 3)),
        ("2026.01.31", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("2026-13-40 or 2026-01-02", date(2026, 1, 2)),
        ("今天 10:23", None),
        ("02-28 16:12", None),
        ("电话 0531-51751065", None),
        ("", None),
    ],
)
def test_a_date_is_read_in_every_form(text, day):
    assert find_date(text) == day


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.gov.cn/x/202607/t20260715_4764203.html", date(2026, 7, 15)),
        ("http://a.gov.cn/art/2026/7/9/art_94237_10361274.html", date(2026, 7, 9)),
        ("https://a.gov.cn/2022/01-11/2380655.html", date(2022, 1, 11)),
        ("https://a.gov.cn/10462/c1/2026/2/10/c30640.shtml?c2Id=280", date(2026, 2, 10)),
        ("https://a.com.cn/pc/content/202604/24/content_16990.html", date(2026, 4, 24)),
        ("https://a.com.cn/infocom/20250331/126174.html", date(2025, 3, 31)),
        ("https://a.gov.cn/x/202699/t20269999_1.html", None),
        ("https://a.gov.cn/public/1681/564207141.html", None),
    ],
)
def test_a_url_contains_its_date(url, day):
    assert date_in_url(url) == day


@given(st.text(max_size=300))
def test_no_text_breaks_it(text):
    find_date(text)
    date_in_url(text)
