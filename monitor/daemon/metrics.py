"""Counts what happens in a process whose settings name a port."""

from __future__ import annotations

from dataclasses import replace

from monitor.app import App
from monitor.observer import ObservedFetcher


def with_metrics(app: App) -> App:
    """The application, its edges observed if ``http.port`` is set; else it is as it was."""
    if app.settings.http.port is None:
        return app
    # prometheus_client is in memory where it is scraped alone.
    from monitor.metrics import Metrics
    from monitor.model.status import StatusLimits
    from monitor.status import read_status

    metrics = Metrics(
        lambda: read_status(
            app.context.database,
            limits=StatusLimits(),
            now=app.context.now(),
            bot=app.token is not None,
        )
    )
    context = replace(app.context, fetcher=ObservedFetcher(app.context.fetcher, metrics))
    return replace(app, context=context, observer=metrics, exposition=metrics.exposition)
