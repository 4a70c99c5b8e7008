"""Reprints, suspect texts and the assignment of sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.comparison.align import assign
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import suspect_reason, text_overlap

LONG = "".join(f"第{i}条，各地要加快建设算力设施，完成第{i * 7}号工程。" for i in range(40))


def test_a_reprint_with_another_heading_is_the_same_document():
    reprint = "某报讯 全文如下\n" + LONG.replace("第3条，各地要加快建设算力设施，", "")
    assert text_overlap(LONG, reprint) > 0.9


def test_a_text_that_lost_its_half_is_suspect():
    assert "shrank" in suspect_reason(LONG, LONG[: len(LONG) // 3], shrink=0.5)
    assert suspect_reason(LONG, LONG[: len(LONG) * 2 // 3], shrink=0.5) == ""


def test_another_article_at_the_address_is_suspect():
    other = "".join(f"{i}月份蔬菜价格上涨{i}个百分点，供应充足，品种丰富。" for i in range(60))
    assert suspect_reason(LONG, other, shrink=0.5) == "another text stands at this address"


def test_two_state_council_reports_are_two_documents(shared):
    first = (shared / "corpus" / "100000_2024.txt").read_text(encoding="utf-8")
    second = (shared / "corpus" / "100000_2025.txt").read_text(encoding="utf-8")
    assert text_overlap(first, second) < 0.2


def test_a_point_between_digits_is_kept():
    assert normalize("PUE 1.5。") != normalize("PUE 15。")
    assert normalize("1，000 张") == normalize("1000张")


scores = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.floats(0.01, 1.0), max_size=14
)


@given(scores)
def test_the_best_pairs_are_assigned_first_and_nothing_twice(table):
    chosen = assign(table)
    assert len({left for left, _ in chosen}) == len({right for _, right in chosen}) == len(chosen)
    for (left, right), score in table.items():
        rivals = [table[pair] for pair in chosen if pair[0] == left or pair[1] == right]
        assert max(rivals) >= score
