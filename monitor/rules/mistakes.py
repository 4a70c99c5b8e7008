"""What is wrong with a rule, in the words of the file: one line, and how to correct it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.errors import UserError
from monitor.extraction.vocabulary import metrics_without_unit
from monitor.extraction.word_mistakes import words_in
from monitor.folding import fold
from monitor.model.changes import Basis, Kind
from monitor.model.statements import Label, number
from monitor.rules.schema import (
    VERDICT_KINDS,
    KeywordsEntry,
    RuleEntry,
    TargetEntry,
    ThenEntry,
)
from monitor.synonyms import synonym
from monitor.yaml import Path_, YamlFile, did_you_mean
from monitor.yaml_mistakes import key_hint, no_entry, no_text, shown, stands

_SECTIONS: Mapping[str, type[BaseModel]] = {
    "keywords": KeywordsEntry,
    "targets": TargetEntry,
    "then": ThenEntry,
}
_ALIKE = 0.7
_WITH_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([^\W\d]+|%)")
_LIMITS = frozenset({"at_least", "at_most"})


@dataclass(frozen=True, slots=True)
class _InvalidValue:
    """A value that the schema refuses; ``raw`` is how it is written, if it is one word."""

    loc: Path_
    value: Any
    reason: str
    limits: Mapping[str, Any]
    raw: str | None

    @property
    def name(self) -> str:
        return ".".join(str(part) for part in self.loc if isinstance(part, str))


_Explained = tuple[str, str | None]


def mistakes_of(file: YamlFile, at: Path_, error: ValidationError) -> list[UserError]:
    """All mistakes of one entry, each at its place.

    Args:
        file: the rule file.
        at: where the entry stands.
        error: what the schema says of it.
    """
    found: dict[Path_, UserError] = {}
    for one in error.errors(include_url=False):
        loc = tuple(one["loc"])
        scalar = file.scalar((*at, *loc))
        raw = None if scalar is None else scalar[0]
        wrong = _InvalidValue(loc, one["input"], one["msg"], one.get("ctx", {}), raw)
        explain = next((e for kind, e in _REASONS.items() if one["type"].startswith(kind)), _other)
        found.setdefault(loc, file.error(file.known_place(at, loc), *explain(wrong)))
    return list(found.values())


def _other(wrong: _InvalidValue) -> _Explained:
    return f"{wrong.name}: {shown(wrong.value)} cannot stand here", None


def _unknown_key(wrong: _InvalidValue) -> _Explained:
    key = str(wrong.loc[-1])
    section = next((part for part in wrong.loc[:-1] if isinstance(part, str)), None)
    message = f"unknown key {key!r}"
    known = list(_SECTIONS.get(section or "", RuleEntry).model_fields)
    clean = fold(key)
    hint = key_hint(key) or _where_it_stands(clean, section, known)
    return message, hint or did_you_mean(clean, known) or f"one of {', '.join(known)}"


def _where_it_stands(key: str, section: str | None, known: list[str]) -> str | None:
    """How a key is written that is known by another form, name or place; None for any other."""
    if key in known:
        return f"write {key}"
    words = synonym(key, ("any", "none"))
    if words is not None and section in {None, "keywords"}:
        return f"write {words}: …" if section else f"write keywords: {{{words}: …}}"
    for other, model in _SECTIONS.items():
        if other != section and key in model.model_fields:
            return f"it stands under {other}: {other}: {{{key}: …}}"
    if section is not None and key in RuleEntry.model_fields:
        return f"it stands beside {section}, not under it"
    return None


def _missing(wrong: _InvalidValue) -> _Explained:
    example = "a short one such as guizhou-computing" if wrong.name == "id" else "for people"
    return f"{wrong.name} is missing", f"add {wrong.name}: {example}"


def _as_told(wrong: _InvalidValue) -> _Explained:
    message, _, hint = wrong.reason.removeprefix("Value error, ").partition(" – ")
    return f"{wrong.name}: {message}", hint or None


def _no_section(wrong: _InvalidValue) -> _Explained:
    name, value = wrong.name, wrong.value
    if not name:
        return no_entry(value, "rule", "a rule begins with - id: and a name: below it")
    if value is None:
        return f"{name}: nothing stands below it", "leave it out"
    if name == "keywords" and isinstance(value, str | list):
        words = value if isinstance(value, list) else words_in(value)
        listed = ", ".join(str(word) for word in words[:3])
        return (
            "keywords: wants any, all or none before the words",
            f"write keywords: {{any: [{listed}{', …' if len(words) > 3 else ''}]}}",
        )
    fields = list(_SECTIONS[name].model_fields)
    return (
        f"{name}: {stands(value)} where {', '.join(fields)} are wanted",
        f"write {name}: {{{fields[0]}: …}}",
    )


def _no_list(wrong: _InvalidValue) -> _Explained:
    key = wrong.name.rpartition(".")[2]
    example = str(wrong.value) if isinstance(wrong.value, float) else "…"
    message = f"{wrong.name}: {shown(wrong.value)} where a list is wanted"
    return message, f"write {key}: [{example}]"


def _no_choice(wrong: _InvalidValue) -> _Explained:
    known = re.findall(r"'([^']*)'", wrong.limits.get("expected", ""))
    key = wrong.name.rpartition(".")[2]
    one = key[:-1] if key in {"kinds", "labels"} else key
    # Of a few words all are shown rather than one that is hardly like it.
    near = synonym(str(wrong.value), known) or next(
        iter(get_close_matches(fold(str(wrong.value)), known, n=1, cutoff=_ALIKE)), None
    )
    hint = f"did you mean {near}?" if near else f"one of {', '.join(known)}"
    return f"{wrong.name}: unknown {one} {shown(wrong.value)}", hint


def _no_number(wrong: _InvalidValue) -> _Explained:
    if wrong.value is None:
        return f"{wrong.name}: nothing is written here", "write a number, or leave it out"
    hint = "digits only, such as 150 or 1.5"
    written = str(wrong.value) if wrong.raw is None else wrong.raw
    if (parts := _WITH_UNIT.fullmatch(written)) is not None:
        digits, unit = parts.groups()
        key = wrong.name.rpartition(".")[2]
        hint = f"write {key}: {digits}" + (f", unit: {unit}" if key in _LIMITS else "")
    return f"{wrong.name}: {shown(written)} is no number", hint


def _no_whole_number(wrong: _InvalidValue) -> _Explained:
    years = re.fullmatch(r"(20\d\d)\D{1,3}(20\d\d)", str(wrong.value))
    hint = "digits only, such as 2026"
    if years is not None and int(years[1]) < int(years[2]):
        hint = f"write [{', '.join(map(str, range(int(years[1]), int(years[2]) + 1)))}]"
    return f"{wrong.name}: {shown(wrong.value)} is no whole number", hint


def _no_id(wrong: _InvalidValue) -> _Explained:
    suggested = _as_id(str(wrong.value)) or "guizhou-computing, for instance"
    message = f"{wrong.name}: {shown(wrong.value)} has other characters than a-z, 0-9 and -"
    return message, f"write {suggested}"


# By the beginning of the schema's name for what is wrong.
_REASONS: Mapping[str, Callable[[_InvalidValue], _Explained]] = {
    "extra_forbidden": _unknown_key,
    "invalid_key": _unknown_key,
    "missing": _missing,
    "value_error": _as_told,
    "model": _no_section,
    "string_type": lambda w: no_text(w.name, w.value, w.raw),
    "tuple_type": _no_list,
    "enum": _no_choice,
    "finite_number": lambda w: (f"{w.name}: {w.value} is no number", "write digits"),
    "float": _no_number,
    "int": _no_whole_number,
    "bool": lambda w: (f"{w.name}: {shown(w.value)} is neither", "write true or false"),
    "greater_than": lambda w: (f"{w.name}: {w.value} is too small", f"{w.limits['ge']} or more"),
    "less_than": lambda w: (f"{w.name}: {w.value} is too large", f"{w.limits['le']} or less"),
    "too_long": lambda w: (
        f"{w.name}: {w.limits['actual_length']} values are too many",
        f"at most {w.limits['max_length']}; make two rules",
    ),
    "string_too_long": lambda w: (
        f"{w.name}: the text is too long",
        f"at most {w.limits['max_length']} characters",
    ),
    "string_too_short": lambda w: (f"{w.name}: an empty text", "write a word, or leave it out"),
    "string_pattern_mismatch": _no_id,
    "string_unicode": lambda w: (f"{w.name}: no readable text", "write it again"),
}


def _as_id(text: str) -> str:
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", text))
    return re.sub("[^a-z0-9]+", "-", fold(re.sub(r"[\s_]+", "-", plain.strip()))).strip("-")[:64]


def contradictions(entry: RuleEntry) -> Iterator[tuple[Path_, str, str]]:
    """Conditions that no change can meet together: the field, what is wrong, what to do."""
    for name in ("kinds", "basis", "labels", "speakers"):
        if not getattr(entry, name):
            yield (
                (name,),
                f"{name}: an empty list matches nothing",
                f"leave {name} out for the usual",
            )
    yield from _empty_conditions(entry)
    if entry.labels and _NEVER_LOGGED.issuperset(entry.labels):
        yield (
            ("labels",),
            "labels: the rule never matches: what is achieved or said by the way does not change",
            "name commitment, proposal or opinion; basis: [fulfilment] tells of targets met",
        )
    words = entry.keywords
    if refused := _never_together(words.any, words.all, words.none):
        yield (
            ("keywords", "none"),
            f"keywords: the rule never matches: what any and all ask for holds {refused!r}, which "
            "none refuses",
            "take it out of one of them",
        )
    if entry.targets is not None and not entry.targets.model_fields_set:
        hint = "leave it out, or write at_least: …"
        yield ("targets",), "targets: nothing stands in it", hint
    yield from _unit_missing(entry)
    if entry.targets is not None and 0 < (entry.targets.relative_change or 0) < 1:
        share = entry.targets.relative_change or 0
        yield (
            ("targets", "relative_change"),
            f"targets: relative_change {number(share)} is less than one percent",
            f"it is in percent: write {number(round(share * 100, 6))}",
        )
    yield from _no_number_fits(entry)
    yield from _no_such_verdict(entry)


# monitor.ingest compares and logs the others.
_NEVER_LOGGED = frozenset({Label.ACHIEVEMENT, Label.OTHER})
# What is left out accepts everything; a list whose items are all gone was meant to accept less.
_CONDITIONS = ("topics", "regions", "regex", "themes", "sources", "years")


def _empty_conditions(entry: RuleEntry) -> Iterator[tuple[Path_, str, str]]:
    for name in _CONDITIONS:
        if name in entry.model_fields_set and not getattr(entry, name):
            yield (
                (name,),
                f"{name}: nothing stands in it, so that the rule would match all {name}",
                f"name one, or leave {name} out",
            )
    for name in ("any", "all", "none"):
        if name in entry.keywords.model_fields_set and not getattr(entry.keywords, name):
            yield (
                ("keywords", name),
                f"keywords.{name}: nothing stands in it",
                f"name a word, or leave {name} out",
            )
    if "keywords" in entry.model_fields_set and not entry.keywords.model_fields_set:
        yield ("keywords",), "keywords: nothing stands in it", "name a word, or leave keywords out"


def _unit_missing(entry: RuleEntry) -> Iterator[tuple[Path_, str, str]]:
    """A limit without a unit, unless its metric is a number of nothing: PUE 1.2."""
    wanted = entry.targets
    if wanted is None or wanted.unit is not None:
        return
    limit = next(
        (name for name in ("at_least", "at_most") if getattr(wanted, name) is not None), ""
    )
    metric = fold(wanted.metric or "")
    if limit and not (metric and any(fold(one) in metric for one in metrics_without_unit())):
        value = number(getattr(wanted, limit))
        yield (
            ("targets", limit),
            f"targets: {limit} {value} of what? a number is compared with numbers of its unit only",
            "add unit: P, for instance, or Eflops, 亿元, 万张, 个, %",
        )


def _no_number_fits(entry: RuleEntry) -> Iterator[tuple[Path_, str, str]]:
    wanted = entry.targets
    if wanted is None:
        return
    if (
        wanted.at_least is not None
        and wanted.at_most is not None
        and wanted.at_least > wanted.at_most
    ):
        yield (
            ("targets", "at_least"),
            f"targets: the rule never matches: at_least {wanted.at_least:g} is more than at_most "
            f"{wanted.at_most:g}",
            "exchange them",
        )
    single = {Kind.ADDED, Kind.DROPPED}
    if wanted.relative_change is not None and entry.kinds and single.issuperset(entry.kinds):
        yield (
            ("targets", "relative_change"),
            "targets: the rule never matches: added and dropped promises have one number, and "
            "relative_change compares two",
            "ask for strengthened and weakened in kinds",
        )


def _no_such_verdict(entry: RuleEntry) -> Iterator[tuple[Path_, str, str]]:
    kinds, basis = set(entry.kinds), set(entry.basis)
    verdicts = {*VERDICT_KINDS, Kind.NOT_REPORTED}
    if not kinds or not basis or "kinds" not in entry.model_fields_set:
        return
    if kinds <= verdicts and Basis.FULFILMENT not in basis:
        yield (
            ("basis",),
            "basis: the rule never matches: met, missed and not_reported have the basis fulfilment",
            "add it, or leave basis out",
        )
    if basis == {Basis.FULFILMENT} and not kinds & verdicts:
        yield (
            ("kinds",),
            "kinds: the rule never matches: the basis fulfilment has the kinds met, missed and "
            "not_reported",
            "name one of them, or leave kinds out",
        )


def _never_together(any_of: Iterable[str], all_of: Iterable[str], none_of: Iterable[str]) -> str:
    """The word that must not stand in a sentence but stands in each that fits; else empty."""
    refused = [word for word in map(fold, none_of) if word]
    for word in map(fold, all_of):
        if found := next((bad for bad in refused if bad in word), ""):
            return found
    wanted = [word for word in map(fold, any_of) if word]
    found_in = [next((bad for bad in refused if bad in word), "") for word in wanted]
    return found_in[0] if found_in and all(found_in) else ""
