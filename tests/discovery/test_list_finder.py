"""Lists that no source describes, and links in the shapes that sites give them. Invented pages."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from urllib.parse import urljoin

import pytest

from monitor.discovery.list_pages import discover_any
from monitor.model.documents import Fetched, Outcome

BASE = "https://www.example.gov.cn/xw/index.html"


def find(body, url=BASE):
    now = datetime(2026, 2, 1, tzinfo=UTC)
    return discover_any(Fetched(url, url, Outcome.OK, 200, now, body.encode(), "text/html"))


def headline(n):
    return f"第{n}批算力项目在临江市集中开工建设"


ROWS = {
    "li": "<li><a href=/xw/t{n}.html>{h}</a><span>2026-01-0{n}</span></li>",
    "date first": "<li class=c{n}><span>2026-01-0{n}</span><a href=/xw/t{n}.html>{h}</a></li>",
    "two addresses": "<li>[<a href=/xw/>综合</a>] <a href=/xw/t{n}.html>{h}</a> 2026-01-0{n}</li>",
    "twin": "<li><a href=/xw/t{n}.html>{h}</a><a href=/f/{n}.pdf>下载</a><i>2026-01-0{n}</i></li>",
    "table": "<tr><td><a href=/xw/t{n}.html>{h}</a></td><td>2026-01-0{n}</td></tr>",
    "div": "<div class=row><div><a href=/xw/t{n}.html>{h}</a></div><div>2026-01-0{n}</div></div>",
    "one link": "<a class=row href=/xw/t{n}.html><h4>{h}</h4><p>摘要，很短。</p>2026-01-0{n}</a>",
    "day in link": "<li><a href=/xw/t{n}.html><i>{h}</i><span>2026-01-0{n}</span></a></li>",
    "day in parts": "<li><p><b>0{n}</b><i>01</i><i>2026</i></p><a href=/xw/t{n}.html>{h}</a></li>",
    "short year": "<li><a href=/xw/t{n}.html>{h}</a><span>[26-01-0{n}]</span></li>",
    "time in UTC": "<li><a href=/xw/t{n}.html>{h}</a>"
    "<time datetime=2026-01-0{n}T01:00:00Z>01-09</time></li>",
    "day of entry into force": "<li><a href=/xw/t{n}.html>{h}</a><p>本办法自2026年5月1日起施行，"
    "2021年3月2日印发的办法同时废止。</p><span>2026-01-0{n}</span></li>",
    "bullet": "<li><a href=/xw/t{n}.html>· {h}</a><span>2026-01-0{n}</span></li>",
    "file": "<li><a href=/xw/t{n}.html>{h}</a> <a href=/f/{n}.pdf>附件下载.pdf</a>"
    "<span>2026-01-0{n}</span></li>",
    "opened": "<li onclick=\"location.href='/xw/t{n}.html'\"><h4>{h}</h4>2026-01-0{n}</li>",
    "split day": "<li><b>0{n}</b><i> 2026-01</i> <a href=/xw/t{n}.html>{h}</a></li>",
    "time": "<li><a href=/xw/t{n}.html>{h}</a><time datetime=2026-01-0{n}T08:00>刚刚</time></li>",
    "data": "<li><a href='javascript:;' data-href=/xw/t{n}.html>{h}</a><b>2026-01-0{n}</b></li>",
    "script title": "<li><a href=/xw/t{n}.html><script>document.write('{h}')</script></a>"
    "<span>2026-01-0{n}</span></li>",
}
ROWS |= {
    "line break": "·<a href=/xw/t{n}.html>{h}</a> <font color=gray>（2026年1月{n}日）</font><br>",
    "files": "<div class=row><span><a href=/xw/t{n}.html>{h}</a> <a href=/f/{n}.pdf>PDF下载</a>"
    "<a href=/jd/{n}.html>政策解读</a></span><span>2026-01-0{n}</span></div>",
    "term": "<dt><a href=/xw/t{n}.html>{h}</a></dt><dd>2026-01-0{n}"
    " <a href=/zc/{n}.html>查看原文件：{h}的通知全文</a></dd>",
    "boxes in link": "<a class=row href=/xw/t{n}.html><div>2026<br>01-0{n}</div>"
    "<div><div>{h}</div><div>{h}，工程按计划推进。</div></div></a>",
    "post": "<div class=post><h2><a href=/xw/t{n}.html>{h}</a></h2><a href=/by/wu/>记者吴</a>"
    "<a href=/szjj/>数字经济频道</a><time datetime=2026-01-0{n}>上周</time>"
    "<p>摘要，很短。</p></div>",
    "teaser": "<article><h2><a href=/xw/t{n}.html>{h}</a></h2><a href=/by/wu/>作者</a>"
    "<a href=/xw/t{n}.html#comments>12条评论</a> <time datetime=2026-01-0{n}T08:00>上周</time>"
    "<p>摘要，很短。<a href=/xw/t{n}.html>继续阅读 {h}</a></p></article>",
}
MENU = "".join(f"<li><a href=/m{n}/>机构职能{n}号</a></li>" for n in range(8))
HOT = "".join(f"<li><a href=/hot/t{n}.html>热门新闻的标题之{n}</a></li>" for n in range(5))


@pytest.mark.parametrize("row", ROWS)
def test_the_rows_of_a_list_are_found_with_their_days(row):
    rows = "".join(ROWS[row].format(n=n, h=headline(n)) for n in range(1, 7))
    holder = (
        f"<table>{rows}</table>" if row == "table" else f"<div class=list><ul>{rows}</ul></div>"
    )
    found = find(
        f"<html><ul class=nav>{MENU}</ul>{holder}<div class=hot><ul>{HOT}</ul></div></html>"
    )
    assert [(one.url, one.title, one.published) for one in found.links] == [
        (f"https://www.example.gov.cn/xw/t{n}.html", headline(n), date(2026, 1, n))
        for n in range(1, 7)
    ]


def test_a_list_in_several_parts_counts_as_one():
    rows = [f"<li><a href=/xw/2026-01/0{n}/c{n}.htm>{headline(n)}</a></li>" for n in range(1, 9)]
    hot = "".join(
        f"<li><a href=/xw/2025-12/1{n}/c{n}.htm>{headline(n)}引发热评</a></li>" for n in range(5)
    )
    found = find(
        f"<div class=main><ul class=a>{''.join(rows[:4])}</ul><ul class=b>{''.join(rows[4:])}</ul>"
        f"</div><div class=r><ul>{hot}</ul></div>"
    )
    assert [one.published for one in found.links] == [date(2026, 1, n) for n in range(1, 9)]


@pytest.mark.parametrize(
    "script",
    [
        "<script>var other = 1;\nvar rows = {};</script>",
        "<script type='application/json' id=rows>{}</script>",
    ],
)
def test_a_list_that_a_page_holds_as_json_is_read(script):
    rows = [
        {"docTitle": headline(n), "docUrl": f"/xw/t{n}.html", "docDate": f"2026-01-0{n}"}
        for n in range(1, 7)
    ]
    held = script.replace("{}", json.dumps(rows, ensure_ascii=False))
    found = find(f"<ul class=nav>{MENU}</ul><ul id=box></ul>{held}")
    assert [(one.title, one.published) for one in found.links] == [
        (headline(n), date(2026, 1, n)) for n in range(1, 7)
    ]


def test_the_column_of_the_day_of_issue_counts():
    head = "<tr><th>标题</th><th>成文日期</th><th>发布日期</th></tr>"
    row = (
        "<tr><td><a href=/xw/t{n}.html>{h}</a></td><td>2025-12-1{n}</td><td>2026-01-0{n}</td></tr>"
    )
    rows = "".join(row.format(n=n, h=headline(n)) for n in range(1, 7))
    found = find(f"<table>{head}{rows}</table>")
    assert [one.published for one in found.links] == [date(2026, 1, n) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("pager", "following"),
    [
        ("<a href=index_1.html>下一页</a>", "index_1.html"),
        ("<b>1</b><a href=index2.html>2</a><a href=index3.html>3</a>", "index2.html"),
        ("<a href=index_1.html>&gt;</a>", "index_1.html"),
        ("<a href=index_1.html title=下一页><i></i></a>", "index_1.html"),
        (
            '<script>var n = 9, i = 0; createPageHTML(n, i, "index", "html")</script>',
            "index_1.html",
        ),
        ('<script>createPageHTML(9, 0, "index", "shtml")</script>', "index_1.shtml"),
        ('<script>//createPageHTML(1, 0, "index", "html")</script>', None),
        ("<a href=#page=2>下一页</a>", None),
        ("<a href=index_1.html><img src=n.gif alt=下一页></a>", "index_1.html"),
        ("<a href='javascript:;' onclick=\"openUrl('index_1.html')\">下一页</a>", "index_1.html"),
        (
            "<a href='javascript:go(2)'>下一页</a>"
            "<script>function go(n){ location.href = 'list_' + n + '.html'; }</script>",
            "list_2.html",
        ),
        ("<a href='javascript:go(2)'>下一页</a><script>function go(n){ load(n); }</script>", None),
        ("<a class=next href=index_1.html><i class=arrow></i></a>", "index_1.html"),
        ("<a href=index_1.html>下一页 →</a>", "index_1.html"),
        ("<button data-url=list?page=2>加载更多</button>", "list?page=2"),
        ("<a href=/zt/list_2.html>查看更多</a>", "/zt/list_2.html"),
        ("<a href=/zt/>查看更多</a>", None),
        ("<script>createPageHTML('pages', 9, 1, 'index', 'html', 80)</script>", "index_2.html"),
        ("<script>createPageHTML('pages', 1, 1, 'index', 'html', 8)</script>", None),
    ],
)
def test_the_next_page_of_a_list(pager, following):
    rows = "".join(ROWS["li"].format(n=n, h=headline(n)) for n in range(1, 7))
    expected = () if following is None else (urljoin(BASE, following),)
    assert find(f"<html><ul>{rows}</ul>{pager}</html>").next_pages == expected


def test_an_issue_of_an_epaper_gives_its_articles_and_its_other_pages():
    base = "http://paper.example.cn/html/2026-01/05/node_1.htm"
    articles = "".join(f"<li><a href=content_{n}.htm>{headline(n)}</a></li>" for n in range(4))
    pages = "".join(f"<li><a href=node_{n}.htm>第0{n}版：本地要闻</a></li>" for n in range(1, 7))
    found = find(f"<html><ul>{pages}</ul><ul>{articles}</ul></html>", base)
    assert [one.url.rpartition("/")[2] for one in found.links] == [
        f"content_{n}.htm" for n in range(4)
    ]
    assert [one.rpartition("/")[2] for one in found.next_pages] == [
        f"node_{n}.htm" for n in range(2, 7)
    ]


LIST = '[{"url": "/j/1.html", "title": "<em>算力</em>&amp;数据规划", "pubTime": "2026-01-05"}]'


@pytest.mark.parametrize(
    "wrap", ["{}", "cb({});", "/**/jQuery1_2({})", "var list = {};", "window.data={}"]
)
def test_json_in_a_call_or_an_assignment_is_a_list(wrap):
    (link,) = find(wrap.replace("{}", LIST)).links
    assert (link.title, link.published) == ("算力&数据规划", date(2026, 1, 5))


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("\n  /a/t1.html\n ", "/a/t1.html"),
        ("/a/\n   t1.html", "/a/t1.html"),
        ("\\a\\t1.html", "/a/t1.html"),
        ("/a/t 1.html", "/a/t%201.html"),
        ("/a/t1.html'", "/a/t1.html"),
    ],
)
def test_addresses_are_taken_as_browsers_take_them(written, opened):
    rows = "".join(ROWS["li"].format(n=n, h=headline(n)) for n in range(1, 7))
    odd = f'<li><a href="{written}">{headline(9)}</a><span>2026-01-09</span></li>'
    urls = [one.url for one in find(f"<html><ul>{rows}{odd}</ul></html>").links]
    assert urls[-1] == f"https://www.example.gov.cn{opened}"


def test_rows_that_a_script_keeps_are_a_list():
    records = "".join(
        f"<record><![CDATA[{ROWS['li'].format(n=n, h=headline(n))}]]></record>" for n in range(1, 7)
    )
    script = f"<script type='text/xml'><datastore>{records}</datastore></script>"
    found = find(f"<html><ul>{MENU}</ul>{script}</html>")
    assert [one.published for one in found.links] == [date(2026, 1, n) for n in range(1, 7)]


def test_a_menu_is_no_list_and_a_script_is_named():
    found = find(f"<html><ul class=nav>{MENU}</ul><script>$.ajax({{}})</script></html>")
    assert found.links == ()
    assert "its scripts may write one" in found.reason


def test_times_in_json_are_seconds_or_milliseconds():
    rows = ", ".join(
        f'{{"headline": "{headline(n)}", "link": "/j/{n}", "pubDate": {time}}}'
        for n, time in enumerate((1767600000, 1767600000000))
    )
    assert [one.published for one in find(f"[{rows}]").links] == [date(2026, 1, 5)] * 2


def test_a_page_without_a_list_says_so():
    assert find("<html><p>没有列表。</p></html>").reason == "no list was found on this page"


def test_a_pager_of_numbers_goes_on_from_the_page_shown():
    rows = "".join(ROWS["li"].format(n=n, h=headline(n)) for n in range(1, 7))
    pager = "".join(f"<a href=?page={n}>{n}</a>" for n in (1, 2, 4, 5)) + "<b>3</b>"
    base = "https://www.example.gov.cn/xw/?page=3"
    assert find(f"<ul>{rows}</ul>{pager}", base).next_pages == (
        "https://www.example.gov.cn/xw/?page=4",
    )


def test_the_days_of_a_calendar_are_no_pages():
    rows = "".join(ROWS["li"].format(n=n, h=headline(n)) for n in range(1, 7))
    days = "".join(f"<td><a href=/2026-01/{n:02d}/A1.html>{n}</a></td>" for n in range(1, 20))
    base = "https://www.example.gov.cn/2026-01/06/A1.html"
    assert find(f"<ul>{rows}</ul><table><tr>{days}</tr></table>", base).next_pages == ()


def test_a_list_of_one_article_is_a_list():
    (link,) = find(
        f"<ul class=nav>{MENU}</ul><ul>{ROWS['li'].format(n=1, h=headline(1))}</ul>"
    ).links
    assert (link.title, link.published) == (headline(1), date(2026, 1, 1))


def test_a_card_over_the_row_does_not_hide_the_day_of_issue():
    row = (
        "<div class=tr><span><a href=/xw/t{n}.html>{h}</a><div style='display:none'>"
        "<p>成文日期：2025-12-0{n}</p><p>发文机关：市府办</p></div></span><span>2026-01-0{n}</span></div>"
    )
    rows = "".join(row.format(n=n, h=headline(n)) for n in range(1, 7))
    assert [one.published for one in find(f"<div>{rows}</div>").links] == [
        date(2026, 1, n) for n in range(1, 7)
    ]


def test_rows_without_links_that_carry_their_addresses_are_a_list():
    rows = "".join(
        f"<div class=item data-url=/xw/t{n}00.html><span>{headline(n)}</span>"
        f"<span>2026-01-0{n}</span></div>"
        for n in range(1, 5)
    )
    found = find(f"<div data-url=/api/list>{rows}</div><img data-url=/p/100.jpg>")
    assert [(one.title, one.published) for one in found.links] == [
        (headline(n), date(2026, 1, n)) for n in range(1, 5)
    ]


@pytest.mark.parametrize(
    "script",
    [
        "var l = []; {rows}",
        "new Vue({{el: '#app', data: {{list: [{rows}]}}}})",
        "{strings}",
        "var h = ''; {sums} box.innerHTML = h;",
    ],
)
def test_rows_that_a_script_writes_are_a_list(script):
    numbers = range(1, 5)
    rows = ", ".join(
        f"{{ title: '{headline(n)}', url: '/xw/t{n}00.html', pubdate: '2026-01-0{n}' }}"
        for n in numbers
    )
    row = '<li><a href=\\"/xw/t{n}00.html\\">{h}<\\/a><b>2026-01-0{n}<\\/b><\\/li>'
    written = [row.format(n=n, h=headline(n)) for n in numbers]
    body = script.format(
        rows=rows,
        strings="".join(f'document.write("{one}");' for one in written),
        sums="".join(f'h += "{one}";' for one in written),
    )
    found = find(f"<html><ul class=nav>{MENU}</ul><script>{body}</script></html>")
    assert [(one.url[-10:], one.title, one.published) for one in found.links] == [
        (f"/t{n}00.html", headline(n), date(2026, 1, n)) for n in numbers
    ]


def test_a_menu_that_a_script_holds_is_no_list():
    rows = ", ".join(f"{{name: '机构职能与分工{n}', url: '/m{n}/'}}" for n in range(8))
    assert find(f"<html><script>var menu = [{rows}];</script></html>").links == ()


@pytest.mark.parametrize(
    ("says", "following"),
    [
        ({}, "pageNum=3"),
        ({"pages": 2}, None),
        ({"hasMore": False}, None),
        ({"pages": 9}, "pageNum=3"),
    ],
)
def test_a_numbered_json_list_leads_to_its_next_page(says, following):
    rows = [
        {"pcUrl": f"/j/{n}.html", "title": headline(n), "pubTime": "2026-01-05"} for n in (1, 2)
    ]
    base = "https://www.example.gov.cn/api/list?pageNum=2&size=2"
    found = find(json.dumps({"data": {"list": rows, **says}}), base)
    assert len(found.links) == 2
    expected = () if following is None else (base.replace("pageNum=2", following),)
    assert found.next_pages == expected


@pytest.mark.parametrize(
    ("call", "script"),
    [
        (
            "javascript:show({n}00)",
            'function show(id){ window.open("/xw/detail?id=" + id + "&amp;t=1"); }',
        ),
        (
            "toDetail('{n}00', 'a')",
            "toDetail = function(id, c){ var u = '/xw/' + c + id; open(u) }",
        ),
    ],
)
def test_addresses_that_a_function_of_the_page_puts_together_are_links(call, script):
    place = "href" if call.startswith("javascript") else "href=# onclick"
    rows = "".join(
        f'<li><a {place}="{call.format(n=n)}">{headline(n)}</a><b>2026-01-0{n}</b></li>'
        for n in range(1, 5)
    )
    found = find(f"<html><ul>{rows}</ul><script>{script}</script></html>")
    assert [one.published for one in found.links] == [date(2026, 1, n) for n in range(1, 5)]
    assert all("00" in one.url and "/xw/" in one.url for one in found.links)


@pytest.mark.parametrize(
    "script",
    [
        "function show(id){ window.open(site + id); }",
        "function show(id){ load('/xw/' + id); }",
        "function show(id){ location.href = '/login'; }",
        "",
    ],
)
def test_functions_that_open_something_else_give_no_links(script):
    rows = "".join(f"<li><a href='javascript:show({n})'>{headline(n)}</a></li>" for n in range(5))
    assert find(f"<html><ul>{rows}</ul><script>{script}</script></html>").links == ()


def test_the_year_of_the_folder_completes_a_day():
    rows = "".join(
        f"<li><a href=/xw/2023{m:02d}/content_{m}00.htm>{headline(m)}</a><b>{m:02d}-15</b></li>"
        for m in (9, 8, 7)
    )
    assert [one.published for one in find(f"<ul>{rows}</ul>").links] == [
        date(2023, m, 15) for m in (9, 8, 7)
    ]


def test_json_of_other_kinds_is_read():
    posts = [
        {
            "link": f"/p/{n}.html",
            "title": {"rendered": headline(n)},
            "date_published": "2026-01-04T16:00:00.000+0000",
            "authors": [{"name": "编辑部的同事", "url": "/author/1"}],
        }
        for n in range(1, 5)
    ]
    channels = [{"name": "政策与监管频道", "url": "/policy/"}]
    found = find(json.dumps({"channels": channels, "items": posts}))
    assert [(one.title, one.published) for one in found.links] == [
        (headline(n), date(2026, 1, 5)) for n in range(1, 5)
    ]


def test_a_sitemap_may_be_plain_text():
    lines = "".join(f"https://www.example.gov.cn/2026/01/0{n}/p{n}.html\r\n" for n in (1, 2))
    assert [one.published for one in find(lines).links] == [date(2026, 1, n) for n in (1, 2)]
