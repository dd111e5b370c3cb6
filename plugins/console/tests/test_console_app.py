"""How the built screens are served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openlines_console import openlines_apps
from openlines_console.app import Console

Client = TestClient[web.Request, web.Application]


class Link:
    public_url = "https://hub.example"
    language = "en"


async def client_of(static: Path) -> AsyncIterator[Client]:
    app, mounted = web.Application(), web.Application()
    mounted.add_routes(list(Console(static).routes(Link())))
    app.add_subapp("/console", mounted)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A built console, as small as one can be, beside a file that is nobody's business."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / ".vite").mkdir()
    (static / "index.html").write_text("<!doctype html><title>openlines</title>")
    (static / "assets" / "index-1a2b.js").write_text("console.log('plain')")
    (static / "assets" / "index-1a2b.js.gz").write_bytes(b"")
    (static / ".vite" / "manifest.json").write_text("{}")
    (tmp_path / "settings.toml").write_text("password = 1")
    async for client in client_of(static):
        yield client


def test_the_hook_names_one_app_called_console() -> None:
    assert [app.path for app in openlines_apps()] == ["console"]


@pytest.mark.parametrize("path", ["/console/", "/console/conversations/17", "/console/whatever/deep"])
async def test_every_address_of_a_screen_is_the_same_page_never_kept(client: Client, path: str) -> None:
    response = await client.get(path)
    assert response.status == 200
    assert "openlines" in await response.text()
    assert response.content_type == "text/html"
    assert response.headers["Cache-Control"] == "no-store"


async def test_scripts_come_from_this_hub_only(client: Client) -> None:
    policy = (await client.get("/console/")).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["script-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert "http" not in policy


async def test_a_hashed_file_is_kept_for_good(client: Client) -> None:
    response = await client.get("/console/assets/index-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert response.status == 200
    assert await response.text() == "console.log('plain')"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/console/assets/index-9z9z.js",
        "/console/assets/..%2findex.html",
        "/console/assets/..%2f..%2fsettings.toml",
        "/console/assets/%2e%2e%2f%2e%2e%2fsettings.toml",
        "/console/assets/..%5c..%5csettings.toml",
        "/console/assets/.hidden",
        "/console/../settings.toml",
        "/console/settings.toml",
        "/console/.vite/manifest.json",
        "/console/assets/",
    ],
)
async def test_there_is_no_way_to_any_other_file(client: Client, path: str) -> None:
    response = await client.get(path)
    body = await response.text()
    assert "password" not in body
    assert "{}" not in body
    assert response.status == 404 or "<title>openlines</title>" in body


async def test_a_checkout_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async for client in client_of(tmp_path / "nothing"):
        response = await client.get("/console/")
        assert response.status == 503
        assert "./run python plugins/console/build_web.py" in await response.text()
