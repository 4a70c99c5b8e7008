"""The actual charset of a page is detected."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.charset import decode

PROSE = "省政府今年要把智能算力做到三十万张卡，建设国家枢纽节点，推动产业升级和数据流通。" * 3


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", None),
        ("utf-8", "text/html"),
        ("utf-8", "text/html; charset=gb2312"),
        ("utf-8", "text/html; charset=ISO-8859-1"),
        ("utf-8", "text/html; charset=no-such-charset"),
        ("gb18030", None),
        ("gb18030", "text/html"),
        ("gb18030", "text/html; charset=utf-8"),
        ("gb18030", "text/html; charset=GB2312"),
        ("gb18030", "text/html;charset=iso-8859-1"),
    ],
)
def test_a_header_that_says_nothing_or_lies_does_not_garble(encoding, content_type):
    text, charset = decode(PROSE.encode(encoding), content_type)
    assert text == PROSE
    assert charset == encoding


def test_a_page_that_says_gb2312_may_use_characters_beyond_it():
    page = f'<meta charset="gb2312"><p>镕朱{PROSE}</p>'
    text, charset = decode(page.encode("gb18030"), "text/html")
    assert text == page
    assert charset == "gb18030"


def test_one_broken_character_does_not_change_the_charset():
    body = PROSE.encode() * 5 + b"\xe6\x9c" + PROSE.encode() * 5
    text, charset = decode(body, "text/html; charset=utf-8")
    assert charset == "utf-8"
    assert text.count("\ufffd") == 1


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_a_byte_order_mark_wins_and_is_removed(mark, encoding):
    assert decode(mark + PROSE.encode(encoding), "text/html; charset=gbk") == (PROSE, encoding)


def test_the_charset_of_the_operator_wins():
    assert decode("联通".encode("gbk"), "text/html; charset=utf-8", "gbk") == ("联通", "gb18030")


def test_a_short_word_in_gbk_that_happens_to_be_utf8_is_read_as_declared():
    assert decode("联通".encode("gbk"), "text/html; charset=gbk")[0] == "联通"


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=40)))
def test_any_bytes_become_text(body, content_type):
    text, charset = decode(body, content_type)
    text.encode("utf-8")
    assert codecs.lookup(charset)


@given(st.text(alphabet=PROSE, min_size=30, max_size=200))
def test_undeclared_prose_is_read_back(text):
    assert decode(text.encode("utf-8"))[0] == text


@pytest.mark.parametrize("name", ["punycode", "idna", "utf-7", "unicode_escape", "charmap"])
def test_what_browsers_do_not_know_is_no_charset(name: str) -> None:
    text = "全省算力规模突破9000P，新建智算中心3座。" * 3
    assert decode(text.encode("gb18030"), f"text/html; charset={name}") == (text, "gb18030")
