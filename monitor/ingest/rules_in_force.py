"""The rules in force: those of the files, and those that chats made for themselves."""

from __future__ import annotations

import logging
from dataclasses import replace
from threading import Lock

from monitor.errors import UserError
from monitor.rules.loader import parse_rule
from monitor.rules.matcher import RuleSet
from monitor.rules.model import Rule
from monitor.rules.provider import LiveRules
from monitor.storage.engine import Database
from monitor.storage.subscriptions import CustomRule, custom_rules, custom_rules_version

log = logging.getLogger(__name__)


class StandingRules:
    """Follows the rule files and the chats' own rules; compiles them again when either changed."""

    def __init__(self, files: LiveRules, database: Database) -> None:
        """Keep where to look; nothing is compiled before it is asked for."""
        self._files = files
        self._database = database
        self._seen: tuple[object, ...] = ()
        self._rules = files.current()
        self._own: dict[CustomRule, Rule] = {}
        self._lock = Lock()

    @property
    def files(self) -> RuleSet:
        """The rules of the files alone: those that chats may choose from."""
        with self._lock:
            return self._files.current()

    @property
    def broken(self) -> UserError | None:
        """What is wrong with the files as they are now."""
        with self._lock:
            self._files.current()
            return self._files.broken

    def current(self) -> RuleSet:
        """All rules in force; costs a look at the files and one short query. It may block."""
        with self._lock:
            files = self._files.current()
            with self._database.read() as session:
                stamp = custom_rules_version(session)
                if (files, stamp) == self._seen:
                    return self._rules
                wanted = custom_rules(session)
            self._own = {rule: self._own.get(rule) or parsed(rule) for rule in wanted}
            self._rules = RuleSet((*files.rules, *self._own.values())) if self._own else files
            self._seen = (files, stamp)
            return self._rules


def parsed(own: CustomRule) -> Rule:
    """The rule that a chat made; one that means nothing any more matches nothing."""
    try:
        return parse_rule(own.body, rule_id=own.id, name=own.name)
    except UserError as error:
        log.warning("rules.own_broken", extra={"rule": own.id, "reason": str(error)})
        return replace(
            parse_rule("{}", rule_id=own.id, name=own.name), kinds=frozenset(), labels=frozenset()
        )
