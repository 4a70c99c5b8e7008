"""Which bytes are parsed in a process of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.cost import markup_cost, needs_process

TAGS = ("<a>", "</a>", "<b>", "</b>", "<B >", "<p>", "</p>", "<div x='>'>", "</div>", "<br>")
HIDDEN = ("<!--<b>-->", "<script><b></b></script>", "<textarea></b>", "</textarea>", "<title x>")


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        (b"<p>" * 600, False),
        (b"<p>" * 6_000, True),
        (b"<li><a href=x>y</a>" * 2_000, False),
        (b"<b>" * 400 + b"<p>x</p>" * 600, True),
        (b"<B>" * 400 + b"<p>x</p>" * 600, True),
        (b"<b></b>" * 400 + b"<p>x</p>" * 600, False),
        (b"%PDF-1.7", True),
    ],
)
def test_pages_with_many_or_unclosed_elements_need_a_process(body, needs):
    assert needs_process(body) is needs


@given(st.lists(st.tuples(st.sampled_from(TAGS + HIDDEN), st.integers(1, 400)), max_size=8))
def test_what_is_cheap_at_a_glance_is_cheap_when_counted(parts):
    body = "".join(tag * count for tag, count in parts)
    if not needs_process(body.encode()) and body.count("<") - body.count("</") > 500:
        cost = markup_cost(body)
        assert cost.tags <= 5_000
        assert cost.formatting * cost.blocks <= 100_000
