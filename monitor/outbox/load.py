"""Loads alerts with all that their messages need, in a few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select

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
from monitor.storage.base import batches, get_row
from monitor.storage.change_rows import changes_of
from monitor.storage.feedback import feedback_summaries, feedback_summary
from monitor.storage.fulfilment import targets_due
from monitor.storage.recipients import RecipientSettings, recipients_by_id
from monitor.storage.source_health import health_events_by_id
from monitor.storage.statement_tables import alert_change_table, change_table
from monitor.storage.tables import alert_table, document_table, notice_table, source_table

MAX_CHANGES = 1_000
"""Changes of one alert that are loaded: the first by priority."""

_TARGETS_NAMED = 3


def get_alert(connection: Connection, alert_id: int) -> OutboxAlert | None:
    """An alert in any state by its id, or None."""
    if not 0 < alert_id < 1 << 63:
        return None
    return next(iter(load_alerts(connection, [alert_id])), None)


def load_alerts(connection: Connection, ids: Sequence[int]) -> list[OutboxAlert]:
    """The alerts with these ids, in their order; those that are not there are left out."""
    found = {
        row.id: row
        for some in batches(ids)
        for row in connection.execute(select(alert_table).where(alert_table.c.id.in_(some)))
    }
    rows = [found[one] for one in ids if one in found]
    changes = _changes(connection, [row.id for row in rows])
    documents = documents_of(connection, {row.document_id for row in rows if row.document_id})
    unsure = _unsure_counts(connection, [row.id for row in rows])
    events = health_events_by_id(connection, {row.event_id for row in rows if row.event_id})
    notices = _notices(connection, {row.notice_id for row in rows if row.notice_id})
    chats = recipients_by_id(connection, {row.recipient_id for row in rows})
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
            due=_targets_due(connection, row, chats[row.recipient_id], changes.get(row.id, ())),
        )
        for row in rows
    ]


def _targets_due(
    connection: Connection,
    row: Row[Any],
    chat: RecipientSettings,
    changes: Sequence[AlertChange],
) -> TargetsDue | None:
    """The year's targets in the regions and themes of a digest, if it is the first of its month."""
    if row.kind != AlertKind.DIGEST:
        return None
    day = row.created_at.astimezone(zone_of(chat.timezone))
    month = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    earlier = select(alert_table.c.id).where(
        alert_table.c.recipient_id == row.recipient_id,
        alert_table.c.kind == AlertKind.DIGEST,
        alert_table.c.id < row.id,
        alert_table.c.created_at >= month,
    )
    if connection.scalar(earlier.limit(1)) is not None:
        return None
    return targets_due(
        connection,
        day.year,
        regions={item.change.region for item in changes if item.change.region},
        themes={theme for item in changes for theme in item.change.statement.themes},
        limit=_TARGETS_NAMED,
    )


def _changes(
    connection: Connection, alert_ids: Sequence[int]
) -> dict[int, tuple[AlertChange, ...]]:
    """The changes of each alert; a digest has those of its alerts."""
    # By a join, not by the parts' numbers: a digest may have more parts than a statement may
    # have parameters, and then nobody's alerts could be read.
    links = (
        select(alert_change_table, alert_table.c.digest_id)
        .join(alert_table, alert_table.c.id == alert_change_table.c.alert_id)
        .where(or_(alert_table.c.id.in_(alert_ids), alert_table.c.digest_id.in_(alert_ids)))
        .order_by(
            alert_change_table.c.priority.desc(),
            alert_change_table.c.change_id,
            alert_change_table.c.rule_id,
        )
    )
    changes_of_alert: dict[int, dict[int, list[Row[Any]]]] = {
        alert_id: {} for alert_id in alert_ids
    }
    for link in connection.execute(links):
        for alert_id in (link.alert_id, link.digest_id):
            if alert_id is None or alert_id not in changes_of_alert:
                continue
            mine = changes_of_alert[alert_id]
            if link.change_id in mine or len(mine) < MAX_CHANGES:
                mine.setdefault(link.change_id, []).append(link)
    rows: dict[int, Row[Any]] = {}
    for some in batches(change for mine in changes_of_alert.values() for change in mine):
        found_rows = connection.execute(select(change_table).where(change_table.c.id.in_(some)))
        rows.update((row.id, row) for row in found_rows)
    changes = changes_of(connection, rows.values())
    documents = documents_of(connection, {row.document_id for row in rows.values()})
    feedback = feedback_summaries(connection, rows.keys())
    return {
        alert_id: tuple(
            AlertChange(
                change_id=change_id,
                change=changes[change_id],
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
    connection: Connection, alert_id: int, *, after: int = 0, limit: int
) -> list[AlertChange]:
    """What an alert counts as unsure, in the order of the log.

    Args:
        connection: a reading transaction.
        alert_id: an alert, or a digest, which has the unsure changes of its parts.
        after: leave out the changes up to this number.
        limit: how many at most.
    """
    query = (
        select(change_table)
        .select_from(change_table)
        .join(alert_table, _is_unsure())
        .where(
            or_(alert_table.c.id == alert_id, alert_table.c.digest_id == alert_id),
            change_table.c.id > after,
        )
        .order_by(change_table.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    changes = changes_of(connection, rows)
    documents = documents_of(connection, {row.document_id for row in rows})
    return [
        AlertChange(
            change_id=row.id,
            change=changes[row.id],
            rule_ids=(),
            summary=row.summary,
            document=documents[row.document_id],
        )
        for row in rows
    ]


def _unsure_counts(connection: Connection, alert_ids: Sequence[int]) -> dict[int, int]:
    """How many changes are unsure, for each alert that has any; a digest has those of its parts."""
    query = (
        select(alert_table.c.id, alert_table.c.digest_id, func.count())
        .select_from(alert_table)
        .join(change_table, _is_unsure())
        .where(or_(alert_table.c.id.in_(alert_ids), alert_table.c.digest_id.in_(alert_ids)))
        .group_by(alert_table.c.id, alert_table.c.digest_id)
    )
    counts: Counter[int] = Counter()
    for part_id, digest_id, count in connection.execute(query):
        counts[part_id] += count
        if digest_id is not None:
            counts[digest_id] += count
    return counts


def _is_unsure() -> ColumnElement[bool]:
    """Whether a change is unsure beside an alert.

    It was found in the same snapshot, is about a region of the alert's changes, and no rule made
    it one of them.
    """
    link, matched = alert_change_table.alias().c, change_table.alias().c
    return and_(
        change_table.c.snapshot_id == alert_table.c.snapshot_id,
        change_table.c.certainty == Certainty.UNSURE,
        change_table.c.kind.in_((Kind.ADDED, Kind.DROPPED)),
        ~exists().where(
            alert_change_table.c.alert_id == alert_table.c.id,
            alert_change_table.c.change_id == change_table.c.id,
        ),
        exists().where(
            link.alert_id == alert_table.c.id,
            matched.id == link.change_id,
            matched.region.is_not_distinct_from(change_table.c.region),
        ),
    )


def _notices(connection: Connection, ids: set[int]) -> dict[int, Notice]:
    rows = connection.execute(select(notice_table).where(notice_table.c.id.in_(ids)))
    return {row.id: _notice(connection, row) for row in rows}


def _notice(connection: Connection, row: Row[Any]) -> Notice:
    kind = NoticeKind(row.kind)
    if kind not in CHANGE_NOTICES or row.about is None:
        return Notice(kind, row.text, row.at, row.about)
    feedback = feedback_summary(connection, row.about)
    return Notice(kind, row.text, row.at, row.about, change_item(connection, row.about), feedback)


def change_item(connection: Connection, change_id: int) -> AlertChange | None:
    """A change of the log as alerts show it, which no rule matched; None if there is none."""
    row = get_row(connection, change_table, change_id)
    if row is None:
        return None
    return AlertChange(
        change_id=row.id,
        change=changes_of(connection, [row])[row.id],
        rule_ids=(),
        summary=row.summary,
        document=documents_of(connection, {row.document_id})[row.document_id],
    )


def documents_of(connection: Connection, ids: set[int]) -> dict[int, AlertDocument]:
    """The documents with these ids, with the names of their sources."""
    found: dict[int, AlertDocument] = {}
    for some in batches(ids):
        query = (
            select(document_table, source_table.c.name.label("source_name"))
            .outerjoin(source_table, source_table.c.id == document_table.c.source_id)
            .where(document_table.c.id.in_(some))
        )
        for row in connection.execute(query):
            found[row.id] = AlertDocument(
                title=row.title,
                url=row.url,
                kind=DocumentKind(row.kind),
                region=row.region,
                published=row.published,
                source_name=row.source_name,
            )
    return found
