"""``monitor rules``: checks rules, and replays the log against them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli.amounts import deltas_cell
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    open_database,
)
from monitor.cli.output import Format, counted, print_status, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import UserError
from monitor.json_contract import logged_json, statement_json
from monitor.model.alerts import Recipient
from monitor.periods import start_of
from monitor.rules.describe import describe_rule
from monitor.rules.loader import SUFFIXES, load_rules
from monitor.rules.matcher import RuleSet
from monitor.rules.model import EACH_LINE, Rule, RuleVocabulary
from monitor.rules.replay import replay_changes, replay_statements
from monitor.rules.schema import json_schema
from monitor.suggestion import did_you_mean

if TYPE_CHECKING:
    from monitor.model.changes import LoggedChange
    from monitor.storage.engine import Database
    from monitor.storage.statements import StatementInForce

rules_app = typer.Typer(help="Rules: which changes are sent to whom.", no_args_is_help=True)

_MOST = 1_000_000


@rules_app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Rule files or folders; else the settings' ones."),
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
) -> None:
    """Read the rules and print what each matches on; all mistakes are named, one a line.

    Words and expressions are shown as they are looked for: in one width, case and script.
    """
    settings = load_settings(config)
    rules = _loaded(paths, settings).rules
    write_rows(
        form,
        ("id", "name", "matches", "chats", "subscribable"),
        (
            (
                rule.id,
                rule.name,
                describe_rule(rule),
                ",".join(_recipient_name(to) for to in rule.recipients),
                rule.subscribable,
            )
            for rule in rules
        ),
        objects=(_rule_object(rule) for rule in rules),
        leave_out=("name", "subscribable"),
        empty="no rule stands there",
    )
    print_status(f"{counted(len(rules), 'rule')}, no errors")


def _loaded(paths: list[Path] | None, settings: Settings) -> RuleSet:
    """The rules of some paths, or else of the settings'.

    Raises:
        UserError: there is a mistake in them, or a folder that was named has no rule file: a daemon
            waits for the first one, but who names a folder expects that there are rules in it.
    """
    rules = load_rules(paths or settings.existing_paths("rules"), _vocabulary_of(settings))
    for path in paths or () if not rules.rules else ():
        if path.is_dir():
            ending = " or ".join(sorted(SUFFIXES))
            hint = f"the name of a rule file ends in {ending}"
            raise UserError("no rule stands in this folder", file=path, hint=hint)
    return rules


def _rule_object(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "matches": describe_rule(rule),
        "regions": sorted(rule.regions),
        "themes": sorted(rule.themes),
        "kinds": sorted(kind.value for kind in rule.kinds),
        "keywords": {
            "any": rule.keywords_any,
            "all": rule.keywords_all,
            "none": rule.keywords_none,
        },
        "regex": [one.pattern.removeprefix(EACH_LINE) for one in rule.regex],
        "chats": [_recipient_name(to) for to in rule.recipients],
        "subscribable": rule.subscribable,
    }


@rules_app.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors that complete and check as you type."""
    write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")


class TriedOn(StrEnum):
    """What rules are tried on."""

    CHANGES = "changes"
    STATEMENTS = "statements"


@rules_app.command("test")
def replay(
    rule: Annotated[str | None, typer.Argument(help="A rule's id; all rules if left out.")] = None,
    on: Annotated[
        TriedOn,
        typer.Option("--on", help="The changes of the log, or the statements that stand today."),
    ] = TriedOn.CHANGES,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="90d|YYYY-MM-DD",
            help="Changes since then, 90 days if left out; of statements the day of publication.",
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="What does not match too, with the condition that failed."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Lines at most.")] = 200,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", help="Rule files or folders; else the settings' ones."),
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Try rules: what they would have matched, and with --explain why not the rest.

    On the changes of the log, or with --on statements on what stands today, which needs no history
    of changes: there kinds, basis, certainty and relative_change are not asked. Nothing is sent
    and nothing is written.
    """
    with open_database(config, database, existing=True) as (settings, store):
        chosen = _chosen(_loaded(rules, settings), rule)
        zone = ZoneInfo(settings.timezone)
        tried = _tried(store, chosen, on, since, zone, explain=explain)
        lines = list(islice(tried, limit))
    if on is TriedOn.STATEMENTS:
        columns = ("rule", "id", "published", "label", "region", "text", "document", "why")
    else:
        columns = ("rule", "id", "detected", "kind", "region", "change", "document", "why")
    write_rows(
        form,
        columns,
        (
            (one.id, *_cells(item, zone, form), reason or "it matches")
            for one, item, reason in lines
        ),
        objects=(_object(*line) for line in lines),
        leave_out=("document",) if explain else ("document", "why"),
        empty=_nothing_tried(on, since, explain=explain),
    )
    matched = sum(reason is None for _, _, reason in lines)
    if lines:
        of_all = f" of {len(lines)}" if explain else ""
        print_status(counted(matched, "match", "matches") + of_all)
    if len(lines) == limit:
        print_status(f"there may be more than these {limit}: see --limit")


def _nothing_tried(on: TriedOn, since: str | None, *, explain: bool) -> str:
    """Of which changes or statements there was none that matches, and what to try."""
    what = "change" if on is TriedOn.CHANGES else "statement"
    period = (
        f"since {since}" if since else "of the last 90 days" if what == "change" else "that stands"
    )
    matches = "" if explain else " matches"
    return (
        f"no {what} {period}{matches}: try --since"
        + (", or --on statements" if what == "change" else "")
        + ("" if explain else ", or --explain for the condition that failed")
    )


def _tried(
    store: Database,
    rules: RuleSet,
    on: TriedOn,
    since: str | None,
    zone: ZoneInfo,
    *,
    explain: bool,
) -> Iterator[tuple[Rule, LoggedChange | StatementInForce, str | None]]:
    if on is TriedOn.CHANGES:
        yield from _replay(
            store, rules, start_of(since or "90d", "--since", zone, utc_now()), explain=explain
        )
    else:
        start = None if since is None else start_of(since, "--since", zone, utc_now())
        day = None if start is None else start.astimezone(zone).date()
        yield from _try_statements(store, rules, day, explain=explain)


def _cells(
    item: LoggedChange | StatementInForce, zone: ZoneInfo, form: Format
) -> tuple[object, ...]:
    from monitor.model.changes import LoggedChange

    if isinstance(item, LoggedChange):
        detected = item.detected_at.astimezone(zone).date()
        numbers = deltas_cell(item.change.deltas) if form is Format.TABLE else item.summary
        shown = (item.id, detected, item.change.kind, item.change.region, numbers)
        return (*shown, item.document_title)
    said = item.statement
    text = " ".join(said.text.split())
    return (item.id, item.published, said.label, said.region, text, item.document_title)


def _vocabulary_of(settings: Settings) -> RuleVocabulary:
    from monitor.catalogue.loader import load_catalogue
    from monitor.extraction.topics import load_topics
    from monitor.ingest.rule_vocabulary import rule_vocabulary

    topics, catalogue = (
        load_topics(settings.existing_paths("topics")),
        load_catalogue(settings.existing_paths("catalogue")),
    )
    return rule_vocabulary(topics, catalogue, settings.channels)


def _replay(
    store: Database, rules: RuleSet, start: datetime, *, explain: bool
) -> Iterator[tuple[Rule, LoggedChange, str | None]]:
    from monitor.storage.changes import walk_changes

    with store.read() as connection:
        yield from replay_changes(rules, walk_changes(connection, start), explain=explain)


def _try_statements(
    store: Database, rules: RuleSet, published_since: date | None, *, explain: bool
) -> Iterator[tuple[Rule, StatementInForce, str | None]]:
    from monitor.storage.statements import walk_statements

    with store.read() as connection:
        standing = walk_statements(connection, published_since=published_since)
        yield from replay_statements(rules, standing, explain=explain)


def _chosen(rules: RuleSet, rule_id: str | None) -> RuleSet:
    if rule_id is None:
        return rules
    chosen = tuple(rule for rule in rules.rules if rule.id == rule_id)
    if not chosen:
        named = next((rule.id for rule in rules.rules if rule.name == rule_id), None)
        near = did_you_mean(rule_id, [rule.id for rule in rules.rules])
        hint = f"that is its name, the id is {named}" if named else near
        if Path(rule_id).suffix in SUFFIXES:
            hint = f"a file is named by --rules {rule_id}"
        raise UserError(f"unknown rule {rule_id!r}", hint=hint or "see monitor rules check")
    return RuleSet(chosen)


def _object(
    rule: Rule, item: LoggedChange | StatementInForce, reason: str | None
) -> dict[str, Any]:
    from monitor.model.changes import LoggedChange

    tried = {"rule": rule.id, "matches": reason is None, "why": reason}
    if isinstance(item, LoggedChange):
        return tried | logged_json(item)
    return {
        **tried,
        "id": item.id,
        "document_id": item.document_id,
        "document": item.document_title,
        "url": item.url,
        "published": None if item.published is None else item.published.isoformat(),
        "source_id": item.source_id,
        "statement": statement_json(item.statement),
    }


def _recipient_name(to: Recipient) -> str:
    return to.channel or (f"{to.chat_id}/{to.thread_id}" if to.thread_id else str(to.chat_id))
