"""Mistakes as programs read them: problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """What went wrong; ``detail`` is a line for a person, with what to do."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def is_api(path: str) -> bool:
    """Whether a path belongs to the API, where mistakes are told as JSON."""
    return path.startswith("/api/")


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """A mistake as problem+json (RFC 9457)."""
    title = HTTPStatus(status).phrase
    said = Problem(title=title, status=status, detail=detail or title)
    return Response(said.model_dump_json(), status, dict(headers or {}), media_type=PROBLEM)
