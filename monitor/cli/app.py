"""The command tree: which command lives where."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor import __version__
from monitor.cli import (
    alerts,
    changes,
    channels,
    db,
    documents,
    export,
    fulfilment,
    history,
    init,
    rules,
    run,
    show,
    sources,
    topics,
    verify,
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


app.command()(init.init)
app.command()(init.demo)
app.command()(run.run)
app.command()(documents.read)
app.command()(documents.extract)
app.command()(documents.diff)
app.command()(changes.ingest)
app.command()(changes.changes)
app.command()(show.show)
app.command()(fulfilment.ledger)
app.command()(history.history)
app.command()(export.export)
app.command()(verify.verify)
app.add_typer(sources.sources_app, name="sources")
app.add_typer(rules.rules_app, name="rules")
app.add_typer(alerts.alerts_app, name="alerts")
app.add_typer(channels.channels_app, name="channels")
app.add_typer(topics.topics_app, name="topics")
db.db_app.command()(verify.prune)
app.add_typer(db.db_app, name="db")
