"""What is deleted by age, and what of it: never the log, nor what keeps an alert from going twice.

- The raw bytes of pages; their hashes stay.
- Addresses that are of no use any more (``monitor.storage.frontier.unused_entries``).
- The texts of alerts that were sent or given up. The alerts stay, without them: their buttons, the
  corrections of what they told, and the key that keeps one from being sent twice work at any age.
- Alerts to operators about sources, and notices, as a whole.
- Pauses that hosts asked for and that are over, whatever the settings say: they mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from monitor.model.alerts import AlertKind, AlertState
from monitor.storage.engine import Database
from monitor.storage.frontier import delete_entries, unused_entries
from monitor.storage.host_pauses import count_ended_pauses, delete_ended_pauses
from monitor.storage.provenance import has_snapshot_between
from monitor.storage.raw_bytes import count_raw_bytes, delete_raw_bytes
from monitor.storage.tables import alert_table, notice_table

CHECK_INTERVAL = timedelta(days=1)
"""How often what is too old is looked for."""

_RECENTLY = timedelta(days=30)
_BATCH = 500
_SETTLED = (AlertState.SENT, AlertState.DEAD)
# Their buttons, if any, name no alert.
_DELETED_KINDS = (AlertKind.SOURCE, AlertKind.NOTICE)


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """How long what is kept; None: for ever."""

    raw_bytes: timedelta | None = None
    addresses: timedelta | None = None
    alerts: timedelta | None = None

    @classmethod
    def of_days(
        cls,
        *,
        raw_bytes: int | None = None,
        addresses: int | None = None,
        alerts: int | None = None,
    ) -> RetentionPeriods:
        """Periods from numbers of days, as the settings have them."""
        days = (raw_bytes, addresses, alerts)
        return cls(*(None if one is None else timedelta(days=one) for one in days))


@dataclass(frozen=True, slots=True)
class Expired:
    """How much is older than its period: pages with bytes, addresses, texts, operators' notices.

    ``host_pauses`` are over, whatever the periods.
    """

    pages: int = 0
    addresses: int = 0
    alert_texts: int = 0
    notices: int = 0
    host_pauses: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any(getattr(self, one.name) for one in fields(self))


def is_clock_believed(connection: Connection, now: datetime) -> bool:
    """Whether the clock may be right: something was also stored between a day and a month ago.

    A clock that is a year ahead would delete everything.
    """
    return has_snapshot_between(connection, now - _RECENTLY, now - CHECK_INTERVAL)


def count_expired(database: Database, periods: RetentionPeriods, now: datetime) -> Expired:
    """What ``delete_expired`` would delete."""
    with database.read() as connection:
        return Expired(
            pages=0
            if periods.raw_bytes is None
            else count_raw_bytes(connection, now - periods.raw_bytes),
            addresses=0
            if periods.addresses is None
            else len(unused_entries(connection, before=now - periods.addresses, now=now)),
            alert_texts=_count(connection, *_old_texts(periods, now)),
            notices=_count(connection, *_old_notices(periods, now)),
            host_pauses=count_ended_pauses(connection, now=now),
        )


def delete_expired(database: Database, periods: RetentionPeriods, now: datetime) -> Expired:
    """Delete what is older than its period, in transactions that let other writers in between."""
    pages = addresses = texts = notices = 0
    if periods.raw_bytes is not None:
        with database.write() as connection:
            pages = delete_raw_bytes(connection, now - periods.raw_bytes)
    if periods.addresses is not None:
        with database.read() as connection:
            unused = unused_entries(connection, before=now - periods.addresses, now=now)
        for some in _parts(unused):
            with database.write() as connection:
                addresses += delete_entries(connection, some, now=now)
    for some in _parts(_ids(database, *_old_notices(periods, now))):
        with database.write() as connection:
            notices += _delete_notices(connection, some)
    for some in _parts(_ids(database, *_old_texts(periods, now))):
        with database.write() as connection:
            connection.execute(
                update(alert_table).where(alert_table.c.id.in_(some)).values(text=None)
            )
            texts += len(some)
    with database.write() as connection:
        ended = delete_ended_pauses(connection, now=now)
    return Expired(pages, addresses, texts, notices, ended)


def _old_texts(periods: RetentionPeriods, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Alerts that stay, and the text of which goes."""
    if periods.alerts is None:
        return ()
    return (
        alert_table.c.state.in_(_SETTLED),
        alert_table.c.text.is_not(None),
        _settled_before(now - periods.alerts),
        alert_table.c.kind.not_in(_DELETED_KINDS),
    )


def _old_notices(periods: RetentionPeriods, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Alerts that go as a whole, but for the last one: its number must not be given again."""
    if periods.alerts is None:
        return ()
    return (
        alert_table.c.state.in_(_SETTLED),
        _settled_before(now - periods.alerts),
        alert_table.c.kind.in_(_DELETED_KINDS),
        alert_table.c.id < select(func.max(alert_table.c.id)).scalar_subquery(),
    )


def _settled_before(then: datetime) -> ColumnElement[bool]:
    """Sent before a time; one that was given up by the time when it was to be sent."""
    return or_(
        alert_table.c.sent_at < then,
        alert_table.c.sent_at.is_(None) & (alert_table.c.not_before < then),
    )


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    if not conditions:
        return 0
    return connection.scalar(select(func.count()).select_from(alert_table).where(*conditions)) or 0


def _ids(database: Database, *conditions: ColumnElement[bool]) -> list[int]:
    if not conditions:
        return []
    with database.read() as connection:
        return list(connection.scalars(select(alert_table.c.id).where(*conditions)))


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _BATCH):
        yield numbers[start : start + _BATCH]


def _delete_notices(connection: Connection, numbers: Sequence[int]) -> int:
    """Delete alerts, and the notices that no other recipient has."""
    query = select(alert_table.c.notice_id).where(
        alert_table.c.id.in_(numbers), alert_table.c.notice_id.is_not(None)
    )
    notices = list(connection.scalars(query.distinct()))
    done = connection.execute(delete(alert_table).where(alert_table.c.id.in_(numbers)))
    kept = select(alert_table.c.notice_id).where(alert_table.c.notice_id.in_(notices))
    last = select(func.max(notice_table.c.id)).scalar_subquery()
    connection.execute(
        delete(notice_table).where(
            notice_table.c.id.in_(notices), notice_table.c.id.not_in(kept), notice_table.c.id < last
        )
    )
    return int(getattr(done, "rowcount", 0))
