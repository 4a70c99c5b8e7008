"""``monitor sources``: lists, checks and adds sources."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.atomic_file import read_if_there, replace_text
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Catalogue, Source
from monitor.cli.options import ConfigOption, FormatOption, RegionOption, region_of
from monitor.cli.output import Format, counted, print_status, progress, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import MonitorError, UserError
from monitor.model.documents import Outcome
from monitor.suggestion import did_you_mean
from monitor.urls import resolve_url, url_identity

if TYPE_CHECKING:
    # `sources list` shows the catalogue and needs neither network nor extraction.
    from monitor.fetching.fetcher import Fetcher
    from monitor.ingest.source_check import CheckContext, SourceCheck
    from monitor.ingest.suggest import EntrySuggestion

sources_app = typer.Typer(help="Sources: the places that are watched.", no_args_is_help=True)
_FEW = 3


@sources_app.command("list")
def list_sources(form: FormatOption = Format.TABLE, config: ConfigOption = None) -> None:
    """Print the catalogue: the built-in sources, changed and extended by your files."""
    settings = load_settings(config)
    sources = load_catalogue(settings.existing_paths("catalogue")).sources
    write_rows(
        form,
        (
            "id",
            "name",
            "region",
            "kind",
            "family",
            "enabled",
            "list_interval",
            "confidence",
            "exceptions",
            "seen",
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
                str(source.list_interval),
                source.confidence,
                ", ".join(source.exceptions),
                " ".join(source.seen),
                " ".join(source.lists or source.pages),
            )
            for source in sources
        ),
        leave_out=("list_interval", "confidence", "seen", "lists", "kind", "family"),
        empty="the catalogue has no source: see monitor init, and docs/how-to/add-a-source.md",
    )


@sources_app.command()
def check(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Sources; all enabled ones if none.")
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Request each list of a source once, read its newest article, and print what works.

    Nothing is stored. The last column says what to do; jsonl has more fields.
    """
    settings = load_settings(config)
    catalogue = load_catalogue(settings.existing_paths("catalogue"))
    chosen = [_known(catalogue, source_id) for source_id in ids or ()] or catalogue.enabled
    found = asyncio.run(_check_all(chosen, settings))
    rows = [_row(one) for one in found]
    write_rows(
        form,
        (
            "id",
            "address",
            "outcome",
            "seconds",
            "links",
            "newest",
            "characters",
            "published",
            "next",
            "what",
        ),
        rows,
        objects=(_object(one) for one in found),
        leave_out=() if len(chosen) <= _FEW else ("seconds", "characters", "published", "next"),
    )
    wrong = sum(not one.works for one in found)
    if wrong:
        verb = "does" if wrong == 1 else "do"
        raise MonitorError(
            f"{wrong} of {counted(len(found), 'address', 'addresses')} {verb} not work"
        )


@sources_app.command()
def add(
    url: Annotated[str, typer.Argument(help="A list, a feed, a sitemap, an e-paper or one page.")],
    source_id: Annotated[
        str | None, typer.Option("--id", help="The source's id; made of the address if not given.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name; the page's if not given.")] = None,
    region: RegionOption = None,
    file: Annotated[
        Path | None,
        typer.Option(help="The catalogue file to add to; the settings' first if not given."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be added; write nothing.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The source is on a private host.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Fetch a page, suggest an entry for it, and add the entry to your catalogue file.

    The rest of the file stays unchanged, comments too.
    """
    from monitor.catalogue.append import with_source

    wanted = resolve_url(url, url)
    if wanted is None:
        raise UserError(f"{url!r} is no address", hint="write one that begins with http(s)://")
    settings = load_settings(config)
    path = file or next(iter(settings.catalogue), None)
    if path is None and not dry_run:
        raise UserError("no catalogue file", hint="name one with --file, and in the settings")
    own = () if file is None or not file.exists() or file in settings.catalogue else (file,)
    # The file that is named may be the one to begin.
    there = [one for one in settings.catalogue if one != path or one.exists()]
    catalogue = load_catalogue((*there, *own))
    _refuse_known(catalogue, source_id, url, wanted)
    given = {"id": source_id, "name": name, "region": region_of(region)}
    suggestion = asyncio.run(
        _suggest(url, settings, catalogue, {**given, "allow_private": allow_private})
    )
    write_rows(
        Format.TABLE,
        ("key", "value", "confidence", "why"),
        [
            (one.key, one.value, "seen" if one.sure else "a guess", one.why)
            for one in suggestion.keys
        ],
    )
    text = read_if_there(path) if path is not None else ""
    after = with_source(
        text, path or Path("new"), suggestion.values, "added by monitor sources add"
    )
    if dry_run or path is None:
        write_text(after[len(text) :] if after.startswith(text) else after)
        return
    replace_text(path, after)
    print_status(f"{suggestion.values['id']} was added to {path}; next: monitor sources check")
    if path not in settings.catalogue:
        print_status(f"the settings do not list {path} under catalogue yet")


def _known(catalogue: Catalogue, source_id: str) -> Source:
    source = catalogue.get(source_id)
    if source is None:
        known = [item.id for item in catalogue.sources]
        named = [
            item.id
            for item in catalogue.sources
            if source_id and (source_id in item.name or source_id in (item.region or ""))
        ]
        hint = f"did you mean {named[0]}?" if named else did_you_mean(source_id, known)
        raise UserError(f"unknown source {source_id!r}", hint=hint or "see monitor sources list")
    return source


def _refuse_known(catalogue: Catalogue, source_id: str | None, url: str, wanted: str) -> None:
    if source_id is not None and source_id in catalogue:
        raise UserError(f"there is a source {source_id!r} already", hint="give it another id")
    for source in catalogue:
        if url_identity(wanted) in map(url_identity, (*source.lists, *source.pages)):
            raise UserError(f"{url} is watched already: {source.id}")


async def _check_all(sources: Sequence[Source], settings: Settings) -> list[SourceCheck]:
    from monitor.app import fetcher_settings
    from monitor.fetching.fetcher import HttpFetcher
    from monitor.ingest.source_check import check_source

    limit = asyncio.Semaphore(settings.crawl.concurrency)
    async with HttpFetcher(fetcher_settings(settings)) as fetcher:
        with progress() as bar:
            task = bar.add_task("asking", total=len(sources))
            context = _check_context(fetcher, settings)

            async def one(source: Source) -> list[SourceCheck]:
                async with limit:
                    found = await check_source(source, context)
                bar.advance(task)
                return found

            found = await asyncio.gather(*map(one, sources))
    return [one for checks in found for one in checks]


async def _suggest(
    url: str, settings: Settings, catalogue: Catalogue, given: Mapping[str, object]
) -> EntrySuggestion:
    from monitor.app import fetcher_settings
    from monitor.fetching.fetcher import HttpFetcher
    from monitor.ingest.suggest import suggest_entry

    async with HttpFetcher(fetcher_settings(settings)) as fetcher:
        return await suggest_entry(url, _check_context(fetcher, settings), catalogue, given)


def _check_context(fetcher: Fetcher, settings: Settings) -> CheckContext:
    from monitor.extraction.topics import load_topics
    from monitor.ingest.source_check import CheckContext

    return CheckContext(
        fetcher, load_topics(settings.existing_paths("topics")), utc_now, time.perf_counter
    )


def _row(one: SourceCheck) -> tuple[object, ...]:
    newest = " ".join(filter(None, (str(one.newest or ""), one.newest_title)))
    following = {True: "yes", False: "no", None: ""}[one.next_page]
    what = "; ".join(filter(None, (one.reason, one.suggestion)))
    outcome = one.outcome if one.works or one.outcome is not Outcome.OK else "fails"
    asked = (one.id, one.address, outcome, one.seconds)
    return (*asked, one.links, newest, one.length, one.published, following, what)


def _object(one: SourceCheck) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(one).items()
    }
