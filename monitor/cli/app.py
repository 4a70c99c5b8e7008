"""The command tree: which command lives where."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor import __version__
from monitor.cli import (
    alerts,
    catalogue,
    daemon,
    database,
    evidence,
    explain,
    export,
    history,
    ledger,
    log,
    rules,
    setup,
    show,
    texts,
    ways,
)

app = typer.Typer(
    name="monitor",
    help="Watches what China's governments promise about AI and computing, and says so the "
    "moment a promise appears, grows, shrinks or disappears.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"monitor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Watches what China's governments promise about AI and computing."""


app.command()(setup.init)
app.command()(setup.demo)
app.command()(daemon.run)
app.command()(texts.read)
app.command()(texts.extract)
app.command()(texts.diff)
app.command()(log.ingest)
app.command()(log.changes)
app.command()(show.show)
app.command()(ledger.ledger)
app.command()(history.history)
app.command()(export.export)
app.command()(evidence.verify)
app.add_typer(catalogue.sources_app, name="sources")
app.add_typer(rules.rules_app, name="rules")
app.add_typer(alerts.alerts_app, name="alerts")
app.add_typer(ways.ways_app, name="ways")
app.add_typer(explain.topics_app, name="topics")
database.db_app.command()(evidence.prune)
app.add_typer(database.db_app, name="db")
