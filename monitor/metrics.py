"""Prometheus metrics: what happened in this process, and what its database knows at a scrape.

Labels are bounded: outcomes, kinds, states and the channels of the settings. Sources have no label,
except those that are not well, of which at most a hundred are named.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.ingest.context import VisitReport
from monitor.model.changes import Kind
from monitor.model.documents import Fetched, Outcome
from monitor.model.status import ProblemKind, newest_heartbeats
from monitor.observer import Observer, SendResult
from monitor.status import Status

log = logging.getLogger(__name__)

_NO_ANSWER = "none"
_STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", _NO_ANSWER)
_VISIT_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
_FETCH_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)


class Metrics(Observer):
    """Counts what happens; ``exposition`` is what a scrape gets."""

    def __init__(self, read: Callable[[], Status]) -> None:
        """Register all metrics.

        Args:
            read: reads the database at a scrape; it may block.
        """
        # When a series began is of no use here, and doubles the number of series.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(_StatusCollector(read))
        self._visits = Counter(
            "monitor_visits", "Visits of sources.", ["outcome"], registry=registry
        )
        self._visit_seconds = Histogram(
            "monitor_visit_duration_seconds",
            "How long visits took.",
            buckets=_VISIT_SECONDS,
            registry=registry,
        )
        self._pages = Counter(
            "monitor_pages", "Pages that visits read.", ["outcome"], registry=registry
        )
        self._changes = Counter(
            "monitor_changes", "Changes that visits logged.", ["kind"], registry=registry
        )
        self._alerts = Counter(
            "monitor_alerts_enqueued", "Alerts that visits put into the outbox.", registry=registry
        )
        self._fetches = Counter(
            "monitor_fetches",
            "Pages requested, by class of the HTTP status.",
            ["status"],
            registry=registry,
        )
        self._fetch_seconds = Histogram(
            "monitor_fetch_duration_seconds",
            "How long fetches took, waiting for the host's turn included.",
            buckets=_FETCH_SECONDS,
            registry=registry,
        )
        self._bytes = Counter(
            "monitor_fetched_bytes", "Decompressed bytes of pages.", registry=registry
        )
        self._sends = Counter(
            "monitor_alert_sends",
            "Attempts to send an alert.",
            ["channel", "result"],
            registry=registry,
        )
        self._updates = Counter(
            "monitor_bot_updates", "Updates that the bot got.", ["kind"], registry=registry
        )
        self._refused = Gauge(
            "monitor_telegram_token_refused",
            "1 while Telegram refuses the token.",
            registry=registry,
        )
        # Each value is there from the start: rates begin at 0.
        for outcome in Outcome:
            self._visits.labels(outcome.value)
            self._pages.labels(outcome.value)
        for kind in Kind:
            self._changes.labels(kind.value)
        for status in _STATUS_CLASSES:
            self._fetches.labels(status)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format; reads the database."""
        return generate_latest(self._registry)

    def visited(self, report: VisitReport, seconds: float) -> None:
        """Count a visit and what it brought."""
        self._visits.labels(report.outcome.value).inc()
        self._visit_seconds.observe(seconds)
        for outcome, number in report.pages.items():
            self._pages.labels(outcome.value).inc(number)
        for change in report.changes:
            self._changes.labels(change.kind.value).inc()
        self._alerts.inc(report.alerts)

    def fetched(self, fetched: Fetched, seconds: float) -> None:
        """Count a fetch."""
        status = _NO_ANSWER if fetched.status is None else f"{fetched.status // 100}xx"
        self._fetches.labels(status if status in _STATUS_CLASSES else _NO_ANSWER).inc()
        self._fetch_seconds.observe(seconds)
        self._bytes.inc(len(fetched.body))

    def sent(self, channel: str, result: SendResult) -> None:
        """Count an attempt to send."""
        self._sends.labels(channel, result.value).inc()

    def updated(self, kind: str) -> None:
        """Count an update."""
        self._updates.labels(kind).inc()

    def token_checked(self, *, refused: bool) -> None:
        """Keep what Telegram said of the token."""
        self._refused.set(refused)


class _StatusCollector(Collector):
    """Reads the database whenever metrics are scraped."""

    def __init__(self, read: Callable[[], Status]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Give the metrics; without a database that it is away."""
        try:
            status = self._read()
        except Exception:
            # The other metrics are wanted most just then.
            log.warning("metrics.database_failed", exc_info=True)
            yield _gauge("monitor_database_up", "1 if the database could be read.", 0)
            return
        yield from status_metrics(status)


def status_metrics(status: Status) -> Iterator[Metric]:
    """What the database knows, as metrics. Pure."""
    facts, now = status.facts, status.facts.now.timestamp()
    kinds = {problem.kind for problem in status.problems}
    yield _gauge("monitor_database_up", "1 if the database could be read.", 1)
    yield _labelled(
        "monitor_build_info",
        "1; the version of the program and the schemas of the database and of the program.",
        ("version", "schema", "expected_schema"),
        [((__version__, facts.schema or "", facts.expected_schema), 1)],
    )
    if status.size is not None:
        yield _gauge("monitor_database_size_bytes", "Size of the database.", status.size)
    yield _by_kind(
        "monitor_problem",
        "1 if monitor status calls this wrong.",
        "kind",
        {kind.value: int(kind in kinds) for kind in ProblemKind},
    )
    if facts.schema == facts.expected_schema:
        yield from _source_metrics(status)
        yield from _outbox_metrics(status, now)
        yield from _loop_metrics(status)


def _source_metrics(status: Status) -> Iterator[Metric]:
    sources = status.facts.sources
    health = {kind.value: number for kind, number in sources.health.items()}
    yield _by_kind("monitor_sources", "Enabled sources.", "health", health)
    yield _gauge("monitor_sources_never_visited", "Sources never visited.", sources.never_visited)
    yield _gauge("monitor_sources_due", "Sources to be visited now.", sources.due)
    yield _gauge(
        "monitor_visit_lag_seconds",
        "How long the longest waiting source is overdue.",
        sources.lag.total_seconds(),
    )
    if sources.last_visit_at is not None:
        yield _gauge(
            "monitor_last_visit_timestamp_seconds",
            "When a source was visited last.",
            sources.last_visit_at.timestamp(),
        )
    yield _labelled(
        "monitor_source_unhealthy_since_timestamp_seconds",
        "Since when a source is not well; the hundred that are so for longest.",
        ("source", "health"),
        [((one.id, one.health.value), one.since.timestamp()) for one in status.unhealthy],
    )


def _outbox_metrics(status: Status, now: float) -> Iterator[Metric]:
    outbox = status.facts.outbox
    states = {"pending": outbox.pending, "scheduled": outbox.scheduled, "dead": outbox.dead}
    yield _by_kind("monitor_outbox_alerts", "Alerts in the outbox.", "state", states)
    due = outbox.due_since
    yield _gauge(
        "monitor_outbox_due_age_seconds",
        "How long the oldest alert that could be sent is due; 0 if none is.",
        0 if due is None else max(now - due.timestamp(), 0),
    )
    yield _gauge(
        "monitor_outbox_given_up_alerts",
        "Alerts given up in the last day after the last attempt.",
        outbox.refused,
    )
    yield _gauge(
        "monitor_delivery_paused", "1 while delivery is paused.", outbox.paused_since is not None
    )
    yield _by_kind(
        "monitor_channel_waiting_alerts",
        "Alerts that wait for a channel beside Telegram.",
        "channel",
        {channel.name: channel.waiting for channel in status.channels},
    )
    chats = status.chats
    yield _by_kind(
        "monitor_chats",
        "The bot's chats.",
        "state",
        {"active": chats.active, "gone": chats.gone, "asked": chats.asked},
    )


def _loop_metrics(status: Status) -> Iterator[Metric]:
    beats = newest_heartbeats(status.facts)
    yield _by_kind(
        "monitor_heartbeat_timestamp_seconds",
        "The newest heartbeat of a loop, of whatever process.",
        "loop",
        {loop.value: beat.at.timestamp() for loop, beat in beats.items()},
    )


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _by_kind(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    return _labelled(name, meaning, (label,), (((key,), value) for key, value in values.items()))


def _labelled(
    name: str,
    meaning: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family
