"""Which sources are never visited at the same time: those that share a host. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.catalogue.model import Source
from monitor.ingest.rounds import hosts_of


def host_locks(sources: Iterable[Source]) -> dict[str, str]:
    """The lock of each source: one name for all that share a host, also by way of a third.

    A source with two hosts joins those of both: a job has one lock only.
    """
    parents: dict[str, str] = {}

    def root(host: str) -> str:
        while parents.setdefault(host, host) != host:
            host = parents[host]
        return host

    hosts = {source.id: hosts_of(source) for source in sources}
    for first, *others in hosts.values():
        for other in others:
            low, high = sorted((root(first), root(other)))
            parents[high] = low
    return {source_id: root(mine[0]) for source_id, mine in hosts.items()}
