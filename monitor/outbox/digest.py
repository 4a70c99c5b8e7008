"""Digests: which alerts wait for one, when it is due, and the settings of a chat that decide it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select, update

from monitor.model.alerts import AlertKind, AlertState, DeliveryMode, WaitReason
from monitor.model.delivery_times import Digest, Quiet, zone_of
from monitor.storage.base import batches, insert_rows, update_row
from monitor.storage.recipients import RecipientSettings, get_recipient
from monitor.storage.tables import alert_table, recipient_table


class Deferral(NamedTuple):
    """Until when an alert waits for a digest, and why."""

    until: datetime
    reason: WaitReason


def wait_for_digest(
    chat: RecipientSettings, modes: Iterable[DeliveryMode | None], now: datetime
) -> Deferral | None:
    """The digest that a new alert waits for; None if the alert is sent at once.

    Args:
        chat: the recipient.
        modes: what the rules of the alert say; None leaves it to the chat. A muted chat gets
            one digest when the mute ends, whatever the rules say.
        now: the current time.
    """
    if chat.muted_until is not None and chat.muted_until > now:
        return Deferral(chat.muted_until, WaitReason.MUTED)
    asked = set(modes)
    if DeliveryMode.IMMEDIATE in asked or (None in asked and chat.digest is None):
        return None
    due = (chat.digest or Digest()).next_after(now, zone_of(chat.timezone))
    return Deferral(due, WaitReason.DIGEST)


def make_digests(connection: Connection, *, now: datetime) -> int:
    """Make a digest for each chat whose scheduled alerts are due; the number of chats.

    The digest is inserted in the transaction that marks its alerts, so that each alert is
    delivered once. A single alert is sent as it is.
    """
    due = (alert_table.c.state == AlertState.SCHEDULED, alert_table.c.not_before <= now)
    scheduled = connection.execute(
        select(alert_table).where(*due).order_by(alert_table.c.id).with_for_update(skip_locked=True)
    ).all()
    chats: dict[int, list[Row[Any]]] = {}
    for row in scheduled:
        chats.setdefault(row.recipient_id, []).append(row)
    for recipient_id, rows in chats.items():
        if len(rows) == 1:
            update_row(
                connection, alert_table, rows[0].id, state=AlertState.PENDING, waiting_for=None
            )
            continue
        digest = {
            "recipient_id": recipient_id,
            "kind": AlertKind.DIGEST,
            "priority": max(row.priority for row in rows),
            "state": AlertState.PENDING,
            "created_at": now,
            "not_before": now,
            # One alert of it may have been delivered before it was scheduled.
            "possibly_duplicate": any(row.possibly_duplicate for row in rows),
        }
        (digest_id,) = insert_rows(connection, alert_table, [digest])
        for some in batches(row.id for row in rows):
            connection.execute(
                update(alert_table)
                .where(alert_table.c.id.in_(some))
                .values(state=AlertState.IN_DIGEST, digest_id=digest_id, waiting_for=None)
            )
    return len(chats)


def set_digest(
    connection: Connection, recipient_id: int, digest: Digest | None, *, now: datetime
) -> None:
    """Store when a chat gets its digest, and reschedule its alerts; None: send alerts at once."""
    chosen = "off" if digest is None else str(digest)
    update_row(connection, recipient_table, recipient_id, digest=chosen)
    _reschedule(connection, recipient_id, _next_digest(connection, recipient_id, now), now)


def set_muted(
    connection: Connection, recipient_id: int, until: datetime | None, *, now: datetime
) -> None:
    """Mute a chat until a time, and then send one digest of what waited; None ends the mute."""
    update_row(connection, recipient_table, recipient_id, muted_until=until)
    pending = (
        alert_table.c.recipient_id == recipient_id,
        alert_table.c.state == AlertState.PENDING,
    )
    if until is not None:
        connection.execute(
            update(alert_table)
            .where(*pending, alert_table.c.kind == AlertKind.CHANGES)
            .values(state=AlertState.SCHEDULED)
        )
    connection.execute(
        update(alert_table)
        .where(*pending, alert_table.c.waiting_for == WaitReason.MUTED)
        .values(not_before=until or now, waiting_for=None if until is None else WaitReason.MUTED)
    )
    _reschedule(connection, recipient_id, _next_digest(connection, recipient_id, now), now)


def set_quiet(
    connection: Connection, recipient_id: int, quiet: Quiet | None, *, now: datetime
) -> None:
    """Store the quiet hours of a chat; alerts that waited for the old ones are due again."""
    chosen = "off" if quiet is None else str(quiet)
    update_row(connection, recipient_table, recipient_id, quiet_hours=chosen)
    connection.execute(
        update(alert_table)
        .where(
            alert_table.c.recipient_id == recipient_id,
            alert_table.c.state == AlertState.PENDING,
            alert_table.c.waiting_for == WaitReason.QUIET_HOURS,
        )
        .values(not_before=now, waiting_for=None)
    )


def set_timezone(connection: Connection, recipient_id: int, name: str, *, now: datetime) -> None:
    """Store the time zone of a chat; its digest and its quiet hours move with it."""
    update_row(connection, recipient_table, recipient_id, timezone=name)
    set_quiet(connection, recipient_id, get_recipient(connection, recipient_id).quiet, now=now)
    # A rule may want a digest for a chat that has none; it is due at the default hour.
    default = Deferral(Digest().next_after(now, zone_of(name)), WaitReason.DIGEST)
    wait = _next_digest(connection, recipient_id, now) or default
    _reschedule(connection, recipient_id, wait, now)


def _reschedule(
    connection: Connection, recipient_id: int, wait: Deferral | None, now: datetime
) -> None:
    until, reason = wait or Deferral(now, WaitReason.DIGEST)
    connection.execute(
        update(alert_table)
        .where(
            alert_table.c.recipient_id == recipient_id, alert_table.c.state == AlertState.SCHEDULED
        )
        .values(not_before=until, waiting_for=reason)
    )


def _next_digest(connection: Connection, recipient_id: int, now: datetime) -> Deferral | None:
    """The next digest of a chat by its settings; None if it has none."""
    return wait_for_digest(get_recipient(connection, recipient_id), {None}, now)
