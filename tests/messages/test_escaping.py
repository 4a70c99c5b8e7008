"""Messages in the shapes of other services: titles, whole lines, and texts that call nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitor.messages.escaping import (
    escape_mentions,
    split_headline,
    to_html,
    to_plain_text,
    truncate_lines,
)
from monitor.messages.richtext import Message, Span


def size(text):
    return len(text.encode())


@given(some.text(alphabet="算力 E\n…x", max_size=80), some.integers(8, 60))
def test_a_text_is_cut_to_what_fits_and_only_if_it_must(text, limit):
    for measure in (len, size):
        kept = truncate_lines(text, limit, measure)
        assert measure(kept) <= limit
        if measure(text) <= limit:
            assert kept == text
        else:
            assert kept.endswith("…")
            assert text.startswith(kept[:-1].rstrip())


def test_it_is_cut_between_lines():
    assert truncate_lines("第一行\n第二行\n第三行", 9) == "第一行\n第二行\n…"
    assert truncate_lines("一行长长长长长", 4) == "一行长…"


@pytest.mark.parametrize(
    "call",
    [
        "@everyone",
        "@here",
        "@ALL",
        "@所有人",
        "<!channel>",
        "<@U12>",
        '<at user_id="all">',
        "<#C1>",
    ],
)
def test_mentions_are_escaped_at_the_same_length(call):
    assert call not in escape_mentions(f"一 {call} 二")
    assert len(escape_mentions(call)) == len(call)


@pytest.mark.parametrize("text", ["a@b.example", "3 < 4", "<3", "@贵州", "1<2"])
def test_other_text_stays(text):
    assert escape_mentions(text) == text


def test_a_headline_becomes_the_title():
    message = Message((Span("贵州\n算力", bold=True), Span("\n\n一"), Span("二", strike=True)))
    title, rest = split_headline(message)
    assert (title, rest.text) == ("贵州 算力", "一二")
    assert to_html(rest) == "一<s>二</s>"
    assert to_plain_text(rest) == "一~~二~~"


@pytest.mark.parametrize(
    ("spans", "title", "rest"),
    [
        ((Span("一\n二"),), "一", "一\n二"),
        ((Span("一", bold=True),), "一", "一"),
        ((Span("一", bold=True), Span(" \n")), "一", "一 \n"),
        ((Span("\n"),), "", "\n"),
        ((), "", ""),
    ],
)
def test_a_message_without_one_keeps_its_text(spans, title, rest):
    found, message = split_headline(Message(spans))
    assert (found, message.text) == (title, rest)
