"""Connectors' own addresses: mounted per channel, and a broken one hurts only itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from openlines.api import App, AppLink, Channel, Connector, Link, NotReady, Rejected, Settings
from openlines.web import webhooks

from core.tests.web_hub import Shop, WebHub, open_shop, problem


class Pigeon(Connector[Settings]):
    """Every way in which a handler can behave."""

    kind = "pigeon"
    settings_model = Settings

    def __init__(self) -> None:
        super().__init__(Settings())
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()

    def open(self, link: Link) -> AbstractAsyncContextManager[Channel]:
        raise NotReady("no pigeon flies in these tests")

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        return [
            web.post("", self.take, name="take"),
            web.post("/raise", self.fail),
            web.post("/not-ready", self.not_ready),
            web.post("/rejected", self.rejected),
            web.post("/hang", self.hang),
            web.post("/nothing", cast("Any", self.nothing)),
            web.post("/own-error", self.own_error),
        ]

    def pages(self, link: Link) -> Iterable[web.RouteDef]:
        return [web.get("loader.js", self.page), web.get("/socket", self.socket)]

    async def take(self, request: web.Request) -> web.Response:
        return web.json_response({"got": await request.text()})

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(text="page")

    async def fail(self, request: web.Request) -> web.Response:
        raise RuntimeError("secret inside")

    async def not_ready(self, request: web.Request) -> web.Response:
        raise NotReady("no room now")

    async def rejected(self, request: web.Request) -> web.Response:
        raise Rejected("bad token abc")

    async def hang(self, request: web.Request) -> web.Response:
        self.arrived.set()
        await self.gate.wait()
        return web.Response(text="late")

    async def nothing(self, request: web.Request) -> None:
        return None

    async def own_error(self, request: web.Request) -> web.Response:
        return web.json_response({"code": "bad_signature"}, status=401)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket


class Clumsy(Pigeon):
    """Cannot even name its routes."""

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        raise RuntimeError("oops")


class Screen(App):
    path = "wall"

    def routes(self, link: AppLink) -> Iterable[web.RouteDef]:
        async def show(request: web.Request) -> web.Response:
            return web.Response(text=f"{link.public_url} {link.language}")

        return [web.get("/", show)]


class NamedLink:
    id = "pigeon"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    def prepare(hub: WebHub) -> None:
        link = cast("Link", NamedLink())
        hub.supervisor.connectors = {"clumsy": (Clumsy(), link), "pigeon": (Pigeon(), link), "other": (Pigeon(), link)}
        hub.apps = [Screen()]

    async with open_shop(tmp_path, prepare=prepare) as shop:
        yield shop


async def test_a_webhook_reaches_its_channel(shop: Shop) -> None:
    browser = (await shop.browser()).session
    for path in ("/hooks/pigeon", "/hooks/pigeon/"):
        response = await browser.post(path, data="coo")
        assert await response.json() == {"got": "coo"}, path
    assert await (await browser.get("/chat/pigeon/loader.js")).text() == "page"


async def test_pages_may_stand_in_other_sites_frames_and_nothing_else_may(shop: Shop) -> None:
    browser = (await shop.browser()).session
    assert "X-Frame-Options" not in (await browser.get("/chat/pigeon/loader.js")).headers
    assert (await browser.post("/hooks/pigeon")).headers["X-Frame-Options"] == "DENY"
    assert (await browser.get("/wall/")).headers["X-Frame-Options"] == "DENY"


async def test_what_is_not_mounted_is_a_problem(shop: Shop) -> None:
    browser = (await shop.browser()).session
    for path in ("/hooks/nobody", "/hooks/pigeon/unknown", "/chat/nobody/loader.js", "/hooks/clumsy"):
        assert (await problem(await browser.post(path)))["status"] == 404, path
    assert (await problem(await browser.get("/hooks/pigeon")))["status"] == 405


@pytest.mark.parametrize("path", ["raise", "rejected", "nothing"])
async def test_a_handler_that_fails_tells_nothing_and_is_counted(shop: Shop, path: str) -> None:
    browser = (await shop.browser()).session
    told = await problem(await browser.post(f"/hooks/pigeon/{path}"))
    assert (told["status"], told["detail"]) == (500, "channel 'pigeon' failed to answer") or path == "nothing"
    assert "secret" not in str(told)
    metrics = await (await browser.get("/metrics")).text()
    assert 'openlines_webhook_failures_total{channel="pigeon"} 1.0' in metrics
    assert 'openlines_webhook_failures_total{channel="other"}' not in metrics
    assert (await browser.post("/hooks/pigeon", data="still here")).status == 200


async def test_a_hub_without_room_asks_the_platform_to_come_again(shop: Shop) -> None:
    response = await (await shop.browser()).session.post("/hooks/pigeon/not-ready")
    assert (await problem(response))["detail"] == "no room now"
    assert response.status == 503
    assert response.headers["Retry-After"]


async def test_a_connectors_own_error_goes_out_as_it_is(shop: Shop) -> None:
    response = await (await shop.browser()).session.post("/hooks/pigeon/own-error")
    assert (response.status, await response.json()) == (401, {"code": "bad_signature"})


async def test_a_handler_that_hangs_is_cut(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "DEADLINE", 0.02)
    told = await problem(await (await shop.browser()).session.post("/hooks/pigeon/hang"))
    assert (told["status"], told["code"]) == (504, "timeout")


async def test_a_flooded_channel_leaves_room_for_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "SLOTS", 1)
    browser = (await shop.browser()).session
    connector = cast("Pigeon", shop.hub.supervisor.connectors["pigeon"][0])
    hanging = asyncio.create_task(browser.post("/hooks/pigeon/hang"))
    await connector.arrived.wait()
    assert (await problem(await browser.post("/hooks/pigeon")))["code"] == "not_ready"
    assert (await browser.post("/hooks/other")).status == 200
    connector.gate.set()
    assert await (await hanging).text() == "late"
    assert (await browser.post("/hooks/pigeon")).status == 200


async def test_a_live_socket_has_no_deadline_and_takes_no_slot(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "DEADLINE", 0.01)
    monkeypatch.setattr(webhooks, "SLOTS", 1)
    browser = (await shop.browser()).session
    async with browser.ws_connect("/chat/pigeon/socket") as socket:
        await asyncio.sleep(0.03)
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=5) == "hello"
        assert (await browser.get("/chat/pigeon/loader.js")).status == 200


async def test_a_webhook_cannot_pose_as_a_live_socket(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "DEADLINE", 0.02)
    browser = (await shop.browser()).session
    told = await problem(await browser.post("/hooks/pigeon/hang", headers={"Accept": "text/event-stream"}))
    assert told["status"] == 504


async def test_an_app_is_mounted_under_its_path(shop: Shop) -> None:
    for address in ("/wall/", "/wall"):
        response = await (await shop.browser()).session.get(address)
        assert await response.text() == "http://127.0.0.1:8080 en"
