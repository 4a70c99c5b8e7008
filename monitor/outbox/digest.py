"""Digests: what a chat wants told together, bundled when its time has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState
from monitor.model.schedule import Digest, Quiet, zone_of
from monitor.outbox.queue import MUTED, QUIET_HOURS
from monitor.storage.recipients import get_chat
from monitor.storage.tables import AlertRow, ChatRow


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
        chats.setdefault(row.chat_id, []).append(row)
    for chat_id, rows in chats.items():
        if len(rows) == 1:
            rows[0].state = AlertState.PENDING
            continue
        digest = AlertRow(
            chat_id=chat_id,
            kind=AlertKind.DIGEST,
            priority=max(row.priority for row in rows),
            state=AlertState.PENDING,
            created_at=now,
            not_before=now,
            # A part that may have arrived before it was held makes the digest a repetition.
            doubtful=any(row.doubtful for row in rows),
        )
        session.add(digest)
        session.flush()
        for row in rows:
            row.state, row.digest_id = AlertState.IN_DIGEST, digest.id
    session.flush()
    return len(chats)


def set_digest(session: Session, chat_id: int, digest: Digest | None, *, now: datetime) -> None:
    """Keep when a remembered chat wants its digest; None: everything at once.

    What is held for it follows: to the new time, or out at once.
    """
    row = session.get_one(ChatRow, chat_id)
    row.digest = "off" if digest is None else str(digest)
    session.flush()
    _hold_until(session, chat_id, _next_digest(session, chat_id, now) or now)


def set_muted(session: Session, chat_id: int, until: datetime | None, *, now: datetime) -> None:
    """Send a remembered chat nothing until then, and afterwards in one digest what it missed."""
    row = session.get_one(ChatRow, chat_id)
    row.muted_until = until
    session.flush()
    if until is not None:
        session.execute(
            update(AlertRow)
            .where(
                AlertRow.chat_id == chat_id,
                AlertRow.state == AlertState.PENDING,
                AlertRow.kind == AlertKind.CHANGES,
            )
            .values(state=AlertState.SCHEDULED)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(AlertRow)
        .where(
            AlertRow.chat_id == chat_id,
            AlertRow.state == AlertState.PENDING,
            AlertRow.error == MUTED,
        )
        .values(not_before=until or now, error=None if until is None else MUTED)
        .execution_options(synchronize_session=False)
    )
    _hold_until(session, chat_id, _next_digest(session, chat_id, now) or now)


def set_quiet(session: Session, chat_id: int, quiet: Quiet | None, *, now: datetime) -> None:
    """Keep a remembered chat's quiet hours; what waited for the old ones looks at the new."""
    row = session.get_one(ChatRow, chat_id)
    row.quiet = "off" if quiet is None else str(quiet)
    session.execute(
        update(AlertRow)
        .where(
            AlertRow.chat_id == chat_id,
            AlertRow.state == AlertState.PENDING,
            AlertRow.error == QUIET_HOURS,
        )
        .values(not_before=now, error=None)
        .execution_options(synchronize_session=False)
    )


def set_timezone(session: Session, chat_id: int, name: str, *, now: datetime) -> None:
    """Keep a remembered chat's time zone; its digest and quiet hours follow."""
    session.get_one(ChatRow, chat_id).timezone = name
    session.flush()
    set_quiet(session, chat_id, get_chat(session, chat_id).quiet, now=now)
    moment = _next_digest(session, chat_id, now)
    # Without a digest of its own, what a rule holds for it goes at the usual hour.
    _hold_until(session, chat_id, moment or Digest().next_after(now, zone_of(name)))


def _hold_until(session: Session, chat_id: int, moment: datetime) -> None:
    session.execute(
        update(AlertRow)
        .where(AlertRow.chat_id == chat_id, AlertRow.state == AlertState.SCHEDULED)
        .values(not_before=moment)
        .execution_options(synchronize_session=False)
    )


def _next_digest(session: Session, chat_id: int, now: datetime) -> datetime | None:
    """When what is held for a chat goes out by its choices; None: it wants no digest."""
    session.expire_all()
    chat = get_chat(session, chat_id)
    if chat.muted_until is not None and chat.muted_until > now:
        return chat.muted_until
    if chat.digest is None:
        return None
    return chat.digest.next_after(now, zone_of(chat.timezone))
