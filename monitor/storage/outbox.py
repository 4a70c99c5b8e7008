"""The outbox: matched changes on their way to chats, written with the visit that found them.

An alert is *pending*, then *leased* to a sender, then *sent* or *dead*. A lease that runs out
means that its holder died: the alert is leased again with ``maybe_sent``, because the holder may
have died between Telegram's answer and the note of it. That is the one window in which a message
can arrive twice; everything else is told once, by the uniqueness of chat and snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from monitor.model import Change, DocumentKind
from monitor.storage.health import PENDING, SourceEvent, events_of
from monitor.storage.outbox_tables import AlertChangeRow, AlertRow, ChatRow
from monitor.storage.rows import change_of
from monitor.storage.tables import ChangeRow, DocumentRow, SourceRow

LEASED, SENT, DEAD = "leased", "sent", "dead"

_ERROR_LIMIT = 500


@dataclass(frozen=True, slots=True)
class AlertChange:
    """A change an alert tells of, and the rules that asked for it."""

    change_id: int
    change: Change
    rule_ids: tuple[str, ...]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class AlertDocument:
    """Where the changes of an alert were found."""

    title: str
    url: str | None
    kind: DocumentKind
    region: str | None
    published: date | None
    source_name: str | None


@dataclass(frozen=True, slots=True)
class OutboxAlert:
    """One message to be: the changes one snapshot has for one chat, or a source's turn.

    Either ``document`` and ``changes`` are there, or ``event``. ``attempts`` counts this one.
    ``maybe_sent`` says that an earlier sender vanished while it held the alert. ``language`` is
    the chat's.
    """

    id: int
    chat_id: int
    attempts: int
    created_at: datetime
    maybe_sent: bool
    document: AlertDocument | None
    changes: tuple[AlertChange, ...]
    language: str = "zh"
    event: SourceEvent | None = None


def enqueue(
    session: Session,
    *,
    snapshot_id: int,
    document_id: int,
    matches: Iterable[tuple[int, str, int, int]],
    now: datetime,
) -> int:
    """Put matched changes into the outbox, one alert for each chat.

    Call it in the visit's own transaction. What a chat was already told of this snapshot, or is
    being told, is not told again; an alert that still waits takes more changes in.

    Args:
        session: the visit's writing transaction.
        snapshot_id: the snapshot the changes were found in.
        document_id: its document.
        matches: change id, rule id, chat id, priority (higher is sent earlier).
        now: when.

    Returns:
        How many alerts are new.
    """
    wanted: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    priorities: dict[int, int] = {}
    for change_id, rule_id, chat_id, priority in matches:
        wanted[chat_id].add((change_id, rule_id))
        priorities[chat_id] = max(priority, priorities.get(chat_id, priority))
    created = 0
    for chat_id, pairs in wanted.items():
        alert = session.scalars(
            select(AlertRow)
            .where(AlertRow.chat_id == chat_id, AlertRow.snapshot_id == snapshot_id)
            .with_for_update()
        ).one_or_none()
        known: set[tuple[int, str]] = set()
        if alert is None:
            created += 1
            alert = AlertRow(
                chat_id=chat_id,
                document_id=document_id,
                snapshot_id=snapshot_id,
                priority=priorities[chat_id],
                state=PENDING,
                created_at=now,
                not_before=now,
            )
            session.add(alert)
            session.flush()
        elif alert.state == PENDING:
            alert.priority = max(alert.priority, priorities[chat_id])
            listed = select(AlertChangeRow.change_id, AlertChangeRow.rule_id)
            rows = session.execute(listed.where(AlertChangeRow.alert_id == alert.id))
            known = {(change_id, rule_id) for change_id, rule_id in rows}
        else:
            continue
        session.add_all(
            AlertChangeRow(alert_id=alert.id, change_id=change_id, rule_id=rule_id)
            for change_id, rule_id in sorted(pairs - known)
        )
    session.flush()
    return created


def lease(
    session: Session, *, now: datetime, lease_for: timedelta, limit: int
) -> list[OutboxAlert]:
    """Take alerts that are due, so that no other sender takes them until the lease runs out.

    Highest priority first, then oldest first.
    """
    due = or_(
        and_(AlertRow.state == PENDING, AlertRow.not_before <= now),
        and_(AlertRow.state == LEASED, AlertRow.lease_until <= now),
    )
    rows = session.scalars(
        select(AlertRow)
        .where(due)
        .order_by(AlertRow.priority.desc(), AlertRow.created_at, AlertRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    abandoned = {row.id for row in rows if row.state == LEASED}
    for row in rows:
        row.state = LEASED
        row.lease_until = now + lease_for
        row.attempts += 1
    session.flush()
    return _load(session, rows, abandoned)


def mark_sent(session: Session, alert_id: int, *, now: datetime, message_id: int) -> None:
    """Note that Telegram took an alert."""
    _settle(session, alert_id, state=SENT, sent_at=now, message_id=message_id, error=None)


def mark_retry(
    session: Session, alert_id: int, *, not_before: datetime, error: str, counted: bool = True
) -> None:
    """Give an alert back until ``not_before``; uncounted, the attempt was not its fault."""
    attempts = AlertRow.attempts if counted else AlertRow.attempts - 1
    _settle(
        session,
        alert_id,
        state=PENDING,
        not_before=not_before,
        error=error[:_ERROR_LIMIT],
        attempts=attempts,
    )


def mark_dead(session: Session, alert_id: int, *, error: str) -> None:
    """Give an alert up. It stays visible in ``alert_log`` with its error."""
    _settle(session, alert_id, state=DEAD, error=error[:_ERROR_LIMIT])


def next_due(session: Session) -> datetime | None:
    """When the next alert may be sent, or the next lease runs out; None with an empty outbox."""
    pending = session.scalar(select(func.min(AlertRow.not_before)).where(AlertRow.state == PENDING))
    leased = session.scalar(select(func.min(AlertRow.lease_until)).where(AlertRow.state == LEASED))
    return min((moment for moment in (pending, leased) if moment is not None), default=None)


def withdraw_alerts(session: Session, chat_id: int, *, reason: str) -> int:
    """Give up all that waits for a chat that wants nothing more; returns how many that was.

    What a sender holds just now may still arrive.
    """
    withdrawn = session.scalars(
        update(AlertRow)
        .where(AlertRow.chat_id == chat_id, AlertRow.state == PENDING)
        .values(state=DEAD, error=reason[:_ERROR_LIMIT])
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(withdrawn.all())


def move_alerts(session: Session, old_id: int, new_id: int) -> None:
    """Readdress what still waits for a chat that got a new id.

    What the new id is told of the same snapshot already ends here.
    """
    waiting = (AlertRow.chat_id == old_id, AlertRow.state.in_((PENDING, LEASED)))
    other = aliased(AlertRow)
    session.execute(
        update(AlertRow)
        .where(
            *waiting,
            ~exists().where(other.chat_id == new_id, other.snapshot_id == AlertRow.snapshot_id),
        )
        .values(chat_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AlertRow)
        .where(*waiting)
        .values(state=DEAD, lease_until=None, error=f"told under the new id {new_id}")
        .execution_options(synchronize_session=False)
    )


def _settle(session: Session, alert_id: int, **values: object) -> None:
    session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state.in_((PENDING, LEASED)))
        .values(lease_until=None, **values)
    )


def _load(session: Session, rows: Sequence[AlertRow], abandoned: set[int]) -> list[OutboxAlert]:
    ids = [row.id for row in rows]
    told: dict[int, dict[int, list[str]]] = {alert_id: {} for alert_id in ids}
    links = select(AlertChangeRow).where(AlertChangeRow.alert_id.in_(ids))
    for link in session.scalars(links.order_by(AlertChangeRow.change_id, AlertChangeRow.rule_id)):
        told[link.alert_id].setdefault(link.change_id, []).append(link.rule_id)
    change_ids = {change_id for changes in told.values() for change_id in changes}
    changes = {
        row.id: (change_of(row), row.summary)
        for row in session.scalars(
            select(ChangeRow)
            .where(ChangeRow.id.in_(change_ids))
            .options(joinedload(ChangeRow.before), joinedload(ChangeRow.after))
        )
    }
    documents = _documents(session, {row.document_id for row in rows if row.document_id})
    events = events_of(session, {row.event_id for row in rows if row.event_id})
    chats = select(ChatRow.id, ChatRow.language).where(
        ChatRow.id.in_({row.chat_id for row in rows})
    )
    languages = dict(session.execute(chats).all())
    return [
        OutboxAlert(
            id=row.id,
            chat_id=row.chat_id,
            attempts=row.attempts,
            created_at=row.created_at,
            maybe_sent=row.id in abandoned,
            document=None if row.document_id is None else documents[row.document_id],
            event=None if row.event_id is None else events[row.event_id],
            changes=tuple(
                AlertChange(change_id, changes[change_id][0], tuple(rules), changes[change_id][1])
                for change_id, rules in told[row.id].items()
            ),
            language=languages.get(row.chat_id, "zh"),
        )
        for row in rows
    ]


def _documents(session: Session, ids: set[int]) -> dict[int, AlertDocument]:
    query = (
        select(DocumentRow, SourceRow.name)
        .outerjoin(SourceRow, SourceRow.id == DocumentRow.source_id)
        .where(DocumentRow.id.in_(ids))
    )
    return {
        row.id: AlertDocument(
            title=row.title,
            url=row.url,
            kind=DocumentKind(row.kind),
            region=row.region,
            published=row.published,
            source_name=name,
        )
        for row, name in session.execute(query)
    }
