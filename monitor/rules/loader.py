"""Reads rule files; every mistake is reported with its place and a hint how to correct it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import re2

from monitor.errors import UserError
from monitor.extraction.offices import offices_in_regions, offices_named, suggest_office
from monitor.extraction.regions import regions_named, suggest_region
from monitor.model.alerts import CUSTOM_RULE_PREFIX, Recipient
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import NATION, Speaker
from monitor.rules.matcher import RuleSet, fold
from monitor.rules.model import (
    ANY_VOCABULARY,
    CertaintyCondition,
    Pattern,
    Rule,
    RuleVocabulary,
    TargetCondition,
    TemplateFile,
)
from monitor.rules.schema import VERDICT_KINDS, RuleEntry, RuleFile
from monitor.yaml import Path_, YamlFile, did_you_mean, parse_yaml, read_yaml, validate

_SUFFIXES = {".yaml", ".yml"}
# RE2 runs in linear time; this bounds what a pattern such as (a{999}){999} may take.
_REGEX_MEMORY = 1 << 20
_REGEX_LENGTH = 1_000
_TEMPLATE_BYTES = 20_000
_CERTAINTY = {
    CertaintyCondition.SURE: frozenset({Certainty.SURE}),
    CertaintyCondition.ANY: frozenset(Certainty),
}


def load_rules(paths: Sequence[Path], vocabulary: RuleVocabulary = ANY_VOCABULARY) -> RuleSet:
    """Read all rules of some files, or folders of files.

    Args:
        paths: files, or folders, which are searched recursively.
        vocabulary: the names that rules may use; an unknown theme would never match.

    Raises:
        UserError: a file is missing or wrong; the error names it, the place and how to correct it.
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
            rules[entry.id] = _rule(entry, parsed, at, vocabulary)
    return RuleSet(tuple(rules.values()))


def parse_rule(body: str, *, rule_id: str, name: str) -> Rule:
    """A custom rule of a chat; its subscribers are stored elsewhere.

    Args:
        body: YAML or JSON of one rule, without ``id``, ``name`` and ``then``.
        rule_id: its id.
        name: its display name.

    Raises:
        UserError: it is not a rule.
    """
    file = parse_yaml(body, Path(rule_id))
    own = {"id": rule_id, "name": name, "then": {"subscribable": False}}
    value = {**file.value, **own} if isinstance(file.value, dict) else file.value
    return _rule(validate(file, RuleEntry, value=value), file, (), ANY_VOCABULARY)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise UserError("no such file or folder", file=path, hint="monitor init writes rules")
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
        else:
            yield path


def _rule(entry: RuleEntry, file: YamlFile, at: Path_, vocabulary: RuleVocabulary) -> Rule:
    wanted = entry.targets
    if entry.id.startswith(CUSTOM_RULE_PREFIX) and vocabulary is not ANY_VOCABULARY:
        raise file.error(
            (*at, "id"),
            f"ids that begin with {CUSTOM_RULE_PREFIX!r} are for the custom rules of chats",
        )
    for field, names, there in (
        (("themes",), entry.themes, vocabulary.themes),
        (("topics",), entry.topics, vocabulary.topics),
        (("sources",), entry.sources, vocabulary.sources),
        (("then", "channels"), entry.then.channels, vocabulary.channels),
    ):
        for index, name in enumerate(names):
            if there is not None and name not in there:
                hint = did_you_mean(name, list(there)) or (
                    f"one of {', '.join(there)}" if there else "the settings name none"
                )
                message = f"unknown {field[-1][:-1]} {name!r}"
                raise file.error((*at, *field, index), message, hint)
    regions = frozenset(
        region
        for index, name in enumerate(entry.regions)
        for region in _regions(name, file, (*at, "regions", index))
    )
    return Rule(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        topics=frozenset(entry.topics),
        regions=regions,
        keywords_any=tuple(fold(word) for word in entry.keywords.any),
        keywords_all=tuple(fold(word) for word in entry.keywords.all),
        keywords_none=tuple(fold(word) for word in entry.keywords.none),
        regex=tuple(
            _pattern(text, file, (*at, "regex", index)) for index, text in enumerate(entry.regex)
        ),
        themes=frozenset(entry.themes),
        kinds=_kinds(entry),
        basis=frozenset(entry.basis),
        certainty=_CERTAINTY[entry.certainty],
        speakers=frozenset(
            speaker
            for index, name in enumerate(entry.speakers)
            for speaker in _speakers(name, regions, file, (*at, "speakers", index))
        ),
        labels=frozenset(entry.labels),
        sources=frozenset(entry.sources),
        years=frozenset(entry.years),
        target=None if wanted is None else TargetCondition(**wanted.model_dump()),
        priority=entry.priority,
        recipients=tuple(
            dict.fromkeys(
                (*map(_chat, entry.then.chats), *(Recipient(0, 0, w) for w in entry.then.channels))
            )
        ),
        subscribable=entry.then.subscribable,
        delivery=entry.then.delivery,
        template=_template(entry.then.template, file, (*at, "then", "template"), vocabulary),
    )


def _kinds(entry: RuleEntry) -> frozenset[Kind]:
    """The kinds a rule names, or those that its basis can have."""
    named = frozenset(entry.kinds)
    if {"kinds", "basis"} & entry.model_fields_set != {"basis"}:
        return named
    of_promises = named if {*entry.basis} - {Basis.FULFILMENT} else frozenset()
    return of_promises.union(VERDICT_KINDS if Basis.FULFILMENT in entry.basis else ())


def _chat(name: str) -> Recipient:
    chat_id, _, thread_id = name.partition("/")
    return Recipient(int(chat_id), int(thread_id or 0))


def _template(
    name: str | None, file: YamlFile, at: Path_, vocabulary: RuleVocabulary
) -> TemplateFile | None:
    if name is None:
        return None
    path = file.path.parent / name
    if vocabulary.before_template_read is not None:
        vocabulary.before_template_read(path)
    try:
        if path.stat().st_size > _TEMPLATE_BYTES:
            raise file.error(at, f"the template is larger than {_TEMPLATE_BYTES} bytes")
        template = TemplateFile(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise file.error(
            at, f"the template {name!r} cannot be read: {reason}", "a path beside this file"
        ) from None
    if vocabulary.check_template is not None:
        vocabulary.check_template(template)
    return template


def _regions(name: str, file: YamlFile, at: Path_) -> tuple[str, ...]:
    regions = regions_named(name)
    if not regions:
        raise file.error(at, f"unknown region {name!r}", suggest_region(name))
    return tuple(region.name for region in regions)


def _speakers(
    name: str, regions: frozenset[str], file: YamlFile, at: Path_
) -> tuple[Speaker | str, ...]:
    """The kind of speaker, or the offices, that a name stands for.

    In a rule for some regions 发改委 is that of each of them.
    """
    kind = fold(name)
    if kind in set(Speaker):
        return (Speaker(kind),)
    local = offices_in_regions(name, sorted(regions))
    offices = local if local and NATION not in regions else (*offices_named(name), *local)
    if not offices:
        kinds = [speaker.value for speaker in Speaker]
        hint = did_you_mean(kind, kinds) if name.isascii() else suggest_office(name)
        hint = hint or f"a kind ({', '.join(kinds)}) or an office such as 工信部"
        raise file.error(at, f"unknown speaker {name!r}", hint)
    return offices


def _pattern(text: str, file: YamlFile, at: Path_) -> Pattern:
    if len(text) > _REGEX_LENGTH:
        raise file.error(at, f"an expression of more than {_REGEX_LENGTH} characters")
    try:
        return _compiled(text)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise file.error(
            at, f"no regular expression: {reason}", "RE2 syntax, without look-around"
        ) from None


@lru_cache(maxsize=4_096)
def _compiled(text: str) -> Pattern:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    pattern: Pattern = re2.compile(text, options)
    return pattern
