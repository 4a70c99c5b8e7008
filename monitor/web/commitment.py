"""A commitment over the years with its evidence, and one change of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from monitor.messages.change_text import (
    format_amount,
    format_deltas,
    inline_diff,
    sentence_spans,
    speaker_and_label,
    target_text,
)
from monitor.messages.i18n import alert_texts, kind_symbol, speaker_name
from monitor.messages.richtext import Span
from monitor.model.changes import CommitmentYear, Kind
from monitor.model.statements import Op
from monitor.storage.changes import find_change
from monitor.storage.commitments import (
    commitment_of_change,
    commitment_of_statement,
    commitment_years,
)
from monitor.storage.feedback import feedback_summary
from monitor.storage.provenance import provenance_of_changes, snapshot_record
from monitor.web.evidence import alerts_of_changes, load_evidence, places_of_change
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of
from monitor.web.timeline import entry

_DIFF_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Year:
    """What the report of a year says of a commitment."""

    year: int
    kind: Kind | None
    symbol: str
    spans: tuple[Span, ...]
    number: str
    statement_id: int
    change_id: int | None
    merged_into: int | None


def commitment(request: Request) -> Response:
    """The page of a commitment; the number of any of its sentences leads to it."""
    site, language = site_of(request), preferences_of(request).language
    number = request.path_params["id"]
    with site.database.read() as connection:
        found = commitment_of_statement(connection, number)
        if found is not None and found != number:
            return RedirectResponse(f"/commitments/{found}", status_code=303)
        years = [] if found is None else commitment_years(connection, found)
        shown = years[-1].statement_id if years else number
        evidence = load_evidence(connection, shown, [one.statement_id for one in years])
        if evidence is None:
            raise HTTPException(404, f"there is no commitment {number}")
        record = snapshot_record(connection, evidence.snapshot_id)
    words = alert_texts(language)
    statement = evidence.statement
    values = {
        "commitment_id": number,
        "evidence": evidence,
        "record": record,
        "statement": statement,
        "said_by": speaker_name(statement, statement.region, language),
        "targets": [target_text(target, words) for target in statement.targets],
        "years": year_lines(years, language),
        "first_year": years[0].first_year if years else None,
        "words": words,
    }
    return render(request, "commitment", values)


def year_lines(years: Sequence[CommitmentYear], language: str) -> list[Year]:
    """The years of a commitment, oldest first, each with what differs from the year before."""
    words = alert_texts(language)
    found: list[Year] = []
    for index, one in enumerate(years):
        before = years[index - 1].text.strip() if index else ""
        text = one.text.strip()
        difference = None
        if before and before != text:
            difference = inline_diff(before, text, limit=_DIFF_LIMIT)
        number = ""
        if one.value is not None:
            sign = words.ops[Op(one.op)] if one.op else ""
            number = sign + format_amount(one.value, one.unit or "", words)
        found.append(
            Year(
                one.year,
                one.kind,
                "" if one.kind is None else kind_symbol(one.kind),
                difference or (Span(text),),
                number,
                one.statement_id,
                one.change_id,
                one.merged_into,
            )
        )
    return found


def change(request: Request) -> Response:
    """One change of the log."""
    site, language = site_of(request), preferences_of(request).language
    number = request.path_params["id"]
    with site.database.read() as connection:
        found = find_change(connection, number)
        if found is None:
            raise HTTPException(404, f"the log has no change {number}")
        commitment_id = commitment_of_change(connection, number)
        provenance = provenance_of_changes(connection, [number])
        feedback = feedback_summary(connection, number)
        alerts = alerts_of_changes(connection, [number], {found.document_id})
        places = places_of_change(connection, number)
    words, one = alert_texts(language), found.change
    values = {
        "item": found,
        "entry": entry(found, site, language),
        "change": one,
        "sentence": sentence_spans(one, words),
        "deltas": format_deltas(one.deltas, words),
        "said_by": speaker_and_label(one, language),
        "commitment_id": commitment_id,
        "provenance": provenance[0] if provenance else None,
        "feedback": feedback,
        "alerts": alerts,
        "sides": (("before", one.before, places[0]), ("after", one.after, places[1])),
        "words": words,
    }
    return render(request, "change", values)


routes = (
    Route("/commitments/{id:int}", commitment),
    Route("/changes/{id:int}", change),
)
