"""Which commitments in force rules match today, and what stands beside a rule's words in them.

The newest commitments are read once and kept until the log changes, so that a chat that lists
rules or tries words does not wait for a query of the whole log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from monitor.extraction.regions import find_region, gazetteer
from monitor.extraction.topics import Topics
from monitor.folding import fold
from monitor.model.changes import Kind
from monitor.model.statements import NATION
from monitor.rules.matcher import RuleSet, as_added_change, on_statements
from monitor.rules.model import Rule
from monitor.rules.schema import VERDICT_KINDS
from monitor.storage.engine import Database
from monitor.storage.statements import StatementInForce, log_version, newest_commitments

MAX_COMMITMENTS = 2_000
_KEPT = timedelta(minutes=10)
_MAX_READ = 300  # of those that match, for the words beside
_MAX_WORDS = 3
_MAX_PLACES = 3
_MIN_WORD_LENGTH = 2


@dataclass(frozen=True, slots=True)
class MatchesInForce:
    """The commitments in force that a rule matches; ``is_all`` unless only the newest were read."""

    found: tuple[StatementInForce, ...]
    is_all: bool

    @property
    def count(self) -> str:
        """How many, for people: 12, or 12+ where older ones were not read."""
        return f"{len(self.found)}{'' if self.is_all else '+'}"


@dataclass(slots=True)
class CommitmentsInForce:
    """The newest commitments in force, and how many of them each rule of the files matches."""

    _lock: Lock = field(default_factory=Lock)
    _version: object = None
    _read_at: datetime | None = None
    _items: tuple[StatementInForce, ...] = ()
    _is_all: bool = True
    _rules: RuleSet | None = None
    _counts: dict[str, int] = field(default_factory=dict)

    def matching(self, database: Database, rule: Rule, now: datetime) -> MatchesInForce:
        """The commitments that a rule matches, newest first; none of one that judges targets."""
        with self._lock:
            self._refresh(database, now)
            items, is_all = self._items, self._is_all
        rules = on_statements(RuleSet((rule,) if _asks_for_promises(rule) else ()))
        found = tuple(
            item
            for item in items
            if rules.match(as_added_change(item.statement), source_id=item.source_id)
        )
        return MatchesInForce(found, is_all)

    def counts(self, database: Database, rules: RuleSet, now: datetime) -> dict[str, str]:
        """How many commitments each of some rules matches, by id; empty while there are none.

        A rule that judges targets, or compares two numbers, has no count: what is promised today
        is neither met nor missed, and has not changed.
        """
        with self._lock:
            self._refresh(database, now)
            if self._rules is not rules:
                self._counts = _count(rules, self._items)
                self._rules = rules
            more = "" if self._is_all else "+"
            counts = self._counts if self._items else {}
            return {rule_id: f"{count}{more}" for rule_id, count in counts.items()}

    def _refresh(self, database: Database, now: datetime) -> None:
        with database.read() as connection:
            version = log_version(connection)
            is_fresh = self._read_at is not None and now - self._read_at < _KEPT
            if version == self._version and is_fresh:
                return
            items, self._is_all = newest_commitments(connection, limit=MAX_COMMITMENTS)
        self._items = tuple(items)
        self._version, self._read_at, self._rules = version, now, None


def _count(rules: RuleSet, items: Sequence[StatementInForce]) -> dict[str, int]:
    tried = on_statements(rules)
    counts = Counter(
        match.rule_id
        for item in items
        for match in tried.match(as_added_change(item.statement), source_id=item.source_id)
    )
    return {rule.id: counts[rule.id] for rule in rules.rules if _asks_for_promises(rule)}


def _asks_for_promises(rule: Rule) -> bool:
    compares = rule.target is not None and rule.target.relative_change is not None
    return not (compares or rule.kinds <= {*VERDICT_KINDS, Kind.NOT_REPORTED})


def words_beside(
    rule: Rule, found: Sequence[StatementInForce], topics: Topics
) -> list[tuple[str, int]]:
    """Words of the topics and places that stand beside a rule's own, each with how often.

    A rule that would have one of them too matches so many. What stands everywhere is left out: it
    chooses nothing; so are places for a rule that has some.
    """
    words: Counter[str] = Counter()
    places: Counter[str] = Counter()
    read = found[:_MAX_READ]
    for item in read:
        text = item.statement.text
        hits = topics.hits(text)
        words.update({text[hit.start : hit.end] for hit in hits if not hit.hidden_by})
        if not rule.regions and (place := _province(item.statement.region)):
            places[place] += 1
    own = (*rule.keywords_all, *rule.keywords_any, *rule.keywords_none)
    for word in list(words):
        folded = fold(word)
        if len(folded) < _MIN_WORD_LENGTH or any(folded in one or one in folded for one in own):
            del words[word]
    chosen = [*words.most_common(2 * _MAX_WORDS)]
    chosen = [one for one in chosen if one[1] < len(read)][:_MAX_WORDS]
    return chosen + [one for one in places.most_common(_MAX_PLACES) if one[1] < len(read)]


def _province(region: str | None) -> str | None:
    """The short name of the province that a region is or lies in."""
    known = None if region is None or region == NATION else find_region(region)
    province = None if known is None else gazetteer().province_of(known)
    return None if province is None else province.short
