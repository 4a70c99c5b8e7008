"""What is in force: until when a statement holds, and which document supersedes it.

The rules, by kind of document:

* A *report* holds until the next report of its region that is known, however many years later. It
  has no end of its own: a region whose newest report is missing keeps the last one that is known.
* A *plan* holds to the end of the period its title names (2025—2027年, "十四五"), else of the year
  most of its targets are due in, else of its own year; a statement with a later target longer. The
  next plan of the same region and issuer under the same title, years aside, supersedes it.
* An *article* or *page* holds to the end of its year, or of the year of its target, but no longer
  than until the region's next report: the first one of a later year.

A superseding document ends what it supersedes on the day it was published, or, if that day is
unknown, with the last day of the year before its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from monitor.comparison.normalize import normalize
from monitor.model.documents import DocumentKind

NO_END = date.max
"""The last day of what no known document or year ends."""

# The last year of each five-year plan, by its number.
_FIVE_YEAR_PLANS = {"十三": 2020, "十四": 2025, "十五": 2030, "十六": 2035}
_LONGEST_PERIOD = 15


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """What decides how long a document holds, and what it supersedes.

    ``plan_key`` is that of a plan (see ``plan_key``), else None. ``last_year`` is the last year of
    a plan's period.
    """

    id: int
    kind: DocumentKind
    region: str | None
    year: int | None
    published: date | None = None
    plan_key: str | None = None
    last_year: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """Until when a statement holds (its last day; None: no end is known), and what superseded it.

    ``superseded_by`` is a document.
    """

    until: date | None
    superseded_by: int | None = None

    def ended_by(self, successor: IssuedDocument | None) -> Term:
        """The term, ended early by a document that supersedes it."""
        if successor is None:
            return self
        day = supersedes_on(successor)
        ends = [one for one in (self.until, day) if one is not None]
        return Term(min(ends, default=None), successor.id)


def supersedes_on(successor: IssuedDocument) -> date | None:
    """The day on which a document ends what it supersedes."""
    if successor.published is not None:
        return successor.published
    return None if successor.year is None else date(successor.year - 1, 12, 31)


def statement_term(
    document: IssuedDocument,
    *,
    year: int | None,
    target_years: Iterable[int] = (),
    reports: Sequence[IssuedDocument] = (),
    plans: Sequence[IssuedDocument] = (),
) -> Term:
    """How long a statement of a document holds.

    Args:
        document: the document.
        year: the statement's plan year.
        target_years: years that its targets name.
        reports: the known reports of the region: the document's if it is a report, else the
            statement's.
        plans: of a plan, the known plans with its ``plan_key``.
    """
    if document.kind is DocumentKind.REPORT:
        return Term(None).ended_by(next_issue(document, reports))
    years = [year, *target_years, document.last_year]
    last = max((one for one in years if one is not None), default=document.year)
    term = Term(None if last is None else date(min(last, NO_END.year), 12, 31))
    if document.kind is DocumentKind.PLAN:
        return term.ended_by(next_issue(document, plans))
    return term.ended_by(next_report(year, reports))


def next_issue(document: IssuedDocument, others: Iterable[IssuedDocument]) -> IssuedDocument | None:
    """The first of the documents of a series that came after one of them: of a later year."""
    return None if document.year is None else next_report(document.year, others)


def next_report(year: int | None, reports: Iterable[IssuedDocument]) -> IssuedDocument | None:
    """The first of some documents whose year is later."""
    if year is None:
        return None
    later = ((one.year, one.id, one) for one in reports if one.year is not None and one.year > year)
    return min(later, default=(0, 0, None))[2]


def plan_last_year(title: str, year: int | None, target_years: Iterable[int]) -> int | None:
    """The last year of a plan's period.

    Args:
        title: the plan's.
        year: the plan's own year.
        target_years: the years its targets name.
    """
    named = [int(one) for one in _year_pattern().findall(title)]
    named += [_FIVE_YEAR_PLANS[one] for one in _five_year_pattern().findall(title)]
    if named and (year is None or max(named) >= year):
        return max(named)
    later = Counter(
        one for one in target_years if year is None or year <= one <= year + _LONGEST_PERIOD
    )
    if later:
        return max(later, key=lambda one: (later[one], -one))
    return year


def plan_key(title: str, region: str | None, issuers: Iterable[str]) -> str | None:
    """What two issues of one plan have in common: region, issuer and title without its years.

    Args:
        title: the plan's.
        region: the plan's.
        issuers: the names of who speaks in its statements; the most frequent one is its issuer.

    Returns:
        None for a title that says nothing but a year and a kind of paper.
    """
    quoted = _quoted_pattern().findall(title)
    name = max(quoted, key=len, default=title)
    name = normalize(_period_pattern().sub("", name))
    if not name:
        return None
    issuer = Counter(one for one in issuers if one).most_common(1)
    return "|".join((region or "", issuer[0][0] if issuer else "", name))


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<![0-9])20[0-9]{2}(?=\s*(?:年|[-—–―~～至到]|[）)]))")


@cache
def _five_year_pattern() -> re.Pattern[str]:
    return re.compile("(十[三四五六])五")


@cache
def _quoted_pattern() -> re.Pattern[str]:
    return re.compile("《([^《》]+)》")


@cache
def _period_pattern() -> re.Pattern[str]:
    return re.compile(
        r"[（(][^（）()]*[）)]|20[0-9]{2}\s*年?(?:度)?\s*(?:[-—–―~～至到]+\s*20[0-9]{2}\s*年?)?"
        '|[“"]?十[三四五六]五[”"]?(?:时期|期间)?'
    )
