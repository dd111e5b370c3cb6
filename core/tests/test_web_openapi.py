"""The document of the staff API is valid, complete, and says what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openlines.web.api import ROUTES
from openlines.web.app import make_app
from openlines.web.endpoint import PREFIX
from openlines.web.openapi import document

from core.tests.web_hub import Server, WebHub, open_shop

DOCUMENT = document(ROUTES, version="1", server="http://hub.example")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def test_it_is_openapi_3_1_and_every_reference_resolves() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert re.fullmatch(r"https?://[^/]+/api/v1", DOCUMENT["servers"][0]["url"])
    found = list(references(DOCUMENT))
    assert found
    for reference in found:
        prefix, _, name = reference.rpartition("/")
        assert prefix == "#/components/schemas"
        assert name in DOCUMENT["components"]["schemas"], reference


def test_every_schema_is_used() -> None:
    used = {reference.rpartition("/")[2] for reference in references(DOCUMENT)}
    queries = {route.query.__name__ for route in ROUTES if route.query}
    assert set(DOCUMENT["components"]["schemas"]) - used - queries == set()


def test_operations_are_told_apart_and_described() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for method, path, operation in operations():
        assert operation["summary"].endswith("."), f"{method} {path}: its handler needs a docstring"
        assert operation["responses"], path
        assert set(re.findall(r"{(\w+)}", path)) == {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        problems = [status for status in operation["responses"] if status >= "400"]
        for status in problems:
            assert "application/problem+json" in operation["responses"][status]["content"]


def test_what_writes_asks_for_write_and_what_reads_for_read() -> None:
    for route in ROUTES:
        if route.path == "/session":
            continue  # signing in and out
        expected = {"read", "admin"} if route.method == "GET" else {"write", "admin"}
        assert route.scope in expected, f"{route.method} {route.path}"


async def test_it_holds_every_route_that_is_served(tmp_path: Path) -> None:
    hub = WebHub(tmp_path, Server())
    app = make_app(hub)
    served = {
        (route.method.lower(), re.sub(r"{(\w+):.*?}(?=/|$)", r"{\1}", route.resource.canonical.removeprefix(PREFIX)))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(PREFIX) and route.method != "HEAD"
    }
    served.discard(("get", "/openapi.json"))
    assert served == {(method, path) for method, path, _ in operations()}
    hub.database.close()


async def test_it_is_served(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        told = await (await (await shop.browser()).session.get("/api/v1/openapi.json")).json()
        assert told["paths"] == DOCUMENT["paths"]


@pytest.mark.parametrize("name", ["accept", "reply", "finish"])
def test_actions_take_a_key_and_may_be_pending(name: str) -> None:
    operation = DOCUMENT["paths"][f"/conversations/{{number}}/{name}"]["post"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
    assert {"200", "202", "404", "409"} <= set(operation["responses"])
