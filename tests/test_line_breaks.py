"""Lines of a terminal: no number, word or wide character is broken, and a table fits."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from monitor.line_breaks import broken_lines
from monitor.table import print_table


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("算力规模达到", 7, ["算力规", "模达到"]),
        ("智算规模达到2000亿元以上", 14, ["智算规模达到", "2000亿元以上"]),
        ("算力 160 → 1,900 Eflops", 12, ["算力 160 →", "1,900 Eflops"]),
        ("建成枢纽节点，再扩容。", 12, ["建成枢纽节", "点，再扩容。"]),
        ("支持《算力方案》", 6, ["支持", "《算力", "方案》"]),
        ("https://www.example.org/a/b.html", 20, ["https://www.example.", "org/a/b.html"]),
        ("one\ntwo", 20, ["one", "two"]),
        ("a word too", 6, ["a word", "too"]),
        ("一二三四五六七八九十", 5, ["一二", "三四", "五六", "七八", "九十"]),
        ("", 5, [""]),
    ],
)
def test_a_line_ends_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert broken_lines(text, width) == lines


NUMBERS = ("200,000,000,000", "180,000", "2026-02-12", "not_repeated", "demo-guizhou-2")
SENTENCE = "建设一批智算中心。" * 5
MONEY, COMPUTE = f"机器人产业规模 – → {NUMBERS[0]} 元", f"智能算力规模 150,000 → {NUMBERS[1]} P"
ROWS = [
    (1, NUMBERS[2], NUMBERS[3], "贵州省", MONEY, SENTENCE),
    (2, NUMBERS[2], "added", "内蒙古自治区", COMPUTE, NUMBERS[4]),
]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("columns", [3, 4, 6])
def test_rows_fit_and_keep_their_numbers(width: int, columns: int) -> None:
    out = StringIO()
    names = ("id", "detected", "kind", "region", "change", "text")[-columns:]
    console = Console(file=out, width=width, highlight=False)
    print_table(console, names, [row[-columns:] for row in ROWS])
    printed = out.getvalue()
    assert max(map(cell_len, printed.splitlines())) <= width
    assert all(name in printed for name in names)
    wanted = [n for n in NUMBERS if any(n in str(cell) for row in ROWS for cell in row[-columns:])]
    assert [n for n in wanted if n not in printed] == []
    assert "…" not in printed


def test_columns_without_a_value_are_left_out() -> None:
    out = StringIO()
    print_table(
        Console(file=out, width=80), ("id", "note", "on"), [(1, None, True), (2, "", False)]
    )
    assert "note" not in out.getvalue()
    assert "yes" in out.getvalue()


def test_a_spare_column_is_left_out_where_the_table_fits_without_it_only():
    shown = {}
    for width in (60, 40):
        console = Console(width=width, file=StringIO(), highlight=False)
        row = ["7", "大模型训练场与数据标注基地建设情况一览表", "a-rather-long-name"]
        print_table(console, ["id", "title", "source"], [row], spare=["source"])
        shown[width] = console.file.getvalue()
    assert "a-rather-long-name" in shown[60]
    assert "source" not in shown[40]
    assert "title" in shown[40].splitlines()[1]
