"""The words of alerts: ``words.yaml``, checked once and kept. The bot's are next door."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.model.changes import Kind
from monitor.model.documents import Health, Outcome
from monitor.model.statements import NATION, Label, Op, Speaker
from monitor.yaml import read_yaml, validate


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Table):
    """One language."""

    kinds: dict[Kind, str]
    labels: dict[Label, str]
    speakers: dict[Speaker, str]
    state_council: str
    themes: dict[str, str]
    ops: dict[Op, str]
    scales: dict[str, float]  # the largest first
    short_scales: dict[str, float]  # for the bars of charts
    units: dict[str, str]
    points: str
    comma_from: int
    was: str
    now: str
    gone: str
    quote: tuple[str, str]
    colon: str
    more: str
    digest: str
    health: dict[Health, str]  # {was}, {days}
    outcomes: dict[Outcome, str]
    maybe_sent: str
    chart_title: str  # {what}, {unit}
    chart_source: str  # {title}
    chart_sources: str  # {title}, {count}, {rest}


class _WordsFile(_Table):
    zh: Words
    en: Words
    marks: dict[Kind, str]
    region_endings: tuple[str, ...]
    metric_openings: tuple[str, ...]
    strength: tuple[Kind, ...]


@cache
def _file() -> _WordsFile:
    return validate(read_yaml(Path(__file__).with_name("words.yaml")), _WordsFile)


def words(language: str = "zh") -> Words:
    """The words of a language; Chinese for one we do not have."""
    return _file().en if language == "en" else _file().zh


def mark(kind: Kind) -> str:
    """The sign of a kind of change."""
    return _file().marks[kind]


def strength(kind: Kind) -> int:
    """The rank of a kind of change; 0 interests most."""
    return _file().strength.index(kind)


def short_region(region: str | None) -> str:
    """贵州 for 贵州省: what people say."""
    name = region or ""
    for ending in _file().region_endings:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


def short_metric(metric: str) -> str:
    """算力规模 for 全省算力规模, where the region stands beside it."""
    for opening in _file().metric_openings:
        if metric.startswith(opening) and len(metric) - len(opening) >= 2:
            return metric.removeprefix(opening)
    return metric


def speaker_name(speaker: Speaker, region: str | None, language: str) -> str:
    """Who says it: 贵州省政府, 国务院, 专家."""
    table = words(language)
    if speaker is Speaker.GOVERNMENT and region == NATION:
        return table.state_council
    return table.speakers[speaker].format(region=region or "").strip()
