"""The links of list pages of each family."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import re2
from hostile_inputs import LISTS, LISTS_SIZE
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalogue.loader import families, load_catalogue
from monitor.catalogue.model import FetchRoute
from monitor.discovery.list_pages import discover
from monitor.model.documents import Fetched, Outcome

CATALOGUE = load_catalogue()


def fetched(url, body, content_type="text/html; charset=utf-8"):
    body = body.encode() if isinstance(body, str) else body
    now = datetime(2026, 2, 1, tzinfo=UTC)
    return Fetched(url, url, Outcome.OK, 200, now, body, content_type)


def source(source_id="beijing", **changes):
    return replace(CATALOGUE[source_id], **changes)


def any_link(**changes):
    return source(**{"link_pattern": None, "family": "generic", **changes})


def test_trs_rows_are_relative_links_with_dates_beside_them():
    url = "https://www.beijing.gov.cn/gongkai/jihua/zfgzbg/"
    body = """<ul><li>
      <a href="./202601/t20260130_1.html" title="2026年政府工作报告全文">2026年政府…</a>
      <b>2026-01-31</b></li>
      <li><span>[2025/01/22]</span> <a href="202501/t20250121_2.html">2025年政府工作报告</a></li>
      <li><a href="/gongkai/index.html">更多</a></li></ul>"""
    links = discover(source(), fetched(url, body)).links
    assert [(x.url, x.title, x.published) for x in links] == [
        (url + "202601/t20260130_1.html", "2026年政府工作报告全文", date(2026, 1, 31)),
        (url + "202501/t20250121_2.html", "2025年政府工作报告", date(2025, 1, 22)),
    ]


def test_rows_made_of_divs_keep_their_own_dates():
    body = "".join(
        f"<div class=row><div><a href='/a/202601/t2026010{n}_{n}.html'>甲{n}</a></div>"
        f"<div class=day>2026-01-1{n}</div></div>"
        for n in range(1, 5)
    )
    links = discover(source(), fetched("https://www.beijing.gov.cn/a/", body)).links
    assert [x.published.day for x in links] == [11, 12, 13, 14]


def test_jcms_links_are_found_in_a_script():
    url = "http://www.jiangsu.gov.cn/col/col33720/index.html"
    body = """<div id="1"><script type="text/xml"><datastore>
    <nextgroup><![CDATA[
      <a href="/module/web/jpage/dataproxy.jsp?page=1&webid=1&unitid=7"></a>]]></nextgroup>
    <recordset><record><![CDATA[<li><a href="http://www.jiangsu.gov.cn/art/2026/1/30/art_33720_2.html"
      title="二〇二六年政府工作报告">二〇二六年政府工…</a><b>2026-01-30</b></li>]]></record>
    <record><![CDATA[
      <li><a href="/art/2025/1/22/art_33720_1.html">二〇二五年的报告</a></li>]]></record>
    </recordset></datastore></script></div>"""
    found = discover(source("jiangsu", list_pages=3, lists=(url,)), fetched(url, body))
    assert [(x.title, x.published) for x in found.links] == [
        ("二〇二六年政府工作报告", date(2026, 1, 30)),
        ("二〇二五年的报告", date(2025, 1, 22)),
    ]
    proxy = "http://www.jiangsu.gov.cn/module/web/jpage/dataproxy.jsp"
    assert found.next_pages == (
        f"{proxy}?page=1&webid=1&unitid=7",
        f"{proxy}?page=2&webid=1&unitid=7",
    )


def test_the_answer_of_the_jcms_proxy_is_a_list_too():
    record = "<![CDATA[<li><a href='/art/2024/1/1/art_1_2.html'>甲</a></li>]]>"
    body = f"<datastore><recordset><record>{record}</record></recordset></datastore>"
    url = "http://www.jiangsu.gov.cn/module/web/jpage/dataproxy.jsp?page=2"
    links = discover(source("jiangsu"), fetched(url, body)).links
    assert [x.url for x in links] == ["http://www.jiangsu.gov.cn/art/2024/1/1/art_1_2.html"]


@pytest.mark.parametrize(
    "anchor",
    [
        """<a href="javascript:;" onclick="window.open('./202601/t20260120_5.html')">报告</a>""",
        """<a href="javascript:openUrl('./202601/t20260120_5.html')">报告</a>""",
        """<li onclick='location.href="./202601/t20260120_5.html"'>报告</li>""",
    ],
)
def test_urls_in_scripts_of_a_link_are_found(anchor):
    url = "https://www.tj.gov.cn/zwgk/zfgzbg/index.html"
    links = discover(source("tianjin"), fetched(url, anchor)).links
    assert [(x.url, x.title) for x in links] == [
        ("https://www.tj.gov.cn/zwgk/zfgzbg/202601/t20260120_5.html", "报告")
    ]


def test_an_epaper_leads_from_issue_to_pages_to_articles():
    index = "https://epaper.cena.com.cn/pc/layout/index.html"
    body = """<ul id=list><li><a href="202601/30/node_01.html">第01版</a></li>
      <li><a href="202601/30/node_02.html">第02版</a></li></ul>
      <a href="202601/27/node_01.html">上一期</a>"""
    found = discover(source("cena-epaper"), fetched(index, body))
    pages = tuple(f"https://epaper.cena.com.cn/pc/layout/202601/30/node_0{n}.html" for n in (1, 2))
    assert found.next_pages == pages
    assert found.links == ()
    body = """<a href="node_02.html">下一版</a><ul id="articlelist">
      <li><a href="../../../content/202601/30/content_9.html">算力网一体推进</a></li>
      <li><a href="../../../content/202601/30/content_8.html">编辑：某人</a></li>
      <li><a href="../../../content/202601/30/content_7.html">公益广告</a></li>
      <li><a href="../../../content/202601/30/content_6.html"> </a></li></ul>"""
    found = discover(source("cena-epaper"), fetched(pages[0], body))
    assert [(x.url, x.title, x.published) for x in found.links] == [
        (
            "https://epaper.cena.com.cn/pc/content/202601/30/content_9.html",
            "算力网一体推进",
            date(2026, 1, 30),
        )
    ]
    # A page leads to its own issue only: a missed issue is entered by its first page.
    assert found.next_pages == pages[1:]
    assert found.backfill_pages == ()


def test_an_index_leads_on_to_the_issues_before_the_newest():
    index = "https://epaper.cena.com.cn/pc/layout/index.html"
    body = """<a href="202603/03/node_01.html">01</a><a href="202603/03/node_02.html">02</a>
      <a href="202602/27/node_01.html">上一期</a>"""
    found = discover(source("cena-epaper", max_backfill_pages=6), fetched(index, body))
    # Between the issues the index names there is none; before them any day may have one.
    assert [x.partition("layout/")[2] for x in found.backfill_pages] == [
        "202602/27/node_01.html",
        "202602/26/node_01.html",
        "202602/25/node_01.html",
    ]
    assert len(discover(source("cena-epaper"), fetched(index, body)).backfill_pages) == 11


def test_a_list_without_a_template_leads_on_by_its_next_link():
    url = "https://www.beijing.gov.cn/x/"
    body = (
        "<a href='a/1.html'>甲</a><a href='?page=2'>下一页 ></a><a href='//b.cn/?page=3'>下一页</a>"
    )
    rules = any_link(lists=(url,), paging=None)
    assert discover(rules, fetched(url, body)).backfill_pages == (url + "?page=2",)
    assert discover(rules, fetched(url + "?page=1", body)).backfill_pages == (url + "?page=2",)


def test_the_date_in_the_url_replaces_relative_times():
    body = "<div><a href='/infocom/20260131/12.html'>甲</a><span class=time>今天 10:23</span></div>"
    links = discover(source("cena-www"), fetched("https://www.cena.com.cn/", body)).links
    assert links[0].published == date(2026, 1, 31)


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"total": 2, "articles": rows}])
def test_json_lists_are_lists(wrap):
    url = "https://www.gov.cn/zhengce/zuixin/ZUIXINZHENGCE.json"
    rows = [
        {
            "TITLE": "关于<b>算力</b>的意见",
            "URL": "https://www.gov.cn/zhengce/content/202601/content_1.htm",
            "DOCRELPUBTIME": "2026-01-30",
        },
        {"TITLE": "别处", "URL": "https://elsewhere.cn/content_2.htm", "DOCRELPUBTIME": ""},
        {"TITLE": "无址", "URL": None},
    ]
    body = json.dumps(wrap(rows))
    links = discover(source("state-council-policies"), fetched(url, body, "application/json")).links
    assert [(x.url, x.published) for x in links] == [
        ("https://www.gov.cn/zhengce/content/202601/content_1.htm", date(2026, 1, 30))
    ]


def test_a_numbered_json_list_has_further_pages():
    url = "https://www.gd.gov.cn/gkmlpt/api/all/45?page=1&sid=2"
    rules = source("guangdong", lists=(url,), list_pages=2, max_backfill_pages=2)
    found = discover(rules, fetched(url, '{"articles": []}', "application/json"))
    assert found.next_pages == (url.replace("page=1", "page=2"),)
    assert found.backfill_pages == (
        url.replace("page=1", "page=3"),
        url.replace("page=1", "page=4"),
    )


def test_further_pages_come_of_the_template_and_end_with_the_list():
    url = "https://www.beijing.gov.cn/gongkai/jihua/zfgzbg/"
    deep = source(list_pages=5, lists=(url,))
    assert len(discover(deep, fetched(url, "<p>")).next_pages) == 4
    body = '<script>createPageHTML(3, 0, "index", "html")</script>'
    assert discover(deep, fetched(url, body)).next_pages == (
        url + "index_1.html",
        url + "index_2.html",
    )
    assert discover(deep, fetched(url + "index_1.html", body)).next_pages == ()
    assert discover(source(lists=(url,)), fetched(url, body)).next_pages == ()


def test_title_patterns_select_links():
    url = "https://www.nx.gov.cn/zwxx_11337/nxyw/"
    body = "".join(
        f"<li><a href='./202602/t2026020{n}_{n}.html'>{title}</a></li>"
        for n, title in enumerate(["2026年政府工作报告", "天气预报", "一图读懂政府工作报告"], 1)
    )
    rules = source("ningxia", title_skip=re2.compile("一图"))
    assert [x.title for x in discover(rules, fetched(url, body)).links] == ["2026年政府工作报告"]


def test_a_picture_and_a_headline_are_one_link_with_the_headlines_words():
    body = "<li><a href='/x/1.html'><img src=1></a><a href='/x/1.html'>算力规划</a></li>"
    links = discover(any_link(), fetched("https://www.beijing.gov.cn/", body)).links
    assert [x.title for x in links] == ["算力规划"]


def test_links_to_other_hosts_pass_only_if_they_are_named():
    url = "https://www.beijing.gov.cn/x/"
    body = "".join(
        f"<a href='https://{host}/a.html'>甲</a>"
        for host in ("www.beijing.gov.cn", "beijing.gov.cn", "b.cn", "c.cn", "evil.cn")
    )

    def hosts(rules):
        return {x.url.split("/")[2] for x in discover(rules, fetched(url, body)).links}

    # With and without www. it is one article.
    home = {"www.beijing.gov.cn"}
    assert hosts(any_link()) == home
    assert hosts(any_link(route=FetchRoute(hosts=("b.cn",)))) == home | {"b.cn"}
    assert hosts(source(link_pattern=re2.compile(r"^https://c\.cn/"))) == {"c.cn"}
    assert hosts(source(link_pattern=re2.compile(r"a\.html$"))) == home


def test_links_to_other_ports_pass_only_if_they_are_named():
    hosts = ("a.gov.cn:8443", "a.gov.cn:22", "b.cn:8443", "a.gov.cn:9000", "a.gov.cn")
    body = "".join(f"<a href='https://{host}/a.html'>甲</a>" for host in hosts)

    def found(address, **changes):
        links = discover(any_link(**changes), fetched(f"https://{address}/x/", body)).links
        return {x.url.split("/")[2] for x in links}

    assert found("a.gov.cn") == {"a.gov.cn"}
    assert found("a.gov.cn:9000") == {"a.gov.cn", "a.gov.cn:9000"}
    named = FetchRoute(hosts=("b.cn:8443", "a.gov.cn:22"))
    assert found("a.gov.cn", route=named) == {"a.gov.cn", "b.cn:8443", "a.gov.cn:22"}


@pytest.mark.parametrize("base", ["https://evil.cn/", "file:///", "//evil.cn/"])
def test_a_base_to_another_host_is_not_followed(base):
    body = f"<head><base href='{base}'></head><a href='a.html'>甲</a>"
    links = discover(any_link(), fetched("https://www.beijing.gov.cn/x/", body)).links
    assert [x.url for x in links] == ["https://www.beijing.gov.cn/x/a.html"]


def test_a_base_on_the_same_host_is_followed():
    body = "<head><base href='/y/'></head><a href='a.html'>甲</a>"
    links = discover(any_link(), fetched("https://www.beijing.gov.cn/x/", body)).links
    assert [x.url for x in links] == ["https://www.beijing.gov.cn/y/a.html"]


def test_without_a_pattern_navigation_links_are_no_articles():
    body = """<a href="/">门户</a><a href="/news/">要闻</a><a href="/news/index.html">要闻</a>
      <a href="/news/a/2.html">下一页</a><a href="/news/a/1.html">省里发布算力规划</a>"""
    found = discover(
        source(link_pattern=None, title_skip=re2.compile(families()["generic"].title_skip or "")),
        fetched("https://www.beijing.gov.cn/news/list.html", body),
    )
    assert [x.title for x in found.links] == ["省里发布算力规划"]
    assert found.link_count == 5


def test_a_list_of_two_thousand_links_is_capped():
    body = "".join(
        f"<li><a href='/a/202601/t20260101_{n}.html'>甲{n}</a></li>" for n in range(2_000)
    )
    links = discover(source(max_links=500), fetched("https://www.beijing.gov.cn/", body)).links
    assert len(links) == 500
    assert links[0].title == "甲0"


@pytest.mark.parametrize("body", LISTS.values(), ids=LISTS)
def test_a_hostile_list_gives_links_or_none(body):
    page = fetched("https://www.beijing.gov.cn/x/", body(LISTS_SIZE))
    for link in discover(any_link(list_pages=3), page).links:
        assert link.url.startswith("https://www.beijing.gov.cn/")


def test_a_page_in_gbk_without_a_charset_is_read():
    body = "<ul><li><a href='/a/202601/t20260101_1.html'>省政府工作报告和今年的安排</a></li></ul>"
    page = fetched("https://www.beijing.gov.cn/", body.encode("gb18030"), "text/html")
    assert discover(source(), page).links[0].title == "省政府工作报告和今年的安排"


@given(st.text(max_size=300))
def test_any_page_gives_only_links_of_the_site(text):
    url = "https://www.beijing.gov.cn/x/"
    for body in (text, f"<a href='{text}'>x</a>", f'<a onclick="{text}">x</a>', f"[{text}]"):
        for link in discover(any_link(), fetched(url, body.encode("utf-8", "ignore"))).links:
            assert link.url.split("/")[2] in {"www.beijing.gov.cn", "beijing.gov.cn"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_of_something(body):
    discover(
        any_link(list_pages=3), fetched("https://www.beijing.gov.cn/x/", b"<datastore>" + body)
    )


@pytest.mark.parametrize(
    ("file", "source_id", "url", "count"),
    [
        (
            "beijing_gov_list.html",
            "beijing",
            "https://www.beijing.gov.cn/zhengce/zhengcefagui/",
            999,
        ),
        (
            "jiangsu_gov_list.html",
            "jiangsu",
            "http://www.jiangsu.gov.cn/col/col76841/index.html",
            75,
        ),
        (
            "shandong_gov_list.html",
            "shandong",
            "http://www.shandong.gov.cn/col/col94237/index.html",
            45,
        ),
    ],
)
def test_real_list_captures_are_read_whole(shared, file, source_id, url, count):
    body = (shared / "sources" / "pages" / file).read_bytes()
    links = discover(source(source_id, max_links=5_000), fetched(url, body)).links
    assert len(links) == count
    # One row of the Beijing list is itself without words.
    assert sum(not link.title for link in links) <= 1
    assert all(link.published and "…" not in link.title for link in links)


@pytest.mark.parametrize(
    ("row", "script"),
    [
        ('{"title": "算力项目开工", "url": "/a/%d.html", "date": "2026-01-05"}', "var list = [%s]"),
        ("{title: '算力项目开工', url: '/a/%d.html', date: '2026-01-05'}", "show([%s])"),
        ("'<li><a href=\"/a/%d.html\">算力项目开工</a><b>2026-01-05</b></li>'", "write(%s)"),
    ],
)
def test_rows_in_the_scripts_of_a_page_are_links_of_the_source(row, script):
    written = script % ", ".join(row % n for n in (301, 302, 303))
    url = "https://www.beijing.gov.cn/x/"
    rules = any_link(lists=(url,), link_pattern=re2.compile(r"/a/\d+\.html$"))
    page = f"<html><a href=/gk/>政务公开</a><script>{written}</script></html>"
    assert [(one.url[-8:], one.published) for one in discover(rules, fetched(url, page)).links] == [
        (f"{n}.html", date(2026, 1, 5)) for n in (301, 302, 303)
    ]


def test_a_button_that_loads_more_leads_on():
    url = "https://www.beijing.gov.cn/x/"
    body = "<a href='a/1.html'>甲</a><button data-url='/api/list?pageNo=2'>点击加载更多</button>"
    rules = any_link(lists=(url,), paging=None)
    following = "https://www.beijing.gov.cn/api/list?pageNo=2"
    assert discover(rules, fetched(url, body)).backfill_pages == (following,)
    more = '{"list": [{"url": "/a/2.html", "title": "乙"}]}'
    assert discover(rules, fetched(following, more)).backfill_pages == (
        following.replace("=2", "=3"),
    )


def test_days_without_a_year_are_completed_for_links_of_a_source():
    url = "https://www.beijing.gov.cn/x/"
    rows = "".join(
        f"<li><a href=a/{n}.html>算力项目第{n}批</a><b>{day}</b></li>"
        for n, day in enumerate(("昨天", "01-20", "12-30"))
    )
    found = discover(any_link(lists=(url,)), fetched(url, f"<ul>{rows}</ul>"))
    assert [one.published for one in found.links] == [
        date(2026, 1, 31),
        date(2026, 1, 20),
        date(2025, 12, 30),
    ]


@pytest.mark.parametrize(
    ("pager", "second", "third"),
    [
        ("<a href=home_1.html>2</a><a href=home_1.html>下一页</a>", "home_1.html", "home_2.html"),
        ("<a href='?page=2'>下一页</a>", "?page=2", "?page=3"),
        ("<a href=index_1.html>下一页</a>", "index_1.html", "index_2.html"),
        ("", "index_1.html", "index_2.html"),
    ],
)
def test_the_pager_of_a_page_goes_before_the_template_of_the_family(pager, second, third):
    url = "https://www.beijing.gov.cn/x/"
    body = f"<a href=202601/t20260131_1.html>甲</a>{pager}"
    rules = source(lists=(url,), paging="index_{n}.html", paging_from=1, link_pattern=None)
    assert discover(rules, fetched(url, body)).backfill_pages[:2] == (url + second, url + third)


def test_labels_of_the_site_are_no_articles():
    body = "".join(
        f"<a href=/about/{n}.html>{label}</a>"
        for n, label in enumerate(
            ("联系我们", "网站地图", "[返回首页]", "Contact us", "京ICP备05000001号-1", "隐私政策")
        )
    )
    found = discover(any_link(), fetched("https://www.beijing.gov.cn/x/", body))
    assert (found.links, found.refused) == ((), (("a label of the site", 6),))
    named = any_link(link_pattern=re2.compile("/about/"))
    assert len(discover(named, fetched("https://www.beijing.gov.cn/x/", body)).links) == 6
