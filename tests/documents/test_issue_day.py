"""The day of issue: candidates of all kinds, weighed against each other. Invented pages."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.documents.dates import date_in_url
from monitor.documents.reader import KnownDays, read_document

TODAY = date(2026, 11, 28)
BODY = "".join(f"<p>第{n}项，建设智算中心，到2028年建成{n}座，算力普惠。</p>" for n in range(1, 7))


def read(around="", *, head="", url=None, listed=None, after="", body=BODY):
    markup = (
        f"<html><head><meta charset=utf-8><title>关于算力建设的安排</title>{head}</head><body>"
        f"<h1>关于算力建设的安排</h1>{around}<div class=article>{body}</div>{after}</body></html>"
    )
    days = KnownDays(listed, TODAY)
    document = read_document(markup.encode(), url=url, days=days)
    return document.published, document.published_from


@pytest.mark.parametrize(
    ("around", "day"),
    [
        ("<p>发布时间：2026-03-04 10:00</p>", date(2026, 3, 4)),
        ("<div>发布日期：</div><div>2026年3月4日</div>", date(2026, 3, 4)),
        ("<div>2026-03-04 20:30 来源：临江日报</div>", date(2026, 3, 4)),
        (
            "<ul><li>来源：通讯社</li><li>作者：</li><li>2026-03-04 14:43</li></ul>",
            date(2026, 3, 4),
        ),
        ("<p>来源：临江日报 2026-03-04</p>", date(2026, 3, 4)),
        ("<div><span>2026-03-04</span><span>临江网</span></div>", date(2026, 3, 4)),
        ("<p>2026年03月04日09时00分</p>", date(2026, 3, 4)),
        ("<p>二〇二六年三月四日</p>", date(2026, 3, 4)),
        ("<p>最后修改：2026-05-06　发布：2026-03-04</p>", date(2026, 3, 4)),
        (
            "<table><tr><td>成文日期：2026-03-01 发布日期：2026-03-04</td></tr></table>",
            date(2026, 3, 4),
        ),
        ("<p>〖 2026-03-04 〗 〖 阅读：88次 〗</p>", date(2026, 3, 4)),
        ("<p>时间：<script>var pubtime = '2026-03-04 09:00';</script></p>", date(2026, 3, 4)),
        ("<p>发布日期：２０２６年３月４日</p>", date(2026, 3, 4)),
        ("<p>2026年元月4日　来源：临江日报</p>", date(2026, 1, 4)),
        ('<script>var ct = "1772582400";</script>', date(2026, 3, 4)),
        # None of these is a day of issue.
        ("<script>[{pubTime: '2026-03-04'}, {pubTime: '2026-03-05'}]</script>", None),
        ("<p>当前时间：2026年11月28日 星期六</p>", None),
        ("<p>今天是2026年11月28日</p>", None),
        ("<p>施行日期：2027-01-01</p>", None),
        ("<p>会议时间：2026-12-05 09:00</p>", None),
        ("<p>申报截止日期：2026-12-31</p>", None),
        ("<p>失效日期：2031-05-01</p>", None),
        ("<p>发布时间：2099-01-01</p>", None),
        ("<!-- 修改日期：2018-05-05 -->", None),
        ("<script>var day = '发布时间：2019-01-01';</script>", None),
    ],
)
def test_bylines_and_what_only_looks_like_one(around, day):
    assert read(around)[0] == day


def test_the_effective_date_beside_the_day_of_issue_is_not_taken():
    row = "<table><tr><td>施行日期：2027-01-01</td><td>发布日期：2026-03-04</td></tr></table>"
    assert read(row) == (date(2026, 3, 4), "byline 发布日期")


@pytest.mark.parametrize(
    ("head", "found_in"),
    [
        ('<meta property="og:time " content="2026-03-04 09:52:19">', "meta og:time"),
        ('<meta itemprop=x name="publishdate" content="2026-03-04">', "meta publishdate"),
        (
            '<script type="application/ld+json">{"datePublished": "2026-03-04T09:00"}</script>',
            "JSON",
        ),
        (
            "<!--enpproperty <articleid>7</articleid><date>2026-03-04 14:43:00:0</date>-->",
            "enpproperty",
        ),
    ],
)
def test_other_places_of_the_day(head, found_in):
    assert read(head=head) == (date(2026, 3, 4), found_in)


def test_the_day_of_a_text_in_a_script_stands_beside_it():
    body = f"<div id=app></div><script>var d = {{pubTime: 1772582400000, text: '{BODY}'}}</script>"
    assert read(body=body) == (date(2026, 3, 4), "script")


def test_a_remark_below_the_text_gives_no_day():
    remark = "<p>老王 2026-09-09 10:00 回复：写得好。</p>"
    assert read(after=remark, url="https://a.example.cn/c/20260304/1.html")[1] == "address"


def test_what_byline_and_address_agree_on_beats_a_time_of_rendering():
    head = '<meta name=publishdate content="2026-11-20">'
    url = "https://a.example.cn/c/20260304/1.html"
    assert read("<p>发布时间：2026-03-04</p>", head=head, url=url)[0] == date(2026, 3, 4)


def test_the_day_of_the_list_rules_out_a_byline_far_from_it():
    assert read("<p>时间：2018-05-05</p>", listed=date(2026, 3, 4)) == (date(2026, 3, 4), "list")
    assert read(listed=date(2026, 3, 4)) == (date(2026, 3, 4), "list")
    assert read("<p>时间：2026-03-02</p>", listed=date(2026, 3, 4))[0] == date(2026, 3, 2)


def test_the_date_line_of_a_document_is_the_last_resort():
    signed = f"{BODY}<p>临江市人民政府办公室</p><p>2026年3月4日</p>"
    assert read(body=signed) == (date(2026, 3, 4), "date line")


def test_the_day_of_signing_is_one_witness_against_the_day_of_issue():
    head = "<table><tr><td>成文日期 2026年3月1日</td><td>发布日期 2026年3月4日</td></tr></table>"
    signed = f"{BODY}<p>临江市人民政府办公室</p><p>2026年3月1日</p>"
    assert read(head, body=signed) == (date(2026, 3, 4), "byline 发布日期")


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("http://c.example.cn/n1/2026/0304/c1013-311.html", date(2026, 3, 4)),
        ("http://c.example.cn/x/2026_03_04_512.shtml", date(2026, 3, 4)),
        ("https://c.example.cn/a/20260304A01XYZ", date(2026, 3, 4)),
        ("https://c.example.cn/contents/2026/3/4-b51327b18dff4d8a.html", date(2026, 3, 4)),
        ("https://c.example.cn/a/2026-03-04/doc-ab12.shtml", date(2026, 3, 4)),
        ("https://c.example.cn/list/2026/1304/1.html", None),
        ("https://c.example.cn/p/202603041234567.html", None),
    ],
)
def test_days_in_addresses(url, day):
    assert date_in_url(url) == day
