"""What the bot says: ``bot_words.yaml``, checked once and kept."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.yaml import read_yaml, validate

_PLACE = re.compile(r"\{(\w+)\}")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusWords(_Table):
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


class BotWords(_Table):
    """One language; words in braces are filled in where they are said."""

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
    muted_all: str
    subscribed: str
    would_match: str
    would_match_none: str
    already: str
    unsubscribed: str
    not_subscribed: str
    too_many: str
    unknown: str
    did_you_mean: str
    as_words: str
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
    older: str
    more_changes: str
    expand: str
    previous: str
    evidence: str
    mute_rule: str
    chart: str
    no_chart: str
    source_link: str
    before: str
    after: str
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
    stopped: str
    language: str
    which_language: str
    private: str
    asked: str
    admins_only: str
    slowly: str
    expired: str
    trouble: str
    button_rules: str
    button_latest: str
    button_tour: str
    page: str
    notices: dict[str, str]
    allow: str
    refuse: str
    decided_granted: str
    decided_refused: str
    status_title: str
    status_lines: StatusWords
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


class _File(_Table):
    zones: dict[str, str]
    zh: BotWords
    en: BotWords


@cache
def _file() -> _File:
    return validate(read_yaml(Path(__file__).with_name("bot_words.yaml")), _File)


def bot_words(language: str = "zh") -> BotWords:
    """What the bot says in a language; Chinese for one we do not have."""
    return _file().en if language == "en" else _file().zh


def bot_zones() -> dict[str, str]:
    """Time zones by names of cities that their own names do not have."""
    return _file().zones


def fill(template: str, **values: object) -> str:
    """A template with its words in braces filled in; what is filled in is taken literally."""
    return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), template)
