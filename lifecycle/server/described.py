"""Described: the door in the words of OpenAPI, and as a page that fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lifecycle import __version__, markup
from lifecycle.server.refusals import MEDIA
from lifecycle.server.shapes import TABLES

if TYPE_CHECKING:
    from lifecycle.server.door import Door

__all__ = ["dumped", "openapi", "page"]

_DOES = {
    "predictions": "Score rows; a row is dealt to a version by its id or by a column.",
    "outcomes": "Say what came true.",
    "feedback": "Say what a person thinks of a prediction.",
    "events": "Say what happened: a call, a click, an order.",
}
_WHY = {
    400: "The body is no JSON.",
    401: "No token that is valid.",
    403: "The token is for something else.",
    404: "There is no such thing here.",
    408: "The body did not come in time.",
    409: "It was taken before.",
    413: "The body is too large, or holds too many rows.",
    415: "The body is of another kind.",
    422: "A row is not as it must be; `errors` says which and why.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "Nothing was kept; send it again later.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "more": {"type": "integer"},
    },
}
_ACCEPTED = {
    "type": "object",
    "required": ["accepted", "request"],
    "properties": {
        "accepted": {"type": "integer"},
        "repeated": {"type": "boolean"},
        "request": {"type": "string"},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["id", "score", "prediction", "version", "role", "logged"],
    "properties": {
        "id": {"type": "string"},
        "score": {"type": ["number", "null"]},
        "prediction": {"type": ["number", "string", "null"]},
        "version": {"type": "string"},
        "role": {"type": "string"},
        "logged": {"type": "boolean", "description": "whether the disk has it"},
    },
}
_STYLE = "body.lc-page{max-width:52rem;margin:0 auto;padding:1rem 1.25rem}"
_NEEDS = {"feedback": "feedback_id", "events": "event_id"}


def dumped(told: Any) -> bytes:
    """JSON."""
    return json.dumps(told).encode()


def openapi(door: Door) -> dict[str, Any]:
    """The door as OpenAPI 3.1: each model with its own columns.

    References
    ----------
    OpenAPI Initiative (2021), OpenAPI specification 3.1.0.
    """
    told: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": door.workspace.settings.workspace.title,
            "version": __version__,
            "description": (
                "202 says that the rows are on the disk. What is sent again is taken "
                "once."
            ),
        },
        "paths": dict(_paths(door)),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Problem": _PROBLEM,
                "Accepted": _ACCEPTED,
                "Answer": _ANSWER,
            },
        },
    }
    if door.settings.public_url:
        told["servers"] = [{"url": door.settings.public_url}]
    return told


def _paths(door: Door) -> Iterator[tuple[str, Any]]:
    for name in door.workspace.models:
        for table in TABLES:
            yield f"/models/{name}/{table}", {"post": _post(door, name, table)}
    for name, source in door.settings.sources.items():
        media = "application/json" if source.format == "json" else "text/xml"
        schema = {} if source.format == "json" else {"type": "string"}
        answer = _ref("Accepted") if source.format == "json" else {"type": "string"}
        codes = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)
        held = {media: {"schema": answer}}
        yield (
            f"/sources/{name}",
            {
                "post": {
                    "tags": ["sources"],
                    "operationId": f"source_{name}",
                    "summary": f"What {name} sends of {source.model}.",
                    "requestBody": {
                        "required": True,
                        "content": {media: {"schema": schema}},
                    },
                    "responses": {
                        "200": {"description": "Taken before.", "content": held},
                        "202": {"description": "On the disk.", "content": held},
                        **_refusals(*codes),
                    },
                }
            },
        )
    state: dict[str, Any] = {
        "type": "object",
        "properties": {"status": {"type": "string"}},
    }
    fine = {"application/json": {"schema": state}}
    for path in ("/health/live", "/health/ready"):
        answers: dict[str, Any] = {"200": {"description": "Yes.", "content": fine}}
        if path.endswith("ready"):
            answers["503"] = {"description": "Not now.", "content": fine}
        operation = path.strip("/").replace("/", "_")
        yield (
            path,
            {
                "get": {
                    "tags": ["health"],
                    "operationId": operation,
                    "responses": answers,
                }
            },
        )
    yield (
        "/metrics",
        {
            "get": {
                "tags": ["health"],
                "operationId": "metrics",
                "security": [{"token": []}],
                "responses": {
                    "200": {
                        "description": "Prometheus' text format.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **_refusals(401, 403, 429),
                },
            }
        },
    )


def _post(door: Door, name: str, table: str) -> dict[str, Any]:
    row = _row(door, name, table)
    body: dict[str, Any] = {
        "oneOf": [
            row,
            {
                "type": "array",
                "items": row,
                "minItems": 1,
                "description": f"at most {door.settings.rows:,} rows",
            },
        ]
    }
    status = "202"
    answer: dict[str, Any] = dict(_ref("Accepted"))
    if table == "predictions":
        one = _ref("Answer")
        status, answer = "200", {"oneOf": [one, {"type": "array", "items": one}]}
    told: dict[str, Any] = {
        "tags": [name],
        "operationId": f"{name}_{table}",
        "summary": _DOES[table],
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body, "example": _example(table, row)}
            },
        },
        "responses": {
            status: {
                "description": "On the disk.",
                "content": {"application/json": {"schema": answer}},
            },
            **_refusals(400, 401, 403, 404, 408, 413, 415, 422, 429, 503),
        },
    }
    return told


def _row(door: Door, name: str, table: str) -> dict[str, Any]:
    row = dict(door.shape(name, table).one.json_schema())
    row.pop("title", None)
    for each in row["properties"].values():
        each.pop("title", None)
    key = _NEEDS.get(table)
    if key is not None:  # else it would count again when it is sent again
        row["anyOf"] = [{"required": [key]}, {"required": ["time"]}]
    return row


def _example(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that would be taken, with what is needed and what is usual."""
    told: dict[str, dict[str, Any]] = {
        "outcomes": {"id": "4711", "outcome": 1},
        "feedback": {"id": "4711", "kind": "override", "reason": "left the firm"},
        "events": {"id": "4711", "kind": "call", "value": 3},
    }
    made = told.get(table, {"id": "4711"})
    for name in row["required"]:
        kinds = [each.get("type") for each in row["properties"][name].get("anyOf", ())]
        kinds.append(row["properties"][name].get("type"))
        made.setdefault(name, 1.5 if "number" in kinds else "a")
    if table == "outcomes":
        made["outcome"] = _first(row["properties"]["outcome"])
    if table != "predictions":
        made["time"] = "2026-03-01T10:00:00Z"
    return made


def _first(schema: Mapping[str, Any]) -> Any:
    """A value of what is asked for."""
    if "enum" in schema:
        return schema["enum"][0]
    for each in schema.get("anyOf", ()):
        return _first(each)
    return "a" if schema.get("type") == "string" else 1.5


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _refusals(*codes: int) -> dict[str, Any]:
    content = {MEDIA: {"schema": _ref("Problem")}}
    return {
        str(code): {"description": _WHY[code], "content": content} for code in codes
    }


# -- the page ------------------------------------------------------------------


def page(door: Door) -> markup.Html:
    """The door as a page for people: what may be sent, and what it is called."""
    told = openapi(door)
    title = told["info"]["title"]
    parts: list[object] = [
        markup.paragraph(
            "Send JSON with the header Authorization: Bearer TOKEN. A row, or a list "
            "of rows. 202 says that the rows are on the disk; what is sent again is "
            "taken once. The same for programs: /openapi.json."
        )
    ]
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            parts.append(_operation(path, method.upper(), operation))
    heading = markup.section(f"The door of {title}", *parts)
    return markup.page(f"The door of {title}", heading, style=_STYLE)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> markup.Html:
    held = operation.get("requestBody", {}).get("content", {})
    schema = held.get("application/json", {}).get("schema", {})
    parts: list[object] = []
    if operation.get("summary"):
        parts.append(markup.paragraph(operation["summary"].replace("`", "")))
    if "oneOf" in schema:
        row = schema["oneOf"][0]
        example = json.dumps(held["application/json"]["example"])
        parts.append(markup.paragraph(f"Such as {example}"))
        parts.append(
            markup.table(
                ["column", "needed", "is"],
                [
                    [each, "yes" if each in row["required"] else "no", _kind(kind)]
                    for each, kind in row["properties"].items()
                ],
                label=f"columns of {path}",
            )
        )
    parts.append(
        markup.table(
            ["status", "means"],
            [
                [code, answer["description"].replace("`", "")]
                for code, answer in operation["responses"].items()
            ],
            label=f"answers of {path}",
        )
    )
    return markup.folded(f"{method} {path}", markup.join(parts))


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    kind = str(schema.get("type", "anything"))
    if schema.get("format") == "date-time":
        return "a moment: ISO 8601 with a zone"
    if schema.get("multipleOf") == 1:
        kind = "integer"
    words = {"string": "text", "null": "null", "integer": "a whole number"}
    return words.get(kind, f"a {kind}")
