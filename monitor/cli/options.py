"""Options that several commands share, and what they open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import Format
from monitor.errors import UserError
from monitor.periods import day_of
from monitor.suggestion import nearest

if TYPE_CHECKING:
    from monitor.config.settings import Settings
    from monitor.storage.engine import Database

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="MONITOR_CONFIG",
        help="Settings file; monitor.toml in this folder when there is one.",
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database", "-d", help="Database address; overrides the settings file.", metavar="URL"
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", envvar="MONITOR_FORMAT", help="How to print.")
]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="A region: 贵州, 贵州省, Guizhou or 520000.")
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="90d|YYYY-MM-DD",
        help="Logged on this day or later; or a period: 90d, 2w, 3m, yesterday, 上周.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000,
        show_default=False,
        help="How many at most; if left out, some in a table and all in csv and jsonl.",
    ),
]
_ALL = 1_000_000
_MAX_ID = (1 << 63) - 1


@cache
def _half_pattern() -> re.Pattern[str]:
    # What Python makes of bytes that are not UTF-8.
    return re.compile("[\ud800-\udfff]")


def limit_of(limit: int | None, form: Format, in_table: int) -> int:
    """How many are printed: what the user said, or some in a table and all for programs."""
    return limit or (in_table if form is Format.TABLE else _ALL)


def ids_of(ids: list[int] | None, what: str) -> list[int]:
    """Ids a user typed.

    Raises:
        UserError: one is no id a database gives.
    """
    for one in ids or ():
        if not 0 < one <= _MAX_ID:
            raise UserError(f"{one} is no id of {what}", hint="ids are whole numbers from 1")
    return ids or []


def region_of(name: str | None) -> str | None:
    """The official name of a region a user typed, in Chinese, pinyin or English.

    Raises:
        UserError: there is no such region, or there are several; the hint is the nearest names.
    """
    if name is None:
        return None
    from monitor.extraction.regions import regions_named, suggest_region
    from monitor.folding import simplify

    regions = regions_named(name) or regions_named(simplify(name))
    if len(regions) > 1:
        few = "、".join(region.name for region in regions[:3])
        raise UserError(f"--region: {name} is {len(regions)} regions", hint=f"name one: {few} …")
    if not regions:
        near = _one_of(name) or _within(name) or suggest_region(simplify(name))
        raise UserError(f"unknown region {name!r}", hint=near or "such as 贵州, Guizhou or 520000")
    return regions[0].name


def _one_of(name: str) -> str | None:
    """A hint for several regions that were named at once."""
    from monitor.extraction.regions import find_region

    parts = [part.strip() for part in re.split("[,，、;；/]", name)]
    known = len(parts) > 1 and all(find_region(part) for part in parts)
    return f"one at a time: {' or '.join(parts)}" if known else None


def _within(name: str) -> str | None:
    """A hint for a city that is named after its province (四川成都)."""
    from monitor.extraction.regions import find_region, gazetteer

    for at in range(2, len(name) - 1):
        province, city = find_region(name[:at]), find_region(name[at:])
        if province and city and gazetteer().province_of(city) == province != city:
            return f"did you mean {name[at:]}?"
    return None


def date_of(value: str | None, option: str) -> date | None:
    """A date a user typed; see ``day_of``.

    Raises:
        UserError: it is not a date.
    """
    return None if value is None else day_of(value, option)


def theme_of(name: str | None, settings: Settings) -> str | None:
    """A theme a user typed.

    Raises:
        UserError: no topic has such a theme; the hint is the nearest one, also of a Chinese name.
    """
    if name is None:
        return None
    from monitor.extraction.topics import load_topics

    known = sorted(
        {
            theme
            for topic in load_topics(settings.existing_paths("topics")).topics
            for theme in topic.themes
        }
    )
    if name in known:
        return name
    from monitor.messages.i18n import alert_texts

    chinese = {said: theme for theme, said in alert_texts("zh").themes.items()}
    near = chinese.get(name) or nearest(name, known)
    hint = f"one of {', '.join(known)}" if near not in known else f"did you mean {near}?"
    raise UserError(f"unknown theme {name!r}", hint=hint)


def stated(text: str | None, option: str) -> str | None:
    """A text a user typed, unless it is blank.

    Raises:
        UserError: it is blank: it would fit everything. Or it is not UTF-8.
    """
    if text is not None and not text.isascii() and _half_pattern().search(text):
        raise UserError(f"{option}: this is not UTF-8", hint="is the terminal set to UTF-8?")
    if text is not None and not text.strip():
        raise UserError(f"{option}: nothing is named", hint="a word such as 算力")
    return text


def refuse_other_schema(store: Database) -> None:
    """Touch no tables that are not those of this version.

    Raises:
        UserError: the schema is older or newer; the hint is what to do.
    """
    from monitor.storage.engine import newest_revision

    with store.faults_told():
        found, expected = store.revision(), newest_revision()
    if found == expected:
        return
    older = found is None or found < expected
    raise UserError(
        f"{store.shown} has schema {found or 'none'}, this version has {expected}",
        hint="monitor run, or monitor db upgrade, brings it to this version"
        if older
        else "install the version that wrote it: pip install --upgrade policy-monitor",
    )


@contextmanager
def open_database(
    config: Path | None, url: str | None, *, existing: bool = False, upgrade: bool = True
) -> Iterator[tuple[Settings, Database]]:
    """Settings and a database with this version's schema, which is closed at the end.

    Args:
        config: the settings file.
        url: of the command line.
        existing: a command that only reads makes no database: its address may be mistyped.
        upgrade: False for a command that stays: the daemon of another version may be running.

    Raises:
        UserError: the settings are wrong, there is no database yet, or it is not upgraded and has
            another schema.
        StorageError: the database cannot be opened, upgraded, read or written.
    """
    from monitor.config.settings import load_settings
    from monitor.storage.engine import Database

    settings = load_settings(config, database=url)
    database = Database(settings.database)
    try:
        if existing and not database.exists:
            raise UserError(
                "there is no database here yet",
                file=database.url.database,
                hint="monitor run or monitor ingest makes one; --database names another",
            )
        with database.faults_told():
            if upgrade:
                database.upgrade()
            else:
                database.refuse_foreign()
                refuse_other_schema(database)
            yield settings, database
    finally:
        database.close()
