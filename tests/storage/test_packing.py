"""Texts and pages come out of the database as they went in, and take little room in it."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.storage.packing import pack_page, pack_text, unpack_page, unpack_text

FRAME = "<html><body><ul>{menu}</ul><h1>{title}</h1><div class='article'>{text}</div></body></html>"
MENU = "".join(f"<li><a href='/column/{n * 7919}/'>第{n * 31}栏</a></li>" for n in range(200))


def page(title: str, *lines: str) -> str:
    text = "".join(f"<p class='line'>　　{line}</p>" for line in lines)
    return FRAME.format(menu=MENU, title=title, text=text)


OTHER = page("去年的事", "去年的第一句话，与今年的不同。", "去年的第二句话。")
LINES = tuple(f"第{n}项任务是建设{n * 37}个数据中心和{n * 53}个应用场景。" for n in range(1, 40))
PAGE = page("今年的事", *LINES)


@pytest.mark.parametrize("text", ["", "算力达到1000P。", "🄰 ㎡ é 𠮷", "plain text " * 50])
def test_texts(text: str) -> None:
    assert unpack_text(pack_text(text)) == text


@given(st.text())
def test_any_text(text: str) -> None:
    kept = text.encode(errors="replace").decode()
    assert unpack_text(pack_text(text)) == kept


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_page_is_what_its_site_and_its_text_lack(charset: str) -> None:
    body, base, text = PAGE.encode(charset), OTHER.encode(charset), "\n".join(LINES)
    packed = pack_page(body, base, text)
    assert packed is not None
    assert len(packed) < len(zlib.compress(body)) / 4
    assert unpack_page(packed, base, text) == body
    assert unpack_page(packed, base, text + "。") != b"" != unpack_page(packed, b"", "")


@pytest.mark.parametrize(
    ("body", "base"),
    [
        (b"%PDF-1.7 <a>" * 100, b"%PDF-1.7 <a>" * 100),
        (b"no markup at all " * 100, OTHER.encode()),
        (PAGE.encode(), b"<html>another site</html>"),
        (b"", OTHER.encode()),
    ],
)
def test_what_has_nothing_in_common_is_not_packed(body: bytes, base: bytes) -> None:
    assert pack_page(body, base, "") is None


@given(
    st.lists(st.sampled_from([*LINES[:4], "<p class='line'>", "</p>", "&nbsp;", "<", "　", "x"]))
)
def test_any_page(parts: list[str]) -> None:
    body = ("<html>" + MENU + "".join(parts)).encode()
    text = "\n".join(LINES[1:3])
    packed = pack_page(body, OTHER.encode(), text)
    assert packed is not None
    assert unpack_page(packed, OTHER.encode(), text) == body


def test_a_page_that_is_cut_off_is_an_error() -> None:
    packed = pack_page(PAGE.encode(), OTHER.encode(), "")
    assert packed is not None
    damaged = zlib.compress(b"\x81")
    for one in (packed[:-9], damaged, b""):
        with pytest.raises(zlib.error):
            unpack_page(one, OTHER.encode(), "")
