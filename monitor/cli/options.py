"""Options that several commands share, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import Format
from monitor.errors import UserError

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


def region_of(name: str | None) -> str | None:
    """The official name of a region a user typed, in Chinese, pinyin or English.

    Raises:
        UserError: there is no such region, or there are several; the hint is the nearest names.
    """
    if name is None:
        return None
    from monitor.extraction.regions import regions_named, suggest_region

    regions = regions_named(name)
    if len(regions) > 1:
        few = "、".join(region.name for region in regions[:3])
        raise UserError(f"--region: {name} is {len(regions)} regions", hint=f"name one: {few} …")
    if not regions:
        raise UserError(f"unknown region {name!r}", hint=suggest_region(name))
    return regions[0].name


def date_of(value: str | None, option: str) -> date | None:
    """A date a user typed as YYYY-MM-DD.

    Raises:
        UserError: it is not a date.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UserError(f"{option}: {value!r} is no date", hint="write YYYY-MM-DD") from None


@contextmanager
def open_database(config: Path | None, url: str | None) -> Iterator[tuple[Settings, Database]]:
    """Settings and an upgraded database, which is closed at the end.

    Raises:
        UserError: the settings are wrong.
        StorageError: the database cannot be opened or upgraded.
    """
    from monitor.config.settings import load_settings
    from monitor.storage.engine import Database

    settings = load_settings(config, database=url)
    database = Database(settings.database)
    try:
        database.upgrade()
        yield settings, database
    finally:
        database.close()
