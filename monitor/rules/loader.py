"""Reads rule files; every mistake is reported with its place and a hint how to correct it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

import re2
from pydantic import ValidationError

from monitor.errors import UserError, UserErrors
from monitor.extraction.numerals import multiplier
from monitor.extraction.offices import (
    is_central,
    offices_in_regions,
    offices_named,
    suggest_office,
)
from monitor.extraction.regions import regions_around, regions_named, suggest_region
from monitor.extraction.units import units
from monitor.extraction.word_mistakes import list_hint, word_mistake
from monitor.folding import fold, fold_expression, simplify
from monitor.model.alerts import CUSTOM_RULE_PREFIX, Recipient
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import NATION, Speaker
from monitor.rules.matcher import RuleSet
from monitor.rules.mistakes import contradictions, mistakes_of
from monitor.rules.model import (
    ANY_VOCABULARY,
    EACH_LINE,
    CertaintyCondition,
    Pattern,
    Rule,
    RuleVocabulary,
    TargetCondition,
    TemplateFile,
)
from monitor.rules.schema import VERDICT_KINDS, RuleEntry, TargetEntry
from monitor.synonyms import synonym
from monitor.yaml import Path_, YamlFile, did_you_mean, parse_yaml, read_yaml
from monitor.yaml_mistakes import key_hint, no_list_of, other_file_hint, tell_odd_numbers

SUFFIXES = {".yaml", ".yml"}
"""How the name of a rule file in a folder ends."""

# RE2 runs in linear time; this bounds what a pattern such as (a{999}){999} may take.
_REGEX_MEMORY = 1 << 20
_REGEX_LENGTH = 1_000
_TEMPLATE_BYTES = 20_000
_FILE_BYTES = 20_000_000
_EXPLAINED = 20
_MAX_RULES = 20_000
_MAX_SHOWN = 12
# Stands in for an id that is missing or wrong, so that the rest of its rule is checked too.
_NAMELESS = "0" * 64
_CERTAINTY = {
    CertaintyCondition.SURE: frozenset({Certainty.SURE}),
    CertaintyCondition.ANY: frozenset(Certainty),
}


@dataclass(frozen=True, slots=True)
class _MistakeCollector:
    """Notes what is wrong at a path below an entry; not what the schema has told of it already."""

    file: YamlFile
    at: Path_
    mistakes: list[UserError]
    told: frozenset[Path_] = frozenset()

    @property
    def explains(self) -> bool:
        """Whether to look for what a name was meant to be: it takes a while, and few are read."""
        return len(self.mistakes) < _EXPLAINED

    def __call__(self, path: Path_, message: str, hint: str | None = None) -> None:
        if path in self.told:
            return
        self.mistakes.append(self.file.error((*self.at, *path), message, hint))


def load_rules(paths: Sequence[Path], vocabulary: RuleVocabulary = ANY_VOCABULARY) -> RuleSet:
    """Read all rules of some files, or folders of files.

    Args:
        paths: files, or folders, which are searched recursively.
        vocabulary: the names that rules may use; an unknown theme would never match.

    Raises:
        UserError: a file is missing or wrong; all mistakes of all files, each with its file, its
            place and how to correct it.
    """
    mistakes: list[UserError] = []
    rules: dict[str, Rule] = {}
    places: dict[str, tuple[YamlFile, Path_]] = {}
    for file in _files(paths, mistakes):
        found: list[UserError] = []
        for rule, parsed, at in _rules_of(file, vocabulary, found):
            if rule.id == _NAMELESS:
                continue
            if rule.id in rules:
                first, place = places[rule.id]
                hint = f"each rule has its own id; {first.path}:{first.place(place)[0]} has it too"
                found.append(parsed.error((*at, "id"), f"the id {rule.id!r} is taken", hint))
            else:
                rules[rule.id] = rule
                places[rule.id] = parsed, at
        mistakes += sorted(found, key=lambda one: (one.line or 0, one.column or 0))
    if mistakes:
        raise mistakes[0] if len(mistakes) == 1 else UserErrors(mistakes)
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
    mistakes: list[UserError] = []
    entry, _ = _entry(value, file, (), mistakes)
    rule = (
        None
        if entry is None
        else _rule(entry, ANY_VOCABULARY, _MistakeCollector(file, (), mistakes))
    )
    if rule is None or mistakes:
        raise mistakes[0]
    return rule


def parse_rule_entry(
    text: str, vocabulary: RuleVocabulary = ANY_VOCABULARY, *, path: Path = Path("rule.yaml")
) -> tuple[Rule, dict[str, Any]]:
    """One rule as somebody writes it: a whole file, an item of the list, or its keys alone.

    Args:
        text: the YAML.
        vocabulary: the names that it may use.
        path: named in mistakes.

    Returns:
        The rule, and the values it was made of.

    Raises:
        UserError: it is no rule, or several; all mistakes, each with its line.
    """
    file = parse_yaml(text, path)
    mistakes: list[UserError] = []
    value = file.value
    at: Path_ = ()
    if isinstance(value, dict) and "rules" in value:
        value, at = list(_entries(file, mistakes)), ("rules",)
    if isinstance(value, list):
        if len(value) > 1:
            mistakes.append(file.error((*at, 1), "a second rule", "try one rule at a time"))
        value, at = value[0] if value else None, (*at, 0)
    if value is None:
        mistakes.append(file.error(at, "there is no rule", "begin with id: and name:"))
    else:
        entry, told = _entry(value, file, at, mistakes)
        if entry is not None:
            rule = _rule(entry, vocabulary, _MistakeCollector(file, at, mistakes, told))
        tell_odd_numbers(file, mistakes)
    if mistakes:
        mistakes.sort(key=lambda one: (one.line or 0, one.column or 0))
        raise mistakes[0] if len(mistakes) == 1 else UserErrors(mistakes)
    return rule, value


def rule_files(paths: Sequence[Path]) -> list[Path]:
    """The rule files that some paths name, folders searched recursively; missing ones, too."""
    missing: list[UserError] = []
    return [*_files(paths, missing), *(path for path in paths if not path.exists())]


def _files(paths: Sequence[Path], mistakes: list[UserError]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            mistakes.append(
                UserError("no such file or folder", file=path, hint="monitor init writes rules")
            )
        elif path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()
            )
        else:
            yield path


def _rules_of(
    path: Path, vocabulary: RuleVocabulary, mistakes: list[UserError]
) -> Iterator[tuple[Rule, YamlFile, Path_]]:
    """The rules of a file with their places; what is wrong is appended to ``mistakes``."""
    try:
        file = read_yaml(path, max_bytes=_FILE_BYTES)
    except UserError as error:
        mistakes.append(error)
        return
    for index, value in enumerate(_entries(file, mistakes)):
        at: Path_ = ("rules", index)
        entry, told = _entry(value, file, at, mistakes)
        if entry is not None:
            yield _rule(entry, vocabulary, _MistakeCollector(file, at, mistakes, told)), file, at
    tell_odd_numbers(file, mistakes)


_EVERYTHING = frozenset({"all", "any", "*", "全部", "所有", "不限"})


def _entries(file: YamlFile, mistakes: list[UserError]) -> Sequence[Any]:
    """What stands in the list of a file."""
    value = file.value
    if value is None:
        return ()
    if not isinstance(value, dict):
        hint = "write rules: in the first line, and the list below it"
        mistakes.append(file.error((), "a rule file has one key, rules", hint))
        return ()
    for key in value:
        if key != "rules":
            other = other_file_hint(str(key), value[key])
            near = (
                other or "rules: stands once, before the list"
                if key in RuleEntry.model_fields
                else other
            )
            near = near or key_hint(str(key)) or did_you_mean(str(key), ["rules"])
            hint = near or "the only key is rules"
            mistakes.append(file.error((str(key),), f"unknown key {str(key)!r}", hint))
    found = value.get("rules", ())
    if isinstance(found, list):
        if len(found) > _MAX_RULES:
            hint = f"at most {_MAX_RULES:,} in one file"
            mistakes.append(file.error(("rules",), f"{len(found):,} rules", hint))
        return found
    if "rules" in value:
        mistakes.append(file.error(("rules",), *no_list_of("rule", found)))
    elif not value:
        mistakes.append(file.error((), "rules is missing", "write rules: and a list"))
    return ()


def _entry(
    value: Any, file: YamlFile, at: Path_, mistakes: list[UserError]
) -> tuple[RuleEntry | None, frozenset[Path_]]:
    """An entry; of a wrong one what is right, so that the rest of it is checked too.

    Returns:
        The entry, and the paths of what was told as wrong.
    """
    try:
        return RuleEntry.model_validate(value), frozenset()
    except ValidationError as error:
        mistakes += mistakes_of(file, at, error)
        wrong = frozenset(tuple(one["loc"]) for one in error.errors())
    if not isinstance(value, dict):
        return None, wrong
    filled = {"id": _NAMELESS, "name": "?"} | (_right_part(value, wrong) or {})
    try:
        return RuleEntry.model_validate(filled), wrong
    except ValidationError:
        return None, wrong


def _right_part(value: Any, wrong: Collection[Path_], at: Path_ = ()) -> Any:
    """A value without what is wrong in it; None if nothing is left.

    In place of a wrong item of a list stands its first right one, so that the others keep their
    places.
    """
    if at in wrong or not any(path[: len(at)] == at for path in wrong):
        return None if at in wrong else value
    if isinstance(value, dict):
        parts = {key: _right_part(one, wrong, (*at, str(key))) for key, one in value.items()}
        return {key: one for key, one in parts.items() if one is not None} or None
    if isinstance(value, list):
        items = [_right_part(one, wrong, (*at, index)) for index, one in enumerate(value)]
        right = next((one for one in items if one is not None), None)
        return None if right is None else [right if one is None else one for one in items]
    return None


def _rule(entry: RuleEntry, vocabulary: RuleVocabulary, tell: _MistakeCollector) -> Rule:
    """The rule of an entry; what is wrong in it is told."""
    if entry.id.startswith(CUSTOM_RULE_PREFIX) and vocabulary is not ANY_VOCABULARY:
        tell(
            ("id",),
            f"ids that begin with {CUSTOM_RULE_PREFIX!r} are for the custom rules of chats",
            "begin it with another word",
        )
    _check_names(entry, vocabulary, tell)
    _check_words(entry, tell)
    for where, message, hint in contradictions(entry):
        tell(where, message, hint)
    regions = frozenset(
        region
        for index, name in enumerate(entry.regions)
        for region in _regions(name, ("regions", index), tell)
    )
    _check_places(entry, regions, vocabulary, tell)
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
            pattern
            for index, text in enumerate(entry.regex)
            if (pattern := _pattern(text, ("regex", index), tell)) is not None
        ),
        themes=frozenset(entry.themes),
        kinds=_kinds(entry),
        basis=frozenset(entry.basis),
        certainty=_CERTAINTY[entry.certainty],
        speakers=frozenset(
            speaker
            for index, name in enumerate(entry.speakers)
            for speaker in _speakers(name, regions, ("speakers", index), tell)
        ),
        labels=frozenset(entry.labels),
        sources=frozenset(entry.sources),
        years=frozenset(entry.years),
        target=_target(entry.targets, tell),
        priority=entry.priority,
        recipients=tuple(
            dict.fromkeys(
                (*map(_chat, entry.then.chats), *(Recipient(0, 0, w) for w in entry.then.channels))
            )
        ),
        subscribable=entry.then.subscribable,
        delivery=entry.then.delivery,
        template=_template(entry.then.template, vocabulary, tell),
    )


def _check_names(entry: RuleEntry, vocabulary: RuleVocabulary, tell: _MistakeCollector) -> None:
    for field, names, there in (
        (("themes",), entry.themes, vocabulary.themes),
        (("topics",), entry.topics, vocabulary.topics),
        (("sources",), entry.sources, vocabulary.sources),
        (("then", "channels"), entry.then.channels, vocabulary.channels),
    ):
        for index, name in enumerate(names):
            if there is None or name in there:
                continue
            known = list(there)
            shown = ", ".join(known[:_MAX_SHOWN]) + (", …" if len(known) > _MAX_SHOWN else "")
            hint = _all_of_them(name, field[-1]) or list_hint(name)
            meant = synonym(name, known)
            hint = hint or (f"did you mean {meant}?" if meant else did_you_mean(fold(name), known))
            hint = hint or (f"one of {shown}" if known else "the settings name none")
            tell((*field, index), f"unknown {field[-1][:-1]} {name!r}", hint)


def _check_places(
    entry: RuleEntry, regions: frozenset[str], vocabulary: RuleVocabulary, tell: _MistakeCollector
) -> None:
    """Tell offices and sources of other regions than the rule's: no change is of both."""
    if not regions or NATION in regions:
        return
    known = vocabulary.source_regions or {}
    named = {"sources": {name: known.get(name) for name in entry.sources}}
    # A kind of speaker fits everywhere, and most rules name kinds only.
    if not any(fold(name) in set(Speaker) for name in entry.speakers):
        named["speakers"] = {name: _home(name, regions) for name in entry.speakers}
    for field, homes in named.items():
        # One of another place beside one that fits does no harm.
        if not homes or not all(homes.values()):
            continue
        wanted = frozenset[str]().union(*map(_provinces, regions))
        if not all(home and wanted.isdisjoint(_provinces(home)) for home in homes.values()):
            continue
        name, home = next(iter(homes.items()))
        tell(
            (field, 0),
            f"{field}: the rule never matches: {name} is of {home}, which regions does not name",
            f"add {home} to regions, or leave regions out",
        )


def _provinces(region: str) -> frozenset[str]:
    return frozenset(one.name for one in regions_around(region)[-1:])


def _home(name: str, regions: frozenset[str]) -> str | None:
    """The region of an office; None for a kind of speaker, a central office and an unknown name."""
    offices = () if offices_in_regions(name, sorted(regions)) else offices_named(name)
    if not offices or is_central(offices[0]):
        return None
    return next((one.name for one in regions_around(offices[0])), None)


def _check_words(entry: RuleEntry, tell: _MistakeCollector) -> None:
    """Tell words that would never be found as they are written."""
    metric = entry.targets.metric if entry.targets is not None else None
    words: list[tuple[Path_, str]] = [
        (("keywords", group, index), word)
        for group in ("any", "all", "none")
        for index, word in enumerate(getattr(entry.keywords, group))
    ]
    words += [] if metric is None else [(("targets", "metric"), metric)]
    for where, word in words:
        if word_mistake(word, is_plain=True) is None:
            continue
        # The places are read only for words that may be wrong.
        scalar = tell.file.scalar((*tell.at, *where)) or tell.file.scalar((*tell.at, *where[:-1]))
        found = word_mistake(word, is_plain=scalar is not None and scalar[1])
        if found is not None:
            tell(where, f"{'.'.join(map(str, where[:2]))}: {found[0]}", found[1])


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
    name: str | None, vocabulary: RuleVocabulary, tell: _MistakeCollector
) -> TemplateFile | None:
    if name is None or not vocabulary.reads_templates:
        return None
    where = ("then", "template")
    path = tell.file.path.parent / name
    if vocabulary.before_template_read is not None:
        vocabulary.before_template_read(path)
    try:
        status = path.stat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            # A pipe or a device may have no end.
            tell(where, f"the template {name!r} is no file", "a path beside this file")
            return None
        if status.st_size > _TEMPLATE_BYTES:
            tell(where, f"the template is larger than {_TEMPLATE_BYTES} bytes")
            return None
        template = TemplateFile(path, path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        tell(where, f"the template {name!r} cannot be read: {reason}", "a path beside this file")
        return None
    if vocabulary.check_template is not None:
        try:
            vocabulary.check_template(template)
        except UserError as error:
            tell.mistakes.append(error)
    return template


def _regions(name: str, where: Path_, tell: _MistakeCollector) -> tuple[str, ...]:
    regions = regions_named(name) or regions_named(simplify(name))
    if not regions:
        hint = _all_of_them(name, "regions") or list_hint(name)
        hint = hint or (_region_hint(name) if tell.explains else None)
        tell(where, f"unknown region {name!r}", hint)
    return tuple(region.name for region in regions)


def _all_of_them(name: str, field: str) -> str | None:
    """The hint for a name that means all; None for any other name."""
    return f"leave {field} out: that accepts all" if name.casefold() in _EVERYTHING else None


def _region_hint(name: str) -> str:
    usual = "write it in Chinese characters: 贵州" if name.isascii() else None
    near = suggest_region(simplify(name))
    return near or usual or "a province, a city, or a group such as 京津冀 or 华东"


def _speakers(
    name: str, regions: frozenset[str], where: Path_, tell: _MistakeCollector
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
        hint = list_hint(name)
        if hint is None and tell.explains:
            meant = synonym(name, kinds)
            hint = f"did you mean {meant}?" if meant else None
            hint = hint or (did_you_mean(kind, kinds) if name.isascii() else suggest_office(name))
        hint = hint or f"a kind ({', '.join(kinds)}) or an office such as 工信部"
        tell(where, f"unknown speaker {name!r}", hint)
    return offices


def _target(entry: TargetEntry | None, tell: _MistakeCollector) -> TargetCondition | None:
    """The condition on a number, its limits in a unit that targets have."""
    if entry is None:
        return None
    if entry.unit is None:
        return TargetCondition(**entry.model_dump())
    found = written_unit(simplify(entry.unit))
    if found is None:
        tell(("targets", "unit"), f"unknown unit {entry.unit!r}", _unit_hint(simplify(entry.unit)))
        return None
    unit, factor = found
    return TargetCondition(
        entry.metric,
        unit,
        None if entry.at_least is None else entry.at_least * factor,
        None if entry.at_most is None else entry.at_most * factor,
        entry.relative_change,
    )


@cache
def _scale_pattern() -> re.Pattern[str]:
    return re.compile("[十百千]?万?亿|[十百千]?万|[百千]")


def written_unit(name: str) -> tuple[str, float] | None:
    """The unit that a name stands for, and how many of it: 万元 are 10,000 元; None if unknown."""
    scale = _scale_pattern().match(name)
    for unit, factor in (
        (name, 1.0),
        (name[scale.end() :] if scale else "", multiplier(scale[0]) if scale else 1.0),
    ):
        known = units().get(unit.lower())
        if known is not None and known.target:
            return known.target, known.factor * factor
    return None


def _unit_hint(name: str) -> str:
    core = name.strip("个")
    if core and set(core) <= set("十百千万亿"):
        return f"{core} of what? write {core}元, for instance"
    known = [unit for one in units() for unit in (one, f"万{one}", f"亿{one}")]
    return did_you_mean(name.lower(), known) or "units such as P, Eflops, 亿元, 万张, %, 家"


_REGEX_HINTS = {
    "missing )": "each ( needs its ); write \\( for a bracket itself",
    "unexpected )": "each ) needs its (; write \\) for a bracket itself",
    "missing ]": "each [ needs its ]; write \\[ for a bracket itself",
    "repetition": "* + ? {} stand after what they repeat; write \\* for the sign itself",
    "range": "a range such as 0-9 begins with the smaller character",
    "escape": "RE2 has \\d \\s \\w \\pL and \\x{7B97}, but no \\u; write \\\\ for the sign itself",
    "too large": "fewer or smaller repetitions",
}
# An expression that is found in all of these is found in every sentence.
_PROBES = ("㐂", "z", "7", "#")


def _pattern(text: str, where: Path_, tell: _MistakeCollector) -> Pattern | None:
    if len(text) > _REGEX_LENGTH:
        tell(where, f"an expression of more than {_REGEX_LENGTH} characters", "make two of it")
        return None
    try:
        pattern = _compiled(fold_expression(text))
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        hint = next((hint for part, hint in _REGEX_HINTS.items() if part in reason), None)
        shown = reason.replace(EACH_LINE, "")
        tell(
            where,
            f"no regular expression: {shown}",
            hint if hint and "(?" not in shown else "RE2 syntax, without look-around",
        )
        return None
    if len(text) > 2 and text[0] == text[-1] == "/":
        tell(where, f"the slashes of {text} are a part of it", f"write {text[1:-1]}")
    if pattern.search("") or all(pattern.search(probe) for probe in _PROBES):
        tell(where, f"{text!r} is found in every sentence", "leave it out, or name a word in it")
    return pattern


@lru_cache(maxsize=4_096)
def _compiled(folded: str) -> Pattern:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    pattern: Pattern = re2.compile(EACH_LINE + folded, options)
    return pattern
