"""The rules in force: rule files and custom rules of chats, read again when either changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Protocol

from monitor.errors import UserError
from monitor.rules.loader import load_rules, parse_rule
from monitor.rules.matcher import RuleSet
from monitor.rules.model import ANY_VOCABULARY, Rule, RuleVocabulary

log = logging.getLogger(__name__)


class StoredRule(Protocol):
    """A custom rule as it is stored: ``body`` is the rule as JSON. Equal ones are the same rule."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """What people see."""

    @property
    def body(self) -> str:
        """The rule without id and name."""


CustomRules = Callable[[object], tuple[object, Sequence[StoredRule] | None]]
"""Given the version that was read last, the current version and its rules; None if it is the same.
"""


def no_custom_rules(_version: object) -> tuple[object, Sequence[StoredRule] | None]:
    """The reader where there are no custom rules."""
    return None, None


class RuleProvider:
    """Gives the rules in force; may be asked from any thread.

    A file that breaks leaves the last good rules of the files in force.
    """

    def __init__(
        self,
        files: RuleFiles,
        *,
        custom: CustomRules = no_custom_rules,
        report: Callable[[str], None] | None = None,
    ) -> None:
        """Keep where to look; nothing is compiled before it is asked for.

        Args:
            files: the rule files.
            custom: reads the custom rules of chats; may block.
            report: tells operators of a mistake in the files; called once for each mistake.
        """
        self._files = files
        self._custom = custom
        self._report = report
        self._reported: str | None = None
        self._version: object = None
        self._compiled: dict[StoredRule, Rule] = {}
        self._of_files = self._rules = files.current()
        self._lock = Lock()

    @property
    def files(self) -> RuleSet:
        """The rules of the files alone: those that chats may choose from."""
        with self._lock:
            return self._files.current()

    @property
    def broken(self) -> UserError | None:
        """The mistake in the files as they are now; None while there is none."""
        with self._lock:
            self._files.current()
            return self._files.broken

    def current(self) -> RuleSet:
        """All rules in force; costs a ``stat`` for each file and a query. It may block."""
        with self._lock:
            files = self._files.current()
            self._version, stored = self._custom(self._version)
            if stored is not None:
                self._compiled = {
                    one: self._compiled.get(one) or compile_custom(one) for one in stored
                }
            elif files is self._of_files:
                return self._rules
            custom = self._compiled.values()
            self._of_files = files
            self._rules = RuleSet((*files.rules, *custom)) if custom else files
            return self._rules

    def refresh(self) -> bool:
        """Take changed files into force, and report a mistake in them.

        Returns:
            Whether a mistake was reported: one that is new, or another than before.
        """
        self.current()
        broken = self.broken
        reason = None if broken is None else str(broken)
        is_new = reason is not None and reason != self._reported
        if reason is not None and is_new and self._report is not None:
            self._report(reason)
        self._reported = reason
        return is_new


def compile_custom(stored: StoredRule) -> Rule:
    """A custom rule; one that has become invalid matches nothing."""
    try:
        return parse_rule(stored.body, rule_id=stored.id, name=stored.name)
    except UserError as error:
        log.warning("rules.custom_broken", extra={"rule": stored.id, "reason": str(error)})
        empty = parse_rule("{}", rule_id=stored.id, name=stored.name)
        return replace(empty, kinds=frozenset(), labels=frozenset())


class RuleFiles:
    """The rules of the files. A file that breaks leaves the last good set in force.

    ``broken`` is the mistake in the files as they are now, None while there is none.
    """

    def __init__(self, paths: Sequence[Path], vocabulary: RuleVocabulary = ANY_VOCABULARY) -> None:
        """Read the rules for the first time.

        Args:
            paths: files, or folders of files.
            vocabulary: what rules may name.

        Raises:
            UserError: a rule is wrong; at the start there is no good set to keep.
        """
        self._paths = tuple(paths)
        self._vocabulary = vocabulary
        self.broken: UserError | None = None
        self._rules, error = self._read()
        if error is not None:
            raise error

    def current(self) -> RuleSet:
        """The newest good set; a look at the files costs a ``stat`` each. One caller at a time."""
        if self._look((*self._files(), *self._templates)) == self._seen:
            return self._rules
        rules, self.broken = self._read()
        if self.broken is not None:
            log.error("rules.broken", extra={"reason": str(self.broken)})
        else:
            self._rules = rules
            log.info("rules.loaded", extra={"rules": len(rules.rules)})
        return self._rules

    def _read(self) -> tuple[RuleSet, UserError | None]:
        """The rules of the files as they are, or the mistake in them.

        Each file is looked at before it is read: what is written meanwhile is read the next time.
        The templates of rules that are wrong are looked at too: they may be the mistake.
        """
        self._seen = self._look(self._files())
        self._templates: list[Path] = []

        def watch_template(template: Path) -> None:
            if template not in self._seen:
                self._templates.append(template)
                self._seen |= self._look([template])

        try:
            return load_rules(
                self._paths, replace(self._vocabulary, before_template_read=watch_template)
            ), None
        except UserError as error:
            return RuleSet(()), error

    def _files(self) -> Iterator[Path]:
        for path in self._paths:
            yield from path.glob("**/*.y*ml") if path.is_dir() else [path]

    def _look(self, files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
        found: dict[Path, tuple[int, int] | None] = {}
        for file in files:
            try:
                stat = file.stat()
            except OSError:
                found[file] = None
            else:
                found[file] = (stat.st_mtime_ns, stat.st_size)
        return found
