"""The rules: what each one asks for and matched lately, and a box to try one in.

Nothing is written: a rule that was tried is shown as the YAML to save.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError, UserErrors
from monitor.extraction.regions import gazetteer
from monitor.messages.change_text import format_amount
from monitor.messages.i18n import AlertTexts, alert_texts
from monitor.model.changes import Basis, Certainty, Kind, LoggedChange
from monitor.model.statements import Label, Speaker
from monitor.periods import start_of
from monitor.rules.loader import parse_rule_entry
from monitor.rules.matcher import RuleSet
from monitor.rules.model import EACH_LINE, Rule, RuleVocabulary
from monitor.rules.replay import replay_changes, replay_statements
from monitor.rules.schema import RuleEntry
from monitor.storage.statements import StatementInForce
from monitor.storage.subscriptions import subscribers_of_rules
from monitor.web.filters import text_of
from monitor.web.mistakes import in_language
from monitor.web.preferences import preferences_of
from monitor.web.recent import MAX_CHANGES
from monitor.web.rule_book import FileRule, Matched, RuleMistake, dump
from monitor.web.site import Site, is_fragment, render, site_of
from monitor.web.templates import Texts, texts_of
from monitor.web.timeline import Entry, entry
from monitor.yaml import parse_yaml

LATELY = 500
MAX_BYTES = 4_096
_MAX_EXPRESSIONS = 20
_SECONDS = 0.5
_WAIT_SECONDS = 3.0
_SHOWN = 20
_SHOWN_STANDING = 10
_EXPLAINED = 50
_PERIOD = "1y"
_PERIODS = ("30d", "90d", "1y", "5y")
_MAX_VALUES = 12
_USUAL = RuleEntry(id="usual", name="usual")
_EXAMPLE = """\
- id: computing-jumps
  name: 算力大幅加码
  themes: [compute]
  kinds: [strengthened, weakened]
  targets: {relative_change: 20}
"""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a rule in the reader's language; ``is_text``: words of the sources."""

    name: str
    value: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule of a file as it is shown. Who gets it is counted, not named."""

    id: str
    name: str
    description: str
    file: str
    yaml: str
    conditions: tuple[Condition, ...]
    chats: int
    channels: int
    subscribers: int
    subscribable: bool
    matched: int
    newest: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class MatchedCommitment:
    """A commitment in force that a rule matches."""

    id: int
    region: str
    sentence: str
    document: str
    document_id: int


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How much a rule was tried on: of how many, since when, and whether time ran out."""

    count: int
    of: int
    since: str
    is_all: bool
    ran_out: bool


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """What came of trying a rule: mistakes, or what it matches and the YAML to save."""

    mistakes: tuple[str, ...] = ()
    rule: Rule | None = None
    yaml: str = ""
    conditions: tuple[Condition, ...] = ()
    taken_by: str | None = None
    matched: int = 0
    entries: tuple[Entry, ...] = ()
    changes: SampleSize | None = None
    why_not: tuple[tuple[str, int], ...] = ()
    in_force: int = 0
    standing: tuple[MatchedCommitment, ...] = ()
    commitments: SampleSize | None = None


def rules(request: Request) -> Response:
    """The page, or with htmx what came of trying a rule."""
    site, language = site_of(request), preferences_of(request).language
    t = texts_of("rules", language)
    text = request.query_params.get("rule", "").replace("\r\n", "\n")
    since = text_of(request.query_params, "since") or _PERIOD
    start = start_of(since, "since", site.zone, site.now())
    attempt = try_text(text, start, site, language) if text.strip() else None
    periods = [*_PERIODS, *([] if since in _PERIODS else [since])]
    values: dict[str, object] = {"attempt": attempt}
    if is_fragment(request):
        return render(request, "rules", values, fragment="rules_attempt")
    book = site.rule_book.read()
    changes = site.recent.changes(site.database)[:LATELY]
    matched = site.rule_book.matched(book, changes)
    with site.database.read() as connection:
        subscribers = subscribers_of_rules(connection, [one.rule.id for one in book.rules])
    values |= {
        "shown": [
            show(
                one,
                matched.get(one.rule.id, Matched()),
                len(subscribers.get(one.rule.id, ())),
                site,
                language,
            )
            for one in book.rules
        ],
        "mistakes": by_file(book.mistakes),
        "lately": len(changes),
        "lately_since": site.day(changes[-1].detected_at) if changes else "",
        "text": text or _EXAMPLE,
        "since": since,
        "periods": [(one, t["period_" + one] if one in _PERIODS else one) for one in periods],
        "max_bytes": MAX_BYTES,
        "kinds": list(Kind),
        "words": alert_texts(language),
        "max_changes": MAX_CHANGES,
    }
    return render(request, "rules", values)


def by_file(mistakes: Iterable[RuleMistake]) -> dict[str, list[str]]:
    """The lines of the mistakes of each file."""
    found: dict[str, list[str]] = {}
    for one in mistakes:
        found.setdefault(one.file, []).append(one.text)
    return found


def show(one: FileRule, matched: Matched, subscribers: int, site: Site, language: str) -> RuleView:
    """A rule of a file as it is shown."""
    rule, t = one.rule, texts_of("rules", language)
    channels = sum(bool(to.channel) for to in rule.recipients)
    return RuleView(
        id=rule.id,
        name=rule.name,
        description=rule.description,
        file=one.file,
        yaml=one.yaml,
        conditions=tuple(conditions_of(rule, t, alert_texts(language))),
        chats=len(rule.recipients) - channels,
        channels=channels,
        subscribers=subscribers,
        subscribable=rule.subscribable,
        matched=matched.count,
        newest=tuple(entry(item, site, language) for item in matched.newest),
    )


def conditions_of(rule: Rule, t: Texts, texts: AlertTexts) -> Iterator[Condition]:
    """The conditions of a rule in words, without what rules ask for unless they say otherwise."""
    if rule.regions:
        yield Condition(t.region, _listed(_in_order_of_codes(rule.regions), t), is_text=True)
    named: tuple[tuple[str, Iterable[str]], ...] = (
        (t.themes, (texts.themes.get(one, one) for one in sorted(rule.themes))),
        (t.kinds, _unusual(rule.kinds, _USUAL.kinds, Kind, texts.kinds)),
        (t.labels, _unusual(rule.labels, _USUAL.labels, Label, texts.labels)),
        (t.speakers, _speakers(rule, t)),
        (
            t.basis,
            _unusual(rule.basis, list(Basis), Basis, {one: t["basis_" + one] for one in Basis}),
        ),
        (t.topics, sorted(rule.topics)),
        (t.sources, sorted(rule.sources)),
        (t.years, map(str, sorted(rule.years))),
    )
    for name, values in named:
        if every := list(values):
            yield Condition(name, _listed(every, t))
    if Certainty.UNSURE in rule.certainty:
        yield Condition(t.certainty, t.also_unsure)
    words: tuple[tuple[str, Collection[str]], ...] = (
        (t.words_any, rule.keywords_any),
        (t.words_all, rule.keywords_all),
        (t.words_none, rule.keywords_none),
        (t.expressions, [one.pattern.removeprefix(EACH_LINE) for one in rule.regex]),
    )
    for name, some in words:
        if some:
            yield Condition(name, _listed(some, t), is_text=True)
    if rule.target is not None:
        yield Condition(t.number, _number(rule, t, texts))


def _unusual(
    values: Collection[Any], usual: Collection[Any], every: Iterable[Any], names: Mapping[Any, str]
) -> list[str]:
    """The names of some values in their order; none if they are the usual ones."""
    if set(values) == set(usual):
        return []
    return [names[one] for one in every if one in values]


def _speakers(rule: Rule, t: Texts) -> list[str]:
    if rule.speakers == frozenset(_USUAL.speakers) or rule.speakers.issuperset(Speaker):
        return []
    kinds = [t["speaker_" + one] for one in Speaker if one in rule.speakers]
    return [*kinds, *sorted(str(one) for one in rule.speakers if one not in set(Speaker))]


def _number(rule: Rule, t: Texts, texts: AlertTexts) -> str:
    wanted = rule.target
    if wanted is None:
        return ""
    unit = wanted.unit or ""
    parts = [wanted.metric or t.any_number]
    if wanted.at_least is not None:
        parts.append(f"≥ {format_amount(wanted.at_least, unit, texts)}")
    if wanted.at_most is not None:
        parts.append(f"≤ {format_amount(wanted.at_most, unit, texts)}")
    if unit and len(parts) == 1:
        parts.append(t.in_unit.format(unit=unit))
    if wanted.relative_change is not None:
        parts.append(t.changed_by.format(percent=f"{wanted.relative_change:g}"))
    return " ".join(parts)


def _in_order_of_codes(regions: Iterable[str]) -> list[str]:
    def place(name: str) -> tuple[bool, str]:
        known = gazetteer().find(name)
        code = "~" if known is None else known.code
        return not code.endswith("0000"), code

    return sorted(regions, key=place)


def _listed(values: Iterable[str], t: Texts) -> str:
    every = list(values)
    more = f" … ({len(every)})" if len(every) > _MAX_VALUES else ""
    return t.separator.join(every[:_MAX_VALUES]) + more


def try_text(text: str, start: datetime, site: Site, language: str) -> RuleTrial:
    """Try a rule as it was typed: on the newest changes since a time, and on what is in force."""
    if not site.rule_book.trying.acquire(timeout=_WAIT_SECONDS):
        raise HTTPException(503, detail=texts_of("rules", language).busy)
    try:
        rule, value = read_rule(text, site.vocabulary)
        return _try_rule(rule, as_file(text, value), start, site, language)
    except UserErrors as error:
        return RuleTrial(tuple(in_language(str(one), language) for one in error.errors))
    except UserError as error:
        return RuleTrial((in_language(str(error), language),))
    finally:
        site.rule_book.trying.release()


def read_rule(text: str, vocabulary: RuleVocabulary) -> tuple[Rule, dict[str, Any]]:
    """The rule that a text is, and its values.

    It comes from whoever can open the page: no file that it names is read, and the channels of the
    settings are not told.

    Raises:
        UserError: it is too long, or there is a mistake in it.
    """
    size = len(text.encode())
    if size > MAX_BYTES:
        raise UserError(f"{size:,} bytes", hint=f"at most {MAX_BYTES:,} can be tried here")
    here = replace(vocabulary, channels=None, check_template=None, reads_templates=False)
    rule, value = parse_rule_entry(text, here)
    if len(rule.regex) > _MAX_EXPRESSIONS:
        hint = f"at most {_MAX_EXPRESSIONS} can be tried here"
        raise UserError(f"{len(rule.regex)} expressions", hint=hint)
    return rule, value


def as_file(text: str, value: Mapping[str, Any]) -> str:
    """The YAML of a rule file with a rule: the text itself, set in as far as it has to be."""
    lines = text.strip("\n").split("\n")
    below = "\n".join(f"    {line}" if line else "" for line in lines)
    for candidate in (
        text,
        "rules:\n" + "\n".join(f"  {line}" if line else "" for line in lines),
        f"rules:\n  - {below.lstrip()}",
    ):
        try:
            if parse_yaml(candidate, Path("rule.yaml")).value == {"rules": [value]}:
                return candidate.rstrip() + "\n"
        except UserError:
            continue
    return dump({"rules": [dict(value)]})


def _try_rule(rule: Rule, text: str, start: datetime, site: Site, language: str) -> RuleTrial:
    t, now = texts_of("rules", language), site.now()
    one = RuleSet((rule,))
    newest = site.recent.changes(site.database)
    changes = [item for item in newest if item.detected_at >= start]
    budget = _TrialBudget(_SECONDS)
    found = [item for _, item, _ in replay_changes(one, budget.within(changes))]
    looked = SampleSize(
        budget.looked,
        len(changes),
        site.day(changes[min(budget.looked, len(changes)) - 1].detected_at) if changes else "",
        is_all=len(newest) < MAX_CHANGES or len(changes) < len(newest),
        ran_out=budget.ran_out,
    )
    commitments, is_all = site.recent.commitments(site.database, now)
    budget = _TrialBudget(_SECONDS)
    standing = [item for _, item, _ in replay_statements(one, budget.within(commitments))]
    return RuleTrial(
        rule=rule,
        yaml=text,
        conditions=tuple(conditions_of(rule, t, alert_texts(language))),
        taken_by=site.rule_book.read().file_of(rule.id),
        matched=len(found),
        entries=tuple(entry(item, site, language) for item in found[:_SHOWN]),
        changes=looked,
        why_not=() if found or looked.ran_out else why_not(one, changes[:_EXPLAINED], t),
        in_force=len(standing),
        standing=tuple(map(_standing, standing[:_SHOWN_STANDING])),
        commitments=SampleSize(budget.looked, len(commitments), "", is_all, budget.ran_out),
    )


def _standing(item: StatementInForce) -> MatchedCommitment:
    said = item.statement
    return MatchedCommitment(
        item.id,
        said.region or "",
        " ".join(said.text.split()),
        item.document_title,
        item.document_id,
    )


def why_not(
    rules: RuleSet, changes: Iterable[LoggedChange], t: Texts
) -> tuple[tuple[str, int], ...]:
    """Which condition some changes fail first, and how many fail it."""
    failed = Counter(
        reason.partition(":")[0]
        for _, _, reason in replay_changes(rules, changes, explain=True)
        if reason is not None
    )
    return tuple(
        (t["fails_" + name.replace(".", "_")], count) for name, count in failed.most_common()
    )


@dataclass(slots=True)
class _TrialBudget:
    """Gives items until the time is over: an expression may be slow, though linear."""

    seconds: float
    looked: int = 0
    ran_out: bool = False

    def within(self, items: Sequence[ItemT]) -> Iterator[ItemT]:
        end = perf_counter() + self.seconds
        for item in items:
            if perf_counter() > end:
                self.ran_out = True
                return
            self.looked += 1
            yield item


routes = (Route("/rules", rules, name="rules"),)
