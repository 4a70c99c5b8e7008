"""The machine-readable contract: what ``--format jsonl`` prints, key by key.

Scripts depend on it; docs/reference/*.schema.json says the same as JSON Schemas and a test
compares the two.
"""

from __future__ import annotations

from typing import Any

from monitor.model.changes import Change, Delta, LoggedChange
from monitor.model.statements import Statement, Target, number


def statement_json(statement: Statement) -> dict[str, Any]:
    """A statement as ``monitor extract`` prints it."""
    return {
        "text": statement.text,
        "start": statement.start,
        "end": statement.end,
        "label": statement.label.value,
        "speaker": statement.speaker.value,
        "region": statement.region,
        "year": statement.year,
        "themes": list(statement.themes),
        "targets": [_target(target) for target in statement.targets],
        "section": statement.section,
        "source_name": statement.source_name,
        "person": statement.person,
        "person_title": statement.person_title,
    }


def change_json(change: Change) -> dict[str, Any]:
    """A change as ``monitor diff`` prints it."""
    return {
        "kind": change.kind.value,
        "basis": change.basis.value,
        "region": change.region,
        "before": None if change.before is None else statement_json(change.before),
        "after": None if change.after is None else statement_json(change.after),
        "deltas": [_delta(delta) for delta in change.deltas],
        "similarity": round(change.similarity, 4),
        "score": None if change.score is None else round(change.score, 4),
        "nearest_text": change.nearest_text,
        "certainty": change.certainty.value,
    }


def logged_json(item: LoggedChange) -> dict[str, Any]:
    """A line of the log as ``monitor changes`` prints it: the change and its document."""
    return {
        "id": item.id,
        "detected_at": item.detected_at.isoformat(timespec="seconds"),
        **change_json(item.change),
        "summary": item.summary,
        "document": {
            "id": item.document_id,
            "title": item.document_title,
            "url": item.url,
            "published": None if item.published is None else item.published.isoformat(),
            "source": item.source_id,
        },
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "metric": target.metric,
        "op": target.op.value,
        "value": number(target.value),
        "unit": target.unit,
        "year": target.year,
        "raw": target.raw,
    }


def _delta(delta: Delta) -> dict[str, Any]:
    return {
        "metric": delta.metric,
        "unit": delta.unit,
        "before": number(delta.before),
        "after": number(delta.after),
    }
