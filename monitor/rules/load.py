"""Rule files to rules; every mistake is named with its place and the mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import re2

from monitor.commitments import find_region, gazetteer
from monitor.errors import UserError
from monitor.rules.entry import RuleEntry, RuleFile
from monitor.rules.rule import Pattern, Rule, TargetCondition
from monitor.rules.ruleset import RuleSet, fold
from monitor.yamlfile import Path_, YamlFile, read_yaml, validate

_SUFFIXES = {".yaml", ".yml"}
# RE2 runs in linear time; this bounds what a pattern such as (a{999}){999} may take.
_REGEX_MEMORY = 1 << 20
_REGEX_LENGTH = 1_000


def load_rules(paths: Sequence[Path]) -> RuleSet:
    """Read all rules of some files, or folders of files.

    Raises:
        UserError: a file is missing or wrong; the line names it, the place and the mend.
    """
    rules: dict[str, Rule] = {}
    for file in _files(paths):
        parsed = read_yaml(file)
        if parsed.value is None:
            continue
        for index, entry in enumerate(validate(parsed, RuleFile).rules):
            at: Path_ = ("rules", index)
            if entry.id in rules:
                raise parsed.error(
                    (*at, "id"), f"the id {entry.id!r} is taken", "each rule has its own id"
                )
            rules[entry.id] = _rule(entry, parsed, at)
    return RuleSet(tuple(rules.values()))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise UserError("no such file or folder", file=path, hint="monitor init writes rules")
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
        else:
            yield path


def _rule(entry: RuleEntry, file: YamlFile, at: Path_) -> Rule:
    wanted = entry.targets
    return Rule(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        topics=frozenset(entry.topics),
        regions=frozenset(
            _region(name, file, (*at, "regions", index)) for index, name in enumerate(entry.regions)
        ),
        keywords_any=tuple(fold(word) for word in entry.keywords.any),
        keywords_all=tuple(fold(word) for word in entry.keywords.all),
        keywords_none=tuple(fold(word) for word in entry.keywords.none),
        regex=tuple(
            _pattern(text, file, (*at, "regex", index)) for index, text in enumerate(entry.regex)
        ),
        themes=frozenset(entry.themes),
        kinds=frozenset(entry.kinds),
        basis=frozenset(entry.basis),
        speakers=frozenset(entry.speakers),
        labels=frozenset(entry.labels),
        sources=frozenset(entry.sources),
        years=frozenset(entry.years),
        target=None if wanted is None else TargetCondition(**wanted.model_dump()),
        priority=entry.priority,
        chats=tuple(dict.fromkeys(entry.then.chats)),
        subscribable=entry.then.subscribable,
    )


def _region(name: str, file: YamlFile, at: Path_) -> str:
    region = find_region(name)
    if region is None:
        raise file.error(at, f"unknown region {name!r}", gazetteer().suggest(name))
    return region.name


def _pattern(text: str, file: YamlFile, at: Path_) -> Pattern:
    if len(text) > _REGEX_LENGTH:
        raise file.error(at, f"an expression of more than {_REGEX_LENGTH} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    try:
        pattern: Pattern = re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise file.error(
            at, f"no regular expression: {reason}", "RE2 syntax, without look-around"
        ) from None
    return pattern
