"""``monitor sources`` and ``monitor rules``: what is watched, and what is wanted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from monitor.catalogue import Source, load_catalogue
from monitor.cli.options import ConfigOption, FormatOption
from monitor.cli.output import Format, note, progress, write_rows
from monitor.crawl import Fetcher, HttpFetcher, discover
from monitor.errors import MonitorError, UserError
from monitor.fetching import fetcher_settings
from monitor.model import Outcome
from monitor.rules import load_rules
from monitor.settings import load_settings
from monitor.yamlfile import did_you_mean

sources_app = typer.Typer(help="The places that are watched.", no_args_is_help=True)
rules_app = typer.Typer(help="Which changes interest whom.", no_args_is_help=True)


@sources_app.command("list")
def list_sources(form: FormatOption = Format.TABLE, config: ConfigOption = None) -> None:
    """Print the catalogue: the built-in sources with the user's files laid over them."""
    settings = load_settings(config)
    sources = load_catalogue(settings.catalogue).sources
    write_rows(
        form,
        (
            "id",
            "name",
            "region",
            "kind",
            "family",
            "enabled",
            "every",
            "confidence",
            "exceptions",
            "lists",
        ),
        (
            (
                source.id,
                source.name,
                source.region,
                source.document_kind,
                source.family,
                source.enabled,
                str(source.every),
                source.confidence,
                ", ".join(source.exceptions),
                " ".join(source.lists or source.pages),
            )
            for source in sources
        ),
        leave_out=("every", "confidence", "lists", "kind"),
    )


@sources_app.command()
def check(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Sources; all enabled ones if none.")
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Ask each list page of a source once and print what came back. Nothing is written."""
    settings = load_settings(config)
    catalogue = load_catalogue(settings.catalogue)
    chosen = []
    for source_id in ids or ():
        source = catalogue.get(source_id)
        if source is None:
            known = [item.id for item in catalogue.sources]
            raise UserError(f"unknown source {source_id!r}", hint=did_you_mean(source_id, known))
        chosen.append(source)
    if not ids:
        chosen = [source for source in catalogue.sources if source.enabled]

    async def probe_all() -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        async with HttpFetcher(fetcher_settings(settings)) as fetcher:
            with progress() as bar:
                for source in bar.track(chosen, description="asking"):
                    rows.extend(await _probe(source, fetcher))
        return rows

    rows = asyncio.run(probe_all())
    write_rows(form, ("id", "address", "outcome", "links", "newest", "reason"), rows)
    if rows and not any(row[2] == Outcome.OK for row in rows):
        raise MonitorError("no source answered")


async def _probe(source: Source, fetcher: Fetcher) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for url in source.lists or source.pages:
        fetched = await fetcher.fetch(
            url, allow_private=source.allow_private, hosts=source.hosts, route=source.route
        )
        links = newest = None
        if fetched.outcome is Outcome.OK and source.lists:
            discovery = discover(source, fetched)
            links = len(discovery.links) + len(discovery.further)
            newest = discovery.links[0].title if discovery.links else None
        rows.append((source.id, url, fetched.outcome, links, newest, fetched.reason))
    return rows


@rules_app.command("check")
def check_rules(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Rule files or folders; else the settings' ones."),
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Read the rules and print what they say; a mistake is named with its file and line."""
    rules = load_rules(paths or load_settings(config).rules).rules
    write_rows(
        form,
        ("id", "name", "regions", "themes", "kinds", "chats", "subscribable"),
        (
            (
                rule.id,
                rule.name,
                ",".join(sorted(rule.regions)) or "*",
                ",".join(sorted(rule.themes)) or "*",
                ",".join(sorted(kind.value for kind in rule.kinds)),
                ",".join(str(chat) for chat in rule.chats),
                rule.subscribable,
            )
            for rule in rules
        ),
    )
    note(f"{len(rules)} rules, no mistakes")
