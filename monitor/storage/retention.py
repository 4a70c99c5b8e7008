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

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from monitor.model.alerts import AlertKind, AlertState
from monitor.storage.engine import Database
from monitor.storage.frontier import delete_entries, unused_entries
from monitor.storage.host_pauses import count_ended_pauses, delete_ended_pauses
from monitor.storage.provenance import has_snapshot_between
from monitor.storage.raw_bytes import count_raw_bytes, delete_raw_bytes
from monitor.storage.tables import AlertRow, NoticeRow

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


def is_clock_believed(session: Session, now: datetime) -> bool:
    """Whether the clock may be right: something was also stored between a day and a month ago.

    A clock that is a year ahead would delete everything.
    """
    return has_snapshot_between(session, now - _RECENTLY, now - CHECK_INTERVAL)


def count_expired(database: Database, periods: RetentionPeriods, now: datetime) -> Expired:
    """What ``delete_expired`` would delete."""
    with database.read() as session:
        return Expired(
            pages=0
            if periods.raw_bytes is None
            else count_raw_bytes(session, now - periods.raw_bytes),
            addresses=0
            if periods.addresses is None
            else len(unused_entries(session, before=now - periods.addresses, now=now)),
            alert_texts=_count(session, *_old_texts(periods, now)),
            notices=_count(session, *_old_notices(periods, now)),
            host_pauses=count_ended_pauses(session, now=now),
        )


def delete_expired(database: Database, periods: RetentionPeriods, now: datetime) -> Expired:
    """Delete what is older than its period, in transactions that let other writers in between."""
    pages = addresses = texts = notices = 0
    if periods.raw_bytes is not None:
        with database.write() as session:
            pages = delete_raw_bytes(session, now - periods.raw_bytes)
    if periods.addresses is not None:
        with database.read() as session:
            unused = unused_entries(session, before=now - periods.addresses, now=now)
        for some in _parts(unused):
            with database.write() as session:
                addresses += delete_entries(session, some, now=now)
    for some in _parts(_ids(database, *_old_notices(periods, now))):
        with database.write() as session:
            notices += _delete_notices(session, some)
    for some in _parts(_ids(database, *_old_texts(periods, now))):
        with database.write() as session:
            session.execute(update(AlertRow).where(AlertRow.id.in_(some)).values(text=None))
            texts += len(some)
    with database.write() as session:
        ended = delete_ended_pauses(session, now=now)
    return Expired(pages, addresses, texts, notices, ended)


def _old_texts(periods: RetentionPeriods, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Alerts that stay, and the text of which goes."""
    if periods.alerts is None:
        return ()
    return (
        AlertRow.state.in_(_SETTLED),
        AlertRow.text.is_not(None),
        _settled_before(now - periods.alerts),
        AlertRow.kind.not_in(_DELETED_KINDS),
    )


def _old_notices(periods: RetentionPeriods, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Alerts that go as a whole, but for the last one: its number must not be given again."""
    if periods.alerts is None:
        return ()
    return (
        AlertRow.state.in_(_SETTLED),
        _settled_before(now - periods.alerts),
        AlertRow.kind.in_(_DELETED_KINDS),
        AlertRow.id < select(func.max(AlertRow.id)).scalar_subquery(),
    )


def _settled_before(then: datetime) -> ColumnElement[bool]:
    """Sent before a time; one that was given up by the time when it was to be sent."""
    return or_(AlertRow.sent_at < then, AlertRow.sent_at.is_(None) & (AlertRow.not_before < then))


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    if not conditions:
        return 0
    return session.scalar(select(func.count()).select_from(AlertRow).where(*conditions)) or 0


def _ids(database: Database, *conditions: ColumnElement[bool]) -> list[int]:
    if not conditions:
        return []
    with database.read() as session:
        return list(session.scalars(select(AlertRow.id).where(*conditions)))


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _BATCH):
        yield numbers[start : start + _BATCH]


def _delete_notices(session: Session, numbers: Sequence[int]) -> int:
    """Delete alerts, and the notices that no other recipient has."""
    query = select(AlertRow.notice_id).where(
        AlertRow.id.in_(numbers), AlertRow.notice_id.is_not(None)
    )
    notices = list(session.scalars(query.distinct()))
    done = session.execute(delete(AlertRow).where(AlertRow.id.in_(numbers)))
    kept = select(AlertRow.notice_id).where(AlertRow.notice_id.in_(notices))
    last = select(func.max(NoticeRow.id)).scalar_subquery()
    session.execute(
        delete(NoticeRow).where(
            NoticeRow.id.in_(notices), NoticeRow.id.not_in(kept), NoticeRow.id < last
        )
    )
    return int(getattr(done, "rowcount", 0))
