"""URLs are parsed once, and only public addresses are connected to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import RefusedAddress
from monitor.public_hosts import check_name, is_plainly_public, is_public
from monitor.urls import canonical_url, parse_url, resolve_url

NOT_PUBLIC = """
    0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1
    239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8
    64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1
    2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 nonsense
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_cve_2026_27696_and_ghsa_gwph_fp79_379w_addresses_are_refused(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.2.4.8", "240e::1", "2400:3200::1"])
def test_public_addresses_pass(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "a.localhost",
        "LOCALHOST.",
        "printer.local",
        "db.internal",
        "intranet",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "10.0.0.1",
    ],
)
def test_local_names_are_refused_without_resolving_them(host):
    with pytest.raises(RefusedAddress):
        check_name(host, host)


@pytest.mark.parametrize(
    "address",
    [
        "http://good.com\\@127.0.0.1/",
        "http://127.0.0.1\\.good.com/",
        "http://user:word@good.com/",
        "http://good.com\t/",
        "http://go od.com/",
        "http://good.com\u3002cn/a b",
        "http://good%2ecom/",
        "http://good.com:0/",
        "http://good.com:99999/",
        "http:/good.com",
        "http://",
        "file:/etc/passwd",
        "source:file:///etc/passwd",
        "HTTP+unix://x/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://" + "a" * 3000,
        "http://[::1",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_ghsa_rph4_96w6_q594_and_cve_2024_51998_odd_spellings_are_refused(address):
    with pytest.raises(RefusedAddress):
        parse_url(address)


def test_a_chinese_name_is_read_as_its_ascii_form():
    assert parse_url("http://中国.cn/").raw_host == b"xn--fiqs8s.cn"


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("http://a.gov.cn/x/index.html", "./202601/t1.html", "http://a.gov.cn/x/202601/t1.html"),
        ("http://a.gov.cn/x/", " ../y.html#45 ", "http://a.gov.cn/y.html"),
        ("http://a.gov.cn/x/", "//b.gov.cn/y", "http://b.gov.cn/y"),
        ("http://a.gov.cn/x/", "javascript:void(0)", None),
        ("http://a.gov.cn/x/", "#top", None),
        ("http://a.gov.cn/x/", "", None),
        ("http://a.gov.cn/x/", "mailto:a@b.cn", None),
        ("http://a.gov.cn/x/", "http://[", None),
        ("http://a.gov.cn/x/", "\\\\evil.com\\x", None),
    ],
)
def test_references_are_resolved_or_refused(base, reference, expected):
    assert resolve_url(base, reference) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "https://www.sc.gov.cn/10462/c1/2026/2/10/c3.shtml?c2Id=280&c1Id=36",
            "https://www.sc.gov.cn/10462/c1/2026/2/10/c3.shtml",
        ),
        ("http://a.gov.cn/x.jsp;jsessionid=AB12?id=3", "http://a.gov.cn/x.jsp?id=3"),
        ("http://A.gov.cn./x?id=3&pageNum=2", "http://a.gov.cn/x?id=3"),
        ("http://a.gov.cn:80/x", "http://a.gov.cn/x"),
        ("http://a.gov.cn/view?aid=8920", "http://a.gov.cn/view?aid=8920"),
    ],
)
def test_one_article_has_one_url(address, expected):
    assert canonical_url(address) == expected
    assert canonical_url(expected) == expected


@given(st.text(max_size=120))
def test_no_reference_breaks_it_and_only_the_web_comes_out(reference):
    found = resolve_url("http://www.a.gov.cn/x/index.html", reference)
    if found is not None:
        assert found.startswith(("http://", "https://"))
        assert canonical_url(canonical_url(found)) == canonical_url(found)
        parse_url(canonical_url(found))


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://www.gov.cn/zhengce/", True),
        ("http://a.example.cn", True),
        ("https://a.cn?x=1", True),
        ("http://localhost/", False),
        ("http://printer.local/", False),
        ("http://a.home.arpa/", False),
        ("http://10.0.0.1/", False),
        ("http://0x7f.1/", False),
        ("http://me@a.cn/", False),
        ("http://a.cn:8080/", False),
        ("http://a.cn\\.local/", False),
    ],
)
def test_a_usual_name_is_told_at_a_glance(address, plain):
    assert is_plainly_public(address) is plain
    if plain:
        check_name(parse_url(address).host, address)
