"""Which spellings of a URL are one article, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.urls import canonical_url, resolve_url, url_identity

SAME = [
    ("http://www.a.gov.cn/x/t20260101_1.html", "https://a.gov.cn/x/t20260101_1.html"),
    ("http://www.a.gov.cn:80/x/1.html", "http://www.a.gov.cn/x/1.html"),
    ("https://www.a.gov.cn/x/index.html", "https://www.a.gov.cn/x/"),
    ("https://www.a.gov.cn/x/index.shtml", "https://www.a.gov.cn/x"),
    ("https://www.a.gov.cn/x//202601/1.html", "https://www.a.gov.cn/x/202601/1.html"),
    ("https://A.gov.cn./1.html", "https://a.gov.cn/1.html"),
    ("http://a.cn/1.html;jsessionid=0A1B.n1", "http://a.cn/1.html"),
    ("http://a.cn/1.html?jsessionid=0A1B", "http://a.cn/1.html"),
    ("http://a.cn/2026/2/10/c30.shtml?c2Id=280&c1Id=36", "http://a.cn/2026/2/10/c30.shtml"),
    ("http://a.cn/1.html?utm_source=x&utm_medium=y&spm=a.b", "http://a.cn/1.html"),
    ("http://a.cn/art_12345.html?from=timeline", "http://a.cn/art_12345.html"),
    ("http://a.cn/art_12345.html?sid=0123456789abcdef01", "http://a.cn/art_12345.html"),
    ("http://a.cn/v?b=2&a=1", "http://a.cn/v?a=1&b=2"),
    ("http://a.cn/col/col9/index.html?uid=24&pageNum=1", "http://a.cn/col/col9/"),
]
OTHER = [
    ("http://a.cn/view.php?uid=5", "http://a.cn/view.php?uid=6"),
    ("http://a.cn/show.jsp?sid=0123456789abcdef01", "http://a.cn/show.jsp?sid=0123456789abcdef02"),
    ("http://a.cn/art_12345.html?sid=5", "http://a.cn/art_12345.html?sid=6"),
    ("http://a.cn/nd.jsp?id=3747", "http://a.cn/nd.jsp?id=3748"),
    ("http://m.a.cn/1.html", "http://a.cn/1.html"),
    ("http://a.cn:8080/1.html", "http://a.cn/1.html"),
    ("http://a.cn/A.html", "http://a.cn/a.html"),
    ("http://a.cn/index_1.html", "http://a.cn/index_2.html"),
    ("http://a.cn/index_1.html", "http://a.cn/"),
    ("http://a.cn/myindex.html", "http://a.cn/my"),
    ("http://a.cn/x/1.html", "http://a.cn/x/1.shtml"),
    ("http://a.cn/v?a=1", "http://a.cn/v?a=1&a=2"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_article(one, other):
    assert url_identity(one) == url_identity(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_different_articles_stay_different(one, other):
    assert url_identity(one) != url_identity(other)


def test_a_fragment_names_no_other_article():
    there = "https://www.gd.gov.cn/gkmlpt/content/4/4851/post_4851130.html"
    assert resolve_url("https://www.gd.gov.cn/", there + "#45") == there


def test_an_address_that_is_too_long_as_it_is_sent_is_no_link():
    assert resolve_url("https://www.gd.gov.cn/", "/s?q=" + "算" * 200) is not None
    # The fetcher refuses it, and PostgreSQL has no room for it in an index.
    assert resolve_url("https://www.gd.gov.cn/", "/s?q=" + "算" * 300) is None


def test_the_requested_url_keeps_scheme_host_and_index():
    address = "http://www.a.gov.cn/x//index.html"
    assert canonical_url(address) == address


@given(st.text(max_size=60), st.sampled_from(["http://a.cn", "https://www.a.cn:8443"]))
def test_identity_is_stable_and_never_fails(text, base):
    address = resolve_url(base + "/", "/" + text)
    if address is not None:
        assert url_identity(canonical_url(address)) == url_identity(address)
        assert url_identity("http://" + url_identity(address)) == url_identity(address)
