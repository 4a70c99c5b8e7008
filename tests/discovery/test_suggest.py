"""The family of a page is recognised, and the suggestion finds its articles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.catalogue.loader import source_of
from monitor.discovery.list_pages import discover
from monitor.discovery.suggest import suggest_body_selector, suggest_pattern, suggest_source
from monitor.model.documents import Fetched, Outcome, Selectors

HEADLINE = "关于印发算力基础设施行动计划的通知第{n}号"
MENU = "".join(f"<a href='/zwgk/{word}/'>栏目{word}</a>" for word in ("a", "b", "c", "d", "e"))


def fetched(url, body, content_type="text/html; charset=utf-8"):
    body = body.encode() if isinstance(body, str) else body
    now = datetime(2026, 2, 1, tzinfo=UTC)
    return Fetched(url, url, Outcome.OK, 200, now, body, content_type)


def rows(shape, *, many=15, day="2026-01-{n:02}"):
    return MENU + "".join(
        f"<li><a href='{shape.format(n=n, h=f'{n:032x}'.replace('0', 'a', 9))}'>"
        f"{HEADLINE.format(n=n)}</a><span>{day.format(n=n)}</span></li>"
        for n in range(1, many + 1)
    )


JCMS = "<script type='text/xml'><datastore><recordset>{}</recordset></datastore></script>".format(
    "".join(
        f"<record><![CDATA[<li><a href='/art/2026/1/{n}/art_33_{n}77.html'>"
        f"{HEADLINE.format(n=n)}</a></li>]]></record>"
        for n in range(1, 16)
    )
)
PAGES = {
    "trs": (
        "https://www.x.gov.cn/zwgk/gzbg/",
        rows("./202601/t202601{n:02}_{n}34.html")
        + "<script>createPageHTML(3,0,'index','html')</script>",
        15,
    ),
    "jcms": ("http://www.x.gov.cn/col/col33/index.html", MENU + JCMS, 15),
    "gkmlpt": (
        "http://www.x.gov.cn/zwgk/index.html",
        rows("/gkmlpt/content/4/48/post_48{n}.html#45"),
        15,
    ),
    "ucap": (
        "https://www.gov.cn/yaowen/liebiao/",
        rows("/yaowen/liebiao/202601/content_70{n}.htm"),
        15,
    ),
    "jpaas": (
        "https://www.x.gov.cn/zwgk/tz/index.html",
        MENU + "<script id='1' url='/api-gateway/jpaas-publish-server/front/page/build/unit' "
        "querydata=\"{'tagId':'分页列表','pageId':'2'}\"></script>",
        None,
    ),
    "nda": (
        "https://www.nda.gov.cn/sjj/zwgk/zcfb/list/index_pc_1.html",
        rows("/sjj/zwgk/zcfb/01{n:02}/202601{n:02}21435800000000{n}_pc.html"),
        15,
    ),
    "cac": (
        "https://www.cac.gov.cn/wxzw/wxfb/A093702index_1.htm",
        rows("//www.cac.gov.cn/2026-01/{n:02}/c_17000000{n}.htm"),
        15,
    ),
    "cena": (
        "https://www.cena.com.cn/ssxw/index_1.html",
        rows("/ssxw/202601{n:02}/12{n}.html"),
        15,
    ),
    "founder_epaper": (
        "https://epaper.x.com.cn/pc/layout/index.html",
        "".join(f"<a href='202601/30/node_0{n}.html'>第0{n}版</a>" for n in range(1, 9)),
        0,
    ),
    "own": (
        "https://www.x.gov.cn/x/gzbg/list3.shtml",
        rows("/x/szfgzbg/202601/{h}.shtml") + "<a href='list3_2.shtml'>下一页</a>",
        15,
    ),
    "generic": ("https://www.x.gov.cn/about/", "<p>机构职能</p>" + MENU, None),
}


def bare(url):
    return source_of({"id": "new", "name": "new", "lists": url, "max_links": 5_000})


def as_guessed(url, guess):
    values = {"id": "new", "name": "new", "lists": url, "family": guess.family, "max_links": 5_000}
    if guess.link_pattern:
        values["link_pattern"] = guess.link_pattern
    if guess.hosts:
        values["hosts"] = list(guess.hosts)
    return source_of(values)


@pytest.mark.parametrize("family", PAGES)
def test_each_family_is_recognised_and_its_articles_are_found(family):
    url, body, count = PAGES[family]
    page = fetched(url, body)
    guess = suggest_source(bare(url), page)
    assert guess.family == family
    if count is not None:
        found = discover(as_guessed(url, guess), page)
        assert len(found.links) == count
        assert bool(found.next_pages) == (family == "founder_epaper")


def test_a_pattern_is_suggested_where_the_family_has_none():
    url, body, _ = PAGES["own"]
    guess = suggest_source(bare(url), fetched(url, body))
    assert guess.link_pattern == r"/x/szfgzbg/\d{6}/[0-9a-z]{32}\.shtml$"
    assert guess.paging == ("list3_{n}.shtml", 2)
    # Where a family's pattern would take the articles of other columns too, it is narrowed.
    url, body, _ = PAGES["trs"]
    beside = "".join(f"<a href='/b/202601/t2026010{n}_{n}.html'>别的{n}</a>" for n in range(1, 8))
    guess = suggest_source(bare(url), fetched(url, body + beside))
    assert guess.link_pattern == r"/zwgk/gzbg/\d{6}/t\d{8}_\d+\.html$"


def test_the_host_of_articles_elsewhere_is_suggested():
    url = "https://www.x.gov.cn/list/"
    guess = suggest_source(
        bare(url), fetched(url, rows("https://news.y.cn/a/202601{n:02}/{n}99.html"))
    )
    assert guess.hosts == ("news.y.cn",)
    assert guess.link_pattern == r"/a/\d{8}/\d+\.html$"


def test_feeds_sitemaps_and_json_need_no_pattern():
    for body, form in (
        (
            "<rss><channel><title>某站</title><item><link>/1.html</link></item></channel></rss>",
            "feed",
        ),
        ("<urlset><url><loc>/1.html</loc></url></urlset>", "sitemap"),
        ('[{"title": "甲", "url": "/1.html"}]', "json"),
    ):
        url = "https://www.x.gov.cn/list"
        guess = suggest_source(bare(url), fetched(url, body))
        assert (guess.link_count, guess.link_pattern, form in guess.family_reason) == (
            1,
            None,
            True,
        )


def test_a_body_selector_is_suggested_only_where_that_of_the_family_fails():
    text = "".join(f"<p>建设智能算力中心，第{n}项任务按期完成，责任到人。</p>" for n in range(20))
    page = fetched("https://a.cn/1.html", f"<h1>题目</h1><div id=zoom>{text}</div>")
    assert suggest_body_selector(page, Selectors())[0] is None
    assert suggest_body_selector(page, Selectors(body="#zoom"))[0] is None
    assert suggest_body_selector(page, Selectors(body="#gone"))[0] == "#zoom"


@pytest.mark.parametrize(
    ("file", "family", "url", "count"),
    [
        ("beijing", "trs", "https://www.beijing.gov.cn/zhengce/zhengcefagui/", 999),
        ("jiangsu", "jcms", "http://www.jiangsu.gov.cn/col/col76841/index.html", 75),
        ("shandong", "jcms", "http://www.shandong.gov.cn/col/col94237/index.html", 45),
    ],
)
def test_suggestions_for_real_lists_are_right(shared, file, family, url, count):
    page = fetched(url, (shared / "sources" / "pages" / f"{file}_gov_list.html").read_bytes())
    guess = suggest_source(bare(url), page)
    assert guess.family == family
    assert len(discover(as_guessed(url, guess), page).links) == count
    found = suggest_pattern(page)
    assert found is not None
    assert found[0] == count


@pytest.mark.parametrize("file", ["beijing_gov", "shandong_gov", "zj_fgw_jcms"])
def test_real_articles_are_read_whole_whatever_the_selector_was(shared, file):
    body = (shared / "sources" / "pages" / f"{file}_article.html").read_bytes()
    selector, document = suggest_body_selector(
        fetched("http://x.gov.cn/1.html", body), Selectors(body="#no")
    )
    # A selector that finds nothing is no harm: the general reader has the text. An attachment of
    # one of them is not read, which makes that one partial.
    assert document.has_text
    assert len(document.text) > 200
    assert selector is None or selector.startswith(("#", "div."))


def test_a_young_column_of_a_known_family_is_recognised_by_its_only_article():
    url, _, _ = PAGES["trs"]
    body = rows("./202601/t202601{n:02}_{n}34.html", many=1)
    guess = suggest_source(
        bare(url), fetched(url, body + "<script>createPageHTML(1,0,'index','html')</script>")
    )
    assert (guess.family, guess.link_pattern, guess.link_count) == ("trs", None, 1)


def test_a_pattern_is_suggested_for_rows_that_a_script_holds():
    url = "https://www.x.gov.cn/tzgg/"
    held = ", ".join(
        f"{{title: '{HEADLINE.format(n=n)}', url: '/tzgg/show-{n}0{n}.html', date: '2026-01-0{n}'}}"
        for n in range(1, 6)
    )
    page = fetched(url, f"<html>{MENU}<script>render([{held}])</script></html>")
    guess = suggest_source(bare(url), page)
    assert guess.link_pattern == r"/tzgg/show-\d+\.html$"
    assert len(discover(as_guessed(url, guess), page).links) == 5
