"""The OpenAPI 3.1 document of the staff API, made from its table of routes."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from openlines.web.endpoint import PREFIX, Route
from openlines.web.schemas import Outcome, Problem

REF = "#/components/schemas/{model}"
_EVERY_CALL = (500, 503)


def document(routes: Sequence[Route], *, version: str, server: str) -> dict[str, Any]:
    """The whole document."""
    taken = {model for route in routes for model in (route.body, route.query) if model}
    given = {model for route in routes if (model := route.answer)} | {Problem}
    named, definitions = models_json_schema(
        [
            *((model, "validation") for model in sorted(taken, key=_name)),
            *((model, "serialization") for model in sorted(given, key=_name)),
        ],
        ref_template=REF,
    )
    schemas: dict[Any, Any] = {model: schema for (model, _), schema in named.items()}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        parts = definitions["$defs"]
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, parts)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "openlines",
            "version": version,
            "description": "Conversations with customers, for agents' screens and for programs."
            " Errors are RFC 9457 problems with a stable `code`. Lists are paged by cursor.",
        },
        "servers": [{"url": server + PREFIX}],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "openlines",
                    "description": "Set by `POST /session`; called `__Host-openlines` over HTTPS."
                    " Writes also need the header `X-CSRF-Token`, from `GET /me`.",
                },
                "token": {"type": "http", "scheme": "bearer", "description": "An API token, `ol_...`"},
            },
        },
    }


def _operation(route: Route, schemas: dict[Any, Any], parts: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": (inspect.getdoc(route.handler) or "").partition("\n")[0],
        "tags": [route.path.split("/")[1]],
        "parameters": _parameters(route, parts),
        "responses": _responses(route, schemas),
        "security": [{"session": []}, {"token": []}] if route.scope else [],
    }
    if route.scope:
        operation["x-scope"] = route.scope
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[route.body]}}}
    elif route.takes_file:
        form = {
            "type": "object",
            "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
            "required": ["file"],
        }
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return operation


def _parameters(route: Route, parts: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {"number": {"type": "integer", "minimum": 1}, "id": {"type": "string"}}
    found: list[dict[str, Any]] = [
        {"name": place, "in": "path", "required": True, "schema": kinds[place]} for place in route.places
    ]
    if route.query:
        shape = parts[route.query.__name__]
        found += [
            {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": schema}
            | ({"explode": False} if schema.get("type") == "array" else {})  # several values, with commas
            for name, schema in shape["properties"].items()
        ]
    if route.keyed:
        text = {"type": "string", "maxLength": 255}
        about = "The same key again is answered with the first result."
        found.append({"name": "Idempotency-Key", "in": "header", "schema": text, "description": about})
    return found


def _responses(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    if route.answer:
        content = {"application/json": {"schema": schemas[route.answer]}}
        good: dict[str, Any] = {str(route.status): {"description": "Done", "content": content}}
        if route.answer is Outcome:
            good["202"] = {"description": "Durable, not decided yet: ask again with the same key", "content": content}
    elif route.status == 101:
        good = {"101": {"description": "A WebSocket: say `hello`, then read `welcome` and `batch` frames"}}
    elif route.media != "application/json":
        good = {"200": {"description": "The bytes", "content": {route.media: {}}}}
    else:
        good = {"204": {"description": "Done"}}
    expected = set(route.errors) | set(_EVERY_CALL)
    expected |= {401, 403} if route.scope else {403}
    expected |= {413, 415, 422} if route.body or route.takes_file else set()
    expected |= {422} if route.query or route.keyed else set()
    problem = {"application/problem+json": {"schema": schemas[Problem]}}
    return good | {
        str(status): {"description": _MEANS.get(status, "A problem"), "content": problem} for status in sorted(expected)
    }


def _name(model: type[BaseModel]) -> str:
    return model.__name__


_MEANS = {
    401: "Not signed in, or wrong credentials",
    403: "Not allowed: `denied`, `csrf`, `wrong_origin`",
    404: "There is no such thing",
    409: "The state it is in does not allow it; `code` says why",
    413: "Too large",
    415: "Wrong content type",
    422: "Not valid; `field` says what",
    429: "Too many tries; wait as `Retry-After` says",
    500: "A fault of the hub",
    503: "Not ready; try again as `Retry-After` says",
}
