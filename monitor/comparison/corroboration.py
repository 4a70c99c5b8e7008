"""Which sentence of an article only tells what a government's own report says already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rapidfuzz import fuzz

from monitor.comparison.normalize import normalise
from monitor.comparison.targets import moves, pair_targets
from monitor.comparison.thresholds import TOLD_SHARE, TOLD_SHARE_WITH_NUMBERS
from monitor.model.statements import Label, Statement

_CLAUSE = re.compile("[，。；：！？、]")
# 青海省政府工作报告提出: who says it is no part of what is said.
_ATTRIBUTION = re.compile("报告|提出|明确|表示|介绍|指出|记者|获悉|了解|印发|发布")
_SHORTEST = 4
_PIECE = 3
# An article that tells more than this is no article.
_MOST = 500


@dataclass(frozen=True, slots=True)
class Corroboration:
    """An article's sentence and the commitment it tells of; ``share`` of its words stand there."""

    told: Statement
    commitment: Statement
    share: float


def corroborate(told: Sequence[Statement], known: Sequence[Statement]) -> list[Corroboration]:
    """The sentences of ``told`` that say nothing the commitments of ``known`` do not say.

    A sentence with numbers does when each of them stands, unmoved, in a known commitment of its
    region and some of its words do; one without numbers when most of its words do. Another
    number is news, whoever tells it.
    """
    commitments = [item for item in known if item.label is Label.COMMITMENT]
    wanted = [item for item in told if item.label is Label.COMMITMENT][:_MOST]
    found = (_source(item, commitments) for item in wanted)
    return [item for item in found if item is not None]


def _source(told: Statement, known: Sequence[Statement]) -> Corroboration | None:
    same = [k for k in known if k.topic == told.topic and k.region == told.region]
    if told.region is None or not same:
        return None
    words = normalise(told.text)
    best = max(
        same, key=lambda k: (_agreeing(told, k), fuzz.partial_ratio(words, normalise(k.text)))
    )
    share = share_told(told.text, best.text)
    if not told.targets:
        return Corroboration(told, best, share) if share >= TOLD_SHARE else None
    everything = [target for item in same for target in item.targets]
    pairs = pair_targets(told.targets, everything, alike=False)
    years = (told.year, best.year)
    if len(pairs) < len(told.targets):
        return None
    if any(moves([a], [b], alike=False, years=years) for a, b in pairs):
        return None
    return Corroboration(told, best, share) if share >= TOLD_SHARE_WITH_NUMBERS else None


def _agreeing(told: Statement, known: Statement) -> int:
    pairs = pair_targets(told.targets, known.targets, alike=False)
    return sum(not moves([a], [b], alike=False, years=(told.year, known.year)) for a, b in pairs)


def share_told(told: str, known: str) -> float:
    """How much of a sentence, attribution aside, stands in another piece by piece, from 0 to 1."""
    whole = normalise(known)
    size = matched = 0
    for clause in _CLAUSE.split(told):
        words = normalise(clause)
        said_by = _ATTRIBUTION.search(clause) and not any(c.isdigit() for c in words)
        if len(words) < _SHORTEST or said_by:
            continue
        size += len(words)
        blocks = SequenceMatcher(None, words, whole, autojunk=False).get_matching_blocks()
        matched += sum(block.size for block in blocks if block.size >= _PIECE)
    return matched / size if size else 0.0
