"""What a round of visits tells a person: what failed and why, or that there is no network. Pure.

A round is the visits from the first that starts until none is under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.catalogue.model import Source
from monitor.errors import RefusedAddress
from monitor.ingest.context import HEALTHY, VisitReport
from monitor.urls import parse_url

_MAX_NAMED = 5
_MAX_REASON = 100


def failed_visits(reports: Iterable[VisitReport]) -> list[VisitReport]:
    """The visits that did not work."""
    return [report for report in reports if report.outcome not in HEALTHY]


def failure_counts(reports: Iterable[VisitReport]) -> str:
    """How many visits failed in which way: ``2 blocked, 1 error``; empty if none did."""
    counts = Counter(report.outcome.value for report in failed_visits(reports))
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())


def failure_details(reports: Iterable[VisitReport]) -> str:
    """Which visits failed and why, the first few: ``hunan: HTTP 403; jilin: timed out; 3 more``."""
    failed = failed_visits(reports)
    named = [
        f"{report.source_id}: {' '.join(report.reason.split())[:_MAX_REASON] or report.outcome}"
        for report in failed[:_MAX_NAMED]
    ]
    more = len(failed) - len(named)
    return "; ".join([*named, *([f"{more} more"] if more else [])])


def hosts_of(source: Source) -> tuple[str, ...]:
    """The hosts that a source is read from; an address that is never requested has none."""
    hosts: dict[str, None] = {}
    for address in (*source.lists, *source.pages):
        with suppress(RefusedAddress):
            hosts[parse_url(address).host] = None
    return tuple(hosts)


@dataclass(slots=True)
class Reachability:
    """Whether there is a network: there is none when several hosts in a row cannot be reached.

    One host that cannot be reached is away. Attributes:
        silent: the sources that could not be reached since the last answer of any, with their
            hosts.
    """

    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def note(self, report: VisitReport, source: Source) -> None:
        """Take the end of a visit into account."""
        if report.answered:
            self.silent.clear()
        elif report.unreachable:
            self.silent[source.id] = hosts_of(source)

    @property
    def hosts(self) -> list[str]:
        """The hosts that could not be reached."""
        return list(dict.fromkeys(host for hosts in self.silent.values() for host in hosts))

    @property
    def is_offline(self) -> bool:
        """Whether no host answers."""
        return len(self.hosts) > 1
