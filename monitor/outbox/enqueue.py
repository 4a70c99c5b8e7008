"""Puts matched changes into the outbox, in the transaction of the visit that found them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from monitor.model.alerts import AlertState, DeliveryMode
from monitor.outbox.digest import wait_for_digest
from monitor.storage.base import batches, insert_rows, update_by_id
from monitor.storage.recipients import RecipientSettings, recipients_by_id
from monitor.storage.statement_tables import alert_change_table
from monitor.storage.tables import alert_table


class AlertRequest(NamedTuple):
    """A change for a recipient, and the rule that matches it."""

    change_id: int
    rule_id: str
    recipient_id: int
    priority: int = 0
    delivery: DeliveryMode | None = None


def enqueue(
    connection: Connection,
    *,
    snapshot_id: int,
    document_id: int,
    matches: Iterable[AlertRequest],
    now: datetime,
) -> int:
    """Put matched changes into the outbox, one alert a chat, in a few statements for all chats.

    Call it in the visit's transaction. If a chat has an alert of this snapshot that still waits,
    its changes are added; if that alert was sent or is being sent, nothing is added.

    Args:
        connection: the visit's writing transaction.
        snapshot_id: the snapshot the changes were found in.
        document_id: its document.
        matches: changes and recipients; the highest priority of several rules counts.
        now: the time of the alerts.

    Returns:
        The number of new alerts.
    """
    wanted: defaultdict[int, list[AlertRequest]] = defaultdict(list)
    for match in matches:
        wanted[match.recipient_id].append(match)
    existing = _existing_alerts(connection, snapshot_id, wanted)
    chats = recipients_by_id(connection, wanted.keys() - existing.keys())
    rows = [
        _alert_values(chats[recipient_id], wanted[recipient_id], snapshot_id, document_id, now)
        for recipient_id in sorted(chats)
    ]
    alert_ids = _insert_alerts(connection, rows)
    known: set[tuple[int, int, str]] = set()
    open_alerts = {
        key: row
        for key, row in existing.items()
        if row.state in {AlertState.PENDING, AlertState.SCHEDULED}
    }
    if open_alerts:
        _raise_priorities(connection, open_alerts, wanted)
        alert_ids |= {recipient_id: row.id for recipient_id, row in open_alerts.items()}
        known = _known_links(connection, [row.id for row in open_alerts.values()])
    links = {
        (alert_id, match.change_id, match.rule_id): match.priority
        for recipient_id, alert_id in alert_ids.items()
        for match in sorted(wanted[recipient_id], key=lambda match: match.priority)
    }
    new = [
        {"alert_id": alert_id, "change_id": change_id, "rule_id": rule_id, "priority": priority}
        for (alert_id, change_id, rule_id), priority in sorted(links.items())
        if (alert_id, change_id, rule_id) not in known
    ]
    if new:
        insert_rows(connection, alert_change_table, new, wanted=False)
    return len(rows)


class _ExistingAlert(NamedTuple):
    """An alert that a chat already has of a snapshot."""

    id: int
    recipient_id: int
    state: str
    priority: int


def _existing_alerts(
    connection: Connection, snapshot_id: int, chat_ids: Iterable[int]
) -> dict[int, _ExistingAlert]:
    """The alerts of a snapshot by chat, locked in the order of the chats' ids."""
    columns = (
        alert_table.c.id,
        alert_table.c.recipient_id,
        alert_table.c.state,
        alert_table.c.priority,
    )
    found: dict[int, _ExistingAlert] = {}
    for some in batches(chat_ids):
        query = (
            select(*columns)
            .where(alert_table.c.recipient_id.in_(some), alert_table.c.snapshot_id == snapshot_id)
            .order_by(alert_table.c.recipient_id)
            .with_for_update()
        )
        found.update((row.recipient_id, _ExistingAlert(*row)) for row in connection.execute(query))
    return found


def _alert_values(
    chat: RecipientSettings,
    matches: list[AlertRequest],
    snapshot_id: int,
    document_id: int,
    now: datetime,
) -> dict[str, object]:
    wait = wait_for_digest(chat, (match.delivery for match in matches), now)
    return {
        "recipient_id": chat.id,
        "document_id": document_id,
        "snapshot_id": snapshot_id,
        "priority": max(match.priority for match in matches),
        "state": AlertState.PENDING if wait is None else AlertState.SCHEDULED,
        "waiting_for": None if wait is None else wait.reason,
        "created_at": now,
        "not_before": now if wait is None else wait.until,
    }


def _insert_alerts(connection: Connection, rows: list[dict[str, object]]) -> dict[int, int]:
    """Insert alerts; their ids by chat."""
    if not rows:
        return {}
    command = insert(alert_table).returning(alert_table.c.recipient_id, alert_table.c.id)
    return dict(connection.execute(command, rows).all())


def _raise_priorities(
    connection: Connection,
    alerts: Mapping[int, _ExistingAlert],
    wanted: Mapping[int, list[AlertRequest]],
) -> None:
    highest = {
        recipient_id: max(match.priority for match in wanted[recipient_id])
        for recipient_id in alerts
    }
    raised = [
        {"id_of": alert.id, "priority": highest[recipient_id]}
        for recipient_id, alert in alerts.items()
        if highest[recipient_id] > alert.priority
    ]
    if raised:
        connection.execute(update_by_id(alert_table, ("priority",)), raised)


def _known_links(connection: Connection, alert_ids: Iterable[int]) -> set[tuple[int, int, str]]:
    """What some alerts already tell: alert, change and rule."""
    columns = (
        alert_change_table.c.alert_id,
        alert_change_table.c.change_id,
        alert_change_table.c.rule_id,
    )
    return {
        (alert_id, change_id, rule_id)
        for some in batches(alert_ids)
        for alert_id, change_id, rule_id in connection.execute(
            select(*columns).where(alert_change_table.c.alert_id.in_(some))
        )
    }
