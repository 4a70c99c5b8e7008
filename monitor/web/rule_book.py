"""The rules of the files as the site shows them; a file with a mistake does not hide the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

import yaml

from monitor.errors import UserError, UserErrors
from monitor.model.changes import LoggedChange
from monitor.rules.loader import load_rules, rule_files
from monitor.rules.matcher import RuleSet
from monitor.rules.model import Rule, RuleVocabulary
from monitor.rules.replay import replay_changes
from monitor.yaml import read_yaml

NEWEST = 5
_AT_ONCE = 2
_CHAT_NUMBER = re.compile(r"-?\d{6,}")


@dataclass(frozen=True, slots=True)
class FileRule:
    """A rule, the name of its file, and its YAML without the numbers of chats."""

    rule: Rule
    file: str
    yaml: str


@dataclass(frozen=True, slots=True)
class RuleMistake:
    """A mistake in a file: the line that ``monitor rules check`` prints."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """What the files have. A rule whose id another file has is a mistake."""

    rules: tuple[FileRule, ...] = ()
    mistakes: tuple[RuleMistake, ...] = ()
    compiled: RuleSet = field(default_factory=lambda: RuleSet(()))

    def file_of(self, rule_id: str) -> str | None:
        """The file that has a rule of this id."""
        return next((one.file for one in self.rules if one.rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class Matched:
    """How many of the newest changes a rule matches, and the newest of them."""

    count: int = 0
    newest: tuple[LoggedChange, ...] = ()


@dataclass(slots=True)
class RuleBook:
    """Reads the files again when one changes. It may be asked from any thread."""

    paths: tuple[Path, ...]
    vocabulary: RuleVocabulary
    trying: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))
    _lock: Lock = field(default_factory=Lock)
    _seen: object = None
    _book: Book = field(default_factory=Book)
    _matched_for: object = None
    _matched: Mapping[str, Matched] = field(default_factory=dict)

    def read(self) -> Book:
        """The rules as the files are now; costs a ``stat`` for each file."""
        with self._lock:
            files = rule_files(self.paths)
            seen = [(file, _stamp(file)) for file in files]
            if seen != self._seen:
                self._book = _read(files, self.paths, self.vocabulary)
                self._seen = seen
            return self._book

    def matched(self, book: Book, changes: Sequence[LoggedChange]) -> Mapping[str, Matched]:
        """What each rule matches among some changes, newest first; kept for the same ones."""
        key = (book, len(changes), changes[0].id if changes else 0)
        with self._lock:
            if self._matched_for != key:
                self._matched = _matched(book.compiled, changes)
                self._matched_for = key
            return self._matched


def _matched(rules: RuleSet, changes: Sequence[LoggedChange]) -> dict[str, Matched]:
    found: dict[str, list[LoggedChange]] = {}
    for rule, change, _ in replay_changes(rules, changes):
        found.setdefault(rule.id, []).append(change)
    return {one: Matched(len(items), tuple(items[:NEWEST])) for one, items in found.items()}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _read(files: Sequence[Path], paths: Sequence[Path], vocabulary: RuleVocabulary) -> Book:
    rules: dict[str, FileRule] = {}
    mistakes: list[RuleMistake] = []
    for file in files:
        name = _shown_name(file, paths)
        try:
            found = load_rules([file], vocabulary).rules
            entries = {one["id"]: one for one in (read_yaml(file).value or {}).get("rules", ())}
        except UserError as error:
            every = error.errors if isinstance(error, UserErrors) else (error,)
            mistakes += [RuleMistake(name, _one_line(one, file, name)) for one in every]
            continue
        for rule in found:
            if rule.id in rules:
                text = f"{name}: the id {rule.id!r} is taken – {rules[rule.id].file} has it too"
                mistakes.append(RuleMistake(name, text))
            else:
                rules[rule.id] = FileRule(rule, name, entry_yaml(entries[rule.id]))
    every_rule = tuple(rules.values())
    return Book(every_rule, tuple(mistakes), RuleSet(tuple(one.rule for one in every_rule)))


def _shown_name(file: Path, paths: Sequence[Path]) -> str:
    """A file by its folder in the settings; where that is on the machine is not shown."""
    for path in paths:
        if file != path and file.is_relative_to(path):
            return str(Path(path.name) / file.relative_to(path))
    return file.name


def _one_line(error: UserError, file: Path, name: str) -> str:
    """The line of a mistake, without the folder and without numbers of chats."""
    text = str(error).replace(str(file), name).replace(f"{file.parent}/", "")
    return _CHAT_NUMBER.sub("…", text)


def entry_yaml(entry: Mapping[str, Any]) -> str:
    """An entry of a rule file as YAML, without the chats it names."""
    shown = dict(entry)
    if isinstance(then := shown.pop("then", None), dict):
        rest = {key: value for key, value in then.items() if key not in {"chats", "channels"}}
        shown |= {"then": rest} if rest else {}
    return dump([shown])


def dump(value: object) -> str:
    """A value as YAML for people: the keys in their order, short lists in one line."""
    return yaml.safe_dump(
        value, allow_unicode=True, sort_keys=False, default_flow_style=None, width=88
    )
