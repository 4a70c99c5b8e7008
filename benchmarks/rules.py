"""What 10,000 rules cost: a change beside 100 rules, a document, and loading them.

    python benchmarks/rules.py

First 10,000 rules of 500 recipients, a quarter of each sort below: the time to load them from their
files, and to match one document of 50 changes, which may take 100 ms. Then the ratio to 100 rules,
for each sort.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from monitor.extraction.regions import region_names
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Op, Speaker, Statement, Target
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet

FEW, MANY, CHANGES = 100, 10_000, 2_000
LIMIT = 3.0
RECIPIENTS, PER_DOCUMENT, DOCUMENT_LIMIT = 500, 50, 0.1
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


@contextmanager
def _written(
    write: Callable[[random.Random, int], dict[str, object]], count: int
) -> Iterator[Path]:
    """A folder with files of rules."""
    chance = random.Random(7)
    rules = [{"id": f"r{n}", "name": "规则", **write(chance, n)} for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, count, 500):
            text = yaml.safe_dump({"rules": rules[start : start + 500]}, allow_unicode=True)
            (Path(folder) / f"{start}.yaml").write_text(text, encoding="utf-8")
        yield Path(folder)


def _rules(write: Callable[[random.Random, int], dict[str, object]], count: int) -> RuleSet:
    with _written(write, count) as folder:
        return load_rules([folder])


def _cost(rules: RuleSet, changes: list[Change]) -> tuple[float, int]:
    """Seconds of CPU time for a change, the best of five rounds, and how many rules wanted one."""
    best, found = float("inf"), 0
    for _ in range(5):
        start = time.process_time()
        found = sum(len(rules.match(change)) for change in changes)
        best = min(best, time.process_time() - start)
    return best / len(changes), found


_SORTS = (_by_words, _by_words_and_region, _by_region_and_number, _by_region)


def _any_sort(chance: random.Random, number: int) -> dict[str, object]:
    """A rule of each sort in turn, for one of the recipients."""
    rule = _SORTS[number % len(_SORTS)](chance, number)
    return {**rule, "then": {"chats": [number % RECIPIENTS + 1]}}


def _many_recipients(changes: list[Change]) -> bool:
    """Load the rules of many recipients and match a document; whether it took too long."""
    with _written(_any_sort, MANY) as folder:
        start = time.process_time()
        rules = load_rules([folder])
        took = time.process_time() - start
    document = changes[:PER_DOCUMENT]
    seconds, found = _cost(rules, document)
    seconds *= len(document)
    told = {to for change in document for one in rules.match(change) for to in one.recipients}
    print(f"{MANY:,} rules of {RECIPIENTS} recipients: loaded in {took:.1f} s")
    print(
        f"    a document of {PER_DOCUMENT} changes: {seconds * 1e3:.1f} ms, {found:,} matches of"
        f" {len(told)} recipients"
    )
    return seconds > DOCUMENT_LIMIT


def main() -> int:
    """Print the figures; 1 if one is over the limit."""
    chance = random.Random(1)
    changes = [_change(chance) for _ in range(CHANGES)]
    over = _many_recipients(changes)
    for write in _SORTS:
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
