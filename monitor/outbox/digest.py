"""Digests: which alerts wait for one, when it is due, and the settings of a chat that decide it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState, DeliveryMode, WaitReason
from monitor.model.delivery_times import Digest, Quiet, zone_of
from monitor.storage.recipients import RecipientSettings, get_recipient
from monitor.storage.tables import AlertRow, RecipientRow


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


def make_digests(session: Session, *, now: datetime) -> int:
    """Make a digest for each chat whose scheduled alerts are due; the number of chats.

    The digest is inserted in the transaction that marks its alerts, so that each alert is
    delivered once. A single alert is sent as it is.
    """
    due = (AlertRow.state == AlertState.SCHEDULED, AlertRow.not_before <= now)
    scheduled = session.scalars(
        select(AlertRow).where(*due).order_by(AlertRow.id).with_for_update(skip_locked=True)
    ).all()
    chats: dict[int, list[AlertRow]] = {}
    for row in scheduled:
        chats.setdefault(row.recipient_id, []).append(row)
    for recipient_id, rows in chats.items():
        if len(rows) == 1:
            rows[0].state, rows[0].waiting_for = AlertState.PENDING, None
            continue
        digest = AlertRow(
            recipient_id=recipient_id,
            kind=AlertKind.DIGEST,
            priority=max(row.priority for row in rows),
            state=AlertState.PENDING,
            created_at=now,
            not_before=now,
            # One alert of it may have been delivered before it was scheduled.
            possibly_duplicate=any(row.possibly_duplicate for row in rows),
        )
        session.add(digest)
        session.flush()
        for row in rows:
            row.state, row.digest_id, row.waiting_for = AlertState.IN_DIGEST, digest.id, None
    session.flush()
    return len(chats)


def set_digest(
    session: Session, recipient_id: int, digest: Digest | None, *, now: datetime
) -> None:
    """Store when a chat gets its digest, and reschedule its alerts; None: send alerts at once."""
    row = session.get_one(RecipientRow, recipient_id)
    row.digest = "off" if digest is None else str(digest)
    session.flush()
    _reschedule(session, recipient_id, _next_digest(session, recipient_id, now), now)


def set_muted(
    session: Session, recipient_id: int, until: datetime | None, *, now: datetime
) -> None:
    """Mute a chat until a time, and then send one digest of what waited; None ends the mute."""
    row = session.get_one(RecipientRow, recipient_id)
    row.muted_until = until
    session.flush()
    pending = (AlertRow.recipient_id == recipient_id, AlertRow.state == AlertState.PENDING)
    if until is not None:
        session.execute(
            update(AlertRow)
            .where(*pending, AlertRow.kind == AlertKind.CHANGES)
            .values(state=AlertState.SCHEDULED)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(AlertRow)
        .where(*pending, AlertRow.waiting_for == WaitReason.MUTED)
        .values(not_before=until or now, waiting_for=None if until is None else WaitReason.MUTED)
        .execution_options(synchronize_session=False)
    )
    _reschedule(session, recipient_id, _next_digest(session, recipient_id, now), now)


def set_quiet(session: Session, recipient_id: int, quiet: Quiet | None, *, now: datetime) -> None:
    """Store the quiet hours of a chat; alerts that waited for the old ones are due again."""
    row = session.get_one(RecipientRow, recipient_id)
    row.quiet_hours = "off" if quiet is None else str(quiet)
    session.execute(
        update(AlertRow)
        .where(
            AlertRow.recipient_id == recipient_id,
            AlertRow.state == AlertState.PENDING,
            AlertRow.waiting_for == WaitReason.QUIET_HOURS,
        )
        .values(not_before=now, waiting_for=None)
        .execution_options(synchronize_session=False)
    )


def set_timezone(session: Session, recipient_id: int, name: str, *, now: datetime) -> None:
    """Store the time zone of a chat; its digest and its quiet hours move with it."""
    session.get_one(RecipientRow, recipient_id).timezone = name
    session.flush()
    set_quiet(session, recipient_id, get_recipient(session, recipient_id).quiet, now=now)
    # A rule may want a digest for a chat that has none; it is due at the default hour.
    default = Deferral(Digest().next_after(now, zone_of(name)), WaitReason.DIGEST)
    wait = _next_digest(session, recipient_id, now) or default
    _reschedule(session, recipient_id, wait, now)


def _reschedule(session: Session, recipient_id: int, wait: Deferral | None, now: datetime) -> None:
    until, reason = wait or Deferral(now, WaitReason.DIGEST)
    session.execute(
        update(AlertRow)
        .where(AlertRow.recipient_id == recipient_id, AlertRow.state == AlertState.SCHEDULED)
        .values(not_before=until, waiting_for=reason)
        .execution_options(synchronize_session=False)
    )


def _next_digest(session: Session, recipient_id: int, now: datetime) -> Deferral | None:
    """The next digest of a chat by its settings; None if it has none."""
    session.expire_all()
    return wait_for_digest(get_recipient(session, recipient_id), {None}, now)
