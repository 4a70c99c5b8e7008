"""Loads alerts with all that their messages need, in a few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from monitor.model.alerts import (
    CHANGE_NOTICES,
    AlertChange,
    AlertDocument,
    AlertKind,
    Notice,
    NoticeKind,
    OutboxAlert,
    TargetsDue,
)
from monitor.model.changes import Certainty, Kind
from monitor.model.delivery_times import zone_of
from monitor.model.documents import DocumentKind
from monitor.storage.base import batches
from monitor.storage.feedback import feedback_summaries, feedback_summary
from monitor.storage.fulfilment import targets_due
from monitor.storage.mappers import change_of
from monitor.storage.recipients import RecipientSettings, recipients_by_id
from monitor.storage.source_health import health_events_by_id
from monitor.storage.statement_tables import AlertChangeRow, ChangeRow
from monitor.storage.tables import AlertRow, DocumentRow, NoticeRow, SourceRow

MAX_CHANGES = 1_000
"""Changes of one alert that are loaded: the first by priority."""

_TARGETS_NAMED = 3


def get_alert(session: Session, alert_id: int) -> OutboxAlert | None:
    """An alert in any state by its id, or None."""
    if not 0 < alert_id < 1 << 63:
        return None
    row = session.get(AlertRow, alert_id)
    return None if row is None else load_alerts(session, [row])[0]


def load_alerts(session: Session, rows: Sequence[AlertRow]) -> list[OutboxAlert]:
    """The alerts of some rows, in their order."""
    if not rows:
        return []  # most looks into the outbox find nothing
    changes = _changes(session, [row.id for row in rows])
    documents = documents_of(session, {row.document_id for row in rows if row.document_id})
    unsure = _unsure_counts(session, [row.id for row in rows])
    events = health_events_by_id(session, {row.event_id for row in rows if row.event_id})
    notices = _notices(session, {row.notice_id for row in rows if row.notice_id})
    chats = recipients_by_id(session, {row.recipient_id for row in rows})
    return [
        OutboxAlert(
            id=row.id,
            recipient_id=row.recipient_id,
            attempts=row.attempts,
            created_at=row.created_at,
            possibly_delivered=row.possibly_duplicate,
            document=None if row.document_id is None else documents[row.document_id],
            event=None if row.event_id is None else events[row.event_id],
            notice=None if row.notice_id is None else notices[row.notice_id],
            changes=changes.get(row.id, ()),
            language=chats[row.recipient_id].language,
            to=chats[row.recipient_id].to,
            timezone=chats[row.recipient_id].timezone,
            unsure=unsure.get(row.id, 0),
            due=_targets_due(session, row, chats[row.recipient_id], changes.get(row.id, ())),
        )
        for row in rows
    ]


def _targets_due(
    session: Session,
    row: AlertRow,
    chat: RecipientSettings,
    changes: Sequence[AlertChange],
) -> TargetsDue | None:
    """The year's targets in the regions and themes of a digest, if it is the first of its month."""
    if row.kind != AlertKind.DIGEST:
        return None
    day = row.created_at.astimezone(zone_of(chat.timezone))
    month = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    earlier = select(AlertRow.id).where(
        AlertRow.recipient_id == row.recipient_id,
        AlertRow.kind == AlertKind.DIGEST,
        AlertRow.id < row.id,
        AlertRow.created_at >= month,
    )
    if session.scalar(earlier.limit(1)) is not None:
        return None
    return targets_due(
        session,
        day.year,
        regions={item.change.region for item in changes if item.change.region},
        themes={theme for item in changes for theme in item.change.statement.themes},
        limit=_TARGETS_NAMED,
    )


def _changes(session: Session, alert_ids: Sequence[int]) -> dict[int, tuple[AlertChange, ...]]:
    """The changes of each alert; a digest has those of its alerts."""
    # By a join, not by the parts' numbers: a digest may have more parts than a statement may
    # have parameters, and then nobody's alerts could be read.
    links = (
        select(AlertChangeRow, AlertRow.digest_id)
        .join(AlertRow, AlertRow.id == AlertChangeRow.alert_id)
        .where(or_(AlertRow.id.in_(alert_ids), AlertRow.digest_id.in_(alert_ids)))
        .order_by(AlertChangeRow.priority.desc(), AlertChangeRow.change_id, AlertChangeRow.rule_id)
    )
    changes_of_alert: dict[int, dict[int, list[AlertChangeRow]]] = {
        alert_id: {} for alert_id in alert_ids
    }
    for link, digest_id in session.execute(links):
        for alert_id in (link.alert_id, digest_id):
            if alert_id is None or alert_id not in changes_of_alert:
                continue
            mine = changes_of_alert[alert_id]
            if link.change_id in mine or len(mine) < MAX_CHANGES:
                mine.setdefault(link.change_id, []).append(link)
    rows: dict[int, ChangeRow] = {}
    for some in batches(change for mine in changes_of_alert.values() for change in mine):
        found_rows = session.scalars(
            select(ChangeRow)
            .where(ChangeRow.id.in_(some))
            .options(joinedload(ChangeRow.before), joinedload(ChangeRow.after))
        )
        rows.update((row.id, row) for row in found_rows)
    documents = documents_of(session, {row.document_id for row in rows.values()})
    feedback = feedback_summaries(session, rows.keys())
    return {
        alert_id: tuple(
            AlertChange(
                change_id=change_id,
                change=change_of(rows[change_id]),
                rule_ids=tuple(sorted({link.rule_id for link in found})),
                summary=rows[change_id].summary,
                priority=max(link.priority for link in found),
                document=documents[rows[change_id].document_id],
                correction=feedback[change_id].correction if change_id in feedback else None,
            )
            for change_id, found in sorted(mine.items())
        )
        for alert_id, mine in changes_of_alert.items()
    }


def unsure_changes(
    session: Session, alert_id: int, *, after: int = 0, limit: int
) -> list[AlertChange]:
    """What an alert counts as unsure, in the order of the log.

    Args:
        session: a reading transaction.
        alert_id: an alert, or a digest, which has the unsure changes of its parts.
        after: leave out the changes up to this number.
        limit: how many at most.
    """
    query = (
        select(ChangeRow)
        .join(AlertRow, _is_unsure())
        .where(or_(AlertRow.id == alert_id, AlertRow.digest_id == alert_id), ChangeRow.id > after)
        .options(joinedload(ChangeRow.before), joinedload(ChangeRow.after))
        .order_by(ChangeRow.id)
        .limit(limit)
    )
    rows = session.scalars(query).all()
    documents = documents_of(session, {row.document_id for row in rows})
    return [
        AlertChange(
            change_id=row.id,
            change=change_of(row),
            rule_ids=(),
            summary=row.summary,
            document=documents[row.document_id],
        )
        for row in rows
    ]


def _unsure_counts(session: Session, alert_ids: Sequence[int]) -> dict[int, int]:
    """How many changes are unsure, for each alert that has any; a digest has those of its parts."""
    query = (
        select(AlertRow.id, AlertRow.digest_id, func.count())
        .join(ChangeRow, _is_unsure())
        .where(or_(AlertRow.id.in_(alert_ids), AlertRow.digest_id.in_(alert_ids)))
        .group_by(AlertRow.id, AlertRow.digest_id)
    )
    counts: Counter[int] = Counter()
    for part_id, digest_id, count in session.execute(query):
        counts[part_id] += count
        if digest_id is not None:
            counts[digest_id] += count
    return counts


def _is_unsure() -> ColumnElement[bool]:
    """Whether a change is unsure beside an alert.

    It was found in the same snapshot, is about a region of the alert's changes, and no rule made
    it one of them.
    """
    link, matched = aliased(AlertChangeRow), aliased(ChangeRow)
    return and_(
        ChangeRow.snapshot_id == AlertRow.snapshot_id,
        ChangeRow.certainty == Certainty.UNSURE,
        ChangeRow.kind.in_((Kind.ADDED, Kind.DROPPED)),
        ~exists().where(
            AlertChangeRow.alert_id == AlertRow.id, AlertChangeRow.change_id == ChangeRow.id
        ),
        exists().where(
            link.alert_id == AlertRow.id,
            matched.id == link.change_id,
            matched.region.is_not_distinct_from(ChangeRow.region),
        ),
    )


def _notices(session: Session, ids: set[int]) -> dict[int, Notice]:
    rows = session.scalars(select(NoticeRow).where(NoticeRow.id.in_(ids)))
    return {row.id: _notice(session, row) for row in rows}


def _notice(session: Session, row: NoticeRow) -> Notice:
    kind = NoticeKind(row.kind)
    if kind not in CHANGE_NOTICES or row.about is None:
        return Notice(kind, row.text, row.at, row.about)
    feedback = feedback_summary(session, row.about)
    return Notice(kind, row.text, row.at, row.about, change_item(session, row.about), feedback)


def change_item(session: Session, change_id: int) -> AlertChange | None:
    """A change of the log as alerts show it, which no rule matched; None if there is none."""
    row = session.get(ChangeRow, change_id)
    if row is None:
        return None
    return AlertChange(
        change_id=row.id,
        change=change_of(row),
        rule_ids=(),
        summary=row.summary,
        document=documents_of(session, {row.document_id})[row.document_id],
    )


def documents_of(session: Session, ids: set[int]) -> dict[int, AlertDocument]:
    """The documents with these ids, with the names of their sources."""
    found: dict[int, AlertDocument] = {}
    for some in batches(ids):
        query = (
            select(DocumentRow, SourceRow.name)
            .outerjoin(SourceRow, SourceRow.id == DocumentRow.source_id)
            .where(DocumentRow.id.in_(some))
        )
        for row, name in session.execute(query):
            found[row.id] = AlertDocument(
                title=row.title,
                url=row.url,
                kind=DocumentKind(row.kind),
                region=row.region,
                published=row.published,
                source_name=name,
            )
    return found
