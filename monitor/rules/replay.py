"""Tries rules on what is known already: changes of the log, and statements that stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from monitor.model.changes import Change
from monitor.model.statements import Statement
from monitor.rules.matcher import RuleSet, as_added_change, explain_match, on_statements
from monitor.rules.model import Rule


class FoundChange(Protocol):
    """A change and the source where it was found."""

    @property
    def change(self) -> Change:
        """The change."""

    @property
    def source_id(self) -> str | None:
        """The source."""


class FoundStatement(Protocol):
    """A statement and the source where it was found."""

    @property
    def statement(self) -> Statement:
        """The statement."""

    @property
    def source_id(self) -> str | None:
        """The source."""


ChangeT = TypeVar("ChangeT", bound=FoundChange)
StatementT = TypeVar("StatementT", bound=FoundStatement)


def replay_changes(
    rules: RuleSet, items: Iterable[ChangeT], *, explain: bool = False
) -> Iterator[tuple[Rule, ChangeT, str | None]]:
    """Which rule matches which change.

    Args:
        rules: to be tried.
        items: changes of the log.
        explain: also yield what does not match, with the condition that failed.
    """
    for item in items:
        found = {
            match.rule_id: None for match in rules.match(item.change, source_id=item.source_id)
        }
        for rule_id in found:
            yield rules.by_id[rule_id], item, None
        if explain:
            for rule in rules.rules:
                if rule.id not in found:
                    yield rule, item, explain_match(rule, item.change, source_id=item.source_id)


def replay_statements(
    rules: RuleSet, items: Iterable[StatementT], *, explain: bool = False
) -> Iterator[tuple[Rule, StatementT, str | None]]:
    """Which rule matches which statement, whatever it asks of changes alone.

    Args:
        rules: to be tried.
        items: statements that stand.
        explain: also yield what does not match, with the condition that failed.
    """
    tried = on_statements(rules)
    for item in items:
        change = as_added_change(item.statement)
        found = {match.rule_id for match in tried.match(change, source_id=item.source_id)}
        for rule in tried.rules:
            if rule.id in found:
                yield rule, item, None
            elif explain:
                yield rule, item, explain_match(rule, change, source_id=item.source_id)
