"""Commands over single texts: ``extract``, ``diff``. They need no database."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.amounts import amount_cell, deltas_cell
from monitor.cli.options import ConfigOption, FormatOption, RegionOption, date_of, region_of
from monitor.cli.output import Format, print_status, write_rows
from monitor.cli.reading import Place, is_url, read_place
from monitor.config.settings import Settings, load_settings
from monitor.errors import MonitorError, UserError
from monitor.extraction.extract import explain as explain_statements
from monitor.extraction.extract import extract as extract_statements
from monitor.extraction.extract import plan_sentences
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.json_contract import change_json, statement_json
from monitor.model.changes import Basis, Delta, Kind
from monitor.model.documents import Document, Provenance
from monitor.model.statements import Label, Statement, Target, number

if TYPE_CHECKING:
    from monitor.comparison.succession import LinkEvidence

_SHOWN_FEATURES = 4

PublishedOption = Annotated[
    str | None, typer.Option("--published", metavar="YYYY-MM-DD", help="When it was published.")
]


class _Basis(StrEnum):
    """On which basis two texts may be compared."""

    REVISION = Basis.REVISION.value
    SUCCESSION = Basis.SUCCESSION.value


def extract(
    place: Place,
    form: FormatOption = Format.TABLE,
    region: RegionOption = None,
    published: PublishedOption = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Print achievements, proposals, opinions and others too."),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print every sentence looked at, and what decided.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Print the commitments in a text."""
    settings = load_settings(config)
    document = load_document(place, settings)
    provenance = _provenance(document, place, region, published)
    topics = load_topics(settings.existing_paths("topics"))
    if provenance.region is None:
        print_status("the region of this text is unknown; name it with --region")
    if explain:
        from monitor.cli.topics import write_explained

        write_explained(explain_statements(document.text, provenance, topics), form)
        return
    statements = extract_statements(document.text, provenance, topics)
    if not everything:
        statements = tuple(item for item in statements if item.label is Label.COMMITMENT)
    write_rows(
        form,
        ("label", "region", "year", "speaker", "themes", "targets", "text"),
        (
            (
                item.label,
                item.region,
                item.year,
                item.speaker,
                ",".join(item.themes),
                "; ".join(_target_cell(form, target) for target in item.targets),
                item.text,
            )
            for item in statements
        ),
        objects=map(statement_json, statements),
        leave_out=("year", "speaker"),
        empty="no statement about a topic in this text: see monitor extract --explain"
        if everything
        else "no commitment about a topic in this text: --all shows other statements",
    )


def diff(
    old: Place,
    new: Place,
    form: FormatOption = Format.TABLE,
    chosen: Annotated[
        _Basis | None,
        typer.Option(
            "--basis",
            help="revision: the same document was edited; succession: last year's report and "
            "this year's. Default: succession when the two name different years.",
        ),
    ] = None,
    region: RegionOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print commitments that were continued too.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="For a succession: name what speaks for and against two sentences being one "
            "promise, the strongest first.",
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Print what changed between two texts."""
    from monitor.comparison.compare import compare
    from monitor.comparison.succession import link_evidence
    from monitor.messages.change_text import unsure_note
    from monitor.messages.i18n import alert_texts

    texts = alert_texts("en")
    settings = load_settings(config)
    sides = [
        (document := load_document(place, settings), _provenance(document, place, region, None))
        for place in (old, new)
    ]
    basis = _basis_of(chosen, [provenance for _, provenance in sides])
    topics = load_topics(settings.existing_paths("topics"))
    before, after = (
        extract_statements(document.text, provenance, topics) for document, provenance in sides
    )
    plans: tuple[tuple[Statement, ...], ...] = ((), ())
    if basis is Basis.SUCCESSION:
        plans = tuple(
            plan_sentences(document.text, provenance, statements)
            for (document, provenance), statements in zip(sides, (before, after), strict=True)
        )
    changes = [
        change
        for change in compare(
            before,
            after,
            basis,
            texts=(sides[0][0].text, sides[1][0].text),
            plans=(plans[0], plans[1]),
        )
        if everything or change.kind is not Kind.CONTINUED
    ]
    notes = [unsure_note(change, texts) for change in changes]
    evidence: list[LinkEvidence | None] = [None] * len(changes)
    if explain and basis is Basis.SUCCESSION:
        evidence = link_evidence(changes, before, after, (plans[0], plans[1]))
    elif explain:
        print_status("a revision is compared sentence by sentence: --explain has nothing to add")
    write_rows(
        form,
        ("kind", "region", "deltas", "before", "after", "note", "evidence"),
        (
            (
                change.kind,
                change.region,
                _deltas_text(form, change.deltas),
                change.before.text if change.before else None,
                change.after.text if change.after else None,
                note,
                _evidence_text(found),
            )
            for change, note, found in zip(changes, notes, evidence, strict=True)
        ),
        objects=(
            change_json(change) | ({"evidence": _evidence_json(found)} if explain else {})
            for change, found in zip(changes, evidence, strict=True)
        ),
        empty="no commitment was changed, added or dropped"
        + ("" if everything else ": --all shows those that continue"),
    )


def _basis_of(chosen: _Basis | None, provenances: Sequence[Provenance]) -> Basis:
    """What was chosen; else reports of two years succeed each other."""
    if chosen is not None:
        return Basis(chosen)
    years = {provenance.year for provenance in provenances}
    return Basis.SUCCESSION if len(years) == 2 and None not in years else Basis.REVISION


def _deltas_text(form: Format, deltas: tuple[Delta, ...]) -> str:
    if form is Format.TABLE:
        return deltas_cell(deltas)
    return "; ".join(
        f"{delta.metric} {number(delta.before)} → {number(delta.after)} {delta.unit}"
        for delta in deltas
    )


def _evidence_json(found: LinkEvidence | None) -> dict[str, Any] | None:
    """The evidence for a link as ``monitor diff --explain`` prints it."""
    if found is None:
        return None
    return {
        "probability": round(found.probability, 4),
        "weighed": [
            {"feature": name, "value": round(value, 4), "adds": round(adds, 4)}
            for name, value, adds in found.weighed
        ],
    }


def _evidence_text(found: LinkEvidence | None) -> str | None:
    """The strongest features with their values and what they add to the log odds."""
    if found is None:
        return None
    if not found.weighed:
        return "the same words"
    strongest = found.weighed[:_SHOWN_FEATURES]
    weighed = ", ".join(
        f"{name.replace('_', ' ')} {value:.2g} ({adds:+.2f})" for name, value, adds in strongest
    )
    return f"{found.probability:.2f}: {weighed}"


def load_document(place: str, settings: Settings) -> Document:
    """Read a file or an address.

    Raises:
        UserError: there is no such file, or no text was found in it.
        MonitorError: the page could not be fetched or read.
    """
    document = read_place(place, settings)
    if document.has_text:
        return document
    if is_url(place):
        raise MonitorError(f"{place}: {document.outcome}: {document.reason}")
    raise UserError(f"no text was found: {document.reason or document.outcome}", file=Path(place))


def _provenance(
    document: Document, place: str, region: str | None, published: str | None
) -> Provenance:
    day = date_of(published, "--published") or document.published
    return infer_provenance(
        document.text,
        title=document.title,
        url=place if is_url(place) else None,
        published=day,
        region=region_of(region),
    )


def _target_cell(form: Format, target: Target) -> str:
    """A target in one short phrase."""
    year = f" ({target.year})" if target.year else ""
    if form is Format.TABLE:
        return f"{target.metric} {amount_cell(form, target.value, target.unit, target.op)}{year}"
    return f"{target.metric} {target.op} {number(target.value)} {target.unit}{year}"
