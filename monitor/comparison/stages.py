"""The stages of a thing that is built: planned, begun, finished.

An edited page that says 开工建设望海智算中心 where it said 建成望海智算中心并投运 promises less
of the same thing. From one year to the next it is how the thing goes on, and no direction.
"""

from __future__ import annotations

import re
from functools import cache

from monitor.comparison.cues import cue_table
from monitor.comparison.normalize import normalize
from monitor.extraction.vocabulary import alternation

# Characters of the name of a thing: 智算中心 alone names none.
_SHORTEST_NAME = 5


def stages(text: str) -> dict[str, int]:
    """The things of which a sentence says how far they will be: 0 planned, 1 begun, 2 finished.

    A clause that names a thing and its stage has nothing else: 年内建成望海智算中心并投入运营.
    """
    found: dict[str, int] = {}
    last = ""
    for clause in _clause_end_pattern().split(text):
        stage, thing = _stage_and_thing(normalize(clause))
        if stage >= 0 and len(thing) >= _SHORTEST_NAME:
            found[thing] = max(stage, found.get(thing, -1))
        elif stage >= 0 and not thing and last in found:
            # 开工建设望海智算中心，年内建成。
            found[last] = max(stage, found[last])
        last = thing or last
    return found


def _stage_and_thing(clause: str) -> tuple[int, str]:
    """The stage that a normalised clause names, -1 for none, and the words beside it."""
    planned, begun, finished = _patterns()
    rest = planned.sub("", clause)
    if rest != clause:
        # 启动前期工作 begins nothing.
        rest = rest.replace("启动", "")
    said = ((2, finished.search(rest)), (1, begun.search(rest)), (0, rest != clause))
    stage = next((at for at, found in said if found), -1)
    return stage, _beside_pattern().sub("", begun.sub("", finished.sub("", rest)))


def stage_direction(before: str, after: str) -> int:
    """1 where a thing that both sentences name will be further now, -1 less far, else 0."""
    then, now = stages(before), stages(after)
    moves = {
        (now[thing] > then[thing]) - (now[thing] < then[thing])
        for thing in then.keys() & now.keys()
    } - {0}
    return moves.pop() if len(moves) == 1 else 0


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    cues = cue_table()
    return tuple(
        re.compile(alternation(words)) for words in (cues.planned, cues.begun, cues.finished)
    )


@cache
def _beside_pattern() -> re.Pattern[str]:
    return re.compile(alternation(cue_table().beside_stages))


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？,;\n]")
