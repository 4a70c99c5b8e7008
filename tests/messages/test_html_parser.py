"""Telegram's HTML read back: the same text, the same styles, or a refusal with its place."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram_api import parse_html

from monitor.messages.html_parser import TAGS, MarkupError, parse_markup
from monitor.messages.richtext import Message, Span

Letter = tuple[str, bool, bool, bool, str | None]


def letters(spans: tuple[Span, ...]) -> list[Letter]:
    return [(c, s.bold, s.strike, s.italic, s.link) for s in spans for c in s.text]


def test_styles_nest_and_a_link_may_hold_bold() -> None:
    spans = parse_markup('甲<a href="https://a.cn/?x=1&amp;y=2">乙<b>丙</b></a><s><i>丁</i></s>')
    assert spans == (
        Span("甲"),
        Span("乙", link="https://a.cn/?x=1&y=2"),
        Span("丙", bold=True, link="https://a.cn/?x=1&y=2"),
        Span("丁", strike=True, italic=True),
    )


@pytest.mark.parametrize(("tag", "style"), [item for item in TAGS.items() if item[0] != "a"])
def test_every_tag_gives_its_style(tag: str, style: str) -> None:
    (span,) = parse_markup(f"<{tag.upper()}>x</{tag}>")
    assert getattr(span, style)


def test_entities_become_what_they_stand_for_and_a_lone_ampersand_stays() -> None:
    assert parse_markup("&lt;b&gt; &amp;amp; R&D &#39;&#x4e2d;&nbsp;")[0].text == (
        "<b> &amp; R&D '中\xa0"
    )


def test_what_has_one_style_is_one_place() -> None:
    assert parse_markup("<b>a</b><strong>b</strong>") == (Span("ab", bold=True),)


def test_a_link_to_nowhere_is_text() -> None:
    assert parse_markup('<a href="">x</a>') == (Span("x"),)


@pytest.mark.parametrize(
    ("text", "offset", "reason"),
    [
        ("a<u>b</u>", 1, "<u> is no tag"),
        ("<script>x</script>", 0, "<script> is no tag"),
        ("<b>a", 0, "left open"),
        ("<b>a<i>b", 4, "<i> is left open"),
        ("a</b>", 1, "closes nothing"),
        ("<b><i>x</b></i>", 7, "</i> has to come first"),
        ("1 < 2", 2, "&lt;"),
        ("x<", 1, "&lt;"),
        ('<b class="x">a</b>', 0, "no attributes"),
        ("<b>a</b x>", 4, "no attributes"),
        ("<a>x</a>", 0, "href"),
        ('<a href="https://a.cn" title="t">x</a>', 0, "href"),
        ('<a href="javascript:alert(1)">x</a>', 0, "http"),
        ('<a href="tg://user?id=1">x</a>', 0, "http"),
        ('<a href="https://a.cn">x<a href="https://b.cn">y</a></a>', 24, "within"),
    ],
)
def test_what_telegram_would_refuse_is_refused(text: str, offset: int, reason: str) -> None:
    with pytest.raises(MarkupError, match=reason) as caught:
        parse_markup(text)
    assert caught.value.offset == offset


links = st.none() | st.sampled_from(["https://a.cn/?a=1&b=2", "http://b.cn/'\"<x>", "tg://no"])
spans_of = st.lists(
    st.builds(
        Span,
        st.text(st.characters(codec=None, exclude_categories=()) | st.sampled_from("<>&\"';b#")),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        links,
    ),
    max_size=12,
).map(tuple)


@given(spans_of)
def test_any_message_reads_back_as_it_was(spans: tuple[Span, ...]) -> None:
    found = parse_markup(Message(spans).html)
    assert letters(found) == letters(spans)
    places = [key for key, _ in groupby(letters(found), lambda letter: letter[1:])]
    assert len(found) == len(places)


@given(st.text(st.sampled_from("<>/ab is=\"'&;#1中"), max_size=60))
def test_what_is_taken_telegram_takes_too(text: str) -> None:
    try:
        spans = parse_markup(text)
    except MarkupError as error:
        place = error.offset
    else:
        place = len(text)
        assert parse_html(Message(spans).html)[0] == "".join(span.text for span in spans)
    assert 0 <= place <= len(text)
