"""Digests: what a chat wants told together, bundled when its time has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState, WaitReason
from monitor.model.schedule import Digest, Quiet, zone_of
from monitor.storage.recipients import get_recipient
from monitor.storage.tables import AlertRow, RecipientRow


def bundle_due(session: Session, *, now: datetime) -> int:
    """Make a digest for every chat whose time has come; returns how many.

    The alerts that were held and the digest that tells them change together, so that none is
    told twice or not at all. One alert alone goes as it is: a digest of one says no more.
    """
    due = (AlertRow.state == AlertState.SCHEDULED, AlertRow.not_before <= now)
    held = session.scalars(
        select(AlertRow).where(*due).order_by(AlertRow.id).with_for_update(skip_locked=True)
    ).all()
    chats: dict[int, list[AlertRow]] = {}
    for row in held:
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
            # A part that may have arrived before it was held makes the digest a repetition.
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
    """Keep when a remembered chat wants its digest; None: everything at once.

    What is held for it follows: to the new time, or out at once.
    """
    row = session.get_one(RecipientRow, recipient_id)
    row.digest = "off" if digest is None else str(digest)
    session.flush()
    _hold_until(session, recipient_id, _next_digest(session, recipient_id, now) or now)


def set_muted(
    session: Session, recipient_id: int, until: datetime | None, *, now: datetime
) -> None:
    """Send a remembered chat nothing until then, and afterwards in one digest what it missed."""
    row = session.get_one(RecipientRow, recipient_id)
    row.muted_until = until
    session.flush()
    if until is not None:
        session.execute(
            update(AlertRow)
            .where(
                AlertRow.recipient_id == recipient_id,
                AlertRow.state == AlertState.PENDING,
                AlertRow.kind == AlertKind.CHANGES,
            )
            .values(state=AlertState.SCHEDULED, waiting_for=WaitReason.MUTED)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(AlertRow)
        .where(
            AlertRow.recipient_id == recipient_id,
            AlertRow.state == AlertState.PENDING,
            AlertRow.waiting_for == WaitReason.MUTED,
        )
        .values(not_before=until or now, waiting_for=None if until is None else WaitReason.MUTED)
        .execution_options(synchronize_session=False)
    )
    _hold_until(session, recipient_id, _next_digest(session, recipient_id, now) or now)


def set_quiet(session: Session, recipient_id: int, quiet: Quiet | None, *, now: datetime) -> None:
    """Keep a remembered chat's quiet hours; what waited for the old ones looks at the new."""
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
    """Keep a remembered chat's time zone; its digest and quiet hours follow."""
    session.get_one(RecipientRow, recipient_id).timezone = name
    session.flush()
    set_quiet(session, recipient_id, get_recipient(session, recipient_id).quiet, now=now)
    moment = _next_digest(session, recipient_id, now)
    # Without a digest of its own, what a rule holds for it goes at the usual hour.
    _hold_until(session, recipient_id, moment or Digest().next_after(now, zone_of(name)))


def _hold_until(session: Session, recipient_id: int, moment: datetime) -> None:
    session.execute(
        update(AlertRow)
        .where(AlertRow.recipient_id == recipient_id, AlertRow.state == AlertState.SCHEDULED)
        .values(not_before=moment)
        .execution_options(synchronize_session=False)
    )


def _next_digest(session: Session, recipient_id: int, now: datetime) -> datetime | None:
    """When what is held for a chat goes out by its choices; None: it wants no digest."""
    session.expire_all()
    chat = get_recipient(session, recipient_id)
    if chat.muted_until is not None and chat.muted_until > now:
        return chat.muted_until
    if chat.digest is None:
        return None
    return chat.digest.next_after(now, zone_of(chat.timezone))
