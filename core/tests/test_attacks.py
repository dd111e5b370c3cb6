"""What a hostile visitor, site, colleague or proxy may try; each story is one try that must come to nothing."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from openlines.domain.events import CustomerWrote
from openlines.domain.messages import Content, Customer
from openlines.runtime.files import Folder
from openlines.runtime.link import tidy
from openlines.web import endpoint, feed_socket
from openlines.web.app import make_app
from openlines.web.sessions import address_of, is_local
from openlines.web.webhooks import Guard
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from core.tests.web_hub import Shop, Staff, WebHub, open_shop, problem


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


def with_screen(shop: Shop, screen: object) -> WebHub:
    shop.hub.apps = [screen]  # type: ignore[list-item]
    shop.hub.metrics = CollectorRegistry()  # the first application has registered its figures
    return shop.hub


# -- idempotency keys -------------------------------------------------------------------------------------------


async def test_a_colleagues_key_swallows_nobodys_note(shop: Shop) -> None:
    number = await shop.customer_writes("Hello")
    key = {"Idempotency-Key": "one-and-the-same"}
    for agent in ("olga", "mila"):
        staff = await shop.sign_in(agent)
        for _ in range(2):
            response = await staff.post(f"conversations/{number}/note", {"text": f"by {agent}"}, headers=key)
            assert response.status == 200
    entries = (await (await shop.sign_in("olga")).read(f"conversations/{number}/entries"))["items"]
    assert [e["body"]["content"]["text"] for e in entries if e["kind"] == "Noted"] == ["by olga", "by mila"]


async def test_a_key_used_by_somebody_else_is_no_way_round_rights(shop: Shop) -> None:
    number = await shop.customer_writes("Hello")
    key = {"Idempotency-Key": "one-and-the-same"}
    assert (await (await shop.sign_in("olga")).post(f"conversations/{number}/intercept", headers=key)).status == 200
    refused = await (await shop.sign_in("carla")).post(f"conversations/{number}/intercept", headers=key)
    assert refused.status == 403


async def test_a_key_of_another_action_answers_for_nothing(shop: Shop) -> None:
    number = await shop.customer_writes("Hello")
    olga, key = await shop.sign_in("olga"), {"Idempotency-Key": "one-and-the-same"}
    await olga.post(f"conversations/{number}/note", {"text": "careful"}, headers=key)
    await olga.post(f"conversations/{number}/pin", {"on": True}, headers=key)
    assert (await olga.read(f"conversations/{number}"))["conversation"]["pinned"]


# -- feeds that outlive their right -----------------------------------------------------------------------------


async def listen(staff: Staff) -> ClientWebSocketResponse:
    socket = await staff.session.ws_connect(
        "/api/v1/feed", headers={"Origin": str(staff.session._base_url).rstrip("/")}
    )
    await socket.send_json({"op": "hello", "cursor": None})
    assert (await socket.receive_json(timeout=5))["op"] == "welcome"
    return socket


async def closed(socket: ClientWebSocketResponse) -> int:
    while (await socket.receive(timeout=5)).type is WSMsgType.TEXT:
        pass
    return socket.close_code or 0


async def test_a_feed_ends_with_its_token(shop: Shop) -> None:
    program, anna = await shop.program("anna", "read"), await shop.sign_in("anna")
    socket = await listen(program)
    [token] = (await anna.read("tokens"))["items"]
    assert (await anna.post(f"tokens/{token['id']}", method="DELETE")).status == 204
    assert await closed(socket) == feed_socket.SIGNED_OUT


async def test_a_feed_that_never_says_a_word_ends_with_its_session(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "CHECK_SESSION", 0.01)
    socket = await listen(await shop.sign_in("anna"))
    await shop.hub.people.set_password("anna", "another one")  # from the command line: no socket is told
    assert await closed(socket) == feed_socket.SIGNED_OUT


# -- names of the machine ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "chat.shop.example:443", "127.0.0.1.evil.example", "["])
async def test_metrics_are_not_for_who_asks_under_another_name(shop: Shop, host: str) -> None:
    for path in ("/metrics", "/-/plugins.json"):
        async with ClientSession() as http:
            answer = await http.get(shop.server.make_url(path), headers={"Host": host})
            assert answer.status == 401, "a page whose name points here, or a proxy, could read it"


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:80"])
async def test_metrics_are_for_this_machine(shop: Shop, host: str) -> None:
    async with ClientSession() as http:
        assert (await http.get(shop.server.make_url("/metrics"), headers={"Host": host})).status == 200


@pytest.mark.parametrize("origin", ["http://[", "null", "https://evil.example", "http://127.0.0.1.evil.example"])
async def test_another_sites_page_signs_nobody_in(shop: Shop, origin: str) -> None:
    staff = await shop.browser()
    told = {"email": "anna@shop.example", "password": "correct horse"}
    refused = await staff.post("session", told, headers={"Origin": origin})
    assert (refused.status, (await problem(refused))["code"]) == (403, "wrong_origin")


async def test_guessers_of_the_old_internet_are_told_apart_behind_a_proxy_of_the_new() -> None:
    asked: list[tuple[str, bool]] = []

    async def note(request: web.Request) -> web.Response:
        asked.append((address_of(request), is_local(request)))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", note)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with ClientSession() as http:
            for address in ("::ffff:203.0.113.7", "::ffff:203.0.113.8", "2001:db8::1"):
                url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
                await http.get(url, headers={"X-Forwarded-For": address})
    finally:
        await runner.cleanup()
    assert asked == [("203.0.113.7", False), ("203.0.113.8", False), ("2001:db8::", False)]


# -- what answers tell ------------------------------------------------------------------------------------------


async def test_answers_name_no_versions(shop: Shop) -> None:
    async with ClientSession() as http:
        for path in ("/healthz", "/nothing", "/api/v1/me"):
            assert (await http.get(shop.server.make_url(path))).headers["Server"] == "openlines"


async def test_a_body_that_comes_drop_by_drop_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "BODY_WITHIN", 0.05)
    reader, writer = await asyncio.open_connection(shop.server.host, shop.server.port)
    head = "POST /api/v1/session HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    writer.write(head.encode())
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_client_that_leaves_in_the_middle_leaves_no_trace_in_the_log(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    failed = asyncio.Event()
    asked = asyncio.Event()

    class Screen:
        path = "screen"

        def routes(self, _link: object) -> list[web.RouteDef]:
            return [web.post("/", self.take)]

        async def take(self, request: web.Request) -> web.Response:
            asked.set()
            try:
                await request.read()
            except ConnectionError:
                failed.set()
                raise
            return web.Response()

    runner = web.AppRunner(make_app(with_screen(shop, Screen())))  # a test server would cancel the handler
    with capture_logs() as told:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            _, writer = await asyncio.open_connection(*runner.addresses[0])
            writer.write(b"POST /screen/ HTTP/1.1\r\nHost: hub\r\nContent-Length: 99\r\n\r\nhalf")
            await asyncio.wait_for(asked.wait(), 5)
            writer.transport.abort()
            await asyncio.wait_for(failed.wait(), 5)
        finally:
            await runner.cleanup()
    assert [entry["event"] for entry in told if entry["log_level"] == "error"] == []
    assert [record.message for record in caplog.records if record.name == "aiohttp.server"] == []


# -- a stop -----------------------------------------------------------------------------------------------------


async def test_live_sockets_are_sent_home_and_do_not_hold_up_a_stop() -> None:
    async def stay(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            await socket.receive()
        except asyncio.CancelledError:
            await socket.close(code=1012)
            raise
        return socket

    failures = Counter("failures", "Failures", ["channel"], registry=CollectorRegistry())
    guard, app = Guard("site", failures), web.Application()
    app.router.add_routes(guard.guarded([web.get("/socket", stay)], may_stay=True))
    app.on_shutdown.append(guard.send_home)
    runner = web.AppRunner(app, shutdown_timeout=60)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as http:
        socket = await http.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/socket")
        stopping = asyncio.create_task(runner.cleanup())
        await socket.receive(timeout=5)
        assert socket.close_code == 1012
        await asyncio.wait_for(stopping, 5)


# -- what strangers leave behind --------------------------------------------------------------------------------


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a passport"

    folder = Folder(tmp_path / "files")
    written = await folder.write(chunks(), 100)
    path = await folder.path(written.id)
    assert path is not None
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, tmp_path / "files")}
    assert {mode & 0o077 for mode in modes.values()} == {0}, modes


def test_a_name_does_not_read_as_another() -> None:
    tricked = Customer(id="c", name="\u202egro.knab@tnega\u202c", email="\u2066a@b.example")
    fact = tidy(CustomerWrote(chat="c", id="1", customer=tricked, content=Content(text="\u202eok"), at=1.0))
    assert isinstance(fact, CustomerWrote)
    assert (fact.customer.name, fact.customer.email) == ("gro.knab@tnega", "a@b.example")
    assert fact.content.text == "\u202eok", "what a customer writes stays as it was written"
