"""How long comparing two years' plans takes, and how it grows with their length.

    python benchmarks/years.py [--commitments 2000]

CPU time, the least of three rounds, of ``compare`` on two plans of invented sentences. The ratio is
that to plans of half the length: 2 is linear, 4 is quadratic (below 2, because a pair of characters
that stands in very many sentences proposes nothing). Importing SQLAlchemy is timed beside it, so
that machines compare.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time

from monitor.comparison.compare import compare
from monitor.model.changes import Basis
from monitor.model.statements import Label, Speaker, Statement

VERBS = ("建设", "打造", "推进", "培育", "支持", "实施", "完善")
KINDS = ("省级", "国家级", "面向制造业的", "行业", "绿色", "自主可控的", "开放共享的")
THINGS = ("智算中心", "算力调度平台", "大模型", "数据集", "芯片产线", "机器人产业园", "标注基地")
NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃"
ROUNDS = 3


def sentence(chance: random.Random) -> str:
    """A promise of two to four clauses with invented names."""
    clauses = []
    for _ in range(chance.randint(2, 4)):
        name = "".join(chance.choices(NAMES, k=3))
        count = f"{chance.randint(2, 90)}个" if chance.random() < 0.3 else ""
        clauses.append(
            chance.choice(VERBS) + name + chance.choice(KINDS) + chance.choice(THINGS) + count
        )
    return "，".join(clauses) + "。"


def plan(chance: random.Random, size: int, year: int) -> list[Statement]:
    """A plan of ``size`` promises."""
    found, at = [], 0
    for _ in range(size):
        text = sentence(chance)
        found.append(
            Statement(
                text,
                at,
                at + len(text),
                Label.COMMITMENT,
                Speaker.GOVERNMENT,
                "贵州省",
                year,
                ("compute",),
            )
        )
        at += len(text)
    return found


def seconds(size: int) -> float:
    """CPU seconds of one comparison of two plans of ``size`` promises."""
    best = float("inf")
    for number in range(ROUNDS):
        chance = random.Random(number)
        before, after = plan(chance, size, 2025), plan(chance, size, 2026)
        began = time.process_time()
        compare(before, after, Basis.SUCCESSION)
        best = min(best, time.process_time() - began)
    return best


def import_seconds() -> float:
    """Seconds that importing SQLAlchemy takes in a new process, the least of three."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import sqlalchemy"], check=True)
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commitments", type=int, default=2_000)
    size = parser.parse_args().commitments
    half, whole = seconds(size // 2), seconds(size)
    print(f"{size // 2:,} and {size // 2:,} promises: {half:.2f} s CPU")
    print(f"{size:,} and {size:,} promises: {whole:.2f} s CPU, {whole / half:.1f} times as much")
    print(f"that is {whole / import_seconds():.1f} times importing SQLAlchemy")


if __name__ == "__main__":
    main()
