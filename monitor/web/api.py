"""The JSON API: one table of operations, which both answers and is described from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any
from urllib.parse import unquote

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor import __version__
from monitor.json_contract import logged_json, statement_json
from monitor.model.changes import Basis, Certainty, Kind, Verdict
from monitor.periods import day_of
from monitor.storage.base import get_row
from monitor.storage.changes import find_change, list_changes
from monitor.storage.commitments import (
    commitment_of_change,
    commitment_of_statement,
    commitment_years,
)
from monitor.storage.document_list import document_addresses, document_versions, find_document
from monitor.storage.fulfilment import FulfilmentCursor, list_fulfilments
from monitor.storage.provenance import provenance_of_changes
from monitor.storage.statement_search import (
    StatementState,
    find_in_force,
    list_metrics,
    metric_series,
    statement_states,
)
from monitor.storage.statement_tables import snapshot_text_table
from monitor.storage.tables import snapshot_table
from monitor.storage.views import View, columns_of, read_sources, read_view
from monitor.web import api_models as models
from monitor.web.api_parameters import (
    MAX_NUMBER,
    Parameter,
    id_parameter,
    read_parameters,
    region_parameter,
    searchable,
    text_parameter,
)
from monitor.web.filters import ChangeFilter, wanted_speakers
from monitor.web.preferences import preferences_of
from monitor.web.problems import PROBLEM, Problem
from monitor.web.site import Site, render, site_of
from monitor.web.templates import query, texts_of

PREFIX = "/api/v1"
MAX_LIMIT = 200
JSON = "application/json"

_YEAR = "(19|2[0-9])[0-9]{2}"
_LEAP_YEAR = "((19|2[0-9])(0[48]|[2468][048]|[13579][26])|2[048]00)"
_DAY = (
    f"({_YEAR}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)"
    f"|(0[13578]|1[02])-31)|{_LEAP_YEAR}-02-29)"
)
"""The days that ``monitor.periods`` takes; the word ``date`` would promise the year 1."""

_SOURCE = "[A-Za-z0-9._-]{1,64}"
_SINCE = f"([1-9][0-9]{{0,3}}[hdwmy]|{_DAY})"


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What was asked: the values by name, and what it is answered from."""

    site: Site
    connection: Connection
    values: Mapping[str, Any]
    path: str

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def next(self, **cursor: object) -> str:
        """The address of what follows."""
        return self.path + query(dict(self.values), **cursor)


@dataclass(frozen=True)
class Operation:
    """A query: its address, parameters and answer. ``answer`` gives None for what is not there.

    ``name`` is that of its summary in texts/api.yaml.
    """

    name: str
    path: str
    model: type[models.Item]
    answer: Callable[[ApiCall], Any]
    parameters: tuple[Parameter, ...] = ()


def _limit() -> Parameter:
    return Parameter("limit", minimum=1, maximum=MAX_LIMIT, default=50, example=20)


def _before() -> Parameter:
    return Parameter("before", minimum=1, maximum=MAX_NUMBER)


def _year(name: str = "year") -> Parameter:
    return Parameter(name, minimum=1900, maximum=2999, example=2026)


def _changes(call: ApiCall) -> Any:
    wanted = ChangeFilter(
        region=call["region"],
        kinds=tuple(map(Kind, call["kind"])),
        theme=call["theme"],
        basis=call["basis"],
        certainty=call["certainty"] and Certainty(call["certainty"]),
        source=call["source"],
        speaker=call["speaker"] or None,
        since=call["since"],
        until=None if call["until"] is None else _day(call["until"], "until"),
        words=call["words"],
        everything=call["all"] is not None,
    )
    conditions = wanted.conditions(call.site.zone, call.site.now(), before=call["before"])
    found = list_changes(call.connection, conditions, limit=call["limit"] + 1)
    items = found[: call["limit"]]
    more = call.next(before=items[-1].id) if len(found) > len(items) else None
    return {"items": [logged_json(item) for item in items], "next": more}


def _change(call: ApiCall) -> Any:
    item = find_change(call.connection, call["id"])
    if item is None:
        return None
    proofs = provenance_of_changes(call.connection, [item.id])
    evidence = [
        {
            "snapshot_id": one.snapshot_id,
            "visited_at": one.visited_at,
            "status": one.status,
            "url": one.url,
            "sha256": one.blob_hash,
        }
        for one in proofs
    ]
    return {
        **logged_json(item),
        "commitment_id": commitment_of_change(call.connection, item.id),
        "evidence": evidence[0] if evidence else None,
    }


def _state(one: StatementState) -> dict[str, Any]:
    return {
        **statement_json(one.statement),
        "id": one.id,
        "document": {
            "id": one.document_id,
            "title": one.document_title,
            "url": one.url,
            "published": one.published,
            "source": one.source_id,
        },
        "snapshot_id": one.snapshot_id,
        "first_version_id": one.first_version_id,
        "first_seen_at": one.first_seen_at,
        "origin": one.origin,
        "is_current": one.is_current,
        "in_force": one.in_force,
        "in_force_until": one.in_force_until,
        "withdrawn_at": one.withdrawn_at,
        "superseded_by": one.superseded_by,
        "repeats": one.repeats,
    }


def _statement(call: ApiCall) -> Any:
    found = statement_states(call.connection, [call["id"]])
    return _state(found[0]) if found else None


def _commitments(call: ApiCall) -> Any:
    found = find_in_force(
        call.connection,
        region=call["region"],
        theme=call["theme"],
        speakers=wanted_speakers(call["speaker"], call["region"]) if call["speaker"] else None,
        metric=call["metric"],
        words=(call["words"] or "").split(),
        before=call["before"],
        limit=call["limit"] + 1,
    )
    shown = found[: call["limit"]]
    more = call.next(before=shown[-1]) if len(found) > len(shown) else None
    return {"items": map(_state, statement_states(call.connection, shown)), "next": more}


def _commitment(call: ApiCall) -> Any:
    number = call["id"]
    commitment = commitment_of_statement(call.connection, number)
    years = [] if commitment is None else commitment_years(call.connection, commitment)
    newest = next((one.statement_id for one in reversed(years) if one.in_scope), number)
    found = statement_states(call.connection, [newest])
    if not found:
        return None
    return {
        "id": commitment or number,
        "statement": _state(found[0]),
        "first_year": min((one.first_year for one in years), default=None),
        "last_year": max((one.last_year for one in years), default=None),
        "years": max((one.years for one in years), default=0),
        "history": [_fields(one, models.CommitmentYear) for one in years],
    }


def _document(call: ApiCall) -> Any:
    found = find_document(call.connection, call["id"])
    if found is None:
        return None
    return {
        **asdict(found),
        "addresses": document_addresses(call.connection, found.id),
        "versions": [
            {**_fields(one, models.DocumentVersion), "statements": dict(one.statements)}
            for one in document_versions(call.connection, found.id)
        ],
    }


def _snapshot(call: ApiCall) -> Any:
    row = get_row(call.connection, snapshot_table, call["id"])
    if row is None:
        return None
    kept = get_row(call.connection, snapshot_text_table, row.id)
    return {
        "id": row.id,
        "document_id": row.document_id,
        "visited_at": row.visited_at,
        "outcome": row.outcome,
        "reason": row.reason,
        "url": row.url,
        "title": row.title,
        "published": row.published,
        "text_hash": row.text_hash,
        "sha256": row.blob_hash,
        "text": "" if kept is None else kept.text,
    }


def _fields(value: object, model: type[models.Item]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in model.model_fields}


def _regions(call: ApiCall) -> Any:
    columns = columns_of(call.connection, View.REGIONS)
    rows = (
        dict(zip(columns, row, strict=True)) for row in read_view(call.connection, View.REGIONS)
    )
    return {"items": sorted(rows, key=lambda row: str(row["region"])), "next": None}


def _sources(call: ApiCall) -> Any:
    found = read_sources(call.connection, after=call["after"], limit=call["limit"] + 1)
    shown = found[: call["limit"]]
    more = call.next(after=shown[-1].source_id) if len(found) > len(shown) else None
    return {"items": shown, "next": more}


def _metrics(call: ApiCall) -> Any:
    found, last = list_metrics(
        call.connection, part=call["words"] or "", after=call["after"], limit=call["limit"]
    )
    return {"items": found, "next": None if last is None else call.next(after=last)}


def _series(call: ApiCall) -> Any:
    after = None if call["after"] is None else call["after"].split(",", 2)
    found = metric_series(
        call.connection,
        call["metric"],
        unit=call["unit"],
        regions=call["region"],
        first=call["first"],
        last=call["last"],
        after=None if after is None else (after[1], searchable(after[2]), int(after[0])),
        limit=call["limit"] + 1,
    )
    shown = found[: call["limit"]]
    more = None
    if len(found) > len(shown):
        more = call.next(after=f"{shown[-1].year},{shown[-1].region},{shown[-1].unit}")
    return {"items": shown, "next": more}


def _fulfilments(call: ApiCall) -> Any:
    after = None if call["after"] is None else call["after"].split(",", 3)
    key = None
    if after is not None:
        year, statement_id, position, region = after
        key = FulfilmentCursor(int(year), searchable(region), int(statement_id), int(position))
    found = list_fulfilments(
        call.connection,
        region=call["region"],
        due=call["year"],
        verdict=call["verdict"],
        after=key,
        limit=call["limit"] + 1,
    )
    shown = found[: call["limit"]]
    more = None
    if len(found) > len(shown):
        last = shown[-1]
        place = (last.plan_year, last.statement_id, last.position, last.region or "")
        more = call.next(after=",".join(map(str, place)))
    return {"items": shown, "next": more}


def _day(text: str, name: str) -> Any:
    return day_of(text, name)


@cache
def operations(themes: tuple[str, ...]) -> tuple[Operation, ...]:
    """All queries.

    Args:
        themes: those that a filter may name.
    """
    region = region_parameter()
    theme = Parameter("theme", choices=themes, max_length=64, example="compute")
    words = text_parameter("words", "智算中心")
    speaker = text_parameter("speaker", "国家数据局")
    changes = (
        region,
        Parameter("kind", choices=tuple(Kind), several=True, example="strengthened"),
        theme,
        Parameter("basis", choices=tuple(Basis), example="succession"),
        Parameter("certainty", choices=tuple(Certainty), example="sure"),
        Parameter("source", pattern=_SOURCE, example="gov-guizhou"),
        speaker,
        Parameter("since", pattern=_SINCE, example="90d"),
        Parameter("until", pattern=_DAY, example="2026-02-28"),
        words,
        Parameter("all", choices=("1",), example="1"),
        _before(),
        _limit(),
    )
    number = (id_parameter(),)
    return (
        Operation("changes", "/changes", models.Changes, _changes, changes),
        Operation("change", "/changes/{id}", models.ChangeDetail, _change, number),
        Operation(
            "commitments",
            "/commitments",
            models.Commitments,
            _commitments,
            (
                region,
                theme,
                speaker,
                text_parameter("metric", "算力"),
                words,
                _before(),
                _limit(),
            ),
        ),
        Operation("commitment", "/commitments/{id}", models.Commitment, _commitment, number),
        Operation("statement", "/statements/{id}", models.StatementItem, _statement, number),
        Operation("document", "/documents/{id}", models.Document, _document, number),
        Operation("snapshot", "/snapshots/{id}", models.Snapshot, _snapshot, number),
        Operation("regions", "/regions", models.Regions, _regions),
        Operation(
            "metrics",
            "/metrics",
            models.Metrics,
            _metrics,
            (text_parameter("words", "算力"), text_parameter("after"), _limit()),
        ),
        Operation(
            "series",
            "/metrics/series",
            models.Series,
            _series,
            (
                text_parameter("metric", "算力", required=True),
                Parameter("unit", max_length=40, example="P", read=searchable),
                region_parameter(several=True),
                _year("first"),
                _year("last"),
                Parameter("after", pattern=_YEAR + ",[^,\\n]{1,40},[^\\n]{0,40}"),
                _limit(),
            ),
        ),
        Operation(
            "fulfilment",
            "/fulfilment",
            models.Fulfilments,
            _fulfilments,
            (
                region,
                _year(),
                Parameter("verdict", choices=tuple(Verdict), example="missed"),
                Parameter("after", pattern=_YEAR + ",[0-9]{1,18},[0-9]{1,4},[^\\n]{0,40}"),
                _limit(),
            ),
        ),
        Operation(
            "sources",
            "/sources",
            models.Sources,
            _sources,
            (Parameter("after", pattern=_SOURCE), _limit()),
        ),
    )


@cache
def _adapter(model: type[models.Item]) -> TypeAdapter[models.Item]:
    return TypeAdapter(model)


def answer(name: str, request: Request) -> Response:
    """The answer to a query."""
    site = site_of(request)
    operation = next(one for one in operations(site.themes) if one.name == name)
    values = read_parameters(operation.parameters, request.query_params, request.path_params)
    with site.database.read() as connection:
        found = operation.answer(ApiCall(site, connection, values, request.url.path))
        if found is None:
            raise HTTPException(404, detail=f"there is no {name} {values['id']}")
        adapter = _adapter(operation.model)
        body = adapter.dump_json(adapter.validate_python(found))
    return conditional(request, body, JSON)


def conditional(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a tag of what is in it, or 304 if the reader has it already.

    The tag is of the answer itself: health, removals and projections change answers without a
    new line in the log. It is weak, since the answer may be packed on its way.
    """
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    others = {**(headers or {}), "etag": tag, "cache-control": "private, no-cache"}
    known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if "*" in known or tag in known or tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=others)
    return Response(body, media_type=media_type, headers=others)


def describe(request: Request) -> Response:
    """The description (OpenAPI 3.1)."""
    body = json.dumps(description(site_of(request).themes), ensure_ascii=False).encode()
    return conditional(request, body, JSON)


@cache
def description(themes: tuple[str, ...]) -> dict[str, Any]:
    """The API as OpenAPI 3.1 describes it, from the table of operations.

    Args:
        themes: those that a filter may name.
    """
    words = texts_of("api", "en")
    table = operations(themes)
    kinds = [*(one.model for one in table), Problem]
    schemas = TypeAdapter.json_schemas(
        [(one, "serialization", _adapter(one)) for one in kinds],
        ref_template="#/components/schemas/{model}",
    )[1].get("$defs", {})
    return {
        "openapi": "3.1.0",
        "info": {"title": words["title"], "version": __version__, "description": words["intro"]},
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}, {"password": []}],
        "paths": {f"{PREFIX}{one.path}": {"get": _described(one)} for one in table},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    words = texts_of("api", "en")

    def body(model: type[Any], media_type: str) -> dict[str, Any]:
        return {media_type: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}

    answers: dict[str, Any] = {
        "200": {"description": words["answer_200"], "content": body(operation.model, JSON)},
        "304": {"description": words["answer_304"]},
    }
    for status in (400, 401, 404, 405, 429, 503):
        said = words[f"answer_{status}"]
        answers[str(status)] = {"description": said, "content": body(Problem, PROBLEM)}
    return {
        "operationId": operation.name,
        "summary": words[f"operation_{operation.name}"],
        "parameters": [
            {
                "name": one.name,
                "in": one.place,
                "required": one.required,
                "description": words[f"parameter_{one.name}"],
                "schema": one.schema(),
            }
            for one in operation.parameters
        ],
        "responses": answers,
    }


def page(request: Request) -> Response:
    """The page for people: each query with its parameters and an example."""
    site, language = site_of(request), preferences_of(request).language
    table = operations(site.themes)
    return render(
        request,
        "api",
        {
            "operations": table,
            "prefix": PREFIX,
            "examples": {one.name: example(one) for one in table},
            "unquote": unquote,
            "words": texts_of("api", language),
        },
    )


def example(operation: Operation) -> str:
    """An address of a query that shows its first parameters."""
    path = PREFIX + operation.path
    for one in operation.parameters:
        if one.place == "path":
            path = path.replace(f"{{{one.name}}}", str(one.example))
    given = {one.name: one.example for one in operation.parameters if one.place == "query"}
    shown = dict([pair for pair in given.items() if pair[1] is not None][:2])
    return path + query(shown) if shown else path


routes = (
    Route("/api", page, name="api"),
    Route("/api/openapi.json", describe),
    *(
        Route(
            PREFIX + one.path.replace("{id}", "{id:str}"),
            partial(answer, one.name),
            methods=["GET"],
        )
        for one in sorted(operations(()), key=lambda one: "{" in one.path)
    ),
)
