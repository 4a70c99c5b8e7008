"""An unchanged page is recognised by its bytes; a changed text never matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.page_fingerprint import matches_fingerprint, page_fingerprint
from monitor.documents.reader import read_document

LINES = [
    "各位代表：现在我代表省人民政府向大会报告工作，请予审议。",
    "过去一年，绿色算力产业初具规模，智算规模达到1.2万P。",
    "打造绿色算力基地，智算规模突破2万P，培育人工智能企业50家以上。",
    "推动盐湖产业与人工智能融合，建设10个应用场景，办好民生实事。",
    "让我们团结奋斗，开创现代化建设新局面，谱写高质量发展新篇章。",
]


def page(lines=LINES, *, visits=100, charset="utf-8", menu="首页"):
    body = "".join(f"<p>{line}</p>" for line in lines)
    return (
        f"<html><head><meta charset={charset}><title>报告</title></head>"
        f"<body><ul><li>{menu}</li></ul>"
        f"<div>浏览次数：<i>{visits}</i></div><div class=zoom>{body}</div>"
        f"<div>访问量{visits * 7}</div></body></html>"
    ).encode(charset)


def framed(body):
    document = read_document(body)
    return page_fingerprint(body, document.text, document.charset)


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_counters_and_clocks_change_nothing(charset):
    frame = framed(page(charset=charset))
    assert frame
    assert matches_fingerprint(frame, page(visits=98765, charset=charset))


@pytest.mark.parametrize(
    "lines",
    [
        [*LINES[:2], LINES[2].replace("2万P", "3万P"), *LINES[3:]],
        [*LINES[:2], LINES[2].replace("50家", "60家"), *LINES[3:]],
        [*LINES, "补充一条，新建智算中心。"],
        ["补充一条，新建智算中心。", *LINES],
        LINES[:-1],
        LINES[1:],
        [LINES[1], LINES[0], *LINES[2:]],
        ["404"],
    ],
)
def test_another_text_does_not_match(lines):
    assert not matches_fingerprint(framed(page()), page(lines))


def test_words_around_the_text_make_it_read_again():
    assert not matches_fingerprint(framed(page()), page(menu="登录"))


@pytest.mark.parametrize("text", ["", "短", "这一行不在页面里面啊\n这一行也不在页面里面"])
def test_a_text_that_is_not_found_in_its_bytes_has_no_fingerprint(text):
    assert page_fingerprint(page(), text, "utf-8") == ""


@given(st.integers(0, len(page()) - 1), st.binary(max_size=12), st.integers(0, 40))
def test_after_any_edit_a_matching_fingerprint_means_the_same_text(at, new, gone):
    body = page()
    document = read_document(body)
    frame = page_fingerprint(body, document.text, document.charset)
    edited = body[:at] + new + body[at + gone :]
    if matches_fingerprint(frame, edited):
        assert read_document(edited).text == document.text


@given(st.integers(0, len(page()) - 1), st.text("0123456789", max_size=4), st.integers(0, 4))
def test_after_any_edit_of_digits_a_matching_fingerprint_means_the_same_text(at, new, gone):
    body = page()
    document = read_document(body)
    frame = page_fingerprint(body, document.text, document.charset)
    edited = body[:at] + new.encode() + body[at + gone :]
    if matches_fingerprint(frame, edited):
        # A digit may stand beside the text, or break a tag so that nothing can be read.
        found = read_document(edited).text
        assert not found or document.text in found


@given(st.binary(max_size=200), st.text(max_size=60))
def test_any_input_has_a_fingerprint_or_none(body, text):
    frame = page_fingerprint(body, text, "utf-8")
    assert not frame or matches_fingerprint(frame, body)


def test_an_article_that_gets_a_second_page_is_read_again():
    def page(count):
        lines = "".join(f"<p>推动智能算力基础设施建设项目落地第{n}批</p>" for n in range(3))
        pager = f'<script>createPageHTML({count}, 0, "t1", "html");</script>'
        return f"<html><body>{lines}{pager}<i>访问量123</i></body></html>".encode()

    text = "\n".join(f"推动智能算力基础设施建设项目落地第{n}批" for n in range(3))
    frame = page_fingerprint(page(1), text, "utf-8")
    assert frame
    assert matches_fingerprint(frame, page(1).replace(b"123", b"456"))
    assert not matches_fingerprint(frame, page(2))


def test_a_text_of_very_many_lines_has_no_fingerprint():
    lines = [f"推动智能算力基础设施建设项目落地第{n}批" for n in range(2_001)]
    body = "".join(f"<p>{line}</p>" for line in lines)
    assert (
        page_fingerprint(f"<html><body>{body}</body></html>".encode(), "\n".join(lines), "utf-8")
        == ""
    )
