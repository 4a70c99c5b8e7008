"""``monitor rules``: checks rules, and replays the log against them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    date_of,
    open_database,
)
from monitor.cli.output import Format, print_status, write_rows, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.errors import UserError
from monitor.json_contract import logged_json
from monitor.model.alerts import Recipient
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet, explain_match
from monitor.rules.model import Rule, RuleVocabulary
from monitor.rules.schema import json_schema
from monitor.yaml import did_you_mean

if TYPE_CHECKING:
    from monitor.model.changes import LoggedChange
    from monitor.storage.engine import Database

rules_app = typer.Typer(help="Rules: which changes are sent to whom.", no_args_is_help=True)

_DAYS = re.compile(r"(\d{1,5})d")
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
    """Read the rules and print them; an error names the file and the line."""
    settings = load_settings(config)
    rules = load_rules(paths or settings.rules, _vocabulary_of(settings)).rules
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
                ",".join(_recipient_name(to) for to in rule.recipients),
                rule.subscribable,
            )
            for rule in rules
        ),
    )
    print_status(f"{len(rules)} rules, no errors")


@rules_app.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors that complete and check as you type."""
    write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")


@rules_app.command("test")
def replay(
    rule: Annotated[str | None, typer.Argument(help="A rule's id; all rules if left out.")] = None,
    since: Annotated[
        str, typer.Option(metavar="90d|YYYY-MM-DD", help="Changes since then.")
    ] = "90d",
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Changes that do not match too, with the condition that failed."
        ),
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
    """Replay the log: what the rules would have matched, and with --explain why not the rest.

    Nothing is sent and nothing is written.
    """
    with open_database(config, database) as (settings, store):
        chosen = _chosen(load_rules(rules or settings.rules, _vocabulary_of(settings)), rule)
        start = _start(since, ZoneInfo(settings.timezone))
        replayed = _replay(store, chosen, start, explain=explain)
        lines = [line for _, line in zip(range(limit), replayed, strict=False)]
    write_rows(
        form,
        ("rule", "id", "detected", "kind", "region", "change", "why"),
        (
            (
                one.id,
                item.id,
                item.detected_at.astimezone(ZoneInfo(settings.timezone)).date(),
                item.change.kind,
                item.change.region,
                item.summary,
                reason or "it matches",
            )
            for one, item, reason in lines
        ),
        objects=(_object(*line) for line in lines),
        leave_out=() if explain else ("why",),
    )
    matched = sum(reason is None for _, _, reason in lines)
    print_status(f"{matched} matches" + (f" of {len(lines)}" if explain else ""))
    if len(lines) == limit:
        print_status(f"there may be more than these {limit}: see --limit")


def _vocabulary_of(settings: Settings) -> RuleVocabulary:
    from monitor.catalogue.loader import load_catalogue
    from monitor.extraction.topics import load_topics
    from monitor.ingest.rule_vocabulary import rule_vocabulary

    topics, catalogue = load_topics(settings.topics), load_catalogue(settings.catalogue)
    return rule_vocabulary(topics, catalogue, settings.channels)


def _replay(
    store: Database, rules: RuleSet, start: datetime, *, explain: bool
) -> Iterator[tuple[Rule, LoggedChange, str | None]]:
    from monitor.storage.changes import walk_changes

    by_id = {rule.id: rule for rule in rules.rules}
    with store.read() as session:
        for item in walk_changes(session, start):
            found = rules.match(item.change, source_id=item.source_id)
            for match in found:
                yield by_id[match.rule_id], item, None
            if explain:
                yield from _refused(rules.rules, {match.rule_id for match in found}, item)


def _refused(
    rules: Iterable[Rule], matched: set[str], item: LoggedChange
) -> Iterator[tuple[Rule, LoggedChange, str | None]]:
    for rule in rules:
        if rule.id not in matched:
            yield rule, item, explain_match(rule, item.change, source_id=item.source_id)


def _chosen(rules: RuleSet, rule_id: str | None) -> RuleSet:
    if rule_id is None:
        return rules
    chosen = tuple(rule for rule in rules.rules if rule.id == rule_id)
    if not chosen:
        hint = did_you_mean(rule_id, [rule.id for rule in rules.rules])
        raise UserError(f"unknown rule {rule_id!r}", hint=hint)
    return RuleSet(chosen)


def _start(since: str, zone: ZoneInfo) -> datetime:
    days = _DAYS.fullmatch(since)
    if days is not None:
        return utc_now() - timedelta(days=int(days[1]))
    day = date_of(since, "--since")
    return datetime.combine(day or datetime.now(zone).date(), time.min, zone).astimezone(UTC)


def _object(rule: Rule, item: LoggedChange, reason: str | None) -> dict[str, Any]:
    return {"rule": rule.id, "matches": reason is None, "why": reason, **logged_json(item)}


def _recipient_name(to: Recipient) -> str:
    return to.channel or (f"{to.chat_id}/{to.thread_id}" if to.thread_id else str(to.chat_id))
