"""What 10,000 rules cost a change beside 100: the ratio, for several ways of writing them.

    python benchmarks/rules.py

CPU time, the least of five rounds over 2,000 changes. Ten thousand rules may cost a change three
times what a hundred cost: they are found by an index, and rules with equal conditions are matched
once; three leaves room for caches that no longer fit. The exit code is 1 when they cost more.

The rules are written as YAML and read as a user's would be; the changes are synthetic, of all
regions and kinds. A rule of the first three sorts wants about one change in a thousand, as a
subscriber's does: what costs is finding them among the others. In the last sort every rule wants
every change of its region: there the cost is that of telling so many.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from monitor.extraction.regions import region_names
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Op, Speaker, Statement, Target
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet

FEW, MANY, CHANGES = 100, 10_000, 2_000
LIMIT = 3.0
_WORDS = [a + b for a in "智算云网数芯模联链端边光量超低" for b in "能力源池港谷城园岛湾台站链网群"]
_THEMES = ("compute", "models", "applications", "chips", "data", "industry", "robotics", "talent")
_PROVINCES = [name for name in region_names() if name.endswith(("省", "自治区"))]


def _change(chance: random.Random) -> Change:
    words = "、".join(chance.sample(_WORDS, 3))
    value = float(chance.randrange(10, 500))
    statement = Statement(
        text=f"到2027年，推进{words}建设，算力规模突破{value:g}Eflops，培育企业{value:g}家以上。",
        start=0,
        end=40,
        label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT,
        region=chance.choice(_PROVINCES),
        year=2026,
        themes=(chance.choice(_THEMES),),
        targets=(Target("算力规模", Op.AT_LEAST, value, "Eflops", 2027, "突破"),),
    )
    deltas = (Delta("算力规模", "Eflops", value * 0.8, value),)
    kind = chance.choice(list(Kind))
    return Change(kind, Basis.REVISION, statement.region, statement, statement, deltas, 0.9)


def _by_words(chance: random.Random, number: int) -> dict[str, object]:
    return {"keywords": {"all": [f"{chance.choice(_WORDS)}{number}"]}}


def _by_words_and_region(chance: random.Random, _: int) -> dict[str, object]:
    return {
        "keywords": {"any": chance.sample(_WORDS, 2), "none": ["试点"]},
        "regions": [chance.choice(_PROVINCES)],
        "kinds": [chance.choice(["added", "strengthened", "weakened", "dropped"])],
    }


def _by_region_and_number(chance: random.Random, number: int) -> dict[str, object]:
    return {
        "regions": [chance.choice(_PROVINCES)],
        "themes": [chance.choice(_THEMES)],
        "kinds": [chance.choice(["strengthened", "weakened"])],
        "targets": {"unit": "Eflops", "at_least": 400 + number % 90},
    }


def _by_region(chance: random.Random, _: int) -> dict[str, object]:
    return {"regions": [chance.choice(_PROVINCES)]}


def _rules(write: Callable[[random.Random, int], dict[str, object]], count: int) -> RuleSet:
    chance = random.Random(7)
    rules = [{"id": f"r{n}", "name": "规则", **write(chance, n)} for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, count, 500):
            text = yaml.safe_dump({"rules": rules[start : start + 500]}, allow_unicode=True)
            (Path(folder) / f"{start}.yaml").write_text(text, encoding="utf-8")
        return load_rules([Path(folder)])


def _cost(rules: RuleSet, changes: list[Change]) -> tuple[float, int]:
    """Seconds of CPU time for a change, the best of five rounds, and how many rules wanted one."""
    best, found = float("inf"), 0
    for _ in range(5):
        start = time.process_time()
        found = sum(len(rules.match(change)) for change in changes)
        best = min(best, time.process_time() - start)
    return best / len(changes), found


def main() -> int:
    """Print the figures; 1 if one is over the limit."""
    over = False
    chance = random.Random(1)
    changes = [_change(chance) for _ in range(CHANGES)]
    for write in (_by_words, _by_words_and_region, _by_region_and_number, _by_region):
        (few, little), (many, much) = (
            _cost(_rules(write, FEW), changes),
            _cost(_rules(write, MANY), changes),
        )
        name = write.__name__.removeprefix("_").replace("_", " ")
        wanting = f"{little / CHANGES:.2f} of {FEW}, {much / CHANGES:.2f} of {MANY:,} want one"
        print(f"{name}: {few * 1e6:.0f} and {many * 1e6:.0f} µs a change, {many / few:.2f} times")
        print(f"    {wanting}")
        over |= many > LIMIT * few
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
