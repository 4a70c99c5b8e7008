"""This year's report beside last year's: what became of each promise.

Sentences that the comparison linked stand in one row; a promise that was split or merged is one row
with several sentences on a side. What this year's report no longer says stands where it would:
after the promise that it followed last year.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.messages.change_text import format_deltas, inline_diff, marked_sides, target_text
from monitor.messages.i18n import AlertTexts, alert_texts, kind_rank, kind_symbol
from monitor.messages.richtext import Span
from monitor.model.changes import Certainty, Kind
from monitor.model.documents import StoredDocument
from monitor.model.statements import Statement
from monitor.storage.document_list import report_series
from monitor.storage.documents import reports_of_regions
from monitor.storage.engine import Transaction
from monitor.storage.provenance import LoggedRow, succession_of
from monitor.storage.snapshots import load_texts
from monitor.web.filters import region_of
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of

_DIFF_LIMIT = 4_000
SHOWN_KINDS = (
    Kind.ADDED,
    Kind.STRENGTHENED,
    Kind.WEAKENED,
    Kind.REWORDED,
    Kind.CONTINUED,
    Kind.DROPPED,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one side; ``spans`` marks what differs from the other side, where it is one."""

    id: int
    spans: tuple[Span, ...]
    targets: tuple[str, ...]
    start: int
    section: str


@dataclass(frozen=True, slots=True)
class Row:
    """A promise: what was said last year, what is said now, and what that is.

    ``kind`` is the most important one of its links; ``nearest`` is the sentence of the other report
    that an unsure one may go on in. ``section`` is the heading of this year's report that it
    stands under; None if what it stood between last year is gone as well.
    """

    kind: Kind
    symbol: str
    unsure: bool
    numbers: tuple[str, ...]
    before: tuple[Sentence, ...]
    after: tuple[Sentence, ...]
    nearest: str
    change_id: int
    section: str | None


def reports(request: Request) -> Response:
    """The page; without a region the one whose report is newest."""
    site, language = site_of(request), preferences_of(request).language
    given = request.query_params
    region, kind = region_of(given.get("region") or None), given.get("kind") or None
    if kind is not None and kind not in {one.value for one in SHOWN_KINDS}:
        known = ", ".join(one.value for one in SHOWN_KINDS)
        raise UserError(f"kind: {kind[:40]} is unknown", hint=f"one of {known}")
    year = _year(given.get("year", ""))
    with site.database.read() as connection:
        series = report_series(connection)
        if region is None and series:
            # The newest report that there is something to compare with.
            compared = (name for name, known in series.items() if len(known) > 1)
            region = next(compared, next(iter(series)))
        years = series.get(region or "", [])
        if year is not None and years and year not in years:
            raise HTTPException(404, f"{region}: no report of {year} is known")
        year = year or (years[0] if years else None)
        now, before = None, None
        rows: list[Row] = []
        if region is not None and year is not None:
            standing = reports_of_regions(connection, [region])
            now = standing.get((region, year))
            earlier = [one for one in years if one < year]
            before = standing.get((region, earlier[0])) if earlier else None
            if now is not None:
                texts = _texts(connection, now, before)
                log = succession_of(connection, now.id)
                rows = compare_rows(log, texts, language)
    counts = Counter(row.kind for row in rows)
    shown = [
        row
        for row in rows
        if (kind is None or row.kind == kind)
        and not (kind is None and "changed" in given and row.kind is Kind.CONTINUED)
    ]
    values = {
        "series": series,
        "region": region,
        "year": year,
        "years": years,
        "now": now,
        "before": before,
        "rows": with_sections(shown),
        "counts": [(one, kind_symbol(one), counts[one]) for one in SHOWN_KINDS if counts[one]],
        "unsure": sum(row.unsure for row in rows),
        "kind": kind,
        "changed": "changed" in given,
        "parameters": {"region": region, "year": year},
        "words": alert_texts(language),
    }
    return render(request, "reports", values)


def _year(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise UserError("year: four digits are needed")
    return int(text)


def _texts(
    connection: Transaction, now: StoredDocument, before: StoredDocument | None
) -> tuple[str, str]:
    """The texts of both reports as they stand."""
    numbers = [one.snapshot_id for one in (now, before) if one is not None and one.snapshot_id]
    texts = load_texts(connection, numbers)
    return (
        texts.get(now.snapshot_id or 0, ""),
        "" if before is None else texts.get(before.snapshot_id or 0, ""),
    )


def compare_rows(
    log: Sequence[LoggedRow], texts: tuple[str, str], language: str = "zh"
) -> list[Row]:
    """The rows in the order of this year's report, with what it no longer says between them.

    Args:
        log: what the log says of this year's report, oldest line first.
        texts: this year's and last year's, as they stand: what an edit took out is left out.
        language: of the numbers.
    """
    words = alert_texts(language)
    standing: dict[tuple[str, str], LoggedRow] = {}
    for line in log:
        before, after = line.change.before, line.change.after
        sides = zip((after, before), texts, strict=True)
        if any(one is not None and text and one.text not in text for one, text in sides):
            continue
        # Later lines say of an edited page what the earlier ones said of its older text.
        key = ("" if before is None else before.text, "" if after is None else after.text)
        standing[key] = line
    return in_order(_row(group, words) for group in _groups(_linked(standing.values())))


def _linked(log: Collection[LoggedRow]) -> Iterator[LoggedRow]:
    """Without the lines of a sentence as new or gone that another line links.

    An edit of the page can bring a promise back that its older text had left out.
    """
    links = [(one.change.before, one.change.after) for one in log]
    kept = {old.text for old, new in links if old is not None and new is not None}
    known = {new.text for old, new in links if old is not None and new is not None}
    for line in log:
        before, after = line.change.before, line.change.after
        gone = after is None and before is not None and before.text in kept
        new = before is None and after is not None and after.text in known
        if not (gone or new):
            yield line


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order of this year's report.

    What it no longer says follows the promise that it followed last year; what last year's section
    began with precedes the next promise of that section. It stands at the end if this year's
    report goes on with no promise of last year.
    """
    said: list[Row] = []
    gone: list[Row] = []
    for row in rows:
        (said if row.after else gone).append(row)
    said.sort(key=lambda row: row.after[0].start)
    known = sorted(
        (one.start, one.section, place) for place, row in enumerate(said) for one in row.before
    )
    starts = [start for start, _, _ in known]
    placed: list[tuple[tuple[int, int, int], Row]] = [
        ((place, 1, 0), row) for place, row in enumerate(said)
    ]
    for row in gone:
        first = row.before[0]
        at = bisect(starts, first.start)
        # Its neighbours of last year: the one before it, then the one after it.
        near = [(known[one], side) for one, side in ((at - 1, 2), (at, 0)) if 0 <= one < len(known)]
        near.sort(key=lambda one: one[0][1] != first.section)
        if not near:
            placed.append(((len(said), 0, first.start), replace(row, section=None)))
            continue
        (_, _, place), side = near[0]
        placed.append(((place, side, first.start), replace(row, section=said[place].section)))
    return [row for _, row in sorted(placed, key=lambda one: one[0])]


def _groups(log: Iterable[LoggedRow]) -> list[list[LoggedRow]]:
    """Lines that share a sentence, on either side, belong together."""
    groups: dict[int, list[LoggedRow]] = {}
    home: dict[tuple[str, str], int] = {}
    for line in log:
        before, after = line.change.before, line.change.after
        sides = [("before", before.text)] if before is not None else []
        sides += [("after", after.text)] if after is not None else []
        known = sorted({home[side] for side in sides if side in home})
        target = known[0] if known else line.id
        joined = groups.setdefault(target, [])
        for other in known[1:]:
            moved = groups.pop(other)
            joined += moved
            home.update({side: target for side, where in home.items() if where == other})
        joined.append(line)
        home.update(dict.fromkeys(sides, target))
    return list(groups.values())


def _row(group: Sequence[LoggedRow], words: AlertTexts) -> Row:
    before = _by_text(line.change.before for line in group)
    after = _by_text(line.change.after for line in group)
    ids: defaultdict[str, int] = defaultdict(int)
    for line in group:
        for statement, number in (
            (line.change.before, line.before_id),
            (line.change.after, line.after_id),
        ):
            if statement is not None:
                ids[statement.text] = number or 0
    strongest = min(group, key=lambda line: kind_rank(line.change.kind))
    old, new = _differences(list(before), list(after))
    change = strongest.change
    numbers = tuple(
        dict.fromkeys(
            format_deltas([delta], words)
            for line in group
            for delta in line.change.deltas
            if delta.before is not None and delta.after is not None and delta.before != delta.after
        )
    )
    shown = after or before
    unsure = any(line.change.certainty is Certainty.UNSURE for line in group)
    return Row(
        kind=change.kind,
        symbol=kind_symbol(change.kind),
        unsure=unsure,
        numbers=numbers,
        before=_sentences(before, ids, words, old),
        after=_sentences(after, ids, words, new),
        nearest=(change.nearest_text or "") if unsure else "",
        change_id=strongest.id,
        section=next(iter(shown.values())).section,
    )


def _differences(
    before: Sequence[str], after: Sequence[str]
) -> tuple[dict[str, tuple[Span, ...]], dict[str, tuple[Span, ...]]]:
    """The sentences of each side in which a difference is marked, with their spans.

    Of two sentences the new one shows both; of several each side shows what only it says.
    """
    if not before or not after:
        return {}, {}
    if len(before) == len(after) == 1:
        old, new = before[0], after[0]
        one = None if old == new else inline_diff(old, new, limit=_DIFF_LIMIT)
        return {}, {} if one is None else {new: one}
    sides = marked_sides([one.strip() for one in before], [one.strip() for one in after])
    if sides is None:
        return {}, {}
    return (
        dict(zip(before, sides[0], strict=True)),
        dict(zip(after, sides[1], strict=True)),
    )


def _by_text(statements: Iterable[Statement | None]) -> dict[str, Statement]:
    """Each sentence once, in the order of the text."""
    found = {one.text: one for one in statements if one is not None}
    return dict(sorted(found.items(), key=lambda one: one[1].start))


def _sentences(
    statements: Mapping[str, Statement],
    ids: Mapping[str, int],
    words: AlertTexts,
    differences: Mapping[str, tuple[Span, ...]],
) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            ids[text],
            differences.get(text) or (Span(one.text.strip()),),
            tuple(target_text(target, words) for target in one.targets),
            one.start,
            one.section,
        )
        for text, one in statements.items()
    )


def with_sections(rows: Iterable[Row]) -> list[tuple[str | None, list[Row]]]:
    """Rows under the headings they stand under, in their order."""
    found: list[tuple[str | None, list[Row]]] = []
    for row in rows:
        if not found or found[-1][0] != row.section:
            found.append((row.section, []))
        found[-1][1].append(row)
    return found


routes = (Route("/reports", reports),)
