"""The filter of the change log that stands in an address: ``?region=贵州&kind=strengthened``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from monitor.errors import UserError
from monitor.extraction.issuers import AUTHORITIES
from monitor.extraction.offices import offices_in_regions, offices_named, suggest_office
from monitor.extraction.regions import english_name, regions_named, suggest_region
from monitor.folding import fold, simplify
from monitor.messages.i18n import alert_texts
from monitor.model.changes import Basis, Certainty, Kind
from monitor.model.statements import Label, Speaker
from monitor.periods import day_of, start_of
from monitor.storage.changes import ChangeConditions
from monitor.storage.speakers import WantedSpeakers
from monitor.suggestion import nearest
from monitor.web.templates import texts_of

_MAX_LENGTH = 200
_MAX_NAME = 40
"""Of a region; the search for what was meant by a longer one would take seconds."""
_GOVERNMENT = "人民政府"
_MAX_FILE_NAME = 70
"""In characters: three bytes each, of the 255 that file systems give a name."""
_EnumT = TypeVar("_EnumT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which lines of the log are wanted; what is empty does not count.

    ``region`` is an official name, ``since`` is as it was typed (``90d``, ``2026-02-01``),
    ``until`` a day that still belongs to it, ``speaker`` a kind of speaker or an office as rules
    name it (ministry, 国家数据局, 贵州工信厅), ``words`` are folded when they are looked for.
    ``everything`` is for proposals and opinions beside commitments.
    """

    region: str | None = None
    kinds: tuple[Kind, ...] = ()
    theme: str | None = None
    basis: Basis | None = None
    certainty: Certainty | None = None
    source: str | None = None
    speaker: str | None = None
    since: str | None = None
    until: date | None = None
    words: str | None = None
    everything: bool = False

    def parameters(self) -> dict[str, object]:
        """As it stands in an address; a filter has one address only."""
        return {
            "region": self.region,
            "kind": tuple(kind.value for kind in self.kinds),
            "theme": self.theme,
            "basis": self.basis,
            "certainty": self.certainty,
            "source": self.source,
            "speaker": self.speaker,
            "since": self.since,
            "until": None if self.until is None else self.until.isoformat(),
            "words": self.words,
            "all": "1" if self.everything else None,
        }

    def words_of(self, language: str, sources: Mapping[str, str]) -> tuple[str, ...]:
        """The filter in words: 贵州省, 加码, 国家数据局.

        Args:
            language: of the words.
            sources: the names of sources by their ids.
        """
        texts = alert_texts(language)
        named = (
            self.region,
            *(texts.kinds[kind] for kind in self.kinds),
            self.theme and texts.themes.get(self.theme, self.theme),
            self.basis and texts_of("timeline", language)[f"basis_{self.basis.value}"],
            self.certainty and texts.certainty[self.certainty],
            self.source and sources.get(self.source, self.source),
            self.speaker,
            self.since and f"≥ {self.since}",
            self.until and f"≤ {self.until.isoformat()}",
            self.words and f"“{self.words}”",
            texts_of("timeline", language)["everything"] if self.everything else None,
        )
        return tuple(one for one in named if one)

    def conditions(
        self, zone: ZoneInfo, now: datetime, *, before: int | None = None
    ) -> ChangeConditions:
        """What the log is asked for.

        Args:
            zone: whose days ``since`` and ``until`` name.
            now: the current time.
            before: only lines with a smaller number.
        """
        until = None
        if self.until is not None:
            until = datetime.combine(self.until + timedelta(days=1), time.min, zone).astimezone(UTC)
        return ChangeConditions(
            before=before,
            region=self.region,
            kinds=self.kinds,
            theme=self.theme,
            basis=self.basis,
            certainty=self.certainty,
            source_id=self.source,
            speakers=None if self.speaker is None else wanted_speakers(self.speaker, self.region),
            since=None if self.since is None else start_of(self.since, "since", zone, now),
            until=until,
            words=() if self.words is None else tuple(self.words.split()),
            label=None if self.everything or self._asks_for_others() else Label.COMMITMENT,
        )

    def _asks_for_others(self) -> bool:
        """Whether it names a kind of speaker that has no commitments: a delegate, an expert."""
        kind = fold(self.speaker or "")
        return kind in set(Speaker) and Speaker(kind) not in AUTHORITIES


def file_name(stem: str, values: Iterable[object], ending: str) -> str:
    """The ``Content-Disposition`` of a download whose name tells what was asked for.

    Names in Chinese go as RFC 6266 has it (``filename*``); where a reader does not know that, a
    region has its English name and other Chinese words are left out.

    Args:
        stem: of the name, in ASCII: change_log.
        values: of the address: 贵州省, strengthened; None and empty ones are left out.
        ending: without the dot.
    """
    given = [str(one) for value in values for one in _each(value) if one not in {None, ""}]
    full = _joined([stem, *given], ending)
    latin = [one if one.isascii() else english_name(one) for one in given]
    plain = _joined([stem, *filter(None, latin)], ending)
    encoded = "" if full == plain else f"; filename*=UTF-8''{quote(full, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'


def _each(value: object) -> Iterable[object]:
    return value if isinstance(value, tuple | list) else (value,)


def _joined(parts: Iterable[str], ending: str) -> str:
    """The parts as one name of a file: letters, digits, and what no system minds."""
    named = "_".join("".join(c if c.isalnum() or c in "-._" else "-" for c in one) for one in parts)
    return f"{named[:_MAX_FILE_NAME]}.{ending}"


def read_filter(
    parameters: QueryParams, *, themes: Collection[str], zone: ZoneInfo, now: datetime
) -> ChangeFilter:
    """The filter of an address.

    Args:
        parameters: of the address.
        themes: those that there are.
        zone: whose days are named.
        now: the current time.

    Raises:
        UserError: a value is none that is known; the hint is the nearest one.
    """
    since, until = text_of(parameters, "since"), text_of(parameters, "until")
    if since is not None:
        start_of(since, "since", zone, now)
    return ChangeFilter(
        region=region_of(text_of(parameters, "region")),
        kinds=tuple(sorted({_one(Kind, "kind", kind) for kind in _several(parameters, "kind")})),
        theme=theme_of(parameters, themes),
        basis=member_of(Basis, parameters, "basis"),
        certainty=member_of(Certainty, parameters, "certainty"),
        source=text_of(parameters, "source"),
        speaker=text_of(parameters, "speaker"),
        since=since,
        until=None if until is None else day_of(until, "until"),
        words=text_of(parameters, "words"),
        everything=text_of(parameters, "all") is not None,
    )


def theme_of(parameters: QueryParams, themes: Collection[str]) -> str | None:
    """The theme that an address names; None for an empty value.

    Raises:
        UserError: there is no such theme.
    """
    theme = text_of(parameters, "theme")
    if theme is not None and themes and theme not in themes:
        near = nearest(theme, sorted(themes))
        hint = f"did you mean {near}?" if near else f"one of {', '.join(sorted(themes))}"
        raise UserError(f"theme: {theme} is unknown", hint=hint)
    return theme


def region_of(name: str | None) -> str | None:
    """The official name of a region that was typed.

    Raises:
        UserError: there is none, or there are several of this name.
    """
    if name is None:
        return None
    if len(name) > _MAX_NAME:
        raise UserError(f"region: at most {_MAX_NAME} characters")
    found = regions_named(name) or regions_named(simplify(name))
    if len(found) > 1:
        few = "、".join(region.name for region in found[:3])
        raise UserError(f"region: {name} is {len(found)} regions", hint=f"name one: {few} …")
    if not found:
        hint = suggest_region(simplify(name)) or "such as 贵州 or Guizhou"
        raise UserError(f"region: {name} is unknown", hint=hint)
    return found[0].name


def wanted_speakers(name: str, region: str | None = None) -> WantedSpeakers:
    """Whom a name means, as in the ``speakers`` of a rule: a kind of speaker, or offices.

    A name that no table has is that of an office as the statements have it.

    Args:
        name: ministry, 国家数据局, 工信部, 发改委.
        region: whose office is meant by a name that each region's has (发改委).
    """
    kind = fold(name)
    if kind in set(Speaker):
        return WantedSpeakers(kinds=frozenset({Speaker(kind)}))
    local = () if region is None else offices_in_regions(name, [region])
    offices = local or offices_named(name) or (simplify(name),)
    # Of the nation's government a statement has the name.
    governed = {one.removesuffix(_GOVERNMENT) for one in offices if one.endswith(_GOVERNMENT)}
    return WantedSpeakers(offices=frozenset(offices), governments_of=frozenset(governed))


def unknown_speaker_hint(name: str) -> str | None:
    """The office that was meant by a name that no table has; None for a known one."""
    if fold(name) in set(Speaker) or offices_named(name):
        return None
    return suggest_office(simplify(name))


def _several(parameters: QueryParams, name: str) -> list[str]:
    """The values of a name, given several times or separated by commas."""
    given = (value for one in parameters.getlist(name) for value in one.split(","))
    return [value.strip() for value in given if value.strip()]


def text_of(parameters: QueryParams, name: str) -> str | None:
    """A value of an address, its spaces folded; None for an empty one.

    Raises:
        UserError: it is too long, or has characters that no text has.
    """
    value = " ".join(parameters.get(name, "").split())
    if len(value) > _MAX_LENGTH:
        raise UserError(f"{name}: at most {_MAX_LENGTH} characters")
    if "\0" in value or not value.isprintable():
        raise UserError(f"{name}: has characters that no text has")
    return value or None


def member_of(enum: type[_EnumT], parameters: QueryParams, name: str) -> _EnumT | None:
    """The member of an enumeration that an address names; None for an empty value.

    Raises:
        UserError: there is no such member; the hint is the nearest one.
    """
    value = text_of(parameters, name)
    return None if value is None else _one(enum, name, value)


def _one(enum: type[_EnumT], name: str, value: str) -> _EnumT:
    try:
        return enum(value)
    except ValueError:
        known = [member.value for member in enum]
        near = nearest(value, known)
        hint = f"did you mean {near}?" if near else f"one of {', '.join(known)}"
        raise UserError(f"{name}: {value[:40]} is unknown", hint=hint) from None
