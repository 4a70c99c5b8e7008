"""Texts in the chat's language: ``alert_texts.yaml`` and ``bot_texts.yaml``, loaded when used."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.messages.richtext import one_line
from monitor.model.alerts import NoticeKind
from monitor.model.changes import Certainty, Kind, Verdict
from monitor.model.documents import Health, Outcome
from monitor.model.feedback import FeedbackKind, FeedbackResult
from monitor.model.statements import NATION, Label, Op, Speaker, Statement
from monitor.yaml import read_yaml, validate

_NAME = 60


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class AlertTexts(_Texts):
    """Texts of alerts in one language."""

    kinds: dict[Kind, str]
    labels: dict[Label, str]
    speakers: dict[Speaker, str]
    state_council: str
    named_source: str  # {kind}, {source}
    titled_person: str  # {source}, {title}, {person}
    person: str  # {source}, {person}
    themes: dict[str, str]
    withdrawal: dict[Kind, str]  # instead of the kind, for a document that is gone or back
    ops: dict[Op, str]
    scales: dict[str, float]  # the largest first
    short_scales: dict[str, float]  # for the bars of charts
    units: dict[str, str]
    points: str
    comma_from: int
    was: str
    now: str
    dropped: str
    promised: str
    reviewed: str
    growth_meaning: str  # {growth}, {meaning}
    promised_number: str  # {promised}
    reached_number: str  # {promised}, {reached}
    not_repeated: dict[Kind, str]
    nearest: str
    certainty: dict[Certainty, str]
    unsure: str  # {count}
    quote: tuple[str, str]
    colon: str
    more: str
    digest: str
    targets_due: str  # {year}, {count}
    see_targets_due: str  # {region}, {year}
    health: dict[Health, str]  # {was}, {days}
    outcomes: dict[Outcome, str]
    possibly_delivered: str
    chart_title: str  # {what}, {unit}
    chart_source: str  # {title}
    chart_sources: str  # {title}, {count}, {rest}


class _AlertFile(_Texts):
    zh: AlertTexts
    en: AlertTexts
    marks: dict[Kind, str]
    region_endings: tuple[str, ...]
    metric_openings: tuple[str, ...]
    strength: tuple[Kind, ...]


@cache
def _alert_file() -> _AlertFile:
    return validate(read_yaml(Path(__file__).with_name("alert_texts.yaml")), _AlertFile)


def alert_texts(language: str = "zh") -> AlertTexts:
    """The texts of alerts in a language; Chinese for an unknown one."""
    return _alert_file().en if language == "en" else _alert_file().zh


def kind_symbol(kind: Kind) -> str:
    """The symbol of a kind of change: ▲."""
    return _alert_file().marks[kind]


def verdict_symbol(verdict: Verdict) -> str:
    """The symbol of a verdict, which is that of its kind of change: ☑."""
    return "…" if verdict is Verdict.PENDING else kind_symbol(Kind(verdict))


def kind_rank(kind: Kind) -> int:
    """The rank of a kind of change; 0 is the most important."""
    return _alert_file().strength.index(kind)


def short_region(region: str | None) -> str:
    """贵州 for 贵州省: the name in everyday use."""
    name = region or ""
    for ending in _alert_file().region_endings:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


def short_metric(metric: str) -> str:
    """算力规模 for 全省算力规模, for places that name the region already."""
    for opening in _alert_file().metric_openings:
        if metric.startswith(opening) and len(metric) - len(opening) >= 2:
            return metric.removeprefix(opening)
    return metric


def speaker_name(statement: Statement, region: str | None, language: str) -> str:
    """Who speaks, as the text names it, else by kind: 国家数据局 局长张某, 贵州省政府, 专家.

    Args:
        statement: what is said.
        region: official name, shown for a government without a name; the statement's, or that of
            its change.
        language: of the kinds and of the order of name and title.
    """
    texts = alert_texts(language)
    kind = _speaker_kind(statement.speaker, region, texts)
    name = one_line(statement.source_name, _NAME)
    own = statement.speaker is Speaker.GOVERNMENT and name in _governments(region)
    who = texts.named_source.format(kind=kind, source=name) if name and not own else kind
    person = one_line(statement.person, _NAME)
    if not person:
        return who
    title = one_line(statement.person_title, _NAME)
    named = texts.titled_person if title else texts.person
    return named.format(source=who, title=title, person=person)


def _speaker_kind(speaker: Speaker, region: str | None, texts: AlertTexts) -> str:
    if speaker is Speaker.GOVERNMENT and region == NATION:
        return texts.state_council
    return texts.speakers[speaker].format(region=region or "").strip()


def _governments(region: str | None) -> tuple[str, ...]:
    """What a region's government is called as a source; its kind names it already."""
    return ("国务院",) if region == NATION else (f"{region}人民政府",)


class StatusTexts(_Texts):
    """The lines of ``/status``."""

    up: str
    sources: str
    changes: str
    outbox: str
    oldest: str
    chats: str
    rules: str
    broken: str
    paused: str


class BotTexts(_Texts):
    """Texts of the bot in one language; ``fill`` replaces placeholders in braces."""

    start: str
    tour: tuple[str, ...]
    next: str
    help_title: str
    help_operator: str
    rules: str
    no_rules: str
    mine: str
    named: str
    none_mine: str
    own: str
    muted_rule: str
    settings: str
    silence: dict[str, str]  # {until}
    waiting: str  # {count}
    refusals: dict[str, str]  # {count}
    subscribed: str
    any_is_enough: str  # {words}, {other}
    all_are_needed: str  # {words}, {other}
    any_and_all: str  # {any}, {all}
    would_match: str
    would_match_none: str
    would_stand: str  # {count}
    would_stand_none: str
    in_force: str  # {count}
    beside: str
    already: str
    unsubscribed: str
    not_subscribed: str
    too_many: str
    unknown: str
    did_you_mean: str
    as_words: str
    unknown_place: str  # {place}
    joined_place: str  # {place}
    latin_words: str  # {words}
    kind_words: str  # {words}
    long_word: str  # {word}, {parts}
    which_place: str  # {places}
    bad_words: str
    bad_wishes: dict[str, str]
    latest: str
    found: str
    region: str
    no_latest: str
    no_found: str
    no_region: str
    which_region: str
    which_words: str
    which_commitment: str
    no_commitment: str
    found_commitments: str
    first_promised: str
    repeated: str
    merged: str
    grew: str
    fell: str
    stayed: str
    enumeration: str
    separator: str
    older: str
    more_changes: str
    unsure_changes: str
    unsure_title: str
    unsure_more: str
    expand: str
    previous: str
    evidence: str
    mute_rule: str
    chart: str
    no_chart: str
    feedback: str
    feedback_kinds: dict[FeedbackKind, str]
    feedback_results: dict[FeedbackResult, str]  # {kind}
    feedback_limit: str
    corrections: dict[FeedbackKind, str]
    back: str
    source_link: str
    before: str
    after: str
    promise: str
    review: str
    history: str
    promised: str
    reached: str
    section: str
    detected: str
    snapshot: str
    place: str
    fingerprint: str
    no_bytes: str
    status: str
    which_mute: str
    muted_now: str
    muted_rule_until: str  # {rule}, {rule_id}, {until}
    every_day: str
    weekdays: tuple[str, ...]  # Monday first
    until: str  # between the first and the last of some days
    unmuted: str
    digest: str
    which_digest: str
    digest_off: str
    quiet: str
    which_quiet: str
    quiet_off: str
    timezone: str
    which_timezone: str
    mute_until: str
    mute_off: str
    which_mute_time: str
    mute_until_then: str
    stopped: str
    language: str
    which_language: str
    private: str
    asked: str
    asked_rule: str
    admins_only: str
    slowly: str
    expired: str
    trouble: str
    button_rules: str
    button_latest: str
    button_tour: str
    page: str
    notices: dict[NoticeKind, str]
    allow: str
    refuse: str
    decided_granted: str
    decided_refused: str
    feedback_open: str  # {count}
    feedback_none: str
    feedback_count: str  # {kind}, {count}
    feedback_confirm: str  # {kind}
    feedback_reject: str
    feedback_confirmed: str  # {kind}, {count}
    feedback_rejected: str
    feedback_decided: str
    status_title: str
    status_lines: StatusTexts
    sources_title: str
    sources_none: str
    source_line: str
    which_broadcast: str
    broadcast_ask: str
    broadcast_send: str
    broadcast_cancel: str
    broadcast_done: str
    broadcast_cancelled: str
    paused: str
    resumed: str
    which_pause: str
    commands: dict[str, str]
    operator_commands: dict[str, str]


class _BotFile(_Texts):
    zones: dict[str, str]
    zh: BotTexts
    en: BotTexts


@cache
def _bot_file() -> _BotFile:
    return validate(read_yaml(Path(__file__).with_name("bot_texts.yaml")), _BotFile)


def bot_texts(language: str = "zh") -> BotTexts:
    """The texts of the bot in a language; Chinese for an unknown one."""
    return _bot_file().en if language == "en" else _bot_file().zh


def timezone_aliases() -> dict[str, str]:
    """Time zones by names of cities that are not part of the zone's own name."""
    return _bot_file().zones


def fill(template: str, **values: object) -> str:
    """Replace placeholders in braces; the values are inserted literally."""
    return _placeholder_pattern().sub(lambda place: str(values.get(place[1], place[0])), template)


@cache
def _placeholder_pattern() -> re.Pattern[str]:
    return re.compile(r"\{(\w+)\}")
