"""Corroboration: sentences of an article that only repeat a government's own report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import partial_ratio
from monitor.comparison.targets import pair_targets, target_moves
from monitor.comparison.thresholds import CORROBORATED_SHARE, CORROBORATED_SHARE_WITH_NUMBERS
from monitor.model.statements import Label, Statement

_MIN_CLAUSE_LENGTH = 4
_MIN_BLOCK_LENGTH = 3
# No article has more statements than this.
_MAX_STATEMENTS = 500


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？、]")


@cache
def _attribution_pattern() -> re.Pattern[str]:
    # 青海省政府工作报告提出: the reporting clause is no part of the statement.
    return re.compile("报告|提出|明确|表示|介绍|指出|记者|获悉|了解|印发|发布")


@dataclass(frozen=True, slots=True)
class Corroboration:
    """A statement of an article and the commitment that contains ``share`` of its words."""

    statement: Statement
    commitment: Statement
    share: float


def corroborate(statements: Sequence[Statement], known: Sequence[Statement]) -> list[Corroboration]:
    """The commitments among ``statements`` that only repeat commitments of ``known``.

    A sentence with numbers does if each of them is in a known commitment of its region, unchanged,
    and some of its words are; one without numbers if most of its words are. A different number is
    always new.
    """
    commitments = [item for item in known if item.label is Label.COMMITMENT]
    wanted = [item for item in statements if item.label is Label.COMMITMENT][:_MAX_STATEMENTS]
    found = (_find_source(item, commitments) for item in wanted)
    return [item for item in found if item is not None]


def _find_source(statement: Statement, known: Sequence[Statement]) -> Corroboration | None:
    same = [k for k in known if k.topic == statement.topic and k.region == statement.region]
    if statement.region is None or not same:
        return None
    words = normalize(statement.text)
    best = max(
        same,
        key=lambda k: (_agreeing_targets(statement, k), partial_ratio(words, normalize(k.text))),
    )
    share = covered_share(statement.text, best.text)
    if not statement.targets:
        return Corroboration(statement, best, share) if share >= CORROBORATED_SHARE else None
    everything = [target for item in same for target in item.targets]
    pairs = pair_targets(statement.targets, everything, nearly_identical=False)
    years = (statement.year, best.year)
    if len(pairs) < len(statement.targets):
        return None
    if any(target_moves([a], [b], nearly_identical=False, years=years) for a, b in pairs):
        return None
    return (
        Corroboration(statement, best, share) if share >= CORROBORATED_SHARE_WITH_NUMBERS else None
    )


def _agreeing_targets(statement: Statement, known: Statement) -> int:
    pairs = pair_targets(statement.targets, known.targets, nearly_identical=False)
    return sum(
        not target_moves([a], [b], nearly_identical=False, years=(statement.year, known.year))
        for a, b in pairs
    )


def covered_share(statement: str, known: str) -> float:
    """Share of a sentence, reporting clause aside, that is contained in another, 0 to 1."""
    whole = normalize(known)
    size = matched = 0
    for clause in _clause_pattern().split(statement):
        words = normalize(clause)
        is_reporting_clause = _attribution_pattern().search(clause) and not any(
            c.isdigit() for c in words
        )
        if len(words) < _MIN_CLAUSE_LENGTH or is_reporting_clause:
            continue
        size += len(words)
        blocks = SequenceMatcher(None, words, whole, autojunk=False).get_matching_blocks()
        matched += sum(block.size for block in blocks if block.size >= _MIN_BLOCK_LENGTH)
    return matched / size if size else 0.0
