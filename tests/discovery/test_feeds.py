"""Feeds and sitemaps as lists, including hostile ones."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import re2
from hostile_inputs import FEEDS, FEEDS_SIZE
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import FetchRoute
from monitor.discovery.list_pages import discover
from monitor.model.documents import Fetched, Outcome

HERE = "https://www.a.gov.cn/news/feed"
RULES = replace(
    load_catalogue()["beijing"],
    link_pattern=None,
    family="generic",
    lists=(HERE,),
    route=FetchRoute(),
)


def found(body, url=HERE, rules=RULES, content_type="text/html"):
    body = body.encode() if isinstance(body, str) else body
    now = datetime(2026, 2, 1, tzinfo=UTC)
    return discover(rules, Fetched(url, url, Outcome.OK, 200, now, body, content_type))


def shown(body, **options):
    return [(x.url, x.title, x.published) for x in found(body, **options).links]


def rss(*items, head='<?xml version="1.0"?>', root='<rss version="2.0">', end="</rss>"):
    return f"{head}{root}<channel><title>站</title><link>/</link>{''.join(items)}</channel>{end}"


def test_rss_items_are_links_whatever_the_header_says():
    body = rss(
        "<item><title><![CDATA[关于&lt;b&gt;算力&lt;/b&gt;的意见]]></title>"
        "<link> 1.html </link><pubDate>Fri, 30 Jan 2026 17:30:00 GMT</pubDate></item>",
        "<item><title>AT&amp;T &nbsp;与 A&B</title><link>/x.html?id=1&c=2</link>"
        "<pubDate>2026-01-29 09:00:00</pubDate></item>",
        "<item><title>只有编号</title><guid>https://www.a.gov.cn/g.html</guid></item>",
        "<item><title>没有地址</title><guid isPermaLink='false'>77</guid></item>",
    )
    assert shown(body) == [
        # The day is China's: half past one in the night there.
        ("https://www.a.gov.cn/news/1.html", "关于算力的意见", date(2026, 1, 31)),
        ("https://www.a.gov.cn/x.html?id=1&c=2", "AT&T 与 A&B", date(2026, 1, 29)),
        ("https://www.a.gov.cn/g.html", "只有编号", None),
    ]
    assert found(body).format == "feed"


def test_a_feed_in_gbk_is_decoded_before_it_is_parsed():
    body = rss(
        "<item><title>省政府印发人工智能行动方案的通知</title><link>1.html</link></item>",
        head='<?xml version="1.0" encoding="gb2312"?>',
    ).encode("gb18030")
    assert [title for _, title, _ in shown(body)] == ["省政府印发人工智能行动方案的通知"]


def test_atom_and_rdf_are_feeds_too():
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/n/">
      <entry xml:base="2026/"><title type="html">&lt;i&gt;甲&lt;/i&gt;</title>
      <link rel="self" href="self"/><link href="2.html"/>
      <published>2026-01-30T23:00:00Z</published><updated>2026-02-09T00:00:00Z</updated></entry>
      <entry xml:base="http://evil.cn/"><title>乙</title><link href="3.html"/></entry></feed>"""
    assert shown(atom) == [
        ("https://www.a.gov.cn/n/2026/2.html", "甲", date(2026, 1, 31)),
        # A base on another host is not followed.
        ("https://www.a.gov.cn/n/3.html", "乙", None),
    ]
    rdf = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel><title>x</title></channel>
      <item><title>丙</title><link>4.html</link><dc:date>2026-01-05T08:00:00+08:00</dc:date></item>
      </rdf:RDF>"""
    assert shown(rdf) == [("https://www.a.gov.cn/news/4.html", "丙", date(2026, 1, 5))]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "ftp://www.a.gov.cn/x", "data:,x",
             "https://u@www.a.gov.cn/x", "https://www.a.gov.cn\\@evil.cn/x", "//evil.cn/x", ""]
)  # fmt: skip
def test_only_plain_web_addresses_of_the_site_survive(link):
    item = f"<item><title>x</title><link>{link}</link></item>"
    entry = f"<entry><title>x</title><link href='{link}'/></entry>"
    assert shown(rss(item)) == []
    assert shown(f"<feed>{entry}</feed>") == []
    assert shown(f"<urlset><url><loc>{link}</loc></url></urlset>") == []


LAUGHS = (
    "<!DOCTYPE rss [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]>"
)
OUTSIDE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>'


@pytest.mark.parametrize("dtd", [LAUGHS, OUTSIDE, PARAMETER, "<!DOCTYPE rss SYSTEM 'http://a/d'>"])
def test_billion_laughs_and_external_entities_have_no_effect(dtd):
    item = "<item><title>甲&a9;&x;&nbsp;</title><link>1.html</link></item>"
    for body in (rss(item, head=dtd), rss(dtd, item), dtd + "<!-- -->" + rss(item, head="")):
        for link in found(body).links:
            assert "ha" not in link.title
            assert "root" not in link.title
            assert len(link.title) < 30
    # … and what stands after the DTD is read.
    assert [title.partition("&")[0] for _, title, _ in shown(rss(item, head=dtd))] == ["甲"]


@pytest.mark.parametrize("body", FEEDS.values(), ids=FEEDS)
def test_hostile_xml_gives_links_or_none(body):
    for link in found(body(FEEDS_SIZE)).links:
        assert link.url.startswith("http")


def test_a_sitemap_gives_its_newest_urls_and_uses_lastmod_as_the_last_resort():
    urls = [
        ("/old.html", "2024-05-01"),
        ("/news/202601/t20260105_1.html", "2026-01-31T10:00:00+08:00"),
        ("/new.html", "2026-02-01T23:00:00Z"),
        ("/undated.html", ""),
    ]
    body = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    body += "".join(f"<url><loc>{u}</loc><lastmod>{d}</lastmod></url>" for u, d in urls)
    links = found(body + "</urlset>", rules=replace(RULES, max_links=3)).links
    assert [(x.url.rpartition("/")[2], x.published) for x in links] == [
        ("new.html", date(2026, 2, 2)),
        ("t20260105_1.html", date(2026, 1, 5)),
        ("old.html", date(2024, 5, 1)),
    ]


def test_a_news_sitemap_has_titles_and_days():
    body = """<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url>
      <loc>/1.html</loc><lastmod>2026-02-09</lastmod><news:news>
      <news:publication_date>2026-02-01</news:publication_date><news:title>政府工作报告</news:title>
      </news:news></url></urlset>"""
    rules = replace(RULES, title_pattern=re2.compile("政府工作报告"))
    assert shown(body, rules=rules) == [
        ("https://www.a.gov.cn/1.html", "政府工作报告", date(2026, 2, 1))
    ]


def index(*maps):
    rows = "".join(f"<sitemap><loc>{u}</loc><lastmod>{d}</lastmod></sitemap>" for u, d in maps)
    return f"<sitemapindex>{rows}</sitemapindex>"


def test_an_index_leads_to_its_newest_sitemaps_of_the_site_one_level_down():
    maps = [(f"/s{n}.xml.gz", f"2026-01-{n:02}") for n in range(1, 21)]
    got = found(index(*maps, ("http://evil.cn/s.xml", "2026-02-01")))
    assert got.next_pages == tuple(f"https://www.a.gov.cn/s{n}.xml.gz" for n in range(20, 10, -1))
    assert not got.undated_index
    assert found(index(*maps), url="https://www.a.gov.cn/s1.xml").next_pages == ()
    # Without days it looks the same whatever its sitemaps hold.
    assert found(index(("/s1.xml", ""))).undated_index


def test_a_compressed_sitemap_is_decompressed_up_to_a_limit():
    body = "<urlset><url><loc>/1.html</loc></url></urlset>"
    assert [url for url, _, _ in shown(gzip.compress(body.encode()))] == [
        "https://www.a.gov.cn/1.html"
    ]
    bomb = gzip.compress(b"<urlset>" + b" " * 60_000_000)
    assert "more than" in found(bomb).reason
    assert found(bomb[:50]).reason
    assert found(b"\x1f\x8b nonsense").reason


@given(st.text(max_size=200))
def test_any_text_in_any_part_gives_only_links_of_the_site(text):
    for body in (
        rss(f"<item><title>{text}</title><link>{text}</link></item>"),
        f"<feed xml:base='{text}'><entry><link href='{text}'/></entry></feed>",
        f"<!DOCTYPE {text}<urlset><url><loc>{text}</loc></url></urlset>",
        f"<urlset>{text}",
    ):
        for link in found(body.encode("utf-8", "ignore")).links:
            assert link.url.split("/")[2].removeprefix("www.") == "a.gov.cn"
